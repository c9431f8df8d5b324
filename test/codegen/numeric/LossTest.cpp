// softmax, the losses, their gradients, and the update of parameters.
#include "test/codegen/numeric/Check.h"

namespace fovea::test {

namespace {

/// lr, momentum, weight decay, factor of the loss, images that count.
Fill scalars(double images) {
  return
      [=](int64_t index) { return index == 4 ? images : std::vector<double>{0.1, 0.9, 5e-4, 1.0 / 64}.at(index % 4); };
}

const Fill large = [](int64_t flat) { return double(flat * 7919 % 401) - 200; };  // exp overflows or vanishes
const Fill negative = [](int64_t flat) { return -150 - double(flat * 31 % 50); }; // every exp vanishes
const std::vector<std::vector<int64_t>> logits = {{1, 10}, {64, 10}, {7, 4}, {3, 33}, {5, 10, 1, 1}};

class Loss : public Numeric {
protected:
  TensorSpec labels(int64_t images) const { return KernelBuilder::plain({images}, ElementType::I32); }
};

TEST_P(Loss, Softmax) {
  for (const std::vector<int64_t> &shape : {std::vector<int64_t>{64, 10}, {1, 1}, {3, 33}, {2, 5, 3, 4}, {5, 10, 1, 1}})
    for (const Fill &fill : {Fill(), large, negative}) {
      KernelBuilder b = builder();
      const int x = b.input(b.activation(shape));
      b.like("softmax", {x});
      check(b, {.fills = {{x, fill}}, .gradients = {x}}); // As behind a dense layer: zeros in the padding.
    }
}

TEST_P(Loss, SoftmaxGradient) {
  for (const std::vector<int64_t> &shape : {std::vector<int64_t>{64, 10}, {1, 1}, {3, 33}, {2, 5, 3, 4}}) {
    KernelBuilder b = builder();
    const int y = b.input(b.activation(shape)), dy = b.input(b.activation(shape));
    b.like("softmax_gradient", {y, dy});
    check(b, {.gradients = {dy}, .paddingIsZero = true});
  }
}

TEST_P(Loss, CrossEntropy) {
  for (const auto &shape : logits)
    for (const Fill &fill : {Fill(), large, negative}) {
      KernelBuilder b = builder();
      const int x = b.input(b.activation(shape)), label = b.input(labels(shape[0]));
      b.op("softmax_cross_entropy", {x, label}, {KernelBuilder::plain({shape[0]})});
      check(b, {.fills = {{x, fill}}});
    }
}

TEST_P(Loss, CrossEntropyOfAnAuxiliaryClassifier) {
  for (const auto &shape : logits) {
    KernelBuilder b = builder();
    const int x = b.input(b.activation(shape)), label = b.input(labels(shape[0])),
              plus = b.input(KernelBuilder::plain({shape[0]}));
    b.op("softmax_cross_entropy", {x, label, plus}, {KernelBuilder::plain({shape[0]})}, {{"weight", 0.3}});
    check(b);
    KernelBuilder g = builder();
    const int gx = g.input(g.activation(shape)), gl = g.input(labels(shape[0])), s = g.input(KernelBuilder::plain({8}));
    g.op("softmax_cross_entropy_gradient", {gx, gl, s}, {g.tensor(gx)}, {{"weight", 0.3}});
    check(g, {.fills = {{s, scalars(2)}}, .paddingIsZero = true});
  }
}

TEST_P(Loss, CrossEntropyGradient) {
  for (const auto &shape : logits)
    for (const Fill &fill : {Fill(), large, negative})
      for (double images : {double(shape[0]), 3.0}) { // All, and the last batch of an epoch.
        KernelBuilder b = builder();
        const int x = b.input(b.activation(shape)), label = b.input(labels(shape[0])),
                  s = b.input(KernelBuilder::plain({8}));
        b.op("softmax_cross_entropy_gradient", {x, label, s}, {b.tensor(x)});
        check(b, {.fills = {{x, fill}, {s, scalars(images)}}, .paddingIsZero = true});
      }
}

TEST_P(Loss, RbfMap) {
  for (const std::vector<int64_t> &shape : {std::vector<int64_t>{1, 10}, {9, 10}, {3, 33}})
    for (double j : {0.1, 1.0, 20.0}) {
      KernelBuilder b = builder();
      const int y = b.input(b.activation(shape)), label = b.input(labels(shape[0]));
      b.op("rbf_map_loss", {y, label}, {KernelBuilder::plain({shape[0]})}, {{"j", j}});
      check(b, {.fills = {{y, [](int64_t flat) { return double(flat * 37 % 90); }}}});
      KernelBuilder g = builder();
      const int gy = g.input(g.activation(shape)), gl = g.input(labels(shape[0])),
                s = g.input(KernelBuilder::plain({8}));
      g.op("rbf_map_loss_gradient", {gy, gl, s}, {g.tensor(gy)}, {{"j", j}});
      check(g, {.fills = {{gy, [](int64_t flat) { return double(flat * 37 % 90) / 8; }}, {s, scalars(2)}},
                .paddingIsZero = true});
    }
}

TEST_P(Loss, SgdUpdateInPlace) {
  KernelBuilder any = builder();
  for (const TensorSpec &spec : {any.convWeight({20, 1, 5, 5}), any.convWeight({3, 2, 1, 1}), any.vector(500),
                                 any.vector(1), any.denseWeight(10, any.activation({1, 500}))}) {
    KernelBuilder b = builder();
    const int w = b.input(spec), g = b.input(spec), v = b.input(spec), s = b.input(KernelBuilder::plain({8}));
    b.op("sgd_update", {w, g, v, s}, {spec, spec}, {{"lr_mult", 2.0}, {"decay_mult", 0.5}});
    check(b, {.fills = {{s, scalars(64)}}, .inPlace = {{0, w}, {1, v}}, .paddingIsZero = true});
    check(b, {.fills = {{s, scalars(64)}}, .paddingIsZero = true});
  }
}

FOVEA_NUMERIC_TARGETS(Loss);

} // namespace

} // namespace fovea::test
