#include "frontend/import/Network.h"

#include "frontend/Frontend.h"
#include "runtime/AtomicFile.h"
#include "runtime/Error.h"
#include "runtime/Safetensors.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <set>

namespace fovea {

using ast::Expr;

namespace {

/// A name of the language: letters, digits and underscores, beginning with a letter, and none of its words.
std::string legal(const std::string &name) {
  std::string text;
  for (char letter : name)
    text +=
        (std::isalnum(static_cast<unsigned char>(letter)) && static_cast<unsigned char>(letter) < 128) ? letter : '_';
  if (text.empty() || !std::isalpha(static_cast<unsigned char>(text[0])))
    text = "layer_" + text;
  static const std::set<std::string> words{"network", "input", "output", "train", "block", "none", "true", "false"};
  return words.contains(text) ? text + "_" : text.substr(0, 200);
}

/// One definition of the model file for each chain of operations.
class Writer {
public:
  explicit Writer(const ImportedNetwork &network) : network(network) {}

  ast::Model model() {
    ast::Model model;
    model.name = legal(network.name);
    Expr type = call("f32");
    for (int64_t extent : network.inputShape)
      type.arguments.push_back(argument(number(double(extent))));
    names.resize(network.nodes.size());
    names[0] = unique(network.nodes[0].name);
    model.inputs.push_back({names[0], 0, type});

    std::vector<int> users(network.nodes.size()), chainOf(network.nodes.size(), -1);
    for (const ImportedNode &node : network.nodes)
      for (int input : node.inputs)
        ++users[size_t(input)];
    ++users[size_t(network.output)];
    const std::vector<bool> wanted = reached();
    for (size_t index = 1; index < network.nodes.size(); ++index) {
      const ImportedNode &node = network.nodes[index];
      if (!wanted[index])
        continue;
      const size_t from = size_t(node.inputs.at(0));
      if (node.inputs.size() == 1 && node.parameters.empty() && chainOf[from] >= 0 && users[from] == 1) {
        ast::Definition &chain = model.definitions[size_t(chainOf[from])];
        chain.value->items.push_back(node.call);
        chainOf[index] = chainOf[from];
        names[index] = chain.name;
        continue;
      }
      names[index] = unique(node.name);
      chainOf[index] = int(model.definitions.size());
      model.definitions.push_back({.name = names[index], .value = first(node)});
    }
    if (chainOf[size_t(network.output)] < 0)
      throw Error(network.source + ": the network computes nothing: its output is its input");
    model.definitions[size_t(chainOf[size_t(network.output)])].isOutput = true;
    model.hasTrain = !network.train.empty();
    model.settings = network.train;
    return model;
  }

  /// "conv1.weight" of a node's parameter.
  std::string parameterName(size_t node, const std::string &end) const { return names[node] + "." + end; }

private:
  const ImportedNetwork &network;
  std::vector<std::string> names; ///< Of the definition that each node is in.
  std::map<std::string, int> taken; ///< With the next number to try.

  std::string unique(const std::string &name) {
    const std::string wanted = legal(name);
    std::string found = wanted;
    while (!taken.emplace(found, 2).second)
      found = wanted + "_" + std::to_string(taken[wanted]++);
    return found;
  }

  /// Nodes that the output needs.
  std::vector<bool> reached() const {
    std::vector<bool> wanted(network.nodes.size());
    wanted[size_t(network.output)] = true;
    for (size_t index = network.nodes.size(); index-- > 0;)
      if (wanted[index])
        for (int input : network.nodes[index].inputs)
          wanted[size_t(input)] = true;
    return wanted;
  }

  /// The beginning of a chain.
  Expr first(const ImportedNode &node) const {
    Expr chain;
    chain.kind = Expr::Kind::Chain;
    if (node.inputs.size() > 1) {
      Expr joined = node.call;
      joined.kind = Expr::Kind::Call;
      for (int input : node.inputs)
        joined.arguments.push_back(argument(word(names[size_t(input)])));
      chain.items = {joined};
    } else {
      chain.items = {word(names[size_t(node.inputs[0])]), node.call};
    }
    return chain;
  }
};

} // namespace

void writeImported(const ImportedNetwork &network, const std::string &modelPath) {
  Writer writer(network);
  std::string text;
  for (const std::string &line : network.comments)
    text += "# " + line + "\n";
  text += (text.empty() ? "" : "\n") + ast::print(writer.model());

  Source source{network.source, text};
  Diagnostics diagnostics(source);
  const std::optional<Graph> graph = loadModel(source, diagnostics);
  if (!graph) { // The first error, without the line of a file that is not there.
    std::string told = diagnostics.print();
    const size_t begin = told.find("error: ");
    told = told.substr(begin == std::string::npos ? 0 : begin + 7);
    throw Error(network.source + ": becomes a network that cannot be compiled: " + told.substr(0, told.find('\n')));
  }

  std::map<std::string, const FloatTensor *> given;
  for (size_t index = 1; index < network.nodes.size(); ++index)
    for (const auto &[end, tensor] : network.nodes[index].parameters)
      if (!tensor.values.empty())
        given[writer.parameterName(index, end)] = &tensor;
  std::vector<TensorView> views;
  for (const GraphParameter &parameter : graph->parameters) {
    auto found = given.find(parameter.name);
    if (found == given.end()) {
      if (!given.empty())
        throw Error(network.source + ": has no values for " + parameter.name + " " + shapeText(parameter.shape));
      continue;
    }
    const FloatTensor &tensor = *found->second;
    if (int64_t(tensor.values.size()) != elementCount(parameter.shape))
      throw Error(network.source + ": " + parameter.name + " has " + std::to_string(tensor.values.size()) +
                  " values of shape " + shapeText(tensor.shape) + ", but the layer needs " +
                  shapeText(parameter.shape));
    views.push_back({parameter.name, parameter.shape, tensor.values.data()});
  }
  std::filesystem::path weights = modelPath;
  weights.replace_extension(".safetensors");
  AtomicFile model(modelPath);
  model.write(text);
  if (!views.empty())
    writeSafetensors(weights.string(), views);
  model.commit();
}

std::string printable(const std::string &name) {
  std::string shown;
  for (char letter : name.substr(0, 80))
    shown += letter >= ' ' && letter < 127 ? letter : '?';
  return shown;
}

Expr number(double value) {
  char text[32];
  // The shortest that reads back as the same float: files keep floats.
  auto [end, problem] = std::floor(value) == value && std::abs(value) < 1e15
                            ? std::to_chars(text, text + sizeof text, int64_t(value))
                            : std::to_chars(text, text + sizeof text, float(value));
  Expr expr;
  expr.kind = Expr::Kind::Number;
  expr.number = value;
  expr.text = std::string(text, end);
  return expr;
}

Expr word(const std::string &text) {
  Expr expr;
  expr.text = text;
  return expr;
}

Expr list(const std::vector<int64_t> &numbers) {
  Expr expr;
  expr.kind = Expr::Kind::List;
  for (int64_t item : numbers)
    expr.items.push_back(number(double(item)));
  return expr;
}

Expr pair(int64_t a, int64_t b) { return a == b ? number(double(a)) : list({a, b}); }

Expr call(const std::string &name, std::vector<ast::Argument> arguments) {
  Expr expr;
  expr.kind = arguments.empty() ? Expr::Kind::Name : Expr::Kind::Call;
  expr.text = name;
  expr.arguments = std::move(arguments);
  return expr;
}

} // namespace fovea
