/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_reader.h"

#include <sys/mman.h>
#include <unistd.h>

#include "tamis/utf8.h"

/* The bytes as a file without a folder; one for the whole process. */
static void file_fill(char out_path[64], tamis_slice bytes)
{
    static int file = -1;

    if (file < 0) {
        file = memfd_create("fuzz", MFD_CLOEXEC);
    }
    TAMIS_ASSERT(file >= 0);
    TAMIS_ASSERT(ftruncate(file, 0) == 0);
    TAMIS_ASSERT(bytes.size == 0 || pwrite(file, bytes.data, bytes.size, 0) == (ssize_t)bytes.size);
    (void)snprintf(out_path, 64, "/proc/self/fd/%d", file);
}

static bool is_valid_utf8(tamis_slice text)
{
    tamis_buf copy = {.max = 0};
    bool is_valid = false;

    TAMIS_ASSERT(tamis_buf_append(&copy, text.data, text.size) == TAMIS_OK);
    is_valid = tamis_utf8_valid_prefix(tamis_buf_slice(&copy)) == text.size;
    tamis_buf_fini(&copy);
    return is_valid;
}

static void row_check(const tamis_doc *doc, const tamis_reader_summary *summary)
{
    TAMIS_ASSERT(doc->fault < TAMIS_FAULT_COUNT);
    TAMIS_ASSERT(doc->row + 1 == summary->rows);
    TAMIS_ASSERT(is_valid_utf8(doc->id));
    if (doc->fault != TAMIS_FAULT_NONE) {
        TAMIS_ASSERT(doc->text.size == 0 && doc->raw.size == 0);
        return;
    }
    TAMIS_ASSERT(is_valid_utf8(doc->text));
    TAMIS_ASSERT(is_valid_utf8(doc->url));
    TAMIS_ASSERT(is_valid_utf8(doc->date));
    TAMIS_ASSERT(is_valid_utf8(doc->scope));
}

tamis_reader_summary fuzz_read(const tamis_settings *settings, tamis_input_format format,
                               tamis_compression compression, tamis_slice bytes, uint64_t begin,
                               uint64_t end, fuzz_row_check check)
{
    char path[64];
    char shown[] = "fuzz";
    tamis_input input = {.path = path,
                         .shown = shown,
                         .format = format,
                         .compression = compression,
                         .size_bytes = bytes.size};
    tamis_split split = {.begin = begin, .end = end};
    tamis_reader *reader = NULL;
    tamis_reader_summary summary;
    tamis_status status = TAMIS_OK;
    uint64_t offset = 0;
    uint64_t quarantined = 0;

    file_fill(path, bytes);
    TAMIS_ASSERT(tamis_reader_create(settings, &reader, NULL) == TAMIS_OK);
    TAMIS_ASSERT(tamis_reader_open(reader, &input, &split, 0, NULL) == TAMIS_OK);
    while (status == TAMIS_OK) {
        tamis_doc doc;

        status = tamis_reader_next(reader, &doc, NULL);
        tamis_reader_summarize(reader, &summary);
        if (status == TAMIS_OK) {
            row_check(&doc, &summary);
            TAMIS_ASSERT(doc.offset >= offset);
            offset = doc.offset;
            quarantined += doc.fault != TAMIS_FAULT_NONE;
            if (check != NULL) {
                check(&doc);
            }
        }
    }
    TAMIS_ASSERT(status == TAMIS_END);
    TAMIS_ASSERT(summary.open_status == TAMIS_OK);
    TAMIS_ASSERT(summary.quarantined == quarantined);
    tamis_reader_destroy(reader);
    return summary;
}
