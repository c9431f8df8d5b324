// The windows of max and average pooling: where they lie, and which of them cover an element.
#pragma once

#include "codegen/algorithms/Tensor.h"

#include <functional>

namespace fovea {

/// The windows of a pooling over an input of this size.
struct Window {
  Axis row, column;
  int width, height;

  /// Whether none leaves an input whose pooling has the shape `output`.
  bool alwaysInside(const TensorSpec &output) const;
};

/// Of the pooling `op` (or its gradient), whose input has the shape `input`.
Window window(const OpSpec &op, const TensorSpec &input);

/// Element (dx, dy) of the result's window (x, y); `outside` where the window leaves the input, which it never does when
/// `inside` is set.
Halide::Expr windowElement(const Tensor &in, const Window &w, bool inside, Halide::Expr dx, Halide::Expr dy,
                           Halide::Expr outside);

/// What a window gives to one of its elements.
struct Share {
  Halide::Expr value;
  Halide::Expr condition; ///< Gives nothing where it is false; undefined: gives always.
};

/// What element (x, y) gets from the few windows that cover it: the gradient of a pooling, gathered. `outputs` has the
/// pooling's result shape; `share` is asked for window (ox, oy), clamped to the outputs, and its element (dx, dy).
Halide::Expr gatherWindows(const Window &w, const Tensor &outputs,
                           const std::function<Share(Halide::Expr ox, Halide::Expr oy, Halide::Expr dx,
                                                     Halide::Expr dy)> &share);

} // namespace fovea
