/* SPDX-License-Identifier: Apache-2.0 */
/* Filter, automaton, borders.
 *
 * The automaton starts at a place that the filter lets through and runs until its state says that
 * no term which began before place q > start can still match, with q at most a few bytes back; the
 * filter takes over at q. So a byte is read a bounded number of times, whatever the text.
 */
#include <stdlib.h>

#include "keyword_case.h"
#include "keyword_parts.h"
#include "tamis/utf8.h"

#define SHORT_DEPTH 3 /* bytes that may be read again when the filter takes over */
#define NO_CHAR     UINT32_MAX

struct tamis_keyword_scan {
    const tamis_keywords *keywords;
    keyword_mask_kernel *kernel;
    tamis_keyword_span *spans;
    size_t span_count;
    size_t span_room;
    uint64_t match_count;
    tamis_slice text;
    size_t done;     /* ends up to here are reported */
    size_t position; /* the filter looks from here on */
    bool is_plain;   /* no filter */
    bool is_raw;     /* nothing is lower-cased */
    tamis_status status;
    keyword_masks masks;
};

/* A state of the automaton, and the text that led to it. */
typedef struct run {
    uint32_t state;
    size_t begin;  /* of the last character */
    size_t end;    /* behind it */
    size_t ascii;  /* bytes before `end` that are ASCII and were fed as one byte each */
    size_t fed;    /* bytes of lower case of the last character that were fed */
    uint32_t rest; /* its lower case that is still to come, or NO_CHAR */
} run;

tamis_status tamis_keyword_scan_create(const tamis_keywords *keywords,
                                       tamis_keyword_scan **out_scan, tamis_err *err)
{
    tamis_keyword_scan *scan = calloc(1, sizeof(*scan));

    if (scan == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "out of memory");
    }
    scan->keywords = keywords;
    scan->kernel = keyword_mask_kernel_for(tamis_kernel_best());
    scan->is_raw = keywords->settings.rules == TAMIS_KEYWORD_RPV2;
    *out_scan = scan;
    return TAMIS_OK;
}

void tamis_keyword_scan_destroy(tamis_keyword_scan *scan)
{
    if (scan != NULL) {
        free(scan->spans);
        free(scan);
    }
}

static void add_span(tamis_keyword_scan *scan, size_t begin, size_t end, uint32_t term)
{
    while (scan->span_count > 0 && scan->spans[scan->span_count - 1].end > begin) {
        size_t last = scan->spans[scan->span_count - 1].begin;

        begin = last < begin ? last : begin;
        scan->span_count--;
    }
    if (scan->span_count == scan->span_room) {
        size_t room = scan->span_room == 0 ? 64 : 2 * scan->span_room;
        tamis_keyword_span *grown = realloc(scan->spans, room * sizeof(*grown));

        if (grown == NULL) {
            scan->status = TAMIS_ENOMEM;
            return;
        }
        scan->spans = grown;
        scan->span_room = room;
    }
    scan->spans[scan->span_count++] =
        (tamis_keyword_span){.begin = (uint32_t)begin, .end = (uint32_t)end, .term = term};
}

static size_t lower_size(const tamis_keyword_scan *scan, uint32_t code_point)
{
    uint8_t bytes[4];

    if (scan->is_raw) {
        return tamis_utf8_encode(code_point, bytes);
    }
    return tamis_utf8_encode(keyword_lower(code_point), bytes) +
           (code_point == KEYWORD_DOTTED_I ? 2 : 0);
}

/* Where the last `size` bytes of lower case begin in the text. */
static size_t begin_of(const tamis_keyword_scan *scan, const run *at, size_t size)
{
    size_t begin = at->begin;

    if (size <= at->ascii) {
        return at->end - size;
    }
    size = size > at->fed ? size - at->fed : 0;
    while (size > 0 && begin > 0) {
        uint32_t code_point = keyword_before(scan->text.data, begin, &begin);
        size_t part = lower_size(scan, code_point);

        size = size > part ? size - part : 0;
    }
    return begin;
}

static uint32_t char_before(const tamis_keyword_scan *scan, size_t at)
{
    uint32_t code_point = 0;

    if (at == 0) {
        return NO_CHAR;
    }
    code_point = keyword_before(scan->text.data, at, &at);
    return code_point == KEYWORD_DOTTED_I && !scan->is_raw ? KEYWORD_DOT : code_point;
}

static uint32_t char_at(const tamis_keyword_scan *scan, size_t at)
{
    uint32_t code_point = 0;

    if (at == scan->text.size) {
        return NO_CHAR;
    }
    (void)tamis_utf8_decode(scan->text.data + at, &code_point);
    return scan->is_raw ? code_point : keyword_lower(code_point);
}

/* Whether a character of the stripped line, not a to z, stands before `at`. */
static bool has_line_before(const tamis_keyword_scan *scan, size_t at)
{
    bool is_first = true;

    while (at > 0) {
        uint32_t code_point = keyword_before(scan->text.data, at, &at);

        if (keyword_is_break(code_point)) {
            return false;
        }
        if (!keyword_is_space(code_point)) {
            code_point = code_point == KEYWORD_DOTTED_I ? KEYWORD_DOT : keyword_lower(code_point);
            return !is_first || code_point < 'a' || code_point > 'z';
        }
        is_first = false;
    }
    return false;
}

static bool has_line_after(const tamis_keyword_scan *scan, size_t at)
{
    bool is_first = true;

    while (at < scan->text.size) {
        uint32_t code_point = 0;

        at += tamis_utf8_decode(scan->text.data + at, &code_point);
        if (keyword_is_break(code_point)) {
            return false;
        }
        if (!keyword_is_space(code_point)) {
            code_point = keyword_lower(code_point);
            return !is_first || code_point < 'a' || code_point > 'z';
        }
        is_first = false;
    }
    return false;
}

static bool is_word_char(uint32_t code_point)
{
    return code_point != NO_CHAR && keyword_is_word(code_point);
}

/* \b on both sides of a term. */
static bool has_breaks(const tamis_keyword_scan *scan, const keyword_term *term, uint32_t before,
                       uint32_t after)
{
    const uint8_t *bytes = scan->keywords->pool.data + term->offset;
    uint32_t first = 0;
    size_t begin = 0;

    (void)tamis_utf8_decode(bytes, &first);
    return is_word_char(before) != keyword_is_word(first) &&
           is_word_char(after) != keyword_is_word(keyword_before(bytes, term->size, &begin));
}

static bool has_borders(const tamis_keyword_scan *scan, const run *at, const keyword_term *term,
                        size_t begin)
{
    uint32_t before = char_before(scan, begin);
    uint32_t after = at->rest != NO_CHAR ? at->rest : char_at(scan, at->end);

    if (term->is_free) {
        return true;
    }
    switch (scan->keywords->settings.rules) {
    case TAMIS_KEYWORD_TFDS:
        return has_line_before(scan, begin) &&
               (at->rest != NO_CHAR || has_line_after(scan, at->end));
    case TAMIS_KEYWORD_DOLMA:
        return (before == NO_CHAR || keyword_is_space(before)) &&
               (after == NO_CHAR || keyword_is_space(after));
    case TAMIS_KEYWORD_DCLM:
        return has_breaks(scan, term, before, after);
    case TAMIS_KEYWORD_RPV2:
        return (before == NO_CHAR || before == ' ') && (after == NO_CHAR || after == ' ');
    case TAMIS_KEYWORD_DATATROVE:
    case TAMIS_KEYWORD_RULES_COUNT:
    default:
        return !is_word_char(before) && !is_word_char(after);
    }
}

/* Terms that end here. */
static void report(tamis_keyword_scan *scan, const run *at)
{
    const tamis_keywords *keywords = scan->keywords;
    uint32_t state = at->state;
    bool is_first = true;

    if (keywords->term[state] == KEYWORD_NONE) {
        state = keywords->above[state];
    }
    for (; state != 0; state = keywords->above[state]) {
        uint32_t index = keywords->term[state];
        const keyword_term *term = &keywords->terms[index];
        size_t begin = begin_of(scan, at, term->size);

        if (has_borders(scan, at, term, begin)) {
            scan->match_count++;
            if (is_first) {
                add_span(scan, begin, at->end, index);
                is_first = false;
            }
        }
    }
}

static inline bool has_term(const tamis_keywords *keywords, uint32_t state)
{
    return keywords->term[state] != KEYWORD_NONE || keywords->above[state] != 0;
}

static void feed(const tamis_keywords *keywords, run *at, uint32_t code_point)
{
    uint8_t bytes[4];
    size_t size = tamis_utf8_encode(code_point, bytes);

    for (size_t i = 0; i < size; i++) {
        at->state =
            keywords->next[at->state * (size_t)keywords->class_count + keywords->class[bytes[i]]];
    }
    at->fed += size;
}

/* A character from 0x80 on. */
static void step_wide(tamis_keyword_scan *scan, run *at, bool is_new)
{
    uint32_t code_point = 0;

    at->begin = at->end;
    at->end += tamis_utf8_decode(scan->text.data + at->end, &code_point);
    at->ascii = 0;
    at->fed = 0;
    if (code_point == KEYWORD_DOTTED_I && !scan->is_raw) {
        feed(scan->keywords, at, 'i');
        at->rest = KEYWORD_DOT;
        if (is_new && has_term(scan->keywords, at->state)) {
            report(scan, at);
        }
        at->rest = NO_CHAR;
        code_point = KEYWORD_DOT;
    }
    feed(scan->keywords, at, scan->is_raw ? code_point : keyword_lower(code_point));
    if (is_new && has_term(scan->keywords, at->state)) {
        report(scan, at);
    }
}

static void step_ascii(tamis_keyword_scan *scan, run *at, bool is_new)
{
    const tamis_keywords *keywords = scan->keywords;
    uint8_t byte = scan->text.data[at->end];

    if (!scan->is_raw && byte >= 'A' && byte <= 'Z') {
        byte |= 0x20;
    }
    at->begin = at->end;
    at->end++;
    at->ascii++;
    at->fed = 1;
    at->state = keywords->next[at->state * (size_t)keywords->class_count + keywords->class[byte]];
    if (is_new && has_term(keywords, at->state)) {
        report(scan, at);
    }
}

/* Runs the automaton from `start`; returns where the filter goes on, behind it. */
static size_t run_from(tamis_keyword_scan *scan, size_t start)
{
    const tamis_keywords *keywords = scan->keywords;
    run at = {.begin = start, .end = start, .rest = NO_CHAR};

    while (at.end < scan->text.size) {
        bool is_new = at.end >= scan->done;

        if (scan->text.data[at.end] < 0x80) {
            step_ascii(scan, &at, is_new);
        } else {
            step_wide(scan, &at, is_new);
        }
        scan->done = at.end > scan->done ? at.end : scan->done;
        size_t depth = keywords->depth[at.state];

        if (scan->is_plain) {
            continue;
        }
        if (depth == 0) {
            return at.end;
        }
        if (depth <= SHORT_DEPTH && depth <= at.ascii && at.end - depth > start) {
            return at.end - depth;
        }
        if (at.ascii == 0 && depth <= at.fed && at.begin > start) {
            return at.begin;
        }
    }
    return scan->text.size;
}

/* Whether a term may begin at `at`, bit `bit` of block `block`. */
static inline bool is_candidate(const tamis_keyword_scan *scan, size_t at, size_t block,
                                unsigned bit, uint64_t starts)
{
    const tamis_keywords *keywords = scan->keywords;
    const uint8_t *bytes = scan->text.data + at;

    if ((starts >> bit & 1) != 0) {
        uint64_t word = scan->masks.word[block] >> bit;

        if (bit > 0) {
            word |= scan->masks.word[block + 1] << (64 - bit);
        }
        size_t size = ~word == 0 ? 64 : (size_t)__builtin_ctzll(~word);

        if (keyword_bit(keywords->long_keys, keyword_key(bytes, 8)) ||
            keyword_bit(keywords->keys, keyword_key(bytes, size))) {
            return true;
        }
    }
    if ((scan->masks.special[block] >> bit & 1) == 0) {
        return false;
    }
    if (bytes[0] >= 0x80) {
        uint32_t code_point = 0;

        (void)tamis_utf8_decode(bytes, &code_point);
        return keyword_bit(keywords->leads, code_point & 0xFFFF);
    }
    if (keyword_bit(keywords->quads, keyword_key(bytes, 4))) {
        return true;
    }
    /* Behind the last byte there may be anything: one candidate too many does no harm. */
    return keywords->has_pairs &&
           (bytes[1] >= 0x80 || keyword_bit(keywords->pairs, keyword_key(bytes, 2)));
}

/* The characters whose lower case is ASCII are beyond the filter. */
static bool needs_plain(tamis_slice text)
{
    return memmem(text.data, text.size, "\xE2\x84\xAA", 3) != NULL ||
           memmem(text.data, text.size, "\xC4\xB0", 2) != NULL;
}

/* Masks of the stretch at `base` and one block behind it; bytes behind the text are in no set. */
static void mask_stretch(tamis_keyword_scan *scan, size_t base)
{
    const tamis_keywords *keywords = scan->keywords;
    size_t left = scan->text.size - base;
    size_t whole = left / KEYWORD_BLOCK;
    size_t count = whole < KEYWORD_STRETCH + 1 ? whole : KEYWORD_STRETCH + 1;

    scan->kernel(scan->text.data + base, count, &keywords->word, &keywords->special,
                 keywords->is_lead_special, &scan->masks);
    if (count < KEYWORD_STRETCH + 1) {
        uint8_t tail[KEYWORD_BLOCK] = {0};
        keyword_masks last = {.has_high = false};

        memcpy(tail, scan->text.data + base + count * KEYWORD_BLOCK, left - count * KEYWORD_BLOCK);
        scan->kernel(tail, 1, &keywords->word, &keywords->special, keywords->is_lead_special,
                     &last);
        scan->masks.word[count] = last.word[0];
        scan->masks.special[count] = last.special[0];
        scan->masks.has_high |= last.has_high;
        for (count++; count < KEYWORD_STRETCH + 1; count++) {
            scan->masks.word[count] = 0;
            scan->masks.special[count] = 0;
        }
    }
}

static void scan_stretch(tamis_keyword_scan *scan, size_t base, uint64_t *carry)
{
    uint64_t key_mask = scan->keywords->has_keys ? ~0ull : 0;

    for (size_t block = 0; block < KEYWORD_STRETCH; block++, base += KEYWORD_BLOCK) {
        uint64_t word = scan->masks.word[block];
        uint64_t starts = word & ~(word << 1 | *carry) & key_mask;
        uint64_t visit = starts | scan->masks.special[block];

        *carry = word >> 63;
        while (visit != 0) {
            unsigned bit = (unsigned)__builtin_ctzll(visit);
            size_t at = base + bit;

            visit &= visit - 1;
            if (at >= scan->position && at < scan->text.size &&
                is_candidate(scan, at, block, bit, starts)) {
                scan->position = run_from(scan, at);
            }
        }
    }
}

static void scan_text(tamis_keyword_scan *scan)
{
    bool is_checked = scan->is_raw;
    uint64_t carry = 0;

    for (size_t base = 0; base < scan->text.size; base += KEYWORD_STRETCH * KEYWORD_BLOCK) {
        mask_stretch(scan, base);
        if (scan->masks.has_high && !is_checked) {
            is_checked = true;
            if (needs_plain(scan->text)) {
                scan->is_plain = true;
                return;
            }
        }
        scan_stretch(scan, base, &carry);
    }
}

static void reset(tamis_keyword_scan *scan)
{
    scan->span_count = 0;
    scan->match_count = 0;
    scan->done = 0;
    scan->position = 0;
    scan->status = TAMIS_OK;
}

tamis_status tamis_keyword_scan_run(tamis_keyword_scan *scan, tamis_slice text,
                                    tamis_keyword_result *out_result, tamis_err *err)
{
    TAMIS_ASSERT(text.size <= UINT32_MAX);

    reset(scan);
    scan->text = text;
    scan->is_plain = false;
    if (scan->keywords->term_count > 0) {
        scan_text(scan);
    }
    if (scan->is_plain) {
        reset(scan);
        (void)run_from(scan, 0);
    }
    if (scan->status != TAMIS_OK) {
        return tamis_err_set(err, scan->status, "keywords: out of memory");
    }
    *out_result = (tamis_keyword_result){
        .spans = scan->spans, .span_count = scan->span_count, .match_count = scan->match_count};
    return TAMIS_OK;
}
