// Shapes, parameters and counts of checked networks, and the printer's round trip.
#include "frontend/Frontend.h"

#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

using namespace fovea;

namespace {

Graph load(const std::string &text) {
  Source source{"m.net", text};
  Diagnostics diagnostics(source);
  auto graph = loadModel(source, diagnostics);
  EXPECT_TRUE(graph) << diagnostics.print();
  return graph ? *graph : Graph{};
}

std::string modelText(const std::string &name) {
  std::ifstream file(std::string(MODELS) + "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct Totals {
  int64_t parameters = 0, connections = 0, macs = 0;
};

Totals totals(const Graph &graph, bool auxiliary = false) {
  Totals sum;
  for (const GraphLayer &layer : graph.layers) {
    if (layer.auxiliary != auxiliary)
      continue;
    sum.parameters += layer.parameters;
    sum.connections += layer.connections;
    sum.macs += layer.macs;
  }
  return sum;
}

TEST(Models, CountAsPublished) {
  const struct {
    const char *file;
    int64_t parameters, macs;
  } published[] = {
      {"lenet.net", 431080, 2293000},
      {"lenet5.net", 61706, 416520},
      {"alexnet.net", 60965224, 724406816},
      {"caffenet.net", 60965224, 724406816},
      {"alexnet-owt.net", 61100840, 714188480},
      {"alexnet-one-tower.net", 62378344, 1135256096},
      {"alexnet-half.net", 59798312, 391514384},
      {"zfnet.net", 62357608, 1168032896},
      {"vgg16.net", 138357544, 15470264320},
      {"vgg19.net", 143667240, 19632062464},
      {"googlenet.net", 6998552, 1582671872},
      {"resnet50.net", 25557032, 4089184256},
      {"squeezenet.net", 1248424, 818924576},
      {"cifar-quick.net", 145578, 12354176},
      {"cifar-full.net", 89578, 12298240},
      {"cifar-18pct.net", 89578, 12298240},
      {"cifar-13pct.net", 1116490, 18517248},
      {"cifar-11pct.net", 2112970, 19512576},
  };
  for (const auto &[file, parameters, macs] : published) {
    const Totals counted = totals(load(modelText(file)));
    EXPECT_EQ(counted.parameters, parameters) << file;
    EXPECT_EQ(counted.macs, macs) << file;
  }
}

/// With them, Caffe's bvlc_googlenet has 13,378,280 parameters.
TEST(Models, GoogLeNetsAuxiliaryClassifiersAreCountedApart) {
  EXPECT_EQ(totals(load(modelText("googlenet.net")), true).parameters, 13378280 - 6998552);
}

/// Layer by layer, as Caffe's bvlc_alexnet has them.
TEST(Models, AlexNetsLayersCountAsPublished) {
  const Graph graph = load(modelText("alexnet.net"));
  const int64_t parameters[] = {34944, 307456, 885120, 663936, 442624, 37752832, 16781312, 4097000};
  const int64_t macs[] = {105415200, 223948800, 149520384, 112140288, 74760192, 37748736, 16777216, 4096000};
  ASSERT_EQ(graph.layers.size(), 8u);
  for (size_t layer = 0; layer < 8; ++layer) {
    EXPECT_EQ(graph.layers[layer].parameters, parameters[layer]) << graph.layers[layer].name;
    EXPECT_EQ(graph.layers[layer].macs, macs[layer]) << graph.layers[layer].name;
  }
}

/// LeCun et al. 1998, section II.B, layer by layer.
TEST(Models, LeNet5CountsAsThePaper) {
  const Graph graph = load(modelText("lenet5-1998.net"));
  const int64_t parameters[] = {156, 12, 1516, 32, 48120, 10164, 0};
  const int64_t connections[] = {122304, 5880, 151600, 2000, 48120, 10164, 840};
  ASSERT_EQ(graph.layers.size(), 7u);
  for (size_t layer = 0; layer < 7; ++layer) {
    EXPECT_EQ(graph.layers[layer].parameters, parameters[layer]) << graph.layers[layer].name;
    EXPECT_EQ(graph.layers[layer].connections, connections[layer]) << graph.layers[layer].name;
  }
  EXPECT_EQ(totals(graph).parameters, 60000);
  EXPECT_EQ(totals(graph).connections, 340908);
}

TEST(Models, PrintAndParseToTheSameText) {
  for (const char *name : {"lenet.net", "lenet5.net", "lenet5-1998.net", "alexnet.net", "googlenet.net"}) {
    Source source{name, modelText(name)};
    Diagnostics diagnostics(source);
    auto once = printModel(source, diagnostics);
    ASSERT_TRUE(once);
    Source again{name, *once};
    EXPECT_EQ(printModel(again, diagnostics), once);
  }
}

std::vector<int64_t> outputShape(const std::string &operation) {
  const Graph graph = load("network N {\n  input x: f32[3, 7, 10]\n  output y = x -> " + operation + "\n}\n");
  return graph.nodes.at(graph.output).shape;
}

TEST(Shapes, FollowKernelStrideAndPadding) {
  using Shape = std::vector<int64_t>;
  EXPECT_EQ(outputShape("conv(5, kernel: 3)"), (Shape{5, 5, 8}));
  EXPECT_EQ(outputShape("conv(5, kernel: [3, 2], stride: [2, 3], pad: [1, 0])"), (Shape{5, 4, 3}));
  EXPECT_EQ(outputShape("conv(5, kernel: 3, pad: [1, 2, 0, 1])"), (Shape{5, 6, 11}));
  EXPECT_EQ(outputShape("conv(6, kernel: 3, dilation: [3, 2], groups: 3)"), (Shape{6, 1, 6}));
  EXPECT_EQ(outputShape("lrn(size: 5, alpha: 1, beta: 1)"), (Shape{3, 7, 10}));
  EXPECT_EQ(outputShape("dropout(0.5)"), (Shape{3, 7, 10}));
  EXPECT_EQ(outputShape("max_pool(2)"), (Shape{3, 3, 5}));
  EXPECT_EQ(outputShape("max_pool(2, ceil: true)"), (Shape{3, 4, 5}));
  EXPECT_EQ(outputShape("max_pool(3, stride: 2)"), (Shape{3, 3, 4}));
  EXPECT_EQ(outputShape("avg_pool(3, stride: 2, ceil: true)"), (Shape{3, 3, 5}));
  EXPECT_EQ(outputShape("local(5, kernel: [3, 2], stride: [2, 3], pad: [1, 0])"), (Shape{5, 4, 3}));
  EXPECT_EQ(outputShape("relu(max: 6)"), (Shape{3, 7, 10}));
  EXPECT_EQ(outputShape("leaky_relu"), (Shape{3, 7, 10}));
  EXPECT_EQ(outputShape("batch_norm"), (Shape{3, 7, 10}));
  EXPECT_EQ(outputShape("global_avg_pool"), (Shape{3, 1, 1}));
  EXPECT_EQ(outputShape("subsample(2)"), (Shape{3, 3, 5}));
  EXPECT_EQ(outputShape("flatten"), (Shape{210}));
  EXPECT_EQ(outputShape("channel_shuffle(3)"), (Shape{3, 7, 10}));
  EXPECT_EQ(outputShape("dense(4)"), (Shape{4}));
  EXPECT_EQ(outputShape("concat(x, x)"), (Shape{9, 7, 10}));
  EXPECT_EQ(outputShape("add(x)"), (Shape{3, 7, 10}));
}

/// A rounded-up last window starts inside the input: Caffe's and PyTorch's rule.
TEST(Shapes, NoWindowStartsInThePadding) {
  EXPECT_EQ(outputShape("max_pool(2, stride: 3, pad: 1, ceil: true)"), (std::vector<int64_t>{3, 3, 4}));
}

/// Filters and biases of its own for each pixel; each weight is used once.
TEST(Local, CountsItsParameters) {
  const Graph graph = load("network N {\n  input x: f32[64, 6, 6]\n  output y = x -> local(32, kernel: 3, pad: 1)\n}\n");
  EXPECT_EQ(graph.parameters[0].shape, (std::vector<int64_t>{32, 6, 6, 64, 3, 3}));
  EXPECT_EQ(graph.parameters[1].shape, (std::vector<int64_t>{32, 6, 6}));
  EXPECT_EQ(graph.layers[0].parameters, 663552 + 1152);
  EXPECT_EQ(graph.layers[0].macs, 663552);
  EXPECT_EQ(graph.layers[0].connections, 663552 + 1152);
}

/// PyTorch's names; the running averages are not trained and not counted.
TEST(BatchNorm, HasFourParameters) {
  const Graph graph = load("network N {\n  input x: f32[3, 7, 10]\n  output y = x -> batch_norm(momentum: 0.3)\n}\n");
  ASSERT_EQ(graph.parameters.size(), 4u);
  const char *names[] = {"y.weight", "y.bias", "y.running_mean", "y.running_var"};
  const double starts[] = {1, 0, 0, 1};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(graph.parameters[i].name, names[i]);
    EXPECT_EQ(graph.parameters[i].init.numbers.at(0).second, starts[i]);
    EXPECT_EQ(graph.parameters[i].average.value_or(0), i < 2 ? 0 : 0.3);
  }
  EXPECT_EQ(graph.layers[0].parameters, 6);
}

TEST(Recipe, ReachesTheGraph) {
  const Graph graph = load(modelText("lenet.net"));
  ASSERT_TRUE(graph.recipe);
  EXPECT_EQ(graph.recipe->policy.kind, "inv");
  EXPECT_EQ(graph.recipe->iterations, 10000);
  EXPECT_EQ(graph.recipe->batch, 64);
  EXPECT_EQ(graph.parameters[1].name, "conv1.bias");
  EXPECT_EQ(graph.parameters[1].lrMult, 2);
  const Graph full = load(modelText("cifar-full.net"));
  EXPECT_EQ(full.recipe->policy.at, (std::vector<double>{60000, 65000}));
  EXPECT_EQ(full.recipe->computedMean, "pixel");
  EXPECT_EQ(full.parameters[6].decayMult, 250);
  EXPECT_EQ(full.parameters[7].lrMult, 2);
  EXPECT_EQ(full.parameters[7].decayMult, 0);
}

} // namespace
