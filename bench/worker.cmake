# SPDX-License-Identifier: Apache-2.0
if(TARGET tamis_test_support)
  tamis_bench(bench_stages SOURCES bench_stages.c
    LIBS tamis::test_support tamis::worker_tasks tamis::local_tasks tamis::input tamis::dedup tamis::job)
endif()
