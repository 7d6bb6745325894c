# SPDX-License-Identifier: Apache-2.0
tamis_bench(bench_golden
  SOURCES bench_golden.c "${PROJECT_SOURCE_DIR}/tests/golden/signals/golden_signals.c"
  LIBS tamis::signals PkgConfig::ZSTD m)
target_include_directories(bench_golden PRIVATE "${PROJECT_SOURCE_DIR}/tests/golden/signals")
tamis_bench(bench_signals SOURCES bench_signals.c LIBS tamis::signals)
