/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>

#include "discovery.h"

bool path_is_pattern(const char *path)
{
    return strpbrk(path, "*?[") != NULL;
}

tamis_status path_list_add(path_list *list, char **path_take)
{
    if (*path_take == NULL) {
        return TAMIS_ENOMEM;
    }
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        char **paths = realloc(list->paths, capacity * sizeof(*paths));

        if (paths == NULL) {
            free(*path_take);
            *path_take = NULL;
            return TAMIS_ENOMEM;
        }
        list->paths = paths;
        list->capacity = capacity;
    }
    list->paths[list->count++] = *path_take;
    *path_take = NULL;
    return TAMIS_OK;
}

void path_list_fini(path_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->paths[i]);
    }
    free(list->paths);
    *list = (path_list){.paths = NULL};
}

static tamis_status glob_walk(const char *base, const char *pattern, unsigned depth,
                              path_list *out_paths);

/* Takes `name` for the pattern's first component and goes on with the rest behind it. */
static tamis_status glob_enter(const char *base, const char *name, const char *rest, unsigned depth,
                               path_list *out_paths)
{
    char *path = path_join(base, name);
    struct stat info;
    tamis_status status = TAMIS_OK;

    if (path == NULL) {
        return TAMIS_ENOMEM;
    }
    if (*rest != '\0') {
        status = glob_walk(path, rest, depth + 1, out_paths);
    } else if (stat(path, &info) == 0) {
        status = path_list_add(out_paths, &path);
    }
    free(path);
    return status;
}

/* Whether the entry is a folder that ** descends into: no hidden one, and through no link, which
 * might lead back up. */
static bool glob_descends(DIR *folder, const char *name)
{
    struct stat info;

    return name[0] != '.' && fstatat(dirfd(folder), name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(info.st_mode);
}

/* pattern: what is left of it, below the folder base ("": the current one). */
static tamis_status glob_walk(const char *base, const char *pattern, unsigned depth,
                              path_list *out_paths)
{
    size_t size = strcspn(pattern, "/");
    const char *rest = pattern + size + strspn(pattern + size, "/");
    char *part = strndup(pattern, size);
    bool is_deep = size == 2 && memcmp(pattern, "**", 2) == 0;
    DIR *folder = NULL;
    struct dirent *entry = NULL;
    tamis_status status = part == NULL ? TAMIS_ENOMEM : TAMIS_OK;

    if (status == TAMIS_OK && !path_is_pattern(part)) {
        status = glob_enter(base, part, rest, depth, out_paths);
        goto out;
    }
    if (status == TAMIS_OK && is_deep && *rest != '\0') {
        status = glob_walk(base, rest, depth + 1, out_paths);
    }
    if (status != TAMIS_OK || depth > DISCOVERY_DEPTH_MAX) {
        goto out;
    }
    folder = opendir(*base == '\0' ? "." : base);
    if (folder == NULL) {
        goto out; /* matches nothing */
    }
    while (status == TAMIS_OK && (entry = readdir(folder)) != NULL) {
        if (is_deep && glob_descends(folder, entry->d_name)) {
            status = glob_enter(base, entry->d_name, pattern, depth, out_paths);
        } else if (fnmatch(part, entry->d_name, FNM_PERIOD) == 0 && (!is_deep || *rest == '\0')) {
            status = glob_enter(base, entry->d_name, rest, depth, out_paths);
        }
    }

out:
    if (folder != NULL) {
        (void)closedir(folder); /* only read from */
    }
    free(part);
    return status;
}

static int path_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

tamis_status glob_expand(const char *pattern, path_list *out_paths)
{
    size_t slashes = strspn(pattern, "/");
    tamis_status status = glob_walk(slashes == 0 ? "" : "/", pattern + slashes, 0, out_paths);

    if (status == TAMIS_OK && out_paths->count != 0) {
        qsort(out_paths->paths, out_paths->count, sizeof(*out_paths->paths), path_compare);
    }
    return status;
}
