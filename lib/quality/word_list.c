/* SPDX-License-Identifier: Apache-2.0 */
#include "word_list.h"

#include <stdlib.h>
#include <string.h>

#include "tamis/buf.h"
#include "tamis/utf8.h"
#include "tamis/words.h"

static tamis_slice next_line(tamis_slice bytes, size_t *position)
{
    const uint8_t *begin = bytes.data + *position;
    const uint8_t *end = memchr(begin, '\n', bytes.size - *position);
    size_t size = end == NULL ? bytes.size - *position : (size_t)(end - begin);

    *position += size + (end == NULL ? 0 : 1);
    return tamis_text_strip(tamis_slice_of(begin, size));
}

static tamis_status parse(tamis_slice bytes, const char *name, tamis_word_set **out_words,
                          tamis_err *err)
{
    tamis_slice *words = NULL;
    size_t valid = bytes.size == 0 ? 0 : tamis_utf8_valid_prefix(bytes);
    size_t lines = 0;
    size_t count = 0;
    size_t position = 0;
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < valid; i++) {
        lines += bytes.data[i] == '\n' ? 1 : 0;
    }
    if (valid != bytes.size) {
        return tamis_err_set(err, TAMIS_EFORMAT, "%s:%zu: not UTF-8: convert the list", name,
                             lines + 1);
    }
    words = calloc(lines + 1, sizeof(*words));
    if (words == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for the list", name);
    }
    while (position < bytes.size) {
        tamis_slice word = next_line(bytes, &position);

        if (word.size != 0 && word.data[0] != '#') {
            words[count++] = word;
        }
    }
    status = tamis_word_set_create(words, count, out_words, err);
    free(words);
    return status;
}

/* The check of UTF-8 reads behind the bytes: a copy has room there. */
tamis_status tamis_word_list_parse(tamis_slice bytes, const char *name, tamis_word_set **out_words,
                                   tamis_err *err)
{
    tamis_buf copy;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&copy, 0);
    status = tamis_buf_append(&copy, bytes.data, bytes.size);
    status = status == TAMIS_OK ? parse(tamis_buf_slice(&copy), name, out_words, err)
                                : tamis_err_set(err, status, "%s: no memory for the list", name);
    tamis_buf_fini(&copy);
    return status;
}
