// What the operations' backward rules share.
#pragma once

#include "ir/Cnn.h"

namespace fovea::cnn {

/// Creates an operation of the backward computation of `forward`; it belongs to the same layer.
template <typename Op, typename... Args>
Op createFor(mlir::Operation *forward, mlir::OpBuilder &builder, Args &&...args) {
  auto op = builder.create<Op>(forward->getLoc(), std::forward<Args>(args)...);
  if (mlir::Attribute layer = forward->getAttr(layerAttributeName))
    op->setAttr(layerAttributeName, layer);
  return op;
}

} // namespace fovea::cnn
