/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: an image of some pieces is a run file that holds exactly them, whatever ranges it is read
 * in, and is found within another file. Method: seeded files; every range of kinds and parts is
 * compared with what was written; images are put one behind the other and opened at their places.
 */
#include "runs_support.h"

#include <fcntl.h>

#include "tamis/run_slice.h"
#include "tamis/sorter.h"

#define KINDS 3
#define PARTS 90 /* with KINDS more than a leaf of the directory */

static tamis_err err;

typedef struct made {
    uint64_t *records[KINDS][PARTS];
    size_t counts[KINDS][PARTS];
    char path[PATH_SIZE];
} made;

/* Pieces of every third part are absent. */
static void make(made *m, const char *name, tamis_rng *rng)
{
    tamis_run_writer *writer = NULL;

    *m = (made){0};
    folder_path(m->path, name);
    assert_ok(tamis_run_writer_create(m->path, &writer, &err), &err);
    for (uint32_t part = 0; part < PARTS; part++) {
        for (uint32_t kind = 0; kind < KINDS; kind++) {
            size_t count = 1 + (size_t)tamis_rng_below(rng, part % 7 == 0 ? 6000 : 50);

            if ((part + kind) % 3 == 0) {
                continue;
            }
            m->records[kind][part] = shaped_records(rng, count, kind + 1);
            m->counts[kind][part] = count;
            plain_sort(m->records[kind][part], count, kind + 1);
            assert_ok(tamis_run_writer_begin(writer, kind, part, kind + 1, false, &err), &err);
            assert_ok(tamis_run_writer_append(writer, m->records[kind][part], count, &err), &err);
            assert_ok(tamis_run_writer_end(writer, &err), &err);
        }
    }
    assert_ok(tamis_run_writer_finish(writer, NULL, &err), &err);
    tamis_run_writer_destroy(writer);
}

static void unmake(made *m)
{
    for (uint32_t kind = 0; kind < KINDS; kind++) {
        for (uint32_t part = 0; part < PARTS; part++) {
            free(m->records[kind][part]);
        }
    }
}

static tamis_run_source *open_source(const made *m)
{
    tamis_run_source *source = NULL;
    int fd = open(m->path, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_ok(tamis_run_source_open(fd, m->path, &source, &err), &err);
    assert_int_equal(tamis_run_source_fd(source), fd);
    return source;
}

static void check_file(tamis_run_file *file, const made *m, uint32_t kind, uint32_t first,
                       uint32_t end)
{
    uint32_t pieces = 0;

    for (uint32_t part = 0; part < PARTS; part++) {
        bool is_wanted = part >= first && part < end;
        size_t count = is_wanted ? m->counts[kind][part] : 0;
        tamis_run_cursor *cursor = NULL;
        const uint64_t *records = NULL;
        size_t got = 0;
        size_t done = 0;

        assert_int_equal(tamis_run_file_count(file, kind, part), count);
        pieces += count != 0;
        assert_ok(tamis_run_cursor_create(file, kind, part, 1, &cursor, &err), &err);
        while (tamis_run_cursor_next(cursor, &records, &got, &err) == TAMIS_OK) {
            assert_memory_equal(records, m->records[kind][part] + done * (kind + 1),
                                got * (kind + 1) * 8);
            done += got;
        }
        assert_int_equal(done, count);
        tamis_run_cursor_destroy(cursor);
    }
    assert_int_equal(tamis_run_file_piece_count(file), pieces);
}

/* Appends the image to fd, read in ranges of random sizes; its size. */
static uint64_t append_image(const tamis_run_slice *slice, int fd, tamis_rng *rng)
{
    uint64_t size = tamis_run_slice_size(slice);
    uint64_t done = 0;

    while (done < size) {
        uint8_t bytes[3000];
        size_t step = 1 + (size_t)tamis_rng_below(rng, sizeof(bytes));

        step = step < size - done ? step : (size_t)(size - done);
        assert_ok(tamis_run_slice_read(slice, done, bytes, step, &err), &err);
        assert_int_equal(write(fd, bytes, step), step);
        done += step;
    }
    return size;
}

static void test_images_hold_the_pieces(void **state)
{
    tamis_rng rng = seeded("images");
    char path[PATH_SIZE];
    made m;
    tamis_run_source *source = NULL;
    uint64_t offset = 7;
    int fd = -1;

    (void)state;
    make(&m, "source.run", &rng);
    source = open_source(&m);
    folder_path(path, "bundle");
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "garbage", 7), 7);
    for (unsigned round = 0; round < 60; round++) {
        uint32_t kind = (uint32_t)tamis_rng_below(&rng, KINDS + 1);
        uint32_t first = round == 0 ? 0 : (uint32_t)tamis_rng_below(&rng, PARTS + 2);
        uint32_t end = round == 0 ? UINT32_MAX : first + (uint32_t)tamis_rng_below(&rng, 9);
        tamis_run_slice *slice = NULL;
        uint64_t size = 0;

        kind = round == 0 ? 1 : kind;
        assert_ok(tamis_run_slice_create(source, kind, first, end, &slice, &err), &err);
        size = append_image(slice, fd, &rng);
        if (kind < KINDS && size != 0) {
            tamis_run_file *file = NULL;

            assert_ok(tamis_run_file_open_at(path, offset, size, &file, &err), &err);
            check_file(file, &m, kind, first, end);
            tamis_run_file_close(file);
            assert_ok(tamis_run_file_open_at(path, offset, 0, &file, &err), &err);
            tamis_run_file_close(file);
        } else {
            assert_int_equal(size, 0);
        }
        offset += size;
        tamis_run_slice_destroy(slice);
    }
    (void)close(fd);
    tamis_run_source_close(source);
    unmake(&m);
}

/* A file whose pieces stand in order, all of one kind: its image is the file itself. */
static void test_image_of_all_is_the_file(void **state)
{
    tamis_rng rng = seeded("whole");
    char path[PATH_SIZE];
    tamis_run_writer *writer = NULL;
    tamis_run_source *source = NULL;
    tamis_run_slice *slice = NULL;
    uint64_t bytes = 0;
    uint8_t *image = NULL;
    uint8_t *file = NULL;
    int fd = -1;

    (void)state;
    folder_path(path, "whole.run");
    assert_ok(tamis_run_writer_create(path, &writer, &err), &err);
    for (uint32_t part = 0; part < 200; part++) {
        uint64_t *records = shaped_records(&rng, 300, 2);

        plain_sort(records, 300, 2);
        assert_ok(tamis_run_writer_begin(writer, 5, part, 2, false, &err), &err);
        assert_ok(tamis_run_writer_append(writer, records, 300, &err), &err);
        assert_ok(tamis_run_writer_end(writer, &err), &err);
        free(records);
    }
    assert_ok(tamis_run_writer_finish(writer, &bytes, &err), &err);
    tamis_run_writer_destroy(writer);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_ok(tamis_run_source_open(fd, path, &source, &err), &err);
    assert_ok(tamis_run_slice_create(source, 5, 0, 200, &slice, &err), &err);
    assert_int_equal(tamis_run_slice_size(slice), bytes);
    image = malloc(bytes);
    file = malloc(bytes);
    assert_non_null(image);
    assert_non_null(file);
    assert_ok(tamis_run_slice_read(slice, 0, image, bytes, &err), &err);
    assert_int_equal(pread(fd, file, bytes, 0), bytes);
    assert_memory_equal(image, file, bytes);
    free(image);
    free(file);
    tamis_run_slice_destroy(slice);
    tamis_run_source_close(source);
}

static void test_merge_of_images(void **state)
{
    tamis_rng rng = seeded("merge");
    char path[PATH_SIZE];
    made m[2];
    tamis_merge_source sources[2] = {{.kind = 2, .part = 2}, {.kind = 2, .part = 2}};
    tamis_merge_options options = {
        .words = 3, .memory_bytes = 1 << 20, .temp_folder = support_folder};
    tamis_merge *merge = NULL;
    const uint64_t *records = NULL;
    size_t count = 0;
    size_t total = 0;
    uint64_t offset = 0;
    int fd = -1;

    (void)state;
    folder_path(path, "two");
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (unsigned i = 0; i < 2; i++) {
        tamis_run_source *source = NULL;
        tamis_run_slice *slice = NULL;

        make(&m[i], i == 0 ? "a.run" : "b.run", &rng);
        source = open_source(&m[i]);
        assert_ok(tamis_run_slice_create(source, 2, 2, 4, &slice, &err), &err);
        sources[i].path = path;
        sources[i].offset = offset;
        sources[i].size = append_image(slice, fd, &rng);
        offset += sources[i].size;
        tamis_run_slice_destroy(slice);
        tamis_run_source_close(source);
    }
    (void)close(fd);
    assert_ok(tamis_merge_create(&options, sources, 2, &merge, &err), &err);
    while (tamis_merge_next(merge, &records, &count, &err) == TAMIS_OK) {
        total += count;
    }
    assert_int_equal(total, m[0].counts[2][2] + m[1].counts[2][2]);
    tamis_merge_destroy(merge);
    sources[1].size--;
    assert_int_equal(tamis_merge_create(&options, sources, 2, &merge, &err), TAMIS_ECORRUPT);
    unmake(&m[0]);
    unmake(&m[1]);
}

static void test_errors(void **state)
{
    tamis_rng rng = seeded("errors");
    char path[PATH_SIZE];
    tamis_run_source *source = NULL;
    tamis_run_file *file = NULL;
    made m;
    int fd = -1;

    (void)state;
    folder_path(path, "none");
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, path, 60), 60);
    assert_int_equal(tamis_run_source_open(fd, path, &source, &err), TAMIS_ECORRUPT);
    assert_int_equal(fcntl(fd, F_GETFD), -1); /* it was closed */
    make(&m, "small.run", &rng);
    assert_int_equal(tamis_run_file_open_at(m.path, UINT64_C(1) << 40, 0, &file, &err),
                     TAMIS_ECORRUPT);
    assert_int_equal(tamis_run_file_open_at(m.path, 1, UINT64_MAX, &file, &err), TAMIS_ECORRUPT);
    assert_int_equal(tamis_run_file_open_at(m.path, 0, UINT64_C(1) << 40, &file, &err),
                     TAMIS_ECORRUPT);
    tamis_run_source_close(NULL);
    tamis_run_slice_destroy(NULL);
    unmake(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images_hold_the_pieces),
        cmocka_unit_test(test_image_of_all_is_the_file),
        cmocka_unit_test(test_merge_of_images),
        cmocka_unit_test(test_errors),
    };

    return cmocka_run_group_tests(tests, folder_create, folder_remove);
}
