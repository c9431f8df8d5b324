// Every mistake is told in the first run, and nothing that merely follows from another.
#include "Diagnose.h"

using namespace fovea;

namespace {

class AllAtOnce : public testing::TestWithParam<ErrorCase> {};

TEST_P(AllAtOnce, AreTold) { EXPECT_EQ(diagnose(GetParam().text), std::string(GetParam().expected).substr(1)); }

const ErrorCase cases[] = {
    {"two_missing_arguments", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> conv
}
)",
     R"(
m.net:3:19: error: `conv` is missing its argument `filters`
    output z = x -> conv
                    ^
  help: write `conv(filters: ...)`
m.net:3:19: error: `conv` is missing its argument `kernel`
    output z = x -> conv
                    ^
  help: write `conv(kernel: ...)`
)"},
    {"empty_recipe", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
}
)",
     R"(
m.net:5:1: error: the train block has no optimizer
  train {
  ^
  help: add `optimizer: sgd(lr: 0.01, momentum: 0.9)`
m.net:5:1: error: the train block does not say how long to train
  train {
  ^
  help: add `epochs: 10` or `iterations: 10000`
)"},
    {"no_output_beside_another", R"(
network N {
  input x: f32[1, 8, 8]
  a = x -> rleu
}
)",
     R"(
m.net:1:9: error: the network has no output
  network N {
          ^
  help: mark its last layer: `output name = ...`
m.net:3:12: error: unknown operation `rleu`
    a = x -> rleu
             ^
  help: did you mean `relu`?
)"},
    {"unread_setting_is_not_missing", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01
  epochs: 1
}
)",
     R"(
m.net:7:3: error: expected `)`, found `epochs`
    epochs: 1
    ^
  help: the arguments of `sgd` are not closed
)"},
    {"unread_input_is_known", R"(
network N {
  input x: f32[8
  output z = x -> relu
}
)",
     R"(
m.net:3:3: error: expected `]`, found `output`
    output z = x -> relu
    ^
  help: the list is not closed
)"},
    {"input_without_a_type_is_known", R"(
network N {
  input x
  output z = x -> conv(3, kernel: 9)
}
)",
     R"(
m.net:3:3: error: expected `:`, found `output`
    output z = x -> conv(3, kernel: 9)
    ^
  help: write `input x: f32[channels, height, width]`
)"},
    {"epochs_too_many", R"(
network N {
  input x: f32[1, 8, 8]
  output z = x -> dense(10)
}
train {
  optimizer: sgd(lr: 0.01)
  epochs: 2000000000
}
)",
     R"(
m.net:7:11: error: `epochs` must be a whole number between 1 and 1000000000, not `2000000000`
    epochs: 2000000000
            ^
)"},
};
INSTANTIATE_TEST_SUITE_P(Mistakes, AllAtOnce, testing::ValuesIn(cases),
                         [](const auto &info) { return info.param.name; });

} // namespace
