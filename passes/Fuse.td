#ifndef FOVEA_PASSES_FUSE_TD
#define FOVEA_PASSES_FUSE_TD

include "mlir/Pass/PassBase.td"

def Fuse : Pass<"cnn-fuse", "mlir::ModuleOp"> {
  let summary = "Group the operations into kernels";
  let description = [{
    Afterwards every tensor computation is inside a `cnn.kernel`. Element-wise operations, per-channel scaling, one
    pooling and a change of layout join the kernel of their producer when nobody else reads what lies between, so that
    it never goes to memory. A kernel has one root, its last operation, whose results are the kernel's.

    Before:
    ```mlir
    %0 = cnn.conv2d %x, %w, %b ...
    %1 = cnn.relu %0 ...
    %2 = cnn.max_pool %1 ...
    ```
    After:
    ```mlir
    %0 = cnn.kernel "conv1: conv2d+relu+max_pool" (%a = %x, %c = %w, %d = %b) : ... {
      %1 = cnn.conv2d %a, %c, %d ...
      %2 = cnn.relu %1 ...
      %3 = cnn.max_pool %2 ...
      cnn.yield %3
    }
    ```

    With `windows-apart` a pooling or normalization does not join the kernel of a convolution: on a GPU the threads that
    compute a tile would compute the pixels that windows share several times, or wait for each other.

    A kernel whose root `cnn-save-or-recompute` made for the second time has "again" in its name.

    Where two things must be written with the same value, or the output is a value that no kernel computes, a copy
    (`cnn.relayout` without a change of layout) is made, so that the memory plan can give each its own place.
  }];
  let options = [
    Option<"enableElementwise", "enable-elementwise", "bool", "true",
           "Fuse element-wise operations, scaling and relayouts into their producers">,
    Option<"enablePool", "enable-pool", "bool", "true", "Fuse pooling into its producer">,
    Option<"enableLrn", "enable-lrn", "bool", "true", "Fuse local response normalization into its producer">,
    Option<"windowsApart", "windows-apart", "bool", "false",
           "Begin a kernel where windows or neighbouring channels of a layer's result are read, as devices want it">
  ];
  let dependentDialects = ["cnn::CnnDialect"];
}

#endif
