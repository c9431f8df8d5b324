#include "runtime/Weights.h"
#include "runtime/Error.h"

#include <algorithm>
#include <sstream>

namespace fovea {

std::vector<ExpectedTensor> expectedTensors(const Program &program, const std::string &prefix) {
  std::vector<ExpectedTensor> expected;
  for (const ParameterInfo &parameter : program.parameters)
    if (parameter.trainable || (parameter.average && prefix.empty()))
      expected.push_back({prefix + parameter.name, parameter.shape});
  return expected;
}

void setWeights(Session &session, const Safetensors &file) {
  const Program &program = session.program;
  std::vector<ExpectedTensor> expected = expectedTensors(program);
  if (auto format = file.metadata.find("format"); format != file.metadata.end() && format->second == "fovea checkpoint")
    for (ExpectedTensor &tensor : expectedTensors(program, momentumPrefix))
      expected.push_back(std::move(tensor));
  auto mean = file.tensors.find(dataMeanName);
  if (mean != file.tensors.end())
    expected.push_back({dataMeanName, mean->second.shape}); // Its size is checked against the images.
  checkTensors(file, expected, "network " + program.network);
  session.classNames.clear();
  if (auto names = file.metadata.find(classesKey); names != file.metadata.end()) {
    std::istringstream lines(names->second);
    for (std::string line; std::getline(lines, line);)
      session.classNames.push_back(line);
  }
  session.dataMean = mean == file.tensors.end() ? FloatTensor{} : mean->second;

  std::vector<float> zeros;
  for (const ParameterInfo &parameter : program.parameters) {
    if (parameter.isConstant())
      continue;
    session.set(parameter, file.tensors.at(parameter.name).values.data());
    if (program.canTrain() && parameter.trainable) {
      zeros.assign(parameter.elements(), 0.0f);
      session.set(parameter, zeros.data(), ParameterBlock::Momentum);
    }
  }
}

void loadWeights(Session &session, const std::string &path) { setWeights(session, readSafetensors(path)); }

void NamedTensors::add(const Session &session, ParameterBlock block, const std::string &prefix) {
  for (const ParameterInfo &parameter : session.program.parameters) {
    if (!parameter.trainable && !(parameter.average && block == ParameterBlock::Value))
      continue;
    std::vector<float> &values = storage.emplace_back(parameter.elements());
    session.get(parameter, values.data(), block);
    views.push_back({prefix + parameter.name, parameter.shape, values.data()});
  }
  if (block == ParameterBlock::Value && !session.dataMean.values.empty())
    views.push_back({dataMeanName, session.dataMean.shape, session.dataMean.values.data()});
}

void saveWeights(const Session &session, const std::string &path) {
  NamedTensors tensors;
  tensors.add(session, ParameterBlock::Value);
  writeSafetensors(path, tensors.views, classMetadata(session));
}

std::map<std::string, std::string> classMetadata(const Session &session) {
  std::string lines;
  for (const std::string &name : session.classNames)
    lines += name + "\n";
  return lines.empty() ? std::map<std::string, std::string>{} : std::map<std::string, std::string>{{classesKey, lines}};
}

void saveGradients(const Session &session, const std::string &path) {
  NamedTensors tensors;
  tensors.add(session, ParameterBlock::Gradient);
  writeSafetensors(path, tensors.views);
}

} // namespace fovea
