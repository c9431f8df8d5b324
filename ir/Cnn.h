// The `cnn` dialect: everything a pass or a generator of IR needs. What the operations mean: ir/README.md and ir/ops.
#pragma once

#include "ir/Shape.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace fovea::cnn {

/// Element i of each result depends on elements i of the operands alone.
template <typename ConcreteOp> class ElementwiseOp : public mlir::OpTrait::TraitBase<ConcreteOp, ElementwiseOp> {};

/// The results have the shapes that `inferReturnTypes` gives. Checked before InferTypeOpInterface does, which would say
/// a second time, and less clearly, that something is wrong.
template <typename ConcreteOp> class InferredShapes : public mlir::OpTrait::TraitBase<ConcreteOp, InferredShapes> {
public:
  static llvm::LogicalResult verifyTrait(mlir::Operation *op) {
    llvm::SmallVector<mlir::Type, 2> inferred;
    if (failed(ConcreteOp::inferReturnTypes(op->getContext(), op->getLoc(), op->getOperands(),
                                            op->getRawDictionaryAttrs(), op->getPropertiesStorage(), op->getRegions(),
                                            inferred)))
      return llvm::failure();
    return checkResults(op, inferred);
  }
};

/// Attribute that names the layer an operation belongs to, for people: kernels, profiles and messages use it.
constexpr llvm::StringLiteral layerAttributeName = "cnn.layer";
/// What tuning records call the convolution that an operation computes.
constexpr llvm::StringLiteral choiceAttributeName = "cnn.choice";

} // namespace fovea::cnn

#include "ir/CnnDialect.h.inc"
#include "ir/CnnEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/CnnAttributes.h.inc"

#include "ir/CnnInterfaces.h.inc"

#define GET_OP_CLASSES
#include "ir/CnnOps.h.inc"
