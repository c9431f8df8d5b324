// A scheduled and planned module, read into what the host side is made from: which kernels, in which order, on which
// memory.
#pragma once

#include "ir/Cnn.h"
#include "ir/KernelSpec.h"
#include "ir/TargetInfo.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace fovea {

/// An operand or result of a kernel: a tensor at a byte offset in one of the slots of runtime/ProgramAbi.h.
struct PlannedBuffer {
  TensorSpec tensor;
  int slot;
  int64_t byteOffset;
};

/// One call of a kernel.
struct PlannedCall {
  std::string name;                   ///< "conv1: conv2d+relu", for people.
  int kernel;                         ///< Index in ProgramPlan::kernels.
  std::vector<PlannedBuffer> buffers; ///< The kernel's inputs, then its outputs.
  int64_t flops, bytes;
};

struct PlannedFunction {
  std::string name; ///< "infer_b1"
  std::string kind; ///< "infer", "step", "update" or "prepare"
  int64_t batch;    ///< 0 for an update or preparation
  int64_t arenaBytes;
  std::vector<PlannedCall> calls;
};

/// What is compiled once, however often it is called.
struct PlannedKernel {
  KernelSpec spec;
  std::string json;   ///< toJson(spec)
  std::string symbol; ///< "fovea_k_<hash>": equal for equal kernels of equal targets, also across programs.
  std::string label;  ///< Function and name of its first call: "infer_b1 conv1: conv2d+max_pool".
};

struct ProgramPlan {
  std::vector<PlannedFunction> functions;
  std::vector<PlannedKernel> kernels;
};

/// Reads the module. Where it is not scheduled or not planned, says so through MLIR's diagnostics and fails.
mlir::FailureOr<ProgramPlan> planProgram(mlir::ModuleOp module, const TargetInfo &target);

} // namespace fovea
