#include "runtime/device/Ptx.h"

#include <string_view>

namespace fovea {
namespace {

// Assemblers fold the symbol into the address of the access: no instruction is added.
constexpr const char *declaration = ".extern .shared .align 16 .b8 fovea_shared[];\n\n";
constexpr const char *registers = "\t.reg .b32 \t%fovea_base32, %fovea_at32;\n"
                                  "\t.reg .b64 \t%fovea_base64, %fovea_at64;\n"
                                  "\tmov.u32 \t%fovea_base32, fovea_shared;\n"
                                  "\tmov.u64 \t%fovea_base64, fovea_shared;\n";

/// An instruction, perhaps predicated, on the shared space: "ld.shared.v4.b32", "@%p1 st.volatile.shared.b32".
bool accessesShared(std::string_view line) {
  const size_t comment = line.find("//"), space = line.find(".shared");
  return space < comment && line.find('[') < comment && line.find(".extern") == line.npos;
}

/// The line with the symbol's address added to what stands in brackets: "%rd9+396" or "396".
std::string rebased(std::string_view line) {
  const size_t open = line.find('[', line.find(".shared")), close = line.find(']', open);
  const std::string_view address = line.substr(open + 1, close - open - 1);
  const std::string before(line.substr(0, open + 1)), after(line.substr(close));
  if (!address.starts_with('%'))
    return before + "fovea_shared+" + std::string(address) + after;
  const size_t end = address.find_first_of("+-");
  const std::string base(address.substr(0, end)), offset(end == address.npos ? "" : address.substr(end));
  const std::string width = base.starts_with("%rd") ? "64" : "32", at = "%fovea_at" + width;
  return "\tadd.s" + width + " \t" + at + ", " + base + ", %fovea_base" + width + ";\n" + before + at + offset + after;
}

} // namespace

std::string withSharedMemoryBase(const std::string &ptx) {
  std::string result;
  size_t body = std::string::npos; // Where the registers of the function that is read go,
  bool declared = false, inBody = false;
  for (size_t begin = 0; begin < ptx.size();) {
    const size_t newline = ptx.find('\n', begin), end = newline == ptx.npos ? ptx.size() : newline + 1;
    const std::string_view line(ptx.data() + begin, end - begin);
    begin = end;
    if (line.starts_with(".visible .entry") || line.starts_with(".entry")) {
      inBody = false;
    } else if (!inBody && line.starts_with('{')) {
      inBody = true;
      body = result.size() + line.size(); // and none are there yet.
    } else if (inBody && accessesShared(line)) {
      if (body != std::string::npos)
        result.insert(body, registers);
      body = std::string::npos;
      declared = true;
      result += rebased(line);
      continue;
    }
    result += line;
  }
  if (declared) {
    const size_t size = result.find(".address_size"), after = result.find('\n', size) + 1;
    result.insert(after, std::string("\n") + declaration);
  }
  return result;
}

} // namespace fovea
