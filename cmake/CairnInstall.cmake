# What users get: public headers, static libraries, a CMake package, a pkg-config file, programs.
include(CMakePackageConfigHelpers)

set(cairn_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/cairn")
# From the top of the link graph down: the order in which a linker wants static libraries.
set(cairn_folders cluster train coordinator worker server sharding transport kernels wire base)
list(TRANSFORM cairn_folders PREPEND cairn_ OUTPUT_VARIABLE cairn_libraries)

set(cairn_exported ${cairn_libraries} cairn_train_api)
if(CAIRN_HAS_MPI)
  list(APPEND cairn_exported cairn_mpi)
endif()
install(
  TARGETS ${cairn_exported}
  EXPORT cairnTargets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
get_property(cairn_programs GLOBAL PROPERTY CAIRN_PROGRAMS)
if(cairn_programs)
  install(TARGETS ${cairn_programs} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
# Manual pages and completion scripts: the program writes them from its option tables.
if(TARGET cairn_program_cairn AND NOT CMAKE_CROSSCOMPILING)
  set(cairn_share "${PROJECT_BINARY_DIR}/share")
  add_custom_command(
    OUTPUT "${cairn_share}/cairn.bash" "${cairn_share}/_cairn" "${cairn_share}/cairn.fish"
    COMMAND cairn_program_cairn help --man "${cairn_share}/man1"
    COMMAND cairn_program_cairn completion bash > "${cairn_share}/cairn.bash"
    COMMAND cairn_program_cairn completion zsh > "${cairn_share}/_cairn"
    COMMAND cairn_program_cairn completion fish > "${cairn_share}/cairn.fish"
    DEPENDS cairn_program_cairn
    COMMENT "Writing manual pages and completions"
    VERBATIM)
  add_custom_target(cairn_manual ALL DEPENDS "${cairn_share}/cairn.bash")
  install(DIRECTORY "${cairn_share}/man1" DESTINATION "${CMAKE_INSTALL_MANDIR}")
  set(cairn_bash_dir "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
  install(FILES "${cairn_share}/cairn.bash" DESTINATION "${cairn_bash_dir}" RENAME cairn)
  foreach(program ps_server ps_worker ps_coordinator)  # bash looks them up by their own names.
    if(TARGET cairn_program_${program})
      install(FILES "${cairn_share}/cairn.bash" DESTINATION "${cairn_bash_dir}" RENAME ${program})
    endif()
  endforeach()
  install(FILES "${cairn_share}/_cairn" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
  install(FILES "${cairn_share}/cairn.fish"
          DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
endif()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/cairn" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.h")
install(EXPORT cairnTargets NAMESPACE cairn:: DESTINATION "${cairn_package_dir}")

set(cairn_has_cuda OFF)
if(CAIRN_CUDA_SOURCES)
  set(cairn_has_cuda ON)
endif()
configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/cairnConfig.cmake.in" "${PROJECT_BINARY_DIR}/cairnConfig.cmake"
  INSTALL_DESTINATION "${cairn_package_dir}" NO_SET_AND_CHECK_MACRO)
# Before 1.0 a new minor version may break the interface.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/cairnConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/cairnConfig.cmake"
              "${PROJECT_BINARY_DIR}/cairnConfigVersion.cmake" DESTINATION "${cairn_package_dir}")

set(cairn_pc_libs "")
foreach(library IN LISTS cairn_libraries)
  get_target_property(type ${library} TYPE)
  if(type STREQUAL "STATIC_LIBRARY")
    string(APPEND cairn_pc_libs " -l${library}")
  endif()
endforeach()
if(CAIRN_CUDA_SOURCES)
  string(APPEND cairn_pc_libs " -L${CUDAToolkit_LIBRARY_DIR} -lcudart_static -lrt -ldl")
endif()
# Relative to where the file lies, so that an installed tree can be moved.
file(RELATIVE_PATH cairn_pc_to_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file("${PROJECT_SOURCE_DIR}/cmake/cairn.pc.in" "${PROJECT_BINARY_DIR}/cairn.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/cairn.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
