/* SPDX-License-Identifier: Apache-2.0 */
#include "word_list.h"

#include <stdlib.h>
#include <string.h>

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

tamis_status tamis_word_list_parse(tamis_slice bytes, const char *name, tamis_word_set **out_words,
                                   tamis_err *err)
{
    tamis_slice *words = NULL;
    size_t line = 0;
    size_t count = 0;
    size_t position = 0;
    tamis_status status = TAMIS_OK;

    if (tamis_utf8_valid_prefix(bytes) != bytes.size) {
        return tamis_err_set(err, TAMIS_EFORMAT, "%s: the list is not UTF-8", name);
    }
    for (size_t i = 0; i < bytes.size; i++) {
        line += bytes.data[i] == '\n' ? 1 : 0;
    }
    words = calloc(line + 1, sizeof(*words));
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
