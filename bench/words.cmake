# SPDX-License-Identifier: Apache-2.0
tamis_bench(words_print SOURCES words_print.c LIBS tamis::words)
