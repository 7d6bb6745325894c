/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: what quality says of a document goes through a whole run: dropped ones take no part in
 * deduplication, edited texts are compared and written as edited, everything adds up, and `verify`
 * agrees. Method: a run in one thread with a stand-in for the library of quality; its output line
 * by line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli_support.h"
#include "tamis/path.h"
#include "verify.h"

static char spec[] = "name: fake\nleast=4\n";

static tamis_buf read_out(const cli_case *c, const char *name)
{
    char path[CLI_PATH_SIZE];
    tamis_buf bytes;

    cli_path(c, name, path);
    tamis_buf_init(&bytes, 0);
    assert_int_equal(tamis_path_read_file(path, &bytes, NULL), TAMIS_OK);
    assert_int_equal(tamis_buf_append_byte(&bytes, 0), TAMIS_OK);
    return bytes;
}

static void check_has(const cli_case *c, const char *name, const char *text, bool is_there)
{
    tamis_buf bytes = read_out(c, name);

    if ((strstr((const char *)bytes.data, text) != NULL) != is_there) {
        print_error("%s: %s '%s' in\n%s\n", name, is_there ? "no" : "there is", text,
                    (const char *)bytes.data);
        fail();
    }
    tamis_buf_fini(&bytes);
}

static void check_verified(const cli_case *c, const char *name)
{
    char out[CLI_PATH_SIZE];
    tamis_verify_options options = {.out_path = out,
                                    .temp_folder = c->folder,
                                    .memory_bytes = UINT64_C(64) << 20,
                                    .sample = UINT64_MAX};
    tamis_verify_result result = {0};
    tamis_err err = {0};

    cli_path(c, name, out);
    assert_int_equal(tamis_verify_run(&options, &result, &err), TAMIS_OK);
    assert_int_equal(result.unreadable, 0);
    if (result.problems != 0) {
        print_error("%s\n", result.shown[0]);
        fail();
    }
}

/* The first two are equal once CUTME is out; the short and the forbidden one are no witnesses. */
static const char *const lines =
    "{\"a\":1,\"text\":\"one two three CUTME four five\",\"id\":\"d0\",\"b\":[2]}\n"
    "{\"id\":\"d1\",\"text\":\"one two three  four five\"}\n"
    "{\"id\":\"d2\",\"text\":\"too short\"}\n"
    "{\"id\":\"d3\",\"text\":\"too short\"}\n"
    "{\"id\":\"d4\",\"text\":\"a FORBIDDEN word stands in here\"}\n"
    "{\"id\":\"d5\",\"text\":\"my SECRET is \\\"quoted\\\" and long\",\"tamis\":{\"x\":1}}\n"
    "{\"id\":\"d6\",\"no\":\"text\"}\n";

static void run(cli_case *c, const char *out, tamis_verify verify)
{
    tamis_settings settings = cli_settings();

    settings.levels = 1u << TAMIS_LEVEL_EXACT | 1u << TAMIS_LEVEL_NEAR;
    settings.emit = TAMIS_EMIT_DOCUMENTS | TAMIS_EMIT_ATTRIBUTES | TAMIS_EMIT_REMOVED;
    settings.verify = verify;
    c->quality = spec;
    cli_run(c, &settings, out);
}

static void test_run(void **state)
{
    cli_case c;

    (void)state;
    cli_case_make(&c);
    cli_input_text(&c, "in.jsonl", lines);
    run(&c, "out", TAMIS_VERIFY_TEXT);
    /* Byte for byte but for text and `tamis`. */
    check_has(&c, "out/documents/in.jsonl",
              "{\"a\":1,\"text\":\"one two three  four five\",\"id\":\"d0\",\"b\":[2],\"tamis\":{",
              true);
    check_has(&c, "out/documents/in.jsonl", "\"edited\":{\"edits\":1,\"digest\":\"", true);
    check_has(&c, "out/documents/in.jsonl",
              "{\"id\":\"d5\",\"text\":\"my *** is \\\"quoted\\\" and", true);
    check_has(&c, "out/documents/in.jsonl", "\"x\":1", false);
    check_has(&c, "out/documents/in.jsonl", "SECRET", false);
    check_has(&c, "out/documents/in.jsonl", "\"d1\"", false);
    check_has(&c, "out/documents/in.jsonl", "\"d2\"", false);
    check_has(&c, "out/removed/in.jsonl",
              "{\"id\":\"d2\",\"text\":\"too short\",\"tamis\":{\"ord\":\"0.0.2\"", true);
    check_has(&c, "out/removed/in.jsonl", "\"verdict\":\"drop\",\"reason\":\"fake_short\"}}", true);
    check_has(&c, "out/removed/in.jsonl", "\"reason\":\"exact\"", true);
    check_has(
        &c, "out/attributes/in.jsonl",
        "\"reason\":\"fake_word\",\"quality\":{\"reason\":\"fake_word\",\"language\":{\"code\":"
        "\"en\",\"score\":0.75},\"signals\":{\"words\":6,\"bytes\":10.333333333333334,"
        "\"nothing\":null,\"word.drop\":1}}}",
        true);
    check_has(&c, "out/attributes/in.jsonl", "\"edits\":[[14,19,", true);
    check_has(&c, "out/attributes/in.jsonl", "\"***\"]]", true);
    check_has(&c, "out/report.json",
              "\"documents\":{\"read\":7,\"kept\":2,\"dropped\":4,\"quarantined\":1}", true);
    check_has(&c, "out/report.json", "\"fake_short\":{\"documents\":2,\"text_bytes\":18}", true);
    check_has(&c, "out/report.json", "\"profile\":{\"name\":\"fake\",", true);
    check_has(&c, "out/report.json",
              "\"quality\":{\"graded\":6,\"dropped\":3,\"edited\":{\"documents\":2,", true);
    check_has(&c, "out/report.json",
              "\"languages\":{\"en\":{\"documents\":6,\"text_bytes\":132,\"kept\":2,", true);
    check_verified(&c, "out");
    cli_case_remove(&c);
}

/* Documents of --against are not graded: one that would fail is a witness. */
static void test_against(void **state)
{
    cli_case c;

    (void)state;
    cli_case_make(&c);
    cli_against_text(&c, "old.jsonl",
                     "{\"id\":\"o\",\"text\":\"one FORBIDDEN two  three\"}\n"
                     "{\"id\":\"p\",\"text\":\"five six  seven eight\"}\n");
    cli_input_text(&c, "in.jsonl",
                   "{\"id\":\"n\",\"text\":\"one FORBIDDEN two  three\"}\n"
                   "{\"id\":\"m\",\"text\":\"five six CUTME seven eight\"}\n");
    run(&c, "out", TAMIS_VERIFY_AUTO);
    check_has(&c, "out/removed/in.jsonl", "\"reason\":\"fake_word\"", true);
    check_has(&c, "out/removed/in.jsonl", "\"witness\":{\"id\":\"p\"", true);
    check_has(&c, "out/removed/in.jsonl", "CUTME", true);
    check_verified(&c, "out");
    cli_case_remove(&c);
}

/* Judged anew from what the first run left, the result is that of a run from the texts. */
static void test_adopt(void **state)
{
    static char milder[] = "name: fake\nleast=2\n";
    static const char *const files[] = {"documents/in.jsonl", "attributes/in.jsonl",
                                        "removed/in.jsonl", "report.json"};
    tamis_settings settings = cli_settings();
    char from[CLI_PATH_SIZE];
    char moved[CLI_PATH_SIZE];
    cli_case c;

    (void)state;
    cli_case_make(&c);
    settings.emit = TAMIS_EMIT_DOCUMENTS | TAMIS_EMIT_ATTRIBUTES | TAMIS_EMIT_REMOVED;
    cli_input_text(&c, "in.jsonl", lines);
    c.quality = spec;
    cli_run(&c, &settings, "first");
    c.quality = milder;
    cli_run(&c, &settings, "whole");
    cli_path(&c, "first/.work/data/00000000000000aa", from);
    cli_path(&c, "earlier", moved);
    assert_int_equal(rename(from, moved), 0);
    c.scan_from = moved;
    c.scan_quality = spec;
    cli_run(&c, &settings, "again");
    check_has(&c, "again/report.json", "fake_short", false);
    check_has(&c, "again/documents/in.jsonl", "\"d2\"", true);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char name[CLI_PATH_SIZE];
        tamis_buf whole;
        tamis_buf again;

        (void)snprintf(name, sizeof(name), "whole/%s", files[i]);
        whole = read_out(&c, name);
        (void)snprintf(name, sizeof(name), "again/%s", files[i]);
        again = read_out(&c, name);
        assert_string_equal((const char *)again.data, (const char *)whole.data);
        tamis_buf_fini(&whole);
        tamis_buf_fini(&again);
    }
    cli_case_remove(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_run), cmocka_unit_test(test_against),
                                       cmocka_unit_test(test_adopt)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
