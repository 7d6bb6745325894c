/* SPDX-License-Identifier: Apache-2.0 */
/* bench_records FOLDER [DOCUMENTS] [SIGNATURE_BYTES]: writes and scans document records.
 *
 * Documents come in tasks of 100,000; ids are of about 50 bytes. Prints nanoseconds a document and
 * MB/s of stored bytes, the best of three for scans. FOLDER must not exist; it is left behind.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "tamis/records.h"
#include "tamis/rng.h"

#define TASK_ROWS       100000u
#define SIGNATURE_LIMIT 1024

static double now_seconds(void)
{
    struct timespec time = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &time); /* fails for unknown clocks only */
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void check(tamis_status status, const tamis_err *err)
{
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "bench_records: %s\n", err->text);
        exit(1);
    }
}

static void print_line(const char *what, double seconds, uint64_t documents, uint64_t bytes)
{
    (void)printf("%-22s %8.1f ns/document %10.1f MB/s\n", what, seconds * 1e9 / (double)documents,
                 (double)bytes / seconds / 1e6);
}

static uint64_t write_task(tamis_records *records, const char *folder, uint32_t split,
                           uint32_t rows, uint32_t signature_bytes)
{
    static uint8_t signatures[1 << 16];
    tamis_rng rng = {.state = split};
    tamis_err err = {0};
    tamis_records_writer *writer = NULL;
    uint64_t bytes = 0;

    for (size_t i = 0; i < sizeof(signatures); i += 8) {
        uint64_t word = tamis_rng_next(&rng);

        memcpy(signatures + i, &word, 8);
    }
    check(tamis_records_writer_create(records, folder, signature_bytes, &writer, &err), &err);
    for (uint32_t row = 0; row < rows; row++) {
        uint64_t word = (row + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ split;
        tamis_record record = {
            .digest = {.low = word, .high = ~word},
            .signature = signatures + (word >> 8) % (sizeof(signatures) - SIGNATURE_LIMIT),
            .shingle_count = (uint32_t)(word % 2000),
            .text_bytes = word % 20000,
        };
        char id[64];
        int length =
            snprintf(id, sizeof(id), "<urn:uuid:%08" PRIx32 "-4c1a-11ee-be56-%012" PRIx64 ">",
                     (uint32_t)word, word >> 16);

        check(tamis_records_writer_add(writer, tamis_ord_make(0, split, row), &record,
                                       tamis_slice_of(id, (size_t)length), &err),
              &err);
    }
    check(tamis_records_writer_commit(writer, &bytes, &err), &err);
    tamis_records_writer_destroy(writer);
    return bytes;
}

static uint64_t scan_records(tamis_records *records, uint64_t *out_sum)
{
    tamis_records_cursor *cursor = NULL;
    tamis_record record = {0};
    tamis_err err = {0};
    tamis_ord ord = 0;
    uint64_t count = 0;
    tamis_status status = TAMIS_OK;

    check(tamis_records_cursor_create(records, 0, UINT64_MAX, &cursor, &err), &err);
    while ((status = tamis_records_cursor_next(cursor, &ord, &record, &err)) == TAMIS_OK) {
        *out_sum += record.digest.low + (record.signature != NULL ? record.signature[0] : 0);
        count++;
    }
    check(status == TAMIS_END ? TAMIS_OK : status, &err);
    tamis_records_cursor_destroy(cursor);
    return count;
}

static uint64_t scan_ids(tamis_records *records, uint64_t *out_sum)
{
    tamis_ids_cursor *cursor = NULL;
    tamis_slice id = {0};
    tamis_err err = {0};
    tamis_ord ord = 0;
    uint64_t count = 0;
    tamis_status status = TAMIS_OK;

    check(tamis_ids_cursor_create(records, 0, UINT64_MAX, &cursor, &err), &err);
    while ((status = tamis_ids_cursor_next(cursor, &ord, &id, &err)) == TAMIS_OK) {
        *out_sum += id.data[id.size - 2];
        count++;
    }
    check(status == TAMIS_END ? TAMIS_OK : status, &err);
    tamis_ids_cursor_destroy(cursor);
    return count;
}

/* Reads every stride-th row by seeking, as the sort-merge joins do. */
static uint64_t seek_records(tamis_records *records, uint32_t task_count, uint32_t stride,
                             uint64_t *out_sum)
{
    tamis_records_cursor *cursor = NULL;
    tamis_record record = {0};
    tamis_err err = {0};
    tamis_ord ord = 0;
    uint64_t count = 0;

    check(tamis_records_cursor_create(records, 0, UINT64_MAX, &cursor, &err), &err);
    for (uint32_t task = 0; task < task_count; task++) {
        for (uint32_t row = stride / 2; row < TASK_ROWS; row += stride) {
            tamis_status status =
                tamis_records_cursor_seek(cursor, tamis_ord_make(0, task, row), &err);

            if (status == TAMIS_OK) {
                status = tamis_records_cursor_next(cursor, &ord, &record, &err);
            }
            if (status == TAMIS_END) {
                break;
            }
            check(status, &err);
            *out_sum += record.digest.low;
            count++;
        }
    }
    tamis_records_cursor_destroy(cursor);
    return count;
}

int main(int argument_count, char **arguments)
{
    static const uint32_t strides[] = {8, 200, 3000, 20000};
    uint64_t documents = argument_count > 2 ? strtoull(arguments[2], NULL, 10) : 1000000;
    uint32_t signature_bytes = argument_count > 3 ? (uint32_t)strtoul(arguments[3], NULL, 10) : 128;
    uint32_t task_count = (uint32_t)((documents + TASK_ROWS - 1) / TASK_ROWS);
    tamis_records *records = NULL;
    tamis_err err = {0};
    struct rusage usage = {0};
    uint64_t bytes = 0;
    uint64_t sum = 0;
    double start = 0;

    if (argument_count < 2 || mkdir(arguments[1], 0777) != 0) {
        (void)fprintf(stderr, "usage: bench_records NEW_FOLDER [DOCUMENTS] [SIGNATURE_BYTES]\n");
        return 2;
    }
    documents = (uint64_t)task_count * TASK_ROWS;
    check(tamis_records_open(arguments[1], false, &records, &err), &err);
    start = now_seconds();
    for (uint32_t task = 0; task < task_count; task++) {
        bytes += write_task(records, arguments[1], task, TASK_ROWS, signature_bytes);
    }
    print_line("write, synced", now_seconds() - start, documents, bytes);
    (void)printf("%-22s %8.1f B/document\n", "stored", (double)bytes / (double)documents);

    for (int try = 0; try < 3; try++) {
        start = now_seconds();
        documents = scan_records(records, &sum);
        print_line("scan records", now_seconds() - start, documents,
                   documents * (signature_bytes + 20));
    }
    for (int try = 0; try < 3; try++) {
        start = now_seconds();
        documents = scan_ids(records, &sum);
        print_line("scan ids", now_seconds() - start, documents, documents * 47);
    }
    for (size_t i = 0; i < sizeof(strides) / sizeof(strides[0]); i++) {
        char name[32];
        uint64_t count = 0;

        start = now_seconds();
        count = seek_records(records, task_count, strides[i], &sum);
        (void)snprintf(name, sizeof(name), "seek every %" PRIu32, strides[i]);
        print_line(name, now_seconds() - start, count, count * (signature_bytes + 20));
    }
    tamis_records_close(records);
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)printf("peak memory %ld KiB, check %" PRIx64 "\n", usage.ru_maxrss, sum);
    return 0;
}
