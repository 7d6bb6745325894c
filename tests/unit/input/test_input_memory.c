/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: without memory, finding and reading inputs fails with TAMIS_ENOMEM, and nothing leaks.
 * Method: each allocation of a whole use is made to fail in turn.
 */
#include "failing_malloc.h"
#include "input_support.h"

#include <stdio.h>

#define ALLOCATIONS_MAX 3000

static char folder[SUPPORT_PATH_SIZE];

static void file_make(const char *name, tamis_compression compression, const char *text)
{
    char path[SUPPORT_PATH_SIZE];
    tamis_buf packed = {.max = 0};

    support_path(path, folder, name);
    support_pack(&packed, compression, text, strlen(text));
    support_write(path, packed.data, packed.size);
    tamis_buf_fini(&packed);
}

static int setup(void **state)
{
    static const char lines[] = "{\"id\":\"\\u0061\",\"url\":\"\\u0062\",\"text\":\"\\ud800\"}\n";
    static const char record[] =
        "WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http\r\n"
        "WARC-Record-ID: \xff\r\nContent-Length: 88\r\n\r\nHTTP/1.1 200 OK\r\n"
        "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";

    char order_line[SUPPORT_PATH_SIZE];

    (void)state;
    support_folder_make(folder);
    file_make("a.jsonl", TAMIS_COMPRESSION_NONE, lines);
    file_make("b/a.jsonl.gz", TAMIS_COMPRESSION_GZIP, lines);
    file_make("c.jsonl.zst", TAMIS_COMPRESSION_ZSTD, lines);
    file_make("d.warc.gz", TAMIS_COMPRESSION_GZIP, record);
    file_make("e.txt", TAMIS_COMPRESSION_NONE, "\xff");
    support_path(order_line, folder, "b");
    file_make("order", TAMIS_COMPRESSION_NONE, order_line);
    file_make("unknown", TAMIS_COMPRESSION_GZIP, lines);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    support_folder_remove(folder);
    return 0;
}

static tamis_status read_all(const tamis_settings *settings, const tamis_plan *plan,
                             uint64_t *out_rows)
{
    tamis_reader *reader = NULL;
    tamis_status status = tamis_reader_create(settings, &reader, NULL);

    for (uint32_t i = 0; i < plan->split_count && status == TAMIS_OK; i++) {
        const tamis_split *split = &plan->splits[i];

        status = tamis_reader_open(reader, &plan->inputs[split->input], split, i, NULL);
        while (status == TAMIS_OK) {
            tamis_doc doc;

            status = tamis_reader_next(reader, &doc, NULL);
            *out_rows += status == TAMIS_OK;
        }
        status = status == TAMIS_END ? TAMIS_OK : status;
    }
    tamis_reader_destroy(reader);
    return status;
}

static tamis_status use_all(uint64_t *out_rows)
{
    char order[SUPPORT_PATH_SIZE];
    char unknown[SUPPORT_PATH_SIZE];
    char pattern[SUPPORT_PATH_SIZE];
    const char *paths[] = {folder, unknown, pattern};
    tamis_discover_options options = {.paths = paths, .path_count = 3, .priority_file = order};
    tamis_settings settings = support_settings();
    tamis_plan plan = {.inputs = NULL};
    tamis_buf url = {.max = 0};
    tamis_status status = TAMIS_OK;

    support_path(order, folder, "order");
    support_path(unknown, folder, "unknown");
    support_path(pattern, folder, "*/**/a*");
    *out_rows = 0;
    settings.split_bytes = 40;
    status = tamis_discover(&settings, &options, &plan, NULL);
    if (status == TAMIS_OK) {
        status = read_all(&settings, &plan, out_rows);
    }
    tamis_plan_fini(&plan);
    if (status == TAMIS_OK) {
        status = tamis_url_normalize(tamis_slice_of_string("http://\xc3\xa4.x/\xc3\xa4?a"), &url);
    }
    tamis_buf_fini(&url);
    return status;
}

static void test_each_allocation(void **state)
{
    tamis_status status = TAMIS_ENOMEM;
    uint64_t rows = 0;
    long successes = 0;

    (void)state;
    for (; status != TAMIS_OK && successes < ALLOCATIONS_MAX; successes++) {
        failing_malloc_after(successes);
        status = use_all(&rows);
        failing_malloc_after(-1);
        if (status != TAMIS_OK && status != TAMIS_ENOMEM) {
            print_error("after %ld: %s\n", successes, tamis_status_name(status));
        }
        assert_true(status == TAMIS_OK || status == TAMIS_ENOMEM);
    }
    assert_int_equal(status, TAMIS_OK);
    assert_int_equal(rows, 6);
    assert_true(successes > 20);
    print_message("%ld allocations\n", successes - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_allocation, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
