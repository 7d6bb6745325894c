/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: both kinds of store behave alike, as store.h says, and survive what they promise to.
 * Method: the same tests over both; a seeded walk of random batches against a plain array; a child
 * process that is killed between commits. */
#include "tamis/store.h"

#include <pthread.h>

#include "store_test.h"
#include "tamis/rng.h"

#define SEED 20250117u

static tamis_slice text(const char *string)
{
    return tamis_slice_of_string(string);
}

static tamis_store *store_make(const char *folder, bool is_memory)
{
    tamis_store *store = NULL;
    tamis_err err = {0};
    char path[TEST_PATH_SIZE];

    if (is_memory) {
        assert_status(tamis_store_memory_create("memory", &store, &err), TAMIS_OK, &err);
    } else {
        test_path(path, folder, "store");
        assert_status(tamis_store_open(path, &store, &err), TAMIS_OK, &err);
    }
    return store;
}

static void put_one(tamis_store *store, const char *key, const char *value)
{
    tamis_store_batch *batch = NULL;
    tamis_err err = {0};

    assert_int_equal(tamis_store_batch_create(&batch), TAMIS_OK);
    assert_int_equal(tamis_store_batch_put(batch, text(key), text(value)), TAMIS_OK);
    assert_status(tamis_store_commit(store, batch, &err), TAMIS_OK, &err);
    tamis_store_batch_destroy(batch);
}

static void assert_value(tamis_store *store, const char *key, const char *expected)
{
    tamis_err err = {0};
    tamis_buf value;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&value, 0);
    status = tamis_store_get(store, text(key), &value, &err);
    assert_status(status, expected == NULL ? TAMIS_ENOENT : TAMIS_OK, &err);
    if (expected != NULL) {
        assert_true(tamis_slice_is_equal(tamis_buf_slice(&value), text(expected)));
    }
    tamis_buf_fini(&value);
}

static size_t count_keys(tamis_store *store, const char *prefix)
{
    tamis_store_iterator *iterator = NULL;
    tamis_slice key = {0};
    tamis_slice value = {0};
    tamis_err err = {0};
    size_t count = 0;
    tamis_status status = TAMIS_OK;

    status = tamis_store_iterator_create(store, text(prefix), &iterator, &err);
    assert_status(status, TAMIS_OK, &err);
    while ((status = tamis_store_iterator_next(iterator, &key, &value, &err)) == TAMIS_OK) {
        assert_true(key.size >= strlen(prefix) && memcmp(key.data, prefix, strlen(prefix)) == 0);
        count++;
    }
    assert_status(status, TAMIS_END, &err);
    /* The end is told again. */
    assert_status(tamis_store_iterator_next(iterator, &key, &value, &err), TAMIS_END, &err);
    tamis_store_iterator_destroy(iterator);
    return count;
}

static void check_basics(const char *folder, bool is_memory)
{
    tamis_store *store = store_make(folder, is_memory);
    tamis_store_batch *batch = NULL;
    tamis_err err = {0};

    assert_value(store, "a", NULL);
    assert_int_equal(count_keys(store, ""), 0);
    put_one(store, "a", "1");
    put_one(store, "b", "");
    assert_value(store, "a", "1");
    assert_value(store, "b", "");

    /* Later changes of a key win; deleting what is not there is no error. */
    assert_int_equal(tamis_store_batch_create(&batch), TAMIS_OK);
    assert_status(tamis_store_commit(store, batch, &err), TAMIS_OK, &err); /* empty */
    assert_int_equal(tamis_store_batch_put(batch, text("a"), text("2")), TAMIS_OK);
    assert_int_equal(tamis_store_batch_delete(batch, text("a")), TAMIS_OK);
    assert_int_equal(tamis_store_batch_delete(batch, text("none")), TAMIS_OK);
    assert_int_equal(tamis_store_batch_put(batch, text("c"), text("3")), TAMIS_OK);
    assert_int_equal(tamis_store_batch_put(batch, text("c"), text("4")), TAMIS_OK);
    assert_int_equal(tamis_store_batch_count(batch), 5);
    assert_status(tamis_store_commit(store, batch, &err), TAMIS_OK, &err);
    assert_value(store, "a", NULL);
    assert_value(store, "c", "4");
    assert_int_equal(count_keys(store, ""), 2);

    tamis_store_batch_reset(batch);
    assert_int_equal(tamis_store_batch_count(batch), 0);
    assert_status(tamis_store_commit(store, batch, &err), TAMIS_OK, &err);
    assert_int_equal(count_keys(store, ""), 2);
    tamis_store_batch_destroy(batch);
    tamis_store_close(store);
}

static void test_basics(void **state)
{
    check_basics(*state, true);
    check_basics(*state, false);
    tamis_store_close(NULL);
    tamis_store_batch_destroy(NULL);
    tamis_store_iterator_destroy(NULL);
}

static void check_prefixes(const char *folder, bool is_memory)
{
    static const char *const keys[] = {"a",     "aa",    "ab",        "b\x01",
                                       "b\x7f", "b\xff", "b\xff\xff", "b\xff\xffz",
                                       "c",     "\xff",  "\xff\xff",  "\xff\xff\xff"};
    tamis_store *store = store_make(folder, is_memory);

    for (size_t i = sizeof(keys) / sizeof(keys[0]); i > 0; i--) {
        put_one(store, keys[i - 1], keys[i - 1]);
    }
    assert_int_equal(count_keys(store, ""), 12);
    assert_int_equal(count_keys(store, "a"), 3);
    assert_int_equal(count_keys(store, "aa"), 1);
    assert_int_equal(count_keys(store, "b"), 5);
    assert_int_equal(count_keys(store, "b\xff"), 3);
    assert_int_equal(count_keys(store, "b\xff\xff"), 2);
    assert_int_equal(count_keys(store, "\xff"), 3);
    assert_int_equal(count_keys(store, "\xff\xff\xff"), 1);
    assert_int_equal(count_keys(store, "d"), 0);
    tamis_store_close(store);
}

static void test_prefixes(void **state)
{
    check_prefixes(*state, true);
    check_prefixes(*state, false);
}

/* An iterator shows the store as it was when it was made. */
static void check_snapshot(const char *folder, bool is_memory)
{
    tamis_store *store = store_make(folder, is_memory);
    tamis_store_iterator *iterator = NULL;
    tamis_store_batch *batch = NULL;
    tamis_slice key = {0};
    tamis_slice value = {0};
    tamis_err err = {0};

    put_one(store, "k1", "old");
    put_one(store, "k2", "old");
    assert_status(tamis_store_iterator_create(store, text("k"), &iterator, &err), TAMIS_OK, &err);
    assert_int_equal(tamis_store_batch_create(&batch), TAMIS_OK);
    assert_int_equal(tamis_store_batch_delete(batch, text("k1")), TAMIS_OK);
    assert_int_equal(tamis_store_batch_put(batch, text("k2"), text("new")), TAMIS_OK);
    assert_int_equal(tamis_store_batch_put(batch, text("k3"), text("new")), TAMIS_OK);
    assert_status(tamis_store_commit(store, batch, &err), TAMIS_OK, &err);
    for (int i = 1; i <= 2; i++) {
        tamis_status status = tamis_store_iterator_next(iterator, &key, &value, &err);

        assert_status(status, TAMIS_OK, &err);
        assert_true(tamis_slice_is_equal(key, text(i == 1 ? "k1" : "k2")));
        assert_true(tamis_slice_is_equal(value, text("old")));
    }
    assert_status(tamis_store_iterator_next(iterator, &key, &value, &err), TAMIS_END, &err);
    tamis_store_iterator_destroy(iterator);
    tamis_store_batch_destroy(batch);
    assert_value(store, "k2", "new");
    tamis_store_close(store);
}

static void test_snapshot(void **state)
{
    check_snapshot(*state, true);
    check_snapshot(*state, false);
}

static void test_limits(void **state)
{
    tamis_store *store = store_make(*state, false);
    uint8_t *bytes = calloc(1, TAMIS_STORE_VALUE_MAX + 1);
    tamis_store_batch *batch = NULL;
    tamis_store_iterator *iterator = NULL;
    tamis_err err = {0};
    tamis_buf value;

    assert_non_null(bytes);
    assert_int_equal(tamis_store_batch_create(&batch), TAMIS_OK);
    assert_int_equal(tamis_store_batch_put(batch, text(""), text("x")), TAMIS_ELIMIT);
    assert_int_equal(tamis_store_batch_delete(batch, text("")), TAMIS_ELIMIT);
    assert_int_equal(
        tamis_store_batch_put(batch, tamis_slice_of(bytes, TAMIS_STORE_KEY_MAX + 1), text("x")),
        TAMIS_ELIMIT);
    assert_int_equal(
        tamis_store_batch_put(batch, text("x"), tamis_slice_of(bytes, TAMIS_STORE_VALUE_MAX + 1)),
        TAMIS_ELIMIT);
    assert_int_equal(tamis_store_batch_count(batch), 0);
    assert_int_equal(
        tamis_store_batch_put(batch, tamis_slice_of(bytes, TAMIS_STORE_KEY_MAX), text("long")),
        TAMIS_OK);
    assert_int_equal(
        tamis_store_batch_put(batch, text("x"), tamis_slice_of(bytes, TAMIS_STORE_VALUE_MAX)),
        TAMIS_OK);
    assert_status(tamis_store_commit(store, batch, &err), TAMIS_OK, &err);

    tamis_buf_init(&value, 1000);
    assert_status(tamis_store_get(store, text("x"), &value, &err), TAMIS_ELIMIT, &err);
    tamis_buf_fini(&value);
    tamis_buf_init(&value, 0);
    assert_status(tamis_store_get(store, text("x"), &value, &err), TAMIS_OK, &err);
    assert_int_equal(value.size, TAMIS_STORE_VALUE_MAX);
    tamis_buf_fini(&value);

    assert_status(tamis_store_iterator_create(store, tamis_slice_of(bytes, TAMIS_STORE_KEY_MAX),
                                              &iterator, &err),
                  TAMIS_OK, &err);
    tamis_store_iterator_destroy(iterator);
    assert_status(tamis_store_iterator_create(store, tamis_slice_of(bytes, TAMIS_STORE_KEY_MAX + 1),
                                              &iterator, &err),
                  TAMIS_ELIMIT, &err);
    tamis_store_batch_destroy(batch);
    tamis_store_close(store);
    free(bytes);
}

static void test_batch_limit(void **state)
{
    uint8_t *bytes = calloc(1, TAMIS_STORE_VALUE_MAX);
    tamis_store_batch *batch = NULL;
    tamis_slice half = tamis_slice_of(bytes, TAMIS_STORE_VALUE_MAX / 2);
    size_t count = TAMIS_STORE_BATCH_MAX / (TAMIS_STORE_VALUE_MAX / 2);

    (void)state;
    assert_non_null(bytes);
    assert_int_equal(tamis_store_batch_create(&batch), TAMIS_OK);
    for (size_t i = 0; i + 1 < count; i++) {
        assert_int_equal(tamis_store_batch_put(batch, text("k"), half), TAMIS_OK);
    }
    /* Room for half a value without the keys so far. */
    assert_int_equal(tamis_store_batch_put(batch, text("k"), half), TAMIS_ELIMIT);
    half.size -= count;
    assert_int_equal(tamis_store_batch_put(batch, text("k"), half), TAMIS_OK);
    assert_int_equal(tamis_store_batch_put(batch, text("k"), text("")), TAMIS_ELIMIT);
    tamis_store_batch_reset(batch);
    assert_int_equal(tamis_store_batch_put(batch, text("k"), half), TAMIS_OK);
    tamis_store_batch_destroy(batch);
    free(bytes);
}

/* ---- Random batches against a plain array ------------------------------------------------------
 */

#define MODEL_KEYS 64

typedef struct model {
    int values[MODEL_KEYS]; /* -1: absent */
} model;

static void model_check(tamis_store *store, const model *expected)
{
    tamis_store_iterator *iterator = NULL;
    tamis_slice key = {0};
    tamis_slice value = {0};
    tamis_err err = {0};

    assert_status(tamis_store_iterator_create(store, text(""), &iterator, &err), TAMIS_OK, &err);
    for (int i = 0; i < MODEL_KEYS; i++) {
        char name[16];
        char number[16];

        if (expected->values[i] < 0) {
            continue;
        }
        (void)snprintf(name, sizeof(name), "key%02d", i);
        (void)snprintf(number, sizeof(number), "%d", expected->values[i]);
        assert_status(tamis_store_iterator_next(iterator, &key, &value, &err), TAMIS_OK, &err);
        assert_true(tamis_slice_is_equal(key, text(name)));
        assert_true(tamis_slice_is_equal(value, text(number)));
    }
    assert_status(tamis_store_iterator_next(iterator, &key, &value, &err), TAMIS_END, &err);
    tamis_store_iterator_destroy(iterator);
}

static void batch_random(tamis_rng *rng, tamis_store_batch *batch, model *after)
{
    uint64_t changes = 1 + tamis_rng_below(rng, 8);

    tamis_store_batch_reset(batch);
    for (uint64_t i = 0; i < changes; i++) {
        int index = (int)tamis_rng_below(rng, MODEL_KEYS);
        char name[16];
        char number[16];

        (void)snprintf(name, sizeof(name), "key%02d", index);
        if (tamis_rng_below(rng, 3) == 0) {
            assert_int_equal(tamis_store_batch_delete(batch, text(name)), TAMIS_OK);
            after->values[index] = -1;
        } else {
            after->values[index] = (int)tamis_rng_below(rng, 1000);
            (void)snprintf(number, sizeof(number), "%d", after->values[index]);
            assert_int_equal(tamis_store_batch_put(batch, text(name), text(number)), TAMIS_OK);
        }
    }
}

/* On disk the store is closed and opened again now and then. In memory commits fail and crash. */
static void check_random(const char *folder, bool is_memory, int rounds)
{
    tamis_rng rng = {.state = SEED};
    tamis_store *store = store_make(folder, is_memory);
    tamis_store_batch *batch = NULL;
    tamis_err err = {0};
    model now;

    print_message("seed %u\n", SEED);
    assert_int_equal(tamis_store_batch_create(&batch), TAMIS_OK);
    for (int i = 0; i < MODEL_KEYS; i++) {
        now.values[i] = -1;
    }
    for (int round = 0; round < rounds; round++) {
        model after = now;
        tamis_store_fault fault =
            is_memory ? (tamis_store_fault)tamis_rng_below(&rng, 5) : TAMIS_STORE_FAULT_NONE;
        tamis_status status = TAMIS_OK;

        batch_random(&rng, batch, &after);
        if (is_memory) {
            tamis_store_memory_fail(store, fault, 0);
        }
        status = tamis_store_commit(store, batch, &err);
        if (status == TAMIS_OK || fault == TAMIS_STORE_FAULT_CRASH_AFTER) {
            now = after;
        }
        if (is_memory && tamis_store_memory_is_crashed(store)) {
            assert_status(status, TAMIS_ECANCELED, &err);
            tamis_store_memory_restart(store);
        }
        if (!is_memory) {
            assert_status(status, TAMIS_OK, &err);
            if (tamis_rng_below(&rng, 20) == 0) {
                tamis_store_close(store);
                store = store_make(folder, false);
            }
        }
        model_check(store, &now);
    }
    tamis_store_batch_destroy(batch);
    tamis_store_close(store);
}

static void test_random(void **state)
{
    check_random(*state, true, 2000);
    check_random(*state, false, 150);
}

static void test_memory_faults(void **state)
{
    tamis_store *store = store_make(*state, true);
    tamis_store_batch *batch = NULL;
    tamis_store_iterator *iterator = NULL;
    tamis_err err = {0};
    tamis_buf value;

    tamis_buf_init(&value, 0);
    assert_int_equal(tamis_store_batch_create(&batch), TAMIS_OK);
    assert_int_equal(tamis_store_batch_put(batch, text("a"), text("1")), TAMIS_OK);

    tamis_store_memory_fail(store, TAMIS_STORE_FAULT_REFUSE, 1);
    put_one(store, "first", "stored");
    assert_status(tamis_store_commit(store, batch, &err), TAMIS_EIO, &err);
    assert_non_null(strstr(err.text, "memory"));
    assert_value(store, "a", NULL);
    tamis_store_memory_fail(store, TAMIS_STORE_FAULT_NO_SPACE, 0);
    assert_status(tamis_store_commit(store, batch, &err), TAMIS_ENOSPC, &err);
    assert_value(store, "a", NULL);

    tamis_store_memory_fail(store, TAMIS_STORE_FAULT_CRASH_BEFORE, 0);
    assert_status(tamis_store_commit(store, batch, &err), TAMIS_ECANCELED, &err);
    assert_status(tamis_store_commit(store, batch, &err), TAMIS_ECANCELED, &err);
    assert_status(tamis_store_get(store, text("first"), &value, &err), TAMIS_ECANCELED, &err);
    assert_status(tamis_store_iterator_create(store, text(""), &iterator, &err), TAMIS_ECANCELED,
                  &err);
    tamis_store_memory_restart(store);
    assert_value(store, "a", NULL);
    assert_value(store, "first", "stored");

    tamis_store_memory_fail(store, TAMIS_STORE_FAULT_CRASH_AFTER, 0);
    assert_status(tamis_store_commit(store, batch, &err), TAMIS_ECANCELED, &err);
    assert_true(tamis_store_memory_is_crashed(store));
    tamis_store_memory_restart(store);
    assert_value(store, "a", "1");
    assert_int_equal(tamis_store_memory_commit_count(store), 2);

    tamis_store_memory_crash(store);
    assert_status(tamis_store_commit(store, batch, &err), TAMIS_ECANCELED, &err);
    tamis_buf_fini(&value);
    tamis_store_batch_destroy(batch);
    tamis_store_close(store);
}

/* Three batches behind the last sync: overwrite and add, delete, add. */
static void fill_tail(tamis_store *store, size_t out_ends[3])
{
    tamis_store_batch *batch = NULL;

    put_one(store, "a", "synced");
    put_one(store, "b", "synced");
    tamis_store_memory_hold(store, true);
    assert_int_equal(tamis_store_memory_tail_bytes(store), 0);
    assert_int_equal(tamis_store_batch_create(&batch), TAMIS_OK);
    assert_int_equal(tamis_store_batch_put(batch, text("a"), text("1")), TAMIS_OK);
    assert_int_equal(tamis_store_batch_put(batch, text("c"), text("")), TAMIS_OK);
    assert_int_equal(tamis_store_commit(store, batch, NULL), TAMIS_OK);
    out_ends[0] = tamis_store_memory_tail_bytes(store);
    tamis_store_batch_reset(batch);
    assert_int_equal(tamis_store_batch_delete(batch, text("b")), TAMIS_OK);
    assert_int_equal(tamis_store_batch_delete(batch, text("absent")), TAMIS_OK);
    assert_int_equal(tamis_store_commit(store, batch, NULL), TAMIS_OK);
    out_ends[1] = tamis_store_memory_tail_bytes(store);
    tamis_store_batch_destroy(batch);
    put_one(store, "d", "3");
    out_ends[2] = tamis_store_memory_tail_bytes(store);
    assert_value(store, "a", "1");
    assert_value(store, "b", NULL);
}

/* Wherever the log is cut, whole batches are there and the others are not. */
static void test_memory_tail(void **state)
{
    size_t ends[3];
    size_t kept = 0;

    (void)state;
    do {
        tamis_store *store = store_make("", true);

        fill_tail(store, ends);
        tamis_store_memory_power_off(store, kept);
        assert_true(tamis_store_memory_is_crashed(store));
        tamis_store_memory_restart(store);
        assert_value(store, "a", kept >= ends[0] ? "1" : "synced");
        assert_value(store, "c", kept >= ends[0] ? "" : NULL);
        assert_value(store, "b", kept >= ends[1] ? NULL : "synced");
        assert_value(store, "d", kept >= ends[2] ? "3" : NULL);
        assert_int_equal(tamis_store_memory_tail_bytes(store), 0);
        put_one(store, "e", "later");
        tamis_store_memory_sync(store);
        tamis_store_memory_power_off(store, 0);
        tamis_store_memory_restart(store);
        assert_value(store, "e", "later");
        tamis_store_memory_hold(store, false);
        tamis_store_close(store);
        kept++;
    } while (kept <= ends[2]);
}

/* ---- On disk -----------------------------------------------------------------------------------
 */

static void test_open_errors(void **state)
{
    tamis_store *store = store_make(*state, false);
    tamis_store *second = NULL;
    tamis_err err = {0};
    char path[TEST_PATH_SIZE];
    FILE *file = NULL;

    test_path(path, *state, "store");
    assert_status(tamis_store_open(path, &second, &err), TAMIS_EHELD, &err);
    assert_non_null(strstr(err.text, path));
    assert_null(second);
    tamis_store_close(store);

    test_path(path, *state, "absent/store");
    assert_status(tamis_store_open(path, &second, &err), TAMIS_ENOENT, &err);
    assert_non_null(strstr(err.text, path));

    test_path(path, *state, "file");
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_status(tamis_store_open(path, &second, &err), TAMIS_EEXIST, &err);
    assert_null(second);
}

/* A store that another process has open is refused, and opens once that process is gone. */
static void test_held_by_process(void **state)
{
    test_child child = test_child_start("hold", *state, 0);
    tamis_store *store = NULL;
    tamis_err err = {0};
    char path[TEST_PATH_SIZE];
    uint32_t number = 0;

    test_path(path, *state, "store");
    assert_true(test_child_hear(&child, &number));
    assert_status(tamis_store_open(path, &store, &err), TAMIS_EHELD, &err);
    (void)test_child_end(&child, true);
    assert_int_equal(close(child.output), 0);
    assert_status(tamis_store_open(path, &store, &err), TAMIS_OK, &err);
    tamis_store_close(store);
}

static int child_hold(const char *path)
{
    tamis_store *store = NULL;

    if (tamis_store_open(path, &store, NULL) != TAMIS_OK || !test_child_tell(1)) {
        return 1;
    }
    (void)pause();
    return 0;
}

/* Commits 1, 2, 3, ... (two keys each) and tells every number after its commit. */
static int child_commit(const char *path)
{
    tamis_store *store = NULL;
    tamis_store_batch *batch = NULL;

    if (tamis_store_open(path, &store, NULL) != TAMIS_OK ||
        tamis_store_batch_create(&batch) != TAMIS_OK) {
        return 1;
    }
    for (uint32_t i = 1;; i++) {
        char number[16];

        (void)snprintf(number, sizeof(number), "%u", i);
        tamis_store_batch_reset(batch);
        if (tamis_store_batch_put(batch, text("left"), text(number)) != TAMIS_OK ||
            tamis_store_batch_put(batch, text("right"), text(number)) != TAMIS_OK ||
            tamis_store_commit(store, batch, NULL) != TAMIS_OK || !test_child_tell(i)) {
            return 1;
        }
    }
}

static void test_kill(void **state)
{
    tamis_rng rng = {.state = SEED};
    char path[TEST_PATH_SIZE];

    print_message("seed %u\n", SEED);
    test_path(path, *state, "store");
    for (int round = 0; round < 6; round++) {
        uint64_t commits = 1 + tamis_rng_below(&rng, 40);
        test_child child = test_child_start("commit", *state, 0);
        tamis_store *store = NULL;
        tamis_err err = {0};
        tamis_buf left;
        tamis_buf right;
        uint32_t last = 0;

        for (uint64_t i = 0; i < commits; i++) {
            assert_true(test_child_hear(&child, &last));
        }
        (void)test_child_end(&child, true);
        while (test_child_hear(&child, &last)) {
            /* what it told before it died */
        }
        assert_int_equal(close(child.output), 0);

        tamis_buf_init(&left, 0);
        tamis_buf_init(&right, 0);
        assert_status(tamis_store_open(path, &store, &err), TAMIS_OK, &err);
        assert_status(tamis_store_get(store, text("left"), &left, &err), TAMIS_OK, &err);
        assert_status(tamis_store_get(store, text("right"), &right, &err), TAMIS_OK, &err);
        assert_true(tamis_slice_is_equal(tamis_buf_slice(&left), tamis_buf_slice(&right)));
        assert_int_equal(tamis_buf_append_byte(&left, 0), TAMIS_OK);
        /* All that was told, at most one more that was not. */
        assert_in_range(strtoul((const char *)left.data, NULL, 10), last, last + 1);
        tamis_store_close(store);
        tamis_buf_fini(&left);
        tamis_buf_fini(&right);
    }
}

/* A write that fails is an error of that commit and of those behind it; what was committed before
 * is there, now and after the store was opened again. */
static void test_write_fails(void **state)
{
    tamis_store *store = store_make(*state, false);
    tamis_store_batch *batch = NULL;
    uint8_t *bytes = calloc(1, 20000);
    tamis_err err = {0};
    tamis_status status = TAMIS_OK;

    assert_non_null(bytes);
    assert_int_equal(tamis_store_batch_create(&batch), TAMIS_OK);
    put_one(store, "before", "kept");
    test_limit_files(50000);
    for (uint32_t i = 0; i < 5 && status == TAMIS_OK; i++) {
        char key[16];

        (void)snprintf(key, sizeof(key), "key%u", i);
        tamis_store_batch_reset(batch);
        assert_int_equal(tamis_store_batch_put(batch, text(key), tamis_slice_of(bytes, 20000)),
                         TAMIS_OK);
        status = tamis_store_commit(store, batch, &err);
    }
    assert_status(status, TAMIS_EIO, &err);
    assert_non_null(strstr(err.text, "store"));
    test_limit_files(RLIM_INFINITY);
    assert_status(tamis_store_commit(store, batch, &err), TAMIS_EIO, &err);
    assert_value(store, "before", "kept");
    tamis_store_close(store);

    store = store_make(*state, false);
    assert_value(store, "before", "kept");
    assert_in_range(count_keys(store, "key"), 2, 3);
    assert_status(tamis_store_commit(store, batch, &err), TAMIS_OK, &err);
    tamis_store_batch_destroy(batch);
    tamis_store_close(store);
    free(bytes);
}

typedef struct committer {
    tamis_store *store;
    uint32_t number;
    tamis_status status;
} committer;

#define THREADS        4
#define THREAD_COMMITS 25

static void *committer_run(void *argument)
{
    committer *self = argument;
    tamis_store_batch *batch = NULL;

    self->status = tamis_store_batch_create(&batch);
    for (uint32_t i = 0; i < THREAD_COMMITS && self->status == TAMIS_OK; i++) {
        char key[32];

        (void)snprintf(key, sizeof(key), "thread%u/%04u", self->number, i);
        tamis_store_batch_reset(batch);
        self->status = tamis_store_batch_put(batch, text(key), text("x"));
        if (self->status == TAMIS_OK) {
            self->status = tamis_store_commit(self->store, batch, NULL);
        }
    }
    tamis_store_batch_destroy(batch);
    return NULL;
}

static void test_threads(void **state)
{
    for (int is_memory = 0; is_memory < 2; is_memory++) {
        tamis_store *store = store_make(*state, is_memory != 0);
        pthread_t threads[THREADS];
        committer committers[THREADS];

        for (uint32_t i = 0; i < THREADS; i++) {
            committers[i] = (committer){.store = store, .number = i};
            assert_int_equal(pthread_create(&threads[i], NULL, committer_run, &committers[i]), 0);
        }
        for (uint32_t i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
            assert_int_equal(committers[i].status, TAMIS_OK);
        }
        assert_int_equal(count_keys(store, "thread"), THREADS * THREAD_COMMITS);
        assert_int_equal(count_keys(store, "thread2/"), THREAD_COMMITS);
        tamis_store_close(store);
    }
}

static int child_main(char **arguments)
{
    char path[TEST_PATH_SIZE];

    test_path(path, arguments[2], "store");
    return strcmp(arguments[1], "hold") == 0 ? child_hold(path) : child_commit(path);
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_basics, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_prefixes, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_snapshot, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_limits, test_setup, test_teardown),
        cmocka_unit_test(test_batch_limit),
        cmocka_unit_test_setup_teardown(test_random, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_memory_faults, test_setup, test_teardown),
        cmocka_unit_test(test_memory_tail),
        cmocka_unit_test_setup_teardown(test_open_errors, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_held_by_process, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_kill, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_write_fails, test_setup, test_teardown),
        cmocka_unit_test_setup_teardown(test_threads, test_setup, test_teardown),
    };

    return argument_count > 3 ? child_main(arguments) : cmocka_run_group_tests(tests, NULL, NULL);
}
