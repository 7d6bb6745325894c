/* SPDX-License-Identifier: Apache-2.0 */
/* Ledger records: pieces of 16-bit length, key and value in turn, restored into a core. */
#include <stdint.h>
#include <stdlib.h>

#include "tamis/bytes.h"
#include "tamis/coordinator_core.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static tamis_slice take_piece(tamis_slice *rest)
{
    size_t size = rest->size < 2 ? 0 : tamis_get16le(rest->data);
    tamis_slice piece = {.data = rest->data, .size = 0};

    if (rest->size >= 2) {
        piece.data = rest->data + 2;
        piece.size = size < rest->size - 2 ? size : rest->size - 2;
        rest->data += 2 + piece.size;
        rest->size -= 2 + piece.size;
    } else {
        rest->size = 0;
    }
    return piece;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tamis_slice rest = tamis_slice_of(data, size);
    tamis_core_settings settings;
    tamis_coordinator_core *core = NULL;
    tamis_core_effects effects;
    tamis_core_event tick = {.kind = TAMIS_CORE_TICK};
    tamis_err err = {.status = TAMIS_OK};
    tamis_status status = TAMIS_OK;

    tamis_core_settings_defaults(&settings);
    settings.build = (tamis_peer_build){.protocol = 1, .build = "fuzz", .zstd = "0"};
    settings.data_folder = "/c";
    if (tamis_coordinator_core_create(&settings, &core) != TAMIS_OK) {
        return 0;
    }
    tamis_core_effects_init(&effects);
    while (rest.size != 0 && status == TAMIS_OK) {
        tamis_slice key = take_piece(&rest);
        tamis_slice value = take_piece(&rest);

        status = tamis_coordinator_core_restore(core, key, value, &err);
    }
    if (status == TAMIS_OK) {
        status = tamis_coordinator_core_begin(core, 1, &effects, &err);
    }
    if (status == TAMIS_OK) {
        status = tamis_coordinator_core_step(core, &tick, 100000, &effects, &err);
    }
    tamis_core_effects_fini(&effects);
    tamis_coordinator_core_destroy(core);
    return 0;
}
