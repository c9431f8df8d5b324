#ifndef FOVEA_PASSES_EXPLAIN_TD
#define FOVEA_PASSES_EXPLAIN_TD

include "mlir/Pass/PassBase.td"

def Explain : Pass<"cnn-explain", "mlir::ModuleOp"> {
  let summary = "Print what the passes made of the network";
  let description = [{
    Changes nothing. Prints, for each function, its kernels with what was fused, floating-point operations, bytes and
    schedule, and its memory with and without planning; `fovea explain` prints the same.

    Before and after:
    ```mlir
    %0 = cnn.kernel "conv1: conv2d+max_pool" (...) {places = [...], schedule = {tile_x = 12 : i64}} ...
    ```
    Printed:
    ```
      kernel                      FLOP     bytes  schedule
      conv1: conv2d+max_pool      36 M     1.2 M  halo=0 tile_x=12
        halo: line buffer, 4 rows of 16x55, 14 kB; recomputing would cost 47 % more arithmetic
    ```
  }];
}

#endif
