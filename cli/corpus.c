/* SPDX-License-Identifier: Apache-2.0 */
#include "corpus.h"

#include <stdlib.h>
#include <string.h>

struct tamis_corpus {
    tamis_settings settings;
    tamis_plan plan;
    tamis_reader *reader;
    uint32_t split; /* the next one */
    bool is_open;
    uint64_t done_bytes; /* of splits that are done */
    tamis_corpus_facts facts;
};

tamis_status tamis_corpus_open(const char *const *paths, size_t path_count, const char *text_field,
                               tamis_corpus **out_corpus, tamis_err *err)
{
    tamis_discover_options discover = {.paths = paths, .path_count = path_count};
    tamis_corpus *corpus = calloc(1, sizeof(*corpus));
    tamis_status status = TAMIS_OK;

    if (corpus == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to read the inputs");
    }
    tamis_settings_defaults(&corpus->settings);
    corpus->settings.record_bytes_max = TAMIS_RECORD_BYTES_MAX; /* a plain text is one record */
    if (text_field[0] == '\0' || strlen(text_field) >= TAMIS_FIELD_SIZE) {
        status = tamis_err_set(err, TAMIS_EARG, "--text-field: takes a name of 1 to %d bytes",
                               TAMIS_FIELD_SIZE - 1);
    } else {
        (void)snprintf(corpus->settings.text_field, TAMIS_FIELD_SIZE, "%s", text_field);
        status = tamis_discover(&corpus->settings, &discover, &corpus->plan, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_reader_create(&corpus->settings, &corpus->reader, err);
    }
    if (status != TAMIS_OK) {
        tamis_corpus_close(corpus);
        return status;
    }
    tamis_corpus_rewind(corpus);
    *out_corpus = corpus;
    return TAMIS_OK;
}

void tamis_corpus_close(tamis_corpus *corpus)
{
    if (corpus != NULL) {
        tamis_reader_destroy(corpus->reader);
        tamis_plan_fini(&corpus->plan);
        free(corpus);
    }
}

void tamis_corpus_rewind(tamis_corpus *corpus)
{
    corpus->split = 0;
    corpus->is_open = false;
    corpus->done_bytes = 0;
    corpus->facts = (tamis_corpus_facts){.texts = 0};
    for (uint32_t i = 0; i < corpus->plan.split_count; i++) {
        corpus->facts.stored_bytes += corpus->plan.splits[i].end - corpus->plan.splits[i].begin;
    }
}

static void end_split(tamis_corpus *corpus)
{
    const tamis_split *split = &corpus->plan.splits[corpus->split];
    tamis_reader_summary summary;

    tamis_reader_summarize(corpus->reader, &summary);
    corpus->facts.set_aside += summary.open_status != TAMIS_OK ? 1 : 0;
    corpus->done_bytes += split->end - split->begin;
    corpus->split++;
    corpus->is_open = false;
}

tamis_status tamis_corpus_next(tamis_corpus *corpus, tamis_slice *out_text, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK && corpus->split < corpus->plan.split_count) {
        const tamis_split *split = &corpus->plan.splits[corpus->split];
        tamis_doc doc;

        if (!corpus->is_open) {
            status = tamis_reader_open(corpus->reader, &corpus->plan.inputs[split->input], split,
                                       corpus->split, err);
            corpus->is_open = status == TAMIS_OK;
        }
        if (status == TAMIS_OK) {
            status = tamis_reader_next(corpus->reader, &doc, err);
        }
        if (status == TAMIS_END) {
            end_split(corpus);
            status = TAMIS_OK;
        } else if (status == TAMIS_OK && doc.fault != TAMIS_FAULT_NONE) {
            corpus->facts.set_aside++;
        } else if (status == TAMIS_OK) {
            corpus->facts.texts++;
            *out_text = doc.text;
            return TAMIS_OK;
        }
    }
    return status == TAMIS_OK ? TAMIS_END : status;
}

tamis_corpus_facts tamis_corpus_look(const tamis_corpus *corpus)
{
    tamis_corpus_facts facts = corpus->facts;
    tamis_reader_summary summary = {.rows = 0};

    if (corpus->is_open) {
        tamis_reader_summarize(corpus->reader, &summary);
    }
    facts.read_bytes = corpus->done_bytes + summary.stored_bytes;
    if (facts.read_bytes > facts.stored_bytes) {
        facts.read_bytes = facts.stored_bytes;
    }
    return facts;
}
