/* SPDX-License-Identifier: Apache-2.0 */
/* E-mail addresses. */
#include "pii_parts.h"
#include "tamis/utf8.h"
#include "tamis/words.h"

#define LOCAL_MAX  64 /* RFC 5321 */
#define DOMAIN_MAX 253
#define LABEL_MAX  63

/* atext of RFC 5322. */
static bool is_atom(uint8_t c)
{
    return pii_is_alnum(c) || (c != 0 && c < 0x80 && strchr("!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

/* What addresses of people hold. */
static bool is_plain(uint8_t c)
{
    return pii_is_alnum(c) || c == '_' || c == '%' || c == '+' || c == '-';
}

/* \w of Python. */
static bool is_word_before(const tamis_pii *pii, size_t at)
{
    uint32_t code_point = 0;

    if (at == 0) {
        return false;
    }
    if (pii->text[at - 1] < 0x80) {
        return pii_is_alnum(pii->text[at - 1]) || pii->text[at - 1] == '_';
    }
    do {
        at--;
    } while (at > 0 && (pii->text[at] & 0xC0) == 0x80);
    (void)tamis_utf8_decode(pii->text + at, &code_point);
    return (tamis_char_class(code_point) & TAMIS_CHAR_WORD) != 0;
}

/* Where the atoms and single dots before `at` begin; `at` when there are none. */
static size_t local_begin(tamis_pii *pii, size_t at)
{
    bool is_loose = pii->settings.rules == TAMIS_PII_RULES_DATATROVE;
    size_t floor = pii->done;
    size_t begin = at;

    /* Only an e-mail address is a border; what else lies under this one goes (pii_add). */
    for (size_t i = pii->span_count; i > 0 && pii->spans[i - 1].type != TAMIS_PII_EMAIL; i--) {
        floor = i > 1 ? pii->spans[i - 2].end : 0;
        if (pii->spans[i - 1].type == TAMIS_PII_KEY || at - floor > 2 * LOCAL_MAX) {
            floor = pii->spans[i - 1].end;
            break;
        }
    }
    while (begin > floor) {
        uint8_t c = pii->text[begin - 1];
        bool is_dot = c == '.' && begin < at && begin - 1 > floor && pii->text[begin] != '.';

        if (!(is_loose ? is_atom(c) : is_plain(c)) && !is_dot) {
            break;
        }
        if (!is_loose && at - begin > LOCAL_MAX) {
            return at; /* too long for a mailbox */
        }
        begin--;
    }
    pii->steps += at - begin;
    if (begin < at && pii->text[begin] == '.') {
        begin++;
    }
    return begin;
}

/* The end of labels separated by dots, at least two; 0: none. */
static size_t domain_end(tamis_pii *pii, size_t begin)
{
    size_t at = begin;
    size_t end = 0;
    unsigned labels = 0;

    for (;;) {
        size_t label = at;
        size_t last = at; /* behind the last letter or digit */

        while (at < pii->size && (pii_is_alnum(pii->text[at]) || pii->text[at] == '-')) {
            last = pii->text[at] == '-' ? last : at + 1;
            at++;
        }
        if (at == label || pii->text[label] == '-') {
            break;
        }
        labels++;
        end = labels > 1 ? last : 0;
        if (last != at || pii_at(pii, at) != '.') {
            break;
        }
        at++;
    }
    pii->steps += at - begin;
    return end;
}

/* The form [1.2.3.4]. */
static size_t literal_end(const tamis_pii *pii, size_t at)
{
    if (pii_at(pii, at) != '[') {
        return 0;
    }
    at++;
    for (int part = 0; part < 4; part++) {
        unsigned value = 0;
        size_t first = at;

        while (at - first < 3 && pii_is_digit(pii_at(pii, at))) {
            value = value * 10 + (unsigned)(pii->text[at] - '0');
            at++;
        }
        if (at == first || value > 255 || pii_at(pii, at) != (part < 3 ? '.' : ']')) {
            return 0;
        }
        at++;
    }
    return at;
}

static bool has_tail(const uint8_t *domain, size_t size, const char *tail)
{
    size_t length = strlen(tail);

    if (size < length || (size > length && domain[size - length - 1] != '.')) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (pii_lower(domain[size - length + i]) != (uint8_t)tail[i]) {
            return false;
        }
    }
    return true;
}

/* Names that belong to nobody (RFC 2606), and file names with an at sign in them. */
static bool is_nobody(const uint8_t *domain, size_t size)
{
    static const char *const tails[] = {
        "example.com", "example.org", "example.net", "example", "invalid", "test", "localhost",
        "png",         "jpg",         "jpeg",        "gif",     "svg",     "webp", "css",
        "js",          "html",        "php",         "pdf",     "json",    "mp4",
    };

    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        if (has_tail(domain, size, tails[i])) {
            return true;
        }
    }
    return false;
}

/* Where the last label of [begin, end) begins. */
static size_t last_label(const tamis_pii *pii, size_t begin, size_t end)
{
    while (end > begin && pii->text[end - 1] != '.') {
        end--;
    }
    return end;
}

/* A top-level name: letters, or an internationalized one. */
static bool is_top(const uint8_t *label, size_t size)
{
    if (size >= 4 && memcmp(label, "xn--", 4) == 0) {
        return true;
    }
    for (size_t i = 0; i < size; i++) {
        if (!pii_is_alpha(label[i])) {
            return false;
        }
    }
    return size >= 2;
}

/* The end of the part of [begin, end) that is a domain of somebody, without labels behind it that
 * are no top-level name (a number, the next sentence); 0: none. */
static size_t person_end(tamis_pii *pii, size_t begin, size_t end)
{
    size_t label = 0;

    if (end - begin > DOMAIN_MAX) {
        return 0;
    }
    for (;;) {
        label = last_label(pii, begin, end);
        if (label == begin) {
            return 0;
        }
        const uint8_t *hyphen = memchr(pii->text + label, '-', end - label);

        if (is_top(pii->text + label, end - label)) {
            break;
        }
        if (hyphen != NULL && is_top(pii->text + label, (size_t)(hyphen - pii->text) - label)) {
            end = (size_t)(hyphen - pii->text);
            break;
        }
        end = label - 1;
    }
    for (size_t i = begin, first = begin; i < end; i++) {
        first = pii->text[i] == '.' ? i + 1 : first;
        if (i + 1 - first > LABEL_MAX) {
            return 0;
        }
    }
    pii->steps += 2 * (end - begin);
    return is_nobody(pii->text + begin, end - begin) ? 0 : end;
}

static bool email_datatrove(tamis_pii *pii, size_t at, size_t begin)
{
    size_t end = domain_end(pii, at + 1);

    if (end == 0) {
        end = literal_end(pii, at + 1);
    }
    if (end == 0) {
        return false;
    }
    for (; begin < at; begin++) {
        uint8_t c = pii->text[begin];

        if (c != '.' && is_word_before(pii, begin) != (pii_is_alnum(c) || c == '_')) {
            pii_add(pii, begin, end, TAMIS_PII_EMAIL, 0);
            return true;
        }
    }
    return false;
}

bool pii_email(tamis_pii *pii, size_t at)
{
    size_t begin = local_begin(pii, at);
    size_t end = 0;

    if (begin == at) {
        return false;
    }
    if (pii->settings.rules == TAMIS_PII_RULES_DATATROVE) {
        return email_datatrove(pii, at, begin);
    }
    while (begin < at && !pii_is_alnum(pii->text[begin]) && pii->text[begin] != '_') {
        begin++;
    }
    end = domain_end(pii, at + 1);
    if (begin == at || end == 0 || pii_at(pii, end) == '@' || pii_at(pii, end) == '_') {
        return false;
    }
    end = person_end(pii, at + 1, end);
    if (end == 0) {
        return false;
    }
    pii_add(pii, begin, end, TAMIS_PII_EMAIL, 0);
    return true;
}
