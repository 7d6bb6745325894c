# SPDX-License-Identifier: Apache-2.0
tamis_bench(bench_wire SOURCES bench_wire.c LIBS tamis::wire tamis::base)
