/* SPDX-License-Identifier: Apache-2.0 */
/* Finding inputs: files, folders, patterns, precedence, names, splits. */
#include "input_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct fixture {
    char folder[SUPPORT_PATH_SIZE];
    char old_folder[SUPPORT_PATH_SIZE];
    tamis_settings settings;
    tamis_plan plan;
    tamis_err err;
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    support_folder_make(f->folder);
    f->settings = support_settings();
    assert_non_null(getcwd(f->old_folder, sizeof(f->old_folder)));
    assert_int_equal(chdir(f->folder), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    assert_int_equal(chdir(f->old_folder), 0);
    tamis_plan_fini(&f->plan);
    support_folder_remove(f->folder);
    free(f);
    return 0;
}

#define PATHS_MAX 8

/* paths, against: separated by spaces. */
static tamis_status discover(fixture *f, const char *paths, const char *against,
                             const char *priority_file)
{
    char path_text[512];
    char against_text[512];
    const char *path_list[PATHS_MAX];
    const char *against_list[PATHS_MAX];
    tamis_discover_options options = {
        .paths = path_list, .against = against_list, .priority_file = priority_file};
    char *rest = NULL;

    (void)snprintf(path_text, sizeof(path_text), "%s", paths);
    (void)snprintf(against_text, sizeof(against_text), "%s", against);
    for (char *p = strtok_r(path_text, " ", &rest); p != NULL; p = strtok_r(NULL, " ", &rest)) {
        path_list[options.path_count++] = p;
    }
    for (char *p = strtok_r(against_text, " ", &rest); p != NULL; p = strtok_r(NULL, " ", &rest)) {
        against_list[options.against_count++] = p;
    }
    tamis_plan_fini(&f->plan);
    return tamis_discover(&f->settings, &options, &f->plan, &f->err);
}

/* "shown=name" of all inputs, "!" in front of those with a fault, "@" of those of --against. */
static void check_inputs(const fixture *f, const char *expected)
{
    char text[2048] = "";
    size_t size = 0;

    for (uint32_t i = 0; i < f->plan.input_count; i++) {
        const tamis_input *input = &f->plan.inputs[i];

        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s%s%s=%s", i == 0 ? "" : " ",
                                 input->fault != TAMIS_OK ? "!" : "", input->is_against ? "@" : "",
                                 input->shown, input->name);
        assert_true(size < sizeof(text));
        assert_int_equal(input->path[0], '/');
        if (input->fault == TAMIS_OK) {
            assert_int_equal(access(input->path, R_OK), 0);
            assert_true(input->split_count >= 1);
            assert_null(input->fault_text);
        } else {
            assert_int_equal(input->split_count, 0);
            assert_non_null(input->fault_text);
        }
    }
    assert_string_equal(text, expected);
}

/* Names of the inputs of all splits, in ord order. */
static void check_splits(const fixture *f, const char *expected)
{
    char text[2048] = "";
    size_t size = 0;

    for (uint32_t i = 0; i < f->plan.split_count; i++) {
        const tamis_split *split = &f->plan.splits[i];
        const tamis_input *input = &f->plan.inputs[split->input];

        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s%s:%u", i == 0 ? "" : " ",
                                 input->is_against ? "@" : "", input->name, split->part);
        assert_true(size < sizeof(text));
        assert_int_equal(i, input->first_split + split->part);
        assert_int_equal(split->begin, split->part == 0 ? 0 : f->plan.splits[i - 1].end);
        if (split->part + 1 == input->split_count) {
            assert_int_equal(split->end, input->size_bytes);
        }
    }
    assert_string_equal(text, expected);
}

static void touch(const char *path)
{
    support_write_text(path, "{\"text\":\"x\"}\n");
}

static void test_files_and_names(void **state)
{
    fixture *f = *state;

    touch("a/one.jsonl");
    touch("a/b/two.jsonl.zst");
    touch("a/b/two.json");
    touch("a/b/two~2.ndjson.gz");
    touch("a/b/.jsonl");
    touch("a/c.d.warc.wet.gz");
    assert_int_equal(discover(f, "a/one.jsonl", "", NULL), TAMIS_OK);
    check_inputs(f, "a/one.jsonl=one");
    assert_int_equal(discover(f,
                              "a/one.jsonl a/b/two.jsonl.zst a/b/two.json ./a//b/../b/two.json "
                              "a/b/two~2.ndjson.gz a/b/.jsonl a/c.d.warc.wet.gz",
                              "", NULL),
                     TAMIS_OK);
    check_inputs(f, "a/one.jsonl=one a/b/two.jsonl.zst=b/two a/b/two.json=b/two~2 "
                    "a/b/two~2.ndjson.gz=b/two~2~2 a/b/.jsonl=b/.jsonl a/c.d.warc.wet.gz=c.d");
    check_splits(f, "one:0 b/two:0 b/two~2:0 b/two~2~2:0 b/.jsonl:0 c.d:0");
    assert_int_equal(f->plan.inputs[1].format, TAMIS_INPUT_JSONL);
    assert_int_equal(f->plan.inputs[1].compression, TAMIS_COMPRESSION_ZSTD);
    assert_int_equal(f->plan.inputs[5].format, TAMIS_INPUT_WARC);
    assert_int_equal(f->plan.inputs[5].compression, TAMIS_COMPRESSION_GZIP);
    assert_int_equal(f->plan.inputs[0].size_bytes, 13);
    assert_true(f->plan.inputs[0].mtime_ns > 0);
    assert_true(f->plan.batch_count >= 1);
}

static void test_folders(void **state)
{
    fixture *f = *state;

    touch("d/b.jsonl");
    touch("d/a/z.txt");
    touch("d/a.jsonl");
    touch("d/.hidden/x.jsonl");
    touch("d/.x.jsonl");
    touch("d/_SUCCESS.jsonl");
    touch("d/readme");
    touch("d/image.png.gz");
    touch("d/A.JSONL.GZ");
    assert_int_equal(mkdir("empty", 0755), 0);
    assert_int_equal(symlink("nowhere.jsonl", "d/c.jsonl"), 0);
    assert_int_equal(symlink("nowhere", "d/c"), 0);
    assert_int_equal(symlink("../../d", "d/a/loop"), 0);
    assert_int_equal(discover(f, "d", "", NULL), TAMIS_OK);
    check_inputs(f, "d/A.JSONL.GZ=A d/a.jsonl=a !d/a/loop=a/loop d/a/z.txt=a/z d/b.jsonl=b "
                    "!d/c.jsonl=c");
    assert_non_null(strstr(f->plan.inputs[2].fault_text, "d/a/loop"));
    assert_int_equal(f->plan.inputs[5].fault, TAMIS_ENOENT);
    assert_int_equal(f->plan.inputs[0].compression, TAMIS_COMPRESSION_GZIP);
    assert_int_equal(f->plan.inputs[3].format, TAMIS_INPUT_TEXT);
    assert_int_equal(discover(f, "d/a.jsonl empty", "", NULL), TAMIS_OK);
    check_inputs(f, "d/a.jsonl=d/a !empty=empty");
    assert_int_equal(discover(f, "empty", "", NULL), TAMIS_EARG);
    assert_non_null(strstr(f->err.text, "empty"));
}

static void test_patterns(void **state)
{
    fixture *f = *state;

    touch("p/10.jsonl");
    touch("p/9.jsonl");
    touch("p/x1.jsonl");
    touch("p/.y.jsonl");
    touch("p/q/r/9.jsonl");
    touch("p/q/s/11.jsonl");
    touch("p/[z].jsonl");
    assert_int_equal(discover(f, "p/[0-9]*.jsonl", "", NULL), TAMIS_OK);
    check_inputs(f, "p/10.jsonl=10 p/9.jsonl=9");
    assert_int_equal(discover(f, "p/?*/*/9.jsonl", "", NULL), TAMIS_OK);
    check_inputs(f, "p/q/r/9.jsonl=9");
    assert_int_equal(discover(f, "p/**/[91]*.jsonl", "", NULL), TAMIS_OK);
    check_inputs(f, "p/10.jsonl=10 p/9.jsonl=9 p/q/r/9.jsonl=q/r/9 p/q/s/11.jsonl=q/s/11");
    assert_int_equal(discover(f, "p/[z].jsonl", "", NULL), TAMIS_OK);
    check_inputs(f, "p/[z].jsonl=[z]");
    assert_int_equal(discover(f, "p/q*", "", NULL), TAMIS_OK);
    check_inputs(f, "p/q/r/9.jsonl=r/9 p/q/s/11.jsonl=s/11");
    assert_int_equal(discover(f, "p/9.jsonl p/*.parquet gone.jsonl p", "", NULL), TAMIS_OK);
    check_inputs(f, "p/9.jsonl=p/9 !p/*.parquet=p/*.parquet !gone.jsonl=gone p/10.jsonl=p/10 "
                    "p/[z].jsonl=p/[z] p/q/r/9.jsonl=p/q/r/9 p/q/s/11.jsonl=p/q/s/11 "
                    "p/x1.jsonl=p/x1");
    assert_int_equal(discover(f, "p/*.parquet", "", NULL), TAMIS_EARG);
    assert_non_null(strstr(f->err.text, "p/*.parquet"));
    assert_int_equal(discover(f, "", "p", NULL), TAMIS_EARG);
}

static void test_against_and_priority(void **state)
{
    fixture *f = *state;

    touch("old/a.jsonl");
    touch("old/b.jsonl");
    touch("new/a.jsonl");
    touch("new/b.jsonl");
    touch("new/x/c.jsonl");
    touch("new/x/d.jsonl");
    support_write_text("order", "# most trusted first\n\nnew/x \r\nnew/[b].jsonl\nnew/x/d.jsonl\n");
    support_write_text("other", "somewhere/else\n");
    assert_int_equal(discover(f, "new", "old", "order"), TAMIS_OK);
    check_inputs(f, "@old/a.jsonl=a @old/b.jsonl=b new/a.jsonl=a new/b.jsonl=b new/x/c.jsonl=x/c "
                    "new/x/d.jsonl=x/d");
    check_splits(f, "@a:0 @b:0 x/c:0 x/d:0 b:0 a:0");
    assert_int_equal(discover(f, "new", "old", "other"), TAMIS_EARG);
    assert_non_null(strstr(f->err.text, "other"));
    assert_int_equal(discover(f, "new", "old", "missing"), TAMIS_EARG);
    assert_non_null(strstr(f->err.text, "missing"));
}

static void test_formats_by_content(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *bytes;
        tamis_input_format format;
    } cases[] = {
        {"\xef\xbb\xbf\r\n {\"text\":\"x\"}", TAMIS_INPUT_JSONL},
        {"WARC/1.0\r\n", TAMIS_INPUT_WARC},
        {"WARC", TAMIS_INPUT_TEXT},
        {"[1]", TAMIS_INPUT_TEXT},
        {"", TAMIS_INPUT_TEXT},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int c = 0; c < 3; c++) {
            tamis_buf packed;

            tamis_buf_init(&packed, 0);
            support_pack(&packed, (tamis_compression)c, cases[i].bytes, strlen(cases[i].bytes));
            support_write("unknown", packed.data, packed.size);
            support_write("unknown.gz", packed.data, packed.size);
            assert_int_equal(discover(f, "unknown", "", NULL), TAMIS_OK);
            assert_int_equal(f->plan.inputs[0].format, cases[i].format);
            assert_int_equal(f->plan.inputs[0].compression, c);
            if (c == TAMIS_COMPRESSION_GZIP) {
                assert_int_equal(discover(f, "unknown.gz", "", NULL), TAMIS_OK);
                assert_int_equal(f->plan.inputs[0].format, cases[i].format);
                assert_string_equal(f->plan.inputs[0].name, "unknown");
            }
            tamis_buf_fini(&packed);
        }
    }
}

static void test_plain_splits(void **state)
{
    fixture *f = *state;
    char text[1001];

    memset(text, 'x', 1000);
    text[1000] = '\0';
    support_write_text("s.jsonl", text);
    support_write_text("s.txt", text);
    support_write_text("s/00000.jsonl", "{}");
    f->settings.split_bytes = 1000;
    assert_int_equal(discover(f, "s.jsonl s.txt s/00000.jsonl", "", NULL), TAMIS_OK);
    check_splits(f, "s:0 s~2:0 s/00000:0");
    f->settings.split_bytes = 999;
    assert_int_equal(discover(f, "s.jsonl s.txt s/00000.jsonl", "", NULL), TAMIS_OK);
    check_splits(f, "s:0 s:1 s~2:0 s/00000~2:0"); /* s/ belongs to the parts of s */
    assert_int_equal(discover(f, "s/00000.jsonl s.jsonl", "", NULL), TAMIS_OK);
    check_splits(f, "s/00000:0 s~2:0 s~2:1");
    f->settings.split_bytes = 300;
    assert_int_equal(discover(f, "s.jsonl", "", NULL), TAMIS_OK);
    check_splits(f, "s:0 s:1 s:2 s:3");
    assert_int_equal(f->plan.splits[3].begin, 900);
    f->settings.limit = 1;
    assert_int_equal(discover(f, "s.jsonl", "", NULL), TAMIS_OK);
    check_splits(f, "s:0");
}

/* Cuts of gzip files fall on members only, though the magic bytes occur elsewhere too. */
static void test_gzip_splits(void **state)
{
    fixture *f = *state;
    static const char trap[] = "\x1f\x8b\x08\x00\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03";
    tamis_rng rng = {5};
    tamis_buf packed;
    uint64_t begins[40];
    uint32_t found = 0;

    tamis_buf_init(&packed, 0);
    for (int member = 0; member < 40; member++) {
        uint8_t noise[700]; /* stored as they are: the traps lie open in the file */

        for (size_t i = 0; i < sizeof(noise); i++) {
            noise[i] = (uint8_t)tamis_rng_next(&rng);
        }
        for (size_t i = 0; i + sizeof(trap) < sizeof(noise); i += 100) {
            memcpy(noise + i, trap, sizeof(trap) - 1);
        }
        begins[member] = packed.size;
        support_pack(&packed, TAMIS_COMPRESSION_GZIP, noise, sizeof(noise));
    }
    support_write("m.jsonl.gz", packed.data, packed.size);
    f->settings.split_bytes = 2000;
    assert_int_equal(discover(f, "m.jsonl.gz", "", NULL), TAMIS_OK);
    assert_true(f->plan.split_count > 8);
    for (int member = 0; member < 40 && found < f->plan.split_count; member++) {
        found += f->plan.splits[found].begin == begins[member];
    }
    assert_int_equal(found, f->plan.split_count);
    /* No record begins at these members. */
    support_write("m.warc.gz", packed.data, packed.size);
    assert_int_equal(discover(f, "m.warc.gz", "", NULL), TAMIS_OK);
    assert_int_equal(f->plan.split_count, 1);
    /* Damage: fewer cuts, no failure. */
    packed.data[packed.size / 2] ^= 1;
    support_write("m.jsonl.gz", packed.data, packed.size);
    assert_int_equal(discover(f, "m.jsonl.gz", "", NULL), TAMIS_OK);
    assert_true(f->plan.split_count > 8);
    tamis_buf_fini(&packed);
}

static void test_names_are_valid_utf8(void **state)
{
    fixture *f = *state;

    touch("a\xff.jsonl");
    touch("a\xfe.jsonl");
    assert_int_equal(discover(f, "a\xff.jsonl a\xfe.jsonl", "", NULL), TAMIS_OK);
    check_inputs(f, "a\xef\xbf\xbd.jsonl=a\xef\xbf\xbd a\xef\xbf\xbd.jsonl=a\xef\xbf\xbd~2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_files_and_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_patterns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_against_and_priority, setup, teardown),
        cmocka_unit_test_setup_teardown(test_formats_by_content, setup, teardown),
        cmocka_unit_test_setup_teardown(test_plain_splits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gzip_splits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_are_valid_utf8, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
