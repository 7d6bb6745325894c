/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the union of any number of sorted pieces comes out in order within little memory. Method:
 * seeded pieces, empty and absent ones among them, compared with one plain sort of all. */
#include "runs_support.h"

#include "tamis/sorter.h"

static tamis_err err;

/* `pieces` pieces of kind 3, part = number, some in each file; every seventh is missing. */
typedef struct fixture {
    size_t pieces;
    size_t files;
    char (*paths)[PATH_SIZE];
    tamis_merge_source *sources;
    uint64_t *all; /* all records, in order */
    size_t total;
} fixture;

static void write_piece(tamis_run_writer *writer, uint32_t kind, uint32_t part, uint64_t *records,
                        size_t count, uint32_t words)
{
    plain_sort(records, count, words);
    assert_ok(tamis_run_writer_begin(writer, kind, part, words, false, &err), &err);
    assert_ok(tamis_run_writer_append(writer, records, count, &err), &err);
    assert_ok(tamis_run_writer_end(writer, &err), &err);
}

static fixture fixture_make(tamis_rng *rng, size_t pieces, size_t pieces_in_file, size_t count_max,
                            uint32_t words)
{
    fixture made = {.pieces = pieces};
    tamis_run_writer *writer = NULL;

    made.paths = calloc(pieces + 1, sizeof(*made.paths));
    made.sources = calloc(pieces + 1, sizeof(*made.sources));
    made.all = malloc((pieces * count_max * words + 1) * 8);
    assert_true(made.paths != NULL && made.sources != NULL && made.all != NULL);
    for (size_t i = 0; i < pieces; i++) {
        /* Shapes are drawn anew: ranges that overlap, repeat, or stand apart. */
        size_t count =
            (size_t)tamis_rng_below(rng, 4) == 0 ? 0 : (size_t)tamis_rng_below(rng, count_max);
        uint64_t *records = shaped_records(rng, count, words);
        bool is_absent = i % 7 == 6;
        char *path = made.paths[i / pieces_in_file];

        if (i % pieces_in_file == 0) {
            char name[32];

            (void)snprintf(name, sizeof(name), "%zu.run", i);
            folder_path(path, name);
            assert_ok(tamis_run_writer_create(path, &writer, &err), &err);
            made.files++;
        }
        write_piece(writer, is_absent ? 4 : 3, (uint32_t)i, records, count, words);
        if (i % pieces_in_file == pieces_in_file - 1 || i == pieces - 1) {
            assert_ok(tamis_run_writer_finish(writer, NULL, &err), &err);
            tamis_run_writer_destroy(writer);
        }
        made.sources[i] = (tamis_merge_source){.path = path, .kind = 3, .part = (uint32_t)i};
        if (!is_absent) {
            memcpy(made.all + made.total * words, records, count * words * 8);
            made.total += count;
        }
        free(records);
    }
    plain_sort(made.all, made.total, words);
    return made;
}

static void fixture_free(fixture *made)
{
    free(made->paths);
    free(made->sources);
    free(made->all);
    folder_clear();
}

static tamis_sort_stats check_merge(const fixture *made, uint32_t words, uint64_t memory_bytes)
{
    const tamis_merge_options options = {
        .words = words, .memory_bytes = memory_bytes, .temp_folder = support_folder};
    tamis_merge *merge = NULL;
    const uint64_t *records = NULL;
    size_t count = 0;
    size_t done = 0;
    uint64_t bytes_before = 0;
    tamis_sort_stats stats = {0};
    tamis_status status = TAMIS_OK;

    bytes_before = allocated_bytes();
    assert_ok(tamis_merge_create(&options, made->sources, made->pieces, &merge, &err), &err);
    while ((status = tamis_merge_next(merge, &records, &count, &err)) == TAMIS_OK) {
        assert_true(allocated_bytes() <= bytes_before + memory_bytes + made->pieces * 400);
        assert_true(count > 0 && done + count <= made->total);
        assert_memory_equal(records, made->all + done * words, count * words * 8);
        done += count;
    }
    assert_int_equal(status, TAMIS_END);
    assert_int_equal(tamis_merge_next(merge, &records, &count, &err), TAMIS_END);
    assert_int_equal(done, made->total);
    tamis_merge_stats(merge, &stats);
    assert_int_equal(stats.records, made->total);
    tamis_merge_destroy(merge);
    assert_int_equal(folder_file_count(), made->files);
    return stats;
}

static void test_few_pieces(void **state)
{
    tamis_rng rng = seeded("few pieces");

    (void)state;
    for (uint32_t words = 1; words <= 8; words++) {
        for (size_t pieces = 0; pieces <= 10; pieces += 1 + pieces / 3) {
            fixture made = fixture_make(&rng, pieces, 3, words == 2 ? 20000 : 4000, words);

            assert_int_equal(check_merge(&made, words, 16 << 20).spills, 0);
            (void)check_merge(&made, words, TAMIS_SORT_MEMORY_MIN);
            fixture_free(&made);
        }
    }
}

static void test_wide_pieces(void **state)
{
    tamis_rng rng = seeded("wide pieces");
    fixture made = fixture_make(&rng, 30, 4, 800, 35);

    (void)state;
    assert_int_equal(check_merge(&made, 35, 16 << 20).merge_passes, 0);
    assert_true(check_merge(&made, 35, TAMIS_SORT_MEMORY_MIN).merge_passes > 0);
    fixture_free(&made);
    made = fixture_make(&rng, 5, 1, 200, TAMIS_RUN_WORDS_MAX);
    (void)check_merge(&made, TAMIS_RUN_WORDS_MAX, TAMIS_SORT_MEMORY_MIN);
    fixture_free(&made);
}

/* More pieces than are open at once. */
static void test_many_pieces(void **state)
{
    tamis_rng rng = seeded("many pieces");
    fixture made = fixture_make(&rng, 500, 100, 300, 2);

    (void)state;
    assert_true(check_merge(&made, 2, 64 << 20).merge_passes == 1);
    assert_true(check_merge(&made, 2, TAMIS_SORT_MEMORY_MIN).merge_passes >= 1);
    fixture_free(&made);
}

/* Equal records with different payloads come in the order of the sources. */
static void test_payloads(void **state)
{
    enum { PIECES = 9, COUNT = 400, MAX = 90000 };
    tamis_rng rng = seeded("payloads");
    tamis_merge_source sources[PIECES];
    char paths[PIECES][PATH_SIZE];
    const tamis_merge_options options = {.words = 1,
                                         .has_payload = true,
                                         .memory_bytes = TAMIS_SORT_MEMORY_MIN,
                                         .temp_folder = support_folder};
    uint8_t *payload = malloc(MAX);
    tamis_merge *merge = NULL;
    uint64_t done = 0;

    (void)state;
    assert_non_null(payload);
    for (uint32_t i = 0; i < PIECES; i++) {
        tamis_run_writer *writer = NULL;
        char name[32];

        (void)snprintf(name, sizeof(name), "%u.run", i);
        folder_path(paths[i], name);
        sources[i] = (tamis_merge_source){.path = paths[i], .kind = 1, .part = 0};
        assert_ok(tamis_run_writer_create(paths[i], &writer, &err), &err);
        assert_ok(tamis_run_writer_begin(writer, 1, 0, 1, true, &err), &err);
        for (uint64_t j = 0; j < COUNT; j++) {
            /* Each value twice in each piece. */
            uint64_t value = j / 2;
            size_t max = tamis_rng_below(&rng, 20) == 0 ? MAX : 500;
            size_t size = 16 + payload_make(payload + 16, max - 16, &value, j * PIECES + i);
            uint64_t mark = (uint64_t)i * COUNT + j;

            memcpy(payload, &mark, 8);
            memcpy(payload + 8, &value, 8);
            assert_ok(tamis_run_writer_append_payload(writer, &value, tamis_slice_of(payload, size),
                                                      &err),
                      &err);
        }
        assert_ok(tamis_run_writer_end(writer, &err), &err);
        assert_ok(tamis_run_writer_finish(writer, NULL, &err), &err);
        tamis_run_writer_destroy(writer);
    }
    assert_ok(tamis_merge_create(&options, sources, PIECES, &merge, &err), &err);
    while (done < PIECES * COUNT) {
        const uint64_t *records = NULL;
        size_t count = 0;

        assert_ok(tamis_merge_next(merge, &records, &count, &err), &err);
        for (size_t i = 0; i < count; i++, done++) {
            uint64_t value = done / (2 * PIECES);
            uint64_t source = done % (2 * PIECES) / 2;
            uint64_t expected = source * COUNT + value * 2 + done % 2;
            tamis_slice slice = tamis_merge_payload(merge, i);

            assert_int_equal(records[i], value);
            assert_true(slice.size >= 16);
            assert_memory_equal(slice.data, &expected, 8);
            assert_memory_equal(slice.data + 8, &value, 8);
        }
    }
    tamis_merge_destroy(merge);
    free(payload);
    folder_clear();
}

static void test_errors(void **state)
{
    uint64_t records[] = {1, 2, 3, 4};
    char path[PATH_SIZE];
    char none[PATH_SIZE];
    tamis_merge_options options = {
        .words = 3, .memory_bytes = TAMIS_SORT_MEMORY_MIN, .temp_folder = support_folder};
    tamis_merge_source source = {.path = path, .kind = 3, .part = 1};
    tamis_run_writer *writer = NULL;
    tamis_merge *merge = NULL;

    (void)state;
    folder_path(path, "two.run");
    folder_path(none, "none.run");
    assert_ok(tamis_run_writer_create(path, &writer, &err), &err);
    write_piece(writer, 3, 1, records, 2, 2);
    assert_ok(tamis_run_writer_finish(writer, NULL, &err), &err);
    tamis_run_writer_destroy(writer);
    assert_int_equal(tamis_merge_create(&options, &source, 1, &merge, &err), TAMIS_EFORMAT);
    options.words = 2;
    options.memory_bytes--;
    assert_int_equal(tamis_merge_create(&options, &source, 1, &merge, &err), TAMIS_EARG);
    options.memory_bytes++;
    source.path = none;
    assert_int_equal(tamis_merge_create(&options, &source, 1, &merge, &err), TAMIS_ENOENT);
    assert_null(merge);
    tamis_merge_destroy(NULL);
    folder_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_pieces),  cmocka_unit_test(test_wide_pieces),
        cmocka_unit_test(test_many_pieces), cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_errors),
    };

    return cmocka_run_group_tests(tests, folder_create, folder_remove);
}
