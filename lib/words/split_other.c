/* SPDX-License-Identifier: Apache-2.0 */
/* The splitters `fasttext` and `char-ngram`. */
#include "tamis/utf8.h"
#include "view.h"

/* What parts tokens of fastText, NUL and newline included. */
static bool is_fasttext_space(uint8_t byte)
{
    return byte == ' ' || byte == 0 || (byte >= '\t' && byte <= '\r');
}

tamis_status tamis_split_fasttext(tamis_text_view *view, tamis_word_store *store)
{
    const tamis_slice text = view->text;
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < text.size && status == TAMIS_OK;) {
        size_t begin = i;

        while (i < text.size && !is_fasttext_space(text.data[i])) {
            i++;
        }
        status = tamis_word_store_need_one(store);
        if (status == TAMIS_OK && i > begin) {
            tamis_word_store_add(store, begin, i, tamis_view_word_flags(view, begin, i));
            status = tamis_word_store_need_one(store);
        }
        if (status == TAMIS_OK && i < text.size && text.data[i] == '\n') {
            tamis_word_store_add(store, i, i + 1,
                                 TAMIS_WORD_LITERAL | TAMIS_WORD_END | TAMIS_WORD_ALPHA |
                                     TAMIS_WORD_ASCII_ALPHA);
        }
        i++;
    }
    return status;
}

/* All n-grams of one word. */
static tamis_status add_ngrams(const tamis_text_view *view, size_t begin, size_t end, uint32_t n,
                               tamis_word_store *store)
{
    const tamis_slice text = view->text;
    size_t last = begin; /* end of the n-gram */
    uint32_t c = 0;

    for (uint32_t i = 0; i < n && last < end; i++) {
        last += tamis_utf8_decode(text.data + last, &c);
    }
    for (;;) {
        tamis_status status = tamis_word_store_need_one(store);

        if (status != TAMIS_OK) {
            return status;
        }
        tamis_word_store_add(store, begin, last, tamis_view_word_flags(view, begin, last));
        if (last == end) {
            return TAMIS_OK;
        }
        begin += tamis_utf8_decode(text.data + begin, &c);
        last += tamis_utf8_decode(text.data + last, &c);
    }
}

tamis_status tamis_split_char_ngrams(tamis_text_view *view, const tamis_words *words,
                                     tamis_word_store *store)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < words->count && status == TAMIS_OK; i++) {
        status = add_ngrams(view, words->begin[i], words->end[i], view->ngram, store);
    }
    return status;
}
