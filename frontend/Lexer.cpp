#include "frontend/Lexer.h"

#include <string_view>

namespace fovea {

namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// Where the number that starts at `at` ends: digits, a fraction, an exponent, with a sign in front of either.
size_t numberEnd(const std::string &text, size_t at) {
  auto digits = [&] {
    while (at < text.size() && isDigit(text[at]))
      ++at;
  };
  if (text[at] == '-' || text[at] == '+')
    ++at;
  digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    digits();
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    size_t exponent = at + 1;
    if (exponent < text.size() && (text[exponent] == '-' || text[exponent] == '+'))
      ++exponent;
    if (exponent < text.size() && isDigit(text[exponent])) {
      at = exponent;
      digits();
    }
  }
  return at;
}

std::string shown(char c) {
  static constexpr char hex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (byte > ' ' && byte < 127)
    return std::string("'") + c + "'";
  return std::string("byte 0x") + hex[byte >> 4] + hex[byte & 15];
}

} // namespace

std::vector<Token> tokenize(const Source &source, Diagnostics &diagnostics) {
  const std::string &text = source.text;
  std::vector<Token> tokens;
  bool startsLine = true;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    const auto add = [&](Token::Kind kind, size_t end) {
      tokens.push_back({kind, text.substr(at, end - at), at, startsLine});
      startsLine = false;
      at = end;
    };
    const bool signedNumber =
        (c == '-' || c == '+') && at + 1 < text.size() && (isDigit(text[at + 1]) || text[at + 1] == '.');
    if (c == '\n') {
      startsLine = true;
      ++at;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++at;
    } else if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else if (isLetter(c)) {
      size_t end = at + 1;
      while (end < text.size() && (isLetter(text[end]) || isDigit(text[end])))
        ++end;
      add(Token::Kind::Name, end);
    } else if (isDigit(c) || signedNumber || (c == '.' && at + 1 < text.size() && isDigit(text[at + 1]))) {
      add(Token::Kind::Number, numberEnd(text, at));
    } else if (c == '-' && at + 1 < text.size() && text[at + 1] == '>') {
      add(Token::Kind::Symbol, at + 2);
    } else if (std::string_view("{}()[],:=").find(c) != std::string_view::npos) {
      add(Token::Kind::Symbol, at + 1);
    } else {
      diagnostics.error(at, shown(c) + " belongs to no word of the language", "comments start with #");
      while (at < text.size() && static_cast<unsigned char>(text[at]) >= 128)
        ++at;
      at += at < text.size() && text[at] == c;
    }
  }
  tokens.push_back({Token::Kind::End, "", text.size(), true});
  return tokens;
}

} // namespace fovea
