#include "passes/ToKernelSpec.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

namespace fovea {
namespace {

class ToKernelSpec : public testing::Test {
protected:
  ToKernelSpec() { context.loadDialect<cnn::CnnDialect, mlir::func::FuncDialect>(); }

  /// The first kernel of `text`.
  KernelSpec read(const std::string &text) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    KernelSpec spec;
    if (module)
      module->walk([&](cnn::KernelOp kernel) { spec = toKernelSpec(kernel); });
    return spec;
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

std::string poolKernel(const std::string &name, const std::string &attributes) {
  return "func.func @f(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x3x3xf32> {"
         "  %0 = cnn.kernel \"" +
         name +
         "\" (%a = %x) : (tensor<1x2x4x4xf32>) -> tensor<1x2x3x3xf32> {"
         "    %1 = cnn.max_pool %a {kernel = array<i64: 2, 2>" +
         attributes +
         "}"
         "        : (tensor<1x2x4x4xf32>) -> tensor<1x2x3x3xf32>"
         "    cnn.yield %1 : tensor<1x2x3x3xf32>"
         "  }"
         "  return %0 : tensor<1x2x3x3xf32>"
         "}";
}

TEST_F(ToKernelSpec, attributesWithDefaultsAreAlwaysThere) {
  const KernelSpec spec = read(poolKernel("p", ""));
  ASSERT_EQ(spec.ops.size(), 1u);
  const auto &attributes = spec.ops[0].attributes;
  ASSERT_TRUE(attributes.contains("stride"));
  EXPECT_EQ(std::get<std::vector<int64_t>>(attributes.at("stride")), (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(std::get<std::vector<int64_t>>(attributes.at("pad")), (std::vector<int64_t>{0, 0, 0, 0}));
  EXPECT_EQ(std::get<bool>(attributes.at("ceil")), false);
}

TEST_F(ToKernelSpec, kernelsThatComputeTheSameAreEqual) {
  const KernelSpec plain = read(poolKernel("one", ""));
  const KernelSpec spelledOut = read(poolKernel("two", ", stride = array<i64: 1, 1>, ceil = false, cnn.layer = \"l\""));
  EXPECT_EQ(toJson(plain), toJson(spelledOut));
}

TEST_F(ToKernelSpec, valuesAreCountedInputsFirst) {
  const KernelSpec spec = read(R"(
    func.func @f(%x: tensor<1x4xf32>, %y: tensor<1x4xf32>) -> tensor<1x4xf32> {
      %0 = cnn.kernel "k" (%a = %x, %b = %y) {schedule = {lanes = 4 : i64}}
          : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32> {
        %1 = cnn.relu %b : (tensor<1x4xf32>) -> tensor<1x4xf32>
        %2 = cnn.add %a, %1 : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
        cnn.yield %2 : tensor<1x4xf32>
      }
      return %0 : tensor<1x4xf32>
    })");
  ASSERT_EQ(spec.ops.size(), 2u);
  EXPECT_EQ(spec.inputs.size(), 2u);
  EXPECT_EQ(spec.ops[0].op, "relu");
  EXPECT_EQ(spec.ops[0].operands, std::vector<int>{1});
  EXPECT_EQ(spec.ops[1].operands, (std::vector<int>{0, 2}));
  EXPECT_EQ(spec.schedule, (Schedule{{"lanes", 4}}));
}

TEST_F(ToKernelSpec, convolutionWeightsGetTheirViewFromTheShape) {
  auto layout = cnn::LayoutAttr::get(&context, cnn::LayoutKind::weight, 8, {});
  auto type = mlir::RankedTensorType::get({10, 3, 5, 5}, mlir::Float32Type::get(&context), layout);
  const TensorSpec spec = toTensorSpec(type);
  EXPECT_EQ(spec.spatial, (std::vector<int64_t>{3, 5, 5}));
  EXPECT_EQ(physicalElements(spec), 16 * 3 * 5 * 5);
}

} // namespace
} // namespace fovea
