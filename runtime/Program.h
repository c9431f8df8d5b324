// What a compiled network says about itself: the metadata of a fovea_program as structs.
//
// runtime/README.md describes the JSON. Everything that the rest of the runtime relies on (sizes, offsets, the order of
// functions) is checked here once, so that a program made by another compiler version is refused, not misread.
#pragma once

#include "runtime/Array.h"
#include "runtime/ProgramAbi.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fovea {

/// One row of `info`'s table.
struct LayerInfo {
  std::string name, op;
  std::vector<int64_t> output;
  int64_t parameters = 0, connections = 0, macs = 0;
  bool auxiliary = false; ///< serves training only
};

/// How a parameter's values are drawn; see runtime/Init.h.
struct InitSpec {
  std::string kind = "constant";
  double value = 0; ///< constant's value, uniform_fan_in's bound
  double std = 0;   ///< gaussian's
};

enum class PackedLayout { Plain, Weight, Vector, LocalWeight, ChannelsLast };

/// A parameter or constant, and where it lies in the packed blocks.
struct ParameterInfo {
  std::string name;
  std::vector<int64_t> shape; ///< logical
  bool trainable = true;
  bool average = false; ///< a running average: not trained, but drawn, updated and kept in files
  int64_t count = 0;    ///< trainable scalars: those the mask excludes are not counted
  PackedLayout layout = PackedLayout::Plain;
  std::array<int64_t, 4> pack{}; ///< Weight: [O, I, KH, KW]
  int64_t block = 0;             ///< Weight, LocalWeight: lanes of a block; ChannelsLast: padded channels
  int64_t offset = 0, size = 0;  ///< floats
  InitSpec init;
  double lrMult = 1, decayMult = 1;
  std::vector<uint8_t> mask; ///< empty, or one per logical element: 0 is kept at zero
  std::vector<float> values; ///< constants only: logical order

  int64_t elements() const; ///< of the logical shape
  bool isConstant() const { return !trainable && !average; }
};

struct KernelInfo {
  std::string name;
  int64_t flops = 0, bytes = 0;
};

/// A Train function is a Step that changes the parameters itself, as Update does, and stores no gradients. `Prepare`
/// computes the derived parameters, which only `Infer` reads, from all others.
enum class FunctionKind { Infer, Step, Train, Update, Prepare };

struct FunctionInfo {
  FunctionKind kind = FunctionKind::Infer;
  int64_t batch = 0, arenaBytes = 0;
  std::vector<KernelInfo> kernels;
  fovea_function call = nullptr;

  int64_t flops() const;
  std::string name() const; ///< "infer, batch 64"
};

enum class LossKind { SoftmaxCrossEntropy, RbfMap };

/// Where the mean that is subtracted comes from: the recipe, or the training set, element by element or per channel.
enum class MeanKind { Given, Pixel, Channel };

/// The `train` block of the model file, or its defaults.
struct Recipe {
  struct Data {
    std::string kind = "mnist";
    double scale = 1.0 / 256, mean = 0; ///< value = (byte - mean) * scale
    std::vector<double> channelMeans;   ///< instead of `mean`: one per channel
    MeanKind meanKind = MeanKind::Given;
    int64_t pad = 0;  ///< pixels added on each side
    int64_t crop = 0; ///< side of the square that is taken; 0: everything
    bool mirror = false;
    int64_t resize = 0;     ///< image_folder: side of the square that each picture becomes
    double colourNoise = 0; ///< strength of the paper's colour noise
  } data;
  LossKind loss = LossKind::SoftmaxCrossEntropy;
  double rbfJ = 0;
  double lr = 0.01, momentum = 0, weightDecay = 0;
  struct Policy {
    std::string kind = "fixed";
    double gamma = 0, power = 0, step = 0, min = 0;
    std::vector<double> at = {};     ///< multistep's iterations
    double factor = 1, patience = 0; ///< on_plateau's
  } policy;
  int64_t batch = 64;
  int64_t accumulate = 1; ///< batches whose gradients make one update
  std::optional<int64_t> epochs, iterations;
};

class Device;
struct DeviceBackend;

struct Program {
  /// Reads the metadata of the highest target that this CPU can run, or of the one that $FOVEA_TARGET names. Throws Error
  /// when there is none, the ABI differs or anything does not fit.
  /// `device` is what --device says: "cpu", "cuda", "opencl", "cuda:1"; empty: the first that there is.
  explicit Program(const fovea_program &first, const std::string &device = "");

  std::string network, symbol, target, cpu, precision;
  std::vector<std::string> targets; ///< all that were compiled for, the highest first; `target` is the one that runs
  std::vector<std::string> needs;   ///< CPU features that `target` takes for granted
  const DeviceBackend *backend = nullptr; ///< what opens the device it runs on; null on the CPU
  int deviceIndex = 0;                    ///< its number
  std::string inputName, outputName;
  std::vector<int64_t> inputShape, outputShape; ///< of one image, without the batch
  int64_t classes = 0;                          ///< 0: the output is not a list of scores
  bool smallestWins = false;                    ///< the scores are penalties (RBF)
  std::vector<LayerInfo> layers;
  std::vector<ParameterInfo> parameters;
  int64_t parameterFloats = 0; ///< of the block of values: `parameters`, then what is derived from them
  int64_t gradientFloats = 0;  ///< of gradients and momentum: `parameters` alone
  std::vector<FunctionInfo> functions;
  bool hasRecipe = false;
  Recipe recipe;

  /// The device whose memory the functions take; null on the CPU. Throws Error when it cannot be opened.
  std::shared_ptr<Device> openDevice() const;

  int64_t inputElements() const;
  int64_t outputElements() const;
  int64_t trainableCount() const;
  /// True when the program holds step functions; and an update too.
  bool canStep() const;
  bool canTrain() const;
  /// Throw Error with the remedy where that is not so.
  void needStep() const;
  void needTraining() const;
  /// The functions of one kind, largest batch first.
  std::vector<const FunctionInfo *> functionsOf(FunctionKind kind) const;
  const ParameterInfo *findParameter(const std::string &name) const;
};

int64_t product(const std::vector<int64_t> &shape);

} // namespace fovea
