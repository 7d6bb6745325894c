# SPDX-License-Identifier: Apache-2.0
# What is installed: the programs (by their own folders), man pages (docs/man), documents, and the pure core as one
# static library, libtamis, for programs that normalize, shingle and sketch texts exactly as tamis does. Its headers
# are those named here; the rest of include/tamis is not for use from outside.
include(CMakePackageConfigHelpers)

set(TAMIS_INSTALLED_HEADERS
  analyzer.h buf.h cpu.h hash.h job.h normalizer.h ord.h sketch.h slice.h status.h tokens.h utf8.h)

add_library(libtamis STATIC
  $<TARGET_OBJECTS:tamis_base> $<TARGET_OBJECTS:tamis_job> $<TARGET_OBJECTS:tamis_text>
  $<TARGET_OBJECTS:tamis_dedup>)
set_target_properties(libtamis PROPERTIES OUTPUT_NAME tamis EXPORT_NAME tamis LINKER_LANGUAGE C)
target_link_libraries(libtamis PRIVATE PkgConfig::XXHASH PkgConfig::UTF8PROC Threads::Threads)
target_include_directories(libtamis INTERFACE "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")

list(TRANSFORM TAMIS_INSTALLED_HEADERS PREPEND "${PROJECT_SOURCE_DIR}/include/tamis/")
install(FILES ${TAMIS_INSTALLED_HEADERS} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/tamis")
install(TARGETS libtamis EXPORT tamis-targets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")

set(package "${CMAKE_INSTALL_LIBDIR}/cmake/tamis")
install(EXPORT tamis-targets NAMESPACE tamis:: DESTINATION "${package}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/tamis-config.cmake.in"
  "${PROJECT_BINARY_DIR}/tamis-config.cmake" INSTALL_DESTINATION "${package}")
# Before 1.0.0 a minor version may change the interface.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/tamis-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/tamis-config.cmake" "${PROJECT_BINARY_DIR}/tamis-config-version.cmake"
  DESTINATION "${package}")

file(RELATIVE_PATH TAMIS_PC_TO_PREFIX "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
configure_file("${PROJECT_SOURCE_DIR}/cmake/tamis.pc.in" "${PROJECT_BINARY_DIR}/tamis.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/tamis.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/README.md" "${PROJECT_SOURCE_DIR}/CHANGELOG.md"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/docs/" DESTINATION "${CMAKE_INSTALL_DOCDIR}"
  FILES_MATCHING PATTERN "*.md" PATTERN "man" EXCLUDE)
