/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: what is written to a run file is read back, every damage is found and told, and nothing is
 * left behind by a failure. Method: round trips of seeded pieces; every byte of a small file is
 * changed in turn; write faults by a limit of the file size. */
#include "runs_support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static tamis_err err;

static void write_piece(tamis_run_writer *writer, uint32_t kind, uint32_t part,
                        const uint64_t *records, size_t count, uint32_t words, tamis_rng *rng)
{
    size_t done = 0;

    assert_ok(tamis_run_writer_begin(writer, kind, part, words, false, &err), &err);
    while (done < count) {
        size_t step = 1 + (size_t)tamis_rng_below(rng, 9000);

        step = step > count - done ? count - done : step;
        assert_ok(tamis_run_writer_append(writer, records + done * words, step, &err), &err);
        done += step;
    }
    assert_ok(tamis_run_writer_append(writer, NULL, 0, &err), &err);
    assert_ok(tamis_run_writer_end(writer, &err), &err);
}

static void check_piece(tamis_run_file *file, uint32_t kind, uint32_t part,
                        const uint64_t *expected, size_t expected_count, uint32_t words,
                        size_t buffer_bytes)
{
    tamis_run_cursor *cursor = NULL;
    const uint64_t *records = NULL;
    size_t count = 0;
    size_t done = 0;
    tamis_status status = TAMIS_OK;

    assert_int_equal(tamis_run_file_count(file, kind, part), expected_count);
    assert_ok(tamis_run_cursor_create(file, kind, part, buffer_bytes, &cursor, &err), &err);
    while ((status = tamis_run_cursor_next(cursor, &records, &count, &err)) == TAMIS_OK) {
        assert_true(count > 0 && count <= TAMIS_RUN_BLOCK_RECORDS);
        assert_true(done + count <= expected_count);
        assert_memory_equal(records, expected + done * words, count * words * 8);
        done += count;
    }
    assert_int_equal(status, TAMIS_END);
    assert_int_equal(tamis_run_cursor_next(cursor, &records, &count, &err), TAMIS_END);
    assert_int_equal(done, expected_count);
    tamis_run_cursor_destroy(cursor);
}

static void test_round_trip(void **state)
{
    static const size_t counts[] = {0, 1, 4095, 4096, 4097, 20000};
    tamis_rng rng = seeded("round trip");
    char path[PATH_SIZE];
    tamis_run_writer *writer = NULL;
    tamis_run_file *file = NULL;
    uint64_t *pieces[64];
    uint64_t bytes = 0;
    struct stat info;

    (void)state;
    folder_path(path, "round.run");
    assert_ok(tamis_run_writer_create(path, &writer, &err), &err);
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t words = 1 + i % 21;
        size_t count = counts[i % 6] / (words > 5 ? 4 : 1);

        pieces[i] = shaped_records(&rng, count, words);
        plain_sort(pieces[i], count, words);
        /* Kinds and parts out of order. */
        write_piece(writer, (i * 37) % 64, i, pieces[i], count, words, &rng);
    }
    assert_int_equal(access(path, F_OK), -1);
    assert_ok(tamis_run_writer_finish(writer, &bytes, &err), &err);
    tamis_run_writer_destroy(writer);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, bytes);
    assert_int_equal(folder_file_count(), 1);

    assert_ok(tamis_run_file_open(path, &file, &err), &err);
    assert_int_equal(tamis_run_file_piece_count(file), 64);
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t words = 1 + i % 21;
        size_t count = counts[i % 6] / (words > 5 ? 4 : 1);

        check_piece(file, (i * 37) % 64, i, pieces[i], count, words, i % 2 == 0 ? 0 : 1 << 20);
        free(pieces[i]);
    }
    check_piece(file, 1000, 0, NULL, 0, 1, 0);
    tamis_run_file_close(file);
    folder_clear();
}

static void test_widest_records(void **state)
{
    tamis_rng rng = seeded("widest");
    char path[PATH_SIZE];
    tamis_run_writer *writer = NULL;
    tamis_run_file *file = NULL;
    uint64_t *records = shaped_records(&rng, 300, TAMIS_RUN_WORDS_MAX);
    uint32_t kind = 9;
    uint32_t part = 9;
    uint32_t words = 0;
    uint64_t count = 0;

    (void)state;
    plain_sort(records, 300, TAMIS_RUN_WORDS_MAX);
    folder_path(path, "wide.run");
    assert_ok(tamis_run_writer_create(path, &writer, &err), &err);
    write_piece(writer, 0, 0, records, 300, TAMIS_RUN_WORDS_MAX, &rng);
    assert_ok(tamis_run_writer_finish(writer, NULL, &err), &err);
    tamis_run_writer_destroy(writer);
    assert_ok(tamis_run_file_open(path, &file, &err), &err);
    tamis_run_file_piece(file, 0, &kind, &part, &words, &count);
    assert_int_equal(kind, 0);
    assert_int_equal(part, 0);
    assert_int_equal(words, TAMIS_RUN_WORDS_MAX);
    assert_int_equal(count, 300);
    check_piece(file, 0, 0, records, 300, TAMIS_RUN_WORDS_MAX, 0);
    tamis_run_file_close(file);
    free(records);
    folder_clear();
}

/* Payloads of none, few and very many bytes: the last kind is stored in blocks of their own. */
static void test_payloads(void **state)
{
    enum { COUNT = 600, WORDS = 2, MAX = 200000 };
    tamis_rng rng = seeded("payloads");
    char path[PATH_SIZE];
    tamis_run_writer *writer = NULL;
    tamis_run_file *file = NULL;
    tamis_run_cursor *cursor = NULL;
    uint64_t *records = shaped_records(&rng, COUNT, WORDS);
    uint8_t *payload = malloc(MAX);
    const uint64_t *block = NULL;
    size_t count = 0;
    size_t done = 0;

    (void)state;
    assert_non_null(payload);
    plain_sort(records, COUNT, WORDS);
    folder_path(path, "payload.run");
    assert_ok(tamis_run_writer_create(path, &writer, &err), &err);
    assert_ok(tamis_run_writer_begin(writer, 22, 3, WORDS, true, &err), &err);
    for (size_t i = 0; i < COUNT; i++) {
        size_t size = payload_make(payload, i % 50 == 0 ? MAX : 3000, records + i * WORDS, i);

        assert_ok(tamis_run_writer_append_payload(writer, records + i * WORDS,
                                                  tamis_slice_of(payload, size), &err),
                  &err);
    }
    assert_ok(tamis_run_writer_end(writer, &err), &err);
    assert_ok(tamis_run_writer_finish(writer, NULL, &err), &err);
    tamis_run_writer_destroy(writer);

    assert_ok(tamis_run_file_open(path, &file, &err), &err);
    assert_ok(tamis_run_cursor_create(file, 22, 3, 1, &cursor, &err), &err);
    while (done < COUNT) {
        assert_ok(tamis_run_cursor_next(cursor, &block, &count, &err), &err);
        assert_memory_equal(block, records + done * WORDS, count * WORDS * 8);
        for (size_t i = 0; i < count; i++, done++) {
            size_t size =
                payload_make(payload, done % 50 == 0 ? MAX : 3000, records + done * WORDS, done);

            assert_true(tamis_slice_is_equal(tamis_run_cursor_payload(cursor, i),
                                             tamis_slice_of(payload, size)));
        }
    }
    assert_int_equal(tamis_run_cursor_next(cursor, &block, &count, &err), TAMIS_END);
    tamis_run_cursor_destroy(cursor);
    tamis_run_file_close(file);
    free(records);
    free(payload);
    folder_clear();
}

/* Reads all of a file: TAMIS_OK, or how it failed. */
static tamis_status read_all(const char *path)
{
    tamis_run_file *file = NULL;
    tamis_status status = tamis_run_file_open(path, &file, &err);

    if (status != TAMIS_OK) {
        return status;
    }
    for (uint32_t i = 0; i < tamis_run_file_piece_count(file) && status == TAMIS_OK; i++) {
        tamis_run_cursor *cursor = NULL;
        const uint64_t *records = NULL;
        size_t count = 0;
        uint64_t total = 0;
        uint32_t kind = 0;
        uint32_t part = 0;
        uint32_t words = 0;

        tamis_run_file_piece(file, i, &kind, &part, &words, &total);
        status = tamis_run_cursor_create(file, kind, part, 0, &cursor, &err);
        while (status == TAMIS_OK) {
            status = tamis_run_cursor_next(cursor, &records, &count, &err);
        }
        tamis_run_cursor_destroy(cursor);
        status = status == TAMIS_END ? TAMIS_OK : status;
    }
    tamis_run_file_close(file);
    return status;
}

static void write_sample(const char *path)
{
    static const uint64_t plain[] = {1, 7, 2, 9, 2, 300, 70000, 1};
    static const uint64_t keys[] = {5, 6, 6};
    tamis_run_writer *writer = NULL;

    assert_ok(tamis_run_writer_create(path, &writer, &err), &err);
    assert_ok(tamis_run_writer_begin(writer, 1, 0, 2, false, &err), &err);
    assert_ok(tamis_run_writer_append(writer, plain, 4, &err), &err);
    assert_ok(tamis_run_writer_end(writer, &err), &err);
    assert_ok(tamis_run_writer_begin(writer, 0, 9, 1, true, &err), &err);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(tamis_run_writer_append_payload(writer, keys + i,
                                                  tamis_slice_of("some bytes", 4 + i), &err),
                  &err);
    }
    assert_ok(tamis_run_writer_end(writer, &err), &err);
    assert_ok(tamis_run_writer_finish(writer, NULL, &err), &err);
    tamis_run_writer_destroy(writer);
}

static size_t slurp(const char *path, uint8_t *out, size_t max)
{
    FILE *file = fopen(path, "rb");
    size_t size = 0;

    assert_non_null(file);
    size = fread(out, 1, max, file);
    assert_int_equal(fclose(file), 0);
    return size;
}

static void dump(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* The layout is fixed: docs/FORMATS.md, section 4. */
static void test_golden(void **state)
{
    static const uint8_t head[] = {
        'T', 'A', 'M', 'I', 'S', 'R', 'U', 'N', 1, 0, 0, 0, 0, 0, 0, 0,
    };
    static const uint8_t block[] = {
        70, 0, 0, 0, 4,    0, 0, 0,                   /* bytes of the head, records */
        0,  0, 0, 0, 0,    0, 0, 0,                   /* payload bytes */
        0,  0, 0, 0, 0,    0, 0, 0,                   /* payload checksum */
        1,  0, 0, 0, 0,    0, 0, 0,                   /* base of the first column */
        1,  0, 0, 0, 0,    0, 0, 0,                   /* base of the second */
        3,  2,                                        /* widths */
        0,  0, 0, 1, 0,    0, 0, 0, 0, 0x6e, 0x11, 1, /* differences */
        6,  0, 8, 0, 0x2b, 1, 0, 0,                   /* distances from the base */
    };
    uint8_t bytes[1024];
    char path[PATH_SIZE];
    size_t size = 0;

    (void)state;
    folder_path(path, "golden.run");
    write_sample(path);
    size = slurp(path, bytes, sizeof(bytes));
    assert_true(size < sizeof(bytes));
    assert_memory_equal(bytes, head, sizeof(head));
    assert_memory_equal(bytes + 16 + 8, block, sizeof(block));
    assert_memory_equal(bytes + size - 8, "TAMISEND", 8);
    folder_clear();
}

static void test_every_damage_is_found(void **state)
{
    uint8_t bytes[1024];
    char path[PATH_SIZE];
    char bad[PATH_SIZE];
    size_t size = 0;

    (void)state;
    folder_path(path, "sample.run");
    folder_path(bad, "bad.run");
    write_sample(path);
    assert_int_equal(read_all(path), TAMIS_OK);
    size = slurp(path, bytes, sizeof(bytes));
    for (size_t i = 0; i < size; i++) {
        tamis_status status = TAMIS_OK;

        bytes[i] ^= 0x40;
        dump(bad, bytes, size);
        bytes[i] ^= 0x40;
        status = read_all(bad);
        if (i >= 8 && i < 12) {
            assert_int_equal(status, TAMIS_EVERSION);
        } else if (i < 12 || i >= 16) { /* four bytes of the header are spare */
            assert_int_equal(status, TAMIS_ECORRUPT);
            assert_non_null(strstr(err.text, "bad.run"));
            assert_non_null(strstr(err.text, "offset"));
        }
    }
    for (size_t cut = 0; cut < size; cut++) {
        dump(bad, bytes, cut);
        assert_int_equal(read_all(bad), TAMIS_ECORRUPT);
    }
    folder_clear();
}

static void test_open_errors(void **state)
{
    char path[PATH_SIZE];
    tamis_run_file *file = NULL;
    tamis_run_writer *writer = NULL;

    (void)state;
    folder_path(path, "none.run");
    assert_int_equal(tamis_run_file_open(path, &file, &err), TAMIS_ENOENT);
    assert_int_equal(tamis_run_file_open(support_folder, &file, &err), TAMIS_ECORRUPT);
    folder_path(path, "none/none.run");
    assert_int_equal(tamis_run_writer_create(path, &writer, &err), TAMIS_ENOENT);
    assert_int_equal(folder_file_count(), 0);
}

/* Disorder is a fault of ours: it ends the process, and so a process of its own. */
static void test_disorder_is_asserted(void **state)
{
    static const uint64_t records[] = {1, 9, 1, 8};
    char path[PATH_SIZE];

    (void)state;
    folder_path(path, "disorder.run");
    for (size_t at_once = 1; at_once <= 2; at_once++) {
        int end = 0;
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0) {
            tamis_run_writer *writer = NULL;

            (void)close(STDERR_FILENO);
            (void)signal(SIGABRT, SIG_DFL);
            if (tamis_run_writer_create(path, &writer, &err) == TAMIS_OK &&
                tamis_run_writer_begin(writer, 1, 1, 2, false, &err) == TAMIS_OK &&
                tamis_run_writer_append(writer, records, at_once, &err) == TAMIS_OK &&
                tamis_run_writer_append(writer, records + 2 * at_once, 2 - at_once, &err) ==
                    TAMIS_OK) {
                _exit(0);
            }
            _exit(1);
        }
        assert_int_equal(waitpid(child, &end, 0), child);
        assert_true(WIFSIGNALED(end));
        assert_int_equal(WTERMSIG(end), SIGABRT);
        folder_clear();
    }
}

static void test_destroy_leaves_nothing(void **state)
{
    static const uint64_t record[] = {1};
    char path[PATH_SIZE];
    tamis_run_writer *writer = NULL;

    (void)state;
    folder_path(path, "half.run");
    assert_ok(tamis_run_writer_create(path, &writer, &err), &err);
    assert_ok(tamis_run_writer_begin(writer, 1, 1, 1, false, &err), &err);
    assert_ok(tamis_run_writer_append(writer, record, 1, &err), &err);
    assert_int_equal(folder_file_count(), 1);
    tamis_run_writer_destroy(writer);
    assert_int_equal(folder_file_count(), 0);
}

/* A file that may not grow: the write fails somewhere, whatever the place. */
static void test_write_faults(void **state)
{
    enum { COUNT = 100000 };
    static const rlim_t limits[] = {0, 10, 300000, 600000, 700000};
    tamis_rng rng = seeded("write faults");
    uint64_t *records = shaped_records(&rng, COUNT, 2);
    struct rlimit before;
    char path[PATH_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        records[2 * i] = i << 36;
    }
    plain_sort(records, COUNT, 2);
    folder_path(path, "full.run");
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct rlimit limit = {.rlim_cur = limits[i], .rlim_max = before.rlim_max};
        tamis_run_writer *writer = NULL;
        tamis_status status = TAMIS_OK;

        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        status = tamis_run_writer_create(path, &writer, &err);
        if (status == TAMIS_OK) {
            status = tamis_run_writer_begin(writer, 1, 1, 2, false, &err);
        }
        if (status == TAMIS_OK) {
            status = tamis_run_writer_append(writer, records, COUNT, &err);
        }
        if (status == TAMIS_OK) {
            status = tamis_run_writer_end(writer, &err);
        }
        if (status == TAMIS_OK) {
            status = tamis_run_writer_finish(writer, NULL, &err);
        }
        assert_int_equal(status, TAMIS_EIO);
        assert_non_null(strstr(err.text, "full.run"));
        tamis_run_writer_destroy(writer);
        assert_int_equal(folder_file_count(), 0);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    free(records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_widest_records),
        cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_every_damage_is_found),
        cmocka_unit_test(test_open_errors),
        cmocka_unit_test(test_disorder_is_asserted),
        cmocka_unit_test(test_destroy_leaves_nothing),
        cmocka_unit_test(test_write_faults),
    };

    return cmocka_run_group_tests(tests, folder_create, folder_remove);
}
