/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/attempt.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tamis/failpoint.h"
#include "tamis/isolate.h"
#include "tamis/path.h"
#include "tamis/wire.h"

typedef struct acquired {
    struct acquired *next;
    tamis_records *records;
} acquired;

/* What the callbacks of one running task work on. */
typedef struct attempt_run {
    tamis_attempt *attempt;
    tamis_results *own_results; /* where the process has none */
    tamis_inputs *inputs;
    acquired *acquired;
    char folder[TAMIS_PATH_MAX];
    char temp_folder[TAMIS_PATH_MAX]; /* beside it: of what is fetched */
} attempt_run;

static tamis_status path_of(char out_path[TAMIS_PATH_MAX], tamis_err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static tamis_status path_of(char out_path[TAMIS_PATH_MAX], tamis_err *err, const char *format, ...)
{
    va_list args;
    int length = 0;

    va_start(args, format);
    length = vsnprintf(out_path, TAMIS_PATH_MAX, format, args);
    va_end(args);
    return length >= 0 && length < TAMIS_PATH_MAX
               ? TAMIS_OK
               : tamis_err_set(err, TAMIS_ELIMIT, "path is too long: %.200s...", out_path);
}

static const char *attempt_job(const tamis_attempt *attempt)
{
    return tamis_job_view_job(attempt->view)->id;
}

static tamis_status attempt_folder(const tamis_attempt *attempt, char out_path[TAMIS_PATH_MAX],
                                   tamis_err *err)
{
    return path_of(out_path, err, "%s/%s/%s-%u-%u-%llx", attempt->data_folder, attempt_job(attempt),
                   attempt->prefix, attempt->stage, attempt->task,
                   (unsigned long long)attempt->fence);
}

tamis_attempt *tamis_attempt_create(const tamis_attempt *from)
{
    tamis_attempt *attempt = calloc(1, sizeof(*attempt));

    if (attempt != NULL) {
        attempt->view = tamis_job_view_keep(from->view);
        attempt->data_folder = from->data_folder;
        attempt->prefix = from->prefix;
        attempt->stage = from->stage;
        attempt->task = from->task;
        attempt->fence = from->fence;
        attempt->is_isolated = from->is_isolated;
        attempt->memory_bytes = from->memory_bytes;
        attempt->roots = from->roots;
        attempt->run = from->run;
        attempt->records = from->records;
        attempt->results = from->results;
        attempt->lease = from->lease;
        attempt->silence_ms = from->silence_ms;
        attempt->blob_of = from->blob_of;
        attempt->counters_of = from->counters_of;
        attempt->context = from->context;
        tamis_buf_init(&attempt->result.blob, TAMIS_BLOB_MAX);
    }
    return attempt;
}

void tamis_attempt_destroy(tamis_attempt *attempt)
{
    if (attempt != NULL) {
        tamis_job_view_destroy(attempt->view);
        tamis_buf_fini(&attempt->result.blob);
        free(attempt->lost.tasks);
        free(attempt);
    }
}

/* ---- Callbacks ------------------------------------------------------------------------------- */

/* Folders are told by their index in the book. */
static uint32_t owner_of(void *context, uint32_t stage, uint32_t task)
{
    const attempt_run *run = context;
    uint16_t index = tamis_job_view_folder(run->attempt->view, stage, task);

    TAMIS_ASSERT(stage < run->attempt->stage);
    return index == TAMIS_FOLDER_NO_INDEX ? TAMIS_FOLDER_NONE : index;
}

static bool folder_of(void *context, uint32_t number, tamis_folder_place *out_place)
{
    const attempt_run *run = context;
    tamis_folder_entry entry;

    if (number >= TAMIS_FOLDER_NO_INDEX ||
        !tamis_folder_book_get(tamis_job_view_book(run->attempt->view), (uint16_t)number, &entry)) {
        return false;
    }
    *out_place = (tamis_folder_place){.is_alive = entry.is_alive};
    memcpy(out_place->folder_id, entry.folder_id, sizeof(out_place->folder_id));
    memcpy(out_place->data_url, entry.data_url, sizeof(out_place->data_url));
    memcpy(out_place->public_key, entry.public_key, sizeof(out_place->public_key));
    return tamis_path_join(out_place->path, "", entry.path, NULL) == TAMIS_OK;
}

static tamis_status open_file(void *context, uint32_t stage, uint32_t task, tamis_result_file file,
                              char *out_path, tamis_err *err)
{
    attempt_run *run = context;

    return tamis_inputs_file(run->inputs, stage, task, file, out_path, err);
}

static tamis_status gather(void *context, const tamis_gather *wanted, size_t wanted_count,
                           tamis_gathered **out_gathered, tamis_err *err)
{
    attempt_run *run = context;

    return tamis_inputs_gather(run->inputs, wanted, wanted_count, out_gathered, err);
}

static void release(void *context, tamis_gathered *gathered, bool is_read)
{
    attempt_run *run = context;

    tamis_inputs_release(run->inputs, gathered, is_read);
}

static void mark_lost(void *context, uint32_t stage, uint32_t task)
{
    attempt_run *run = context;

    tamis_inputs_mark_lost(run->inputs, stage, task, true);
}

static tamis_status acquire(attempt_run *run, const char *data_folder, bool is_writer,
                            tamis_records **out_records, tamis_err *err)
{
    acquired *entry = malloc(sizeof(*entry));
    tamis_status status = TAMIS_OK;

    if (entry == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to open records");
    }
    status =
        tamis_records_cache_acquire(run->attempt->records, data_folder, attempt_job(run->attempt),
                                    is_writer, &entry->records, err);
    if (status != TAMIS_OK) {
        free(entry);
        return status;
    }
    entry->next = run->acquired;
    run->acquired = entry;
    *out_records = entry->records;
    return TAMIS_OK;
}

static tamis_status records_of(void *context, uint32_t batch, tamis_records **out_records,
                               tamis_err *err)
{
    attempt_run *run = context;
    uint32_t count = 0;
    const tamis_stage *stages = tamis_job_view_stages(run->attempt->view, &count);
    uint32_t scan = tamis_stage_find(stages, count, TAMIS_STAGE_SCAN, TAMIS_LEVEL_URL);
    const char *path = NULL;
    tamis_way way = TAMIS_WAY_OWN;
    uint32_t folder = 0;
    tamis_status status = tamis_inputs_place(run->inputs, scan, batch, &folder, &path, &way, err);

    if (status == TAMIS_OK && way == TAMIS_WAY_NETWORK) {
        return tamis_inputs_remote_records(run->inputs, scan, batch, folder, out_records, err);
    }
    return status == TAMIS_OK ? acquire(run, path, false, out_records, err) : status;
}

static tamis_status run_blob_of(void *context, uint32_t stage, uint32_t task, tamis_slice *out_blob,
                                tamis_err *err)
{
    const attempt_run *run = context;

    return run->attempt->blob_of(run->attempt->context, stage, task, out_blob, err);
}

static const uint64_t *run_counters_of(void *context, uint32_t stage)
{
    const attempt_run *run = context;

    return run->attempt->counters_of(run->attempt->context, stage);
}

static tamis_status await_publish(void *context, tamis_err *err)
{
    const attempt_run *run = context;

    return tamis_attempt_await_lease(run->attempt, err);
}

/* ---- The attempt ----------------------------------------------------------------------------- */

/* Syncs the names of the files that the task left; their contents it has synced itself. */
static tamis_status sync_results(const char *folder, tamis_err *err)
{
    DIR *listing = opendir(folder);
    const struct dirent *entry = NULL;
    bool is_empty = true;
    tamis_status status = TAMIS_OK;

    if (listing == NULL) {
        return tamis_err_errno(err, errno, "%s", folder);
    }
    while (is_empty && (entry = readdir(listing)) != NULL) {
        is_empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    }
    if (!is_empty && fsync(dirfd(listing)) != 0) {
        status = tamis_err_errno(err, errno, "%s: sync", folder);
    }
    (void)closedir(listing);
    return status;
}

static tamis_status make_attempt_folder(const attempt_run *run, tamis_err *err)
{
    tamis_status status = tamis_path_make_parents(run->folder, err);

    if (status == TAMIS_OK) {
        status = tamis_path_remove(run->folder, err);
    }
    if (status == TAMIS_OK && mkdir(run->folder, 0777) != 0) {
        status = tamis_err_errno(err, errno, "%s", run->folder);
    }
    return status;
}

/* Removes all results of SCAN that this process has of the job: first what they are known by, then
 * the records that go with them. Whoever wants one finds that it is lost, and it is made again. */
static tamis_status forget_scans(const attempt_run *run, tamis_err *err)
{
    const char *data_folder = run->attempt->data_folder;
    uint32_t count = 0;
    const tamis_stage *stages = tamis_job_view_stages(run->attempt->view, &count);
    uint32_t scan = tamis_stage_find(stages, count, TAMIS_STAGE_SCAN, TAMIS_LEVEL_URL);
    char path[TAMIS_PATH_MAX];
    tamis_status status = TAMIS_OK;

    for (uint32_t task = 0; status == TAMIS_OK && task < stages[scan].task_count; task++) {
        status =
            path_of(path, err, "%s/%s/%u-%u", data_folder, attempt_job(run->attempt), scan, task);
        status = status == TAMIS_OK ? tamis_path_remove(path, err) : status;
    }
    if (status == TAMIS_OK) {
        status = path_of(path, err, "%s/%s/records", data_folder, attempt_job(run->attempt));
    }
    return status == TAMIS_OK ? tamis_path_remove(path, err) : status;
}

/* Opens the records of this process for writing. A store that a failing disk has left unsound (its
 * manifest names a file that is not there) is given up with all that stands in it. */
static tamis_status acquire_own(attempt_run *run, tamis_records **out_records, tamis_err *err)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* one gives it up, others wait */
    const char *data_folder = run->attempt->data_folder;
    tamis_status status = acquire(run, data_folder, true, out_records, err);

    if (status != TAMIS_ECORRUPT) {
        return status;
    }
    (void)pthread_mutex_lock(&mutex); /* cannot fail: of the default kind, and not held */
    status = acquire(run, data_folder, true, out_records, err);
    if (status == TAMIS_ECORRUPT) {
        status = forget_scans(run, err);
        status = status == TAMIS_OK ? acquire(run, data_folder, true, out_records, err) : status;
    }
    (void)pthread_mutex_unlock(&mutex);
    return status;
}

static tamis_status run_task(attempt_run *run, tamis_err *err)
{
    tamis_attempt *attempt = run->attempt;
    uint32_t stage_count = 0;
    const tamis_stage *stages = tamis_job_view_stages(attempt->view, &stage_count);
    tamis_task_env env = {
        .job = tamis_job_view_job(attempt->view),
        .stages = stages,
        .stage_count = stage_count,
        .stage = attempt->stage,
        .task = attempt->task,
        .folder = run->folder,
        .roots = attempt->roots,
        .memory_bytes = attempt->memory_bytes,
        .progress = &attempt->progress,
        .silence_ms = attempt->silence_ms,
        .open_file = open_file,
        .gather = gather,
        .release = release,
        .mark_lost = mark_lost,
        .records_of = records_of,
        .blob_of = attempt->blob_of == NULL ? NULL : run_blob_of,
        .counters_of = attempt->counters_of == NULL ? NULL : run_counters_of,
        .await_publish = attempt->lease == NULL ? NULL : await_publish,
        .context = run,
    };
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(attempt->stage < stage_count && attempt->task < stages[attempt->stage].task_count);
    if (attempt->run == NULL) {
        return tamis_err_set(err, TAMIS_EUNSUPPORTED, "no %s tasks are run here",
                             tamis_stage_kind_name(stages[attempt->stage].kind));
    }
    if (stages[attempt->stage].kind == TAMIS_STAGE_SCAN) {
        status = acquire_own(run, &env.records, err);
    }
    if (status == TAMIS_OK) {
        tamis_task_run run_it = attempt->is_isolated ? tamis_isolate_run : attempt->run;

        status = run_it(&env, &attempt->result, err);
    }
    if (status == TAMIS_OK &&
        atomic_load_explicit(&attempt->progress.is_canceled, memory_order_relaxed)) {
        status = tamis_err_set(err, TAMIS_ECANCELED, "canceled");
    }
    return status;
}

static void run_fini(attempt_run *run)
{
    while (run->acquired != NULL) {
        acquired *entry = run->acquired;

        run->acquired = entry->next;
        tamis_records_cache_release(run->attempt->records, entry->records);
        free(entry);
    }
    tamis_inputs_close(run->inputs);
    tamis_results_destroy(run->own_results);
}

static tamis_status open_inputs(attempt_run *run, tamis_err *err)
{
    tamis_results_options results = {
        .data_folder = run->attempt->data_folder, .folder = folder_of, .context = run};
    tamis_inputs_options inputs = {
        .results = run->attempt->results,
        .job = attempt_job(run->attempt),
        .temp_folder = run->temp_folder,
        .owner = owner_of,
        .context = run,
        .is_canceled = &run->attempt->progress.is_canceled,
    };
    tamis_status status = path_of(run->temp_folder, err, "%s.in", run->folder);

    if (status == TAMIS_OK && inputs.results == NULL) {
        status = tamis_results_create(&results, &run->own_results, err);
        inputs.results = run->own_results;
    }
    return status == TAMIS_OK ? tamis_inputs_open(&inputs, &run->inputs, err) : status;
}

/* What the task's failure means: an input that is missing or damaged has to be made again. */
static tamis_status judge(attempt_run *run, tamis_status status, tamis_err *err)
{
    tamis_attempt *attempt = run->attempt;

    status = tamis_inputs_finish(run->inputs, status, err);
    if (status == TAMIS_ELOST && tamis_inputs_lost(run->inputs, &attempt->lost) != TAMIS_OK) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory to tell what is lost");
    }
    return status;
}

/* Inputs that are not there are no failure of a task, and results that are not there were told
 * above: what else is missing was taken away under this worker alone. Another one may have it. */
static tamis_status blame_folder(tamis_status status, tamis_err *err)
{
    char text[TAMIS_ERR_TEXT_MAX];

    if (status != TAMIS_ENOENT) {
        return status;
    }
    (void)snprintf(text, sizeof(text), "%s", err->text);
    return tamis_err_set(err, TAMIS_EIO, "%s (was the data folder removed?)", text);
}

void tamis_attempt_perform(tamis_attempt *attempt)
{
    attempt_run run = {.attempt = attempt};
    tamis_status status = attempt_folder(attempt, run.folder, &attempt->err);

    if (status == TAMIS_OK) {
        status = make_attempt_folder(&run, &attempt->err);
    }
    if (status == TAMIS_OK) {
        status = open_inputs(&run, &attempt->err);
    }
    if (status == TAMIS_OK) {
        status = judge(&run, run_task(&run, &attempt->err), &attempt->err);
    }
    if (status == TAMIS_OK) {
        status = sync_results(run.folder, &attempt->err);
    }
    run_fini(&run);
    if (status != TAMIS_OK) {
        tamis_attempt_discard(attempt);
    }
    attempt->status = blame_folder(status, &attempt->err);
}

tamis_status tamis_attempt_publish(const tamis_attempt *attempt, tamis_err *err)
{
    char from[TAMIS_PATH_MAX];
    char to[TAMIS_PATH_MAX];
    tamis_status status = attempt_folder(attempt, from, err);

    if (status == TAMIS_OK) {
        status = path_of(to, err, "%s/%s/%u-%u", attempt->data_folder, attempt_job(attempt),
                         attempt->stage, attempt->task);
    }
    tamis_failpoint(TAMIS_FAILPOINT_TASK_BEFORE_RENAME);
    if (status == TAMIS_OK) {
        status = tamis_path_remove(to, err); /* an older attempt's: nobody was told of it */
    }
    if (status == TAMIS_OK && rename(from, to) != 0) {
        status = tamis_err_errno(err, errno, "%s: rename to %s", from, to);
    }
    if (status == TAMIS_OK) {
        status = tamis_path_sync_parent(to, err);
    }
    tamis_failpoint(TAMIS_FAILPOINT_TASK_AFTER_RENAME);
    return err == NULL ? status : blame_folder(status, err);
}

void tamis_attempt_discard(const tamis_attempt *attempt)
{
    char folder[TAMIS_PATH_MAX];

    if (attempt_folder(attempt, folder, NULL) == TAMIS_OK &&
        tamis_path_remove(folder, NULL) != TAMIS_OK) {
        return; /* the next start sweeps it */
    }
}

bool tamis_attempt_result_exists(const char *data_folder, const char *job, tamis_stage_kind kind,
                                 uint32_t stage, uint32_t task)
{
    char path[TAMIS_PATH_MAX];
    struct stat info;

    if (path_of(path, NULL, "%s/%s/%u-%u", data_folder, job, stage, task) != TAMIS_OK ||
        stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
        return false;
    }
    return kind != TAMIS_STAGE_SCAN ||
           (path_of(path, NULL, "%s/%s/records", data_folder, job) == TAMIS_OK &&
            stat(path, &info) == 0);
}

static tamis_status sweep_job(const char *data_folder, const char *job, const char *prefix,
                              tamis_err *err)
{
    char folder[TAMIS_PATH_MAX];
    DIR *listing = NULL;
    const struct dirent *entry = NULL;
    tamis_status status = tamis_path_join(folder, data_folder, job, err);

    if (status != TAMIS_OK) {
        return status;
    }
    listing = opendir(folder);
    if (listing == NULL) {
        return errno == ENOENT ? TAMIS_OK : tamis_err_errno(err, errno, "%s", folder);
    }
    while (status == TAMIS_OK && (entry = readdir(listing)) != NULL) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 ||
            strcmp(entry->d_name, TAMIS_FETCHED_NAME) == 0) {
            status = tamis_path_remove_in(folder, entry->d_name, err);
        }
    }
    (void)closedir(listing);
    return status;
}

tamis_status tamis_attempt_sweep(const char *data_folder, const char *prefix, tamis_err *err)
{
    DIR *listing = opendir(data_folder);
    const struct dirent *entry = NULL;
    tamis_status status = TAMIS_OK;

    if (listing == NULL) {
        return tamis_err_errno(err, errno, "%s", data_folder);
    }
    while (status == TAMIS_OK && (entry = readdir(listing)) != NULL) {
        if (tamis_job_id_is_valid(entry->d_name)) {
            status = sweep_job(data_folder, entry->d_name, prefix, err);
        }
    }
    (void)closedir(listing);
    return status;
}
