#include "frontend/Checker.h"

#include "frontend/CheckLayers.h"
#include "frontend/Scope.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace fovea {

using ast::Expr;

namespace {

const std::vector<std::string> operationNames = {
    "conv",       "dense",   "max_pool",   "avg_pool",       "subsample", "relu", "tanh",    "sigmoid",
    "softmax",    "flatten", "add",        "concat",         "rbf",       "lrn",  "dropout", "global_avg_pool",
    "batch_norm", "local",   "leaky_relu", "channel_shuffle"};

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

/// Operations of a network: blocks that call blocks multiply.
constexpr size_t mostNodes = 20000;

class Checker : LayerChecker {
public:
  Checker(const ast::Model &model, Diagnostics &diagnostics)
      : LayerChecker(diagnostics), model(model), parsed(!diagnostics.hasErrors()),
        network(model.definitions, model.blocks.size()) {}

  Graph run() {
    graph.network = model.name;
    if (model.hasTrain)
      graph.recipe = checkRecipe(model, defaults, diagnostics);
    for (size_t index = 0; index < model.blocks.size(); ++index)
      checkBlock(index);
    input();
    for (const ast::Definition &definition : model.definitions)
      define(definition);
    finish();
    return std::move(graph);
  }

private:
  const ast::Model &model;
  const bool parsed; ///< Nothing of the text was passed over.
  Scope network;
  Scope *scope = &network;
  std::vector<bool> described; ///< Nodes that a row of `info` counts.

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
      network.names[first.name] = -1;
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
    network.names[first.name] = good ? 0 : -1;
  }

  /// What can be said of a block before it is called.
  void checkBlock(size_t index) {
    const ast::Block &block = model.blocks[index];
    std::set<std::string> seen;
    for (const ast::Block::Parameter &parameter : block.parameters)
      if (!seen.insert(parameter.name).second)
        error(parameter.location, "`" + block.name + "` has two parameters `" + parameter.name + "`",
              "give this one another name");
    if (isOperation(block.name))
      error(block.location, "`" + block.name + "` is an operation; a block cannot have its name",
            "choose another name");
    for (size_t other = 0; other < index; ++other)
      if (model.blocks[other].name == block.name)
        error(block.location, "a second block `" + block.name + "`", "give this one another name");
    if (parsed && std::none_of(block.definitions.begin(), block.definitions.end(),
                               [](const ast::Definition &definition) { return definition.isOutput; }))
      error(block.location, "the block `" + block.name + "` has no output", "mark its last layer: `output name = ...`");
  }

  void define(const ast::Definition &definition) {
    if (!definition.value) { // `output name`
      auto found = scope->names.find(definition.name);
      if (found == scope->names.end())
        unknownName(definition.name, definition.location);
      markOutput(definition, found == scope->names.end() ? -1 : found->second);
      return;
    }
    if (scope->names.contains(definition.name))
      error(definition.location, "`" + definition.name + "` is defined twice", "give this one another name");
    layer = scope->prefix + definition.name;
    parametersOfLayer = 0;
    const size_t firstNode = graph.nodes.size();
    const bool unread = definition.value->kind == Expr::Kind::Name && definition.value->text.empty();
    const Expr text = substituted(*definition.value, scope->values);
    const int node = unread ? -1 : value(text);
    scope->names[definition.name] = node;
    scope->used.emplace(definition.name, false);
    if (node >= 0)
      describe(scope->prefix + definition.name, text, node, firstNode);
    if (definition.isOutput)
      markOutput(definition, node);
    if (definition.isAuxiliary) {
      scope->used[definition.name] = true;
      if (node >= 0)
        graph.auxiliaries.push_back(node);
    }
  }

  void markOutput(const ast::Definition &definition, int node) {
    scope->used[definition.name] = true;
    if (scope->hasOutput) {
      error(definition.location, "a second output `" + definition.name + "`",
            scope == &network ? "a network has one output" : "a block has one output");
      return;
    }
    scope->hasOutput = true;
    scope->output = node;
    scope->outputLocation = definition.location;
    scope->outputName = definition.name;
  }

  const ast::Block *blockNamed(const std::string &name) const {
    for (size_t index = 0; index < scope->blocks; ++index)
      if (model.blocks[index].name == name)
        return &model.blocks[index];
    return nullptr;
  }

  /// Binds the parameters of a block: to layers in `inner.names`, to anything else in `inner.values`. False after an
  /// error.
  bool bind(const ast::Block &block, const Expr &call, std::optional<int> piped, Scope &inner) {
    const auto &parameters = block.parameters;
    const std::string form = "`" + block.name + "`";
    std::vector<bool> given(parameters.size());
    bool good = true;
    size_t place = 0;
    auto set = [&](size_t index, int node) {
      inner.names[parameters[index].name] = node;
      given[index] = true;
      good = good && node >= 0;
    };
    if (piped && parameters.empty()) {
      error(call.location, form + " takes no layer", "write `" + block.name + "()`");
      return false;
    }
    if (piped)
      set(place++, *piped);
    for (const ast::Argument &argument : call.arguments) {
      auto named = std::find_if(parameters.begin(), parameters.end(),
                                [&](const auto &parameter) { return parameter.name == argument.name; });
      const size_t index = argument.name.empty() ? place++ : size_t(named - parameters.begin());
      if (index >= parameters.size() || given[index]) {
        error(argument.location,
              argument.name.empty()        ? form + " takes only " + std::to_string(parameters.size()) + " arguments"
              : index >= parameters.size() ? form + " has no parameter `" + argument.name + "`"
                                           : form + " is given `" + argument.name + "` twice",
              "it is declared as `" + print(block) + "`");
        good = false;
        continue;
      }
      const Expr &layerOrValue = argument.value;
      const bool isLayer = layerOrValue.kind == Expr::Kind::Chain || layerOrValue.kind == Expr::Kind::Call ||
                           (layerOrValue.kind == Expr::Kind::Name && scope->names.contains(layerOrValue.text));
      if (isLayer) {
        set(index, value(layerOrValue));
      } else {
        inner.values[parameters[index].name] = layerOrValue;
        given[index] = true;
      }
    }
    for (size_t index = 0; index < parameters.size(); ++index) {
      if (given[index])
        continue;
      if (parameters[index].otherwise) {
        inner.values[parameters[index].name] = *parameters[index].otherwise;
      } else {
        error(call.location, form + " is missing its argument `" + parameters[index].name + "`",
              "it is declared as `" + print(block) + "`");
        good = false;
      }
    }
    return good;
  }

  /// Writes the layers of a block out, under the name of the line that calls it.
  int instantiate(const ast::Block &block, const Expr &call, std::optional<int> piped) {
    const size_t firstParameter = graph.parameters.size();
    const int claimed = parametersOfLayer;
    Scope inner(block.definitions, size_t(&block - model.blocks.data()));
    inner.prefix = layer + ".";
    const bool bound = bind(block, call, piped, inner);
    if (graph.nodes.size() > mostNodes)
      error(call.location, "the network has more than " + std::to_string(mostNodes) + " operations",
            "call fewer blocks");
    if (!bound || graph.nodes.size() > mostNodes)
      return -1;
    Scope *outer = std::exchange(scope, &inner);
    const std::string caller = layer;
    for (const ast::Definition &definition : block.definitions)
      define(definition);
    warnOfUnused();
    scope = outer;
    layer = caller;
    parametersOfLayer = claimed;
    if (graph.parameters.size() > firstParameter && !claimParameters(call))
      return -1; // A second call in the same line: its layers would have the names of the first one's.
    return inner.output;
  }

  void describe(const std::string &name, const Expr &text, int node, size_t firstNode) {
    GraphLayer row{.name = name, .op = print(abridged(text)), .shape = shape(node), .node = node};
    described.resize(graph.nodes.size());
    for (size_t n = firstNode; n < graph.nodes.size(); ++n) {
      if (described[n])
        continue; // In the row of a block's layer.
      described[n] = true;
      for (int index : graph.nodes[n].parameters) {
        const GraphParameter &parameter = graph.parameters[index];
        if (parameter.constant.empty() && !parameter.average)
          row.parameters += parameter.mask.empty()
                                ? elements(parameter.shape)
                                : std::count(parameter.mask.begin(), parameter.mask.end(), uint8_t(1));
      }
      count(graph.nodes[n], row);
    }
    graph.layers.push_back(std::move(row));
  }

  void warnOfUnused() {
    for (const ast::Definition &definition : scope->definitions)
      if (definition.value && !scope->used[definition.name] && scope->names[definition.name] >= 0)
        diagnostics.warning(definition.location, "`" + definition.name + "` is used by nothing",
                            "remove it, or mark it as the output");
  }

  void finish() {
    if (model.inputs.empty())
      return;
    if (!network.hasOutput && parsed)
      error(model.location, "the network has no output", "mark its last layer: `output name = ...`");
    graph.output = std::max(network.output, 0);
    graph.outputName = network.outputName;
    if (diagnostics.hasErrors())
      return;
    warnOfUnused();
    const std::vector<bool> inference = graph.neededBy({graph.output}), training = graph.neededBy(graph.auxiliaries);
    for (GraphLayer &row : graph.layers)
      row.auxiliary = training[size_t(row.node)] && !inference[size_t(row.node)];
    if (network.output >= 0)
      checkLosses(graph, network.outputLocation, diagnostics);
  }

  void unknownName(const std::string &name, Location location) {
    if (diagnostics.full())
      return error(location, "unknown layer"); // Counted, not shown: the search below takes time.
    std::vector<std::string> known;
    for (const auto &[other, node] : scope->names)
      known.push_back(other);
    const std::string near = nearest(name, known);
    for (const ast::Definition &definition : scope->definitions)
      if (definition.value && definition.name == name)
        return error(location, "`" + name + "` is used before it is defined", "move its line up");
    error(location, "unknown layer `" + name + "`", near.empty() ? "" : "did you mean `" + near + "`?");
  }

  /// The node of a value; -1 after an error.
  int value(const Expr &expr) {
    switch (expr.kind) {
    case Expr::Kind::Name: {
      auto found = scope->names.find(expr.text);
      if (found == scope->names.end()) {
        unknownName(expr.text, expr.location);
        return -1;
      }
      scope->used[expr.text] = true;
      return found->second;
    }
    case Expr::Kind::Call:
      if (expr.text == "add" || expr.text == "concat")
        return combine(expr, {});
      if (const ast::Block *block = blockNamed(expr.text))
        return instantiate(*block, expr, {});
      if (isOperation(expr.text))
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
    std::vector<std::string> known = operationNames;
    for (const ast::Block &block : model.blocks) {
      known.push_back(block.name);
      if (block.name == call.text)
        return error(call.location, "`" + call.text + "` is called before it is defined, or by itself",
                     "a block may call the blocks above it");
    }
    const std::string near = nearest(call.text, known);
    std::string all;
    for (const std::string &name : operationNames)
      all += (all.empty() ? "" : ", ") + name;
    error(call.location, "unknown operation `" + call.text + "`",
          near.empty() ? "known are: " + all : "did you mean `" + near + "`?");
  }

  /// `in -> step`. Without an input only the step's own mistakes are found.
  int apply(const Expr &step, int in) {
    if (const ast::Block *block = blockNamed(step.text))
      return instantiate(*block, step, in);
    if (!isOperation(step.text)) {
      unknownOperation(step);
      return -1;
    }
    if (step.text == "add" || step.text == "concat")
      return combine(step, in);
    if (step.text == "conv")
      return conv(step, in);
    if (step.text == "local")
      return local(step, in);
    if (step.text == "dense")
      return dense(step, in);
    if (step.text == "max_pool" || step.text == "avg_pool")
      return pool(step, in);
    if (step.text == "global_avg_pool")
      return globalPool(step, in);
    if (step.text == "batch_norm")
      return batchNorm(step, in);
    if (step.text == "lrn")
      return lrn(step, in);
    if (step.text == "dropout")
      return dropout(step, in);
    if (step.text == "subsample")
      return subsample(step, in);
    if (step.text == "rbf")
      return rbf(step, in);
    if (step.text == "channel_shuffle")
      return channelShuffle(step, in);
    std::vector<std::string> named;
    if (step.text == "tanh")
      named = {"amplitude", "slope"};
    if (step.text == "relu")
      named = {"max"};
    if (step.text == "leaky_relu")
      named = {"slope"};
    Arguments arguments(step, {}, named, diagnostics);
    GraphNode node{.op = step.text, .inputs = {in}, .layer = layer, .location = step.location};
    if (step.text == "tanh") {
      node.amplitude = arguments.number("amplitude", 1.0);
      node.slope = arguments.number("slope", 1.0);
      if (node.amplitude == 0)
        arguments.error("amplitude", "`tanh` argument `amplitude` must not be 0", "");
    }
    if (step.text == "relu") {
      node.slope = 0;
      if (const Expr *given = arguments.find("max"); given && (node.most = arguments.number("max", 6.0)) <= 0.0)
        arguments.error("max", "`relu` argument `max` must be positive, not " + print(*given),
                        "mobile networks have 6");
    }
    if (step.text == "leaky_relu") {
      node.op = "relu";
      node.slope = arguments.number("slope", 0.01, 0);
      if (node.slope >= 1)
        arguments.error("slope",
                        "`leaky_relu` argument `slope` must be below 1, not " + print(*arguments.find("slope")), "");
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
