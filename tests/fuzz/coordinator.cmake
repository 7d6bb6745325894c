# SPDX-License-Identifier: Apache-2.0
tamis_fuzz_target(fuzz_ledger LIBS tamis::coordinator tamis::wire tamis::base)
