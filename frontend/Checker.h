// From the tree to the graph: names, arguments and shapes.
#pragma once

#include "frontend/Ast.h"
#include "frontend/Graph.h"

namespace fovea {

/// Checks everything and reports all errors. The graph is whole only when there are none.
Graph checkModel(const ast::Model &model, Diagnostics &diagnostics);

/// The train block. Reports all errors; used by checkModel. `biasLr` and `biasDecay` are the factors of all biases,
/// `weightInit` the initialisation of weights that say nothing else.
struct TrainDefaults {
  double biasLr = 1, biasDecay = 1;
  Setting weightInit{"xavier", {}};
};
Recipe checkRecipe(const ast::Model &model, TrainDefaults &defaults, Diagnostics &diagnostics);

/// The output and the auxiliary classifiers, as what the losses read. Reports all errors; `output` is the output's
/// place.
void checkLosses(const Graph &graph, Location output, Diagnostics &diagnostics);

/// `gaussian(0.01)` and the like. Reports and returns xavier when it is none.
Setting checkInit(const ast::Expr &value, Diagnostics &diagnostics);

} // namespace fovea
