#include "codegen/EmitKernel.h"

#include "codegen/BufferDims.h"
#include "codegen/algorithms/Algorithms.h"
#include "codegen/schedules/cpu/Schedules.h"
#include "codegen/schedules/gpu/Schedules.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

namespace fovea {

using namespace Halide;

namespace {

Type halideType(ElementType element) {
  const BufferType type = bufferType(element);
  return Type(halide_type_code_t(type.code), type.bits, 1);
}

template <typename Parameter> void fixDimensions(Parameter &&parameter, const TensorSpec &spec) {
  int index = 0;
  for (const BufferDim &dim : bufferDims(spec)) {
    parameter.dim(index++).set_bounds(0, int(dim.extent)).set_stride(int(dim.stride));
  }
  parameter.set_host_alignment(64);
}

struct Built {
  std::vector<Argument> arguments;
  std::vector<ImageParam> inputs;
  ScheduledKernel scheduled;
};

/// Operations that read each element of their image several times.
bool readsNeighbours(const std::string &op) {
  return op == "max_pool" || op == "max_pool_indices" || op == "avg_pool" || op == "lrn" || op == "lrn_gradient";
}

/// Numbers of a device's kernel that all its threads read, by way of memory of their own. Halide skips what is computed
/// for nothing, and would read a condition that is the same everywhere on the host, where the device's memory is not.
Func readByThreads(Func scalars) {
  Func read("scalars");
  read(vars.n) = undef<float>();
  read(vars.n) = scalars(vars.n);
  return read;
}

/// The kernel's functions and their bounds; no schedule yet.
Built build(const KernelSpec &kernel, const TargetInfo &target) {
  Built built{.scheduled = {kernel, target}};
  std::vector<Tensor> values;
  for (const TensorSpec &spec : kernel.inputs) {
    ImageParam parameter(halideType(spec.element), int(bufferDims(spec).size()), "in" + std::to_string(values.size()));
    fixDimensions(parameter, spec);
    built.arguments.push_back(parameter);
    built.inputs.push_back(parameter);
    Func value = parameter;
    if (target.onDevice() && spec.layout == LayoutKind::Plain && spec.shape.size() == 1 &&
        spec.element == ElementType::F32 && kernel.ops.back().op != "sgd_update") { // It has no conditions.
      value = readByThreads(parameter);
      built.scheduled.perThread.push_back(value);
    }
    values.push_back({value, spec, -1, parameter.parameter()});
  }

  ScheduledKernel &scheduled = built.scheduled;
  for (OpSpec op : kernel.ops) {
    if (target.onDevice())
      op.attributes[onDevice] = true;
    if (usesTiles(kernel))
      op.attributes[byTiles] = true;
    std::vector<Tensor> operands;
    for (int operand : op.operands) {
      Tensor tensor = values.at(operand);
      // What is computed here and read several times is kept, and scheduled through a function of its own.
      if (readsNeighbours(op.op) && operand >= int(kernel.inputs.size())) {
        Func rows("rows");
        auto arguments = dimensions(tensor.spec);
        rows(arguments) = tensor(std::vector<Expr>(arguments.begin(), arguments.end()));
        tensor = {rows, tensor.spec};
        scheduled.rows.push_back(tensor);
      }
      operands.push_back(tensor);
    }
    scheduled.stages.push_back(algorithmNamed(op.op)(op, operands));
    for (const Tensor &result : scheduled.stages.back().results)
      values.push_back(result);
  }

  const auto &results = scheduled.stages.back().results;
  Func output("output");
  auto arguments = dimensions(results[0].spec);
  std::vector<Expr> at(arguments.begin(), arguments.end());
  if (results.size() == 1)
    output(arguments) = results[0](at);
  else
    output(arguments) = Tuple(results[0](at), results[1](at));
  fixDimensions(output.output_buffers()[0], results[0].spec);
  if (results.size() == 2) { // Its extents are the first's.
    int index = 0;
    for (const BufferDim &dim : bufferDims(results[1].spec))
      output.output_buffers()[1].dim(index++).set_stride(int(dim.stride));
    output.output_buffers()[1].set_host_alignment(64);
  }
  scheduled.output = output;
  return built;
}

OutputFileType outputType(EmitFormat format) {
  switch (format) {
  case EmitFormat::Object:
    return OutputFileType::object;
  case EmitFormat::Assembly:
    return OutputFileType::assembly;
  case EmitFormat::Halide:
    return OutputFileType::conceptual_stmt;
  case EmitFormat::Stmt:
    return OutputFileType::stmt;
  case EmitFormat::DeviceCode:
    return OutputFileType::device_code;
  }
  throw std::logic_error("unknown format");
}

/// Halide writes its output to files only.
struct TemporaryFile {
  std::string path = (std::filesystem::temp_directory_path() / "fovea-kernel-XXXXXX").string();

  TemporaryFile() {
    const int descriptor = mkstemp(path.data());
    if (descriptor < 0)
      throw std::runtime_error("cannot create a temporary file " + path + ": " + std::strerror(errno));
    close(descriptor);
  }
  ~TemporaryFile() { std::remove(path.c_str()); }

  std::string read() const {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    if (!file || bytes.str().empty())
      throw std::runtime_error("nothing was written to the temporary file " + path + "; is the disk full?");
    return bytes.str();
  }
};

/// Halide's errors are thrown, as without this; its warnings tell of slow code that is meant: bf16 on a CPU without
/// instructions for it.
struct Reporter : CompileTimeErrorReporter {
  void warning(const char *) override {}
  [[noreturn]] void error(const char *message) override { throw CompileError(message); }
};

void silenceWarnings() {
  static Reporter reporter;
  [[maybe_unused]] static const bool once = (set_custom_compile_time_error_reporter(&reporter), true);
}

Target halideTarget(const KernelSpec &kernel, const TargetInfo &target) {
  // bf16's only where they are wanted: all other kernels run on every CPU of the level.
  const Target machine(target.halideTarget + (usesBf16(kernel) ? target.bf16Features : ""));
  return machine.with_feature(Target::NoRuntime).with_feature(Target::NoAsserts).with_feature(Target::NoBoundsQuery);
}

/// Autoschedulers go by estimates, which are here what all sizes are.
template <typename Function> void estimate(Function &&function, const TensorSpec &spec) {
  Region region;
  for (const BufferDim &dim : bufferDims(spec))
    region.emplace_back(0, int(dim.extent));
  function.set_estimates(region);
}

void scheduleBy(const Autoscheduler &autoscheduler, Built &built) {
  for (size_t index = 0; index < built.inputs.size(); ++index)
    estimate(built.inputs[index], built.scheduled.kernel.inputs[index]);
  estimate(built.scheduled.output, built.scheduled.stages.back().results[0].spec);
  static std::mutex mutex;
  static std::set<std::string> loaded; // A plugin may register its scheduler once.
  {
    std::lock_guard lock(mutex);
    if (!loaded.count(autoscheduler.plugin))
      load_plugin(autoscheduler.plugin);
    loaded.insert(autoscheduler.plugin);
  }
  Pipeline(built.scheduled.output)
      .apply_autoscheduler(halideTarget(built.scheduled.kernel, built.scheduled.target),
                           {autoscheduler.name, {{"parallelism", std::to_string(autoscheduler.threads)}}});
}

} // namespace

std::string emitKernel(const KernelSpec &kernel, const std::string &symbol, const TargetInfo &target, EmitFormat format,
                       const Autoscheduler &autoscheduler) {
  silenceWarnings();
  try {
    Built built = build(kernel, target);
    if (!autoscheduler.name.empty())
      scheduleBy(autoscheduler, built);
    else if (target.onDevice())
      scheduleGpu(built.scheduled);
    else
      scheduleCpu(built.scheduled);
    TemporaryFile file;
    Pipeline pipeline(built.scheduled.output);
    for (const Prefetch &prefetch : built.scheduled.prefetches)
      pipeline.add_custom_lowering_pass(prefetchingPass(prefetch));
    pipeline.compile_to({{outputType(format), file.path}}, built.arguments, symbol, halideTarget(kernel, target));
    const std::string text = file.read();
    return format == EmitFormat::Halide ? "// " + toJson(kernel) + "\n" + text : text;
  } catch (const Halide::Error &error) { // Not derived from std::exception.
    throw std::runtime_error(std::string("Halide: ") + error.what());
  }
}

} // namespace fovea
