# MLIR and LLVM 19 from Debian (libmlir-19-dev, llvm-19-dev), with one precompiled header for every target that includes
# MLIR: its headers take longer to parse than our files take to compile.
find_package(MLIR 19.1 REQUIRED CONFIG HINTS /usr/lib/llvm-19/lib/cmake/mlir)
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)

add_library(FoveaMlir INTERFACE)
target_include_directories(FoveaMlir SYSTEM INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
target_link_directories(FoveaMlir INTERFACE ${LLVM_LIBRARY_DIRS})
target_link_libraries(FoveaMlir INTERFACE MLIR LLVM-19)
target_compile_definitions(FoveaMlir INTERFACE ${LLVM_DEFINITIONS_LIST})
target_compile_options(FoveaMlir INTERFACE -fno-rtti -Wno-dangling-reference)

file(WRITE ${CMAKE_BINARY_DIR}/FoveaMlirPch.cpp "// Carries the precompiled MLIR headers.\n")
add_library(FoveaMlirPch STATIC ${CMAKE_BINARY_DIR}/FoveaMlirPch.cpp)
target_link_libraries(FoveaMlirPch PUBLIC FoveaMlir)
target_precompile_headers(FoveaMlirPch PRIVATE
  <mlir/IR/BuiltinAttributes.h> <mlir/IR/BuiltinOps.h> <mlir/IR/BuiltinTypes.h> <mlir/IR/PatternMatch.h>
  <mlir/Dialect/Func/IR/FuncOps.h> <mlir/Pass/Pass.h> <mlir/Pass/PassManager.h>)

# fovea_mlir_library(NAME sources...): a static library that includes MLIR.
function(fovea_mlir_library name)
  add_library(${name} STATIC ${ARGN})
  target_link_libraries(${name} PUBLIC FoveaMlir)
  target_precompile_headers(${name} REUSE_FROM FoveaMlirPch)
endfunction()
