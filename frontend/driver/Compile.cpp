// The commands, as a story: read the model, print or go on at each stage, compile the kernels, write the result.
#include "frontend/driver/Compile.h"

#include "codegen/Host.h"
#include "codegen/Kernels.h"
#include "codegen/Link.h"
#include "codegen/Metadata.h"
#include "frontend/driver/Modules.h"
#include "frontend/driver/Outputs.h"
#include "passes/Explain.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/SourceMgr.h"

#include <algorithm>
#include <stdexcept>
#include <unistd.h>

namespace fovea {

using namespace mlir;

namespace {

class Compilation {
public:
  Compilation(const CompileOptions &options) : options(options), handler(sources, &context) { loadDialects(context); }

  int compile() {
    checkOptions();
    if (!run())
      return 1;
    if (options.time)
      timer.print();
    return 0;
  }

  int explainModel() {
    if (!readAndOptimize())
      return 1;
    std::string text;
    llvm::raw_string_ostream stream(text);
    explain(*module, stream);
    writeText("", text);
    return 0;
  }

private:
  CompileOptions options; ///< `target` is that of the level being compiled.
  MLIRContext context;
  llvm::SourceMgr sources; ///< Lets diagnostics show the line.
  SourceMgrDiagnosticHandler handler;
  Timer timer;
  OwningOpRef<ModuleOp> model, module; ///< As read, and its copy that goes through the passes.
  TargetInfo target;
  std::vector<ProgramLevel> levels; ///< For each target, the highest first.

  bool isText() const { return options.emit < Stage::Obj; }
  bool isPerKernel() const {
    return options.emit == Stage::Halide || options.emit == Stage::Stmt || options.emit == Stage::Ptx ||
           options.emit == Stage::Cl || options.emit == Stage::Asm || options.emit == Stage::Obj;
  }

  std::string output() const {
    if (!options.output.empty() || isText())
      return options.output;
    return stemOf(options.model);
  }

  /// Refuses what can be refused before any work.
  void checkOptions() {
    if (options.from > options.emit && !(options.from == Stage::Net && options.emit == Stage::Ast))
      throw std::runtime_error("--emit names a stage before that of --from; a compilation only goes forward");
    if (options.from > Stage::Ast && (options.inference || !options.batches.empty()))
      throw std::runtime_error(options.model +
                               ": already holds its functions: --batch and --inference are for model files");
    if (options.targets.size() > 1 && isText())
      throw std::runtime_error("--emit prints what is made for one target: name one with --target");
    if (options.from <= Stage::Opt) // What is scheduled says its target itself.
      checkDevice(options.targets.front());
    const std::string to = output();
    if (options.emit == Stage::Lib) {
      checkReplaceable(libraryBase() + ".a", options.model);
      checkReplaceable(libraryBase() + ".h", options.model);
    } else if (options.emit == Stage::Exe) {
      checkReplaceable(to, options.model);
    } else if (isPerKernel()) {
      if (options.emit == Stage::Obj || !to.empty())
        makeFolder(to);
    } else if (!to.empty() && to != "-") {
      checkWritable(to);
    }
    if (!options.saveTemps.empty())
      makeFolder(options.saveTemps);
  }

  /// Each API has its own language.
  void checkDevice(const std::string &name) {
    if (options.emit == Stage::Ptx && name != "cuda")
      throw std::runtime_error("--emit=ptx prints kernels for CUDA: give --target cuda");
    if (options.emit == Stage::Cl && name != "opencl")
      throw std::runtime_error("--emit=cl prints kernels for OpenCL: give --target opencl");
  }

  std::string libraryBase() const {
    llvm::StringRef base = options.output.empty() ? llvm::StringRef() : llvm::StringRef(options.output);
    base.consume_back(".a");
    return base.empty() ? stemOf(options.model) : base.str();
  }

  bool run() {
    if (options.emit == Stage::Ast) {
      std::string text;
      if (!printAst(options, text))
        return false;
      writeText(options.output, text);
      return true;
    }
    const std::string symbol = options.emit == Stage::Lib ? identifierOf(stemOf(libraryBase())) : "fovea_main";
    for (const std::string &name : options.targets) {
      options.target = name;
      if (!readAndOptimize())
        return false;
      if (options.emit <= Stage::Schedule)
        return true;
      // Every kernel has a schedule, every tensor an address.
      FailureOr<ProgramPlan> plan = planProgram(*module, target);
      if (failed(plan))
        return false;
      if (isPerKernel() && isText())
        return emitEmitFormats(*plan);
      FailureOr<std::string> metadata = programMetadata(*module, *plan, target, symbol);
      if (failed(metadata))
        return false;
      saveTemp("metadata.json", *metadata + "\n");
      levels.push_back({target, std::move(*plan), std::move(*metadata)});
    }
    orderLevels();
    OwningOpRef<ModuleOp> host = buildHostModule(context, levels, symbol);
    llvm::LLVMContext llvmContext;
    std::unique_ptr<llvm::Module> llvmModule = translateHostModule(*host, llvmContext);
    if (!llvmModule)
      return false;
    if (options.emit == Stage::Llvm || !options.saveTemps.empty()) {
      std::string text;
      llvm::raw_string_ostream(text) << *llvmModule;
      saveTemp("ll", text);
      if (options.emit == Stage::Llvm) {
        writeText(options.output, text);
        return true;
      }
    }
    std::string hostObject = compileHostModule(*llvmModule, MachineCode::Object);
    timer.lap("host functions");
    // The host side is an object that calls each kernel by its symbol.
    std::vector<ObjectFile> objects;
    objects.push_back({"host.o", std::move(hostObject)});
    Cache cache(options.cache ? Cache::defaultFolder() : "");
    for (const ProgramLevel &level : levels) {
      CompiledKernels kernels = compileKernels(level.plan, level.target, cache, {options.jobs, isatty(2) == 1});
      for (auto [name, object] : llvm::zip_equal(kernelFileNames(level.plan.kernels), kernels.objects))
        objects.push_back({(levels.size() > 1 ? level.target.name + "-" : "") + name + ".o", std::move(object)});
      timer.lap("kernels (" + std::to_string(kernels.objects.size()) + ", " + std::to_string(kernels.fromCache) +
                " from the cache)");
    }
    writeObjects(objects, symbol);
    return true;
  }

  /// Devices first, then the highest level. Two of one name could not be told apart where the program runs.
  void orderLevels() {
    llvm::stable_sort(levels, [](const ProgramLevel &a, const ProgramLevel &b) {
      if (a.target.onDevice() != b.target.onDevice())
        return a.target.onDevice();
      return a.target.onDevice() ? a.target.device < b.target.device : a.target.name > b.target.name;
    });
    for (size_t index = 1; index < levels.size(); ++index)
      if (levels[index - 1].target.name == levels[index].target.name)
        throw std::runtime_error("--target: host is " + levels[index].target.name +
                                 " on this machine; name one of them");
  }

  /// From whatever MODEL holds to a scheduled and planned module, or to the stage that is to be printed.
  bool readAndOptimize() {
    if (!model) {
      model = readModule(context, options);
      if (!model)
        return false;
      timer.lap("read");
    }
    module = options.targets.size() > 1 ? OwningOpRef<ModuleOp>(model->clone()) : std::move(model);
    if (options.from <= Stage::Ir && printed(Stage::Ir, "ir.mlir"))
      return true;
    target = resolveTarget(*module, options);
    if (options.from <= Stage::Ir && failed(runPasses(*module, Stage::Opt, options, target)))
      return false;
    if (options.from <= Stage::Opt && printed(Stage::Opt, "opt.mlir"))
      return true;
    if (options.from <= Stage::Opt && failed(runPasses(*module, Stage::Schedule, options, target)))
      return false;
    timer.lap("passes");
    printed(Stage::Schedule, "schedule.mlir");
    return true;
  }

  /// Keeps and prints the module at this stage; true when the compilation ends here.
  bool printed(Stage stage, const char *extension) {
    const bool last = options.emit == stage;
    if (last || !options.saveTemps.empty()) {
      const std::string text = printModule(*module);
      saveTemp(extension, text);
      if (last)
        writeText(options.output, text);
    }
    return last;
  }

  void saveTemp(const std::string &extension, const std::string &text) {
    if (options.saveTemps.empty())
      return;
    const bool shared = options.targets.size() == 1 || extension == "ir.mlir" || extension == "ll";
    writeText(options.saveTemps + "/" + stemOf(options.model) + "." + (shared ? "" : target.name + ".") + extension,
              text);
  }

  /// Halide's algorithm, its loops, its device's code or the machine code of every kernel: a file each, or all on
  /// standard output.
  bool emitEmitFormats(const ProgramPlan &plan) {
    checkDevice(target.name);
    const auto [form, extension] = options.emit == Stage::Halide ? std::pair(EmitFormat::Halide, ".halide")
                                   : options.emit == Stage::Stmt ? std::pair(EmitFormat::Stmt, ".stmt")
                                   : options.emit == Stage::Ptx  ? std::pair(EmitFormat::DeviceCode, ".ptx")
                                   : options.emit == Stage::Cl   ? std::pair(EmitFormat::DeviceCode, ".cl")
                                                                 : std::pair(EmitFormat::Assembly, ".s");
    const char *comment = form == EmitFormat::Assembly ? "#" : "//";
    const std::vector<std::string> texts = kernelTexts(plan, target, form, options.jobs);
    std::string all;
    for (auto [kernel, name, text] : llvm::zip_equal(plan.kernels, kernelFileNames(plan.kernels), texts)) {
      if (!options.output.empty() && options.output != "-")
        writeText(options.output + "/" + name + extension, text);
      else
        all += std::string(comment) + " ==== " + kernel.label + " (" + kernel.symbol + ")\n" + text + "\n";
    }
    if (!all.empty())
      writeText("", all);
    return true;
  }

  void writeObjects(const std::vector<ObjectFile> &objects, const std::string &symbol) {
    if (!options.saveTemps.empty())
      for (const ObjectFile &object : objects)
        writeText(options.saveTemps + "/" + object.name, object.bytes);
    if (options.emit == Stage::Obj)
      for (const ObjectFile &object : objects)
        writeText(output() + "/" + object.name, object.bytes);
    else if (options.emit == Stage::Lib)
      writeLibrary(objects, libraryBase(), symbol, networkName());
    else
      linkExecutable(objects, output());
    timer.lap(options.emit == Stage::Exe ? "link" : "write");
  }

  std::string networkName() {
    auto name = (*module)->getAttrOfType<StringAttr>("cnn.network");
    return name ? name.str() : stemOf(options.model);
  }
};

} // namespace

int runCommand(const Options &options) {
  Compilation compilation(options.compile);
  return options.command == Command::Explain ? compilation.explainModel() : compilation.compile();
}

} // namespace fovea
