/* SPDX-License-Identifier: Apache-2.0 */
/* A packed list: the number of edits; for each the gap since the end of the one before, its length,
 * its reason and the size of its replacement; then the replacements. Numbers are of 7 bits a byte,
 * lowest first, the high bit set in all bytes but the last. */
#include "tamis/fields.h"
#include "tamis/text_edit.h"

#define NUMBER_BYTES_MAX 5
#define EDIT_BYTES_MIN   4 /* four numbers */
#define EDIT_BYTES_MAX   (4 * NUMBER_BYTES_MAX)

static uint8_t *put_number(uint8_t *to, uint32_t value)
{
    while (value >= 0x80) {
        *to++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *to++ = (uint8_t)value;
    return to;
}

tamis_status tamis_edits_pack(const tamis_edits *edits, tamis_buf *out)
{
    size_t size_before = out->size;
    uint32_t end = 0;
    uint8_t *to = NULL;
    tamis_status status = tamis_buf_reserve(out, NUMBER_BYTES_MAX + edits->count * EDIT_BYTES_MAX);

    if (status != TAMIS_OK) {
        return status;
    }
    to = put_number(out->data + out->size, (uint32_t)edits->count);
    for (size_t i = 0; i < edits->count; i++) {
        const tamis_edit *edit = &edits->items[i];

        to = put_number(to, edit->begin - end);
        to = put_number(to, edit->end - edit->begin);
        to = put_number(to, edit->reason);
        to = put_number(to, edit->replacement_size);
        end = edit->end;
    }
    out->size = (size_t)(to - out->data);
    for (size_t i = 0; i < edits->count && status == TAMIS_OK; i++) {
        tamis_slice replacement = tamis_edits_replacement(edits, &edits->items[i]);

        status = tamis_buf_append(out, replacement.data, replacement.size);
    }
    if (status != TAMIS_OK) {
        out->size = size_before;
    }
    return status;
}

/* Sets is_short for a number that is cut off, too large, or longer than it need be. */
static uint32_t get_number(tamis_fields *fields)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < NUMBER_BYTES_MAX; i++) {
        const uint8_t *byte = tamis_get_bytes(fields, 1);

        if (byte == NULL) {
            return 0;
        }
        value |= (uint64_t)(*byte & 0x7F) << (7 * i);
        if (*byte < 0x80) {
            if ((i > 0 && *byte == 0) || value > UINT32_MAX) {
                break;
            }
            return (uint32_t)value;
        }
    }
    fields->is_short = true;
    return 0;
}

/* Reads one edit behind `end`; false when there is none or it reaches behind the text. */
static bool get_edit(tamis_fields *fields, uint32_t end, size_t text_size, tamis_edit *out_edit)
{
    uint32_t gap = get_number(fields);
    uint32_t length = get_number(fields);
    uint32_t reason = get_number(fields);
    uint32_t replacement_size = get_number(fields);

    if (fields->is_short || reason >= TAMIS_EDIT_REASONS_MAX || replacement_size > UINT16_MAX ||
        (length == 0 && replacement_size == 0) || gap > text_size - end ||
        length > text_size - end - gap) {
        return false;
    }
    *out_edit = (tamis_edit){.begin = end + gap,
                             .end = end + gap + length,
                             .reason = (uint16_t)reason,
                             .replacement_size = (uint16_t)replacement_size};
    return true;
}

static tamis_status unpack(tamis_fields *fields, size_t text_size, tamis_edits *edits)
{
    uint32_t count = get_number(fields);
    tamis_fields pool = *fields;
    uint32_t end = 0;
    tamis_edit edit = {.begin = 0};
    tamis_status status = TAMIS_OK;

    if (fields->is_short || count > (fields->size - fields->position) / EDIT_BYTES_MIN) {
        return TAMIS_EFORMAT;
    }
    for (uint32_t i = 0; i < count; i++) { /* the replacements stand behind all edits */
        if (!get_edit(&pool, end, text_size, &edit)) {
            return TAMIS_EFORMAT;
        }
        end = edit.end;
    }
    end = 0;
    for (uint32_t i = 0; i < count && status == TAMIS_OK; i++) {
        const uint8_t *replacement = NULL;

        (void)get_edit(fields, end, text_size, &edit); /* passed above */
        replacement = tamis_get_bytes(&pool, edit.replacement_size);
        if (replacement == NULL) {
            return TAMIS_EFORMAT;
        }
        status = tamis_edits_replace(edits, edit.begin, edit.end, edit.reason,
                                     tamis_slice_of(replacement, edit.replacement_size));
        end = edit.end;
    }
    *fields = pool;
    return status;
}

tamis_status tamis_edits_unpack(tamis_slice bytes, size_t text_size, tamis_edits *edits,
                                size_t *out_used, tamis_err *err)
{
    tamis_fields fields = tamis_fields_of(bytes);
    tamis_status status = TAMIS_OK;

    tamis_edits_reset(edits);
    if (text_size > UINT32_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "edits of a text of more than 4 GiB");
    }
    status = unpack(&fields, text_size, edits);
    if (status == TAMIS_OK && out_used == NULL && fields.position != bytes.size) {
        status = TAMIS_EFORMAT;
    }
    if (status != TAMIS_OK) {
        tamis_edits_reset(edits);
        return tamis_err_set(err, status, "edits: %s at byte %zu of %zu", tamis_status_text(status),
                             fields.position, bytes.size);
    }
    if (out_used != NULL) {
        *out_used = fields.position;
    }
    return TAMIS_OK;
}
