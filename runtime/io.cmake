# Files, formats and data sets.
set(FOVEA_RUNTIME_IO_SOURCES
  AtomicFile.cpp
  Cifar.cpp
  Dataset.cpp
  Exif.cpp
  File.cpp
  Folder.cpp
  Gzip.cpp
  Idx.cpp
  Image.cpp
  ImageFolder.cpp
  ImageDecode.cpp
  Npy.cpp
  Preprocess.cpp
  Safetensors.cpp)
