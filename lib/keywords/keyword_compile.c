/* SPDX-License-Identifier: Apache-2.0 */
/* Automaton and filter of a list. */
#include <stdlib.h>

#include "keyword_case.h"
#include "keyword_parts.h"
#include "tamis/utf8.h"

#define CASED_MAX 0x1EFFFu /* no character from here on has another case */

static uint8_t *term_bytes(const tamis_keywords *keywords, const keyword_term *term)
{
    return keywords->pool.data + term->offset;
}

static void make_classes(tamis_keywords *keywords)
{
    keywords->class_count = 1; /* 0: bytes of no term */
    for (size_t i = 0; i < keywords->pool.size; i++) {
        uint8_t byte = keywords->pool.data[i];

        if (keywords->class[byte] == 0) {
            keywords->class[byte] = (uint8_t)keywords->class_count;
            keywords->class_count++;
        }
    }
}

static tamis_status state_room(tamis_keywords *keywords)
{
    size_t room = keywords->state_room;
    size_t width = keywords->class_count;

    if (keywords->state_count < room) {
        return TAMIS_OK;
    }
    room = room == 0 ? 1024 : 2 * room;
    if (room * (width + 4) * sizeof(uint32_t) > TAMIS_KEYWORDS_TABLE_MAX) {
        return TAMIS_ELIMIT;
    }
    uint32_t *next = realloc(keywords->next, room * width * sizeof(uint32_t));

    keywords->next = next == NULL ? keywords->next : next;
    uint32_t *term = realloc(keywords->term, room * sizeof(uint32_t));

    keywords->term = term == NULL ? keywords->term : term;
    uint16_t *depth = realloc(keywords->depth, room * sizeof(uint16_t));

    keywords->depth = depth == NULL ? keywords->depth : depth;
    if (next == NULL || term == NULL || depth == NULL) {
        return TAMIS_ENOMEM;
    }
    keywords->state_room = room;
    return TAMIS_OK;
}

static tamis_status state_add(tamis_keywords *keywords, uint16_t depth)
{
    size_t width = keywords->class_count;
    tamis_status status = state_room(keywords);

    if (status != TAMIS_OK) {
        return status;
    }
    memset(keywords->next + keywords->state_count * width, 0, width * sizeof(uint32_t));
    keywords->term[keywords->state_count] = KEYWORD_NONE;
    keywords->depth[keywords->state_count] = depth;
    keywords->state_count++;
    return TAMIS_OK;
}

/* The tree of terms; a term that is there already leaves the list. */
static tamis_status make_tree(tamis_keywords *keywords)
{
    size_t kept = 0;
    tamis_status status = state_add(keywords, 0);

    for (size_t i = 0; i < keywords->term_count && status == TAMIS_OK; i++) {
        keyword_term term = keywords->terms[i];
        const uint8_t *bytes = term_bytes(keywords, &term);
        size_t state = 0;

        for (uint32_t b = 0; b < term.size && status == TAMIS_OK; b++) {
            size_t place = state * keywords->class_count + keywords->class[bytes[b]];

            if (keywords->next[place] == 0) {
                status = state_add(keywords, (uint16_t)(b + 1));
                if (status == TAMIS_OK) {
                    keywords->next[place] = (uint32_t)(keywords->state_count - 1);
                }
            }
            state = keywords->next[place];
        }
        if (status == TAMIS_OK && keywords->term[state] == KEYWORD_NONE) {
            keywords->term[state] = (uint32_t)kept;
            keywords->terms[kept++] = term;
        }
    }
    keywords->term_count = kept;
    return status;
}

/* Breadth first: where a state has no edge, that of its longest proper suffix. */
static tamis_status make_links(tamis_keywords *keywords)
{
    size_t count = keywords->state_count;
    size_t width = keywords->class_count;
    uint32_t *queue = calloc(count, sizeof(uint32_t));
    size_t head = 0;
    size_t tail = 0;

    keywords->fail = calloc(count, sizeof(uint32_t));
    keywords->above = calloc(count, sizeof(uint32_t));
    if (queue == NULL || keywords->fail == NULL || keywords->above == NULL) {
        free(queue);
        return TAMIS_ENOMEM;
    }
    for (size_t c = 1; c < width; c++) {
        if (keywords->next[c] != 0) {
            queue[tail++] = keywords->next[c];
        }
    }
    while (head < tail) {
        uint32_t state = queue[head++];
        uint32_t fail = keywords->fail[state];

        keywords->above[state] =
            keywords->term[fail] != KEYWORD_NONE ? fail : keywords->above[fail];
        for (size_t c = 1; c < width; c++) {
            uint32_t *edge = &keywords->next[state * width + c];
            uint32_t other = keywords->next[fail * width + c];

            if (*edge == 0) {
                *edge = other;
            } else {
                keywords->fail[*edge] = other;
                queue[tail++] = *edge;
            }
        }
    }
    free(queue);
    return TAMIS_OK;
}

/* Bytes that cannot stand right before a term, unless it begins with another byte. */
static void make_word_set(tamis_keywords *keywords)
{
    tamis_keyword_rules rules = keywords->settings.rules;

    for (unsigned byte = 0; byte < 0x80; byte++) {
        bool is_letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        bool is_in = false;

        switch (rules) {
        case TAMIS_KEYWORD_TFDS:
            is_in = is_letter;
            break;
        case TAMIS_KEYWORD_DOLMA:
        case TAMIS_KEYWORD_RPV2:
            is_in = byte > 0x20 && byte < 0x7F;
            break;
        case TAMIS_KEYWORD_DATATROVE:
        case TAMIS_KEYWORD_DCLM:
        case TAMIS_KEYWORD_RULES_COUNT:
        default:
            is_in = keyword_is_word(byte);
            break;
        }
        if (is_in) {
            keyword_set_add(&keywords->word, (uint8_t)byte);
        }
    }
}

static bool has_space(tamis_slice term)
{
    for (size_t i = 0; i < term.size;) {
        uint32_t code_point = 0;

        i += tamis_utf8_decode(term.data + i, &code_point);
        if (keyword_is_space(code_point)) {
            return true;
        }
    }
    return false;
}

/* An ASCII byte that begins a term which stands anywhere, in either case. `ascii` of the first
 * bytes are ASCII. */
static void add_free(tamis_keywords *keywords, const uint8_t head[8], size_t ascii, size_t size)
{
    uint8_t first = head[0];
    uint8_t pair[8] = {first, head[1]};

    keyword_set_add(&keywords->special, first);
    if (first >= 'a' && first <= 'z' && keywords->settings.rules != TAMIS_KEYWORD_RPV2) {
        keyword_set_add(&keywords->special, (uint8_t)(first & ~0x20));
    }
    if (ascii >= 4) {
        keyword_set_bit(keywords->quads, keyword_key(head, 4));
        return;
    }
    keywords->has_pairs = true;
    for (unsigned next = 0; next < 0x80; next++) {
        pair[1] = (uint8_t)next;
        if (size < 2 || ascii < 2 || head[1] == next) {
            keyword_set_bit(keywords->pairs, keyword_key(pair, 2));
        }
    }
}

static void add_to_filter(tamis_keywords *keywords, const keyword_term *term)
{
    const uint8_t *bytes = term_bytes(keywords, term);
    uint8_t head[8] = {0};
    size_t run = 0;
    size_t ascii = 0;

    while (ascii < term->size && ascii < 8 && bytes[ascii] < 0x80) {
        head[ascii] = bytes[ascii];
        ascii++;
    }
    while (run < ascii && keyword_set_has(&keywords->word, head[run])) {
        run++;
    }
    if (ascii == 0) {
        uint32_t code_point = 0;

        (void)tamis_utf8_decode(bytes, &code_point);
        keyword_set_bit(keywords->leads, code_point & 0xFFFF);
        keywords->is_lead_special = true;
    } else if (run == 0 || term->is_free) {
        add_free(keywords, head, ascii, term->size);
    } else {
        keyword_set_bit(ascii == 8 ? keywords->long_keys : keywords->keys,
                        keyword_key(head, ascii == 8 ? 8 : run));
        keywords->has_keys = true;
    }
}

/* Characters whose lower case begins a term. */
static void add_upper_leads(tamis_keywords *keywords)
{
    uint64_t lower[65536 / 64];

    if (!keywords->is_lead_special || keywords->settings.rules == TAMIS_KEYWORD_RPV2) {
        return;
    }
    memcpy(lower, keywords->leads, sizeof(lower));
    for (uint32_t code_point = 0x80; code_point <= CASED_MAX; code_point++) {
        if (code_point < 0xD800 || code_point > 0xDFFF) {
            if (keyword_bit(lower, keyword_lower(code_point) & 0xFFFF)) {
                keyword_set_bit(keywords->leads, code_point & 0xFFFF);
            }
        }
    }
}

tamis_status keyword_compile(tamis_keywords *keywords, const char *name, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    make_classes(keywords);
    status = make_tree(keywords);
    if (status == TAMIS_OK) {
        status = make_links(keywords);
    }
    if (status == TAMIS_ELIMIT) {
        return tamis_err_set(err, status,
                             "%s: the automaton needs more than %u MiB: shorten the list", name,
                             TAMIS_KEYWORDS_TABLE_MAX >> 20);
    }
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "%s: out of memory", name);
    }
    if (!keywords->settings.is_substring) {
        make_word_set(keywords);
    }
    for (size_t i = 0; i < keywords->term_count; i++) {
        keyword_term *term = &keywords->terms[i];
        tamis_slice bytes = tamis_slice_of(term_bytes(keywords, term), term->size);

        term->is_free = keywords->settings.is_substring ||
                        (keywords->settings.rules == TAMIS_KEYWORD_DOLMA && has_space(bytes));
        add_to_filter(keywords, term);
    }
    add_upper_leads(keywords);
    return TAMIS_OK;
}
