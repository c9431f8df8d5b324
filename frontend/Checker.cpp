#include "frontend/Checker.h"

#include "frontend/CheckLayers.h"

#include <algorithm>
#include <map>

namespace fovea {

using ast::Expr;

namespace {

const std::vector<std::string> operationNames = {"conv", "dense",  "max_pool", "avg_pool", "subsample",
                                                 "relu", "tanh",   "sigmoid",  "softmax",  "flatten",
                                                 "add",  "concat", "rbf",      "lrn",      "dropout",
                                                 "global_avg_pool"};
/// Of the papers, and to come; the remedy says what to do without them.
const std::map<std::string, std::string> notYet = {
    {"batch_norm", "fold it into the convolution before"},
    {"local", "use `conv`, which shares its weights"}};

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

class Checker : LayerChecker {
public:
  Checker(const ast::Model &model, Diagnostics &diagnostics)
      : LayerChecker(diagnostics), model(model), parsed(!diagnostics.hasErrors()) {}

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
  const bool parsed;                ///< Nothing of the text was passed over.
  std::map<std::string, int> names; ///< Node of each name; -1 when its definition is wrong, so that uses are no errors.
  std::map<std::string, bool> used;
  Location outputLocation = 0;
  bool hasOutput = false, outputIsKnown = false;

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
    if (step.text == "global_avg_pool")
      return globalPool(step, in);
    if (step.text == "lrn")
      return lrn(step, in);
    if (step.text == "dropout")
      return dropout(step, in);
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
