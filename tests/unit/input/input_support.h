/* SPDX-License-Identifier: Apache-2.0 */
/* input_support.h - temporary folders, files of every compression, and a whole split read at once.
 */
#ifndef TAMIS_TESTS_INPUT_SUPPORT_H
#define TAMIS_TESTS_INPUT_SUPPORT_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tamis/reader.h"
#include "tamis/rng.h"

#define SUPPORT_PATH_SIZE 512

/* Makes a temporary folder; removed with all in it by support_folder_remove. */
void support_folder_make(char out_path[SUPPORT_PATH_SIZE]);
void support_folder_remove(const char *path);
/* folder/name into out. */
void support_path(char out_path[SUPPORT_PATH_SIZE], const char *folder, const char *name);
/* Writes a file; folders above it are made. */
void support_write(const char *path, const void *data, size_t size);
void support_write_text(const char *path, const char *text);

/* The bytes as a file in memory, of which there is one: quicker than a disk for thousands of files.
 */
void support_write_memory(char out_path[SUPPORT_PATH_SIZE], const void *data, size_t size);

/* Appends one gzip member, one zstd frame (with checksum), or the bytes. */
void support_pack(tamis_buf *out, tamis_compression compression, const void *data, size_t size);

/* One row, copied. */
typedef struct support_row {
    tamis_doc doc; /* its slices point into `bytes` */
    uint8_t *bytes;
} support_row;

typedef struct support_rows {
    support_row *rows;
    size_t count;
    tamis_status end; /* TAMIS_END, or the error */
    tamis_reader_summary summary;
} support_rows;

/* Reads a split to its end; the reader may be used again. */
void support_read(tamis_reader *reader, const tamis_input *input, const tamis_split *split,
                  uint32_t split_number, support_rows *out_rows);
void support_rows_free(support_rows *rows);

/* An input over a file as it lies there. */
tamis_input support_input(char *path, tamis_input_format format, tamis_compression compression);
tamis_split support_whole(const tamis_input *input);
/* Settings with the fields text, id, url and limits that fit tests. */
tamis_settings support_settings(void);

#define assert_slice(slice, text)                                                                  \
    do {                                                                                           \
        tamis_slice actual_ = (slice);                                                             \
        assert_int_equal(actual_.size, sizeof(text) - 1);                                          \
        if (sizeof(text) > 1) {                                                                    \
            assert_memory_equal(actual_.data, text, sizeof(text) - 1);                             \
        }                                                                                          \
    } while (0)

#endif
