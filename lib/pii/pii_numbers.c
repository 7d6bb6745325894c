/* SPDX-License-Identifier: Apache-2.0 */
/* Credit cards, IBANs and telephone numbers. */
#include "pii_parts.h"

#define CARD_DIGITS_MIN 13
#define CARD_DIGITS_MAX 19
#define IBAN_MAX        34
#define PHONE_MIN       7
#define PHONE_MAX       15 /* E.164 */
#define PHONE_PARTS_MAX 13 /* digits, when they stand in groups: more is two numbers */

static const char books[] = "isbn|issn|doi|ean|upc|gtin|arxiv|pmid|isbn-13|isbn-10";

bool pii_luhn(const uint8_t *digits, size_t count)
{
    unsigned sum = 0;

    for (size_t i = 0; i < count; i++) {
        unsigned value = (unsigned)(digits[count - 1 - i] - '0');

        value *= i % 2 == 0 ? 1 : 2;
        sum += value > 9 ? value - 9 : value;
    }
    return sum % 10 == 0;
}

/* Issuers by their first digits, and how long their numbers are. */
static bool is_issued(const uint8_t *digits, size_t count)
{
    static const struct {
        uint16_t first; /* of the first four digits */
        uint16_t last;
        uint8_t size_min;
        uint8_t size_max;
    } issuers[] = {
        {4000, 4999, 16, 16}, {4000, 4999, 19, 19}, {5100, 5599, 16, 16}, {2221, 2720, 16, 16},
        {3400, 3499, 15, 15}, {3700, 3799, 15, 15}, {6011, 6011, 16, 19}, {6440, 6599, 16, 19},
        {3000, 3059, 14, 19}, {3600, 3699, 14, 19}, {3800, 3999, 16, 19}, {3528, 3589, 16, 19},
        {6200, 6299, 16, 19}, {2200, 2204, 16, 19}, {5018, 5018, 16, 19}, {5020, 5020, 16, 19},
        {5038, 5038, 16, 19}, {5893, 5893, 16, 19}, {6304, 6304, 16, 19}, {6759, 6759, 16, 19},
        {6761, 6763, 16, 19},
    };
    unsigned head = 0;

    for (size_t i = 0; i < 4; i++) {
        head = head * 10 + (unsigned)(digits[i] - '0');
    }
    for (size_t i = 0; i < sizeof(issuers) / sizeof(issuers[0]); i++) {
        if (head >= issuers[i].first && head <= issuers[i].last && count >= issuers[i].size_min &&
            count <= issuers[i].size_max) {
            return true;
        }
    }
    return false;
}

/* Digits in groups with one kind of single separator; returns the end, or 0. */
static size_t card_digits(tamis_pii *pii, size_t at, uint8_t digits[CARD_DIGITS_MAX + 1],
                          size_t *out_count, bool *out_is_spaced)
{
    uint8_t separator = 0;
    size_t count = 0;
    size_t group = 0;
    size_t groups = 0;
    size_t second = 0; /* digits of the second group: of 6, there are three */
    size_t begin = at;

    for (;; at++) {
        uint8_t c = pii_at(pii, at);

        if (pii_is_digit(c)) {
            if (count == CARD_DIGITS_MAX) {
                return 0;
            }
            digits[count++] = c;
            group++;
            continue;
        }
        if ((c != ' ' && c != '-') || (separator != 0 && c != separator) || group < 4 ||
            group > 6 || count >= 16 || (groups == 2 && second == 6) ||
            !pii_is_digit(pii_at(pii, at + 1))) {
            break;
        }
        separator = c;
        groups++;
        second = groups == 2 ? group : second;
        group = 0;
    }
    pii->steps += at - begin;
    *out_count = count;
    *out_is_spaced = separator == ' ';
    return separator != 0 && group < 3 ? 0 : at;
}

bool pii_card(tamis_pii *pii, size_t at)
{
    uint8_t digits[CARD_DIGITS_MAX + 1];
    size_t count = 0;
    bool is_spaced = false;
    size_t end = card_digits(pii, at, digits, &count, &is_spaced);

    if (end == 0 || count < CARD_DIGITS_MIN || !is_issued(digits, count) ||
        !pii_luhn(digits, count) || !pii_number_begins(pii, at, is_spaced) ||
        !pii_number_ends(pii, end, false) || pii_has_context(pii, at, 24, books)) {
        return false;
    }
    pii_add(pii, at, end, TAMIS_PII_CREDIT_CARD, 0);
    return true;
}

/* Country codes and lengths of the registry of ISO 13616. */
static size_t iban_size(const uint8_t *country)
{
    static const char sizes[] =
        "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29"
        "ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28"
        "LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25"
        "QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";

    for (size_t i = 0; i + 4 < sizeof(sizes); i += 4) {
        if ((uint8_t)sizes[i] == country[0] && (uint8_t)sizes[i + 1] == country[1]) {
            return (size_t)(sizes[i + 2] - '0') * 10 + (size_t)(sizes[i + 3] - '0');
        }
    }
    return 0;
}

static bool iban_is_valid(const uint8_t *text, size_t size)
{
    unsigned rest = 0;

    for (size_t i = 0; i < size; i++) {
        uint8_t c = text[(i + 4) % size];

        rest = pii_is_digit(c) ? (rest * 10 + (unsigned)(c - '0')) % 97
                               : (rest * 100 + (unsigned)(c - 'A' + 10)) % 97;
    }
    return rest == 1;
}

bool pii_iban(tamis_pii *pii, size_t at)
{
    uint8_t text[IBAN_MAX];
    size_t begin = at - 2;
    size_t size = 0;
    size_t wanted = 0;
    size_t place = begin;

    if (at < 2 || begin < pii->done || !pii_is_upper(pii->text[begin]) ||
        !pii_is_upper(pii->text[begin + 1]) || !pii_is_digit(pii_at(pii, at + 1)) ||
        pii_is_alnum(pii_before(pii, begin)) || pii_before(pii, begin) == '_') {
        return false;
    }
    wanted = iban_size(pii->text + begin);
    while (size < wanted && place < pii->size) {
        uint8_t c = pii->text[place];

        if (pii_is_digit(c) || pii_is_upper(c)) {
            text[size++] = c;
        } else if (c != ' ' || size % 4 != 0) {
            break;
        }
        place++;
    }
    pii->steps += place - begin;
    if (wanted == 0 || size < wanted || pii_is_alnum(pii_at(pii, place)) ||
        !iban_is_valid(text, size)) {
        return false;
    }
    pii_add(pii, begin, place, TAMIS_PII_IBAN, 0);
    return true;
}

/* Digits of a number, and where it ends. */
typedef struct phone {
    uint8_t digits[PHONE_MAX + 1];
    size_t count;
    size_t groups;
    size_t end;
    bool is_bracketed;
} phone;

/* How many bytes from `at` on part two groups of digits: at most a bracket and two others. */
static size_t phone_gap(const tamis_pii *pii, size_t at, bool *out_is_bracketed)
{
    size_t size = 0;

    while (size < 3) {
        uint8_t c = pii_at(pii, at + size);

        if (c == '(' || c == ')') {
            *out_is_bracketed = true;
        } else if (c != ' ' && c != '-' && c != '.' && c != '/') {
            break;
        }
        size++;
    }
    return pii_is_digit(pii_at(pii, at + size)) ? size : 0;
}

static void phone_read(tamis_pii *pii, size_t at, size_t limit, phone *out)
{
    size_t begin = at;

    *out = (phone){.end = at};
    while (out->count < limit) {
        size_t group = 0;
        bool is_bracketed = false;

        while (pii_is_digit(pii_at(pii, at + group)) && group <= PHONE_MAX) {
            group++;
        }
        if (group == 0 || out->count + group > PHONE_MAX || pii_is_dotted(pii, at) ||
            (out->groups > 0 && out->count + group > PHONE_PARTS_MAX)) {
            break;
        }
        memcpy(out->digits + out->count, pii->text + at, group);
        out->count += group;
        out->groups++;
        at += group;
        out->end = at;
        size_t gap = phone_gap(pii, at, &is_bracketed);

        if (gap == 0) {
            break;
        }
        out->is_bracketed = out->is_bracketed || is_bracketed;
        at += gap;
    }
    pii->steps += at - begin + 4;
}

/* Calling codes that are given out: of one digit, of two, and the zones of those of three. */
static bool is_calling_code(const uint8_t *digits)
{
    static const char twos[] =
        "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 "
        "57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98 "
        "21 22 23 24 25 26 29 35 37 38 42 50 59 67 68 69 85 88 96 97 ";
    char code[4] = {(char)digits[0], (char)digits[1], ' ', '\0'};

    if (digits[0] == '1' || digits[0] == '7') {
        return digits[1] > '1';
    }
    if (digits[0] == '9' && digits[1] == '9') {
        return digits[2] != '9' && digits[2] != '0' && digits[2] != '1' && digits[2] != '7';
    }
    return strstr(twos, code) != NULL;
}

/* +CC and the number; North America has 11 digits. */
static bool phone_plus(tamis_pii *pii, size_t at)
{
    uint8_t before = pii_before(pii, at - 1);
    phone number;

    if (at - 1 < pii->done || pii_is_alnum(before) || before == '+' || before == '_') {
        return false;
    }
    phone_read(pii, at, pii->text[at] == '1' ? 11 : 12, &number);
    if (number.count < 9 || (number.digits[0] == '1' && number.count != 11) ||
        !is_calling_code(number.digits) || pii_is_alnum(pii_at(pii, number.end)) ||
        pii_at(pii, number.end) == '@') {
        return false;
    }
    pii_add(pii, at - 1, number.end, TAMIS_PII_PHONE, 0);
    return true;
}

/* Whether the bytes from `at` on have the form: 'N' 2 to 9, 'd' a digit, '~' one of " -." that is
 * the same all through, others as they are. Returns the end, or 0. */
static size_t has_form(const tamis_pii *pii, size_t at, const char *form)
{
    uint8_t separator = 0;

    for (; *form != '\0'; form++, at++) {
        uint8_t c = pii_at(pii, at);
        bool is_right = *form == (char)c;

        if (*form == 'd' || *form == 'N') {
            is_right = pii_is_digit(c) && (*form == 'd' || c >= '2');
        } else if (*form == '~') {
            is_right = (c == ' ' || c == '-' || c == '.') && (separator == 0 || c == separator);
            separator = c;
        }
        if (!is_right) {
            return 0;
        }
    }
    return at;
}

/* Forms that are telephone numbers without a word that says so. */
static bool phone_form(tamis_pii *pii, size_t at)
{
    static const struct {
        const char *form;
        bool has_bracket; /* begins one byte before the digits */
    } forms[] = {
        {"(Ndd) Ndd-dddd", true},  {"(Ndd)Ndd-dddd", true},     {"(Ndd) Ndd dddd", true},
        {"(Ndd) Ndd.dddd", true},  {"Ndd-Ndd-dddd", false},     {"Ndd.Ndd.dddd", false},
        {"1~Ndd~Ndd~dddd", false}, {"1 (Ndd) Ndd-dddd", false}, {"0d~dd~dd~dd~dd", false},
        {"02d dddd dddd", false},  {"07ddd dddddd", false},     {"07ddd ddd ddd", false},
        {"(02d) dddd dddd", true},
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        size_t begin = at - forms[i].has_bracket;
        size_t end = begin > at ? 0 : has_form(pii, begin, forms[i].form);

        pii->steps += 2;
        if (end != 0 && pii_number_begins(pii, begin, true) && pii_number_ends(pii, end, true) &&
            !pii_has_context(pii, begin, 24, books)) {
            pii_add(pii, begin, end, TAMIS_PII_PHONE, 0);
            return true;
        }
    }
    return false;
}

static bool is_date(const tamis_pii *pii, size_t at)
{
    static const char *const forms[] = {"dddd-dd-dd", "dddd/dd/dd", "dddd.dd.dd",
                                        "dd/dd/dddd", "dd.dd.dddd", "dd-dd-dddd"};

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (has_form(pii, at, forms[i]) != 0) {
            return true;
        }
    }
    return false;
}

/* Any number of 7 to 13 digits behind a word for telephone. */
static bool phone_named(tamis_pii *pii, size_t at)
{
    static const char words[] =
        "tel|telephone|phone|fax|mobile|mob|cell|ph|whatsapp|tlf|telefon|telefono|"
        "tel\xC3\xA9"
        "fono|t\xC3\xA9l|t\xC3\xA9l\xC3\xA9phone|telefone|handy|m\xC3\xB3vil|celular|"
        "\xE7\x94\xB5\xE8\xAF\x9D|\xE9\x9B\xBB\xE8\xA9\xB1|\xE6\x89\x8B\xE6\x9C\xBA|"
        "\xE6\x90\xBA\xE5\xB8\xAF|\xEC\xA0\x84\xED\x99\x94|\xD0\xA2\xD0\xB5\xD0\xBB|"
        "\xD0\xA2\xD0\xB5\xD0\xBB\xD0\xB5\xD1\x84\xD0\xBE\xD0\xBD|"
        "\xD1\x82\xD0\xB5\xD0\xBB|"
        "\xD1\x82\xD0\xB5\xD0\xBB\xD0\xB5\xD1\x84\xD0\xBE\xD0\xBD";
    size_t begin = pii_before(pii, at) == '(' ? at - 1 : at;
    phone number;

    if (!pii_number_begins(pii, begin, true) || is_date(pii, at) || pii_is_dotted(pii, at)) {
        return false;
    }
    phone_read(pii, at, PHONE_MAX, &number);
    if (number.count < PHONE_MIN || number.count > PHONE_PARTS_MAX ||
        !pii_number_ends(pii, number.end, true) || !pii_has_context(pii, begin, 20, words)) {
        return false;
    }
    pii_add(pii, begin, number.end, TAMIS_PII_PHONE, 0);
    return true;
}

bool pii_phone(tamis_pii *pii, size_t at, size_t run)
{
    bool may_have_form = run <= 3 || run == 5;

    if (pii_before(pii, at) == '+') {
        return phone_plus(pii, at);
    }
    return (may_have_form && phone_form(pii, at)) || phone_named(pii, at);
}
