# SPDX-License-Identifier: Apache-2.0
tamis_bench(bench_lm SOURCES bench_lm.c LIBS tamis::lm)
