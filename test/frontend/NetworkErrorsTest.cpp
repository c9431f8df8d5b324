// Mistakes in the meaning of a network, word by word: place, message and
// remedy.
#include "Diagnose.h"

using namespace fovea;

namespace {

class NetworkErrors : public testing::TestWithParam<ErrorCase> {};

TEST_P(NetworkErrors, AreToldWithPlaceAndRemedy) {
  EXPECT_EQ(diagnose(GetParam().text), std::string(GetParam().expected).substr(1));
}

// Both texts start after a line end that is not theirs, so that they stand in
// the source as they are printed.
const ErrorCase cases[] = {
    {"second_input", R"(
network N {
  input x: f32[8]
  input y: f32[8]
  output z = x -> relu
}
)",
     R"(
m.net:3:9: error: a second input `y`
    input y: f32[8]
          ^
  help: a network has one input
)"},
    {"extent_is_zero", R"(
network N {
  input x: f32[1, 0, 8]
  output z = x -> relu
}
)",
     R"(
m.net:2:19: error: an extent must be a whole number between 1 and 1048576, not `0`
    input x: f32[1, 0, 8]
                    ^
)"},
    {"extent_is_a_fraction", R"(
network N {
  input x: f32[1, 2.5, 8]
  output z = x -> relu
}
)",
     R"(
m.net:2:19: error: an extent must be a whole number between 1 and 1048576, not `2.5`
    input x: f32[1, 2.5, 8]
                    ^
)"},
    {"input_of_two_extents", R"(
network N {
  input x: f32[8, 8]
  output z = x -> relu
}
)",
     R"(
m.net:2:12: error: the input must have the shape [channels, height, width] or [values]
    input x: f32[8, 8]
             ^
  help: a grey 28x28 image is `f32[1, 28, 28]`
)"},
    {"second_output", R"(
network N {
  input x: f32[1, 8, 8]
  output y = x -> relu
  output z = x -> dense(10)
}
)",
     R"(
m.net:4:10: error: a second output `z`
    output z = x -> dense(10)
           ^
  help: a network has one output
)"},
    {"unknown_output", R"(
network N {
  input x: f32[1, 8, 8]
  yy = x -> relu
  output yz
}
)",
     R"(
m.net:4:10: error: unknown layer `yz`
    output yz
           ^
  help: did you mean `yy`?
)"},
    {"nothing_near", R"(
network N {
  input x: f32[1, 8, 8]
  a = elsewhere -> relu
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:7: error: unknown layer `elsewhere`
    a = elsewhere -> relu
        ^
)"},
    {"operation_unlike_any", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> transformer(8)
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:12: error: unknown operation `transformer`
    a = x -> transformer(8)
             ^
  help: known are: conv, dense, max_pool, avg_pool, subsample, relu, tanh, sigmoid, softmax, flatten, add, concat, rbf, lrn, dropout, global_avg_pool, batch_norm, local, leaky_relu, channel_shuffle
)"},
    {"unknown_operation_without_input", R"(
network N {
  input x: f32[1, 8, 8]
  a = cnov(3)
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:7: error: unknown operation `cnov`
    a = cnov(3)
        ^
  help: did you mean `conv`?
)"},
    {"number_as_a_layer", R"(
network N {
  input x: f32[1, 8, 8]
  a = 3
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:7: error: expected a layer, found `3`
    a = 3
        ^
  help: write `source -> operation(...)`
)"},
    {"list_as_a_layer", R"(
network N {
  input x: f32[1, 8, 8]
  a = [x] -> relu
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:7: error: expected a layer, found `[x]`
    a = [x] -> relu
        ^
  help: write `source -> operation(...)`
)"},
    {"local_of_a_list", R"(
network N {
  input x: f32[64]
  a = x -> local(3, kernel: 3)
  output z = a -> dense(10)
}
)",
     R"(
m.net:3:12: error: `local` needs an image [channels, height, width]; its input has the shape [64]
    a = x -> local(3, kernel: 3)
             ^
  help: use it before `flatten` and `dense`
)"},
    {"global_avg_pool_of_a_list", R"(
network N {
  input x: f32[64]
  a = x -> global_avg_pool
  output b = a -> dense(3)
}
)",
     R"(
m.net:3:12: error: `global_avg_pool` needs an image [channels, height, width]; its input has the shape [64]
    a = x -> global_avg_pool
             ^
  help: use it before `flatten` and `dense`
)"},
    {"groups_of_filters", R"(
network N {
  input x: f32[4, 8, 8]
  output a = x -> conv(3, kernel: 1, groups: 2)
}
)",
     R"(
m.net:3:46: error: the 3 filters do not divide into 2 groups
    output a = x -> conv(3, kernel: 1, groups: 2)
                                               ^
  help: choose a number of groups that divides input channels and filters
)"},
    {"groups_and_connections", R"(
network N {
  input x: f32[2, 8, 8]
  output a = x -> conv(2, kernel: 1, groups: 2, connections: [[0], [1]])
}
)",
     R"(
m.net:3:62: error: `conv` takes groups or connections, not both
    output a = x -> conv(2, kernel: 1, groups: 2, connections: [[0], [1]])
                                                               ^
  help: list the connections of all filters, or leave them to the groups
)"},
    {"argument_of_an_operation_without", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> sigmoid(slope: 1)
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:20: error: `sigmoid` has no argument `slope`
    a = x -> sigmoid(slope: 1)
                     ^
  help: it takes no arguments
)"},
    {"argument_unlike_any", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> dense(3, activation: 1)
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:21: error: `dense` has no argument `activation`
    a = x -> dense(3, activation: 1)
                      ^
  help: its arguments are: outputs, bias, init, lr, decay, bias_lr, bias_decay
)"},
    {"divisor", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> avg_pool(2, divisor: all)
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:33: error: `avg_pool` argument `divisor` must be one of padded, valid, one, not `all`
    a = x -> avg_pool(2, divisor: all)
                                  ^
)"},
    {"padding_wider_than_average_window", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> avg_pool([3, 2], pad: [0, 0, 0, 2])
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:34: error: `avg_pool` pads by 2, but its window is only 2 wide
    a = x -> avg_pool([3, 2], pad: [0, 0, 0, 2])
                                   ^
  help: a window must touch the input: pad by less than its size
)"},
    {"max_pool_of_too_many_elements", R"(
network N {
  input x: f32[1, 32, 32]
  a = x -> max_pool(17)
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:21: error: a `max_pool` window of 17x17 has more than 256 elements
    a = x -> max_pool(17)
                      ^
  help: pool in two steps
)"},
    {"pool_larger_than_its_input", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> max_pool([2, 9])
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:12: error: the 2x9 kernel is larger than its input 1x8x8
    a = x -> max_pool([2, 9])
             ^
  help: make the kernel smaller, or pad the input
)"},
    {"subsample_larger_than_its_input", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> subsample(9)
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:12: error: the 9x9 kernel is larger than its input 1x8x8
    a = x -> subsample(9)
             ^
  help: make the kernel smaller, or pad the input
)"},
    {"pool_of_values", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> flatten -> avg_pool(2)
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:23: error: `avg_pool` needs an image [channels, height, width]; its input has the shape [64]
    a = x -> flatten -> avg_pool(2)
                        ^
  help: use it before `flatten` and `dense`
)"},
    {"connections_row", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> conv(2, kernel: 1, connections: [[0], []])
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:50: error: filter 1 needs a list of the inputs that it sees
    a = x -> conv(2, kernel: 1, connections: [[0], []])
                                                   ^
)"},
    {"parameter_too_large", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> dense(1048576) -> relu
  b = a -> dense(1048576)
  output z = x -> dense(10)
}
)",
     R"(
m.net:4:12: error: the parameter `b.weight` of shape 1048576x1048576 has more than 268435456 elements
    b = a -> dense(1048576)
             ^
  help: make it smaller
)"},
    {"concat_argument", R"(
network N {
  input x: f32[1, 8, 8]
  a = concat(x, x, axis: 1)
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:20: error: `concat` has no argument `axis`
    a = concat(x, x, axis: 1)
                     ^
  help: it takes layers: `concat(a, b)`
)"},
    {"rbf_centers_missing", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> dense(84)
  b = a -> rbf
  output z = x -> dense(10)
}
)",
     R"(
m.net:4:12: error: `rbf` is missing its argument `centers`
    b = a -> rbf
             ^
  help: write `rbf(digits)`
)"},
    {"rbf_centers_unknown", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> dense(84)
  b = a -> rbf(letters)
  output z = x -> dense(10)
}
)",
     R"(
m.net:4:16: error: `rbf` argument `centers` must be one of digits, not `letters`
    b = a -> rbf(letters)
                 ^
)"},
    {"tanh_amplitude", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> tanh(amplitude: 0)
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:28: error: `tanh` argument `amplitude` must not be 0
    a = x -> tanh(amplitude: 0)
                             ^
)"},
    {"init_argument_missing", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> dense(3, init: gaussian)
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:27: error: `gaussian` is missing its argument `std`
    a = x -> dense(3, init: gaussian)
                            ^
  help: write `gaussian(std: ...)`
)"},
    {"init_is_no_name", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> dense(3, init: 0.1)
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:27: error: unknown initialisation `0.1`
    a = x -> dense(3, init: 0.1)
                            ^
  help: known are: xavier, he, gaussian, constant, uniform_fan_in
)"},
    {"auxiliary_in_a_block", R"(
block b(x) {
  auxiliary y = x -> dense(10)
  output z = x -> dense(10)
}
network N {
  input x: f32[1, 8, 8]
  output z = x -> b
}
)",
     R"(
m.net:2:3: error: a block has no auxiliary classifier
    auxiliary y = x -> dense(10)
    ^
  help: write it in the network, with the block's result
)"},
    {"auxiliary_of_other_classes", R"(
network N {
  input x: f32[1, 8, 8]
  auxiliary a = x -> dense(3)
  output z = x -> dense(10)
}
train {
  loss: rbf_map(j: 1)
  optimizer: sgd(lr: 0.1)
  epochs: 1
}
)",
     R"(
m.net:3:22: error: an auxiliary classifier must give what the output gives, a score for each class; it gives 3, the output 10
    auxiliary a = x -> dense(3)
                       ^
  help: end it with `-> dense(classes)`
m.net:3:22: error: auxiliary classifiers are trained with softmax_cross_entropy only
    auxiliary a = x -> dense(3)
                       ^
  help: write `loss: softmax_cross_entropy`
)"},
};
INSTANTIATE_TEST_SUITE_P(Network, NetworkErrors, testing::ValuesIn(cases),
                         [](const auto &info) { return info.param.name; });

} // namespace
