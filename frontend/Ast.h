// A model file as it is written: names, calls and numbers with their places, nothing checked yet.
#pragma once

#include "frontend/Diagnostics.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fovea::ast {

struct Argument;

/// A number, a name, a [list], a call(...), or a chain `source -> step -> step`.
struct Expr {
  enum class Kind { Number, Name, List, Call, Chain } kind = Kind::Name;
  Location location = 0;
  std::string text; ///< The name; a call's callee; a number as it was written.
  double number = 0;
  std::vector<Expr> items;         ///< A list's elements; a chain's source and steps.
  std::vector<Argument> arguments; ///< Of a call.
};

struct Argument {
  std::string name; ///< Empty for a positional argument.
  Location location = 0;
  Expr value;
};

/// `input image: f32[1, 28, 28]`
struct Input {
  std::string name;
  Location location = 0;
  Expr type; ///< A call named by the element type, its extents as positional arguments.
};

/// `conv1 = image -> conv(20, kernel: 5)`, perhaps marked `output` or `auxiliary`; or `output conv1`, without a value.
struct Definition {
  std::string name;
  Location location = 0;
  bool isOutput = false;
  bool isAuxiliary = false; ///< A classifier that serves training only.
  std::optional<Expr> value;
};

/// `batch: 64`
struct Setting {
  std::string name;
  Location location = 0;
  Expr value;
};

/// `block inception(x, c1, pool = 32) { ... output all = concat(a, b) }`: layers to be written out wherever it is
/// called.
struct Block {
  struct Parameter {
    std::string name;
    Location location = 0;
    std::optional<Expr> otherwise; ///< What it is when a call does not say.
  };
  std::string name;
  Location location = 0;
  std::vector<Parameter> parameters;
  std::vector<Definition> definitions;
};

struct Model {
  std::vector<Block> blocks; ///< Each may call those before it.
  std::string name;
  Location location = 0;
  std::vector<Input> inputs;
  std::vector<Definition> definitions;
  bool hasTrain = false;
  Location trainLocation = 0;
  std::vector<Setting> settings;
};

/// In the language again; parses to the same tree. Comments are gone.
std::string print(const Model &model);
std::string print(const Expr &expr);
/// `block name(x, width = 64)`, without its body.
std::string print(const Block &block);

} // namespace fovea::ast
