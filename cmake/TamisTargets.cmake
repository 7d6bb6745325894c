# SPDX-License-Identifier: Apache-2.0
# tamis_library(NAME SOURCES... ), tamis_program, tamis_test: one place for standards, warnings, hardening.

add_library(tamis_build_flags INTERFACE)
target_include_directories(tamis_build_flags INTERFACE "${PROJECT_SOURCE_DIR}/include")
target_compile_definitions(tamis_build_flags INTERFACE
  _GNU_SOURCE "TAMIS_VERSION=\"${PROJECT_VERSION}\"")
# Contraction would let one machine fuse a multiply-add that another does not: no float decides a
# verdict, but printed figures must be equal too.
target_compile_options(tamis_build_flags INTERFACE
  -ffp-contract=off -fno-omit-frame-pointer -fstack-protector-strong
  $<$<CONFIG:Release>:-O3>)
if(NOT TAMIS_SANITIZE)
  target_compile_options(tamis_build_flags INTERFACE $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
endif()
target_link_options(tamis_build_flags INTERFACE -Wl,-z,relro -Wl,-z,now)
if(NOT TAMIS_SANITIZE AND NOT TAMIS_FUZZ)
  # What the shims instantiate of std:: stays inside: a weak symbol that a program exports would serve
  # RocksDB in place of its own. (What a sanitizer's runtime exports is meant to serve everybody.)
  target_link_options(tamis_build_flags INTERFACE -Wl,--exclude-libs,ALL)
endif()
if(TAMIS_SANITIZE)
  target_compile_options(tamis_build_flags INTERFACE -fsanitize=${TAMIS_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(tamis_build_flags INTERFACE -fsanitize=${TAMIS_SANITIZE})
endif()

if(TAMIS_FUZZ)
  # The libraries too: coverage of the code under test is what guides libFuzzer.
  target_compile_options(tamis_build_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(tamis_build_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

add_library(tamis_warnings INTERFACE)
target_compile_options(tamis_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:C>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
    -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef -Wcast-align -Wcast-qual
    -Wwrite-strings -Wswitch-enum -Wimplicit-fallthrough -Wpointer-arith -Wdouble-promotion>
  $<$<BOOL:${TAMIS_WERROR}>:-Werror>)

function(tamis_target_defaults target)
  set_target_properties(${target} PROPERTIES
    C_STANDARD 17 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
    CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
    C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(${target} PRIVATE tamis_build_flags tamis_warnings)
endfunction()

# tamis_library(dedup a.c b.c): static library tamis_dedup, alias tamis::dedup.
function(tamis_library name)
  add_library(tamis_${name} STATIC ${ARGN})
  add_library(tamis::${name} ALIAS tamis_${name})
  target_include_directories(tamis_${name} PUBLIC "${PROJECT_SOURCE_DIR}/include")
  tamis_target_defaults(tamis_${name})
endfunction()

function(tamis_program name)
  add_executable(${name} ${ARGN})
  tamis_target_defaults(${name})
endfunction()

# tamis_unit_test(test_lease_table SOURCES test_lease_table.c LIBS tamis::coordinator LABELS unit)
function(tamis_unit_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS;LABELS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  tamis_target_defaults(${name})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} PkgConfig::CMOCKA)
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT 300)
endfunction()
