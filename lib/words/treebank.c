/* SPDX-License-Identifier: Apache-2.0 */
/* Words by the rules of the Penn Treebank, as NLTK's word_tokenize applies them: a row of
 * substitutions on the text, most of which put spaces around something.
 *
 * Here the text stays as it is, and `cut` says for each gap between two characters in which step a
 * space came there (0: none). A step sees the spaces of the steps before it, not its own. Steps
 * whose characters do not occur are left out.
 *
 * The rules look no further than the next character past white space, but for the one of the final
 * period. So words between white space are cut each by itself: plain ones at once, others by the
 * steps; what stands behind the last period is one piece with it.
 */
#include "treebank.h"

#include "tamis/utf8.h"

#define OPENING 0x110000u /* what stands for a quote that became `` */
#define DEAD    0x110001u /* the second half of such a one */

enum {
    STEP_NONE,
    STEP_QUOTES,
    STEP_FIRST_QUOTE,
    STEP_BACKTICKS,
    STEP_OPENING,
    STEP_LONE_LETTER,
    STEP_FINAL_PERIOD,
    STEP_COMMA,
    STEP_LAST_COMMA,
    STEP_DOTS,
    STEP_SYMBOL,
    STEP_MARK,
    STEP_APOSTROPHE,
    STEP_STAR,
    STEP_BRACKET,
    STEP_DASHES,
    STEP_PAD,
    STEP_CLOSING,
    STEP_TWO_APOSTROPHES,
    STEP_QUOTE,
    STEP_CLITIC,
    STEP_LONG_CLITIC,
    STEP_CONTRACTION /* and one more for each */
};

/* Groups of characters that bring a step with them. */
enum {
    HAS_OPENING_QUOTE = 0x001, /* U+00AB U+201C U+2018 U+201E, backtick */
    HAS_QUOTE = 0x002,
    HAS_APOSTROPHE = 0x004,
    HAS_PERIOD = 0x008,
    HAS_COMMA = 0x010, /* and colon */
    HAS_SYMBOL = 0x020,
    HAS_MARK = 0x040,
    HAS_STAR = 0x080,
    HAS_BRACKET = 0x100,
    HAS_DASH = 0x200,
    HAS_CLOSING_QUOTE = 0x400, /* U+00BB U+201D U+2019 */
    HAS_OTHER = 0x800          /* anything that is no ASCII letter, digit or '_' */
};

static const uint16_t groups[128] = {
    ['`'] = HAS_OPENING_QUOTE, ['"'] = HAS_QUOTE,   ['\''] = HAS_APOSTROPHE, ['.'] = HAS_PERIOD,
    [','] = HAS_COMMA,         [':'] = HAS_COMMA,   [';'] = HAS_SYMBOL,      ['@'] = HAS_SYMBOL,
    ['#'] = HAS_SYMBOL,        ['$'] = HAS_SYMBOL,  ['%'] = HAS_SYMBOL,      ['&'] = HAS_SYMBOL,
    ['?'] = HAS_MARK,          ['!'] = HAS_MARK,    ['*'] = HAS_STAR,        ['('] = HAS_BRACKET,
    [')'] = HAS_BRACKET,       ['['] = HAS_BRACKET, [']'] = HAS_BRACKET,     ['{'] = HAS_BRACKET,
    ['}'] = HAS_BRACKET,       ['<'] = HAS_BRACKET, ['>'] = HAS_BRACKET,     ['-'] = HAS_DASH};

static uint32_t group_of(uint32_t c)
{
    if (c < 0x80) {
        return groups[c];
    }
    switch (c) {
    case 0xAB:
    case 0x201C:
    case 0x2018:
    case 0x201E:
        return HAS_OPENING_QUOTE;
    case 0xBB:
    case 0x201D:
    case 0x2019:
        return HAS_CLOSING_QUOTE;
    default:
        return 0;
    }
}

static bool is_word(uint32_t c)
{
    return c < OPENING && (tamis_char_class(c) & TAMIS_CHAR_WORD) != 0;
}

/* Whether an inserted space stands in front of character i in this step. */
static inline bool is_cut(const tamis_treebank *piece, size_t i, unsigned step)
{
    return piece->cut[i] != 0 && piece->cut[i] < step;
}

static inline void cut(tamis_treebank *piece, size_t i, unsigned step)
{
    if (piece->cut[i] == 0) {
        piece->cut[i] = (uint8_t)step;
    }
}

static void cut_around(tamis_treebank *piece, size_t from, size_t to, unsigned step)
{
    cut(piece, from, step);
    cut(piece, to, step);
}

/* The character behind gap i, ' ' where a space was inserted; 0 at the end. */
static inline uint32_t right_of(const tamis_treebank *piece, size_t i, unsigned step)
{
    if (is_cut(piece, i, step)) {
        return ' ';
    }
    return i < piece->count ? piece->points[i] : 0;
}

/* The character before gap i; DEAD at the start. */
static inline uint32_t left_of(const tamis_treebank *piece, size_t i, unsigned step)
{
    if (is_cut(piece, i, step)) {
        return ' ';
    }
    return i > 0 ? piece->points[i - 1] : DEAD;
}

/* Whether the characters from i on are `text` and no space is between them. */
static bool is_text(const tamis_treebank *piece, size_t i, const char *text, bool is_folded,
                    unsigned step)
{
    for (size_t k = 0; text[k] != '\0'; k++) {
        uint32_t c = i + k < piece->count ? piece->points[i + k] : DEAD;

        if (k > 0 && is_cut(piece, i + k, step)) {
            return false;
        }
        if (is_folded && c < OPENING) {
            c = tamis_char_lower(c);
            c = c == 0x131 ? 'i' : c == 0x17F ? 's' : c;
        }
        if (c != (uint32_t)(uint8_t)text[k]) {
            return false;
        }
    }
    return true;
}

/* Puts spaces around each character of a group. */
static void isolate(tamis_treebank *piece, uint32_t group, unsigned step)
{
    for (size_t i = 0; i < piece->count; i++) {
        if (piece->points[i] < OPENING && group_of(piece->points[i]) == group) {
            cut_around(piece, i, i + 1, step);
        }
    }
}

/* Puts spaces around each two equal characters; returns nothing else. */
static void isolate_pairs(tamis_treebank *piece, uint32_t c, unsigned step)
{
    for (size_t i = 0; i + 1 < piece->count; i++) {
        if (piece->points[i] == c && piece->points[i + 1] == c && !is_cut(piece, i + 1, step)) {
            cut_around(piece, i, i + 2, step);
            i++;
        }
    }
}

/* Puts spaces around each run of at least `least` of a character. */
static void isolate_runs(tamis_treebank *piece, uint32_t c, size_t least, unsigned step)
{
    for (size_t i = 0; i < piece->count;) {
        size_t end = i;

        while (end < piece->count && piece->points[end] == c &&
               (end == i || !is_cut(piece, end, step))) {
            end++;
        }
        if (end - i >= least && end > i) {
            cut_around(piece, i, end, step);
        }
        i = end > i ? end : i + 1;
    }
}

static void open_quotes(tamis_treebank *piece)
{
    for (size_t i = 0; i < piece->count; i++) {
        size_t length = is_text(piece, i, "\"", false, STEP_OPENING)   ? 1
                        : is_text(piece, i, "''", false, STEP_OPENING) ? 2
                                                                       : 0;
        uint32_t before = left_of(piece, i, STEP_OPENING);

        if (length == 0 || before == DEAD || before == OPENING ||
            !(before == ' ' || before == '(' || before == '[' || before == '{' || before == '<')) {
            continue;
        }
        piece->points[i] = OPENING;
        if (length == 2) {
            piece->points[i + 1] = DEAD;
        }
        cut_around(piece, i, i + length, STEP_OPENING);
        i += length - 1;
    }
}

/* 'x: a space between the two, but not in 'm 't 's 'd 'n. */
static void split_lone_letters(tamis_treebank *piece)
{
    for (size_t i = 0; i + 1 < piece->count; i++) {
        uint32_t c = piece->points[i + 1];

        if (piece->points[i] != '\'' || is_cut(piece, i + 1, STEP_LONE_LETTER) || !is_word(c) ||
            is_word(right_of(piece, i + 2, STEP_LONE_LETTER))) {
            continue;
        }
        c = tamis_char_lower(c);
        if (c != 'm' && c != 't' && c != 's' && c != 'd' && c != 'n' && c != 0x17F) {
            cut(piece, i + 1, STEP_LONE_LETTER);
        }
    }
}

static bool is_closer(uint32_t c)
{
    return c == ']' || c == ')' || c == '}' || c == '>' || c == '"' || c == '\'' || c == ' ' ||
           c == 0xBB || c == 0x201D || c == 0x2019;
}

static bool is_space(uint32_t c)
{
    return c < OPENING && (tamis_char_class(c) & TAMIS_CHAR_SPACE) != 0;
}

static void split_final_period(tamis_treebank *piece)
{
    size_t period = piece->count;
    size_t end = 0;

    while (period > 0 && piece->points[period - 1] != '.') {
        period--;
    }
    if (period == 0) {
        return;
    }
    end = period;
    while (end < piece->count && is_closer(piece->points[end])) {
        end++;
    }
    for (size_t i = end; i < piece->count; i++) {
        if (!is_space(piece->points[i])) {
            return;
        }
    }
    period--;
    if (left_of(piece, period, STEP_FINAL_PERIOD) != '.' &&
        (period > 0 || is_cut(piece, 0, STEP_FINAL_PERIOD))) {
        cut_around(piece, period, period + 1, STEP_FINAL_PERIOD);
        cut(piece, end, STEP_FINAL_PERIOD);
    }
}

static void split_commas(tamis_treebank *piece)
{
    for (size_t i = 0; i < piece->count; i++) {
        uint32_t next = 0;

        if (piece->points[i] != ',' && piece->points[i] != ':') {
            continue;
        }
        if (i + 1 == piece->count && !is_cut(piece, i + 1, STEP_COMMA)) {
            break;
        }
        next = right_of(piece, i + 1, STEP_COMMA);
        if (next < OPENING && (tamis_char_class(next) & TAMIS_CHAR_DECIMAL) != 0) {
            continue;
        }
        cut_around(piece, i, i + 1, STEP_COMMA);
        i += is_cut(piece, i + 1, STEP_COMMA) ? 0 : 1; /* the match took the next one, too */
    }
    if (piece->is_end && piece->count > 0) {
        size_t last = piece->count - 1;

        if ((piece->points[last] == ',' || piece->points[last] == ':') &&
            !is_cut(piece, last + 1, STEP_LAST_COMMA)) {
            cut_around(piece, last, last + 1, STEP_LAST_COMMA);
        }
    }
}

static void split_apostrophes(tamis_treebank *piece)
{
    for (size_t i = 0; i < piece->count; i++) {
        if (piece->points[i] == '\'' && right_of(piece, i + 1, STEP_APOSTROPHE) == ' ' &&
            left_of(piece, i, STEP_APOSTROPHE) != '\'' &&
            (i > 0 || is_cut(piece, 0, STEP_APOSTROPHE))) {
            cut_around(piece, i, i + 1, STEP_APOSTROPHE);
        }
    }
}

static void split_clitics(tamis_treebank *piece, const char *const *clitics, size_t count,
                          unsigned step)
{
    for (size_t i = 1; i < piece->count; i++) {
        uint32_t before = left_of(piece, i, step);

        if (before == '\'' || before == ' ') {
            continue;
        }
        for (size_t k = 0; k < count; k++) {
            size_t length = strlen(clitics[k]);

            if (is_text(piece, i, clitics[k], false, step) &&
                right_of(piece, i + length, step) == ' ') {
                cut_around(piece, i, i + length, step);
                break;
            }
        }
    }
}

/* Whether a word begins at character i, or ends before it. */
static bool is_word_start(const tamis_treebank *piece, size_t i, unsigned step)
{
    return is_word(piece->points[i]) && !is_word(left_of(piece, i, step));
}

static bool is_word_end(const tamis_treebank *piece, size_t i, unsigned step)
{
    return is_word(piece->points[i - 1]) && !is_word(right_of(piece, i, step));
}

typedef struct contraction {
    const char *text;
    uint8_t first; /* characters of the first half */
    bool is_before_space;
    bool is_behind_space;
} contraction;

static const contraction contractions[] = {{"cannot", 3, false, false}, {"d'ye", 1, false, false},
                                           {"gimme", 3, false, false},  {"gonna", 3, false, false},
                                           {"gotta", 3, false, false},  {"lemme", 3, false, false},
                                           {"more'n", 4, false, false}, {"wanna", 3, true, false},
                                           {"'tis", 2, false, true},    {"'twas", 2, false, true}};

static void split_contraction(tamis_treebank *piece, const contraction *what, unsigned step)
{
    const size_t length = strlen(what->text);

    for (size_t i = 0; i + length <= piece->count; i++) {
        /* The second letter of each has no other form than its capital. */
        if ((piece->points[i + 1] | 0x20) != (uint32_t)(uint8_t)what->text[1] &&
            what->text[1] >= 'a' && what->text[1] != 'i') {
            continue;
        }
        if (!is_text(piece, i, what->text, true, step)) {
            continue;
        }
        if (what->is_behind_space ? left_of(piece, i, step) != ' '
                                  : !is_word_start(piece, i, step)) {
            continue;
        }
        if (what->is_before_space
                ? !is_cut(piece, i + length, step) && !is_space(right_of(piece, i + length, step))
                : !is_word_end(piece, i + length, step)) {
            continue;
        }
        cut(piece, i, step);
        cut_around(piece, i + what->first, i + length, step);
    }
}

static void start_quotes(tamis_treebank *piece, uint32_t has)
{
    if ((has & HAS_OPENING_QUOTE) != 0) {
        for (size_t i = 0; i < piece->count; i++) {
            if (group_of(piece->points[i]) == HAS_OPENING_QUOTE && piece->points[i] != '`') {
                cut_around(piece, i, i + 1, STEP_QUOTES);
            }
        }
        isolate_runs(piece, '`', 1, STEP_QUOTES);
        isolate_pairs(piece, '`', STEP_BACKTICKS);
    }
    if ((has & HAS_QUOTE) != 0 && piece->is_start && piece->points[0] == '"') {
        piece->points[0] = OPENING;
        cut_around(piece, 0, 1, STEP_BACKTICKS);
    }
    if ((has & (HAS_QUOTE | HAS_APOSTROPHE)) != 0) {
        open_quotes(piece);
    }
    if ((has & HAS_APOSTROPHE) != 0) {
        split_lone_letters(piece);
    }
}

static void split_punctuation(tamis_treebank *piece, uint32_t has)
{
    if ((has & HAS_PERIOD) != 0 && piece->is_end) {
        split_final_period(piece);
    }
    if ((has & HAS_COMMA) != 0) {
        split_commas(piece);
    }
    if ((has & HAS_PERIOD) != 0) {
        isolate_runs(piece, '.', 2, STEP_DOTS);
    }
    if ((has & HAS_SYMBOL) != 0) {
        isolate(piece, HAS_SYMBOL, STEP_SYMBOL);
    }
    if ((has & HAS_MARK) != 0) {
        isolate(piece, HAS_MARK, STEP_MARK);
    }
    if ((has & HAS_APOSTROPHE) != 0) {
        split_apostrophes(piece);
    }
    if ((has & HAS_STAR) != 0) {
        isolate(piece, HAS_STAR, STEP_STAR);
    }
    if ((has & HAS_BRACKET) != 0) {
        isolate(piece, HAS_BRACKET, STEP_BRACKET);
    }
    if ((has & HAS_DASH) != 0) {
        isolate_pairs(piece, '-', STEP_DASHES);
    }
}

static void end_quotes(tamis_treebank *piece, uint32_t has)
{
    static const char *const short_clitics[] = {"'s", "'S", "'m", "'M", "'d", "'D", "'"};
    static const char *const long_clitics[] = {"'ll", "'LL", "'re", "'RE",
                                               "'ve", "'VE", "n't", "N'T"};

    if (piece->is_start) {
        cut(piece, 0, STEP_PAD);
    }
    if (piece->is_end) {
        cut(piece, piece->count, STEP_PAD);
    }
    if ((has & HAS_CLOSING_QUOTE) != 0) {
        isolate(piece, HAS_CLOSING_QUOTE, STEP_CLOSING);
    }
    if ((has & HAS_APOSTROPHE) != 0) {
        isolate_pairs(piece, '\'', STEP_TWO_APOSTROPHES);
    }
    if ((has & HAS_QUOTE) != 0) {
        isolate(piece, HAS_QUOTE, STEP_QUOTE);
    }
    if ((has & HAS_APOSTROPHE) != 0) {
        split_clitics(piece, short_clitics, 7, STEP_CLITIC);
        split_clitics(piece, long_clitics, 8, STEP_LONG_CLITIC);
    }
}

/* All steps, in their order; only `cut` and quotes in `points` change. */
static void cut_piece(tamis_treebank *piece)
{
    uint32_t has = 0;

    for (size_t i = 0; i < piece->count; i++) {
        has |= group_of(piece->points[i]);
    }
    start_quotes(piece, has);
    split_punctuation(piece, has);
    end_quotes(piece, has);
    for (size_t i = 0; i < sizeof(contractions) / sizeof(contractions[0]); i++) {
        if (strchr(contractions[i].text, '\'') == NULL || (has & HAS_APOSTROPHE) != 0) {
            split_contraction(piece, &contractions[i], STEP_CONTRACTION + (unsigned)i);
        }
    }
}

/* Room for a piece of `size` bytes. */
static tamis_status reserve(tamis_treebank *piece, size_t size)
{
    tamis_status status = tamis_buf_reserve(&piece->memory[0], (size + 1) * sizeof(uint32_t));

    if (status == TAMIS_OK) {
        status = tamis_buf_reserve(&piece->memory[1], (size + 1) * sizeof(uint32_t));
    }
    if (status == TAMIS_OK) {
        status = tamis_buf_reserve(&piece->memory[2], size + 1);
    }
    piece->points = (uint32_t *)(void *)piece->memory[0].data;
    piece->offsets = (uint32_t *)(void *)piece->memory[1].data;
    piece->cut = piece->memory[2].data;
    return status;
}

/* Adds the word of characters first..stop of the piece. */
static tamis_status add_word(const tamis_treebank *piece, tamis_slice text, size_t base,
                             size_t first, size_t stop, tamis_word_store *store)
{
    const uint32_t begin = piece->offsets[first];
    const uint32_t end = piece->offsets[stop];
    tamis_status status = TAMIS_OK;
    uint32_t flags = 0;

    if (piece->points[first] == OPENING) {
        flags = TAMIS_WORD_LITERAL | TAMIS_WORD_OPENING | TAMIS_WORD_PUNCTUATION;
    } else if (piece->points[first] == '"') {
        flags = TAMIS_WORD_LITERAL | TAMIS_WORD_PUNCTUATION;
    } else {
        flags = tamis_word_flags(tamis_slice_of(text.data + begin, end - begin));
    }
    status = tamis_word_store_need_one(store);
    if (status == TAMIS_OK) {
        tamis_word_store_add(store, base + begin, base + end, flags);
    }
    return status;
}

/* Cuts bytes from..to of the text by all rules. A character of white space on each side goes with
 * them, since rules ask for it. */
static tamis_status split_piece(tamis_treebank *piece, tamis_slice text, size_t base, size_t from,
                                size_t to, tamis_word_store *store)
{
    size_t at = from;
    size_t word = 0;
    tamis_status status = TAMIS_OK;

    piece->is_start = from == 0;
    piece->is_end = to == text.size;
    for (bool is_lead = from == 0; !is_lead;) {
        at--;
        is_lead = (text.data[at] & 0xC0) != 0x80;
    }
    for (bool is_lead = to == text.size; !is_lead;) {
        to++;
        is_lead = to == text.size || (text.data[to] & 0xC0) != 0x80;
    }
    status = reserve(piece, to - at);
    if (status != TAMIS_OK) {
        return status;
    }
    piece->count = 0;
    while (at < to) {
        piece->offsets[piece->count] = (uint32_t)at;
        at += tamis_utf8_decode(text.data + at, &piece->points[piece->count++]);
    }
    piece->offsets[piece->count] = (uint32_t)at;
    memset(piece->cut, 0, piece->count + 1);
    cut_piece(piece);
    for (size_t i = 0; i < piece->count && status == TAMIS_OK; i++) {
        if (is_space(piece->points[i])) {
            word = i + 1;
        } else if (i + 1 == piece->count || piece->cut[i + 1] != 0 ||
                   is_space(piece->points[i + 1])) {
            status = add_word(piece, text, base, word, i + 1, store);
            word = i + 1;
        }
    }
    return status;
}

/* Where the last period begins if only closers and white space follow it; else the text's size. */
static size_t final_period(tamis_slice text)
{
    const uint8_t *period = text.size != 0 ? memrchr(text.data, '.', text.size) : NULL;
    const uint8_t *end = text.data + text.size;

    if (period == NULL) {
        return text.size;
    }
    for (const uint8_t *at = period + 1; at < end;) {
        uint32_t c = 0;

        at += tamis_utf8_decode(at, &c);
        if (!is_closer(c) && !is_space(c)) {
            return text.size;
        }
    }
    return (size_t)(period - text.data);
}

/* One word of white-space splitting. */
static tamis_status split_word(tamis_text_view *view, const tamis_treebank_word *word,
                               tamis_word_store *store)
{
    const tamis_slice text = tamis_slice_of(view->text.data + word->from, word->to - word->from);

    if (store->count + TAMIS_TREEBANK_WORD_MAX > store->flags.capacity) {
        tamis_status status = tamis_word_store_reserve(store);

        if (status != TAMIS_OK) {
            return status;
        }
    }
    return tamis_treebank_split_word(view, word, store)
               ? TAMIS_OK
               : split_piece(&view->treebank, text, word->from, word->begin - word->from,
                             word->end - word->from, store);
}

/* Words from the one with the final period on. */
static tamis_status split_last(tamis_text_view *view, tamis_treebank_word *word, size_t period,
                               tamis_word_store *store)
{
    const tamis_slice text = tamis_slice_of(view->text.data + word->from, word->to - word->from);

    if (word->end != word->to || period <= word->begin) {
        return split_piece(&view->treebank, text, word->from, word->begin - word->from, text.size,
                           store);
    }
    word->period = view->text.data[period - 1] != '.' ? period : SIZE_MAX;
    return split_word(view, word, store);
}

tamis_status tamis_treebank_split(tamis_text_view *view, const tamis_words *words, size_t from,
                                  size_t to, size_t *next_word, tamis_word_store *store)
{
    const size_t period = from + final_period(tamis_slice_of(view->text.data + from, to - from));
    size_t i = *next_word;
    tamis_status status = TAMIS_OK;

    for (; i < words->count && words->begin[i] < to && status == TAMIS_OK; i++) {
        const bool is_clipped = words->begin[i] < from || words->end[i] > to;
        tamis_treebank_word word = {.from = from,
                                    .to = to,
                                    .begin = words->begin[i] > from ? words->begin[i] : from,
                                    .end = words->end[i] < to ? words->end[i] : to,
                                    .period = SIZE_MAX,
                                    .flags = is_clipped ? NULL : &words->flags[i]};

        if (words->end[i] <= from) {
            continue;
        }
        if (word.end > period) {
            status = split_last(view, &word, period, store);
            break;
        }
        status = split_word(view, &word, store);
    }
    while (i < words->count && words->end[i] <= to) {
        i++;
    }
    i -= i > *next_word && words->end[i - 1] > to ? 1 : 0; /* its rest is of the next sentence */
    *next_word = i;
    return status;
}

tamis_status tamis_treebank_split_whole(tamis_text_view *view, tamis_word_store *store)
{
    return split_piece(&view->treebank, view->text, 0, 0, view->text.size, store);
}
