// A compiled program written by hand: one dense layer with softmax cross-entropy, so that the runtime is tested without
// the compiler.
//
// Network: 1x4x4 -> dense(3). The weight is packed by blocks of 4 outputs, and its element (output 1, pixel 5) is
// masked. Inference reads a copy of the bias that `prepare` derives. Compiled batches: infer 1 and 4, step and train 4.
#pragma once

#include "runtime/ProgramAbi.h"

#include <string>

namespace fovea::fake {

inline constexpr int classes = 3, pixels = 16;

/// The program that the tests share, and that the executable `fakenet` runs.
extern const fovea_program program;

/// The same without training functions: updates follow steps.
extern const fovea_program unfusedProgram;

/// The same without step, training and update functions.
extern const fovea_program inferenceProgram;

/// How often `prepare` ran.
extern int preparations;

/// The functions that a program has.
enum class Functions { Infer, StepAndUpdate, All };

/// The metadata, for tests that spoil it.
std::string metadata(Functions functions = Functions::All);

} // namespace fovea::fake
