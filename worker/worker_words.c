/* SPDX-License-Identifier: Apache-2.0 */
#include "worker_loop_internal.h"

#define AGAIN_MS  60000 /* what goes on is told once a minute */
#define SILENT_MS 5000  /* as long as a worker waits before it greets anew */

/* Whether there is something new to tell, and it is time for it. */
static bool is_due(worker_told *told, uint64_t count, uint64_t now_ms, uint64_t *out_new)
{
    if (count == told->count || (told->told_ms != 0 && now_ms - told->told_ms < AGAIN_MS)) {
        return false;
    }
    *out_new = count - told->count;
    *told = (worker_told){.count = count, .told_ms = now_ms};
    return true;
}

void worker_note_malformed(worker_loop *loop, const char *text)
{
    loop->malformed_count++;
    (void)snprintf(loop->malformed_text, sizeof(loop->malformed_text), "%.*s",
                   (int)sizeof(loop->malformed_text) - 1, text);
}

static void log_welcome(worker_loop *loop, const tamis_worker_contact *contact)
{
    if (contact->welcome_count != loop->welcome_count) {
        loop->welcome_count = contact->welcome_count;
        loop->silent = (worker_told){.count = 0}; /* the next silence is another one */
        tamis_log_event(loop->options->log, TAMIS_LOG_INFO, "worker.welcome",
                        tamis_log_text("coordinator", loop->options->url),
                        tamis_log_text("cluster", contact->cluster),
                        tamis_log_uint("epoch", contact->epoch));
    }
}

static void log_silence(worker_loop *loop, const tamis_worker_contact *contact, uint64_t now_ms)
{
    uint64_t heard_ms = tamis_worker_core_heard_ms(loop->core);
    uint64_t silent_ms = now_ms - (heard_ms == 0 ? loop->began_ms : heard_ms);
    uint64_t unused = 0;

    if (!contact->is_welcome && silent_ms >= SILENT_MS &&
        is_due(&loop->silent, now_ms, now_ms, &unused)) {
        tamis_log_event(loop->options->log, TAMIS_LOG_WARN, "coordinator.silent",
                        tamis_log_text("coordinator", loop->options->url),
                        tamis_log_uint("ms", silent_ms));
    }
}

void worker_log_words(worker_loop *loop, uint64_t now_ms)
{
    const tamis_worker_contact contact = tamis_worker_core_contact(loop->core);
    uint64_t epoch = 0;
    uint64_t refused = tamis_worker_core_refused(loop->core, &epoch);
    uint64_t count = 0;

    log_welcome(loop, &contact);
    log_silence(loop, &contact, now_ms);
    if (is_due(&loop->epoch_refused, refused, now_ms, &count)) {
        tamis_log_event(loop->options->log, TAMIS_LOG_WARN, "epoch.refused",
                        tamis_log_uint("epoch", epoch), tamis_log_uint("packets", count));
    }
    if (is_due(&loop->hello_refused, contact.refusal_count, now_ms, &count)) {
        tamis_log_event(loop->options->log, TAMIS_LOG_WARN, "worker.refused",
                        tamis_log_text("reason", tamis_status_text(contact.refusal)),
                        tamis_log_text("text", contact.refusal_text),
                        tamis_log_uint("greetings", count));
    }
    if (is_due(&loop->malformed, loop->malformed_count, now_ms, &count)) {
        tamis_log_event(loop->options->log, TAMIS_LOG_WARN, "packet.malformed",
                        tamis_log_text("error", loop->malformed_text),
                        tamis_log_uint("packets", count));
    }
}
