#include "ir/Cnn.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "ir/CnnDialect.cpp.inc"
#include "ir/CnnEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/CnnAttributes.cpp.inc"

#include "ir/CnnInterfaces.cpp.inc"

#define GET_OP_CLASSES
#include "ir/CnnOps.cpp.inc"

namespace fovea::cnn {

using namespace mlir;

void CnnDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ir/CnnAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "ir/CnnOps.cpp.inc"
      >();
}

LogicalResult CnnDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  const StringRef name = attribute.getName().strref();
  if (name == layerAttributeName && !isa<StringAttr>(attribute.getValue()))
    return op->emitError("cnn.layer must be a string, the layer's name");
  if (name == "cnn.kind") {
    auto kind = dyn_cast<StringAttr>(attribute.getValue());
    if (!kind || !llvm::is_contained({"infer", "step", "train", "update", "prepare"}, kind.getValue()))
      return op->emitError("cnn.kind must be \"infer\", \"step\", \"train\", \"update\" or \"prepare\", not ")
             << attribute.getValue();
  }
  if (name == "cnn.batch") {
    auto batch = dyn_cast<IntegerAttr>(attribute.getValue());
    if (!batch || batch.getValue().getSExtValue() < 1)
      return op->emitError("cnn.batch must be a positive integer, not ") << attribute.getValue();
  }
  return success();
}

LogicalResult LayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError, LayoutKind kind, int64_t block,
                                 ArrayRef<int64_t> spatial) {
  const StringRef name = stringifyLayoutKind(kind);
  if (block < 1)
    return emitError() << name << " layout needs a positive block, not " << block;
  const bool packsWeight = kind == LayoutKind::weight || kind == LayoutKind::weight_transposed;
  if (!packsWeight && !spatial.empty())
    return emitError() << name << " layout has no extents after its block, but " << listText(spatial) << " is given";
  if (packsWeight && !spatial.empty() &&
      (spatial.size() != 3 || llvm::any_of(spatial, [](int64_t n) { return n < 1; })))
    return emitError() << name
                       << " layout takes three positive extents after its block, channels, height and width, not "
                       << listText(spatial);
  return success();
}

LogicalResult LayoutAttr::verifyEncoding(ArrayRef<int64_t> shape, Type elementType,
                                         function_ref<InFlightDiagnostic()> emitError) const {
  const StringRef name = stringifyLayoutKind(getKind());
  const size_t rank = shape.size();
  switch (getKind()) {
  case LayoutKind::channels_last:
    if (rank < 2 || rank > 4)
      return emitError() << name << " layout is for [N,K], [N,C,H,W] and [C,H,W], not " << toText(shape);
    break;
  case LayoutKind::local_weight:
    if (rank != 6)
      return emitError() << name << " layout is for [O,OH,OW,I,KH,KW], not " << toText(shape);
    return success();
  case LayoutKind::vector:
    if (rank != 1)
      return emitError() << name << " layout is for [C], not " << toText(shape);
    break;
  case LayoutKind::weight:
  case LayoutKind::weight_transposed: {
    const ArrayRef<int64_t> view = getSpatial();
    if (rank == 4) {
      if (!view.empty() && view != shape.drop_front())
        return emitError() << name << " layout of " << toText(shape) << " cannot view it as " << shape[0] << "x"
                           << toText(view);
      return success();
    }
    if (rank != 2)
      return emitError() << name << " layout is for [O,K] and [O,I,KH,KW], not " << toText(shape);
    if (view.empty() || view[0] * view[1] * view[2] != shape[1])
      return emitError() << name << " layout of " << toText(shape)
                         << " must give channels, height and width with a product of " << shape[1] << ", not "
                         << listText(view);
    return success();
  }
  }
  const int64_t channels = rank % 2 == 1 ? shape[0] : shape[1]; // [C] and [C,H,W] have no images.
  if (getBlock() < channels)
    return emitError() << name << " layout pads to " << getBlock() << ", fewer than the " << channels << " channels of "
                       << toText(shape);
  return success();
}

LogicalResult PlaceAttr::verify(function_ref<InFlightDiagnostic()> emitError, Slot slot, int64_t offset) {
  const StringRef name = stringifySlot(slot);
  if (offset < 0)
    return emitError() << "offset in " << name << " must be 0 or more, not " << offset;
  if (slot == Slot::arena && offset % 64 != 0)
    return emitError() << "offset in the arena must be a multiple of 64 bytes, not " << offset;
  const bool holdsOne = !llvm::is_contained({Slot::arena, Slot::parameters, Slot::gradients, Slot::momentum}, slot);
  if (holdsOne && offset != 0)
    return emitError() << name << " holds a single tensor: the offset must be 0, not " << offset;
  return success();
}

} // namespace fovea::cnn
