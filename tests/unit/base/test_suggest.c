/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the nearest name, and none where nothing is near.
 * Method: known distances; a recursive reference over all short words of two letters.
 */
#include "tamis/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Optimal string alignment by its definition, from the end. */
static unsigned slow_distance(const char *a, size_t i, const char *b, size_t j)
{
    unsigned best = 0;
    unsigned other = 0;

    if (i == 0 || j == 0) {
        return (unsigned)(i + j);
    }
    best = slow_distance(a, i - 1, b, j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1);
    other = slow_distance(a, i - 1, b, j) + 1;
    best = other < best ? other : best;
    other = slow_distance(a, i, b, j - 1) + 1;
    best = other < best ? other : best;
    if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        other = slow_distance(a, i - 2, b, j - 2) + 1;
        best = other < best ? other : best;
    }
    return best;
}

/* Word number n over "ab" of up to 4 letters. */
static void word_make(unsigned n, char out_word[5])
{
    size_t size = 0;

    while (n > 0) {
        out_word[size++] = (n - 1) % 2 == 0 ? 'a' : 'b';
        n = (n - 1) / 2;
    }
    out_word[size] = '\0';
}

static void test_distance(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 31; i++) {
        for (unsigned j = 0; j < 31; j++) {
            char a[5];
            char b[5];

            word_make(i, a);
            word_make(j, b);
            assert_int_equal(tamis_edit_distance(a, b, 10),
                             slow_distance(a, strlen(a), b, strlen(b)));
        }
    }
    assert_int_equal(tamis_edit_distance("threshold", "treshold", 3), 1);
    assert_int_equal(tamis_edit_distance("kitten", "sitting", 3), 3);
    assert_int_equal(tamis_edit_distance("kitten", "sitting", 2), 3); /* limit + 1 */
    assert_int_equal(tamis_edit_distance("abcdef", "uvwxyz", 2), 3);
}

static void test_suggest(void **state)
{
    static const char *const names[] = {"threshold", "bands",   "rows",    "output",
                                        "verify",    "version", "url-keep"};
    const size_t count = sizeof(names) / sizeof(names[0]);
    char longest[200];

    (void)state;
    assert_string_equal(tamis_suggest("treshold", names, count), "threshold");
    assert_string_equal(tamis_suggest("thershold", names, count), "threshold");
    assert_string_equal(tamis_suggest("band", names, count), "bands");
    assert_string_equal(tamis_suggest("row", names, count), "rows");
    assert_string_equal(tamis_suggest("url", names, count), "url-keep"); /* begins with it */
    assert_null(tamis_suggest("ver", names, count));                     /* two do */
    assert_null(tamis_suggest("zebra", names, count));
    assert_null(tamis_suggest("", names, count));
    assert_null(tamis_suggest("x", names, 0));
    memset(longest, 'b', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_null(tamis_suggest(longest, names, count));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_suggest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
