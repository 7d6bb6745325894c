/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/epoch_file.h"

#include <assert.h>

#include "tamis/bytes.h"
#include "tamis/hash.h"
#include "tamis/path.h"

#define MAGIC        "tamisepo"
#define MAGIC_SIZE   8
#define VERSION      1
#define HEADER_SIZE  16
#define ENTRY_SIZE   16
#define TRAILER_SIZE 8

static_assert(TAMIS_EPOCHS_BYTES_MAX ==
                  HEADER_SIZE + ENTRY_SIZE * TAMIS_EPOCH_CLUSTERS_MAX + TRAILER_SIZE,
              "the file's layout");

/* ---- Values ---------------------------------------------------------------------------------- */

/* Index of the cluster; count: it is not there. */
static uint32_t find(const tamis_epochs *epochs, const char *cluster)
{
    uint32_t i = 0;

    while (i < epochs->count && strcmp(epochs->entries[i].cluster, cluster) != 0) {
        i++;
    }
    return i;
}

uint64_t tamis_epochs_of(const tamis_epochs *epochs, const char *cluster)
{
    uint32_t i = find(epochs, cluster);

    return i == epochs->count ? 0 : epochs->entries[i].epoch;
}

void tamis_epochs_set(tamis_epochs *epochs, const char *cluster, uint64_t epoch)
{
    uint32_t i = find(epochs, cluster);

    TAMIS_ASSERT(strlen(cluster) == TAMIS_CLUSTER_ID_SIZE - 1);
    if (i == epochs->count && epochs->count == TAMIS_EPOCH_CLUSTERS_MAX) {
        i = 0;
    }
    if (i < epochs->count) { /* those behind it move up */
        epochs->count--;
        memmove(&epochs->entries[i], &epochs->entries[i + 1],
                (epochs->count - i) * sizeof(epochs->entries[0]));
    }
    memcpy(epochs->entries[epochs->count].cluster, cluster, TAMIS_CLUSTER_ID_SIZE);
    epochs->entries[epochs->count++].epoch = epoch;
}

size_t tamis_epochs_pack(const tamis_epochs *epochs, uint8_t out_bytes[TAMIS_EPOCHS_BYTES_MAX])
{
    uint8_t *at = out_bytes;

    memcpy(at, MAGIC, MAGIC_SIZE);
    tamis_put32le(at + MAGIC_SIZE, VERSION);
    tamis_put32le(at + MAGIC_SIZE + 4, epochs->count);
    at += HEADER_SIZE;
    for (uint32_t i = 0; i < epochs->count; i++) {
        tamis_put64le(at, strtoull(epochs->entries[i].cluster, NULL, 16));
        tamis_put64le(at + 8, epochs->entries[i].epoch);
        at += ENTRY_SIZE;
    }
    tamis_put64le(at, tamis_hash64(out_bytes, (size_t)(at - out_bytes)));
    return (size_t)(at - out_bytes) + TRAILER_SIZE;
}

tamis_status tamis_epochs_unpack(tamis_slice bytes, tamis_epochs *out_epochs)
{
    tamis_epochs epochs = {.count = 0};
    uint32_t count = 0;
    size_t size = bytes.size < TRAILER_SIZE ? 0 : bytes.size - TRAILER_SIZE;

    if (size < HEADER_SIZE || memcmp(bytes.data, MAGIC, MAGIC_SIZE) != 0) {
        return TAMIS_EFORMAT;
    }
    if (tamis_get32le(bytes.data + MAGIC_SIZE) != VERSION) {
        return TAMIS_EVERSION;
    }
    count = tamis_get32le(bytes.data + MAGIC_SIZE + 4);
    if (count > TAMIS_EPOCH_CLUSTERS_MAX || size != HEADER_SIZE + (size_t)count * ENTRY_SIZE) {
        return TAMIS_EFORMAT;
    }
    if (tamis_get64le(bytes.data + size) != tamis_hash64(bytes.data, size)) {
        return TAMIS_ECORRUPT;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *at = bytes.data + HEADER_SIZE + (size_t)i * ENTRY_SIZE;
        char cluster[TAMIS_CLUSTER_ID_SIZE];

        (void)snprintf(cluster, sizeof(cluster), "%016llx", (unsigned long long)tamis_get64le(at));
        tamis_epochs_set(&epochs, cluster, tamis_get64le(at + 8));
    }
    if (epochs.count != count) {
        return TAMIS_EFORMAT; /* a cluster stands twice */
    }
    *out_epochs = epochs;
    return TAMIS_OK;
}

/* ---- The file -------------------------------------------------------------------------------- */

tamis_status tamis_epoch_file_read(const char *folder, tamis_epochs *out_epochs, tamis_err *err)
{
    char path[TAMIS_PATH_MAX];
    tamis_buf bytes;
    tamis_status status = tamis_path_join(path, folder, TAMIS_EPOCH_FILE_NAME, err);

    tamis_buf_init(&bytes, TAMIS_EPOCHS_BYTES_MAX);
    if (status == TAMIS_OK) {
        status = tamis_path_read_file(path, &bytes, err);
    }
    if (status == TAMIS_ENOENT) {
        *out_epochs = (tamis_epochs){.count = 0};
        status = TAMIS_OK;
    } else if (status == TAMIS_OK) {
        status = tamis_epochs_unpack(tamis_buf_slice(&bytes), out_epochs);
        if (status == TAMIS_EVERSION) {
            tamis_err_set(err, status, "%s: written by another version of tamis", path);
        } else if (status != TAMIS_OK) {
            tamis_err_set(err, status,
                          "%s: damaged (when no coordinator that was replaced can still be "
                          "running, remove the file)",
                          path);
        }
    }
    tamis_buf_fini(&bytes);
    return status;
}

tamis_status tamis_epoch_file_write(const char *folder, const tamis_epochs *epochs, tamis_err *err)
{
    char path[TAMIS_PATH_MAX];
    uint8_t bytes[TAMIS_EPOCHS_BYTES_MAX];
    tamis_status status = tamis_path_join(path, folder, TAMIS_EPOCH_FILE_NAME, err);

    return status == TAMIS_OK
               ? tamis_path_write_file(path,
                                       tamis_slice_of(bytes, tamis_epochs_pack(epochs, bytes)), err)
               : status;
}
