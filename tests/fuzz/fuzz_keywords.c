/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a list and a text: up to the first 0x01 the list, behind it the text. The first byte
 * chooses the rules. A list is read or refused with a line; spans are in order and inside the text.
 */
#include "tamis/keywords.h"
#include "tamis/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void scan_text(const tamis_keywords *keywords, tamis_slice raw)
{
    tamis_keyword_scan *scan = NULL;
    tamis_keyword_result result = {0};
    tamis_edits edits;
    tamis_buf copy;
    tamis_buf text;
    size_t done = 0;

    tamis_edits_init(&edits);
    tamis_buf_init(&copy, 0);
    tamis_buf_init(&text, 0);
    TAMIS_ASSERT(tamis_buf_reserve(&copy, 1) == TAMIS_OK);
    TAMIS_ASSERT(tamis_buf_append(&copy, raw.data, raw.size) == TAMIS_OK);
    TAMIS_ASSERT(tamis_buf_reserve(&text, 1) == TAMIS_OK);
    TAMIS_ASSERT(tamis_utf8_repair(tamis_buf_slice(&copy), &text) == TAMIS_OK);
    TAMIS_ASSERT(tamis_keyword_scan_create(keywords, &scan, NULL) == TAMIS_OK);
    TAMIS_ASSERT(tamis_keyword_scan_run(scan, tamis_buf_slice(&text), &result, NULL) == TAMIS_OK);
    TAMIS_ASSERT(result.match_count >= result.span_count);
    for (size_t i = 0; i < result.span_count; i++) {
        TAMIS_ASSERT(result.spans[i].begin >= done);
        TAMIS_ASSERT(result.spans[i].end > result.spans[i].begin);
        TAMIS_ASSERT(result.spans[i].term < tamis_keywords_count(keywords));
        done = result.spans[i].end;
    }
    TAMIS_ASSERT(done <= text.size);
    TAMIS_ASSERT(tamis_keyword_cut_lines(tamis_buf_slice(&text), &result,
                                         TAMIS_EDIT_REASON_KEYWORDS, &edits) == TAMIS_OK);
    TAMIS_ASSERT(tamis_edits_size_after(&edits, text.size) <= text.size);
    tamis_keyword_scan_destroy(scan);
    tamis_edits_fini(&edits);
    tamis_buf_fini(&copy);
    tamis_buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tamis_keywords *keywords = NULL;
    const uint8_t *end = NULL;
    tamis_err err = {0};
    tamis_status status = TAMIS_OK;

    if (size < 1) {
        return 0;
    }
    tamis_keywords_settings settings = {
        .rules = (tamis_keyword_rules)((data[0] & 0x7F) % TAMIS_KEYWORD_RULES_COUNT),
        .is_substring = (data[0] & 0x80) != 0,
        .language = "zh",
    };
    data++;
    size--;
    end = size == 0 ? NULL : memchr(data, 1, size);
    tamis_slice list = tamis_slice_of(data, end == NULL ? size : (size_t)(end - data));

    status = tamis_keywords_create(&settings, list, "list", &keywords, &err);
    if (status != TAMIS_OK) {
        TAMIS_ASSERT(status == TAMIS_EFORMAT || status == TAMIS_ELIMIT);
        TAMIS_ASSERT(strncmp(err.text, "list", 4) == 0);
        return 0;
    }
    if (end != NULL) {
        scan_text(keywords, tamis_slice_of(end + 1, size - list.size - 1));
    }
    tamis_keywords_destroy(keywords);
    return 0;
}
