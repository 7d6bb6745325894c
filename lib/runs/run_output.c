/* SPDX-License-Identifier: Apache-2.0 */
#include "run_output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

/* Between hints to the kernel to begin writing: enough for its requests to be large. */
#define SEND_BYTES (UINT64_C(8) << 20)

tamis_status tamis_run_output_init(tamis_run_output *output, int fd, const char *path,
                                   size_t capacity, tamis_err *err)
{
    *output = (tamis_run_output){.path = path, .fd = fd, .capacity = capacity};
    output->buffer = malloc(capacity + TAMIS_RUN_SLACK);
    if (output->buffer == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a buffer of %zu bytes", path,
                             capacity);
    }
    return TAMIS_OK;
}

void tamis_run_output_fini(tamis_run_output *output)
{
    free(output->buffer);
    output->buffer = NULL;
}

static tamis_status write_all(tamis_run_output *output, const uint8_t *data, size_t size,
                              tamis_err *err)
{
    while (size > 0) {
        ssize_t done = write(output->fd, data, size);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            int error = done < 0 ? errno : EIO;

            return tamis_err_errno(
                err, error, "%s: cannot write %zu bytes at offset %" PRIu64 "%s", output->path,
                size, output->written,
                error == ENOSPC || error == EDQUOT ? " (free some space and run again)" : "");
        }
        data += done;
        size -= (size_t)done;
        output->written += (uint64_t)done;
    }
    if (output->is_kept && output->written - output->sent >= SEND_BYTES) {
        /* A hint: the sync at the end has less to wait for, and it is the one that tells errors. */
        (void)sync_file_range(output->fd, (off_t)output->sent,
                              (off_t)(output->written - output->sent), SYNC_FILE_RANGE_WRITE);
        output->sent = output->written;
    }
    return TAMIS_OK;
}

tamis_status tamis_run_output_flush(tamis_run_output *output, tamis_err *err)
{
    tamis_status status = write_all(output, output->buffer, output->used, err);

    /* After a failure the file is of no use, and its owner removes it. */
    output->used = 0;
    return status;
}

tamis_status tamis_run_output_append(tamis_run_output *output, const void *data, size_t size,
                                     tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    if (size > output->capacity - output->used) {
        status = tamis_run_output_flush(output, err);
    }
    if (status == TAMIS_OK && size > output->capacity) {
        return write_all(output, data, size, err);
    }
    if (status == TAMIS_OK && size != 0) {
        memcpy(output->buffer + output->used, data, size);
        output->used += size;
    }
    return status;
}

size_t tamis_run_packer_bytes(uint32_t words, bool has_payload, size_t block_bytes)
{
    size_t records = tamis_run_block_records(words, block_bytes);
    uint32_t columns = words + (has_payload ? 1 : 0);

    return records * words * 8 + (has_payload ? records * 8 + block_bytes : 0) + (size_t)words * 8 +
           tamis_run_block_bound(columns, records) + TAMIS_RUN_SLACK;
}

tamis_status tamis_run_packer_init(tamis_run_packer *packer, tamis_run_output *output,
                                   uint32_t words, bool has_payload, size_t block_bytes,
                                   tamis_err *err)
{
    uint32_t records = tamis_run_block_records(words, block_bytes);
    uint32_t columns = words + (has_payload ? 1 : 0);

    TAMIS_ASSERT(words > 0 && words <= TAMIS_RUN_WORDS_MAX);
    TAMIS_ASSERT(block_bytes <= TAMIS_RUN_BLOCK_BYTES);
    *packer = (tamis_run_packer){.output = output,
                                 .block_bytes = block_bytes,
                                 .block_records = records,
                                 .piece = {.words = words,
                                           .has_payload = has_payload,
                                           .offset = tamis_run_output_offset(output)}};
    packer->records = malloc((size_t)records * words * 8);
    packer->last = malloc((size_t)words * 8);
    packer->head = malloc(tamis_run_block_bound(columns, records) + TAMIS_RUN_SLACK);
    if (has_payload) {
        packer->lengths = malloc((size_t)records * 8);
        packer->payload = malloc(block_bytes);
    }
    if (packer->records == NULL || packer->last == NULL || packer->head == NULL ||
        (has_payload && (packer->lengths == NULL || packer->payload == NULL))) {
        tamis_run_packer_fini(packer);
        return tamis_err_set(err, TAMIS_ENOMEM,
                             "%s: no memory for a block of %u records of %u words", output->path,
                             records, words);
    }
    return TAMIS_OK;
}

void tamis_run_packer_fini(tamis_run_packer *packer)
{
    free(packer->records);
    free(packer->last);
    free(packer->head);
    free(packer->lengths);
    free(packer->payload);
    *packer = (tamis_run_packer){0};
}

/* Writes one block; with payload, its bytes follow the head. */
static tamis_status write_block(tamis_run_packer *packer, const uint64_t *records, size_t count,
                                const uint64_t *lengths, tamis_slice payload, tamis_err *err)
{
    tamis_run_piece *piece = &packer->piece;
    size_t size =
        tamis_run_block_encode(records, count, piece->words, lengths, payload, packer->head);
    size_t whole = size + (payload.size > TAMIS_RUN_BLOCK_BYTES ? 0 : payload.size);
    tamis_status status = tamis_run_output_append(packer->output, packer->head, size, err);

    if (status == TAMIS_OK) {
        status = tamis_run_output_append(packer->output, payload.data, payload.size, err);
    }
    piece->count += count;
    piece->block_records_max =
        count > piece->block_records_max ? (uint32_t)count : piece->block_records_max;
    piece->block_bytes_max =
        whole > piece->block_bytes_max ? (uint32_t)whole : piece->block_bytes_max;
    return status;
}

static tamis_status write_pending(tamis_run_packer *packer, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    if (packer->count > 0) {
        status = write_block(packer, packer->records, packer->count, packer->lengths,
                             tamis_slice_of(packer->payload, packer->payload_used), err);
    }
    packer->count = 0;
    packer->payload_used = 0;
    return status;
}

/* The caller's order is our own business: a fault here would be a wrong verdict later. */
static void check_order(tamis_run_packer *packer, const uint64_t *records, size_t count)
{
    uint32_t words = packer->piece.words;
    bool is_ascending = true;

    if (packer->piece.count + packer->count > 0) {
        TAMIS_ASSERT(!tamis_record_is_less(records, packer->last, words));
    }
    for (size_t i = 1; i < count; i++) {
        const uint64_t *record = records + i * words;

        if (record[0] <= *(record - words)) {
            is_ascending &= !tamis_record_is_less(record, record - words, words);
        }
    }
    TAMIS_ASSERT(is_ascending);
    memcpy(packer->last, records + (count - 1) * words, (size_t)words * 8);
}

tamis_status tamis_run_packer_append(tamis_run_packer *packer, const uint64_t *records,
                                     size_t count, tamis_err *err)
{
    uint32_t words = packer->piece.words;
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(!packer->piece.has_payload);
    if (count > 0) {
        check_order(packer, records, count);
    }
    while (status == TAMIS_OK && count > 0) {
        size_t taken = packer->block_records - packer->count;

        if (packer->count == 0 && count >= taken) {
            status = write_block(packer, records, taken, NULL, tamis_slice_of(NULL, 0), err);
        } else {
            taken = count < taken ? count : taken;
            memcpy(packer->records + packer->count * words, records, taken * words * 8);
            packer->count += taken;
            if (packer->count == packer->block_records) {
                status = write_pending(packer, err);
            }
        }
        records += taken * words;
        count -= taken;
    }
    return status;
}

tamis_status tamis_run_packer_append_payload(tamis_run_packer *packer, const uint64_t *record,
                                             tamis_slice payload, tamis_err *err)
{
    uint32_t words = packer->piece.words;
    uint64_t length = payload.size;
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(packer->piece.has_payload);
    if (payload.size > TAMIS_RUN_PAYLOAD_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT,
                             "%s: a record has %zu bytes; a run file takes up to %" PRIu64,
                             packer->output->path, payload.size, TAMIS_RUN_PAYLOAD_MAX);
    }
    check_order(packer, record, 1);
    if (packer->count == packer->block_records ||
        payload.size > packer->block_bytes - packer->payload_used) {
        status = write_pending(packer, err);
    }
    if (status == TAMIS_OK && payload.size > packer->block_bytes) {
        return write_block(packer, record, 1, &length, payload, err);
    }
    if (status == TAMIS_OK) {
        memcpy(packer->records + packer->count * words, record, (size_t)words * 8);
        packer->lengths[packer->count] = length;
        if (payload.size != 0) {
            memcpy(packer->payload + packer->payload_used, payload.data, payload.size);
        }
        packer->payload_used += payload.size;
        packer->count++;
    }
    return status;
}

tamis_status tamis_run_packer_end(tamis_run_packer *packer, tamis_run_piece *out_piece,
                                  tamis_err *err)
{
    tamis_status status = write_pending(packer, err);

    if (status == TAMIS_OK) {
        packer->piece.bytes = tamis_run_output_offset(packer->output) - packer->piece.offset;
        *out_piece = packer->piece;
    }
    return status;
}
