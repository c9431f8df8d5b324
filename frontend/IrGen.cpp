#include "frontend/IrGen.h"

#include "ir/Cnn.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Verifier.h"

namespace fovea {

using namespace mlir;

namespace {

class IrGenerator {
public:
  IrGenerator(MLIRContext &context, const Graph &graph, const Source &source)
      : graph(graph), source(source), builder(&context) {}

  OwningOpRef<ModuleOp> run(const IrGenOptions &options) {
    OwningOpRef<ModuleOp> module = ModuleOp::create(location(0));
    builder.setInsertionPointToEnd(module->getBody());
    describe(*module);
    for (const GraphParameter &parameter : graph.parameters)
      declare(parameter);
    for (int64_t batch : options.inferBatches)
      function("infer", batch);
    for (int64_t batch : options.stepBatches)
      function("step", batch);
    if (failed(verify(*module)))
      return {};
    return module;
  }

private:
  const Graph &graph;
  const Source &source;
  OpBuilder builder;

  mlir::Location location(fovea::Location at) {
    const auto [line, column] = source.position(at);
    return FileLineColLoc::get(builder.getContext(), source.name, unsigned(line), unsigned(column));
  }

  RankedTensorType tensor(ArrayRef<int64_t> shape, int64_t batch = 0) {
    SmallVector<int64_t> extents;
    if (batch > 0)
      extents.push_back(batch);
    extents.append(shape.begin(), shape.end());
    return RankedTensorType::get(extents, builder.getF32Type());
  }

  DictionaryAttr dictionary(ArrayRef<NamedAttribute> entries) { return builder.getDictionaryAttr(entries); }
  NamedAttribute named(StringRef name, Attribute value) { return builder.getNamedAttr(name, value); }
  Attribute number(double value) { return builder.getF64FloatAttr(value); }
  Attribute single(double value) { return builder.getF32FloatAttr(float(value)); }
  Attribute text(StringRef value) { return builder.getStringAttr(value); }
  Attribute whole(int64_t value) { return builder.getI64IntegerAttr(value); }
  Attribute shapeAttr(ArrayRef<int64_t> shape) { return builder.getDenseI64ArrayAttr(shape); }

  DictionaryAttr setting(const Setting &setting) {
    SmallVector<NamedAttribute> entries{named("kind", text(setting.kind))};
    for (const auto &[name, value] : setting.numbers)
      entries.push_back(named(name, number(value)));
    if (!setting.at.empty())
      entries.push_back(named("at", builder.getF64ArrayAttr(setting.at)));
    return dictionary(entries);
  }

  Attribute mean(const Recipe &recipe) {
    if (!recipe.computedMean.empty())
      return text(recipe.computedMean);
    return recipe.channelMeans.empty() ? number(recipe.mean) : builder.getF64ArrayAttr(recipe.channelMeans);
  }

  void describe(ModuleOp module) {
    module->setAttr("cnn.network", text(graph.network));
    module->setAttr("cnn.input",
                    dictionary({named("name", text(graph.inputName)), named("shape", shapeAttr(graph.inputShape))}));
    module->setAttr("cnn.output", dictionary({named("name", text(graph.outputName))}));
    SmallVector<Attribute> layers;
    for (const GraphLayer &layer : graph.layers)
      layers.push_back(dictionary(
          {named("name", text(layer.name)), named("op", text(layer.op)), named("output", shapeAttr(layer.shape)),
           named("parameters", whole(layer.parameters)), named("connections", whole(layer.connections)),
           named("macs", whole(layer.macs)), named("auxiliary", builder.getBoolAttr(layer.auxiliary))}));
    module->setAttr("cnn.layers", builder.getArrayAttr(layers));
    if (!graph.recipe)
      return;
    const Recipe &recipe = *graph.recipe;
    SmallVector<NamedAttribute> entries{
        named("data",
              dictionary({named("kind", text(recipe.dataKind)), named("scale", number(recipe.scale)),
                          named("mean", mean(recipe)), named("pad", whole(recipe.pad)),
                          named("crop", whole(recipe.crop)), named("mirror", builder.getBoolAttr(recipe.mirror)),
                          named("resize", whole(recipe.resize)), named("pca_color", number(recipe.colourNoise))})),
        named("loss", setting(recipe.loss)),
        named("optimizer", dictionary({named("kind", text("sgd")), named("lr", number(recipe.lr)),
                                       named("momentum", number(recipe.momentum)),
                                       named("weight_decay", number(recipe.weightDecay))})),
        named("lr", setting(recipe.policy)),
        named("batch", whole(recipe.batch)),
        named("accumulate", whole(recipe.accumulate))};
    entries.push_back(recipe.epochs ? named("epochs", whole(recipe.epochs))
                                    : named("iterations", whole(recipe.iterations)));
    module->setAttr("cnn.recipe", dictionary(entries));
  }

  void declare(const GraphParameter &parameter) {
    RankedTensorType type = tensor(parameter.shape);
    if (!parameter.constant.empty()) {
      builder.create<cnn::ParameterOp>(location(0), parameter.name, type,
                                       DenseElementsAttr::get(type, ArrayRef<float>(parameter.constant)));
      return;
    }
    if (parameter.average) {
      builder.create<cnn::ParameterOp>(location(0), parameter.name, type, setting(parameter.init),
                                       builder.getF32FloatAttr(float(*parameter.average)));
      return;
    }
    DenseElementsAttr mask;
    if (!parameter.mask.empty())
      mask = DenseElementsAttr::get(RankedTensorType::get(type.getShape(), builder.getIntegerType(8)),
                                    ArrayRef<uint8_t>(parameter.mask));
    builder.create<cnn::ParameterOp>(location(0), parameter.name, type, setting(parameter.init),
                                     float(parameter.lrMult), float(parameter.decayMult), mask);
  }

  void function(StringRef kind, int64_t batch) {
    const bool step = kind == "step";
    SmallVector<Type> arguments{tensor(graph.inputShape, batch)};
    SmallVector<Type> results{tensor(graph.nodes[graph.output].shape, batch)};
    if (step) {
      arguments.push_back(RankedTensorType::get({batch}, builder.getI32Type()));
      arguments.push_back(tensor({8}));
      results.insert(results.begin(), tensor({batch}));
    }
    auto function = builder.create<func::FuncOp>(location(0), (kind + "_b" + Twine(batch)).str(),
                                                 builder.getFunctionType(arguments, results));
    function->setAttr("cnn.kind", text(kind));
    function->setAttr("cnn.batch", whole(batch));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(function.addEntryBlock());

    SmallVector<Value> values(1, function.getArgument(0));
    std::vector<int> wanted{graph.output};
    if (step)
      wanted.insert(wanted.end(), graph.auxiliaries.begin(), graph.auxiliaries.end());
    const std::vector<bool> needed = graph.neededBy(wanted);
    for (size_t index = 1; index < graph.nodes.size(); ++index)
      values.push_back(needed[index] ? node(graph.nodes[index], values, step ? function.getArgument(2) : Value(), batch)
                                     : Value());
    Value output = values[graph.output];
    if (!step) {
      builder.create<func::ReturnOp>(location(0), output);
      return;
    }
    Value labels = function.getArgument(1), sum;
    for (int auxiliary : graph.auxiliaries)
      sum = loss(values[auxiliary], labels, batch, sum, graph.recipe ? graph.recipe->auxiliaryWeight : 0.3);
    builder.create<func::ReturnOp>(location(0), ValueRange{loss(output, labels, batch, sum, 1), output});
  }

  FlatSymbolRefAttr symbol(int parameter) {
    return FlatSymbolRefAttr::get(builder.getContext(), graph.parameters[parameter].name);
  }
  Value load(int parameter, mlir::Location loc) {
    return builder.create<cnn::LoadOp>(loc, tensor(graph.parameters[parameter].shape), symbol(parameter),
                                       cnn::ParameterBlock::value);
  }

  /// By the running averages; in training by the batch's statistics, which are left for @update to average.
  Value batchNorm(const GraphNode &node, Value x, Value scalars) {
    mlir::Location loc = location(node.location);
    auto make = [&](auto op) {
      op->setAttr("cnn.layer", text(node.layer));
      return op;
    };
    const auto &parameters = node.parameters;
    Value weight = load(parameters[0], loc), bias = load(parameters[1], loc), mean, variance;
    if (scalars) {
      auto batch = make(builder.create<cnn::BatchStatisticsOp>(loc, x, scalars));
      mean = batch.getMean(), variance = batch.getVariance();
      const int64_t pixels = node.shape.size() == 3 ? node.shape[1] * node.shape[2] : 1;
      auto averaged = make(builder.create<cnn::RunningStatisticsOp>(loc, mean, variance, scalars, pixels));
      for (int which : {0, 1})
        builder.create<cnn::StoreOp>(loc, symbol(parameters[2 + which]), averaged->getResult(which),
                                     cnn::ParameterBlock::gradient);
    } else {
      mean = load(parameters[2], loc), variance = load(parameters[3], loc);
    }
    return make(builder.create<cnn::BatchNormOp>(loc, x, weight, bias, mean, variance, scalars,
                                                 builder.getF32FloatAttr(float(node.epsilon))));
  }

  /// `scalars` are a training step's; null for inference.
  Value node(const GraphNode &node, ArrayRef<Value> values, Value scalars, int64_t batch) {
    mlir::Location loc = location(node.location);
    if (node.op == "batch_norm")
      return batchNorm(node, values[node.inputs[0]], scalars);
    OperationState state(loc, ("cnn." + node.op));
    for (int input : node.inputs)
      state.operands.push_back(values[input]);
    for (int index : node.parameters)
      state.operands.push_back(load(index, loc));
    state.addTypes(tensor(node.shape, batch));
    if (node.op == "dropout" && scalars)
      state.operands.push_back(scalars);
    const bool pool = node.op == "max_pool" || node.op == "avg_pool";
    if (pool)
      state.addAttribute("kernel", shapeAttr(node.kernel));
    if (pool || node.op == "conv2d" || node.op == "local") {
      state.addAttribute("stride", shapeAttr(node.stride));
      state.addAttribute("pad", shapeAttr(node.pad));
    }
    if (node.op == "conv2d") {
      state.addAttribute("dilation", shapeAttr(node.dilation));
      state.addAttribute("groups", whole(node.groups));
    }
    if (node.op == "lrn") {
      state.addAttribute("size", whole(node.size));
      state.addAttribute("alpha", single(node.alpha));
      state.addAttribute("beta", single(node.beta));
      state.addAttribute("k", single(node.k));
      state.addAttribute("region", text(node.region));
    }
    if (node.op == "dropout") {
      state.addAttribute("p", single(node.probability));
      state.addAttribute("stream", whole(&node - graph.nodes.data())); // No two dropouts share their masks.
    }
    if (pool)
      state.addAttribute("ceil", builder.getBoolAttr(node.ceil));
    if (node.op == "avg_pool")
      state.addAttribute("divisor", text(node.divisor));
    if (node.op == "relu" && node.slope != 0)
      state.addAttribute("slope", single(node.slope));
    if (node.op == "relu" && node.most)
      state.addAttribute("max", single(*node.most));
    if (node.op == "tanh") {
      state.addAttribute("amplitude", single(node.amplitude));
      state.addAttribute("slope", single(node.slope));
    }
    for (const auto &[name, value] : node.attributes)
      state.addAttribute(name, whole(value));
    state.addAttribute("cnn.layer", text(node.layer));
    return builder.create(state)->getResult(0);
  }

  /// `weight` times the loss of `output`, plus `sum`, which may be null.
  Value loss(Value output, Value labels, int64_t batch, Value sum, double weight) {
    const Setting setting = graph.recipe ? graph.recipe->loss : Setting{"softmax_cross_entropy", {}};
    mlir::Location loc = location(0);
    // A score for each class may come as [N,K,1,1]; losses read rows.
    if (cast<RankedTensorType>(output.getType()).getRank() == 4) {
      OperationState flat(loc, "cnn.flatten");
      flat.operands.push_back(output);
      flat.addTypes(tensor({graph.classes()}, batch));
      output = builder.create(flat)->getResult(0);
    }
    OperationState state(loc, "cnn." + setting.kind + (setting.kind == "rbf_map" ? "_loss" : ""));
    state.operands = {output, labels};
    if (sum)
      state.operands.push_back(sum);
    if (weight != 1)
      state.addAttribute("weight", single(weight));
    state.addTypes(tensor({batch}));
    for (const auto &[name, value] : setting.numbers)
      state.addAttribute(name, single(value));
    state.addAttribute("cnn.layer", text("loss"));
    return builder.create(state)->getResult(0);
  }
};

} // namespace

OwningOpRef<ModuleOp> generateIr(MLIRContext &context, const Graph &graph, const Source &source,
                                 const IrGenOptions &options) {
  return IrGenerator(context, graph, source).run(options);
}

} // namespace fovea
