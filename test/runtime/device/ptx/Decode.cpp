// ptx-decode FILE...: whether the interpreter knows every instruction of these files, and how much work they are.
#include "test/runtime/device/ptx/Kernel.h"

#include <cstdio>
#include <fstream>
#include <iterator>

int main(int count, char **files) {
  int problems = 0;
  size_t entries = 0, statements = 0;
  for (int index = 1; index < count; ++index) {
    std::ifstream file(files[index]);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    try {
      if (!file)
        throw ptx::Fault("cannot be read");
      const ptx::Module module = ptx::parse(text);
      for (const ptx::Entry &entry : module.entries) {
        ptx::decode(module, entry);
        ++entries;
        statements += entry.statements.size();
      }
    } catch (const ptx::Fault &fault) {
      std::fprintf(stderr, "%s: %s\n", files[index], fault.what());
      ++problems;
    }
  }
  std::printf("%zu kernels, %zu statements, %d files refused\n", entries, statements, problems);
  return problems != 0;
}
