/* SPDX-License-Identifier: Apache-2.0 */
#include "run_options.h"

#include <stdio.h>
#include <string.h>

#include "tamis/sketch.h"

#define ZSTD_WINDOW_LOG_LONG 31
#define SLOTS_BY_THRESHOLD   128 /* bands and rows that are picked fit into this signature */
#define SLOTS_MOST           1024

const char *const tamis_progress_choices[] = {"auto", "always", "never", NULL};
const char *const tamis_color_choices[] = {"auto", "always", "never", NULL};

static tamis_status take_text(const tamis_options *options, const char *name, char *out,
                              tamis_err *err)
{
    const char *text = tamis_options_text(options, name);

    if (text == NULL || text[0] == '\0' || strlen(text) >= TAMIS_FIELD_SIZE) {
        return tamis_err_set(err, TAMIS_EARG, "--%s: takes a name of 1 to %d bytes", name,
                             TAMIS_FIELD_SIZE - 1);
    }
    (void)snprintf(out, TAMIS_FIELD_SIZE, "%s", text);
    return TAMIS_OK;
}

static tamis_status take_scope(const tamis_options *options, tamis_settings *settings,
                               tamis_err *err)
{
    static const char prefix[] = "field:";
    const char *text = tamis_options_text(options, "scope");

    if (strcmp(text, "all") == 0) {
        settings->scope = TAMIS_SCOPE_ALL;
        return TAMIS_OK;
    }
    if (strcmp(text, "input") == 0) {
        settings->scope = TAMIS_SCOPE_INPUT;
        return TAMIS_OK;
    }
    if (strncmp(text, prefix, sizeof(prefix) - 1) == 0 && text[sizeof(prefix) - 1] != '\0' &&
        strlen(text) - (sizeof(prefix) - 1) < TAMIS_FIELD_SIZE) {
        settings->scope = TAMIS_SCOPE_FIELD;
        (void)snprintf(settings->scope_field, TAMIS_FIELD_SIZE, "%s", text + sizeof(prefix) - 1);
        return TAMIS_OK;
    }
    return tamis_err_set(err, TAMIS_EARG, "--scope: '%s' is none of all, input, field:NAME", text);
}

/* Explicit --bands and --rows win; else the threshold and the recall pick them. */
static tamis_status take_bands(const tamis_options *options, tamis_settings *settings,
                               tamis_err *err)
{
    bool has_bands = tamis_options_is_given(options, "bands");
    bool has_rows = tamis_options_is_given(options, "rows");

    if (has_bands != has_rows) {
        return tamis_err_set(err, TAMIS_EARG, "--%s: give --%s too (the field's habit is 14 x 8)",
                             has_bands ? "bands" : "rows", has_bands ? "rows" : "bands");
    }
    if (has_bands) {
        settings->bands = (uint32_t)tamis_options_uint(options, "bands");
        settings->rows = (uint32_t)tamis_options_uint(options, "rows");
    } else {
        uint32_t recall = (uint32_t)tamis_options_uint(options, "recall");
        uint32_t slots = SLOTS_BY_THRESHOLD;
        tamis_status status = TAMIS_EARG;

        for (; status != TAMIS_OK && slots <= SLOTS_MOST; slots *= 2) {
            status = tamis_bands_choose(settings->threshold_ppm, recall, slots, &settings->bands,
                                        &settings->rows);
        }
        if (status != TAMIS_OK) {
            return tamis_err_set(err, TAMIS_EARG,
                                 "--recall: no bands of %d slots reach it at this --threshold; "
                                 "lower --recall or give --bands and --rows",
                                 SLOTS_MOST);
        }
    }
    settings->slots = tamis_sketch_slots_for(settings->bands, settings->rows);
    if (settings->slots == 0) {
        return tamis_err_set(err, TAMIS_EARG,
                             "--bands: %u x %u is more than a signature's %d slots",
                             settings->bands, settings->rows, SLOTS_MOST);
    }
    return TAMIS_OK;
}

static void take_numbers(const tamis_options *options, tamis_settings *s)
{
    s->levels = (uint32_t)tamis_options_choices(options, "levels");
    s->threshold_ppm = (uint32_t)tamis_options_uint(options, "threshold");
    s->min_containment_ppm = (uint32_t)tamis_options_uint(options, "min-containment");
    s->shingle = (uint32_t)tamis_options_uint(options, "shingle");
    s->bucket_cap = (uint32_t)tamis_options_uint(options, "bucket-cap");
    s->verify = (tamis_verify)tamis_options_choice(options, "verify");
    s->verify_spool_ppm = (uint32_t)tamis_options_uint(options, "verify-spool");
    s->exact = (tamis_exact)tamis_options_choice(options, "exact");
    s->profile = (tamis_profile)tamis_options_choice(options, "normalize");
    s->url_keep = (tamis_url_keep)tamis_options_choice(options, "url-keep");
    s->record_bytes_max = tamis_options_uint(options, "record-limit");
    s->nesting_max = (uint32_t)tamis_options_uint(options, "nesting-limit");
    s->split_bytes = tamis_options_uint(options, "split-size");
    s->sample_ppm = (uint32_t)tamis_options_uint(options, "sample");
    s->limit = tamis_options_uint(options, "limit");
    s->emit = (uint32_t)tamis_options_choices(options, "emit");
    s->output_format = (tamis_output_format)tamis_options_choice(options, "output-format");
    s->output_level = (int32_t)tamis_options_uint(options, "output-level");
    if (tamis_options_is_given(options, "ratio-limit")) {
        s->ratio_max = (uint32_t)tamis_options_uint(options, "ratio-limit");
    }
    if (tamis_options_flag(options, "long")) {
        s->zstd_window_log_max = ZSTD_WINDOW_LOG_LONG;
    }
}

tamis_status tamis_run_settings(const tamis_options *options, tamis_settings *out_settings,
                                tamis_err *err)
{
    tamis_settings settings;
    tamis_status status = TAMIS_OK;

    tamis_settings_defaults(&settings);
    take_numbers(options, &settings);
    if (settings.levels == 0) {
        return tamis_err_set(err, TAMIS_EARG, "--levels: name one of url, exact, near at least");
    }
    status = take_bands(options, &settings, err);
    if (status == TAMIS_OK) {
        status = take_scope(options, &settings, err);
    }
    if (status == TAMIS_OK) {
        status = take_text(options, "text-field", settings.text_field, err);
    }
    if (status == TAMIS_OK && strncmp(settings.text_field, "tamis", 5) == 0 &&
        (settings.text_field[5] == '.' || settings.text_field[5] == '\0')) {
        status =
            tamis_err_set(err, TAMIS_EARG,
                          "--text-field: '%s' lies in the member `tamis`, which is replaced in "
                          "what a run writes: the text would be lost",
                          settings.text_field);
    }
    if (status == TAMIS_OK) {
        status = take_text(options, "id-field", settings.id_field, err);
    }
    if (status == TAMIS_OK) {
        status = take_text(options, "url-field", settings.url_field, err);
    }
    if (status == TAMIS_OK) {
        *out_settings = settings;
    }
    return status;
}
