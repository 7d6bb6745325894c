/* SPDX-License-Identifier: Apache-2.0 */
/* text_source.h - texts of chosen documents, read again from the inputs of a run in ord order.
 *
 * Threads: one.
 */
#ifndef TAMIS_TEXT_SOURCE_H
#define TAMIS_TEXT_SOURCE_H

#include "tamis/job.h"
#include "tamis/reader.h"

typedef struct tamis_text_source tamis_text_source;

TAMIS_MUST_USE
tamis_status tamis_text_source_create(const tamis_job *job, tamis_text_source **out_source,
                                      tamis_err *err);
/* The document of that ord, which must be greater than the one before. TAMIS_ENOENT: its input is
 * gone or does not give it any more. Slices are valid until the next call. */
TAMIS_MUST_USE
tamis_status tamis_text_source_get(tamis_text_source *source, tamis_ord ord, tamis_doc *out_doc,
                                   tamis_err *err);
void tamis_text_source_destroy(tamis_text_source *source);

#endif
