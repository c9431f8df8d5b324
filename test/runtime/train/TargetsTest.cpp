#include "runtime/Targets.h"
#include "runtime/Error.h"
#include "runtime/Program.h"
#include "test/runtime/train/FakeProgram.h"

#include <cstdlib>
#include <gtest/gtest.h>

using namespace fovea;

namespace {

/// The fake network for three targets, each of which needs more than the next.
struct Chain {
  fovea_program low = fake::program, middle = fake::program, high = fake::program;

  Chain() {
    low.target = "x86-64-v3";
    low.needs = "avx2 fma";
    middle.target = "x86-64-v4";
    middle.needs = "avx2 fma avx512f avx512bw avx512vl";
    middle.next = &low;
    high.target = "x86-64-v5";
    high.needs = "avx2 fma avx512f avx512bw avx512vl moonlight";
    high.next = &middle;
  }
};

bool supportsAll(std::string_view) { return true; }
bool supportsLevel4(std::string_view feature) { return feature != "moonlight"; }
bool supportsLevel3(std::string_view feature) { return feature == "avx2" || feature == "fma"; }
bool supportsFma(std::string_view feature) { return feature == "fma"; }

std::string refusal(const char *forced, bool (*supports)(std::string_view)) {
  Chain chain;
  try {
    chooseTarget(chain.high, forced, "", supports);
  } catch (const Error &problem) {
    return problem.what();
  }
  return "";
}

} // namespace

TEST(Targets, TheHighestThatTheCpuSupportsRuns) {
  Chain chain;
  EXPECT_EQ(&chooseTarget(chain.high, nullptr, "", supportsAll), &chain.high);
  EXPECT_EQ(&chooseTarget(chain.high, nullptr, "", supportsLevel4), &chain.middle);
  EXPECT_EQ(&chooseTarget(chain.high, "", "", supportsLevel3), &chain.low);
}

TEST(Targets, OneCanBeForced) {
  Chain chain;
  EXPECT_EQ(&chooseTarget(chain.high, "x86-64-v3", "", supportsAll), &chain.low);
  EXPECT_EQ(&chooseTarget(chain.high, "x86-64-v4", "", supportsAll), &chain.middle);
}

TEST(Targets, TellsWhatTheCpuLacks) {
  EXPECT_EQ(refusal(nullptr, supportsFma),
            "this CPU lacks what this program needs: avx2, avx512f, avx512bw, avx512vl and moonlight for x86-64-v5; "
            "avx2, avx512f, avx512bw and avx512vl for x86-64-v4; avx2 for x86-64-v3");
  EXPECT_EQ(refusal("x86-64-v5", supportsLevel4), "this CPU lacks what this program needs: moonlight for x86-64-v5");
}

TEST(Targets, TellsTheNamesThereAre) {
  EXPECT_EQ(refusal("avx9", supportsAll), "FOVEA_TARGET: this program was compiled for x86-64-v5, x86-64-v4 and "
                                          "x86-64-v3, not for `avx9`");
}

TEST(Targets, NoCpuSupportsWhatTheRuntimeDoesNotKnow) { EXPECT_FALSE(cpuSupports("moonlight")); }

TEST(Targets, AProgramIsTheChosenOne) {
  Chain chain;
  chain.low.needs = "";
  chain.middle.needs = "moonlight";
  Program program(chain.high);
  EXPECT_EQ(program.targets, (std::vector<std::string>{"x86-64-v5", "x86-64-v4", "x86-64-v3"}));
  EXPECT_TRUE(program.needs.empty());
  setenv("FOVEA_TARGET", "x86-64-v4", 1);
  EXPECT_THROW(Program{chain.high}, Error);
  unsetenv("FOVEA_TARGET");
}
