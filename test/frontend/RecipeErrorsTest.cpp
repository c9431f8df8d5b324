// Mistakes in a recipe, word by word: place, message and remedy.
#include "Diagnose.h"

using namespace fovea;

namespace {

class RecipeErrors : public testing::TestWithParam<ErrorCase> {};

TEST_P(RecipeErrors, AreToldWithPlaceAndRemedy) {
  EXPECT_EQ(diagnose(GetParam().text), std::string(GetParam().expected).substr(1));
}

// Both texts start after a line end that is not theirs, so that they stand in
// the source as they are printed.
const ErrorCase cases[] = {
    {"no_length", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
}
)",
     R"(
m.net:5:1: error: the train block does not say how long to train
  train {
  ^
  help: add `epochs: 10` or `iterations: 10000`
)"},
    {"two_lengths", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  iterations: 5
}
)",
     R"(
m.net:5:1: error: the train block sets both epochs and iterations
  train {
  ^
  help: keep one of them
)"},
    {"set_twice", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  epochs: 2
}
)",
     R"(
m.net:8:3: error: `epochs` is set twice
    epochs: 2
    ^
  help: remove one of them
)"},
    {"unknown_data", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  data: imagenet(scale: 1)
}
)",
     R"(
m.net:8:9: error: unknown data `imagenet`
    data: imagenet(scale: 1)
          ^
  help: known are: mnist, cifar10, image_folder
)"},
    {"unknown_loss", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  loss: softmax_cross_entrpy
}
)",
     R"(
m.net:8:9: error: unknown loss `softmax_cross_entrpy`
    loss: softmax_cross_entrpy
          ^
  help: did you mean `softmax_cross_entropy`?
)"},
    {"loss_unlike_any", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  loss: mse
}
)",
     R"(
m.net:8:9: error: unknown loss `mse`
    loss: mse
          ^
  help: known are: softmax_cross_entropy, rbf_map
)"},
    {"loss_is_a_number", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  loss: 3
}
)",
     R"(
m.net:8:9: error: unknown loss `3`
    loss: 3
          ^
  help: known are: softmax_cross_entropy, rbf_map
)"},
    {"unknown_optimizer", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: adam(lr: 1)
  epochs: 1
}
)",
     R"(
m.net:6:14: error: unknown optimizer `adam`
    optimizer: adam(lr: 1)
               ^
  help: known are: sgd
)"},
    {"unknown_policy", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  lr: stepp(gamma: 1, step: 2)
}
)",
     R"(
m.net:8:7: error: unknown learning-rate policy `stepp`
    lr: stepp(gamma: 1, step: 2)
        ^
  help: did you mean `step`?
)"},
    {"policy_is_a_number", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  lr: 0.01
}
)",
     R"(
m.net:8:7: error: unknown learning-rate policy `0.01`
    lr: 0.01
        ^
  help: known are: fixed, step, multistep, inv, exp, poly, cosine, on_plateau
)"},
    {"optimizer_without_lr", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(momentum: 0.9)
  epochs: 1
}
)",
     R"(
m.net:6:14: error: `sgd` is missing its argument `lr`
    optimizer: sgd(momentum: 0.9)
               ^
  help: write `sgd(lr: ...)`
)"},
    {"policy_without_gamma", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  lr: exp
}
)",
     R"(
m.net:8:7: error: `exp` is missing its argument `gamma`
    lr: exp
        ^
  help: write `exp(gamma: ...)`
)"},
    {"policy_step_is_zero", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  lr: step(gamma: 0.1, step: 0)
}
)",
     R"(
m.net:8:30: error: `step` argument `step` must be between 1 and 1000000000, not 0
    lr: step(gamma: 0.1, step: 0)
                               ^
)"},
    {"rbf_map_without_j", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  loss: rbf_map
}
)",
     R"(
m.net:8:9: error: `rbf_map` is missing its argument `j`
    loss: rbf_map
          ^
  help: write `rbf_map(j: ...)`
)"},
    {"data_argument", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  data: mnist(padding: 2)
}
)",
     R"(
m.net:8:15: error: `mnist` has no argument `padding`
    data: mnist(padding: 2)
                ^
  help: its arguments are: scale, mean, pad
)"},
    {"data_padding", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  data: mnist(pad: -1)
}
)",
     R"(
m.net:8:20: error: `mnist` argument `pad` must be between 0 and 1024, not -1
    data: mnist(pad: -1)
                     ^
)"},
    {"batch_is_zero", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  batch: 0
}
)",
     R"(
m.net:8:10: error: `batch` must be a whole number between 1 and 1000000000, not `0`
    batch: 0
           ^
)"},
    {"batch_is_a_fraction", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  batch: 0.5
}
)",
     R"(
m.net:8:10: error: `batch` must be a whole number between 1 and 1000000000, not `0.5`
    batch: 0.5
           ^
)"},
    {"batch_too_large", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  batch: 65537
}
)",
     R"(
m.net:8:10: error: a batch of 65537 images is more than 65536
    batch: 65537
           ^
)"},
    {"bias_lr_negative", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  bias_lr: -1
}
)",
     R"(
m.net:8:12: error: `bias_lr` must be a number between 0 and 1000000000, not `-1`
    bias_lr: -1
             ^
)"},
    {"epochs_are_a_word", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: many
}
)",
     R"(
m.net:7:11: error: `epochs` must be a whole number between 1 and 1000000000, not `many`
    epochs: many
            ^
)"},
    {"setting_unlike_any", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  augmentation: mirror
}
)",
     R"(
m.net:8:3: error: unknown setting `augmentation`
    augmentation: mirror
    ^
  help: known are: data, loss, init, optimizer, lr, bias_lr, bias_decay, auxiliary, batch, accumulate, epochs, iterations
)"},
    {"unknown_init", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  init: xavir
}
)",
     R"(
m.net:8:9: error: unknown initialisation `xavir`
    init: xavir
          ^
  help: did you mean `xavier`?
)"},
    {"rbf_map_of_an_image", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> conv(10, kernel: 8)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
  loss: rbf_map(j: 1)
}
)",
     R"(
m.net:3:10: error: the loss rbf_map needs a list of distances; the output is 10x1x1
    output z = x -> conv(10, kernel: 8)
           ^
  help: end the network with `-> rbf(digits)`
)"},
    {"softmax_twice", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> dense(10)
  output z = a -> softmax
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
}
)",
     R"(
m.net:4:10: warning: the loss applies softmax to an output that is a softmax already
    output z = a -> softmax
           ^
  help: remove `-> softmax` to train; `predict` shows probabilities either way
)"},
    {"crop_larger_than_the_pictures", R"(
network N {
  input x: f32[3, 8, 8]
  output z = x -> dense(10)
}
train {
  data: image_folder(resize: 32, crop: 64)
  optimizer: sgd(lr: 0.01)
  epochs: 1
}
)",
     R"(
m.net:6:40: error: the crop of 64 is larger than the pictures of 32
    data: image_folder(resize: 32, crop: 64)
                                         ^
  help: `resize` is the side of the square that each picture becomes
)"},
    {"mean_of_four", R"(
network N {
  input x: f32[3, 8, 8]
  output z = x -> dense(10)
}
train {
  data: cifar10(mean: [1, 2, 3, 4])
  optimizer: sgd(lr: 0.01)
  lr: multistep(gamma: 0.1, at: [20, 10])
  epochs: 1
}
)",
     R"(
m.net:6:23: error: the mean must be a number, [red, green, blue], pixel or channel, not `[1, 2, 3, 4]`
    data: cifar10(mean: [1, 2, 3, 4])
                        ^
  help: `mean: pixel` subtracts the mean of the training images
m.net:8:33: error: `multistep` argument `at` must list iterations in rising order
    lr: multistep(gamma: 0.1, at: [20, 10])
                                  ^
  help: for example `at: [4000, 5000]`
)"},
    {"updates_of_too_many_images", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  lr: on_plateau(factor: 2, patience: -1)
  batch: 1024
  accumulate: 1025
  epochs: 1
}
)",
     R"(
m.net:5:1: error: an update would take 1049600 images, more than 1048576
  train {
  ^
  help: lower `batch` or `accumulate`
m.net:7:26: error: `on_plateau` argument `factor` must be between 0 and 1, not 2
    lr: on_plateau(factor: 2, patience: -1)
                           ^
m.net:7:39: error: `on_plateau` argument `patience` must be between 0 and 1000000000, not -1
    lr: on_plateau(factor: 2, patience: -1)
                                        ^
)"},
};
INSTANTIATE_TEST_SUITE_P(Recipe, RecipeErrors, testing::ValuesIn(cases),
                         [](const auto &info) { return info.param.name; });

} // namespace
