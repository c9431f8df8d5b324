#include "frontend/Checker.h"

#include "frontend/Arguments.h"
#include "frontend/DigitBitmaps.h"

#include <algorithm>
#include <map>

namespace fovea {

using ast::Expr;

int64_t elements(const std::vector<int64_t> &shape) {
  int64_t product = 1;
  for (int64_t extent : shape)
    product *= extent;
  return product;
}

std::string shapeText(const std::vector<int64_t> &shape) {
  std::string text;
  for (int64_t extent : shape)
    text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text;
}

int64_t Graph::classes() const {
  const auto &shape = nodes[output].shape;
  return elements(shape) == shape[0] ? shape[0] : 0;
}

namespace {

/// Elements of one tensor: byte offsets stay within what the kernels address.
constexpr int64_t mostElements = int64_t(1) << 28;

const std::vector<std::string> operationNames = {"conv", "dense",  "max_pool", "avg_pool", "subsample",
                                                 "relu", "tanh",   "sigmoid",  "softmax",  "flatten",
                                                 "add",  "concat", "rbf"};
/// Of the papers, and to come; the remedy says what to do without them.
const std::map<std::string, std::string> notYet = {
    {"lrn", "leave it out, or use a network without it"},
    {"dropout", "leave it out: inference is the same"},
    {"batch_norm", "fold it into the convolution before"},
    {"local", "use `conv`, which shares its weights"},
    {"global_avg_pool", "use `avg_pool([height, width])` of the whole image"}};

/// The expression with its long lists, such as a connection table, left out.
Expr abridged(Expr expr) {
  if (expr.kind == Expr::Kind::List && expr.items.size() > 4) {
    Expr dots;
    dots.text = "[...]";
    return dots;
  }
  for (Expr &item : expr.items)
    item = abridged(std::move(item));
  for (ast::Argument &argument : expr.arguments)
    argument.value = abridged(std::move(argument.value));
  return expr;
}

class Checker {
public:
  Checker(const ast::Model &model, Diagnostics &diagnostics)
      : model(model), diagnostics(diagnostics), parsed(!diagnostics.hasErrors()) {}

  Graph run() {
    graph.network = model.name;
    if (model.hasTrain)
      graph.recipe = checkRecipe(model, defaults, diagnostics);
    input();
    for (const ast::Definition &definition : model.definitions)
      define(definition);
    finish();
    return std::move(graph);
  }

private:
  const ast::Model &model;
  Diagnostics &diagnostics;
  const bool parsed; ///< Nothing of the text was passed over.
  Graph graph;
  TrainDefaults defaults;
  std::map<std::string, int> names; ///< Node of each name; -1 when its definition is wrong, so that uses are no errors.
  std::map<std::string, bool> used;
  std::string layer;
  Location outputLocation = 0;
  bool hasOutput = false, outputIsKnown = false;
  int parametersOfLayer = 0;

  using Shape = std::vector<int64_t>;

  void error(Location location, std::string message, std::string help = "") {
    diagnostics.error(location, std::move(message), std::move(help));
  }

  const Shape &shape(int node) const { return graph.nodes[node].shape; }

  void input() {
    if (model.inputs.empty()) {
      if (parsed)
        error(model.location, "the network has no input", "add `input image: f32[channels, height, width]`");
      graph.nodes.push_back({.op = "input", .shape = {1, 1, 1}});
      return;
    }
    const ast::Input &first = model.inputs.front();
    for (size_t i = 1; i < model.inputs.size(); ++i)
      error(model.inputs[i].location, "a second input `" + model.inputs[i].name + "`", "a network has one input");
    if (first.type.text.empty()) { // The parser has told; uses of the name are no errors.
      graph.nodes.push_back({.op = "input", .shape = {1, 1, 1}});
      names[first.name] = -1;
      return;
    }
    bool good = first.type.text == "f32";
    if (!good)
      error(first.type.location, "unknown element type `" + first.type.text + "`", "write `f32`");
    Shape inputShape;
    for (const ast::Argument &extent : first.type.arguments) {
      const Expr &value = extent.value;
      const bool whole = value.kind == Expr::Kind::Number && value.number >= 1 && value.number <= largestExtent &&
                         value.number == double(int64_t(value.number));
      if (!whole)
        error(value.location, "an extent must be a whole number between 1 and " + std::to_string(largestExtent) +
                                  ", not `" + print(value) + "`");
      good = good && whole;
      inputShape.push_back(whole ? int64_t(value.number) : 1);
    }
    if (inputShape.size() != 3 && inputShape.size() != 1) {
      error(first.type.location, "the input must have the shape [channels, height, width] or [values]",
            "a grey 28x28 image is `f32[1, 28, 28]`");
      good = false;
      inputShape = {1, 1, 1};
    }
    graph.inputName = first.name;
    graph.inputShape = inputShape;
    graph.nodes.push_back({.op = "input", .shape = inputShape, .layer = first.name, .location = first.location});
    good = checkElements(inputShape, "an input", first.location) && good;
    names[first.name] = good ? 0 : -1;
  }

  void define(const ast::Definition &definition) {
    if (!definition.value) { // `output name`
      auto found = names.find(definition.name);
      if (found == names.end())
        unknownName(definition.name, definition.location);
      markOutput(definition, found == names.end() ? -1 : found->second);
      return;
    }
    if (names.contains(definition.name))
      error(definition.location, "`" + definition.name + "` is defined twice", "give this one another name");
    layer = definition.name;
    parametersOfLayer = 0;
    const size_t firstNode = graph.nodes.size(), firstParameter = graph.parameters.size();
    const bool unread = definition.value->kind == Expr::Kind::Name && definition.value->text.empty();
    const int node = unread ? -1 : value(*definition.value);
    names[definition.name] = node;
    used.emplace(definition.name, false);
    if (node >= 0)
      describe(definition, node, firstNode, firstParameter);
    if (definition.isOutput)
      markOutput(definition, node);
  }

  void markOutput(const ast::Definition &definition, int node) {
    used[definition.name] = true;
    if (hasOutput) {
      error(definition.location, "a second output `" + definition.name + "`", "a network has one output");
      return;
    }
    hasOutput = true;
    outputIsKnown = node >= 0;
    outputLocation = definition.location;
    graph.output = std::max(node, 0);
    graph.outputName = definition.name;
  }

  void describe(const ast::Definition &definition, int node, size_t firstNode, size_t firstParameter) {
    GraphLayer row{definition.name, print(abridged(*definition.value)), shape(node), 0, 0, 0};
    for (size_t p = firstParameter; p < graph.parameters.size(); ++p) {
      const GraphParameter &parameter = graph.parameters[p];
      if (parameter.constant.empty())
        row.parameters += parameter.mask.empty() ? elements(parameter.shape)
                                                 : std::count(parameter.mask.begin(), parameter.mask.end(), uint8_t(1));
    }
    for (size_t n = firstNode; n < graph.nodes.size(); ++n)
      count(graph.nodes[n], row);
    graph.layers.push_back(std::move(row));
  }

  /// Multiply-adds of convolutions and dense layers; connections as LeCun et al. 1998 count them, biases included.
  void count(const GraphNode &n, GraphLayer &row) const {
    if (n.op != "conv2d" && n.op != "dense" && n.op != "rbf" && n.op != "scale")
      return;
    const GraphParameter &weight = graph.parameters[n.parameters[0]];
    const int64_t area = n.shape.size() == 3 ? n.shape[1] * n.shape[2] : 1;
    const int64_t links =
        weight.mask.empty() ? elements(weight.shape) : std::count(weight.mask.begin(), weight.mask.end(), uint8_t(1));
    if (n.op == "scale") { // Behind a pooling: each output has the window's elements and a bias.
      const GraphNode &pool = graph.nodes[n.inputs[0]];
      row.connections += elements(n.shape) * (pool.kernel[0] * pool.kernel[1] + 1);
      return;
    }
    const int64_t biases = n.parameters.size() == 2 ? n.shape[0] * area : 0;
    row.macs += links * area;
    row.connections += links * area + biases;
  }

  void finish() {
    if (model.inputs.empty())
      return;
    if (!hasOutput && parsed)
      error(model.location, "the network has no output", "mark its last layer: `output name = ...`");
    if (diagnostics.hasErrors())
      return;
    for (const ast::Definition &definition : model.definitions)
      if (definition.value && !used[definition.name] && names[definition.name] >= 0)
        diagnostics.warning(definition.location, "`" + definition.name + "` is used by nothing",
                            "remove it, or mark it as the output");
    if (!graph.recipe || !outputIsKnown)
      return;
    const GraphNode &output = graph.nodes[graph.output];
    if (graph.classes() == 0)
      error(outputLocation, "training needs one score for each class; the output is " + shapeText(output.shape),
            "end the network with `-> dense(classes)`");
    else if (output.shape.size() == 3 && graph.recipe->loss.kind == "rbf_map")
      error(outputLocation, "the loss rbf_map needs a list of distances; the output is " + shapeText(output.shape),
            "end the network with `-> rbf(digits)`");
    else if (output.op == "softmax" && graph.recipe->loss.kind == "softmax_cross_entropy")
      diagnostics.warning(outputLocation, "the loss applies softmax to an output that is a softmax already",
                          "remove `-> softmax` to train; `predict` shows probabilities either way");
  }

  void unknownName(const std::string &name, Location location) {
    if (diagnostics.full())
      return error(location, "unknown layer"); // Counted, not shown: the search below takes time.
    std::vector<std::string> known;
    for (const auto &[other, node] : names)
      known.push_back(other);
    const std::string near = nearest(name, known);
    for (const ast::Definition &definition : model.definitions)
      if (definition.value && definition.name == name)
        return error(location, "`" + name + "` is used before it is defined", "move its line up");
    error(location, "unknown layer `" + name + "`", near.empty() ? "" : "did you mean `" + near + "`?");
  }

  /// The node of a value; -1 after an error.
  int value(const Expr &expr) {
    switch (expr.kind) {
    case Expr::Kind::Name: {
      auto found = names.find(expr.text);
      if (found == names.end()) {
        unknownName(expr.text, expr.location);
        return -1;
      }
      used[expr.text] = true;
      return found->second;
    }
    case Expr::Kind::Call:
      if (expr.text == "add" || expr.text == "concat")
        return combine(expr, {});
      if (isOperation(expr.text) || notYet.contains(expr.text))
        error(expr.location, "`" + expr.text + "` has no input", "write `source -> " + print(expr) + "`");
      else
        unknownOperation(expr);
      return -1;
    case Expr::Kind::Chain: {
      int node = value(expr.items[0]);
      for (size_t step = 1; step < expr.items.size(); ++step)
        node = apply(expr.items[step], node);
      return node;
    }
    default:
      error(expr.location, "expected a layer, found `" + print(expr) + "`", "write `source -> operation(...)`");
      return -1;
    }
  }

  static bool isOperation(const std::string &name) {
    return std::find(operationNames.begin(), operationNames.end(), name) != operationNames.end();
  }

  void unknownOperation(const Expr &call) {
    if (auto found = notYet.find(call.text); found != notYet.end())
      return error(call.location, "`" + call.text + "` is not supported yet", found->second);
    const std::string near = nearest(call.text, operationNames);
    std::string all;
    for (const std::string &name : operationNames)
      all += (all.empty() ? "" : ", ") + name;
    error(call.location, "unknown operation `" + call.text + "`",
          near.empty() ? "known are: " + all : "did you mean `" + near + "`?");
  }

  /// `in -> step`. Without an input only the step's own mistakes are found.
  int apply(const Expr &step, int in) {
    if (!isOperation(step.text)) {
      unknownOperation(step);
      return -1;
    }
    if (step.text == "add" || step.text == "concat")
      return combine(step, in);
    if (step.text == "conv")
      return conv(step, in);
    if (step.text == "dense")
      return dense(step, in);
    if (step.text == "max_pool" || step.text == "avg_pool")
      return pool(step, in);
    if (step.text == "subsample")
      return subsample(step, in);
    if (step.text == "rbf")
      return rbf(step, in);
    std::vector<std::string> named;
    if (step.text == "tanh")
      named = {"amplitude", "slope"};
    Arguments arguments(step, {}, named, diagnostics);
    GraphNode node{.op = step.text, .inputs = {in}, .layer = layer, .location = step.location};
    if (step.text == "tanh") {
      node.amplitude = arguments.number("amplitude", 1.0);
      node.slope = arguments.number("slope", 1.0);
      if (node.amplitude == 0)
        arguments.error("amplitude", "`tanh` argument `amplitude` must not be 0", "");
    }
    if (in < 0 || !arguments.ok())
      return -1;
    node.shape = step.text == "flatten" ? Shape{elements(shape(in))} : shape(in);
    return append(std::move(node));
  }

  int append(GraphNode node) {
    graph.nodes.push_back(std::move(node));
    const int index = int(graph.nodes.size()) - 1;
    return checkSize(index, graph.nodes.back().location) ? index : -1;
  }

  bool checkSize(int node, Location location) { return checkElements(shape(node), "a result", location); }

  bool checkElements(const Shape &dimensions, const std::string &what, Location location) {
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

  /// One chain holds at most one operation with parameters: they are called after it.
  int parameter(const Expr &step, GraphParameter parameter) {
    if (!checkElements(parameter.shape, "the parameter `" + parameter.name + "`", step.location))
      return -1;
    graph.parameters.push_back(std::move(parameter));
    return int(graph.parameters.size()) - 1;
  }

  bool claimParameters(const Expr &step) {
    if (parametersOfLayer++ == 0)
      return true;
    error(step.location, "`" + layer + "` already has parameters; `" + step.text + "` would give it more",
          "give `" + print(step) + "` a line and a name of its own");
    return false;
  }

  Setting weightInit(Arguments &arguments) {
    const Expr *given = arguments.find("init");
    return given ? checkInit(*given, diagnostics) : defaults.weightInit;
  }

  /// `bias: 0.1` is the initial value, `bias: none` (no value here) leaves it out.
  static std::optional<double> initialBias(const Expr &step, Arguments &arguments) {
    const Expr *given = arguments.find("bias");
    if (!given || given->kind != Expr::Kind::Name)
      return arguments.number("bias", 0.0);
    if (given->text == "none" || given->text == "false")
      return std::nullopt;
    if (given->text != "true")
      arguments.error("bias",
                      "`" + step.text + "` argument `bias` must be an initial value or none, not `" + given->text + "`",
                      "");
    return 0.0;
  }

  bool addBias(const Expr &step, std::optional<double> initial, int64_t channels, GraphNode &node) {
    if (!initial)
      return true;
    const int index = parameter(step, {.name = layer + ".bias",
                                       .shape = {channels},
                                       .init = {"constant", {{"value", *initial}}},
                                       .lrMult = defaults.biasLr,
                                       .decayMult = defaults.biasDecay});
    node.parameters.push_back(index);
    return index >= 0;
  }

  bool needsImage(const Expr &step, int in) {
    if (shape(in).size() == 3)
      return true;
    error(step.location,
          "`" + step.text + "` needs an image [channels, height, width]; its input has the shape [" +
              shapeText(shape(in)) + "]",
          "use it before `flatten` and `dense`");
    return false;
  }

  /// Windows along both axes, or an error that names both shapes.
  bool window(const Expr &step, int in, GraphNode &node, int64_t channels) {
    Shape result{channels};
    for (int axis = 0; axis < 2; ++axis) {
      const int64_t extent = shape(in)[1 + axis], kernel = node.kernel[axis], stride = node.stride[axis];
      const int64_t before = node.pad[axis], padded = extent + before + node.pad[axis + 2];
      if (kernel > padded) {
        error(step.location,
              "the " + std::to_string(node.kernel[0]) + "x" + std::to_string(node.kernel[1]) +
                  " kernel is larger than its input " + shapeText(shape(in)) +
                  (padded == extent ? "" : " with its padding"),
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

  int conv(const Expr &step, int in) {
    Arguments arguments(step, {"filters"},
                        {"kernel", "stride", "pad", "bias", "init", "connections", "groups", "dilation"}, diagnostics);
    const int64_t filters = arguments.integer("filters", std::nullopt, 1, largestExtent);
    GraphNode node{.op = "conv2d", .inputs = {in}, .layer = layer, .location = step.location};
    node.kernel = arguments.pair("kernel", std::nullopt, 1);
    node.stride = arguments.pair("stride", Shape{1, 1}, 1);
    node.pad = arguments.padding("pad");
    for (const char *later : {"groups", "dilation"})
      if (arguments.find(later) && arguments.integer(later, 1, 1, largestExtent) != 1)
        arguments.error(later, std::string("`conv` argument `") + later + "` is not supported yet",
                        "leave it out, or write 1");
    const Setting init = weightInit(arguments);
    const std::optional<double> bias = initialBias(step, arguments);
    const bool first = claimParameters(step);
    if (in < 0 || !arguments.ok() || !first || !needsImage(step, in) || !window(step, in, node, filters))
      return -1;
    GraphParameter weight{
        .name = layer + ".weight", .shape = {filters, shape(in)[0], node.kernel[0], node.kernel[1]}, .init = init};
    if (!checkElements(weight.shape, "the parameter `" + weight.name + "`", step.location))
      return -1; // Before the mask, which is as large.
    if (const Expr *table = arguments.find("connections"))
      if (!connections(*table, arguments, weight))
        return -1;
    node.parameters = {parameter(step, weight)};
    if (node.parameters[0] < 0 || !addBias(step, bias, filters, node))
      return -1;
    return append(std::move(node));
  }

  /// A list for each filter of the input channels that it sees.
  bool connections(const Expr &table, Arguments &arguments, GraphParameter &weight) {
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

  int dense(const Expr &step, int in) {
    Arguments arguments(step, {"outputs"}, {"bias", "init"}, diagnostics);
    const int64_t outputs = arguments.integer("outputs", std::nullopt, 1, largestExtent);
    const Setting init = weightInit(arguments);
    const std::optional<double> bias = initialBias(step, arguments);
    const bool first = claimParameters(step);
    if (in < 0 || !arguments.ok() || !first)
      return -1;
    GraphNode node{.op = "dense", .inputs = {in}, .shape = {outputs}, .layer = layer, .location = step.location};
    node.parameters = {
        parameter(step, {.name = layer + ".weight", .shape = {outputs, elements(shape(in))}, .init = init})};
    if (node.parameters[0] < 0 || !addBias(step, bias, outputs, node))
      return -1;
    return append(std::move(node));
  }

  int pool(const Expr &step, int in) {
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
                      "a `max_pool` window of " + std::to_string(node.kernel[0]) + "x" +
                          std::to_string(node.kernel[1]) + " has more than 256 elements",
                      "pool in two steps");
    if (in < 0 || !arguments.ok() || !needsImage(step, in) || !window(step, in, node, shape(in)[0]))
      return -1;
    return append(std::move(node));
  }

  /// LeNet-5's S layers: the sum of a window times a trainable coefficient, plus a trainable bias.
  int subsample(const Expr &step, int in) {
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
    GraphNode node{
        .op = "scale", .inputs = {pooled}, .shape = shape(pooled), .layer = layer, .location = step.location};
    node.parameters = {
        parameter(step, {.name = layer + ".weight", .shape = {channels}, .init = {"constant", {{"value", mean}}}}),
        parameter(step, {.name = layer + ".bias",
                         .shape = {channels},
                         .init = {"constant", {{"value", 0.0}}},
                         .lrMult = defaults.biasLr,
                         .decayMult = defaults.biasDecay})};
    return append(std::move(node));
  }

  /// Squared distances to fixed bitmaps of the ten digits.
  int rbf(const Expr &step, int in) {
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
            "`rbf(digits)` compares 7x12 bitmaps and needs an input of the shape [84]; it has [" +
                shapeText(shape(in)) + "]",
            "put `dense(84)` before it");
      return -1;
    }
    const int index =
        parameter(step, {.name = layer + ".centers", .shape = {10, inputs}, .init = {}, .constant = centers});
    return append(
        {.op = "rbf", .inputs = {in}, .parameters = {index}, .shape = {10}, .layer = layer, .location = step.location});
  }

  int combine(const Expr &step, std::optional<int> piped) {
    std::vector<std::pair<int, Location>> operands;
    if (piped)
      operands.push_back({*piped, step.location});
    for (const ast::Argument &argument : step.arguments) {
      if (!argument.name.empty()) {
        error(argument.location, "`" + step.text + "` has no argument `" + argument.name + "`",
              "it takes layers: `" + step.text + "(a, b)`");
        operands.push_back({-1, argument.location});
        continue;
      }
      operands.push_back({value(argument.value), argument.value.location});
    }
    if (operands.size() < 2) {
      error(step.location, "`" + step.text + "` needs at least two layers", "write `" + step.text + "(a, b)`");
      return -1;
    }
    for (const auto &[node, location] : operands)
      if (node < 0)
        return -1;
    const Shape &first = shape(operands[0].first);
    Shape result = first;
    for (size_t i = 1; i < operands.size(); ++i) {
      const Shape &other = shape(operands[i].first);
      const bool fits = step.text == "add" ? other == first
                                           : other.size() == first.size() &&
                                                 std::equal(other.begin() + 1, other.end(), first.begin() + 1);
      if (!fits) {
        error(operands[i].second,
              "`" + step.text + "` cannot join the shapes " + shapeText(first) + " and " + shapeText(other),
              step.text == "add" ? "its inputs must have the same shape"
                                 : "its inputs may differ in their channels only");
        return -1;
      }
      if (step.text == "concat")
        result[0] += other[0];
    }
    if (step.text == "concat") {
      GraphNode node{.op = "concat", .shape = result, .layer = layer, .location = step.location};
      for (const auto &operand : operands)
        node.inputs.push_back(operand.first);
      return append(std::move(node));
    }
    int sum = operands[0].first;
    for (size_t i = 1; i < operands.size(); ++i)
      sum = append({.op = "add",
                    .inputs = {sum, operands[i].first},
                    .shape = result,
                    .layer = layer,
                    .location = step.location});
    return sum;
  }
};

} // namespace

Graph checkModel(const ast::Model &model, Diagnostics &diagnostics) { return Checker(model, diagnostics).run(); }

} // namespace fovea
