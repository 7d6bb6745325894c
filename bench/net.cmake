# SPDX-License-Identifier: Apache-2.0
tamis_bench(bench_net SOURCES bench_net.c LIBS tamis::net tamis::base Threads::Threads)
