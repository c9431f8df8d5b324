#include "runtime/CApi.h"
#include "test/runtime/train/FakeProgram.h"
#include "test/runtime/train/TestData.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace fovea;

namespace {

struct CApi : testing::Test {
  fovea_network *net = nullptr;
  CApi() { EXPECT_EQ(fovea_create(&fake::program, &net), FOVEA_OK) << fovea_error_message(nullptr); }
  ~CApi() override { fovea_free(net); }

  void expectMessage(fovea_status got, fovea_status status, const char *part) {
    EXPECT_EQ(got, status);
    EXPECT_NE(std::string(fovea_error_message(net)).find(part), std::string::npos) << fovea_error_message(net);
  }
};

TEST_F(CApi, TellsSizesAndParameters) {
  EXPECT_EQ(fovea_input_size(net), 16u);
  EXPECT_EQ(fovea_output_size(net), 3u);
  ASSERT_EQ(fovea_parameter_count(net), 2u);
  const char *name;
  size_t rank;
  int64_t shape[4];
  EXPECT_EQ(fovea_parameter_info(net, 0, &name, &rank, shape), FOVEA_OK);
  EXPECT_STREQ(name, "fc.weight");
  EXPECT_EQ(rank, 2u);
  EXPECT_EQ(shape[1], 16);
  expectMessage(fovea_parameter_info(net, 2, &name, &rank, shape), FOVEA_ERROR_ARGUMENT, "out of range");
}

TEST_F(CApi, TrainsSavesAndLoads) {
  ASSERT_EQ(fovea_initialize(net, 1), FOVEA_OK);
  float images[6 * 16], first = 0, loss = 0, outputs[6 * 3], again[6 * 3];
  int32_t labels[6] = {0, 1, 2, 0, 1, 2};
  for (int i = 0; i < 96; ++i)
    images[i] = static_cast<float>(i * 37 % 11) / 11;
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(fovea_train_step(net, images, labels, 6, 0.1f, 0.9f, 0, &loss), FOVEA_OK) << fovea_error_message(net);
    first = i == 0 ? loss : first;
  }
  EXPECT_LT(loss, first / 2);
  ASSERT_EQ(fovea_infer(net, images, 6, outputs), FOVEA_OK);

  std::string path = fake::emptyFolder() + "/w.safetensors", bytes;
  ASSERT_EQ(fovea_save(net, path.c_str()), FOVEA_OK) << fovea_error_message(net);
  bytes = fake::contents(path);
  for (bool fromMemory : {false, true}) {
    fovea_network *other;
    ASSERT_EQ(fovea_create(&fake::program, &other), FOVEA_OK);
    EXPECT_EQ(fromMemory ? fovea_load_memory(other, bytes.data(), bytes.size()) : fovea_load(other, path.c_str()),
              FOVEA_OK)
        << fovea_error_message(other);
    EXPECT_EQ(fovea_infer(other, images, 6, again), FOVEA_OK);
    EXPECT_TRUE(std::equal(outputs, outputs + 18, again));
    fovea_free(other);
  }
}

TEST_F(CApi, SetsAndGetsParameters) {
  float values[3] = {1, 2, 3}, back[3] = {};
  EXPECT_EQ(fovea_set_parameter(net, "fc.bias", values, 3), FOVEA_OK);
  EXPECT_EQ(fovea_get_parameter(net, "fc.bias", back, 3), FOVEA_OK);
  EXPECT_TRUE(std::equal(values, values + 3, back));
  EXPECT_EQ(fovea_get_gradient(net, "fc.bias", back, 3), FOVEA_OK);
  EXPECT_EQ(back[0], 0);
}

TEST_F(CApi, MistakesAreTold) {
  float values[3] = {};
  expectMessage(fovea_set_parameter(net, "fc.bias", values, 4), FOVEA_ERROR_ARGUMENT, "has 3 elements");
  expectMessage(fovea_set_parameter(net, "bias", values, 3), FOVEA_ERROR_ARGUMENT, "no parameter `bias`");
  expectMessage(fovea_load(net, "/missing/w.safetensors"), FOVEA_ERROR_FAILED, "/missing/w.safetensors");
  expectMessage(fovea_load_memory(net, "xx", 2), FOVEA_ERROR_FAILED, "memory");
  expectMessage(fovea_save(net, "/missing/w.safetensors"), FOVEA_ERROR_FAILED, "/missing/w.safetensors");
  float image[16] = {};
  int32_t label = 3;
  expectMessage(fovea_train_step(net, image, &label, 1, 0.1f, 0, 0, nullptr), FOVEA_ERROR_ARGUMENT, "label 3");
  EXPECT_EQ(fovea_infer(nullptr, image, 1, values), FOVEA_ERROR_ARGUMENT);
  expectMessage(fovea_infer(net, nullptr, 1, values), FOVEA_ERROR_ARGUMENT, "null");
  EXPECT_EQ(fovea_set_threads(0), FOVEA_ERROR_ARGUMENT);
  fovea_network *none;
  EXPECT_EQ(fovea_create(nullptr, &none), FOVEA_ERROR_ARGUMENT);
  EXPECT_EQ(none, nullptr);
  EXPECT_STRNE(fovea_error_message(nullptr), "");
}

TEST_F(CApi, LossThatIsNotFiniteLeavesTheParameters) {
  float bias[3] = {1, 2, 3}, image[16] = {NAN}, back[3], loss;
  int32_t label = 0;
  fovea_set_parameter(net, "fc.bias", bias, 3);
  expectMessage(fovea_train_step(net, image, &label, 1, 0.1f, 0, 0, &loss), FOVEA_ERROR_FAILED, "not a finite");
  fovea_get_parameter(net, "fc.bias", back, 3);
  EXPECT_TRUE(std::equal(bias, bias + 3, back));
}

} // namespace
