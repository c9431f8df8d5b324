#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult RelayoutOp::verify() {
  return Rule::of(*this).sameShape("the result", shapeOf(getY()), "the operand", shapeOf(getX()));
}

int64_t RelayoutOp::flops() { return 0; }

} // namespace fovea::cnn
