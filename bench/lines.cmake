# SPDX-License-Identifier: Apache-2.0
tamis_bench(bench_lines
  SOURCES bench_lines.c "${PROJECT_SOURCE_DIR}/tests/unit/lines/golden_lines.c"
  LIBS tamis::lines PkgConfig::JANSSON PkgConfig::ZSTD)
target_include_directories(bench_lines PRIVATE "${PROJECT_SOURCE_DIR}/tests/unit/lines")
