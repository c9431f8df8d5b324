#include "codegen/Metadata.h"

#include "passes/ToKernelSpec.h"
#include "runtime/ProgramAbi.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace fovea {

using namespace mlir;
using nlohmann::json;

namespace {

/// The shortest decimal that reads back as the same float: a recipe's 0.1 stays 0.1.
double asWritten(FloatAttr value) {
  const double exact = value.getValueAsDouble();
  if (!value.getType().isF32())
    return exact;
  char text[32];
  auto [end, problem] = std::to_chars(text, text + sizeof text, float(exact));
  double shortest = exact;
  if (problem == std::errc())
    std::from_chars(text, end, shortest);
  return shortest;
}

json toJson(mlir::Attribute attribute) {
  if (auto value = dyn_cast<BoolAttr>(attribute))
    return value.getValue();
  if (auto value = dyn_cast<IntegerAttr>(attribute))
    return value.getInt();
  if (auto value = dyn_cast<FloatAttr>(attribute))
    return asWritten(value);
  if (auto value = dyn_cast<StringAttr>(attribute))
    return value.str();
  if (auto value = dyn_cast<DenseI64ArrayAttr>(attribute))
    return value.asArrayRef().vec();
  json out;
  if (auto value = dyn_cast<ArrayAttr>(attribute)) {
    out = json::array();
    for (mlir::Attribute element : value)
      out.push_back(toJson(element));
  } else if (auto value = dyn_cast<DictionaryAttr>(attribute)) {
    out = json::object();
    for (NamedAttribute entry : value)
      out[entry.getName().str()] = toJson(entry.getValue());
  }
  return out;
}

/// The packed 4-D view of a weight; see BufferDims.h.
std::vector<int64_t> packedView(const TensorSpec &tensor) {
  if (tensor.shape.size() == 4)
    return tensor.shape;
  std::vector<int64_t> view{tensor.shape[0]};
  view.insert(view.end(), tensor.spatial.begin(), tensor.spatial.end());
  return view;
}

json values(DenseElementsAttr elements) {
  json array = json::array();
  if (auto floats = dyn_cast<DenseFPElementsAttr>(elements))
    for (const APFloat &value : floats)
      array.push_back(asWritten(FloatAttr::get(elements.getElementType(), value)));
  else
    for (const APInt &value : cast<DenseIntElementsAttr>(elements))
      array.push_back(value.isZero() ? 0 : 1);
  return array;
}

/// Trainable scalars: those that the mask keeps. A mask has an element per scalar or per kernel of KH x KW.
int64_t trainableCount(cnn::ParameterOp parameter, int64_t elements) {
  if (!parameter.getTrainable())
    return 0;
  auto mask = dyn_cast_or_null<DenseIntElementsAttr>(parameter.getMaskAttr());
  if (!mask)
    return elements;
  int64_t connected = 0;
  for (const APInt &value : mask)
    connected += !value.isZero();
  return connected * (elements / mask.getNumElements());
}

FailureOr<json> parameterJson(cnn::ParameterOp parameter) {
  auto type = cast<RankedTensorType>(parameter.getType());
  const TensorSpec tensor = toTensorSpec(type);
  if (!parameter.getOffset())
    return parameter.emitOpError("has no offset; cnn-plan-memory must run first");
  json out = {{"name", parameter.getSymName().str()},
              {"shape", tensor.shape},
              {"trainable", parameter.getTrainable()},
              {"count", trainableCount(parameter, type.getNumElements())},
              {"offset", *parameter.getOffset()},
              {"size", physicalElements(tensor)},
              {"init", json::object()},
              {"lr_mult", asWritten(parameter.getLrMultAttr())},
              {"decay_mult", asWritten(parameter.getDecayMultAttr())}};
  switch (tensor.layout) {
  case LayoutKind::Plain:
    out["layout"] = "plain";
    break;
  case LayoutKind::Vector:
    out["layout"] = "vector";
    break;
  case LayoutKind::Weight:
    out["layout"] = "weight";
    out["pack"] = packedView(tensor);
    out["block"] = tensor.block;
    break;
  case LayoutKind::LocalWeight:
  case LayoutKind::ChannelsLast:
    out["layout"] = tensor.layout == LayoutKind::LocalWeight ? "local_weight" : "channels_last";
    out["block"] = tensor.block;
    break;
  default:
    return parameter.emitOpError("has a layout that the runtime cannot pack: ") << type;
  }
  if (DictionaryAttr init = parameter.getInitAttr())
    out["init"] = toJson(init);
  if (FloatAttr average = parameter.getAverageAttr())
    out["average"] = asWritten(average);
  if (auto mask = dyn_cast_or_null<DenseElementsAttr>(parameter.getMaskAttr()))
    out["mask"] = values(mask);
  if (auto value = dyn_cast_or_null<DenseElementsAttr>(parameter.getValueAttr()))
    out["values"] = values(value);
  return out;
}

json functionJson(const PlannedFunction &function) {
  json kernels = json::array();
  for (const PlannedCall &call : function.calls)
    kernels.push_back({{"name", call.name}, {"flops", call.flops}, {"bytes", call.bytes}});
  return {
      {"kind", function.kind}, {"batch", function.batch}, {"arena_bytes", function.arenaBytes}, {"kernels", kernels}};
}

/// {name, shape, classes} of the output, from the function that computes it. A list of scores has a class for each.
FailureOr<json> outputJson(ModuleOp module) {
  for (auto function : module.getOps<func::FuncOp>()) {
    auto kind = function->getAttrOfType<StringAttr>("cnn.kind");
    if (!kind || kind.getValue() == "update" || function.getNumResults() == 0)
      continue;
    auto type = cast<RankedTensorType>(function.getResultTypes().back());
    std::vector<int64_t> shape(type.getShape().begin() + 1, type.getShape().end());
    const bool isList = !shape.empty() && llvm::all_of(ArrayRef(shape).drop_front(), [](int64_t n) { return n == 1; });
    json out = {{"name", "output"}, {"shape", shape}, {"classes", isList ? shape[0] : 0}};
    if (auto given = module->getAttrOfType<DictionaryAttr>("cnn.output"))
      if (auto name = given.getAs<StringAttr>("name"))
        out["name"] = name.str();
    return out;
  }
  return module.emitError("the module has no function with an output");
}

} // namespace

FailureOr<std::string> programMetadata(ModuleOp module, const ProgramPlan &plan, const TargetInfo &target,
                                       const std::string &symbol) {
  auto network = module->getAttrOfType<StringAttr>("cnn.network");
  auto input = module->getAttrOfType<DictionaryAttr>("cnn.input");
  auto floats = module->getAttrOfType<IntegerAttr>("cnn.parameter_floats");
  auto gradientFloats = module->getAttrOfType<IntegerAttr>("cnn.gradient_floats");
  if (!network || !input)
    return module.emitError("the module has no cnn.network and cnn.input, which say what it computes");
  if (!floats || !gradientFloats)
    return module.emitError(
        "the module has no cnn.parameter_floats and cnn.gradient_floats; cnn-plan-memory must run first");
  FailureOr<json> output = outputJson(module);
  if (failed(output))
    return failure();
  const bool narrow = llvm::any_of(plan.kernels, [](const PlannedKernel &kernel) { return usesBf16(kernel.spec); });
  json root = {{"abi", FOVEA_PROGRAM_ABI},   {"network", network.str()},
               {"symbol", symbol},           {"target", target.name},
               {"cpu", target.cpu},          {"precision", narrow ? "bf16" : "f32"},
               {"input", toJson(input)},     {"output", *output},
               {"layers", json::array()},    {"parameters", json::array()},
               {"functions", json::array()}, {"parameter_floats", floats.getInt()},
               {"recipe", nullptr},          {"gradient_floats", gradientFloats.getInt()}};
  if (auto layers = module->getAttrOfType<ArrayAttr>("cnn.layers"))
    root["layers"] = toJson(layers);
  for (auto parameter : module.getOps<cnn::ParameterOp>()) {
    if (parameter.getDerived()) // The program's own business: nobody gives or is given its value.
      continue;
    FailureOr<json> described = parameterJson(parameter);
    if (failed(described))
      return failure();
    root["parameters"].push_back(std::move(*described));
  }
  for (const PlannedFunction &function : plan.functions)
    root["functions"].push_back(functionJson(function));
  if (auto recipe = module->getAttrOfType<DictionaryAttr>("cnn.recipe"))
    root["recipe"] = toJson(recipe);
  return root.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace fovea
