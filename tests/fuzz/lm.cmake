# SPDX-License-Identifier: Apache-2.0
tamis_fuzz_target(fuzz_lm_arpa SOURCES fuzz_lm_arpa.c LIBS tamis::lm)
tamis_fuzz_target(fuzz_lm_kenlm SOURCES fuzz_lm_kenlm.c LIBS tamis::lm)
tamis_fuzz_target(fuzz_lm_own SOURCES fuzz_lm_own.c LIBS tamis::lm)
