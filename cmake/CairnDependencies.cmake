# Third-party packages. Whatever the static libraries link has to be found again by the users of
# the installed package: keep cairnConfig.cmake.in and cairn.pc.in in step with the first block.

find_package(absl CONFIG REQUIRED)  # flat_hash_set, status, statusor, time
find_package(glog CONFIG REQUIRED)
find_package(Protobuf MODULE REQUIRED)  # Debian ships no protobuf-config.cmake.
find_package(cppzmq CONFIG REQUIRED)  # Finds libzmq too; Debian ships no ZeroMQConfig.cmake.
find_package(PkgConfig REQUIRED)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
find_package(ZLIB REQUIRED)
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
find_package(Threads REQUIRED)
find_package(hwy CONFIG REQUIRED)
# Headers that one of our files includes: our users need nothing of it.
find_package(tomlplusplus 3 CONFIG REQUIRED)

if(CAIRN_TESTS)
  find_package(Catch2 2 CONFIG REQUIRED)
  find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
endif()
if(CAIRN_BENCH)
  find_package(benchmark CONFIG REQUIRED)
endif()
set(CAIRN_HAS_MPI OFF)
if(NOT CAIRN_MPI MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "CAIRN_MPI=${CAIRN_MPI}: must be AUTO, ON or OFF")
elseif(NOT CAIRN_MPI STREQUAL "OFF")
  find_package(MPI COMPONENTS CXX)
  if(MPI_CXX_FOUND)
    set(CAIRN_HAS_MPI ON)
  elseif(CAIRN_MPI STREQUAL "ON")
    message(FATAL_ERROR "CAIRN_MPI=ON, but no MPI was found: install libopenmpi-dev or another "
                        "one, or use CAIRN_MPI=OFF")
  endif()
endif()
