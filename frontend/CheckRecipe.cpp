#include "frontend/Arguments.h"
#include "frontend/Checker.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace fovea {

using ast::Expr;

namespace {

const std::vector<std::string> settingNames = {"data",  "loss",       "init",       "optimizer",
                                               "lr",    "bias_lr",    "bias_decay", "auxiliary",
                                               "batch", "accumulate", "epochs",     "iterations"};

/// The kind of a part: a name or a call.
bool isKind(const Expr &value, const std::string &what, const std::vector<std::string> &kinds,
            Diagnostics &diagnostics) {
  const bool named = value.kind == Expr::Kind::Name || value.kind == Expr::Kind::Call;
  for (const std::string &kind : kinds)
    if (named && value.text == kind)
      return true;
  std::string all;
  for (const std::string &kind : kinds)
    all += (all.empty() ? "" : ", ") + kind;
  const std::string near = named ? nearest(value.text, kinds) : "";
  diagnostics.error(value.location, "unknown " + what + " `" + (named ? value.text : print(value)) + "`",
                    near.empty() ? "known are: " + all : "did you mean `" + near + "`?");
  return false;
}

/// A setting that is a number of its own, such as `batch: 64`.
double plainNumber(const ast::Setting &setting, bool whole, double least, Diagnostics &diagnostics) {
  const Expr &value = setting.value;
  if (value.kind == Expr::Kind::Number && value.number >= least && value.number <= 1e9 &&
      (!whole || value.number == double(int64_t(value.number))))
    return value.number;
  diagnostics.error(value.location,
                    "`" + setting.name + "` must be a " + (whole ? "whole " : "") + "number between " +
                        std::to_string(int64_t(least)) + " and 1000000000, not `" + print(value) + "`",
                    "");
  return least;
}

/// Iterations in rising order, of `at: [60000, 65000]`.
std::vector<double> iterationsOf(Arguments &arguments) {
  std::vector<double> at;
  const Expr *given = arguments.find("at");
  bool good = given && given->kind == Expr::Kind::List && !given->items.empty();
  for (const Expr &item : good ? given->items : std::vector<Expr>{}) {
    good = good && item.kind == Expr::Kind::Number && item.number == std::floor(item.number) &&
           item.number > (at.empty() ? 0 : at.back());
    at.push_back(item.number);
  }
  if (!good)
    arguments.error("at", "`multistep` argument `at` must list iterations in rising order",
                    "for example `at: [4000, 5000]`");
  return at;
}

Setting policyOf(const Expr &value, Diagnostics &diagnostics) {
  if (!isKind(value, "learning-rate policy",
              {"fixed", "step", "multistep", "inv", "exp", "poly", "cosine", "on_plateau"}, diagnostics))
    return {"fixed", {}};
  const std::string &kind = value.text;
  std::vector<std::string> names;
  if (kind == "step")
    names = {"gamma", "step"};
  else if (kind == "multistep")
    names = {"gamma", "at"};
  else if (kind == "inv")
    names = {"gamma", "power"};
  else if (kind == "exp")
    names = {"gamma"};
  else if (kind == "poly")
    names = {"power"};
  else if (kind == "cosine")
    names = {"min"};
  else if (kind == "on_plateau")
    names = {"factor", "patience", "min"};
  Arguments arguments(value, {}, names, diagnostics);
  Setting policy{kind, {}};
  for (const std::string &name : names) {
    if (name == "at") {
      policy.at = iterationsOf(arguments);
      continue;
    }
    double number = 0;
    if (name == "step")
      number = double(arguments.integer(name, std::nullopt, 1, 1000000000));
    else if (name == "patience")
      number = double(arguments.integer(name, 5, 0, 1000000000));
    else if (name == "factor")
      number = arguments.number(name, std::nullopt, 0, 1);
    else
      number = arguments.number(name, name == "min" ? std::optional(0.0) : std::nullopt, 0);
    policy.numbers.push_back({name, number});
  }
  return policy;
}

/// A number, one number per channel, or what of the training images is averaged.
void meanOf(Arguments &arguments, Recipe &recipe) {
  const Expr *given = arguments.find("mean");
  if (!given || given->kind == Expr::Kind::Number) {
    recipe.mean = arguments.number("mean", 0.0);
  } else if (given->kind == Expr::Kind::Name) {
    recipe.computedMean = arguments.word("mean", "pixel", {"pixel", "channel"});
  } else {
    const bool numbers = given->kind == Expr::Kind::List && given->items.size() == 3 &&
                         std::all_of(given->items.begin(), given->items.end(),
                                     [](const Expr &item) { return item.kind == Expr::Kind::Number; });
    if (!numbers)
      return arguments.error(
          "mean", "the mean must be a number, [red, green, blue], pixel or channel, not `" + print(*given) + "`",
          "`mean: pixel` subtracts the mean of the training images");
    for (const Expr &item : given->items)
      recipe.channelMeans.push_back(item.number);
  }
}

void dataOf(const Expr &value, Recipe &recipe, Diagnostics &diagnostics) {
  recipe.dataKind = value.text;
  const bool colour = value.text != "mnist";
  std::vector<std::string> names{"scale", "mean", "pad"};
  if (colour)
    names.insert(names.end(), {"crop", "mirror"});
  const bool folder = value.text == "image_folder";
  if (folder)
    names.insert(names.end(), {"resize", "pca_color"});
  Arguments arguments(value, {}, names, diagnostics);
  recipe.scale = arguments.number("scale", 1.0);
  recipe.pad = arguments.integer("pad", 0, 0, 1024);
  if (!colour) {
    recipe.mean = arguments.number("mean", 0.0);
    return;
  }
  meanOf(arguments, recipe);
  recipe.crop = arguments.find("crop") ? arguments.integer("crop", 0, 1, 4096) : 0;
  recipe.mirror = arguments.flag("mirror", false);
  if (!folder)
    return;
  recipe.resize = arguments.integer("resize", std::nullopt, 1, 4096);
  recipe.colourNoise = arguments.number("pca_color", 0.0, 0, 10);
  if (recipe.crop > recipe.resize + 2 * recipe.pad)
    arguments.error("crop",
                    "the crop of " + std::to_string(recipe.crop) + " is larger than the pictures of " +
                        std::to_string(recipe.resize) + (recipe.pad ? " with their padding" : ""),
                    "`resize` is the side of the square that each picture becomes");
}

} // namespace

Setting checkInit(const Expr &value, Diagnostics &diagnostics) {
  if (!isKind(value, "initialisation", {"xavier", "he", "gaussian", "constant", "uniform_fan_in"}, diagnostics))
    return {"xavier", {}};
  const std::string &kind = value.text;
  if (kind == "xavier" || kind == "he") {
    Arguments none(value, {}, {}, diagnostics);
    return {kind, {}};
  }
  const std::string name = kind == "gaussian" ? "std" : "value";
  Arguments arguments(value, {name}, {}, diagnostics);
  return {kind, {{name, arguments.number(name, std::nullopt, kind == "constant" ? -HUGE_VAL : 0)}}};
}

void checkLosses(const Graph &graph, Location outputLocation, Diagnostics &diagnostics) {
  const GraphNode &output = graph.nodes[size_t(graph.output)];
  for (int auxiliary : graph.auxiliaries) {
    const GraphNode &node = graph.nodes[size_t(auxiliary)];
    if (graph.classes() == 0 || node.shape[0] != graph.classes() || elements(node.shape) != graph.classes())
      diagnostics.error(node.location,
                        "an auxiliary classifier must give what the output gives, a score for each class; it gives " +
                            shapeText(node.shape) + ", the output " + shapeText(output.shape),
                        "end it with `-> dense(classes)`");
    if (graph.recipe && graph.recipe->loss.kind != "softmax_cross_entropy")
      diagnostics.error(node.location, "auxiliary classifiers are trained with softmax_cross_entropy only",
                        "write `loss: softmax_cross_entropy`");
  }
  if (!graph.recipe)
    return;
  if (graph.classes() == 0)
    diagnostics.error(outputLocation,
                      "training needs one score for each class; the output is " + shapeText(output.shape),
                      "end the network with `-> dense(classes)`");
  else if (output.shape.size() == 3 && graph.recipe->loss.kind == "rbf_map")
    diagnostics.error(outputLocation,
                      "the loss rbf_map needs a list of distances; the output is " + shapeText(output.shape),
                      "end the network with `-> rbf(digits)`");
  else if (output.op == "softmax" && graph.recipe->loss.kind == "softmax_cross_entropy")
    diagnostics.warning(outputLocation, "the loss applies softmax to an output that is a softmax already",
                        "remove `-> softmax` to train; `predict` shows probabilities either way");
}

Recipe checkRecipe(const ast::Model &model, TrainDefaults &defaults, Diagnostics &diagnostics) {
  Recipe recipe;
  std::set<std::string> seen;
  for (const ast::Setting &setting : model.settings) {
    const std::string &name = setting.name;
    const Expr &value = setting.value;
    if (!seen.insert(name).second) {
      diagnostics.error(setting.location, "`" + name + "` is set twice", "remove one of them");
      continue;
    }
    if (value.kind == Expr::Kind::Name && value.text.empty())
      continue; // The parser has told.
    if (name == "data") {
      if (isKind(value, "data", {"mnist", "cifar10", "image_folder"}, diagnostics))
        dataOf(value, recipe, diagnostics);
    } else if (name == "loss") {
      if (!isKind(value, "loss", {"softmax_cross_entropy", "rbf_map"}, diagnostics))
        continue;
      recipe.loss = {value.text, {}};
      if (value.text == "rbf_map") {
        Arguments arguments(value, {}, {"j"}, diagnostics);
        recipe.loss.numbers = {{"j", arguments.number("j", std::nullopt, 0)}};
      } else {
        Arguments none(value, {}, {}, diagnostics);
      }
    } else if (name == "init") {
      defaults.weightInit = checkInit(value, diagnostics);
    } else if (name == "optimizer") {
      if (!isKind(value, "optimizer", {"sgd"}, diagnostics))
        continue;
      Arguments arguments(value, {}, {"lr", "momentum", "weight_decay"}, diagnostics);
      recipe.lr = arguments.number("lr", std::nullopt, 0);
      recipe.momentum = arguments.number("momentum", 0.0, 0, 1);
      recipe.weightDecay = arguments.number("weight_decay", 0.0, 0);
    } else if (name == "lr") {
      recipe.policy = policyOf(value, diagnostics);
    } else if (name == "bias_lr") {
      defaults.biasLr = plainNumber(setting, false, 0, diagnostics);
    } else if (name == "bias_decay") {
      defaults.biasDecay = plainNumber(setting, false, 0, diagnostics);
    } else if (name == "auxiliary") {
      recipe.auxiliaryWeight = plainNumber(setting, false, 0, diagnostics);
    } else if (name == "batch") {
      recipe.batch = int64_t(plainNumber(setting, true, 1, diagnostics));
      if (recipe.batch > 65536)
        diagnostics.error(value.location, "a batch of " + value.text + " images is more than 65536", "");
    } else if (name == "accumulate") {
      recipe.accumulate = int64_t(plainNumber(setting, true, 1, diagnostics));
    } else if (name == "epochs") {
      recipe.epochs = int64_t(plainNumber(setting, true, 1, diagnostics));
    } else if (name == "iterations") {
      recipe.iterations = int64_t(plainNumber(setting, true, 1, diagnostics));
    } else {
      const std::string near = nearest(name, settingNames);
      std::string all;
      for (const std::string &known : settingNames)
        all += (all.empty() ? "" : ", ") + known;
      diagnostics.error(setting.location, "unknown setting `" + name + "`",
                        near.empty() ? "known are: " + all : "did you mean `" + near + "`?");
    }
  }
  if (recipe.batch * recipe.accumulate > (int64_t(1) << 20))
    diagnostics.error(model.trainLocation,
                      "an update would take " + std::to_string(recipe.batch * recipe.accumulate) +
                          " images, more than 1048576",
                      "lower `batch` or `accumulate`");
  if (!seen.contains("optimizer"))
    diagnostics.error(model.trainLocation, "the train block has no optimizer",
                      "add `optimizer: sgd(lr: 0.01, momentum: 0.9)`");
  if (seen.contains("epochs") == seen.contains("iterations"))
    diagnostics.error(model.trainLocation,
                      seen.contains("epochs") ? "the train block sets both epochs and iterations"
                                              : "the train block does not say how long to train",
                      seen.contains("epochs") ? "keep one of them" : "add `epochs: 10` or `iterations: 10000`");
  return recipe;
}

} // namespace fovea
