/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that states give to people, where a checksum tells them from other numbers. */
#include "pii_national.h"

/* In a form: 'd' a digit, 'A' a capital letter, 'v' a digit or capital letter, 'k' a digit, x or X,
 * 'b' a digit, A or B; others as they are. A form without words is found by itself; with words, one
 * of them must stand before it. */
static const pii_id ids[] = {
    {"us_ssn", "ddd-dd-dddd", pii_check_us, ""},
    {"us_ssn", "ddd dd dddd", pii_check_us, "ssn|social security|social security number"},
    {"us_ssn", "ddddddddd", pii_check_us, "ssn|social security|social security number"},
    {"cn_id", "dddddddddddddddddk", pii_check_cn, ""},
    {"in_aadhaar", "dddd dddd dddd", pii_check_in, ""},
    {"in_aadhaar", "dddd-dddd-dddd", pii_check_in, ""},
    {"in_aadhaar", "dddddddddddd", pii_check_in, "aadhaar|aadhar|uidai"},
    {"jp_my_number", "dddd dddd dddd", pii_check_jp, PII_WORDS_JP},
    {"jp_my_number", "dddd-dddd-dddd", pii_check_jp, PII_WORDS_JP},
    {"jp_my_number", "dddddddddddd", pii_check_jp, PII_WORDS_JP},
    {"br_cpf", "ddd.ddd.ddd-dd", pii_check_br, ""},
    {"br_cpf", "ddddddddddd", pii_check_br, "cpf"},
    {"de_tax_id", "dd ddd ddd ddd", pii_check_de, ""},
    {"de_tax_id", "ddddddddddd", pii_check_de, PII_WORDS_DE},
    {"fr_nir", "d dd dd db ddd ddd dd", pii_check_fr, ""},
    {"fr_nir", "ddddddbdddddddd", pii_check_fr, ""},
    {"it_fiscal", "AAAAAAddAddAdddA", pii_check_it, ""},
    {"es_dni", "ddddddddA", pii_check_es, ""},
    {"es_dni", "dddddddd-A", pii_check_es, ""},
    {"es_dni", "dd.ddd.ddd-A", pii_check_es, ""},
    {"es_nie", "AdddddddA", pii_check_es, ""},
    {"es_nie", "A-ddddddd-A", pii_check_es, ""},
    {"uk_nhs", "ddd ddd dddd", pii_check_nhs, "nhs|nhs number|nhs no"},
    {"uk_nhs", "ddd-ddd-dddd", pii_check_nhs, "nhs|nhs number|nhs no"},
    {"uk_nhs", "dddddddddd", pii_check_nhs, "nhs|nhs number|nhs no"},
    {"kr_rrn", "dddddd-ddddddd", pii_check_kr, ""},
    {"ca_sin", "ddd ddd ddd", pii_check_luhn, "sin|social insurance"},
    {"ca_sin", "ddd-ddd-ddd", pii_check_luhn, "sin|social insurance"},
    {"nl_bsn", "ddddddddd", pii_check_nl, "bsn|burgerservicenummer|sofinummer"},
    {"pl_pesel", "ddddddddddd", pii_check_pl, "pesel"},
    {"se_personnummer", "dddddd-dddd", pii_check_se, ""},
    {"se_personnummer", "dddddddd-dddd", pii_check_se, ""},
    {"fi_hetu", "dddddd-dddv", pii_check_fi, ""},
    {"fi_hetu", "ddddddAdddv", pii_check_fi, ""},
    {"no_fnr", "dddddd ddddd", pii_check_no,
     "fnr|personnummer|f\xC3\xB8"
     "dselsnummer"},
    {"no_fnr", "ddddddddddd", pii_check_no,
     "fnr|personnummer|f\xC3\xB8"
     "dselsnummer"},
    {"tr_kimlik", "ddddddddddd", pii_check_tr, "tckn|kimlik|tc kimlik no|t.c. kimlik no|tc"},
    {"za_id", "ddddddddddddd", pii_check_za, "id|id number|id no|identity"},
    {"mx_curp", "AAAAddddddAAAAAAvd", pii_check_mx, ""},
    {"ru_snils", "ddd-ddd-ddd dd", pii_check_ru, ""},
    {"sg_nric", "AdddddddA", pii_check_sg, ""},
    {"cl_rut", "dd.ddd.ddd-k", pii_check_cl, ""},
    {"cl_rut", "d.ddd.ddd-k", pii_check_cl, ""},
    {"ar_cuit", "dd-dddddddd-d", pii_check_ar, ""},
    {"be_rijksregister", "dd.dd.dd-ddd.dd", pii_check_be, ""},
    {"ch_ahv", "ddd.dddd.dddd.dd", pii_check_ch, ""},
    {"cz_rodne_cislo", "dddddd/dddd", pii_check_cz, ""},
    {"ro_cnp", "ddddddddddddd", pii_check_ro, "cnp"},
};

#define ID_COUNT (sizeof(ids) / sizeof(ids[0]))

const char *pii_national_name(unsigned detail)
{
    return detail < ID_COUNT ? ids[detail].name : "";
}

static bool is_kind(char kind, uint8_t c)
{
    switch (kind) {
    case 'd':
        return pii_is_digit(c);
    case 'A':
        return pii_is_upper(c);
    case 'v':
        return pii_is_digit(c) || pii_is_upper(c);
    case 'k':
        return pii_is_digit(c) || c == 'X' || c == 'x' || c == 'K' || c == 'k';
    case 'b':
        return pii_is_digit(c) || c == 'A' || c == 'B';
    default:
        return c == (uint8_t)kind;
    }
}

/* Copies letters and digits; returns the end, or 0. */
static size_t match_form(const tamis_pii *pii, size_t at, const char *form, pii_id_text *out)
{
    out->size = 0;
    for (; *form != '\0'; form++, at++) {
        uint8_t c = pii_at(pii, at);

        if (!is_kind(*form, c)) {
            return 0;
        }
        if (pii_is_alnum(c)) {
            out->text[out->size++] = c;
        }
    }
    return at;
}

/* Letters (and one hyphen behind them) before the first digit. */
static size_t letters_of(const char *form)
{
    return strcspn(form, "d");
}

static bool is_found(tamis_pii *pii, const pii_id *id, size_t begin, size_t end,
                     const pii_id_text *text)
{
    bool is_spaced = strchr(id->form, ' ') != NULL;

    return pii_number_begins(pii, begin, is_spaced) && pii_number_ends(pii, end, is_spaced) &&
           id->check(text) && (id->words[0] == '\0' || pii_has_context(pii, begin, 48, id->words));
}

void pii_national_init(tamis_pii *pii)
{
    _Static_assert(ID_COUNT <= 64, "one bit an id");

    memset(pii->id_masks, 0, sizeof(pii->id_masks));
    for (unsigned i = 0; i < ID_COUNT; i++) {
        size_t letters = letters_of(ids[i].form);
        size_t digits = strspn(ids[i].form + letters, "d");
        char next = ids[i].form[letters + digits];
        bool is_open = next == 'k' || next == 'v' || next == 'b'; /* may be a digit too */

        for (size_t run = digits; run < PII_RUNS; run++) {
            if (run == digits || is_open) {
                pii->id_masks[letters > 0][run] |= 1ull << i;
            }
        }
    }
}

bool pii_national(tamis_pii *pii, size_t at, size_t run)
{
    uint8_t before = pii_before(pii, at);
    uint64_t left = run < PII_RUNS ? pii->id_masks[0][run] : 0;

    if (run < PII_RUNS && (pii_is_upper(before) || before == '-')) {
        left |= pii->id_masks[1][run];
    }
    for (; left != 0; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        const pii_id *id = &ids[i];
        size_t letters = letters_of(id->form);
        size_t end = 0;
        pii_id_text text;

        pii->steps++;
        if (letters > at || at - letters < pii->done) {
            continue;
        }
        end = match_form(pii, at - letters, id->form, &text);
        if (end != 0 && is_found(pii, id, at - letters, end, &text)) {
            pii_add(pii, at - letters, end, TAMIS_PII_NATIONAL_ID, i);
            return true;
        }
    }
    return false;
}
