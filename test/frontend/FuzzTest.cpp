// Mutated model files are read or refused with a diagnostic; they never crash. Runs under the sanitizers too.
#include "frontend/Frontend.h"

#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sstream>

using namespace fovea;

namespace {

TEST(Fuzz, MutatedModelsAreReadOrRefused) {
  std::mt19937 random(1);
  auto below = [&](size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random); };
  const std::string pieces[] = {
      "(",       ")",     "[",      "{",     "}",     ":",  "->",       "=",    "1e999", "-0.5", "99999999999999999999",
      "network", "train", "output", "input", "block", "\0", "\xff\xfe", "\r\n", "conv(", "#",    "x -> x",
      ","};
  for (const char *name : {"lenet.net", "lenet5.net", "lenet5-1998.net"}) {
    std::ifstream file(std::string(MODELS) + "/" + name);
    std::ostringstream original;
    original << file.rdbuf();
    for (int round = 0; round < 300; ++round) {
      std::string text = original.str();
      for (size_t change = 0; change <= below(4); ++change) {
        const size_t at = below(text.size());
        switch (below(4)) {
        case 0:
          text.erase(at, below(40));
          break;
        case 1:
          text.insert(at, pieces[below(std::size(pieces))]);
          break;
        case 2:
          text[at] = char(below(256));
          break;
        case 3:
          text.insert(at, text.substr(below(text.size()), below(60)));
          break;
        }
        if (text.empty())
          text = " ";
      }
      Source source{name, text};
      Diagnostics diagnostics(source);
      const bool read = loadModel(source, diagnostics).has_value();
      EXPECT_NE(read, diagnostics.hasErrors()) << text;
      if (!read) {
        EXPECT_NE(diagnostics.print().find(": error: "), std::string::npos) << text;
      }
    }
  }
}

} // namespace
