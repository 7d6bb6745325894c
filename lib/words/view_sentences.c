/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences: those of UAX #29, and the count of RedPajama-V2. */
#include "sentence_rule.h"
#include "tamis/utf8.h"
#include "view.h"

tamis_status tamis_view_need_sentences(tamis_text_view *view, tamis_err *err)
{
    if (view->has_sentence_ends) {
        return TAMIS_OK;
    }
    tamis_buf_reset(&view->sentences);
    if (tamis_sentence_ends(view->text, &view->sentences) != TAMIS_OK) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the sentences of a text");
    }
    view->has_sentence_ends = true;
    return TAMIS_OK;
}

static size_t count_sentences(const tamis_text_view *view)
{
    const uint32_t *ends = (const uint32_t *)(const void *)view->sentences.data;
    const size_t end_count = view->sentences.size / sizeof(uint32_t);
    size_t begin = 0;
    size_t count = 0;

    for (size_t i = 0; i < end_count; i++) {
        tamis_slice sentence = tamis_slice_of(view->text.data + begin, ends[i] - begin);

        count += tamis_text_strip_left(sentence).size != 0 ? 1 : 0;
        begin = ends[i];
    }
    return count;
}

static bool is_mark(uint8_t byte)
{
    return byte == '.' || byte == '!' || byte == '?';
}

/* Matches of \b[^.!?]+[.!?]*, from left to right: each begins at a border of a word. */
static size_t count_end_marks(tamis_slice text)
{
    bool was_word = false;
    size_t count = 0;

    for (size_t i = 0; i < text.size;) {
        uint32_t c = 0;
        size_t length = tamis_utf8_decode(text.data + i, &c);
        bool is_word = (tamis_char_class(c) & TAMIS_CHAR_WORD) != 0;

        if (is_word == was_word || is_mark(text.data[i])) {
            was_word = is_word;
            i += length;
            continue;
        }
        count++;
        while (i < text.size && !is_mark(text.data[i])) {
            i++;
        }
        while (i < text.size && is_mark(text.data[i])) {
            i++;
        }
        was_word = false; /* a mark came last, or the text is over */
    }
    return count;
}

tamis_status tamis_text_view_sentences(tamis_text_view *view, tamis_sentence_count how,
                                       size_t *out_count, tamis_err *err)
{
    TAMIS_ASSERT(how == TAMIS_SENTENCES_ICU || how == TAMIS_SENTENCES_END_MARKS);
    if (!view->has_sentences[how]) {
        if (how == TAMIS_SENTENCES_ICU) {
            tamis_status status = tamis_view_need_sentences(view, err);

            if (status != TAMIS_OK) {
                return status;
            }
            view->sentence_counts[how] = count_sentences(view);
        } else {
            view->sentence_counts[how] = count_end_marks(view->text);
        }
        view->has_sentences[how] = true;
    }
    *out_count = view->sentence_counts[how];
    return TAMIS_OK;
}
