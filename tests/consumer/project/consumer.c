/* SPDX-License-Identifier: Apache-2.0 */
/* A program outside the tree, built against the installed headers and library alone: sketches two
 * texts and compares their signatures. Exit code 0: the library answers as it does within. */
#include <stdio.h>
#include <string.h>

#include "tamis/analyzer.h"
#include "tamis/sketch.h"

#define TEXT_BYTES 4096

/* The analyzer reads up to TAMIS_BUF_SLACK bytes behind a text. */
static char first_text[TEXT_BYTES + TAMIS_BUF_SLACK];
static char second_text[TEXT_BYTES + TAMIS_BUF_SLACK];

/* 400 numbered words; `changed` of them, at the end, are others. */
static void text_make(char *text, unsigned changed)
{
    size_t used = 0;

    for (unsigned i = 0; i < 400; i++) {
        used += (size_t)snprintf(text + used, TEXT_BYTES - used, "%s%u ",
                                 i + changed < 400 ? "word" : "term", i);
    }
}

static bool sign(tamis_analyzer *analyzer, const char *text, uint32_t slots, uint8_t *signature)
{
    tamis_slice slice = {.data = (const uint8_t *)text, .size = strlen(text)};
    tamis_analysis analysis;
    tamis_err err;

    if (tamis_analyzer_run(analyzer, slice, &analysis, &err) != TAMIS_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        return false;
    }
    tamis_signature_pack(analysis.sketch, slots, signature);
    return analysis.token_count == 400;
}

int main(void)
{
    uint8_t first[TAMIS_SKETCH_SLOTS_MAX];
    uint8_t second[TAMIS_SKETCH_SLOTS_MAX];
    tamis_analyzer *analyzer = NULL;
    tamis_settings settings;
    uint32_t equal = 0;
    uint32_t near = 0;
    bool is_signed = false;

    tamis_settings_defaults(&settings);
    if (tamis_analyzer_create(&settings, &analyzer, NULL) != TAMIS_OK) {
        return 1;
    }
    text_make(first_text, 0);
    text_make(second_text, 40);
    is_signed = sign(analyzer, first_text, settings.slots, first) &&
                sign(analyzer, second_text, settings.slots, second);
    tamis_analyzer_destroy(analyzer);
    if (!is_signed) {
        return 1;
    }
    equal = tamis_signature_matches(first, first, settings.slots);
    near = tamis_signature_matches(first, second, settings.slots);
    (void)printf("equal texts: %u of %u slots, 40 of 400 words changed: %u\n", equal,
                 settings.slots, near);
    /* The Jaccard similarity of the shingles is 0.82: far from all slots, far from none. */
    return equal == settings.slots && near > settings.slots / 2 && near < settings.slots ? 0 : 1;
}
