// Texts that no one wrote as a model: each is refused with few words and soon,
// whatever its size.
#include "Diagnose.h"

#include <algorithm>

using namespace fovea;

namespace {

const std::string start = "network N {\n  input x: f32[1, 8, 8]\n";

std::string repeated(const std::string &text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i)
    all += text;
  return all;
}

/// Refused, in less text than fills a few screens.
void expectRefused(const std::string &text) {
  const std::string said = diagnose(text);
  EXPECT_NE(said.find(": error: "), std::string::npos);
  EXPECT_LT(said.size(), 20000u);
}

TEST(Hostile, BytesThatAreNoText) {
  expectRefused(std::string(1000000, '\0'));
  expectRefused(std::string(1000000, '\xff'));
  std::string bytes;
  for (int i = 0; i < 1000000; ++i)
    bytes += char(int64_t(i) * 7919 >> 3);
  expectRefused(bytes);
}

TEST(Hostile, NestingOfEveryKind) {
  for (const char *open : {"(", "[", "add(", "[(", "x -> add(", "x -> conv(kernel: ", "(x -> relu) -> add("}) {
    const std::string said = diagnose(start + "  a = " + repeated(open, 100000));
    EXPECT_NE(said.find("error: this is nested too deeply\n  help: give the "
                        "inner parts names of their own\n"),
              std::string::npos)
        << open;
  }
  expectRefused(start + repeated("{", 100000));
  expectRefused(start + "}\n" + repeated("train {", 100000));
  expectRefused(start + "}\nblock " + repeated("{", 100000));
}

TEST(Hostile, LongWords) {
  expectRefused(start + "  a = x -> dense(" + std::string(1000000, '9') + ")\n}\n");
  expectRefused(start + "  a = x -> dense(0." + std::string(1000000, '1') + ")\n}\n");
  expectRefused(start + "  " + std::string(1000000, 'a') + " = x -> " + std::string(1000000, 'b') + "\n}\n");
  const std::string said = diagnose(start + "  a = x -> dense(1e99999999999999999999)\n}\n");
  EXPECT_NE(said.find("`1e99999999999999999999` is not a number that can be held"), std::string::npos) << said;
}

TEST(Hostile, ALongLineIsNotShown) {
  const std::string said = diagnose(start + "  output z = x -> dense(10) ; # " + std::string(1000000, '!') + "\n}\n");
  EXPECT_EQ(said, "m.net:3:29: error: ';' belongs to no word of the language\n "
                  " help: comments start with #\n");
}

/// A file that is no model would give an error for every word.
TEST(Hostile, FiftyErrorsAreEnough) {
  const std::string said = diagnose(start + repeated("  a = x -> rleu\n", 1) + std::string(70, ';') + "\n}\n");
  EXPECT_EQ(std::count(said.begin(), said.end(), '^'), 50);
  EXPECT_NE(said.find("more errors are not shown\n"), std::string::npos) << said;
}

/// Searching the nearest of all names, for each of them, must not take minutes.
TEST(Hostile, ManyMistakesInManyNames) {
  std::string unknown = start, unused = start;
  for (int i = 0; i < 50000; ++i) {
    unknown += "  a" + std::to_string(i) + " = q" + std::to_string(i) + " -> relu\n";
    unused += "  a" + std::to_string(i) + " = x -> relu\n";
  }
  expectRefused(unknown + "}\n");
  EXPECT_LT(diagnose(unused + "  output z = x -> relu\n}\n").size(), 20000u);
}

TEST(Hostile, AnInputTooLargeForAnyOperation) {
  EXPECT_EQ(diagnose("network N {\n  input x: f32[1, 1048576, 1048576]\n  output z = x -> subsample(1)\n}\n"),
            "m.net:2:9: error: an input of shape 1x1048576x1048576 has more than 268435456 elements\n"
            "    input x: f32[1, 1048576, 1048576]\n          ^\n  help: make it smaller\n");
}

TEST(Hostile, ExtentsWhoseProductOverflows) {
  expectRefused("network N {\n  input x: f32[1048576, 1048576, 1048576]\n"
                "  a = x -> conv(1048576, kernel: 1048576, pad: 1048576) -> max_pool(2)\n"
                "  b = add(a, x, x) -> dense(1048576)\n  output z = concat(x, x) -> "
                "flatten -> dense(1048576)\n}\n");
}

TEST(LineEnds, OfOtherSystemsCountAlike) {
  EXPECT_EQ(diagnose("network N {\r\n  input x: f32[8]\r\n  output z = x -> "
                     "rleu\r\n}\r\n"),
            "m.net:3:19: error: unknown operation `rleu`\n    output z = x -> "
            "rleu\n                    ^\n"
            "  help: did you mean `relu`?\n");
  EXPECT_EQ(diagnose("network N {\r\n\tinput x: f32[8] # a comment\r\n\toutput "
                     "z = x -> relu\r\n}"),
            "");
}

TEST(LineEnds, ATabIsOneColumn) {
  EXPECT_EQ(diagnose("network N {\n\tinput x: f32[8]\n\toutput z = x -> rleu\n}\n"),
            "m.net:3:18: error: unknown operation `rleu`\n   output z = x -> rleu\n  "
            "                 ^\n"
            "  help: did you mean `relu`?\n");
}

} // namespace
