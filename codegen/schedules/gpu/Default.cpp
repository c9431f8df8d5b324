#include "codegen/BufferDims.h"
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

/// In memory of its own, in one launch: a sum in a register of the thread that stores it.
void computeByItself(Func f) {
  if (!f.has_update_definition()) {
    f.compute_root();
    shareOut(f);
    return;
  }
  Func stored = f.in();
  stored.compute_root();
  f.compute_at(stored, shareOut(stored));
}

} // namespace

// A block of threads for `threadsAcross` elements of the innermost loop and `threadsDown` of the next, and a grid of
// them over all loops.
Var shareOut(Halide::Stage stage, int lanes) {
  std::vector<Var> loops = pureLoops(stage);
  if (loops.empty()) {
    Var none;
    stage.gpu_single_thread();
    return none;
  }
  Var vector("vector"), lane("lane"), across("across"), down("down"), blockX("blockX"), blockY("blockY");
  if (lanes > 1) {
    stage.split(loops[0], vector, lane, lanes);
    loops[0] = vector;
  }
  stage.split(loops[0], blockX, across, threadsAcross, TailStrategy::GuardWithIf);
  std::vector<VarOrRVar> order{across};
  if (lanes > 1)
    order.insert(order.begin(), lane);
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
  if (lanes > 1)
    stage.vectorize(lane);
  return across;
}

int lanesOf(const ScheduledKernel &kernel) {
  const TensorSpec &result = kernel.stages.back().results[0].spec;
  for (const OpSpec &op : kernel.kernel.ops)
    if (op.op == "channel_shuffle" || op.op == "concat" ||
        op.op == "relayout") // What follows in the result lies apart.
      return 1;
  for (const Stage &stage : kernel.stages)
    if (!stage.rows.empty()) // Neighbours that are channels lie on no boundary of a vector.
      return 1;
  return result.layout == LayoutKind::Plain ? 1 : int(vectorDividing(bufferDims(result)[0].extent, 4));
}

void scheduleGpuDefault(ScheduledKernel &kernel) {
  std::set<std::string> kept, inPlace; // What several elements read; what stays where it is read.
  for (const Tensor &rows : kernel.rows)
    kept.insert(rows.func.name());
  for (const Stage &stage : kernel.stages) {
    for (const auto *helpers : {&stage.planes, &stage.perImage})
      for (const Func &helper : *helpers)
        kept.insert(helper.name());
    for (const Func &helper : {stage.packed, stage.partial, stage.last, stage.products})
      if (helper.defined())
        kept.insert(helper.name());
    for (const TileTransform &transform : stage.transforms)
      kept.insert({transform.rows.name(), transform.all.name()});
  }
  // Where each element of the result reads one of the sum, that is computed in a register.
  static const std::set<std::string> layers = {"conv2d",        "conv2d_input_gradient",     "dense",
                                               "local",         "local_input_gradient",      "local_bias_gradient",
                                               "bias_gradient", "scale_coefficient_gradient"};
  const Stage *anchor = kernel.anchor();
  std::string held;
  if (anchor && kernel.rows.empty() && layers.contains(kernel.anchorOp().op))
    held = (anchor->last.defined() ? anchor->last : anchor->sum).name();
  Func output = kernel.output;
  inPlace.insert(output.name());
  for (const Func &function : kernel.perThread)
    inPlace.insert(function.name());
  const Var thread = shareOut(output, held.empty() ? lanesOf(kernel) : 1);
  for (const auto &[name, function] : Internal::build_environment({output.function()})) {
    if (inPlace.contains(name))
      continue;
    Func helper(function);
    if (name == held)
      helper.compute_at(output, thread);
    else if (helper.has_update_definition() || kept.contains(name))
      computeByItself(helper);
  }
}

} // namespace fovea
