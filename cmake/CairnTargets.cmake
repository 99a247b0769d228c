# How our targets are made: one library per folder of src, one test program per folder of test, one
# benchmark program per folder of bench. Sources are collected by name, so a new file needs no edit.

# g++ 12 sees an overlapping copy in std::string = "literal" where there is none (GCC bug 105329).
set(cairn_warnings -Wall -Wextra -Werror "$<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>")
set(cairn_sanitize_options "")
if(CAIRN_SANITIZE)
  set(cairn_sanitize_options -fsanitize=${CAIRN_SANITIZE} -fno-sanitize-recover=all
                             -fno-omit-frame-pointer)
endif()
if(CAIRN_FUZZ)  # Coverage feedback in all of our code; the driver itself only in cairn_fuzz.
  list(APPEND cairn_sanitize_options -fsanitize=fuzzer-no-link)
endif()

# cairn_own_target(target): what holds for every target that compiles our own code.
function(cairn_own_target target)
  target_compile_features(${target} PRIVATE cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/src")
  target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${cairn_warnings}>")
  if(cairn_sanitize_options)  # With our own checks (CAIRN_DCHECK) and the standard library's.
    target_compile_options(
      ${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${cairn_sanitize_options};-UNDEBUG>")
    target_compile_definitions(${target} PRIVATE _GLIBCXX_ASSERTIONS)
  endif()
endfunction()

# cairn_add_library(folder [EXPORT_NAME name] [PUBLIC lib...] [PRIVATE lib...] [OPTIONS option...])
# src/<folder>/*.cc, but for programs (*_main.cc), becomes the static library cairn_<folder>, known
# to users as cairn::<name>. A folder without sources becomes an interface library.
function(cairn_add_library folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "EXPORT_NAME" "PUBLIC;PRIVATE;OPTIONS")
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${folder}/*.cc")
  list(FILTER sources EXCLUDE REGEX "_main\\.cc$")
  set(target cairn_${folder})
  set(scope PUBLIC)
  if(sources)
    add_library(${target} STATIC ${sources})
    cairn_own_target(${target})
    target_link_libraries(${target} PRIVATE ${arg_PRIVATE})
    target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${arg_OPTIONS}>")
  else()
    set(scope INTERFACE)
    add_library(${target} INTERFACE)
  endif()
  target_link_libraries(${target} ${scope} ${arg_PUBLIC})
  target_compile_features(${target} ${scope} cxx_std_20)
  target_include_directories(
    ${target} ${scope} "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_options(${target} INTERFACE "$<BUILD_INTERFACE:${cairn_sanitize_options}>")
  # The examples too: what is not instrumented hides from ThreadSanitizer, or lies to it.
  target_compile_options(${target} INTERFACE "$<BUILD_INTERFACE:${cairn_sanitize_options}>")
  if(arg_EXPORT_NAME)
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${arg_EXPORT_NAME})
    add_library(cairn::${arg_EXPORT_NAME} ALIAS ${target})
  endif()
endfunction()

# cairn_add_protos(target): compiles the .proto files of src/wire into <build>/proto, to be included
# as "wire/<name>.pb.h". Generated code is not held to our warnings.
function(cairn_add_protos target)
  file(GLOB protos CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/wire/*.proto")
  get_target_property(type ${target} TYPE)
  if(NOT protos OR type STREQUAL "INTERFACE_LIBRARY")
    return()
  endif()
  set(out "${PROJECT_BINARY_DIR}/proto")
  file(MAKE_DIRECTORY "${out}")
  foreach(proto IN LISTS protos)
    cmake_path(GET proto STEM name)
    set(generated "${out}/wire/${name}.pb.cc")
    add_custom_command(
      OUTPUT "${generated}" "${out}/wire/${name}.pb.h"
      COMMAND protobuf::protoc "--cpp_out=${out}" "-I${PROJECT_SOURCE_DIR}/src" "${proto}"
      DEPENDS "${proto}" protobuf::protoc
      COMMENT "Generating wire/${name}.pb.h"
      VERBATIM)
    target_sources(${target} PRIVATE "${generated}")
    set_source_files_properties("${generated}" PROPERTIES COMPILE_OPTIONS -w)
  endforeach()
  target_include_directories(${target} SYSTEM PRIVATE "${out}")
endfunction()

# cairn_add_program(name): src/cli/<name>_main.cc, if it is there, becomes the program <name>.
function(cairn_add_program name)
  file(GLOB main CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/cli/${name}_main.cc")
  if(NOT main)
    return()
  endif()
  set(target cairn_program_${name})  # Target names are global; "cairn" alone may clash.
  add_executable(${target} ${main})
  cairn_own_target(${target})
  target_link_libraries(${target} PRIVATE cairn_cli)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY
                                             "${PROJECT_BINARY_DIR}/src/cli")
  set_property(GLOBAL APPEND PROPERTY CAIRN_PROGRAMS ${target})
endfunction()
