/* SPDX-License-Identifier: Apache-2.0 */
#include "file_map.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static tamis_status open_file(const char *path, const tamis_roots *roots, int *out_file,
                              tamis_err *err)
{
    if (roots != NULL) {
        return tamis_roots_open(roots, path, O_RDONLY, out_file, err);
    }
    *out_file = open(path, O_RDONLY | O_CLOEXEC);
    return *out_file < 0 ? tamis_err_errno(err, errno, "%s", path) : TAMIS_OK;
}

static tamis_status map_file(int file, const char *path, tamis_file_map *out_map, tamis_err *err)
{
    struct stat info;
    void *bytes = NULL;

    if (fstat(file, &info) != 0) {
        return tamis_err_errno(err, errno, "%s", path);
    }
    if (!S_ISREG(info.st_mode)) {
        return tamis_err_set(err, TAMIS_EARG, "%s: is no regular file", path);
    }
    if (info.st_size == 0) {
        return TAMIS_OK;
    }
    bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED) {
        return tamis_err_errno(err, errno, "%s: cannot be mapped", path);
    }
    out_map->bytes = tamis_slice_of(bytes, (size_t)info.st_size);
    return TAMIS_OK;
}

void tamis_file_map_init(tamis_file_map *map)
{
    *map = (tamis_file_map){.file = -1};
}

tamis_status tamis_file_map_open(const char *path, const tamis_roots *roots,
                                 tamis_file_map *out_map, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    tamis_file_map_init(out_map);
    status = open_file(path, roots, &out_map->file, err);
    if (status == TAMIS_OK) {
        (void)snprintf(out_map->name, sizeof(out_map->name), "/proc/self/fd/%d", out_map->file);
        status = map_file(out_map->file, path, out_map, err);
    }
    if (status != TAMIS_OK) {
        tamis_file_map_close(out_map);
    }
    return status;
}

void tamis_file_map_close(tamis_file_map *map)
{
    if (map->bytes.size != 0) {
        (void)munmap((void *)(uintptr_t)map->bytes.data, map->bytes.size);
    }
    if (map->file >= 0) {
        (void)close(map->file);
    }
    tamis_file_map_init(map);
}
