# SPDX-License-Identifier: Apache-2.0
tamis_bench(bench_shuffle SOURCES bench_shuffle.c LIBS tamis::shuffle tamis::runs tamis::net tamis::job tamis::base)
