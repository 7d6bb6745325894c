/* SPDX-License-Identifier: Apache-2.0 */
#include "text_source.h"

#include <stdlib.h>

struct tamis_text_source {
    const tamis_job *job;
    tamis_reader *reader;
    tamis_reader_watch watch;
    uint32_t row;   /* that is wanted */
    uint32_t split; /* that is open; UINT32_MAX: none */
    bool is_end;    /* of the open split */
};

/* Rows that nobody asked for are not looked into: one of them may be poisoned. */
static tamis_reader_choice before_row(void *context, uint32_t row, uint64_t offset, tamis_slice raw)
{
    const tamis_text_source *source = context;

    (void)offset;
    (void)raw;
    return row == source->row ? TAMIS_READER_TAKE : TAMIS_READER_PASS;
}

tamis_status tamis_text_source_create(const tamis_job *job, tamis_text_source **out_source,
                                      tamis_err *err)
{
    tamis_text_source *source = calloc(1, sizeof(*source));
    tamis_status status = TAMIS_OK;

    if (source == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to read the inputs");
    }
    source->job = job;
    source->split = UINT32_MAX;
    source->watch = (tamis_reader_watch){.before_row = before_row, .context = source};
    status = tamis_reader_create(&job->settings, &source->reader, err);
    if (status != TAMIS_OK) {
        free(source);
        return status;
    }
    *out_source = source;
    return TAMIS_OK;
}

tamis_status tamis_text_source_get(tamis_text_source *source, tamis_ord ord, tamis_doc *out_doc,
                                   tamis_err *err)
{
    const tamis_plan *plan = &source->job->plan;
    uint32_t split = tamis_ord_split(ord);
    const tamis_input *input = NULL;
    tamis_status status = TAMIS_OK;

    if (split >= plan->split_count) {
        return tamis_err_set(err, TAMIS_ENOENT, "the run has no split %u", split);
    }
    input = &plan->inputs[plan->splits[split].input];
    source->row = tamis_ord_row(ord);
    if (split != source->split) {
        source->split = split;
        source->is_end = false;
        status = tamis_reader_open(source->reader, input, &plan->splits[split], split, err);
        tamis_reader_set_watch(source->reader, &source->watch);
    }
    while (status == TAMIS_OK && !source->is_end) {
        status = tamis_reader_next(source->reader, out_doc, err);
        if (status == TAMIS_END) {
            source->is_end = true;
            status = TAMIS_OK;
        } else if (status == TAMIS_OK && out_doc->row == tamis_ord_row(ord)) {
            return TAMIS_OK;
        } else if (status == TAMIS_OK && out_doc->row > tamis_ord_row(ord)) {
            break;
        }
    }
    return status != TAMIS_OK
               ? status
               : tamis_err_set(err, TAMIS_ENOENT, "%s: does not give row %u any more", input->shown,
                               tamis_ord_row(ord));
}

void tamis_text_source_destroy(tamis_text_source *source)
{
    if (source != NULL) {
        tamis_reader_destroy(source->reader);
        free(source);
    }
}
