/* SPDX-License-Identifier: Apache-2.0 */
/* Zstandard (RFC 8878): any number of frames, skippable ones among them, checksums checked. */
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "source_parts.h"

tamis_status zstd_source_open(tamis_source *source, tamis_err *err)
{
    if (source->zstd == NULL) {
        source->zstd = ZSTD_createDCtx();
    }
    if (source->zstd == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for reading zstd");
    }
    (void)ZSTD_DCtx_reset(source->zstd, ZSTD_reset_session_only); /* fails for parameters only */
    if (ZSTD_isError(ZSTD_DCtx_setParameter(source->zstd, ZSTD_d_windowLogMax,
                                            (int)source->options.zstd_window_log_max))) {
        return tamis_err_set(err, TAMIS_EARG, "zstd refuses the window log %u",
                             source->options.zstd_window_log_max);
    }
    return TAMIS_OK;
}

void zstd_source_destroy(tamis_source *source)
{
    (void)ZSTD_freeDCtx(source->zstd); /* always 0 */
    source->zstd = NULL;
}

static tamis_status zstd_failed(tamis_source *source, size_t result, tamis_err *err)
{
    ZSTD_ErrorCode code = ZSTD_getErrorCode(result);

    if (code == ZSTD_error_memory_allocation) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the window of a zstd frame");
    }
    if (code == ZSTD_error_frameParameter_windowTooLarge) {
        source_fail(source, TAMIS_FAULT_WINDOW,
                    "a zstd frame needs a larger window than the limit");
    } else if (code == ZSTD_error_checksum_wrong) {
        source_fail(source, TAMIS_FAULT_STREAM_CORRUPT, "the checksum of a zstd frame is wrong");
    } else if (code == ZSTD_error_prefix_unknown) {
        source_fail(source, TAMIS_FAULT_STREAM_CORRUPT, "no zstd frame");
    } else if (code == ZSTD_error_dictionary_wrong) {
        source_fail(source, TAMIS_FAULT_STREAM_CORRUPT, "a zstd frame needs a dictionary");
    } else {
        source_fail(source, TAMIS_FAULT_STREAM_CORRUPT, "zstd data are damaged");
    }
    return TAMIS_OK;
}

/* Reads on where all input is taken; at the end of the file the source ends. */
static tamis_status zstd_refill(tamis_source *source, tamis_err *err)
{
    tamis_status status = source_refill(source, err);

    if (status != TAMIS_OK || !source->is_input_ended) {
        return status;
    }
    if (source->is_inside) {
        source_fail(source, TAMIS_FAULT_STREAM_TRUNCATED, "the file ends inside a zstd frame");
    } else if (source->member_count == 0) {
        source_fail(source, TAMIS_FAULT_STREAM_TRUNCATED, "the zstd file is empty");
    }
    source->is_ended = true;
    return TAMIS_OK;
}

tamis_status zstd_source_read(tamis_source *source, uint8_t *out_bytes, size_t capacity,
                              size_t *out_size, tamis_err *err)
{
    ZSTD_outBuffer output = {.dst = out_bytes, .size = capacity, .pos = 0};
    tamis_status status = TAMIS_OK;

    while (output.pos < output.size && !source->is_ended) {
        ZSTD_inBuffer input = {
            .src = source->input, .size = source->input_end, .pos = source->input_begin};
        size_t pos = output.pos;
        size_t result = 0;

        /* Also with all input taken: a full output may have left decoded bytes inside. */
        result = ZSTD_decompressStream(source->zstd, &output, &input);
        if (ZSTD_isError(result)) {
            source->input_begin = input.pos;
            status = zstd_failed(source, result, err);
            break;
        }
        if (input.pos != source->input_begin || output.pos != pos) {
            if (!source->is_inside) {
                source->state.member_offset = source->state.decoded_bytes + pos;
            }
            source->is_inside = result != 0;
            source->member_count += result == 0;
        }
        source->input_begin = input.pos;
        if (output.pos == pos && source->input_begin == source->input_end) {
            status = zstd_refill(source, err);
        }
        if (status != TAMIS_OK) {
            break;
        }
    }
    *out_size = output.pos;
    return status;
}
