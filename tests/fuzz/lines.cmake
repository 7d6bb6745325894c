# SPDX-License-Identifier: Apache-2.0
tamis_fuzz_target(fuzz_text_edit LIBS tamis::lines)
tamis_fuzz_target(fuzz_line_rules LIBS tamis::lines tamis::text)
