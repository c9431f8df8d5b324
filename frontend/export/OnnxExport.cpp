#include "frontend/export/OnnxExport.h"

#include "frontend/Frontend.h"
#include "frontend/export/Nodes.h"
#include "runtime/AtomicFile.h"
#include "runtime/Error.h"
#include "runtime/File.h"
#include "runtime/ParameterFile.h"

#include <cstdio>
#include <filesystem>
#include <fmt/format.h>

namespace fovea {

namespace {

/// The tensors that inference needs; those of auxiliary classifiers, momentum and the data's mean may be there, too.
void check(const Graph &graph, const Safetensors &file) {
  std::vector<ExpectedTensor> expected;
  std::map<std::string, Shape> known;
  for (const GraphParameter &parameter : graph.parameters)
    if (parameter.constant.empty())
      known[parameter.name] = parameter.shape;
  const std::vector<bool> needed = graph.neededBy({graph.output});
  for (size_t index = 0; index < graph.nodes.size(); ++index)
    for (int parameter : graph.nodes[index].parameters)
      if (const GraphParameter &one = graph.parameters[size_t(parameter)];
          one.constant.empty() && (needed[index] || file.tensors.contains(one.name)))
        expected.push_back({one.name, one.shape});
  for (const auto &[name, tensor] : file.tensors)
    if (name == dataMeanName || (name.starts_with(momentumPrefix) && known.contains(name.substr(std::string(momentumPrefix).size()))))
      expected.push_back({name, tensor.shape});
  checkTensors(file, expected, "network " + graph.network);
}

/// What a user of the model must know of its input.
std::string preprocessing(const Graph &graph, const Safetensors &file) {
  if (!graph.recipe)
    return "";
  const Recipe &recipe = *graph.recipe;
  std::string mean = fmt::format("{}", recipe.mean);
  if (!recipe.channelMeans.empty())
    mean = fmt::format("[{}] of red, green and blue", fmt::join(recipe.channelMeans, ", "));
  else if (!recipe.computedMean.empty()) {
    auto found = file.tensors.find(dataMeanName);
    mean = "the training images' mean";
    if (found != file.tensors.end() && recipe.computedMean == "channel")
      mean = fmt::format("[{}] of the channels", fmt::join(found->second.values, ", "));
  }
  return fmt::format("The input is (byte - mean) * {}; the mean is {}.", recipe.scale, mean);
}

} // namespace

bool exportNetwork(const ExportOptions &options) {
  const std::vector<uint8_t> bytes = readFile(options.model, uint64_t(1) << 26);
  Source source{options.model, {bytes.begin(), bytes.end()}};
  Diagnostics diagnostics(source);
  const std::optional<Graph> graph = loadModel(source, diagnostics);
  const std::string told = diagnostics.print();
  std::fwrite(told.data(), 1, told.size(), stderr);
  if (!graph)
    return false;
  const Safetensors parameters = readSafetensors(options.weights);
  check(*graph, parameters);

  ::onnx::ModelProto model;
  model.set_ir_version(8);
  model.set_producer_name("fovea");
  model.set_doc_string(preprocessing(*graph, parameters));
  model.add_opset_import()->set_version(exportedOpset);
  OnnxNodes(*graph, parameters, *model.mutable_graph()).run();
  if (auto classes = parameters.metadata.find(classesKey); classes != parameters.metadata.end()) {
    auto *property = model.add_metadata_props();
    property->set_key(classesKey);
    property->set_value(classes->second);
  }
  if (model.ByteSizeLong() >= (size_t(1) << 31))
    throw Error(options.model + ": the parameters take " + std::to_string(model.ByteSizeLong() >> 20) +
                " MiB, and an ONNX file holds 2048");
  const std::string path = options.output.empty()
                               ? std::filesystem::path(options.model).replace_extension(".onnx").string()
                               : options.output;
  AtomicFile file(path);
  file.write(model.SerializeAsString());
  file.commit();
  return true;
}

} // namespace fovea
