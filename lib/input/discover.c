/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <unistd.h>

#include "discovery.h"

static void input_fini(tamis_input *input)
{
    free(input->path);
    free(input->shown);
    free(input->name);
    free(input->fault_text);
    *input = (tamis_input){.path = NULL};
}

static void discovery_fini(discovery *found)
{
    for (size_t i = 0; i < found->count; i++) {
        input_fini(&found->items[i].input);
        free(found->items[i].normal);
    }
    free(found->items);
    free(found->folder);
    tamis_source_destroy(found->source);
}

static tamis_status discovery_init(discovery *found, const tamis_settings *settings,
                                   const tamis_discover_options *discover, tamis_err *err)
{
    tamis_source_options options = {.ratio_max = 0,
                                    .zstd_window_log_max = settings->zstd_window_log_max};
    struct stat info;

    *found = (discovery){.settings = settings, .options = discover};
    if (discover->out_folder != NULL && stat(discover->out_folder, &info) == 0) {
        found->has_out = true;
        found->out_device = info.st_dev;
        found->out_node = info.st_ino;
    }
    found->folder = getcwd(NULL, 0);
    if (found->folder == NULL) {
        return tamis_err_errno(err, errno, "the current folder is unknown");
    }
    return tamis_source_create(&options, &found->source, err);
}

static int normal_compare(const void *a, const void *b)
{
    const discovered *left = *(const discovered *const *)a;
    const discovered *right = *(const discovered *const *)b;
    int order = strcmp(left->normal, right->normal);

    if (left->input.is_against != right->input.is_against) {
        return left->input.is_against ? -1 : 1;
    }
    return order != 0 ? order : (left->order > right->order) - (left->order < right->order);
}

/* A path that is named twice counts where it was named first. */
static tamis_status discovery_drop_repeated(discovery *found, tamis_err *err)
{
    discovered **sorted = calloc(found->count + 1, sizeof(*sorted));
    size_t count = 0;

    if (sorted == NULL) {
        return discovery_no_memory(err);
    }
    for (size_t i = 0; i < found->count; i++) {
        found->items[i].order = (uint32_t)i;
        sorted[i] = &found->items[i];
    }
    qsort(sorted, found->count, sizeof(*sorted), normal_compare);
    for (size_t i = 1; i < found->count; i++) {
        sorted[i]->is_again = sorted[i]->input.is_against == sorted[i - 1]->input.is_against &&
                              strcmp(sorted[i]->normal, sorted[i - 1]->normal) == 0;
    }
    free(sorted);
    for (size_t i = 0; i < found->count; i++) {
        if (found->items[i].is_again) {
            input_fini(&found->items[i].input);
            free(found->items[i].normal);
        } else {
            found->items[count] = found->items[i];
            found->items[count].order = (uint32_t)count;
            count++;
        }
    }
    found->count = count;
    return TAMIS_OK;
}

/* Expands all paths; --against first. */
static tamis_status discovery_expand(discovery *found, const tamis_discover_options *options,
                                     tamis_err *err)
{
    bool is_anything = false;
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < options->against_count && status == TAMIS_OK; i++) {
        status = discovery_add_path(found, options->against[i], true, err);
    }
    for (size_t i = 0; i < options->path_count && status == TAMIS_OK; i++) {
        status = discovery_add_path(found, options->paths[i], false, err);
    }
    if (status == TAMIS_OK) {
        status = discovery_drop_repeated(found, err);
    }
    for (size_t i = 0; i < found->count && status == TAMIS_OK; i++) {
        tamis_input *input = &found->items[i].input;

        if (input->fault == TAMIS_OK) {
            status = format_recognize(found, input, err);
        }
        is_anything = is_anything || (input->fault == TAMIS_OK && !input->is_against);
    }
    if (status == TAMIS_OK && !is_anything) {
        const char *text = "no input was named";

        for (size_t i = found->count; i > 0; i--) {
            if (!found->items[i - 1].input.is_against) {
                text = found->items[i - 1].input.fault_text;
            }
        }
        status = tamis_err_set(err, TAMIS_EARG, "there is nothing to read: %s", text);
    }
    return status;
}

/* Whether an input is what a line of the priority file names, or lies below it. */
static bool priority_matches(const char *pattern, const char *normal)
{
    size_t size = strlen(pattern);
    int flags = FNM_PERIOD | FNM_LEADING_DIR;

    if (strncmp(pattern, normal, size) == 0 && (normal[size] == '\0' || normal[size] == '/')) {
        return true;
    }
    if (!path_is_pattern(pattern)) {
        return false;
    }
    /* With ** a star may stand for several folders. */
    flags |= strstr(pattern, "**") == NULL ? FNM_PATHNAME : 0;
    return fnmatch(pattern, normal, flags) == 0;
}

/* Gives the rank to all inputs that the line names and that have none yet. */
static tamis_status priority_apply(discovery *found, const char *line, uint32_t rank,
                                   bool *out_is_used, tamis_err *err)
{
    char *absolute = path_absolute(found->folder, line);
    char *pattern = absolute == NULL ? NULL : path_normal(absolute);

    free(absolute);
    if (pattern == NULL) {
        return discovery_no_memory(err);
    }
    for (size_t i = 0; i < found->count; i++) {
        discovered *item = &found->items[i];

        if (!item->input.is_against && priority_matches(pattern, item->normal)) {
            *out_is_used = true;
            if (item->rank == UINT32_MAX) {
                item->rank = rank;
            }
        }
    }
    free(pattern);
    return TAMIS_OK;
}

static tamis_status discovery_rank(discovery *found, const char *priority_file, tamis_err *err)
{
    FILE *file = fopen(priority_file, "re");
    char *line = NULL;
    size_t capacity = 0;
    uint32_t rank = 0;
    bool is_used = false;
    tamis_status status = TAMIS_OK;

    if (file == NULL) {
        (void)tamis_err_errno(err, errno, "--priority: %s: cannot be opened", priority_file);
        return TAMIS_EARG;
    }
    while (status == TAMIS_OK) {
        ssize_t size = getline(&line, &capacity, file);

        if (size < 0) {
            break;
        }
        while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r' ||
                            line[size - 1] == ' ' || line[size - 1] == '\t')) {
            line[--size] = '\0';
        }
        if (size == 0 || line[0] == '#' || rank == UINT32_MAX) {
            continue;
        }
        status = priority_apply(found, line, rank++, &is_used, err);
    }
    if (status == TAMIS_OK && ferror(file) != 0) {
        status = tamis_err_set(err, TAMIS_EIO, "--priority: %s: cannot be read", priority_file);
    }
    if (status == TAMIS_OK && !is_used) {
        status = tamis_err_set(err, TAMIS_EARG, "--priority: %s: names none of the inputs",
                               priority_file);
    }
    free(line);
    (void)fclose(file); /* only read from */
    return status;
}

static int rank_compare(const void *a, const void *b)
{
    const discovered *left = *(const discovered *const *)a;
    const discovered *right = *(const discovered *const *)b;

    if (left->input.is_against != right->input.is_against) {
        return left->input.is_against ? -1 : 1;
    }
    if (left->rank != right->rank) {
        return left->rank < right->rank ? -1 : 1;
    }
    return (left->order > right->order) - (left->order < right->order);
}

/* Appends the splits of one input to the plan. */
static tamis_status plan_add_input(discovery *found, discovered *item, tamis_plan *plan,
                                   tamis_err *err)
{
    tamis_input *input = &item->input;
    uint64_t *begins = NULL;
    uint32_t count = 0;
    tamis_split *splits = NULL;
    tamis_status status = splits_cut(found, input, &begins, &count, err);

    if (status != TAMIS_OK) {
        return status;
    }
    if (count > TAMIS_SPLITS_MAX - plan->split_count) {
        status = tamis_err_set(err, TAMIS_ELIMIT,
                               "there are more than %llu splits; set a larger --split-size",
                               (unsigned long long)TAMIS_SPLITS_MAX);
        goto out;
    }
    splits = realloc(plan->splits, ((size_t)plan->split_count + count) * sizeof(*splits));
    if (splits == NULL) {
        status = discovery_no_memory(err);
        goto out;
    }
    plan->splits = splits;
    input->first_split = plan->split_count;
    input->split_count = count;
    for (uint32_t part = 0; part < count; part++) {
        plan->splits[plan->split_count++] =
            (tamis_split){.input = item->order,
                          .part = part,
                          .begin = begins[part],
                          .end = part + 1 < count ? begins[part + 1] : input->size_bytes};
    }

out:
    free(begins);
    return status;
}

/* Cuts all inputs in the order of precedence. */
static tamis_status plan_cut(discovery *found, tamis_plan *plan, tamis_err *err)
{
    discovered **sorted = calloc(found->count + 1, sizeof(*sorted));
    tamis_status status = TAMIS_OK;

    if (sorted == NULL) {
        return discovery_no_memory(err);
    }
    for (size_t i = 0; i < found->count; i++) {
        sorted[i] = &found->items[i];
    }
    qsort(sorted, found->count, sizeof(*sorted), rank_compare);
    for (size_t i = 0; i < found->count && status == TAMIS_OK; i++) {
        tamis_input *input = &sorted[i]->input;
        tamis_err fault = {.status = TAMIS_OK};

        if (input->fault != TAMIS_OK) {
            continue;
        }
        status = plan_add_input(found, sorted[i], plan, &fault);
        if (status == TAMIS_ENOMEM || status == TAMIS_ELIMIT) {
            (void)tamis_err_set(err, status, "%s", fault.text);
        } else if (status != TAMIS_OK) { /* it vanished, or its device fails: the others go on */
            input->fault = status;
            input->fault_text = strdup(fault.text);
            status = input->fault_text == NULL ? discovery_no_memory(err) : TAMIS_OK;
        }
    }
    free(sorted);
    return status;
}

/* Moves the inputs into the plan. */
static tamis_status plan_take_inputs(discovery *found, tamis_plan *plan, tamis_err *err)
{
    plan->inputs = calloc(found->count + 1, sizeof(*plan->inputs));
    if (plan->inputs == NULL) {
        return discovery_no_memory(err);
    }
    for (size_t i = 0; i < found->count; i++) {
        plan->inputs[i] = found->items[i].input;
        found->items[i].input = (tamis_input){.path = NULL};
    }
    plan->input_count = (uint32_t)found->count;
    return TAMIS_OK;
}

tamis_status tamis_discover(const tamis_settings *settings, const tamis_discover_options *options,
                            tamis_plan *out_plan, tamis_err *err)
{
    discovery found;
    tamis_plan plan = {.inputs = NULL};
    tamis_status status = discovery_init(&found, settings, options, err);

    if (status == TAMIS_OK) {
        status = discovery_expand(&found, options, err);
    }
    if (status == TAMIS_OK && options->priority_file != NULL) {
        status = discovery_rank(&found, options->priority_file, err);
    }
    if (status == TAMIS_OK) {
        status = plan_cut(&found, &plan, err);
    }
    if (status == TAMIS_OK) {
        status = names_give(&found, err);
    }
    if (status == TAMIS_OK) {
        status = plan_take_inputs(&found, &plan, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_plan_layout(&plan, err);
    }
    if (status == TAMIS_OK) {
        *out_plan = plan;
        plan = (tamis_plan){.inputs = NULL};
    }
    tamis_plan_fini(&plan);
    discovery_fini(&found);
    return status;
}
