/* SPDX-License-Identifier: Apache-2.0 */
#include "profile.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "needs.h"
#include "step_names.h"
#include "tamis/signals.h"
#include "tamis/suggest.h"
#include "yaml_tree.h"

#define DIGEST_HEX 32

static const char hex_digits[] = "0123456789abcdef";

const char *const tamis_quality_mode_names[] = {"profile", "all", "none", NULL};
const char *const tamis_profile_operator_texts[OPERATOR_COUNT] = {"<", "<=", ">", ">="};
const char *const tamis_step_kind_names[] = {"rule",     "edit", "language", "url",
                                             "keywords", "pii",  NULL};
const char *const tamis_profile_role_names[] = {"language_model", "classifier",    "lm",
                                                "sentencepiece",  "keywords",      "blocklist",
                                                "stop_words",     "flagged_words", NULL};

const char *const tamis_language_text_names[] = {"datatrove", "ccnet", "dolma", "bigscience", NULL};

static const char *const profile_keys[] = {
    "name",  "about", "mode", "language_bytes", "language_text", "signals", "gopher_stop_words",
    "files", "steps", NULL};
static const char *const file_keys[] = {"role", "path", "digest", NULL};
static const char *const step_keys[STEP_KIND_COUNT][12] = {
    [STEP_RULE] = {"rule", "signal", "drop", "null", "languages", NULL},
    [STEP_EDIT] = {"edit", NULL},
    [STEP_LANGUAGE] = {"language", "codes", "min_score", NULL},
    [STEP_URL] = {"url", NULL},
    [STEP_KEYWORDS] = {"keywords", "action", "match", "above", NULL},
    [STEP_PII] = {"pii", "action", "types", "key", "above", NULL},
};

typedef struct parser {
    tamis_yaml_tree *tree;
    tamis_profile *profile;
    tamis_err *err;
} parser;

/* ---- Values ---- */

static tamis_status take_text(const parser *p, const tamis_yaml_value *value, const char *what,
                              char *out, size_t size)
{
    const char *text = tamis_yaml_scalar(value);

    if (text == NULL || text[0] == '\0' || strlen(text) >= size) {
        return tamis_yaml_fail(p->tree, value, p->err, "%s takes a text of 1 to %zu bytes", what,
                               size - 1);
    }
    (void)snprintf(out, size, "%s", text);
    return TAMIS_OK;
}

/* The whole of `text` as a finite number. */
static bool number_of(const char *text, double *out_number)
{
    char *end = NULL;

    if (text == NULL || text[0] == '\0' || text[0] == ' ' || (text[0] >= '\t' && text[0] <= '\r')) {
        return false;
    }
    errno = 0;
    *out_number = strtod(text, &end);
    return *end == '\0' && isfinite(*out_number) && errno != ERANGE;
}

static tamis_status take_number(const parser *p, const tamis_yaml_value *value, const char *what,
                                double min, double max, double *out_number)
{
    if (!number_of(tamis_yaml_scalar(value), out_number) || *out_number < min ||
        *out_number > max) {
        return tamis_yaml_fail(p->tree, value, p->err, "%s takes a number from %g to %g", what, min,
                               max);
    }
    return TAMIS_OK;
}

static tamis_status take_choice(const parser *p, const tamis_yaml_value *value, const char *what,
                                const char *const *names, size_t *out_index)
{
    const char *text = tamis_yaml_scalar(value);
    const char *nearest = NULL;
    size_t count = 0;

    for (; names[count] != NULL; count++) {
        if (text != NULL && strcmp(names[count], text) == 0) {
            *out_index = count;
            return TAMIS_OK;
        }
    }
    nearest = text == NULL ? NULL : tamis_suggest(text, names, count);
    return nearest == NULL
               ? tamis_yaml_fail(p->tree, value, p->err, "unknown %s '%.80s'", what,
                                 text == NULL ? "" : text)
               : tamis_yaml_fail(p->tree, value, p->err, "unknown %s '%.80s'; did you mean '%s'?",
                                 what, text, nearest);
}

/* "< 50" */
static tamis_status take_condition(const parser *p, const tamis_yaml_value *value,
                                   tamis_profile_step *step)
{
    const char *text = tamis_yaml_scalar(value);

    for (unsigned i = OPERATOR_COUNT; text != NULL && i-- > 0;) { /* ">=" before ">" */
        size_t size = strlen(tamis_profile_operator_texts[i]);

        if (strncmp(text, tamis_profile_operator_texts[i], size) == 0) {
            const char *number = text + size + strspn(text + size, " ");

            step->operator=(tamis_profile_operator) i;
            if (number_of(number, &step->limit)) {
                return TAMIS_OK;
            }
        }
    }
    return tamis_yaml_fail(p->tree, value, p->err,
                           "'drop' takes a comparison with a number, as \"< 50\" (<, <=, >, >=)");
}

static tamis_status take_languages(const parser *p, const tamis_yaml_value *value, const char *what,
                                   tamis_profile_step *step)
{
    if (!tamis_yaml_is_list(value) || tamis_yaml_count(value) == 0 ||
        tamis_yaml_count(value) > PROFILE_LANGUAGES_MAX) {
        return tamis_yaml_fail(p->tree, value, p->err, "%s takes a list of 1 to %u codes", what,
                               PROFILE_LANGUAGES_MAX);
    }
    for (size_t i = 0; i < tamis_yaml_count(value); i++) {
        const tamis_yaml_value *item = tamis_yaml_item(p->tree, value, i);
        char code[TAMIS_QUALITY_LANGUAGE_SIZE];
        tamis_status status = take_text(p, item, "a language code", code, sizeof(code));

        if (status == TAMIS_OK &&
            strspn(code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") !=
                strlen(code)) {
            status = tamis_yaml_fail(p->tree, item, p->err,
                                     "'%s' is no language code (ISO 639-1 or 639-3)", code);
        }
        if (status == TAMIS_OK) {
            status = tamis_profile_step_add_language(step, code);
            if (status != TAMIS_OK) {
                return tamis_err_set(p->err, status, "no memory for a profile");
            }
        }
        if (status != TAMIS_OK) {
            return status;
        }
    }
    return TAMIS_OK;
}

/* ---- Steps ---- */

static tamis_status missing(const parser *p, const tamis_yaml_value *map, const char *key)
{
    return tamis_yaml_fail(p->tree, map, p->err, "'%s' is missing", key);
}

/* Whether there is a signal of that name that has one value for a document. */
static tamis_status check_signal(const parser *p, const tamis_yaml_value *value, const char *name)
{
    const char *nearest = NULL;
    size_t index = 0;

    if (!tamis_signal_find(name, &index)) {
        nearest = tamis_signal_suggest(name);
        return nearest == NULL
                   ? tamis_yaml_fail(p->tree, value, p->err, "unknown signal '%s'", name)
                   : tamis_yaml_fail(p->tree, value, p->err,
                                     "unknown signal '%s'; did you mean '%s'?", name, nearest);
    }
    if (tamis_signal_get(index)->is_line) {
        return tamis_yaml_fail(p->tree, value, p->err,
                               "'%s' has a value for each line; a rule needs one of the document",
                               name);
    }
    return TAMIS_OK;
}

static tamis_status parse_rule(const parser *p, const tamis_yaml_value *map,
                               tamis_profile_step *step)
{
    static const char *const null_names[] = {"pass", "drop", NULL};
    const tamis_yaml_value *signal = tamis_yaml_find(p->tree, map, "signal");
    const tamis_yaml_value *drop = tamis_yaml_find(p->tree, map, "drop");
    const tamis_yaml_value *null = tamis_yaml_find(p->tree, map, "null");
    const tamis_yaml_value *languages = tamis_yaml_find(p->tree, map, "languages");
    tamis_status status = TAMIS_OK;
    size_t index = 0;

    if (signal == NULL || drop == NULL) {
        return missing(p, map, signal == NULL ? "signal" : "drop");
    }
    status = take_text(p, signal, "'signal'", step->signal, sizeof(step->signal));
    if (status == TAMIS_OK) {
        status = check_signal(p, signal, step->signal);
    }
    if (status == TAMIS_OK) {
        status = take_condition(p, drop, step);
    }
    if (status == TAMIS_OK && null != NULL) {
        status = take_choice(p, null, "value of 'null'", null_names, &index);
        step->null_drops = index == 1;
    }
    if (status == TAMIS_OK && languages != NULL) {
        status = take_languages(p, languages, "'languages'", step);
    }
    return status;
}

static tamis_status parse_language(const parser *p, const tamis_yaml_value *map,
                                   tamis_profile_step *step)
{
    const tamis_yaml_value *codes = tamis_yaml_find(p->tree, map, "codes");
    const tamis_yaml_value *score = tamis_yaml_find(p->tree, map, "min_score");
    tamis_status status = TAMIS_OK;

    if (codes != NULL) {
        status = take_languages(p, codes, "'codes'", step);
    }
    if (status == TAMIS_OK && score != NULL) {
        status = take_number(p, score, "'min_score'", 0, 1, &step->score_min);
    }
    return status;
}

static tamis_status parse_limit(const parser *p, const tamis_yaml_value *map,
                                tamis_profile_step *step)
{
    const tamis_yaml_value *above = tamis_yaml_find(p->tree, map, "above");

    return above == NULL ? TAMIS_OK : take_number(p, above, "'above'", 0, UINT32_MAX, &step->limit);
}

static tamis_status parse_keywords(const parser *p, const tamis_yaml_value *map,
                                   tamis_profile_step *step)
{
    const tamis_yaml_value *action = tamis_yaml_find(p->tree, map, "action");
    const tamis_yaml_value *match = tamis_yaml_find(p->tree, map, "match");
    size_t index = TAMIS_KEYWORDS_TAG;
    size_t semantics = 0;
    tamis_status status = TAMIS_OK;

    if (action != NULL) {
        status = take_choice(p, action, "action", tamis_keyword_action_names, &index);
    }
    if (status == TAMIS_OK && match != NULL) {
        status = take_choice(p, match, "way to match", tamis_keyword_match_names, &semantics);
    }
    (void)snprintf(step->name, sizeof(step->name), "%s", tamis_keyword_action_names[index]);
    (void)snprintf(step->types, sizeof(step->types), "%s", tamis_keyword_match_names[semantics]);
    return status == TAMIS_OK ? parse_limit(p, map, step) : status;
}

static tamis_status parse_pii(const parser *p, const tamis_yaml_value *map,
                              tamis_profile_step *step)
{
    const tamis_yaml_value *action = tamis_yaml_find(p->tree, map, "action");
    const tamis_yaml_value *types = tamis_yaml_find(p->tree, map, "types");
    const tamis_yaml_value *key = tamis_yaml_find(p->tree, map, "key");
    uint32_t bits = 0;
    size_t index = 0;
    tamis_status status = TAMIS_OK;

    if (action != NULL) {
        status = take_choice(p, action, "action", tamis_pii_action_names, &index);
    }
    (void)snprintf(step->name, sizeof(step->name), "%s", tamis_pii_action_names[index]);
    if (status == TAMIS_OK && types != NULL) {
        status = take_text(p, types, "'types'", step->types, sizeof(step->types));
        if (status == TAMIS_OK && tamis_needs_pii_types(step->types, &bits, p->err) != TAMIS_OK) {
            tamis_err_context(p->err, "line %u", tamis_yaml_line(p->tree, types));
            return TAMIS_EARG;
        }
    }
    if (status == TAMIS_OK && key != NULL) {
        status = take_text(p, key, "'key'", step->key, sizeof(step->key));
    }
    return status == TAMIS_OK ? parse_limit(p, map, step) : status;
}

static tamis_status parse_edit(const parser *p, const tamis_yaml_value *map,
                               tamis_profile_step *step)
{
    const tamis_yaml_value *name = tamis_yaml_find(p->tree, map, "edit");
    size_t index = 0;
    tamis_status status = take_choice(p, name, "line rules", tamis_edit_step_names(), &index);

    if (status == TAMIS_OK) {
        (void)snprintf(step->name, sizeof(step->name), "%s", tamis_edit_step_names()[index]);
    }
    return status;
}

/* A step is named by its first key. */
static tamis_status step_kind_of(const parser *p, const tamis_yaml_value *map,
                                 tamis_step_kind *out_kind)
{
    size_t count = STEP_KIND_COUNT;
    const char *key = NULL;
    const char *nearest = NULL;

    if (!tamis_yaml_is_map(map) || tamis_yaml_count(map) == 0) {
        return tamis_yaml_fail(p->tree, map, p->err, "a step is a map, as {rule: NAME, ...}");
    }
    key = tamis_yaml_key(p->tree, map, 0);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(tamis_step_kind_names[i], key) == 0) {
            *out_kind = (tamis_step_kind)i;
            return TAMIS_OK;
        }
    }
    nearest = tamis_suggest(key, tamis_step_kind_names, count);
    return tamis_yaml_fail(p->tree, map, p->err,
                           "a step begins with rule, edit, language, url, keywords or pii, not "
                           "'%.80s'%s%s%s",
                           key, nearest == NULL ? "" : "; did you mean '",
                           nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
}

static tamis_status parse_step(const parser *p, const tamis_yaml_value *map,
                               tamis_profile_step *step)
{
    tamis_status status = step_kind_of(p, map, &step->kind);

    if (status == TAMIS_OK) {
        status = tamis_yaml_check_keys(p->tree, map, step_keys[step->kind], p->err);
    }
    if (status == TAMIS_OK && step->kind != STEP_EDIT && step->kind != STEP_URL) {
        status = take_text(p, tamis_yaml_entry(p->tree, map, 0), "a reason", step->reason,
                           sizeof(step->reason));
    }
    if (status != TAMIS_OK) {
        return status;
    }
    switch (step->kind) {
    case STEP_RULE:
        return parse_rule(p, map, step);
    case STEP_EDIT:
        return parse_edit(p, map, step);
    case STEP_LANGUAGE:
        return parse_language(p, map, step);
    case STEP_KEYWORDS:
        return parse_keywords(p, map, step);
    case STEP_PII:
        return parse_pii(p, map, step);
    case STEP_URL:
    case STEP_KIND_COUNT:
        break;
    }
    return TAMIS_OK;
}

static tamis_status parse_steps(const parser *p, const tamis_yaml_value *list)
{
    size_t count = 0;

    if (!tamis_yaml_is_list(list)) {
        return tamis_yaml_fail(p->tree, list, p->err, "'steps' takes a list");
    }
    count = tamis_yaml_count(list);
    if (count > TAMIS_QUALITY_STEPS_MAX) {
        return tamis_yaml_fail(p->tree, list, p->err, "more than %u steps",
                               TAMIS_QUALITY_STEPS_MAX);
    }
    if (count != 0 && tamis_profile_insert_steps(p->profile, 0, count) == NULL) {
        return tamis_err_set(p->err, TAMIS_ENOMEM, "no memory for a profile");
    }
    for (size_t i = 0; i < count; i++) {
        tamis_status status =
            parse_step(p, tamis_yaml_item(p->tree, list, i), &p->profile->steps[i]);

        if (status != TAMIS_OK) {
            return status;
        }
    }
    return TAMIS_OK;
}

/* ---- Files ---- */

/* As tamis_digest_to_hex writes it. */
static bool digest_from_hex(const char *text, tamis_digest *out_digest)
{
    uint64_t words[2] = {0, 0};

    for (size_t i = 0; i < DIGEST_HEX; i++) {
        const char *digit = strchr(hex_digits, text[i]);

        if (digit == NULL) {
            return false;
        }
        words[i / 16] = words[i / 16] << 4 | (uint64_t)(digit - hex_digits);
    }
    out_digest->high = words[0];
    out_digest->low = words[1];
    return true;
}

static tamis_status parse_digest(const parser *p, const tamis_yaml_value *value,
                                 tamis_profile_file *file)
{
    const char *text = tamis_yaml_scalar(value);

    if (text == NULL || strlen(text) != DIGEST_HEX || !digest_from_hex(text, &file->digest)) {
        return tamis_yaml_fail(p->tree, value, p->err, "'digest' takes %d hex digits (XXH3-128)",
                               DIGEST_HEX);
    }
    file->has_digest = true;
    return TAMIS_OK;
}

static tamis_status parse_file(const parser *p, const tamis_yaml_value *map)
{
    const tamis_yaml_value *role = NULL;
    const tamis_yaml_value *path = NULL;
    const tamis_yaml_value *digest = NULL;
    char text[PROFILE_PATH_SIZE];
    size_t index = 0;
    tamis_status status = TAMIS_OK;

    if (!tamis_yaml_is_map(map)) {
        return tamis_yaml_fail(p->tree, map, p->err, "a file is a map {role: ..., path: ...}");
    }
    status = tamis_yaml_check_keys(p->tree, map, file_keys, p->err);
    role = tamis_yaml_find(p->tree, map, "role");
    path = tamis_yaml_find(p->tree, map, "path");
    digest = tamis_yaml_find(p->tree, map, "digest");
    if (status == TAMIS_OK && (role == NULL || path == NULL)) {
        return missing(p, map, role == NULL ? "role" : "path");
    }
    if (status == TAMIS_OK) {
        status = take_choice(p, role, "role of a file", tamis_profile_role_names, &index);
    }
    if (status == TAMIS_OK &&
        tamis_profile_find_file(p->profile, (tamis_profile_role)index) != NULL) {
        status = tamis_yaml_fail(p->tree, role, p->err, "'%s' is given twice",
                                 tamis_profile_role_names[index]);
    }
    if (status == TAMIS_OK) {
        status = take_text(p, path, "'path'", text, sizeof(text));
    }
    if (status == TAMIS_OK) {
        status = tamis_profile_set_file(p->profile, (tamis_profile_role)index, text);
        if (status != TAMIS_OK) {
            return tamis_err_set(p->err, status, "no memory for a profile");
        }
    }
    return status == TAMIS_OK && digest != NULL
               ? parse_digest(p, digest, &p->profile->files[p->profile->file_count - 1])
               : status;
}

static tamis_status parse_files(const parser *p, const tamis_yaml_value *list)
{
    tamis_status status = TAMIS_OK;

    if (!tamis_yaml_is_list(list) || tamis_yaml_count(list) > PROFILE_FILES_MAX) {
        return tamis_yaml_fail(p->tree, list, p->err, "'files' takes a list of at most %u",
                               PROFILE_FILES_MAX);
    }
    for (size_t i = 0; status == TAMIS_OK && i < tamis_yaml_count(list); i++) {
        status = parse_file(p, tamis_yaml_item(p->tree, list, i));
    }
    return status;
}

/* ---- The whole ---- */

/* A list of texts. */
static tamis_status parse_texts(const parser *p, const tamis_yaml_value *list, const char *what,
                                char ***out_texts, size_t *out_count)
{
    if (!tamis_yaml_is_list(list) || tamis_yaml_count(list) > PROFILE_WORDS_MAX) {
        return tamis_yaml_fail(p->tree, list, p->err, "%s takes a list of at most %u", what,
                               PROFILE_WORDS_MAX);
    }
    *out_texts = calloc(tamis_yaml_count(list) + 1, sizeof(**out_texts));
    for (size_t i = 0; *out_texts != NULL && i < tamis_yaml_count(list); i++) {
        char text[PROFILE_TEXT_SIZE];
        tamis_status status =
            take_text(p, tamis_yaml_item(p->tree, list, i), what, text, sizeof(text));

        if (status != TAMIS_OK) {
            return status;
        }
        (*out_texts)[i] = strdup(text);
        if ((*out_texts)[i] == NULL) {
            return tamis_err_set(p->err, TAMIS_ENOMEM, "no memory for a profile");
        }
        (*out_count)++;
    }
    return *out_texts == NULL ? tamis_err_set(p->err, TAMIS_ENOMEM, "no memory for a profile")
                              : TAMIS_OK;
}

/* Columns besides those of the rules, and the words of Gopher's rule. */
static tamis_status parse_lists(const parser *p, const tamis_yaml_value *root)
{
    const tamis_yaml_value *signals = tamis_yaml_find(p->tree, root, "signals");
    const tamis_yaml_value *words = tamis_yaml_find(p->tree, root, "gopher_stop_words");
    tamis_profile *profile = p->profile;
    tamis_status status = TAMIS_OK;

    if (signals != NULL) {
        status = parse_texts(p, signals, "'signals'", &profile->signals, &profile->signal_count);
    }
    for (size_t i = 0; status == TAMIS_OK && i < profile->signal_count; i++) {
        status = check_signal(p, tamis_yaml_item(p->tree, signals, i), profile->signals[i]);
    }
    if (status == TAMIS_OK && words != NULL) {
        status = parse_texts(p, words, "'gopher_stop_words'", &profile->stop_words,
                             &profile->stop_word_count);
    }
    return status;
}

static tamis_status parse_head(const parser *p, const tamis_yaml_value *root)
{
    const tamis_yaml_value *name = tamis_yaml_find(p->tree, root, "name");
    const tamis_yaml_value *about = tamis_yaml_find(p->tree, root, "about");
    const tamis_yaml_value *mode = tamis_yaml_find(p->tree, root, "mode");
    const tamis_yaml_value *bytes = tamis_yaml_find(p->tree, root, "language_bytes");
    const tamis_yaml_value *way = tamis_yaml_find(p->tree, root, "language_text");
    size_t index = 0;
    double number = LANGUAGE_BYTES_DEFAULT;
    tamis_status status = TAMIS_OK;

    if (name == NULL) {
        return missing(p, root, "name");
    }
    status = take_text(p, name, "'name'", p->profile->name, sizeof(p->profile->name));
    if (status == TAMIS_OK && about != NULL) {
        status = take_text(p, about, "'about'", p->profile->about, sizeof(p->profile->about));
    }
    if (status == TAMIS_OK && mode != NULL) {
        status = take_choice(p, mode, "mode", tamis_quality_mode_names, &index);
        p->profile->mode = (tamis_quality_mode)index;
    }
    if (status == TAMIS_OK && bytes != NULL) {
        status = take_number(p, bytes, "'language_bytes'", 0, UINT32_MAX, &number);
    }
    p->profile->language_bytes = (uint32_t)number;
    index = 0;
    if (status == TAMIS_OK && way != NULL) {
        status = take_choice(p, way, "language_text", tamis_language_text_names, &index);
    }
    p->profile->language_text = (tamis_language_text)index;
    return status;
}

static tamis_status parse_root(const parser *p)
{
    const tamis_yaml_value *root = tamis_yaml_tree_root(p->tree);
    const tamis_yaml_value *files = NULL;
    const tamis_yaml_value *steps = NULL;
    tamis_status status = TAMIS_OK;

    if (!tamis_yaml_is_map(root)) {
        return tamis_yaml_fail(p->tree, root, p->err, "a profile is a map with 'name' and 'steps'");
    }
    status = tamis_yaml_check_keys(p->tree, root, profile_keys, p->err);
    if (status == TAMIS_OK) {
        status = parse_head(p, root);
    }
    if (status == TAMIS_OK) {
        status = parse_lists(p, root);
    }
    files = tamis_yaml_find(p->tree, root, "files");
    if (status == TAMIS_OK && files != NULL) {
        status = parse_files(p, files);
    }
    steps = tamis_yaml_find(p->tree, root, "steps");
    if (status == TAMIS_OK && steps == NULL) {
        return missing(p, root, "steps");
    }
    return status == TAMIS_OK ? parse_steps(p, steps) : status;
}

tamis_status tamis_profile_parse(tamis_slice text, const char *name, tamis_profile **out_profile,
                                 tamis_err *err)
{
    parser p = {.profile = calloc(1, sizeof(*p.profile)), .err = err};
    tamis_status status = TAMIS_OK;

    if (p.profile == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a profile");
    }
    status = tamis_yaml_tree_load(text, name, &p.tree, err);
    if (status == TAMIS_OK) {
        status = parse_root(&p);
    }
    tamis_yaml_tree_destroy(p.tree);
    if (status != TAMIS_OK) {
        tamis_profile_destroy(p.profile);
        return status;
    }
    *out_profile = p.profile;
    return TAMIS_OK;
}
