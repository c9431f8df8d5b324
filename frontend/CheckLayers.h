// The operations that have windows or parameters: their arguments, shapes and tensors.
#pragma once

#include "frontend/Arguments.h"
#include "frontend/Checker.h"

namespace fovea {

/// What the checker of a network inherits: the graph so far, and a function for each such operation. Each takes the
/// call and the node it is applied to, -1 when that one is wrong, and returns its own node, or -1 after an error.
class LayerChecker {
protected:
  using Shape = std::vector<int64_t>;

  explicit LayerChecker(Diagnostics &diagnostics) : diagnostics(diagnostics) {}

  Diagnostics &diagnostics;
  Graph graph;
  TrainDefaults defaults;
  std::string layer;         ///< The name on the left of the line that is checked,
  int parametersOfLayer = 0; ///< and how many of its operations have parameters.

  void error(Location location, std::string message, std::string help = "") {
    diagnostics.error(location, std::move(message), std::move(help));
  }
  const Shape &shape(int node) const { return graph.nodes[node].shape; }

  int append(GraphNode node);
  bool checkSize(int node, Location location);
  bool checkElements(const Shape &dimensions, const std::string &what, Location location);
  int conv(const ast::Expr &step, int in);
  int local(const ast::Expr &step, int in); ///< A convolution whose pixels have filters of their own.
  int dense(const ast::Expr &step, int in);
  int pool(const ast::Expr &step, int in);
  int globalPool(const ast::Expr &step, int in); ///< The mean of each channel.
  /// Local response normalization (Krizhevsky et al. 2012, section 3.3).
  int lrn(const ast::Expr &step, int in);
  /// Ioffe and Szegedy 2015, with PyTorch's names and conventions.
  int batchNorm(const ast::Expr &step, int in);
  int dropout(const ast::Expr &step, int in);
  /// LeNet-5's S layers: the sum of a window times a trainable coefficient, plus a trainable bias.
  int subsample(const ast::Expr &step, int in);
  /// Squared distances to fixed bitmaps of the ten digits.
  int rbf(const ast::Expr &step, int in);
  /// Zhang et al. 2017: the channels of all groups in turn.
  int channelShuffle(const ast::Expr &step, int in);

  bool claimParameters(const ast::Expr &step);
  /// Multiply-adds of convolutions and dense layers; connections as LeCun et al. 1998 count them, biases included.
  void count(const GraphNode &n, GraphLayer &row) const;

private:
  /// One chain holds at most one operation with parameters: they are called after it.
  int parameter(const ast::Expr &step, GraphParameter parameter);
  /// What the arguments of a layer say of how its weight is trained: `init`, `lr` and `decay`.
  GraphParameter weightOf(Arguments &arguments);
  /// The same of its bias: `bias`, `bias_lr` and `bias_decay`. Nothing when there is none.
  std::optional<GraphParameter> biasOf(const ast::Expr &step, Arguments &arguments);
  /// `bias: 0.1` is the initial value, `bias: none` (no value here) leaves it out.
  static std::optional<double> initialBias(const ast::Expr &step, Arguments &arguments);
  bool addBias(const ast::Expr &step, std::optional<GraphParameter> bias, Shape shape, GraphNode &node);
  bool needsImage(const ast::Expr &step, int in);
  bool groupsFit(Arguments &arguments, const GraphNode &node, int64_t channels, int64_t filters);
  /// Windows along both axes, or an error that names both shapes.
  bool window(const ast::Expr &step, int in, GraphNode &node, int64_t channels);
  /// A list for each filter of the input channels that it sees.
  bool connections(const ast::Expr &table, Arguments &arguments, GraphParameter &weight);
};

} // namespace fovea
