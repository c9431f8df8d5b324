// EXPECT_ERROR(statement, "part", "part"...): throws fovea::Error, one line, whose text has all parts.
#pragma once

#include "runtime/Error.h"

#include <gtest/gtest.h>
#include <string>

namespace fovea::test {

template <typename Action, typename... Parts> void expectError(Action action, const Parts &...parts) {
  try {
    action();
    ADD_FAILURE() << "no error was thrown";
  } catch (const Error &error) {
    const std::string text = error.what();
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    for (const std::string &part : {std::string(parts)...})
      EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is not in: " << text;
  }
}

} // namespace fovea::test

#define EXPECT_ERROR(statement, ...) fovea::test::expectError([&] { statement; }, __VA_ARGS__)
