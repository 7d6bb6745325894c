# SPDX-License-Identifier: Apache-2.0
tamis_fuzz_target(fuzz_words SOURCES fuzz_words.c ../unit/words/reference_words.c LIBS tamis::words)
target_include_directories(fuzz_words PRIVATE
  "${PROJECT_SOURCE_DIR}/tests/unit/words" "${PROJECT_SOURCE_DIR}/lib/words")
