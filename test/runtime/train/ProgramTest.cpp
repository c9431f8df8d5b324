#include "runtime/Program.h"
#include "runtime/Error.h"
#include "test/runtime/train/FakeProgram.h"

#include <gtest/gtest.h>

using namespace fovea;

namespace {
/// The message with which the program is refused after `from` was replaced by `to` in its metadata.
std::string refusal(const std::string &from, const std::string &to) {
  std::string text = fake::metadata();
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  fovea_program binary = fake::program;
  binary.metadata = text.data();
  binary.metadata_bytes = text.size();
  try {
    Program program(binary);
  } catch (const Error &problem) {
    return problem.what();
  }
  return "";
}
} // namespace

TEST(Program, ReadsMetadata) {
  Program program(fake::program);
  EXPECT_EQ(program.network, "Fake");
  EXPECT_EQ(program.inputElements(), 16);
  EXPECT_EQ(program.trainableCount(), 50);
  EXPECT_EQ(program.parameters[0].pack[0], 3);
  EXPECT_EQ(program.parameters[0].mask[21], 0);
  EXPECT_EQ(program.parameters[1].lrMult, 2);
  EXPECT_EQ(program.functionsOf(FunctionKind::Infer).front()->batch, 4);
  EXPECT_EQ(program.functionsOf(FunctionKind::Train).front()->name(), "train, batch 4");
  EXPECT_EQ(program.functionsOf(FunctionKind::Update).front()->name(), "update");
  EXPECT_TRUE(program.canTrain());
  EXPECT_EQ(program.recipe.policy.kind, "inv");
  EXPECT_EQ(program.recipe.epochs, 4);
}

TEST(Program, InferenceOnlyCannotTrain) {
  Program program(fake::inferenceProgram);
  EXPECT_FALSE(program.canStep());
  EXPECT_FALSE(program.canTrain());
}

TEST(Program, RefusesAnotherAbi) {
  fovea_program binary = fake::program;
  binary.abi = 99;
  EXPECT_THROW(Program{binary}, Error);
}

TEST(Program, RefusesWhatDoesNotFit) {
  EXPECT_NE(refusal("{\"abi\"", "[\"abi\"").find("not JSON"), std::string::npos);
  EXPECT_NE(refusal("\"block\":4", "\"block\":0").find("block 0"), std::string::npos);
  EXPECT_NE(refusal("\"size\":64", "\"size\":60").find("outside"), std::string::npos);
  EXPECT_NE(refusal("\"offset\":64", "\"offset\":78").find("outside"), std::string::npos);
  EXPECT_NE(refusal("\"kind\":\"update\"", "\"kind\":\"dance\"").find("dance"), std::string::npos);
  EXPECT_NE(refusal("\"pack\":[3,1,4,4]", "\"pack\":[3,1,4,5]").find("packed shape"), std::string::npos);
  EXPECT_NE(refusal("\"classes\":3", "\"classes\":4").find("classes"), std::string::npos);
  EXPECT_NE(refusal("\"parameter_floats\":96", "\"parameters2\":96").find("parameter_floats"), std::string::npos);
  EXPECT_NE(refusal("\"gradient_floats\":80", "\"gradient_floats\":99").find("more gradients"), std::string::npos);
}
