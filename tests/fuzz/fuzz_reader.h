/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_reader.h - any bytes as an input: reads them and checks what must hold of every row. */
#ifndef TAMIS_TESTS_FUZZ_READER_H
#define TAMIS_TESTS_FUZZ_READER_H

#include "tamis/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef void (*fuzz_row_check)(const tamis_doc *doc);

/* Reads the range [begin, end) of the bytes as one split; check may be NULL. */
tamis_reader_summary fuzz_read(const tamis_settings *settings, tamis_input_format format,
                               tamis_compression compression, tamis_slice bytes, uint64_t begin,
                               uint64_t end, fuzz_row_check check);

#endif
