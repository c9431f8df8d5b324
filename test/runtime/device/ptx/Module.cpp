#include "test/runtime/device/ptx/Module.h"

#include <cctype>
#include <sstream>

namespace ptx {

namespace {

std::string trimmed(const std::string &text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  return begin == text.npos ? "" : text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string withSingleSpaces(const std::string &text) {
  std::istringstream words(text);
  std::string result, word;
  while (words >> word)
    result += (result.empty() ? "" : " ") + word;
  return result;
}

/// Reads the text piece by piece: up to a semicolon, a brace, a label's colon, or the end of a directive's line.
class Parser {
public:
  explicit Parser(const std::string &text) : text(text) {}

  Module run() {
    while (skipSpace(), at < text.size())
      topLevel();
    return std::move(module);
  }

private:
  const std::string &text;
  size_t at = 0;
  int line = 1;
  Module module;

  [[noreturn]] void fail(const std::string &what, int where) const {
    throw Fault("line " + std::to_string(where) + ": " + what);
  }

  void step() { line += text[at++] == '\n'; }

  bool atComment() const { return text.compare(at, 2, "//") == 0; }

  void skipSpace() {
    while (at < text.size() && (std::isspace(static_cast<unsigned char>(text[at])) || atComment()))
      if (atComment())
        while (at < text.size() && text[at] != '\n')
          step();
      else
        step();
  }

  /// Up to one of `ends`, which stands in no braces or is one itself, without comments; `at` is then at the end.
  std::string upTo(const std::string &ends, int begin) {
    std::string piece;
    while (at < text.size() && ends.find(text[at]) == ends.npos) {
      if (atComment()) {
        skipSpace();
        piece += ' ';
      } else if (text[at] == '{') { // A vector's, not a body's.
        while (at < text.size() && text[at] != '}')
          piece += text[at], step();
      } else {
        piece += text[at];
        step();
      }
    }
    if (at == text.size())
      fail("the text ends inside of `" + withSingleSpaces(piece).substr(0, 40) + "`", begin);
    return piece;
  }

  std::string word() {
    const size_t begin = at;
    while (at < text.size() && !std::isspace(static_cast<unsigned char>(text[at])) && text[at] != ';' &&
           text[at] != '(')
      step();
    return text.substr(begin, at - begin);
  }

  void topLevel() {
    const int begin = line;
    std::string directive = word();
    if (directive == ".visible")
      directive = (skipSpace(), word());
    if (directive == ".version") {
      skipSpace();
      module.version = word();
    } else if (directive == ".target") {
      skipSpace();
      module.target = word();
    } else if (directive == ".address_size") {
      skipSpace();
      if (word() != "64")
        fail("addresses of other than 64 bits", begin);
    } else if (directive == ".extern") {
      const std::string rest = withSingleSpaces(upTo(";", begin));
      step();
      const size_t open = rest.find("[]"), name = rest.rfind(' ', open);
      if (rest.rfind(".shared ", 0) != 0 || open == rest.npos)
        fail("unknown declaration `.extern " + rest + "`", begin);
      module.externShared.push_back(rest.substr(name + 1, open - name - 1));
    } else if (directive == ".entry") {
      skipSpace();
      entry();
    } else {
      fail("unknown directive `" + directive + "`", begin);
    }
  }

  void entry() {
    const int begin = line;
    Entry made;
    made.name = trimmed(upTo("(", begin));
    step();
    for (const std::string &parameter : splitAtCommas(upTo(")", begin)))
      made.parameters.push_back(parameterOf(parameter, begin));
    step();
    if (skipSpace(), at == text.size() || text[at] != '{')
      fail("unknown directive behind the parameters of " + made.name, line);
    step();
    body(made, begin);
    module.entries.push_back(std::move(made));
  }

  /// Up to the brace that ends it. LLVM puts some instructions in braces with a register of their own, `tmp`.
  void body(Entry &entry, int begin) {
    while (skipSpace(), at < text.size() && text[at] != '}')
      if (text[at] == '{')
        step(), body(entry, line);
      else
        statement(entry);
    if (at == text.size())
      fail("the text ends inside of " + entry.name, begin);
    step();
  }

  Entry::Parameter parameterOf(const std::string &text, int begin) const {
    std::istringstream words(text);
    std::string space, type, name;
    words >> space >> type;
    Entry::Parameter made;
    made.bytes = bytesOfType(type);
    if (space != ".param" || !made.bytes)
      fail("unknown parameter `" + withSingleSpaces(text) + "`", begin);
    for (std::string next; words >> next; name = next)
      made.isPointer |= next == ".ptr";
    made.name = name;
    return made;
  }

  void statement(Entry &entry) {
    const int begin = line;
    const std::string piece = withSingleSpaces(upTo(";:", begin));
    const bool isLabel = text[at] == ':';
    step();
    if (isLabel)
      entry.labels[piece] = entry.statements.size();
    else if (piece.rfind(".reg ", 0) == 0)
      declareRegisters(entry, piece.substr(5), begin);
    else if (piece.rfind(".local ", 0) == 0)
      declareLocal(entry, piece, begin);
    else if (piece[0] == '.')
      fail("unknown directive `" + piece + "`", begin);
    else
      entry.statements.push_back(instruction(piece, begin));
  }

  /// ".b32 %r<5>" or ".b64 %a, %b".
  void declareRegisters(Entry &entry, const std::string &text, int begin) const {
    const size_t space = text.find(' ');
    const size_t bytes = bytesOfType(text.substr(0, space));
    if (space == text.npos || !bytes)
      fail("unknown registers `" + text + "`", begin);
    for (const std::string &name : splitAtCommas(text.substr(space + 1))) {
      const size_t open = name.find('<');
      if (open == name.npos)
        entry.registers[name] = bytes;
      else
        for (int index = 0, count = std::stoi(name.substr(open + 1)); index < count; ++index)
          entry.registers[name.substr(0, open) + std::to_string(index)] = bytes;
    }
  }

  /// ".local .align 16 .b8 name[64]".
  void declareLocal(Entry &entry, const std::string &text, int begin) const {
    std::istringstream words(text);
    std::string local, align, type, name;
    Entry::Variable made;
    if (!(words >> local >> align >> made.alignment >> type >> name) || align != ".align" || !bytesOfType(type) ||
        name.find('[') == name.npos)
      fail("unknown variable `" + text + "`", begin);
    const size_t open = name.find('[');
    made.bytes = bytesOfType(type) * std::stoul(name.substr(open + 1));
    entry.locals[name.substr(0, open)] = made;
  }

  static Statement instruction(const std::string &text, int line) {
    Statement made{line, text};
    std::string rest = text;
    if (rest[0] == '@') {
      const size_t space = rest.find(' ');
      made.isNegated = rest[1] == '!';
      made.guard = rest.substr(made.isNegated ? 2 : 1, space - (made.isNegated ? 2 : 1));
      rest = space == rest.npos ? "" : rest.substr(space + 1);
    }
    const size_t space = rest.find(' ');
    made.mnemonic = rest.substr(0, space);
    if (space != rest.npos)
      made.operands = splitAtCommas(rest.substr(space + 1));
    return made;
  }
};

} // namespace

size_t bytesOfType(const std::string &type) {
  if (type == ".pred")
    return 1;
  static const std::map<std::string, size_t> sizes = {{"8", 1}, {"16", 2}, {"32", 4}, {"64", 8}};
  if (type.size() < 3 || type[0] != '.' || std::string("busf").find(type[1]) == std::string::npos)
    return 0;
  auto found = sizes.find(type.substr(2));
  return found == sizes.end() ? 0 : found->second;
}

std::vector<std::string> splitAtCommas(const std::string &text) {
  std::vector<std::string> parts;
  std::string part;
  int depth = 0;
  for (char letter : text) {
    depth += (letter == '{' || letter == '[') - (letter == '}' || letter == ']');
    if (letter == ',' && depth == 0) {
      parts.push_back(trimmed(part));
      part.clear();
    } else {
      part += letter;
    }
  }
  if (!trimmed(part).empty())
    parts.push_back(trimmed(part));
  return parts;
}

Module parse(const std::string &text) { return Parser(text).run(); }

} // namespace ptx
