/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the YAML of a profile: refused with a line, or a profile whose canonical form is
 * read again and printed alike. */
#include <string.h>

#include "profile.h"
#include "tamis/quality.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static tamis_profile *parse(tamis_slice text)
{
    tamis_profile *profile = NULL;
    tamis_err err = {0};
    tamis_status status = tamis_profile_parse(text, "input", &profile, &err);

    TAMIS_ASSERT((status == TAMIS_OK) == (profile != NULL));
    TAMIS_ASSERT(status == TAMIS_OK || err.text[0] != '\0');
    return profile;
}

static bool print(const tamis_profile *profile, tamis_buf *out)
{
    tamis_status status = TAMIS_OK;

    tamis_buf_init(out, 0);
    status = tamis_profile_print(profile, out);
    TAMIS_ASSERT(status == TAMIS_OK || status == TAMIS_ELIMIT || status == TAMIS_ENOMEM);
    return status == TAMIS_OK && out->size <= TAMIS_QUALITY_SPEC_MAX;
}

static void check_canonical_form(const tamis_profile *profile)
{
    tamis_profile *again = NULL;
    tamis_buf first;
    tamis_buf second;

    if (print(profile, &first)) {
        again = parse(tamis_buf_slice(&first));
        TAMIS_ASSERT(again != NULL);
        TAMIS_ASSERT(print(again, &second));
        TAMIS_ASSERT(first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
        tamis_buf_fini(&second);
        tamis_profile_destroy(again);
    }
    tamis_buf_fini(&first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tamis_profile *profile = parse(tamis_slice_of(data, size));

    if (profile != NULL) {
        check_canonical_form(profile);
        tamis_profile_destroy(profile);
    }
    return 0;
}
