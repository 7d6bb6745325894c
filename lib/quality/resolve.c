/* SPDX-License-Identifier: Apache-2.0 */
/* From what a user asks for to a specification. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_map.h"
#include "needs.h"
#include "step_names.h"
#include "tamis/path.h"
#include "tamis/suggest.h"

#define PROFILE_BYTES_MAX (1u << 20)

/* ---- The profile ---- */

static size_t names_count(const char *const *names)
{
    size_t count = 0;

    while (names[count] != NULL) {
        count++;
    }
    return count;
}

static tamis_status unknown_profile(const char *name, tamis_err *err)
{
    const char *const *names = tamis_quality_profile_names();
    const char *nearest = tamis_suggest(name, names, names_count(names));
    tamis_status status = TAMIS_OK;
    tamis_buf list;

    if (nearest != NULL) {
        return tamis_err_set(err, TAMIS_EARG, "unknown profile '%.200s'; did you mean '%s'?", name,
                             nearest);
    }
    tamis_buf_init(&list, 0);
    for (size_t i = 0; status == TAMIS_OK && names[i] != NULL; i++) {
        status = tamis_buf_append_format(&list, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    status = tamis_err_set(err, TAMIS_EARG,
                           "unknown profile '%.100s': no file, and none of those built in (%.*s)",
                           name, (int)list.size, (const char *)list.data);
    tamis_buf_fini(&list);
    return status;
}

/* Paths in a profile's file are those beside it. */
static tamis_status anchor_files(tamis_profile *profile, const char *path, tamis_err *err)
{
    const char *slash = strrchr(path, '/');

    for (size_t i = 0; i < profile->file_count; i++) {
        tamis_profile_file *file = &profile->files[i];
        char joined[PROFILE_PATH_SIZE];
        char *copy = NULL;

        if (file->path[0] == '/' || slash == NULL) {
            continue;
        }
        if (snprintf(joined, sizeof(joined), "%.*s/%s", (int)(slash - path), path, file->path) >=
            (int)sizeof(joined)) {
            return tamis_err_set(err, TAMIS_ELIMIT, "%s: path of a file is too long", path);
        }
        copy = strdup(joined);
        if (copy == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a profile");
        }
        free(file->path);
        file->path = copy;
    }
    return TAMIS_OK;
}

static tamis_status load_profile(const char *name, tamis_profile **out_profile, tamis_err *err)
{
    static const char empty[] = "name: options\nsteps: []\n";
    tamis_slice text = name == NULL ? tamis_slice_of_string(empty) : tamis_profile_builtin(name);
    tamis_buf bytes;
    tamis_status status = TAMIS_OK;

    if (text.size != 0) {
        return tamis_profile_parse(text, name == NULL ? "options" : name, out_profile, err);
    }
    if (access(name, F_OK) != 0 && errno == ENOENT) {
        return unknown_profile(name, err);
    }
    tamis_buf_init(&bytes, PROFILE_BYTES_MAX);
    status = tamis_path_read_file(name, &bytes, err);
    if (status == TAMIS_OK) {
        status = tamis_profile_parse(tamis_buf_slice(&bytes), name, out_profile, err);
        if (status == TAMIS_OK) {
            status = anchor_files(*out_profile, name, err);
        }
    }
    tamis_buf_fini(&bytes);
    return status;
}

/* ---- Options ---- */

static tamis_profile_step *find_step(tamis_profile *profile, tamis_step_kind kind)
{
    for (size_t i = 0; i < profile->step_count; i++) {
        if (profile->steps[i].kind == kind) {
            return &profile->steps[i];
        }
    }
    return NULL;
}

/* The step of that kind; a new one stands at `at`. NULL: no memory. */
static tamis_profile_step *have_step(tamis_profile *profile, tamis_step_kind kind, size_t at)
{
    tamis_profile_step *step = find_step(profile, kind);

    if (step == NULL) {
        step = tamis_profile_insert_steps(profile, at, 1);
        if (step != NULL) {
            step->kind = kind;
            (void)snprintf(step->reason, sizeof(step->reason), "%s", tamis_step_kind_names[kind]);
        }
    }
    return step;
}

static tamis_status no_memory(tamis_err *err)
{
    return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a profile, or too many steps");
}

static tamis_status merge_files(tamis_profile *profile, const tamis_quality_request *request,
                                tamis_err *err)
{
    const struct {
        tamis_profile_role role;
        const char *path;
    } files[] = {
        {ROLE_LANGUAGE_MODEL, request->language_model},
        {ROLE_CLASSIFIER, request->classifier},
        {ROLE_LM, request->lm},
        {ROLE_SENTENCEPIECE, request->sentencepiece},
        {ROLE_KEYWORDS, request->keywords},
        {ROLE_BLOCKLIST, request->blocklist},
    };

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        if (files[i].path != NULL &&
            tamis_profile_set_file(profile, files[i].role, files[i].path) != TAMIS_OK) {
            return no_memory(err);
        }
    }
    return TAMIS_OK;
}

static tamis_status merge_language(tamis_profile *profile, const tamis_quality_request *request,
                                   tamis_err *err)
{
    tamis_profile_step *step = NULL;

    if (request->finds_language &&
        tamis_profile_add_signal(profile, "language_score") != TAMIS_OK) {
        return no_memory(err);
    }
    if (request->language_count == 0 && request->language_score_min < 0) {
        return TAMIS_OK;
    }
    step = have_step(profile, STEP_LANGUAGE, 0);
    if (step == NULL) {
        return no_memory(err);
    }
    if (request->language_count != 0) {
        tamis_profile_step_clear_languages(step);
    }
    for (size_t i = 0; i < request->language_count; i++) {
        if (strlen(request->languages[i]) >= TAMIS_QUALITY_LANGUAGE_SIZE) {
            return tamis_err_set(err, TAMIS_EARG, "--languages: '%.80s' is no language code",
                                 request->languages[i]);
        }
        if (tamis_profile_step_add_language(step, request->languages[i]) != TAMIS_OK) {
            return no_memory(err);
        }
    }
    if (request->language_score_min >= 0) {
        step->score_min = request->language_score_min;
    }
    return TAMIS_OK;
}

/* --keep-above becomes the limit of every rule on the classifier, or a rule of its own. */
static tamis_status merge_classifier(tamis_profile *profile, const tamis_quality_request *request,
                                     tamis_err *err)
{
    static const char signal[] = "classifier_score";
    tamis_profile_step *step = NULL;
    bool is_found = false;

    if (request->keep_above < 0) {
        return TAMIS_OK;
    }
    if (tamis_profile_find_file(profile, ROLE_CLASSIFIER) == NULL) {
        return tamis_err_set(err, TAMIS_EARG, "--keep-above: give the model with --classifier");
    }
    for (size_t i = 0; i < profile->step_count; i++) {
        if (profile->steps[i].kind == STEP_RULE && strcmp(profile->steps[i].signal, signal) == 0) {
            profile->steps[i].limit = request->keep_above;
            is_found = true;
        }
    }
    if (is_found) {
        return TAMIS_OK;
    }
    step = tamis_profile_insert_steps(profile, profile->step_count, 1);
    if (step == NULL) {
        return no_memory(err);
    }
    step->kind = STEP_RULE;
    step->operator= OPERATOR_BELOW;
    step->limit = request->keep_above;
    (void)snprintf(step->reason, sizeof(step->reason), "classifier");
    (void)snprintf(step->signal, sizeof(step->signal), "%s", signal);
    return TAMIS_OK;
}

static tamis_status merge_lists(tamis_profile *profile, const tamis_quality_request *request,
                                tamis_err *err)
{
    bool asks_pii = request->pii_action != NULL || request->pii_types != NULL;
    tamis_profile_step *step = NULL;

    if (request->blocklist != NULL && have_step(profile, STEP_URL, 0) == NULL) {
        return no_memory(err);
    }
    if (request->keywords != NULL || request->keyword_action != NULL) {
        step = have_step(profile, STEP_KEYWORDS, profile->step_count);
        if (step == NULL) {
            return no_memory(err);
        }
        if (request->keyword_action != NULL || step->name[0] == '\0') {
            (void)snprintf(step->name, sizeof(step->name), "%s",
                           request->keyword_action == NULL
                               ? tamis_keyword_action_names[TAMIS_KEYWORDS_TAG]
                               : request->keyword_action);
        }
    }
    if (!asks_pii) {
        return TAMIS_OK;
    }
    step = have_step(profile, STEP_PII, profile->step_count);
    if (step == NULL) {
        return no_memory(err);
    }
    (void)snprintf(step->name, sizeof(step->name), "%s",
                   request->pii_action == NULL ? tamis_pii_action_names[TAMIS_PII_REPORT]
                                               : request->pii_action);
    (void)snprintf(step->types, sizeof(step->types), "%s",
                   request->pii_types == NULL ? "" : request->pii_types);
    (void)snprintf(step->key, sizeof(step->key), "%s",
                   request->pii_key == NULL ? "" : request->pii_key);
    return TAMIS_OK;
}

/* ---- What lacks its file ---- */

static const char *const role_options[ROLE_COUNT] = {
    "--language-model",
    "--classifier",
    "--lm",
    "--sentencepiece",
    "--keywords",
    "--blocklist",
    "files: {role: stop_words} in the profile",
    "files: {role: flagged_words} in the profile",
};

static tamis_profile_role missing_role(const tamis_profile *profile, const tamis_profile_step *step)
{
    tamis_profile_role role = tamis_needs_step_role(step);

    return role != ROLE_COUNT && tamis_profile_find_file(profile, role) == NULL ? role : ROLE_COUNT;
}

/* A score of CLD2 is a share of the text, no probability: the limit of a profile is not for it. */
static tamis_status relax_language(tamis_profile *profile, const tamis_quality_request *request,
                                   tamis_buf *out_skipped)
{
    tamis_profile_step *step = find_step(profile, STEP_LANGUAGE);

    if (step == NULL || step->score_min == 0 || request->language_score_min >= 0 ||
        tamis_profile_find_file(profile, ROLE_LANGUAGE_MODEL) != NULL) {
        return TAMIS_OK;
    }
    step->score_min = 0;
    return tamis_buf_append_format(out_skipped,
                                   "%s: its least score is meant for a fastText model "
                                   "(--language-model); CLD2 decides by the code alone\n",
                                   step->reason);
}

static tamis_status leave_out(tamis_profile *profile, const tamis_quality_request *request,
                              tamis_buf *out_skipped, tamis_err *err)
{
    tamis_status status = relax_language(profile, request, out_skipped);

    for (size_t i = 0; status == TAMIS_OK && i < profile->step_count;) {
        const tamis_profile_step *step = &profile->steps[i];
        tamis_profile_role role = missing_role(profile, step);
        const char *name =
            step->reason[0] == '\0' ? tamis_step_kind_names[step->kind] : step->reason;

        if (role == ROLE_COUNT) {
            i++;
            continue;
        }
        status = tamis_buf_append_format(out_skipped, "%s: needs a file (%s)\n", name,
                                         role_options[role]);
        tamis_profile_remove_step(profile, i);
    }
    if (status != TAMIS_OK) {
        return no_memory(err);
    }
    if (request->requires_models && out_skipped->size != 0) {
        const char *end = memchr(out_skipped->data, '\n', out_skipped->size);
        int size = (int)(end - (const char *)out_skipped->data);

        return tamis_err_set(err, TAMIS_EARG, "--require-models: profile '%s': %.*s", profile->name,
                             size, (const char *)out_skipped->data);
    }
    return TAMIS_OK;
}

/* ---- Files ---- */

static tamis_status fail_digest(const tamis_profile_file *file, tamis_digest digest, tamis_err *err)
{
    char has[TAMIS_DIGEST_HEX_SIZE];
    char wanted[TAMIS_DIGEST_HEX_SIZE];

    tamis_digest_to_hex(digest, has);
    tamis_digest_to_hex(file->digest, wanted);
    return tamis_err_set(err, TAMIS_ECHANGED,
                         "%s (%s) has the digest %s, but its profile says %s; bring the file that "
                         "the profile was made with, or leave the digest out",
                         file->path, tamis_profile_role_names[file->role], has, wanted);
}

static tamis_status resolve_file(tamis_profile_file *file, tamis_err *err)
{
    char *absolute = realpath(file->path, NULL);
    tamis_file_map map;
    tamis_digest digest;
    tamis_status status = TAMIS_OK;

    if (absolute == NULL) {
        return tamis_err_errno(err, errno, "%s", file->path);
    }
    free(file->path);
    file->path = absolute;
    if (strlen(absolute) >= PROFILE_PATH_SIZE) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: the path is too long", absolute);
    }
    status = tamis_file_map_open(absolute, NULL, &map, err);
    if (status != TAMIS_OK) {
        return status;
    }
    digest = tamis_hash128(map.bytes.data, map.bytes.size);
    tamis_file_map_close(&map);
    if (file->has_digest && !tamis_digest_is_equal(digest, file->digest)) {
        return fail_digest(file, digest, err);
    }
    file->digest = digest;
    file->has_digest = true;
    return status;
}

static tamis_status merge(tamis_profile *profile, const tamis_quality_request *request,
                          tamis_buf *out_skipped, tamis_err *err)
{
    tamis_status status = merge_files(profile, request, err);

    profile->mode = request->mode;
    if (status == TAMIS_OK) {
        status = merge_language(profile, request, err);
    }
    if (status == TAMIS_OK) {
        status = merge_classifier(profile, request, err);
    }
    if (status == TAMIS_OK) {
        status = merge_lists(profile, request, err);
    }
    if (status == TAMIS_OK) {
        status = leave_out(profile, request, out_skipped, err);
    }
    for (size_t i = 0; status == TAMIS_OK && i < profile->file_count; i++) {
        status = resolve_file(&profile->files[i], err);
    }
    return status;
}

tamis_status tamis_quality_resolve(const tamis_quality_request *request, tamis_buf *out_spec,
                                   tamis_buf *out_skipped, tamis_err *err)
{
    tamis_profile *profile = NULL;
    tamis_profile *again = NULL;
    tamis_status status = load_profile(request->profile, &profile, err);

    tamis_buf_reset(out_spec);
    tamis_buf_reset(out_skipped);
    if (status == TAMIS_OK) {
        status = merge(profile, request, out_skipped, err);
    }
    if (status == TAMIS_OK && tamis_profile_print(profile, out_spec) != TAMIS_OK) {
        status = no_memory(err);
    }
    if (status == TAMIS_OK) {
        /* What options brought in is checked like the rest. */
        status = tamis_profile_parse(tamis_buf_slice(out_spec), "options of quality", &again, err);
    }
    tamis_profile_destroy(again);
    tamis_profile_destroy(profile);
    return status;
}
