/* SPDX-License-Identifier: Apache-2.0 */
/* Check digits of national ids, and dates in them. */
#include "pii_national.h"

static unsigned digit(const pii_id_text *id, size_t i)
{
    return (unsigned)(id->text[i] - '0');
}

/* `count` digits from `first` on as a number; more than 19 do not fit. */
static uint64_t number(const pii_id_text *id, size_t first, size_t count)
{
    uint64_t value = 0;

    for (size_t i = first; i < first + count; i++) {
        value = value * 10 + digit(id, i);
    }
    return value;
}

static unsigned two(const pii_id_text *id, size_t first)
{
    return (unsigned)number(id, first, 2);
}

/* Digits times the weights written as "123...". */
static unsigned weighted(const pii_id_text *id, const char *weights)
{
    unsigned sum = 0;

    for (size_t i = 0; weights[i] != '\0'; i++) {
        unsigned weight =
            weights[i] >= 'a' ? (unsigned)(weights[i] - 'a') + 10 : (unsigned)(weights[i] - '0');

        sum += digit(id, i) * weight;
    }
    return sum;
}

static bool is_month_day(unsigned month, unsigned day)
{
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static bool is_one_digit(const pii_id_text *id, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (id->text[i] != id->text[0]) {
            return false;
        }
    }
    return true;
}

bool pii_verhoeff(const uint8_t *digits, size_t count)
{
    static const uint8_t multiply[10][10] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5},
        {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
        {4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
        {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
        {8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
    };
    static const uint8_t permute[8][10] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4},
        {5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
        {9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
        {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
    };
    unsigned check = 0;

    for (size_t i = 0; i < count; i++) {
        check = multiply[check][permute[i % 8][digits[count - 1 - i] - '0']];
    }
    return check == 0;
}

/* No checksum; areas, groups and serials that were never given out, and two that were printed. */
bool pii_check_us(const pii_id_text *id)
{
    uint64_t area = number(id, 0, 3);
    uint64_t all = number(id, 0, 9);

    return area != 0 && area != 666 && area < 900 && number(id, 3, 2) != 0 &&
           number(id, 5, 4) != 0 && all != 78051120u && all != 219099999u && all != 123456789u &&
           !is_one_digit(id, 9);
}

bool pii_check_cn(const pii_id_text *id)
{
    static const char weights[] = "79a584216379a5842";
    static const char checks[] = "10X98765432";
    unsigned year = (unsigned)number(id, 6, 4);
    uint8_t last = id->text[17] == 'x' ? 'X' : id->text[17];

    return digit(id, 0) >= 1 && digit(id, 0) <= 8 && year >= 1900 && year <= 2099 &&
           is_month_day(two(id, 10), two(id, 12)) &&
           (uint8_t)checks[weighted(id, weights) % 11] == last;
}

static bool is_year(uint64_t value)
{
    return value >= 1900 && value <= 2100;
}

bool pii_check_in(const pii_id_text *id)
{
    return digit(id, 0) >= 2 && pii_verhoeff(id->text, 12) &&
           !(is_year(number(id, 0, 4)) && is_year(number(id, 4, 4)) && is_year(number(id, 8, 4)));
}

bool pii_check_jp(const pii_id_text *id)
{
    unsigned rest = weighted(id, "65432765432") % 11;

    return digit(id, 11) == (rest <= 1 ? 0 : 11 - rest);
}

bool pii_check_br(const pii_id_text *id)
{
    unsigned first = weighted(id, "a98765432") % 11;
    unsigned second = weighted(id, "ba98765432") % 11;

    return !is_one_digit(id, 11) && digit(id, 9) == (first < 2 ? 0 : 11 - first) &&
           digit(id, 10) == (second < 2 ? 0 : 11 - second);
}

/* ISO 7064 mod 11,10; of the first ten digits one stands there twice or three times, others once.
 */
bool pii_check_de(const pii_id_text *id)
{
    unsigned product = 10;
    unsigned counts[10] = {0};
    unsigned repeated = 0;

    for (size_t i = 0; i < 10; i++) {
        unsigned sum = (digit(id, i) + product) % 10;

        product = (sum == 0 ? 10 : sum) * 2 % 11;
        counts[digit(id, i)]++;
    }
    for (size_t i = 0; i < 10; i++) {
        if (counts[i] > 3) {
            return false;
        }
        repeated += counts[i] > 1;
    }
    return digit(id, 0) != 0 && repeated == 1 && digit(id, 10) == (11 - product) % 10;
}

bool pii_check_fr(const pii_id_text *id)
{
    pii_id_text plain = *id;
    uint64_t minus = 0;
    unsigned month = two(id, 3);

    if (id->text[6] == 'A' || id->text[6] == 'B') { /* Corsica */
        minus = id->text[6] == 'A' ? 1000000u : 2000000u;
        plain.text[6] = '0';
    }
    uint64_t value = number(&plain, 0, 13) - minus;

    return (digit(id, 0) == 1 || digit(id, 0) == 2) && month >= 1 && month <= 42 &&
           97 - value % 97 == number(id, 13, 2);
}

static unsigned letter_or_digit(uint8_t c)
{
    return pii_is_digit(c) ? (unsigned)(c - '0') : (unsigned)(c - 'A');
}

bool pii_check_it(const pii_id_text *id)
{
    static const uint8_t odd[26] = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                                    20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
    unsigned sum = 0;

    for (size_t i = 0; i < 15; i++) {
        unsigned value = letter_or_digit(id->text[i]);

        sum += i % 2 == 0 ? odd[value] : value;
    }
    return strchr("ABCDEHLMPRST", id->text[8]) != NULL && (uint8_t)('A' + sum % 26) == id->text[15];
}

/* DNI, or NIE: X, Y, Z are 0, 1, 2. */
bool pii_check_es(const pii_id_text *id)
{
    pii_id_text plain = *id;

    if (!pii_is_digit(id->text[0])) {
        if (id->text[0] < 'X') {
            return false;
        }
        plain.text[0] = (uint8_t)(id->text[0] - 'X' + '0');
    }
    return id->size == 9 && number(&plain, 0, 8) != 0 &&
           (uint8_t) "TRWAGMYFPDXBNJZSQVHLCKE"[number(&plain, 0, 8) % 23] == id->text[8];
}

bool pii_check_nhs(const pii_id_text *id)
{
    unsigned check = 11 - weighted(id, "a98765432") % 11;

    return !is_one_digit(id, 10) && digit(id, 9) == (check == 11 ? 0 : check);
}

bool pii_check_kr(const pii_id_text *id)
{
    return is_month_day(two(id, 2), two(id, 4)) && digit(id, 6) <= 8 &&
           digit(id, 12) == (11 - weighted(id, "234567892345") % 11) % 10;
}

bool pii_check_luhn(const pii_id_text *id)
{
    return digit(id, 0) != 0 && pii_luhn(id->text, id->size);
}

bool pii_check_nl(const pii_id_text *id)
{
    unsigned sum = weighted(id, "98765432");

    return !is_one_digit(id, 9) && sum % 11 == digit(id, 8);
}

bool pii_check_pl(const pii_id_text *id)
{
    return is_month_day(two(id, 2) % 20, two(id, 4)) &&
           digit(id, 10) == (10 - weighted(id, "1379137913") % 10) % 10;
}

bool pii_check_se(const pii_id_text *id)
{
    size_t first = id->size - 10;

    return is_month_day(two(id, first + 2), two(id, first + 4)) &&
           (first == 0 || is_year(number(id, 0, 4))) && pii_luhn(id->text + first, 10);
}

bool pii_check_fi(const pii_id_text *id)
{
    /* Behind a letter of the century the number is one place further. */
    size_t serial = pii_is_digit(id->text[6]) ? 6 : 7;

    if (id->size != serial + 4 || (serial == 7 && strchr("ABCDEFUVWXY", id->text[6]) == NULL)) {
        return false;
    }
    return is_month_day(two(id, 2), two(id, 0)) &&
           (uint8_t) "0123456789ABCDEFHJKLMNPRSTUVWXY"[(number(id, 0, 6) * 1000 +
                                                        number(id, serial, 3)) %
                                                       31] == id->text[serial + 3];
}

bool pii_check_no(const pii_id_text *id)
{
    unsigned first = (11 - weighted(id, "376189452") % 11) % 11;
    unsigned second = (11 - weighted(id, "5432765432") % 11) % 11;

    return is_month_day(two(id, 2), two(id, 0)) && digit(id, 9) == first && digit(id, 10) == second;
}

bool pii_check_tr(const pii_id_text *id)
{
    unsigned odd = weighted(id, "101010101");
    unsigned even = weighted(id, "01010101");

    return digit(id, 0) != 0 && digit(id, 9) == (odd * 7 + 100 - even) % 10 &&
           digit(id, 10) == (odd + even + digit(id, 9)) % 10;
}

bool pii_check_za(const pii_id_text *id)
{
    return is_month_day(two(id, 2), two(id, 4)) && digit(id, 10) <= 2 && pii_luhn(id->text, 13);
}

bool pii_check_mx(const pii_id_text *id)
{
    unsigned sum = 0;

    for (size_t i = 0; i < 17; i++) {
        uint8_t c = id->text[i];
        /* The alphabet has N-tilde behind N. */
        unsigned value =
            pii_is_digit(c) ? (unsigned)(c - '0') : (unsigned)(c - 'A') + 10 + (c > 'N' ? 1u : 0u);

        sum += value * (unsigned)(18 - i);
    }
    return is_month_day(two(id, 6), two(id, 8)) && (id->text[10] == 'H' || id->text[10] == 'M') &&
           digit(id, 17) == (10 - sum % 10) % 10;
}

bool pii_check_ru(const pii_id_text *id)
{
    return number(id, 0, 9) > 1001998 && weighted(id, "987654321") % 101 % 100 == two(id, 9);
}

bool pii_check_sg(const pii_id_text *id)
{
    unsigned sum = 0;

    for (size_t i = 1; i < 8; i++) {
        sum += digit(id, i) * (unsigned)("2765432"[i - 1] - '0');
    }
    switch (id->text[0]) {
    case 'S':
        return (uint8_t) "JZIHGFEDCBA"[sum % 11] == id->text[8];
    case 'T':
        return (uint8_t) "JZIHGFEDCBA"[(sum + 4) % 11] == id->text[8];
    case 'F':
        return (uint8_t) "XWUTRQPNMLK"[sum % 11] == id->text[8];
    case 'G':
        return (uint8_t) "XWUTRQPNMLK"[(sum + 4) % 11] == id->text[8];
    default:
        return false;
    }
}

bool pii_check_cl(const pii_id_text *id)
{
    unsigned sum = 0;
    unsigned check = 0;

    for (size_t i = 0; i + 1 < id->size; i++) {
        sum += digit(id, id->size - 2 - i) * (unsigned)(2 + i % 6);
    }
    check = 11 - sum % 11;
    return number(id, 0, id->size - 1) != 0 &&
           (uint8_t) "-123456789K0"[check] ==
               (id->text[id->size - 1] & (pii_is_alpha(id->text[id->size - 1]) ? 0xDF : 0xFF));
}

bool pii_check_ar(const pii_id_text *id)
{
    unsigned kind = two(id, 0);
    unsigned check = (11 - weighted(id, "5432765432") % 11) % 11;

    return (kind == 20 || kind == 23 || kind == 24 || kind == 27) && check != 10 &&
           digit(id, 10) == check;
}

bool pii_check_be(const pii_id_text *id)
{
    uint64_t value = number(id, 0, 9);

    return is_month_day(two(id, 2), two(id, 4)) &&
           (97 - value % 97 == two(id, 9) || 97 - (value + 2000000000u) % 97 == two(id, 9));
}

bool pii_check_ch(const pii_id_text *id)
{
    return number(id, 0, 3) == 756 && weighted(id, "1313131313131") % 10 == 0;
}

bool pii_check_cz(const pii_id_text *id)
{
    unsigned month = two(id, 2) % 50;

    return is_month_day(month > 20 ? month - 20 : month, two(id, 4)) && number(id, 0, 10) % 11 == 0;
}

bool pii_check_ro(const pii_id_text *id)
{
    unsigned rest = weighted(id, "279146358279") % 11;

    return digit(id, 0) != 0 && is_month_day(two(id, 3), two(id, 5)) &&
           digit(id, 12) == (rest == 10 ? 1 : rest);
}
