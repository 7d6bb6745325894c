/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of treebank.c for one short word between white space, in one pass over the characters
 * that are no letters, digits or '_'. Whatever needs more than its neighbors is left to the steps.
 */
#include "tamis/utf8.h"
#include "treebank.h"

enum {
    KIND_INERT, /* brings no space with it */
    KIND_APART, /* always a word of its own */
    KIND_COMMA, /* and colon: not before a digit */
    KIND_PERIOD,
    KIND_DASH,
    KIND_QUOTE,
    KIND_APOSTROPHE,
    KIND_OTHER /* for the steps */
};

static const uint8_t kinds[128] = {
    ['`'] = KIND_OTHER, ['"'] = KIND_QUOTE, ['\''] = KIND_APOSTROPHE, ['.'] = KIND_PERIOD,
    [','] = KIND_COMMA, [':'] = KIND_COMMA, [';'] = KIND_APART,       ['@'] = KIND_APART,
    ['#'] = KIND_APART, ['$'] = KIND_APART, ['%'] = KIND_APART,       ['&'] = KIND_APART,
    ['?'] = KIND_APART, ['!'] = KIND_APART, ['*'] = KIND_APART,       ['('] = KIND_APART,
    [')'] = KIND_APART, ['['] = KIND_APART, [']'] = KIND_APART,       ['{'] = KIND_APART,
    ['}'] = KIND_APART, ['<'] = KIND_APART, ['>'] = KIND_APART,       ['-'] = KIND_DASH};

/* A word on its way; places are bytes from its begin. */
typedef struct word_walk {
    const tamis_treebank_word *what;
    const tamis_masks *masks; /* block of its begin */
    const uint8_t *text;      /* its bytes */
    unsigned place;           /* of its begin in the block */
    unsigned size;
    unsigned at;       /* where the open token begins */
    unsigned run;      /* where the last run of letters, digits and '_' begins */
    uint64_t is_word;  /* bits of the letters, digits and '_' */
    uint64_t is_ascii; /* bits of bytes below 80 */
    tamis_word_store *store;
} word_walk;

/* The bits of the word's bytes in one mask of the blocks; others are 0. */
#define WINDOW(walk, field)                                                                        \
    (((walk)->masks[0].field >> (walk)->place |                                                    \
      ((walk)->place + (walk)->size > 64 ? (walk)->masks[1].field << (64 - (walk)->place) : 0)) &  \
     (~0ull >> (64 - (walk)->size)))

/* The flags of bytes from..to of the word: tamis_word_flags() by masks. */
static uint32_t flags_of(const word_walk *walk, unsigned from, unsigned to)
{
    const uint64_t ones = ~0ull >> (64 - (to - from)) << from;
    const uint64_t alpha = WINDOW(walk, alpha) & ones;
    const uint8_t first = walk->text[from];
    uint32_t flags = 0;

    if (from == 0 && to == walk->size && walk->what->flags != NULL) {
        return *walk->what->flags;
    }
    if (first >= 0x80) {
        return tamis_word_flags(tamis_slice_of(walk->text + from, to - from));
    }
    flags = alpha != 0 ? TAMIS_WORD_ALPHA : 0;
    flags |= (alpha & walk->is_ascii) != 0 ? TAMIS_WORD_ASCII_ALPHA : 0;
    flags |= (WINDOW(walk, punctuation) & ones) == ones ? TAMIS_WORD_PUNCTUATION : 0;
    flags |= (walk->is_word >> from & 1) != 0 && first != '_' ? TAMIS_WORD_ALNUM_FIRST : 0;
    if ((WINDOW(walk, upper) & ones) != 0 && (WINDOW(walk, lower) & ones) == 0) {
        flags |= TAMIS_WORD_UPPER;
    }
    return flags;
}

/* Ends the open token before byte `to`. */
static inline void cut(word_walk *walk, unsigned to)
{
    if (to > walk->at) {
        tamis_word_store_add(walk->store, walk->what->begin + walk->at, walk->what->begin + to,
                             flags_of(walk, walk->at, to));
        walk->at = to;
    }
}

/* Makes `size` bytes a token with the given flags. */
static inline void put(word_walk *walk, unsigned from, unsigned size, uint32_t flags)
{
    cut(walk, from);
    tamis_word_store_add(walk->store, walk->what->begin + from, walk->what->begin + from + size,
                         flags);
    walk->at = from + size;
}

/* Whether bytes from..to are one of the words that are cut after three letters, or may be one with
 * letters that fold to ASCII. */
static bool is_contraction(const word_walk *walk, unsigned from, unsigned to)
{
    static const char *const cut_words[] = {"cannot", "gimme", "gonna", "gotta", "lemme", "wanna"};
    const unsigned size = to - from;
    char folded[6] = {0};

    if (size < 5 || size > 7) {
        return false;
    }
    if ((~walk->is_ascii & (~0ull >> (64 - size) << from)) != 0) {
        return true;
    }
    if (size == 7) {
        return false;
    }
    for (unsigned i = 0; i < size; i++) {
        folded[i] = (char)(walk->text[from + i] | 0x20);
    }
    if (memchr("cglw", folded[0], 4) == NULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof(cut_words) / sizeof(cut_words[0]); i++) {
        if (cut_words[i][size - 1] != '\0' && memcmp(folded, cut_words[i], size) == 0 &&
            cut_words[i][size] == '\0') {
            return true;
        }
    }
    return false;
}

/* Bytes of the character at `at`, which is no ASCII; *is_quote: a rule makes it a word. */
static unsigned other_size(const word_walk *walk, unsigned at, bool *is_quote)
{
    uint32_t c = 0;
    const unsigned size = (unsigned)tamis_utf8_decode(walk->text + at, &c);

    *is_quote = c == 0xAB || c == 0xBB || c == 0x2018 || c == 0x2019 || c == 0x201C ||
                c == 0x201D || c == 0x201E;
    return size;
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* Whether a space comes before byte `at` by a rule ahead of those of clitics. */
static bool is_apart(const word_walk *walk, unsigned at)
{
    const uint8_t *text = walk->text;
    bool is_quote = false;

    if (at == walk->size) {
        return walk->what->begin + at == walk->what->to || text[at] == ' ';
    }
    if (text[at] >= 0x80) {
        (void)other_size(walk, at, &is_quote);
        return is_quote;
    }
    switch (kinds[text[at]]) {
    case KIND_APART:
    case KIND_QUOTE:
        return true;
    case KIND_COMMA:
        return at + 1 == walk->size || !is_digit(text[at + 1]);
    case KIND_PERIOD:
        return walk->what->begin + at == walk->what->period ||
               (at + 1 < walk->size && text[at + 1] == '.');
    case KIND_DASH:
        return at + 1 < walk->size && text[at + 1] == '-';
    default:
        return false;
    }
}

/* An apostrophe behind a letter: 's 'm 'd 'll 're 've n't. False: for the steps. */
static bool split_apostrophe(word_walk *walk, unsigned at)
{
    const uint8_t *text = walk->text;
    const uint64_t behind = at + 1 < 64 ? ~walk->is_word >> (at + 1) : 1;
    const unsigned size = behind != 0 ? (unsigned)__builtin_ctzll(behind) : 64;
    const unsigned end = at + 1 + size < walk->size ? at + 1 + size : walk->size;
    const uint8_t first = text[at + 1] | 0x20; /* when size is not 0 */

    if (at == 0 || (walk->is_word >> (at - 1) & 1) == 0 || text[at - 1] >= 0x80 ||
        (end < walk->size && text[end] == '\'')) {
        return false;
    }
    for (unsigned i = at + 1; i < end; i++) {
        if (text[i] >= 0x80) {
            return false;
        }
    }
    if (size == 0) {
        if (is_apart(walk, end)) {
            cut(walk, at);
            cut(walk, end);
        }
        return true;
    }
    if (size == 1) {
        if (first == 't') {
            const uint8_t before = text[at - 1];

            if ((before != 'n' || text[at + 1] != 't') && (before != 'N' || text[at + 1] != 'T')) {
                return true;
            }
            if (at - 1 <= walk->run || text[at - 2] >= 0x80 ||
                is_contraction(walk, walk->run, at - 1)) {
                return false;
            }
            if (is_apart(walk, end)) {
                cut(walk, at - 1);
                cut(walk, end);
            }
            return true;
        }
        if (first != 's' && first != 'm' && first != 'd') {
            return false;
        }
        if (is_apart(walk, end)) {
            cut(walk, at);
            cut(walk, end);
        }
        return true;
    }
    if (size == 2) {
        static const char clitics[][3] = {"ll", "LL", "re", "RE", "ve", "VE"};

        for (size_t i = 0; i < sizeof(clitics) / sizeof(clitics[0]); i++) {
            if (memcmp(clitics[i], text + at + 1, 2) == 0 && is_apart(walk, end)) {
                cut(walk, at);
                cut(walk, end);
            }
        }
        return (text[at - 1] | 0x20) != 'd' || first != 'y'; /* d'ye */
    }
    return true;
}

/* A quote: `` behind a space or an opening bracket, else ''. False: for the steps. */
static bool split_quote(word_walk *walk, unsigned at)
{
    const bool is_first = at == 0 && walk->what->begin == walk->what->from;
    const uint8_t before = is_first ? ' ' : walk->text[(ptrdiff_t)at - 1];
    const bool is_opening =
        before == ' ' || before == '(' || before == '[' || before == '{' || before == '<';

    if ((at != 0 && before >= 0x80) ||
        (at + 1 < walk->size && (walk->text[at + 1] == '"' || walk->text[at + 1] == '\''))) {
        return false;
    }
    put(walk, at, 1,
        TAMIS_WORD_LITERAL | TAMIS_WORD_PUNCTUATION | (is_opening ? TAMIS_WORD_OPENING : 0));
    return true;
}

/* A run of periods. Returns its size. */
static unsigned split_periods(word_walk *walk, unsigned at)
{
    unsigned end = at + 1;

    while (end < walk->size && walk->text[end] == '.') {
        end++;
    }
    if (end - at > 1 || walk->what->begin + at == walk->what->period) {
        put(walk, at, end - at, TAMIS_WORD_PUNCTUATION);
    }
    return end - at;
}

/* The character at `at`, which is no letter, digit or '_'. Returns its bytes, 0: for the steps. */
static unsigned split_at(word_walk *walk, unsigned at)
{
    const uint8_t byte = walk->text[at];
    const uint8_t next = at + 1 < walk->size ? walk->text[at + 1] : ' ';

    if (byte >= 0x80) {
        bool is_quote = false;
        const unsigned size = other_size(walk, at, &is_quote);

        if (is_quote) {
            put(walk, at, size, tamis_word_flags(tamis_slice_of(walk->text + at, size)));
        }
        return is_quote && at + size < walk->size && walk->text[at + size] == '\'' ? 0 : size;
    }
    switch (kinds[byte]) {
    case KIND_APART:
        put(walk, at, 1, TAMIS_WORD_PUNCTUATION);
        return 1;
    case KIND_COMMA:
        if (next == ',' || next == ':' || next >= 0x80) {
            return 0; /* two of them share a character; a digit that is not ASCII */
        }
        if (!is_digit(next)) {
            put(walk, at, 1, TAMIS_WORD_PUNCTUATION);
        }
        return 1;
    case KIND_PERIOD:
        return split_periods(walk, at);
    case KIND_DASH:
        if (next != '-') {
            return 1;
        }
        put(walk, at, 2, TAMIS_WORD_PUNCTUATION);
        return 2;
    case KIND_QUOTE:
        return split_quote(walk, at) ? 1 : 0;
    case KIND_APOSTROPHE:
        return split_apostrophe(walk, at) ? 1 : 0;
    case KIND_INERT:
        return 1;
    default:
        return 0;
    }
}

bool tamis_treebank_split_word(const tamis_text_view *view, const tamis_treebank_word *word,
                               tamis_word_store *store)
{
    const size_t size = word->end - word->begin;
    const size_t count = store->count;
    word_walk walk = {.what = word,
                      .masks = tamis_masks_of(view) + word->begin / TAMIS_WORDS_BLOCK,
                      .text = view->text.data + word->begin,
                      .place = (unsigned)(word->begin % TAMIS_WORDS_BLOCK),
                      .size = (unsigned)size,
                      .store = store};
    uint64_t left = 0;

    if (size > TAMIS_TREEBANK_WORD_MAX) {
        return false;
    }
    walk.is_word = WINDOW(&walk, word);
    walk.is_ascii = WINDOW(&walk, ascii);
    left = ~walk.is_word & (~0ull >> (64 - size));
    while (left != 0) {
        const unsigned at = (unsigned)__builtin_ctzll(left);
        const unsigned length = is_contraction(&walk, walk.run, at) ? 0 : split_at(&walk, at);

        if (length == 0) {
            store->count = count;
            return false;
        }
        walk.run = at + length;
        left = walk.run < 64 ? left >> walk.run << walk.run : 0;
    }
    if (is_contraction(&walk, walk.run, walk.size)) {
        store->count = count;
        return false;
    }
    cut(&walk, walk.size);
    return true;
}
