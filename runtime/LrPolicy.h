// The learning rate as a function of the iteration: Caffe's policies (sgd_solver.cpp) and the half cosine.
#pragma once

#include "runtime/Program.h"

namespace fovea {

/// Rate at `iteration` (from 0) of `total`, from the recipe's base rate:
///   fixed   base
///   step    base gamma^floor(iteration / step)
///   multistep  base gamma^(how many of `at` are reached)
///   exp     base gamma^iteration
///   inv     base (1 + gamma iteration)^-power
///   poly    base (1 - iteration / total)^power
///   cosine  min + (base - min) (1 + cos(pi iteration / total)) / 2     (Loshchilov and Hutter 2017)
/// Throws Error for a policy it does not know.
double learningRate(const Recipe::Policy &policy, double base, int64_t iteration, int64_t total);

} // namespace fovea
