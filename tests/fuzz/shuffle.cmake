# SPDX-License-Identifier: Apache-2.0
tamis_fuzz_target(fuzz_data_frame LIBS tamis::shuffle tamis::base)
