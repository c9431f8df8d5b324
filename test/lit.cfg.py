# The IR's and the driver's tests: .mlir, .net and .test files with RUN lines. Loaded by the lit.site.cfg.py that CMake
# writes into the build folder.
import os

import lit.formats

config.name = "Fovea"
config.test_format = lit.formats.ShTest(execute_external=True)
config.suffixes = [".mlir", ".net", ".test"]
config.excludes = ["Inputs", "e2e", "reference"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.fovea_build, "test")

# Compiled kernels are kept beside the tests, never in the user's cache.
config.environment["FOVEA_CACHE_DIR"] = os.path.join(config.test_exec_root, "cache")
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(config.fovea_build, "bin"), config.llvm_tools, os.environ["PATH"]])
