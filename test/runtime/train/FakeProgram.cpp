#include "test/runtime/train/FakeProgram.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

extern "C" int halide_do_par_for(void *, int (*)(void *, int, uint8_t *), int, int, uint8_t *);

namespace fovea::fake {
namespace {

constexpr int block = 4, maskedOutput = 1, maskedPixel = 5;
constexpr int biasOffset = 64, gradientFloats = 80, derivedOffset = 80; // in floats; all begin a cache line

// One block of outputs: [ceil(3/4)][4][4][1][4], so pixel-major with the outputs innermost.
int weightIndex(int output, int pixel) { return pixel * block + output; }

/// What a kernel's iterations share.
struct Frame {
  void *const *slots;
  int bias = biasOffset;
  const float *floats(int slot) const { return static_cast<const float *>(slots[slot]); }
  float *out(int slot) const { return static_cast<float *>(slots[slot]); }
};

int forwardImage(void *, int n, uint8_t *closure) {
  const Frame &frame = *reinterpret_cast<Frame *>(closure);
  const float *w = frame.floats(FOVEA_SLOT_PARAMETERS), *x = frame.floats(FOVEA_SLOT_INPUT) + n * pixels;
  for (int o = 0; o < classes; ++o) {
    float sum = w[frame.bias + o];
    for (int p = 0; p < pixels; ++p)
      sum += w[weightIndex(o, p)] * x[p];
    frame.out(FOVEA_SLOT_OUTPUT)[n * classes + o] = sum;
  }
  return 0;
}

template <int Batch> int forward(void *const *slots, int bias) {
  Frame frame{slots, bias};
  return halide_do_par_for(nullptr, forwardImage, 0, Batch, reinterpret_cast<uint8_t *>(&frame));
}

void profile(void *const *slots, int kernel) {
  if (slots[FOVEA_SLOT_PROFILE])
    fovea_profile(slots[FOVEA_SLOT_PROFILE], kernel);
}

template <int Batch> int infer(void *const *slots) {
  int code = forward<Batch>(slots, derivedOffset);
  profile(slots, 0);
  return code;
}

/// Loss and gradient of the scores, which go to the arena.
template <int Batch> void lossKernel(const Frame &frame) {
  const float *scalars = frame.floats(FOVEA_SLOT_SCALARS), *y = frame.floats(FOVEA_SLOT_OUTPUT);
  const auto *labels = static_cast<const int32_t *>(frame.slots[FOVEA_SLOT_LABELS]);
  float *delta = frame.out(FOVEA_SLOT_ARENA);
  for (int n = 0; n < Batch; ++n) {
    const float *score = y + n * classes;
    float largest = *std::max_element(score, score + classes), sum = 0;
    for (int o = 0; o < classes; ++o)
      sum += std::exp(score[o] - largest);
    frame.out(FOVEA_SLOT_LOSS)[n] = std::log(sum) + largest - score[labels[n]];
    bool counts = n < scalars[FOVEA_SCALAR_VALID_IMAGES];
    for (int o = 0; o < classes; ++o)
      delta[n * classes + o] = counts ? scalars[FOVEA_SCALAR_LOSS_SCALE] *
                                            (std::exp(score[o] - largest) / sum - (o == labels[n] ? 1.0f : 0.0f))
                                      : 0.0f;
  }
}

/// Leaves the masked element's gradient in, for the runtime to clear.
template <int Batch> void gradientKernel(const Frame &frame, float *gradient) {
  const float *delta = frame.floats(FOVEA_SLOT_ARENA), *x = frame.floats(FOVEA_SLOT_INPUT);
  std::fill_n(gradient, gradientFloats, 0.0f);
  for (int n = 0; n < Batch; ++n)
    for (int o = 0; o < classes; ++o) {
      gradient[biasOffset + o] += delta[n * classes + o];
      for (int p = 0; p < pixels; ++p)
        gradient[weightIndex(o, p)] += delta[n * classes + o] * x[n * pixels + p];
    }
}

/// Forward computation and the gradients, which go where `gradient` says.
template <int Batch> int backward(void *const *slots, float *gradient) {
  Frame frame{slots};
  if (int code = forward<Batch>(slots, biasOffset))
    return code;
  profile(slots, 0);
  lossKernel<Batch>(frame);
  profile(slots, 1);
  gradientKernel<Batch>(frame, gradient);
  profile(slots, 2);
  return 0;
}

template <int Batch> int step(void *const *slots) {
  return backward<Batch>(slots, static_cast<float *>(slots[FOVEA_SLOT_GRADIENTS]));
}

void updateKernel(const Frame &frame, const float *g) {
  const float *scalars = frame.floats(FOVEA_SLOT_SCALARS);
  float *w = frame.out(FOVEA_SLOT_PARAMETERS), *v = frame.out(FOVEA_SLOT_MOMENTUM);
  for (int i = 0; i < biasOffset + classes; ++i) {
    float multiplier = i < biasOffset ? 1.0f : 2.0f;
    v[i] = scalars[FOVEA_SCALAR_MOMENTUM] * v[i] +
           scalars[FOVEA_SCALAR_LR] * multiplier * (g[i] + scalars[FOVEA_SCALAR_WEIGHT_DECAY] * w[i]);
    w[i] -= v[i];
  }
}

int update(void *const *slots) {
  Frame frame{slots};
  updateKernel(frame, frame.floats(FOVEA_SLOT_GRADIENTS));
  profile(slots, 0);
  return 0;
}

int prepare(void *const *slots) {
  float *w = Frame{slots}.out(FOVEA_SLOT_PARAMETERS);
  std::copy_n(w + biasOffset, classes, w + derivedOffset);
  ++preparations;
  return 0;
}

/// Does not touch the gradient block.
template <int Batch> int train(void *const *slots) {
  float *gradient = static_cast<float *>(slots[FOVEA_SLOT_ARENA]) + Batch * block;
  if (int code = backward<Batch>(slots, gradient))
    return code;
  updateKernel(Frame{slots}, gradient);
  profile(slots, 3);
  return 0;
}

const fovea_function functions[] = {prepare, infer<1>, infer<4>, step<4>, update, train<4>};
const std::string text = metadata(), unfusedText = metadata(Functions::StepAndUpdate),
                  inferenceText = metadata(Functions::Infer);

} // namespace

int preparations = 0;

std::string metadata(Functions functions) {
  std::string mask;
  for (int i = 0; i < classes * pixels; ++i)
    mask += std::string(i ? "," : "") + (i == maskedOutput * pixels + maskedPixel ? "0" : "1");
  std::string text = R"({"abi":4,"network":"Fake","symbol":"fovea_main","target":"host","cpu":"any","precision":"f32",
    "input":{"name":"image","shape":[1,4,4]},"output":{"name":"fc","shape":[3],"classes":3},
    "layers":[{"name":"fc","op":"dense","output":[3],"parameters":50,"connections":51,"macs":48}],
    "parameters":[
      {"name":"fc.weight","shape":[3,16],"trainable":true,"count":47,"layout":"weight","pack":[3,1,4,4],"block":4,
       "offset":0,"size":64,"init":{"kind":"xavier"},"lr_mult":1,"decay_mult":1,"mask":[)" +
                     mask + R"(]},
      {"name":"fc.bias","shape":[3],"trainable":true,"count":3,"layout":"vector","block":4,"offset":64,"size":4,
       "init":{"kind":"constant","value":0.25},"lr_mult":2,"decay_mult":1}],
    "parameter_floats":96,"gradient_floats":80,
    "functions":[{"kind":"prepare","batch":0,"arena_bytes":0,"kernels":[{"name":"prepare","flops":0,"bytes":24}]},
                 {"kind":"infer","batch":1,"arena_bytes":0,"kernels":[{"name":"fc: dense","flops":96,"bytes":272}]},
                 {"kind":"infer","batch":4,"arena_bytes":0,"kernels":[{"name":"fc: dense","flops":384,"bytes":512}]})";
  if (functions != Functions::Infer)
    text += R"(,{"kind":"step","batch":4,"arena_bytes":64,"kernels":[{"name":"fc: dense","flops":384,"bytes":512},
                {"name":"loss","flops":60,"bytes":96},{"name":"fc: weight gradient","flops":384,"bytes":512}]},
               {"kind":"update","batch":0,"arena_bytes":0,"kernels":[{"name":"update","flops":300,"bytes":960}]})";
  if (functions == Functions::All)
    text += R"(,{"kind":"train","batch":4,"arena_bytes":384,"kernels":[{"name":"fc: dense","flops":384,"bytes":512},
                {"name":"loss","flops":60,"bytes":96},{"name":"fc: weight gradient","flops":384,"bytes":512},
                {"name":"update","flops":300,"bytes":960}]})";
  return text + R"(],"recipe":{"data":{"kind":"mnist","scale":0.00390625,"mean":0,"pad":0},
    "loss":{"kind":"softmax_cross_entropy"},"optimizer":{"kind":"sgd","lr":0.1,"momentum":0.9,"weight_decay":0.0005},
    "lr":{"kind":"inv","gamma":0.0001,"power":0.75},"batch":6,"epochs":4}})";
}

const fovea_program program = {text.data(), text.size(), functions, 6, FOVEA_PROGRAM_ABI, "x86-64-v3", "", nullptr, nullptr};
const fovea_program unfusedProgram = {unfusedText.data(), unfusedText.size(), functions, 5, FOVEA_PROGRAM_ABI, "x86-64-v3", "", nullptr, nullptr};
const fovea_program inferenceProgram = {inferenceText.data(), inferenceText.size(), functions, 3, FOVEA_PROGRAM_ABI, "x86-64-v3", "", nullptr, nullptr};

} // namespace fovea::fake

// What the runtime's main() runs in `fakenet` and `fakenet-inference`.
extern "C" const fovea_program fovea_main_program =
#ifdef FAKE_INFERENCE_ONLY
    fovea::fake::inferenceProgram;
#else
    fovea::fake::program;
#endif
