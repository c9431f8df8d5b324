#include "ir/KernelSpec.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>

namespace fovea {

using Json = nlohmann::json;

namespace {

template <typename Enum> struct Name {
  Enum value;
  const char *text;
};
constexpr Name<ElementType> elementNames[] = {
    {ElementType::F32, "f32"}, {ElementType::I32, "i32"}, {ElementType::U8, "u8"}, {ElementType::BF16, "bf16"}};
constexpr Name<LayoutKind> layoutNames[] = {{LayoutKind::Plain, "plain"},
                                            {LayoutKind::ChannelsLast, "channels_last"},
                                            {LayoutKind::Weight, "weight"},
                                            {LayoutKind::WeightTransposed, "weight_transposed"},
                                            {LayoutKind::Vector, "vector"},
                                            {LayoutKind::LocalWeight, "local_weight"}};

template <typename Enum, size_t N> const char *nameOf(const Name<Enum> (&names)[N], Enum value) {
  for (const auto &name : names)
    if (name.value == value)
      return name.text;
  throw std::invalid_argument("kernel: an enumerator has no name");
}

template <typename Enum, size_t N>
Enum valueOf(const Name<Enum> (&names)[N], const std::string &text, const char *what) {
  for (const auto &name : names)
    if (name.text == text)
      return name.value;
  throw std::invalid_argument("kernel: unknown " + std::string(what) + " \"" + text + "\"");
}

Json toJson(const TensorSpec &tensor) {
  Json json{{"shape", tensor.shape},
            {"element", nameOf(elementNames, tensor.element)},
            {"layout", nameOf(layoutNames, tensor.layout)}};
  if (tensor.block)
    json["block"] = tensor.block;
  if (!tensor.spatial.empty())
    json["spatial"] = tensor.spatial;
  return json;
}

/// A number is written so that its kind survives: integers without, doubles with a decimal point or exponent.
Json toJson(const Attribute &attribute) {
  return std::visit([](const auto &value) { return Json(value); }, attribute);
}

Json toJson(const OpSpec &op) {
  Json json{{"op", op.op}, {"operands", op.operands}, {"attributes", Json::object()}, {"results", Json::array()}};
  for (const auto &[name, value] : op.attributes)
    json["attributes"][name] = toJson(value);
  for (const TensorSpec &result : op.results)
    json["results"].push_back(toJson(result));
  return json;
}

TensorSpec tensorFromJson(const Json &json) {
  TensorSpec tensor;
  tensor.shape = json.at("shape").get<std::vector<int64_t>>();
  tensor.element = valueOf(elementNames, json.at("element").get<std::string>(), "element type");
  tensor.layout = valueOf(layoutNames, json.at("layout").get<std::string>(), "layout");
  tensor.block = json.value("block", int64_t(0));
  tensor.spatial = json.value("spatial", std::vector<int64_t>());
  return tensor;
}

Attribute attributeFromJson(const std::string &name, const Json &json) {
  if (json.is_boolean())
    return json.get<bool>();
  if (json.is_number_integer())
    return json.get<int64_t>();
  if (json.is_number_float())
    return json.get<double>();
  if (json.is_string())
    return json.get<std::string>();
  if (json.is_array())
    return json.get<std::vector<int64_t>>();
  throw std::invalid_argument("kernel: attribute \"" + name + "\" is none of integer, number, bool, string, integers");
}

OpSpec opFromJson(const Json &json, int values) {
  OpSpec op;
  op.op = json.at("op").get<std::string>();
  op.operands = json.at("operands").get<std::vector<int>>();
  for (int operand : op.operands)
    if (operand < 0 || operand >= values)
      throw std::invalid_argument("kernel: " + op.op + " reads value " + std::to_string(operand) + ", but only " +
                                  std::to_string(values) + " come before it");
  for (const auto &[name, value] : json.at("attributes").items())
    op.attributes[name] = attributeFromJson(name, value);
  for (const Json &result : json.at("results"))
    op.results.push_back(tensorFromJson(result));
  return op;
}

int64_t product(const std::vector<int64_t> &numbers) {
  int64_t result = 1;
  for (int64_t number : numbers)
    result *= number;
  return result;
}

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

} // namespace

const TensorSpec &KernelSpec::tensor(int value) const {
  size_t index = value;
  if (index < inputs.size())
    return inputs[index];
  index -= inputs.size();
  for (const OpSpec &op : ops) {
    if (index < op.results.size())
      return op.results[index];
    index -= op.results.size();
  }
  throw std::out_of_range("kernel: there is no value " + std::to_string(value));
}

std::string toJson(const KernelSpec &kernel) {
  Json json{{"inputs", Json::array()}, {"ops", Json::array()}, {"schedule", kernel.schedule}};
  for (const TensorSpec &input : kernel.inputs)
    json["inputs"].push_back(toJson(input));
  for (const OpSpec &op : kernel.ops)
    json["ops"].push_back(toJson(op));
  return json.dump();
}

KernelSpec kernelFromJson(const std::string &text) {
  try {
    const Json json = Json::parse(text);
    KernelSpec kernel;
    for (const Json &input : json.at("inputs"))
      kernel.inputs.push_back(tensorFromJson(input));
    int values = int(kernel.inputs.size());
    for (const Json &op : json.at("ops")) {
      kernel.ops.push_back(opFromJson(op, values));
      values += int(kernel.ops.back().results.size());
    }
    kernel.schedule = json.at("schedule").get<Schedule>();
    return kernel;
  } catch (const Json::exception &error) {
    throw std::invalid_argument(std::string("kernel: ") + error.what());
  }
}

bool usesTiles(const KernelSpec &kernel) { return kernel.schedule.contains("tile_channels"); }

bool usesBf16(const KernelSpec &kernel) {
  auto narrow = [](const TensorSpec &tensor) { return tensor.element == ElementType::BF16; };
  return std::any_of(kernel.inputs.begin(), kernel.inputs.end(), narrow) ||
         std::any_of(kernel.ops.begin(), kernel.ops.end(),
                     [&](const OpSpec &op) { return std::any_of(op.results.begin(), op.results.end(), narrow); });
}

int64_t physicalElements(const TensorSpec &tensor) {
  const std::vector<int64_t> &shape = tensor.shape;
  switch (tensor.layout) {
  case LayoutKind::Plain:
    return product(shape);
  case LayoutKind::ChannelsLast:
    return product(shape) / shape.at(shape.size() == 3 ? 0 : 1) * tensor.block; // [C,H,W] has no images.
  case LayoutKind::Vector:
    return tensor.block;
  case LayoutKind::Weight:
    if (tensor.element == ElementType::BF16) {
      const int64_t inputs = tensor.spatial.empty() ? shape.at(1) : tensor.spatial[0];
      return ceilDiv(shape.at(0), tensor.block) * tensor.block * 2 * ceilDiv(inputs, 2) *
             (product(shape) / shape[0] / inputs);
    }
    [[fallthrough]];
  case LayoutKind::LocalWeight:
    return ceilDiv(shape.at(0), tensor.block) * tensor.block * (product(shape) / shape[0]);
  case LayoutKind::WeightTransposed: {
    const int64_t channels = tensor.spatial.empty() ? shape.at(1) : tensor.spatial[0];
    return ceilDiv(channels, tensor.block) * tensor.block * (product(shape) / channels);
  }
  }
  throw std::invalid_argument("kernel: a tensor has an unknown layout");
}

int64_t physicalBytes(const TensorSpec &tensor) {
  const int64_t bytes = tensor.element == ElementType::U8 ? 1 : tensor.element == ElementType::BF16 ? 2 : 4;
  return physicalElements(tensor) * bytes;
}

} // namespace fovea
