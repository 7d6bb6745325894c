/* SPDX-License-Identifier: Apache-2.0 */
#include "grow.h"

#include <stdlib.h>

#define GROW_SLACK 128 /* elements: for kernels that write ahead */

tamis_status tamis_grow_raw(void **data, size_t *capacity, size_t count, size_t size,
                            tamis_err *err)
{
    if (count <= *capacity && *data != NULL) {
        return TAMIS_OK;
    }
    if (count > SIZE_MAX / 2 / size - GROW_SLACK) {
        return tamis_err_set(err, TAMIS_ENOMEM, "signals of a text: %zu elements", count);
    }

    size_t wanted = count + count / 2 + GROW_SLACK;
    void *grown = malloc(wanted * size);

    if (grown == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "signals of a text: %zu elements", count);
    }
    free(*data);
    *data = grown;
    *capacity = wanted - GROW_SLACK;
    return TAMIS_OK;
}
