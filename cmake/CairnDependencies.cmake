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
if(CAIRN_MPI)
  message(FATAL_ERROR "CAIRN_MPI=ON: this version has no MPI launcher. Use CAIRN_MPI=OFF.")
endif()
