# SPDX-License-Identifier: Apache-2.0
tamis_bench(words_print SOURCES words_print.c LIBS tamis::words)
tamis_bench(bench_words SOURCES bench_words.c LIBS tamis::words)
