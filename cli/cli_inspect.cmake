# SPDX-License-Identifier: Apache-2.0
# The commands that look at a result: explain, sample, preview; and plan, which looks ahead.
set(TAMIS_CLI_INSPECT_SOURCES
  cmd_explain.c
  cmd_plan.c
  cmd_preview.c
  cmd_sample.c
  estimate.c
  estimate_model.c
  estimate_sample.c
  explain.c
  explain_print.c
  preview.c
  preview_print.c
  row_copy.c
  sample.c
  sample_print.c
  text_out.c
  word_diff.c)
