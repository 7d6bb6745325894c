# SPDX-License-Identifier: Apache-2.0
tamis_bench(bench_language SOURCES bench_language.c LIBS tamis::language)
