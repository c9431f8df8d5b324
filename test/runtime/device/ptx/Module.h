// PTX as text: its entries, their registers, variables and statements. What a statement does is Kernel.h's affair.
#pragma once

#include <cstddef>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace ptx {

/// What no correct program does, or what this interpreter does not know. One line that says where.
struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Statement {
  int line = 0;      ///< Of the module's text, from 1.
  std::string text;  ///< As written, with single spaces and no comment.
  std::string guard; ///< A predicate, "%p1"; empty: always.
  bool isNegated = false;
  std::string mnemonic;
  std::vector<std::string> operands;
};

struct Entry {
  struct Parameter {
    std::string name;
    size_t bytes = 0;
    bool isPointer = false;
  };
  struct Variable {
    size_t bytes = 0, alignment = 1;
  };
  std::string name;
  std::vector<Parameter> parameters;
  std::map<std::string, size_t> registers; ///< Name -> bytes; a predicate has 1.
  std::map<std::string, Variable> locals;  ///< Of each thread.
  std::map<std::string, size_t> labels;    ///< -> index of the statement behind it.
  std::vector<Statement> statements;
};

struct Module {
  std::string version, target;
  std::vector<std::string> externShared; ///< Arrays that begin where a launch's shared memory begins.
  std::vector<Entry> entries;
};

/// Throws Fault, "line 7: ...", for what it does not know.
Module parse(const std::string &text);

/// 4 for ".b32", 1 for ".pred"; 0 if it is no type.
size_t bytesOfType(const std::string &type);

/// The parts of `text` between commas that stand in no bracket, without the spaces around them.
std::vector<std::string> splitAtCommas(const std::string &text);

} // namespace ptx
