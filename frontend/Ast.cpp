#include "frontend/Ast.h"

namespace fovea::ast {

namespace {

std::string printArguments(const std::vector<Argument> &arguments) {
  std::string text;
  for (const Argument &argument : arguments)
    text += (text.empty() ? "" : ", ") + (argument.name.empty() ? "" : argument.name + ": ") + print(argument.value);
  return text;
}

std::string printDefinitions(const std::vector<Definition> &definitions) {
  std::string text;
  for (const Definition &definition : definitions) {
    text += std::string("  ") +
            (definition.isOutput      ? "output "
             : definition.isAuxiliary ? "auxiliary "
                                      : "") +
            definition.name;
    text += definition.value ? " = " + print(*definition.value) + "\n" : "\n";
  }
  return text;
}

} // namespace

std::string print(const Expr &expr) {
  switch (expr.kind) {
  case Expr::Kind::Number:
  case Expr::Kind::Name:
    return expr.text;
  case Expr::Kind::List: {
    std::string text;
    for (const Expr &item : expr.items)
      text += (text.empty() ? "" : ", ") + print(item);
    return "[" + text + "]";
  }
  case Expr::Kind::Call:
    return expr.text + "(" + printArguments(expr.arguments) + ")";
  case Expr::Kind::Chain: {
    std::string text;
    for (const Expr &item : expr.items)
      text += (text.empty() ? "" : " -> ") + (item.kind == Expr::Kind::Chain ? "(" + print(item) + ")" : print(item));
    return text;
  }
  }
  return "";
}

std::string print(const Block &block) {
  std::string parameters;
  for (const Block::Parameter &parameter : block.parameters)
    parameters += (parameters.empty() ? "" : ", ") + parameter.name +
                  (parameter.otherwise ? " = " + print(*parameter.otherwise) : "");
  return "block " + block.name + "(" + parameters + ")";
}

std::string print(const Model &model) {
  std::string text;
  for (const Block &block : model.blocks)
    text += print(block) + " {\n" + printDefinitions(block.definitions) + "}\n\n";
  text += "network " + model.name + " {\n";
  for (const Input &input : model.inputs)
    text += "  input " + input.name + ": " + input.type.text + "[" + printArguments(input.type.arguments) + "]\n";
  if (!model.inputs.empty() && !model.definitions.empty())
    text += "\n";
  text += printDefinitions(model.definitions) + "}\n";
  if (!model.hasTrain)
    return text;
  text += "\ntrain {\n";
  for (const Setting &setting : model.settings)
    text += "  " + setting.name + ": " + print(setting.value) + "\n";
  return text + "}\n";
}

} // namespace fovea::ast
