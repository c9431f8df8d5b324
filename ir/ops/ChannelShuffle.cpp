#include "ir/Backward.h"
#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

LogicalResult ChannelShuffleOp::inferReturnTypes(MLIRContext *, std::optional<Location> location, Adaptor op,
                                                 InferredTypes &types) {
  const int64_t groups = op.getGroups(), channels = shapeOf(op.getX())[1];
  if (groups < 1 || channels % groups != 0)
    return ruleOf<ChannelShuffleOp>(location).broken("the " + Twine(channels) + " channels of the input " +
                                                     toText(shapeOf(op.getX())) + " do not divide into " +
                                                     Twine(groups) + " groups");
  return inferLike(op.getX(), types);
}

int64_t ChannelShuffleOp::flops() { return 0; }

/// One group, or groups of one channel, stay in their order.
OpFoldResult ChannelShuffleOp::fold(FoldAdaptor) {
  const int64_t groups = getGroups(), channels = shapeOf(getX())[1];
  return (groups == 1 || groups == channels) && getX().getType() == getY().getType() ? OpFoldResult(getX())
                                                                                     : OpFoldResult();
}

void ChannelShuffleOp::backward(OpBuilder &builder, ValueRange resultGradients, ArrayRef<bool> needed,
                                SmallVectorImpl<Value> &operandGradients) {
  if (needed[0])
    operandGradients[0] =
        createFor<ChannelShuffleOp>(*this, builder, resultGradients[0], shapeOf(getX())[1] / int64_t(getGroups()));
}

} // namespace fovea::cnn
