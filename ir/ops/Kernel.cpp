#include "ir/Cnn.h"

namespace fovea::cnn {

using namespace mlir;

Operation *KernelOp::getRoot() { return getBody().front().getTerminator()->getPrevNode(); }

/// "name" (%argument = %input, ...) {attributes} : (types) -> types { body }
ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  StringAttr name;
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> inputs;
  FunctionType type;
  SMLoc start;
  if (parser.parseAttribute(name, getNameAttrName(result.name), result.attributes) ||
      parser.getCurrentLocation(&start) || parser.parseAssignmentList(arguments, inputs) ||
      parser.parseOptionalAttrDict(result.attributes) || parser.parseColonType(type) ||
      parser.resolveOperands(inputs, type.getInputs(), start, result.operands))
    return failure();
  result.addTypes(type.getResults());
  for (auto [argument, input] : llvm::zip_equal(arguments, type.getInputs()))
    argument.type = input;
  return parser.parseRegion(*result.addRegion(), arguments);
}

void KernelOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getNameAttr() << " (";
  llvm::interleaveComma(llvm::zip_equal(getBody().getArguments(), getInputs()), printer, [&](auto pair) {
    auto [argument, input] = pair;
    printer << argument << " = " << input;
  });
  printer << ')';
  printer.printOptionalAttrDict((*this)->getAttrs(), {getNameAttrName()});
  printer << " : ";
  printer.printFunctionalType(*this);
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

LogicalResult KernelOp::verify() {
  if (ArrayAttr places = getPlacesAttr(); places && places.size() != getNumOperands() + getNumResults())
    return emitOpError() << "has " << places.size() << " places for " << getNumOperands() << " operands and "
                         << getNumResults() << " results";
  return success();
}

LogicalResult KernelOp::verifyRegions() {
  Block &block = getBody().front();
  if (block.getArgumentTypes() != getInputs().getTypes())
    return emitOpError("passes operands of types ")
           << getInputs().getTypes() << " to arguments of types " << block.getArgumentTypes();
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield)
    return emitOpError("must end with cnn.yield");
  for (Operation &op : block.without_terminator())
    if (!isa<CnnComputeOpInterface>(op))
      return op.emitOpError("is not a computation on tensors and cannot be part of a kernel");
  Operation *root = getRoot();
  if (!root)
    return emitOpError("computes nothing");
  if (!llvm::equal(yield.getValues(), root->getResults()))
    return yield.emitOpError("must yield the results of the last computation, ") << root->getName();
  if (yield.getOperandTypes() != getResultTypes())
    return emitOpError("yields types ") << yield.getOperandTypes() << ", but its results are " << getResultTypes();
  return success();
}

} // namespace fovea::cnn
