// Mistakes in the writing of a model file, word by word: place, message and
// remedy.
#include "Diagnose.h"

using namespace fovea;

namespace {

class SyntaxErrors : public testing::TestWithParam<ErrorCase> {};

TEST_P(SyntaxErrors, AreToldWithPlaceAndRemedy) {
  EXPECT_EQ(diagnose(GetParam().text), std::string(GetParam().expected).substr(1));
}

// Both texts start after a line end that is not theirs, so that they stand in
// the source as they are printed.
const ErrorCase cases[] = {
    {"network_without_a_name", R"(
network {
  input x: f32[8]
  output z = x -> relu
}
)",
     R"(
m.net:1:9: error: expected the network's name, found `{`
  network {
          ^
)"},
    {"network_without_a_brace", R"(
network N
  input x: f32[8]
  output z = x -> relu
}
)",
     R"(
m.net:2:3: error: expected `{`, found `input`
    input x: f32[8]
    ^
  help: write `network N {`
)"},
    {"network_not_closed", R"(
network N {
  input x: f32[8]
  output z = x -> relu
)",
     R"(
m.net:4:1: error: expected `}`, found the end of the file
  
  ^
  help: the network's block is not closed
)"},
    {"second_network", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
network M {
}
)",
     R"(
m.net:5:1: error: a second network
  network M {
  ^
  help: put each network into a file of its own
)"},
    {"word_after_the_network", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
trian {
}
)",
     R"(
m.net:5:1: error: expected `train {` or the end of the file, found `trian`
  trian {
  ^
)"},
    {"block_without_parameters", R"(
block b {
  output y = x -> relu
}
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
)",
     R"(
m.net:1:9: error: expected `(`, found `{`
  block b {
          ^
  help: write `block name(x, width = 64) {`
)"},
    {"block_inside_the_network", R"(
network N {
  input x: f32[1, 8, 8]
  block b(v) {
    output y = v -> relu
  }
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:3: error: a block stands before the network, not inside
    block b(v) {
    ^
  help: move it above `network`
)"},
    {"block_with_an_input", R"(
block b(v) {
  input x: f32[1, 8, 8]
  output y = v -> relu
}
network N {
  input x: f32[1, 8, 8]
  output z = x -> b -> dense(10)
}
)",
     R"(
m.net:2:3: error: a block has no `input`
    input x: f32[1, 8, 8]
    ^
  help: name it as a parameter: `block name(x) {`
)"},
    {"block_not_closed", R"(
block b(v, n = 3 {
  output y = v -> relu
}
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
)",
     R"(
m.net:1:18: error: expected `)`, found `{`
  block b(v, n = 3 {
                   ^
  help: the parameters of `b` are not closed
)"},
    {"second_train_block", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
}
train {
}
)",
     R"(
m.net:9:1: error: a second train block
  train {
  ^
  help: put all settings into one
)"},
    {"train_without_a_brace", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train
  optimizer: sgd(lr: 0.01)
  epochs: 1
}
)",
     R"(
m.net:6:3: error: expected `{`, found `optimizer`
    optimizer: sgd(lr: 0.01)
    ^
  help: write `train {`
)"},
    {"train_not_closed", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 1
)",
     R"(
m.net:8:1: error: expected `}`, found the end of the file
  
  ^
  help: the train block is not closed
)"},
    {"setting_without_a_name", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  64
  optimizer: sgd(lr: 0.01)
  epochs: 1
}
)",
     R"(
m.net:6:3: error: expected a setting: `batch: 64`, found `64`
    64
    ^
)"},
    {"setting_without_a_colon", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  batch = 64
  optimizer: sgd(lr: 0.01)
  epochs: 1
}
)",
     R"(
m.net:6:9: error: expected `:`, found `=`
    batch = 64
          ^
  help: a setting is written `batch: value`
)"},
    {"layer_without_a_name", R"(
network N {
  input x: f32[1, 8, 8]
  = x -> relu
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:3: error: expected a layer: `name = source -> operation(...)`, found `=`
    = x -> relu
    ^
)"},
    {"layer_without_a_value", R"(
network N {
  input x: f32[1, 8, 8]
  a x -> relu
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:5: error: expected `=`, found `x`
    a x -> relu
      ^
  help: a layer is written `a = source -> operation(...)`
)"},
    {"step_is_no_operation", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> 3
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:12: error: expected an operation after `->`, found `3`
    a = x -> 3
             ^
  help: a layer is written `name = source -> operation(...)`
)"},
    {"value_is_missing", R"(
network N {
  input x: f32[1, 8, 8]
  a =
  }
)",
     R"(
m.net:4:3: error: expected a name, a number, `[` or `(`, found `}`
    }
    ^
)"},
    {"number_too_large", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> dense(1e999)
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:18: error: `1e999` is not a number that can be held
    a = x -> dense(1e999)
                   ^
)"},
    {"parenthesis_not_closed", R"(
network N {
  input x: f32[1, 8, 8]
  a = (x -> relu ]
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:18: error: expected `)`, found `]`
    a = (x -> relu ]
                   ^
  help: the parenthesis is not closed
)"},
    {"arguments_not_closed", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> dense(3
  output z = x -> dense(10)
}
)",
     R"(
m.net:4:3: error: expected `)`, found `output`
    output z = x -> dense(10)
    ^
  help: the arguments of `dense` are not closed
)"},
    {"list_not_closed", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> max_pool([2, 2)
  output z = x -> dense(10)
}
)",
     R"(
m.net:3:26: error: expected `]`, found `)`
    a = x -> max_pool([2, 2)
                           ^
  help: the list is not closed
)"},
};
INSTANTIATE_TEST_SUITE_P(Text, SyntaxErrors, testing::ValuesIn(cases),
                         [](const auto &info) { return info.param.name; });

} // namespace
