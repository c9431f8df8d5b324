# Halide 21: the C++ SDK inside the PyPI package `halide` of FOVEA_PYTHON.
if(NOT FOVEA_PYTHON)
  find_program(FOVEA_PYTHON python3 REQUIRED)
endif()
execute_process(
  COMMAND ${FOVEA_PYTHON} -c "import importlib.util as u; print(u.find_spec('halide').submodule_search_locations[0])"
  OUTPUT_VARIABLE HALIDE_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE HALIDE_MISSING)
if(HALIDE_MISSING)
  message(FATAL_ERROR "${FOVEA_PYTHON} has no package `halide`: run ./dev, or pip install -r requirements.txt")
endif()
add_library(Halide::Halide SHARED IMPORTED)
set_target_properties(Halide::Halide PROPERTIES
  IMPORTED_LOCATION ${HALIDE_ROOT}/lib64/libHalide.so
  INTERFACE_INCLUDE_DIRECTORIES ${HALIDE_ROOT}/include)
file(STRINGS ${HALIDE_ROOT}/include/HalideRuntime.h lines REGEX "define HALIDE_VERSION_(MAJOR|MINOR|PATCH) ")
string(REGEX REPLACE "[^0-9]+" "." FOVEA_HALIDE_VERSION "${lines}")
string(REGEX REPLACE "^\\.|\\.$" "" FOVEA_HALIDE_VERSION "${FOVEA_HALIDE_VERSION}")
