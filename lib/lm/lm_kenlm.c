/* SPDX-License-Identifier: Apache-2.0 */
/* KenLM binaries of the type "probing", as lm/binary_format.cc, lm/vocab.cc and lm/search_hashed.cc
 * of KenLM lay them out:
 *
 *     88 bytes   magic, padded to 56; floats 0, 1, -0.5; u32 1, u32 max, u32 0; 4 of padding; u64 1
 *     20 bytes   u8 order, 3 of padding; float multiplier; u32 type; u8 has_words, 3; u32 version
 *     8 x order  counts; the whole is rounded up to 8
 *     words      u32 version, u32 bound; table of key, u32 id
 *     n-grams    (count + 1) unigrams; a table for each further order
 *
 * Behind them may stand the words themselves, which nobody needs.
 */

#include "lm_internal.h"

#define SANITY_BYTES  88u
#define MAGIC_BYTES   56u
#define ORDER_OFFSET  88u
#define FACTOR_OFFSET 92u
#define TYPE_OFFSET   96u
#define SEARCH_OFFSET 104u
#define COUNTS_OFFSET 108u
#define TYPE_PROBING  0u
#define TYPE_COUNT    6u
#define WORDS_HEADER  8u

static const char magic[] = "mmap lm http://kheafield.com/code format version 5\n";
static const char any_magic[] = "mmap lm http://kheafield.com/code";

static const char *const type_names[TYPE_COUNT] = {
    "probing",        "rest-cost probing",     "trie",
    "quantized trie", "array-compressed trie", "quantized array-compressed trie"};

bool lm_is_kenlm(tamis_slice file)
{
    return file.size >= sizeof(any_magic) - 1 &&
           memcmp(file.data, any_magic, sizeof(any_magic) - 1) == 0;
}

/* That the file was written by the same version on a machine with the same numbers. */
static tamis_status check_sanity(tamis_slice file, const char *name, tamis_err *err)
{
    uint8_t wanted[SANITY_BYTES] = {0};
    const float floats[3] = {0.0f, 1.0f, -0.5f};
    const uint32_t numbers[3] = {1, UINT32_MAX, 0};
    const uint64_t one = 1;

    memcpy(wanted, magic, sizeof(magic) - 1);
    memcpy(wanted + MAGIC_BYTES, floats, sizeof(floats));
    memcpy(wanted + MAGIC_BYTES + 12, numbers, sizeof(numbers));
    memcpy(wanted + MAGIC_BYTES + 24, &one, sizeof(one));
    if (file.size < COUNTS_OFFSET) {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: a KenLM binary that ends at offset %zu, within its header", name,
                             file.size);
    }
    if (memcmp(file.data, wanted, sizeof(magic) - 1) != 0) {
        return tamis_err_set(err, TAMIS_EVERSION,
                             "%s: a KenLM binary of another version than 5; build it again with "
                             "KenLM's build_binary",
                             name);
    }
    if (memcmp(file.data + MAGIC_BYTES, wanted + MAGIC_BYTES, SANITY_BYTES - MAGIC_BYTES) != 0) {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: offset %u: a KenLM binary of a machine with other numbers; "
                             "build it on this kind of machine",
                             name, MAGIC_BYTES);
    }
    return TAMIS_OK;
}

static tamis_status check_type(tamis_slice file, const char *name, tamis_err *err)
{
    uint32_t type = lm_get32(file.data + TYPE_OFFSET);
    uint32_t order = file.data[ORDER_OFFSET];

    if (type != TYPE_PROBING) {
        return tamis_err_set(err, TAMIS_EUNSUPPORTED,
                             "%s: a KenLM binary of the type %s (%u); build one of the type "
                             "probing: build_binary probing MODEL.arpa MODEL.bin",
                             name, type < TYPE_COUNT ? type_names[type] : "unknown", type);
    }
    if (lm_get32(file.data + SEARCH_OFFSET) != 0) {
        return tamis_err_set(err, TAMIS_EVERSION,
                             "%s: offset %u: tables of version %u; version 0 is known", name,
                             SEARCH_OFFSET, lm_get32(file.data + SEARCH_OFFSET));
    }
    if (order < 1 || order > TAMIS_LM_ORDER_MAX) {
        return tamis_err_set(err, order == 0 ? TAMIS_EFORMAT : TAMIS_EUNSUPPORTED,
                             "%s: offset %u: order %u; 1 to %d can be read", name, ORDER_OFFSET,
                             order, TAMIS_LM_ORDER_MAX);
    }
    if (file.size < COUNTS_OFFSET + 8 * (size_t)order) {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: a KenLM binary that ends at offset %zu, within its counts", name,
                             file.size);
    }
    return TAMIS_OK;
}

/* Takes `count` entries from *offset on. */
static tamis_status take(tamis_slice file, const char *name, const char *what, uint64_t count,
                         uint32_t entry_bytes, uint64_t *offset, const uint8_t **out_entries,
                         tamis_err *err)
{
    if (count > (file.size - *offset) / entry_bytes) {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: offset %llu: %llu %s of %u bytes do not fit into a file of %zu "
                             "bytes; it is cut, fetch it again",
                             name, (unsigned long long)*offset, (unsigned long long)count, what,
                             entry_bytes, file.size);
    }
    *out_entries = file.data + *offset;
    *offset += count * entry_bytes;
    return TAMIS_OK;
}

static tamis_status take_table(tamis_slice file, const char *name, const char *what, uint64_t count,
                               float factor, uint64_t *offset, lm_table *table, tamis_err *err)
{
    float scaled = factor * (float)count;

    table->is_remainder = true;
    /* Both are below 2^63 then: a file is no larger. */
    if (count >= file.size || scaled >= (float)file.size) {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: %llu %s do not fit into a file of %zu bytes; it is cut, fetch it "
                             "again",
                             name, (unsigned long long)count, what, file.size);
    }
    table->buckets = (uint64_t)scaled > count + 1 ? (uint64_t)scaled : count + 1;
    return take(file, name, what, table->buckets, table->entry_bytes, offset, &table->entries, err);
}

tamis_status lm_read_kenlm(tamis_lm *model, tamis_slice file, const char *name, tamis_err *err)
{
    uint64_t offset = 0;
    float factor = 0;
    tamis_status status = check_sanity(file, name, err);

    if (status == TAMIS_OK) {
        status = check_type(file, name, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    model->info.format = TAMIS_LM_FORMAT_KENLM;
    model->info.order = file.data[ORDER_OFFSET];
    model->is_murmur = true;
    factor = lm_get_float(file.data + FACTOR_OFFSET);
    if (!(factor >= 1.0f && factor <= 1e6f)) {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: offset %u: the multiplier of buckets is not in 1 to 1e6", name,
                             FACTOR_OFFSET);
    }
    for (uint32_t i = 0; i < model->info.order; i++) {
        model->info.counts[i] = lm_get64(file.data + COUNTS_OFFSET + 8 * (size_t)i);
    }
    offset = (COUNTS_OFFSET + 8 * (uint64_t)model->info.order + 7) / 8 * 8 + WORDS_HEADER;
    if (offset > file.size) {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: a KenLM binary that ends at offset %zu, in front of its words",
                             name, file.size);
    }
    model->words.entry_bytes = LM_WORD_BYTES;
    model->word_count = model->info.counts[0] + 1;
    status =
        take_table(file, name, "words", model->info.counts[0], factor, &offset, &model->words, err);
    if (status == TAMIS_OK) {
        status = take(file, name, "unigrams", model->word_count, LM_UNIGRAM_BYTES, &offset,
                      &model->unigrams, err);
    }
    for (uint32_t i = 1; status == TAMIS_OK && i < model->info.order; i++) {
        model->orders[i].entry_bytes =
            i + 1 < model->info.order ? LM_MIDDLE_BYTES : LM_HIGHEST_BYTES;
        status = take_table(file, name, "n-grams", model->info.counts[i], factor, &offset,
                            &model->orders[i], err);
    }
    if (status == TAMIS_OK) {
        status = lm_check_words(model, file, name, err);
    }
    return status == TAMIS_OK ? lm_find_ends(model, name, err) : status;
}
