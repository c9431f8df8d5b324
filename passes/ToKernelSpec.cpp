#include "passes/ToKernelSpec.h"

#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/ErrorHandling.h"

namespace fovea {

using namespace mlir;

namespace {

ElementType elementType(Type type) {
  if (type.isF32())
    return ElementType::F32;
  if (type.isBF16())
    return ElementType::BF16;
  return type.isInteger(8) ? ElementType::U8 : ElementType::I32;
}

LayoutKind layoutKind(cnn::LayoutKind kind) {
  switch (kind) {
  case cnn::LayoutKind::channels_last:
    return LayoutKind::ChannelsLast;
  case cnn::LayoutKind::weight:
    return LayoutKind::Weight;
  case cnn::LayoutKind::weight_transposed:
    return LayoutKind::WeightTransposed;
  case cnn::LayoutKind::vector:
    return LayoutKind::Vector;
  case cnn::LayoutKind::local_weight:
    return LayoutKind::LocalWeight;
  }
  llvm_unreachable("layout kind");
}

Attribute toAttribute(mlir::Attribute attribute) {
  return TypeSwitch<mlir::Attribute, Attribute>(attribute)
      .Case<BoolAttr>([](BoolAttr value) { return value.getValue(); })
      .Case<IntegerAttr>([](IntegerAttr value) { return int64_t(value.getInt()); })
      .Case<FloatAttr>([](FloatAttr value) { return value.getValueAsDouble(); })
      .Case<DenseI64ArrayAttr>([](DenseI64ArrayAttr value) {
        return std::vector<int64_t>(value.asArrayRef().begin(), value.asArrayRef().end());
      })
      .Case<StringAttr>([](StringAttr value) { return value.getValue().str(); });
}

OpSpec toOpSpec(Operation &op, const DenseMap<Value, int> &ids) {
  OpSpec spec;
  spec.op = op.getName().stripDialect().str();
  for (Value operand : op.getOperands())
    spec.operands.push_back(ids.lookup(operand));
  for (NamedAttribute attribute : op.getAttrDictionary())
    if (!attribute.getName().strref().contains('.')) // cnn.layer and the like say nothing of the computation.
      spec.attributes.emplace(attribute.getName().str(), toAttribute(attribute.getValue()));
  for (Type type : op.getResultTypes())
    spec.results.push_back(toTensorSpec(cast<RankedTensorType>(type)));
  return spec;
}

} // namespace

TensorSpec toTensorSpec(RankedTensorType type) {
  TensorSpec spec;
  spec.shape.assign(type.getShape().begin(), type.getShape().end());
  spec.element = elementType(type.getElementType());
  if (auto layout = dyn_cast_or_null<cnn::LayoutAttr>(type.getEncoding())) {
    spec.layout = layoutKind(layout.getKind());
    spec.block = layout.getBlock();
    spec.spatial.assign(layout.getSpatial().begin(), layout.getSpatial().end());
    const bool packsWeight = spec.layout == LayoutKind::Weight || spec.layout == LayoutKind::WeightTransposed;
    if (packsWeight && spec.spatial.empty()) // A convolution's weight needs no view: it has four extents itself.
      spec.spatial.assign(spec.shape.begin() + 1, spec.shape.end());
  }
  return spec;
}

KernelSpec toKernelSpec(cnn::KernelOp kernel) {
  KernelSpec spec;
  Block &body = kernel.getBody().front();
  DenseMap<Value, int> ids;
  for (BlockArgument argument : body.getArguments()) {
    ids.try_emplace(argument, argument.getArgNumber());
    spec.inputs.push_back(toTensorSpec(cast<RankedTensorType>(argument.getType())));
  }
  int next = spec.inputs.size();
  for (Operation &op : body.without_terminator()) {
    spec.ops.push_back(toOpSpec(op, ids));
    for (Value result : op.getResults())
      ids.try_emplace(result, next++);
  }
  if (DictionaryAttr schedule = kernel.getScheduleAttr())
    for (NamedAttribute entry : schedule)
      spec.schedule[entry.getName().str()] = cast<IntegerAttr>(entry.getValue()).getInt();
  return spec;
}

int64_t kernelFlops(cnn::KernelOp kernel) {
  int64_t flops = 0;
  kernel.getBody().walk([&](cnn::CnnComputeOpInterface op) { flops += op.flops(); });
  return flops;
}

int64_t kernelBytes(cnn::KernelOp kernel) {
  int64_t bytes = 0;
  for (Type type : kernel->getOperandTypes())
    bytes += physicalBytes(toTensorSpec(cast<RankedTensorType>(type)));
  for (Type type : kernel->getResultTypes())
    bytes += physicalBytes(toTensorSpec(cast<RankedTensorType>(type)));
  return bytes;
}

} // namespace fovea
