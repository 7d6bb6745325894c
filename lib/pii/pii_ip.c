/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 and IPv6 addresses of the public internet. */
#include "pii_parts.h"

#define IPV6_TEXT_MAX 45
#define HEADING_MAX   30 /* numbers of sections are smaller */

#define IPV4(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

typedef struct range {
    uint32_t first;
    uint32_t last;
} range;

bool pii_ipv4_is_global(uint32_t address)
{
    static const range ranges[] = {
        {0x00000000u, 0x00FFFFFFu}, /* 0/8 */
        {0x0A000000u, 0x0AFFFFFFu}, /* 10/8 */
        {0x64400000u, 0x647FFFFFu}, /* 100.64/10 */
        {0x7F000000u, 0x7FFFFFFFu}, /* 127/8 */
        {0xA9FE0000u, 0xA9FEFFFFu}, /* 169.254/16 */
        {0xAC100000u, 0xAC1FFFFFu}, /* 172.16/12 */
        {0xC0000000u, 0xC00000FFu}, /* 192.0.0/24 */
        {0xC0000200u, 0xC00002FFu}, /* 192.0.2/24 */
        {0xC0A80000u, 0xC0A8FFFFu}, /* 192.168/16 */
        {0xC6120000u, 0xC613FFFFu}, /* 198.18/15 */
        {0xC6336400u, 0xC63364FFu}, /* 198.51.100/24 */
        {0xCB007100u, 0xCB0071FFu}, /* 203.0.113/24 */
        {0xF0000000u, 0xFFFFFFFFu}, /* 240/4 */
    };

    if (address == 0xC0000009u || address == 0xC000000Au) {
        return true; /* 192.0.0.9 and .10: port control, TURN */
    }
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (address >= ranges[i].first && address <= ranges[i].last) {
            return false;
        }
    }
    return true;
}

bool pii_ipv6_is_global(const uint16_t groups[8])
{
    uint32_t high = (uint32_t)groups[0] << 16 | groups[1];
    bool is_zero4 = (groups[0] | groups[1] | groups[2] | groups[3]) == 0;

    if (is_zero4 && groups[4] == 0 && groups[5] == 0 && groups[6] == 0 && groups[7] <= 1) {
        return false; /* :: and ::1 */
    }
    if (is_zero4 && groups[4] == 0 && groups[5] == 0xFFFF) {
        return false; /* ::ffff:0:0/96 */
    }
    if (high == 0x0064FF9Bu && groups[2] == 1) {
        return false; /* 64:ff9b:1::/48 */
    }
    if (groups[0] == 0x100 && (groups[1] | groups[2] | groups[3]) == 0) {
        return false; /* 100::/64 */
    }
    if (groups[0] == 0x2001 && groups[1] < 0x200) {
        /* 2001::/23 but 2001:1::1, ::2, 2001:3::/32, 2001:4:112::/48, 2001:20::/28, 2001:30::/28.
         */
        bool is_one = groups[1] == 1 &&
                      (groups[2] | groups[3] | groups[4] | groups[5] | groups[6]) == 0 &&
                      (groups[7] == 1 || groups[7] == 2);

        return is_one || groups[1] == 3 || (groups[1] == 4 && groups[2] == 0x112) ||
               (groups[1] >= 0x20 && groups[1] <= 0x3F);
    }
    return high != 0x20010DB8u && groups[0] != 0x2002 && (groups[0] & 0xFE00) != 0xFC00 &&
           (groups[0] & 0xFFC0) != 0xFE80;
}

/* One part, 0 to 255 without a leading zero; returns its length, or 0. */
static size_t octet(const tamis_pii *pii, size_t at, unsigned *out_value)
{
    unsigned value = 0;
    size_t size = 0;

    while (size < 3 && pii_is_digit(pii_at(pii, at + size))) {
        value = value * 10 + (unsigned)(pii->text[at + size] - '0');
        size++;
    }
    if (size == 0 || value > 255 || (size > 1 && pii->text[at] == '0') ||
        pii_is_digit(pii_at(pii, at + size))) {
        return 0;
    }
    *out_value = value;
    return size;
}

/* Four parts; returns the end, or 0. */
static size_t dotted(const tamis_pii *pii, size_t at, uint32_t *out_address, bool *out_is_small)
{
    uint32_t address = 0;
    bool is_small = true;

    for (int part = 0; part < 4; part++) {
        unsigned value = 0;
        size_t size = octet(pii, at, &value);

        if (size == 0 || (part < 3 && pii_at(pii, at + size) != '.')) {
            return 0;
        }
        address = address << 8 | value;
        is_small = is_small && value < HEADING_MAX;
        at += size + (part < 3);
    }
    *out_address = address;
    *out_is_small = is_small;
    return at;
}

bool pii_is_dotted(const tamis_pii *pii, size_t at)
{
    uint32_t address = 0;
    bool is_small = false;

    return dotted(pii, at, &address, &is_small) != 0;
}

/* "1.2.3.4 Title" at the start of a line. */
static bool is_heading(const tamis_pii *pii, size_t begin, size_t end)
{
    uint8_t before = pii_before(pii, begin);

    return (begin == 0 || before == '\n' || before == '#') && pii_at(pii, end) == ' ';
}

static bool has_address_borders(const tamis_pii *pii, size_t begin, size_t end)
{
    uint8_t before = pii_before(pii, begin);
    uint8_t further = begin > 0 ? pii_before(pii, begin - 1) : 0;
    uint8_t after = pii_at(pii, end);
    uint8_t next = pii_at(pii, end + 1);

    if (pii_is_alnum(before) || before == '_' || pii_is_alnum(after) || after == '_') {
        return false;
    }
    if ((before == '.' || before == '-') &&
        (pii_is_alpha(further) || (before == '.' && pii_is_digit(further)))) {
        return false;
    }
    return !((after == '.' && pii_is_alnum(next)) || (after == '-' && pii_is_alpha(next)));
}

/* What datatrove puts in the place of an address stays as it is. */
static bool is_replacement(uint32_t address)
{
    static const uint32_t replacements[] = {
        IPV4(22, 214, 171, 124), IPV4(126, 96, 36, 199),  IPV4(188, 8, 131, 52),
        IPV4(184, 108, 40, 206), IPV4(220, 127, 116, 11), IPV4(18, 104, 22, 168),
    };

    for (size_t i = 0; i < sizeof(replacements) / sizeof(replacements[0]); i++) {
        if (replacements[i] == address) {
            return true;
        }
    }
    return false;
}

/* An octet as datatrove's expression takes it where a dot must follow: up to three digits, leading
 * zeros too. Returns the number of digits that end at the dot, or 0. */
static size_t loose_octet(const tamis_pii *pii, size_t at)
{
    unsigned value = 0;
    size_t size = 0;

    while (size < 3 && pii_is_digit(pii_at(pii, at + size))) {
        value = value * 10 + (unsigned)(pii->text[at + size] - '0');
        size++;
    }
    return size > 0 && value <= 255 && pii_at(pii, at + size) == '.' ? size : 0;
}

/* The last octet takes what it can: three digits up to 255, else two. */
static size_t loose_last(const tamis_pii *pii, size_t at)
{
    unsigned value = 0;
    size_t size = 0;

    while (size < 3 && pii_is_digit(pii_at(pii, at + size))) {
        unsigned wider = value * 10 + (unsigned)(pii->text[at + size] - '0');

        if (wider > 255) {
            break;
        }
        value = wider;
        size++;
    }
    return size;
}

/* Without borders: tries every digit of the run at `at`. */
static bool ipv4_loose(tamis_pii *pii, size_t at)
{
    for (; pii_is_digit(pii_at(pii, at)); at++) {
        uint32_t address = 0;
        size_t part = 0;
        size_t size = 0;
        size_t end = at;
        bool is_strict = true;

        for (part = 0; part < 4; part++, end += size + 1) {
            size = part < 3 ? loose_octet(pii, end) : loose_last(pii, end);
            if (size == 0) {
                break;
            }
            unsigned value = 0;

            for (size_t i = 0; i < size; i++) {
                value = value * 10 + (unsigned)(pii->text[end + i] - '0');
            }
            is_strict = is_strict && (size == 1 || pii->text[end] != '0');
            address = address << 8 | value;
        }
        pii->steps += end - at + 1;
        if (part == 4) {
            end--;
            if (is_strict && pii_ipv4_is_global(address)) {
                pii_add(pii, at, end, TAMIS_PII_IPV4, 0);
            }
            pii->done = end; /* the match is used up either way */
            return true;
        }
    }
    return false;
}

bool pii_ipv4(tamis_pii *pii, size_t at)
{
    static const char versions[] =
        "version|versions|ver|v|vers|release|releases|build|firmware|rev|"
        "revision|section|sections|chapter|clause|\xC2\xA7|patch|update";
    uint32_t address = 0;
    bool is_small = false;
    size_t end = 0;

    if (pii->settings.rules == TAMIS_PII_RULES_DATATROVE) {
        return ipv4_loose(pii, at);
    }
    end = dotted(pii, at, &address, &is_small);
    pii->steps += 16;
    if (end == 0 || !pii_ipv4_is_global(address) || is_replacement(address) ||
        !has_address_borders(pii, at, end) || (is_small && is_heading(pii, at, end)) ||
        pii_has_context(pii, at, 12, versions)) {
        return false;
    }
    pii_add(pii, at, end, TAMIS_PII_IPV4, 0);
    return true;
}

/* Text of hex digits, colons and a dotted tail into groups; false: no address. */
static bool parse_groups(const tamis_pii *pii, size_t at, size_t end, uint16_t groups[8])
{
    unsigned count = 0;
    unsigned gap = 9; /* where "::" stands; 9: nowhere */

    memset(groups, 0, 8 * sizeof(groups[0]));
    if (pii_at(pii, at) == ':') {
        if (pii_at(pii, at + 1) != ':') {
            return false;
        }
        gap = 0;
        at += 2;
    }
    while (at < end) {
        unsigned value = 0;
        size_t first = at;
        uint32_t address = 0;
        bool is_small = false;

        while (at < end && at - first < 5 && pii_is_hex(pii->text[at])) {
            uint8_t c = pii_lower(pii->text[at]);

            value = value << 4 | (unsigned)(pii_is_digit(c) ? c - '0' : c - 'a' + 10);
            at++;
        }
        if (at < end && pii->text[at] == '.') {
            if (count > 6 || dotted(pii, first, &address, &is_small) != end) {
                return false;
            }
            groups[count++] = (uint16_t)(address >> 16);
            groups[count++] = (uint16_t)address;
            break;
        }
        if (at == first || at - first > 4 || count == 8) {
            return false;
        }
        groups[count++] = (uint16_t)value;
        if (at == end) {
            break;
        }
        at++; /* a colon */
        if (at < end && pii->text[at] == ':') {
            if (gap != 9) {
                return false;
            }
            gap = count;
            at++;
        } else if (at == end) {
            return false;
        }
    }
    if (gap == 9) {
        return count == 8;
    }
    if (count > 7) {
        return false;
    }
    memmove(groups + 8 - (count - gap), groups + gap, (count - gap) * sizeof(groups[0]));
    memset(groups + gap, 0, (8 - count) * sizeof(groups[0]));
    return true;
}

/* The run of hex digits, colons and dots around a colon is looked at once. Only 2000::/3 is given
 * out to anybody. */
bool pii_ipv6(tamis_pii *pii, size_t at)
{
    size_t begin = at;
    size_t end = at;
    uint16_t groups[8];

    if (at < pii->colons_done) {
        return false;
    }
    while (begin > pii->done && at - begin < 5 && pii_is_hex(pii->text[begin - 1])) {
        begin--;
    }
    while (end < pii->size &&
           (pii_is_hex(pii->text[end]) || pii->text[end] == ':' || pii->text[end] == '.')) {
        end++;
    }
    pii->steps += end - begin;
    pii->colons_done = end;
    while (end > at + 1 && (pii->text[end - 1] == '.' ||
                            (pii->text[end - 1] == ':' && pii->text[end - 2] != ':'))) {
        end--;
    }
    if (end - begin > IPV6_TEXT_MAX || end - begin < 6 || begin < pii->done ||
        pii_is_alnum(pii_before(pii, begin)) || pii_before(pii, begin) == '_' ||
        pii_is_alnum(pii_at(pii, end)) || pii_at(pii, end) == '_' ||
        !parse_groups(pii, begin, end, groups) || (groups[0] & 0xE000) != 0x2000 ||
        !pii_ipv6_is_global(groups)) {
        return false;
    }
    pii_add(pii, begin, end, TAMIS_PII_IPV6, 0);
    return true;
}
