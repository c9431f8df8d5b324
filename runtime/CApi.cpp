#include "runtime/CApi.h"
#include "runtime/Error.h"
#include "runtime/ThreadPool.h"
#include "runtime/Weights.h"

#include <cmath>
#include <exception>
#include <memory>
#include <new>
#include <string>

using namespace fovea;

struct fovea_network {
  explicit fovea_network(const fovea_program &binary) : program(binary), session(program) {
    for (const ParameterInfo &parameter : program.parameters)
      if (!parameter.isConstant())
        parameters.push_back(&parameter);
  }

  Program program;
  Session session;
  std::vector<const ParameterInfo *> parameters; ///< all but constants
  std::string message;
  uint64_t seed = 0;
  int64_t steps = 0; ///< taken since the parameters were drawn
};

namespace {

thread_local std::string creationMessage;

/// The caller's mistake, as opposed to what Error tells.
struct ArgumentError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Runs `body`, turning every exception into a status and a message: none may reach the caller, who may be C.
template <typename Body> fovea_status guarded(std::string &message, Body body) noexcept {
  fovea_status status = FOVEA_OK;
  try {
    message.clear();
    try {
      body();
    } catch (const ArgumentError &problem) {
      status = FOVEA_ERROR_ARGUMENT;
      message = problem.what();
    } catch (const std::bad_alloc &) {
      status = FOVEA_ERROR_MEMORY;
      message = "out of memory";
    } catch (const std::exception &problem) {
      status = FOVEA_ERROR_FAILED;
      message = problem.what();
    }
  } catch (...) { // no memory even for the message
    status = FOVEA_ERROR_MEMORY;
  }
  return status;
}

void need(bool holds, const char *what) {
  if (!holds)
    throw ArgumentError(what);
}

template <typename Body> fovea_status onNetwork(fovea_network *network, Body body) noexcept {
  if (!network)
    return FOVEA_ERROR_ARGUMENT;
  return guarded(network->message, body);
}

const ParameterInfo &parameterNamed(const fovea_network &network, const char *name, size_t count) {
  need(name, "the parameter's name is null");
  for (const ParameterInfo *parameter : network.parameters)
    if (parameter->name == name) {
      if (static_cast<int64_t>(count) != parameter->elements())
        throw ArgumentError("parameter " + parameter->name + " has " + std::to_string(parameter->elements()) +
                            " elements, shape " + shapeText(parameter->shape) + ", not " + std::to_string(count));
      return *parameter;
    }
  throw ArgumentError("network " + network.program.network + " has no parameter `" + name + "`");
}

} // namespace

extern "C" {

fovea_status fovea_create(const fovea_program *program, fovea_network **network) {
  return guarded(creationMessage, [&] {
    need(network, "fovea_create: the result pointer is null");
    *network = nullptr;
    need(program, "fovea_create: the program is null");
    *network = new fovea_network(*program);
  });
}

void fovea_free(fovea_network *network) { delete network; }

const char *fovea_error_message(const fovea_network *network) {
  return network ? network->message.c_str() : creationMessage.c_str();
}

fovea_status fovea_set_threads(int threads) {
  if (threads < 1)
    return FOVEA_ERROR_ARGUMENT;
  std::string message;
  return guarded(message, [&] { setThreadCount(threads); });
}

size_t fovea_input_size(const fovea_network *network) { return network ? network->program.inputElements() : 0; }
size_t fovea_output_size(const fovea_network *network) { return network ? network->program.outputElements() : 0; }
size_t fovea_parameter_count(const fovea_network *network) { return network ? network->parameters.size() : 0; }

fovea_status fovea_parameter_info(fovea_network *network, size_t index, const char **name, size_t *rank,
                                  int64_t shape[6]) {
  return onNetwork(network, [&] {
    need(index < network->parameters.size(), "fovea_parameter_info: the index is out of range");
    const ParameterInfo &parameter = *network->parameters[index];
    need(parameter.shape.size() <= 6, "fovea_parameter_info: the parameter has more than 6 dimensions");
    if (name)
      *name = parameter.name.c_str();
    if (rank)
      *rank = parameter.shape.size();
    for (size_t i = 0; shape && i < parameter.shape.size(); ++i)
      shape[i] = parameter.shape[i];
  });
}

fovea_status fovea_initialize(fovea_network *network, uint64_t seed) {
  return onNetwork(network, [&] {
    network->session.initialize(seed);
    network->seed = seed;
    network->steps = 0;
  });
}

fovea_status fovea_load(fovea_network *network, const char *path) {
  return onNetwork(network, [&] {
    need(path, "fovea_load: the path is null");
    loadWeights(network->session, path);
  });
}

fovea_status fovea_load_memory(fovea_network *network, const void *bytes, size_t size) {
  return onNetwork(network, [&] {
    need(bytes, "fovea_load_memory: the bytes are null");
    setWeights(network->session, parseSafetensors({static_cast<const uint8_t *>(bytes), size}, "parameters in memory"));
  });
}

fovea_status fovea_save(fovea_network *network, const char *path) {
  return onNetwork(network, [&] {
    need(path, "fovea_save: the path is null");
    saveWeights(network->session, path);
  });
}

fovea_status fovea_get_parameter(fovea_network *network, const char *name, float *values, size_t count) {
  return onNetwork(network, [&] {
    const ParameterInfo &parameter = parameterNamed(*network, name, count);
    need(values, "fovea_get_parameter: the values are null");
    network->session.get(parameter, values);
  });
}

fovea_status fovea_set_parameter(fovea_network *network, const char *name, const float *values, size_t count) {
  return onNetwork(network, [&] {
    const ParameterInfo &parameter = parameterNamed(*network, name, count);
    need(values, "fovea_set_parameter: the values are null");
    network->session.set(parameter, values);
  });
}

fovea_status fovea_get_gradient(fovea_network *network, const char *name, float *values, size_t count) {
  return onNetwork(network, [&] {
    const ParameterInfo &parameter = parameterNamed(*network, name, count);
    need(values, "fovea_get_gradient: the values are null");
    network->session.get(parameter, values, ParameterBlock::Gradient);
  });
}

fovea_status fovea_infer(fovea_network *network, const float *images, size_t count, float *outputs) {
  return onNetwork(network, [&] {
    need((images && outputs) || count == 0, "fovea_infer: the images or outputs are null");
    network->session.infer(images, static_cast<int64_t>(count), outputs);
  });
}

fovea_status fovea_train_step(fovea_network *network, const float *images, const int32_t *labels, size_t count,
                              float learning_rate, float momentum, float weight_decay, float *loss) {
  return onNetwork(network, [&] {
    const Program &program = network->program;
    need(images && labels && count > 0, "fovea_train_step: there are no images or no labels");
    int64_t classes = program.classes > 0 ? program.classes : program.outputElements();
    for (size_t i = 0; i < count; ++i)
      if (labels[i] < 0 || labels[i] >= classes)
        throw ArgumentError("label " + std::to_string(labels[i]) + " of image " + std::to_string(i) +
                            " is out of range: expected 0 to " + std::to_string(classes - 1));
    program.needTraining();
    network->session.drawFor(network->seed, network->steps++);
    double mean = network->session.step(images, labels, static_cast<int64_t>(count), nullptr);
    if (loss)
      *loss = static_cast<float>(mean);
    if (!std::isfinite(mean))
      throw Error("the loss is not a finite number; lower the learning rate, or check the parameters and images");
    network->session.update(learning_rate, momentum, weight_decay);
  });
}
}
