/* SPDX-License-Identifier: Apache-2.0 */
/* Where a file is cut. Uncompressed JSON Lines are cut at multiples of the split size. Gzip is cut
 * at the first proven member at or behind each multiple: the magic bytes occur inside compressed
 * data too, so a member counts only when it decodes to its end with the right checksum. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "discovery.h"
#include "source_parts.h"

#define MEMBER_SEARCH_BYTES   (UINT64_C(4) << 20) /* behind a multiple */
#define MEMBER_BYTES_MAX      (UINT64_C(4) << 20) /* stored, of a member that is proven */
#define MEMBER_DECODED_MAX    (UINT64_C(64) << 20)
#define MEMBER_PIECE_BYTES    ((size_t)64 << 10)
#define MEMBER_HEADER_BYTES   4
#define MEMBER_CANDIDATES_MAX 64 /* per search: hostile data are full of magic bytes */

typedef struct member_search {
    discovery *found;
    const tamis_input *input;
    int file;
    uint8_t *piece;   /* stored bytes that are searched */
    uint8_t *decoded; /* thrown away */
} member_search;

typedef struct begin_list {
    uint64_t *begins;
    uint32_t count;
    uint32_t capacity;
} begin_list;

static tamis_status begin_list_add(begin_list *list, uint64_t begin, tamis_err *err)
{
    if (list->count >= TAMIS_SPLITS_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT,
                             "an input has more than %llu splits; set a larger --split-size",
                             (unsigned long long)TAMIS_SPLITS_MAX);
    }
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        uint64_t *begins = realloc(list->begins, capacity * sizeof(*begins));

        if (begins == NULL) {
            return discovery_no_memory(err);
        }
        list->begins = begins;
        list->capacity = capacity;
    }
    list->begins[list->count++] = begin;
    return TAMIS_OK;
}

/* Whether a whole member begins at `begin` (for WARC: one that begins with a record). */
static tamis_status member_prove(member_search *search, uint64_t begin, bool *out_is_member,
                                 tamis_err *err)
{
    tamis_source *source = search->found->source;
    /* The range of one byte: its boundary is known once the member behind the first one begins. */
    tamis_source_range range = {.compression = TAMIS_COMPRESSION_GZIP,
                                .begin = begin,
                                .end = begin + 1,
                                .size = search->input->size_bytes};
    const tamis_source_state *state = tamis_source_look(source);
    bool is_first = true;
    tamis_status status = tamis_source_open(source, search->input->path, &range, err);

    *out_is_member = false;
    while (status == TAMIS_OK) {
        size_t size = 0;

        status = tamis_source_read(source, search->decoded, MEMBER_PIECE_BYTES, &size, err);
        if (status == TAMIS_OK && is_first && search->input->format == TAMIS_INPUT_WARC &&
            (size < 5 || memcmp(search->decoded, "WARC/", 5) != 0)) {
            break;
        }
        is_first = false;
        if (state->boundary != UINT64_MAX ||
            (status == TAMIS_END && state->fault == TAMIS_FAULT_NONE)) {
            *out_is_member = true;
            break;
        }
        if (source->stored.position - begin > MEMBER_BYTES_MAX ||
            state->decoded_bytes > MEMBER_DECODED_MAX) {
            break;
        }
    }
    tamis_source_close(source);
    return status == TAMIS_END ? TAMIS_OK : status;
}

/* Proves the candidates in the piece that was read from `position`. */
static tamis_status member_find_in(member_search *search, uint64_t position, size_t size,
                                   uint64_t *out_begin, unsigned *candidates, tamis_err *err)
{
    const uint8_t *p = search->piece;
    const uint8_t *end = p + size;

    while (end - p >= MEMBER_HEADER_BYTES && *candidates < MEMBER_CANDIDATES_MAX) {
        bool is_member = false;
        tamis_status status = TAMIS_OK;

        p = memchr(p, 0x1f, (size_t)(end - p) - (MEMBER_HEADER_BYTES - 1));
        if (p == NULL) {
            break;
        }
        /* Method 8 is the only one; the upper flags are reserved. */
        if (p[1] == 0x8b && p[2] == 8 && (p[3] & 0xe0) == 0) {
            uint64_t begin = position + (uint64_t)(p - search->piece);

            (*candidates)++;
            status = member_prove(search, begin, &is_member, err);
            if (status != TAMIS_OK || is_member) {
                *out_begin = is_member ? begin : *out_begin;
                return status;
            }
        }
        p++;
    }
    return TAMIS_OK;
}

/* The first proven member at or behind `from`; UINT64_MAX: none near. */
static tamis_status member_find(member_search *search, uint64_t from, uint64_t *out_begin,
                                tamis_err *err)
{
    uint64_t position = from;
    unsigned candidates = 0;

    *out_begin = UINT64_MAX;
    while (position < search->input->size_bytes && position - from < MEMBER_SEARCH_BYTES &&
           candidates < MEMBER_CANDIDATES_MAX) {
        ssize_t size = pread(search->file, search->piece, SOURCE_INPUT_BYTES, (off_t)position);
        tamis_status status = TAMIS_OK;

        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0) {
            return tamis_err_errno(err, errno, "%s: cannot be read", search->input->shown);
        }
        if (size < MEMBER_HEADER_BYTES) {
            break;
        }
        status = member_find_in(search, position, (size_t)size, out_begin, &candidates, err);
        if (status != TAMIS_OK || *out_begin != UINT64_MAX) {
            return status;
        }
        position += (uint64_t)size - (MEMBER_HEADER_BYTES - 1);
    }
    return TAMIS_OK;
}

static tamis_status gzip_cut(member_search *search, uint64_t split_bytes, begin_list *list,
                             tamis_err *err)
{
    uint64_t target = split_bytes;
    bool is_member = false;
    /* Files of one long member are common; they are told by their beginning. */
    tamis_status status = member_prove(search, 0, &is_member, err);

    while (status == TAMIS_OK && is_member && target < search->input->size_bytes) {
        uint64_t begin = UINT64_MAX;

        status = member_find(search, target, &begin, err);
        if (status == TAMIS_OK && begin != UINT64_MAX) {
            status = begin_list_add(list, begin, err);
            target = begin - begin % split_bytes;
        }
        if (target > UINT64_MAX - split_bytes) {
            break;
        }
        target += split_bytes;
    }
    return status;
}

static tamis_status gzip_search(discovery *found, const tamis_input *input, begin_list *list,
                                tamis_err *err)
{
    member_search search = {.found = found, .input = input, .file = -1};
    tamis_status status = TAMIS_OK;

    search.piece = malloc(SOURCE_INPUT_BYTES);
    search.decoded = malloc(MEMBER_PIECE_BYTES);
    if (search.piece == NULL || search.decoded == NULL) {
        status = discovery_no_memory(err);
        goto out;
    }
    search.file = open(input->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (search.file < 0) {
        status = tamis_err_errno(err, errno, "%s: cannot be opened", input->shown);
        goto out;
    }
    status = gzip_cut(&search, found->settings->split_bytes, list, err);

out:
    if (search.file >= 0) {
        (void)close(search.file); /* only read from */
    }
    free(search.piece);
    free(search.decoded);
    return status;
}

tamis_status splits_cut(discovery *found, const tamis_input *input, uint64_t **out_begins,
                        uint32_t *out_count, tamis_err *err)
{
    uint64_t split_bytes = found->settings->split_bytes;
    begin_list list = {.begins = NULL};
    bool is_cut = found->settings->limit == 0 && split_bytes != 0 &&
                  input->size_bytes > split_bytes && input->format != TAMIS_INPUT_TEXT;
    tamis_status status = begin_list_add(&list, 0, err);

    if (is_cut && input->compression == TAMIS_COMPRESSION_NONE &&
        input->format == TAMIS_INPUT_JSONL) {
        for (uint64_t begin = split_bytes; begin < input->size_bytes && status == TAMIS_OK;) {
            status = begin_list_add(&list, begin, err);
            if (begin > UINT64_MAX - split_bytes) {
                break;
            }
            begin += split_bytes;
        }
    } else if (is_cut && input->compression == TAMIS_COMPRESSION_GZIP && status == TAMIS_OK) {
        status = gzip_search(found, input, &list, err);
    }
    if (status != TAMIS_OK) {
        free(list.begins);
        return status;
    }
    *out_begins = list.begins;
    *out_count = list.count;
    return TAMIS_OK;
}
