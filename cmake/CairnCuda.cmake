# GPU kernels: src/kernels/cuda/*.cu. Sets CAIRN_CUDA_SOURCES, empty in a build for CPUs only.
# Included from the top CMakeLists.txt, because enable_language works on a whole project.

file(GLOB cairn_cu_files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/kernels/cuda/*.cu")
set(CAIRN_CUDA_SOURCES "")
if(NOT CAIRN_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "CAIRN_CUDA=${CAIRN_CUDA}: must be AUTO, ON or OFF")
endif()
if(CAIRN_CUDA STREQUAL "OFF")
  return()
endif()

# nvcc is often not on the PATH.
find_program(CAIRN_NVCC nvcc HINTS ENV CUDA_PATH /usr/local/cuda PATH_SUFFIXES bin)
mark_as_advanced(CAIRN_NVCC)
if(NOT CAIRN_NVCC)
  if(CAIRN_CUDA STREQUAL "ON")
    message(FATAL_ERROR "CAIRN_CUDA=ON, but nvcc was not found: install the CUDA toolkit, "
                        "set CUDA_PATH, or use CAIRN_CUDA=OFF")
  endif()
  return()
endif()
if(NOT cairn_cu_files)
  return()
endif()

if(NOT CMAKE_CUDA_COMPILER)
  set(CMAKE_CUDA_COMPILER "${CAIRN_NVCC}" CACHE FILEPATH "CUDA compiler")
endif()
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90)  # Native code for 8.x and 9.0, PTX for what follows.
endif()
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
  # CMake 3.25 knows nvcc's dialects up to C++17 only.
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
endif()
find_package(CUDAToolkit 12.0 REQUIRED)
set(CAIRN_CUDA_SOURCES ${cairn_cu_files})
