#include "runtime/device/Ptx.h"

#include <algorithm>
#include <string_view>
#include <vector>

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

constexpr const char *halves = "\t.reg .b32 \t%fovea_low, %fovea_high;\n";

/// A load or store of local memory that is wider than 32 bits: "@%p1 st.local.v2.b64 [%rd1+8], {%rd2, %rd3};".
class WideLocal {
public:
  explicit WideLocal(std::string_view line) {
    const size_t at = line.substr(0, line.find("//")).find(".local."), open = line.find('['), end = line.find(';');
    if (at == line.npos || at < 2 || open == line.npos || end == line.npos || end < open)
      return; // A declaration, or none.
    const std::string_view type = line.substr(at + 7, line.find_first_of(" \t", at) - at - 7);
    isStore = line.substr(at - 2, 2) == "st";
    isPair = type.ends_with("64");
    if (type.front() != 'v' && !isPair)
      return;
    predicate = line.substr(0, at - 2);
    const size_t close = line.find(']', open), plus = line.find('+', open);
    address = line.substr(open + 1, std::min(plus, close) - open - 1);
    if (plus < close)
      offset = std::stoi(std::string(line.substr(plus + 1, close - plus - 1)));
    const size_t first = line.find('%', isStore ? close : at), last = isStore ? end : open;
    for (size_t begin = first; begin < last; begin = line.find('%', begin + 1))
      values.emplace_back(line.substr(begin, line.find_first_of(",;} ", begin) - begin));
  }

  explicit operator bool() const { return !values.empty(); }
  bool needsHalves() const { return isPair; }

  std::string inWords() const {
    std::string result;
    int place = offset;
    for (const std::string &value : values) {
      const std::string both = "{%fovea_low, %fovea_high}";
      if (isPair && isStore)
        result += predicate + "mov.b64 \t" + both + ", " + value + ";\n";
      for (const std::string &word : isPair ? std::vector<std::string>{"%fovea_low", "%fovea_high"} : std::vector{value}) {
        const std::string memory = "[" + address + "+" + std::to_string(place) + "]";
        result += isStore ? predicate + "st.local.b32 \t" + memory + ", " + word + ";\n"
                          : predicate + "ld.local.b32 \t" + word + ", " + memory + ";\n";
        place += 4;
      }
      if (isPair && !isStore)
        result += predicate + "mov.b64 \t" + value + ", " + both + ";\n";
    }
    return result;
  }

private:
  std::string predicate, address; ///< With the white space before an instruction.
  int offset = 0;
  bool isStore = false, isPair = false; ///< Pair: each value is of 64 bits.
  std::vector<std::string> values;
};

} // namespace

std::string forDriver(const std::string &ptx) { return withSharedMemoryBase(withLocalWords(ptx)); }

std::string withLocalWords(const std::string &ptx) {
  std::string result;
  size_t body = std::string::npos; // Where the registers of the function that is read go, until they are there.
  for (size_t begin = 0; begin < ptx.size();) {
    const size_t newline = ptx.find('\n', begin), end = newline == ptx.npos ? ptx.size() : newline + 1;
    const std::string_view line(ptx.data() + begin, end - begin);
    begin = end;
    const WideLocal access(line);
    if (!access) {
      result += line;
      if (line.starts_with('{'))
        body = result.size();
      continue;
    }
    if (access.needsHalves() && body != std::string::npos) {
      result.insert(body, halves);
      body = std::string::npos;
    }
    result += access.inWords();
  }
  return result;
}

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
