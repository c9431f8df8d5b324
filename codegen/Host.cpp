// What a host function does, and why it is cheap: a kernel takes halide_buffer_t structs, of which only the address,
// the element type and the dimensions differ between calls. One array of these structs lives on the function's stack,
// its unchanging fields are zeroed once, and each call stores four words per buffer; the dimensions are constants.
// Measured: 2 to 4 ns a call, so that batch 1 of a small network is spent in its kernels.
#include "codegen/Host.h"

#include "codegen/BufferDims.h"
#include "runtime/ProgramAbi.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

#include <map>
#include <stdexcept>

namespace fovea {

using namespace mlir;

namespace {

constexpr const char *hostTriple = "x86_64-pc-linux-gnu";

/// Fields of halide_buffer_t (HalideRuntime.h), the element type's three taken as one word.
enum BufferField { Device, DeviceInterface, HostPointer, Flags, ElementWord, Dimensions, Dim, Padding };

/// halide_type_t as a little-endian word: code, bits, lanes.
int32_t elementWord(ElementType element) {
  const BufferType type = bufferType(element);
  return type.code | type.bits << 8 | 1 << 16;
}

class HostBuilder {
public:
  HostBuilder(ModuleOp module, const std::string &symbol)
      : module(module), symbol(symbol), prefix("fovea_" + symbol), loc(module.getLoc()),
        b(OpBuilder::atBlockEnd(module.getBody())), pointer(LLVM::LLVMPointerType::get(module.getContext())),
        i32(b.getI32Type()), i64(b.getI64Type()),
        buffer(LLVM::LLVMStructType::getLiteral(module.getContext(),
                                                {i64, pointer, pointer, i64, i32, i32, pointer, pointer})) {}

  /// The last level comes first, as each names the next.
  void run(ArrayRef<ProgramLevel> levels) {
    declare(profileName, LLVM::LLVMVoidType::get(b.getContext()), {pointer, i32});
    std::string next;
    for (const ProgramLevel &level : llvm::reverse(levels)) {
      const bool first = &level == levels.begin();
      plan = &level.plan;
      onDevice = level.target.onDevice();
      prefix = "fovea_" + symbol + (first ? "" : "_" + level.target.name);
      for (const PlannedKernel &kernel : plan->kernels)
        declare(kernel.symbol, i32, SmallVector<Type>(bufferCount(kernel), pointer));
      for (auto [index, function] : llvm::enumerate(plan->functions))
        buildFunction(function, functionName(index));
      const std::string name = first ? symbol + "_program" : prefix + "_program";
      buildProgram(level, name, first ? LLVM::Linkage::External : LLVM::Linkage::Private, next);
      next = name;
    }
  }

private:
  static constexpr const char *profileName = "fovea_profile";

  ModuleOp module;
  const ProgramPlan *plan = nullptr; ///< Of the level that is built,
  const std::string &symbol;
  bool onDevice = false; ///< whether its tensors live on a device,
  std::string prefix;    ///< and what its names begin with.
  Location loc;
  OpBuilder b; ///< At the module's end, except inside of a function.
  LLVM::LLVMPointerType pointer;
  Type i32, i64;
  LLVM::LLVMStructType buffer;
  std::map<std::vector<int32_t>, std::string> dimGlobals;

  std::string functionName(size_t index) const { return prefix + "_fn_" + std::to_string(index); }

  static size_t bufferCount(const PlannedKernel &kernel) {
    return kernel.spec.inputs.size() + kernel.spec.ops.back().results.size();
  }

  void declare(StringRef name, Type result, ArrayRef<Type> arguments) {
    b.create<LLVM::LLVMFuncOp>(loc, name, LLVM::LLVMFunctionType::get(result, arguments));
  }

  Value constant(Type type, int64_t value) {
    return b.create<LLVM::ConstantOp>(loc, type, b.getIntegerAttr(type, value));
  }

  Value null() { return b.create<LLVM::ZeroOp>(loc, pointer); }

  Value addressOf(StringRef name) { return b.create<LLVM::AddressOfOp>(loc, pointer, name); }

  Value offset(Value base, int64_t bytes) {
    if (bytes == 0)
      return base;
    return b.create<LLVM::GEPOp>(loc, pointer, b.getI8Type(), base, ArrayRef<LLVM::GEPArg>{int32_t(bytes)});
  }

  /// Bytes may pass what a GEP's constant index holds.
  Value farOffset(Value base, int64_t bytes) {
    if (bytes == 0)
      return base;
    return b.create<LLVM::GEPOp>(loc, pointer, b.getI8Type(), base, ValueRange{constant(i64, bytes)});
  }

  void store(Value value, Value structs, int index, BufferField field) {
    Value address =
        b.create<LLVM::GEPOp>(loc, pointer, buffer, structs, ArrayRef<LLVM::GEPArg>{int32_t(index), int32_t(field)});
    b.create<LLVM::StoreOp>(loc, value, address);
  }

  /// A constant array of halide_dimension_t {min, extent, stride, flags}, shared by equal tensors.
  std::string dimensions(const TensorSpec &tensor) {
    std::vector<int32_t> words;
    for (const BufferDim &dim : bufferDims(tensor)) {
      words.insert(words.end(), {0, int32_t(dim.extent), int32_t(dim.stride), 0});
    }
    std::string &name = dimGlobals[words];
    if (name.empty()) {
      name = "dims_" + std::to_string(dimGlobals.size() - 1);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(module.getBody());
      auto type = RankedTensorType::get({int64_t(words.size())}, i32);
      b.create<LLVM::GlobalOp>(loc, LLVM::LLVMArrayType::get(i32, words.size()), /*isConstant=*/true,
                               LLVM::Linkage::Private, name, DenseElementsAttr::get(type, ArrayRef<int32_t>(words)),
                               /*alignment=*/16);
    }
    return name;
  }

  void buildFunction(const PlannedFunction &function, const std::string &name) {
    auto op =
        b.create<LLVM::LLVMFuncOp>(loc, name, LLVM::LLVMFunctionType::get(i32, {pointer}), LLVM::Linkage::Internal);
    OpBuilder::InsertionGuard guard(b);
    Block *block = op.addEntryBlock(b);
    b.setInsertionPointToStart(block);

    Block *failed = new Block;
    failed->addArgument(i32, loc);

    Value slots = op.getArgument(0);
    std::vector<Value> bases(FOVEA_SLOT_COUNT);
    auto slot = [&](int index) {
      if (!bases[index]) {
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(&op.getBody().front());
        bases[index] = b.create<LLVM::LoadOp>(loc, pointer, offset(slots, index * sizeof(void *)));
      }
      return bases[index];
    };
    Value structs = function.calls.empty() ? Value() : reserveBuffers(function);
    Value profile = slot(FOVEA_SLOT_PROFILE);
    Value profiling = b.create<LLVM::ICmpOp>(loc, LLVM::ICmpPredicate::ne, profile, null());
    Value zero = constant(i32, 0);

    for (auto [index, call] : llvm::enumerate(function.calls)) {
      SmallVector<Value> arguments;
      for (auto [position, planned] : llvm::enumerate(call.buffers)) {
        Value address = farOffset(slot(planned.slot), planned.byteOffset);
        if (onDevice)
          store(b.create<LLVM::PtrToIntOp>(loc, i64, address), structs, position, Device);
        else
          store(address, structs, position, HostPointer);
        store(constant(i32, elementWord(planned.tensor.element)), structs, position, ElementWord);
        store(constant(i32, bufferDims(planned.tensor).size()), structs, position, Dimensions);
        store(addressOf(dimensions(planned.tensor)), structs, position, Dim);
        arguments.push_back(
            b.create<LLVM::GEPOp>(loc, pointer, buffer, structs, ArrayRef<LLVM::GEPArg>{int32_t(position)}));
      }
      Value code =
          b.create<LLVM::CallOp>(loc, TypeRange{i32}, plan->kernels[call.kernel].symbol, arguments).getResult();
      Value isFailure = b.create<LLVM::ICmpOp>(loc, LLVM::ICmpPredicate::ne, code, zero);
      Block *succeeded = op.addBlock(), *report = op.addBlock(), *next = op.addBlock();
      b.create<LLVM::CondBrOp>(loc, isFailure, failed, ValueRange{code}, succeeded, ValueRange{},
                               std::pair<int32_t, int32_t>(1, 1 << 20));
      b.setInsertionPointToStart(succeeded);
      b.create<LLVM::CondBrOp>(loc, profiling, report, ValueRange{}, next, ValueRange{},
                               std::pair<int32_t, int32_t>(1, 1 << 20));
      b.setInsertionPointToStart(report);
      b.create<LLVM::CallOp>(loc, TypeRange{}, profileName, ValueRange{profile, constant(i32, index)});
      b.create<LLVM::BrOp>(loc, next);
      b.setInsertionPointToStart(next);
    }
    b.create<LLVM::ReturnOp>(loc, zero);
    op.getBody().push_back(failed);
    b.setInsertionPointToStart(failed);
    b.create<LLVM::ReturnOp>(loc, failed->getArgument(0));
  }

  /// Room for the widest call's structs, with the fields that no call changes. What lives on a device has no address on
  /// the host, and the other way round.
  Value reserveBuffers(const PlannedFunction &function) {
    size_t widest = 0;
    for (const PlannedCall &call : function.calls)
      widest = std::max(widest, call.buffers.size());
    Value structs = b.create<LLVM::AllocaOp>(loc, pointer, buffer, constant(i64, widest), /*alignment=*/16);
    Value zero = constant(i64, 0);
    for (size_t index = 0; index < widest; ++index) {
      onDevice ? store(null(), structs, index, HostPointer) : store(zero, structs, index, Device);
      store(null(), structs, index, DeviceInterface);
      store(zero, structs, index, Flags);
      store(null(), structs, index, Padding);
    }
    return structs;
  }

  /// A global whose value is computed by `value` from constants.
  void global(Type type, LLVM::Linkage linkage, const std::string &name, llvm::function_ref<Value()> value) {
    auto op = b.create<LLVM::GlobalOp>(loc, type, /*isConstant=*/true, linkage, name, mlir::Attribute());
    OpBuilder::InsertionGuard guard(b);
    b.createBlock(&op.getInitializerRegion());
    b.create<LLVM::ReturnOp>(loc, value());
  }

  Value insert(Value aggregate, Value value, int64_t position) {
    return b.create<LLVM::InsertValueOp>(loc, aggregate, value, position);
  }

  /// A private constant of zero-terminated text.
  void text(const std::string &name, const std::string &value) {
    const std::string terminated = value + '\0';
    b.create<LLVM::GlobalOp>(loc, LLVM::LLVMArrayType::get(b.getI8Type(), terminated.size()), /*isConstant=*/true,
                             LLVM::Linkage::Private, name, b.getStringAttr(terminated));
  }

  void buildProgram(const ProgramLevel &level, const std::string &name, LLVM::Linkage linkage,
                    const std::string &next) {
    const std::string metadata = prefix + "_metadata", table = prefix + "_functions", target = prefix + "_target",
                      needs = prefix + "_needs";
    const bool bf16 = llvm::any_of(plan->kernels, [](auto &kernel) { return usesBf16(kernel.spec); }),
               tiles = llvm::any_of(plan->kernels, [](auto &kernel) { return usesTiles(kernel.spec); });
    text(metadata, level.metadata);
    text(target, level.target.name);
    text(needs, llvm::join(neededFeatures(level.target, bf16, tiles), " "));
    Type tableType = LLVM::LLVMArrayType::get(pointer, plan->functions.size());
    global(tableType, LLVM::Linkage::Private, table, [&] {
      Value value = b.create<LLVM::UndefOp>(loc, tableType);
      for (size_t index = 0; index < plan->functions.size(); ++index)
        value = insert(value, addressOf(functionName(index)), index);
      return value;
    });
    Type program =
        LLVM::LLVMStructType::getLiteral(b.getContext(),
                                         {pointer, i64, pointer, i32, i32, pointer, pointer, pointer, pointer});
    const std::string backend = onDevice ? "fovea_" + level.target.name + "_backend" : "";
    if (onDevice)
      b.create<LLVM::GlobalOp>(loc, b.getI8Type(), /*isConstant=*/true, LLVM::Linkage::External, backend,
                               mlir::Attribute());
    global(program, linkage, name, [&] {
      Value value = b.create<LLVM::UndefOp>(loc, program);
      value = insert(value, addressOf(metadata), 0);
      value = insert(value, constant(i64, level.metadata.size()), 1);
      value = insert(value, addressOf(table), 2);
      value = insert(value, constant(i32, plan->functions.size()), 3);
      value = insert(value, constant(i32, FOVEA_PROGRAM_ABI), 4);
      value = insert(value, addressOf(target), 5);
      value = insert(value, addressOf(needs), 6);
      value = insert(value, next.empty() ? null() : addressOf(next), 7);
      return insert(value, onDevice ? addressOf(backend) : null(), 8);
    });
  }
};

std::unique_ptr<llvm::TargetMachine> createTargetMachine() {
  // X86 alone: LLVM's library holds two dozen targets, and initializing them costs milliseconds.
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86Target();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86AsmPrinter();
  std::string error;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(hostTriple, error);
  if (!target)
    throw std::runtime_error("LLVM was built without x86: " + error);
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(hostTriple, "x86-64", "", llvm::TargetOptions(), llvm::Reloc::PIC_, std::nullopt,
                                  llvm::CodeGenOptLevel::Default));
}

} // namespace

OwningOpRef<ModuleOp> buildHostModule(MLIRContext &context, const std::vector<ProgramLevel> &levels,
                                      const std::string &symbol) {
  context.loadDialect<LLVM::LLVMDialect>();
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  HostBuilder(*module, symbol).run(levels);
  return module;
}

std::unique_ptr<llvm::Module> translateHostModule(ModuleOp module, llvm::LLVMContext &context) {
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  // The translation reads alignments from the layout, so it has to be there before.
  module->setAttr(
      LLVM::LLVMDialect::getDataLayoutAttrName(),
      StringAttr::get(module.getContext(), createTargetMachine()->createDataLayout().getStringRepresentation()));
  std::unique_ptr<llvm::Module> translated = translateModuleToLLVMIR(module, context, "fovea");
  if (!translated)
    return nullptr;
  translated->setTargetTriple(hostTriple);
  translated->setPICLevel(llvm::PICLevel::BigPIC);
  return translated;
}

std::string compileHostModule(llvm::Module &module, MachineCode kind) {
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine();
  llvm::SmallVector<char, 0> code;
  llvm::raw_svector_ostream stream(code);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr,
                                   kind == MachineCode::Object ? llvm::CodeGenFileType::ObjectFile
                                                               : llvm::CodeGenFileType::AssemblyFile))
    throw std::runtime_error("LLVM cannot write this kind of file");
  passes.run(module);
  return std::string(code.data(), code.size());
}

} // namespace fovea
