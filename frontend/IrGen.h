// From a checked graph to the cnn dialect.
#pragma once

#include "frontend/Graph.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace fovea {

struct IrGenOptions {
  std::vector<int64_t> inferBatches; ///< A function @infer_bN for each.
  std::vector<int64_t> stepBatches;  ///< A function @step_bN, forward and loss, for each.
};

/// The context must have the cnn and func dialects loaded. Operations carry their place in `source`. The module is
/// verified; a null result means a fault of ours, after a diagnostic.
mlir::OwningOpRef<mlir::ModuleOp> generateIr(mlir::MLIRContext &context, const Graph &graph, const Source &source,
                                             const IrGenOptions &options);

} // namespace fovea
