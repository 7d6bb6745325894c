# SPDX-License-Identifier: Apache-2.0
tamis_fuzz_target(fuzz_profile LIBS tamis::quality tamis::base)
target_include_directories(fuzz_profile PRIVATE "${PROJECT_SOURCE_DIR}/lib/quality")
