/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: what a worker obeyed is remembered exactly, and a damaged file is told apart from none.
 * Method: round trips, every cut and every changed byte of a file, a temporary folder. */
#include "tamis/epoch_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tamis/bytes.h"
#include "tamis/hash.h"
#include "tamis/path.h"

#define A "00000000000000aa"
#define B "ffffffffffffffff"

static char root[] = "/tmp/tamis-test-epochs-XXXXXX";

static void name_of(char out_cluster[TAMIS_CLUSTER_ID_SIZE], unsigned number)
{
    (void)snprintf(out_cluster, TAMIS_CLUSTER_ID_SIZE, "%016x", number);
}

static void test_set(void **state)
{
    tamis_epochs epochs = {.count = 0};

    (void)state;
    assert_int_equal(tamis_epochs_of(&epochs, A), 0);
    tamis_epochs_set(&epochs, A, 3);
    tamis_epochs_set(&epochs, B, 7);
    tamis_epochs_set(&epochs, A, 4);
    assert_int_equal(epochs.count, 2);
    assert_int_equal(tamis_epochs_of(&epochs, A), 4);
    assert_int_equal(tamis_epochs_of(&epochs, B), 7);
    assert_string_equal(epochs.entries[1].cluster, A); /* the newest last */
}

static void test_oldest_goes(void **state)
{
    tamis_epochs epochs = {.count = 0};
    char cluster[TAMIS_CLUSTER_ID_SIZE];

    (void)state;
    for (unsigned i = 0; i < TAMIS_EPOCH_CLUSTERS_MAX; i++) {
        name_of(cluster, i);
        tamis_epochs_set(&epochs, cluster, i + 1);
    }
    assert_int_equal(epochs.count, TAMIS_EPOCH_CLUSTERS_MAX);
    name_of(cluster, 0);
    tamis_epochs_set(&epochs, cluster, 100); /* heard of again */
    tamis_epochs_set(&epochs, B, 1);
    assert_int_equal(epochs.count, TAMIS_EPOCH_CLUSTERS_MAX);
    assert_int_equal(tamis_epochs_of(&epochs, cluster), 100);
    name_of(cluster, 1);
    assert_int_equal(tamis_epochs_of(&epochs, cluster), 0);
    name_of(cluster, 2);
    assert_int_equal(tamis_epochs_of(&epochs, cluster), 3);
}

static void assert_same(const tamis_epochs *a, const tamis_epochs *b)
{
    assert_int_equal(a->count, b->count);
    for (uint32_t i = 0; i < a->count; i++) {
        assert_string_equal(a->entries[i].cluster, b->entries[i].cluster);
        assert_int_equal(a->entries[i].epoch, b->entries[i].epoch);
    }
}

static void test_round_trip(void **state)
{
    tamis_epochs epochs = {.count = 0};
    tamis_epochs read;
    uint8_t bytes[TAMIS_EPOCHS_BYTES_MAX];

    (void)state;
    for (unsigned i = 0; i <= TAMIS_EPOCH_CLUSTERS_MAX; i++) {
        char cluster[TAMIS_CLUSTER_ID_SIZE];
        size_t size = tamis_epochs_pack(&epochs, bytes);

        assert_int_equal(tamis_epochs_unpack(tamis_slice_of(bytes, size), &read), TAMIS_OK);
        assert_same(&epochs, &read);
        name_of(cluster, i * 77);
        tamis_epochs_set(&epochs, cluster, UINT64_MAX - i);
    }
}

static void test_damage(void **state)
{
    tamis_epochs epochs = {.count = 0};
    tamis_epochs read;
    uint8_t bytes[TAMIS_EPOCHS_BYTES_MAX];
    size_t size = 0;

    (void)state;
    tamis_epochs_set(&epochs, A, 3);
    tamis_epochs_set(&epochs, B, 7);
    size = tamis_epochs_pack(&epochs, bytes);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(tamis_epochs_unpack(tamis_slice_of(bytes, cut), &read), TAMIS_EFORMAT);
    }
    for (size_t at = 0; at < size; at++) {
        bytes[at] ^= 0x10;
        assert_int_not_equal(tamis_epochs_unpack(tamis_slice_of(bytes, size), &read), TAMIS_OK);
        bytes[at] ^= 0x10;
    }
    bytes[8] = 2; /* version */
    assert_int_equal(tamis_epochs_unpack(tamis_slice_of(bytes, size), &read), TAMIS_EVERSION);
    bytes[8] = 1;
    tamis_put32le(bytes + 12, TAMIS_EPOCH_CLUSTERS_MAX + 1);
    assert_int_equal(tamis_epochs_unpack(tamis_slice_of(bytes, size), &read), TAMIS_EFORMAT);
}

static void test_file(void **state)
{
    tamis_epochs epochs;
    tamis_epochs read;
    char path[TAMIS_PATH_MAX];
    uint8_t bytes[TAMIS_EPOCHS_BYTES_MAX];
    tamis_err err = {.status = TAMIS_OK};
    size_t size = 0;

    (void)state;
    assert_int_equal(tamis_epoch_file_read(root, &epochs, NULL), TAMIS_OK);
    assert_int_equal(epochs.count, 0);
    tamis_epochs_set(&epochs, A, 1);
    assert_int_equal(tamis_epoch_file_write(root, &epochs, NULL), TAMIS_OK);
    tamis_epochs_set(&epochs, A, 2);
    assert_int_equal(tamis_epoch_file_write(root, &epochs, NULL), TAMIS_OK);
    assert_int_equal(tamis_epoch_file_read(root, &read, NULL), TAMIS_OK);
    assert_same(&epochs, &read);

    assert_int_equal(tamis_path_join(path, root, TAMIS_EPOCH_FILE_NAME, NULL), TAMIS_OK);
    size = tamis_epochs_pack(&epochs, bytes);
    assert_int_equal(tamis_path_write_file(path, tamis_slice_of(bytes, size - 1), NULL), TAMIS_OK);
    assert_int_equal(tamis_epoch_file_read(root, &read, &err), TAMIS_EFORMAT);
    assert_non_null(strstr(err.text, path));
    assert_non_null(strstr(err.text, "remove the file"));
    bytes[size - 1] ^= 1;
    assert_int_equal(tamis_path_write_file(path, tamis_slice_of(bytes, size), NULL), TAMIS_OK);
    assert_int_equal(tamis_epoch_file_read(root, &read, &err), TAMIS_ECORRUPT);
    bytes[8] = 9;
    assert_int_equal(tamis_path_write_file(path, tamis_slice_of(bytes, size), NULL), TAMIS_OK);
    assert_int_equal(tamis_epoch_file_read(root, &read, &err), TAMIS_EVERSION);
    assert_non_null(strstr(err.text, "another version"));
}

static int make_root(void **state)
{
    (void)state;
    return mkdtemp(root) == NULL ? -1 : 0;
}

static int remove_root(void **state)
{
    (void)state;
    return tamis_path_remove(root, NULL) == TAMIS_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),        cmocka_unit_test(test_oldest_goes),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_damage),
        cmocka_unit_test(test_file),
    };

    return cmocka_run_group_tests(tests, make_root, remove_root);
}
