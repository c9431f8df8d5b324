#include "ir/Shape.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

namespace fovea::cnn {

using namespace mlir;

int64_t elementsPerImage(Value value) { return elements(value) / shapeOf(value).front(); }

int64_t logicalBytes(Operation *op) {
  int64_t bytes = 0;
  auto add = [&](Value value) { bytes += elements(value) * tensorType(value).getElementTypeBitWidth() / 8; };
  llvm::for_each(op->getOperands(), add);
  llvm::for_each(op->getResults(), add);
  return bytes;
}

bool haveSameLogicalTypes(TypeRange a, TypeRange b) {
  return a.size() == b.size() && llvm::all_of(llvm::zip(a, b), [](auto pair) {
           auto [left, right] = pair;
           auto leftTensor = dyn_cast<RankedTensorType>(left), rightTensor = dyn_cast<RankedTensorType>(right);
           return leftTensor && rightTensor && leftTensor.getShape() == rightTensor.getShape() &&
                  leftTensor.getElementType() == rightTensor.getElementType();
         });
}

RankedTensorType plainType(Value like, Shape shape) {
  return RankedTensorType::get(shape, tensorType(like).getElementType());
}

static std::string join(llvm::ArrayRef<int64_t> numbers, llvm::StringRef separator) {
  return llvm::join(llvm::map_range(numbers, [](int64_t number) { return std::to_string(number); }), separator);
}

std::string toText(Shape shape) { return shape.empty() ? "a scalar" : join(shape, "x"); }

std::string listText(llvm::ArrayRef<int64_t> numbers) { return "[" + join(numbers, ", ") + "]"; }

LogicalResult Rule::sameShape(StringRef what, Shape shape, StringRef than, Shape expected) const {
  if (shape == expected)
    return success();
  return broken(what + " is " + toText(shape) + ", but " + than + " is " + toText(expected));
}

LogicalResult checkResults(Operation *op, TypeRange inferred) {
  for (auto [result, type] : llvm::zip_equal(op->getResults(), inferred)) {
    const Shape expected = cast<RankedTensorType>(type).getShape();
    if (shapeOf(result) != expected)
      return Rule::of(op).broken("result is " + toText(shapeOf(result)) + ", but its operands give " +
                                 toText(expected));
  }
  return success();
}

FailureOr<std::array<int64_t, 2>> Window::output(Shape input, Rule rule) const {
  auto positive = [](int64_t number) { return number > 0; };
  if (kernel.size() != 2 || !llvm::all_of(kernel, positive))
    return rule.broken("kernel must be two positive numbers, height and width, not " + listText(kernel));
  if (stride.size() != 2 || !llvm::all_of(stride, positive))
    return rule.broken("stride must be two positive numbers, down and across, not " + listText(stride));
  if (pad.size() != 4 || !llvm::all_of(pad, [](int64_t number) { return number >= 0; }))
    return rule.broken("pad must be four numbers from 0 up, top, left, bottom and right, not " + listText(pad));

  if (!dilation.empty() && (dilation.size() != 2 || !llvm::all_of(dilation, positive)))
    return rule.broken("dilation must be two positive numbers, down and across, not " + listText(dilation));

  std::array<int64_t, 2> result, reach;
  for (int axis : {0, 1})
    reach[axis] = (kernel[axis] - 1) * (dilation.empty() ? 1 : dilation[axis]) + 1;
  for (int axis : {0, 1}) {
    const int64_t extent = input[2 + axis], before = pad[axis], after = pad[2 + axis];
    const int64_t slack = extent + before + after - reach[axis];
    if (slack < 0)
      return rule.broken("a window of " + toText(reach) + " does not fit into the input of " +
                         toText(input.drop_front(2)) + " with pad " + listText(pad));
    result[axis] = (slack + (ceil ? stride[axis] - 1 : 0)) / stride[axis] + 1;
    // The window that rounding up added must begin in the input or the padding before it (Caffe, PyTorch).
    if (ceil && (result[axis] - 1) * stride[axis] >= extent + before)
      --result[axis];
  }
  return result;
}

FailureOr<std::array<int64_t, 2>> Window::poolOutput(Shape input, Rule rule) const {
  FailureOr<std::array<int64_t, 2>> result = output(input, rule);
  if (failed(result))
    return failure();
  for (int side : {0, 1, 2, 3})
    if (pad[side] >= kernel[side % 2])
      return rule.broken("pad " + listText(pad) + " must be smaller than the kernel " + listText(kernel) +
                         ", or a window would hold nothing but padding");
  return result;
}

} // namespace fovea::cnn
