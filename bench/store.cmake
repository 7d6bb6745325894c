# SPDX-License-Identifier: Apache-2.0
tamis_bench(bench_records SOURCES bench_records.c LIBS tamis::store tamis::base)
