/* SPDX-License-Identifier: Apache-2.0 */
#include "golden_lines.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

#define FILE_BYTES_MAX ((size_t)64 << 20)
#define CAP            1000000u

typedef struct comparison {
    golden_report *report;
    tamis_line_rules *rules;
    tamis_line_rules *with_bad; /* the same with a list of two bad words */
    json_t *texts;              /* id -> text */
    tamis_edits edits;
    tamis_buf padded; /* the text with readable bytes behind it */
    tamis_buf out;
} comparison;

typedef void (*record_fn)(comparison *golden, json_t *record, tamis_slice text);

static golden_row *row_of(comparison *golden, const char *name)
{
    golden_report *report = golden->report;

    for (size_t i = 0; i < report->row_count; i++) {
        if (strcmp(report->rows[i].name, name) == 0) {
            return &report->rows[i];
        }
    }
    TAMIS_ASSERT(report->row_count < GOLDEN_ROWS_MAX);
    (void)snprintf(report->rows[report->row_count].name, sizeof(report->rows[0].name), "%s", name);
    return &report->rows[report->row_count++];
}

static void count(comparison *golden, golden_row *row, golden_kind kind, bool is_same,
                  const json_t *record)
{
    static const char *const kinds[] = {"verdict", "text", "fates", "sentences"};

    row->compared[kind]++;
    row->differ[kind] += !is_same;
    if (!is_same && golden->report->prints && kind != GOLDEN_SENTENCES) {
        (void)printf("differs: %s %s %s\n", row->name, kinds[kind],
                     json_string_value(json_object_get(record, "id")));
    }
}

static char *read_zstd(const char *folder, const char *name, size_t *out_size)
{
    char path[4096];
    FILE *file = NULL;
    char *packed = malloc(FILE_BYTES_MAX);
    char *text = malloc(FILE_BYTES_MAX);
    size_t size = 0;
    bool is_read = false;

    (void)snprintf(path, sizeof(path), "%s/%s.jsonl.zst", folder, name);
    file = fopen(path, "rb");
    if (file != NULL && packed != NULL && text != NULL) {
        size = fread(packed, 1, FILE_BYTES_MAX, file);
        size = ZSTD_decompress(text, FILE_BYTES_MAX, packed, size);
        is_read = !ZSTD_isError(size);
        if (!is_read) {
            (void)fprintf(stderr, "%s: %s\n", path, ZSTD_getErrorName(size));
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    free(packed);
    if (!is_read) {
        free(text);
        return NULL;
    }
    *out_size = size;
    return text;
}

static tamis_slice string_of(const json_t *value)
{
    return tamis_slice_of(json_string_value(value), json_string_length(value));
}

/* Calls `take` for each record of a file, with its text; false: damaged. */
static bool each_record(comparison *golden, const char *folder, const char *name, record_fn take)
{
    size_t size = 0;
    char *lines = read_zstd(folder, name, &size);
    size_t at = 0;
    bool is_there = false;

    while (lines != NULL && at < size) {
        const char *newline = memchr(lines + at, '\n', size - at);
        size_t length = newline == NULL ? size - at : (size_t)(newline - lines) - at;
        json_t *record = json_loadb(lines + at, length, JSON_ALLOW_NUL, NULL);
        json_t *id = json_object_get(record, "id");
        tamis_slice text = {.data = NULL};

        if (id == NULL) {
            (void)fprintf(stderr, "%s: a record is damaged\n", name);
            json_decref(record);
            free(lines);
            return false;
        }
        text = string_of(json_object_get(golden->texts, json_string_value(id)));
        if (take != NULL && text.data != NULL) {
            tamis_buf_reset(&golden->padded);
            if (tamis_buf_reserve(&golden->padded, text.size + 1) == TAMIS_OK &&
                tamis_buf_append(&golden->padded, text.data, text.size) == TAMIS_OK) {
                golden->report->records++;
                take(golden, record, tamis_buf_slice(&golden->padded));
            }
        } else if (take == NULL) {
            (void)json_object_set(golden->texts, json_string_value(id),
                                  json_object_get(record, "text"));
        }
        json_decref(record);
        at += length + 1;
    }
    is_there = lines != NULL;
    free(lines);
    return is_there || take != NULL;
}

static void run(comparison *golden, tamis_line_rules *rules, tamis_line_rule rule, tamis_slice text,
                tamis_line_result *result)
{
    tamis_err err = {.status = TAMIS_OK};

    tamis_buf_reset(&golden->out);
    if (tamis_line_rules_run(rules, rule, text, &golden->edits, result, &err) != TAMIS_OK ||
        tamis_edits_apply(&golden->edits, text, &golden->out) != TAMIS_OK) {
        (void)fprintf(stderr, "%s: %s\n", tamis_line_rule_name(rule), err.text);
        abort();
    }
}

/* The expected text: a string, or null for the text itself. */
static bool is_text(comparison *golden, const json_t *expected, tamis_slice text)
{
    tamis_slice wanted = json_is_string(expected) ? string_of(expected) : text;

    return tamis_slice_is_equal(wanted, tamis_buf_slice(&golden->out));
}

static bool is_reason(const char *ours, const char *theirs)
{
    static const char *const pairs[][2] = {
        {"filtered-page-toofewsentences", "too_few_sentences"},
        {"filtered-page-loremipsum", "lorem_ipsum"},
        {"filtered-page-squigglybracket", "curly_bracket"},
        {"filtered-page-badword", "badword"},
        {"< 3 paragraphs", "too_few_paragraphs"},
    };

    if (ours == NULL || theirs == NULL) {
        return ours == theirs;
    }
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (strcmp(theirs, pairs[i][0]) == 0) {
            return strcmp(ours, pairs[i][1]) == 0;
        }
    }
    return strcmp(ours, theirs) == 0;
}

static bool are_fates(const tamis_line_result *result, const json_t *lines)
{
    static const char *const tfds[][2] = {{"lines-valid", ""},
                                          {"lines-with-too-long-word", "too_long_word"},
                                          {"lines-no-endmark", "no_terminal_punc"},
                                          {"lines-too-short", "too_few_words"},
                                          {"lines-javascript", "javascript"},
                                          {"lines-policy", "policy"},
                                          {"kept", ""}};
    size_t line_count = json_array_size(lines);

    if (line_count != result->fate_count) {
        return false;
    }
    for (size_t i = 0; i < line_count; i++) {
        const char *theirs = json_string_value(json_array_get(lines, i));
        const char *ours = tamis_line_reason_name(result->fates[i]);

        for (size_t j = 0; j < sizeof(tfds) / sizeof(tfds[0]); j++) {
            theirs = strcmp(theirs, tfds[j][0]) == 0 ? tfds[j][1] : theirs;
        }
        if (strcmp(ours == NULL ? "" : ours, theirs) != 0) {
            return false;
        }
    }
    return true;
}

static bool is_too_few(const char *reason)
{
    return reason != NULL &&
           (strstr(reason, "toofewsentences") != NULL || strcmp(reason, "too_few_sentences") == 0 ||
            strcmp(reason, "page_length_sentence_3") == 0);
}

/* A record of a C4 rule; ignores_few: without the minimum of sentences. */
static void compare_c4(comparison *golden, tamis_line_rules *rules, tamis_line_rule rule,
                       json_t *record, tamis_slice text, bool ignores_few)
{
    const char *option = json_string_value(json_object_get(record, "options"));
    json_t *values = json_object_get(record, "values");
    json_t *verdict = json_object_iter_value(json_object_iter(json_object_get(record, "verdict")));
    const char *theirs = json_string_value(json_object_get(verdict, "reason"));
    json_t *sentences = json_object_get(values, "num_sentences");
    tamis_line_result result;
    char name[64];
    golden_row *row = NULL;
    bool is_same = false;

    (void)snprintf(name, sizeof(name), "%.30s: %.30s",
                   json_string_value(json_object_get(record, "impl")), option);
    row = row_of(golden, name);
    run(golden, rules, rule, text, &result);
    if (ignores_few && is_too_few(result.drop_reason)) {
        result.drop_reason = NULL;
    }
    is_same = is_reason(result.drop_reason, theirs);
    if (!is_same && (is_too_few(theirs) || is_too_few(result.drop_reason))) {
        row->by_sentences++;
    } else {
        count(golden, row, GOLDEN_VERDICT, is_same, record);
    }
    count(golden, row, GOLDEN_FATES, are_fates(&result, json_object_get(values, "lines")), record);
    if (sentences != NULL && result.values[TAMIS_LINE_VALUE_SENTENCES] >= 0) {
        count(golden, row, GOLDEN_SENTENCES,
              (double)json_integer_value(sentences) == result.values[TAMIS_LINE_VALUE_SENTENCES],
              record);
    }
    if (json_object_get(values, "text_out") != NULL) {
        count(golden, row, GOLDEN_TEXT, is_text(golden, json_object_get(values, "text_out"), text),
              record);
    }
}

static void take_tfds(comparison *golden, json_t *record, tamis_slice text)
{
    const char *option = json_string_value(json_object_get(record, "options"));
    bool has_bad = strstr(option, "badwords") != NULL;

    compare_c4(golden, has_bad ? golden->with_bad : golden->rules,
               option[0] == '3' ? TAMIS_LINES_C4_PAPER : TAMIS_LINES_C4_TFDS, record, text,
               strstr(option, "no sentence") != NULL);
}

static void take_datatrove(comparison *golden, json_t *record, tamis_slice text)
{
    const char *impl = json_string_value(json_object_get(record, "impl"));
    const char *option = json_string_value(json_object_get(record, "options"));
    json_t *values = json_object_get(record, "values");
    tamis_line_result result;
    golden_row *row = NULL;

    if (strstr(impl, ":c4_quality") != NULL && strstr(option, "split_paragraph") == NULL) {
        bool has_marks = strstr(option, "punct=False") == NULL;

        compare_c4(golden, golden->rules,
                   has_marks ? TAMIS_LINES_C4_DATATROVE : TAMIS_LINES_C4_FINEWEB, record, text,
                   strstr(option, "sentences=-1") != NULL);
    } else if (strstr(impl, ":c4_paragraph") != NULL) {
        json_t *verdict = json_object_get(json_object_get(record, "verdict"), "default");

        row = row_of(golden, impl);
        run(golden, golden->rules, TAMIS_LINES_MC4_PARAGRAPH, text, &result);
        count(golden, row, GOLDEN_VERDICT,
              is_reason(result.drop_reason, json_string_value(json_object_get(verdict, "reason"))),
              record);
    } else if (strstr(impl, ":symbol_lines") != NULL) {
        row = row_of(golden, impl);
        run(golden, golden->rules, TAMIS_LINES_SYMBOL_LINES, text, &result);
        count(golden, row, GOLDEN_TEXT, is_text(golden, json_object_get(values, "text_out"), text),
              record);
    }
}

static void compare_modifier(comparison *golden, tamis_line_rule rule, const char *name,
                             json_t *record, tamis_slice text)
{
    json_t *found = json_object_get(json_object_get(record, "values"), name);
    bool is_dropped = json_is_string(found);
    golden_row *row = row_of(golden, tamis_line_rule_name(rule));
    tamis_line_result result;

    run(golden, golden->rules, rule, text, &result);
    count(golden, row, GOLDEN_VERDICT, (result.drop_reason != NULL) == is_dropped, record);
    if (!is_dropped) {
        count(golden, row, GOLDEN_TEXT, is_text(golden, json_object_get(found, "text_out"), text),
              record);
    }
}

static const struct {
    tamis_line_rule rule;
    const char *name;
} modifiers[] = {
    {TAMIS_LINES_DCLM_UPPERCASE, "uppercase_ratio_line_0.5"},
    {TAMIS_LINES_DCLM_NUMERIC, "numeric_ratio_line_0.999999"},
    {TAMIS_LINES_DCLM_COUNTER, "counter_line"},
    {TAMIS_LINES_DCLM_LENGTH_2, "line_length_min2"},
    {TAMIS_LINES_DCLM_LENGTH_5, "line_length_min5"},
    {TAMIS_LINES_DCLM_WORD_LENGTH, "word_length_1000"},
    {TAMIS_LINES_DCLM_CITATION, "citation_removal"},
    {TAMIS_LINES_DCLM_PUNCTUATION, "punctuation_line"},
    {TAMIS_LINES_DCLM_PUNCTUATION_NO_ELLIPSES, "punctuation_line_remove_ellipses"},
    {TAMIS_LINES_DCLM_JAVASCRIPT, "substring_line_javascript"},
    {TAMIS_LINES_DCLM_POLICY, "substring_line_policy"},
    {TAMIS_LINES_DCLM_CART, "substring_items_in_cart"},
    {TAMIS_LINES_DCLM_READ_MORE, "substring_read_more"},
    {TAMIS_LINES_DCLM_SIGN_IN, "substring_sign_in"},
    {TAMIS_LINES_DCLM_NEWLINES, "newline_removal_2"},
    {TAMIS_LINES_DEDUP_LINES, "within_page_dedup_line"},
    {TAMIS_LINES_DEDUP_LINES_RAW, "within_page_dedup_line_raw"},
    {TAMIS_LINES_DEDUP_PARAGRAPHS, "within_page_dedup_paragraph"},
};

/* Whether dclm-lines can give the reason of the longer chain of DCLM-Baseline. */
static bool is_line_reason(const char *reason)
{
    const char *ours = NULL;

    for (size_t i = 0;
         (ours = tamis_line_rule_drop_reason(TAMIS_LINES_DCLM_LINES, i)) != NULL && reason != NULL;
         i++) {
        if (strcmp(ours, reason) == 0) {
            return true;
        }
    }
    return reason == NULL;
}

static void take_dclm(comparison *golden, json_t *record, tamis_slice text)
{
    const char *impl = json_string_value(json_object_get(record, "impl"));
    json_t *values = json_object_get(record, "values");
    json_t *verdict = json_object_get(json_object_get(record, "verdict"), "chain");
    const char *reason = json_string_value(json_object_get(verdict, "reason"));
    tamis_line_result result;
    golden_row *row = NULL;
    bool is_same = false;

    if (strcmp(impl, "dclm:modifiers") == 0) {
        for (size_t i = 0; i < sizeof(modifiers) / sizeof(modifiers[0]); i++) {
            compare_modifier(golden, modifiers[i].rule, modifiers[i].name, record, text);
        }
        return;
    }
    if (strcmp(impl, "dclm:chain_c4_local") == 0) {
        run(golden, golden->rules, TAMIS_LINES_DCLM_C4, text, &result);
    } else if (strcmp(impl, "dclm:chain_refinedweb") == 0 && is_line_reason(reason)) {
        tamis_buf limited;

        run(golden, golden->rules, TAMIS_LINES_DCLM_NEWLINES, text, &result);
        limited = golden->out;
        tamis_buf_init(&golden->out, 0);
        run(golden, golden->rules, TAMIS_LINES_DCLM_LINES, tamis_buf_slice(&limited), &result);
        tamis_buf_fini(&limited);
    } else {
        return;
    }
    row = row_of(golden, impl);
    is_same = is_reason(result.drop_reason, reason);
    if (!is_same && (is_too_few(reason) || is_too_few(result.drop_reason))) {
        row->by_sentences++;
    } else {
        count(golden, row, GOLDEN_VERDICT, is_same, record);
    }
    if (reason == NULL && is_same) {
        count(golden, row, GOLDEN_TEXT, is_text(golden, json_object_get(values, "text_out"), text),
              record);
    }
}

/* cc_net gives the key of each line: those whose key stood before are to go. */
static void take_cc_net(comparison *golden, json_t *record, tamis_slice text)
{
    json_t *keys = json_object_get(json_object_get(record, "values"), "dedup_lines");
    json_t *seen = json_object();
    tamis_line_result result;
    tamis_buf wanted;
    size_t begin = 0;
    bool is_first = true;

    tamis_buf_init(&wanted, 0);
    for (size_t i = 0; i < json_array_size(keys); i++) {
        const json_t *key = json_array_get(keys, i);
        const uint8_t *newline =
            begin < text.size ? memchr(text.data + begin, '\n', text.size - begin) : NULL;
        size_t end = newline == NULL ? text.size : (size_t)(newline - text.data);

        /* No key has a zero: controls are deleted. */
        if (json_object_get(seen, json_string_value(key)) == NULL) {
            (void)json_object_set_new(seen, json_string_value(key), json_true());
            if ((!is_first && tamis_buf_append_byte(&wanted, '\n') != TAMIS_OK) ||
                tamis_buf_append(&wanted, text.data + begin, end - begin) != TAMIS_OK) {
                abort();
            }
            is_first = false;
        }
        begin = end + 1 > text.size ? text.size : end + 1;
    }
    run(golden, golden->rules, TAMIS_LINES_DEDUP_LINES_CCNET, text, &result);
    count(golden, row_of(golden, "dedup-lines-ccnet"), GOLDEN_TEXT,
          tamis_slice_is_equal(tamis_buf_slice(&wanted), tamis_buf_slice(&golden->out)), record);
    tamis_buf_fini(&wanted);
    json_decref(seen);
}

/* TFDS: the word, with a byte on both sides that is not a-z. */
static bool has_bad_word(void *context, tamis_slice line)
{
    static const char *const words[] = {"plumduff", "grey walrus"};

    (void)context;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t size = strlen(words[i]);

        for (size_t at = 1; at + size < line.size; at++) {
            uint8_t before = line.data[at - 1];
            uint8_t after = line.data[at + size];

            if (memcmp(line.data + at, words[i], size) == 0 && !(before >= 'a' && before <= 'z') &&
                !(after >= 'a' && after <= 'z')) {
                return true;
            }
        }
    }
    return false;
}

bool golden_lines_compare(const char *folder, tamis_sentence_count how, golden_report *report)
{
    tamis_line_options options = {.sentence_count = how, .sentence_cap = CAP};
    tamis_line_options bad = {.sentence_count = how, .sentence_cap = CAP, .is_bad = has_bad_word};
    comparison golden = {.report = report, .texts = json_object()};
    bool is_done = false;

    tamis_edits_init(&golden.edits);
    tamis_buf_init(&golden.padded, 0);
    tamis_buf_init(&golden.out, 0);
    is_done = tamis_line_rules_create(&options, &golden.rules, NULL) == TAMIS_OK &&
              tamis_line_rules_create(&bad, &golden.with_bad, NULL) == TAMIS_OK &&
              each_record(&golden, folder, "texts", NULL) &&
              each_record(&golden, folder, "c4_tfds", take_tfds) &&
              each_record(&golden, folder, "datatrove", take_datatrove) &&
              each_record(&golden, folder, "datatrove-v1", take_datatrove) &&
              each_record(&golden, folder, "dclm", take_dclm) &&
              each_record(&golden, folder, "cc_net", take_cc_net);
    tamis_line_rules_destroy(golden.rules);
    tamis_line_rules_destroy(golden.with_bad);
    tamis_edits_fini(&golden.edits);
    tamis_buf_fini(&golden.padded);
    tamis_buf_fini(&golden.out);
    json_decref(golden.texts);
    return is_done;
}
