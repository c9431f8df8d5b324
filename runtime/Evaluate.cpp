#include "runtime/Evaluate.h"
#include "runtime/Error.h"

#include <algorithm>
#include <cstdio>

namespace fovea {

Preprocess preprocessOf(const Session &session) {
  const Recipe::Data &data = session.program.recipe.data;
  Preprocess preprocess{static_cast<float>(data.scale), static_cast<float>(data.mean), data.pad, data.crop};
  preprocess.mirror = data.mirror;
  preprocess.means.assign(data.channelMeans.begin(), data.channelMeans.end());
  if (data.meanKind != MeanKind::Given) {
    if (session.dataMean.values.empty())
      throw Error("the recipe subtracts the mean of the training images, but the parameters come without it: the tensor "
                  "data.mean is missing");
    preprocess.means = session.dataMean.values;
  }
  preprocess.resize = data.kind == "cifar10" ? 32 : data.resize;
  preprocess.colourNoise = static_cast<float>(data.colourNoise);
  return preprocess;
}

void computeMean(Session &session, const Dataset &trainSet) {
  const MeanKind kind = session.program.recipe.data.meanKind;
  if (kind != MeanKind::Given && session.dataMean.values.empty())
    session.dataMean = meanOf(trainSet, kind == MeanKind::Pixel);
}

Dataset loadData(const Program &program, const std::string &directory, Split split, bool strict) {
  needClasses(program);
  const Recipe::Data &recipe = program.recipe.data;
  Dataset data;
  if (recipe.kind == "mnist")
    data = loadMnist(directory, split, program.classes);
  else if (recipe.kind == "cifar10")
    data = loadCifar10(directory, split, program.classes);
  else if (recipe.kind == "image_folder")
    data = loadImageFolder(directory, split, recipe.resize, program.inputShape[0], program.classes, strict);
  else
    throw Error("the recipe has data of kind `" + recipe.kind +
                "` that this runtime does not know; compile the network again");
  if (data.count == 0)
    throw Error(data.imagesFile + ": holds no image");
  return data;
}

Metrics evaluate(Session &session, const Dataset &data, const std::function<void(int64_t)> &progress) {
  const Program &program = session.program;
  int64_t batch = program.functionsOf(FunctionKind::Infer).front()->batch;
  AlignedFloats images, outputs;
  images.resize(batch * program.inputElements());
  outputs.resize(batch * program.outputElements());
  Preprocess preprocess = preprocessOf(session);
  checkFits(data, preprocess, program.inputShape);
  std::vector<int64_t> indices;
  std::vector<int32_t> labels(batch);
  Metrics metrics;
  for (int64_t done = 0; done < data.count; done += batch) {
    indices.resize(std::min(batch, data.count - done));
    for (size_t i = 0; i < indices.size(); ++i)
      indices[i] = done + static_cast<int64_t>(i);
    fillBatch(data, indices, preprocess, images.data(), labels.data());
    session.infer(images.data(), indices.size(), outputs.data());
    for (size_t i = 0; i < indices.size(); ++i)
      if (labels[i] >= 0) // The others are damaged pictures.
        metrics.add(program, outputs.data() + int64_t(i) * program.outputElements(), &labels[i], 1);
    if (progress)
      progress(done + static_cast<int64_t>(indices.size()));
  }
  return metrics;
}

std::string resultLine(const Metrics &metrics) {
  char text[160];
  std::snprintf(text, sizeof(text), "top1 %.2f top5 %.2f loss %.6g images %lld", metrics.top1Percent(),
                metrics.top5Percent(), metrics.loss(), static_cast<long long>(metrics.images));
  return text;
}

} // namespace fovea
