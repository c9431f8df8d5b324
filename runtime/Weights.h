// Parameters between a session and safetensors files.
#pragma once

#include "runtime/ParameterFile.h"
#include "runtime/Safetensors.h"
#include "runtime/Session.h"

#include <map>
#include <string>

namespace fovea {

/// Loads every parameter that is no constant from `path` and zeroes the momentum. Throws one Error that lists missing, extra and
/// wrongly shaped tensors. A checkpoint is taken too: its momentum is left unread.
void loadWeights(Session &session, const std::string &path);

/// The same from a file that was read already.
void setWeights(Session &session, const Safetensors &file);

/// Writes every parameter that is no constant, whole or not at all.
void saveWeights(const Session &session, const std::string &path);

/// The names of the classes as an entry of a file's metadata, one a line; empty when there are none.
std::map<std::string, std::string> classMetadata(const Session &session);

/// Writes every parameter's gradient under the parameter's name.
void saveGradients(const Session &session, const std::string &path);

/// Values, and the momentum when asked, in logical order with the views that writeSafetensors takes.
struct NamedTensors {
  std::vector<std::vector<float>> storage;
  std::vector<TensorView> views;
  void add(const Session &session, ParameterBlock block, const std::string &prefix = "");
};

/// What files of parameters hold, as checkTensors wants it; with a prefix, the trainable ones alone.
std::vector<ExpectedTensor> expectedTensors(const Program &program, const std::string &prefix = "");

} // namespace fovea
