/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: tasks that run in processes of their own leave the bytes of tasks that do not; a record
 * that kills its process is set aside, alone, and nothing else changes; every other death fails the
 * task and blames nobody; no process outlives its task. Method: whole small runs, stage after
 * stage, in which every task is isolated. This program is also the one that is started for them;
 * TAMIS_POISON says which record kills it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "inline_run.h"
#include "local_tasks.h"
#include "tamis/hash.h"
#include "tamis/isolate.h"
#include "tamis/path.h"
#include "tamis/poison.h"
#include "tamis/reader.h"
#include "worker_tasks.h"

#define RECORDS    24 /* of each file */
#define FILES      2
#define LINE_SIZE  512
#define MEMORY     (UINT64_C(32) << 20)
#define SILENCE_MS 400
#define NOBODY     UINT32_MAX

typedef struct fixture {
    char folder[64];
    unsigned runs;
} fixture;

typedef struct outcome {
    tamis_status status;
    tamis_err err;
    char out[TAMIS_PATH_MAX];
    uint64_t poisoned;
} outcome;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    (void)snprintf(f->folder, sizeof(f->folder), "/tmp/tamis-isolate-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    assert_int_equal(unsetenv("TAMIS_POISON"), 0);
    assert_int_equal(tamis_path_remove(f->folder, NULL), TAMIS_OK);
    free(f);
    return 0;
}

/* ---- Records --------------------------------------------------------------------------------- */

/* Record `number` of all. The last ones of the second file repeat the first ones of the first. */
static void make_text(uint32_t number, char out_text[LINE_SIZE])
{
    uint32_t same = number >= FILES * RECORDS - 4 ? number - (FILES * RECORDS - 4) : number;
    int size = snprintf(out_text, LINE_SIZE, "record %u says", same);

    for (uint32_t i = 0; i < 40; i++) {
        size += snprintf(out_text + size, LINE_SIZE - (size_t)size, " w%u",
                         (same * 131 + i * i * 17) % 977);
    }
}

static void make_line(uint32_t number, char out_line[LINE_SIZE])
{
    char text[LINE_SIZE];

    make_text(number, text);
    (void)snprintf(out_line, LINE_SIZE, "{\"id\":\"r%u\",\"text\":\"%.400s\"}", number, text);
}

static void text_hex(uint32_t number, char out_hex[TAMIS_DIGEST_HEX_SIZE])
{
    char text[LINE_SIZE];

    make_text(number, text);
    tamis_digest_to_hex(tamis_hash128(text, strlen(text)), out_hex);
}

static void line_hex(uint32_t number, char out_hex[TAMIS_DIGEST_HEX_SIZE])
{
    char line[LINE_SIZE];

    make_line(number, line);
    tamis_digest_to_hex(tamis_hash128(line, strlen(line)), out_hex);
}

/* Record `spoiled` is no JSON: it keeps its row and is set aside without killing anybody. */
static void write_inputs(const char *folder, uint32_t spoiled)
{
    assert_int_equal(tamis_path_make_folder(folder, NULL), TAMIS_OK);
    for (uint32_t file = 0; file < FILES; file++) {
        char path[TAMIS_PATH_MAX];
        FILE *out = NULL;

        (void)snprintf(path, sizeof(path), "%.4000s/%u.jsonl", folder, file);
        out = fopen(path, "w");
        assert_non_null(out);
        for (uint32_t i = file * RECORDS; i < (file + 1) * RECORDS; i++) {
            char line[LINE_SIZE];

            make_line(i, line);
            line[0] = i == spoiled ? '#' : '{';
            (void)fprintf(out, "%s\n", line);
        }
        assert_int_equal(fclose(out), 0);
    }
}

/* ---- Runs ------------------------------------------------------------------------------------ */

static void add_counters(void *context, const tamis_stage *stage, double seconds,
                         const uint64_t *counters)
{
    outcome *o = context;

    (void)stage;
    (void)seconds;
    o->poisoned += counters[TAMIS_COUNTER_POISONED];
}

static void run_emit_with(fixture *f, bool is_isolated, uint32_t spoiled, tamis_task_run run_emit,
                          outcome *o)
{
    static char id[] = "0000000000000000";
    tamis_task_table isolated;
    char in[TAMIS_PATH_MAX];
    char work[TAMIS_PATH_MAX];
    const char *const paths[] = {in};
    tamis_discover_options discover = {.paths = paths, .path_count = 1};
    tamis_job job = {.id = id, .out_path = o->out};
    tamis_inline_options options = {
        .job = &job,
        .folder = work,
        .memory_bytes = MEMORY,
        .silence_ms = SILENCE_MS,
        .worker_tasks = is_isolated ? &isolated : tamis_worker_tasks(),
        .local_tasks = tamis_local_tasks(),
        .on_stage = add_counters,
        .context = o,
    };

    *o = (outcome){.status = TAMIS_OK};
    f->runs++;
    (void)snprintf(in, sizeof(in), "%s/in", f->folder);
    (void)snprintf(work, sizeof(work), "%s/work%u", f->folder, f->runs);
    (void)snprintf(o->out, sizeof(o->out), "%s/out%u", f->folder, f->runs);
    for (size_t i = 0; i < TAMIS_STAGE_KIND_COUNT; i++) {
        isolated.run[i] = tamis_isolate_run;
    }
    isolated.run[TAMIS_STAGE_EMIT] = run_emit;
    write_inputs(in, spoiled);
    tamis_settings_defaults(&job.settings);
    job.settings.output_format = TAMIS_OUTPUT_JSONL;
    job.settings.emit = TAMIS_EMIT_DOCUMENTS | TAMIS_EMIT_ATTRIBUTES | TAMIS_EMIT_REMOVED;
    assert_int_equal(tamis_path_make_folder(o->out, NULL), TAMIS_OK);
    assert_int_equal(tamis_discover(&job.settings, &discover, &job.plan, NULL), TAMIS_OK);
    o->status = tamis_inline_run(&options, &o->err);
    tamis_plan_fini(&job.plan);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void run(fixture *f, bool is_isolated, uint32_t spoiled, outcome *o)
{
    run_emit_with(f, is_isolated, spoiled, tamis_isolate_run, o);
}

/* Tasks whose lease has ended when they ask. */
static unsigned asked;

static tamis_status refuse_to_publish(void *context, tamis_err *err)
{
    (void)context;
    asked++;
    return tamis_err_set(err, TAMIS_ECANCELED, "the lease has ended");
}

static tamis_status run_late(const tamis_task_env *env, tamis_task_result *result, tamis_err *err)
{
    tamis_task_env late = *env;

    late.await_publish = refuse_to_publish;
    return tamis_isolate_run(&late, result, err);
}

static void poison(const char *items)
{
    assert_int_equal(setenv("TAMIS_POISON", items, 1), 0);
}

/* ---- Results --------------------------------------------------------------------------------- */

static void read_output(const outcome *o, const char *kind, uint32_t file, tamis_buf *out)
{
    char path[TAMIS_PATH_MAX];
    struct stat info;

    (void)snprintf(path, sizeof(path), "%.4000s/%s/%u.jsonl", o->out, kind, file);
    assert_int_equal(stat(path, &info), 0);
    tamis_buf_init(out, 0);
    assert_int_equal(tamis_path_read_file(path, out, NULL), TAMIS_OK);
    assert_int_equal(tamis_buf_append(out, "", 1), TAMIS_OK);
}

/* Takes the next line off *rest; NULL behind the last. */
static char *next_line(char **rest)
{
    char *line = *rest;
    char *end = strchr(line, '\n');

    if (end == NULL) {
        return NULL;
    }
    *end = '\0';
    *rest = end + 1;
    return line;
}

static void assert_poisoned_line(const char *line, uint32_t number)
{
    char hex[TAMIS_DIGEST_HEX_SIZE];
    char expected[LINE_SIZE];
    uint64_t offset = 0;

    for (uint32_t i = number / RECORDS * RECORDS; i < number; i++) {
        make_line(i, expected);
        offset += strlen(expected) + 1;
    }
    line_hex(number, hex);
    assert_non_null(strstr(line, "\"verdict\":\"quarantine\",\"reason\":\"poisoned\""));
    (void)snprintf(expected, sizeof(expected), "\"digest\":\"%s\"", hex);
    assert_non_null(strstr(line, expected));
    (void)snprintf(expected, sizeof(expected), "\"offset\":%llu", (unsigned long long)offset);
    assert_non_null(strstr(line, expected));
    assert_null(strstr(line, "says"));
}

/* The outputs are the same but for the lines in attributes/ of `aside` (NOBODY: none), which say
 * poisoned in the first. */
static void assert_same_but(const outcome *found, const outcome *expected, uint32_t aside)
{
    static const char *const kinds[] = {"documents", "attributes", "removed"};

    for (uint32_t file = 0; file < FILES; file++) {
        for (unsigned kind = 0; kind < 3; kind++) {
            tamis_buf a;
            tamis_buf b;
            char *rest_a = NULL;
            char *rest_b = NULL;
            char *line_a = NULL;
            char *line_b = NULL;
            uint32_t number = file * RECORDS;

            read_output(found, kinds[kind], file, &a);
            read_output(expected, kinds[kind], file, &b);
            rest_a = (char *)a.data;
            rest_b = (char *)b.data;
            while ((line_a = next_line(&rest_a)) != NULL) {
                line_b = next_line(&rest_b);
                assert_non_null(line_b);
                if (kind == 1 && number == aside) {
                    assert_poisoned_line(line_a, aside);
                } else {
                    assert_string_equal(line_a, line_b);
                }
                number++;
            }
            assert_null(next_line(&rest_b));
            tamis_buf_fini(&a);
            tamis_buf_fini(&b);
        }
    }
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void test_same_bytes(void **state)
{
    outcome plain;
    outcome isolated;

    run(*state, false, NOBODY, &plain);
    run(*state, true, NOBODY, &isolated);
    assert_int_equal(plain.status, TAMIS_OK);
    assert_int_equal(isolated.status, TAMIS_OK);
    assert_same_but(&isolated, &plain, NOBODY);
    assert_int_equal(isolated.poisoned, 0);
}

static void test_kinds_of_death(void **state)
{
    static const char *const kinds[] = {"abort", "segv", "kill", "exit", "hang"};
    /* In the middle, at either end of a file, a witness, a copy. */
    static const uint32_t numbers[] = {10, 0, RECORDS - 1, 3, FILES * RECORDS - 2};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        outcome expected;
        outcome found;
        char hex[TAMIS_DIGEST_HEX_SIZE];
        char items[256];

        /* Its text must not be touched again, and its bytes must not be parsed after SCAN. */
        if (i == 4) {
            text_hex(40, hex); /* one of which there is no second */
            (void)snprintf(items, sizeof(items), "%s@scan:%s,abort@emit:%s", kinds[i], hex, hex);
        } else {
            line_hex(numbers[i], hex);
            (void)snprintf(items, sizeof(items), "%s@read:%s", kinds[i], hex);
        }
        run(*state, false, i == 4 ? 40 : numbers[i], &expected);
        poison(items);
        run(*state, true, NOBODY, &found);
        assert_int_equal(unsetenv("TAMIS_POISON"), 0);
        if (found.status != TAMIS_OK) {
            print_message("%s: %s\n", items, found.err.text);
        }
        assert_int_equal(found.status, TAMIS_OK);
        assert_int_equal(found.poisoned, 1);
        assert_same_but(&found, &expected, i == 4 ? 40 : numbers[i]);
    }
}

static void test_several(void **state)
{
    char hex[3][TAMIS_DIGEST_HEX_SIZE];
    char items[256];
    outcome found;
    tamis_buf lines;
    char *rest = NULL;
    char *line = NULL;

    line_hex(8, hex[0]);
    line_hex(9, hex[1]);
    line_hex(15, hex[2]);
    (void)snprintf(items, sizeof(items), "@read:%s,kill@read:%s,segv@read:%s", hex[0], hex[1],
                   hex[2]);
    poison(items);
    run(*state, true, NOBODY, &found);
    assert_int_equal(found.status, TAMIS_OK);
    assert_int_equal(found.poisoned, 3);
    read_output(&found, "attributes", 0, &lines);
    rest = (char *)lines.data;
    for (uint32_t i = 0; (line = next_line(&rest)) != NULL; i++) {
        bool is_poisoned = i == 8 || i == 9 || i == 15;

        assert_int_equal(strstr(line, "poisoned") != NULL, is_poisoned);
    }
    tamis_buf_fini(&lines);
}

static void test_nobody_is_blamed(void **state)
{
    outcome found;

    poison("#17"); /* whatever record is the 17th of a process */
    run(*state, true, NOBODY, &found);
    assert_int_equal(found.status, TAMIS_EAGAIN);
    assert_non_null(strstr(found.err.text, "nothing was set aside"));
    assert_non_null(strstr(found.err.text, "(record 0.0.16)"));
    poison("kill:#1"); /* every process that works on a record */
    run(*state, true, NOBODY, &found);
    assert_int_equal(found.status, TAMIS_EAGAIN);
    assert_non_null(strstr(found.err.text, "with its neighbors"));
}

/* EMIT finds what SCAN could still read: set aside when nothing was removed for it. */
static void test_emit(void **state)
{
    char hex[TAMIS_DIGEST_HEX_SIZE];
    char items[64];
    outcome found;
    tamis_buf lines;

    text_hex(12, hex);
    (void)snprintf(items, sizeof(items), "segv@emit:%s", hex);
    poison(items);
    run(*state, true, NOBODY, &found);
    assert_int_equal(found.status, TAMIS_OK);
    assert_int_equal(found.poisoned, 1);
    read_output(&found, "attributes", 0, &lines);
    assert_non_null(strstr((char *)lines.data, "\"reason\":\"poisoned\""));
    tamis_buf_fini(&lines);
    read_output(&found, "documents", 0, &lines);
    assert_null(strstr((char *)lines.data, "record 12 says"));
    assert_non_null(strstr((char *)lines.data, "record 13 says"));
    tamis_buf_fini(&lines);

    text_hex(2, hex); /* a witness; its copy has the same text */
    (void)snprintf(items, sizeof(items), "segv@emit:%s", hex);
    poison(items);
    run(*state, true, NOBODY, &found);
    assert_int_equal(found.status, TAMIS_EUNSUPPORTED);
    assert_non_null(strstr(found.err.text, "were removed for it"));
}

/* The process asks before it gives a file its name in OUT, and does not when it may not. */
static void test_emit_asks_before_it_publishes(void **state)
{
    char path[TAMIS_PATH_MAX];
    outcome found;
    struct stat info;

    asked = 0;
    run_emit_with(*state, true, NOBODY, run_late, &found);
    assert_int_equal(found.status, TAMIS_ECANCELED);
    assert_int_equal(asked, 1);
    assert_non_null(strstr(found.err.text, "the lease has ended"));
    (void)snprintf(path, sizeof(path), "%.4000s/documents/0.jsonl", found.out);
    assert_int_equal(stat(path, &info), -1);
}

int main(int argument_count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_kinds_of_death, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_several, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nobody_is_blamed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_emit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_emit_asks_before_it_publishes, set_up, tear_down),
    };

    if (tamis_isolate_is_asked(argument_count, arguments)) {
        return tamis_isolate_main(tamis_worker_tasks());
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
