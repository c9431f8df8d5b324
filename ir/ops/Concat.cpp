#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

static RankedTensorType withChannels(Value like, int64_t channels) {
  SmallVector<int64_t, 4> shape(shapeOf(like));
  shape[1] = channels;
  return plainType(like, shape);
}

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                         InferredTypes &types) {
  const Rule rule = ruleOf<ConcatOp>(location);
  if (op.getInputs().empty())
    return rule.broken("needs at least one operand");
  Value first = op.getInputs().front();
  int64_t channels = 0;
  for (Value input : op.getInputs()) {
    const int64_t own = shapeOf(input)[1];
    if (shapeOf(input).size() != shapeOf(first).size() || withChannels(input, 1) != withChannels(first, 1))
      return rule.broken("operands " + toText(shapeOf(first)) + " and " + toText(shapeOf(input)) +
                         " differ in more than their channels");
    channels += own;
  }
  types.push_back(withChannels(first, channels));
  return success();
}

int64_t ConcatOp::flops() { return 0; }

/// concat of one tensor is that tensor.
OpFoldResult ConcatOp::fold(FoldAdaptor) {
  return getInputs().size() == 1 && getInputs()[0].getType() == getY().getType() ? OpFoldResult(getInputs()[0])
                                                                                 : OpFoldResult();
}

void ConcatOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                        SmallVectorImpl<Value> &operandGradients) {
  int64_t offset = 0;
  for (auto [index, input] : llvm::enumerate(getInputs())) {
    const int64_t channels = shapeOf(input)[1];
    if (needed[index])
      operandGradients[index] =
          createFor<SliceOp>(*this, builder, resultGradients[0], uint64_t(offset), uint64_t(channels));
    offset += channels;
  }
}

LogicalResult SliceOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                        InferredTypes &types) {
  const int64_t offset = op.getOffset(), size = op.getSize(), channels = shapeOf(op.getX())[1];
  if (offset < 0 || size < 1 || offset > channels - size)
    return ruleOf<SliceOp>(location).broken(Twine(size) + " channels from " + Twine(offset) +
                                            " on are not in the input " + toText(shapeOf(op.getX())));
  types.push_back(withChannels(op.getX(), size));
  return success();
}

int64_t SliceOp::flops() { return 0; }

/// A slice of all channels is its operand.
OpFoldResult SliceOp::fold(FoldAdaptor) {
  return getX().getType() == getY().getType() ? OpFoldResult(getX()) : OpFoldResult();
}

} // namespace fovea::cnn
