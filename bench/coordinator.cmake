# SPDX-License-Identifier: Apache-2.0
# The jobs and tasks that do nothing are those of the tests.
if(TAMIS_TESTS)
  tamis_bench(bench_coordinator SOURCES bench_coordinator.c LIBS tamis::cluster tamis::fake_job)
  target_include_directories(bench_coordinator PRIVATE "${PROJECT_SOURCE_DIR}/coordinator")
endif()
tamis_bench(bench_control SOURCES bench_control.c zmtp_peers.c LIBS tamis::cluster tamis::tasks)
target_include_directories(bench_control PRIVATE "${PROJECT_SOURCE_DIR}/coordinator")
target_link_options(bench_control PRIVATE "LINKER:--wrap=tamis_ledger_commit")
