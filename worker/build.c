/* SPDX-License-Identifier: Apache-2.0 */
#include <zstd.h>

#include "tamis/attempt.h"
#include "tamis/normalizer.h"

tamis_status tamis_build_text(char out_text[TAMIS_BUILD_TEXT_SIZE])
{
    tamis_settings settings;
    tamis_digest digest;
    tamis_status status = TAMIS_OK;

    /* The digest of settings has the definition version and that of the Unicode data in it. */
    tamis_settings_defaults(&settings);
    status = tamis_settings_digest(&settings, tamis_normalizer_unicode_version(), &digest);
    if (status == TAMIS_OK) {
        (void)snprintf(out_text, TAMIS_BUILD_TEXT_SIZE, "tamis %s definition %d %016llx",
                       TAMIS_VERSION, TAMIS_DEFINITION_VERSION, (unsigned long long)digest.low);
    }
    return status;
}

const char *tamis_build_zstd(void)
{
    return ZSTD_versionString();
}
