#include "test/runtime/device/ptx/Kernel.h"

#include "test/runtime/device/ptx/Operation.h"

#include <algorithm>
#include <cstdlib>

namespace ptx {

namespace {

class Decoder {
public:
  Decoder(const Module &module, const Entry &entry) : module(module) {
    kernel.entry = entry;
    for (auto &[name, variable] : entry.locals) {
      kernel.localBytes = (kernel.localBytes + variable.alignment - 1) / variable.alignment * variable.alignment;
      locals[name] = kernel.localBytes;
      kernel.localBytes += variable.bytes;
    }
  }

  Kernel run() {
    for (const Statement &statement : kernel.entry.statements) {
      try {
        kernel.steps.push_back(stepOf(statement));
      } catch (const Fault &fault) {
        throw Fault(kernel.where(int(&statement - kernel.entry.statements.data())) + ": " + fault.what());
      }
    }
    kernel.steps.push_back({Step::Return});
    assignSlots(kernel);
    return std::move(kernel);
  }

private:
  const Module &module;
  Kernel kernel;
  std::map<std::string, uint64_t> locals;
  std::map<std::string, int> registers;
  std::map<std::pair<uint64_t, size_t>, int> constants;

  int addRow(Row row) {
    kernel.rows.push_back(row);
    return int(kernel.rows.size()) - 1;
  }

  int constant(uint64_t value, size_t bytes) {
    auto [place, isNew] = constants.try_emplace({value, bytes}, 0);
    if (isNew)
      place->second = addRow({Row::Constant, bytes, value});
    return place->second;
  }

  bool isRegister(const std::string &name) const { return name[0] == '%' || kernel.entry.registers.count(name); }

  size_t bytesOfRegister(const std::string &name) const {
    auto found = kernel.entry.registers.find(name);
    if (found == kernel.entry.registers.end())
      throw Fault("unknown register " + name);
    return found->second;
  }

  int registerRow(const std::string &name, size_t bytes) {
    if (bytesOfRegister(name) != bytes)
      throw Fault(name + " has " + std::to_string(8 * bytesOfRegister(name)) + " bits, and " +
                  std::to_string(8 * bytes) + " are needed");
    auto [place, isNew] = registers.try_emplace(name, 0);
    if (isNew)
      place->second = addRow({Row::Register, bytes, 0});
    return place->second;
  }

  /// -1 if it is none.
  static int specialOf(const std::string &name) {
    static const char *const bases[] = {"%tid", "%ntid", "%ctaid", "%nctaid"};
    for (int base = 0; base < 4; ++base)
      for (int axis = 0; axis < 3; ++axis)
        if (name == std::string(bases[base]) + "." + "xyz"[axis])
          return 3 * base + axis;
    return -1;
  }

  bool isShared(const std::string &name) const {
    return std::count(module.externShared.begin(), module.externShared.end(), name);
  }

  /// A register, a number, a variable's address.
  int rowOf(const std::string &text, size_t bytes) {
    if (const int special = specialOf(text); special >= 0 && bytes == 4)
      return addRow({Row::Special, bytes, uint64_t(special)});
    if (isRegister(text))
      return registerRow(text, bytes);
    if (isShared(text))
      return constant(sharedBase, bytes);
    if (auto found = locals.find(text); found != locals.end())
      return constant(found->second, bytes);
    return constant(numberOf(text, bytes), bytes);
  }

  static uint64_t numberOf(const std::string &text, size_t bytes) {
    char *end = nullptr;
    uint64_t value;
    if (text.rfind("0f", 0) == 0 && text.size() == 10)
      value = std::strtoull(text.c_str() + 2, &end, 16);
    else
      value = text[0] == '-' ? uint64_t(std::strtoll(text.c_str(), &end, 0)) : std::strtoull(text.c_str(), &end, 0);
    if (end == text.c_str() || (*end && std::string(end) != "U"))
      throw Fault("unknown operand " + text);
    return bytes == 8 ? value : value & ((uint64_t(1) << (8 * bytes)) - 1);
  }

  /// "[%rd1+16]", "[12]" or "[name+4]": what stands for the address, and what is added.
  static std::pair<std::string, int64_t> addressOf(const std::string &text) {
    if (text.size() < 3 || text.front() != '[' || text.back() != ']')
      throw Fault("unknown address " + text);
    const std::string inner = text.substr(1, text.size() - 2);
    const size_t sign = inner.find('+');
    if (sign == inner.npos)
      return {inner, 0};
    return {inner.substr(0, sign), std::strtoll(inner.c_str() + sign + 1, nullptr, 10)};
  }

  static std::vector<std::string> elementsOf(const std::string &text) {
    return text[0] == '{' ? splitAtCommas(text.substr(1, text.size() - 2)) : std::vector{text};
  }

  Step stepOf(const Statement &statement) {
    const std::string &mnemonic = statement.mnemonic;
    Step step;
    if (mnemonic == "bra" || mnemonic == "bra.uni" || mnemonic == "ret") {
      step.kind = mnemonic == "ret" ? Step::Return : Step::Branch;
      if (!statement.guard.empty())
        step.guard = registerRow(statement.guard, 1);
      step.isNegated = statement.isNegated;
      if (step.kind == Step::Branch)
        step.target = targetOf(statement);
      return step;
    }
    if (!statement.guard.empty())
      throw Fault("a guard of another instruction than bra and ret");
    if (mnemonic == "bar.sync") {
      if (statement.operands != std::vector<std::string>{"0"})
        throw Fault("another barrier than 0");
      step.kind = Step::Barrier;
      return step;
    }
    if (mnemonic.rfind("ld.param.", 0) == 0)
      return parameterStep(statement);
    if (mnemonic.rfind("ld.", 0) == 0 || mnemonic.rfind("st.", 0) == 0)
      return accessStep(statement);
    return computingStep(statement);
  }

  int targetOf(const Statement &statement) const {
    auto found = kernel.entry.labels.find(statement.operands.empty() ? "" : statement.operands[0]);
    if (found == kernel.entry.labels.end())
      throw Fault("unknown label");
    return int(found->second);
  }

  Step parameterStep(const Statement &statement) {
    const size_t bytes = bytesOfType(statement.mnemonic.substr(8));
    const Operation *move = findOperation("mov.b" + std::to_string(8 * bytes));
    if (!move || statement.operands.size() != 2)
      throw Fault("unknown instruction");
    const auto [name, offset] = addressOf(statement.operands[1]);
    const auto &parameters = kernel.entry.parameters;
    const auto found = std::find_if(parameters.begin(), parameters.end(), [&](auto &at) { return at.name == name; });
    if (found == parameters.end() || offset || found->bytes != bytes)
      throw Fault("unknown parameter " + statement.operands[1]);
    Step step{Step::Compute, move->run};
    step.rows = {registerRow(statement.operands[0], bytes),
                 addRow({Row::Parameter, bytes, uint64_t(found - parameters.begin())})};
    step.results = 1;
    return step;
  }

  Step accessStep(const Statement &statement) {
    const bool isLoad = statement.mnemonic[0] == 'l';
    if (statement.operands.size() != 2)
      throw Fault("unknown instruction");
    const auto names = elementsOf(statement.operands[isLoad ? 0 : 1]);
    size_t bytes = 0; // Of the registers; 0 where there are numbers alone.
    for (const std::string &name : names)
      if (isRegister(name))
        bytes = bytesOfRegister(name);
    Access access;
    if (!findAccess(statement.mnemonic, bytes, access) || access.count != int(names.size()))
      throw Fault("unknown instruction");
    const auto [base, offset] = addressOf(statement.operands[isLoad ? 1 : 0]);
    Step step{Step::Compute, access.run};
    step.offset = offset;
    for (const std::string &name : names)
      step.rows.push_back(isLoad ? registerRow(name, bytes) : rowOf(name, access.registerBytes));
    step.rows.insert(isLoad ? step.rows.end() : step.rows.begin(), rowOf(base, 8));
    step.results = isLoad ? access.count : 0;
    kernel.sharedGranule =
        access.space == "shared" ? std::min(kernel.sharedGranule, access.elementBytes) : kernel.sharedGranule;
    return step;
  }

  Step computingStep(const Statement &statement) {
    std::string mnemonic = statement.mnemonic;
    std::vector<std::string> names;
    for (const std::string &operand : statement.operands) {
      if (operand[0] == '{')
        mnemonic += &operand == statement.operands.data() ? "{}=" : "{}";
      for (const std::string &name : elementsOf(operand))
        names.push_back(name);
    }
    const Operation *operation = findOperation(mnemonic);
    if (!operation || operation->bytes.size() != names.size())
      throw Fault("unknown instruction");
    Step step{Step::Compute, operation->run};
    for (size_t index = 0; index < names.size(); ++index)
      step.rows.push_back(int(index) < operation->results ? registerRow(names[index], operation->bytes[index])
                                                          : rowOf(names[index], operation->bytes[index]));
    step.results = operation->results;
    return step;
  }
};

} // namespace

std::string Kernel::where(int step) const {
  if (step >= int(entry.statements.size()))
    return entry.name + ", at its end";
  const Statement &statement = entry.statements[size_t(step)];
  return entry.name + ", line " + std::to_string(statement.line) + " (`" + statement.text + "`)";
}

Kernel decode(const Module &module, const Entry &entry) { return Decoder(module, entry).run(); }

} // namespace ptx
