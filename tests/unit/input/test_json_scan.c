/* SPDX-License-Identifier: Apache-2.0 */
/* The scanner against jansson over generated and damaged objects, and the kernels against each
 * other over the same and over noise, at every alignment to their blocks. */
#include "input_support.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "json_scan.h"

#define LINE_MAX 4096

typedef struct line {
    uint8_t bytes[LINE_MAX + TAMIS_BUF_SLACK];
    size_t size;
} line;

static void line_add(line *l, const char *text)
{
    size_t size = strlen(text);

    if (l->size + size < LINE_MAX) {
        memcpy(l->bytes + l->size, text, size);
        l->size += size;
    }
}

static void line_space(tamis_rng *rng, line *l)
{
    static const char *const spaces[] = {"", "", "", " ", "\t", "  \r "};

    line_add(l, spaces[tamis_rng_below(rng, 6)]);
}

static void line_string(tamis_rng *rng, line *l)
{
    static const char *const pieces[] = {
        "a", "text", "\\n", "\\\"", "\\\\", "\\/",   "\\u00e4", "\\u2028", "\\b",
        ":", "{",    "}",   "[",    ",",    "x y z", "tamis",   "id",      "0123456789"};
    size_t count = tamis_rng_below(rng, 12);

    line_add(l, "\"");
    for (size_t i = 0; i < count; i++) {
        line_add(l, pieces[tamis_rng_below(rng, sizeof(pieces) / sizeof(pieces[0]))]);
    }
    for (size_t pad = tamis_rng_below(rng, 4) == 0 ? tamis_rng_below(rng, 150) : 0; pad > 0;
         pad--) {
        line_add(l, "p");
    }
    line_add(l, "\"");
}

static void line_value(tamis_rng *rng, line *l, int depth)
{
    static const char *const scalars[] = {"true", "false", "null", "0",   "-1",
                                          "12",   "1.50",  "-0.0", "1e5", "2E-3",
                                          "3e+1", "10",    "\"\"", "[]",  "{}"};
    uint64_t kind = tamis_rng_below(rng, depth > 4 ? 2 : 4);

    line_space(rng, l);
    if (kind == 0) {
        line_add(l, scalars[tamis_rng_below(rng, 15)]);
    } else if (kind == 1) {
        line_string(rng, l);
    } else {
        size_t count = tamis_rng_below(rng, 4);

        line_add(l, kind == 2 ? "[" : "{");
        for (size_t i = 0; i < count; i++) {
            line_add(l, i == 0 ? "" : ",");
            line_space(rng, l);
            if (kind == 3) {
                line_string(rng, l);
                line_space(rng, l);
                line_add(l, ":");
            }
            line_value(rng, l, depth + 1);
        }
        line_space(rng, l);
        line_add(l, kind == 2 ? "]" : "}");
    }
    line_space(rng, l);
}

static void line_object(tamis_rng *rng, line *l)
{
    size_t count = tamis_rng_below(rng, 6);

    l->size = 0;
    line_space(rng, l);
    line_add(l, "{");
    for (size_t i = 0; i < count; i++) {
        line_add(l, i == 0 ? "" : ",");
        line_space(rng, l);
        if (tamis_rng_below(rng, 3) == 0) {
            line_add(l, tamis_rng_below(rng, 2) == 0 ? "\"text\"" : "\"tamis\"");
        } else {
            line_string(rng, l);
        }
        line_space(rng, l);
        line_add(l, ":");
        line_value(rng, l, 0);
    }
    line_add(l, "}");
    line_space(rng, l);
}

/* Replaces, drops, doubles or swaps a byte; sometimes none. */
static void line_damage(tamis_rng *rng, line *l)
{
    static const char alphabet[] = "{}[]\",:\\ntfu019eE+-. \t\x01x";

    for (uint64_t count = tamis_rng_below(rng, 3); count > 0 && l->size > 1; count--) {
        size_t i = tamis_rng_below(rng, l->size);

        switch (tamis_rng_below(rng, 3)) {
        case 0:
            l->bytes[i] = (uint8_t)alphabet[tamis_rng_below(rng, sizeof(alphabet) - 1)];
            break;
        case 1:
            memmove(l->bytes + i, l->bytes + i + 1, l->size - i - 1);
            l->size--;
            break;
        default:
            l->size = i + 1;
            break;
        }
    }
}

typedef struct outcome {
    json_record record;
    uint8_t text[LINE_MAX + TAMIS_BUF_SLACK];
} outcome;

static void scan(tamis_kernel kernel, json_plan *plan, line *l, outcome *out)
{
    l->bytes[l->size] = '\n';
    json_kernel_of(kernel)->scan(plan, l->bytes, l->bytes + l->size, out->text, &out->record);
}

static void check_same(const outcome *a, const outcome *b)
{
    assert_int_equal(a->record.fault, b->record.fault);
    if (a->record.fault != TAMIS_FAULT_NONE) {
        return;
    }
    assert_ptr_equal(a->record.begin, b->record.begin);
    assert_ptr_equal(a->record.close, b->record.close);
    assert_ptr_equal(a->record.tamis.begin, b->record.tamis.begin);
    assert_ptr_equal(a->record.tamis.end, b->record.tamis.end);
    assert_int_equal(a->record.member_count, b->record.member_count);
    assert_int_equal(a->record.is_text_repaired, b->record.is_text_repaired);
    assert_int_equal(a->record.text_size, b->record.text_size);
    assert_memory_equal(a->text, b->text, a->record.text_size);
    for (int i = 0; i < JSON_FIELD_COUNT; i++) {
        assert_ptr_equal(a->record.matches[i].literal.begin, b->record.matches[i].literal.begin);
        assert_ptr_equal(a->record.matches[i].literal.end, b->record.matches[i].literal.end);
        assert_ptr_equal(a->record.matches[i].path.begin, b->record.matches[i].path.begin);
        assert_int_equal(a->record.matches[i].literal_count, b->record.matches[i].literal_count);
        assert_int_equal(a->record.matches[i].path_count, b->record.matches[i].path_count);
    }
}

static void check_kernels(json_plan *plan, line *l, outcome *expected)
{
    static outcome other;

    scan(TAMIS_KERNEL_SCALAR, plan, l, expected);
    for (int kernel = 1; kernel < TAMIS_KERNEL_COUNT; kernel++) {
        if (tamis_kernel_is_available((tamis_kernel)kernel)) {
            scan((tamis_kernel)kernel, plan, l, &other);
            check_same(expected, &other);
        }
    }
}

static void check_against_jansson(const line *l, const outcome *actual)
{
    json_error_t error;
    json_t *object =
        json_loadb((const char *)l->bytes, l->size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    bool is_object = json_is_object(object);
    const json_match *match = &actual->record.matches[JSON_FIELD_TEXT];

    if (is_object != (actual->record.fault == TAMIS_FAULT_NONE)) {
        print_error("%.*s\n", (int)l->size, (const char *)l->bytes);
    }
    assert_int_equal(is_object, actual->record.fault == TAMIS_FAULT_NONE);
    if (is_object && match->literal_count == 1) {
        json_t *text = json_object_get(object, "text");

        assert_non_null(text);
        assert_int_equal(json_is_string(text), actual->record.is_text_decoded);
        if (json_is_string(text)) {
            assert_int_equal(json_string_length(text), actual->record.text_size);
            assert_memory_equal(json_string_value(text), actual->text, actual->record.text_size);
        }
    }
    if (is_object && match->literal_count == 0) {
        assert_null(json_object_get(object, "text"));
    }
    json_decref(object);
}

static void test_against_jansson(void **state)
{
    uint64_t seed = 3;
    tamis_rng rng = {seed};
    tamis_settings settings = support_settings();
    json_plan plan;
    static line l;
    static outcome result;
    unsigned good = 0;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    assert_int_equal(json_plan_init(&plan, &settings, NULL), TAMIS_OK);
    for (int round = 0; round < 20000; round++) {
        line_object(&rng, &l);
        if (round % 2 != 0) {
            line_damage(&rng, &l);
        }
        check_kernels(&plan, &l, &result);
        check_against_jansson(&l, &result);
        good += result.record.fault == TAMIS_FAULT_NONE;
    }
    assert_in_range(good, 10000, 19000); /* both kinds were met often */
    json_plan_fini(&plan);
}

/* A quote, an escape or a control character at every place of every kernel's blocks. */
static void test_every_alignment(void **state)
{
    static const char *const specials[] = {"\\n", "\\u00e4", "\\ud83d\\ude00", "\x01", "\\x", "\""};
    tamis_settings settings = support_settings();
    json_plan plan;
    static line l;
    static outcome result;

    (void)state;
    assert_int_equal(json_plan_init(&plan, &settings, NULL), TAMIS_OK);
    for (size_t special = 0; special < 6; special++) {
        for (size_t before = 0; before < 140; before++) {
            for (size_t after = 0; after < 3; after++) {
                l.size = 0;
                line_add(&l, "{\"text\":\"");
                for (size_t i = 0; i < before; i++) {
                    line_add(&l, "\xc3\xa4");
                }
                line_add(&l, specials[special]);
                for (size_t i = 0; i < after; i++) {
                    line_add(&l, "\x7f");
                }
                line_add(&l, "\"}");
                check_kernels(&plan, &l, &result);
                assert_int_equal(result.record.fault,
                                 special < 3 ? TAMIS_FAULT_NONE : TAMIS_FAULT_INVALID_JSON);
                if (special == 2) {
                    assert_int_equal(result.record.text_size, before * 2 + 4 + after);
                }
            }
        }
    }
    json_plan_fini(&plan);
}

/* Runs of one escape, of every length, from every place: kernels that take several at once must not
 * lose count of which byte is escaped. */
static void test_runs_of_escapes(void **state)
{
    static const char *const escapes[] = {"\\\\", "\\\"", "\\n", "\\t", "\\r", "\\/", "\\b", "\\f"};
    static const char decoded[] = "\\\"\n\t\r/\b\f";
    tamis_settings settings = support_settings();
    json_plan plan;
    static line l;
    static outcome result;

    (void)state;
    assert_int_equal(json_plan_init(&plan, &settings, NULL), TAMIS_OK);
    for (size_t escape = 0; escape < 8; escape++) {
        for (size_t before = 0; before < 66; before++) {
            for (size_t count = 1; count < 70; count += count < 3 ? 1 : 13) {
                l.size = 0;
                line_add(&l, "{\"text\":\"");
                for (size_t i = 0; i < before; i++) {
                    line_add(&l, "x");
                }
                for (size_t i = 0; i < count; i++) {
                    line_add(&l, escapes[escape]);
                }
                line_add(&l, "end\"}");
                check_kernels(&plan, &l, &result);
                assert_int_equal(result.record.fault, TAMIS_FAULT_NONE);
                assert_int_equal(result.record.text_size, before + count + 3);
                for (size_t i = 0; i < count; i++) {
                    assert_int_equal(result.text[before + i], decoded[escape]);
                }
                assert_memory_equal(result.text + before + count, "end", 3);
            }
        }
    }
    json_plan_fini(&plan);
}

static void test_noise(void **state)
{
    uint64_t seed = 9;
    tamis_rng rng = {seed};
    tamis_settings settings = support_settings();
    json_plan plan;
    static line l;
    static outcome result;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    (void)snprintf(settings.text_field, sizeof(settings.text_field), "text.text");
    (void)snprintf(settings.id_field, sizeof(settings.id_field), "a.tamis.x y z");
    assert_int_equal(json_plan_init(&plan, &settings, NULL), TAMIS_OK);
    for (int round = 0; round < 10000; round++) {
        line_object(&rng, &l);
        for (uint64_t i = tamis_rng_below(&rng, 6); i > 0 && l.size > 0; i--) {
            uint8_t byte = (uint8_t)tamis_rng_next(&rng);

            l.bytes[tamis_rng_below(&rng, l.size)] = byte == '\n' ? ' ' : byte;
        }
        check_kernels(&plan, &l, &result);
    }
    json_plan_fini(&plan);
}

static void test_plan_limits(void **state)
{
    tamis_settings settings = support_settings();
    json_plan plan;

    (void)state;
    settings.nesting_max = 0;
    assert_int_equal(json_plan_init(&plan, &settings, NULL), TAMIS_EARG);
    settings.nesting_max = JSON_NESTED_MAX + 1;
    assert_int_equal(json_plan_init(&plan, &settings, NULL), TAMIS_EARG);
    settings.nesting_max = JSON_NESTED_MAX;
    assert_int_equal(json_plan_init(&plan, &settings, NULL), TAMIS_OK);
    json_plan_fini(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_jansson), cmocka_unit_test(test_every_alignment),
        cmocka_unit_test(test_runs_of_escapes), cmocka_unit_test(test_noise),
        cmocka_unit_test(test_plan_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
