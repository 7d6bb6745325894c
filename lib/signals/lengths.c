/* SPDX-License-Identifier: Apache-2.0 */
/* Lengths of the text, data-juicer's ratios of characters and lines, sentences. */
#include "engine.h"
#include "lines.h"

tamis_status tamis_run_lengths(tamis_signals *engine, tamis_err *err)
{
    double *values = engine->values;
    tamis_slice stripped = tamis_line_strip(engine->text);
    const tamis_marks *marks = NULL;
    size_t chars = 0;
    size_t cut = 0; /* bytes and code points of white space at both ends */
    tamis_status status = tamis_text_view_chars(engine->view, &chars, err);

    if (status == TAMIS_OK) {
        status = tamis_engine_marks(engine, &marks, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    if (stripped.size != engine->text.size) {
        size_t left =
            stripped.size == 0 ? engine->text.size : (size_t)(stripped.data - engine->text.data);
        size_t right = engine->text.size - left - stripped.size;

        cut = tamis_text_chars(tamis_slice_of(engine->text.data, left)) +
              tamis_text_chars(tamis_slice_of(engine->text.data + left + stripped.size, right));
    }
    values[SIG_ccnet_length] = (double)chars;
    values[SIG_ccnet_original_length] = (double)chars;
    values[SIG_ccnet_nlines] = (double)(marks->newlines + 1);
    values[SIG_ccnet_original_nlines] = (double)(marks->newlines + 1);
    values[SIG_dolma_char_length] = (double)chars;
    values[SIG_dolma_char_length_no_ws] = (double)(chars - cut);
    values[SIG_dolma_bytes_length] = (double)engine->text.size;
    values[SIG_dclm_n_chars] = (double)chars;
    values[SIG_data_juicer_text_length] = (double)chars;
    return TAMIS_OK;
}

tamis_status tamis_run_sentences(tamis_signals *engine, tamis_err *err)
{
    size_t count = 0;
    tamis_status status = tamis_text_view_sentences(engine->view, TAMIS_SENTENCES_ICU, &count, err);

    if (status == TAMIS_OK) {
        engine->values[SIG_dclm_n_sentences] = (double)count;
    }
    return status;
}
