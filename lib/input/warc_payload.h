/* SPDX-License-Identifier: Apache-2.0 */
/* warc_payload.h - the payload of an HTTP response: without chunks, without gzip.
 *
 * Archives often keep the headers of a transfer whose coding they have undone. So a body that does
 * not begin like its coding is taken as it is.
 */
#ifndef TAMIS_INPUT_WARC_PAYLOAD_H
#define TAMIS_INPUT_WARC_PAYLOAD_H

#include "reader_parts.h"
#include "warc_header.h"

/* Decodes the body; *out_text points into it, or into reader->text or reader->scratch (with slack).
 * *out_fault: INVALID_WARC (broken chunks or gzip), RECORD_TOO_LARGE, RATIO. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status warc_payload_decode(tamis_reader *reader, tamis_slice body, const http_header *http,
                                 tamis_slice *out_text, tamis_fault *out_fault, tamis_err *err);

#endif
