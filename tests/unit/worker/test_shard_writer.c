/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a shard's bytes depend on what is written alone, they read back in every format, and
 * nothing that was not published stays. Method: the same text in different pieces; a limit of the
 * file size as write fault. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "shard_writer.h"
#include "tamis/path.h"
#include "tamis/rng.h"

#define SEED       9u
#define TEXT_BYTES 700000

static char folder[] = "/tmp/tamis-test-shard-XXXXXX";
static uint8_t text[TEXT_BYTES];

static int setup(void **state)
{
    tamis_rng rng = {SEED};

    (void)state;
    for (size_t i = 0; i < TEXT_BYTES; i++) {
        text[i] = (uint8_t)('a' + tamis_rng_below(&rng, 6));
    }
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    return tamis_path_remove(folder, NULL) == TAMIS_OK ? 0 : -1;
}

static tamis_digest write_shard(tamis_shard_writer *writer, const char *path, size_t piece)
{
    tamis_digest digest;
    uint64_t bytes = 0;
    tamis_buf file;

    tamis_buf_init(&file, 0);
    assert_int_equal(tamis_shard_writer_open(writer, path, NULL), TAMIS_OK);
    for (size_t done = 0; done < TEXT_BYTES; done += piece) {
        size_t size = piece < TEXT_BYTES - done ? piece : TEXT_BYTES - done;

        assert_int_equal(tamis_shard_writer_write(writer, tamis_slice_of(text + done, size), NULL),
                         TAMIS_OK);
    }
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(tamis_shard_writer_finish(writer, &bytes, &digest, NULL), TAMIS_OK);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(tamis_shard_writer_publish(writer, NULL), TAMIS_OK);
    assert_int_equal(tamis_path_read_file(path, &file, NULL), TAMIS_OK);
    assert_int_equal(file.size, bytes);
    assert_true(tamis_digest_is_equal(tamis_hash128(file.data, file.size), digest));
    tamis_buf_fini(&file);
    return digest;
}

static void check_content(const char *path, tamis_output_format format)
{
    static uint8_t back[TEXT_BYTES + 1];
    size_t size = 0;
    tamis_buf file;

    tamis_buf_init(&file, 0);
    assert_int_equal(tamis_path_read_file(path, &file, NULL), TAMIS_OK);
    if (format == TAMIS_OUTPUT_JSONL_ZST) {
        size = ZSTD_decompress(back, sizeof(back), file.data, file.size);
    } else if (format == TAMIS_OUTPUT_JSONL_GZ) {
        gzFile gz = gzopen(path, "rb");

        assert_non_null(gz);
        size = (size_t)gzread(gz, back, sizeof(back));
        assert_int_equal(gzclose(gz), Z_OK);
    } else {
        memcpy(back, file.data, file.size);
        size = file.size;
    }
    assert_int_equal(size, TEXT_BYTES);
    assert_memory_equal(back, text, TEXT_BYTES);
    tamis_buf_fini(&file);
}

static void test_formats(void **state)
{
    static const size_t pieces[] = {1, 777, 131072, TEXT_BYTES};

    (void)state;
    for (int format = 0; format <= TAMIS_OUTPUT_JSONL; format++) {
        tamis_shard_writer *writer = NULL;
        tamis_digest first = {0};
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/deep/er/%d", folder, format);
        assert_int_equal(tamis_shard_writer_create((tamis_output_format)format, 1, &writer, NULL),
                         TAMIS_OK);
        for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
            tamis_digest digest = write_shard(writer, path, pieces[i]);

            if (i == 0) {
                first = digest;
            }
            assert_true(tamis_digest_is_equal(digest, first));
            check_content(path, (tamis_output_format)format);
            assert_int_equal(unlink(path), 0);
        }
        tamis_shard_writer_destroy(writer);
    }
}

/* Deferred syncs change nothing of what is written. */
static void test_deferred_sync(void **state)
{
    tamis_shard_writer *writer = NULL;
    char path[128];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/deferred", folder);
    assert_int_equal(tamis_shard_writer_create(TAMIS_OUTPUT_JSONL_ZST, 1, &writer, NULL), TAMIS_OK);
    tamis_shard_writer_defer_sync(writer);
    (void)write_shard(writer, path, 5000);
    check_content(path, TAMIS_OUTPUT_JSONL_ZST);
    assert_int_equal(tamis_path_sync_filesystem(folder, NULL), TAMIS_OK);
    assert_int_equal(tamis_path_sync_filesystem("/nonexistent", NULL), TAMIS_ENOENT);
    tamis_shard_writer_destroy(writer);
}

static void test_unpublished(void **state)
{
    tamis_shard_writer *writer = NULL;
    char path[128];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/lost/x", folder);
    assert_int_equal(tamis_shard_writer_create(TAMIS_OUTPUT_JSONL, 1, &writer, NULL), TAMIS_OK);
    assert_int_equal(tamis_shard_writer_open(writer, path, NULL), TAMIS_OK);
    assert_int_equal(tamis_shard_writer_write(writer, tamis_slice_of(text, TEXT_BYTES), NULL),
                     TAMIS_OK);
    tamis_shard_writer_destroy(writer);
    (void)snprintf(path, sizeof(path), "%s/lost", folder);
    assert_int_equal(rmdir(path), 0); /* nothing is left in it */
}

static void test_full_disk(void **state)
{
    tamis_shard_writer *writer = NULL;
    struct rlimit old;
    struct rlimit small;
    tamis_status status = TAMIS_OK;
    tamis_err err = {0};
    char path[128];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/full/x", folder);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    small = (struct rlimit){.rlim_cur = 200000, .rlim_max = old.rlim_max};
    assert_int_equal(tamis_shard_writer_create(TAMIS_OUTPUT_JSONL, 1, &writer, NULL), TAMIS_OK);
    assert_int_equal(tamis_shard_writer_open(writer, path, NULL), TAMIS_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    status = tamis_shard_writer_write(writer, tamis_slice_of(text, TEXT_BYTES), &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(status, TAMIS_EIO);
    assert_non_null(strstr(err.text, path));
    tamis_shard_writer_destroy(writer);
    (void)snprintf(path, sizeof(path), "%s/full", folder);
    assert_int_equal(rmdir(path), 0);
}

/* With roots, a folder that becomes a link leads nowhere: not at the start, and not between the
 * start of a file and its publication. */
static void test_roots(void **state)
{
    const char *const folders[] = {folder};
    tamis_shard_writer *writer = NULL;
    tamis_roots *roots = NULL;
    uint64_t bytes = 0;
    tamis_digest digest;
    char inside[128];
    char moved[128];
    char path[160];

    (void)state;
    (void)snprintf(inside, sizeof(inside), "%s/inside", folder);
    (void)snprintf(moved, sizeof(moved), "%s/moved", folder);
    (void)snprintf(path, sizeof(path), "%s/x", inside);
    assert_int_equal(tamis_roots_create(folders, 1, &roots, NULL), TAMIS_OK);
    assert_int_equal(tamis_shard_writer_create(TAMIS_OUTPUT_JSONL, 1, &writer, NULL), TAMIS_OK);
    tamis_shard_writer_confine(writer, roots);
    assert_int_equal(tamis_shard_writer_open(writer, path, NULL), TAMIS_OK);
    assert_int_equal(rename(inside, moved), 0);
    assert_int_equal(symlink("/", inside), 0);
    assert_int_equal(tamis_shard_writer_write(writer, tamis_slice_of(text, TEXT_BYTES), NULL),
                     TAMIS_OK);
    assert_int_equal(tamis_shard_writer_finish(writer, &bytes, &digest, NULL), TAMIS_OK);
    assert_int_equal(tamis_shard_writer_publish(writer, NULL), TAMIS_OK);
    assert_int_equal(tamis_shard_writer_open(writer, path, NULL), TAMIS_EOUTSIDE);
    tamis_shard_writer_destroy(writer);
    (void)snprintf(path, sizeof(path), "%s/x", moved);
    check_content(path, TAMIS_OUTPUT_JSONL);
    assert_int_equal(access("/x", F_OK), -1);
    tamis_roots_destroy(roots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),     cmocka_unit_test(test_deferred_sync),
        cmocka_unit_test(test_unpublished), cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_roots),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
