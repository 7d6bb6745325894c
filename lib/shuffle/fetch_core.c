/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/fetch_core.h"

#include "tamis/planted.h"

#define BUSY_MS      20 /* first pause after "try again"; doubles */
#define BUSY_MAX_MS  1000
#define ELSEWHERE_MS 300 /* somebody else answers there: the book will tell the new address */
#define FAILURES_MAX 4   /* faults of the server's disk or memory before it counts as lost */
#define DAMAGES_MAX  64  /* chunks that came damaged before the connection is given up */
#define DAMAGES_RUN  8   /* ... before a new connection is tried */
#define PATIENCE     6   /* times give_up_ms, for a server that answers but never gives */

void tamis_fetch_settings_defaults(tamis_fetch_settings *out_settings)
{
    *out_settings = (tamis_fetch_settings){
        .window = 8,
        .chunk_bytes = TAMIS_DATA_CHUNK_MAX,
        .request_ms = 1000,
        .silence_ms = 2000,
        .give_up_ms = 10000,
        .connections_min = 3,
    };
}

bool tamis_fetch_is_gone(tamis_status status)
{
    return status == TAMIS_ENOENT || status == TAMIS_ECORRUPT || status == TAMIS_EVERSION ||
           status == TAMIS_EIO || status == TAMIS_ECHANGED;
}

void tamis_fetch_core_init(tamis_fetch_core *core, const tamis_fetch_settings *settings)
{
    TAMIS_ASSERT(settings->window >= 1 && settings->window <= TAMIS_FETCH_WINDOW_MAX);
    TAMIS_ASSERT(settings->chunk_bytes >= 1 && settings->chunk_bytes <= TAMIS_DATA_CHUNK_MAX);
    *core = (tamis_fetch_core){.settings = *settings, .next_id = settings->first_id};
}

static void fail(tamis_fetch_core *core, tamis_status status)
{
    core->state = TAMIS_FETCH_FAILED;
    core->status = status;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

/* Takes what is not asked for yet into free slots. Until the size is known only the first chunk is.
 */
static void fill_window(tamis_fetch_core *core, uint64_t now_ms)
{
    for (uint32_t i = 0; i < core->settings.window; i++) {
        tamis_fetch_slot *slot = &core->slots[i];
        uint64_t left = core->total - core->next_offset;
        uint32_t length = core->settings.chunk_bytes;

        if (core->has_total ? left == 0 : core->next_offset != 0) {
            return;
        }
        if (slot->is_used) {
            continue;
        }
        if (core->has_total && left < length) {
            length = (uint32_t)left;
        }
        *slot = (tamis_fetch_slot){.is_used = true,
                                   .length = length,
                                   .id = core->next_id++,
                                   .offset = core->next_offset,
                                   .due_ms = now_ms};
        core->next_offset += length;
    }
}

/* Whether the answer to that sending must be taken for lost: later ones were answered, or none is.
 */
static bool is_missed(const tamis_fetch_core *core, const tamis_fetch_slot *slot, uint64_t now_ms)
{
    uint64_t request_ms = core->settings.request_ms;

    return slot->due_ms == UINT64_MAX && now_ms - slot->sent_ms >= request_ms &&
           (slot->order < core->answered_order || now_ms - core->heard_ms >= request_ms);
}

static void send_due(tamis_fetch_core *core, uint64_t now_ms, tamis_fetch_effects *effects)
{
    for (uint32_t i = 0; i < core->settings.window; i++) {
        tamis_fetch_slot *slot = &core->slots[i];

        if (!slot->is_used) {
            continue;
        }
        if (is_missed(core, slot, now_ms)) {
            slot->due_ms = now_ms;
        }
        if (slot->due_ms <= now_ms) {
            core->resent += slot->tries != 0;
            slot->tries++;
            slot->due_ms = UINT64_MAX;
            slot->sent_ms = now_ms;
            slot->order = ++core->next_order;
            effects->sends[effects->send_count++] =
                (tamis_fetch_range){.id = slot->id, .offset = slot->offset, .length = slot->length};
        }
    }
}

/* Everything that is asked for is asked again over the new connection. */
static void reconnect(tamis_fetch_core *core, uint64_t now_ms, tamis_fetch_effects *effects)
{
    core->connections++;
    core->heard_ms = now_ms;
    core->answered_order = 0;
    effects->is_reconnect = true;
    for (uint32_t i = 0; i < core->settings.window; i++) {
        core->slots[i].due_ms = now_ms;
    }
}

/* ---- Answers --------------------------------------------------------------------------------- */

static tamis_fetch_slot *find_slot(tamis_fetch_core *core, uint64_t id)
{
    for (uint32_t i = 0; i < core->settings.window; i++) {
        if (core->slots[i].is_used && core->slots[i].id == id) {
            return &core->slots[i];
        }
    }
    return NULL;
}

static bool fits(const tamis_fetch_core *core, const tamis_fetch_slot *slot,
                 const tamis_data_reply *reply)
{
    uint64_t left = reply->total - slot->offset;
    uint64_t length = left < slot->length ? left : slot->length;

    return reply->offset == slot->offset && reply->offset <= reply->total &&
           reply->length == length && (!core->has_total || reply->total == core->total);
}

static void take_chunk(tamis_fetch_core *core, tamis_fetch_slot *slot,
                       const tamis_data_reply *reply, uint64_t now_ms, tamis_fetch_effects *effects)
{
    if (core->has_total && reply->total != core->total) {
        fail(core, TAMIS_ECHANGED);
        return;
    }
    if (!fits(core, slot, reply)) {
        fail(core, TAMIS_EFORMAT);
        return;
    }
    core->heard_ms = now_ms;
    core->progress_ms = now_ms;
    core->failures = 0;
    if (slot->order > core->answered_order) {
        core->answered_order = slot->order;
    }
    if (!core->has_total) {
        core->has_total = true;
        core->total = reply->total;
        core->next_offset = reply->length;
    }
    core->received += reply->length;
    slot->is_used = TAMIS_PLANTED(CHUNK_TWICE) && core->state == TAMIS_FETCH_RUNNING;
    effects->is_kept = reply->length != 0;
    if (core->received == core->total) {
        core->state = TAMIS_FETCH_DONE;
    }
}

static uint64_t pause_of(const tamis_fetch_slot *slot)
{
    uint32_t tries = slot->tries < 6 ? slot->tries : 6;
    /* Spread by the id, so that those who were refused together do not come back together. */
    uint64_t pause_ms = ((uint64_t)BUSY_MS << tries) + slot->id * 7 % BUSY_MS;

    return pause_ms < BUSY_MAX_MS ? pause_ms : BUSY_MAX_MS;
}

static void take_damage(tamis_fetch_core *core, tamis_fetch_slot *slot, uint64_t now_ms,
                        tamis_fetch_effects *effects)
{
    core->damages++;
    slot->due_ms = now_ms;
    if (core->damages >= DAMAGES_MAX) {
        fail(core, TAMIS_EPEER);
    } else if (core->damages % DAMAGES_RUN == 0) {
        reconnect(core, now_ms, effects);
    }
}

static void take_refusal(tamis_fetch_core *core, tamis_fetch_slot *slot, tamis_status status,
                         uint64_t now_ms, tamis_fetch_effects *effects)
{
    if (status == TAMIS_EPEER) { /* the folder is not served there any more */
        reconnect(core, now_ms, effects);
        for (uint32_t i = 0; i < core->settings.window; i++) {
            core->slots[i].due_ms = now_ms + ELSEWHERE_MS;
        }
    } else if (status == TAMIS_EAGAIN) {
        core->heard_ms = now_ms;
        slot->due_ms = now_ms + pause_of(slot);
    } else if ((status == TAMIS_EIO || status == TAMIS_ENOMEM) && core->failures < FAILURES_MAX) {
        core->failures++;
        core->heard_ms = now_ms;
        slot->due_ms = now_ms + pause_of(slot);
    } else {
        fail(core, status == TAMIS_ENOMEM ? TAMIS_EPEER : status);
    }
}

static void take_reply(tamis_fetch_core *core, const tamis_fetch_event *event, uint64_t now_ms,
                       tamis_fetch_effects *effects)
{
    const tamis_data_reply *reply = event->reply;
    tamis_fetch_slot *slot = find_slot(core, reply->id);

    if (slot == NULL) {
        return; /* answered before, or of somebody else */
    }
    if (reply->status != TAMIS_OK) {
        if (slot->due_ms == UINT64_MAX) { /* else this is the repetition of a refusal */
            take_refusal(core, slot, reply->status, now_ms, effects);
        }
    } else if (event->is_good || TAMIS_PLANTED(CHUNK_UNCHECKED)) {
        take_chunk(core, slot, reply, now_ms, effects);
    } else {
        take_damage(core, slot, now_ms, effects);
    }
}

/* ---- Time ------------------------------------------------------------------------------------ */

static void take_time(tamis_fetch_core *core, uint64_t now_ms, tamis_fetch_effects *effects)
{
    const tamis_fetch_settings *settings = &core->settings;
    uint64_t idle_ms = now_ms - core->progress_ms;

    if ((idle_ms >= settings->give_up_ms && core->connections >= settings->connections_min) ||
        idle_ms / PATIENCE >= settings->give_up_ms) {
        fail(core, TAMIS_EPEER);
    } else if (now_ms - core->heard_ms >= settings->silence_ms && !effects->is_reconnect) {
        reconnect(core, now_ms, effects);
    }
}

void tamis_fetch_core_step(tamis_fetch_core *core, const tamis_fetch_event *event, uint64_t now_ms,
                           tamis_fetch_effects *out_effects)
{
    *out_effects = (tamis_fetch_effects){.send_count = 0};
    if (core->state != TAMIS_FETCH_RUNNING) {
        return;
    }
    switch (event->kind) {
    case TAMIS_FETCH_START:
        core->connections = 1;
        core->heard_ms = now_ms;
        core->progress_ms = now_ms;
        break;
    case TAMIS_FETCH_REPLY:
        take_reply(core, event, now_ms, out_effects);
        break;
    case TAMIS_FETCH_TICK:
        take_time(core, now_ms, out_effects);
        break;
    case TAMIS_FETCH_ADDRESS:
        reconnect(core, now_ms, out_effects);
        break;
    case TAMIS_FETCH_CANCEL:
        fail(core, TAMIS_ECANCELED);
        break;
    }
    if (core->state == TAMIS_FETCH_RUNNING) {
        fill_window(core, now_ms);
        send_due(core, now_ms, out_effects);
    }
}
