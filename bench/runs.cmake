# SPDX-License-Identifier: Apache-2.0
tamis_bench(bench_runs SOURCES bench_runs.c LIBS tamis::runs)
