/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "profile.h"
#include "tamis/number_text.h"

static void step_fini(tamis_profile_step *step)
{
    tamis_profile_step_clear_languages(step);
}

static void texts_free(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(texts[i]);
    }
    free(texts);
}

void tamis_profile_destroy(tamis_profile *profile)
{
    if (profile == NULL) {
        return;
    }
    for (size_t i = 0; i < profile->step_count; i++) {
        step_fini(&profile->steps[i]);
    }
    for (size_t i = 0; i < profile->file_count; i++) {
        free(profile->files[i].path);
    }
    texts_free(profile->signals, profile->signal_count);
    texts_free(profile->stop_words, profile->stop_word_count);
    free(profile->steps);
    free(profile->files);
    free(profile);
}

tamis_profile_step *tamis_profile_insert_steps(tamis_profile *profile, size_t at, size_t count)
{
    tamis_profile_step *steps = NULL;

    if (count > TAMIS_QUALITY_STEPS_MAX - profile->step_count) {
        return NULL;
    }
    steps = realloc(profile->steps, (profile->step_count + count) * sizeof(*steps));
    if (steps == NULL) {
        return NULL;
    }
    at = at < profile->step_count ? at : profile->step_count;
    memmove(&steps[at + count], &steps[at], (profile->step_count - at) * sizeof(*steps));
    memset(&steps[at], 0, count * sizeof(*steps));
    profile->steps = steps;
    profile->step_count += count;
    return &steps[at];
}

void tamis_profile_remove_step(tamis_profile *profile, size_t at)
{
    TAMIS_ASSERT(at < profile->step_count);
    step_fini(&profile->steps[at]);
    profile->step_count--;
    memmove(&profile->steps[at], &profile->steps[at + 1],
            (profile->step_count - at) * sizeof(*profile->steps));
}

tamis_status tamis_profile_step_add_language(tamis_profile_step *step, const char *language)
{
    char **languages =
        realloc(step->languages, (step->language_count + 1) * sizeof(*step->languages));

    if (languages == NULL) {
        return TAMIS_ENOMEM;
    }
    step->languages = languages;
    languages[step->language_count] = strdup(language);
    if (languages[step->language_count] == NULL) {
        return TAMIS_ENOMEM;
    }
    step->language_count++;
    return TAMIS_OK;
}

void tamis_profile_step_clear_languages(tamis_profile_step *step)
{
    for (size_t i = 0; i < step->language_count; i++) {
        free(step->languages[i]);
    }
    free(step->languages);
    step->languages = NULL;
    step->language_count = 0;
}

bool tamis_profile_step_has_language(const tamis_profile_step *step, const char *code)
{
    for (size_t i = 0; i < step->language_count; i++) {
        if (strcmp(step->languages[i], code) == 0) {
            return true;
        }
    }
    return false;
}

tamis_status tamis_profile_add_signal(tamis_profile *profile, const char *name)
{
    char **signals = NULL;

    for (size_t i = 0; i < profile->signal_count; i++) {
        if (strcmp(profile->signals[i], name) == 0) {
            return TAMIS_OK;
        }
    }
    signals = realloc(profile->signals, (profile->signal_count + 1) * sizeof(*signals));
    if (signals == NULL) {
        return TAMIS_ENOMEM;
    }
    profile->signals = signals;
    signals[profile->signal_count] = strdup(name);
    if (signals[profile->signal_count] == NULL) {
        return TAMIS_ENOMEM;
    }
    profile->signal_count++;
    return TAMIS_OK;
}

const tamis_profile_file *tamis_profile_find_file(const tamis_profile *profile,
                                                  tamis_profile_role role)
{
    for (size_t i = 0; i < profile->file_count; i++) {
        if (profile->files[i].role == role) {
            return &profile->files[i];
        }
    }
    return NULL;
}

tamis_status tamis_profile_set_file(tamis_profile *profile, tamis_profile_role role,
                                    const char *path)
{
    char *copy = strdup(path);
    size_t index = 0;

    if (copy == NULL) {
        return TAMIS_ENOMEM;
    }
    while (index < profile->file_count && profile->files[index].role != role) {
        index++;
    }
    if (index == profile->file_count) {
        tamis_profile_file *files =
            realloc(profile->files, (profile->file_count + 1) * sizeof(*profile->files));

        if (files == NULL) {
            free(copy);
            return TAMIS_ENOMEM;
        }
        profile->files = files;
        profile->file_count++;
    } else {
        free(profile->files[index].path);
    }
    profile->files[index] = (tamis_profile_file){.role = role, .path = copy};
    return TAMIS_OK;
}

/* ---- Printing: one form of each profile, a step a line ---- */

/* Texts stand in double quotes, whose escapes YAML shares with JSON. */
static tamis_status put_text(tamis_buf *out, const char *lead, const char *text)
{
    tamis_status status = tamis_buf_append_string(out, lead);

    if (status == TAMIS_OK) {
        status = tamis_buf_append_byte(out, '"');
    }
    if (status == TAMIS_OK) {
        status = tamis_buf_append_json(out, tamis_slice_of_string(text));
    }
    return status == TAMIS_OK ? tamis_buf_append_byte(out, '"') : status;
}

static tamis_status put_number(tamis_buf *out, const char *lead, double number)
{
    char text[TAMIS_NUMBER_TEXT_SIZE];

    (void)tamis_double_to_text(number, text);
    return tamis_buf_append_format(out, "%s%s", lead, text);
}

static tamis_status put_languages(tamis_buf *out, const char *key, const tamis_profile_step *step)
{
    tamis_status status = TAMIS_OK;

    if (step->language_count == 0) {
        return TAMIS_OK;
    }
    status = tamis_buf_append_format(out, ", %s: [", key);
    for (size_t i = 0; status == TAMIS_OK && i < step->language_count; i++) {
        status = put_text(out, i == 0 ? "" : ", ", step->languages[i]);
    }
    return status == TAMIS_OK ? tamis_buf_append_byte(out, ']') : status;
}

static tamis_status print_rule(const tamis_profile_step *step, tamis_buf *out)
{
    tamis_status status = put_text(out, ", signal: ", step->signal);

    if (status == TAMIS_OK) {
        status = tamis_buf_append_format(out, ", drop: \"%s",
                                         tamis_profile_operator_texts[step->operator]);
    }
    if (status == TAMIS_OK) {
        status = put_number(out, " ", step->limit);
    }
    if (status == TAMIS_OK) {
        status = tamis_buf_append_format(out, "\"%s", step->null_drops ? ", \"null\": drop" : "");
    }
    return status == TAMIS_OK ? put_languages(out, "languages", step) : status;
}

static tamis_status print_optional(const char *lead, const char *text, tamis_buf *out)
{
    return text[0] == '\0' ? TAMIS_OK : put_text(out, lead, text);
}

static tamis_status print_matches(const tamis_profile_step *step, tamis_buf *out)
{
    bool is_pii = step->kind == STEP_PII;
    tamis_status status = put_text(out, ", action: ", step->name);

    if (status == TAMIS_OK) {
        status = print_optional(is_pii ? ", types: " : ", match: ", step->types, out);
    }
    if (status == TAMIS_OK) {
        status = print_optional(", key: ", step->key, out);
    }
    return status == TAMIS_OK ? put_number(out, ", above: ", step->limit) : status;
}

static tamis_status print_step(const tamis_profile_step *step, tamis_buf *out)
{
    bool is_named = step->kind == STEP_EDIT || step->kind == STEP_URL;
    tamis_status status =
        tamis_buf_append_format(out, "  - {%s: ", tamis_step_kind_names[step->kind]);

    if (status == TAMIS_OK) {
        status = put_text(out, "",
                          !is_named ? step->reason
                                    : (step->kind == STEP_EDIT ? step->name : "blocklist"));
    }
    if (status == TAMIS_OK && step->kind == STEP_RULE) {
        status = print_rule(step, out);
    } else if (status == TAMIS_OK && step->kind == STEP_LANGUAGE) {
        status = put_languages(out, "codes", step);
        if (status == TAMIS_OK) {
            status = put_number(out, ", min_score: ", step->score_min);
        }
    } else if (status == TAMIS_OK && (step->kind == STEP_KEYWORDS || step->kind == STEP_PII)) {
        status = print_matches(step, out);
    }
    return status == TAMIS_OK ? tamis_buf_append_string(out, "}\n") : status;
}

static tamis_status print_file(const tamis_profile_file *file, tamis_buf *out)
{
    char hex[TAMIS_DIGEST_HEX_SIZE];
    tamis_status status =
        tamis_buf_append_format(out, "  - {role: %s", tamis_profile_role_names[file->role]);

    if (status == TAMIS_OK) {
        status = put_text(out, ", path: ", file->path);
    }
    if (status == TAMIS_OK && file->has_digest) {
        tamis_digest_to_hex(file->digest, hex);
        status = put_text(out, ", digest: ", hex);
    }
    return status == TAMIS_OK ? tamis_buf_append_string(out, "}\n") : status;
}

static tamis_status print_texts(const char *key, char *const *texts, size_t count, tamis_buf *out)
{
    tamis_status status = TAMIS_OK;

    if (count == 0) {
        return TAMIS_OK;
    }
    status = tamis_buf_append_format(out, "%s: [", key);
    for (size_t i = 0; status == TAMIS_OK && i < count; i++) {
        status = put_text(out, i == 0 ? "" : ", ", texts[i]);
    }
    return status == TAMIS_OK ? tamis_buf_append_string(out, "]\n") : status;
}

tamis_status tamis_profile_print(const tamis_profile *profile, tamis_buf *out)
{
    tamis_status status = put_text(out, "name: ", profile->name);

    if (status == TAMIS_OK) {
        status = print_optional("\nabout: ", profile->about, out);
    }
    if (status == TAMIS_OK) {
        status = tamis_buf_append_format(out, "\nmode: %s\nlanguage_bytes: %u\nlanguage_text: %s\n",
                                         tamis_quality_mode_names[profile->mode],
                                         profile->language_bytes,
                                         tamis_language_text_names[profile->language_text]);
    }
    if (status == TAMIS_OK) {
        status = print_texts("signals", profile->signals, profile->signal_count, out);
    }
    if (status == TAMIS_OK) {
        status =
            print_texts("gopher_stop_words", profile->stop_words, profile->stop_word_count, out);
    }
    if (status == TAMIS_OK && profile->file_count != 0) {
        status = tamis_buf_append_string(out, "files:\n");
    }
    for (size_t i = 0; status == TAMIS_OK && i < profile->file_count; i++) {
        status = print_file(&profile->files[i], out);
    }
    if (status == TAMIS_OK) {
        status =
            tamis_buf_append_string(out, profile->step_count == 0 ? "steps: []\n" : "steps:\n");
    }
    for (size_t i = 0; status == TAMIS_OK && i < profile->step_count; i++) {
        status = print_step(&profile->steps[i], out);
    }
    return status;
}
