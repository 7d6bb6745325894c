/* SPDX-License-Identifier: Apache-2.0 */
/* wire.h - the messages of the control protocol as plain structs, and their bytes.
 *
 * A packet is a control frame (encoded here) and, for some kinds, one raw bulk frame that this
 * module does not look at. docs/PROTOCOL.md says who sends what when. Bytes that come in are
 * checked against the limits below before they are parsed, and once parsed against the meaning of
 * every field: what decodes may be trusted.
 *
 * Pure:    bytes in, values out; allocates.
 * Threads: a message belongs to one thread at a time.
 */
#ifndef TAMIS_WIRE_H
#define TAMIS_WIRE_H

#include "tamis/buf.h"
#include "tamis/run_status.h"

#define TAMIS_PROTOCOL_VERSION  1
#define TAMIS_WIRE_CONTROL_MAX  ((size_t)(1u << 20))   /* bytes of a control frame */
#define TAMIS_WIRE_BULK_MAX     ((size_t)(256u << 20)) /* bytes of a bulk frame: a packed job */
#define TAMIS_BLOB_MAX          ((size_t)(15u << 20))  /* bytes of a task's blob */
#define TAMIS_WIRE_TEXT_MAX     4096u                  /* bytes of one string */
#define TAMIS_WIRE_ITEMS_MAX    8192u                  /* entries of all lists of a message */
#define TAMIS_WIRE_NO_FOLDER    0xffffu                /* in owner tables: the task was skipped */
#define TAMIS_WORKER_CREDIT_MAX 1024u                  /* tasks that one worker holds */

typedef enum tamis_message_kind {
    TAMIS_MESSAGE_HELLO = 1,
    TAMIS_MESSAGE_WELCOME,
    TAMIS_MESSAGE_REFUSED,
    TAMIS_MESSAGE_TASK_REQUEST,
    TAMIS_MESSAGE_ASSIGN,
    TAMIS_MESSAGE_FETCH,
    TAMIS_MESSAGE_JOB_INFO,  /* bulk: packed job */
    TAMIS_MESSAGE_OWNERS,    /* bulk: 16-bit folder numbers, little-endian, by stage and task */
    TAMIS_MESSAGE_TASK_DONE, /* bulk: blob */
    TAMIS_MESSAGE_TASK_ACK,
    TAMIS_MESSAGE_TASK_FAILED,
    TAMIS_MESSAGE_HEARTBEAT,
    TAMIS_MESSAGE_SUBMIT, /* bulk: packed job */
    TAMIS_MESSAGE_SUBMITTED,
    TAMIS_MESSAGE_STATUS_REQUEST,
    TAMIS_MESSAGE_STATUS,
    TAMIS_MESSAGE_CANCEL,
    TAMIS_MESSAGE_JOB_DONE,
    TAMIS_MESSAGE_BYE,
    TAMIS_MESSAGE_KIND_END
} tamis_message_kind;

/* "hello", "task_done", ... */
const char *tamis_message_kind_name(tamis_message_kind kind);

/* What both sides must have in common for equal bytes to come out. */
typedef struct tamis_peer_build {
    uint32_t protocol;
    const char *build; /* program version, definition version, Unicode data */
    const char *zstd;
} tamis_peer_build;

typedef struct tamis_held {
    char job[TAMIS_JOB_ID_SIZE];
    uint64_t fence;
    uint32_t stage;
    uint32_t task;
    uint64_t bytes;
    uint64_t documents;
} tamis_held;

/* Strings and lists are borrowed: from the caller when encoded, from the message when decoded. */
typedef struct tamis_message {
    tamis_message_kind kind;
    uint64_t sequence;
    uint64_t epoch;
    uint64_t fence;
    char job[TAMIS_JOB_ID_SIZE]; /* or "" */
    union {
        struct {
            tamis_peer_build build;
            uint32_t thread_count;
            const char *host;
            const char *data_folder;
        } hello;
        struct {
            uint32_t heartbeat_ms;
            uint32_t lease_ms;
        } welcome;
        struct {
            tamis_status status;
            const char *text;
        } refused; /* also of submitted; of task_ack without text */
        struct {
            uint32_t credit;
        } task_request;
        struct {
            uint32_t stage;
            uint32_t task;
            uint32_t lease_ms;
        } assign;
        struct {
            bool has_job;
            uint32_t first_stage;
            uint32_t end_stage;
        } fetch;
        struct {
            uint32_t first_stage;
            uint32_t end_stage;
            const char *const *folders;
            size_t folder_count;
        } owners;
        struct {
            uint32_t stage;
            uint32_t task;
            uint32_t skip_stages;
            uint64_t bytes;
            uint64_t documents;
            uint64_t counters[TAMIS_COUNTER_COUNT];
        } task_done;
        struct {
            uint32_t stage;
            uint32_t task;
            tamis_status status;
            bool is_retryable;
            const char *text;
        } task_failed;
        struct {
            const tamis_held *held;
            size_t held_count;
            uint32_t credit;
            const char *const *jobs;
            size_t job_count;
        } heartbeat;
        struct {
            tamis_peer_build build;
            bool is_data_kept;
        } submit;
        const tamis_run_status *status; /* its job_id is the job of the envelope */
        struct {
            bool is_data_kept;
        } job_done;
    } body;
} tamis_message;

/* Appends the control frame of the message to *out. TAMIS_ENOMEM; TAMIS_ELIMIT: a string, a list or
 * the frame is too long. */
TAMIS_MUST_USE
tamis_status tamis_wire_encode(const tamis_message *message, tamis_buf *out);

/* Reads a control frame. The caller owns *out_message. TAMIS_EVERSION: another schema;
 * TAMIS_EFORMAT, TAMIS_ELIMIT: not a message of this protocol, a field out of range; TAMIS_ENOMEM.
 */
TAMIS_MUST_USE
tamis_status tamis_wire_decode(tamis_slice control, tamis_message **out_message, tamis_err *err);
void tamis_message_destroy(tamis_message *message); /* of _decode; NULL is allowed */

/* Whether the text is 16 lower-case hex digits. */
bool tamis_job_id_is_valid(const char *id);

#endif
