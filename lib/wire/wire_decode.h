/* SPDX-License-Identifier: Apache-2.0 */
/* wire_decode.h - what the parts of the decoder share.
 *
 *   wire_decode.c       the envelope, bodies of single values
 *   wire_decode_rows.c  bodies with lists
 *
 * Pure.
 */
#ifndef TAMIS_WIRE_DECODE_H
#define TAMIS_WIRE_DECODE_H

#include "tamis/v1/control.pb-c.h"
#include "tamis/wire.h"

/* A decoded message and what it borrows from. */
typedef struct wire_box {
    tamis_message message; /* first: the pointer that callers have */
    Tamis__V1__Envelope *envelope;
    void *rows; /* held, run status, ... */
} wire_box;

/* Whether the field is in range; fills the output. Empty texts are in the range of ids and keys. */
bool wire_job_of(const char *text, char out_job[TAMIS_JOB_ID_SIZE]);
bool wire_status_of(uint32_t number, tamis_status *out_status);
bool wire_is_id_or_empty(const char *text);
bool wire_is_key_or_empty(const char *text);
void wire_counters_of(const uint64_t *counters, size_t count, uint64_t out[TAMIS_COUNTER_COUNT]);

/* Reads the body of a heartbeat, status, folders, jobs or workers. TAMIS_EFORMAT, TAMIS_ELIMIT,
 * TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status wire_decode_rows(const Tamis__V1__Envelope *envelope, wire_box *box);

#endif
