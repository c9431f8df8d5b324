// Operations of the language as nodes of ONNX's.
#pragma once

#include "frontend/Graph.h"
#include "onnx.pb.h"
#include "runtime/Safetensors.h"

#include <set>

namespace fovea {

/// Opset of what is written: the first that has all of it, as old as may be.
inline constexpr int64_t exportedOpset = 13;

/// Builds the graph of one network.
class OnnxNodes {
public:
  /// All three outlive the object; `parameters` holds every tensor that inference needs.
  OnnxNodes(const Graph &graph, const Safetensors &parameters, ::onnx::GraphProto &out)
      : graph(graph), parameters(parameters), out(out) {}

  /// Adds everything that the output is computed from, and declares input and output.
  void run();

private:
  using Integers = std::vector<int64_t>;

  const Graph &graph;
  const Safetensors &parameters;
  ::onnx::GraphProto &out;
  std::vector<std::string> names; ///< of each node's result
  std::set<std::string> taken;    ///< of tensors
  std::string result;             ///< of the node that is being added
  const GraphNode *current = nullptr;

  std::string unique(const std::string &wish);
  /// A constant of these values.
  std::string constant(const std::string &what, const Integers &shape, const std::vector<float> &values);
  std::string integers(const std::string &what, const Integers &values);
  /// The file's tensor, or the graph's constant, as an initializer; with the shape where one is given.
  std::string parameter(int index, Integers shape = {});
  const std::vector<float> &valuesOf(int index);

  /// A node whose result has a name of its own, returned; the last of an operation is told to be `result`.
  ::onnx::NodeProto &node(const std::string &op, std::vector<std::string> inputs, const std::string &output);
  std::string between(const std::string &op, std::vector<std::string> inputs);
  void last(const std::string &op, std::vector<std::string> inputs);

  void add(const GraphNode &node);
  void convolution(const std::string &x);
  void dense(std::string x);
  void local(const std::string &x);
  void pool(const std::string &x);
  void averagePool(const std::string &x, const Integers &beyond);
  void normalize(const std::string &x);
  void rbf(const std::string &x);
  void scale(const std::string &x);
  void channelShuffle(const std::string &x);
};

} // namespace fovea
