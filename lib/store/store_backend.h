/* SPDX-License-Identifier: Apache-2.0 */
/* store_backend.h - what a kind of store has to do, and the form of a batch that all kinds read.
 *
 * Arguments were checked by store.c. Each kind starts its own struct with tamis_store (and
 * tamis_store_iterator) and is reached through the tables of functions.
 */
#ifndef TAMIS_STORE_BACKEND_H
#define TAMIS_STORE_BACKEND_H

#include "tamis/store.h"

typedef struct store_backend {
    tamis_status (*commit)(tamis_store *store, const tamis_store_batch *batch, tamis_err *err);
    tamis_status (*get)(tamis_store *store, tamis_slice key, tamis_buf *value, tamis_err *err);
    tamis_status (*iterator_create)(tamis_store *store, tamis_slice prefix,
                                    tamis_store_iterator **out_iterator, tamis_err *err);
    tamis_status (*iterator_next)(tamis_store_iterator *iterator, tamis_slice *out_key,
                                  tamis_slice *out_value, tamis_err *err);
    void (*iterator_destroy)(tamis_store_iterator *iterator);
    void (*close)(tamis_store *store);
} store_backend;

struct tamis_store {
    const store_backend *backend;
};

struct tamis_store_iterator {
    const store_backend *backend;
};

/* One change of a batch; slices point into the batch. */
typedef struct store_change {
    bool is_delete;
    tamis_slice key;
    tamis_slice value;
} store_change;

/* Reads the change at *offset (0 at first) and moves it on; false behind the last. */
bool store_batch_next(const tamis_store_batch *batch, size_t *offset, store_change *out_change);

/* The least key above all that start with prefix, of prefix size or less; false: there is none. */
bool store_prefix_end(tamis_slice prefix, uint8_t out_end[TAMIS_STORE_KEY_MAX], size_t *out_size);

#endif
