/* SPDX-License-Identifier: Apache-2.0 */
/* Key files and lists from outside: what is taken is written as it was read, up to order. */
#include "tamis/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_key(tamis_slice text)
{
    tamis_net_security key;
    tamis_net_security back;
    tamis_buf out;
    tamis_err err;

    if (tamis_key_parse(text, "file", &key, &err) != TAMIS_OK) {
        return;
    }
    tamis_buf_init(&out, 0);
    if (tamis_key_format(&key, &out) == TAMIS_OK) {
        TAMIS_ASSERT(tamis_key_parse(tamis_buf_slice(&out), "file", &back, &err) == TAMIS_OK);
        TAMIS_ASSERT(strcmp(key.user, back.user) == 0);
        TAMIS_ASSERT(strcmp(key.server_key, back.server_key) == 0);
    }
    tamis_buf_fini(&out);
}

static void check_list(tamis_slice text)
{
    tamis_allowed allowed;
    tamis_allowed back;
    tamis_buf out;
    tamis_err err;

    if (tamis_allowed_parse(text, "file", &allowed, &err) != TAMIS_OK) {
        return;
    }
    tamis_buf_init(&out, 0);
    if (tamis_allowed_format(&allowed, &out) == TAMIS_OK) {
        TAMIS_ASSERT(tamis_allowed_parse(tamis_buf_slice(&out), "file", &back, &err) == TAMIS_OK);
        TAMIS_ASSERT(back.count == allowed.count);
        tamis_allowed_fini(&back);
    }
    tamis_allowed_fini(&allowed);
    tamis_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_key(tamis_slice_of(data, size));
    check_list(tamis_slice_of(data, size));
    return 0;
}
