# SPDX-License-Identifier: Apache-2.0
# cmake -DOUTPUT=FILE -DPROGRAM=FILE -DARGUMENTS=LIST -P print_man.cmake: what PROGRAM says of itself, in OUTPUT.
execute_process(COMMAND "${PROGRAM}" ${ARGUMENTS} --print-man
                OUTPUT_FILE "${OUTPUT}.part" ERROR_VARIABLE errors RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  file(REMOVE "${OUTPUT}.part")
  message(FATAL_ERROR "${PROGRAM} ${ARGUMENTS} --print-man failed (${code}): ${errors}")
endif()
file(RENAME "${OUTPUT}.part" "${OUTPUT}")
