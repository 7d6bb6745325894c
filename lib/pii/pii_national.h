/* SPDX-License-Identifier: Apache-2.0 */
/* pii_national.h - forms and check digits of national ids.
 *
 * Pure. Threads: any.
 */
#ifndef TAMIS_PII_NATIONAL_H
#define TAMIS_PII_NATIONAL_H

#include "pii_parts.h"

#define PII_ID_MAX 24

/* Letters and digits of a match, separators left out. */
typedef struct pii_id_text {
    uint8_t text[PII_ID_MAX];
    size_t size;
} pii_id_text;

typedef bool pii_id_check(const pii_id_text *id);

typedef struct pii_id {
    const char *name;
    const char *form;
    pii_id_check *check;
    const char *words;
} pii_id;

#define PII_WORDS_JP                                                                               \
    "my number|\xE3\x83\x9E\xE3\x82\xA4\xE3\x83\x8A\xE3\x83\xB3\xE3\x83\x90\xE3\x83\xBC|"          \
    "\xE5\x80\x8B\xE4\xBA\xBA\xE7\x95\xAA\xE5\x8F\xB7"
#define PII_WORDS_DE                                                                               \
    "steuer-id|steuerid|steueridentifikationsnummer|idnr|steuer-identifikationsnummer|"            \
    "steuernummer|tax id"

pii_id_check pii_check_us, pii_check_cn, pii_check_in, pii_check_jp, pii_check_br, pii_check_de,
    pii_check_fr, pii_check_it, pii_check_es, pii_check_nhs, pii_check_kr, pii_check_luhn,
    pii_check_nl, pii_check_pl, pii_check_se, pii_check_fi, pii_check_no, pii_check_tr,
    pii_check_za, pii_check_mx, pii_check_ru, pii_check_sg, pii_check_cl, pii_check_ar,
    pii_check_be, pii_check_ch, pii_check_cz, pii_check_ro;

#endif
