// `fovea`: reads the command line, runs the command, and turns what went wrong into one line and an exit code.
#include "frontend/driver/Compile.h"
#include "frontend/driver/Options.h"
#include "frontend/driver/Tune.h"
#include "frontend/import/Import.h"

#include <cstdio>
#include <exception>
#include <new>

int main(int argc, char **argv) {
  fovea::Options options;
  int exitCode = 0;
  if (!fovea::parseOptions(argc, argv, options, exitCode))
    return exitCode;
  try {
    if (options.command == fovea::Command::Import)
      fovea::importNetwork(options.importing);
    else if (options.command == fovea::Command::Export)
      exitCode = fovea::exportNetwork(options.exporting) ? 0 : 1;
    else if (options.command == fovea::Command::Tune)
      exitCode = fovea::tuneModel(options.compile, options.tune);
    else
      exitCode = fovea::runCommand(options);
    if (std::fflush(stdout) != 0) {
      std::fprintf(stderr, "fovea: error: cannot write to standard output\n");
      return 1;
    }
    return exitCode;
  } catch (const std::bad_alloc &) {
    std::fprintf(stderr, "fovea: error: out of memory\n");
  } catch (const std::exception &problem) {
    std::fprintf(stderr, "fovea: error: %s\n", problem.what());
  }
  return 1;
}
