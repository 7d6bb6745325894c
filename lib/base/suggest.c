/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/suggest.h"

#include <string.h>

#define NAME_SIZE_MAX 63 /* longer texts are no misspelled name */

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;

    return least < c ? least : c;
}

unsigned tamis_edit_distance(const char *a, const char *b, unsigned limit)
{
    /* Three rows of the table: the swap looks two rows back. */
    unsigned rows[3][NAME_SIZE_MAX + 1] = {{0}};
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    unsigned distance = 0;

    if (a_size > NAME_SIZE_MAX || b_size > NAME_SIZE_MAX) {
        return limit + 1;
    }
    for (size_t j = 0; j <= b_size; j++) {
        rows[0][j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        const unsigned *above2 = rows[(i + 1) % 3];

        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_size; j++) {
            unsigned cost = a[i - 1] == b[j - 1] ? 0 : 1;

            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                above2[j - 2] + 1 < row[j]) {
                row[j] = above2[j - 2] + 1;
            }
        }
    }
    distance = rows[a_size % 3][b_size];
    return distance > limit ? limit + 1 : distance;
}

const char *tamis_suggest(const char *text, const char *const *names, size_t count)
{
    size_t size = strlen(text);
    unsigned limit = size < 6 ? 1 : (unsigned)(size < NAME_SIZE_MAX ? size : NAME_SIZE_MAX) / 3;
    unsigned least = limit + 1;
    const char *nearest = NULL;
    const char *longer = NULL;
    size_t longer_count = 0;

    for (size_t i = 0; i < count; i++) {
        unsigned distance = tamis_edit_distance(text, names[i], limit);

        if (distance < least) {
            least = distance;
            nearest = names[i];
        }
        if (size > 0 && strncmp(names[i], text, size) == 0) {
            longer = names[i];
            longer_count++;
        }
    }
    if (nearest == NULL && longer_count == 1) {
        return longer;
    }
    return nearest;
}
