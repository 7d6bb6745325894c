/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: one whole line an event, in both formats, whatever the fields hold and however many threads
 * write.
 * Method: a fixed clock and a pipe; lines byte by byte; threads that write to one file.
 */
#include "tamis/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tamis/buf.h"
#include "tamis/path.h"

#define THREADS        4
#define LINES_A_THREAD 500
#define TIME_TEXT      "2024-05-01T12:00:00.007Z"
#define READ_BYTES_MAX 16384

static int64_t fixed_now_ms(void)
{
    return INT64_C(1714564800007);
}

/* Writes one event to a pipe and returns what arrived. */
static const char *written(tamis_log_format format, tamis_log_level least, tamis_log_level level,
                           const tamis_log_field *fields, size_t count)
{
    static char text[READ_BYTES_MAX];
    int ends[2];
    tamis_log *log = NULL;
    ssize_t size = 0;

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(tamis_log_create(&(tamis_log_options){.file = ends[1],
                                                           .level = least,
                                                           .format = format,
                                                           .now_ms = fixed_now_ms},
                                      &log),
                     TAMIS_OK);
    tamis_log_write(log, level, "lease.expired", fields, count);
    tamis_log_destroy(log);
    assert_int_equal(close(ends[1]), 0);
    size = read(ends[0], text, sizeof(text) - 1);
    assert_true(size >= 0);
    text[size] = '\0';
    assert_int_equal(close(ends[0]), 0);
    return text;
}

static const tamis_log_field every_kind[] = {
    {.key = "task", .kind = TAMIS_LOG_KIND_UINT, .number = UINT64_MAX},
    {.key = "delta", .kind = TAMIS_LOG_KIND_INT, .number = (uint64_t)-5},
    {.key = "job", .kind = TAMIS_LOG_KIND_HEX, .number = 0xab},
    {.key = "path", .kind = TAMIS_LOG_KIND_TEXT, .text = "/a/b"},
    {.key = "left_out", .kind = TAMIS_LOG_KIND_TEXT, .text = NULL},
    {.key = "text", .kind = TAMIS_LOG_KIND_TEXT, .text = "a b=\"\n\xc3\xa9\xff"},
    {.key = "empty", .kind = TAMIS_LOG_KIND_TEXT, .text = ""},
};

static void test_text(void **state)
{
    (void)state;
    assert_string_equal(
        written(TAMIS_LOG_TEXT, TAMIS_LOG_INFO, TAMIS_LOG_INFO, every_kind, 7),
        TIME_TEXT " info lease.expired task=18446744073709551615 delta=-5 job=00000000000000ab "
                  "path=/a/b text=\"a b=\\\"\\n\xc3\xa9\xef\xbf\xbd\" empty=\"\"\n");
    assert_string_equal(written(TAMIS_LOG_TEXT, TAMIS_LOG_DEBUG, TAMIS_LOG_ERROR, NULL, 0),
                        TIME_TEXT " error lease.expired\n");
}

static void test_json(void **state)
{
    (void)state;
    assert_string_equal(
        written(TAMIS_LOG_JSON, TAMIS_LOG_INFO, TAMIS_LOG_WARN, every_kind, 7),
        "{\"ts\":\"" TIME_TEXT "\",\"level\":\"warn\",\"event\":\"lease.expired\","
        "\"task\":18446744073709551615,\"delta\":-5,\"job\":\"00000000000000ab\","
        "\"path\":\"/a/b\",\"text\":\"a b=\\\"\\n\xc3\xa9\xef\xbf\xbd\",\"empty\":\"\"}\n");
}

static void test_levels(void **state)
{
    (void)state;
    for (int least = 0; least < TAMIS_LOG_LEVEL_COUNT; least++) {
        for (int level = 0; level < TAMIS_LOG_LEVEL_COUNT; level++) {
            const char *text =
                written(TAMIS_LOG_TEXT, (tamis_log_level)least, (tamis_log_level)level, NULL, 0);

            assert_int_equal(text[0] != '\0', level <= least);
        }
    }
    assert_false(tamis_log_is_on(NULL, TAMIS_LOG_ERROR));
    tamis_log_event(NULL, TAMIS_LOG_ERROR, "nobody.listens", tamis_log_uint("n", 1));
}

/* A field that does not fit is left out whole, and the line keeps its end. */
static void test_long_fields(void **state)
{
    static char longest[20000];
    tamis_log_field fields[] = {tamis_log_text("long", longest), tamis_log_uint("after", 1)};

    (void)state;
    memset(longest, 'x', sizeof(longest) - 1);
    assert_string_equal(written(TAMIS_LOG_TEXT, TAMIS_LOG_INFO, TAMIS_LOG_INFO, fields, 2),
                        TIME_TEXT " info lease.expired after=1\n");
    for (size_t size = 8000; size < 8200; size++) {
        const char *text = NULL;
        size_t length = 0;

        memset(longest, 'x', size);
        longest[size] = '\0';
        text = written(TAMIS_LOG_JSON, TAMIS_LOG_INFO, TAMIS_LOG_INFO, fields, 2);
        length = strlen(text);
        assert_true(length <= 8192);
        assert_string_equal(text + length - 2, "}\n");
    }
}

static void test_bad_utf8(void **state)
{
    static const struct {
        const char *bytes;
        size_t replaced;
    } texts[] = {
        {"\x80 ", 1},
        {"\xc0\xaf", 2},
        {"\xc2 ", 1},
        {"\xe0\x9f\xbf", 3},
        {"\xed\xa0\x80", 3},
        {"\xf0\x8f\xbf\xbf", 4},
        {"\xf4\x90\x80\x80", 4},
        {"\xf5 ", 1},
        {"\xf0\x9f\x98\x80", 0},
        {"\xed\x9f\xbf", 0},
        {"\xe2\x82", 2},
        {"\xef\xbf\xbf", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        tamis_log_field field = tamis_log_text("t", texts[i].bytes);
        const char *text = written(TAMIS_LOG_JSON, TAMIS_LOG_INFO, TAMIS_LOG_INFO, &field, 1);
        size_t found = 0;

        for (const char *p = text; (p = strstr(p, "\xef\xbf\xbd")) != NULL; p++) {
            found++;
        }
        assert_int_equal(found, texts[i].replaced);
    }
}

static void *write_lines(void *argument)
{
    tamis_log *log = argument;

    for (unsigned i = 0; i < LINES_A_THREAD; i++) {
        tamis_log_event(log, TAMIS_LOG_INFO, "test.line", tamis_log_uint("number", i),
                        tamis_log_text("text", "some words that make the line longer"));
    }
    return NULL;
}

static void test_threads(void **state)
{
    char path[] = "/tmp/tamis-test-log-XXXXXX";
    pthread_t threads[THREADS];
    int file = mkstemp(path);
    tamis_log *log = NULL;
    tamis_buf bytes;
    size_t lines = 0;
    size_t start = 0;

    (void)state;
    assert_true(file >= 0);
    assert_int_equal(close(file), 0);
    assert_int_equal(
        tamis_log_open(&(tamis_log_options){.level = TAMIS_LOG_INFO}, path, &log, NULL), TAMIS_OK);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, log), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(tamis_log_dropped(log), 0);
    tamis_log_destroy(log);
    tamis_buf_init(&bytes, 0);
    assert_int_equal(tamis_path_read_file(path, &bytes, NULL), TAMIS_OK);
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] == '\n') {
            assert_memory_equal(bytes.data + i - 7, "longer\"", 7);
            assert_memory_equal(bytes.data + start, "20", 2);
            start = i + 1;
            lines++;
        }
    }
    assert_int_equal(lines, THREADS * LINES_A_THREAD);
    tamis_buf_fini(&bytes);
    assert_int_equal(unlink(path), 0);
}

static void test_failures(void **state)
{
    tamis_log *log = NULL;
    tamis_err err = {0};
    int file = open("/dev/full", O_WRONLY);

    (void)state;
    assert_int_equal(tamis_log_open(&(tamis_log_options){0}, "/nowhere/log", &log, &err),
                     TAMIS_ENOENT);
    assert_non_null(strstr(err.text, "/nowhere/log: cannot open the log"));
    assert_true(file >= 0);
    assert_int_equal(
        tamis_log_create(&(tamis_log_options){.file = file, .level = TAMIS_LOG_INFO}, &log),
        TAMIS_OK);
    tamis_log_write(log, TAMIS_LOG_INFO, "lost", NULL, 0);
    tamis_log_write(log, TAMIS_LOG_DEBUG, "not.asked.for", NULL, 0);
    assert_int_equal(tamis_log_dropped(log), 1);
    tamis_log_destroy(log);
    tamis_log_destroy(NULL);
    assert_int_equal(close(file), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),     cmocka_unit_test(test_json),
        cmocka_unit_test(test_levels),   cmocka_unit_test(test_long_fields),
        cmocka_unit_test(test_bad_utf8), cmocka_unit_test(test_threads),
        cmocka_unit_test(test_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
