#include "runtime/Program.h"
#include "runtime/Error.h"
#include "runtime/Targets.h"
#include "runtime/device/Device.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <numeric>

namespace fovea {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string &what) {
  throw Error("the program's metadata does not fit this runtime: " + what + "; compile the network again");
}

void require(bool holds, const std::string &what) {
  if (!holds)
    refuse(what);
}

std::vector<int64_t> readShape(const json &value) { return value.get<std::vector<int64_t>>(); }

LayerInfo readLayer(const json &value) {
  return {value.at("name"),
          value.at("op"),
          readShape(value.at("output")),
          value.value("parameters", int64_t(0)),
          value.value("connections", int64_t(0)),
          value.value("macs", int64_t(0)),
          value.value("auxiliary", false)};
}

PackedLayout readLayout(const std::string &text) {
  if (text == "plain")
    return PackedLayout::Plain;
  if (text == "weight")
    return PackedLayout::Weight;
  if (text == "local_weight")
    return PackedLayout::LocalWeight;
  if (text == "channels_last")
    return PackedLayout::ChannelsLast;
  require(text == "vector", "layout `" + text + "`");
  return PackedLayout::Vector;
}

int64_t packedSize(const ParameterInfo &p) {
  const int64_t blocks = p.block > 0 ? (p.shape.at(0) + p.block - 1) / p.block : 0;
  if (p.layout == PackedLayout::LocalWeight || p.layout == PackedLayout::ChannelsLast)
    return p.elements() / p.shape[0] * blocks * p.block;
  if (p.layout != PackedLayout::Weight)
    return p.elements();
  return (p.pack[0] + p.block - 1) / p.block * p.block * p.pack[1] * p.pack[2] * p.pack[3];
}

ParameterInfo readParameter(const json &value, int64_t floats) {
  ParameterInfo p;
  p.name = value.at("name");
  p.shape = readShape(value.at("shape"));
  p.trainable = value.value("trainable", true);
  p.average = value.contains("average");
  p.count = value.value("count", p.trainable ? p.elements() : 0);
  p.layout = readLayout(value.value("layout", "plain"));
  p.offset = value.at("offset");
  p.size = value.at("size");
  p.lrMult = value.value("lr_mult", 1.0);
  p.decayMult = value.value("decay_mult", 1.0);
  if (auto init = value.find("init"); init != value.end() && init->is_object()) {
    p.init.kind = init->value("kind", "constant");
    p.init.value = init->value("value", 0.0);
    p.init.std = init->value("std", p.init.value);
  }
  if (auto mask = value.find("mask"); mask != value.end() && mask->is_array())
    for (const json &bit : *mask)
      p.mask.push_back(bit.is_boolean() ? bit.get<bool>() : bit.get<int>() != 0);
  if (auto values = value.find("values"); values != value.end() && values->is_array())
    p.values = values->get<std::vector<float>>();
  if (p.layout == PackedLayout::LocalWeight || p.layout == PackedLayout::ChannelsLast) {
    p.block = value.at("block");
    require(p.block > 0 && p.elements() > 0, "parameter " + p.name + " has block 0");
    const bool local = p.layout == PackedLayout::LocalWeight;
    require(p.shape.size() == (local ? 6 : 3) && (local || p.block >= p.shape[0]),
            "parameter " + p.name + " of shape " + shapeText(p.shape) + " has the layout of another");
  }
  if (p.layout == PackedLayout::Weight) {
    p.pack = value.at("pack").get<std::array<int64_t, 4>>();
    p.block = value.at("block");
    require(p.block > 0, "parameter " + p.name + " has block 0");
    require(p.pack[0] * p.pack[1] * p.pack[2] * p.pack[3] == p.elements(),
            "parameter " + p.name + " of shape " + shapeText(p.shape) + " has another packed shape");
  }

  // A mask may be given per element, or per connection between maps, and then covers the kernel's positions.
  int64_t elements = p.elements();
  if (!p.mask.empty() && int64_t(p.mask.size()) < elements && elements % int64_t(p.mask.size()) == 0) {
    std::vector<uint8_t> whole(elements);
    int64_t repeat = elements / int64_t(p.mask.size());
    for (int64_t i = 0; i < elements; ++i)
      whole[i] = p.mask[i / repeat];
    p.mask = std::move(whole);
  }
  require(p.mask.empty() || int64_t(p.mask.size()) == elements, "the mask of " + p.name);
  require(!p.isConstant() || int64_t(p.values.size()) == elements, "the constant " + p.name + " has no values");
  require(p.offset >= 0 && p.size >= packedSize(p) && p.offset + p.size <= floats,
          "parameter " + p.name + " lies outside the parameter block");
  return p;
}

/// In the order of FunctionKind.
constexpr const char *functionKinds[] = {"infer", "step", "train", "update", "prepare"};

FunctionInfo readFunction(const json &value, fovea_function call) {
  FunctionInfo f;
  std::string kind = value.at("kind");
  auto known = std::find(std::begin(functionKinds), std::end(functionKinds), kind);
  require(known != std::end(functionKinds), "function of kind `" + kind + "`");
  f.kind = static_cast<FunctionKind>(known - std::begin(functionKinds));
  f.batch = value.value("batch", int64_t(0));
  f.arenaBytes = value.value("arena_bytes", int64_t(0));
  f.call = call;
  require(f.kind == FunctionKind::Update || f.kind == FunctionKind::Prepare || f.batch > 0, "a function of batch 0");
  require(f.arenaBytes >= 0, "a negative arena");
  for (const json &kernel : value.at("kernels"))
    f.kernels.push_back({kernel.at("name"), kernel.value("flops", int64_t(0)), kernel.value("bytes", int64_t(0))});
  return f;
}

Recipe readRecipe(const json &value) {
  Recipe r;
  if (auto data = value.find("data"); data != value.end()) {
    r.data.kind = data->value("kind", r.data.kind);
    r.data.scale = data->value("scale", r.data.scale);
    if (auto mean = data->find("mean"); mean != data->end()) {
      if (mean->is_string()) {
        require(*mean == "pixel" || *mean == "channel", "mean `" + mean->get<std::string>() + "`");
        r.data.meanKind = *mean == "pixel" ? MeanKind::Pixel : MeanKind::Channel;
      } else if (mean->is_array()) {
        r.data.channelMeans = mean->get<std::vector<double>>();
      } else {
        r.data.mean = *mean;
      }
    }
    r.data.pad = data->value("pad", r.data.pad);
    r.data.crop = data->value("crop", r.data.crop);
    r.data.mirror = data->value("mirror", r.data.mirror);
    r.data.resize = data->value("resize", r.data.resize);
    r.data.colourNoise = data->value("pca_color", r.data.colourNoise);
  }
  if (auto loss = value.find("loss"); loss != value.end()) {
    std::string kind = loss->value("kind", "softmax_cross_entropy");
    require(kind == "softmax_cross_entropy" || kind == "rbf_map", "loss `" + kind + "`");
    r.loss = kind == "rbf_map" ? LossKind::RbfMap : LossKind::SoftmaxCrossEntropy;
    r.rbfJ = loss->value("j", 0.0);
  }
  if (auto optimizer = value.find("optimizer"); optimizer != value.end()) {
    r.lr = optimizer->value("lr", r.lr);
    r.momentum = optimizer->value("momentum", r.momentum);
    r.weightDecay = optimizer->value("weight_decay", r.weightDecay);
  }
  if (auto policy = value.find("lr"); policy != value.end()) {
    r.policy.kind = policy->value("kind", r.policy.kind);
    r.policy.gamma = policy->value("gamma", 0.0);
    r.policy.power = policy->value("power", 0.0);
    r.policy.step = policy->value("step", 0.0);
    r.policy.min = policy->value("min", 0.0);
    r.policy.factor = policy->value("factor", 1.0);
    r.policy.patience = policy->value("patience", 0.0);
    if (auto at = policy->find("at"); at != policy->end())
      r.policy.at = at->get<std::vector<double>>();
  }
  r.batch = value.value("batch", r.batch);
  r.accumulate = value.value("accumulate", r.accumulate);
  if (auto epochs = value.find("epochs"); epochs != value.end() && epochs->is_number())
    r.epochs = epochs->get<int64_t>();
  if (auto iterations = value.find("iterations"); iterations != value.end() && iterations->is_number())
    r.iterations = iterations->get<int64_t>();
  return r;
}

} // namespace

int64_t product(const std::vector<int64_t> &shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<int64_t>());
}

int64_t ParameterInfo::elements() const { return product(shape); }

int64_t FunctionInfo::flops() const {
  int64_t sum = 0;
  for (const KernelInfo &kernel : kernels)
    sum += kernel.flops;
  return sum;
}

std::string FunctionInfo::name() const {
  std::string text = functionKinds[static_cast<int>(kind)];
  return kind == FunctionKind::Update || kind == FunctionKind::Prepare ? text : text + ", batch " + std::to_string(batch);
}

Program::Program(const fovea_program &first, const std::string &device) {
  require(first.abi == FOVEA_PROGRAM_ABI,
          "ABI " + std::to_string(first.abi) + " where this runtime has " + std::to_string(FOVEA_PROGRAM_ABI));
  const DeviceChoice choice = readDevice(device);
  const fovea_program &binary = chooseTarget(first, std::getenv("FOVEA_TARGET"), choice.api);
  backend = static_cast<const DeviceBackend *>(binary.backend);
  deviceIndex = choice.index;
  targets = targetNames(first);
  needs = neededFeatures(binary);
  json root = json::parse(binary.metadata, binary.metadata + binary.metadata_bytes, nullptr, false);
  require(root.is_object(), "it is not JSON");
  try {
    require(root.at("abi") == FOVEA_PROGRAM_ABI, "the metadata's ABI");
    network = root.at("network");
    symbol = root.value("symbol", "");
    target = root.value("target", "");
    cpu = root.value("cpu", "");
    precision = root.value("precision", "f32");
    inputName = root.at("input").value("name", "input");
    inputShape = readShape(root.at("input").at("shape"));
    outputName = root.at("output").value("name", "output");
    outputShape = readShape(root.at("output").at("shape"));
    classes = root.at("output").value("classes", int64_t(0));
    for (const json &layer : root.at("layers"))
      layers.push_back(readLayer(layer));
    parameterFloats = root.at("parameter_floats");
    gradientFloats = root.at("gradient_floats");
    require(gradientFloats <= parameterFloats, "more gradients than parameters");
    for (const json &parameter : root.at("parameters"))
      parameters.push_back(readParameter(parameter, gradientFloats));
    const json &table = root.at("functions");
    require(table.size() == binary.function_count, "the number of functions");
    for (size_t i = 0; i < table.size(); ++i)
      functions.push_back(readFunction(table[i], binary.functions[i]));
    if (auto found = root.find("recipe"); found != root.end() && found->is_object()) {
      hasRecipe = true;
      recipe = readRecipe(*found);
    }
    smallestWins = root.at("output").value("order", recipe.loss == LossKind::RbfMap ? "smallest" : "largest") ==
                   std::string("smallest");
  } catch (const json::exception &problem) {
    refuse(problem.what());
  }
  require(!functionsOf(FunctionKind::Infer).empty(), "no function for inference");
  require(product(inputShape) > 0 && product(outputShape) > 0, "an empty input or output");
  require(classes == 0 || classes == outputElements(), "the number of classes");
}

std::shared_ptr<Device> Program::openDevice() const { return backend ? backend->open(deviceIndex) : nullptr; }

int64_t Program::inputElements() const { return product(inputShape); }
int64_t Program::outputElements() const { return product(outputShape); }

int64_t Program::trainableCount() const {
  int64_t sum = 0;
  for (const ParameterInfo &parameter : parameters)
    sum += parameter.trainable ? parameter.count : 0;
  return sum;
}

bool Program::canStep() const { return !functionsOf(FunctionKind::Step).empty(); }
bool Program::canTrain() const { return canStep() && !functionsOf(FunctionKind::Update).empty(); }

void Program::needStep() const {
  if (!canStep())
    throw Error("this program was compiled for inference only; compile it again without --inference");
}

void Program::needTraining() const {
  needStep();
  if (!canTrain())
    throw Error("network " + network + " has no recipe; add a train block to its model file and compile it again");
}

std::vector<const FunctionInfo *> Program::functionsOf(FunctionKind kind) const {
  std::vector<const FunctionInfo *> found;
  for (const FunctionInfo &function : functions)
    if (function.kind == kind)
      found.push_back(&function);
  std::stable_sort(found.begin(), found.end(), [](auto *a, auto *b) { return a->batch > b->batch; });
  return found;
}

const ParameterInfo *Program::findParameter(const std::string &name) const {
  for (const ParameterInfo &parameter : parameters)
    if (parameter.name == name)
      return &parameter;
  return nullptr;
}

} // namespace fovea
