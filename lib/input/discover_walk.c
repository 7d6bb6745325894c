/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "discovery.h"

/* A folder on the way down: a link that leads back to one of them is a loop. */
typedef struct folder_link {
    const struct folder_link *above;
    dev_t device;
    ino_t node;
    unsigned depth;
} folder_link;

tamis_status discovery_no_memory(tamis_err *err)
{
    return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the list of inputs");
}

/* Makes room for one more item and clears it. */
static discovered *discovery_grow(discovery *found)
{
    discovered *item = NULL;

    if (found->count == found->capacity) {
        size_t capacity = found->capacity == 0 ? 64 : found->capacity * 2;
        discovered *items = realloc(found->items, capacity * sizeof(*items));

        if (items == NULL) {
            return NULL;
        }
        found->items = items;
        found->capacity = capacity;
    }
    item = &found->items[found->count++];
    *item = (discovered){.rank = UINT32_MAX};
    return item;
}

/* Adds one path; the caller fills in the rest. NULL: out of memory. */
static discovered *discovery_add(discovery *found, const char *shown, bool is_against)
{
    discovered *item = discovery_grow(found);

    if (item == NULL) {
        return NULL;
    }
    item->input.is_against = is_against;
    item->input.shown = strdup(shown);
    item->input.path = path_absolute(found->folder, shown);
    item->normal = item->input.path == NULL ? NULL : path_normal(item->input.path);
    return item->input.shown == NULL || item->normal == NULL ? NULL : item;
}

tamis_status discovery_add_fault(discovery *found, const char *shown, bool is_against,
                                 tamis_status fault, const char *text, tamis_err *err)
{
    discovered *item = discovery_add(found, shown, is_against);

    if (item == NULL) {
        return discovery_no_memory(err);
    }
    item->input.fault = fault;
    item->input.fault_text = strdup(text);
    return item->input.fault_text == NULL ? discovery_no_memory(err) : TAMIS_OK;
}

/* The fault of a failed system call on `shown`. */
static tamis_status discovery_add_errno(discovery *found, const char *shown, bool is_against,
                                        int errno_value, const char *what, tamis_err *err)
{
    tamis_err fault;

    if (errno_value == ENOMEM) {
        return discovery_no_memory(err);
    }
    (void)tamis_err_errno(&fault, errno_value, "%s: %s", shown, what);
    return discovery_add_fault(found, shown, is_against, fault.status, fault.text, err);
}

bool discovery_is_out(const discovery *found, const struct stat *info)
{
    return found->has_out && info->st_dev == found->out_device && info->st_ino == found->out_node;
}

/* Whether a path that a pattern matched lies below OUT. */
static bool path_is_below_out(const discovery *found, const char *path)
{
    size_t size = found->has_out ? strlen(found->options->out_folder) : 0;
    char *resolved = size == 0 ? NULL : realpath(path, NULL);
    bool is_below = resolved != NULL && strncmp(resolved, found->options->out_folder, size) == 0 &&
                    resolved[size] == '/';

    free(resolved);
    return is_below;
}

static tamis_status discovery_add_file(discovery *found, const char *shown, const struct stat *info,
                                       bool is_against, tamis_err *err)
{
    discovered *item = NULL;

    if (!S_ISREG(info->st_mode)) {
        char text[512];

        (void)snprintf(text, sizeof(text), "%s: is no regular file", shown);
        return discovery_add_fault(found, shown, is_against, TAMIS_EARG, text, err);
    }
    if (faccessat(AT_FDCWD, shown, R_OK, AT_EACCESS) != 0) {
        return discovery_add_errno(found, shown, is_against, errno, "cannot be read", err);
    }
    item = discovery_add(found, shown, is_against);
    if (item == NULL) {
        return discovery_no_memory(err);
    }
    item->input.size_bytes = (uint64_t)info->st_size;
    item->input.mtime_ns = (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
    return TAMIS_OK;
}

static tamis_status folder_walk(discovery *found, const char *shown, const struct stat *info,
                                const folder_link *above, bool is_against, tamis_err *err);

static tamis_status folder_add_entry(discovery *found, const char *shown, const folder_link *here,
                                     bool is_against, tamis_err *err)
{
    struct stat info;

    if (stat(shown, &info) != 0) {
        /* A link to nowhere matters only when it is called like an input. */
        return format_is_known(shown) || errno != ENOENT
                   ? discovery_add_errno(found, shown, is_against, errno, "cannot be examined", err)
                   : TAMIS_OK;
    }
    if (S_ISDIR(info.st_mode)) {
        return folder_walk(found, shown, &info, here, is_against, err);
    }
    if (S_ISREG(info.st_mode) && format_is_known(shown)) {
        return discovery_add_file(found, shown, &info, is_against, err);
    }
    return TAMIS_OK;
}

/* TAMIS_OK, or the fault that keeps the folder from being entered, told in text. */
static tamis_status folder_check(const char *shown, const struct stat *info,
                                 const folder_link *above, char *text, size_t text_size)
{
    for (const folder_link *link = above; link != NULL; link = link->above) {
        if (link->device == info->st_dev && link->node == info->st_ino) {
            (void)snprintf(text, text_size, "%s: a symbolic link leads back to a folder above it",
                           shown);
            return TAMIS_EARG;
        }
    }
    if (above != NULL && above->depth >= DISCOVERY_DEPTH_MAX) {
        (void)snprintf(text, text_size, "%s: folders are nested deeper than %d", shown,
                       DISCOVERY_DEPTH_MAX);
        return TAMIS_ELIMIT;
    }
    return TAMIS_OK;
}

static tamis_status folder_walk(discovery *found, const char *shown, const struct stat *info,
                                const folder_link *above, bool is_against, tamis_err *err)
{
    folder_link here = {.above = above,
                        .device = info->st_dev,
                        .node = info->st_ino,
                        .depth = above == NULL ? 0 : above->depth + 1};
    char text[512];
    DIR *folder = NULL;
    struct dirent *entry = NULL;
    tamis_status status = TAMIS_OK;

    if (discovery_is_out(found, info)) {
        return TAMIS_OK;
    }
    status = folder_check(shown, info, above, text, sizeof(text));

    if (status != TAMIS_OK) {
        return discovery_add_fault(found, shown, is_against, status, text, err);
    }
    folder = opendir(shown);
    if (folder == NULL) {
        return discovery_add_errno(found, shown, is_against, errno, "cannot be read", err);
    }
    while (status == TAMIS_OK && (entry = readdir(folder)) != NULL) {
        char *path = NULL;

        if (entry->d_name[0] == '.' || entry->d_name[0] == '_') {
            continue; /* hidden, or the mark of another program (_SUCCESS, _temporary) */
        }
        path = path_join(shown, entry->d_name);
        status = path == NULL ? discovery_no_memory(err)
                              : folder_add_entry(found, path, &here, is_against, err);
        free(path);
    }
    (void)closedir(folder); /* only read from */
    return status;
}

static int shown_compare(const void *a, const void *b)
{
    const discovered *left = a;
    const discovered *right = b;

    return strcmp(left->input.shown, right->input.shown);
}

static tamis_status folder_add(discovery *found, const char *path, const struct stat *info,
                               bool is_against, tamis_err *err)
{
    size_t first = found->count;
    tamis_status status = folder_walk(found, path, info, NULL, is_against, err);

    if (status == TAMIS_OK && found->count == first && !discovery_is_out(found, info)) {
        char text[512];

        (void)snprintf(text, sizeof(text), "%s: the folder holds no input", path);
        status = discovery_add_fault(found, path, is_against, TAMIS_ENOENT, text, err);
    }
    if (status == TAMIS_OK) {
        qsort(found->items + first, found->count - first, sizeof(*found->items), shown_compare);
    }
    return status;
}

/* The spooled standard input goes by the name that the user gave it. */
static tamis_status discovery_add_stdin(discovery *found, const char *path, tamis_err *err)
{
    struct stat info;
    size_t count = found->count;
    discovered *item = NULL;
    char *absolute = NULL;
    tamis_status status = TAMIS_OK;

    if (stat(path, &info) != 0) {
        return discovery_add_errno(found, path, false, errno, "cannot be examined", err);
    }
    status = discovery_add_file(found, path, &info, false, err);
    if (status != TAMIS_OK) {
        return status;
    }
    item = &found->items[count];
    item->is_stdin = true;
    free(item->input.shown);
    free(item->normal);
    item->input.shown = strdup("-");
    absolute = path_absolute(found->folder, "-");
    item->normal = absolute == NULL ? NULL : path_normal(absolute);
    free(absolute);
    return item->input.shown == NULL || item->normal == NULL ? discovery_no_memory(err) : TAMIS_OK;
}

tamis_status discovery_add_path(discovery *found, const char *path, bool is_against, tamis_err *err)
{
    path_list matches = {.paths = NULL};
    struct stat info;
    const char *stdin_path = found->options->stdin_path;
    tamis_status status = TAMIS_OK;

    if (stdin_path != NULL && !is_against && strcmp(path, stdin_path) == 0) {
        return discovery_add_stdin(found, path, err);
    }
    if (stat(path, &info) == 0) {
        return S_ISDIR(info.st_mode) ? folder_add(found, path, &info, is_against, err)
                                     : discovery_add_file(found, path, &info, is_against, err);
    }
    if (!path_is_pattern(path)) {
        return discovery_add_errno(found, path, is_against, errno, "cannot be examined", err);
    }
    status = glob_expand(path, &matches);
    if (status != TAMIS_OK) {
        status = discovery_no_memory(err);
    } else if (matches.count == 0) {
        char text[512];

        (void)snprintf(text, sizeof(text), "%s: the pattern matches nothing", path);
        status = discovery_add_fault(found, path, is_against, TAMIS_ENOENT, text, err);
    }
    for (size_t i = 0; i < matches.count && status == TAMIS_OK; i++) {
        if (path_is_below_out(found, matches.paths[i])) {
            continue;
        }
        if (stat(matches.paths[i], &info) != 0) {
            status = discovery_add_errno(found, matches.paths[i], is_against, errno,
                                         "cannot be examined", err);
        } else if (S_ISDIR(info.st_mode)) {
            status = folder_add(found, matches.paths[i], &info, is_against, err);
        } else {
            status = discovery_add_file(found, matches.paths[i], &info, is_against, err);
        }
    }
    path_list_fini(&matches);
    return status;
}
