# SPDX-License-Identifier: Apache-2.0
tamis_bench(bench_pii SOURCES bench_pii.c LIBS tamis::pii tamis::text)
