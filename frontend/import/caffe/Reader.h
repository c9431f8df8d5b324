// Caffe's files as messages; its older ways of saying things made into the newer ones.
#pragma once

#include "caffe.pb.h"

#include <string>

namespace fovea::caffe {

/// A network as text or, for names that end in .caffemodel, in binary. All layers are in `layer`. Throws Error.
NetParameter readNetwork(const std::string &path);

SolverParameter readSolver(const std::string &path);

} // namespace fovea::caffe
