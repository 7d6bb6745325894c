/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_support.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inline_run.h"
#include "local_tasks.h"
#include "result.h"
#include "tamis/path.h"
#include "tamis/reader.h"
#include "worker_tasks.h"

#define MEMORY_BYTES (UINT64_C(16) << 20)

void cli_case_make(cli_case *c)
{
    const char *base = getenv("TMPDIR");

    *c = (cli_case){0};
    (void)snprintf(c->folder, sizeof(c->folder), "%s/tamis-cli-XXXXXX",
                   base == NULL ? "/tmp" : base);
    assert_non_null(mkdtemp(c->folder));
}

void cli_case_remove(cli_case *c)
{
    assert_int_equal(tamis_path_remove(c->folder, NULL), TAMIS_OK);
    for (size_t i = 0; i < c->input_count; i++) {
        free((void *)(uintptr_t)c->inputs[i]);
    }
    for (size_t i = 0; i < c->against_count; i++) {
        free((void *)(uintptr_t)c->against[i]);
    }
}

void cli_path(const cli_case *c, const char *name, char out_path[CLI_PATH_SIZE])
{
    assert_true(snprintf(out_path, CLI_PATH_SIZE, "%s/%s", c->folder, name) < CLI_PATH_SIZE);
}

static char *write_lines(const cli_case *c, const char *name, tamis_slice lines)
{
    char path[CLI_PATH_SIZE];
    char *copy = NULL;

    cli_path(c, name, path);
    assert_int_equal(tamis_path_write_file(path, lines, NULL), TAMIS_OK);
    copy = strdup(path);
    assert_non_null(copy);
    return copy;
}

void cli_input(cli_case *c, const char *name, const tamis_buf *lines)
{
    assert_true(c->input_count < sizeof(c->inputs) / sizeof(c->inputs[0]));
    c->inputs[c->input_count++] = write_lines(c, name, tamis_buf_slice(lines));
}

void cli_input_text(cli_case *c, const char *name, const char *lines)
{
    assert_true(c->input_count < sizeof(c->inputs) / sizeof(c->inputs[0]));
    c->inputs[c->input_count++] = write_lines(c, name, tamis_slice_of_string(lines));
}

void cli_against_text(cli_case *c, const char *name, const char *lines)
{
    assert_true(c->against_count < sizeof(c->against) / sizeof(c->against[0]));
    c->against[c->against_count++] = write_lines(c, name, tamis_slice_of_string(lines));
}

void cli_line(tamis_buf *lines, const char *id, const char *text)
{
    assert_int_equal(tamis_buf_append_string(lines, "{"), TAMIS_OK);
    if (id != NULL) {
        assert_int_equal(tamis_buf_append_format(lines, "\"id\":\"%s\",", id), TAMIS_OK);
    }
    assert_int_equal(tamis_buf_append_string(lines, "\"text\":\""), TAMIS_OK);
    assert_int_equal(tamis_buf_append_json(lines, tamis_slice_of_string(text)), TAMIS_OK);
    assert_int_equal(tamis_buf_append_string(lines, "\"}\n"), TAMIS_OK);
}

tamis_settings cli_settings(void)
{
    tamis_settings settings;

    tamis_settings_defaults(&settings);
    settings.output_format = TAMIS_OUTPUT_JSONL;
    return settings;
}

void cli_run(const cli_case *c, const tamis_settings *settings, const char *out_name)
{
    static char id[] = "00000000000000aa";
    tamis_job job = {.id = id,
                     .settings = *settings,
                     .quality = c->quality,
                     .scan_from = c->scan_from,
                     .scan_quality = c->scan_quality};
    tamis_err err = {.text = ""};
    char out[CLI_PATH_SIZE];
    char work[TAMIS_PATH_MAX];
    char packed[TAMIS_PATH_MAX];
    tamis_buf bytes;
    tamis_discover_options discover = {
        .paths = c->inputs,
        .path_count = c->input_count,
        .against = c->against,
        .against_count = c->against_count,
    };
    tamis_inline_options options = {
        .job = &job,
        .folder = work,
        .memory_bytes = MEMORY_BYTES,
        .worker_tasks = tamis_worker_tasks(),
        .local_tasks = tamis_local_tasks(),
    };

    cli_path(c, out_name, out);
    job.out_path = out;
    (void)snprintf(work, sizeof(work), "%s/.work/data/%s", out, id);
    (void)snprintf(packed, sizeof(packed), "%s/" TAMIS_JOB_NAME, out);
    assert_int_equal(tamis_path_make_folder(out, &err), TAMIS_OK);
    if (tamis_discover(settings, &discover, &job.plan, &err) != TAMIS_OK ||
        tamis_inline_run(&options, &err) != TAMIS_OK) {
        print_error("%s\n", err.text);
        fail();
    }
    tamis_buf_init(&bytes, 0);
    assert_int_equal(tamis_job_pack(&job, &bytes), TAMIS_OK);
    assert_int_equal(tamis_path_write_file(packed, tamis_buf_slice(&bytes), &err), TAMIS_OK);
    tamis_buf_fini(&bytes);
    tamis_plan_fini(&job.plan);
}

/* ---- A corpus ----------------------------------------------------------------------------------
 */

#define WORDS_MAX 160

static void write_words(tamis_buf *lines, size_t number, const uint32_t *words, size_t count)
{
    assert_int_equal(tamis_buf_append_format(lines, "{\"id\":\"d%zu\",\"text\":\"", number),
                     TAMIS_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(tamis_buf_append_format(lines, "w%x ", words[i]), TAMIS_OK);
    }
    assert_int_equal(tamis_buf_append_string(lines, "\"}\n"), TAMIS_OK);
}

void cli_corpus(tamis_buf *lines, tamis_rng *rng, size_t count)
{
    uint32_t words[WORDS_MAX] = {0};
    size_t word_count = 0;

    for (size_t i = 0; i < count; i++) {
        if (i % 6 == 0) {
            word_count = 60 + (size_t)tamis_rng_below(rng, WORDS_MAX - 60);
            for (size_t w = 0; w < word_count; w++) {
                words[w] = (uint32_t)tamis_rng_below(rng, 5000);
            }
        } else {
            for (uint64_t changes = tamis_rng_below(rng, 4); changes > 0; changes--) {
                words[tamis_rng_below(rng, word_count)] = (uint32_t)tamis_rng_below(rng, 5000);
            }
        }
        write_words(lines, i, words, word_count);
    }
}

/* ---- Output ------------------------------------------------------------------------------------
 */

void cli_output_open(cli_output *output)
{
    *output = (cli_output){0};
    output->file = open_memstream(&output->text, &output->size);
    assert_non_null(output->file);
}

void cli_output_close(cli_output *output)
{
    assert_int_equal(fclose(output->file), 0);
    output->file = NULL;
}
