# SPDX-License-Identifier: Apache-2.0
tamis_fuzz_target(fuzz_epoch_file LIBS tamis::worker)
tamis_fuzz_target(fuzz_isolate LIBS tamis::attempt tamis::base)
target_include_directories(fuzz_isolate PRIVATE "${PROJECT_SOURCE_DIR}/worker")
