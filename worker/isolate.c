/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/isolate.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "isolate_core.h"
#include "isolate_frames.h"
#include "isolate_process.h"
#include "isolate_serve.h"
#include "tamis/path.h"
#include "tamis/root.h"

#define POLL_MS 100

typedef struct isolate {
    const tamis_task_env *env;
    tamis_task_result *result;
    isolate_core core;
    isolate_server server;
    isolate_process process;
    tamis_buf frame;
    bool has_result; /* of the process at hand */
    bool is_silent;
    tamis_status status; /* of its task */
    tamis_err err;
    int ended; /* wait status of the run that died last */
    bool was_silent;
    /* Where the whole task died last. */
    tamis_ord place;
    uint64_t place_offset;
    tamis_digest place_digest;
    char side_folder[TAMIS_PATH_MAX];  /* beside the task's; removed at the end */
    char trial_folder[TAMIS_PATH_MAX]; /* in it */
    char spool_folder[TAMIS_PATH_MAX];
} isolate;

static uint64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- Folders --------------------------------------------------------------------------------- */

static tamis_status make_anew(const char *path, tamis_err *err)
{
    tamis_status status = tamis_path_remove(path, err);

    return status == TAMIS_OK && mkdir(path, 0777) != 0 ? tamis_err_errno(err, errno, "%s", path)
                                                        : status;
}

static tamis_status name_folders(isolate *t, tamis_err *err)
{
    int longest = snprintf(t->side_folder, sizeof(t->side_folder), "%s.isolated", t->env->folder);

    if (longest > 0 && (size_t)longest < sizeof(t->side_folder) - 16) {
        (void)snprintf(t->trial_folder, sizeof(t->trial_folder), "%.4080s/trial", t->side_folder);
        (void)snprintf(t->spool_folder, sizeof(t->spool_folder), "%.4080s/spool", t->side_folder);
        return TAMIS_OK;
    }
    return tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", t->env->folder);
}

/* Every process finds its folder empty, as an attempt does. */
static tamis_status prepare_folders(isolate *t, bool is_only, tamis_err *err)
{
    tamis_status status = make_anew(t->side_folder, err);

    if (status == TAMIS_OK) {
        status = make_anew(is_only ? t->trial_folder : t->env->folder, err);
    }
    return status == TAMIS_OK ? make_anew(t->spool_folder, err) : status;
}

/* ---- One process ----------------------------------------------------------------------------- */

static tamis_status put_roots(tamis_buf *out, const tamis_roots *roots)
{
    size_t count = roots == NULL ? 0 : tamis_roots_count(roots);
    tamis_status status = tamis_put_u32(out, (uint32_t)count);

    for (size_t i = 0; status == TAMIS_OK && i < count; i++) {
        status = isolate_put_text(out, tamis_roots_name(roots, i));
    }
    return status;
}

static tamis_status put_task(isolate *t, const isolate_run *run, tamis_buf *out)
{
    const tamis_task_env *env = t->env;
    tamis_buf job;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&job, 0);
    status = tamis_job_pack(env->job, &job);
    status = status == TAMIS_OK ? tamis_put_u64(out, (uint64_t)getpid()) : status;
    status = status == TAMIS_OK ? tamis_put_slice(out, tamis_buf_slice(&job)) : status;
    tamis_buf_fini(&job);
    status = status == TAMIS_OK ? tamis_put_u32(out, env->stage) : status;
    status = status == TAMIS_OK ? tamis_put_u32(out, env->task) : status;
    status = status == TAMIS_OK ? tamis_put_u64(out, env->memory_bytes) : status;
    status = status == TAMIS_OK
                 ? isolate_put_text(out, run->is_only ? t->trial_folder : env->folder)
                 : status;
    status = status == TAMIS_OK ? isolate_put_text(out, t->spool_folder) : status;
    status = status == TAMIS_OK ? tamis_put_u32(out, run->is_only) : status;
    status = status == TAMIS_OK ? tamis_put_u64(out, run->only) : status;
    status = status == TAMIS_OK ? tamis_put_u32(out, (uint32_t)t->core.poisoned_count) : status;
    for (size_t i = 0; status == TAMIS_OK && i < t->core.poisoned_count; i++) {
        status = tamis_put_u64(out, t->core.poisoned[i]);
    }
    return status == TAMIS_OK ? put_roots(out, env->roots) : status;
}

static tamis_status send_task(isolate *t, const isolate_run *run, tamis_err *err)
{
    tamis_buf out;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&out, 0);
    status = put_task(t, run, &out);
    if (status == TAMIS_OK) {
        status = isolate_frame_send(t->process.socket, ISOLATE_TASK, tamis_buf_slice(&out));
        status = status == TAMIS_EPEER ? TAMIS_OK : status; /* its death is seen when it is heard */
    }
    tamis_buf_fini(&out);
    return status == TAMIS_OK ? status
                              : tamis_err_set(err, status, "cannot hand a task to its process");
}

/* false: malformed, which only a process that lost its senses sends. */
static bool take_result(isolate *t, tamis_slice payload)
{
    tamis_fields fields = tamis_fields_of(payload);
    tamis_task_result got = {.skip_stages = 0};
    uint32_t status = tamis_get_u32(&fields);
    tamis_slice blob;

    if (!isolate_get_text(&fields, t->err.text, sizeof(t->err.text))) {
        return false;
    }
    got.skip_stages = tamis_get_u32(&fields);
    for (size_t i = 0; i < TAMIS_COUNTER_COUNT; i++) {
        got.counters[i] = tamis_get_u64(&fields);
    }
    blob = tamis_get_slice(&fields);
    if (fields.is_short || fields.position != payload.size ||
        strcmp(tamis_status_name((tamis_status)status), "unknown") == 0) {
        return false;
    }
    tamis_buf_reset(&t->result->blob);
    if (tamis_buf_append(&t->result->blob, blob.data, blob.size) != TAMIS_OK) {
        return false;
    }
    memcpy(t->result->counters, got.counters, sizeof(got.counters));
    t->result->skip_stages = got.skip_stages;
    t->status = (tamis_status)status;
    t->err.status = t->status;
    t->has_result = true;
    return true;
}

/* One frame of the process. false: it is through, or will never be. */
static bool hear(isolate *t)
{
    isolate_frame kind = ISOLATE_TASK;

    if (isolate_frame_receive(t->process.socket, ISOLATE_FRAME_MAX, &kind, &t->frame) != TAMIS_OK) {
        return false;
    }
    if (kind == ISOLATE_RESULT) {
        (void)take_result(t, tamis_buf_slice(&t->frame)); /* else it counts as dead */
        return false;
    }
    return isolate_server_handle(&t->server, t->process.socket, kind, tamis_buf_slice(&t->frame)) ==
           TAMIS_OK;
}

/* Whatever grows while the task goes on. */
static uint64_t sum_of_progress(const isolate *t)
{
    const tamis_isolation_page *page = t->process.page;

    return atomic_load_explicit(&page->beat, memory_order_relaxed) +
           atomic_load_explicit(&page->progress.bytes, memory_order_relaxed) +
           atomic_load_explicit(&page->progress.documents, memory_order_relaxed);
}

static void pass_progress(const isolate *t)
{
    const tamis_task_progress *from = &t->process.page->progress;
    tamis_task_progress *to = t->env->progress;

    if (to != NULL) {
        atomic_store_explicit(&to->bytes, atomic_load_explicit(&from->bytes, memory_order_relaxed),
                              memory_order_relaxed);
        atomic_store_explicit(&to->documents,
                              atomic_load_explicit(&from->documents, memory_order_relaxed),
                              memory_order_relaxed);
    }
}

static bool is_canceled(const isolate *t)
{
    return t->env->progress != NULL &&
           atomic_load_explicit(&t->env->progress->is_canceled, memory_order_relaxed);
}

/* Until the process has said its result, has died, is silent for too long or is not wanted. */
static void watch(isolate *t, bool is_only)
{
    uint64_t silence_ms = t->env->silence_ms == 0 ? TAMIS_ISOLATE_SILENCE_MS : t->env->silence_ms;
    uint64_t since_ms = now_ms();
    uint64_t sum = 0;

    while (!is_canceled(t)) {
        bool has_frame = isolate_process_poll(&t->process, POLL_MS);

        if (has_frame && !hear(t)) {
            return;
        }
        if (!is_only) {
            pass_progress(t);
        }
        if (has_frame || sum_of_progress(t) != sum) {
            sum = sum_of_progress(t);
            since_ms = now_ms();
        } else if (now_ms() - since_ms >= silence_ms) {
            t->is_silent = true;
            return;
        }
    }
}

/* Signals by which somebody asks a program to end: nothing that a record does. */
static bool was_stopped(const isolate *t)
{
    int number = WIFSIGNALED(t->ended) ? WTERMSIG(t->ended) : 0;

    return number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT;
}

static void note_outcome(isolate *t, const isolate_run *run, isolate_outcome *out)
{
    const tamis_isolation_page *page = t->process.page;

    *out = (isolate_outcome){
        .has_died = !t->has_result,
        .has_rows = atomic_load_explicit(&page->rows, memory_order_relaxed) != 0,
        .phase = (tamis_isolation_phase)atomic_load_explicit(&page->phase, memory_order_relaxed),
        .ord = tamis_ord_make(0, atomic_load_explicit(&page->split, memory_order_relaxed),
                              atomic_load_explicit(&page->row, memory_order_relaxed)),
    };
    if (out->has_died && !run->is_only) {
        t->place = out->ord;
        t->place_offset = atomic_load_explicit(&page->offset, memory_order_relaxed);
        t->place_digest =
            (tamis_digest){.low = atomic_load_explicit(&page->digest_low, memory_order_relaxed),
                           .high = atomic_load_explicit(&page->digest_high, memory_order_relaxed)};
    }
}

/* Runs one process to its end. A failure is ours, or a task's that lived; a death is an outcome. */
static tamis_status run_process(isolate *t, const isolate_run *run, isolate_outcome *out_outcome,
                                tamis_err *err)
{
    tamis_status status = prepare_folders(t, run->is_only, err);

    t->has_result = false;
    t->is_silent = false;
    t->status = TAMIS_OK;
    if (status == TAMIS_OK) {
        status = isolate_process_start(&t->process, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    status = send_task(t, run, err);
    if (status == TAMIS_OK) {
        watch(t, run->is_only);
        isolate_server_reset(&t->server);
        t->ended = isolate_process_end(&t->process);
        if (!t->has_result && is_canceled(t)) {
            status = tamis_err_set(err, TAMIS_ECANCELED, "canceled");
        } else if (!t->has_result && !t->is_silent && was_stopped(t)) {
            status = tamis_err_set(err, TAMIS_EAGAIN,
                                   "the process of an isolated task was ended by signal %d",
                                   WTERMSIG(t->ended));
        } else if (t->has_result && t->status != TAMIS_OK) {
            status = tamis_err_set(err, t->status, "%s", t->err.text);
        } else {
            t->was_silent = t->is_silent;
            note_outcome(t, run, out_outcome);
        }
    }
    isolate_process_fini(&t->process);
    return status;
}

/* ---- What it means --------------------------------------------------------------------------- */

static void describe_death(const isolate *t, char *out_text, size_t size)
{
    if (t->was_silent) {
        (void)snprintf(out_text, size, "made no progress");
    } else if (WIFSIGNALED(t->ended)) {
        (void)snprintf(out_text, size, "died by signal %d", WTERMSIG(t->ended));
    } else {
        (void)snprintf(out_text, size, "ended without a result, code %d",
                       WIFEXITED(t->ended) ? WEXITSTATUS(t->ended) : -1);
    }
}

static tamis_status explain(const isolate *t, isolate_verdict verdict, tamis_err *err)
{
    const tamis_plan *plan = &t->env->job->plan;
    uint32_t split = tamis_ord_split(t->place);
    const char *shown =
        split < plan->split_count ? plan->inputs[plan->splits[split].input].shown : "?";
    char death[64];
    char hex[TAMIS_DIGEST_HEX_SIZE];
    char ord[TAMIS_ORD_TEXT_SIZE];

    describe_death(t, death, sizeof(death));
    tamis_digest_to_hex(t->place_digest, hex);
    tamis_ord_to_text(t->place, ord);
    switch (verdict) {
    case ISOLATE_ONCE:
        return tamis_err_set(err, TAMIS_EAGAIN,
                             "an isolated task %s at %s, offset %" PRIu64 " (record %s), but that "
                             "alone does not kill it: nothing was set aside",
                             death, shown, t->place_offset, ord);
    case ISOLATE_EVERYBODY:
        return tamis_err_set(err, TAMIS_EAGAIN,
                             "an isolated task %s at %s, offset %" PRIu64 " (record %s), and so "
                             "with its neighbors: nothing was set aside; look at the machine",
                             death, shown, t->place_offset, ord);
    case ISOLATE_STREAM:
        return tamis_err_set(err, TAMIS_EUNSUPPORTED,
                             "an isolated task %s while it read %s behind offset %" PRIu64
                             " (split %u), again and again; take the file out, or cut it there",
                             death, shown, t->place_offset, split);
    case ISOLATE_TOO_MANY:
        return tamis_err_set(err, TAMIS_ELIMIT,
                             "more than %d records of one task kill it; the last: %s, offset "
                             "%" PRIu64 ", digest %s",
                             TAMIS_POISONED_MAX, shown, t->place_offset, hex);
    case ISOLATE_NOT_HERE:
        return tamis_err_set(err, TAMIS_EUNSUPPORTED,
                             "an isolated task %s at %s, offset %" PRIu64 " (record %s), in a "
                             "stage that cannot set it aside; take it out of the input and start "
                             "again with an empty output folder",
                             death, shown, t->place_offset, ord);
    case ISOLATE_OUTSIDE:
    case ISOLATE_GO_ON:
    case ISOLATE_DONE:
        break;
    }
    return tamis_err_set(err, TAMIS_EAGAIN, "an isolated task %s, not while it read a record",
                         death);
}

static tamis_status search(isolate *t, tamis_err *err)
{
    isolate_run run = {.is_only = false};
    isolate_verdict verdict = ISOLATE_GO_ON;

    while (verdict == ISOLATE_GO_ON) {
        isolate_outcome outcome;
        tamis_status status = run_process(t, &run, &outcome, err);

        if (status != TAMIS_OK) {
            return status;
        }
        verdict = isolate_core_step(&t->core, &outcome, &run);
    }
    return verdict == ISOLATE_DONE ? TAMIS_OK : explain(t, verdict, err);
}

tamis_status tamis_isolate_run(const tamis_task_env *env, tamis_task_result *result, tamis_err *err)
{
    tamis_stage_kind kind = env->stages[env->stage].kind;
    isolate t = {.env = env, .result = result, .process = {.socket = -1}};
    tamis_status status = name_folders(&t, err);

    isolate_core_init(&t.core, kind == TAMIS_STAGE_SCAN || kind == TAMIS_STAGE_EMIT);
    isolate_server_init(&t.server, env, t.side_folder);
    tamis_buf_init(&t.frame, 0);
    if (status == TAMIS_OK) {
        status = search(&t, err);
    }
    if (status == TAMIS_OK && env->records != NULL) {
        status = tamis_records_adopt(env->records, t.spool_folder, err);
    }
    if (t.side_folder[0] != '\0' && tamis_path_remove(t.side_folder, NULL) != TAMIS_OK) {
        /* the next start sweeps it */
    }
    isolate_server_fini(&t.server);
    tamis_buf_fini(&t.frame);
    return status;
}
