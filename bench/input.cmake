# SPDX-License-Identifier: Apache-2.0
tamis_bench(bench_reader SOURCES bench_reader.c LIBS tamis::input PkgConfig::ZSTD PkgConfig::ISAL)
target_include_directories(bench_reader PRIVATE "${PROJECT_SOURCE_DIR}/lib/input")
