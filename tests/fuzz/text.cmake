# SPDX-License-Identifier: Apache-2.0
tamis_fuzz_target(fuzz_utf8 LIBS tamis::text)
if(TARGET tamis_dedup)
  tamis_fuzz_target(fuzz_analyzer LIBS tamis::dedup tamis::text)
endif()
