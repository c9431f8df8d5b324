// The reading of one ONNX file: what nodes mean in the model language, a function for each operation.
#pragma once

#include "frontend/import/Network.h"
#include "frontend/import/onnx/Constants.h"

#include <array>
#include <map>

namespace fovea::onnx {

using ast::Argument;
using Arguments = std::vector<Argument>;

class Importer {
public:
  Importer(const std::string &file, const std::vector<int64_t> &inputShape);
  ImportedNetwork run();

private:
  /// How the file sees what an operation here computes.
  enum class Order {
    Same,         ///< [N,C,H,W] or [N,K].
    Reshaped,     ///< In this order, but as [N,dims].
    ChannelsLast, ///< As [N,H,W,C], or dims in that order.
    Turned        ///< In the middle of a channel shuffle: [N,C/groups,groups,...].
  };

  /// A tensor of the network: which operation makes it, and its shape without the batch.
  struct Value {
    int node = 0;
    std::vector<int64_t> shape;
    std::array<int64_t, 4> pad{}; ///< What a Pad put around it, for the operation after it to take in:
    double padding = 0;           ///< with this value.
    Order order = Order::Same;
    std::vector<int64_t> dims = {}; ///< As the file sees it, without the batch; of `Same`, the shape.
    int64_t groups = 1;             ///< Of `Turned`.
    bool notNegative = false;       ///< Zeros around it are no new maxima.
    bool shared = false;            ///< Another name of it has readers of its own.

    const std::vector<int64_t> &seen() const { return order == Order::Same ? shape : dims; }
  };

  const std::string file;
  const ::onnx::ModelProto model;
  const ::onnx::GraphProto &graph;
  int64_t opset = 0;
  ImportedNetwork network;
  std::map<std::string, Constant> constants;
  std::map<std::string, Value> values;
  std::map<std::string, int> users; ///< How many nodes read a value.
  int64_t batch = 0;                ///< Of the file; 0: any.
  int64_t mayFold = 0;              ///< How many more numbers folding may make.
  int64_t mayRepeat = mostElements; ///< How many more elements of parameters may be repetitions of one number.

  static std::string nameOf(const NodeProto &node);
  [[noreturn]] void fail(const NodeProto &node, const std::string &what) const;
  void findInput(const std::vector<int64_t> &given);
  bool startsChannelsLast(const std::string &input) const;
  void countUsers();
  void add(const NodeProto &node);
  void translate(const NodeProto &node);

  // ---- Values and parameters

  /// An operand that the network computes, seen as it is here, without padding.
  const Value &valueOf(const NodeProto &node, int index) const;
  /// The same, padded too.
  const Value &paddedOf(const NodeProto &node, int index) const;
  /// The same, in any order.
  const Value &anyOf(const NodeProto &node, int index) const;
  const Constant *constantOf(const NodeProto &node, int index) const;
  /// The only number of a constant operand, or what it is when there is none.
  double scalarOf(const NodeProto &node, int index, double otherwise) const;
  FloatTensor floats(const NodeProto &node, const Constant &constant);
  std::vector<int64_t> imageOf(const NodeProto &node, const Value &value) const;
  void emit(const NodeProto &node, ImportedNode made, std::vector<int64_t> shape);

  /// An operation of one input and no parameters.
  void emitSimple(const NodeProto &node, ast::Expr call, std::vector<int64_t> shape);
  /// The same of single elements, in whatever order they are seen.
  void emitElementwise(const NodeProto &node, ast::Expr call, bool notNegative = false);
  void pass(const NodeProto &node);

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

  /// Of a weight's columns for an input that the file sees channels last: which column is channel c, row h, column w.
  static std::vector<int64_t> columnsOf(const Value &in);

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
  void prelu(const NodeProto &node);
  void dropout(const NodeProto &node);
  void identity(const NodeProto &node) { pass(node); }
  void cast(const NodeProto &node);

  // ---- Reshapes.cpp: other views of the same elements

  void reshape(const NodeProto &node);
  void flatten(const NodeProto &node);
  void squeeze(const NodeProto &node);
  void unsqueeze(const NodeProto &node);
  void transpose(const NodeProto &node);
  std::vector<int64_t> axesOf(const NodeProto &node, int64_t rank) const;

  /// The node's result is its operand seen as [N,dims].
  void view(const NodeProto &node, std::vector<int64_t> dims);
  void flattened(const NodeProto &node, const Value &in);

  // ----

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
