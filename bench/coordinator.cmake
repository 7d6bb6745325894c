# SPDX-License-Identifier: Apache-2.0
# The jobs and tasks that do nothing are those of the tests.
if(TAMIS_TESTS)
  tamis_bench(bench_coordinator SOURCES bench_coordinator.c LIBS tamis::cluster tamis::fake_job)
  target_include_directories(bench_coordinator PRIVATE "${PROJECT_SOURCE_DIR}/coordinator")
endif()
