/* SPDX-License-Identifier: Apache-2.0 */
/* bench_golden TABLE: how many reference values of quality signals are met, by signal.
 * bench/golden_signals.py FOLDER makes the table. Exit 1: not all are. */
#include "golden_signals.h"

int main(int argument_count, char **arguments)
{
    static tamis_agreement agreements[TAMIS_SIGNALS_MAX];
    tamis_err err = {0};
    size_t texts = 0;
    size_t compared = 0;
    size_t equal = 0;

    if (argument_count != 2) {
        (void)fprintf(stderr, "usage: bench_golden TABLE\n");
        return 2;
    }
    if (tamis_golden_compare(arguments[1], agreements, &texts, &err) != TAMIS_OK) {
        (void)fprintf(stderr, "bench_golden: %s\n", err.text);
        return 1;
    }
    for (size_t i = 0; i < tamis_signal_count(); i++) {
        const tamis_agreement *agreement = &agreements[i];

        compared += agreement->compared;
        equal += agreement->equal;
        if (agreement->compared == 0) {
            continue;
        }
        (void)printf("%-66s %6zu of %6zu", tamis_signal_get(i)->name, agreement->equal,
                     agreement->compared);
        if (agreement->equal != agreement->compared) {
            (void)printf("  %s: wanted %s, got %s", agreement->first_text, agreement->wanted,
                         agreement->got);
        }
        (void)printf("\n");
    }
    (void)printf("%zu texts: %zu of %zu values equal\n", texts, equal, compared);
    return equal == compared ? 0 : 1;
}
