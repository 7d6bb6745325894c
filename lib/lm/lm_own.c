/* SPDX-License-Identifier: Apache-2.0 */
/* Our own model files: docs/FORMATS.md, "Language models". */
#include "lm_internal.h"
#include "tamis/bytes.h"

#define VERSION_OFFSET 8u
#define ORDER_OFFSET   12u
#define SIZE_OFFSET    16u
#define COUNTS_OFFSET  24u
#define BUCKETS_OFFSET 72u
#define TEXT_OFFSET    120u
#define PIECES_OFFSET  124u
#define DIGEST_OFFSET  128u /* of the body */
#define PIECES_DIGEST  144u
#define SUM_OFFSET     248u

static const uint8_t magic[8] = {'t', 'a', 'm', 'i', 's', 'l', 'm', '\n'};

bool lm_is_own(tamis_slice file)
{
    return file.size >= sizeof(magic) && memcmp(file.data, magic, sizeof(magic)) == 0;
}

static uint64_t aligned(uint64_t offset)
{
    return (offset + LM_OWN_ALIGN - 1) / LM_OWN_ALIGN * LM_OWN_ALIGN;
}

static uint32_t entry_bytes_of(uint32_t part, uint32_t order)
{
    if (part == 0) {
        return LM_WORD_BYTES;
    }
    if (part == 1) {
        return LM_UNIGRAM_BYTES;
    }
    return part < order ? LM_MIDDLE_BYTES : LM_HIGHEST_BYTES;
}

void lm_own_layout(const lm_own_header *header, uint64_t out_offsets[TAMIS_LM_ORDER_MAX + 2])
{
    uint64_t offset = LM_OWN_HEADER_BYTES;

    for (uint32_t part = 0; part <= header->order; part++) {
        uint64_t count = header->buckets[0];

        if (part == 1) {
            count = header->counts[0];
        } else if (part > 1) {
            count = header->buckets[part - 1];
        }
        out_offsets[part] = offset;
        offset = aligned(offset + count * entry_bytes_of(part, header->order));
    }
    out_offsets[header->order + 1] = offset;
}

void lm_own_pack(const lm_own_header *header, uint8_t out_bytes[LM_OWN_HEADER_BYTES])
{
    uint64_t offsets[TAMIS_LM_ORDER_MAX + 2];

    lm_own_layout(header, offsets);
    memset(out_bytes, 0, LM_OWN_HEADER_BYTES);
    memcpy(out_bytes, magic, sizeof(magic));
    tamis_put32le(out_bytes + VERSION_OFFSET, LM_OWN_VERSION);
    tamis_put32le(out_bytes + ORDER_OFFSET, header->order);
    tamis_put64le(out_bytes + SIZE_OFFSET, offsets[header->order + 1]);
    for (uint32_t i = 0; i < TAMIS_LM_ORDER_MAX; i++) {
        tamis_put64le(out_bytes + COUNTS_OFFSET + 8 * (size_t)i, header->counts[i]);
        tamis_put64le(out_bytes + BUCKETS_OFFSET + 8 * (size_t)i, header->buckets[i]);
    }
    tamis_put32le(out_bytes + TEXT_OFFSET, (uint32_t)header->text);
    tamis_put32le(out_bytes + PIECES_OFFSET, header->has_pieces ? 1 : 0);
    tamis_put64le(out_bytes + DIGEST_OFFSET, header->body_digest.low);
    tamis_put64le(out_bytes + DIGEST_OFFSET + 8, header->body_digest.high);
    tamis_put64le(out_bytes + PIECES_DIGEST, header->pieces_digest.low);
    tamis_put64le(out_bytes + PIECES_DIGEST + 8, header->pieces_digest.high);
    tamis_put64le(out_bytes + SUM_OFFSET, tamis_hash64(out_bytes, SUM_OFFSET));
}

static void unpack(const uint8_t *bytes, lm_own_header *out_header)
{
    out_header->order = tamis_get32le(bytes + ORDER_OFFSET);
    for (uint32_t i = 0; i < TAMIS_LM_ORDER_MAX; i++) {
        out_header->counts[i] = tamis_get64le(bytes + COUNTS_OFFSET + 8 * (size_t)i);
        out_header->buckets[i] = tamis_get64le(bytes + BUCKETS_OFFSET + 8 * (size_t)i);
    }
    out_header->text = (tamis_lm_text)tamis_get32le(bytes + TEXT_OFFSET);
    out_header->has_pieces = tamis_get32le(bytes + PIECES_OFFSET) != 0;
    out_header->body_digest.low = tamis_get64le(bytes + DIGEST_OFFSET);
    out_header->body_digest.high = tamis_get64le(bytes + DIGEST_OFFSET + 8);
    out_header->pieces_digest.low = tamis_get64le(bytes + PIECES_DIGEST);
    out_header->pieces_digest.high = tamis_get64le(bytes + PIECES_DIGEST + 8);
}

/* What a sound checksum does not promise: a header may have been made by anybody. */
static bool is_sound(const lm_own_header *header, uint64_t size)
{
    uint64_t limit = size / LM_UNIGRAM_BYTES;

    if (header->order < 1 || header->order > TAMIS_LM_ORDER_MAX ||
        (uint32_t)header->text >= TAMIS_LM_TEXT_COUNT) {
        return false;
    }
    for (uint32_t i = 0; i < TAMIS_LM_ORDER_MAX; i++) {
        bool is_used = i < header->order;

        if (header->counts[i] > limit || header->buckets[i] > limit ||
            (is_used ? header->buckets[i] == 0 : header->buckets[i] != 0)) {
            return false;
        }
    }
    return header->counts[0] != 0 && header->counts[0] <= UINT32_MAX;
}

static tamis_status check_header(tamis_slice file, const char *name, lm_own_header *out_header,
                                 tamis_err *err)
{
    uint64_t offsets[TAMIS_LM_ORDER_MAX + 2];

    if (file.size < LM_OWN_HEADER_BYTES) {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: a model that ends at offset %zu, within its "
                             "header; train it again",
                             name, file.size);
    }
    if (tamis_get32le(file.data + VERSION_OFFSET) != LM_OWN_VERSION) {
        return tamis_err_set(err, TAMIS_EVERSION,
                             "%s: a model of version %u, this program reads %u; train it again",
                             name, tamis_get32le(file.data + VERSION_OFFSET), LM_OWN_VERSION);
    }
    if (tamis_get64le(file.data + SUM_OFFSET) != tamis_hash64(file.data, SUM_OFFSET)) {
        return tamis_err_set(err, TAMIS_ECORRUPT,
                             "%s: offset 0: the header is damaged; train the model again", name);
    }
    unpack(file.data, out_header);
    if (!is_sound(out_header, file.size)) {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: offset %u: the header names more than the file holds; train the "
                             "model again",
                             name, ORDER_OFFSET);
    }
    lm_own_layout(out_header, offsets);
    if (offsets[out_header->order + 1] != file.size) {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: offset %zu: the file ends here, not at %llu; train the model "
                             "again",
                             name, file.size, (unsigned long long)offsets[out_header->order + 1]);
    }
    return TAMIS_OK;
}

tamis_status lm_read_own(tamis_lm *model, tamis_slice file, const char *name, tamis_err *err)
{
    lm_own_header header = {.order = 0};
    uint64_t offsets[TAMIS_LM_ORDER_MAX + 2];
    tamis_status status = check_header(file, name, &header, err);

    if (status != TAMIS_OK) {
        return status;
    }
    if (!tamis_digest_is_equal(
            header.body_digest,
            tamis_hash128(file.data + LM_OWN_HEADER_BYTES, file.size - LM_OWN_HEADER_BYTES))) {
        return tamis_err_set(err, TAMIS_ECORRUPT,
                             "%s: the bytes from offset %u on are damaged; train the model again",
                             name, LM_OWN_HEADER_BYTES);
    }
    lm_own_layout(&header, offsets);
    model->info.format = TAMIS_LM_FORMAT_TAMIS;
    model->info.order = header.order;
    model->info.text = header.text;
    model->info.has_pieces = header.has_pieces;
    model->info.pieces_digest = header.pieces_digest;
    memcpy(model->info.counts, header.counts, sizeof(header.counts));
    model->word_count = header.counts[0];
    model->words = (lm_table){.entries = file.data + offsets[0],
                              .buckets = header.buckets[0],
                              .entry_bytes = LM_WORD_BYTES};
    model->unigrams = file.data + offsets[1];
    for (uint32_t i = 1; i < header.order; i++) {
        model->orders[i] = (lm_table){.entries = file.data + offsets[i + 1],
                                      .buckets = header.buckets[i],
                                      .entry_bytes = entry_bytes_of(i + 1, header.order)};
    }
    status = lm_check_words(model, file, name, err);
    return status == TAMIS_OK ? lm_find_ends(model, name, err) : status;
}
