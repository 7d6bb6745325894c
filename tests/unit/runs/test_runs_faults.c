/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: whatever call fails, run files, sorters and merges end with the right status and a text,
 * leak nothing (under a sanitizer) and leave no temporary file. Method: one scenario that spills,
 * merges and writes is run again and again; each time the next allocation, write, read, sync,
 * rename or open of its kind fails. The linker puts the functions below in front of the real ones.
 */
#include "runs_support.h"

#include <errno.h>
#include <fcntl.h>

#include "tamis/sorter.h"

typedef enum fault {
    FAULT_ALLOC,
    FAULT_WRITE,
    FAULT_READ,
    FAULT_SYNC,
    FAULT_RENAME,
    FAULT_OPEN
} fault;

static fault fault_kind;
static int fault_error;
static long fault_countdown; /* 0: none is planned */
static bool fault_hit;

/* The linker's names. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __real_pread(int fd, void *data, size_t size, off_t offset);
int __real_rename(const char *from, const char *to);
int __real_open(const char *path, int flags, ...);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
ssize_t __wrap_pread(int fd, void *data, size_t size, off_t offset);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_open(const char *path, int flags, ...);

static bool fails(fault kind)
{
    if (kind != fault_kind || fault_countdown == 0 || --fault_countdown > 0) {
        return false;
    }
    fault_hit = true;
    errno = fault_error;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails(FAULT_ALLOC) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails(FAULT_ALLOC) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails(FAULT_ALLOC) ? NULL : __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails(FAULT_ALLOC) ? NULL : __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *text)
{
    return fails(FAULT_ALLOC) ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
    return fails(FAULT_ALLOC) ? NULL : __real_strndup(text, size);
}

ssize_t __wrap_write(int fd, const void *data, size_t size)
{
    return fails(FAULT_WRITE) ? -1 : __real_write(fd, data, size);
}

ssize_t __wrap_pread(int fd, void *data, size_t size, off_t offset)
{
    return fails(FAULT_READ) ? -1 : __real_pread(fd, data, size, offset);
}

int __wrap_fsync(int fd)
{
    (void)fd; /* nothing here needs to outlive the machine, and syncing takes long */
    return fails(FAULT_SYNC) ? -1 : 0;
}

int __wrap_rename(const char *from, const char *to)
{
    return fails(FAULT_RENAME) ? -1 : __real_rename(from, to);
}

int __wrap_open(const char *path, int flags, ...)
{
    va_list args;
    unsigned mode = 0;

    if (fails(FAULT_OPEN)) {
        return -1;
    }
    va_start(args, flags);
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
        mode = va_arg(args, unsigned);
    }
    va_end(args);
    return __real_open(path, flags, mode);
}

#define COUNT 70000
#define WORDS 2

static tamis_err err;
static uint64_t *sample;

static uint32_t top_bits(const void *context, uint64_t word)
{
    (void)context;
    return (uint32_t)(word >> 62);
}

/* Sorts with spills and writes the result. */
static tamis_status sort_to_file(const char *path)
{
    const tamis_sorter_options options = {
        .words = WORDS, .memory_bytes = TAMIS_SORT_MEMORY_MIN, .temp_folder = support_folder};
    tamis_sorter *sorter = NULL;
    tamis_run_writer *writer = NULL;
    tamis_status status = tamis_sorter_create(&options, &sorter, &err);

    if (status == TAMIS_OK) {
        status = tamis_sorter_add(sorter, sample, COUNT, &err);
    }
    if (status == TAMIS_OK) {
        status = tamis_run_writer_create(path, &writer, &err);
    }
    if (status == TAMIS_OK) {
        status = tamis_sorter_write(sorter, writer, 1, top_bits, NULL, &err);
    }
    if (status == TAMIS_OK) {
        status = tamis_run_writer_finish(writer, NULL, &err);
    }
    tamis_run_writer_destroy(writer);
    tamis_sorter_destroy(sorter);
    return status;
}

/* The same for payloads, one of them larger than memory. */
static tamis_status sort_payloads(const char *path)
{
    static uint8_t payload[2 << 20];
    const tamis_sorter_options options = {.words = 1,
                                          .has_payload = true,
                                          .memory_bytes = TAMIS_SORT_MEMORY_MIN,
                                          .temp_folder = support_folder};
    tamis_sorter *sorter = NULL;
    tamis_run_writer *writer = NULL;
    tamis_status status = tamis_sorter_create(&options, &sorter, &err);

    for (uint64_t i = 0; i < 300 && status == TAMIS_OK; i++) {
        size_t size = i == 100 ? sizeof(payload) : 5000;

        status = tamis_sorter_add_payload(sorter, sample + i, tamis_slice_of(payload, size), &err);
    }
    if (status == TAMIS_OK) {
        status = tamis_run_writer_create(path, &writer, &err);
    }
    if (status == TAMIS_OK) {
        status = tamis_sorter_write(sorter, writer, 1, top_bits, NULL, &err);
    }
    if (status == TAMIS_OK) {
        status = tamis_run_writer_finish(writer, NULL, &err);
    }
    tamis_run_writer_destroy(writer);
    tamis_sorter_destroy(sorter);
    return status;
}

/* More pieces than 1 MiB takes at once. */
static tamis_status merge_file(const char *path)
{
    const tamis_merge_options options = {
        .words = WORDS, .memory_bytes = TAMIS_SORT_MEMORY_MIN, .temp_folder = support_folder};
    tamis_merge_source sources[16];
    tamis_merge *merge = NULL;
    const uint64_t *records = NULL;
    size_t count = 0;
    size_t total = 0;
    tamis_status status = TAMIS_OK;

    for (uint32_t i = 0; i < 16; i++) {
        sources[i] = (tamis_merge_source){.path = path, .kind = 1, .part = i % 4};
    }
    status = tamis_merge_create(&options, sources, 16, &merge, &err);
    while (status == TAMIS_OK) {
        status = tamis_merge_next(merge, &records, &count, &err);
        total += status == TAMIS_OK ? count : 0;
    }
    tamis_merge_destroy(merge);
    if (status == TAMIS_END) {
        assert_int_equal(total, 4 * COUNT);
        return TAMIS_OK;
    }
    return status;
}

static tamis_status read_file(const char *path)
{
    tamis_run_file *file = NULL;
    tamis_run_cursor *cursor = NULL;
    const uint64_t *records = NULL;
    size_t count = 0;
    tamis_status status = tamis_run_file_open(path, &file, &err);

    if (status == TAMIS_OK) {
        status = tamis_run_cursor_create(file, 1, 0, 0, &cursor, &err);
    }
    while (status == TAMIS_OK) {
        status = tamis_run_cursor_next(cursor, &records, &count, &err);
    }
    tamis_run_cursor_destroy(cursor);
    tamis_run_file_close(file);
    return status == TAMIS_END ? TAMIS_OK : status;
}

static tamis_status scenario(void)
{
    char path[PATH_SIZE];
    char payload_path[PATH_SIZE];
    tamis_status status = TAMIS_OK;

    folder_path(path, "words.run");
    folder_path(payload_path, "payload.run");
    status = sort_to_file(path);
    if (status == TAMIS_OK) {
        status = sort_payloads(payload_path);
    }
    if (status == TAMIS_OK) {
        status = merge_file(path);
    }
    if (status == TAMIS_OK) {
        status = read_file(payload_path);
    }
    return status;
}

/* Files that were not finished. */
static int temporary_count(void)
{
    DIR *folder = opendir(support_folder);
    struct dirent *entry = NULL;
    int count = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        count += strstr(entry->d_name, ".tmp") != NULL;
    }
    (void)closedir(folder);
    return count;
}

static void check_faults(fault kind, int error, tamis_status expected, long step)
{
    long number = 1;
    int hits = 0;

    for (;; number += step) {
        tamis_status status = TAMIS_OK;

        fault_kind = kind;
        fault_error = error;
        fault_countdown = number;
        fault_hit = false;
        err.text[0] = '\0';
        status = scenario();
        fault_countdown = 0;
        assert_int_equal(temporary_count(), 0);
        folder_clear();
        if (!fault_hit) {
            assert_ok(status, &err);
            break;
        }
        hits++;
        assert_int_equal(status, expected);
        assert_int_equal(err.status, expected);
        assert_true(err.text[0] != '\0');
    }
    print_message("kind %d: %d faults\n", (int)kind, hits);
    assert_true(hits > 2);
}

static void test_faults(void **state)
{
    tamis_rng rng = seeded("faults");

    (void)state;
    sample = shaped_records(&rng, COUNT, WORDS);
    for (size_t i = 0; i < COUNT; i++) {
        sample[i * WORDS] = tamis_rng_next(&rng);
    }
    check_faults(FAULT_ALLOC, ENOMEM, TAMIS_ENOMEM, 1);
    check_faults(FAULT_WRITE, ENOSPC, TAMIS_ENOSPC, 1);
    check_faults(FAULT_READ, EIO, TAMIS_EIO, 3);
    check_faults(FAULT_SYNC, EIO, TAMIS_EIO, 1);
    check_faults(FAULT_OPEN, EMFILE, TAMIS_EIO, 1);
    free(sample);
}

static void test_rename_fault(void **state)
{
    tamis_rng rng = seeded("rename");
    char path[PATH_SIZE];

    (void)state;
    sample = shaped_records(&rng, COUNT, WORDS);
    folder_path(path, "words.run");
    fault_kind = FAULT_RENAME;
    fault_error = EACCES;
    fault_countdown = 1;
    assert_int_equal(sort_to_file(path), TAMIS_EDENIED);
    fault_countdown = 0;
    assert_int_equal(folder_file_count(), 0);
    free(sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_rename_fault),
    };

    return cmocka_run_group_tests(tests, folder_create, folder_remove);
}
