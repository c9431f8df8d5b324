# Writes OUTPUT, a header with the SHA-256 over the files listed in LIST: part of the compile cache's key, so that objects
# of another algorithm or schedule are never reused.
file(STRINGS ${LIST} sources)
set(all "")
foreach(source ${sources})
  file(SHA256 ${source} hash)
  string(APPEND all ${hash})
endforeach()
string(SHA256 hash "${all}")
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT
  "#pragma once\nnamespace fovea::build {\ninline constexpr const char sourcesHash[] = \"${hash}\";\n}\n")
