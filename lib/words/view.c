/* SPDX-License-Identifier: Apache-2.0 */
#include "view.h"

#include <stdlib.h>

#include "tamis/utf8.h"
#include "treebank.h"
#include "word_vector.h"

static const char *const splitter_names[TAMIS_SPLITTER_COUNT] = {
    [TAMIS_SPLITTER_WS] = "ws",
    [TAMIS_SPLITTER_WORDPUNCT] = "wordpunct",
    [TAMIS_SPLITTER_UAX29] = "uax29",
    [TAMIS_SPLITTER_UAX29_ALNUM] = "uax29-alnum",
    [TAMIS_SPLITTER_TREEBANK] = "treebank",
    [TAMIS_SPLITTER_TREEBANK_SENTENCES] = "treebank-sentences",
    [TAMIS_SPLITTER_FASTTEXT] = "fasttext",
    [TAMIS_SPLITTER_CHAR_NGRAM] = "char-ngram",
};

const char *tamis_splitter_name(tamis_splitter splitter)
{
    TAMIS_ASSERT(splitter < TAMIS_SPLITTER_COUNT);
    return splitter_names[splitter];
}

/* What kernels read behind an empty text. */
static const uint8_t nothing[TAMIS_BUF_SLACK];

bool tamis_splitter_find(const char *name, tamis_splitter *out_splitter)
{
    for (unsigned i = 0; i < TAMIS_SPLITTER_COUNT; i++) {
        if (strcmp(splitter_names[i], name) == 0) {
            *out_splitter = (tamis_splitter)i;
            return true;
        }
    }
    return false;
}

/* The buffers of a view, one after the other, for _create and _destroy. */
static void each_buffer(tamis_text_view *view, void (*body)(tamis_buf *buf))
{
    body(&view->masks);
    body(&view->before);
    body(&view->lower);
    body(&view->sentences);
    body(&view->treebank.memory[0]);
    body(&view->treebank.memory[1]);
    body(&view->treebank.memory[2]);
    for (unsigned i = 0; i < TAMIS_SPLITTER_COUNT; i++) {
        body(&view->words[i].begin);
        body(&view->words[i].end);
        body(&view->words[i].chars);
        body(&view->words[i].flags);
    }
    for (unsigned i = 0; i < TAMIS_LINES_SPLIT_COUNT; i++) {
        body(&view->lines[i].begin);
        body(&view->lines[i].end);
        body(&view->lines[i].next);
        body(&view->lines[i].chars);
    }
}

static void buffer_init(tamis_buf *buf)
{
    tamis_buf_init(buf, 0);
}

tamis_status tamis_text_view_create(tamis_text_view **out_view, tamis_err *err)
{
    tamis_text_view *view = calloc(1, sizeof(*view));

    if (view == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a view of a text");
    }
    each_buffer(view, buffer_init);
    view->kernel = tamis_kernel_best();
    view->fill = tamis_masks_kernel(view->kernel);
    view->split_runs = tamis_runs_kernel(view->kernel);
    view->add_masks = tamis_totals_kernel(view->kernel);
    view->ngram = 2;
    tamis_text_view_set(view, tamis_slice_of(NULL, 0));
    *out_view = view;
    return TAMIS_OK;
}

void tamis_text_view_destroy(tamis_text_view *view)
{
    if (view != NULL) {
        each_buffer(view, tamis_buf_fini);
        free(view);
    }
}

void tamis_text_view_set(tamis_text_view *view, tamis_slice text)
{
    TAMIS_ASSERT(text.size < UINT32_MAX);
    view->text = text.size != 0 ? text : tamis_slice_of(nothing, 0);
    for (unsigned i = 0; i < TAMIS_SPLITTER_COUNT; i++) {
        view->words[i].is_ready = false;
    }
    for (unsigned i = 0; i < TAMIS_LINES_SPLIT_COUNT; i++) {
        view->lines[i].is_ready = false;
    }
    view->has_chars = false;
    view->has_masks = false;
    view->has_before = false;
    view->has_totals = false;
    view->has_lower = false;
    view->has_sentences[0] = false;
    view->has_sentences[1] = false;
    view->has_sentence_ends = false;
}

tamis_slice tamis_text_view_text(const tamis_text_view *view)
{
    return view->text;
}

tamis_status tamis_view_need_masks(tamis_text_view *view)
{
    tamis_status status = TAMIS_OK;

    if (view->has_masks) {
        return TAMIS_OK;
    }
    tamis_buf_reset(&view->masks);
    status = tamis_buf_reserve(&view->masks, tamis_block_count(view) * sizeof(tamis_masks));
    if (status == TAMIS_OK) {
        view->chars =
            view->fill(view->text.data, view->text.size, (tamis_masks *)(void *)view->masks.data);
        view->has_chars = true;
        view->has_masks = true;
    }
    return status;
}

tamis_status tamis_view_need_before(tamis_text_view *view)
{
    const size_t count = tamis_block_count(view);
    uint32_t sum = 0;
    tamis_status status = TAMIS_OK;

    if (view->has_before) {
        return TAMIS_OK;
    }
    tamis_buf_reset(&view->before);
    status = tamis_view_need_masks(view);
    if (status == TAMIS_OK && view->chars == view->text.size) {
        view->has_before = true;
        return TAMIS_OK;
    }
    if (status == TAMIS_OK) {
        status = tamis_buf_reserve(&view->before, count * sizeof(uint32_t));
    }
    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        tamis_numbers_of(&view->before)[i] = sum;
        sum += (uint32_t)__builtin_popcountll(tamis_masks_of(view)[i].lead);
    }
    view->before.size = count * sizeof(uint32_t);
    view->has_before = true;
    return TAMIS_OK;
}

static tamis_status out_of_memory(tamis_err *err)
{
    return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the words and lines of a text");
}

tamis_status tamis_text_view_chars(tamis_text_view *view, size_t *out_chars, tamis_err *err)
{
    (void)err; /* this count cannot fail; another way of counting may */
    if (!view->has_chars) {
        view->chars = tamis_text_chars(view->text);
        view->has_chars = true;
    }
    *out_chars = view->chars;
    return TAMIS_OK;
}

tamis_status tamis_text_view_char_offset(tamis_text_view *view, size_t offset, size_t *out_chars,
                                         tamis_err *err)
{
    TAMIS_ASSERT(offset <= view->text.size);
    if (tamis_view_need_before(view) != TAMIS_OK) {
        return out_of_memory(err);
    }
    *out_chars = tamis_view_offset(view, offset);
    return TAMIS_OK;
}

void tamis_text_view_set_char_ngram(tamis_text_view *view, uint32_t n)
{
    TAMIS_ASSERT(n >= 1 && n <= TAMIS_CHAR_NGRAM_MAX);
    view->words[TAMIS_SPLITTER_CHAR_NGRAM].is_ready = false;
    view->ngram = n;
}

tamis_status tamis_word_store_reserve(tamis_word_store *store)
{
    /* The flags come last: their capacity says what all have. */
    const size_t want = (store->count + store->count / 2 + TAMIS_WORDS_ROOM) * sizeof(uint32_t);
    tamis_status status = tamis_buf_reserve(&store->begin, want);

    if (status == TAMIS_OK) {
        status = tamis_buf_reserve(&store->end, want);
    }
    if (status == TAMIS_OK) {
        status = tamis_buf_reserve(&store->chars, want);
    }
    if (status == TAMIS_OK) {
        status = tamis_buf_reserve(&store->flags, want / sizeof(uint32_t));
    }
    return status;
}

TAMIS_ALWAYS_INLINE void count_ranges(const tamis_text_view *view, const uint32_t *begin,
                                      const uint32_t *end, size_t count, uint32_t *out)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = (uint32_t)(tamis_view_offset(view, end[i]) - tamis_view_offset(view, begin[i]));
    }
}

#if TAMIS_HAVE_X86

/* The baseline processor has no instruction that counts bits. */
TAMIS_TARGET_AVX2 static void count_ranges_avx2(const tamis_text_view *view, const uint32_t *begin,
                                                const uint32_t *end, size_t count, uint32_t *out)
{
    count_ranges(view, begin, end, count, out);
}

#endif

void tamis_view_count_chars(const tamis_text_view *view, const uint32_t *begin, const uint32_t *end,
                            size_t count, uint32_t *out)
{
#if TAMIS_HAVE_X86
    if (view->kernel != TAMIS_KERNEL_SCALAR) {
        count_ranges_avx2(view, begin, end, count, out);
        return;
    }
#endif
    count_ranges(view, begin, end, count, out);
}

/* Code points of each word, from the bytes that it has; of literals from their text. */
static void count_chars(const tamis_text_view *view, tamis_word_store *store, bool has_literals)
{
    const uint32_t *begin = tamis_numbers_of(&store->begin);
    const uint32_t *end = tamis_numbers_of(&store->end);
    uint32_t *chars = tamis_numbers_of(&store->chars);

    if (view->before.size == 0) {
        for (size_t i = 0; i < store->count; i++) {
            chars[i] = end[i] - begin[i];
        }
    } else {
        tamis_view_count_chars(view, begin, end, store->count, chars);
    }
    for (size_t i = 0; has_literals && i < store->count; i++) {
        const uint32_t flags = store->flags.data[i];

        if ((flags & TAMIS_WORD_LITERAL) != 0) {
            chars[i] = (flags & TAMIS_WORD_END) != 0 ? 4 : 2;
        }
    }
}

/* Treebank rules on each line of bytes from..to. NLTK's sentences carry no white space around them;
 * of Punkt's sentences only the end matters, where a period is cut off: a line that ends with one
 * is taken for the end of a sentence. */
static tamis_status split_sentence(tamis_text_view *view, const tamis_words *words, size_t from,
                                   size_t to, size_t *next_word, tamis_word_store *store)
{
    tamis_status status = TAMIS_OK;

    while (from < to && status == TAMIS_OK) {
        const uint8_t *newline = memchr(view->text.data + from, '\n', to - from);
        const size_t end = newline != NULL ? (size_t)(newline - view->text.data) + 1 : to;
        tamis_slice part = tamis_text_strip(tamis_slice_of(view->text.data + from, end - from));
        const size_t begin = (size_t)(part.data - view->text.data);

        status = tamis_treebank_split(view, words, begin, begin + part.size, next_word, store);
        from = end;
    }
    return status;
}

static tamis_status split_treebank(tamis_text_view *view, bool is_by_sentence,
                                   tamis_word_store *store, tamis_err *err)
{
    const uint32_t *ends = NULL;
    size_t end_count = 0;
    size_t next_word = 0;
    size_t begin = 0;
    tamis_words words;
    tamis_status status = tamis_text_view_words(view, TAMIS_SPLITTER_WS, &words, err);

    if (status != TAMIS_OK || !is_by_sentence) {
        return status != TAMIS_OK
                   ? status
                   : tamis_treebank_split(view, &words, 0, view->text.size, &next_word, store);
    }
    status = tamis_view_need_sentences(view, err);
    ends = (const uint32_t *)(const void *)view->sentences.data;
    end_count = view->sentences.size / sizeof(uint32_t);
    for (size_t i = 0; i < end_count && status == TAMIS_OK; i++) {
        status = split_sentence(view, &words, begin, ends[i], &next_word, store);
        begin = ends[i];
    }
    return status;
}

static tamis_status split(tamis_text_view *view, tamis_splitter splitter, tamis_word_store *store,
                          tamis_err *err)
{
    tamis_words words;
    tamis_status status = TAMIS_OK;

    switch (splitter) {
    case TAMIS_SPLITTER_UAX29:
    case TAMIS_SPLITTER_UAX29_ALNUM:
        return tamis_split_uax29(view, splitter == TAMIS_SPLITTER_UAX29_ALNUM, store);
    case TAMIS_SPLITTER_TREEBANK:
    case TAMIS_SPLITTER_TREEBANK_SENTENCES:
        return split_treebank(view, splitter == TAMIS_SPLITTER_TREEBANK_SENTENCES, store, err);
    case TAMIS_SPLITTER_FASTTEXT:
        return tamis_split_fasttext(view, store);
    case TAMIS_SPLITTER_CHAR_NGRAM:
        status = tamis_text_view_words(view, TAMIS_SPLITTER_WS, &words, err);
        return status == TAMIS_OK ? tamis_split_char_ngrams(view, &words, store) : status;
    case TAMIS_SPLITTER_WS:
    case TAMIS_SPLITTER_WORDPUNCT:
    case TAMIS_SPLITTER_COUNT:
        break;
    }
    return tamis_split_runs(view, splitter, store);
}

tamis_status tamis_text_view_words(tamis_text_view *view, tamis_splitter splitter,
                                   tamis_words *out_words, tamis_err *err)
{
    tamis_word_store *store = &view->words[splitter];
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(splitter < TAMIS_SPLITTER_COUNT);
    if (!store->is_ready) {
        store->count = 0;
        store->begin_count = 0;
        status = tamis_word_store_reserve(store);
        if (status == TAMIS_OK) {
            status = tamis_view_need_masks(view);
        }
        if (status == TAMIS_OK) {
            status = tamis_view_need_before(view);
        }
        if (status == TAMIS_OK) {
            status = split(view, splitter, store, err);
        }
        if (status != TAMIS_OK) {
            return status == TAMIS_ENOMEM ? out_of_memory(err) : status;
        }
        count_chars(view, store, splitter >= TAMIS_SPLITTER_TREEBANK);
        store->is_ready = true;
    }
    *out_words = (tamis_words){.count = store->count,
                               .begin = tamis_numbers_of(&store->begin),
                               .end = tamis_numbers_of(&store->end),
                               .chars = tamis_numbers_of(&store->chars),
                               .flags = store->flags.data};
    return TAMIS_OK;
}

uint32_t tamis_word_flags(tamis_slice word)
{
    uint32_t any = 0;
    uint32_t all = ~0u;
    uint32_t flags = 0;

    for (size_t i = 0; i < word.size;) {
        uint32_t c = 0;
        size_t length = tamis_utf8_decode(word.data + i, &c);
        uint32_t class = tamis_char_class(c);

        flags |= i == 0 && (class & (TAMIS_CHAR_ALPHA | TAMIS_CHAR_NUMBER)) != 0
                     ? TAMIS_WORD_ALNUM_FIRST
                     : 0;
        flags |= c < 0x80 && (class & TAMIS_CHAR_ALPHA) != 0 ? TAMIS_WORD_ASCII_ALPHA : 0;
        any |= class;
        all &= class;
        i += length;
    }
    flags |= (any & TAMIS_CHAR_ALPHA) != 0 ? TAMIS_WORD_ALPHA : 0;
    flags |= (all & TAMIS_CHAR_PUNCTUATION) != 0 ? TAMIS_WORD_PUNCTUATION : 0;
    if ((any & TAMIS_CHAR_UPPER) != 0 && (any & (TAMIS_CHAR_LOWER | TAMIS_CHAR_TITLE)) == 0) {
        flags |= TAMIS_WORD_UPPER;
    }
    return flags;
}

tamis_status tamis_text_view_lower(tamis_text_view *view, tamis_slice *out_lower, tamis_err *err)
{
    if (!view->has_lower) {
        tamis_buf_reset(&view->lower);
        if (tamis_buf_reserve(&view->lower, 1) != TAMIS_OK ||
            tamis_text_lower(view->text, &view->lower) != TAMIS_OK) {
            return out_of_memory(err);
        }
        view->has_lower = true;
    }
    *out_lower = tamis_buf_slice(&view->lower);
    return TAMIS_OK;
}
