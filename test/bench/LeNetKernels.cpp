#include "test/bench/LeNetKernels.h"

#include "test/codegen/numeric/KernelBuilder.h"

#include <functional>

namespace fovea::test {

namespace {

const Window halving{{2, 2}, {2, 2}};

class LeNet {
public:
  explicit LeNet(TargetInfo target) : target(std::move(target)) {}

  std::vector<NamedKernel> all() {
    for (int64_t images : {1, 64}) {
      batch = images;
      prefix = "infer_b" + std::to_string(images) + "/";
      forward(false);
    }
    prefix = "step_b64/";
    forward(true);
    loss();
    backward();
    prefix = "update/";
    update();
    return std::move(kernels);
  }

private:
  using Build = std::function<void(KernelBuilder &)>;
  TargetInfo target;
  int64_t batch = 1;
  std::string prefix;
  std::vector<NamedKernel> kernels;

  void add(const std::string &name, const Build &build) {
    KernelBuilder builder(target);
    build(builder);
    kernels.push_back({prefix + name, builder.scheduled()});
  }

  void convPool(const std::string &name, std::vector<int64_t> x, int64_t outputs, bool indices) {
    add(name, [&](KernelBuilder &b) {
      const int in = b.input(b.activation(x)), w = b.input(b.convWeight({outputs, x[1], 5, 5}));
      b.maxPool(b.conv2d(in, w, b.input(b.vector(outputs)), {}), halving, indices);
    });
  }

  void dense(const std::string &name, std::vector<int64_t> x, int64_t outputs, bool relu) {
    add(name, [&](KernelBuilder &b) {
      const int in = b.input(b.activation(x)), w = b.input(b.denseWeight(outputs, b.tensor(in)));
      const int y = b.dense(in, w, b.input(b.vector(outputs)));
      if (relu)
        b.like("relu", {y});
      else
        b.relayout(y, KernelBuilder::plain(b.tensor(y).shape));
    });
  }

  void forward(bool training) {
    convPool("conv1+pool1", {batch, 1, 28, 28}, 20, training);
    convPool("conv2+pool2", {batch, 20, 12, 12}, 50, training);
    dense("ip1+relu1", {batch, 50, 4, 4}, 500, true);
    dense("ip2", {batch, 500}, 10, false);
  }

  void loss() {
    add("loss", [&](KernelBuilder &b) {
      const int x = b.input(b.activation({batch, 10})),
                labels = b.input(KernelBuilder::plain({batch}, ElementType::I32));
      b.op("softmax_cross_entropy", {x, labels}, {KernelBuilder::plain({batch})});
    });
    add("loss_dx", [&](KernelBuilder &b) {
      const int x = b.input(b.activation({batch, 10})),
                labels = b.input(KernelBuilder::plain({batch}, ElementType::I32));
      b.op("softmax_cross_entropy_gradient", {x, labels, b.input(KernelBuilder::plain({8}))}, {b.tensor(x)});
    });
  }

  void denseGradients(const std::string &name, std::vector<int64_t> x, int64_t outputs, bool relu) {
    add(name + "_dw", [&](KernelBuilder &b) {
      const int in = b.input(b.activation(x)), dy = b.input(b.activation({batch, outputs}));
      b.op("dense_weight_gradient", {in, dy}, {b.denseWeight(outputs, b.tensor(in))});
    });
    biasGradient(name, {batch, outputs});
    add(name + "_dx", [&](KernelBuilder &b) {
      const TensorSpec in = b.activation(x);
      const int dy = b.input(b.activation({batch, outputs})), w = b.input(b.denseWeight(outputs, in));
      const int forwards = relu ? b.input(in) : -1;
      const int dx = b.op("dense_input_gradient", {dy, w}, {in});
      if (relu)
        b.like("relu_gradient", {forwards, dx});
    });
  }

  void convGradients(const std::string &name, std::vector<int64_t> x, std::vector<int64_t> y, bool inputToo) {
    const auto attributes = KernelBuilder::attributesOf({}, false);
    add(name + "_dw", [&](KernelBuilder &b) {
      const int in = b.input(b.activation(x)), dy = b.input(b.activation(y));
      b.op("conv2d_weight_gradient", {in, dy}, {b.convWeight({y[1], x[1], 5, 5})}, attributes);
    });
    biasGradient(name, y);
    if (!inputToo)
      return;
    transpose(name, [&](KernelBuilder &b) { return b.convWeight({y[1], x[1], 5, 5}); });
    add(name + "_dx", [&](KernelBuilder &b) {
      const int dy = b.input(b.activation(y)), w = b.input(b.transposed(b.convWeight({y[1], x[1], 5, 5})));
      b.op("conv2d_input_gradient", {dy, w}, {b.activation(x)}, attributes);
    });
  }

  void biasGradient(const std::string &name, std::vector<int64_t> y) {
    add(name + "_db", [&](KernelBuilder &b) { b.op("bias_gradient", {b.input(b.activation(y))}, {b.vector(y[1])}); });
  }

  void transpose(const std::string &name, const std::function<TensorSpec(KernelBuilder &)> &weight) {
    add(name + "_wt", [&](KernelBuilder &b) {
      const int w = b.input(weight(b));
      b.op("transpose_weight", {w}, {b.transposed(b.tensor(w))});
    });
  }

  void poolGradient(const std::string &name, std::vector<int64_t> x) {
    add(name + "_dx", [&](KernelBuilder &b) {
      const TensorSpec y = b.activation({x[0], x[1], x[2] / 2, x[3] / 2});
      TensorSpec indices = y;
      indices.element = ElementType::U8;
      const int index = b.input(indices), dy = b.input(y);
      b.op("max_pool_gradient", {index, dy}, {b.activation(x)}, KernelBuilder::attributesOf(halving, true));
    });
  }

  void backward() {
    denseGradients("ip2", {batch, 500}, 10, true);
    denseGradients("ip1", {batch, 50, 4, 4}, 500, false);
    poolGradient("pool2", {batch, 50, 8, 8});
    convGradients("conv2", {batch, 20, 12, 12}, {batch, 50, 8, 8}, true);
    poolGradient("pool1", {batch, 20, 24, 24});
    convGradients("conv1", {batch, 1, 28, 28}, {batch, 20, 24, 24}, false);
  }

  void update(const std::string &name, const std::function<TensorSpec(KernelBuilder &)> &parameter) {
    add(name, [&](KernelBuilder &b) {
      const TensorSpec spec = parameter(b);
      const int w = b.input(spec), g = b.input(spec), v = b.input(spec), scalars = b.input(KernelBuilder::plain({8}));
      b.op("sgd_update", {w, g, v, scalars}, {spec, spec}, {{"lr_mult", 1.0}, {"decay_mult", 1.0}});
    });
  }

  void update() {
    update("conv1", [](KernelBuilder &b) { return b.convWeight({20, 1, 5, 5}); });
    update("conv2", [](KernelBuilder &b) { return b.convWeight({50, 20, 5, 5}); });
    update("ip1", [](KernelBuilder &b) { return b.denseWeight(500, b.activation({1, 50, 4, 4})); });
    update("ip2", [](KernelBuilder &b) { return b.denseWeight(10, b.activation({1, 500})); });
  }
};

double elements(const std::vector<int64_t> &shape) {
  double product = 1;
  for (int64_t extent : shape)
    product *= double(extent);
  return product;
}

} // namespace

std::vector<NamedKernel> leNetKernels(const TargetInfo &target) { return LeNet(target).all(); }

// Each weight meets each output pixel of each image once, forwards and in both gradients.
double flopsOf(const KernelSpec &kernel) {
  double flops = 0;
  for (const OpSpec &op : kernel.ops) {
    const bool conv = op.op.starts_with("conv2d"), dense = op.op.starts_with("dense");
    if (!conv && !dense)
      continue;
    const bool ofWeight = op.op.ends_with("weight_gradient"), ofInput = op.op.ends_with("input_gradient");
    const auto &weight = ofWeight ? op.results[0].shape : kernel.tensor(op.operands[1]).shape;
    const auto &output = ofWeight  ? kernel.tensor(op.operands[1]).shape
                         : ofInput ? kernel.tensor(op.operands[0]).shape
                                   : op.results[0].shape;
    flops += 2 * elements(weight) * elements(output) / double(output[1]);
  }
  return flops;
}

} // namespace fovea::test
