#include "ir/Infer.h"

namespace fovea::cnn {

using namespace mlir;

void ParameterOp::build(OpBuilder &builder, OperationState &state, StringRef name, RankedTensorType type,
                        DictionaryAttr init, float lrMult, float decayMult, DenseElementsAttr mask) {
  build(builder, state, builder.getStringAttr(name), TypeAttr::get(type), builder.getBoolAttr(true), init,
        builder.getF32FloatAttr(lrMult), builder.getF32FloatAttr(decayMult), mask, /*value=*/nullptr,
        /*average=*/nullptr, /*derived=*/nullptr, /*offset=*/nullptr);
}

void ParameterOp::build(OpBuilder &builder, OperationState &state, StringRef name, RankedTensorType type,
                        DenseElementsAttr value) {
  build(builder, state, builder.getStringAttr(name), TypeAttr::get(type), builder.getBoolAttr(false),
        /*init=*/nullptr, /*lr_mult=*/nullptr, /*decay_mult=*/nullptr, /*mask=*/nullptr, value, /*average=*/nullptr,
        /*derived=*/nullptr, /*offset=*/nullptr);
}

void ParameterOp::build(OpBuilder &builder, OperationState &state, StringRef name, RankedTensorType type,
                        DictionaryAttr init, FloatAttr average) {
  build(builder, state, builder.getStringAttr(name), TypeAttr::get(type), builder.getBoolAttr(false), init,
        /*lr_mult=*/nullptr, /*decay_mult=*/nullptr, /*mask=*/nullptr, /*value=*/nullptr, average, /*derived=*/nullptr,
        /*offset=*/nullptr);
}

void ParameterOp::build(OpBuilder &builder, OperationState &state, StringRef name, RankedTensorType type) {
  build(builder, state, builder.getStringAttr(name), TypeAttr::get(type), builder.getBoolAttr(false), /*init=*/nullptr,
        /*lr_mult=*/nullptr, /*decay_mult=*/nullptr, /*mask=*/nullptr, /*value=*/nullptr, /*average=*/nullptr,
        builder.getUnitAttr(), /*offset=*/nullptr);
}

LogicalResult ParameterOp::verify() {
  const Rule rule = Rule::of(*this);
  const Shape shape = cast<RankedTensorType>(getType()).getShape();
  if (getDerived()) {
    if (getTrainable() || getInitAttr() || getMaskAttr() || getValueAttr() || getAverageAttr())
      return rule.broken("is derived: not trainable, and without init, mask, value and average");
    return success();
  }
  if (!getTrainable() && !getValueAttr() && !getAverageAttr())
    return rule.broken("is not trainable and needs a value");
  if (getAverageAttr() && (getTrainable() || getValueAttr()))
    return rule.broken("is a running average: neither trainable nor constant");
  if (getTrainable() && getValueAttr())
    return rule.broken("is trainable and cannot have a value: init says how training starts");
  if (ElementsAttr mask = getMaskAttr();
      mask && failed(rule.sameShape("mask", mask.getShapedType().getShape(), "the parameter", shape)))
    return failure();
  if (ElementsAttr value = getValueAttr();
      value && failed(rule.sameShape("value", value.getShapedType().getShape(), "the parameter", shape)))
    return failure();
  return success();
}

void LoadOp::build(OpBuilder &builder, OperationState &state, Type type, FlatSymbolRefAttr parameter,
                   ParameterBlock block) {
  build(builder, state, type, parameter, builder.getStringAttr(stringifyParameterBlock(block)));
}

void StoreOp::build(OpBuilder &builder, OperationState &state, FlatSymbolRefAttr parameter, Value value,
                    ParameterBlock block) {
  build(builder, state, parameter, value, builder.getStringAttr(stringifyParameterBlock(block)));
}

/// The parameter must exist, have this type, and have this block.
static LogicalResult checkAccess(Operation *op, FlatSymbolRefAttr name, Type type, ParameterBlock block,
                                 SymbolTableCollection &symbols) {
  auto parameter = symbols.lookupNearestSymbolFrom<ParameterOp>(op, name);
  if (!parameter)
    return op->emitOpError() << "names no parameter: " << name;
  if (parameter.getType() != type)
    return op->emitOpError() << "has type " << type << ", but parameter " << name << " is " << parameter.getType();
  const bool isAverage = bool(parameter.getAverageAttr()) && block != ParameterBlock::momentum;
  if (!parameter.getTrainable() && block != ParameterBlock::value && !isAverage)
    return op->emitOpError() << "asks for the " << stringifyParameterBlock(block) << " of the "
                             << (parameter.getAverageAttr() ? "running average "
                                 : parameter.getDerived()   ? "derived parameter "
                                                            : "constant ")
                             << name;
  return success();
}

static bool isDerived(Operation *op, FlatSymbolRefAttr name, SymbolTableCollection &symbols) {
  return symbols.lookupNearestSymbolFrom<ParameterOp>(op, name).getDerived();
}

/// The kind of the function that `op` stands in, or "".
static StringRef kindOfFunction(Operation *op) {
  auto kind = op->getParentOp()->getAttrOfType<StringAttr>("cnn.kind");
  return kind ? kind.getValue() : "";
}

LogicalResult LoadOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (failed(checkAccess(*this, getParameterAttr(), getType(), getBlock(), symbols)))
    return failure();
  const StringRef kind = kindOfFunction(*this);
  if (isDerived(*this, getParameterAttr(), symbols) && !kind.empty() && kind != "infer")
    return emitOpError() << "reads the derived parameter " << getParameterAttr() << " in a function of kind \"" << kind
                         << "\"; it is up to date only in those of kind \"infer\"";
  return success();
}

LogicalResult StoreOp::verifySymbolUses(SymbolTableCollection &symbols) {
  if (failed(checkAccess(*this, getParameterAttr(), getValue().getType(), getBlock(), symbols)))
    return failure();
  const bool derived = isDerived(*this, getParameterAttr(), symbols), prepares = kindOfFunction(*this) == "prepare";
  if (derived && !prepares)
    return emitOpError() << "changes the derived parameter " << getParameterAttr()
                         << "; only a function of kind \"prepare\" may";
  if (prepares && !derived)
    return emitOpError() << "changes " << getParameterAttr()
                         << " in a function of kind \"prepare\", which may change derived parameters only";
  return success();
}

} // namespace fovea::cnn
