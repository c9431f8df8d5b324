// Blocks: what they are written out to, and what is told when they are wrong.
#include "frontend/Frontend.h"

#include <gtest/gtest.h>

using namespace fovea;

namespace {

const std::string blocks = R"(block unit(x, n, k = 3, act = none) {
  a = x -> conv(n, kernel: k, pad: 1) -> relu
  output b = a -> conv(n, kernel: 1, bias: act)
}
block pair(x, n) {
  p = x -> unit(n)
  output q = concat(p, unit(x, n: 4, k: [3, 3]))
}
)";

std::string network(const std::string &lines) {
  return blocks + "network N {\n  input x: f32[3, 8, 8]\n" + lines + "}\n";
}

Graph load(const std::string &text) {
  Source source{"m.net", text};
  Diagnostics diagnostics(source);
  auto graph = loadModel(source, diagnostics);
  EXPECT_TRUE(graph) << diagnostics.print();
  return graph ? *graph : Graph{};
}

std::string problem(const std::string &text) {
  Source source{"m.net", text};
  Diagnostics diagnostics(source);
  EXPECT_FALSE(loadModel(source, diagnostics));
  return diagnostics.print();
}

TEST(Blocks, PrefixTheirParametersWithTheCallersName) {
  const Graph graph = load(network("  s = x -> unit(8)\n  output t = pair(s, 6)\n"));
  std::vector<std::string> names;
  for (const GraphParameter &parameter : graph.parameters)
    names.push_back(parameter.name);
  EXPECT_EQ(names, (std::vector<std::string>{"s.a.weight", "s.a.bias", "s.b.weight", "t.p.a.weight", "t.p.a.bias",
                                             "t.p.b.weight", "t.q.a.weight", "t.q.a.bias", "t.q.b.weight"}));
  EXPECT_EQ(graph.parameters[7].shape, (std::vector<int64_t>{4}));
  EXPECT_EQ(graph.nodes[graph.output].shape, (std::vector<int64_t>{10, 8, 8}));
}

TEST(Blocks, AreCountedOnceInTheRowsOfTheirLayers) {
  const Graph graph = load(network("  output s = x -> unit(8) -> relu\n"));
  ASSERT_EQ(graph.layers.size(), 3u);
  EXPECT_EQ(graph.layers[0].name, "s.a");
  EXPECT_EQ(graph.layers[0].parameters, 8 * 27 + 8);
  EXPECT_EQ(graph.layers[1].parameters, 64);
  EXPECT_EQ(graph.layers[2].name, "s");
  EXPECT_EQ(graph.layers[2].parameters, 0);
}

TEST(Blocks, PrintToTheSameText) {
  Source source{"m.net", network("  output s = x -> unit(8, act: 0.5)\n")};
  Diagnostics diagnostics(source);
  const auto once = printModel(source, diagnostics);
  ASSERT_TRUE(once);
  EXPECT_NE(once->find("block unit(x, n, k = 3, act = none) {"), std::string::npos);
  Source again{"m.net", *once};
  EXPECT_EQ(printModel(again, diagnostics), once);
}

struct Case {
  const char *name, *lines, *expected;
};

class BlockErrors : public testing::TestWithParam<Case> {};

TEST_P(BlockErrors, AreTold) {
  const std::string told = problem(network(GetParam().lines));
  EXPECT_NE(told.find(GetParam().expected), std::string::npos) << told;
}

const Case cases[] = {
    {"missing", "  output s = x -> unit\n",
     "error: `unit` is missing its argument `n`\n    output s = x -> unit\n                    ^\n"
     "  help: it is declared as `block unit(x, n, k = 3, act = none)`\n"},
    {"unknown", "  output s = x -> unit(8, width: 3)\n", "error: `unit` has no parameter `width`\n"},
    {"twice", "  output s = x -> unit(8, n: 3)\n", "error: `unit` is given `n` twice\n"},
    {"piped_twice", "  output s = x -> unit(8, x: x)\n", "error: `unit` is given `x` twice\n"},
    {"too_many", "  output s = x -> unit(8, 3, 0, 1)\n", "error: `unit` takes only 4 arguments\n"},
    {"not_a_layer", "  output s = unit(7, 3)\n", "error: expected a layer, found `7`\n"},
    {"parameters_twice", "  output s = x -> unit(8) -> unit(8)\n",
     "error: `s` already has parameters; `unit` would give it more\n"},
    {"in_the_block", "  output s = x -> unit(8, k: 12)\n",
     "m.net:2:12: error: the 12x12 kernel is larger than its input 3x8x8 with its padding\n"},
    {"near", "  output s = x -> unti(8)\n", "error: unknown operation `unti`\n    output s = x -> unti(8)\n"
                                            "                    ^\n  help: did you mean `unit`?\n"},
};
INSTANTIATE_TEST_SUITE_P(Blocks, BlockErrors, testing::ValuesIn(cases),
                         [](const auto &info) { return info.param.name; });

TEST(Blocks, AreToldOfTheirOwnMistakes) {
  const std::string end = "network N {\n  input x: f32[3, 8, 8]\n  output y = x -> b\n}\n";
  EXPECT_NE(problem("block b(v) {\n  output w = v -> b\n}\n" + end)
                .find("m.net:2:19: error: `b` is called before it is defined, or by itself\n"),
            std::string::npos);
  EXPECT_NE(problem("block b(v) {\n  w = v -> relu\n}\n" + end).find("m.net:1:7: error: the block `b` has no output\n"),
            std::string::npos);
  EXPECT_NE(problem("block b(v, v) {\n  output w = v -> relu\n}\n" + end)
                .find("m.net:1:12: error: `b` has two parameters `v`\n"),
            std::string::npos);
  EXPECT_NE(problem("block relu(v) {\n  output w = v -> tanh\n}\n" + end)
                .find("m.net:1:7: error: `relu` is an operation; a block cannot have its name\n"),
            std::string::npos);
  EXPECT_NE(problem("block b(v) {\n  output w = v -> relu\n}\nblock b(v) {\n  output w = v -> relu\n}\n" + end)
                .find("m.net:4:7: error: a second block `b`\n"),
            std::string::npos);
}

/// Each block calls the one before it four times: without a bound the network would have 4^30 operations.
TEST(Blocks, ThatMultiplyAreStopped) {
  std::string text = "block b0(v) {\n  output w = v -> relu\n}\n";
  for (int level = 1; level <= 30; ++level) {
    const std::string below = "b" + std::to_string(level - 1);
    text += "block b" + std::to_string(level) + "(v) {\n  p = v -> " + below + "\n  q = p -> " + below + "\n  r = q -> " +
            below + "\n  output w = r -> " + below + "\n}\n";
  }
  text += "network N {\n  input x: f32[3, 8, 8]\n  output y = x -> b30\n}\n";
  EXPECT_NE(problem(text).find("error: the network has more than 20000 operations\n"), std::string::npos);
}

} // namespace
