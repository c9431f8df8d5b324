# The compiled program's execution and training.
set(FOVEA_RUNTIME_TRAIN_SOURCES
  HalideRuntime.cpp
  Init.cpp
  LrPolicy.cpp
  Packing.cpp
  Program.cpp
  Random.cpp
  Session.cpp
  ThreadPool.cpp)
set(FOVEA_RUNTIME_HOT_SOURCES
  HalideRuntime.cpp
  Packing.cpp
  Session.cpp
  ThreadPool.cpp)
