/* SPDX-License-Identifier: Apache-2.0 */
/* The process of an isolated task. It has nothing of its own: what a task asks its env, it asks the
 * process that started it. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "isolate_frames.h"
#include "isolate_process.h"
#include "tamis/isolate.h"
#include "tamis/path.h"
#include "tamis/root.h"
#include "tamis/wire.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

typedef struct opened_records {
    struct opened_records *next;
    uint32_t batch;
    tamis_records *records;
} opened_records;

typedef struct child {
    tamis_isolation isolation;
    tamis_ord poisoned[TAMIS_POISONED_MAX];
    tamis_job *job;
    tamis_stage stages[TAMIS_STAGES_MAX];
    uint32_t stage_count;
    uint32_t stage;
    uint32_t task;
    uint64_t memory_bytes;
    tamis_roots *roots;
    tamis_records *spool; /* SCAN: what the task commits, for the one who has the store */
    opened_records *records;
    tamis_buf question;
    tamis_buf answer;
    char folder[TAMIS_PATH_MAX];
    char spool_folder[TAMIS_PATH_MAX];
} child;

typedef struct child_gathered {
    tamis_gathered gathered; /* first: what the task has of it */
    uint32_t number;
    char *texts;
} child_gathered;

/* ---- Questions ------------------------------------------------------------------------------- */

/* Sends what c->question holds and takes the answer; *out_fields stands behind its head. */
static tamis_status ask(child *c, isolate_frame kind, tamis_fields *out_fields, tamis_err *err)
{
    isolate_frame got = ISOLATE_TASK;
    char text[TAMIS_ERR_TEXT_MAX];
    tamis_status status =
        isolate_frame_send(ISOLATE_SOCKET_FILE, kind, tamis_buf_slice(&c->question));

    if (status == TAMIS_OK) {
        status = isolate_frame_receive(ISOLATE_SOCKET_FILE, UINT32_MAX, &got, &c->answer);
    }
    if (status != TAMIS_OK || got != ISOLATE_ANSWER) {
        return tamis_err_set(err, TAMIS_EPEER, "the worker does not answer its isolated task");
    }
    *out_fields = tamis_fields_of(tamis_buf_slice(&c->answer));
    status = (tamis_status)tamis_get_u32(out_fields);
    if (!isolate_get_text(out_fields, text, sizeof(text))) {
        return tamis_err_set(err, TAMIS_EFORMAT, "the worker's answer is malformed");
    }
    return status == TAMIS_OK ? TAMIS_OK : tamis_err_set(err, status, "%s", text);
}

static tamis_status no_memory(tamis_err *err)
{
    return tamis_err_set(err, TAMIS_ENOMEM, "no memory to ask for an input");
}

static tamis_status ask_numbers(child *c, isolate_frame kind, const uint32_t *numbers, size_t count,
                                tamis_fields *out_fields, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    tamis_buf_reset(&c->question);
    for (size_t i = 0; status == TAMIS_OK && i < count; i++) {
        status = tamis_put_u32(&c->question, numbers[i]);
    }
    return status == TAMIS_OK ? ask(c, kind, out_fields, err) : no_memory(err);
}

/* Without an answer; a worker that is gone is noticed by the next question. */
static void tell_numbers(child *c, isolate_frame kind, const uint32_t *numbers, size_t count)
{
    tamis_status status = TAMIS_OK;

    tamis_buf_reset(&c->question);
    for (size_t i = 0; status == TAMIS_OK && i < count; i++) {
        status = tamis_put_u32(&c->question, numbers[i]);
    }
    if (status == TAMIS_OK &&
        isolate_frame_send(ISOLATE_SOCKET_FILE, kind, tamis_buf_slice(&c->question)) != TAMIS_OK) {
        return;
    }
}

/* ---- The task's env -------------------------------------------------------------------------- */

static tamis_status open_file(void *context, uint32_t stage, uint32_t task, tamis_result_file file,
                              char *out_path, tamis_err *err)
{
    const uint32_t numbers[] = {stage, task, (uint32_t)file};
    tamis_fields fields;
    tamis_status status = ask_numbers(context, ISOLATE_OPEN_FILE, numbers, 3, &fields, err);

    if (status == TAMIS_OK && !isolate_get_text(&fields, out_path, TAMIS_PATH_MAX)) {
        status = tamis_err_set(err, TAMIS_EFORMAT, "the worker's answer is malformed");
    }
    return status;
}

static void gathered_destroy(child_gathered *g)
{
    if (g != NULL) {
        free(g->gathered.files);
        free(g->texts);
        free(g);
    }
}

static tamis_status take_gathered(tamis_fields *fields, size_t answer_size,
                                  tamis_gathered **out_gathered, tamis_err *err)
{
    child_gathered *g = calloc(1, sizeof(*g));
    char *text = NULL;
    uint32_t count = 0;

    if (g == NULL) {
        return no_memory(err);
    }
    g->number = tamis_get_u32(fields);
    g->gathered.fetched_bytes = tamis_get_u64(fields);
    count = tamis_get_u32(fields);
    g->gathered.files = calloc((size_t)count + 1, sizeof(*g->gathered.files));
    g->texts = text = malloc(answer_size + 1); /* the paths with their final zeros fit */
    if (g->gathered.files == NULL || g->texts == NULL) {
        gathered_destroy(g);
        return no_memory(err);
    }
    for (; g->gathered.count < count && !fields->is_short; g->gathered.count++) {
        tamis_gathered_file *file = &g->gathered.files[g->gathered.count];

        if (!isolate_get_text(fields, text, TAMIS_PATH_MAX)) {
            fields->is_short = true;
            break;
        }
        file->path = text;
        text += strlen(text) + 1;
        file->offset = tamis_get_u64(fields);
        file->size = tamis_get_u64(fields);
    }
    if (fields->is_short) {
        gathered_destroy(g);
        return tamis_err_set(err, TAMIS_EFORMAT, "the worker's answer is malformed");
    }
    *out_gathered = &g->gathered;
    return TAMIS_OK;
}

static tamis_status gather(void *context, const tamis_gather *wanted, size_t wanted_count,
                           tamis_gathered **out_gathered, tamis_err *err)
{
    child *c = context;
    tamis_fields fields;
    tamis_status status = TAMIS_OK;

    tamis_buf_reset(&c->question);
    status = tamis_put_u32(&c->question, (uint32_t)wanted_count);
    for (size_t i = 0; status == TAMIS_OK && i < wanted_count; i++) {
        const uint32_t numbers[] = {wanted[i].stage, wanted[i].first_task, wanted[i].end_task,
                                    wanted[i].kind,  wanted[i].first_part, wanted[i].end_part};

        for (size_t k = 0; status == TAMIS_OK && k < sizeof(numbers) / sizeof(numbers[0]); k++) {
            status = tamis_put_u32(&c->question, numbers[k]);
        }
    }
    if (status != TAMIS_OK) {
        return no_memory(err);
    }
    status = ask(c, ISOLATE_GATHER, &fields, err);
    return status == TAMIS_OK ? take_gathered(&fields, c->answer.size, out_gathered, err) : status;
}

static void release(void *context, tamis_gathered *gathered, bool is_read)
{
    child_gathered *g = (child_gathered *)gathered; /* its first member */

    if (g != NULL) {
        const uint32_t numbers[] = {g->number, is_read};

        tell_numbers(context, ISOLATE_RELEASE, numbers, 2);
        gathered_destroy(g);
    }
}

static void mark_lost(void *context, uint32_t stage, uint32_t task)
{
    const uint32_t numbers[] = {stage, task};

    tell_numbers(context, ISOLATE_MARK_LOST, numbers, 2);
}

static tamis_status records_of(void *context, uint32_t batch, tamis_records **out_records,
                               tamis_err *err)
{
    child *c = context;
    opened_records *opened = c->records;
    tamis_fields fields;
    char path[TAMIS_PATH_MAX];
    tamis_status status = TAMIS_OK;

    while (opened != NULL && opened->batch != batch) {
        opened = opened->next;
    }
    if (opened != NULL) {
        *out_records = opened->records;
        return TAMIS_OK;
    }
    status = ask_numbers(c, ISOLATE_RECORDS_OF, &batch, 1, &fields, err);
    if (status != TAMIS_OK) {
        return status;
    }
    opened = calloc(1, sizeof(*opened));
    if (opened == NULL || !isolate_get_text(&fields, path, sizeof(path))) {
        free(opened);
        return opened == NULL ? no_memory(err)
                              : tamis_err_set(err, TAMIS_EFORMAT, "the answer is malformed");
    }
    status = tamis_records_open(path, true, &opened->records, err);
    if (status != TAMIS_OK) {
        free(opened);
        return status;
    }
    opened->batch = batch;
    opened->next = c->records;
    c->records = opened;
    *out_records = opened->records;
    return TAMIS_OK;
}

static tamis_status await_publish(void *context, tamis_err *err)
{
    tamis_fields fields;

    return ask_numbers(context, ISOLATE_AWAIT_PUBLISH, NULL, 0, &fields, err);
}

/* ---- The process ----------------------------------------------------------------------------- */

static tamis_status take_roots(child *c, tamis_fields *fields, tamis_err *err)
{
    char names[TAMIS_ROOTS_MAX][TAMIS_PATH_MAX];
    const char *list[TAMIS_ROOTS_MAX];
    uint32_t count = tamis_get_u32(fields);

    if (count > TAMIS_ROOTS_MAX) {
        return tamis_err_set(err, TAMIS_EFORMAT, "the isolated task is malformed");
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!isolate_get_text(fields, names[i], sizeof(names[i]))) {
            return tamis_err_set(err, TAMIS_EFORMAT, "the isolated task is malformed");
        }
        list[i] = names[i];
    }
    return count == 0 ? TAMIS_OK : tamis_roots_create(list, count, &c->roots, err);
}

static tamis_status take_task(child *c, tamis_slice payload, tamis_err *err)
{
    tamis_fields fields = tamis_fields_of(payload);
    pid_t owner = (pid_t)tamis_get_u64(&fields);
    tamis_slice job = tamis_get_slice(&fields);
    bool is_good = true;
    tamis_status status = TAMIS_OK;

    c->stage = tamis_get_u32(&fields);
    c->task = tamis_get_u32(&fields);
    c->memory_bytes = tamis_get_u64(&fields);
    is_good = isolate_get_text(&fields, c->folder, sizeof(c->folder)) &&
              isolate_get_text(&fields, c->spool_folder, sizeof(c->spool_folder));
    c->isolation.is_only = tamis_get_u32(&fields) != 0;
    c->isolation.only = tamis_get_u64(&fields);
    c->isolation.poisoned_count = tamis_get_u32(&fields);
    if (!is_good || c->isolation.poisoned_count > TAMIS_POISONED_MAX) {
        return tamis_err_set(err, TAMIS_EFORMAT, "the isolated task is malformed");
    }
    for (size_t i = 0; i < c->isolation.poisoned_count; i++) {
        c->poisoned[i] = tamis_get_u64(&fields);
    }
    c->isolation.poisoned = c->poisoned;
    if (getppid() != owner) {
        return tamis_err_set(err, TAMIS_EPEER, "the worker of this isolated task is gone");
    }
    status = take_roots(c, &fields, err);
    if (status == TAMIS_OK) {
        status = tamis_job_unpack(job, &c->job, err);
    }
    if (status == TAMIS_OK) {
        c->stage_count = tamis_job_stages(c->job, c->stages);
        if (c->stage >= c->stage_count || c->task >= c->stages[c->stage].task_count) {
            status = tamis_err_set(err, TAMIS_EFORMAT, "the isolated task is none of its job");
        }
    }
    return status;
}

static tamis_status run_task(child *c, const tamis_task_table *tasks, tamis_task_result *result,
                             tamis_err *err)
{
    tamis_task_run run = tasks->run[c->stages[c->stage].kind];
    tamis_task_env env = {
        .job = c->job,
        .stages = c->stages,
        .stage_count = c->stage_count,
        .stage = c->stage,
        .task = c->task,
        .folder = c->folder,
        .roots = c->roots,
        .memory_bytes = c->memory_bytes,
        .progress = &c->isolation.page->progress,
        .isolation = &c->isolation,
        .open_file = open_file,
        .gather = gather,
        .release = release,
        .mark_lost = mark_lost,
        .records_of = records_of,
        .await_publish = await_publish,
        .context = c,
    };
    tamis_status status = TAMIS_OK;

    if (run == NULL) {
        return tamis_err_set(err, TAMIS_EUNSUPPORTED, "no %s tasks are run here",
                             tamis_stage_kind_name(c->stages[c->stage].kind));
    }
    if (c->stages[c->stage].kind == TAMIS_STAGE_SCAN) {
        status = tamis_records_spool(c->spool_folder, &c->spool, err);
        env.records = c->spool;
    }
    return status == TAMIS_OK ? run(&env, result, err) : status;
}

static tamis_status send_result(child *c, tamis_status outcome, const tamis_task_result *result,
                                const tamis_err *task_err)
{
    tamis_buf *out = &c->question;
    tamis_status status = TAMIS_OK;

    tamis_buf_reset(out);
    status = tamis_put_u32(out, (uint32_t)outcome);
    if (status == TAMIS_OK) {
        status = isolate_put_text(out, outcome == TAMIS_OK ? "" : task_err->text);
    }
    if (status == TAMIS_OK) {
        status = tamis_put_u32(out, result->skip_stages);
    }
    for (size_t i = 0; status == TAMIS_OK && i < TAMIS_COUNTER_COUNT; i++) {
        status = tamis_put_u64(out, result->counters[i]);
    }
    if (status == TAMIS_OK) {
        status = tamis_put_slice(out, tamis_buf_slice(&result->blob));
    }
    return status == TAMIS_OK
               ? isolate_frame_send(ISOLATE_SOCKET_FILE, ISOLATE_RESULT, tamis_buf_slice(out))
               : status;
}

static tamis_status serve(child *c, const tamis_task_table *tasks)
{
    tamis_buf packed;
    tamis_task_result result = {.skip_stages = 0};
    tamis_err err = {.status = TAMIS_OK};
    isolate_frame kind = ISOLATE_ANSWER;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&packed, 0);
    tamis_buf_init(&result.blob, TAMIS_BLOB_MAX);
    status = isolate_frame_receive(ISOLATE_SOCKET_FILE, UINT32_MAX, &kind, &packed);
    if (status != TAMIS_OK || kind != ISOLATE_TASK) {
        status = TAMIS_EPEER;
        goto out;
    }
    status = take_task(c, tamis_buf_slice(&packed), &err);
    tamis_buf_fini(&packed);
    if (status == TAMIS_OK) {
        status = run_task(c, tasks, &result, &err);
    }
    status = send_result(c, status, &result, &err);

out:
    tamis_buf_fini(&packed);
    tamis_buf_fini(&result.blob);
    return status;
}

static void child_destroy(child *c)
{
    while (c->records != NULL) {
        opened_records *next = c->records->next;

        tamis_records_close(c->records->records);
        free(c->records);
        c->records = next;
    }
    tamis_records_close(c->spool);
    tamis_roots_destroy(c->roots);
    tamis_job_destroy(c->job);
    tamis_buf_fini(&c->question);
    tamis_buf_fini(&c->answer);
    free(c);
}

bool tamis_isolate_is_asked(int argument_count, char **arguments)
{
    return argument_count == 2 && strcmp(arguments[1], TAMIS_ISOLATE_COMMAND) == 0;
}

int tamis_isolate_main(const tamis_task_table *tasks)
{
    child *c = NULL;
    struct stat info;
    tamis_status status = TAMIS_OK;

    if (fstat(ISOLATE_SOCKET_FILE, &info) != 0 || !S_ISSOCK(info.st_mode)) {
        (void)fprintf(stderr, "%s: workers start this by themselves\n", TAMIS_ISOLATE_COMMAND);
        return EXIT_USAGE;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a valid signal: cannot fail */
    c = calloc(1, sizeof(*c));
    if (c == NULL) {
        return EXIT_FAILED;
    }
    tamis_buf_init(&c->question, 0);
    tamis_buf_init(&c->answer, 0);
    c->isolation.page = isolate_page_map(ISOLATE_PAGE_FILE);
    status = c->isolation.page == NULL ? TAMIS_ENOMEM : serve(c, tasks);
    child_destroy(c);
    return status == TAMIS_OK ? EXIT_DONE : EXIT_FAILED;
}
