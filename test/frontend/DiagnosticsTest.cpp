// Every error of a model file, word by word: place, message and remedy.
#include "frontend/Frontend.h"

#include <gtest/gtest.h>

using namespace fovea;

namespace {

struct Case {
  const char *name, *text, *expected;
};

std::string diagnose(const std::string &text) {
  Source source{"m.net", text};
  Diagnostics diagnostics(source);
  loadModel(source, diagnostics);
  return diagnostics.print();
}

/// A network whose third line is given, with an output that is right; columns count from the line's start.
std::string network(const std::string &line) {
  return "network N {\n  input x: f32[1, 8, 8]\n" + line + "\n  output z = x -> dense(10)\n}\n";
}

class Errors : public testing::TestWithParam<Case> {};

TEST_P(Errors, AreToldWithPlaceAndRemedy) { EXPECT_EQ(diagnose(GetParam().text), GetParam().expected); }

const Case cases[] = {
    {"empty", "",
     "m.net:1:1: error: expected `network NAME {`, found the end of the file\n  \n  ^\n"
     "  help: a model file starts with `network LeNet {`\n"},
    {"no_input", "network N {\n  output z = x -> dense(1)\n}\n",
     "m.net:1:9: error: the network has no input\n  network N {\n          ^\n"
     "  help: add `input image: f32[channels, height, width]`\n"
     "m.net:2:14: error: unknown layer `x`\n    output z = x -> dense(1)\n               ^\n"},
    {"no_output", "network N {\n  input x: f32[1, 8, 8]\n  a = x -> relu\n}\n",
     "m.net:1:9: error: the network has no output\n  network N {\n          ^\n"
     "  help: mark its last layer: `output name = ...`\n"},
    {"unused", "network N {\n  input x: f32[1, 8, 8]\n  a = x -> relu\n  output z = x -> dense(10)\n}\n",
     "m.net:3:3: warning: `a` is used by nothing\n    a = x -> relu\n    ^\n"
     "  help: remove it, or mark it as the output\n"},
    {"element_type", "network N {\n  input x: f64[1, 8, 8]\n  output z = x -> dense(1)\n}\n",
     "m.net:2:12: error: unknown element type `f64`\n    input x: f64[1, 8, 8]\n             ^\n  help: write `f32`\n"},
    {"character", "network N {\n  input x: f32[1, 8, 8]\n  output z = x -> dense(1) ;\n}\n",
     "m.net:3:28: error: ';' belongs to no word of the language\n    output z = x -> dense(1) ;\n"
     "                             ^\n  help: comments start with #\n"},
    {"train_without_optimizer",
     "network N {\n  input x: f32[1, 8, 8]\n  output z = x -> dense(10)\n}\ntrain {\n  epochs: 1\n}\n",
     "m.net:5:1: error: the train block has no optimizer\n  train {\n  ^\n"
     "  help: add `optimizer: sgd(lr: 0.01, momentum: 0.9)`\n"},
    {"unknown_setting",
     "network N {\n  input x: f32[1, 8, 8]\n  output z = x -> dense(10)\n}\ntrain {\n  epochs: 1\n  bacth: 3\n"
     "  optimizer: sgd(lr: 1)\n}\n",
     "m.net:7:3: error: unknown setting `bacth`\n    bacth: 3\n    ^\n  help: did you mean `batch`?\n"},
    {"loss_of_an_image",
     "network N {\n  input x: f32[1, 8, 8]\n  output z = x -> relu\n}\ntrain {\n  epochs: 1\n"
     "  optimizer: sgd(lr: 1)\n}\n",
     "m.net:3:10: error: training needs one score for each class; the output is 1x8x8\n    output z = x -> relu\n"
     "           ^\n  help: end the network with `-> dense(classes)`\n"},
};
INSTANTIATE_TEST_SUITE_P(File, Errors, testing::ValuesIn(cases), [](const auto &info) { return info.param.name; });

struct LineCase {
  const char *name, *line;
  int column;
  const char *message, *help;
};

class LineErrors : public testing::TestWithParam<LineCase> {};

TEST_P(LineErrors, AreToldWithPlaceAndRemedy) {
  const LineCase &c = GetParam();
  std::string expected = "m.net:3:" + std::to_string(c.column) + ": error: " + c.message + "\n  " + c.line + "\n  " +
                         std::string(size_t(c.column - 1), ' ') + "^\n";
  if (*c.help)
    expected += std::string("  help: ") + c.help + "\n";
  EXPECT_EQ(diagnose(network(c.line)), expected);
}

const LineCase lineCases[] = {
    {"unknown_operation", "  a = x -> cnov(3, kernel: 3)", 12, "unknown operation `cnov`", "did you mean `conv`?"},
    {"drop_all", "  a = x -> dropout(1)", 20, "`dropout` with `p` 1 would drop everything",
     "the papers have `dropout(0.5)`"},
    {"drop_range", "  a = x -> dropout(1.5)", 20, "`dropout` argument `p` must be between 0 and 1, not 1.5", ""},
    {"lrn_k", "  a = x -> lrn(size: 5, alpha: 1, beta: 1, k: 0)", 47, "`lrn` argument `k` must be positive, not 0",
     "the paper has `k: 2`, Caffe `k: 1`"},
    {"lrn_region", "  a = x -> lrn(size: 5, alpha: 1, beta: 1, region: around)", 52,
     "`lrn` argument `region` must be one of across, within, not `around`", ""},
    {"lrn_flat", "  a = x -> flatten -> lrn(size: 5, alpha: 1, beta: 1)", 23,
     "`lrn` needs an image [channels, height, width]; its input has the shape [64]",
     "use it before `flatten` and `dense`"},
    {"relu_max", "  a = x -> relu(max: 0)", 22, "`relu` argument `max` must be positive, not 0",
     "mobile networks have 6"},
    {"leaky_slope", "  a = x -> leaky_relu(slope: 1)", 30, "`leaky_relu` argument `slope` must be below 1, not 1", ""},
    {"shuffle_groups", "  a = x -> conv(12, kernel: 1) -> channel_shuffle(5)", 51,
     "the 12 channels do not divide into 5 groups", "the groups are those of the convolution before it"},
    {"norm_epsilon", "  a = x -> batch_norm(epsilon: 0)", 32, "`batch_norm` argument `epsilon` must be positive, not 0",
     "it keeps a channel that is constant from being divided by zero; PyTorch has 1e-5"},
    {"norm_momentum", "  a = x -> batch_norm(momentum: 2)", 33,
     "`batch_norm` argument `momentum` must be between 0 and 1, not 2", ""},
    {"norm_in_a_chain", "  a = x -> conv(3, kernel: 3) -> batch_norm", 34,
     "`a` already has parameters; `batch_norm` would give it more", "give `batch_norm` a line and a name of its own"},
    {"unknown_layer", "  a = y -> relu", 7, "unknown layer `y`", "did you mean `x`?"},
    {"used_early", "  a = z -> relu", 7, "`z` is used before it is defined", "move its line up"},
    {"missing", "  a = x -> conv(3)", 12, "`conv` is missing its argument `kernel`", "write `conv(kernel: ...)`"},
    {"repeated", "  a = x -> conv(3, kernel: 3, kernel: 5)", 31, "`conv` is given `kernel` twice",
     "remove one of them"},
    {"unknown_argument", "  a = x -> conv(3, kernel: 3, bais: 1)", 31, "`conv` has no argument `bais`",
     "did you mean `bias`?"},
    {"too_many", "  a = x -> dense(3, 4)", 21, "`dense` takes no further argument without a name",
     "its arguments are: outputs, bias, init, lr, decay, bias_lr, bias_decay"},
    {"no_arguments", "  a = x -> sigmoid(3)", 20, "`sigmoid` takes no argument without a name", "write `sigmoid`"},
    {"no_positional_arguments", "  a = x -> relu(3)", 17, "`relu` takes no argument without a name",
     "its arguments are: max"},
    {"not_whole", "  a = x -> conv(2.5, kernel: 3)", 17, "`conv` argument `filters` must be a whole number, not `2.5`",
     ""},
    {"zero", "  a = x -> conv(0, kernel: 3)", 17, "`conv` argument `filters` must be between 1 and 1048576, not 0", ""},
    {"negative", "  a = x -> conv(1, kernel: 3, stride: -1)", 39,
     "`conv` argument `stride` must be between 1 and 1048576, not -1", ""},
    {"pair", "  a = x -> conv(1, kernel: [3, 3, 3])", 28,
     "`conv` argument `kernel` must be a number or [height, width], not `[3, 3, 3]`", ""},
    {"pad", "  a = x -> conv(1, kernel: 3, pad: [1, 2, 3])", 36,
     "`conv` argument `pad` must be a number, [height, width] or [top, left, bottom, right], not `[1, 2, 3]`", ""},
    {"not_a_number", "  a = x -> tanh(slope: steep)", 24, "`tanh` argument `slope` must be a number, not `steep`", ""},
    {"flag", "  a = x -> max_pool(2, ceil: yes)", 30,
     "`max_pool` argument `ceil` must be one of true, false, not `yes`", ""},
    {"kernel_too_large", "  a = x -> conv(1, kernel: 9)", 12, "the 9x9 kernel is larger than its input 1x8x8",
     "make the kernel smaller, or pad the input"},
    {"kernel_too_large_padded", "  a = x -> conv(1, kernel: 13, pad: 2)", 12,
     "the 13x13 kernel is larger than its input 1x8x8 with its padding", "make the kernel smaller, or pad the input"},
    {"pool_padding", "  a = x -> max_pool(2, pad: 2)", 29, "`max_pool` pads by 2, but its window is only 2 wide",
     "a window must touch the input: pad by less than its size"},
    {"add_shapes", "  a = add(x, x -> conv(2, kernel: 3))", 14, "`add` cannot join the shapes 1x8x8 and 2x6x6",
     "its inputs must have the same shape"},
    {"concat_shapes", "  a = concat(x, x -> flatten)", 17, "`concat` cannot join the shapes 1x8x8 and 64",
     "its inputs may differ in their channels only"},
    {"add_one", "  a = add(x)", 7, "`add` needs at least two layers", "write `add(a, b)`"},
    {"flat_conv", "  a = x -> flatten -> conv(2, kernel: 1)", 23,
     "`conv` needs an image [channels, height, width]; its input has the shape [64]",
     "use it before `flatten` and `dense`"},
    {"two_parameters", "  a = x -> dense(2) -> dense(3)", 24, "`a` already has parameters; `dense` would give it more",
     "give `dense(3)` a line and a name of its own"},
    {"twice", "  x = x -> relu", 3, "`x` is defined twice", "give this one another name"},
    {"groups", "  a = x -> conv(2, kernel: 1, groups: 2)", 39, "the 1 input channels do not divide into 2 groups",
     "choose a number of groups that divides input channels and filters"},
    {"dilated_kernel", "  a = x -> conv(1, kernel: 3, dilation: 4)", 12,
     "the 3x3 kernel with its dilation is larger than its input 1x8x8", "make the kernel smaller, or pad the input"},
    {"connections_count", "  a = x -> conv(2, kernel: 1, connections: [[0]])", 44,
     "`conv` argument `connections` must list the inputs of each of the 2 filters",
     "for two filters: `[[0, 1], [1, 2]]`"},
    {"connections_input", "  a = x -> conv(1, kernel: 1, connections: [[1]])", 46,
     "`1` is no input of this convolution, whose inputs are 0 to 0", ""},
    {"connections_twice", "  a = x -> conv(1, kernel: 1, connections: [[0, 0]])", 49,
     "filter 0 lists the input 0 twice", "remove one of them"},
    {"connections_too_many_elements", "  a = x -> conv(1, kernel: 1000000, pad: 1000000, connections: [[0]])", 12,
     "the parameter `a.weight` of shape 1x1x1000000x1000000 has more than 268435456 elements", "make it smaller"},
    {"init_range", "  a = x -> dense(2, init: gaussian(-1))", 36,
     "`gaussian` argument `std` must be at least 0, not -1", ""},
    {"init", "  a = x -> dense(2, init: gausian(1))", 27, "unknown initialisation `gausian`",
     "did you mean `gaussian`?"},
    {"bias", "  a = x -> dense(2, bias: maybe)", 27,
     "`dense` argument `bias` must be an initial value or none, not `maybe`", ""},
    {"rbf_input", "  a = x -> rbf(digits)", 12,
     "`rbf(digits)` compares 7x12 bitmaps and needs an input of the shape [84]; it has [1x8x8]",
     "put `dense(84)` before it"},
    {"no_source", "  a = conv(3, kernel: 3)", 7, "`conv` has no input", "write `source -> conv(3, kernel: 3)`"},
    {"huge", "  a = x -> dense(1000000)  -> flatten -> relu -> add(x, x)", 54,
     "`add` cannot join the shapes 1000000 and 1x8x8", "its inputs must have the same shape"},
    {"too_many_elements", "  a = x -> conv(1000000, kernel: [1, 1], pad: 1000)", 12,
     "a result of shape 1000000x2008x2008 has more than 268435456 elements", "make it smaller"},
};
INSTANTIATE_TEST_SUITE_P(Line, LineErrors, testing::ValuesIn(lineCases),
                         [](const auto &info) { return info.param.name; });

TEST(Diagnostics, ReportsEveryErrorOfAFile) {
  const std::string text = diagnose("network N {\n  input x: f32[1, 8, 8]\n  a = x -> conv(\n  b = x -> rleu\n"
                                    "  c = q -> relu\n  output z = b -> dense(10)\n}\n");
  EXPECT_NE(text.find("m.net:4:"), std::string::npos) << text;
  EXPECT_NE(text.find("unknown operation `rleu`"), std::string::npos) << text;
  EXPECT_NE(text.find("unknown layer `q`"), std::string::npos) << text;
}

TEST(Diagnostics, ReportsEveryArgumentOfACall) {
  const std::string text = diagnose(network("  a = x -> conv(0, kernel: 3, bias: maybe, init: nope)"));
  for (const char *part : {"`filters` must be between", "`bias` must be an initial value", "initialisation `nope`"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(Diagnostics, BoundsTheRecipesNumbers) {
  const std::string text = diagnose(
      "network N {\n  input x: f32[4]\n  output z = x -> dense(10)\n}\ntrain {\n  epochs: 1\n"
      "  optimizer: sgd(lr: -1, momentum: 1.5, weight_decay: -3)\n  loss: rbf_map(j: -5)\n  lr: poly(power: -4)\n}\n");
  EXPECT_EQ(text, "m.net:7:22: error: `sgd` argument `lr` must be at least 0, not -1\n"
                  "    optimizer: sgd(lr: -1, momentum: 1.5, weight_decay: -3)\n                       ^\n"
                  "m.net:7:36: error: `sgd` argument `momentum` must be between 0 and 1, not 1.5\n"
                  "    optimizer: sgd(lr: -1, momentum: 1.5, weight_decay: -3)\n"
                  "                                     ^\n"
                  "m.net:7:55: error: `sgd` argument `weight_decay` must be at least 0, not -3\n"
                  "    optimizer: sgd(lr: -1, momentum: 1.5, weight_decay: -3)\n"
                  "                                                        ^\n"
                  "m.net:8:20: error: `rbf_map` argument `j` must be at least 0, not -5\n"
                  "    loss: rbf_map(j: -5)\n                     ^\n"
                  "m.net:9:19: error: `poly` argument `power` must be at least 0, not -4\n"
                  "    lr: poly(power: -4)\n                    ^\n");
}

TEST(Diagnostics, BoundsNesting) {
  const std::string text = diagnose("network N {\n  input x: f32[1]\n  a = " + std::string(100000, '(') + "\n}");
  EXPECT_NE(text.find("nested too deeply"), std::string::npos);
}

} // namespace
