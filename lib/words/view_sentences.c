/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences: those of ICU, and the count of RedPajama-V2. */
#include "view.h"

#include <unicode/ubrk.h>
#include <unicode/utext.h>

#include "char_tables.h"
#include "tamis/utf8.h"
#include "view.h"

/* English with its list of abbreviations that end no sentence. */
static const char locale[] = "en@ss=standard";

static tamis_status fail(tamis_err *err, UErrorCode code)
{
    if (code == U_MEMORY_ALLOCATION_ERROR) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the sentences of a text");
    }
    return tamis_err_set(err, TAMIS_EUNSUPPORTED,
                         "ICU finds no sentences (%s): install its data for English",
                         u_errorName(code));
}

/* A copy of the text with a space for each CR and LF: in ICU each ends a sentence, in Punkt none
 * does. */
static tamis_status copy_text(tamis_text_view *view)
{
    tamis_status status = TAMIS_OK;

    tamis_buf_reset(&view->flat);
    status = tamis_buf_append(&view->flat, view->text.data, view->text.size);
    for (size_t i = 0; i < view->flat.size; i++) {
        const uint8_t byte = view->flat.data[i];

        view->flat.data[i] = byte == '\n' || byte == '\r' ? ' ' : byte;
    }
    return status;
}

static tamis_status collect(tamis_text_view *view)
{
    tamis_status status = TAMIS_OK;

    for (int32_t end = ubrk_next(view->breaks); end != UBRK_DONE && status == TAMIS_OK;
         end = ubrk_next(view->breaks)) {
        const uint32_t offset = (uint32_t)end;

        status = tamis_buf_append(&view->sentences, &offset, sizeof(offset));
    }
    return status;
}

tamis_status tamis_view_need_sentences(tamis_text_view *view, tamis_err *err)
{
    UErrorCode code = U_ZERO_ERROR;
    UText *text = NULL;
    tamis_status status = TAMIS_OK;

    if (view->has_sentence_ends) {
        return TAMIS_OK;
    }
    if (view->text.size > INT32_MAX) {
        return tamis_err_set(err, TAMIS_EUNSUPPORTED,
                             "a text of %zu bytes is too long for sentences: at most 2 GiB",
                             view->text.size);
    }
    tamis_buf_reset(&view->sentences);
    if (copy_text(view) != TAMIS_OK) {
        return fail(err, U_MEMORY_ALLOCATION_ERROR);
    }
    if (view->breaks == NULL) {
        view->breaks = ubrk_open(UBRK_SENTENCE, locale, NULL, 0, &code);
    }
    if (U_SUCCESS(code)) {
        text = utext_openUTF8(NULL, (const char *)view->flat.data, (int64_t)view->flat.size, &code);
    }
    if (U_SUCCESS(code)) {
        ubrk_setUText(view->breaks, text, &code);
    }
    if (U_SUCCESS(code)) {
        status = collect(view);
        /* The iterator keeps a clone of the text, which must not outlive this call. */
        ubrk_setText(view->breaks, NULL, 0, &code);
    }
    utext_close(text);
    if (U_FAILURE(code)) {
        return fail(err, code);
    }
    if (status != TAMIS_OK) {
        return fail(err, U_MEMORY_ALLOCATION_ERROR);
    }
    view->has_sentence_ends = true;
    return TAMIS_OK;
}

void tamis_view_close_sentences(tamis_text_view *view)
{
    if (view->breaks != NULL) {
        ubrk_close(view->breaks);
    }
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
