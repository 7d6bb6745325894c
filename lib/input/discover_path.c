/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "discovery.h"

char *path_join(const char *base, const char *name)
{
    size_t base_size = strlen(base);
    size_t name_size = strlen(name);
    bool needs_slash = base_size != 0 && base[base_size - 1] != '/';
    char *path = malloc(base_size + needs_slash + name_size + 1);

    if (path == NULL) {
        return NULL;
    }
    memcpy(path, base, base_size);
    if (needs_slash) {
        path[base_size] = '/';
    }
    memcpy(path + base_size + needs_slash, name, name_size + 1);
    return path;
}

char *path_absolute(const char *folder, const char *path)
{
    return path_join(path[0] == '/' ? "" : folder, path);
}

char *path_normal(const char *absolute)
{
    size_t size = 0;
    char *normal = malloc(strlen(absolute) + 2);

    if (normal == NULL) {
        return NULL;
    }
    while (*absolute != '\0') {
        size_t part = strcspn(absolute, "/");

        if (part == 2 && absolute[0] == '.' && absolute[1] == '.') {
            while (size > 0 && normal[--size] != '/') {
            }
        } else if (part != 0 && !(part == 1 && absolute[0] == '.')) {
            normal[size++] = '/';
            memcpy(normal + size, absolute, part);
            size += part;
        }
        absolute += part + (absolute[part] == '/');
    }
    if (size == 0) {
        normal[size++] = '/';
    }
    normal[size] = '\0';
    return normal;
}
