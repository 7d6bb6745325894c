/* SPDX-License-Identifier: Apache-2.0 */
/* To be preloaded: the OOM_AT-th allocation of the process fails, counted over all threads.
 *
 *   OOM_AT=1234          that one alone returns NULL (0 or unset: none)
 *   OOM_COUNT=FILE       at the end the number of allocations is written there
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* What stands behind the public names in glibc; dlsym would allocate itself. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static _Atomic uint64_t allocations;
static uint64_t failing; /* written before main */

__attribute__((constructor)) static void start(void)
{
    const char *at = getenv("OOM_AT");

    failing = at == NULL ? 0 : strtoull(at, NULL, 10);
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("OOM_COUNT");
    int file = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (file >= 0) {
        (void)!dprintf(file, "%llu\n", (unsigned long long)atomic_load(&allocations));
        (void)close(file);
    }
}

static int fails(void)
{
    if (atomic_fetch_add(&allocations, 1) + 1 != failing) {
        return 0;
    }
    errno = ENOMEM;
    return 1;
}

EXPORT void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

EXPORT void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

EXPORT void *realloc(void *memory, size_t size)
{
    return fails() ? NULL : __libc_realloc(memory, size);
}

EXPORT void *reallocarray(void *memory, size_t count, size_t size)
{
    size_t bytes = 0;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return fails() ? NULL : __libc_realloc(memory, bytes);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}

EXPORT int posix_memalign(void **out_memory, size_t alignment, size_t size)
{
    void *memory = fails() ? NULL : __libc_memalign(alignment, size);

    if (memory == NULL) {
        return ENOMEM;
    }
    *out_memory = memory;
    return 0;
}
