#include "codegen/schedules/gpu/Schedules.h"

#include <set>

namespace fovea {

using namespace Halide;

namespace {

constexpr int threadsAcross = 32, threadsDown = 4;

/// The pure loops of a stage, innermost first: what can be shared out to threads.
std::vector<Var> pureLoops(Halide::Stage stage) {
  std::vector<Var> loops;
  for (const Internal::Dim &dim : stage.get_schedule().dims())
    if (!dim.is_rvar() && dim.var != Var::outermost().name())
      loops.push_back(Var(dim.var));
  return loops;
}

/// A block of threads for `threadsAcross` elements of the innermost loop and `threadsDown` of the next, and a grid of them
/// over all loops. Returns the innermost loop over threads.
Var shareOut(Halide::Stage stage) {
  std::vector<Var> loops = pureLoops(stage);
  if (loops.empty()) {
    Var none;
    stage.gpu_single_thread();
    return none;
  }
  Var across("across"), down("down"), blockX("blockX"), blockY("blockY"), rest("rest");
  stage.split(loops[0], blockX, across, threadsAcross, TailStrategy::GuardWithIf);
  std::vector<VarOrRVar> order{across};
  if (loops.size() > 1) {
    stage.split(loops[1], blockY, down, threadsDown, TailStrategy::GuardWithIf);
    order.push_back(down);
  }
  order.push_back(blockX);
  if (loops.size() > 1)
    order.push_back(blockY);
  order.insert(order.end(), loops.begin() + std::min<size_t>(2, loops.size()), loops.end());
  stage.reorder(order);
  if (loops.size() > 2) {
    Var outer = loops[2];
    for (size_t index = 3; index < loops.size(); ++index) {
      Var fused("rest" + std::to_string(index));
      stage.fuse(outer, loops[index], fused);
      outer = fused;
    }
    stage.gpu_blocks(blockX, blockY, outer).gpu_threads(across, down);
  } else if (loops.size() > 1) {
    stage.gpu_blocks(blockX, blockY).gpu_threads(across, down);
  } else {
    stage.gpu_blocks(blockX).gpu_threads(across);
  }
  return across;
}

void computeByItself(Func f) {
  f.compute_root();
  shareOut(f);
  for (int index = 0; index < f.num_update_definitions(); ++index)
    shareOut(f.update(index));
}

} // namespace

void scheduleGpuDefault(ScheduledKernel &kernel) {
  std::set<std::string> kept; // What several elements read.
  for (const Tensor &rows : kernel.rows)
    kept.insert(rows.func.name());
  for (const Stage &stage : kernel.stages) {
    for (const auto *helpers : {&stage.rows, &stage.planes, &stage.perImage, &stage.perChannel})
      for (const Func &helper : *helpers)
        kept.insert(helper.name());
    for (const Func &helper : {stage.packed, stage.partial, stage.last, stage.products})
      if (helper.defined())
        kept.insert(helper.name());
    for (const TileTransform &transform : stage.transforms)
      kept.insert({transform.rows.name(), transform.all.name()});
  }
  // Where each element of the result reads one of the sum, that is computed in a register.
  static const std::set<std::string> layers = {"conv2d", "conv2d_input_gradient", "dense", "local", "local_input_gradient"};
  const Stage *anchor = kernel.anchor();
  const bool sumsInPlace = anchor && kernel.rows.empty() && layers.contains(kernel.anchorOp().op);
  Func output = kernel.output;
  const Var thread = shareOut(output);
  for (const auto &[name, function] : Internal::build_environment({output.function()})) {
    if (name == output.name())
      continue;
    Func helper(function);
    if (sumsInPlace && name == anchor->sum.name())
      helper.compute_at(output, thread);
    else if (helper.has_update_definition() || kept.contains(name))
      computeByItself(helper);
  }
}

} // namespace fovea
