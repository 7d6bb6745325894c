# SPDX-License-Identifier: Apache-2.0
tamis_bench(bench_keywords SOURCES bench_keywords.c LIBS tamis::keywords tamis::text)
