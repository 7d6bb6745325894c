# SPDX-License-Identifier: Apache-2.0
tamis_fuzz_target(fuzz_run_file LIBS tamis::runs)
