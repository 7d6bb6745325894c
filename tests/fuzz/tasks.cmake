# SPDX-License-Identifier: Apache-2.0
tamis_fuzz_target(fuzz_bits_file LIBS tamis::tasks)
tamis_fuzz_target(fuzz_split_result LIBS tamis::tasks)
