/* SPDX-License-Identifier: Apache-2.0 */
/* BigScience's formulas, which data-juicer took over. */
#include <string.h>

#include "engine.h"
#include "lines.h"
#include "word_hash.h"
#include "word_set.h"

#define WINDOW        10 /* code points of a run */
#define BITS_PER_RUN  8
#define WORD_ORDER    5
#define WORD_ORDER_DJ 10

/* The special characters beside ASCII punctuation, digits and white space: the list of BigScience's
 * parameters_filtering.py, with emoji as ranges in place of the names of the Python module emoji.
 */
static const uint32_t special_ranges[][2] = {
    {0x00A0, 0x00AB},   {0x00AE, 0x00B4},   {0x00B7, 0x00BF},   {0x00D7, 0x00D7},
    {0x00F7, 0x00F8},   {0x0131, 0x0131},   {0x026A, 0x026A},   {0x02BA, 0x02BC},
    {0x02C8, 0x02C8},   {0x02CC, 0x02CC},   {0x02D0, 0x02D0},   {0x02D8, 0x02D8},
    {0x02DA, 0x02DA},   {0x02DC, 0x02DC},   {0x03C0, 0x03C0},   {0x0413, 0x0413},
    {0x060C, 0x060C},   {0x0647, 0x0647},   {0x066A, 0x066A},   {0x066C, 0x066C},
    {0x06E9, 0x06E9},   {0x093E, 0x093E},   {0x0940, 0x0940},   {0x0947, 0x0947},
    {0x094D, 0x094D},   {0x097D, 0x097D},   {0x09BE, 0x09BE},   {0x0E51, 0x0E51},
    {0x2000, 0x2000},   {0x2002, 0x2005},   {0x2007, 0x200A},   {0x2010, 0x2011},
    {0x2013, 0x2016},   {0x2018, 0x201A},   {0x201C, 0x2020},   {0x2022, 0x2022},
    {0x2024, 0x2024},   {0x2026, 0x2026},   {0x202F, 0x2030},   {0x2032, 0x2033},
    {0x2039, 0x203A},   {0x203F, 0x203F},   {0x2043, 0x2044},   {0x205F, 0x205F},
    {0x20A8, 0x20A8},   {0x20AA, 0x20AA},   {0x20AC, 0x20AC},   {0x2103, 0x2103},
    {0x2122, 0x2122},   {0x2190, 0x2199},   {0x21D3, 0x21D3},   {0x2206, 0x2206},
    {0x2208, 0x2208},   {0x2212, 0x2212},   {0x221A, 0x221A},   {0x221E, 0x221F},
    {0x223C, 0x223C},   {0x2248, 0x2248},   {0x2256, 0x2256},   {0x2264, 0x2265},
    {0x2295, 0x2295},   {0x22C5, 0x22C5},   {0x231A, 0x231B},   {0x23E9, 0x23F3},
    {0x23F8, 0x23FA},   {0x2550, 0x2550},   {0x25A0, 0x25A0},   {0x25AC, 0x25AC},
    {0x25B2, 0x25B2},   {0x25B4, 0x25B4},   {0x25B7, 0x25B7},   {0x25BA, 0x25BC},
    {0x25C6, 0x25C6},   {0x25CF, 0x25CF},   {0x25E6, 0x25E6},   {0x25FB, 0x25FE},
    {0x2600, 0x2606},   {0x2614, 0x2615},   {0x261B, 0x261B},   {0x263B, 0x263B},
    {0x2648, 0x2653},   {0x2661, 0x2661},   {0x2665, 0x2665},   {0x266B, 0x266B},
    {0x2692, 0x2697},   {0x26AA, 0x26AB},   {0x26BD, 0x26BE},   {0x26C4, 0x26C5},
    {0x2708, 0x270D},   {0x2713, 0x2713},   {0x2726, 0x2726},   {0x2731, 0x2731},
    {0x2733, 0x2734},   {0x2753, 0x2756},   {0x2763, 0x2764},   {0x2795, 0x2797},
    {0x27A4, 0x27A4},   {0x27A9, 0x27A9},   {0x2800, 0x2800},   {0x2934, 0x2935},
    {0x2B05, 0x2B07},   {0x2B1B, 0x2B1C},   {0x3000, 0x3002},   {0x300A, 0x300D},
    {0x3010, 0x3011},   {0x309C, 0x309C},   {0x30B7, 0x30B7},   {0x30C3, 0x30C4},
    {0x30F3, 0x30F3},   {0x30FB, 0x30FC},   {0x4E00, 0x4E00},   {0x4E0A, 0x4E0A},
    {0x58EB, 0x58EB},   {0xFD3E, 0xFD3F},   {0xFF01, 0xFF01},   {0xFF08, 0xFF09},
    {0xFF0C, 0xFF0C},   {0xFF0E, 0xFF0E},   {0xFF11, 0xFF11},   {0xFF1A, 0xFF1B},
    {0xFF1F, 0xFF1F},   {0xFF3E, 0xFF3E},   {0xFF5E, 0xFF5E},   {0xFFFC, 0xFFFD},
    {0x1F1E6, 0x1F1FF}, {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF},
    {0x1FA70, 0x1FAFF},
};

static tamis_status make_words(tamis_signals *engine, tamis_err *err);
static tamis_status count_runs(tamis_signals *engine, tamis_err *err);
static tamis_status repeated_windows(tamis_signals *engine, double *out_ratio, tamis_err *err);
static size_t count_special(const tamis_signals *engine);

tamis_status tamis_run_bigscience(tamis_signals *engine, tamis_err *err)
{
    double *values = engine->values;
    const tamis_split *split = &engine->special_split;
    const tamis_word_set *stop_words = engine->lists.stop_words;
    const tamis_word_set *flagged = engine->lists.flagged_words;
    size_t chars = 0;
    size_t stops = 0;
    size_t flags = 0;
    tamis_status status = count_runs(engine, err);

    if (status == TAMIS_OK) {
        status = tamis_text_view_chars(engine->view, &chars, err);
    }
    if (status == TAMIS_OK) {
        status = repeated_windows(engine, &values[SIG_bigscience_character_repetition_ratio], err);
    }
    if (status != TAMIS_OK) {
        return status;
    }

    size_t count = split->words.count;

    for (size_t i = 0; stop_words != NULL && i < count; i++) {
        stops += tamis_word_set_number(stop_words, split->hashes.data[i]) != 0;
    }
    for (size_t i = 0; flagged != NULL && i < count; i++) {
        flags += tamis_word_set_number(flagged, split->hashes.data[i]) != 0;
    }
    values[SIG_bigscience_n_words] = (double)count;
    values[SIG_bigscience_word_repetition_ratio] =
        count < WORD_ORDER
            ? 0.0
            : tamis_share(split->grams.orders[WORD_ORDER].repeated_count, count - WORD_ORDER + 1);
    values[SIG_bigscience_special_characters_ratio] = tamis_share(count_special(engine), chars);
    if (stop_words != NULL) {
        values[SIG_bigscience_stop_words_ratio] = tamis_share(stops, count);
    }
    if (flagged != NULL) {
        values[SIG_bigscience_flagged_words_ratio] = tamis_share(flags, count);
    }
    return TAMIS_OK;
}

tamis_status tamis_run_data_juicer(tamis_signals *engine, tamis_err *err)
{
    double *values = engine->values;
    const tamis_split *split = &engine->special_split;
    tamis_totals totals = {0};
    tamis_lines lines = {0};
    size_t longest = 0;
    tamis_status status = count_runs(engine, err);

    if (status == TAMIS_OK) {
        status = tamis_text_view_totals(engine->view, &totals, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_text_view_lines(engine->view, TAMIS_LINES_SPLITLINES, &lines, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < lines.count; i++) {
        longest = lines.chars[i] > longest ? lines.chars[i] : longest;
    }
    values[SIG_data_juicer_alphanumeric_ratio] = tamis_share(totals.alnum, totals.chars);
    values[SIG_data_juicer_average_line_length] = tamis_share(totals.chars, lines.count);
    values[SIG_data_juicer_maximum_line_length] = (double)longest;
    values[SIG_data_juicer_word_repetition_ratio] =
        split->words.count < WORD_ORDER_DJ
            ? 0.0
            : tamis_share(split->grams.orders[WORD_ORDER_DJ].repeated_count,
                          split->words.count - WORD_ORDER_DJ + 1);
    return TAMIS_OK;
}

void tamis_bigscience_init(tamis_signals *engine)
{
    for (uint32_t byte = 0; byte < 0x80; byte++) {
        bool is_letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        bool is_space = byte == ' ' || (byte >= 0x09 && byte <= 0x0D);

        engine->is_special[byte] = is_space || (byte > 0x20 && byte < 0x7F && !is_letter);
    }
}

static bool is_special(const tamis_signals *engine, uint32_t point)
{
    size_t low = 0;
    size_t high = sizeof(special_ranges) / sizeof(special_ranges[0]);

    if (point < 0x80) {
        return engine->is_special[point];
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (point > special_ranges[middle][1]) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < sizeof(special_ranges) / sizeof(special_ranges[0]) &&
           point >= special_ranges[low][0];
}

/* Strips special characters at both ends. */
static tamis_slice strip_special(const tamis_signals *engine, tamis_slice word)
{
    while (word.size != 0) {
        uint32_t point = 0;
        size_t size = tamis_utf8_decode(word.data, &point);

        if (!is_special(engine, point)) {
            break;
        }
        word = tamis_slice_of(word.data + size, word.size - size);
    }
    while (word.size != 0 && is_special(engine, tamis_last_char(word))) {
        do {
            word.size--;
        } while ((word.data[word.size] & 0xC0) == 0x80);
    }
    return word;
}

/* Words of the lower-cased text: between space, newline and tab, stripped, without empty ones. Only
 * their hashes are kept. */
static tamis_status make_words(tamis_signals *engine, tamis_err *err)
{
    tamis_split *split = &engine->special_split;
    tamis_slice lower = {0};
    size_t count = 0;
    tamis_status status = tamis_text_view_lower(engine->view, &lower, err);

    if (status == TAMIS_OK) {
        TAMIS_GROW(&split->hashes, lower.size / 2 + 1, status, err);
    }
    if (status == TAMIS_OK) {
        TAMIS_GROW(&engine->no_chars, lower.size / 2 + 1, status, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < lower.size;) {
        size_t begin = i;

        while (i < lower.size && lower.data[i] != ' ' && lower.data[i] != '\n' &&
               lower.data[i] != '\t') {
            i++;
        }
        tamis_slice word = strip_special(engine, tamis_slice_of(lower.data + begin, i - begin));

        if (word.size != 0) {
            split->hashes.data[count++] = tamis_word_hash(word.data, word.size);
        }
        i++;
    }
    memset(engine->no_chars.data, 0, count * sizeof(engine->no_chars.data[0]));
    split->words = (tamis_words){.count = count, .chars = engine->no_chars.data};
    split->order_max = 0;
    split->has_words = true;
    split->has_hashes = true;
    return TAMIS_OK;
}

static tamis_status count_runs(tamis_signals *engine, tamis_err *err)
{
    tamis_status status = engine->special_split.has_words ? TAMIS_OK : make_words(engine, err);

    return status == TAMIS_OK
               ? tamis_engine_grams(engine, &engine->special_split, WORD_ORDER_DJ, err)
               : status;
}

static size_t count_special(const tamis_signals *engine)
{
    tamis_slice text = engine->text;
    size_t count = 0;

    for (size_t i = 0; i < text.size;) {
        uint32_t point = text.data[i];

        if (point < 0x80) {
            count += engine->is_special[point];
            i++;
        } else {
            i += tamis_utf8_decode(text.data + i, &point);
            count += is_special(engine, point);
        }
    }
    return count;
}

/* Where each code point begins, and where the last one ends. */
static void place_chars(tamis_slice text, uint32_t *places)
{
    size_t count = 0;

    for (size_t i = 0; i < text.size; i++) {
        places[count] = (uint32_t)i;
        count += (text.data[i] & 0xC0) != 0x80;
    }
    places[count] = (uint32_t)text.size;
}

/* The sum of the k greatest of the counts above 1, where there are more than k such. */
static uint64_t sum_greatest(const tamis_numbers *numbers, size_t k)
{
    uint32_t low = 2; /* the least threshold that at most k counts reach lies in low .. high */
    uint32_t high = UINT32_MAX;
    uint64_t sum = 0;
    size_t reached = 0;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        size_t count = 0;

        for (size_t i = 0; i < numbers->count; i++) {
            count += numbers->counts.data[i] >= middle;
        }
        if (count <= k) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    for (size_t i = 0; i < numbers->count; i++) {
        if (numbers->counts.data[i] >= low) {
            sum += numbers->counts.data[i];
            reached += 1;
        }
    }
    return sum + (uint64_t)(k - reached) * (low - 1); /* the rest: just below */
}

/* The greatest integer whose square is at most `value`. */
static size_t root_of(size_t value)
{
    size_t root = (size_t)sqrt((double)value);

    while (root * root > value) {
        root--;
    }
    while ((root + 1) * (root + 1) <= value) {
        root++;
    }
    return root;
}

/* Counts the runs that may be repeated: those whose bit was set by one before, or is again by one
 * after. engine->numbers holds them; returns how many occurrences they have. */
static tamis_status number_suspects(tamis_signals *engine, size_t chars, size_t runs,
                                    size_t *out_suspects, tamis_err *err)
{
    tamis_slice text = engine->text;
    const uint32_t *places = engine->sizes.data;
    size_t words = engine->filter_words;
    uint64_t *once = engine->filter.data;
    uint64_t *twice = once + words;
    uint64_t *keys = engine->keys.data;
    uint32_t shift = 58 - (uint32_t)__builtin_ctzll(words);
    size_t suspects = 0;
    tamis_status status = TAMIS_OK;

    memset(once, 0, 2 * words * sizeof(once[0]));
    for (size_t i = 0; i < runs; i++) {
        keys[i] = chars == text.size
                      ? tamis_word_hash(text.data + i, WINDOW)
                      : tamis_word_hash(text.data + places[i], places[i + WINDOW] - places[i]);

        uint64_t bit = (keys[i] * TAMIS_HASH_K1) >> shift;
        uint64_t mask = 1ull << (bit % 64);

        twice[bit / 64] |= once[bit / 64] & mask;
        once[bit / 64] |= mask;
    }
    for (size_t i = 0; i < runs; i++) {
        uint64_t bit = (keys[i] * TAMIS_HASH_K1) >> shift;

        keys[suspects] = keys[i];
        suspects += twice[bit / 64] >> (bit % 64) & 1;
    }
    status = tamis_numbers_begin(&engine->numbers, suspects, err);
    for (size_t i = 0; i < suspects && status == TAMIS_OK; i++) {
        (void)tamis_numbers_add(&engine->numbers, keys[i]);
    }
    *out_suspects = suspects;
    return status;
}

static tamis_status repeated_windows(tamis_signals *engine, double *out_ratio, tamis_err *err)
{
    size_t chars = 0;
    size_t words = 1;
    size_t suspects = 0;
    size_t repeated = 0;
    uint64_t sum = 0;
    tamis_status status = tamis_text_view_chars(engine->view, &chars, err);

    *out_ratio = 0.0;
    if (status != TAMIS_OK || chars < WINDOW) {
        return status;
    }

    size_t runs = chars - WINDOW + 1;

    while (words * 64 < BITS_PER_RUN * runs) {
        words *= 2;
    }
    engine->filter_words = words;
    TAMIS_GROW(&engine->filter, 2 * words, status, err);
    if (status == TAMIS_OK) {
        TAMIS_GROW(&engine->keys, runs, status, err);
    }
    if (status == TAMIS_OK) {
        TAMIS_GROW(&engine->sizes, chars + 1, status, err);
    }
    if (status == TAMIS_OK && chars != engine->text.size) {
        place_chars(engine->text, engine->sizes.data);
    }
    if (status == TAMIS_OK) {
        status = number_suspects(engine, chars, runs, &suspects, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    for (size_t i = 0; i < engine->numbers.count; i++) {
        uint32_t count = engine->numbers.counts.data[i];

        repeated += count > 1;
        sum += count > 1 ? count : 0;
    }

    size_t k = root_of(runs - suspects + engine->numbers.count);

    *out_ratio = tamis_share(repeated <= k ? sum : sum_greatest(&engine->numbers, k), runs);
    return TAMIS_OK;
}
