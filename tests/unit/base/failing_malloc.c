/* SPDX-License-Identifier: Apache-2.0 */
#include "failing_malloc.h"

#include <stdbool.h>
#include <stddef.h>

static long successes_left = -1;

/* Names that the linker's --wrap asks for. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);

void failing_malloc_after(long successes)
{
    successes_left = successes;
}

static bool may_pass(void)
{
    if (successes_left > 0) {
        successes_left--;
        return true;
    }
    return successes_left < 0;
}

void *__wrap_malloc(size_t size)
{
    return may_pass() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
    return may_pass() ? __real_calloc(count, size) : NULL;
}

void *__wrap_realloc(void *block, size_t size)
{
    return may_pass() ? __real_realloc(block, size) : NULL;
}
