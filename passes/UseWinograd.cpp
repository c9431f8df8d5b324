#include "ir/Cnn.h"
#include "passes/Passes.h"
#include "passes/WinogradModel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace fovea {

#define GEN_PASS_DEF_USEWINOGRAD
#include "passes/Passes.h.inc"

using namespace mlir;

namespace {

using cnn::shapeOf;

class WinogradUser {
public:
  WinogradUser(const TargetInfo &target, const Tuning &tuning, bool bf16, bool nameChoices)
      : target(target), tuning(tuning), bf16(bf16), nameChoices(nameChoices) {}

  void run(func::FuncOp function, bool stepsForward) {
    infers = kindOf(function) == "infer";
    const bool forward = stepsForward || infers;
    for (Operation &op : llvm::make_early_inc_range(function.getBody().front())) {
      if (auto conv = dyn_cast<cnn::Conv2dOp>(op); conv && forward)
        replace(conv);
      else if (auto gradient = dyn_cast<cnn::Conv2dInputGradientOp>(op))
        replace(gradient);
      else if (auto gradient = dyn_cast<cnn::Conv2dWeightGradientOp>(op))
        replace(gradient);
    }
  }

private:
  const TargetInfo &target;
  const Tuning &tuning;
  const bool bf16, nameChoices;
  bool infers = false;

  struct Choice {
    int64_t tile = 0;          ///< 0: direct.
    bool tilesOperand = false; ///< Tiles of what the convolution reads rather than of its result.
  };

  /// For a convolution of `x` to `y` with kernels of `w`.
  template <typename Convolution> Choice choose(Convolution op, Value x, Value y, Value w, ConvolutionPass pass) const {
    auto isOne = [](int64_t number) { return number == 1; };
    const auto in = shapeOf(x), out = shapeOf(y), weight = shapeOf(w);
    if (!llvm::all_of(op.getStride(), isOne) || !llvm::all_of(op.getDilation(), isOne) || weight[2] != weight[3])
      return {};
    const ConvolutionShape shape{.images = in[0],
                                 .inputs = in[1],
                                 .outputs = out[1],
                                 .groups = int64_t(op.getGroups()),
                                 .height = out[2],
                                 .width = out[3],
                                 .kernel = weight[2],
                                 .fromHeight = in[2],
                                 .fromWidth = in[3],
                                 .bf16 = bf16 && infers};
    const ConvolutionCost cost = convolutionCost(shape, pass, target);
    if (!cost.tile)
      return {};
    const std::string name = nameOf(op, in, out, weight);
    if (nameChoices)
      op->setAttr(cnn::choiceAttributeName, StringAttr::get(op->getContext(), name));
    int64_t tile = cost.winogradPays() ? cost.tile : 0;
    if (std::optional<int64_t> measured = tuning.tileFor(name); measured && canTile(*measured, weight[2]))
      tile = *measured;
    return {tile, tile > 0 && tilesOperand(shape, pass, tile)};
  }

  /// What tuning records call the convolution, or the gradient.
  std::string nameOf(Operation *op, cnn::Shape x, cnn::Shape y, cnn::Shape w) const {
    std::string name = op->getName().stripDialect().str() + " " + cnn::toText(x) + " by " + cnn::toText(w) + " to " +
                       cnn::toText(y) + (infers ? ", inference" : ", training");
    return bf16 && infers ? name + ", bf16" : name;
  }

  /// Whether every group of `channels` channels fills whole vectors: lanes between the groups would need masks.
  static bool fills(int64_t channels, int64_t groups) { return groups == 1 || channels / groups % 8 == 0; }

  /// Puts `replacement` in the place of `op`, in its layer.
  static void take(Operation *op, Operation *replacement) {
    if (mlir::Attribute layer = op->getAttr(cnn::layerAttributeName))
      replacement->setAttr(cnn::layerAttributeName, layer);
    if (mlir::Attribute choice = op->getAttr(cnn::choiceAttributeName))
      replacement->setAttr(cnn::choiceAttributeName, choice);
    op->getResult(0).replaceAllUsesWith(replacement->getResult(0));
    op->erase();
  }

  Value transform(OpBuilder &builder, Operation *op, Value w, int64_t tile, int64_t groups, bool transposed) const {
    auto weight = builder.create<cnn::WinogradWeightOp>(op->getLoc(), w, tile, groups, transposed);
    if (mlir::Attribute layer = op->getAttr(cnn::layerAttributeName))
      weight->setAttr(cnn::layerAttributeName, layer);
    return weight;
  }

  void replace(cnn::Conv2dOp conv) const {
    const int64_t groups = conv.getGroups();
    const int64_t tile = choose(conv, conv.getX(), conv.getY(), conv.getW(), ConvolutionPass::Forward).tile;
    if (!tile || !fills(shapeOf(conv.getY())[1], groups))
      return;
    OpBuilder builder(conv);
    Value u = transform(builder, conv, conv.getW(), tile, groups, false);
    take(conv, builder.create<cnn::WinogradConv2dOp>(conv.getLoc(), conv.getX(), u, conv.getBias(), tile, conv.getPad(),
                                                     groups, false));
  }

  void replace(cnn::Conv2dInputGradientOp gradient) const {
    auto transpose = gradient.getWt().getDefiningOp<cnn::TransposeWeightOp>();
    const int64_t groups = gradient.getGroups();
    if (!transpose || !fills(shapeOf(gradient.getDx())[1], groups))
      return;
    const int64_t kernel = shapeOf(gradient.getWt())[2];
    // Forwards, x is padded by `pad`; backwards, dy by what is left of the kernel.
    SmallVector<int64_t> pad = llvm::map_to_vector(gradient.getPad(), [&](int64_t p) { return kernel - 1 - p; });
    if (llvm::any_of(pad, [](int64_t p) { return p < 0; }))
      return;
    const auto [tile, tilesOperand] =
        choose(gradient, gradient.getDy(), gradient.getDx(), gradient.getWt(), ConvolutionPass::InputGradient);
    if (!tile)
      return;
    OpBuilder builder(gradient);
    Value u = transform(builder, gradient, transpose.getW(), tile, groups, true);
    if (tilesOperand)
      take(gradient,
           builder.create<cnn::WinogradInputGradientOp>(gradient.getLoc(), gradient.getDx().getType(), gradient.getDy(),
                                                        u, tile, gradient.getPad(), groups));
    else
      take(gradient, builder.create<cnn::WinogradConv2dOp>(gradient.getLoc(), gradient.getDy(), u, Value(), tile, pad,
                                                           groups, true));
    if (transpose->use_empty())
      transpose->erase();
  }

  void replace(cnn::Conv2dWeightGradientOp gradient) const {
    const int64_t groups = gradient.getGroups();
    const int64_t tile =
        choose(gradient, gradient.getX(), gradient.getDy(), gradient.getDw(), ConvolutionPass::WeightGradient).tile;
    if (!tile || !fills(shapeOf(gradient.getDw())[0], groups))
      return;
    OpBuilder builder(gradient);
    take(gradient,
         builder.create<cnn::WinogradWeightGradientOp>(gradient.getLoc(), gradient.getDw().getType(), gradient.getX(),
                                                       gradient.getDy(), tile, gradient.getPad(), groups));
  }
};

struct UseWinogradPass : impl::UseWinogradBase<UseWinogradPass> {
  using UseWinogradBase::UseWinogradBase;

  void runOnOperation() override {
    std::optional<TargetInfo> info = targetOrError(target, getOperation());
    std::optional<Tuning> records = info ? tuningOrError(tuning, *info, getOperation()) : std::nullopt;
    if (!records)
      return signalPassFailure();
    for (auto function : getOperation().getOps<func::FuncOp>())
      WinogradUser(*info, *records, bf16, nameChoices).run(function, stepsForward);
  }
};

} // namespace
} // namespace fovea
