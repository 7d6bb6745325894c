/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/keywords.h"

#include <stdlib.h>

#include "keyword_parts.h"

static const char *const rules_names[TAMIS_KEYWORD_RULES_COUNT] = {"datatrove", "tfds", "dolma",
                                                                   "dclm", "rpv2"};

const char *tamis_keyword_rules_name(tamis_keyword_rules rules)
{
    TAMIS_ASSERT(rules < TAMIS_KEYWORD_RULES_COUNT);
    return rules_names[rules];
}

bool tamis_keyword_rules_find(const char *name, tamis_keyword_rules *out_rules)
{
    for (unsigned i = 0; i < TAMIS_KEYWORD_RULES_COUNT; i++) {
        if (strcmp(name, rules_names[i]) == 0) {
            *out_rules = (tamis_keyword_rules)i;
            return true;
        }
    }
    return false;
}

bool tamis_keyword_language_is_unspaced(const char *language)
{
    return strcmp(language, "ja") == 0 || strcmp(language, "th") == 0 ||
           strcmp(language, "zh") == 0;
}

tamis_status tamis_keywords_create(const tamis_keywords_settings *settings, tamis_slice list,
                                   const char *name, tamis_keywords **out_keywords, tamis_err *err)
{
    tamis_keywords *keywords = NULL;
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(settings->rules < TAMIS_KEYWORD_RULES_COUNT);

    if (list.size > TAMIS_KEYWORDS_FILE_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: longer than %u MiB", name,
                             TAMIS_KEYWORDS_FILE_MAX >> 20);
    }
    keywords = calloc(1, sizeof(*keywords));
    if (keywords == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: out of memory", name);
    }
    keywords->settings = *settings;
    keywords->digest = tamis_hash128(list.data, list.size);
    tamis_buf_init(&keywords->pool, 0);
    status = keyword_parse(keywords, list, name, err);
    if (status == TAMIS_OK) {
        status = keyword_compile(keywords, name, err);
    }
    keywords->settings.language = NULL; /* borrowed for this call only */
    if (status != TAMIS_OK) {
        tamis_keywords_destroy(keywords);
        return status;
    }
    *out_keywords = keywords;
    return TAMIS_OK;
}

void tamis_keywords_destroy(tamis_keywords *keywords)
{
    if (keywords == NULL) {
        return;
    }
    tamis_buf_fini(&keywords->pool);
    free(keywords->terms);
    free(keywords->next);
    free(keywords->term);
    free(keywords->above);
    free(keywords->fail);
    free(keywords->depth);
    free(keywords);
}

size_t tamis_keywords_count(const tamis_keywords *keywords)
{
    return keywords->term_count;
}

tamis_slice tamis_keywords_term(const tamis_keywords *keywords, size_t index)
{
    TAMIS_ASSERT(index < keywords->term_count);
    return tamis_slice_of(keywords->pool.data + keywords->terms[index].offset,
                          keywords->terms[index].size);
}

tamis_digest tamis_keywords_digest(const tamis_keywords *keywords)
{
    return keywords->digest;
}

bool tamis_keywords_has(const tamis_keywords *keywords, tamis_slice word)
{
    size_t state = 0;

    if (word.size == 0 || word.size > TAMIS_KEYWORD_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < word.size; i++) {
        state = keywords->next[state * keywords->class_count + keywords->class[word.data[i]]];
        if (keywords->depth[state] != i + 1) {
            return false;
        }
    }
    return keywords->term[state] != KEYWORD_NONE;
}

tamis_status tamis_keyword_cut_lines(tamis_slice text, const tamis_keyword_result *result,
                                     uint16_t reason, tamis_edits *edits)
{
    size_t done = 0;
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < result->span_count && status == TAMIS_OK; i++) {
        const tamis_keyword_span *span = &result->spans[i];
        const uint8_t *before = NULL;
        const uint8_t *after = NULL;
        size_t end = text.size;

        if (span->end <= done) {
            continue;
        }
        size_t from = span->begin > done ? span->begin : done;

        before = from == done ? NULL : memrchr(text.data + done, '\n', from - done);
        after = memchr(text.data + span->end, '\n', text.size - span->end);
        if (after != NULL) {
            end = (size_t)(after - text.data) + 1;
        }
        from = before == NULL ? done : (size_t)(before - text.data) + 1;
        status = tamis_edits_cut(edits, (uint32_t)from, (uint32_t)end, reason);
        done = end;
    }
    return status;
}
