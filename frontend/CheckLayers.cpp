#include "frontend/CheckLayers.h"

#include "frontend/DigitBitmaps.h"

#include <algorithm>

namespace fovea {

using ast::Expr;

namespace {

/// Elements of one tensor: byte offsets stay within what the kernels address.
constexpr int64_t mostElements = int64_t(1) << 28;

/// `names`, and the arguments of every layer with weight and bias.
std::vector<std::string> withTraining(std::vector<std::string> names) {
  names.insert(names.end(), {"bias", "init", "lr", "decay", "bias_lr", "bias_decay"});
  return names;
}

} // namespace

int LayerChecker::append(GraphNode node) {
  graph.nodes.push_back(std::move(node));
  const int index = int(graph.nodes.size()) - 1;
  return checkSize(index, graph.nodes.back().location) ? index : -1;
}

bool LayerChecker::checkSize(int node, Location location) { return checkElements(shape(node), "a result", location); }

bool LayerChecker::checkElements(const Shape &dimensions, const std::string &what, Location location) {
  int64_t product = 1;
  for (int64_t extent : dimensions) {
    product = extent > mostElements ? mostElements + 1 : product * extent;
    if (product > mostElements) {
      error(location,
            what + " of shape " + shapeText(dimensions) + " has more than " + std::to_string(mostElements) +
                " elements",
            "make it smaller");
      return false;
    }
  }
  return true;
}

int LayerChecker::parameter(const Expr &step, GraphParameter parameter) {
  if (!checkElements(parameter.shape, "the parameter `" + parameter.name + "`", step.location))
    return -1;
  graph.parameters.push_back(std::move(parameter));
  return int(graph.parameters.size()) - 1;
}

bool LayerChecker::claimParameters(const Expr &step) {
  if (parametersOfLayer++ == 0)
    return true;
  error(step.location, "`" + layer + "` already has parameters; `" + step.text + "` would give it more",
        "give `" + print(step) + "` a line and a name of its own");
  return false;
}

GraphParameter LayerChecker::weightOf(Arguments &arguments) {
  const Expr *init = arguments.find("init");
  return {.name = layer + ".weight",
          .init = init ? checkInit(*init, diagnostics) : defaults.weightInit,
          .lrMult = arguments.number("lr", 1.0, 0),
          .decayMult = arguments.number("decay", 1.0, 0)};
}

std::optional<GraphParameter> LayerChecker::biasOf(const Expr &step, Arguments &arguments) {
  const std::optional<double> initial = initialBias(step, arguments);
  GraphParameter bias{.name = layer + ".bias",
                      .init = {"constant", {{"value", initial.value_or(0)}}},
                      .lrMult = arguments.number("bias_lr", defaults.biasLr, 0),
                      .decayMult = arguments.number("bias_decay", defaults.biasDecay, 0)};
  return initial ? std::optional(bias) : std::nullopt;
}

std::optional<double> LayerChecker::initialBias(const Expr &step, Arguments &arguments) {
  const Expr *given = arguments.find("bias");
  if (!given || given->kind != Expr::Kind::Name)
    return arguments.number("bias", 0.0);
  if (given->text == "none" || given->text == "false")
    return std::nullopt;
  if (given->text != "true")
    arguments.error(
        "bias", "`" + step.text + "` argument `bias` must be an initial value or none, not `" + given->text + "`", "");
  return 0.0;
}

bool LayerChecker::addBias(const Expr &step, std::optional<GraphParameter> bias, Shape shape, GraphNode &node) {
  if (!bias)
    return true;
  bias->shape = std::move(shape);
  const int index = parameter(step, std::move(*bias));
  node.parameters.push_back(index);
  return index >= 0;
}

bool LayerChecker::needsImage(const Expr &step, int in) {
  if (shape(in).size() == 3)
    return true;
  error(step.location,
        "`" + step.text + "` needs an image [channels, height, width]; its input has the shape [" +
            shapeText(shape(in)) + "]",
        "use it before `flatten` and `dense`");
  return false;
}

bool LayerChecker::window(const Expr &step, int in, GraphNode &node, int64_t channels) {
  Shape result{channels};
  for (int axis = 0; axis < 2; ++axis) {
    const int64_t extent = shape(in)[1 + axis], stride = node.stride[axis];
    const int64_t kernel = (node.kernel[axis] - 1) * node.dilation[axis] + 1;
    const int64_t before = node.pad[axis], padded = extent + before + node.pad[axis + 2];
    if (kernel > padded) {
      error(step.location,
            "the " + std::to_string(node.kernel[0]) + "x" + std::to_string(node.kernel[1]) + " kernel" +
                (node.dilation == Shape{1, 1} ? "" : " with its dilation") + " is larger than its input " +
                shapeText(shape(in)) + (padded == extent ? "" : " with its padding"),
            "make the kernel smaller, or pad the input");
      return false;
    }
    int64_t outputs = (padded - kernel) / stride + 1;
    // Rounded up, a last window may overhang, but it starts inside the input (as in Caffe and PyTorch).
    if (node.ceil && (padded - kernel) % stride != 0 && outputs * stride < extent + before)
      ++outputs;
    result.push_back(outputs);
  }
  node.shape = result;
  return true;
}

bool LayerChecker::groupsFit(Arguments &arguments, const GraphNode &node, int64_t channels, int64_t filters) {
  if (node.groups == 1)
    return true;
  for (const auto &[count, what] : {std::pair(channels, "input channels"), std::pair(filters, "filters")})
    if (count % node.groups != 0) {
      arguments.error("groups",
                      "the " + std::to_string(count) + " " + what + " do not divide into " +
                          std::to_string(node.groups) + " groups",
                      "choose a number of groups that divides input channels and filters");
      return false;
    }
  if (arguments.find("connections")) {
    arguments.error("connections", "`conv` takes groups or connections, not both",
                    "list the connections of all filters, or leave them to the groups");
    return false;
  }
  return true;
}

int LayerChecker::conv(const Expr &step, int in) {
  Arguments arguments(step, {"filters"}, withTraining({"kernel", "stride", "pad", "connections", "groups", "dilation"}),
                      diagnostics);
  const int64_t filters = arguments.integer("filters", std::nullopt, 1, largestExtent);
  GraphNode node{.op = "conv2d", .inputs = {in}, .layer = layer, .location = step.location};
  node.kernel = arguments.pair("kernel", std::nullopt, 1);
  node.stride = arguments.pair("stride", Shape{1, 1}, 1);
  node.pad = arguments.padding("pad");
  node.dilation = arguments.pair("dilation", Shape{1, 1}, 1);
  node.groups = arguments.integer("groups", 1, 1, largestExtent);
  GraphParameter weight = weightOf(arguments);
  const std::optional<GraphParameter> bias = biasOf(step, arguments);
  const bool first = claimParameters(step);
  if (in < 0 || !arguments.ok() || !first || !needsImage(step, in) ||
      !groupsFit(arguments, node, shape(in)[0], filters) || !window(step, in, node, filters))
    return -1;
  weight.shape = {filters, shape(in)[0] / node.groups, node.kernel[0], node.kernel[1]};
  if (!checkElements(weight.shape, "the parameter `" + weight.name + "`", step.location))
    return -1; // Before the mask, which is as large.
  if (const Expr *table = arguments.find("connections"))
    if (!connections(*table, arguments, weight))
      return -1;
  node.parameters = {parameter(step, weight)};
  if (node.parameters[0] < 0 || !addBias(step, bias, {filters}, node))
    return -1;
  return append(std::move(node));
}

bool LayerChecker::connections(const Expr &table, Arguments &arguments, GraphParameter &weight) {
  const int64_t filters = weight.shape[0], channels = weight.shape[1], area = weight.shape[2] * weight.shape[3];
  if (table.kind != Expr::Kind::List || int64_t(table.items.size()) != filters) {
    arguments.error("connections",
                    "`conv` argument `connections` must list the inputs of each of the " + std::to_string(filters) +
                        " filters",
                    "for two filters: `[[0, 1], [1, 2]]`");
    return false;
  }
  weight.mask.assign(size_t(elements(weight.shape)), 0);
  for (int64_t filter = 0; filter < filters; ++filter) {
    const Expr &row = table.items[filter];
    if (row.kind != Expr::Kind::List || row.items.empty()) {
      error(row.location, "filter " + std::to_string(filter) + " needs a list of the inputs that it sees");
      return false;
    }
    for (const Expr &item : row.items) {
      if (item.kind != Expr::Kind::Number || item.number < 0 || item.number >= double(channels) ||
          item.number != double(int64_t(item.number))) {
        error(item.location, "`" + print(item) + "` is no input of this convolution, whose inputs are 0 to " +
                                 std::to_string(channels - 1));
        return false;
      }
      auto first = weight.mask.begin() + (filter * channels + int64_t(item.number)) * area;
      if (*first) {
        error(item.location, "filter " + std::to_string(filter) + " lists the input " + print(item) + " twice",
              "remove one of them");
        return false;
      }
      std::fill(first, first + area, uint8_t(1));
    }
  }
  return true;
}

int LayerChecker::local(const Expr &step, int in) {
  Arguments arguments(step, {"filters"}, withTraining({"kernel", "stride", "pad"}), diagnostics);
  const int64_t filters = arguments.integer("filters", std::nullopt, 1, largestExtent);
  GraphNode node{.op = "local", .inputs = {in}, .layer = layer, .location = step.location};
  node.kernel = arguments.pair("kernel", std::nullopt, 1);
  node.stride = arguments.pair("stride", Shape{1, 1}, 1);
  node.pad = arguments.padding("pad");
  GraphParameter weight = weightOf(arguments);
  const std::optional<GraphParameter> bias = biasOf(step, arguments);
  const bool first = claimParameters(step);
  if (in < 0 || !arguments.ok() || !first || !needsImage(step, in) || !window(step, in, node, filters))
    return -1;
  weight.shape = {filters, node.shape[1], node.shape[2], shape(in)[0], node.kernel[0], node.kernel[1]};
  node.parameters = {parameter(step, std::move(weight))};
  if (node.parameters[0] < 0 || !addBias(step, bias, node.shape, node))
    return -1;
  return append(std::move(node));
}

int LayerChecker::dense(const Expr &step, int in) {
  Arguments arguments(step, {"outputs"}, withTraining({}), diagnostics);
  const int64_t outputs = arguments.integer("outputs", std::nullopt, 1, largestExtent);
  GraphParameter weight = weightOf(arguments);
  const std::optional<GraphParameter> bias = biasOf(step, arguments);
  const bool first = claimParameters(step);
  if (in < 0 || !arguments.ok() || !first)
    return -1;
  GraphNode node{.op = "dense", .inputs = {in}, .shape = {outputs}, .layer = layer, .location = step.location};
  weight.shape = {outputs, elements(shape(in))};
  node.parameters = {parameter(step, std::move(weight))};
  if (node.parameters[0] < 0 || !addBias(step, bias, {outputs}, node))
    return -1;
  return append(std::move(node));
}

int LayerChecker::pool(const Expr &step, int in) {
  std::vector<std::string> named{"stride", "pad", "ceil"};
  const bool average = step.text == "avg_pool";
  if (average)
    named.push_back("divisor");
  Arguments arguments(step, {"size"}, named, diagnostics);
  GraphNode node{.op = step.text, .inputs = {in}, .layer = layer, .location = step.location};
  node.kernel = arguments.pair("size", std::nullopt, 1);
  node.stride = arguments.pair("stride", node.kernel, 1);
  node.pad = arguments.padding("pad");
  node.ceil = arguments.flag("ceil", false);
  if (average)
    node.divisor = arguments.word("divisor", "padded", {"padded", "valid", "one"});
  for (int side = 0; side < 4; ++side)
    if (node.pad[side] >= node.kernel[side % 2])
      arguments.error("pad",
                      "`" + step.text + "` pads by " + std::to_string(node.pad[side]) + ", but its window is only " +
                          std::to_string(node.kernel[side % 2]) + " wide",
                      "a window must touch the input: pad by less than its size");
  if (!average && node.kernel[0] * node.kernel[1] > 256)
    arguments.error("size",
                    "a `max_pool` window of " + std::to_string(node.kernel[0]) + "x" + std::to_string(node.kernel[1]) +
                        " has more than 256 elements",
                    "pool in two steps");
  if (in < 0 || !arguments.ok() || !needsImage(step, in) || !window(step, in, node, shape(in)[0]))
    return -1;
  return append(std::move(node));
}

int LayerChecker::globalPool(const Expr &step, int in) {
  Arguments arguments(step, {}, {}, diagnostics);
  if (in < 0 || !arguments.ok() || !needsImage(step, in))
    return -1;
  const Shape area{shape(in)[1], shape(in)[2]};
  return append({.op = "avg_pool",
                 .inputs = {in},
                 .shape = {shape(in)[0], 1, 1},
                 .kernel = area,
                 .stride = area,
                 .pad = {0, 0, 0, 0},
                 .layer = layer,
                 .location = step.location});
}

int LayerChecker::lrn(const Expr &step, int in) {
  Arguments arguments(step, {}, {"size", "alpha", "beta", "k", "region"}, diagnostics);
  GraphNode node{.op = "lrn", .inputs = {in}, .layer = layer, .location = step.location};
  node.size = arguments.integer("size", std::nullopt, 1, 1024);
  node.alpha = arguments.number("alpha", std::nullopt, 0);
  node.beta = arguments.number("beta", std::nullopt);
  node.k = arguments.number("k", 1.0);
  node.region = arguments.word("region", "across", {"across", "within"});
  if (node.k <= 0)
    arguments.error("k", "`lrn` argument `k` must be positive, not " + print(*arguments.find("k")),
                    "the paper has `k: 2`, Caffe `k: 1`");
  if (in < 0 || !arguments.ok() || !needsImage(step, in))
    return -1;
  node.shape = shape(in);
  return append(std::move(node));
}

int LayerChecker::batchNorm(const Expr &step, int in) {
  Arguments arguments(step, {}, {"epsilon", "momentum", "lr", "decay", "bias_lr", "bias_decay"}, diagnostics);
  GraphNode node{.op = "batch_norm", .inputs = {in}, .layer = layer, .location = step.location};
  node.epsilon = arguments.number("epsilon", 1e-5);
  if (node.epsilon <= 0)
    arguments.error("epsilon",
                    "`batch_norm` argument `epsilon` must be positive, not " + print(*arguments.find("epsilon")),
                    "it keeps a channel that is constant from being divided by zero; PyTorch has 1e-5");
  const double momentum = arguments.number("momentum", 0.1, 0, 1);
  auto named = [&](const char *name, double start) {
    return GraphParameter{.name = layer + name, .init = {"constant", {{"value", start}}}};
  };
  GraphParameter weight = named(".weight", 1), bias = named(".bias", 0), mean = named(".running_mean", 0),
                 variance = named(".running_var", 1);
  weight.lrMult = arguments.number("lr", 1.0, 0);
  weight.decayMult = arguments.number("decay", 1.0, 0);
  bias.lrMult = arguments.number("bias_lr", defaults.biasLr, 0);
  bias.decayMult = arguments.number("bias_decay", defaults.biasDecay, 0);
  mean.average = variance.average = momentum;
  const bool first = claimParameters(step);
  if (in < 0 || !arguments.ok() || !first)
    return -1;
  node.shape = shape(in);
  for (GraphParameter *tensor : {&weight, &bias, &mean, &variance}) {
    tensor->shape = {node.shape[0]};
    node.parameters.push_back(parameter(step, *tensor));
  }
  return append(std::move(node));
}

int LayerChecker::dropout(const Expr &step, int in) {
  Arguments arguments(step, {"p"}, {}, diagnostics);
  GraphNode node{.op = "dropout", .inputs = {in}, .layer = layer, .location = step.location};
  node.probability = arguments.number("p", std::nullopt, 0, 1);
  if (node.probability == 1)
    arguments.error("p", "`dropout` with `p` 1 would drop everything", "the papers have `dropout(0.5)`");
  if (in < 0 || !arguments.ok())
    return -1;
  node.shape = shape(in);
  return append(std::move(node));
}

int LayerChecker::subsample(const Expr &step, int in) {
  Arguments arguments(step, {"size"}, {}, diagnostics);
  GraphNode sum{.op = "avg_pool", .inputs = {in}, .divisor = "one", .layer = layer, .location = step.location};
  sum.kernel = arguments.pair("size", std::nullopt, 1);
  sum.stride = sum.kernel;
  sum.pad = {0, 0, 0, 0};
  const bool first = claimParameters(step);
  if (in < 0 || !arguments.ok() || !first || !needsImage(step, in) || !window(step, in, sum, shape(in)[0]))
    return -1;
  const int64_t channels = shape(in)[0];
  const double mean = 1.0 / double(sum.kernel[0] * sum.kernel[1]);
  const int pooled = append(std::move(sum));
  GraphNode node{.op = "scale", .inputs = {pooled}, .shape = shape(pooled), .layer = layer, .location = step.location};
  node.parameters = {
      parameter(step, {.name = layer + ".weight", .shape = {channels}, .init = {"constant", {{"value", mean}}}}),
      parameter(step, {.name = layer + ".bias",
                       .shape = {channels},
                       .init = {"constant", {{"value", 0.0}}},
                       .lrMult = defaults.biasLr,
                       .decayMult = defaults.biasDecay})};
  return append(std::move(node));
}

int LayerChecker::rbf(const Expr &step, int in) {
  Arguments arguments(step, {"centers"}, {}, diagnostics);
  if (!arguments.find("centers"))
    arguments.error("centers", "`rbf` is missing its argument `centers`", "write `rbf(digits)`");
  else
    arguments.word("centers", "digits", {"digits"});
  if (in < 0 || !arguments.ok())
    return -1;
  const std::vector<float> centers = digitBitmaps();
  const int64_t inputs = int64_t(centers.size()) / 10;
  if (shape(in) != Shape{inputs}) {
    error(step.location,
          "`rbf(digits)` compares 7x12 bitmaps and needs an input of the shape [84]; it has [" + shapeText(shape(in)) +
              "]",
          "put `dense(84)` before it");
    return -1;
  }
  const int index =
      parameter(step, {.name = layer + ".centers", .shape = {10, inputs}, .init = {}, .constant = centers});
  return append(
      {.op = "rbf", .inputs = {in}, .parameters = {index}, .shape = {10}, .layer = layer, .location = step.location});
}

int LayerChecker::channelShuffle(const Expr &step, int in) {
  Arguments arguments(step, {"groups"}, {}, diagnostics);
  const int64_t groups = arguments.integer("groups", std::nullopt, 1, largestExtent);
  if (in < 0 || !arguments.ok())
    return -1;
  if (shape(in)[0] % groups != 0) {
    arguments.error("groups",
                    "the " + std::to_string(shape(in)[0]) + " channels do not divide into " + std::to_string(groups) +
                        " groups",
                    "the groups are those of the convolution before it");
    return -1;
  }
  return append({.op = "channel_shuffle",
                 .inputs = {in},
                 .shape = shape(in),
                 .attributes = {{"groups", groups}},
                 .layer = layer,
                 .location = step.location});
}

void LayerChecker::count(const GraphNode &n, GraphLayer &row) const {
  if (n.op != "conv2d" && n.op != "dense" && n.op != "local" && n.op != "rbf" && n.op != "scale")
    return;
  const GraphParameter &weight = graph.parameters[n.parameters[0]];
  const int64_t area = n.shape.size() == 3 && n.op != "local" ? n.shape[1] * n.shape[2] : 1;
  const int64_t links =
      weight.mask.empty() ? elements(weight.shape) : std::count(weight.mask.begin(), weight.mask.end(), uint8_t(1));
  if (n.op == "scale") { // Behind a pooling: each output has the window's elements and a bias.
    const GraphNode &pool = graph.nodes[n.inputs[0]];
    row.connections += elements(n.shape) * (pool.kernel[0] * pool.kernel[1] + 1);
    return;
  }
  const int64_t biases = n.parameters.size() == 2 ? elements(n.shape) : 0;
  row.macs += links * area;
  row.connections += links * area + biases;
}

} // namespace fovea
