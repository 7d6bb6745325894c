# SPDX-License-Identifier: Apache-2.0
tamis_fuzz_target(fuzz_epoch_file LIBS tamis::worker)
