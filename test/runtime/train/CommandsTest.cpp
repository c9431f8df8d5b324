// The commands, as a user runs them: `fakenet` is the hand-written program under the runtime's own main().

#include "runtime/Npy.h"
#include "runtime/Safetensors.h"
#include "runtime/ThreadPool.h"
#include "test/runtime/train/TestData.h"

#include <cmath>
#include <csignal>
#include <cstdio>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <png.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace fovea;

namespace {

struct Outcome {
  int code = -1;
  std::string out, err;

  std::string lastLine() const {
    std::string text = out.substr(0, out.find_last_not_of('\n') + 1);
    return text.substr(text.rfind('\n') + 1);
  }
};

struct Commands : testing::Test {
  std::string folder = fake::emptyFolder(), data = folder;
  std::string weights = folder + "/w.safetensors";

  Commands() { fake::writeDataset(folder, 100, 31); }

  Outcome run(const std::string &arguments, const std::string &program = FAKENET) {
    Outcome outcome;
    std::string command = program + " " + arguments + " >" + folder + "/out 2>" + folder + "/err";
    int status = std::system(command.c_str());
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    outcome.out = fake::contents(folder + "/out");
    outcome.err = fake::contents(folder + "/err");
    return outcome;
  }

  void trained() { ASSERT_EQ(run("train --data " + data + " --out " + weights).code, 0); }

  /// One line on standard error that names the program and holds `part`, and the exit code.
  void expectError(const std::string &arguments, const std::string &part, int code = 1,
                   const std::string &program = FAKENET) {
    Outcome outcome = run(arguments, program);
    EXPECT_EQ(outcome.code, code) << arguments;
    EXPECT_NE(outcome.err.find(": error: "), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }

  std::string npy(const std::string &name, std::vector<int64_t> shape, float value = 0.5f) {
    int64_t count = 1;
    for (int64_t extent : shape)
      count *= extent;
    std::vector<float> values(count, value);
    for (int64_t i = 0; i < count; ++i)
      values[i] *= static_cast<float>(i * 37 % 11) / 11;
    writeNpy(folder + "/" + name, shape, values.data());
    return folder + "/" + name;
  }

  std::string labels(const std::string &name, std::vector<int64_t> values) {
    int64_t shape[] = {static_cast<int64_t>(values.size())};
    writeNpy(folder + "/" + name, shape, values.data());
    return folder + "/" + name;
  }
};

TEST_F(Commands, HelpForEach) {
  EXPECT_EQ(run("--help").code, 0);
  for (const char *command : {"info", "train", "eval", "predict", "step", "bench"}) {
    Outcome outcome = run(std::string(command) + " --help");
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.out.find(command), std::string::npos);
  }
}

TEST_F(Commands, UsageErrorsExitWith2) {
  expectError("", "no command is given", 2);
  expectError("dance", "dance", 2);
  expectError("train --data x", "--out", 2);
  expectError("train --data x --out y --epochs 0", "--epochs", 2);
  expectError("train --data x --out y --lr nan", "--lr", 2);
  for (const char *part : {"0", "1.01", "nan", "99%"})
    expectError(std::string("train --data x --out y --until-top1 ") + part,
                std::string("--until-top1: expected a number greater than 0 and at most 1, like 0.99, not ") + part, 2);
  expectError("train --data x --out y --test-every 0", "--test-every", 2);
  expectError("train --data x --out y --seed -1", "--seed", 2);
  expectError("train --data x --out y --seed 18446744073709551616", "--seed", 2);
  expectError("train --data x --out y --weights w --resume c", "--resume", 2);
  expectError("predict --weights x --invert maybe y.png", "auto, always or never", 2);
  expectError("eval --weights x", "--data", 2);
  expectError("predict --weights x", "nothing to read", 2);
  expectError("predict --weights x --input y.npy", "--output", 2);
  expectError("bench --threads 0", "--threads", 2);
}

TEST_F(Commands, InfoPrintsTheTotals) {
  Outcome outcome = run("info");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("total"), std::string::npos);
  EXPECT_NE(outcome.out.find("50"), std::string::npos);
  auto json = nlohmann::json::parse(run("info --json").out);
  EXPECT_EQ(json["parameters"], 50);
  EXPECT_EQ(json["connections"], 51);
  EXPECT_EQ(json["multiply_adds"], 48);
  EXPECT_EQ(json["functions"][0]["name"], "prepare");
  EXPECT_EQ(json["functions"][0]["memory_bytes"], 96 * 4);            // what is derived counts once,
  EXPECT_EQ(json["functions"][4]["memory_bytes"], (96 + 2 * 80) * 4); // gradients and momentum do not hold it
  EXPECT_EQ(json["functions"][5]["name"], "train, batch 4");
  EXPECT_EQ(json["functions"][5]["memory_bytes"], 384 + (96 + 80 + 4 * (16 + 3 + 2)) * 4); // no gradients
}

TEST_F(Commands, TrainLearnsAndEvalAgrees) {
  Outcome train = run("train --data " + data + " --out " + weights + " --log " + folder + "/log");
  EXPECT_EQ(train.code, 0) << train.err;
  EXPECT_EQ(train.err, ""); // no progress bar where there is no terminal
  EXPECT_EQ(train.lastLine().substr(0, 12), "top1 100.00 ") << train.out;
  Outcome eval = run("eval --data " + data + " --weights " + weights);
  EXPECT_EQ(eval.code, 0) << eval.err;
  EXPECT_EQ(eval.lastLine(), train.lastLine());
  EXPECT_NE(eval.lastLine().find(" images 31"), std::string::npos);
  EXPECT_FALSE(std::filesystem::is_empty(folder + "/log"));
}

TEST_F(Commands, TrainGivesTheSameBitsAtAnyNumberOfThreads) {
  std::string common = "train --data " + data + " --seed 7 --out " + folder;
  ASSERT_EQ(run(common + "/a --threads 1").code, 0);
  ASSERT_EQ(run(common + "/b --threads 3").code, 0);
  ASSERT_EQ(run("train --data " + data + " --seed 8 --out " + folder + "/c").code, 0);
  EXPECT_EQ(fake::contents(folder + "/a"), fake::contents(folder + "/b"));
  EXPECT_NE(fake::contents(folder + "/a"), fake::contents(folder + "/c"));
}

TEST_F(Commands, TrainEndsWhereTheTestSetIsKnownWellEnough) {
  // The run that ends has the parameters that so many iterations give.
  std::string common = "train --data " + data + " --lr 0.01 --out " + weights;
  Outcome reached = run(common + " --until-top1 0.001 --test-every 5");
  ASSERT_EQ(reached.code, 0) << reached.err;
  EXPECT_NE(reached.out.find("0.1 % of the test set reached after iteration 5, in "), std::string::npos) << reached.out;
  EXPECT_NE(reached.out.find("iteration 5  test loss "), std::string::npos) << reached.out;
  EXPECT_EQ(reached.out.find("iteration 10 "), std::string::npos) << reached.out;
  std::string last = reached.lastLine(), parameters = fake::contents(weights);
  EXPECT_EQ(run("eval --data " + data + " --weights " + weights).lastLine(), last);
  ASSERT_EQ(run(common + " --iterations 5").code, 0);
  EXPECT_EQ(fake::contents(weights), parameters);
}

TEST_F(Commands, TrainTellsWhenTheTestSetIsNotKnownWellEnough) {
  Outcome outcome = run("train --data " + data + " --lr 1e-9 --out " + weights + " --until-top1 1 --epochs 1");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string told = "100 % of the test set not reached: the best test had ";
  size_t at = outcome.out.find(told);
  ASSERT_NE(at, std::string::npos) << outcome.out;
  std::string best = outcome.out.substr(at + told.size());
  best.resize(best.find(' '));
  EXPECT_NE(outcome.lastLine().find("top1 " + best), std::string::npos) << outcome.out;
}

TEST_F(Commands, ResumeGoesOnToTheSameBits) {
  std::string common = "train --data " + data + " --iterations ";
  ASSERT_EQ(run(common + "40 --out " + folder + "/whole").code, 0);
  // The rate's policy depends on the run's length only for poly and cosine, so a shorter run is a true beginning.
  ASSERT_EQ(run(common + "23 --out " + folder + "/part --checkpoint " + folder + "/c --checkpoint-every 23").code, 0);
  Outcome resumed = run(common + "40 --resume " + folder + "/c --out " + folder + "/resumed");
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(fake::contents(folder + "/whole"), fake::contents(folder + "/resumed"));
}

TEST_F(Commands, InterruptSavesACheckpointThatResumesToTheSameBits) {
  std::string iterations = "400000", common = "train --data " + data + " --out " + folder;
  pid_t child = fork();
  if (child == 0) {
    if (!std::freopen((folder + "/out").c_str(), "w", stdout))
      _exit(126);
    execl(FAKENET, FAKENET, "train", "--data", data.c_str(), "--out", weights.c_str(), "--iterations",
          iterations.c_str(), "--checkpoint", (folder + "/c").c_str(), "--checkpoint-every", "1000000", nullptr);
    _exit(127);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  kill(child, SIGINT);
  int status;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  ASSERT_EQ(WEXITSTATUS(status), 130);
  EXPECT_FALSE(std::filesystem::exists(weights));
  int64_t stopped = std::stoll(readSafetensors(folder + "/c").metadata.at("iteration"));
  EXPECT_GT(stopped, 0);
  std::string total = " --iterations " + std::to_string(stopped + 10);
  ASSERT_EQ(run(common + "/whole" + total).code, 0);
  ASSERT_EQ(run(common + "/resumed --resume " + folder + "/c" + total).code, 0);
  EXPECT_EQ(fake::contents(folder + "/whole"), fake::contents(folder + "/resumed"));
}

TEST_F(Commands, ResumeRefusesOtherOptions) {
  ASSERT_EQ(run("train --data " + data + " --out " + weights + " --checkpoint " + folder + "/c").code, 0);
  std::string common = "train --data " + data + " --out " + weights + " --resume " + folder + "/c ";
  expectError(common + "--seed 2", "seed 1, not 2");
  expectError(common + "--batch 5", "batches of 6, not 5");
  expectError("train --data " + data + " --out " + weights + " --resume " + weights, "not a checkpoint");
}

TEST_F(Commands, DivergenceIsToldAndNothingWritten) {
  expectError("train --data " + data + " --out " + weights + " --lr 1e30", "not a finite number at iteration");
  EXPECT_FALSE(std::filesystem::exists(weights));
}

TEST_F(Commands, FullDiskLeavesTheOldCheckpoint) {
  trained();
  std::string before = fake::contents(weights);
  // No file may grow past 0 blocks: every write fails, as on a full disk.
  Outcome outcome = run("train --data " + data + " --out " + weights + " 2>&1) | cat", "(ulimit -f 0; " FAKENET);
  EXPECT_NE(outcome.out.find("error: " + weights), std::string::npos) << outcome.out;
  EXPECT_EQ(fake::contents(weights), before);
  for (const auto &entry : std::filesystem::directory_iterator(folder))
    EXPECT_EQ(entry.path().string().find(".tmp"), std::string::npos) << entry.path();
}

TEST_F(Commands, UnwritableOutputIsToldBeforeTraining) {
  expectError("train --data " + data + " --out " + folder + "/missing/w --epochs 1000000000", "missing/w");
}

TEST_F(Commands, PredictGivesTheNetworksNumbers) {
  trained();
  Outcome outcome =
      run("predict --weights " + weights + " --input " + npy("x.npy", {7, 1, 4, 4}) + " --output " + folder + "/y.npy");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  FloatTensor y = readNpyFloats(folder + "/y.npy"), x = readNpyFloats(folder + "/x.npy");
  EXPECT_EQ(y.shape, (Shape{7, 3}));
  Safetensors file = readSafetensors(weights);
  for (int n = 0; n < 7; ++n)
    for (int o = 0; o < 3; ++o) {
      double expected = file.tensors["fc.bias"].values[o];
      for (int p = 0; p < 16; ++p)
        expected += double(file.tensors["fc.weight"].values[o * 16 + p]) * x.values[n * 16 + p];
      EXPECT_NEAR(y.values[n * 3 + o], expected, 1e-5);
    }
}

TEST_F(Commands, PredictReadsPictures) {
  trained();
  std::string files;
  uint32_t noise = 9;
  for (int label : {2, 0, 1}) {
    uint8_t pixels[16];
    fake::drawImage(label, noise, pixels);
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = image.height = 4;
    image.format = PNG_FORMAT_GRAY;
    std::string path = folder + "/" + std::to_string(label) + ".png";
    ASSERT_TRUE(png_image_write_to_file(&image, path.c_str(), 0, pixels, 0, nullptr));
    files += " " + path;
  }
  Outcome outcome = run("predict --invert never --weights " + weights + files);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  for (const char *line : {"2.png: 2 (", "0.png: 0 (", "1.png: 1 ("})
    EXPECT_NE(outcome.out.find(line), std::string::npos) << outcome.out;
  EXPECT_LT(outcome.out.find("2.png"), outcome.out.find("0.png"));
  expectError("predict --weights " + weights + " " + weights, weights);
}

TEST_F(Commands, PredictShowsTestImages) {
  trained();
  Outcome outcome = run("predict --weights " + weights + " --data " + data + " --show 3");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  for (const char *part : {"reads 0", "reads 1", "reads 2"})
    EXPECT_NE(outcome.out.find(part), std::string::npos) << outcome.out;
}

TEST_F(Commands, StepPrintsTheLossAndWritesGradients) {
  trained();
  Outcome outcome = run("step --weights " + weights + " --input " + npy("x.npy", {3, 1, 4, 4}) + " --labels " +
                        labels("l.npy", {0, 1, 2}) + " --gradients " + folder + "/g");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.lastLine().substr(0, 5), "loss ");
  Safetensors file = readSafetensors(folder + "/g");
  EXPECT_EQ(file.tensors.at("fc.weight").shape, (Shape{3, 16}));
  const auto &bias = file.tensors.at("fc.bias").values;
  EXPECT_NEAR(bias[0] + bias[1] + bias[2], 0, 1e-6); // softmax minus one-hot sums to zero
}

TEST_F(Commands, BadInputIsToldInOneLine) {
  trained();
  std::string step = "step --weights " + weights + " --gradients " + folder + "/g --input ";
  std::string x = npy("x.npy", {3, 1, 4, 4});
  expectError(step + npy("y.npy", {3, 1, 4, 5}) + " --labels " + labels("l.npy", {0, 1, 2}), "[3, 1, 4, 5]");
  expectError(step + npy("y.npy", {3, 1, 4, 5}) + " --labels " + labels("l.npy", {0, 1, 2}), "[N, 1, 4, 4]");
  expectError(step + x + " --labels " + labels("l.npy", {0, 1}), "3 images");
  expectError(step + x + " --labels " + labels("l.npy", {0, 1, 3}), "label 3");
  expectError(step + x + " --labels " + labels("l.npy", {0, -1, 2}), "label -1");
  expectError(step + npy("nan.npy", {3, 1, 4, 4}, NAN) + " --labels " + labels("l.npy", {0, 1, 2}), "finite");
  EXPECT_FALSE(std::filesystem::exists(folder + "/g"));
  expectError("eval --data " + data + " --weights " + folder + "/none", "none");
  expectError("eval --data " + folder + "/nowhere --weights " + weights, "nowhere");
  std::vector<float> values(48);
  TensorView wrong[] = {{"fc.weight", {16, 3}, values.data()}, {"other", {3}, values.data()}};
  writeSafetensors(folder + "/wrong", wrong);
  for (const char *part : {"fc.bias", "other", "[16, 3]", "[3, 16]"})
    expectError("eval --data " + data + " --weights " + folder + "/wrong", part);
}

TEST_F(Commands, InferenceOnlySaysSo) {
  expectError("train --data " + data + " --out " + weights, "inference only", 1, FAKENET_INFERENCE);
  trained();
  expectError("step --weights " + weights + " --input " + npy("x.npy", {1, 1, 4, 4}) + " --labels " +
                  labels("l.npy", {0}),
              "inference only", 1, FAKENET_INFERENCE);
  expectError("bench --train", "inference only", 1, FAKENET_INFERENCE);
  EXPECT_EQ(run("eval --data " + data + " --weights " + weights, FAKENET_INFERENCE).code, 0);
}

TEST_F(Commands, BenchPrintsOneJsonObject) {
  for (const char *mode : {"", "--train", "--batch 4 --threads 2"}) {
    Outcome outcome = run(std::string("bench --json --repeat 20 ") + mode);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    auto json = nlohmann::json::parse(outcome.out);
    EXPECT_GT(json["ms_min"], 0);
    EXPECT_GE(json["ms_median"], json["ms_min"]);
    EXPECT_GT(json["images_per_second"], 0);
    EXPECT_GE(json["ms_prepare"], 0);
    EXPECT_EQ(json["batch"], 4);
    EXPECT_TRUE(json["cpu"].is_string());
    EXPECT_TRUE(json["threads"].is_number());
    EXPECT_EQ(json["kernels"].size(), std::string(mode) == "--train" ? 4u : 1u);
    EXPECT_TRUE(json["kernels"][0].contains("gflops"));
  }
  expectError("bench --batch 3", "compiled for batches of 3, but for 1, 4");
}

TEST_F(Commands, ProgramIsSmall) {
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__)
  std::string copy = folder + "/stripped";
  ASSERT_EQ(std::system(("strip -o " + copy + " " FAKENET).c_str()), 0);
  EXPECT_LT(std::filesystem::file_size(copy), 1600u * 1024);
#endif
}

} // namespace
