/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a list and a URL: up to the first 0x01 the list. It is read or refused with a line;
 * a match gives a reason or none. */
#include "tamis/url_lists.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size == 0 ? NULL : memchr(data, 1, size);
    tamis_slice list = tamis_slice_of(data, end == NULL ? size : (size_t)(end - data));
    tamis_slice url = tamis_slice_of(data + list.size, size - list.size);
    tamis_url_lists *lists = NULL;
    const char *reason = NULL;
    tamis_err err = {0};
    tamis_buf scratch;

    tamis_buf_init(&scratch, 0);
    TAMIS_ASSERT(tamis_url_lists_create(&lists, NULL) == TAMIS_OK);
    tamis_status status = tamis_url_lists_add(lists, TAMIS_URL_DOMAIN, list, "list", &err);

    TAMIS_ASSERT(status == TAMIS_OK || strncmp(err.text, "list, line ", 11) == 0);
    TAMIS_ASSERT(tamis_url_lists_finish(lists, NULL) == TAMIS_OK);
    TAMIS_ASSERT(tamis_url_lists_match(lists, url, &scratch, &reason, NULL) == TAMIS_OK);
    tamis_url_lists_destroy(lists);
    tamis_buf_fini(&scratch);
    return 0;
}
