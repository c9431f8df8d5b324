// A kernel of a few lines, and what it leaves in memory.
#pragma once

#include "test/runtime/device/ptx/Machine.h"

#include <bit>
#include <cstring>

namespace ptx::test {

/// Where the kernel's two allocations begin.
constexpr uint64_t inputAt = 0x10000, outputAt = 0x20000;

/// An entry `k`: %rd1 and %rd2 are the addresses of its input and of its output, %r1 is the thread's x.
inline std::string kernelText(const std::string &body) {
  return ".version 7.0\n.target sm_80\n.address_size 64\n.extern .shared .align 16 .b8 s[];\n"
         ".visible .entry k(.param .u64 .ptr .align 4 in, .param .u64 .ptr .align 4 out)\n{\n"
         ".reg .pred %p<4>; .reg .b16 %rs<4>; .reg .b32 %r<20>; .reg .b64 %rd<8>; .local .align 16 .b8 depot[32];\n"
         "ld.param.b64 %rd1, [in];\nld.param.b64 %rd2, [out];\nmov.u32 %r1, %tid.x;\n" +
         body + "\nret;\n}\n";
}

/// Line of the first line of a body.
constexpr int firstLine = 11;

struct Shape {
  std::array<uint32_t, 3> grid{1, 1, 1}, block{1, 1, 1};
  size_t sharedBytes = 0;
};

/// Runs it once; `words` of output, which begin as 0xEEEEEEEE.
inline std::vector<uint32_t> runKernel(const std::string &body, std::vector<uint32_t> input, size_t words,
                                       const Shape &shape = {}) {
  const Module module = parse(kernelText(body));
  const Kernel kernel = decode(module, module.entries.at(0));
  std::vector<uint32_t> output(words, 0xEEEEEEEE);
  input.resize(std::max<size_t>(input.size(), 1));
  Memory memory;
  memory.spans = {{inputAt, 4 * input.size(), reinterpret_cast<char *>(input.data())},
                  {outputAt, 4 * output.size(), reinterpret_cast<char *>(output.data())}};
  run({&kernel, shape.grid, shape.block, shape.sharedBytes, {inputAt, outputAt}}, memory);
  return output;
}

inline std::string faultOf(const std::string &body, const Shape &shape = {}) {
  try {
    runKernel(body, {1, 2, 3, 4}, 4, shape);
  } catch (const Fault &fault) {
    return fault.what();
  }
  return "";
}

inline uint32_t bits(float value) { return std::bit_cast<uint32_t>(value); }

} // namespace ptx::test
