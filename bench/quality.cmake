# SPDX-License-Identifier: Apache-2.0
tamis_bench(quality_print SOURCES quality_print.c LIBS tamis::quality tamis::base)
