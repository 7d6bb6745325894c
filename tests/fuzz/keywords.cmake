# SPDX-License-Identifier: Apache-2.0
tamis_fuzz_target(fuzz_keywords LIBS tamis::keywords tamis::text)
tamis_fuzz_target(fuzz_url_lists LIBS tamis::keywords)
