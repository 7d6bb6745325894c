/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/inputs.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inputs_internal.h"
#include "tamis/run_file.h"

#define CHECK_BUFFER (256u << 10)

tamis_status tamis_inputs_open(const tamis_inputs_options *options, tamis_inputs **out_inputs,
                               tamis_err *err)
{
    tamis_inputs *inputs = calloc(1, sizeof(*inputs));

    if (inputs == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the inputs of a task");
    }
    inputs->options = *options;
    *out_inputs = inputs;
    return TAMIS_OK;
}

static void set_destroy(gathered_set *set)
{
    free(set->gathered.files);
    free(set->origins);
    free(set->wanted);
    free(set->paths);
    free(set);
}

void tamis_inputs_close(tamis_inputs *inputs)
{
    if (inputs == NULL) {
        return;
    }
    tamis_inputs_close_remotes(inputs);
    while (inputs->sets != NULL) {
        gathered_set *set = inputs->sets;

        inputs->sets = set->next;
        set_destroy(set);
    }
    if (inputs->has_temp_folder &&
        tamis_path_remove(inputs->options.temp_folder, NULL) != TAMIS_OK) {
        inputs->has_temp_folder = false; /* the next start sweeps it */
    }
    for (size_t i = 0; i < inputs->way_count; i++) {
        free(inputs->ways[i].path);
    }
    free(inputs->ways);
    free(inputs->lost);
    free(inputs);
}

/* ---- What is lost ---------------------------------------------------------------------------- */

void tamis_inputs_note(tamis_inputs *inputs, uint32_t stage, uint32_t task, uint32_t folder,
                       bool is_gone)
{
    for (size_t i = 0; i < inputs->lost_count; i++) {
        if (inputs->lost[i].stage == stage && inputs->lost[i].task == task) {
            inputs->lost[i].is_gone = inputs->lost[i].is_gone || is_gone;
            return;
        }
    }
    if (inputs->lost_count == TAMIS_LOST_MAX) {
        return; /* enough for one report; the next attempt finds the rest */
    }
    if (inputs->lost_count == inputs->lost_max) {
        size_t max = inputs->lost_max == 0 ? 16 : inputs->lost_max * 2;
        lost_task *lost = realloc(inputs->lost, max * sizeof(*lost));

        if (lost == NULL) {
            inputs->is_out_of_memory = true;
            return;
        }
        inputs->lost = lost;
        inputs->lost_max = max;
    }
    inputs->lost[inputs->lost_count++] =
        (lost_task){.stage = stage, .task = task, .folder = folder, .is_gone = is_gone};
}

void tamis_inputs_mark_lost(tamis_inputs *inputs, uint32_t stage, uint32_t task, bool is_gone)
{
    uint32_t folder = inputs->options.owner(inputs->options.context, stage, task);

    if (folder != TAMIS_FOLDER_NONE) {
        tamis_inputs_note(inputs, stage, task, folder, is_gone);
        tamis_inputs_drop_copies(inputs, stage, task);
    }
}

static bool is_loss(tamis_status status)
{
    return status == TAMIS_ENOENT || status == TAMIS_ECORRUPT || status == TAMIS_EVERSION ||
           status == TAMIS_EIO;
}

/* Reads all blocks of the wanted pieces. */
static tamis_status check_pieces(tamis_run_file *file, const tamis_gather *wanted, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    for (uint32_t i = 0; i < tamis_run_file_piece_count(file) && status == TAMIS_OK; i++) {
        tamis_run_cursor *cursor = NULL;
        uint32_t kind = 0;
        uint32_t part = 0;
        uint32_t words = 0;
        uint64_t count = 0;

        tamis_run_file_piece(file, i, &kind, &part, &words, &count);
        if (kind != wanted->kind || part < wanted->first_part || part >= wanted->end_part) {
            continue;
        }
        status = tamis_run_cursor_create(file, kind, part, CHECK_BUFFER, &cursor, err);
        while (status == TAMIS_OK) {
            const uint64_t *records = NULL;
            size_t records_count = 0;

            status = tamis_run_cursor_next(cursor, &records, &records_count, err);
        }
        tamis_run_cursor_destroy(cursor);
        status = status == TAMIS_END ? TAMIS_OK : status;
    }
    return status;
}

static void check_set(tamis_inputs *inputs, const gathered_set *set)
{
    for (size_t i = 0; i < set->gathered.count; i++) {
        const tamis_gathered_file *file = &set->gathered.files[i];
        const gathered_origin *origin = &set->origins[i];
        tamis_run_file *run = NULL;
        tamis_status status =
            tamis_run_file_open_at(file->path, file->offset, file->size, &run, NULL);

        if (status == TAMIS_OK) {
            status = check_pieces(run, &set->wanted[origin->wanted], NULL);
            tamis_run_file_close(run);
        }
        if (is_loss(status)) {
            tamis_inputs_note(inputs, origin->stage, origin->task, origin->folder, true);
        }
    }
}

tamis_status tamis_inputs_finish(tamis_inputs *inputs, tamis_status status, tamis_err *err)
{
    const lost_task *first = inputs->lost;

    if (status == TAMIS_OK || status == TAMIS_ECANCELED) {
        return status;
    }
    if (is_loss(status)) {
        for (const gathered_set *set = inputs->sets; set != NULL; set = set->next) {
            check_set(inputs, set);
        }
    }
    first = inputs->lost;
    if (inputs->lost_count != 0) {
        status = TAMIS_ELOST;
        if (err != NULL) {
            err->status = status;
        }
        tamis_err_context(err, "%zu result%s of earlier stages %s (first: task %u of stage %u)",
                          inputs->lost_count, inputs->lost_count == 1 ? "" : "s",
                          first->is_gone ? "lost" : "out of reach", first->task, first->stage);
    }
    return status;
}

static int compare_tasks(const void *a, const void *b)
{
    const uint32_t *first = a;
    const uint32_t *second = b;

    return (*first > *second) - (*first < *second);
}

tamis_status tamis_inputs_lost(const tamis_inputs *inputs, tamis_lost *out_lost)
{
    const lost_task *first = NULL;
    tamis_lost lost = {0};

    for (size_t i = 0; i < inputs->lost_count; i++) {
        if (first == NULL || (inputs->lost[i].is_gone && !first->is_gone)) {
            first = &inputs->lost[i];
        }
    }
    if (first == NULL) {
        *out_lost = lost;
        return TAMIS_OK;
    }
    lost = (tamis_lost){.stage = first->stage, .folder = first->folder, .is_gone = first->is_gone};
    lost.tasks = calloc(inputs->lost_count, sizeof(*lost.tasks));
    if (lost.tasks == NULL) {
        return TAMIS_ENOMEM;
    }
    for (size_t i = 0; i < inputs->lost_count; i++) {
        const lost_task *one = &inputs->lost[i];

        if (one->stage == first->stage && one->folder == first->folder &&
            one->is_gone == first->is_gone) {
            lost.tasks[lost.count++] = one->task;
        }
    }
    qsort(lost.tasks, lost.count, sizeof(*lost.tasks), compare_tasks);
    *out_lost = lost;
    return TAMIS_OK;
}

/* ---- Places ---------------------------------------------------------------------------------- */

/* Where that result is. TAMIS_ENOENT: skipped. */
static tamis_status find_owner(const tamis_inputs *inputs, uint32_t stage, uint32_t task,
                               uint32_t *out_folder, tamis_err *err)
{
    *out_folder = inputs->options.owner(inputs->options.context, stage, task);
    return *out_folder != TAMIS_FOLDER_NONE
               ? TAMIS_OK
               : tamis_err_set(err, TAMIS_ENOENT, "no result of task %u of stage %u", task, stage);
}

/* Looked up once for an attempt: tasks are many, folders few. */
static tamis_status find_way(tamis_inputs *inputs, uint32_t folder, const folder_way **out_way,
                             tamis_err *err)
{
    tamis_folder_place place;
    folder_way *way = NULL;

    if (folder >= inputs->way_count) {
        size_t count = (size_t)folder + 16;
        folder_way *ways = realloc(inputs->ways, count * sizeof(*ways));

        if (ways == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for %zu folders", count);
        }
        memset(ways + inputs->way_count, 0, (count - inputs->way_count) * sizeof(*ways));
        inputs->ways = ways;
        inputs->way_count = count;
    }
    way = &inputs->ways[folder];
    if (way->path == NULL) {
        if (!tamis_results_way(inputs->options.results, folder, &place, &way->way)) {
            return tamis_err_set(err, TAMIS_EFORMAT, "folder %u is not in the book", folder);
        }
        way->path = strdup(place.path);
    }
    *out_way = way;
    return way->path != NULL ? TAMIS_OK
                             : tamis_err_set(err, TAMIS_ENOMEM, "no memory for a folder");
}

static tamis_status result_path(const tamis_inputs *inputs, const char *folder, uint32_t stage,
                                uint32_t task, const char *name, char out_path[TAMIS_PATH_MAX],
                                tamis_err *err)
{
    int length = snprintf(out_path, TAMIS_PATH_MAX, "%s/%s/%u-%u%s%s", folder, inputs->options.job,
                          stage, task, name == NULL ? "" : "/", name == NULL ? "" : name);

    return length > 0 && length < TAMIS_PATH_MAX
               ? TAMIS_OK
               : tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", folder);
}

tamis_status tamis_inputs_file(tamis_inputs *inputs, uint32_t stage, uint32_t task,
                               tamis_result_file file, char out_path[TAMIS_PATH_MAX],
                               tamis_err *err)
{
    const char *name = tamis_result_file_name(file);
    const folder_way *way = NULL;
    uint32_t folder = 0;
    tamis_status status = find_owner(inputs, stage, task, &folder, err);

    TAMIS_ASSERT(name != NULL);
    if (status == TAMIS_OK) {
        status = find_way(inputs, folder, &way, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    if (way->way == TAMIS_WAY_NETWORK) {
        return tamis_inputs_fetch_file(inputs, stage, task, folder, file, out_path, err);
    }
    return result_path(inputs, way->path, stage, task, name, out_path, err);
}

tamis_status tamis_inputs_place(tamis_inputs *inputs, uint32_t stage, uint32_t task,
                                uint32_t *out_folder, const char **out_path, tamis_way *out_way,
                                tamis_err *err)
{
    char path[TAMIS_PATH_MAX];
    const folder_way *way = NULL;
    struct stat info;
    uint32_t folder = 0;
    tamis_status status = find_owner(inputs, stage, task, &folder, err);

    if (status == TAMIS_OK) {
        status = find_way(inputs, folder, &way, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    *out_folder = folder;
    *out_path = way->path;
    *out_way = way->way;
    if (way->way == TAMIS_WAY_NETWORK) {
        return TAMIS_OK;
    }
    status = result_path(inputs, way->path, stage, task, NULL, path, err);
    if (status == TAMIS_OK && stat(path, &info) != 0) {
        tamis_inputs_note(inputs, stage, task, folder, true);
        status = tamis_err_set(err, TAMIS_ELOST, "%s: is not there any more", path);
    }
    return status;
}

/* ---- Gathering ------------------------------------------------------------------------------- */

/* Its place is kept as a number, because all of them move while there are more. */
tamis_status tamis_set_path(gathered_set *set, size_t index, const char *path, tamis_err *err)
{
    size_t length = strlen(path) + 1;

    if (set->paths_max - set->paths_size < length) {
        size_t max = set->paths_max * 2 + length + 4096;
        char *paths = realloc(set->paths, max);

        if (paths == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the paths of results");
        }
        set->paths = paths;
        set->paths_max = max;
    }
    memcpy(set->paths + set->paths_size, path, length);
    set->origins[index].path_at = set->paths_size;
    set->paths_size += length;
    return TAMIS_OK;
}

static tamis_status set_create(const tamis_gather *wanted, size_t wanted_count,
                               gathered_set **out_set, tamis_err *err)
{
    gathered_set *set = calloc(1, sizeof(*set));
    size_t count = 0;

    for (size_t i = 0; i < wanted_count; i++) {
        count += wanted[i].end_task - wanted[i].first_task;
    }
    if (set != NULL) {
        set->gathered.files = calloc(count + 1, sizeof(*set->gathered.files));
        set->origins = calloc(count + 1, sizeof(*set->origins));
        set->wanted = calloc(wanted_count + 1, sizeof(*set->wanted));
    }
    if (set == NULL || set->gathered.files == NULL || set->origins == NULL || set->wanted == NULL) {
        if (set != NULL) {
            set_destroy(set);
        }
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for %zu results", count);
    }
    memcpy(set->wanted, wanted, wanted_count * sizeof(*wanted));
    *out_set = set;
    return TAMIS_OK;
}

static tamis_status add_task(tamis_inputs *inputs, gathered_set *set, uint32_t wanted,
                             uint32_t task, tamis_err *err)
{
    size_t index = set->gathered.count;
    gathered_origin *origin = &set->origins[index];
    const folder_way *way = NULL;
    char path[TAMIS_PATH_MAX];
    tamis_status status = TAMIS_OK;

    *origin = (gathered_origin){.stage = set->wanted[wanted].stage, .task = task, .wanted = wanted};
    status = find_owner(inputs, origin->stage, task, &origin->folder, err);
    if (status == TAMIS_OK) {
        status = find_way(inputs, origin->folder, &way, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    set->gathered.count++;
    if (way->way == TAMIS_WAY_NETWORK) {
        origin->is_remote = true;
        set->has_remote = true;
        return TAMIS_OK;
    }
    status = result_path(inputs, way->path, origin->stage, task, TAMIS_RUN_NAME, path, err);
    return status == TAMIS_OK ? tamis_set_path(set, index, path, err) : status;
}

/* Leaves out what has none of the pieces, and sets the paths. */
static void set_finish(gathered_set *set)
{
    size_t kept = 0;

    for (size_t i = 0; i < set->gathered.count; i++) {
        if (!set->origins[i].is_absent) {
            set->origins[kept] = set->origins[i];
            set->gathered.files[kept] = set->gathered.files[i];
            set->gathered.files[kept].path = set->paths + set->origins[i].path_at;
            kept++;
        }
    }
    set->gathered.count = kept;
}

tamis_status tamis_inputs_gather(tamis_inputs *inputs, const tamis_gather *wanted,
                                 size_t wanted_count, tamis_gathered **out_gathered, tamis_err *err)
{
    gathered_set *set = NULL;
    tamis_status status = set_create(wanted, wanted_count, &set, err);

    for (uint32_t i = 0; i < wanted_count && status == TAMIS_OK; i++) {
        for (uint32_t t = wanted[i].first_task; t < wanted[i].end_task && status == TAMIS_OK; t++) {
            status = add_task(inputs, set, i, t, err);
        }
    }
    if (status == TAMIS_OK && set->has_remote) {
        status = tamis_inputs_fetch_set(inputs, set, err);
    }
    if (status != TAMIS_OK) {
        if (set != NULL) {
            set_destroy(set); /* the files go with the folder */
        }
        return status;
    }
    set_finish(set);
    set->next = inputs->sets;
    inputs->sets = set;
    *out_gathered = &set->gathered;
    return TAMIS_OK;
}

tamis_status tamis_inputs_bundle_path(const tamis_inputs *inputs, uint32_t number,
                                      char out_path[TAMIS_PATH_MAX], tamis_err *err)
{
    int length = snprintf(out_path, TAMIS_PATH_MAX, "%s/%u", inputs->options.temp_folder, number);

    return length > 0 && length < TAMIS_PATH_MAX
               ? TAMIS_OK
               : tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long",
                               inputs->options.temp_folder);
}

void tamis_inputs_release(tamis_inputs *inputs, tamis_gathered *gathered, bool is_read)
{
    gathered_set **place = &inputs->sets;
    gathered_set *set = NULL;

    if (gathered == NULL || !is_read) {
        return; /* kept until _close: _finish may have to look at it */
    }
    while (&(*place)->gathered != gathered) {
        place = &(*place)->next;
    }
    set = *place;
    *place = set->next;
    for (uint32_t i = set->first_bundle; i < set->end_bundle; i++) {
        char path[TAMIS_PATH_MAX];

        if (tamis_inputs_bundle_path(inputs, i, path, NULL) == TAMIS_OK) {
            (void)unlink(path); /* else it goes with the folder */
        }
    }
    set_destroy(set);
}
