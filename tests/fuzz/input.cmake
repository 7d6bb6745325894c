# SPDX-License-Identifier: Apache-2.0
tamis_fuzz_target(fuzz_jsonl SOURCES fuzz_jsonl.c fuzz_reader.c LIBS tamis::input)
tamis_fuzz_target(fuzz_warc SOURCES fuzz_warc.c fuzz_reader.c LIBS tamis::input)
tamis_fuzz_target(fuzz_source SOURCES fuzz_source.c fuzz_reader.c LIBS tamis::input)
tamis_fuzz_target(fuzz_url LIBS tamis::input)
target_include_directories(fuzz_jsonl PRIVATE "${PROJECT_SOURCE_DIR}/lib/input")
