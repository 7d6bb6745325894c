/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "discovery.h"

#define SNIFF_BYTES ((size_t)64 << 10)

typedef struct format_suffix {
    const char *suffix;
    int value;
} format_suffix;

static const format_suffix compression_suffixes[] = {
    {".gz", TAMIS_COMPRESSION_GZIP},
    {".bgz", TAMIS_COMPRESSION_GZIP},
    {".zst", TAMIS_COMPRESSION_ZSTD},
    {".zstd", TAMIS_COMPRESSION_ZSTD},
    {NULL, 0},
};

static const format_suffix format_suffixes[] = {
    {".jsonl", TAMIS_INPUT_JSONL},
    {".ndjson", TAMIS_INPUT_JSONL},
    {".json", TAMIS_INPUT_JSONL},
    {".jl", TAMIS_INPUT_JSONL},
    {".warc", TAMIS_INPUT_WARC},
    {".wet", TAMIS_INPUT_WARC},
    {".wat", TAMIS_INPUT_WARC},
    {".txt", TAMIS_INPUT_TEXT},
    {".text", TAMIS_INPUT_TEXT},
    {".md", TAMIS_INPUT_TEXT},
    {NULL, 0},
};

/* The entry whose suffix the first `size` bytes of name end in, with something before it. */
static const format_suffix *suffix_find(const format_suffix *table, const char *name, size_t size)
{
    for (; table->suffix != NULL; table++) {
        size_t length = strlen(table->suffix);

        if (length < size && name[size - length - 1] != '/' &&
            strncasecmp(name + size - length, table->suffix, length) == 0) {
            return table;
        }
    }
    return NULL;
}

/* The format's entry behind that of a compression, which goes to *out_compression. */
static const format_suffix *suffixes_find(const char *name, const format_suffix **out_compression)
{
    size_t size = strlen(name);

    *out_compression = suffix_find(compression_suffixes, name, size);
    if (*out_compression != NULL) {
        size -= strlen((*out_compression)->suffix);
    }
    return suffix_find(format_suffixes, name, size);
}

bool format_is_known(const char *name)
{
    const format_suffix *compression = NULL;

    return suffixes_find(name, &compression) != NULL;
}

size_t format_stem_size(const char *name, size_t size)
{
    while (true) {
        const format_suffix *entry = suffix_find(compression_suffixes, name, size);

        if (entry == NULL) {
            entry = suffix_find(format_suffixes, name, size);
        }
        if (entry == NULL) {
            return size;
        }
        size -= strlen(entry->suffix);
    }
}

/* By the first bytes: gzip, a zstd frame, or a skippable one. */
static tamis_status sniff_compression(tamis_input *input, tamis_err *fault)
{
    uint8_t magic[4] = {0};
    int file = open(input->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t size = 0;

    if (file < 0) {
        return tamis_err_errno(fault, errno, "%s: cannot be opened", input->shown);
    }
    size = pread(file, magic, sizeof(magic), 0);
    (void)close(file); /* only read from */
    if (size < 0) {
        return tamis_err_errno(fault, errno, "%s: cannot be read", input->shown);
    }
    if (magic[0] == 0x1f && magic[1] == 0x8b) {
        input->compression = TAMIS_COMPRESSION_GZIP;
    } else if (memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0 ||
               (magic[0] >> 4 == 5 && memcmp(magic + 1, "\x2a\x4d\x18", 3) == 0)) {
        input->compression = TAMIS_COMPRESSION_ZSTD;
    }
    return TAMIS_OK;
}

/* By the first decoded bytes; what cannot be decoded is left to the reader to tell. */
static tamis_status sniff_format(discovery *found, tamis_input *input, tamis_err *fault)
{
    tamis_source_range range = {
        .compression = input->compression, .end = input->size_bytes, .size = input->size_bytes};
    uint8_t *bytes = malloc(SNIFF_BYTES);
    size_t size = 0;
    size_t first = 0;
    tamis_status status = TAMIS_OK;

    if (bytes == NULL) {
        return tamis_err_set(fault, TAMIS_ENOMEM, "no memory for the list of inputs");
    }
    status = tamis_source_open(found->source, input->path, &range, fault);
    if (status == TAMIS_OK) {
        status = tamis_source_read(found->source, bytes, SNIFF_BYTES, &size, fault);
        tamis_source_close(found->source);
    }
    if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        first = 3;
    }
    while (first < size && (bytes[first] == ' ' || bytes[first] == '\t' || bytes[first] == '\r' ||
                            bytes[first] == '\n')) {
        first++;
    }
    input->format = TAMIS_INPUT_TEXT;
    if (first < size && bytes[first] == '{') {
        input->format = TAMIS_INPUT_JSONL;
    } else if (size - first >= 5 && memcmp(bytes + first, "WARC/", 5) == 0) {
        input->format = TAMIS_INPUT_WARC;
    }
    free(bytes);
    return status == TAMIS_END ? TAMIS_OK : status;
}

tamis_status format_recognize(discovery *found, tamis_input *input, tamis_err *err)
{
    const format_suffix *compression = NULL;
    const format_suffix *format = suffixes_find(input->path, &compression);
    tamis_err fault = {.status = TAMIS_OK};
    tamis_status status = TAMIS_OK;

    input->compression =
        compression == NULL ? TAMIS_COMPRESSION_NONE : (tamis_compression)compression->value;
    if (format != NULL) {
        input->format = (tamis_input_format)format->value;
        return TAMIS_OK;
    }
    if (compression == NULL) {
        status = sniff_compression(input, &fault);
    }
    if (status == TAMIS_OK) {
        status = sniff_format(found, input, &fault);
    }
    if (status == TAMIS_ENOMEM) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s", fault.text);
    }
    if (status != TAMIS_OK) {
        input->fault = status;
        input->fault_text = strdup(fault.text);
        return input->fault_text == NULL ? discovery_no_memory(err) : TAMIS_OK;
    }
    return TAMIS_OK;
}
