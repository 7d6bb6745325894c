/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include "ledger_record.h"
#include "tamis/failpoint.h"
#include "tamis/planted.h"

#define DELETIONS_MAX 10000 /* keys of one batch */
#define LARGE_BATCH   (TAMIS_STORE_BATCH_MAX / 2)

tamis_status tamis_ledger_load(tamis_store *store, tamis_coordinator_core *core, tamis_err *err)
{
    static const char groups[] = TAMIS_LEDGER_GROUPS;
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i + 1 < sizeof(groups) && status == TAMIS_OK; i++) {
        tamis_store_iterator *iterator = NULL;
        tamis_slice key;
        tamis_slice value;

        status = tamis_store_iterator_create(store, tamis_slice_of(&groups[i], 1), &iterator, err);
        while (status == TAMIS_OK) {
            status = tamis_store_iterator_next(iterator, &key, &value, err);
            if (status == TAMIS_OK) {
                status = tamis_coordinator_core_restore(core, key, value, err);
            }
        }
        tamis_store_iterator_destroy(iterator);
        status = status == TAMIS_END ? TAMIS_OK : status;
    }
    return status;
}

static tamis_status delete_some(tamis_store *store, tamis_slice prefix, size_t *out_count,
                                tamis_err *err)
{
    tamis_store_batch *batch = NULL;
    tamis_store_iterator *iterator = NULL;
    tamis_slice key;
    tamis_slice value;
    tamis_status status = tamis_store_batch_create(&batch);

    *out_count = 0;
    if (status == TAMIS_OK) {
        status = tamis_store_iterator_create(store, prefix, &iterator, err);
    }
    while (status == TAMIS_OK && *out_count < DELETIONS_MAX) {
        status = tamis_store_iterator_next(iterator, &key, &value, err);
        if (status == TAMIS_OK) {
            status = tamis_store_batch_delete(batch, key);
            ++*out_count;
        }
    }
    tamis_store_iterator_destroy(iterator);
    if (status == TAMIS_OK || status == TAMIS_END) {
        status = tamis_store_commit(store, batch, err);
    }
    tamis_store_batch_destroy(batch);
    return status;
}

static tamis_status delete_prefix(tamis_store *store, tamis_slice prefix, tamis_err *err)
{
    size_t count = DELETIONS_MAX;
    tamis_status status = TAMIS_OK;

    while (count == DELETIONS_MAX && status == TAMIS_OK) {
        status = delete_some(store, prefix, &count, err);
    }
    return status;
}

typedef enum put_choice { PUT_ALL, PUT_CHUNKS, PUT_OTHERS } put_choice;

static tamis_status commit_puts(tamis_store *store, const tamis_core_effects *effects, size_t first,
                                size_t end, put_choice choice, tamis_err *err)
{
    tamis_store_batch *batch = NULL;
    tamis_status status = tamis_store_batch_create(&batch);

    for (size_t i = first; i < end && status == TAMIS_OK; i++) {
        tamis_slice key = tamis_core_change_key(effects, i);
        bool is_chunk = key.data[0] == TAMIS_LEDGER_CHUNK_KEY;

        if (!effects->changes[i].is_prefix_deleted &&
            (choice == PUT_ALL || is_chunk == (choice == PUT_CHUNKS))) {
            status = effects->changes[i].is_deleted
                         ? tamis_store_batch_delete(batch, key)
                         : tamis_store_batch_put(batch, key, tamis_core_change_value(effects, i));
        }
    }
    if (status != TAMIS_OK) {
        tamis_err_set(err, status, "ledger: a batch of %zu records cannot be made", end - first);
    } else {
        status = tamis_store_commit(store, batch, err);
    }
    tamis_store_batch_destroy(batch);
    return status;
}

/* A packed job may be larger than a batch. Its pieces go first then: without the job's own record,
 * which comes with the rest, they mean nothing. */
static tamis_status commit_large(tamis_store *store, const tamis_core_effects *effects,
                                 tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < effects->change_count && status == TAMIS_OK; i++) {
        status = commit_puts(store, effects, i, i + 1, PUT_CHUNKS, err);
    }
    if (status == TAMIS_OK) {
        status = commit_puts(store, effects, 0, effects->change_count, PUT_OTHERS, err);
    }
    return status;
}

tamis_status tamis_ledger_commit(tamis_store *store, const tamis_core_effects *effects,
                                 tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    if (effects->change_count == 0) {
        return TAMIS_OK;
    }
    tamis_failpoint(TAMIS_FAILPOINT_LEDGER_BEFORE_COMMIT);
    if (effects->bytes.size > LARGE_BATCH) {
        status = commit_large(store, effects, err);
    } else if (TAMIS_PLANTED(BATCH_SPLIT) && effects->change_count > 1) {
        status = commit_puts(store, effects, 0, 1, PUT_ALL, err);
        status = status != TAMIS_OK
                     ? status
                     : commit_puts(store, effects, 1, effects->change_count, PUT_ALL, err);
    } else {
        status = commit_puts(store, effects, 0, effects->change_count, PUT_ALL, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    tamis_failpoint(TAMIS_FAILPOINT_LEDGER_AFTER_COMMIT);
    for (size_t i = 0; i < effects->change_count && status == TAMIS_OK; i++) {
        if (effects->changes[i].is_prefix_deleted) {
            status = delete_prefix(store, tamis_core_change_key(effects, i), err);
        }
    }
    return status;
}

tamis_status tamis_ledger_blob(tamis_store *store, const char *job, uint32_t stage, uint32_t task,
                               tamis_buf *blob, tamis_err *err)
{
    tamis_ledger_key key = {.group = TAMIS_LEDGER_BLOB, .stage = stage, .task = task};
    uint8_t bytes[TAMIS_LEDGER_KEY_SIZE_MAX];
    tamis_status status = TAMIS_OK;

    (void)snprintf(key.job, sizeof(key.job), "%s", job);
    tamis_buf_reset(blob);
    status = tamis_store_get(store, tamis_slice_of(bytes, tamis_ledger_key_write(&key, 3, bytes)),
                             blob, err);
    if (status == TAMIS_ENOENT) {
        tamis_buf_reset(blob);
        return TAMIS_OK;
    }
    return status;
}
