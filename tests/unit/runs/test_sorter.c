/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a sorter hands out what was added, in order, however little memory it has, and leaves
 * nothing behind. Method: compared with qsort over seeded records, with memory that forces spills
 * and several merge passes; write faults by a limit of the file size. */
#include "runs_support.h"

#include <signal.h>
#include <sys/resource.h>

#include "tamis/sorter.h"

static tamis_err err;

static tamis_sorter *sorter_of(uint32_t words, bool has_payload, uint64_t memory_bytes)
{
    const tamis_sorter_options options = {.words = words,
                                          .has_payload = has_payload,
                                          .memory_bytes = memory_bytes,
                                          .temp_folder = support_folder};
    tamis_sorter *sorter = NULL;

    assert_ok(tamis_sorter_create(&options, &sorter, &err), &err);
    return sorter;
}

/* Takes the sorter; returns its figures. */
static tamis_sort_stats check_output(tamis_sorter *sorter, const uint64_t *expected,
                                     size_t expected_count, uint32_t words)
{
    const uint64_t *records = NULL;
    size_t count = 0;
    size_t done = 0;
    tamis_sort_stats stats = {0};
    tamis_status status = TAMIS_OK;

    assert_ok(tamis_sorter_sort(sorter, &err), &err);
    while ((status = tamis_sorter_next(sorter, &records, &count, &err)) == TAMIS_OK) {
        assert_true(count > 0 && done + count <= expected_count);
        assert_memory_equal(records, expected + done * words, count * words * 8);
        done += count;
    }
    assert_int_equal(status, TAMIS_END);
    assert_int_equal(done, expected_count);
    tamis_sorter_stats(sorter, &stats);
    assert_int_equal(stats.records, expected_count);
    tamis_sorter_destroy(sorter);
    assert_int_equal(folder_file_count(), 0);
    return stats;
}

static tamis_sort_stats check_sorter(tamis_rng *rng, size_t count, uint32_t words,
                                     uint64_t memory_bytes)
{
    uint64_t *records = shaped_records(rng, count, words);
    tamis_sorter *sorter = sorter_of(words, false, memory_bytes);
    tamis_sort_stats stats = {0};
    size_t done = 0;

    while (done < count) {
        size_t step = 1 + (size_t)tamis_rng_below(rng, 5000);

        step = step > count - done ? count - done : step;
        assert_ok(tamis_sorter_add(sorter, records + done * words, step, &err), &err);
        done += step;
    }
    plain_sort(records, count, words);
    stats = check_output(sorter, records, count, words);
    free(records);
    return stats;
}

static void test_in_memory(void **state)
{
    tamis_rng rng = seeded("in memory");

    (void)state;
    for (uint32_t words = 1; words <= 20; words++) {
        tamis_sort_stats stats =
            check_sorter(&rng, (size_t)tamis_rng_below(&rng, 9000), words, 8 << 20);

        assert_int_equal(stats.spills, 0);
        assert_int_equal(stats.spilled_bytes, 0);
    }
    (void)check_sorter(&rng, 0, 3, TAMIS_SORT_MEMORY_MIN);
}

static void test_spills(void **state)
{
    tamis_rng rng = seeded("spills");

    (void)state;
    for (uint32_t words = 1; words <= 20; words += 1 + words / 5) {
        size_t count = ((size_t)2 << 20) / (words * 8) + (size_t)tamis_rng_below(&rng, 9000);
        tamis_sort_stats stats = check_sorter(&rng, count, words, TAMIS_SORT_MEMORY_MIN);

        assert_true(stats.spills >= 2);
        assert_true(stats.spilled_bytes > 0);
    }
    (void)check_sorter(&rng, 4000, TAMIS_RUN_WORDS_MAX, TAMIS_SORT_MEMORY_MIN);
}

/* 35 words and 24 MB through 1 MiB: more runs than one merge takes. */
static void test_merge_passes(void **state)
{
    tamis_rng rng = seeded("merge passes");
    tamis_sort_stats stats = check_sorter(&rng, 90000, 35, TAMIS_SORT_MEMORY_MIN);

    (void)state;
    assert_true(stats.merge_passes >= 1);
}

/* Words, number of arrival, payload. Equal records keep their order of arrival. */
typedef struct arrival {
    uint64_t words[3];
    uint64_t number;
} arrival;

static int compare_arrivals(const void *a, const void *b)
{
    int order = compare_records(a, b);
    const arrival *first = a;
    const arrival *second = b;

    return order != 0 ? order : (first->number > second->number) - (first->number < second->number);
}

static tamis_sort_stats check_payloads(tamis_rng *rng, size_t count, uint32_t words,
                                       size_t payload_max, size_t large_every)
{
    tamis_sorter *sorter = sorter_of(words, true, TAMIS_SORT_MEMORY_MIN);
    uint64_t *records = shaped_records(rng, count, words);
    arrival *arrivals = calloc(count, sizeof(*arrivals));
    uint8_t *payload = malloc(3 << 20);
    const uint64_t *block = NULL;
    size_t block_count = 0;
    size_t done = 0;
    tamis_sort_stats stats = {0};

    assert_true(arrivals != NULL && payload != NULL && words <= 3);
    for (size_t i = 0; i < count; i++) {
        size_t max = i % large_every == large_every - 1 ? 3 << 20 : payload_max;
        size_t size = payload_make(payload, max, records + i * words, i);

        memcpy(arrivals[i].words, records + i * words, (size_t)words * 8);
        arrivals[i].number = i;
        assert_ok(tamis_sorter_add_payload(sorter, records + i * words,
                                           tamis_slice_of(payload, size), &err),
                  &err);
    }
    compared_words = words;
    qsort(arrivals, count, sizeof(*arrivals), compare_arrivals);
    assert_ok(tamis_sorter_sort(sorter, &err), &err);
    while (done < count) {
        assert_ok(tamis_sorter_next(sorter, &block, &block_count, &err), &err);
        for (size_t i = 0; i < block_count; i++, done++) {
            uint64_t number = arrivals[done].number;
            size_t max = number % large_every == large_every - 1 ? 3 << 20 : payload_max;
            size_t size = payload_make(payload, max, arrivals[done].words, number);

            assert_memory_equal(block + i * words, arrivals[done].words, (size_t)words * 8);
            assert_true(tamis_slice_is_equal(tamis_sorter_payload(sorter, i),
                                             tamis_slice_of(payload, size)));
        }
    }
    assert_int_equal(tamis_sorter_next(sorter, &block, &block_count, &err), TAMIS_END);
    tamis_sorter_stats(sorter, &stats);
    tamis_sorter_destroy(sorter);
    assert_int_equal(folder_file_count(), 0);
    free(records);
    free(arrivals);
    free(payload);
    return stats;
}

static void test_payloads(void **state)
{
    tamis_rng rng = seeded("payloads");

    (void)state;
    for (uint32_t words = 1; words <= 3; words++) {
        assert_int_equal(check_payloads(&rng, 300, words, 1000, SIZE_MAX).spills, 0);
        assert_true(check_payloads(&rng, 3000, words, 3000, SIZE_MAX).spills > 1);
    }
    assert_true(check_payloads(&rng, 400, 1, 70000, SIZE_MAX).merge_passes > 0);
}

/* Payloads that are larger than all of the memory. */
static void test_large_payloads(void **state)
{
    tamis_rng rng = seeded("large payloads");

    (void)state;
    assert_true(check_payloads(&rng, 120, 2, 2000, 10).spills > 1);
}

static uint32_t top_bits(const void *context, uint64_t word)
{
    return (uint32_t)(word >> *(const unsigned *)context);
}

/* All of a sorter as pieces by the top bits of the first word. */
static void check_write(tamis_rng *rng, size_t count, uint64_t memory_bytes)
{
    enum { WORDS = 2 };
    const unsigned shift = 60;
    tamis_sorter *sorter = sorter_of(WORDS, false, memory_bytes);
    uint64_t *records = malloc((count * WORDS + 1) * 8);
    tamis_run_writer *writer = NULL;
    tamis_run_file *file = NULL;
    char path[PATH_SIZE];
    size_t done = 0;

    assert_non_null(records);
    for (size_t i = 0; i < count * WORDS; i++) {
        records[i] = tamis_rng_next(rng);
        /* Some parts stay empty. */
        records[i] &= ~(UINT64_C(1) << 61);
    }
    assert_ok(tamis_sorter_add(sorter, records, count, &err), &err);
    plain_sort(records, count, WORDS);
    folder_path(path, "parts.run");
    assert_ok(tamis_run_writer_create(path, &writer, &err), &err);
    assert_ok(tamis_sorter_write(sorter, writer, 5, top_bits, &shift, &err), &err);
    assert_ok(tamis_run_writer_finish(writer, NULL, &err), &err);
    tamis_run_writer_destroy(writer);
    tamis_sorter_destroy(sorter);

    assert_ok(tamis_run_file_open(path, &file, &err), &err);
    for (uint32_t part = 0; part < 16; part++) {
        tamis_run_cursor *cursor = NULL;
        const uint64_t *block = NULL;
        size_t block_count = 0;

        assert_ok(tamis_run_cursor_create(file, 5, part, 0, &cursor, &err), &err);
        while (tamis_run_cursor_next(cursor, &block, &block_count, &err) == TAMIS_OK) {
            assert_memory_equal(block, records + done * WORDS, block_count * WORDS * 8);
            done += block_count;
            assert_int_equal(block[(block_count - 1) * WORDS] >> shift, part);
        }
        tamis_run_cursor_destroy(cursor);
    }
    assert_int_equal(done, count);
    tamis_run_file_close(file);
    free(records);
    folder_clear();
}

static void test_write_by_part(void **state)
{
    tamis_rng rng = seeded("write by part");

    (void)state;
    check_write(&rng, 0, TAMIS_SORT_MEMORY_MIN);
    check_write(&rng, 1, TAMIS_SORT_MEMORY_MIN);
    check_write(&rng, 20000, 2 << 20);
    check_write(&rng, 100000, TAMIS_SORT_MEMORY_MIN);
}

static uint64_t bytes_before;
static uint64_t bytes_most;

static void note_bytes(void)
{
    uint64_t bytes = allocated_bytes() - bytes_before;

    if ((int64_t)bytes > (int64_t)bytes_most) {
        bytes_most = bytes;
    }
}

/* What malloc gives out stays within memory_bytes all the time. */
static void check_memory(uint32_t words, bool has_payload, uint64_t memory_bytes)
{
    static uint8_t payload[5000];
    tamis_rng rng = {.state = words};
    uint64_t record[TAMIS_RUN_WORDS_MAX];
    const uint64_t *records = NULL;
    size_t count = 0;
    size_t added = (size_t)(memory_bytes * 3 / (words * 8 + (has_payload ? 2500 : 0)));
    tamis_sorter *sorter = NULL;
    tamis_sort_stats stats = {0};

    bytes_most = 0;
    bytes_before = allocated_bytes();
    sorter = sorter_of(words, has_payload, memory_bytes);
    for (size_t i = 0; i < added; i++) {
        for (uint32_t word = 0; word < words; word++) {
            record[word] = tamis_rng_next(&rng);
        }
        if (has_payload) {
            size_t size = (size_t)tamis_rng_below(&rng, sizeof(payload));

            assert_ok(tamis_sorter_add_payload(sorter, record, tamis_slice_of(payload, size), &err),
                      &err);
        } else {
            assert_ok(tamis_sorter_add(sorter, record, 1, &err), &err);
        }
        if (i % 64 == 0) {
            note_bytes();
        }
    }
    assert_ok(tamis_sorter_sort(sorter, &err), &err);
    note_bytes();
    while (tamis_sorter_next(sorter, &records, &count, &err) == TAMIS_OK) {
        note_bytes();
    }
    tamis_sorter_stats(sorter, &stats);
    assert_true(stats.spills > 1);
    tamis_sorter_destroy(sorter);
    print_message("%u words%s: %llu of %llu bytes\n", words, has_payload ? " and payloads" : "",
                  (unsigned long long)bytes_most, (unsigned long long)memory_bytes);
    assert_true(bytes_most <= memory_bytes);
}

static void test_memory(void **state)
{
    (void)state;
    check_memory(1, false, TAMIS_SORT_MEMORY_MIN);
    check_memory(2, false, 20 << 20);
    check_memory(19, false, TAMIS_SORT_MEMORY_MIN);
    check_memory(35, false, 5 << 20);
    check_memory(TAMIS_RUN_WORDS_MAX, false, TAMIS_SORT_MEMORY_MIN);
    check_memory(1, true, TAMIS_SORT_MEMORY_MIN);
    check_memory(3, true, 6 << 20);
    check_memory(TAMIS_RUN_WORDS_MAX, true, TAMIS_SORT_MEMORY_MIN);
}

static void test_arguments(void **state)
{
    tamis_sorter_options options = {
        .words = 1, .memory_bytes = TAMIS_SORT_MEMORY_MIN - 1, .temp_folder = support_folder};
    tamis_sorter *sorter = NULL;

    (void)state;
    assert_int_equal(tamis_sorter_create(&options, &sorter, &err), TAMIS_EARG);
    options.memory_bytes++;
    options.words = 0;
    assert_int_equal(tamis_sorter_create(&options, &sorter, &err), TAMIS_EARG);
    options.words = TAMIS_RUN_WORDS_MAX + 1;
    assert_int_equal(tamis_sorter_create(&options, &sorter, &err), TAMIS_EARG);
    options.words--;
    assert_ok(tamis_sorter_create(&options, &sorter, &err), &err);
    tamis_sorter_destroy(sorter);
    tamis_sorter_destroy(NULL);
}

/* Adds more than memory takes and sorts; returns the first failure. */
static tamis_status run_to_fault(const char *folder)
{
    enum { COUNT = 200000 };
    const tamis_sorter_options options = {
        .words = 1, .memory_bytes = TAMIS_SORT_MEMORY_MIN, .temp_folder = folder};
    tamis_rng rng = {.state = 1};
    uint64_t *records = malloc(COUNT * 8);
    tamis_sorter *sorter = NULL;
    tamis_status status = tamis_sorter_create(&options, &sorter, &err);

    assert_non_null(records);
    for (size_t i = 0; i < COUNT; i++) {
        records[i] = tamis_rng_next(&rng);
    }
    if (status == TAMIS_OK) {
        status = tamis_sorter_add(sorter, records, COUNT, &err);
    }
    if (status == TAMIS_OK) {
        status = tamis_sorter_sort(sorter, &err);
    }
    tamis_sorter_destroy(sorter);
    free(records);
    return status;
}

static void test_spill_faults(void **state)
{
    static const rlim_t limits[] = {0, 1000, 200000};
    struct rlimit before;
    char path[PATH_SIZE];

    (void)state;
    assert_int_equal(run_to_fault(support_folder), TAMIS_OK);
    folder_path(path, "none");
    assert_int_equal(run_to_fault(path), TAMIS_ENOENT);
    assert_non_null(strstr(err.text, path));
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct rlimit limit = {.rlim_cur = limits[i], .rlim_max = before.rlim_max};

        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        assert_int_equal(run_to_fault(support_folder), TAMIS_EIO);
        assert_non_null(strstr(err.text, support_folder));
        assert_int_equal(folder_file_count(), 0);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_memory),      cmocka_unit_test(test_spills),
        cmocka_unit_test(test_merge_passes),   cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_large_payloads), cmocka_unit_test(test_write_by_part),
        cmocka_unit_test(test_memory),         cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_spill_faults),
    };

    return cmocka_run_group_tests(tests, folder_create, folder_remove);
}
