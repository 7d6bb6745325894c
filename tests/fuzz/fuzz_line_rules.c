/* SPDX-License-Identifier: Apache-2.0 */
/* Line rules on any text: the first byte names the rule, the rest is repaired as texts are. The
 * edits pack and apply, and what is left is well-formed. */
#include "tamis/line_rules.h"
#include "tamis/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const tamis_edits *edits, tamis_slice text)
{
    tamis_edits again;
    tamis_buf packed;
    tamis_buf out;

    tamis_edits_init(&again);
    tamis_buf_init(&packed, 0);
    tamis_buf_init(&out, 0);
    TAMIS_ASSERT(tamis_edits_pack(edits, &packed) == TAMIS_OK);
    TAMIS_ASSERT(tamis_edits_unpack(tamis_buf_slice(&packed), text.size, &again, NULL, NULL) ==
                 TAMIS_OK);
    TAMIS_ASSERT(tamis_edits_apply(&again, text, &out) == TAMIS_OK);
    TAMIS_ASSERT(out.size == tamis_edits_size_after(edits, text.size));
    TAMIS_ASSERT(tamis_utf8_valid_prefix(tamis_buf_slice(&out)) == out.size);
    tamis_edits_fini(&again);
    tamis_buf_fini(&packed);
    tamis_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tamis_line_rules *rules;
    tamis_line_result result;
    tamis_edits edits;
    tamis_buf given; /* with readable bytes behind it */
    tamis_buf text;

    if (size == 0 || (rules == NULL && tamis_line_rules_create(NULL, &rules, NULL) != TAMIS_OK)) {
        return 0;
    }
    tamis_edits_init(&edits);
    tamis_buf_init(&given, 0);
    tamis_buf_init(&text, 0);
    if (tamis_buf_append(&given, data, size) == TAMIS_OK &&
        tamis_buf_reserve(&text, size) == TAMIS_OK &&
        tamis_utf8_repair(tamis_slice_of(given.data + 1, size - 1), &text) == TAMIS_OK &&
        tamis_line_rules_run(rules, (tamis_line_rule)(data[0] % TAMIS_LINE_RULES),
                             tamis_buf_slice(&text), &edits, &result, NULL) == TAMIS_OK) {
        check(&edits, tamis_buf_slice(&text));
    }
    tamis_edits_fini(&edits);
    tamis_buf_fini(&given);
    tamis_buf_fini(&text);
    return 0;
}
