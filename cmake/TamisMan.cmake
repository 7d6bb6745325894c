# SPDX-License-Identifier: Apache-2.0
# Man pages come from the tables of options: every command prints its own (--print-man, see
# include/tamis/options.h), so that page, --help and what is accepted cannot part.

# tamis_man_page(tamis-run tamis run): page tamis-run.1 from `tamis run --print-man`.
function(tamis_man_page page target)
  set(file "${CMAKE_CURRENT_BINARY_DIR}/${page}.1")
  add_custom_command(
    OUTPUT "${file}"
    COMMAND "${CMAKE_COMMAND}" "-DOUTPUT=${file}" "-DPROGRAM=$<TARGET_FILE:${target}>" "-DARGUMENTS=${ARGN}"
            -P "${PROJECT_SOURCE_DIR}/cmake/print_man.cmake"
    DEPENDS ${target} "${PROJECT_SOURCE_DIR}/cmake/print_man.cmake"
    COMMENT "Writing ${page}.1"
    VERBATIM)
  set_property(GLOBAL APPEND PROPERTY TAMIS_MAN_PAGES "${file}")
endfunction()
