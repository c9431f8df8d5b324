#include "frontend/Arguments.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace fovea {

using ast::Expr;

namespace {

std::string listed(const std::vector<std::string> &names) {
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string shortText(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", number);
  return text;
}

} // namespace

Arguments::Arguments(const Expr &call, std::vector<std::string> positional, std::vector<std::string> named,
                     Diagnostics &diagnostics)
    : call(call), diagnostics(diagnostics) {
  std::vector<std::string> all = positional;
  all.insert(all.end(), named.begin(), named.end());
  size_t place = 0;
  for (const ast::Argument &argument : call.arguments) {
    std::string name = argument.name;
    if (name.empty()) {
      if (place == positional.size()) {
        diagnostics.error(argument.location,
                          "`" + call.text + "` takes no " +
                              (place == 0 ? "argument without a name" : "further argument without a name"),
                          all.empty() ? "write `" + call.text + "`" : "its arguments are: " + listed(all));
        good = false;
        continue;
      }
      name = positional[place++];
    }
    if (std::find(all.begin(), all.end(), name) == all.end()) {
      const std::string near = nearest(name, all);
      diagnostics.error(argument.location, "`" + call.text + "` has no argument `" + name + "`",
                        !near.empty() ? "did you mean `" + near + "`?"
                        : all.empty() ? "it takes no arguments"
                                      : "its arguments are: " + listed(all));
      good = false;
      continue;
    }
    if (find(name)) {
      diagnostics.error(argument.location, "`" + call.text + "` is given `" + name + "` twice", "remove one of them");
      good = false;
      continue;
    }
    given.push_back({name, &argument});
  }
}

const Expr *Arguments::find(const std::string &name) const {
  for (const auto &[known, argument] : given)
    if (known == name)
      return &argument->value;
  return nullptr;
}

Location Arguments::location(const std::string &name) const {
  const Expr *value = find(name);
  return value ? value->location : call.location;
}

void Arguments::error(const std::string &name, const std::string &message, const std::string &help) {
  diagnostics.error(location(name), message, help);
  good = false;
}

bool Arguments::missing(const std::string &name) {
  if (find(name))
    return false;
  error(name, "`" + call.text + "` is missing its argument `" + name + "`",
        "write `" + call.text + "(" + name + ": ...)`");
  return true;
}

std::optional<int64_t> Arguments::whole(const Expr &value, const std::string &name, int64_t least, int64_t most) {
  if (value.kind != Expr::Kind::Number || value.number != std::floor(value.number)) {
    diagnostics.error(value.location, form(name) + " must be a whole number, not `" + print(value) + "`", "");
  } else if (value.number < double(least) || value.number > double(most)) {
    diagnostics.error(value.location,
                      form(name) + " must be between " + std::to_string(least) + " and " + std::to_string(most) +
                          ", not " + value.text,
                      "");
  } else {
    return int64_t(value.number);
  }
  good = false;
  return std::nullopt;
}

int64_t Arguments::integer(const std::string &name, std::optional<int64_t> otherwise, int64_t least, int64_t most) {
  const Expr *value = find(name);
  if (!value && otherwise)
    return *otherwise;
  if (missing(name))
    return least;
  return whole(*value, name, least, most).value_or(least);
}

double Arguments::number(const std::string &name, std::optional<double> otherwise, double least, double most) {
  const Expr *value = find(name);
  if (!value && otherwise)
    return *otherwise;
  if (missing(name))
    return 0;
  if (value->kind != Expr::Kind::Number || !std::isfinite(float(value->number))) {
    error(name, form(name) + " must be a number, not `" + print(*value) + "`", "");
    return 0;
  }
  if (value->number < least || value->number > most) {
    const std::string range =
        std::isinf(most) ? "at least " + shortText(least) : "between " + shortText(least) + " and " + shortText(most);
    error(name, form(name) + " must be " + range + ", not " + value->text, "");
    return least;
  }
  return value->number;
}

bool Arguments::flag(const std::string &name, bool otherwise) {
  return word(name, otherwise ? "true" : "false", {"true", "false"}) == "true";
}

std::string Arguments::word(const std::string &name, const std::string &otherwise,
                            const std::vector<std::string> &allowed) {
  const Expr *value = find(name);
  if (!value)
    return otherwise;
  if (value->kind != Expr::Kind::Name || std::find(allowed.begin(), allowed.end(), value->text) == allowed.end()) {
    error(name, form(name) + " must be one of " + listed(allowed) + ", not `" + print(*value) + "`", "");
    return otherwise;
  }
  return value->text;
}

std::optional<std::vector<int64_t>> Arguments::wholes(const Expr &value, const std::string &name, int64_t least) {
  std::vector<int64_t> numbers;
  if (value.kind != Expr::Kind::List) {
    auto number = whole(value, name, least, largestExtent);
    if (!number)
      return std::nullopt;
    return std::vector<int64_t>{*number};
  }
  for (const Expr &item : value.items) {
    auto number = whole(item, name, least, largestExtent);
    if (!number)
      return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

std::vector<int64_t> Arguments::pair(const std::string &name, std::optional<std::vector<int64_t>> otherwise,
                                     int64_t least) {
  const std::vector<int64_t> fallback{least, least};
  const Expr *value = find(name);
  if (!value && otherwise)
    return *otherwise;
  if (missing(name))
    return fallback;
  auto numbers = wholes(*value, name, least);
  if (!numbers)
    return fallback;
  if (value->kind != Expr::Kind::List)
    return {(*numbers)[0], (*numbers)[0]};
  if (numbers->size() != 2) {
    error(name, form(name) + " must be a number or [height, width], not `" + print(*value) + "`", "");
    return fallback;
  }
  return *numbers;
}

std::vector<int64_t> Arguments::padding(const std::string &name) {
  const Expr *value = find(name);
  if (!value)
    return {0, 0, 0, 0};
  auto numbers = wholes(*value, name, 0);
  if (!numbers)
    return {0, 0, 0, 0};
  const auto &n = *numbers;
  if (value->kind != Expr::Kind::List)
    return {n[0], n[0], n[0], n[0]};
  if (n.size() == 2)
    return {n[0], n[1], n[0], n[1]};
  if (n.size() == 4)
    return n;
  error(name,
        form(name) + " must be a number, [height, width] or [top, left, bottom, right], not `" + print(*value) + "`",
        "");
  return {0, 0, 0, 0};
}

} // namespace fovea
