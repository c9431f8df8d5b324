#include "test/runtime/device/ptx/Operation.h"

namespace ptx {

const Operation *findOperation(const std::string &mnemonic) {
  static const Operations table = [] {
    Operations made;
    addIntegerOperations(made);
    addFloatOperations(made);
    return made;
  }();
  const auto found = table.find(mnemonic);
  return found == table.end() ? nullptr : &found->second;
}

} // namespace ptx
