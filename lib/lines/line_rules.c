/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/line_rules.h"

#include <math.h>
#include <stdlib.h>

#include "line_run.h"

const char *tamis_line_reason_name(unsigned reason)
{
    static const char *const names[TAMIS_LINE_REASONS] = {
#define REASON_NAME(reason, number, name) [number] = (name),
        TAMIS_LINE_REASON_TABLE(REASON_NAME)
#undef REASON_NAME
    };

    return reason < TAMIS_LINE_REASONS ? names[reason] : NULL;
}

static const char *const rule_names[TAMIS_LINE_RULES] = {
#define RULE_NAME(rule, name) name,
    TAMIS_LINE_RULE_TABLE(RULE_NAME)
#undef RULE_NAME
};

const char *tamis_line_rule_name(tamis_line_rule rule)
{
    TAMIS_ASSERT(rule < TAMIS_LINE_RULES);
    return rule_names[rule];
}

bool tamis_line_rule_find(const char *name, tamis_line_rule *out_rule)
{
    for (size_t i = 0; i < TAMIS_LINE_RULES; i++) {
        if (strcmp(name, rule_names[i]) == 0) {
            *out_rule = (tamis_line_rule)i;
            return true;
        }
    }
    return false;
}

const char *tamis_line_value_name(tamis_line_value value)
{
    static const char *const names[TAMIS_LINE_VALUES] = {
#define VALUE_NAME(value, name) name,
        TAMIS_LINE_VALUE_TABLE(VALUE_NAME)
#undef VALUE_NAME
    };

    TAMIS_ASSERT(value < TAMIS_LINE_VALUES);
    return names[value];
}

const char *tamis_line_rule_drop_reason(tamis_line_rule rule, size_t index)
{
    static const char *const c4[] = {"lorem_ipsum", "curly_bracket", "badword", "too_few_sentences",
                                     NULL};
    static const char *const dclm_lines[] = {
        "uppercase_ratio_line_0.5", "numeric_ratio_line_0.999999", "counter_line",
        "line_length_min2",         "substring_items_in_cart",     "substring_read_more",
        "substring_sign_in",        "word_removal_ratio_0.05",     NULL};
    static const char *const dclm_c4[] = {"page_length_char_190000",
                                          "word_length_1000",
                                          "citation_removal",
                                          "line_length_min5",
                                          "substring_lorem_ipsum",
                                          "substring_line_javascript",
                                          "substring_curly",
                                          "substring_line_policy",
                                          "punctuation_line_remove_ellipses",
                                          "page_length_sentence_3",
                                          NULL};
    static const char *const paragraphs[] = {"too_few_paragraphs", NULL};
    static const char *const none[] = {NULL};
    const char *const *reasons = none;

    TAMIS_ASSERT(rule < TAMIS_LINE_RULES);
    if (rule <= TAMIS_LINES_C4_FINEWEB) {
        reasons = c4;
    } else if (rule == TAMIS_LINES_DCLM_LINES) {
        reasons = dclm_lines;
    } else if (rule == TAMIS_LINES_DCLM_C4) {
        reasons = dclm_c4;
    } else if (rule == TAMIS_LINES_MC4_PARAGRAPH) {
        reasons = paragraphs;
    } else {
        const char *reason = line_dclm_drop_reason(rule);

        return index == 0 ? reason : NULL;
    }
    for (size_t i = 0; i < index; i++) {
        if (reasons[i] == NULL) {
            return NULL;
        }
    }
    return reasons[index];
}

tamis_status tamis_line_rules_create(const tamis_line_options *options,
                                     tamis_line_rules **out_rules, tamis_err *err)
{
    tamis_line_rules *rules = calloc(1, sizeof(*rules));
    tamis_buf *bufs[7] = {NULL};
    tamis_status status = TAMIS_OK;

    if (rules == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "line rules");
    }
    rules->options =
        options == NULL ? (tamis_line_options){.sentence_count = TAMIS_SENTENCES_ICU} : *options;
    rules->kernel = tamis_kernel_best();
    bufs[0] = &rules->fates;
    bufs[1] = &rules->kept;
    bufs[2] = &rules->cleaned;
    bufs[3] = &rules->lower;
    bufs[4] = &rules->stripping;
    bufs[5] = &rules->chain_texts[0];
    bufs[6] = &rules->chain_texts[1];
    for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++) {
        tamis_buf_init(bufs[i], 0);
    }
    tamis_edits_init(&rules->chain_step);
    tamis_edits_init(&rules->step);
    tamis_edits_init(&rules->fold);
    status = tamis_text_view_create(&rules->view, err);
    if (status != TAMIS_OK) {
        tamis_line_rules_destroy(rules);
        return status;
    }
    *out_rules = rules;
    return TAMIS_OK;
}

void tamis_line_rules_destroy(tamis_line_rules *rules)
{
    if (rules == NULL) {
        return;
    }
    tamis_text_view_destroy(rules->view);
    c4_scan_fini(&rules->scan);
    tamis_buf_fini(&rules->fates);
    tamis_buf_fini(&rules->kept);
    tamis_buf_fini(&rules->cleaned);
    tamis_buf_fini(&rules->lower);
    tamis_buf_fini(&rules->stripping);
    tamis_buf_fini(&rules->chain_texts[0]);
    tamis_buf_fini(&rules->chain_texts[1]);
    tamis_edits_fini(&rules->chain_step);
    tamis_edits_fini(&rules->step);
    tamis_edits_fini(&rules->fold);
    line_seen_fini(&rules->seen);
    free(rules);
}

tamis_status line_count_sentences(tamis_line_rules *rules, tamis_slice text, size_t *out_count,
                                  tamis_err *err)
{
    tamis_text_view_set(rules->view, text);
    return tamis_text_view_sentences(rules->view, rules->options.sentence_count, out_count, err);
}

static tamis_status run_rule(tamis_line_rules *rules, tamis_line_rule rule, tamis_slice text,
                             tamis_edits *edits, tamis_line_result *result, tamis_err *err)
{
    if (rule <= TAMIS_LINES_C4_FINEWEB) {
        return line_run_c4(rules, rule, text, edits, result, err);
    }
    if (rule == TAMIS_LINES_MC4_PARAGRAPH) {
        line_run_paragraphs(text, result);
        return TAMIS_OK;
    }
    if (rule == TAMIS_LINES_SYMBOL_LINES) {
        return line_run_symbols(rules, text, edits, result);
    }
    if (rule == TAMIS_LINES_DCLM_LINES || rule == TAMIS_LINES_DCLM_C4) {
        return line_run_chain(rules, rule, text, edits, result, err);
    }
    if (rule >= TAMIS_LINES_DEDUP_LINES) {
        return line_run_repeats(rules, rule, text, edits, result);
    }
    return line_run_dclm(rules, rule, text, edits, result);
}

tamis_status tamis_line_rules_run(tamis_line_rules *rules, tamis_line_rule rule, tamis_slice text,
                                  tamis_edits *out_edits, tamis_line_result *out_result,
                                  tamis_err *err)
{
    tamis_err inner = {.status = TAMIS_OK};
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(rule < TAMIS_LINE_RULES);
    tamis_edits_reset(out_edits);
    tamis_buf_reset(&rules->fates);
    *out_result = (tamis_line_result){.drop_reason = NULL};
    for (size_t i = 0; i < TAMIS_LINE_VALUES; i++) {
        out_result->values[i] = (double)NAN;
    }
    if (text.size >= UINT32_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "rule %s: a text of 4 GiB or more",
                             rule_names[rule]);
    }
    status = run_rule(rules, rule, text, out_edits, out_result, &inner);
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "rule %s: %s", rule_names[rule],
                             inner.status == TAMIS_OK ? tamis_status_text(status) : inner.text);
    }
    return TAMIS_OK;
}
