#include "runtime/Safetensors.h"
#include "test/runtime/io/Expect.h"
#include "test/runtime/io/Seeds.h"

#include <cmath>

using namespace fovea;
using namespace fovea::test;

namespace {

struct SafetensorsFile : testing::Test {
  TemporaryFolder folder;
  std::string write(std::string_view header, std::string_view data = "") {
    return folder.write("w.safetensors", safetensors(header, data));
  }
};

TEST_F(SafetensorsFile, roundTrips) {
  const float values[] = {1, 2, 3, 4, 5, 6};
  const TensorView tensors[] = {
      {"b.weight", {2, 2}, values}, {"a \"quoted\"", {}, values + 4}, {"empty", {0, 3}, values}};
  writeSafetensors(folder.file("w"), tensors, {{"step", "12"}, {"text", "line\nbreak"}});
  Safetensors file = readSafetensors(folder.file("w"));
  EXPECT_EQ(file.tensors.size(), 3u);
  EXPECT_EQ(file.tensors["b.weight"].shape, (Shape{2, 2}));
  EXPECT_EQ(file.tensors["b.weight"].values, (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(file.tensors["a \"quoted\""].values, (std::vector<float>{5}));
  EXPECT_EQ(file.metadata["text"], "line\nbreak");
  std::string bytes = slurp(folder.file("w"));
  EXPECT_EQ((bytes.size() - 20) % 8, 0u); // 5 floats after an aligned header
  writeSafetensors(folder.file("again"), tensors, {{"step", "12"}, {"text", "line\nbreak"}});
  EXPECT_EQ(slurp(folder.file("again")), bytes);
}

TEST_F(SafetensorsFile, writesTheReferenceLayout) {
  const float values[] = {1, 2};
  const TensorView tensors[] = {{"b", {1}, values}, {"a", {1, 1}, values + 1}};
  writeSafetensors(folder.file("w"), tensors);
  std::string header = R"({"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},)"
                       R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  EXPECT_EQ(slurp(folder.file("w")).substr(0, 8 + header.size()), little(header.size(), 8) + header);
}

TEST_F(SafetensorsFile, convertsOtherFloats) {
  std::string data = little(0x3c00, 2) + little(0xfbff, 2) + little(0x0001, 2) + little(0x7c00, 2) + // F16
                     little(0x3fc0, 2) + little(0xc000, 2) + little(0, 4) +                          // BF16
                     little(0xbff8000000000000, 8);                                                  // F64
  Safetensors file = readSafetensors(write(R"({"h":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},)"
                                           R"("b":{"dtype":"BF16","shape":[4],"data_offsets":[8,16]},)"
                                           R"("d":{"dtype":"F64","shape":[1],"data_offsets":[16,24]}})",
                                           data));
  EXPECT_EQ(file.tensors["h"].values[0], 1.0f);
  EXPECT_EQ(file.tensors["h"].values[1], -65504.0f);
  EXPECT_EQ(file.tensors["h"].values[2], 0x1p-24f);
  EXPECT_EQ(file.tensors["h"].values[3], INFINITY);
  EXPECT_EQ(file.tensors["b"].values[0], 1.5f);
  EXPECT_EQ(file.tensors["b"].values[1], -2.0f);
  EXPECT_EQ(file.tensors["d"].values[0], -1.5f);
}

TEST_F(SafetensorsFile, refusesLengthsThatLie) {
  EXPECT_ERROR(readSafetensors(folder.write("w", "short")), "w: is 5 bytes long");
  EXPECT_ERROR(readSafetensors(folder.write("w", little(~0ull, 8) + "{}")), "18446744073709551615 bytes", "2 follow");
  EXPECT_ERROR(readSafetensors(folder.write("w", little(10, 8) + "{}")), "10 bytes", "2 follow");
}

TEST_F(SafetensorsFile, refusesOffsetsThatLie) {
  const std::string data(16, 'x');
  EXPECT_ERROR(readSafetensors(write(R"({"a":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}})", data)), "tensor 'a'",
               "0 to 32 of 16", "truncated");
  EXPECT_ERROR(readSafetensors(write(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}})", data)), "16 to 0");
  EXPECT_ERROR(readSafetensors(write(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[4,16]}})", data)),
               "past byte 0");
  EXPECT_ERROR(readSafetensors(write(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},)"
                                     R"("b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})",
                                     data)),
               "tensor 'b'", "inside another");
  EXPECT_ERROR(readSafetensors(write(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}})", data)),
               "4 bytes follow the last tensor");
  EXPECT_ERROR(readSafetensors(write(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,16]}})", data)), "shape [3]",
               "16 bytes");
  EXPECT_ERROR(
      readSafetensors(write(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,16]}})", data)),
      "does not take the 16 bytes");
  EXPECT_ERROR(readSafetensors(write("{}", data)), "16 bytes follow");
}

TEST_F(SafetensorsFile, refusesOtherTypes) {
  EXPECT_ERROR(readSafetensors(write(R"({"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})", "01234567")), "I64",
               "F32 expected");
}

TEST_F(SafetensorsFile, refusesMalformedHeaders) {
  for (auto [header, problem] : std::initializer_list<std::pair<const char *, const char *>>{
           {"", "not JSON"},
           {"{\"a\":", "not JSON"},
           {"{} {}", "not JSON"},
           {"[]", "an array"},
           {"7", "a number"},
           {R"({"a":7})", "a number"},
           {R"({"a":null})", "null"},
           {R"({"a":{}})", "no field 'dtype'"},
           {R"({"a":{"dtype":"F32","shape":[]}})", "no field 'data_offsets'"},
           {R"({"a":{"dtype":7}})", "a number"},
           {R"({"a":{"shape":[-1]}})", "negative"},
           {R"({"a":{"shape":[1.5]}})", "fraction"},
           {R"({"a":{"shape":[[1]]}})", "an array"},
           {R"({"a":{"shape":[18446744073709551615]}})", "impossible shape"},
           {R"({"a":{"data_offsets":[0]}})", "two data_offsets"},
           {R"({"a":{"data_offsets":[0,1,2]}})", "a number"},
           {R"({"a":{"color":1}})", "unknown field 'color'"},
           {R"({"a":{"dtype":"F32","dtype":"F32"}})", "two fields 'dtype'"},
           {R"({"__metadata__":{"a":1}})", "a number"},
           {R"({"__metadata__":{"a":"","a":""}})", "appears twice"},
           {R"({"__metadata__":{},"__metadata__":{}})", "appears twice"},
           {R"({"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{}})", "'a' appears twice"},
           {"{\"\xff\":{}}", "not JSON"}})
    EXPECT_ERROR(readSafetensors(write(header)), "w.safetensors: the safetensors header is malformed", problem);
  EXPECT_ERROR(readSafetensors(write(std::string(1'000'000, '['))), "an array");
  std::string deep;
  for (int i = 0; i < 100'000; ++i)
    deep += "{\"a\":";
  EXPECT_ERROR(readSafetensors(write(deep)), "malformed");
}

TEST_F(SafetensorsFile, comparesWithTheNetwork) {
  const float values[4] = {};
  const TensorView tensors[] = {{"conv1.weight", {2, 2}, values}, {"conv1.bias", {4}, values}, {"other", {1}, values}};
  writeSafetensors(folder.file("w"), tensors);
  Safetensors file = readSafetensors(folder.file("w"));
  const ExpectedTensor good[] = {{"conv1.weight", {2, 2}}, {"conv1.bias", {4}}, {"other", {1}}};
  checkTensors(file, good, "network LeNet");
  const ExpectedTensor expected[] = {{"conv1.weight", {2, 2}}, {"conv1.bias", {2}}, {"ip1.weight", {3, 4}}};
  EXPECT_ERROR(checkTensors(file, expected, "network LeNet"), "does not fit network LeNet",
               "missing: 'ip1.weight' [3, 4]", "'conv1.bias' is [4] where [2] is expected",
               "not part of the network: 'other' [1]");
}

} // namespace
