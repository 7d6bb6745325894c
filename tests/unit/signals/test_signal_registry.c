/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: names are unique and found, every column is filled, word sets know their words and no
 * other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tamis/buf.h"
#include "tamis/signals.h"

#define DOC_BYTES_MAX (1u << 20)

static void test_names_are_unique_and_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < tamis_signal_count(); i++) {
        size_t found = SIZE_MAX;

        assert_true(tamis_signal_find(tamis_signal_get(i)->name, &found));
        assert_int_equal(found, i);
    }
}

static void test_columns_are_filled(void **state)
{
    (void)state;
    for (size_t i = 0; i < tamis_signal_count(); i++) {
        const tamis_signal *signal = tamis_signal_get(i);

        assert_true(signal->family < TAMIS_FAMILY_COUNT);
        assert_true(strlen(signal->definition) > 1);
        assert_true(strlen(signal->denominator) > 0);
        assert_true(strlen(signal->null_when) > 0);
        assert_true(strlen(signal->profiles) > 1);
        assert_true(strlen(signal->source) > 1);
    }
    for (tamis_signal_family family = 0; family < TAMIS_FAMILY_COUNT; family++) {
        uint64_t bits[TAMIS_SIGNAL_WORDS] = {0};
        size_t members = 0;

        assert_non_null(tamis_signal_family_name(family));
        tamis_signal_bits_add_family(bits, family);
        for (size_t i = 0; i < TAMIS_SIGNALS_MAX; i++) {
            members += tamis_signal_bits_has(bits, i);
        }
        assert_true(members > 0);
    }
}

static void test_unknown_names_get_a_suggestion(void **state)
{
    size_t index = 0;

    (void)state;
    assert_false(tamis_signal_find("rps_doc_word_cuont", &index));
    assert_string_equal(tamis_signal_suggest("rps_doc_word_cuont"), "rps_doc_word_count");
    assert_null(tamis_signal_suggest("zzzzzzzzzzzzzzzzzzzz"));
}

static void test_word_set(void **state)
{
    static const char *const words[] = {
        "the",     "",         "be",        "the",
        "seven77", "eight888", "two words", "a word of more than sixteen bytes",
        "th"};
    tamis_slice slices[9];
    tamis_word_set *set = NULL;

    (void)state;
    for (size_t i = 0; i < 9; i++) {
        slices[i] = tamis_slice_of_string(words[i]);
    }
    assert_int_equal(tamis_word_set_create(slices, 9, &set, NULL), TAMIS_OK);
    assert_int_equal(tamis_word_set_count(set), 7);
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(tamis_word_set_has(set, slices[i]), slices[i].size != 0);
    }
    assert_false(tamis_word_set_has(set, tamis_slice_of_string("The")));
    assert_false(tamis_word_set_has(set, tamis_slice_of_string("t")));
    assert_false(tamis_word_set_has(set, tamis_slice_of_string("eight889")));
    tamis_word_set_destroy(set);

    assert_int_equal(tamis_word_set_create(NULL, 0, &set, NULL), TAMIS_OK);
    assert_int_equal(tamis_word_set_count(set), 0);
    assert_false(tamis_word_set_has(set, slices[0]));
    tamis_word_set_destroy(set);
    tamis_word_set_destroy(NULL);
}

static void append_cell(tamis_buf *out, const char *text)
{
    for (; *text != 0; text++) {
        if (*text == '|' || *text == '*' || *text == '_') { /* marks of Markdown */
            assert_int_equal(tamis_buf_append_byte(out, '\\'), TAMIS_OK);
        }
        assert_int_equal(tamis_buf_append_byte(out, (uint8_t)*text), TAMIS_OK);
    }
    assert_int_equal(tamis_buf_append_string(out, " | "), TAMIS_OK);
}

/* The tables of docs/SIGNALS.md: one a family. */
static void write_tables(tamis_buf *out)
{
    for (tamis_signal_family family = 0; family < TAMIS_FAMILY_COUNT; family++) {
        assert_int_equal(
            tamis_buf_append_format(out,
                                    "\n### %s\n\n| name | definition | denominator | null when | "
                                    "profiles | source |\n| --- | --- | --- | --- | --- | --- |\n",
                                    tamis_signal_family_name(family)),
            TAMIS_OK);
        for (size_t i = 0; i < tamis_signal_count(); i++) {
            const tamis_signal *signal = tamis_signal_get(i);

            if (signal->family != family) {
                continue;
            }
            assert_int_equal(tamis_buf_append_format(out, "| `%s` | ", signal->name), TAMIS_OK);
            append_cell(out, signal->definition);
            append_cell(out, signal->denominator);
            append_cell(out, signal->null_when);
            append_cell(out, signal->profiles);
            append_cell(out, signal->source);
            out->data[out->size - 1] = '\n';
        }
    }
}

/* docs/SIGNALS.md ends in the tables; TAMIS_RENEW=1 writes them anew. */
static void test_the_document_is_up_to_date(void **state)
{
    static const char mark[] = "<!-- tables: made from lib/signals/signal_table.h -->\n";
    tamis_buf tables;
    tamis_buf doc;
    FILE *file = fopen(SIGNALS_DOC, "rb");
    const char *found = NULL;

    (void)state;
    assert_non_null(file);
    tamis_buf_init(&tables, 0);
    tamis_buf_init(&doc, 0);
    write_tables(&tables);
    assert_int_equal(tamis_buf_append_byte(&tables, 0), TAMIS_OK);
    assert_int_equal(tamis_buf_reserve(&doc, DOC_BYTES_MAX), TAMIS_OK);
    doc.size = fread(doc.data, 1, DOC_BYTES_MAX - 1, file);
    doc.data[doc.size] = 0;
    assert_int_equal(fclose(file), 0);
    found = strstr((const char *)doc.data, mark);
    assert_non_null(found);
    found += strlen(mark);
    if (getenv("TAMIS_RENEW") != NULL) {
        file = fopen(SIGNALS_DOC, "wb");
        assert_non_null(file);
        (void)fwrite(doc.data, 1, (size_t)(found - (const char *)doc.data), file);
        (void)fwrite(tables.data, 1, tables.size - 1, file);
        assert_int_equal(fclose(file), 0);
    } else {
        assert_string_equal(found, (const char *)tables.data);
    }
    tamis_buf_fini(&tables);
    tamis_buf_fini(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_unique_and_found),
        cmocka_unit_test(test_columns_are_filled),
        cmocka_unit_test(test_unknown_names_get_a_suggestion),
        cmocka_unit_test(test_word_set),
        cmocka_unit_test(test_the_document_is_up_to_date),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
