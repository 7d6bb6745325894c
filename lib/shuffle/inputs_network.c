/* SPDX-License-Identifier: Apache-2.0 */
/* The part of inputs.h that goes over the network: bundles of pieces, copies of files. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inputs_internal.h"

/* One PIECES object: some files of the set, all of one `wanted` and of one folder. */
typedef struct bundle {
    tamis_data_object object;
    uint32_t indexes[TAMIS_DATA_TASKS_MAX]; /* in the set */
    char path[TAMIS_PATH_MAX];
} bundle;

typedef struct bundle_list {
    bundle **bundles;
    tamis_fetch_item *items;
    size_t count;
    size_t max;
} bundle_list;

static tamis_status out_of_memory(tamis_err *err)
{
    return tamis_err_set(err, TAMIS_ENOMEM, "no memory to fetch results");
}

/* ---- Lists of bundles ------------------------------------------------------------------------ */

static void list_fini(bundle_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->bundles[i]);
    }
    free(list->bundles);
    free(list->items);
}

static tamis_status list_add(tamis_inputs *inputs, bundle_list *list, uint32_t folder,
                             bundle **out_bundle, tamis_err *err)
{
    bundle *one = NULL;

    if (list->count == list->max) {
        size_t max = list->max == 0 ? 16 : list->max * 2;
        bundle **bundles = realloc(list->bundles, max * sizeof(*bundles));
        tamis_fetch_item *items = NULL;

        if (bundles == NULL) {
            return out_of_memory(err);
        }
        list->bundles = bundles;
        items = realloc(list->items, max * sizeof(*items));
        if (items == NULL) {
            return out_of_memory(err);
        }
        list->items = items;
        list->max = max;
    }
    one = calloc(1, sizeof(*one));
    if (one == NULL) {
        return out_of_memory(err);
    }
    list->bundles[list->count] = one;
    list->items[list->count] =
        (tamis_fetch_item){.object = &one->object, .folder = folder, .path = one->path};
    list->count++;
    *out_bundle = one;
    return tamis_inputs_bundle_path(inputs, inputs->bundle_count++, one->path, err);
}

static void bundle_add(bundle *one, const gathered_set *set, uint32_t index)
{
    one->indexes[one->object.task_count] = index;
    one->object.tasks[one->object.task_count++] = set->origins[index].task;
}

static void bundle_begin(const tamis_inputs *inputs, bundle *one, const tamis_gather *wanted)
{
    one->object.kind = TAMIS_DATA_PIECES;
    (void)snprintf(one->object.job, sizeof(one->object.job), "%s", inputs->options.job);
    one->object.stage = wanted->stage;
    one->object.piece = wanted->kind;
    one->object.first_part = wanted->first_part;
    one->object.end_part = wanted->end_part;
}

/* The bundle of that folder that still has room. Folders are few, and the last ones come first. */
static bundle *find_open(const bundle_list *list, size_t first, uint32_t folder)
{
    for (size_t i = list->count; i > first; i--) {
        if (list->items[i - 1].folder == folder) {
            bundle *one = list->bundles[i - 1];

            return one->object.task_count < TAMIS_DATA_TASKS_MAX ? one : NULL;
        }
    }
    return NULL;
}

static tamis_status list_make(tamis_inputs *inputs, const gathered_set *set, bundle_list *list,
                              tamis_err *err)
{
    uint32_t wanted = 0;
    size_t first = 0; /* bundle of the same `wanted` */

    for (uint32_t i = 0; i < set->gathered.count; i++) {
        const gathered_origin *origin = &set->origins[i];
        bundle *one = NULL;

        if (!origin->is_remote) {
            continue;
        }
        if (origin->wanted != wanted) {
            wanted = origin->wanted;
            first = list->count;
        }
        one = find_open(list, first, origin->folder);
        if (one == NULL) {
            tamis_status status = list_add(inputs, list, origin->folder, &one, err);

            if (status != TAMIS_OK) {
                return status;
            }
            bundle_begin(inputs, one, &set->wanted[wanted]);
        }
        bundle_add(one, set, i);
    }
    return TAMIS_OK;
}

/* ---- Taking bundles in ----------------------------------------------------------------------- */

/* Each chunk was checked on its way: what is wrong here was done to the file since. */
static tamis_status read_index(const bundle *one, uint64_t size, uint64_t *out_sizes,
                               tamis_err *err)
{
    uint8_t bytes[TAMIS_DATA_INDEX_HEAD + 8 * TAMIS_DATA_TASKS_MAX];
    size_t index_bytes = tamis_data_index_bytes(one->object.task_count);
    int file = open(one->path, O_RDONLY | O_CLOEXEC);
    ssize_t done = -1;

    if (file >= 0) {
        done = pread(file, bytes, index_bytes, 0);
        (void)close(file); /* it was only read */
    }
    if (done == (ssize_t)index_bytes &&
        tamis_data_index_decode(tamis_slice_of(bytes, index_bytes), one->object.task_count, size,
                                out_sizes) == TAMIS_OK) {
        return TAMIS_OK;
    }
    return tamis_err_set(err, TAMIS_EIO,
                         "%s: what was fetched is gone or damaged: was the data folder removed?",
                         one->path);
}

/* The images of a bundle that arrived become files of the set. */
static tamis_status take_bundle(gathered_set *set, const bundle *one, const tamis_fetch_item *item,
                                tamis_err *err)
{
    uint64_t sizes[TAMIS_DATA_TASKS_MAX];
    uint64_t at = tamis_data_index_bytes(one->object.task_count);
    tamis_status status = read_index(one, item->size, sizes, err);

    for (uint32_t i = 0; i < one->object.task_count && status == TAMIS_OK; i++) {
        uint32_t index = one->indexes[i];

        set->origins[index].is_remote = false;
        set->origins[index].is_absent = sizes[i] == 0;
        set->gathered.files[index].offset = at;
        set->gathered.files[index].size = sizes[i];
        at += sizes[i];
        if (sizes[i] != 0) {
            status = tamis_set_path(set, index, one->path, err);
        }
    }
    set->gathered.fetched_bytes += item->size;
    return status;
}

static void note_bundle(tamis_inputs *inputs, const gathered_set *set, const bundle *one,
                        tamis_status status)
{
    for (uint32_t i = 0; i < one->object.task_count; i++) {
        const gathered_origin *origin = &set->origins[one->indexes[i]];

        tamis_inputs_note(inputs, origin->stage, origin->task, origin->folder,
                          tamis_fetch_is_gone(status));
    }
}

/* What a bundle lacks is found by asking for each of its tasks alone. */
static tamis_status list_split(tamis_inputs *inputs, const gathered_set *set, const bundle *one,
                               uint32_t folder, bundle_list *list, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    for (uint32_t i = 0; i < one->object.task_count && status == TAMIS_OK; i++) {
        bundle *single = NULL;

        status = list_add(inputs, list, folder, &single, err);
        if (status == TAMIS_OK) {
            bundle_begin(inputs, single, &set->wanted[set->origins[one->indexes[i]].wanted]);
            bundle_add(single, set, one->indexes[i]);
        }
    }
    return status;
}

static tamis_status fetch_list(tamis_inputs *inputs, gathered_set *set, bundle_list *list,
                               bundle_list *out_singles, tamis_err *err)
{
    tamis_status status = tamis_fetch_all(inputs->options.results, list->items, list->count,
                                          inputs->options.is_canceled, err);

    for (size_t i = 0; i < list->count && status == TAMIS_OK; i++) {
        const bundle *one = list->bundles[i];
        const tamis_fetch_item *item = &list->items[i];

        if (item->status == TAMIS_OK) {
            status = take_bundle(set, one, item, err);
        } else if (tamis_fetch_is_gone(item->status) && one->object.task_count > 1) {
            status = list_split(inputs, set, one, item->folder, out_singles, err);
        } else {
            (void)tamis_err_set(err, TAMIS_ELOST, "pieces of stage %u: %s", one->object.stage,
                                tamis_status_text(item->status));
            note_bundle(inputs, set, one, item->status);
        }
    }
    return status;
}

static tamis_status make_temp_folder(tamis_inputs *inputs, tamis_err *err)
{
    if (!inputs->has_temp_folder) {
        if (mkdir(inputs->options.temp_folder, 0777) != 0 && errno != EEXIST) {
            return tamis_err_errno(err, errno, "%s", inputs->options.temp_folder);
        }
        inputs->has_temp_folder = true;
    }
    return TAMIS_OK;
}

tamis_status tamis_inputs_fetch_set(tamis_inputs *inputs, gathered_set *set, tamis_err *err)
{
    bundle_list bundles = {0};
    bundle_list singles = {0};
    size_t lost_before = inputs->lost_count;
    tamis_status status = make_temp_folder(inputs, err);

    if (tamis_results_pool(inputs->options.results) == NULL) {
        return tamis_err_set(err, TAMIS_EUNSUPPORTED, "results elsewhere, but no network");
    }
    set->first_bundle = inputs->bundle_count;
    if (status == TAMIS_OK) {
        status = list_make(inputs, set, &bundles, err);
    }
    if (status == TAMIS_OK) {
        status = fetch_list(inputs, set, &bundles, &singles, err);
    }
    if (status == TAMIS_OK && singles.count != 0) {
        status = fetch_list(inputs, set, &singles, NULL, err);
    }
    set->end_bundle = inputs->bundle_count;
    list_fini(&bundles);
    list_fini(&singles);
    if (status == TAMIS_OK && inputs->lost_count != lost_before) {
        status = TAMIS_ELOST; /* the text is there */
    }
    return status;
}

/* ---- Copies of files ------------------------------------------------------------------------- */

static tamis_status copy_path(const tamis_inputs *inputs, uint32_t stage, uint32_t task,
                              tamis_result_file file, char out_path[TAMIS_PATH_MAX], tamis_err *err)
{
    const char *data_folder = tamis_results_options_of(inputs->options.results)->data_folder;
    int length =
        snprintf(out_path, TAMIS_PATH_MAX, "%s/%s/" TAMIS_FETCHED_NAME "/%u-%u-%s", data_folder,
                 inputs->options.job, stage, task, tamis_result_file_name(file));

    return length > 0 && length < TAMIS_PATH_MAX
               ? TAMIS_OK
               : tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", data_folder);
}

/* Under a temporary name first, so that a copy that is there is whole. */
static tamis_status fetch_copy(tamis_inputs *inputs, tamis_fetch_item *item, const char *path,
                               tamis_err *err)
{
    char temp[TAMIS_PATH_MAX];
    tamis_status status = tamis_path_make_parents(path, err);

    if (status == TAMIS_OK) {
        status = tamis_path_temp_name(temp, path, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    item->path = temp;
    status = tamis_fetch_all(inputs->options.results, item, 1, inputs->options.is_canceled, err);
    if (status == TAMIS_OK && item->status == TAMIS_OK && rename(temp, path) != 0) {
        status = tamis_err_errno(err, errno, "%s: cannot rename to it", path);
    }
    if (status != TAMIS_OK || item->status != TAMIS_OK) {
        (void)unlink(temp); /* else the next start sweeps it */
    }
    return status;
}

tamis_status tamis_inputs_fetch_file(tamis_inputs *inputs, uint32_t stage, uint32_t task,
                                     uint32_t folder, tamis_result_file file,
                                     char out_path[TAMIS_PATH_MAX], tamis_err *err)
{
    tamis_data_object object = {.kind = TAMIS_DATA_FILE,
                                .stage = stage,
                                .file = (uint32_t)file,
                                .task_count = 1,
                                .tasks = {task}};
    tamis_fetch_item item = {.object = &object, .folder = folder};
    tamis_copy_lock lock = {.path = out_path};
    tamis_status status = copy_path(inputs, stage, task, file, out_path, err);

    if (status != TAMIS_OK) {
        return status;
    }
    if (tamis_results_pool(inputs->options.results) == NULL) {
        return tamis_err_set(err, TAMIS_EUNSUPPORTED, "results elsewhere, but no network");
    }
    (void)snprintf(object.job, sizeof(object.job), "%s", inputs->options.job);
    tamis_copy_acquire(inputs->options.results, &lock);
    if (access(out_path, F_OK) != 0) {
        status = fetch_copy(inputs, &item, out_path, err);
    }
    tamis_copy_release(inputs->options.results, &lock);
    if (status == TAMIS_OK && item.status != TAMIS_OK) {
        tamis_inputs_note(inputs, stage, task, folder, tamis_fetch_is_gone(item.status));
        status = tamis_err_set(err, TAMIS_ELOST, "%s of task %u of stage %u: %s",
                               tamis_result_file_name(file), task, stage,
                               tamis_status_text(item.status));
    }
    return status;
}

void tamis_inputs_drop_copies(const tamis_inputs *inputs, uint32_t stage, uint32_t task)
{
    for (int file = TAMIS_RESULT_RUN; file < TAMIS_RESULT_FILE_END; file++) {
        char path[TAMIS_PATH_MAX];

        if (copy_path(inputs, stage, task, (tamis_result_file)file, path, NULL) == TAMIS_OK) {
            (void)unlink(path); /* mostly there is none */
        }
    }
}
