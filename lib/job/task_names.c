/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/task.h"

#include "tamis/exchange.h"

const char *tamis_counter_name(tamis_counter counter)
{
    static const char *const names[TAMIS_COUNTER_COUNT] = {
#define TAMIS_COUNTER_TEXT(name, text) text,
        TAMIS_COUNTER_TABLE(TAMIS_COUNTER_TEXT)
#undef TAMIS_COUNTER_TEXT
    };

    TAMIS_ASSERT(counter < TAMIS_COUNTER_COUNT);
    return names[counter];
}

const char *tamis_result_file_name(tamis_result_file file)
{
    static const char *const names[TAMIS_RESULT_FILE_END] = {
        [TAMIS_RESULT_RUN] = TAMIS_RUN_NAME,           [TAMIS_RESULT_SPLITS] = TAMIS_SPLITS_NAME,
        [TAMIS_RESULT_KEPT] = TAMIS_KEPT_NAME,         [TAMIS_RESULT_CAPPED] = TAMIS_CAPPED_NAME,
        [TAMIS_RESULT_WANTED] = TAMIS_WANTED_NAME,     [TAMIS_RESULT_GRADES] = TAMIS_GRADES_FILE,
        [TAMIS_RESULT_VERDICTS] = TAMIS_VERDICTS_FILE,
    };

    return (unsigned)file < TAMIS_RESULT_FILE_END ? names[file] : NULL;
}

const char *tamis_verified_name(tamis_verified verified)
{
    static const char *const names[] = {
        [TAMIS_VERIFIED_EQUALITY] = "equality",
        [TAMIS_VERIFIED_SIGNATURE] = "signature",
        [TAMIS_VERIFIED_TEXT] = "text",
    };

    TAMIS_ASSERT(verified <= TAMIS_VERIFIED_TEXT);
    return names[verified];
}
