# Files, formats and data sets.
set(FOVEA_RUNTIME_IO_SOURCES
  AtomicFile.cpp
  Dataset.cpp
  File.cpp
  Gzip.cpp
  Idx.cpp
  Image.cpp
  ImageDecode.cpp
  Npy.cpp
  Safetensors.cpp)
