/* SPDX-License-Identifier: Apache-2.0 */
/* Document records of another process: a block source whose blocks come in batches over the
 * network. While blocks are read one after the other, batches are large and the next one is already
 * on its way; a jump over what is there makes them small, because most of them would be passed
 * over. */
#include <stdlib.h>

#include "inputs_internal.h"
#include "tamis/bytes.h"

#define BATCH_MIN  (64u << 10)
#define BATCH_MAX  TAMIS_DATA_CHUNK_MAX
#define MEMORY_MAX (96u << 20) /* one block of the longest id that is stored */
#define WAIT_MS    50
#define TITLE_MAX  96

struct tamis_remote_records {
    struct tamis_remote_records *next;
    tamis_inputs *inputs;
    tamis_records *records;
    uint32_t stage;
    uint32_t task;
    uint32_t folder;
    char title[TITLE_MAX];
};

/* A batch of blocks: asked for, or here. */
typedef struct batch {
    tamis_data_object object;
    tamis_fetch_item item;
    tamis_transfer *transfer; /* NULL: not on its way */
    tamis_buf bytes;
} batch;

typedef struct remote_scan {
    tamis_remote_records *remote;
    bool is_ids;
    tamis_ord bound;
    batch batches[2]; /* in hand, ahead */
    unsigned in_hand; /* which one */
    bool has_batch;
    bool is_end;     /* nothing behind the batch in hand */
    size_t position; /* in it, of the next block */
    tamis_ord last;  /* of the block before */
    uint32_t batch_bytes;
} remote_scan;

static batch *hand_of(remote_scan *scan)
{
    return &scan->batches[scan->in_hand];
}

static batch *ahead_of(remote_scan *scan)
{
    return &scan->batches[1 - scan->in_hand];
}

static void batch_drop(batch *one)
{
    tamis_transfer_destroy(one->transfer);
    one->transfer = NULL;
}

static tamis_status batch_ask(remote_scan *scan, batch *one, tamis_ord first, tamis_err *err)
{
    const tamis_remote_records *remote = scan->remote;
    tamis_data_object *object = &one->object;

    batch_drop(one);
    *object = (tamis_data_object){.kind = TAMIS_DATA_RECORDS,
                                  .stage = remote->stage,
                                  .is_ids = scan->is_ids,
                                  .first = first,
                                  .bound = scan->bound,
                                  .block_bytes = scan->batch_bytes,
                                  .task_count = 1,
                                  .tasks = {remote->task}};
    (void)snprintf(object->job, sizeof(object->job), "%s", remote->inputs->options.job);
    one->item = (tamis_fetch_item){
        .object = object, .folder = remote->folder, .window = 4, .memory = &one->bytes};
    return tamis_transfer_start(remote->inputs->options.results, &one->item, &one->transfer, err);
}

static tamis_status batch_await(remote_scan *scan, batch *one, tamis_err *err)
{
    const tamis_remote_records *remote = scan->remote;
    const _Atomic bool *is_canceled = remote->inputs->options.is_canceled;
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK && !tamis_transfer_has_ended(one->transfer)) {
        status = tamis_transfer_pump(&one->transfer, 1, WAIT_MS, err);
        if (status == TAMIS_OK && is_canceled != NULL &&
            atomic_load_explicit(is_canceled, memory_order_relaxed)) {
            status = tamis_err_set(err, TAMIS_ECANCELED, "canceled");
        }
    }
    batch_drop(one);
    if (status == TAMIS_OK && one->item.status != TAMIS_OK) {
        tamis_inputs_note(remote->inputs, remote->stage, remote->task, remote->folder,
                          tamis_fetch_is_gone(one->item.status));
        status = tamis_err_set(err, TAMIS_ELOST, "%s: %s", remote->title,
                               tamis_status_text(one->item.status));
    }
    if (status == TAMIS_OK && one->bytes.size < TAMIS_DATA_BLOCKS_HEAD) {
        status = tamis_err_set(err, TAMIS_EFORMAT, "%s: blocks without their head", remote->title);
    }
    return status;
}

/* Makes the batch from `first` on the one in hand. is_next: it follows the one before. */
static tamis_status scan_load(remote_scan *scan, tamis_ord first, bool is_next, tamis_err *err)
{
    bool is_ahead = is_next && ahead_of(scan)->transfer != NULL;
    tamis_status status = TAMIS_OK;

    if (is_ahead) {
        scan->in_hand = 1 - scan->in_hand;
    } else {
        batch_drop(ahead_of(scan));
        scan->batch_bytes = is_next && scan->batch_bytes < BATCH_MAX / 2 ? scan->batch_bytes * 2
                            : is_next                                    ? BATCH_MAX
                                                                         : BATCH_MIN;
        status = batch_ask(scan, hand_of(scan), first, err);
    }
    scan->has_batch = false;
    if (status == TAMIS_OK) {
        status = batch_await(scan, hand_of(scan), err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    scan->has_batch = true;
    scan->position = TAMIS_DATA_BLOCKS_HEAD;
    scan->is_end = (tamis_get32le(hand_of(scan)->bytes.data + 4) & TAMIS_DATA_BLOCKS_END) != 0;
    return TAMIS_OK;
}

/* Ord of the last row of the batch in hand; 0: it is empty. */
static tamis_ord batch_last(remote_scan *scan)
{
    tamis_slice bytes = tamis_buf_slice(&hand_of(scan)->bytes);
    size_t position = TAMIS_DATA_BLOCKS_HEAD;
    tamis_slice block;
    tamis_ord last = 0;

    while (tamis_records_next_block(bytes, &position, &last, &block) == TAMIS_OK) {
    }
    return last;
}

/* Asks for the batch behind the one in hand, once blocks are read in order. */
static tamis_status scan_ask_ahead(remote_scan *scan, tamis_err *err)
{
    tamis_ord last = 0;

    if (scan->is_end || scan->batch_bytes <= BATCH_MIN || ahead_of(scan)->transfer != NULL) {
        return TAMIS_OK;
    }
    last = batch_last(scan);
    scan->batch_bytes = scan->batch_bytes < BATCH_MAX / 2 ? scan->batch_bytes * 2 : BATCH_MAX;
    return last == 0 || last == UINT64_MAX ? TAMIS_OK
                                           : batch_ask(scan, ahead_of(scan), last + 1, err);
}

/* The next block of the batch in hand that does not end before `ord`; TAMIS_END: none. */
static tamis_status scan_in_hand(remote_scan *scan, tamis_ord ord, tamis_ord *out_last,
                                 tamis_slice *out_block, tamis_err *err)
{
    tamis_status status = scan->has_batch ? TAMIS_OK : TAMIS_END;

    while (status == TAMIS_OK) {
        status = tamis_records_next_block(tamis_buf_slice(&hand_of(scan)->bytes), &scan->position,
                                          out_last, out_block);
        if (status == TAMIS_OK) {
            scan->last = *out_last;
            if (*out_last >= ord) {
                return TAMIS_OK;
            }
        }
    }
    return status == TAMIS_END
               ? status
               : tamis_err_set(err, status, "%s: blocks are malformed", scan->remote->title);
}

/* ---- The source ------------------------------------------------------------------------------ */

static tamis_status source_create(void *context, bool is_ids, tamis_ord bound, void **out_scan,
                                  tamis_err *err)
{
    remote_scan *scan = calloc(1, sizeof(*scan));

    if (scan == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for records");
    }
    scan->remote = context;
    scan->is_ids = is_ids;
    scan->bound = bound;
    scan->batch_bytes = BATCH_MIN;
    tamis_buf_init(&scan->batches[0].bytes, MEMORY_MAX);
    tamis_buf_init(&scan->batches[1].bytes, MEMORY_MAX);
    *out_scan = scan;
    return TAMIS_OK;
}

static void source_destroy(void *object)
{
    remote_scan *scan = object;

    for (unsigned i = 0; i < 2; i++) {
        batch_drop(&scan->batches[i]);
        tamis_buf_fini(&scan->batches[i].bytes);
    }
    free(scan);
}

static tamis_status source_seek(void *object, tamis_ord ord, tamis_ord *out_last,
                                tamis_slice *out_block, tamis_err *err)
{
    remote_scan *scan = object;
    bool was_asked_ahead = false;
    tamis_status status = scan_in_hand(scan, ord, out_last, out_block, err);

    if (status != TAMIS_END || (scan->has_batch && scan->is_end)) {
        return status;
    }
    /* What is on its way may have it. */
    was_asked_ahead = scan->has_batch && ahead_of(scan)->transfer != NULL;
    if (was_asked_ahead) {
        status = scan_load(scan, 0, true, err);
        if (status == TAMIS_OK) {
            status = scan_in_hand(scan, ord, out_last, out_block, err);
        }
        if (status != TAMIS_END || scan->is_end) {
            return status;
        }
    }
    status = scan_load(scan, ord, false, err);
    return status == TAMIS_OK ? scan_in_hand(scan, ord, out_last, out_block, err) : status;
}

static tamis_status source_next(void *object, tamis_ord *out_last, tamis_slice *out_block,
                                tamis_err *err)
{
    remote_scan *scan = object;
    tamis_status status = scan_in_hand(scan, 0, out_last, out_block, err);

    if (status == TAMIS_END && scan->has_batch && !scan->is_end) {
        status = scan_load(scan, scan->last + 1, true, err);
        if (status == TAMIS_OK) {
            status = scan_in_hand(scan, 0, out_last, out_block, err);
        }
        if (status == TAMIS_OK) {
            tamis_status asked = scan_ask_ahead(scan, err);

            status = asked == TAMIS_OK ? status : asked;
        }
    }
    return status;
}

tamis_status tamis_inputs_remote_records(tamis_inputs *inputs, uint32_t stage, uint32_t task,
                                         uint32_t folder, tamis_records **out_records,
                                         tamis_err *err)
{
    tamis_remote_records *remote = calloc(1, sizeof(*remote));
    tamis_block_source source = {.create = source_create,
                                 .seek = source_seek,
                                 .next = source_next,
                                 .destroy = source_destroy};
    tamis_status status = TAMIS_OK;

    if (remote == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for records");
    }
    remote->inputs = inputs;
    remote->stage = stage;
    remote->task = task;
    remote->folder = folder;
    (void)snprintf(remote->title, sizeof(remote->title), "records of task %u in folder %u", task,
                   folder);
    source.context = remote;
    source.name = remote->title;
    status = tamis_records_open_source(&source, &remote->records, err);
    if (status != TAMIS_OK) {
        free(remote);
        return status;
    }
    remote->next = inputs->remotes;
    inputs->remotes = remote;
    *out_records = remote->records;
    return TAMIS_OK;
}

void tamis_inputs_close_remotes(tamis_inputs *inputs)
{
    while (inputs->remotes != NULL) {
        tamis_remote_records *remote = inputs->remotes;

        inputs->remotes = remote->next;
        tamis_records_close(remote->records);
        free(remote);
    }
}
