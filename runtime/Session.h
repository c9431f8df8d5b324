// A network with its memory: parameters, gradients, momentum and the arena of one compiled program.
#pragma once

#include "runtime/Communicator.h"
#include "runtime/Memory.h"
#include "runtime/Profile.h"
#include "runtime/Program.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fovea {

/// The three blocks that share one layout.
enum class ParameterBlock { Value, Gradient, Momentum };

/// Runs a program on any number of images by splitting them over its compiled batches. Not for use by two threads at
/// once; two sessions are independent.
class Session {
public:
  /// `program` outlives the session. Constants are in place, all other parameters zero.
  explicit Session(const Program &program);

  const Program &program;

  /// The mean of the training images where the recipe asks for it, [C] or [C, H, W]: a part of what was learned, kept
  /// with the parameters. Empty until it is computed or loaded.
  FloatTensor dataMean;

  /// Names of the classes, where the data set has them; kept with the parameters, too.
  std::vector<std::string> classNames;

  /// Gives every parameter that is no constant its first value and zeroes the momentum.
  void initialize(uint64_t seed);

  /// A parameter's floats in logical order. `set` keeps masked values at zero. `values` holds elements() floats.
  void set(const ParameterInfo &parameter, const float *values, ParameterBlock block = ParameterBlock::Value);
  void get(const ParameterInfo &parameter, float *values, ParameterBlock block = ParameterBlock::Value) const;

  /// Computes the derived parameters where others have changed since. An inference does so by itself.
  void prepare();

  /// images: float32 [count, input shape]; outputs: float32 [count, output shape]. Whole batches of the largest
  /// compiled size come first; the rest is padded with zero images to the smallest batch that holds it.
  /// On a device null images stand for those of the call before, which are still there, and outputs may be null.
  void infer(const float *images, int64_t count, float *outputs, Profile *profile = nullptr);

  /// Makes the steps that follow those of a training run, whose dropout drops: `seed` is the run's, `step` counts its
  /// steps. The masks follow from these two, so that a resumed run draws them again.
  void drawFor(uint64_t seed, int64_t step);

  /// One forward and backward pass: the gradient block receives the mean over `count` images, summed chunk after chunk
  /// when they exceed the compiled batch. `outputs` may be null. Returns the mean loss, which may be NaN or infinite.
  double step(const float *images, const int32_t *labels, int64_t count, float *outputs, Profile *profile = nullptr);

  /// As a step, of those `count` images, perhaps none, that follow the first `first` of a batch of `total`: the
  /// gradient block receives what they give to the mean over the whole batch. Returns the sum of their losses.
  double stepPart(const float *images, const int32_t *labels, int64_t count, int64_t first, int64_t total,
                  float *outputs, Profile *profile = nullptr);

  /// As a step, in the `parts` shares of a batch of `whole` images, of which there are the first `count`; the gradients
  /// are added in the order of the parts: the same bits as so many processes that take a share each and sum. Returns the
  /// sum of the losses.
  double stepInParts(const float *images, const int32_t *labels, int64_t count, int64_t whole, int64_t parts,
                     float *outputs);

  /// Replaces the gradient block by the sum of those of all processes.
  void sumGradients(Communicator &communicator);

  /// SGD with momentum from the gradient block: v = momentum v + lr lr_mult (g + decay decay_mult w), w = w - v.
  void update(double lr, double momentum, double weightDecay, Profile *profile = nullptr);

  /// A step and its update, to the same bits. Where one compiled batch holds all images and the program has a training
  /// function for it, no gradients are stored, and unless something else asks for them they take no memory. Returns the
  /// mean loss; when that is not finite, the parameters may have been changed by it and are of no more use. `meanwhile` is
  /// called while a device computes, and not at all on the CPU.
  double train(const float *images, const int32_t *labels, int64_t count, float *outputs, double lr, double momentum,
               double weightDecay, Profile *profile = nullptr, const std::function<void()> &meanwhile = {});

  /// For `meanwhile`: begins to copy what the next training reads, which will be called with the same images and count.
  /// Where that is more than one compiled batch it is copied later.
  void feed(const float *images, const int32_t *labels, int64_t count);

  /// Bytes of the blocks that there are so far, and of the arena.
  int64_t memoryBytes() const;

  /// What its functions run on; null on the CPU.
  Device *usedDevice() const { return device.get(); }

private:
  void run(const FunctionInfo &function, const float *images, const int32_t *labels, int64_t count, float *outputs,
           Profile *profile, const std::function<void()> &meanwhile = {});
  void stage(const FunctionInfo &function, const float *images, const int32_t *labels, int64_t count);
  SharedFloats &block(ParameterBlock block);
  /// sum += terms, or where it is `fresh` sum = terms.
  void addTo(SharedFloats &sum, SharedFloats &terms, bool fresh);
  void clearMasked(SharedFloats &floats);
  void setLossScale(int64_t count);
  void setPlace(int64_t first);
  void setRates(double lr, double momentum, double weightDecay);
  const FunctionInfo &functionFor(const std::vector<const FunctionInfo *> &functions, int64_t remaining);

  std::shared_ptr<Device> device; ///< null on the CPU
  /// Largest batch first.
  std::vector<const FunctionInfo *> inferFunctions, stepFunctions, trainFunctions, updateFunctions, prepareFunctions;
  /// Whether a parameter has changed since `prepare`: `set` and every function that changes parameters say so.
  bool derivedAreStale = true;
  bool drops = false; ///< whether dropout drops
  SharedFloats values, arena;
  SharedFloats gradients, momentum; ///< made when they are first needed
  SharedFloats stagedOutput, losses;
  /// What functions read; with a device there are two, and one is filled while the other is read.
  struct Staged {
    SharedFloats input, labels;
    const float *fed = nullptr; ///< the images that `feed` has put there,
    int64_t count = 0;          ///< and how many.
  } staged[2];
  int now = 0; ///< which is read
  SharedFloats scalars;        ///< see fovea_scalar
  SharedFloats sum;            ///< of the gradients of chunks; made by the first step that needs it
  SharedFloats partsSum;       ///< of the gradients of parts; likewise
  SharedFloats maskedIndices;  ///< int32; for a device
  std::vector<int64_t> masked; ///< packed indices that stay zero
};

} // namespace fovea
