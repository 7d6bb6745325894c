/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: precision and recall on labelled lines, with hard negatives among them, by type.
 * Method: tests/data/pii/labelled.jsonl has lines of our own with type and byte range of all that
 * should be found (numbers made up, check digits from another implementation). A span counts when
 * type and range are equal. The table goes to stdout; with -v each difference is named by its line.
 */
#include "tamis/cpu.h"
#include "tamis/pii.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct tally {
    size_t wanted;
    size_t found;
    size_t right;
} tally;

static bool is_verbose;

static int type_of(const char *name)
{
    for (int i = 0; i < TAMIS_PII_TYPE_COUNT; i++) {
        if (strcmp(name, tamis_pii_type_name((tamis_pii_type)i)) == 0) {
            return i;
        }
    }
    return -1;
}

static bool is_wanted(const json_t *wanted, const tamis_pii_span *span)
{
    size_t index = 0;
    const json_t *row = NULL;

    json_array_foreach(wanted, index, row)
    {
        if (type_of(json_string_value(json_array_get(row, 0))) == span->type &&
            json_integer_value(json_array_get(row, 1)) == span->begin &&
            json_integer_value(json_array_get(row, 2)) == span->end) {
            return true;
        }
    }
    return false;
}

static void check_line(tamis_pii *pii, const json_t *line, size_t number, tally *tallies)
{
    const char *text = json_string_value(json_object_get(line, "text"));
    const json_t *wanted = json_object_get(line, "spans");
    const tamis_pii_span *spans = NULL;
    const json_t *row = NULL;
    size_t index = 0;
    size_t count = 0;
    size_t right = 0;
    tamis_buf copy;

    tamis_buf_init(&copy, 0);
    assert_int_equal(tamis_buf_append_string(&copy, text), TAMIS_OK);
    assert_int_equal(tamis_pii_scan(pii, tamis_buf_slice(&copy), &spans, &count, NULL), TAMIS_OK);
    json_array_foreach(wanted, index, row)
    {
        int type = type_of(json_string_value(json_array_get(row, 0)));

        assert_true(type >= 0);
        tallies[type].wanted++;
    }
    for (size_t i = 0; i < count; i++) {
        tallies[spans[i].type].found++;
        if (is_wanted(wanted, &spans[i])) {
            tallies[spans[i].type].right++;
            right++;
        } else if (is_verbose) {
            printf("line %zu: %s at %u-%u is not labelled\n", number,
                   tamis_pii_type_name((tamis_pii_type)spans[i].type), spans[i].begin,
                   spans[i].end);
        }
    }
    if (right != json_array_size(wanted) && is_verbose) {
        printf("line %zu: %zu of %zu found\n", number, right, json_array_size(wanted));
    }
    tamis_buf_fini(&copy);
}

static void test_precision_and_recall(void **state)
{
    tamis_pii_settings settings = {.types = TAMIS_PII_ALL, .style = TAMIS_PII_STYLE_DOLMA};
    tally tallies[TAMIS_PII_TYPE_COUNT] = {{0}};
    tamis_pii *pii = NULL;
    FILE *file = fopen(PII_LABELLED, "re");
    size_t number = 0;
    char *line = NULL;
    size_t room = 0;

    (void)state;
    assert_non_null(file);
    assert_int_equal(tamis_pii_create(&settings, &pii, NULL), TAMIS_OK);
    while (getline(&line, &room, file) > 0) {
        json_t *object = json_loads(line, 0, NULL);

        assert_non_null(object);
        check_line(pii, object, ++number, tallies);
        json_decref(object);
    }
    free(line);
    assert_int_equal(fclose(file), 0);
    tamis_pii_destroy(pii);

    printf("%-12s %7s %9s %9s\n", "type", "wanted", "precision", "recall");
    for (int i = 0; i < TAMIS_PII_TYPE_COUNT; i++) {
        const tally *one = &tallies[i];

        assert_true(one->wanted >= 20 && one->found > 0);
        printf("%-12s %7zu %9.4f %9.4f\n", tamis_pii_type_name((tamis_pii_type)i), one->wanted,
               (double)one->right / (double)one->found, (double)one->right / (double)one->wanted);
    }
    for (int i = 0; i < TAMIS_PII_TYPE_COUNT; i++) {
        assert_int_equal(tallies[i].right, tallies[i].found);
        assert_int_equal(tallies[i].right, tallies[i].wanted);
    }
    assert_true(number >= 500);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_precision_and_recall)};

    is_verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
