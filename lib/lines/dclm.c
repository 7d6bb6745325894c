/* SPDX-License-Identifier: Apache-2.0 */
/* The modifiers of DCLM, each over the lines of split("\n"). What stays is joined by newlines. */
#include "line_run.h"

#define CUTS_MAX 8 /* in a line of 10 words no pattern stands more often */

#define WORD_CHARS_MAX     1000
#define SHORT_LINE_WORDS   10 /* longer lines are left alone by the rules that cut phrases */
#define UPPERCASE_MAX      0.5
#define NUMERIC_MAX        0.999999
#define CONSECUTIVE_BREAKS 2

/* What a rule wants of one line. */
typedef struct verdict {
    tamis_line_reason reason; /* TAMIS_LINE_KEPT, or why it is dropped or cut */
    bool is_dropped;
    size_t cut_count; /* of a line that stays */
    uint32_t cuts[CUTS_MAX][2];
} verdict;

typedef struct modifier {
    tamis_line_rule rule;
    tamis_line_reason reason;
    bool strips; /* what is left */
    const char *drop_reason;
} modifier;

static const modifier modifiers[] = {
    {TAMIS_LINES_DCLM_UPPERCASE, TAMIS_LINE_UPPERCASE, true, "uppercase_ratio_line_0.5"},
    {TAMIS_LINES_DCLM_NUMERIC, TAMIS_LINE_NUMERIC, true, "numeric_ratio_line_0.999999"},
    {TAMIS_LINES_DCLM_COUNTER, TAMIS_LINE_COUNTER, true, "counter_line"},
    {TAMIS_LINES_DCLM_LENGTH_2, TAMIS_LINE_LINE_LENGTH, false, "line_length_min2"},
    {TAMIS_LINES_DCLM_LENGTH_5, TAMIS_LINE_LINE_LENGTH, false, "line_length_min5"},
    {TAMIS_LINES_DCLM_WORD_LENGTH, TAMIS_LINE_LONG_WORD, false, "word_length_1000"},
    {TAMIS_LINES_DCLM_CITATION, TAMIS_LINE_CITATION, false, "citation_removal"},
    {TAMIS_LINES_DCLM_PUNCTUATION, TAMIS_LINE_NO_END_MARK, false, "punctuation_line"},
    {TAMIS_LINES_DCLM_PUNCTUATION_NO_ELLIPSES, TAMIS_LINE_NO_END_MARK, false,
     "punctuation_line_remove_ellipses"},
    {TAMIS_LINES_DCLM_JAVASCRIPT, TAMIS_LINE_JAVASCRIPT, true, "substring_line_javascript"},
    {TAMIS_LINES_DCLM_POLICY, TAMIS_LINE_POLICY, true, "substring_line_policy"},
    {TAMIS_LINES_DCLM_CART, TAMIS_LINE_CART, true, "substring_items_in_cart"},
    {TAMIS_LINES_DCLM_READ_MORE, TAMIS_LINE_READ_MORE, true, "substring_read_more"},
    {TAMIS_LINES_DCLM_SIGN_IN, TAMIS_LINE_SIGN_IN, true, "substring_sign_in"},
    {TAMIS_LINES_DCLM_NEWLINES, TAMIS_LINE_NEWLINES, false, NULL},
};

static const modifier *find_modifier(tamis_line_rule rule)
{
    for (size_t i = 0; i < sizeof(modifiers) / sizeof(modifiers[0]); i++) {
        if (modifiers[i].rule == rule) {
            return &modifiers[i];
        }
    }
    return NULL;
}

const char *line_dclm_drop_reason(tamis_line_rule rule)
{
    const modifier *found = find_modifier(rule);

    return found == NULL ? NULL : found->drop_reason;
}

/* Whether the share of characters of a class is above a limit. */
static bool has_share_above(tamis_slice line, uint32_t class, double limit)
{
    size_t chars = 0;
    size_t found = 0;

    for (size_t i = 0; i < line.size; chars++) {
        line_char c = line_char_at(line.data + i);

        found += (tamis_char_class(c.code_point) & class) != 0;
        i += c.size;
    }
    return chars > 0 && (double)found / (double)chars > limit;
}

/* A line with fewer letters A-Z and bytes outside ASCII than half cannot have enough capitals. */
static bool may_be_upper(tamis_slice line)
{
    size_t count = 0;

    for (size_t i = 0; i < line.size; i++) {
        uint8_t byte = line.data[i];

        count += (uint8_t)(byte - 'A') < 26 || byte >= 0x80;
    }
    return count * 2 > line.size;
}

/* A line whose first character that is no digit comes early has too few digits, unless it is of a
 * million characters. */
static bool may_be_numeric(tamis_slice line)
{
    return line.size > 0 && (line.data[0] >= 0x80 || (line.data[0] >= '0' && line.data[0] <= '9') ||
                             line.size > 1000000);
}

static tamis_slice strip_right(tamis_slice line)
{
    return tamis_text_strip_right(line);
}

static bool is_punctuation_dropped(tamis_slice line, bool drops_ellipses)
{
    tamis_slice text = line;
    uint8_t last = 0;
    bool is_ellipsis = false;

    if (line.size == 0) {
        return false;
    }
    text = strip_right(line);
    last = text.size == 0 ? 0 : text.data[text.size - 1];
    is_ellipsis = line_ends_with(text, "\xE2\x80\xA6", 3);
    if (last != '.' && last != '!' && last != '?' && last != '"' && !is_ellipsis) {
        return true;
    }
    return drops_ellipses && (is_ellipsis || line_ends_with(text, "...", 3));
}

static bool has_folded(tamis_slice line, const char *pattern)
{
    for (size_t i = 0; i < line.size; i++) {
        tamis_slice rest = tamis_slice_of(line.data + i, line.size - i);

        if ((line.data[i] & 0xC0) != 0x80 && line_match_folded(rest, pattern) > 0) {
            return true;
        }
    }
    return false;
}

/* Whether the text has a letter outside ASCII that equals one of ASCII when case is ignored. */
static bool has_odd_letter(tamis_slice text)
{
    static const char *const letters[] = {"\u0130", "\u0131", "\u017f", "\u212a"};

    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        if (text.size > 0 && memmem(text.data, text.size, letters[i], strlen(letters[i])) != NULL) {
            return true;
        }
    }
    return false;
}

/* A search for phrases, line by line. */
typedef struct phrase_search {
    size_t mark; /* the next one of the scan */
    bool has_odd_letter;
} phrase_search;

/* Whether the line has one of the phrases of a kind, whatever its case. */
static bool has_phrase(tamis_line_rules *rules, tamis_slice text, tamis_slice line,
                       phrase_search *search, c4_phrase kind)
{
    static const char *const policies[] = {"terms of use", "privacy policy", "cookie policy",
                                           "uses cookies", "use of cookies", "use cookies"};
    const c4_scan *scan = &rules->scan;
    size_t begin = (size_t)(line.data - text.data);
    size_t mark = search->mark;
    bool is_found = false;

    while (mark < scan->mark_count && scan->marks[mark].begin < begin) {
        mark++;
    }
    for (; mark < scan->mark_count && scan->marks[mark].end <= begin + line.size; mark++) {
        is_found = is_found || scan->marks[mark].phrase == (uint32_t)kind;
    }
    search->mark = mark;
    if (is_found || !search->has_odd_letter) {
        return is_found;
    }
    if (kind == C4_JAVASCRIPT) {
        return has_folded(line, "javascript");
    }
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]) && !is_found; i++) {
        is_found = has_folded(line, policies[i]);
    }
    return is_found;
}

static void add_cut(verdict *out, size_t begin, size_t end)
{
    TAMIS_ASSERT(out->cut_count < CUTS_MAX);
    out->cuts[out->cut_count][0] = (uint32_t)begin;
    out->cuts[out->cut_count][1] = (uint32_t)end;
    out->cut_count++;
}

/* Bytes of the character of white space that ends at `end`; 0: there is none. */
static size_t space_before(tamis_slice line, size_t end)
{
    size_t begin = end;

    while (begin > 0 && (line.data[--begin] & 0xC0) == 0x80) {
    }
    return begin < end ? line_space_at(line.data + begin) : 0;
}

/* \s?items in cart, everywhere. */
static void find_cart(tamis_slice line, verdict *out)
{
    for (size_t i = 0; i < line.size; i++) {
        size_t size = 0;

        if ((line.data[i] | 0x20) == 'i' || line.data[i] == 0xC4) {
            size = line_match_folded(tamis_slice_of(line.data + i, line.size - i), "items in cart");
        }
        if (size > 0 && out->cut_count == 0 &&
            line_words(line, SHORT_LINE_WORDS + 1) > SHORT_LINE_WORDS) {
            return;
        }
        if (size > 0) {
            size_t begin = i - space_before(line, i);

            add_cut(out, begin, i + size);
            i += size - 1;
        }
    }
}

/* \s?read more... at the end, where a dot is any character. */
static void find_read_more(tamis_slice line, verdict *out)
{
    static const char pattern[] = "read more\1\1\1";
    size_t begin = line.size;

    for (size_t i = 1; i < sizeof(pattern); i++) {
        if (begin == 0) {
            return;
        }
        while ((line.data[--begin] & 0xC0) == 0x80) {
        }
    }
    if (line_match_folded(tamis_slice_of(line.data + begin, line.size - begin), pattern) > 0) {
        add_cut(out, begin - space_before(line, begin), line.size);
    }
}

/* sign-in\s? at the start. */
static void find_sign_in(tamis_slice line, verdict *out)
{
    size_t size = line_match_folded(line, "sign-in");

    if (size > 0) {
        add_cut(out, 0, size + (size < line.size ? line_space_at(line.data + size) : 0));
    }
}

/* Cuts phrases from a short line; drops it when it is not empty but nothing is left. */
static void judge_phrases(tamis_slice line, tamis_line_reason reason, verdict *out)
{
    size_t from = 0;
    bool is_blank = line.size > 0;

    if (reason == TAMIS_LINE_CART) {
        find_cart(line, out);
    } else if (reason == TAMIS_LINE_READ_MORE) {
        find_read_more(line, out);
    } else {
        find_sign_in(line, out);
    }
    if (out->cut_count > 0 && line_words(line, SHORT_LINE_WORDS + 1) > SHORT_LINE_WORDS) {
        out->cut_count = 0;
        return;
    }
    for (size_t i = 0; i <= out->cut_count && is_blank; i++) {
        size_t end = i < out->cut_count ? out->cuts[i][0] : line.size;

        is_blank = line_strip(tamis_slice_of(line.data + from, end - from)).size == 0;
        from = i < out->cut_count ? out->cuts[i][1] : end;
    }
    out->is_dropped = is_blank;
}

static void judge_citations(tamis_slice line, tamis_edits *edits, uint32_t begin,
                            tamis_status *status, uint32_t *count)
{
    size_t first = 0;
    size_t end = 0;

    while (*status == TAMIS_OK && line_citation(line, end, &first, &end)) {
        *status = tamis_edits_cut(edits, begin + (uint32_t)first, begin + (uint32_t)end,
                                  TAMIS_LINE_CITATION);
        (*count)++;
    }
}

static tamis_status judge_line(tamis_line_rules *rules, const modifier *how, tamis_slice text,
                               tamis_slice line, phrase_search *search, verdict *out)
{
    switch ((int)how->rule) {
    case TAMIS_LINES_DCLM_UPPERCASE:
        out->is_dropped =
            may_be_upper(line) && has_share_above(line, TAMIS_CHAR_UPPER, UPPERCASE_MAX);
        break;
    case TAMIS_LINES_DCLM_NUMERIC:
        out->is_dropped =
            may_be_numeric(line) && has_share_above(line, TAMIS_CHAR_DIGIT, NUMERIC_MAX);
        break;
    case TAMIS_LINES_DCLM_COUNTER:
        return line_is_counter(line, &rules->lower, &out->is_dropped);
    case TAMIS_LINES_DCLM_LENGTH_2:
        out->is_dropped = line.size > 0 && line_words(line, 2) < 2;
        break;
    case TAMIS_LINES_DCLM_LENGTH_5:
        out->is_dropped = line.size > 0 && line_words(line, 5) < 5;
        break;
    case TAMIS_LINES_DCLM_WORD_LENGTH:
        out->is_dropped = line_has_long_word(line, WORD_CHARS_MAX);
        break;
    case TAMIS_LINES_DCLM_PUNCTUATION:
    case TAMIS_LINES_DCLM_PUNCTUATION_NO_ELLIPSES:
        out->is_dropped =
            is_punctuation_dropped(line, how->rule == TAMIS_LINES_DCLM_PUNCTUATION_NO_ELLIPSES);
        break;
    case TAMIS_LINES_DCLM_JAVASCRIPT:
    case TAMIS_LINES_DCLM_POLICY:
        out->is_dropped =
            has_phrase(rules, text, line, search,
                       how->rule == TAMIS_LINES_DCLM_POLICY ? C4_POLICY : C4_JAVASCRIPT);
        break;
    default:
        judge_phrases(line, how->reason, out);
        break;
    }
    return TAMIS_OK;
}

static tamis_status take_line(line_joiner *joiner, tamis_slice text, uint32_t begin, uint32_t end,
                              const verdict *found, tamis_line_reason reason)
{
    tamis_status status = TAMIS_OK;

    if (found->is_dropped) {
        return line_join_drop(joiner, begin, end, (uint16_t)reason);
    }
    status = line_join_keep(joiner, text, begin);
    for (size_t i = 0; i < found->cut_count && status == TAMIS_OK; i++) {
        status = tamis_edits_cut(joiner->edits, begin + found->cuts[i][0],
                                 begin + found->cuts[i][1], (uint16_t)reason);
    }
    line_join_end(joiner, end);
    return status;
}

static tamis_status filter_lines(tamis_line_rules *rules, const modifier *how, tamis_slice text,
                                 tamis_edits *edits, tamis_line_result *result)
{
    line_joiner joiner = {.edits = edits};
    tamis_status status = TAMIS_OK;
    uint32_t lines = 0;
    uint32_t kept = 0;
    phrase_search search = {.mark = 0};
    size_t begin = 0;

    if (how->rule == TAMIS_LINES_DCLM_JAVASCRIPT || how->rule == TAMIS_LINES_DCLM_POLICY) {
        search.has_odd_letter = has_odd_letter(text);
        status = c4_scan_text(&rules->scan, rules->kernel, text);
    }
    while (status == TAMIS_OK && begin <= text.size) {
        const uint8_t *newline =
            begin < text.size ? memchr(text.data + begin, '\n', text.size - begin) : NULL;
        size_t end = newline == NULL ? text.size : (size_t)(newline - text.data);
        tamis_slice line = begin < text.size ? tamis_slice_of(text.data + begin, end - begin)
                                             : tamis_slice_of(text.data, 0);
        verdict found = {.is_dropped = false};

        status = judge_line(rules, how, text, line, &search, &found);
        if (status == TAMIS_OK) {
            status = take_line(&joiner, text, (uint32_t)begin, (uint32_t)end, &found, how->reason);
        }
        result->removed[how->reason] += found.is_dropped ? 1 : (uint32_t)found.cut_count;
        lines++;
        kept += !found.is_dropped;
        begin = end + 1;
    }
    result->values[TAMIS_LINE_VALUE_LINES] = lines;
    result->values[TAMIS_LINE_VALUE_LINES_KEPT] = kept;
    return status;
}

static tamis_status limit_newlines(tamis_slice text, tamis_edits *edits, tamis_line_result *result)
{
    tamis_status status = TAMIS_OK;
    size_t at = 0;

    while (status == TAMIS_OK && at < text.size) {
        const uint8_t *newline = memchr(text.data + at, '\n', text.size - at);
        size_t begin = 0;

        if (newline == NULL) {
            break;
        }
        begin = (size_t)(newline - text.data);
        for (at = begin + 1; at < text.size && text.data[at] == '\n'; at++) {
        }
        if (at - begin > CONSECUTIVE_BREAKS) {
            status = tamis_edits_cut(edits, (uint32_t)(begin + CONSECUTIVE_BREAKS), (uint32_t)at,
                                     TAMIS_LINE_NEWLINES);
            result->removed[TAMIS_LINE_NEWLINES]++;
        }
    }
    return status;
}

tamis_status line_run_dclm(tamis_line_rules *rules, tamis_line_rule rule, tamis_slice text,
                           tamis_edits *edits, tamis_line_result *result)
{
    const modifier *how = find_modifier(rule);
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(how != NULL);
    if (rule == TAMIS_LINES_DCLM_NEWLINES) {
        return limit_newlines(text, edits, result);
    }
    if (rule == TAMIS_LINES_DCLM_CITATION) {
        judge_citations(text, edits, 0, &status, &result->removed[TAMIS_LINE_CITATION]);
    } else {
        status = filter_lines(rules, how, text, edits, result);
    }
    if (status == TAMIS_OK && how->strips) {
        status = line_strip_result(rules, text, edits);
    }
    if (status == TAMIS_OK && tamis_edits_size_after(edits, text.size) == 0) {
        result->drop_reason = how->drop_reason;
    }
    return status;
}
