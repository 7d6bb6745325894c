# SPDX-License-Identifier: Apache-2.0
tamis_fuzz_target(fuzz_signals LIBS tamis::signals m)
