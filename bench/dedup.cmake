# SPDX-License-Identifier: Apache-2.0
foreach(name sketch bucket resolver)
  tamis_bench(bench_${name} SOURCES bench_${name}.c LIBS tamis::dedup tamis::base)
endforeach()
