// Files of tuning records: written, read, and refused.
#include "passes/Tuning.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace fovea {
namespace {

KernelSpec kernelOf(int64_t images) {
  const TensorSpec x{{images, 8}, ElementType::F32, LayoutKind::ChannelsLast, 8, {}};
  return {{x}, {{"relu", {0}, {}, {x}}}, {}};
}

MachineRecords recordsFor(const TargetInfo &target) {
  MachineRecords records = MachineRecords::of(target);
  records.peakGflops = 118;
  records.convolutions = {{"conv2d b", 4, 10.5, 20}, {"conv2d a", 0, 1, 2}};
  records.kernels = {{kernelKey(kernelOf(2)), "second", {{"lanes", 8}}, 512.344, 604.16}, {kernelKey(kernelOf(1)), "first", {}, 1, 1}};
  return records;
}

std::string messageOf(const std::string &text) {
  try {
    TuningFile::parse("f.json", text);
  } catch (const std::exception &error) {
    return error.what();
  }
  return "";
}

std::string replaced(std::string text, const std::string &from, const std::string &to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

/// A file of the process's own: CTest runs the tests below side by side, each in a process.
struct WrittenFile {
  std::string path = testing::TempDir() + "/fovea-tuning-" + std::to_string(::getpid()) + ".json";
  explicit WrittenFile(const std::string &text) { std::ofstream(path) << text; }
  ~WrittenFile() { std::remove(path.c_str()); }
};

const TargetInfo target = targetNamed("x86-64-v3");

TEST(Tuning, AKernelIsKnownWithoutItsSchedule) {
  KernelSpec scheduled = kernelOf(1);
  scheduled.schedule = {{"lanes", 8}};
  EXPECT_EQ(kernelKey(scheduled), kernelKey(kernelOf(1)));
  EXPECT_NE(kernelKey(kernelOf(1)), kernelKey(kernelOf(2)));
  EXPECT_EQ(kernelKey(kernelOf(1)).size(), 16u);
}

TEST(Tuning, AFileIsReadAsItWasWritten) {
  const std::string text = TuningFile{"", {recordsFor(target)}}.toText();
  const TuningFile read = TuningFile::parse("f.json", text);
  EXPECT_EQ(read.toText(), text);
  EXPECT_EQ(read.machines.at(0).kernels.at(1).schedule, (Schedule{{"lanes", 8}}));
  EXPECT_EQ(read.machines[0].kernels[1].microseconds, 512.34);
}

TEST(Tuning, RecordsAreSortedALineEach) {
  const std::string text = TuningFile{"", {recordsFor(target)}}.toText();
  EXPECT_LT(text.find("conv2d a"), text.find("conv2d b"));
  EXPECT_LT(text.find("first"), text.find("second"));
  const TuningFile read = TuningFile::parse("f.json", text);
  EXPECT_EQ(read.machines[0].line, 5);
  EXPECT_EQ(read.machines[0].convolutions[0].line, 14);
  EXPECT_EQ(read.machines[0].kernels[0].line, 17);
  EXPECT_EQ(read.machines[0].kernels[1].line, 18);
}

TEST(Tuning, FindsWhatIsForThisMachine) {
  MachineRecords other = recordsFor(target), here = recordsFor(target), wide = recordsFor(target);
  other.cpu = "another";
  other.kernels[0].schedule = {{"lanes", 4}};
  wide.cores = here.cores + 1;
  wide.kernels[0].schedule = {{"lanes", 2}};
  const WrittenFile both(TuningFile{"", {wide, here, other}}.toText());
  const Tuning tuning(both.path, target);
  ASSERT_TRUE(tuning.find(kernelOf(2)));
  EXPECT_EQ(tuning.find(kernelOf(2))->schedule, (Schedule{{"lanes", 8}}));
  EXPECT_EQ(tuning.where(*tuning.find(kernelOf(2))), both.path + ":34");
  EXPECT_EQ(tuning.find(kernelOf(3)), nullptr);
  EXPECT_EQ(tuning.tileFor("conv2d b"), 4);
  EXPECT_EQ(tuning.tileFor("conv2d c"), std::nullopt);
}

TEST(Tuning, AnotherCpuOfTheTargetIsBetterThanNone) {
  MachineRecords other = recordsFor(target);
  other.cpu = "another";
  const WrittenFile file(TuningFile{"", {other}}.toText());
  EXPECT_TRUE(Tuning(file.path, target).find(kernelOf(2)));
  EXPECT_FALSE(Tuning(file.path, targetNamed("x86-64-v4")).find(kernelOf(2)));
}

TEST(Tuning, OtherVersionsAreRefused) {
  MachineRecords old = recordsFor(target);
  old.schedules = 0;
  old.cpu = "C";
  const WrittenFile file(TuningFile{"", {old}}.toText());
  const Tuning tuning(file.path, target);
  EXPECT_FALSE(tuning.find(kernelOf(2)));
  ASSERT_EQ(tuning.refused().size(), 1u);
  EXPECT_EQ(tuning.refused()[0], file.path + ":5: the records for C and x86-64-v3 are refused: they were measured with "
                                             "version 0 of the schedules, and this is version 1; run fovea tune again");
  old.schedules = schedulesVersion;
  old.halide = "20.0.0";
  EXPECT_EQ(old.whyRefused(),
            "they were measured with Halide 20.0.0, and this is " + recordsFor(target).halide + "; run fovea tune again");
}

TEST(Tuning, SaysWhatIsWrongWithAFile) {
  const std::string text = TuningFile{"", {recordsFor(target)}}.toText();
  EXPECT_EQ(messageOf("{\n  \"format\": 1,\n  x"), "f.json:3: is not JSON");
  EXPECT_EQ(messageOf("{}"), "f.json:1: is no file of tuning records: key 'format' not found");
  EXPECT_EQ(messageOf(replaced(text, "\"format\": 1", "\"format\": 7")),
            "f.json: is of format 7, and this compiler reads 1");
  EXPECT_EQ(messageOf(replaced(text, "\"cores\"", "\"threads\"")),
            "f.json:5: is no file of tuning records: key 'cores' not found");
  EXPECT_EQ(messageOf(replaced(text, "\"us\":512.34", "\"us\":\"fast\"")),
            "f.json:17: is no file of tuning records: type must be number, but is string");
  EXPECT_THROW(TuningFile::read("/nowhere/f.json"), std::runtime_error);
}

} // namespace
} // namespace fovea
