#ifndef FOVEA_PASSES_TILEPOOLING_TD
#define FOVEA_PASSES_TILEPOOLING_TD

include "mlir/Pass/PassBase.td"

def TilePooling : Pass<"cnn-tile-pooling", "mlir::ModuleOp"> {
  let summary = "Choose how kernels have the rows that overlapping pooling windows share";
  let description = [{
    In a kernel like `conv2d+relu+lrn+max_pool`, windows that overlap read some rows of the convolution twice. The rows
    are kept in a line buffer while one thread goes down the image, so that none is computed twice; or the image is cut
    into strips, each of which computes the rows of its halo again; or every row of the result computes its own. The
    cost model (passes/TilingCost) weighs arithmetic done twice, the buffer against the caches, and tasks against
    cores, and the choice becomes the schedule's `halo`, `parallel` and `rows`. A kernel whose schedule has `halo`
    keeps it.

    Before:
    ```mlir
    %0 = cnn.kernel "conv1: conv2d+relu+max_pool" (%a = %x, %c = %w) : ... {
    ```
    After:
    ```mlir
    %0 = cnn.kernel "conv1: conv2d+relu+max_pool" (%a = %x, %c = %w) {schedule = {halo = 0, ...}} : ... {
    ```

    With fewer images than cores, strips that are thin enough for all cores may compute so many rows twice that two
    kernels are faster, the convolution and the pooling: the kernel is then cut in front of its first normalization or
    pooling.
    ```mlir
    %0 = cnn.kernel "conv1: conv2d+relu" (%a = %x, %c = %w) : ... {
    ...
    %1 = cnn.kernel "conv1: max_pool" (%a = %0) : ... {
    ```
  }];
  let options = [
    Option<"target", "target", "std::string", "\"host\"", "Machine to schedule for: host, x86-64-v3, x86-64-v4, cuda or opencl">,
    Option<"cores", "cores", "int64_t", "0", "Threads to feed; 0: as many as this machine has cores">
  ];
  let dependentDialects = ["cnn::CnnDialect"];
}

#endif
