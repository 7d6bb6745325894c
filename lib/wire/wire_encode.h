/* SPDX-License-Identifier: Apache-2.0 */
/* wire_encode.h - what the parts of the encoder share.
 *
 *   wire_encode.c       the envelope, bodies of single values
 *   wire_encode_rows.c  bodies with lists
 *
 * Pure.
 */
#ifndef TAMIS_WIRE_ENCODE_H
#define TAMIS_WIRE_ENCODE_H

#include "tamis/v1/control.pb-c.h"
#include "tamis/wire.h"

/* One union of all bodies: a message has one, and it lives on the stack of the encoder. */
typedef union wire_body {
    Tamis__V1__Hello hello;
    Tamis__V1__Welcome welcome;
    Tamis__V1__Refused refused;
    Tamis__V1__TaskRequest task_request;
    Tamis__V1__Assign assign;
    Tamis__V1__Fetch fetch;
    Tamis__V1__JobInfo job_info;
    Tamis__V1__Owners owners;
    Tamis__V1__TaskDone task_done;
    Tamis__V1__TaskAck task_ack;
    Tamis__V1__TaskFailed task_failed;
    Tamis__V1__Heartbeat heartbeat;
    Tamis__V1__Submit submit;
    Tamis__V1__Submitted submitted;
    Tamis__V1__StatusRequest status_request;
    Tamis__V1__Status status;
    Tamis__V1__Cancel cancel;
    Tamis__V1__JobDone job_done;
    Tamis__V1__Bye bye;
    Tamis__V1__Folders folders;
    Tamis__V1__Pause pause;
    Tamis__V1__Resume resume;
    Tamis__V1__JobsRequest jobs_request;
    Tamis__V1__Jobs jobs;
    Tamis__V1__WorkersRequest workers_request;
    Tamis__V1__Workers workers;
    Tamis__V1__Drain drain;
    Tamis__V1__Answer answer;
} wire_body;

typedef struct wire_encoder {
    Tamis__V1__Envelope envelope;
    wire_body body;
    uint64_t counters[TAMIS_COUNTER_COUNT];
    void *rows;     /* array of Held, Stage, ... */
    void *pointers; /* to its entries */
} wire_encoder;

/* The generated structs have no const; packing only reads. */
static inline char *wire_text(const char *text)
{
    return (char *)(uintptr_t)(text == NULL ? "" : text);
}

static inline char **wire_texts(const char *const *texts)
{
    return (char **)(uintptr_t)texts;
}

/* Fills the body of a heartbeat, status, folders, jobs or workers. TAMIS_ENOMEM; TAMIS_ELIMIT: too
 * many rows. */
TAMIS_MUST_USE
tamis_status wire_encode_rows(wire_encoder *encoder, const tamis_message *message);

#endif
