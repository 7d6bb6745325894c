# SPDX-License-Identifier: Apache-2.0
tamis_fuzz_target(fuzz_record_block LIBS tamis::store tamis::base)
