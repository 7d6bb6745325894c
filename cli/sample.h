/* SPDX-License-Identifier: Apache-2.0 */
/* sample.h - removed documents beside their witnesses, chosen by chance but repeatably, with what
 * differs between them marked.
 *
 * The sample is those of the wanted reason with the least hash of (seed, ord): the same for the
 * same result and seed, whatever else is asked. Texts come from the inputs. This is the one command
 * that prints the text of documents, and it prints it on stdout alone.
 *
 * Memory:  the sample's texts, at most 128 MiB in all (what is longer is compared up to a bound).
 * Threads: one.
 */
#ifndef TAMIS_SAMPLE_H
#define TAMIS_SAMPLE_H

#include "tamis/status.h"
#include <stdint.h>

#define TAMIS_SAMPLE_COUNT_MAX 1000
#define TAMIS_SAMPLE_BYTES_MAX (64u << 10)

typedef struct tamis_sample_options {
    const char *out_path;
    const char
        *reason;    /* a level or a fault (tamis_sample_reasons); NULL: every removed document */
    uint64_t count; /* 1 to TAMIS_SAMPLE_COUNT_MAX */
    uint64_t seed;
    uint64_t shown_bytes; /* of text for each, 1 to TAMIS_SAMPLE_BYTES_MAX */
    bool is_json;
    bool has_color;
} tamis_sample_options;

/* TAMIS_EARG: no level and no fault; the text names the nearest. */
TAMIS_MUST_USE
tamis_status tamis_sample_check_reason(const char *reason, tamis_err *err);

/* Writes the sample to `out`, in ord order. JSON: one line a document. An input that is gone is
 * said beside its document and is no error. *out_shown and *out_found (documents of that reason)
 * may be NULL. */
TAMIS_MUST_USE
tamis_status tamis_sample(const tamis_sample_options *options, FILE *out, uint64_t *out_shown,
                          uint64_t *out_found, tamis_err *err);

#endif
