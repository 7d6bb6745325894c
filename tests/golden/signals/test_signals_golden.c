/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: every signal has the value that the reference implementation gave, on texts that hold the
 * edge cases. Method: own_texts.tsv.zst (README.md); all signals in one call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "golden_signals.h"

static void test_own_texts(void **state)
{
    static tamis_agreement agreements[TAMIS_SIGNALS_MAX];
    tamis_err err = {0};
    size_t texts = 0;
    size_t signals = 0;

    (void)state;
    if (tamis_golden_compare(GOLDEN_TABLE, agreements, &texts, &err) != TAMIS_OK) {
        fail_msg("%s", err.text);
    }
    for (size_t i = 0; i < tamis_signal_count(); i++) {
        const tamis_agreement *agreement = &agreements[i];

        if (agreement->equal != agreement->compared) {
            print_error("%s: %zu of %zu, first %s: wanted %s, got %s\n", tamis_signal_get(i)->name,
                        agreement->equal, agreement->compared, agreement->first_text,
                        agreement->wanted, agreement->got);
        }
        assert_int_equal(agreement->equal, agreement->compared);
        signals += agreement->compared != 0;
    }
    assert_int_equal(texts, 114);
    assert_int_equal(signals, 145);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
