// The reading of one ONNX file: what nodes mean in the model language, a function for each operation.
#pragma once

#include "frontend/import/Network.h"
#include "frontend/import/onnx/Constants.h"

#include <array>

namespace fovea::onnx {

using ast::Argument;
using Arguments = std::vector<Argument>;

class Importer {
public:
  Importer(const std::string &file, const std::vector<int64_t> &inputShape);
  ImportedNetwork run();

private:
  /// A tensor of the network: which operation makes it, and its shape without the batch.
  struct Value {
    int node = 0;
    std::vector<int64_t> shape;
    std::array<int64_t, 4> pad{}; ///< Zeros around it that a Pad before a convolution asked for.
  };

  const std::string file;
  const ::onnx::ModelProto model;
  const ::onnx::GraphProto &graph;
  int64_t opset = 0;
  ImportedNetwork network;
  std::map<std::string, Constant> constants;
  std::map<std::string, Value> values;
  std::map<std::string, int> users; ///< How many nodes read a value.

  static std::string printable(const std::string &text);
  static std::string nameOf(const NodeProto &node);
  [[noreturn]] void fail(const NodeProto &node, const std::string &what) const;
  void findInput(const std::vector<int64_t> &given);
  void countUsers();
  void add(const NodeProto &node);
  void translate(const NodeProto &node);

  // ---- Values and parameters

  const Value &valueOf(const NodeProto &node, int index, bool paddedToo = false) const;
  const Constant *constantOf(const NodeProto &node, int index) const;
  static FloatTensor floats(const Constant &constant);
  std::vector<int64_t> imageOf(const NodeProto &node, const Value &value) const;
  void emit(const NodeProto &node, ImportedNode made, std::vector<int64_t> shape);

  /// An operation of one input and no parameters.
  void emitSimple(const NodeProto &node, ast::Expr call, std::vector<int64_t> shape);
  void pass(const NodeProto &node) { values[node.output(0)] = valueOf(node, 0, true); }

  // ---- Windows

  struct Window {
    std::vector<int64_t> kernel, stride, dilation, pad;
  };

  /// Kernel, stride, dilation and padding [top, left, bottom, right], `auto_pad` worked out for the image.
  Window windowOf(const NodeProto &node, const std::vector<int64_t> &image, std::vector<int64_t> kernel) const;
  std::vector<int64_t> outputsOf(const NodeProto &node, const std::vector<int64_t> &image, const Window &w,
                                 int64_t channels, bool ceil) const;
  static void addWindow(Arguments &arguments, const Window &w, bool stride = false);

  // ---- Operations

  void conv(const NodeProto &node);

  /// A dense layer from a weight [outputs, inputs], or [inputs, outputs] when it is turned.
  void dense(const NodeProto &node, const Constant &weight, bool turned, double factor, const Constant *bias,
             double biasFactor);
  void gemm(const NodeProto &node);
  void matMul(const NodeProto &node);
  void pool(const NodeProto &node);
  void globalPool(const NodeProto &node);
  void reduceMean(const NodeProto &node);

  /// ONNX divides alpha by the size.
  void lrn(const NodeProto &node);
  void plain(const NodeProto &node);
  void leakyRelu(const NodeProto &node);
  void clip(const NodeProto &node);
  void softmax(const NodeProto &node);
  void dropout(const NodeProto &node);
  void identity(const NodeProto &node) { pass(node); }

  /// Everything that only turns [N,C,H,W] into [N,C*H*W], or changes nothing.
  void reshape(const NodeProto &node);
  void pad(const NodeProto &node);
  void concat(const NodeProto &node);
  void sum(const NodeProto &node);
  void affineOnly(const NodeProto &node);

  /// A constant per channel, or one for all, that is added or multiplied.
  void affine(const NodeProto &node);
  void batchNorm(const NodeProto &node);

  /// x * factor + offset per channel: taken into the convolution or dense layer before when only this node reads it; a
  /// batch normalization of mean 0 and variance 1 otherwise.
  void scaleChannels(const NodeProto &node, int from, const std::vector<double> &factor,
                     const std::vector<double> &offset);
};

} // namespace fovea::onnx
