/* SPDX-License-Identifier: Apache-2.0 */
/* Any text, repaired: all signals can be computed; shares that count a part of a whole lie in 0..1;
 * asked for again one by one, in another order, they have the same bits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tamis/signals.h"
#include "tamis/utf8.h"
#include "tamis/words.h"

#define TEXT_BYTES_MAX 16384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_share(const double *values, const char *name)
{
    size_t index = 0;

    TAMIS_ASSERT(tamis_signal_find(name, &index));
    TAMIS_ASSERT(isnan(values[index]) || (values[index] >= 0 && values[index] <= 1));
}

static void check_all(tamis_signals *engine, tamis_text_view *view)
{
    double values[TAMIS_SIGNALS_MAX];
    double again[TAMIS_SIGNALS_MAX];
    uint64_t wanted[TAMIS_SIGNAL_WORDS] = {0};

    for (size_t i = 0; i < tamis_signal_count(); i++) {
        tamis_signal_bits_set(wanted, i);
    }
    tamis_signals_begin(engine, view);
    TAMIS_ASSERT(tamis_signals_compute(engine, wanted, values, NULL) == TAMIS_OK);
    check_share(values, "rps_doc_frac_chars_dupe_5grams");
    check_share(values, "gopher_dup_10gram");
    check_share(values, "dclm_dup_7gram");
    check_share(values, "datatrove_dup_line_frac");
    check_share(values, "fineweb_char_dup_ratio");
    check_share(values, "bigscience_character_repetition_ratio");
    tamis_signals_begin(engine, view);
    for (size_t i = tamis_signal_count(); i-- > 0;) {
        const tamis_signal_row *rows = NULL;
        uint64_t one[TAMIS_SIGNAL_WORDS] = {0};
        size_t count = 0;

        tamis_signal_bits_set(one, i);
        TAMIS_ASSERT(tamis_signals_compute(engine, one, again, NULL) == TAMIS_OK);
        TAMIS_ASSERT(isnan(values[i]) ? isnan(again[i]) : values[i] == again[i]);
        if (tamis_signal_get(i)->is_line) {
            TAMIS_ASSERT(tamis_signals_lines(engine, i, &rows, &count, NULL) == TAMIS_OK);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tamis_signals *engine; /* kept: what is left of one text must not reach the next */
    static tamis_text_view *view;
    tamis_buf bytes; /* with room behind them */
    tamis_buf text;

    if (size > TEXT_BYTES_MAX) {
        return 0;
    }
    if (engine == NULL) {
        TAMIS_ASSERT(tamis_signals_create(NULL, &engine, NULL) == TAMIS_OK);
        TAMIS_ASSERT(tamis_text_view_create(&view, NULL) == TAMIS_OK);
    }
    tamis_buf_init(&bytes, 0);
    tamis_buf_init(&text, 0);
    TAMIS_ASSERT(tamis_buf_reserve(&bytes, size + 1) == TAMIS_OK);
    TAMIS_ASSERT(tamis_buf_append(&bytes, data, size) == TAMIS_OK);
    TAMIS_ASSERT(tamis_buf_reserve(&text, 4 * size + 1) == TAMIS_OK);
    TAMIS_ASSERT(tamis_utf8_repair(tamis_buf_slice(&bytes), &text) == TAMIS_OK);
    tamis_text_view_set(view, tamis_buf_slice(&text));
    check_all(engine, view);
    tamis_buf_fini(&text);
    tamis_buf_fini(&bytes);
    return 0;
}
