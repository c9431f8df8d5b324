#include "frontend/Parser.h"

#include "frontend/Lexer.h"

#include <charconv>
#include <utility>

namespace fovea {

using namespace ast;

namespace {

/// Deeper nesting than any model needs; bounds the recursion.
constexpr int deepestNesting = 64;

class Parser {
public:
  Parser(const Source &source, Diagnostics &diagnostics)
      : tokens(tokenize(source, diagnostics)), diagnostics(diagnostics) {}

  Model run() {
    while (isName("block"))
      block();
    if (isName("network"))
      network();
    else
      unexpected("`network NAME {`", "a model file starts with `network LeNet {`");
    while (!atEnd()) {
      if (isName("train") && !model.hasTrain)
        train();
      else if (isName("block"))
        block();
      else {
        if (isName("train"))
          diagnostics.error(here().location, "a second train block", "put all settings into one");
        else if (isName("network"))
          diagnostics.error(here().location, "a second network", "put each network into a file of its own");
        else
          unexpected("`train {` or the end of the file", "");
        return std::move(model); // What follows has no place in the file; its words would all be errors.
      }
    }
    return std::move(model);
  }

private:
  std::vector<Token> tokens;
  Diagnostics &diagnostics;
  size_t at = 0;
  int depth = 0;
  Model model;
  std::vector<Definition> *definitions = &model.definitions; ///< Of the network, or of the block that is read.

  const Token &here() const { return tokens[at]; }
  const Token &next() const { return tokens[std::min(at + 1, tokens.size() - 1)]; }
  bool atEnd() const { return here().kind == Token::Kind::End; }
  bool isName(std::string_view text) const { return here().kind == Token::Kind::Name && here().text == text; }
  bool isSymbol(std::string_view text) const { return here().kind == Token::Kind::Symbol && here().text == text; }

  Token take() {
    Token token = here();
    if (!atEnd())
      ++at;
    return token;
  }

  bool accept(std::string_view symbol) {
    if (!isSymbol(symbol))
      return false;
    take();
    return true;
  }

  static std::string shown(const Token &token) {
    return token.kind == Token::Kind::End ? "the end of the file" : "`" + token.text.substr(0, 40) + "`";
  }

  void unexpected(const std::string &wanted, const std::string &help) {
    diagnostics.error(here().location, "expected " + wanted + ", found " + shown(here()), help);
  }

  bool expect(const std::string &symbol, const std::string &help = "") {
    if (accept(symbol))
      return true;
    unexpected("`" + symbol + "`", help);
    return false;
  }

  std::optional<Token> expectName(const std::string &what) {
    if (here().kind == Token::Kind::Name)
      return take();
    unexpected(what, "");
    return std::nullopt;
  }

  /// After an error: on to a word that starts a statement of this block, or to the block's end.
  void recover(bool inTrain) {
    // An argument list that is not closed has swallowed the next statement's name.
    if (at > 0 && tokens[at - 1].startsLine && tokens[at - 1].kind == Token::Kind::Name &&
        isSymbol(inTrain ? ":" : "="))
      --at;
    while (!atEnd() && !isSymbol("}")) {
      const bool startsStatement = here().startsLine && here().kind == Token::Kind::Name &&
                                   (inTrain ? next().text == ":"
                                            : next().text == "=" || here().text == "input" || here().text == "output" ||
                                                  here().text == "auxiliary");
      if (startsStatement)
        return;
      take();
    }
  }

  void network() {
    take();
    model.location = here().location;
    if (auto name = expectName("the network's name"))
      model.name = name->text;
    if (!expect("{", "write `network " + (model.name.empty() ? "LeNet" : model.name) + " {`"))
      recover(false);
    statements();
    expect("}", "the network's block is not closed");
  }

  bool statement() {
    if (isName("block") && next().kind == Token::Kind::Name) {
      diagnostics.error(here().location, "a block stands before the network, not inside", "move it above `network`");
      block();
      return true;
    }
    if (isName("input") && next().kind == Token::Kind::Name && definitions != &model.definitions)
      diagnostics.error(here().location, "a block has no `input`", "name it as a parameter: `block name(x) {`");
    if (isName("input") && next().kind == Token::Kind::Name)
      return input();
    Definition definition;
    if (isName("output") && next().kind == Token::Kind::Name) {
      take();
      definition.isOutput = true;
    } else if (isName("auxiliary") && next().kind == Token::Kind::Name) {
      if (definitions != &model.definitions)
        diagnostics.error(here().location, "a block has no auxiliary classifier",
                          "write it in the network, with the block's result");
      take();
      definition.isAuxiliary = true;
    }
    definition.location = here().location;
    auto name = expectName("a layer: `name = source -> operation(...)`");
    if (!name)
      return take(), false;
    definition.name = name->text;
    if (definition.isOutput && !isSymbol("=")) {
      definitions->push_back(std::move(definition));
      return true;
    }
    if (!expect("=", "a layer is written `" + definition.name + " = source -> operation(...)`"))
      return false;
    auto value = expr();
    if (value)
      definition.value = std::move(*value);
    else
      definition.value = Expr{}; // Known by name, so that its uses are no errors too.
    definitions->push_back(std::move(definition));
    return value.has_value();
  }

  /// A wrong one stays known by name, without a type, so that its uses are no errors too.
  bool input() {
    take();
    Input input{.name = here().text, .location = here().location, .type = {}};
    take();
    const bool read = inputType(input);
    if (!read)
      input.type = {};
    if (definitions == &model.definitions)
      model.inputs.push_back(std::move(input));
    return read;
  }

  bool inputType(Input &input) {
    const std::string form = "write `input " + input.name + ": f32[channels, height, width]`";
    if (!expect(":", form))
      return false;
    input.type.kind = Expr::Kind::Call;
    input.type.location = here().location;
    auto type = expectName("the element type `f32`");
    if (!type)
      return false;
    input.type.text = type->text;
    if (!expect("[", form))
      return false;
    auto list = items("]");
    if (!list)
      return false;
    for (Expr &item : *list)
      input.type.arguments.push_back({"", item.location, std::move(item)});
    return true;
  }

  void train() {
    model.trainLocation = here().location;
    take();
    model.hasTrain = true;
    if (!expect("{", "write `train {`"))
      recover(true);
    while (!atEnd() && !isSymbol("}"))
      if (!setting())
        recover(true);
    expect("}", "the train block is not closed");
  }

  bool setting() {
    Setting setting{.name = here().text, .location = here().location, .value = {}};
    if (!expectName("a setting: `batch: 64`"))
      return take(), false;
    if (!expect(":", "a setting is written `" + setting.name + ": value`"))
      return false;
    auto value = expr();
    if (value)
      setting.value = std::move(*value);
    model.settings.push_back(std::move(setting)); // Known by name even when it is wrong, so that it is not missing.
    return value.has_value();
  }

  void block() {
    if (depth >= deepestNesting) {
      diagnostics.error(here().location, "this is nested too deeply", "write blocks one after another");
      at = tokens.size() - 1;
      return;
    }
    ++depth;
    take();
    Block block{.name = here().text, .location = here().location, .parameters = {}, .definitions = {}};
    const std::string form = "write `block name(x, width = 64) {`";
    const bool read = expectName("the block's name") && expect("(", form) && parameters(block) && expect("{", form);
    if (!read)
      recover(false);
    auto *outer = std::exchange(definitions, &block.definitions);
    statements();
    definitions = outer;
    --depth;
    expect("}", "the block `" + block.name + "` is not closed");
    if (read)
      model.blocks.push_back(std::move(block));
  }

  bool parameters(Block &block) {
    while (!isSymbol(")")) {
      Block::Parameter parameter{.name = here().text, .location = here().location, .otherwise = {}};
      if (!expectName("a parameter's name"))
        return false;
      if (accept("=")) {
        parameter.otherwise = expr();
        if (!parameter.otherwise)
          return false;
      }
      block.parameters.push_back(std::move(parameter));
      if (!accept(","))
        break;
    }
    return expect(")", "the parameters of `" + block.name + "` are not closed");
  }

  void statements() {
    while (!atEnd() && !isSymbol("}"))
      if (!statement())
        recover(false);
  }

  /// primary { "->" primary }
  std::optional<Expr> expr() {
    if (depth >= deepestNesting) {
      diagnostics.error(here().location, "this is nested too deeply", "give the inner parts names of their own");
      return std::nullopt;
    }
    ++depth;
    auto result = chain();
    --depth;
    return result;
  }

  std::optional<Expr> chain() {
    auto source = primary();
    if (!source || !isSymbol("->"))
      return source;
    Expr chain;
    chain.kind = Expr::Kind::Chain;
    chain.location = source->location;
    chain.items.push_back(std::move(*source));
    while (accept("->")) {
      if (here().kind != Token::Kind::Name) {
        unexpected("an operation after `->`", "a layer is written `name = source -> operation(...)`");
        return std::nullopt;
      }
      auto step = primary();
      if (!step)
        return std::nullopt;
      chain.items.push_back(std::move(*step));
    }
    return chain;
  }

  std::optional<Expr> primary() {
    Expr result;
    result.location = here().location;
    if (here().kind == Token::Kind::Number) {
      result.kind = Expr::Kind::Number;
      result.text = take().text;
      const char *first = result.text.data() + (result.text[0] == '+'), *last = result.text.data() + result.text.size();
      const auto [end, problem] = std::from_chars(first, last, result.number);
      if (problem != std::errc() || end != last) {
        diagnostics.error(result.location, "`" + result.text.substr(0, 40) + "` is not a number that can be held", "");
        return std::nullopt;
      }
      return result;
    }
    if (accept("[")) {
      result.kind = Expr::Kind::List;
      auto list = items("]");
      if (!list)
        return std::nullopt;
      result.items = std::move(*list);
      return result;
    }
    if (accept("(")) {
      auto inner = expr();
      if (!inner || !expect(")", "the parenthesis is not closed"))
        return std::nullopt;
      return inner;
    }
    if (here().kind != Token::Kind::Name) {
      unexpected("a name, a number, `[` or `(`", "");
      return std::nullopt;
    }
    result.text = take().text;
    if (!accept("("))
      return result;
    result.kind = Expr::Kind::Call;
    while (!isSymbol(")")) {
      Argument argument;
      argument.location = here().location;
      if (here().kind == Token::Kind::Name && next().text == ":") {
        argument.name = take().text;
        take();
      }
      auto value = expr();
      if (!value)
        return std::nullopt;
      argument.value = std::move(*value);
      result.arguments.push_back(std::move(argument));
      if (!accept(","))
        break;
    }
    if (!expect(")", "the arguments of `" + result.text + "` are not closed"))
      return std::nullopt;
    return result;
  }

  std::optional<std::vector<Expr>> items(const std::string &close) {
    std::vector<Expr> list;
    while (!isSymbol(close)) {
      auto item = expr();
      if (!item)
        return std::nullopt;
      list.push_back(std::move(*item));
      if (!accept(","))
        break;
    }
    if (!expect(close, "the list is not closed"))
      return std::nullopt;
    return list;
  }
};

} // namespace

Model parseModel(const Source &source, Diagnostics &diagnostics) { return Parser(source, diagnostics).run(); }

} // namespace fovea
