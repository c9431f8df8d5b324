// A checked network: what the intermediate representation is made from. Every name is resolved, every shape known.
#pragma once

#include "frontend/Diagnostics.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fovea {

/// A recipe's part such as `inv(gamma: 1e-4, power: 0.75)`: a kind and its numbers.
struct Setting {
  std::string kind;
  std::vector<std::pair<std::string, double>> numbers;
  std::vector<double> at = {}; ///< Of the policy multistep.
};

struct GraphParameter {
  std::string name;           ///< "conv1.weight"
  std::vector<int64_t> shape; ///< As PyTorch's.
  Setting init;
  double lrMult = 1, decayMult = 1;
  std::vector<uint8_t> mask;     ///< One per element; 0 where there is no connection. Empty: all connected.
  std::optional<double> average; ///< Of a running average, which is not trained: how far an update moves it.
  std::vector<float> constant;   ///< The values of a tensor that is not trained. Empty: trainable.
};

/// One operation; its name is the dialect's.
struct GraphNode {
  std::string op;
  std::vector<int> inputs;                  ///< Earlier nodes.
  std::vector<int> parameters;              ///< Into Graph::parameters, in the operation's order.
  std::vector<int64_t> shape;               ///< Of the result, without the batch: [C,H,W] or [K].
  std::vector<int64_t> kernel, stride, pad; ///< [h,w], [h,w], [top,left,bottom,right].
  std::vector<int64_t> dilation{1, 1};      ///< [h,w], of a convolution.
  int64_t groups = 1;                       ///< Of a convolution.
  bool ceil = false;
  std::string divisor = "padded";
  double amplitude = 1, slope = 1;   ///< Of tanh; of relu, the slope below 0.
  int64_t size = 0;                  ///< Of lrn: elements along each axis that it sums over,
  double alpha = 0, beta = 0, k = 1; ///< and its numbers,
  std::string region = "across";     ///< and which elements: across channels, or within one.
  double probability = 0;            ///< Of dropout.
  std::optional<double> most;        ///< Of relu: its largest value.
  double epsilon = 1e-5;             ///< Of batch_norm.
  std::map<std::string, int64_t> attributes; ///< Further whole numbers of the operation, named as in the dialect.
  std::string layer;                 ///< The name on the left of its line.
  Location location = 0;
};

/// A line of the model file, for `info`.
struct GraphLayer {
  std::string name, op;
  std::vector<int64_t> shape;
  int64_t parameters = 0, connections = 0, macs = 0;
  int node = 0;           ///< Its result.
  bool auxiliary = false; ///< Only auxiliary classifiers are computed from it.
};

struct Recipe {
  std::string dataKind = "mnist";
  double scale = 1, mean = 0;
  std::vector<double> channelMeans; ///< Instead of `mean`: one per channel;
  std::string computedMean;         ///< or "pixel" or "channel": of the training images.
  int64_t pad = 0, crop = 0;        ///< `crop` 0: the whole image.
  bool mirror = false;
  int64_t resize = 0;     ///< Of image_folder: side of the square that each picture becomes.
  double colourNoise = 0; ///< Of image_folder: strength of the paper's colour noise.
  Setting loss{"softmax_cross_entropy", {}};
  double lr = 0.01, momentum = 0, weightDecay = 0;
  Setting policy{"fixed", {}};
  double auxiliaryWeight = 0.3;       ///< Of the loss of each auxiliary classifier.
  int64_t batch = 64, accumulate = 1; ///< An update takes the gradients of `accumulate` batches.
  int64_t epochs = 0, iterations = 0; ///< One of epochs and iterations is 0.
};

struct Graph {
  std::string network, inputName;
  std::vector<int64_t> inputShape;
  std::vector<GraphNode> nodes; ///< In an order in which inputs come first; node 0 is the input.
  std::vector<GraphParameter> parameters;
  std::vector<GraphLayer> layers;
  int output = 0;
  std::string outputName;
  std::vector<int> auxiliaries; ///< Nodes of classifiers whose losses are added in training.
  std::optional<Recipe> recipe;

  /// Which nodes the given ones are computed from, themselves included.
  std::vector<bool> neededBy(const std::vector<int> &results) const;

  /// The number of classes when the output is a score for each, otherwise 0.
  int64_t classes() const;
};

int64_t elements(const std::vector<int64_t> &shape);

/// "20x24x24"
std::string shapeText(const std::vector<int64_t> &shape);

} // namespace fovea
