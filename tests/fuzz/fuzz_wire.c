/* SPDX-License-Identifier: Apache-2.0 */
/* Control frames as they come from the network. What decodes must encode again, to bytes that
 * decode to the same. */
#include <stdint.h>
#include <stdlib.h>

#include "tamis/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tamis_message *message = NULL;
    tamis_message *again = NULL;
    tamis_err err;
    tamis_buf first;
    tamis_buf second;

    if (tamis_wire_decode(tamis_slice_of(data, size), &message, &err) != TAMIS_OK) {
        return 0;
    }
    tamis_buf_init(&first, 0);
    tamis_buf_init(&second, 0);
    /* What is at the limit may be a little above it in our own form. */
    if (tamis_wire_encode(message, &first) == TAMIS_OK) {
        if (tamis_wire_decode(tamis_buf_slice(&first), &again, &err) != TAMIS_OK ||
            tamis_wire_encode(again, &second) != TAMIS_OK ||
            !tamis_slice_is_equal(tamis_buf_slice(&first), tamis_buf_slice(&second))) {
            abort();
        }
    }
    tamis_message_destroy(again);
    tamis_message_destroy(message);
    tamis_buf_fini(&first);
    tamis_buf_fini(&second);
    return 0;
}
