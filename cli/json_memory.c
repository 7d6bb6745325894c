/* SPDX-License-Identifier: Apache-2.0 */
#include "json_memory.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"

/* Ends the process, which only main does elsewhere: the library in between cannot report it. */
static void *allocate(size_t size)
{
    void *memory = malloc(size);

    if (memory == NULL) {
        (void)fprintf(stderr, "tamis: out of memory while reading or writing JSON\n");
        _exit(TAMIS_EXIT_FAILED);
    }
    return memory;
}

void tamis_json_memory_init(void)
{
    json_set_alloc_funcs(allocate, free);
}
