/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "core_internal.h"
#include "tamis/planted.h"

#define UPLOAD_MS         60000               /* without a chunk, then it is dropped */
#define UPLOADS_BYTES_MAX (UINT64_C(2) << 30) /* of all uploads */

static tamis_status answer(core_step *step, tamis_slice peer, const char *job, tamis_status reason,
                           const char *text, uint64_t offset)
{
    tamis_message message = core_message(step, TAMIS_MESSAGE_SUBMITTED, job, 0);

    message.body.refused.status = reason;
    message.body.refused.text = text;
    message.body.refused.offset = offset;
    return core_send(step, peer, &message, core_nothing());
}

/* ---- Jobs that are here ---------------------------------------------------------------------- */

/* Packed jobs stay in memory until they are done. */
static uint64_t kept_bytes(const tamis_coordinator_core *core)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < core->job_count; i++) {
        bytes += core->jobs[i]->bytes.size;
    }
    return bytes;
}

static const char no_room_text[] =
    "the jobs that are not done have as many bytes as the coordinator keeps: wait for some to be "
    "done; those that failed or were canceled: resume them";

/* The job that the submitted one is: the same id, or the same content and not yet done. With one
 * job a ledger the content alone counts: what was done need not be done again. */
static core_job *find_equal(const tamis_coordinator_core *core, const tamis_job *job,
                            const tamis_digest *digest)
{
    core_job *same = core_find_job(core, job->id);

    for (uint32_t i = 0; i < core->job_count && same == NULL; i++) {
        core_job *other = core->jobs[i];

        if (tamis_digest_is_equal(other->digest, *digest) &&
            (other->state != TAMIS_RUN_DONE || core->settings.is_single_job)) {
            same = other;
        }
    }
    return same;
}

static tamis_status add_job(core_step *step, bool is_data_kept, tamis_slice bytes,
                            const tamis_job *unpacked, const tamis_digest *digest)
{
    core_job *job = core_job_add(step->core, unpacked->id);
    tamis_status status = TAMIS_OK;

    if (job == NULL) {
        return tamis_err_set(step->err, TAMIS_ENOMEM, "no memory for a job");
    }
    job->state = TAMIS_RUN_QUEUED;
    job->is_wanting = true;
    job->is_data_kept = is_data_kept;
    job->order = step->core->next_order++;
    job->digest = *digest;
    job->packed_digest = tamis_hash128(bytes.data, bytes.size);
    status = tamis_buf_append(&job->bytes, bytes.data, bytes.size);
    if (status != TAMIS_OK) {
        return tamis_err_set(step->err, status, "no memory for a job");
    }
    job->size_bytes = job->bytes.size;
    core_note_job(step, TAMIS_NOTE_JOB_QUEUED, job)->number = job->size_bytes;
    status = core_job_lay_out(job, unpacked, step->err);
    if (status == TAMIS_OK) {
        status = core_put_job(step, job);
    }
    return status == TAMIS_OK ? core_put_job_bytes(step, job) : status;
}

/* It is the same job again. One that stood goes on; one that is paused waits to be resumed. */
static tamis_status take_again(core_step *step, tamis_slice peer, core_job *job)
{
    tamis_status status = TAMIS_OK;

    if (job->state == TAMIS_RUN_FAILED || job->state == TAMIS_RUN_CANCELED) {
        status = core_job_requeue(step, job);
    }
    if (status == TAMIS_OK) {
        status = answer(step, peer, job->id, TAMIS_OK, "", 0);
    }
    return status == TAMIS_OK ? core_advance(step) : status;
}

static tamis_status submit(core_step *step, const tamis_core_event *event, tamis_slice bytes,
                           const tamis_job *unpacked)
{
    tamis_coordinator_core *core = step->core;
    tamis_digest digest = {.low = 0};
    tamis_status status = core_job_digest(unpacked, &digest, step->err);
    core_job *job = status == TAMIS_OK ? find_equal(core, unpacked, &digest) : NULL;
    bool has_room = true;

    if (status != TAMIS_OK) {
        return status;
    }
    if ((job != NULL && !tamis_digest_is_equal(job->digest, digest)) ||
        (job == NULL && core->settings.is_single_job && core->job_count != 0)) {
        return answer(step, event->peer, unpacked->id, TAMIS_ECHANGED,
                      "the ledger has another job: inputs, settings or the output differ", 0);
    }
    if (job != NULL) {
        return take_again(step, event->peer, job);
    }
    if (bytes.size + kept_bytes(core) > core->settings.jobs_bytes_max) {
        return answer(step, event->peer, unpacked->id, TAMIS_ELIMIT, no_room_text, 0);
    }
    status = core_evict_job(step, &has_room);
    if (status == TAMIS_OK && !has_room) {
        return answer(step, event->peer, unpacked->id, TAMIS_ELIMIT,
                      "as many jobs as are kept wait, run or are paused: wait for some to end, or "
                      "cancel some",
                      0);
    }
    if (status == TAMIS_OK) {
        status = add_job(step, event->message->body.submit.is_data_kept, bytes, unpacked, &digest);
    }
    if (status == TAMIS_OK) {
        status = answer(step, event->peer, unpacked->id, TAMIS_OK, "", 0);
    }
    return status == TAMIS_OK ? core_advance(step) : status;
}

static tamis_status take_whole(core_step *step, const tamis_core_event *event, tamis_slice bytes)
{
    tamis_err reason = {.status = TAMIS_OK};
    tamis_job *unpacked = NULL;
    tamis_status status = tamis_job_unpack(bytes, &unpacked, &reason);

    if (status == TAMIS_OK && !tamis_job_id_is_valid(unpacked->id)) {
        status = tamis_err_set(&reason, TAMIS_EFORMAT, "job: the id is not 16 hex digits");
    }
    if (status == TAMIS_OK && strlen(unpacked->out_path) > TAMIS_WIRE_TEXT_MAX) {
        status = tamis_err_set(&reason, TAMIS_ELIMIT, "job: the path of the output is too long");
    }
    if (status == TAMIS_ENOMEM) {
        status = tamis_err_set(step->err, status, "no memory for a job");
    } else if (status != TAMIS_OK) {
        status = answer(step, event->peer, NULL, status, reason.text, 0);
    } else {
        status = submit(step, event, bytes, unpacked);
    }
    tamis_job_destroy(unpacked);
    return status;
}

/* ---- Uploads --------------------------------------------------------------------------------- */

static void drop_upload(core_upload *upload)
{
    tamis_buf_fini(&upload->bytes);
    *upload = (core_upload){.peer_size = 0};
}

void core_drop_old_uploads(core_step *step)
{
    for (size_t i = 0; i < CORE_UPLOADS_MAX; i++) {
        core_upload *upload = &step->core->uploads[i];

        if (upload->peer_size != 0 && step->now_ms - upload->heard_ms >= UPLOAD_MS) {
            core_note(step, TAMIS_NOTE_UPLOAD_DROPPED)->number = upload->bytes.size;
            drop_upload(upload);
        }
    }
}

/* That peer's upload of that job; where it begins another one, the one before is dropped. NULL:
 * none yet. */
static core_upload *find_upload(core_step *step, const tamis_core_event *event)
{
    const tamis_message *message = event->message;

    for (size_t i = 0; i < CORE_UPLOADS_MAX; i++) {
        core_upload *upload = &step->core->uploads[i];

        if (upload->peer_size == 0 ||
            !tamis_slice_is_equal(tamis_slice_of(upload->peer, upload->peer_size), event->peer)) {
            continue;
        }
        if (upload->total == message->body.submit.total &&
            tamis_digest_is_equal(upload->digest, message->body.submit.digest)) {
            return upload;
        }
        drop_upload(upload);
    }
    return NULL;
}

/* NULL: no room now; *out_text says why. */
static core_upload *begin_upload(core_step *step, const tamis_core_event *event,
                                 const char **out_text)
{
    core_upload *free_one = NULL;
    uint64_t promised = event->message->body.submit.total;

    for (size_t i = 0; i < CORE_UPLOADS_MAX; i++) {
        core_upload *upload = &step->core->uploads[i];

        promised += upload->peer_size == 0 ? 0 : upload->total;
        free_one = upload->peer_size == 0 ? upload : free_one;
    }
    if (free_one == NULL || promised > UPLOADS_BYTES_MAX) {
        *out_text = "too many jobs are being submitted: try again in a minute";
        return NULL;
    }
    if (promised + kept_bytes(step->core) > step->core->settings.jobs_bytes_max) {
        *out_text = no_room_text;
        return NULL;
    }
    *free_one = (core_upload){
        .peer_size = event->peer.size,
        .digest = event->message->body.submit.digest,
        .total = event->message->body.submit.total,
    };
    memcpy(free_one->peer, event->peer.data, event->peer.size);
    tamis_buf_init(&free_one->bytes, (size_t)free_one->total);
    return free_one;
}

static tamis_status take_chunk(core_step *step, const tamis_core_event *event, core_upload *upload)
{
    const tamis_message *message = event->message;
    tamis_buf bytes;
    tamis_digest digest;
    tamis_status status = TAMIS_OK;

    upload->heard_ms = step->now_ms;
    if ((message->body.submit.offset != upload->bytes.size && !TAMIS_PLANTED(UPLOAD_CHUNK_TWICE)) ||
        event->bulk.size > upload->total - upload->bytes.size) {
        return answer(step, event->peer, NULL, TAMIS_EAGAIN, "", upload->bytes.size);
    }
    status = tamis_buf_append(&upload->bytes, event->bulk.data, event->bulk.size);
    if (status != TAMIS_OK) {
        return tamis_err_set(step->err, status, "no memory for a job");
    }
    if (upload->bytes.size < upload->total) {
        return answer(step, event->peer, NULL, TAMIS_EAGAIN, "", upload->bytes.size);
    }
    bytes = upload->bytes;
    digest = upload->digest;
    upload->bytes = (tamis_buf){.data = NULL};
    drop_upload(upload);
    status =
        tamis_digest_is_equal(tamis_hash128(bytes.data, bytes.size), digest)
            ? take_whole(step, event, tamis_buf_slice(&bytes))
            : answer(step, event->peer, NULL, TAMIS_ECORRUPT, "the job was damaged on its way", 0);
    tamis_buf_fini(&bytes);
    return status;
}

/* A job that is here already need not be brought up again, and its last chunk may be repeated. */
static core_job *find_packed(const tamis_coordinator_core *core, const tamis_message *message)
{
    for (uint32_t i = 0; i < core->job_count; i++) {
        core_job *job = core->jobs[i];

        if (job->size_bytes == message->body.submit.total &&
            tamis_digest_is_equal(job->packed_digest, message->body.submit.digest)) {
            return job;
        }
    }
    return NULL;
}

tamis_status core_on_submit(core_step *step, const tamis_core_event *event)
{
    const tamis_message *message = event->message;
    uint64_t total = message->body.submit.total;
    tamis_err reason = {.status = TAMIS_OK};
    const char *text = NULL;
    core_job *job = NULL;
    core_upload *upload = NULL;
    tamis_status status = core_check_build(step->core, &message->body.submit.build, &reason);

    if (status == TAMIS_OK && total > TAMIS_JOB_BYTES_MAX) {
        status = tamis_err_set(&reason, TAMIS_ELIMIT,
                               "the packed job has %llu bytes, at most %llu are taken: use fewer "
                               "or larger splits",
                               (unsigned long long)total, (unsigned long long)TAMIS_JOB_BYTES_MAX);
    }
    if (status != TAMIS_OK || event->peer.size == 0 || event->peer.size > TAMIS_OUTBOX_PEER_MAX) {
        return answer(step, event->peer, NULL, status == TAMIS_OK ? TAMIS_EARG : status,
                      reason.text, 0);
    }
    if (total == 0) {
        return take_whole(step, event, event->bulk);
    }
    job = find_packed(step->core, message);
    if (job != NULL) {
        return take_again(step, event->peer, job);
    }
    upload = find_upload(step, event);
    if (upload == NULL) {
        upload = begin_upload(step, event, &text);
    }
    return upload == NULL ? answer(step, event->peer, NULL, TAMIS_ELIMIT, text, 0)
                          : take_chunk(step, event, upload);
}
