/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and tokens with a prefix of their own. */
#include <math.h>

#include "pii_parts.h"

#define BODY_MAX 4096

typedef enum charset { ALNUM, UPPER, HEX, WORD, URL } charset;

/* A prefix and the run of characters behind it. The pair at `anchor` is one of pii_masks.c. */
typedef struct token {
    const char *name;
    const char *prefix;
    uint8_t anchor;
    uint8_t set;
    uint16_t size_min; /* of the run */
    uint16_t size_max;
} token;

enum { PRIVATE_KEY = 100, JWT, SECRET_ACCESS_KEY };

static const token tokens[] = {
    {"aws", "AKIA", 2, UPPER, 16, 16},           {"aws", "ASIA", 2, UPPER, 16, 16},
    {"github", "ghp_", 3, ALNUM, 36, 255},       {"github", "gho_", 3, ALNUM, 36, 255},
    {"github", "ghu_", 3, ALNUM, 36, 255},       {"github", "ghs_", 3, ALNUM, 36, 255},
    {"github", "ghr_", 3, ALNUM, 36, 255},       {"github", "github_pat_", 6, WORD, 40, 255},
    {"slack", "xoxb-", 0, URL, 20, 255},         {"slack", "xoxp-", 0, URL, 20, 255},
    {"slack", "xoxa-", 0, URL, 20, 255},         {"slack", "xoxr-", 0, URL, 20, 255},
    {"slack", "xoxs-", 0, URL, 20, 255},         {"stripe", "sk_live_", 2, ALNUM, 16, 255},
    {"stripe", "sk_test_", 2, ALNUM, 16, 255},   {"stripe", "rk_live_", 2, ALNUM, 16, 255},
    {"stripe", "rk_test_", 2, ALNUM, 16, 255},   {"npm", "npm_", 3, ALNUM, 36, 36},
    {"google", "AIza", 1, URL, 35, 35},          {"gitlab", "glpat-", 4, URL, 20, 64},
    {"huggingface", "hf_", 2, ALNUM, 30, 64},    {"openai", "sk-", 1, URL, 32, 255},
    {"digitalocean", "dop_v1_", 3, HEX, 64, 64}, {"shopify", "shpat_", 5, HEX, 32, 32},
};

#define TOKEN_COUNT (sizeof(tokens) / sizeof(tokens[0]))

const char *pii_key_name(unsigned detail)
{
    switch (detail) {
    case PRIVATE_KEY:
        return "private_key";
    case JWT:
        return "jwt";
    case SECRET_ACCESS_KEY:
        return "aws_secret";
    default:
        return detail < TOKEN_COUNT ? tokens[detail].name : "sendgrid";
    }
}

static bool is_in(uint8_t set, uint8_t c)
{
    switch ((charset)set) {
    case UPPER:
        return pii_is_upper(c) || pii_is_digit(c);
    case HEX:
        return pii_is_hex(c);
    case WORD:
        return pii_is_alnum(c) || c == '_';
    case URL:
        return pii_is_alnum(c) || c == '_' || c == '-';
    case ALNUM:
    default:
        return pii_is_alnum(c);
    }
}

static size_t run_of(tamis_pii *pii, size_t at, uint8_t set)
{
    size_t size = 0;

    while (size < BODY_MAX && at + size < pii->size && is_in(set, pii->text[at + size])) {
        size++;
    }
    pii->steps += size;
    return size;
}

/* Bits a byte, by the frequencies of its bytes: "xxxx" and "your_key_here" have little. */
static double entropy(const uint8_t *bytes, size_t size)
{
    unsigned counts[256] = {0};
    double bits = 0;

    for (size_t i = 0; i < size; i++) {
        counts[bytes[i]]++;
    }
    for (unsigned i = 0; i < 256; i++) {
        if (counts[i] > 0) {
            double share = (double)counts[i] / (double)size;

            bits -= share * log2(share);
        }
    }
    return bits;
}

static bool is_random(const tamis_pii *pii, size_t begin, size_t end)
{
    size_t size = end - begin;

    return entropy(pii->text + begin, size) >= (size < 20 ? 2.5 : 3.0);
}

static bool has_prefix(const tamis_pii *pii, size_t at, const char *prefix)
{
    size_t size = strlen(prefix);

    return at <= pii->size && size <= pii->size - at && memcmp(pii->text + at, prefix, size) == 0;
}

static bool is_border(const tamis_pii *pii, size_t begin)
{
    uint8_t before = pii_before(pii, begin);

    return begin >= pii->done && !pii_is_alnum(before) && before != '_' && before != '-';
}

static bool token_at(tamis_pii *pii, size_t at)
{
    for (unsigned i = 0; i < TOKEN_COUNT; i++) {
        const token *kind = &tokens[i];
        size_t begin = at - kind->anchor;

        if (kind->anchor > at || !has_prefix(pii, begin, kind->prefix) || !is_border(pii, begin)) {
            continue;
        }
        size_t body = begin + strlen(kind->prefix);
        size_t size = run_of(pii, body, kind->set);

        if (size >= kind->size_min && size <= kind->size_max && is_random(pii, body, body + size) &&
            pii_at(pii, body + size) != '_') {
            pii_add(pii, begin, body + size, TAMIS_PII_KEY, i);
            return true;
        }
        return false;
    }
    return false;
}

/* Three parts of base64 for URLs; the first two are JSON objects. */
static bool jwt_at(tamis_pii *pii, size_t at)
{
    size_t begin = at - 1;
    size_t first = 0;
    size_t second = 0;
    size_t third = 0;

    if (at == 0 || !has_prefix(pii, begin, "eyJ") || !is_border(pii, begin) ||
        pii_before(pii, begin) == '.') {
        return false;
    }
    first = run_of(pii, begin, URL);
    if (first < 10 || !has_prefix(pii, begin + first, ".eyJ")) {
        return false;
    }
    second = run_of(pii, begin + first + 1, URL);
    if (second < 10 || pii_at(pii, begin + first + 1 + second) != '.') {
        return false;
    }
    third = run_of(pii, begin + first + second + 2, URL);
    if (third < 16) {
        return false;
    }
    pii_add(pii, begin, begin + first + second + 2 + third, TAMIS_PII_KEY, JWT);
    return true;
}

static bool sendgrid_at(tamis_pii *pii, size_t at)
{
    size_t begin = at - 1;

    if (at == 0 || !has_prefix(pii, begin, "SG.") || !is_border(pii, begin) ||
        run_of(pii, begin + 3, URL) != 22 || pii_at(pii, begin + 25) != '.' ||
        run_of(pii, begin + 26, URL) != 43) {
        return false;
    }
    pii_add(pii, begin, begin + 69, TAMIS_PII_KEY, TOKEN_COUNT);
    return true;
}

/* The next footer from `at` on; what was found is kept, so that many headers cost one search. */
static size_t footer_from(tamis_pii *pii, size_t at)
{
    static const char footer[] = "-----END ";

    if (pii->footer_from == SIZE_MAX || at > pii->footer) {
        const uint8_t *found = memmem(pii->text + at, pii->size - at, footer, sizeof(footer) - 1);

        pii->footer_from = at;
        pii->footer = found == NULL ? pii->size : (size_t)(found - pii->text);
        pii->steps += pii->footer - at;
    }
    return pii->footer;
}

static bool private_key_at(tamis_pii *pii, size_t at)
{
    static const char tail[] = "PRIVATE KEY";
    size_t begin = at - 4;
    size_t name = 0;
    size_t end = 0;

    if (at < 4 || begin < pii->done || !has_prefix(pii, begin, "-----BEGIN ")) {
        return false;
    }
    name = begin + 11;
    while (name < begin + 40 && !has_prefix(pii, name, tail) && pii_at(pii, name) != '-') {
        name++;
    }
    pii->steps += name - begin;
    if (!has_prefix(pii, name, tail)) {
        return false;
    }
    end = footer_from(pii, name);
    if (end == pii->size) {
        return false;
    }
    end += 9;
    while (end < pii->size && pii->text[end] != '-' && pii->text[end] != '\n') {
        end++;
    }
    pii->steps += end - pii->footer;
    while (pii_at(pii, end) == '-') {
        end++;
    }
    pii_add(pii, begin, end, TAMIS_PII_KEY, PRIVATE_KEY);
    return true;
}

/* 40 characters behind the words secret_access_key. */
static bool secret_at(tamis_pii *pii, size_t at)
{
    static const char words[] = "secret_access_key";
    size_t begin = at - 6;
    size_t size = 0;

    if (at < 6) {
        return false;
    }
    for (size_t i = 0; i < sizeof(words) - 1; i++) {
        if (pii_lower(pii_at(pii, begin + i)) != (uint8_t)words[i]) {
            return false;
        }
    }
    begin += sizeof(words) - 1;
    for (int i = 0;
         i < 6 && pii_at(pii, begin) != 0 && strchr(" \t\"'=:>", pii->text[begin]) != NULL; i++) {
        begin++;
    }
    while (size <= 40 && (pii_is_alnum(pii_at(pii, begin + size)) ||
                          pii_at(pii, begin + size) == '/' || pii_at(pii, begin + size) == '+')) {
        size++;
    }
    pii->steps += 20 + size;
    if (size != 40 || !is_random(pii, begin, begin + size)) {
        return false;
    }
    pii_add(pii, begin, begin + size, TAMIS_PII_KEY, SECRET_ACCESS_KEY);
    return true;
}

bool pii_key(tamis_pii *pii, size_t at)
{
    switch (pii->text[at]) {
    case 'y':
        return jwt_at(pii, at);
    case 'G':
        return sendgrid_at(pii, at);
    case '-':
        return private_key_at(pii, at);
    case '_':
        return token_at(pii, at) || secret_at(pii, at);
    default:
        return token_at(pii, at);
    }
}
