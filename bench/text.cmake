# SPDX-License-Identifier: Apache-2.0
if(TARGET tamis_dedup)
  tamis_bench(bench_text SOURCES bench_text.c LIBS tamis::dedup tamis::text)
endif()
