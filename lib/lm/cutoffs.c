/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "tamis/perplexity.h"

typedef struct row {
    const char *language;
    double head;
    double middle;
} row;

/* CCNet, cc_net/data/cutoff.csv: rows 30 and 60. */
static const row rows[] = {
    {"ar", 490, 790}, {"bg", 450, 680},   {"bn", 190, 300}, {"ca", 210, 330},   {"cs", 820, 1140},
    {"da", 380, 600}, {"de", 370, 590},   {"el", 450, 670}, {"en", 340, 520},   {"es", 180, 290},
    {"fa", 370, 700}, {"fi", 1110, 1500}, {"fr", 180, 330}, {"he", 1280, 1710}, {"hi", 480, 790},
    {"hu", 80, 140},  {"id", 600, 970},   {"it", 220, 360}, {"ja", 1110, 1450}, {"ko", 920, 2130},
    {"lt", 190, 270}, {"nl", 430, 650},   {"no", 430, 680}, {"pl", 160, 260},   {"pt", 170, 270},
    {"ro", 180, 270}, {"ru", 210, 310},   {"uk", 140, 220}, {"zh", 1460, 1950}};

const char *tamis_bucket_name(tamis_bucket bucket)
{
    static const char *const names[] = {"head", "middle", "tail", "all"};

    TAMIS_ASSERT((unsigned)bucket <= TAMIS_BUCKET_ALL);
    return names[bucket];
}

tamis_bucket tamis_bucket_of(double perplexity, const tamis_cutoffs *cutoffs)
{
    if (cutoffs == NULL || isnan(perplexity)) {
        return TAMIS_BUCKET_ALL;
    }
    if (perplexity < cutoffs->head) {
        return TAMIS_BUCKET_HEAD;
    }
    return perplexity < cutoffs->middle ? TAMIS_BUCKET_MIDDLE : TAMIS_BUCKET_TAIL;
}

bool tamis_cutoffs_find(const char *language, tamis_cutoffs *out_cutoffs)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].language, language) == 0) {
            *out_cutoffs = (tamis_cutoffs){.head = rows[i].head, .middle = rows[i].middle};
            return true;
        }
    }
    return false;
}
