#include "runtime/Evaluate.h"
#include "runtime/Error.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace fovea {

Preprocess preprocessOf(const Session &session) {
  const Recipe::Data &data = session.program.recipe.data;
  Preprocess preprocess{static_cast<float>(data.scale), static_cast<float>(data.mean), data.pad, data.crop};
  preprocess.mirror = data.mirror;
  preprocess.means.assign(data.channelMeans.begin(), data.channelMeans.end());
  if (data.meanKind != MeanKind::Given) {
    if (session.dataMean.values.empty())
      throw Error(
          "the recipe subtracts the mean of the training images, but the parameters come without it: the tensor "
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

void forEachOutput(Session &session, const Dataset &data, int64_t views,
                   const std::function<void(int64_t, const float *)> &take,
                   const std::function<void(int64_t)> &progress, Part part) {
  const Program &program = session.program;
  const Preprocess preprocess = preprocessOf(session);
  checkFits(data, preprocess, program.inputShape);
  if (views > 1 && preprocess.crop == 0)
    throw Error("the recipe of " + program.network +
                " crops nothing, so that there is one view of each image; leave --crops out");
  const std::vector<View> chosen = testViews(preprocess, data.height, data.width, views);
  const int64_t batch = program.functionsOf(FunctionKind::Infer).front()->batch;
  const int64_t together = std::max<int64_t>(1, batch / views);
  AlignedFloats images, outputs;
  images.resize(together * views * program.inputElements());
  outputs.resize(together * views * program.outputElements());
  std::vector<int64_t> indices;
  std::vector<int32_t> labels(static_cast<size_t>(together));
  // Whole batches, so that the parts compute every image as it is computed in one process.
  const Share batches = shareOf((data.count + together - 1) / together, part.index, part.count);
  const int64_t end = std::min(batches.last * together, data.count);
  for (int64_t done = batches.first * together; done < end;) {
    indices.resize(static_cast<size_t>(std::min(together, end - done)));
    std::iota(indices.begin(), indices.end(), done);
    fillViews(data, indices, preprocess, chosen, images.data(), labels.data());
    const auto count = static_cast<int64_t>(indices.size());
    session.infer(images.data(), count * views, outputs.data());
    for (int64_t i = 0; i < count; ++i)
      if (labels[static_cast<size_t>(i)] >= 0) // The others are damaged pictures.
        take(done + i, outputs.data() + i * views * program.outputElements());
    done += count;
    if (progress)
      progress(done);
  }
}

Metrics evaluate(Session &session, const Dataset &data, const std::function<void(int64_t)> &progress) {
  Metrics metrics;
  auto take = [&](int64_t image, const float *scores) { metrics.add(session.program, scores, &data.labels[image], 1); };
  forEachOutput(session, data, 1, take, progress);
  return metrics;
}

Metrics evaluate(Session &session, const Dataset &data, Communicator &communicator) {
  Metrics own, all;
  auto take = [&](int64_t image, const float *scores) { own.add(session.program, scores, &data.labels[image], 1); };
  forEachOutput(session, data, 1, take, {}, {communicator.rank, communicator.size});
  for (const Metrics &part : gathered(communicator, own)) {
    all.images += part.images;
    all.top1 += part.top1;
    all.top5 += part.top5;
    all.lossSum += part.lossSum;
  }
  return all;
}

std::string resultLine(const Metrics &metrics) {
  char text[160];
  std::snprintf(text, sizeof(text), "top1 %.2f top5 %.2f loss %.6g images %lld", metrics.top1Percent(),
                metrics.top5Percent(), metrics.loss(), static_cast<long long>(metrics.images));
  return text;
}

} // namespace fovea
