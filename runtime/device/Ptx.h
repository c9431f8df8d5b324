// What becomes of Halide's PTX before a driver gets it.
#pragma once

#include <string>

namespace fovea {

/// Halide's PTX as a program hands it to the driver: with both of what follows.
std::string forDriver(const std::string &ptx);

/// Lets accesses to shared memory count from where the block's memory begins. Halide counts from address 0, which is
/// where it begins up to compute capability 8.9; from 9.0 on the system keeps the first 1024 bytes for itself.
std::string withSharedMemoryBase(const std::string &ptx);

/// Lets accesses to a thread's local memory be of 32 bits each. Halide takes its arrays to lie on the boundaries of vectors;
/// LLVM places them on those of a float, and where they begin between two, a GPU refuses the access.
std::string withLocalWords(const std::string &ptx);

} // namespace fovea
