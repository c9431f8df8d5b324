# Files, formats and data sets.
set(FOVEA_RUNTIME_IO_SOURCES
  File.cpp)
