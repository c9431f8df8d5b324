// Every pass of the compiler; each is described in the file that carries its name.
#ifndef FOVEA_PASSES_TD
#define FOVEA_PASSES_TD

include "mlir/Pass/PassBase.td"

include "passes/Fold.td"
include "passes/Differentiate.td"
include "passes/FuseUpdate.td"
include "passes/FoldBatchNorm.td"
include "passes/SaveOrRecompute.td"
include "passes/UseWinograd.td"
include "passes/UseBf16.td"
include "passes/AssignLayouts.td"
include "passes/HoistConstants.td"
include "passes/Fuse.td"
include "passes/TilePooling.td"
include "passes/ChooseSchedule.td"
include "passes/PlanMemory.td"
include "passes/Explain.td"

#endif
