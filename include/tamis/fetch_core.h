/* SPDX-License-Identifier: Apache-2.0 */
/* fetch_core.h - how an object is pulled from a data server: what to ask for, when to ask again,
 * when to connect anew, when to give up.
 *
 * The core sees events (a reply, time going by) and says what to do about them (requests to send,
 * whether to keep the chunk in hand, to connect anew). It keeps a window of requests in flight, so
 * a reader that does not consume does not ask. Chunks may come in any order, twice, or never; a
 * request keeps its id however often it is sent, so a late answer still counts. Nothing that was
 * kept is asked for again.
 *
 * Pure:    no I/O, no clock, no allocation; the same events give the same effects.
 * Memory:  the struct, which may be copied.
 * Threads: an object belongs to one thread at a time.
 */
#ifndef TAMIS_FETCH_CORE_H
#define TAMIS_FETCH_CORE_H

#include "tamis/data_frame.h"

#define TAMIS_FETCH_WINDOW_MAX 16u

typedef struct tamis_fetch_settings {
    uint32_t window;          /* requests in flight: 1 .. TAMIS_FETCH_WINDOW_MAX */
    uint32_t chunk_bytes;     /* of one request: 1 .. TAMIS_DATA_CHUNK_MAX */
    uint32_t request_ms;      /* an answer is missed after this */
    uint32_t silence_ms;      /* without a good answer for so long: connect anew */
    uint32_t give_up_ms;      /* without progress for so long, and after */
    uint32_t connections_min; /* so many connections: fail */
    uint64_t first_id;        /* of its requests; the upper 32 bits stay as they are */
} tamis_fetch_settings;

/* 8 chunks of 1 MiB, 1 s, 2 s, 10 s, 3. */
void tamis_fetch_settings_defaults(tamis_fetch_settings *out_settings);

typedef enum tamis_fetch_event_kind {
    TAMIS_FETCH_START,   /* first of all; it is connected */
    TAMIS_FETCH_REPLY,   /* `reply`; is_good: its chunk has the length and the checksum it names */
    TAMIS_FETCH_TICK,    /* time has gone by; some times in each request_ms */
    TAMIS_FETCH_ADDRESS, /* the server has another address now */
    TAMIS_FETCH_CANCEL
} tamis_fetch_event_kind;

typedef struct tamis_fetch_event {
    tamis_fetch_event_kind kind;
    const tamis_data_reply *reply;
    bool is_good;
} tamis_fetch_event;

typedef struct tamis_fetch_range {
    uint64_t id;
    uint64_t offset;
    uint32_t length;
} tamis_fetch_range;

typedef struct tamis_fetch_effects {
    bool is_kept;      /* write the reply's chunk at its offset: it is new and good */
    bool is_reconnect; /* close the connection, look up the address, connect; then send */
    uint32_t send_count;
    tamis_fetch_range sends[TAMIS_FETCH_WINDOW_MAX];
} tamis_fetch_effects;

typedef enum tamis_fetch_state {
    TAMIS_FETCH_RUNNING,
    TAMIS_FETCH_DONE,
    TAMIS_FETCH_FAILED /* see status */
} tamis_fetch_state;

/* One chunk that was asked for. */
typedef struct tamis_fetch_slot {
    bool is_used;
    uint32_t length;
    uint32_t tries;
    uint64_t id;
    uint64_t offset;
    uint64_t order;   /* of its last sending */
    uint64_t sent_ms; /* likewise */
    uint64_t due_ms;  /* not to be sent before; UINT64_MAX: it is on its way */
} tamis_fetch_slot;

typedef struct tamis_fetch_core {
    tamis_fetch_settings settings;
    tamis_fetch_state state;
    /* Of FAILED. TAMIS_EPEER: out of reach; TAMIS_ENOENT, TAMIS_ECORRUPT, TAMIS_EVERSION,
     * TAMIS_EIO: the server cannot give it; TAMIS_EFORMAT: it does not understand the request;
     * TAMIS_ECHANGED: the object has another size than before; TAMIS_ECANCELED. */
    tamis_status status;
    bool has_total;
    uint64_t total;
    uint64_t received; /* bytes kept */
    uint64_t resent;   /* requests that were sent again */
    uint32_t connections;
    /* The rest is the core's own. */
    uint64_t next_offset;
    uint64_t next_id;
    uint64_t next_order;
    uint64_t answered_order; /* the latest sending that was answered */
    uint64_t heard_ms;       /* of the last good answer, or the connection */
    uint64_t progress_ms;
    uint32_t failures; /* answers that told a passing fault */
    uint32_t damages;
    tamis_fetch_slot slots[TAMIS_FETCH_WINDOW_MAX];
} tamis_fetch_core;

void tamis_fetch_core_init(tamis_fetch_core *core, const tamis_fetch_settings *settings);

/* Takes one event; now_ms never goes back. After the end nothing follows from any event. */
void tamis_fetch_core_step(tamis_fetch_core *core, const tamis_fetch_event *event, uint64_t now_ms,
                           tamis_fetch_effects *out_effects);

/* Whether that failure says that the object is not to be had any more (else its owner could not be
 * reached, or it is our own). */
bool tamis_fetch_is_gone(tamis_status status);

#endif
