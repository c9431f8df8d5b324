// emitKernel itself: formats, errors, threads.
#include "codegen/EmitKernel.h"
#include "test/codegen/numeric/Check.h"

#include <thread>

namespace fovea::test {

namespace {

class Emit : public Numeric {
protected:
  KernelSpec conv(int64_t outputs) const {
    KernelBuilder b = builder();
    const int x = b.input(b.activation({2, 3, 8, 8})), w = b.input(b.convWeight({outputs, 3, 3, 3}));
    b.like("relu", {b.conv2d(x, w, -1, {})});
    return b.scheduled();
  }
  std::string emit(const KernelSpec &kernel, EmitFormat format) const {
    return emitKernel(kernel, "fovea_k", targetNamed(GetParam()), format);
  }
};

TEST_P(Emit, EveryFormat) {
  const KernelSpec kernel = conv(10);
  EXPECT_TRUE(emit(kernel, EmitFormat::Object)
                  .starts_with("\x7f"
                               "ELF"));
  if (builder().target.onDevice())
    EXPECT_NE(emit(kernel, EmitFormat::DeviceCode).find(GetParam() == std::string("cuda") ? ".entry" : "__kernel void"),
              std::string::npos);
  else
    EXPECT_NE(emit(kernel, EmitFormat::Assembly).find("vfmadd"), std::string::npos);
  EXPECT_NE(emit(kernel, EmitFormat::Stmt).find("func fovea_k"), std::string::npos);
  const std::string text = emit(kernel, EmitFormat::Halide), line = text.substr(0, text.find('\n'));
  ASSERT_TRUE(line.starts_with("// "));
  EXPECT_EQ(kernelFromJson(line.substr(3)), kernel) << "the first line is the kernel, to be compiled again";
}

// Programs link these objects without Halide's runtime; the loading in the other tests resolves every symbol.
TEST_P(Emit, CallsNoRuntimeOfHalides) {
  const std::string object = emit(conv(10), EmitFormat::Object);
  for (const char *symbol : {"halide_error_", "halide_msan", "halide_profiler", "halide_can_use_target_features"})
    EXPECT_EQ(object.find(symbol), std::string::npos) << symbol;
}

TEST_P(Emit, HalidesErrorsAreStandardExceptions) {
  KernelSpec kernel = conv(10);
  if (!builder().target.onDevice()) { // Whose schedules have no keys.
    kernel.schedule["lanes"] = 0;
    EXPECT_THROW(emit(kernel, EmitFormat::Object), std::runtime_error);
  }
  kernel.ops[0].op = "convolve";
  EXPECT_THROW(emit(kernel, EmitFormat::Object), std::runtime_error);
}

TEST_P(Emit, FromTwoThreads) {
  std::exception_ptr problems[2];
  std::thread threads[2];
  for (int index = 0; index < 2; ++index)
    threads[index] = std::thread([&, index] {
      try {
        for (int64_t outputs = 1; outputs < 12; ++outputs)
          EXPECT_FALSE(emit(conv(2 * outputs + index), EmitFormat::Object).empty());
      } catch (...) {
        problems[index] = std::current_exception();
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  for (const std::exception_ptr &problem : problems)
    if (problem)
      std::rethrow_exception(problem);
}

FOVEA_NUMERIC_TARGETS(Emit);

} // namespace

} // namespace fovea::test
