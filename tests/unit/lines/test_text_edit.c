/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: edits change a text as told, fold into one list, and pack without loss; damaged bytes are
 * refused.
 * Method: worked examples; random lists against applying one after the other; every prefix and
 * every changed byte of a packed list.
 */
#include "tamis/rng.h"
#include "tamis/text_edit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SEED     20261123u
#define ROUNDS   20000
#define TEXT_MAX 48

static tamis_slice text_of(const char *text)
{
    return tamis_slice_of_string(text);
}

static void cut(tamis_edits *edits, uint32_t begin, uint32_t end, uint16_t reason)
{
    assert_int_equal(tamis_edits_cut(edits, begin, end, reason), TAMIS_OK);
}

static void replace(tamis_edits *edits, uint32_t begin, uint32_t end, uint16_t reason,
                    const char *with)
{
    assert_int_equal(tamis_edits_replace(edits, begin, end, reason, text_of(with)), TAMIS_OK);
}

static void assert_applies(const tamis_edits *edits, const char *text, const char *expected)
{
    tamis_buf out;

    tamis_buf_init(&out, 0);
    assert_int_equal(tamis_edits_apply(edits, text_of(text), &out), TAMIS_OK);
    assert_int_equal(out.size, strlen(expected));
    assert_int_equal(tamis_edits_size_after(edits, strlen(text)), out.size);
    if (out.size > 0) {
        assert_memory_equal(out.data, expected, out.size);
    }
    tamis_buf_fini(&out);
}

static void assert_same_edits(const tamis_edits *a, const tamis_edits *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_int_equal(a->items[i].begin, b->items[i].begin);
        assert_int_equal(a->items[i].end, b->items[i].end);
        assert_int_equal(a->items[i].reason, b->items[i].reason);
        assert_true(tamis_slice_is_equal(tamis_edits_replacement(a, &a->items[i]),
                                         tamis_edits_replacement(b, &b->items[i])));
    }
}

static void test_cut_and_replace(void **state)
{
    tamis_edits edits;

    (void)state;
    tamis_edits_init(&edits);
    assert_applies(&edits, "", "");
    assert_applies(&edits, "abc", "abc");
    cut(&edits, 0, 0, 1);
    assert_int_equal(edits.count, 0);
    cut(&edits, 0, 1, 1);
    cut(&edits, 1, 2, 1); /* touches: one edit */
    assert_int_equal(edits.count, 1);
    cut(&edits, 2, 3, 2); /* another reason: its own */
    assert_int_equal(edits.count, 2);
    replace(&edits, 3, 4, 2, "XYZ");
    cut(&edits, 4, 5, 2); /* does not lengthen a replacement */
    assert_int_equal(edits.count, 4);
    replace(&edits, 6, 6, 3, "+");
    replace(&edits, 6, 6, 3, "-");
    replace(&edits, 8, 8, 3, "!");
    assert_applies(&edits, "abcdefgh", "XYZf+-gh!");
    assert_int_equal(tamis_edits_original_offset(&edits, 0), 3);
    assert_int_equal(tamis_edits_original_offset(&edits, 2), 3);
    assert_int_equal(tamis_edits_original_offset(&edits, 3), 5);
    assert_int_equal(tamis_edits_original_offset(&edits, 4), 6);
    assert_int_equal(tamis_edits_original_offset(&edits, 7), 7);
    assert_int_equal(tamis_edits_original_offset(&edits, 9), 8);
    tamis_edits_fini(&edits);
}

static void test_cut_of_all(void **state)
{
    tamis_edits edits;

    (void)state;
    tamis_edits_init(&edits);
    cut(&edits, 0, 3, 1);
    assert_applies(&edits, "abc", "");
    tamis_edits_reset(&edits);
    assert_applies(&edits, "abc", "abc");
    tamis_edits_fini(&edits);
}

static void test_long_replacement(void **state)
{
    static char big[UINT16_MAX + 2];
    tamis_edits edits;
    tamis_buf out;

    (void)state;
    memset(big, 'x', sizeof(big) - 1);
    tamis_edits_init(&edits);
    tamis_buf_init(&out, 0);
    assert_int_equal(tamis_edits_replace(&edits, 1, 2, 1, tamis_slice_of(big, UINT16_MAX)),
                     TAMIS_OK);
    assert_int_equal(edits.count, 1);
    tamis_edits_reset(&edits);
    replace(&edits, 1, 2, 1, big);
    assert_int_equal(edits.count, 2);
    assert_int_equal(tamis_edits_apply(&edits, text_of("abc"), &out), TAMIS_OK);
    assert_int_equal(out.size, sizeof(big) - 1 + 2);
    assert_int_equal(out.data[0], 'a');
    assert_int_equal(out.data[out.size - 2], 'x');
    assert_int_equal(out.data[out.size - 1], 'c');
    tamis_buf_fini(&out);
    tamis_edits_fini(&edits);
}

static void test_compose_keeps_reasons(void **state)
{
    tamis_edits first;
    tamis_edits second;
    tamis_edits both;

    (void)state;
    tamis_edits_init(&first);
    tamis_edits_init(&second);
    tamis_edits_init(&both);
    /* aaaa[bbb]cccc[dd]eeee: see text_edit_compose.c */
    replace(&first, 4, 7, 1, "XY");
    cut(&first, 11, 13, 2);
    assert_applies(&first, "aaaabbbccccddeeee", "aaaaXYcccceeee");
    replace(&second, 5, 8, 300, "Q");
    cut(&second, 9, 11, 301);
    assert_applies(&second, "aaaaXYcccceeee", "aaaaXQceee");
    assert_int_equal(tamis_edits_compose(&first, &second, &both), TAMIS_OK);
    assert_applies(&both, "aaaabbbccccddeeee", "aaaaXQceee");
    assert_int_equal(both.count, 5);
    assert_int_equal(both.items[0].reason, 1); /* [bbb] -> XQ */
    assert_int_equal(both.items[0].replacement_size, 2);
    assert_int_equal(both.items[1].reason, 300); /* cc */
    assert_int_equal(both.items[2].reason, 301); /* c */
    assert_int_equal(both.items[3].reason, 2);   /* [dd] */
    assert_int_equal(both.items[4].reason, 301); /* e */
    tamis_edits_fini(&first);
    tamis_edits_fini(&second);
    tamis_edits_fini(&both);
}

static void random_edits(tamis_rng *rng, size_t size, tamis_edits *edits)
{
    uint32_t at = 0;

    tamis_edits_reset(edits);
    while (tamis_rng_below(rng, 8) > 0) {
        char with[8] = "";
        size_t with_size = tamis_rng_below(rng, 3) == 0 ? 0 : tamis_rng_below(rng, 5);
        uint32_t begin = at + (uint32_t)tamis_rng_below(rng, 5);
        uint32_t end = begin + (uint32_t)tamis_rng_below(rng, 6);
        uint16_t reason = (uint16_t)(1 + tamis_rng_below(rng, 3));

        if (end > size) {
            break;
        }
        for (size_t i = 0; i < with_size; i++) {
            with[i] = (char)('A' + tamis_rng_below(rng, 26));
        }
        assert_int_equal(
            tamis_edits_replace(edits, begin, end, reason, tamis_slice_of(with, with_size)),
            TAMIS_OK);
        at = end;
    }
}

static void test_compose_equals_two_applies(void **state)
{
    tamis_rng rng = {SEED};
    tamis_edits lists[4];
    tamis_buf texts[3];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        tamis_edits_init(&lists[i]);
    }
    for (size_t i = 0; i < 3; i++) {
        tamis_buf_init(&texts[i], 0);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint8_t text[TEXT_MAX];
        size_t size = tamis_rng_below(&rng, TEXT_MAX + 1);
        tamis_buf packed;
        size_t used = 0;

        for (size_t i = 0; i < size; i++) {
            text[i] = (uint8_t)('a' + i % 26);
        }
        for (size_t i = 0; i < 3; i++) {
            tamis_buf_reset(&texts[i]);
        }
        random_edits(&rng, size, &lists[0]);
        assert_int_equal(tamis_edits_apply(&lists[0], tamis_slice_of(text, size), &texts[0]),
                         TAMIS_OK);
        random_edits(&rng, texts[0].size, &lists[1]);
        assert_int_equal(tamis_edits_apply(&lists[1], tamis_buf_slice(&texts[0]), &texts[1]),
                         TAMIS_OK);
        assert_int_equal(tamis_edits_compose(&lists[0], &lists[1], &lists[2]), TAMIS_OK);
        assert_int_equal(tamis_edits_apply(&lists[2], tamis_slice_of(text, size), &texts[2]),
                         TAMIS_OK);
        assert_true(tamis_slice_is_equal(tamis_buf_slice(&texts[1]), tamis_buf_slice(&texts[2])));

        tamis_buf_init(&packed, 0);
        assert_int_equal(tamis_edits_pack(&lists[2], &packed), TAMIS_OK);
        assert_int_equal(tamis_buf_append_byte(&packed, 0x77), TAMIS_OK);
        assert_int_equal(tamis_edits_unpack(tamis_buf_slice(&packed), size, &lists[3], &used, NULL),
                         TAMIS_OK);
        assert_int_equal(used, packed.size - 1);
        assert_same_edits(&lists[2], &lists[3]);
        tamis_buf_fini(&packed);
    }
    for (size_t i = 0; i < 4; i++) {
        tamis_edits_fini(&lists[i]);
    }
    for (size_t i = 0; i < 3; i++) {
        tamis_buf_fini(&texts[i]);
    }
}

static void assert_refused(const void *bytes, size_t size, size_t text_size)
{
    tamis_edits edits;
    tamis_err err = {.status = TAMIS_OK};

    tamis_edits_init(&edits);
    assert_int_equal(tamis_edits_unpack(tamis_slice_of(bytes, size), text_size, &edits, NULL, &err),
                     TAMIS_EFORMAT);
    assert_int_equal(err.status, TAMIS_EFORMAT);
    assert_int_equal(edits.count, 0);
    tamis_edits_fini(&edits);
}

static void test_unpack_refuses(void **state)
{
    static const uint8_t good[] = {2, 1, 2, 1, 1, 0, 3, 2, 0, 'X'}; /* [1,3) -> X, [3,6) cut */
    static const uint8_t empty_edit[] = {1, 0, 0, 1, 0};
    static const uint8_t long_form[] = {1, 0x81, 0x00, 1, 1, 0};
    static const uint8_t large_number[] = {1, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 1, 1, 0};
    static const uint8_t endless_number[] = {1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 1, 0};
    static const uint8_t reason[] = {1, 0, 1, 0x80, 0x08, 0};
    static const uint8_t many[] = {0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1, 1, 1, 1};
    tamis_edits edits;

    (void)state;
    tamis_edits_init(&edits);
    assert_int_equal(tamis_edits_unpack(tamis_slice_of(good, sizeof(good)), 6, &edits, NULL, NULL),
                     TAMIS_OK);
    assert_int_equal(edits.count, 2);
    assert_applies(&edits, "abcdef", "aX");
    tamis_edits_fini(&edits);
    assert_refused(good, sizeof(good), 5); /* behind the text */
    for (size_t size = 0; size < sizeof(good); size++) {
        assert_refused(good, size, 6);
    }
    assert_refused(empty_edit, sizeof(empty_edit), 6);
    assert_refused(long_form, sizeof(long_form), 6);
    assert_refused(large_number, sizeof(large_number), UINT32_MAX);
    assert_refused(endless_number, sizeof(endless_number), UINT32_MAX);
    assert_refused(reason, sizeof(reason), 6);
    assert_refused(many, sizeof(many), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_and_replace),
        cmocka_unit_test(test_cut_of_all),
        cmocka_unit_test(test_long_replacement),
        cmocka_unit_test(test_compose_keeps_reasons),
        cmocka_unit_test(test_compose_equals_two_applies),
        cmocka_unit_test(test_unpack_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
