/* SPDX-License-Identifier: Apache-2.0 */
/* wire.h - the messages of the control protocol as plain structs, and their bytes.
 *
 * A packet is a control frame (encoded here) and, for some kinds, one raw bulk frame that this
 * module does not look at. docs/PROTOCOL.md says who sends what when. Bytes that come in are
 * checked against the limits below before they are parsed, and once parsed against the meaning of
 * every field: what decodes may be trusted.
 *
 * A JobInfo or Submit with total 0 has the whole job in its bulk.
 *
 * Pure:    bytes in, values out; allocates.
 * Threads: a message belongs to one thread at a time.
 */
#ifndef TAMIS_WIRE_H
#define TAMIS_WIRE_H

#include "tamis/buf.h"
#include "tamis/hash.h"
#include "tamis/run_status.h"

#define TAMIS_PROTOCOL_VERSION  1
#define TAMIS_WIRE_CONTROL_MAX  ((size_t)(1u << 20))  /* bytes of a control frame */
#define TAMIS_WIRE_BULK_MAX     ((size_t)(16u << 20)) /* bytes of a bulk frame */
#define TAMIS_BLOB_MAX          ((size_t)(15u << 20)) /* bytes of a task's blob */
#define TAMIS_WIRE_TEXT_MAX     4096u                 /* bytes of one string */
#define TAMIS_WIRE_ITEMS_MAX    8192u                 /* entries of all lists of a message */
#define TAMIS_WIRE_NO_FOLDER    0xffffu               /* in owner tables: the task was skipped */
#define TAMIS_WORKER_CREDIT_MAX 1024u                 /* tasks that one worker holds */
#define TAMIS_JOB_CHUNK_MAX     ((size_t)(8u << 20))  /* bytes of a packed job in one packet */
#define TAMIS_JOB_BYTES_MAX     ((size_t)(1u << 30))  /* bytes of a packed job */
#define TAMIS_FOLDERS_ROWS_MAX  1024u                 /* entries of a Folders message */
#define TAMIS_JOBS_ROWS_MAX     256u                  /* rows of a Jobs message */
#define TAMIS_WORKERS_ROWS_MAX  512u                  /* rows of a Workers message */
#define TAMIS_ROWS_BYTES_MAX    (TAMIS_WIRE_CONTROL_MAX - 4096) /* see tamis_folder_row_size */
#define TAMIS_LOST_TASKS_MAX    4096u                           /* lost tasks of a TaskFailed */
#define TAMIS_FOLDER_ID_SIZE    17                              /* 16 hex digits and a zero */
#define TAMIS_PUBLIC_KEY_SIZE   41 /* 40 characters of Z85 and a zero */

typedef enum tamis_message_kind {
    TAMIS_MESSAGE_HELLO = 1,
    TAMIS_MESSAGE_WELCOME,
    TAMIS_MESSAGE_REFUSED,
    TAMIS_MESSAGE_TASK_REQUEST,
    TAMIS_MESSAGE_ASSIGN,
    TAMIS_MESSAGE_FETCH,
    TAMIS_MESSAGE_JOB_INFO,  /* bulk: the packed job from offset on */
    TAMIS_MESSAGE_OWNERS,    /* bulk: 16-bit folder numbers, little-endian, by stage and task */
    TAMIS_MESSAGE_TASK_DONE, /* bulk: blob */
    TAMIS_MESSAGE_TASK_ACK,
    TAMIS_MESSAGE_TASK_FAILED,
    TAMIS_MESSAGE_HEARTBEAT,
    TAMIS_MESSAGE_SUBMIT, /* bulk: the packed job from offset on */
    TAMIS_MESSAGE_SUBMITTED,
    TAMIS_MESSAGE_STATUS_REQUEST,
    TAMIS_MESSAGE_STATUS,
    TAMIS_MESSAGE_CANCEL,
    TAMIS_MESSAGE_JOB_DONE,
    TAMIS_MESSAGE_BYE,
    TAMIS_MESSAGE_FOLDERS,
    TAMIS_MESSAGE_PAUSE,
    TAMIS_MESSAGE_RESUME,
    TAMIS_MESSAGE_JOBS_REQUEST,
    TAMIS_MESSAGE_JOBS,
    TAMIS_MESSAGE_WORKERS_REQUEST,
    TAMIS_MESSAGE_WORKERS,
    TAMIS_MESSAGE_DRAIN,
    TAMIS_MESSAGE_ANSWER,
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

/* A data folder in the book of an epoch: where results are. */
typedef struct tamis_folder_row {
    uint32_t number; /* below TAMIS_WIRE_NO_FOLDER */
    const char *path;
    const char *folder_id;  /* 16 hex digits, or "" */
    const char *data_url;   /* of the data server that serves it; "": none */
    const char *public_key; /* 40 characters of Z85, or "" */
    bool is_alive;          /* a worker that the coordinator hears of holds it */
} tamis_folder_row;

/* A line of `tamis status` about jobs. */
typedef struct tamis_job_row {
    const char *id;
    tamis_run_state state;
    uint64_t order; /* of submission */
    const char *output;
    uint32_t stage; /* stage_count: all are complete */
    uint32_t stage_count;
    tamis_stage_kind stage_kind; /* of the one at work */
    uint32_t tasks_done;         /* of it */
    uint32_t task_count;
    uint64_t bytes; /* of it, as in tamis_stage_status */
    uint64_t documents;
    uint64_t elapsed_ms; /* of all stages */
    tamis_status fault;
    const char *fault_text;
} tamis_job_row;

typedef enum tamis_worker_state {
    TAMIS_WORKER_ALIVE,
    TAMIS_WORKER_DRAINING,
    TAMIS_WORKER_LOST,
    TAMIS_WORKER_STATE_COUNT
} tamis_worker_state;

/* "alive", ...; "unknown" for numbers outside the table. */
const char *tamis_worker_state_name(tamis_worker_state state);

/* A line of `tamis status` about workers. */
typedef struct tamis_worker_row {
    const char *name;
    const char *host;
    tamis_worker_state state;
    uint32_t threads;
    uint32_t credit;
    uint32_t tasks_running;
    uint64_t tasks_done;
    uint64_t tasks_lost;
    uint64_t silent_ms; /* since it was heard last */
    uint64_t bytes;     /* of the tasks it did */
    uint64_t memory_bytes;
    const char *data_folder;
    const char *data_url;
    const char *user; /* that its key belongs to; "": no keys */
} tamis_worker_row;

/* Strings and lists are borrowed: from the caller when encoded, from the message when decoded. A
 * string that is NULL is sent as "". */
typedef struct tamis_message {
    tamis_message_kind kind;
    uint64_t sequence;
    uint64_t epoch;
    uint64_t fence;
    char job[TAMIS_JOB_ID_SIZE]; /* or "" */
    union {
        /* The largest first: an initializer that names no body clears it all. */
        struct {
            uint32_t stage;
            uint32_t task;
            uint32_t skip_stages;
            uint64_t bytes;
            uint64_t documents;
            uint64_t counters[TAMIS_COUNTER_COUNT];
        } task_done;
        struct {
            tamis_peer_build build;
            uint32_t thread_count;
            uint64_t memory_bytes;
            const char *host;
            const char *data_folder; /* absolute */
            const char *name;        /* of the worker, for people */
            const char *data_url;    /* where its data server listens; "": it has none */
            const char *folder_id;   /* 16 hex digits, or "" */
            const char *public_key;  /* 40 characters of Z85, or "" */
        } hello;
        struct {
            uint32_t heartbeat_ms;
            uint32_t lease_ms;
            const char *cluster; /* 16 hex digits, or "" */
        } welcome;
        struct {
            tamis_status status;
            const char *text;
            uint64_t offset; /* submitted with TAMIS_EAGAIN: send on from here */
        } refused;           /* also of submitted; of task_ack without text */
        struct {
            uint32_t credit;
        } task_request;
        struct {
            uint32_t stage;
            uint32_t task;
            uint32_t lease_ms;
            uint32_t generation; /* of the view that the task needs */
            bool is_isolated;    /* it took workers down: run it in a process of its own */
        } assign;
        struct {
            bool has_job; /* complete */
            uint32_t first_stage;
            uint32_t end_stage;
            uint32_t generation;
            uint64_t job_offset; /* bytes of the packed job that are here; no matter with has_job */
            uint64_t folders_version;
        } fetch;
        struct {
            uint64_t offset;
            uint64_t total; /* bytes of the packed job */
        } job_info;
        struct {
            uint32_t first_stage;
            uint32_t end_stage; /* may be less than was asked for */
            uint32_t generation;
        } owners;
        struct {
            uint64_t from_version;
            uint64_t to_version;
            const tamis_folder_row *rows; /* in the order of their version */
            size_t row_count;
        } folders;
        struct {
            uint32_t stage;
            uint32_t task;
            tamis_status status;
            bool is_retryable;
            bool has_lost; /* the fields below: results that could not be had */
            bool is_gone;  /* they are not there; false: their holder is out of reach */
            uint32_t lost_stage;
            uint32_t lost_folder; /* number in the book */
            const uint32_t *lost_tasks;
            size_t lost_count; /* 1 .. TAMIS_LOST_TASKS_MAX with has_lost, else 0 */
            const char *text;
        } task_failed;
        struct {
            const tamis_held *held;
            size_t held_count;
            uint32_t credit;
            const char *const *jobs;
            size_t job_count;
            uint64_t folders_version; /* of a worker: what it has of the book; else 0 */
            bool may_leave;           /* of the coordinator: to a worker that drains */
            uint64_t answered;        /* likewise: sequence of the heartbeat that it answers */
            uint32_t heartbeat_ms;    /* likewise: how often from now on; 0: as before */
        } heartbeat;
        struct {
            tamis_peer_build build;
            bool is_data_kept;
            uint64_t offset;
            uint64_t total;      /* bytes of the packed job */
            tamis_digest digest; /* XXH3-128 of the whole packed job: names the upload */
        } submit;
        const tamis_run_status *status; /* its job_id is the job of the envelope */
        struct {
            bool is_data_kept;
        } job_done;
        struct {
            uint32_t first; /* row */
        } rows_request;     /* of jobs_request, workers_request */
        struct {
            uint32_t first;
            uint32_t total;
            const tamis_job_row *rows;
            size_t row_count;
        } jobs;
        struct {
            uint32_t first;
            uint32_t total;
            const tamis_worker_row *rows;
            size_t row_count;
        } workers;
        struct {
            const char *worker; /* name */
            bool is_now;
            bool is_undo;
        } drain;
        struct {
            tamis_status status;
            const char *text;
            uint32_t count; /* of workers that are meant */
        } answer;
    } body;
} tamis_message;

/* At least the bytes that the row takes in its message. As long as these stay within
 * TAMIS_ROWS_BYTES_MAX in all, and the rows within their number, the message can be encoded; the
 * strings must be within TAMIS_WIRE_TEXT_MAX. */
size_t tamis_folder_row_size(const tamis_folder_row *row);
size_t tamis_job_row_size(const tamis_job_row *row);
size_t tamis_worker_row_size(const tamis_worker_row *row);

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

/* Whether the text is 16 lower-case hex digits: the form of ids of jobs, folders and clusters. */
bool tamis_job_id_is_valid(const char *id);
/* Whether the text is 40 characters of Z85. */
bool tamis_public_key_is_valid(const char *key);

#endif
