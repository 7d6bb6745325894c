/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/store.h"

#include <stdlib.h>

#include "store_backend.h"

/* Changes lie one behind the other in memory only, so their sizes are copied as they are. */
typedef struct change_head {
    uint32_t key_size;
    uint32_t value_size;
    uint32_t is_delete;
} change_head;

struct tamis_store_batch {
    tamis_buf bytes;
    size_t count;
    size_t payload; /* of keys and values: what the limit counts */
};

tamis_status tamis_store_batch_create(tamis_store_batch **out_batch)
{
    tamis_store_batch *batch = calloc(1, sizeof(*batch));

    if (batch == NULL) {
        return TAMIS_ENOMEM;
    }
    tamis_buf_init(&batch->bytes, 0);
    *out_batch = batch;
    return TAMIS_OK;
}

void tamis_store_batch_destroy(tamis_store_batch *batch)
{
    if (batch != NULL) {
        tamis_buf_fini(&batch->bytes);
        free(batch);
    }
}

void tamis_store_batch_reset(tamis_store_batch *batch)
{
    tamis_buf_reset(&batch->bytes);
    batch->count = 0;
    batch->payload = 0;
}

size_t tamis_store_batch_count(const tamis_store_batch *batch)
{
    return batch->count;
}

static tamis_status batch_append(tamis_store_batch *batch, tamis_slice key, tamis_slice value,
                                 bool is_delete)
{
    change_head head = {.is_delete = is_delete};
    tamis_status status = TAMIS_OK;
    uint8_t *to = NULL;

    if (key.size == 0 || key.size > TAMIS_STORE_KEY_MAX || value.size > TAMIS_STORE_VALUE_MAX ||
        key.size + value.size > TAMIS_STORE_BATCH_MAX - batch->payload) {
        return TAMIS_ELIMIT;
    }
    head.key_size = (uint32_t)key.size;
    head.value_size = (uint32_t)value.size;
    status = tamis_buf_reserve(&batch->bytes, sizeof(head) + key.size + value.size);
    if (status != TAMIS_OK) {
        return status;
    }
    to = batch->bytes.data + batch->bytes.size;
    memcpy(to, &head, sizeof(head));
    memcpy(to + sizeof(head), key.data, key.size);
    if (value.size != 0) {
        memcpy(to + sizeof(head) + key.size, value.data, value.size);
    }
    batch->bytes.size += sizeof(head) + key.size + value.size;
    batch->count++;
    batch->payload += key.size + value.size;
    return TAMIS_OK;
}

tamis_status tamis_store_batch_put(tamis_store_batch *batch, tamis_slice key, tamis_slice value)
{
    return batch_append(batch, key, value, false);
}

tamis_status tamis_store_batch_delete(tamis_store_batch *batch, tamis_slice key)
{
    return batch_append(batch, key, tamis_slice_of(NULL, 0), true);
}

bool store_batch_next(const tamis_store_batch *batch, size_t *offset, store_change *out_change)
{
    const uint8_t *at = NULL;
    change_head head = {0};

    if (*offset >= batch->bytes.size) {
        return false;
    }
    at = batch->bytes.data + *offset;
    memcpy(&head, at, sizeof(head));
    at += sizeof(head);
    out_change->is_delete = head.is_delete != 0;
    out_change->key = tamis_slice_of(at, head.key_size);
    out_change->value = tamis_slice_of(at + head.key_size, head.value_size);
    *offset += sizeof(head) + head.key_size + head.value_size;
    return true;
}

bool store_prefix_end(tamis_slice prefix, uint8_t out_end[TAMIS_STORE_KEY_MAX], size_t *out_size)
{
    size_t size = prefix.size;

    while (size > 0 && prefix.data[size - 1] == 0xff) {
        size--;
    }
    if (size == 0) {
        return false;
    }
    memcpy(out_end, prefix.data, size);
    out_end[size - 1]++;
    *out_size = size;
    return true;
}

tamis_status tamis_store_commit(tamis_store *store, const tamis_store_batch *batch, tamis_err *err)
{
    return store->backend->commit(store, batch, err);
}

tamis_status tamis_store_get(tamis_store *store, tamis_slice key, tamis_buf *value, tamis_err *err)
{
    TAMIS_ASSERT(key.size != 0);

    return store->backend->get(store, key, value, err);
}

tamis_status tamis_store_iterator_create(tamis_store *store, tamis_slice prefix,
                                         tamis_store_iterator **out_iterator, tamis_err *err)
{
    if (prefix.size > TAMIS_STORE_KEY_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "a key prefix of %zu bytes is above the limit %d",
                             prefix.size, TAMIS_STORE_KEY_MAX);
    }
    return store->backend->iterator_create(store, prefix, out_iterator, err);
}

tamis_status tamis_store_iterator_next(tamis_store_iterator *iterator, tamis_slice *out_key,
                                       tamis_slice *out_value, tamis_err *err)
{
    return iterator->backend->iterator_next(iterator, out_key, out_value, err);
}

void tamis_store_iterator_destroy(tamis_store_iterator *iterator)
{
    if (iterator != NULL) {
        iterator->backend->iterator_destroy(iterator);
    }
}

void tamis_store_close(tamis_store *store)
{
    if (store != NULL) {
        store->backend->close(store);
    }
}
