/* SPDX-License-Identifier: Apache-2.0 */
/* From anchor to anchor. */
#include <stdlib.h>

#include "pii_parts.h"

#define AGAIN_BYTES 48 /* before a span */
#define AGAIN_DEPTH 4  /* numbers in a row, each refused for the next */
#define DIGITS_MIN  5  /* of 32 bytes, for any rule on numbers but IPv4 */

static void number_at(tamis_pii *pii, size_t at, uint64_t digits);

/* A number that was refused for what follows it, which now is a span of its own, gets another
 * chance: as it will stand once that is replaced. */
static void look_again(tamis_pii *pii, size_t end)
{
    size_t size = pii->size;
    size_t at = end > AGAIN_BYTES ? end - AGAIN_BYTES : 0;

    pii->again_depth++;
    pii->size = end;
    for (at = at > pii->done ? at : pii->done; at < end; at++) {
        uint64_t digits = 0;

        if (at < pii->done || !pii_is_digit(pii->text[at]) ||
            (at > 0 && pii_is_digit(pii->text[at - 1]))) {
            continue;
        }
        for (size_t i = 0; i < 64 && at + i < end; i++) {
            digits |= (uint64_t)pii_is_digit(pii->text[at + i]) << i;
        }
        pii->steps += 64;
        number_at(pii, at, digits);
    }
    pii->size = size;
    pii->again_depth--;
}

static bool may_follow_number(const tamis_pii *pii, size_t begin)
{
    uint8_t before = begin > pii->done ? pii->text[begin - 1] : 0;

    return pii->settings.rules == TAMIS_PII_RULES_TAMIS && pii->again_depth < AGAIN_DEPTH &&
           (pii_is_digit(pii->text[begin]) || pii->text[begin] == '+') && before != 0 &&
           !pii_is_alnum(before);
}

void pii_add(tamis_pii *pii, size_t begin, size_t end, tamis_pii_type type, unsigned detail)
{
    while (pii->span_count > 0 && pii->spans[pii->span_count - 1].end > begin) {
        pii->span_count--;
        pii->counts[pii->spans[pii->span_count].type]--;
        pii->done = pii->span_count > 0 ? pii->spans[pii->span_count - 1].end : 0;
    }
    if (may_follow_number(pii, begin)) {
        look_again(pii, begin);
    }
    if (pii->span_count == pii->span_room) {
        size_t room = pii->span_room == 0 ? 64 : 2 * pii->span_room;
        tamis_pii_span *grown = realloc(pii->spans, room * sizeof(*grown));

        if (grown == NULL) {
            pii->status = TAMIS_ENOMEM;
            return;
        }
        pii->spans = grown;
        pii->span_room = room;
    }
    pii->spans[pii->span_count++] = (tamis_pii_span){.begin = (uint32_t)begin,
                                                     .end = (uint32_t)end,
                                                     .type = (uint8_t)type,
                                                     .detail = (uint8_t)detail};
    pii->counts[type]++;
    pii->done = end;
}

static bool is_word_byte(uint8_t c)
{
    return pii_is_alnum(c) || c == '_' || c >= 0x80;
}

/* Words of other scripts need no border: they are not written with spaces. */
static bool has_word(const uint8_t *window, size_t size, const char *word, size_t word_size)
{
    bool is_ascii = (uint8_t)word[0] < 0x80;

    for (size_t at = 0; at + word_size <= size; at++) {
        if (memcmp(window + at, word, word_size) == 0 &&
            (!is_ascii || ((at == 0 || !is_word_byte(window[at - 1])) &&
                           (at + word_size == size || !is_word_byte(window[at + word_size]))))) {
            return true;
        }
    }
    return false;
}

bool pii_has_context(tamis_pii *pii, size_t at, size_t window, const char *words)
{
    uint8_t bytes[64];
    size_t size = 0;

    TAMIS_ASSERT(window <= sizeof(bytes));

    while (size < window && at > pii->done + size) {
        uint8_t c = pii->text[at - size - 1];

        if (pii_is_digit(c) || c == '\n' || c == '|' || c == '<' || c == '>' || c == '@') {
            break;
        }
        size++;
        bytes[sizeof(bytes) - size] = pii_lower(c);
    }
    pii->steps += size;
    if (size == window && at > pii->done + size) {
        /* A word that the window cuts is none. */
        while (size > 0 && is_word_byte(bytes[sizeof(bytes) - size]) &&
               is_word_byte(pii->text[at - size - 1])) {
            size--;
        }
    }
    for (const char *word = words; *word != '\0';) {
        size_t length = strcspn(word, "|");

        if (has_word(bytes + sizeof(bytes) - size, size, word, length)) {
            return true;
        }
        word += length + (word[length] == '|');
    }
    return false;
}

bool pii_number_begins(const tamis_pii *pii, size_t begin, bool is_spaced)
{
    uint8_t before = pii_before(pii, begin);
    uint8_t further = begin > 0 ? pii_before(pii, begin - 1) : 0;

    if (begin < pii->done || pii_is_alnum(before) || before == '_' || before == '%' ||
        before == '@') {
        return false;
    }
    if (before == '.' || before == '/' || before == ',') {
        return !pii_is_alnum(further);
    }
    if (before == '-' || before == ':' || (before == ' ' && is_spaced)) {
        return !pii_is_digit(further);
    }
    return true;
}

bool pii_number_ends(const tamis_pii *pii, size_t end, bool is_spaced)
{
    uint8_t after = pii_at(pii, end);
    uint8_t further = pii_at(pii, end + 1);

    if (pii_is_alnum(after) || after == '_' || after == '@' || after == '%') {
        return false;
    }
    if (after == '-' || after == '.' || after == '/' || after == ',' ||
        (after == ' ' && is_spaced)) {
        return !pii_is_digit(further);
    }
    return true;
}

/* 2026-11-23 and no more: the commonest number of many digits. */
static bool is_iso_date(const tamis_pii *pii, size_t at)
{
    return pii_at(pii, at + 4) == '-' && pii_is_digit(pii_at(pii, at + 5)) &&
           pii_is_digit(pii_at(pii, at + 6)) && pii_at(pii, at + 7) == '-' &&
           pii_is_digit(pii_at(pii, at + 8)) && pii_is_digit(pii_at(pii, at + 9)) &&
           !pii_is_digit(pii_at(pii, at + 10));
}

/* `digits`: of the bytes from `at` on, one bit each. */
static void number_at(tamis_pii *pii, size_t at, uint64_t digits)
{
    size_t run = (size_t)__builtin_ctzll(~digits | 1ull << 63);

    if (run <= 3 && pii_at(pii, at + run) == '.' && pii_wants(pii, TAMIS_PII_IPV4) &&
        pii_ipv4(pii, at)) {
        return;
    }
    if (pii->settings.rules == TAMIS_PII_RULES_DATATROVE ||
        __builtin_popcountll(digits & 0xFFFFFFFFu) < DIGITS_MIN) {
        return;
    }
    if (run == 4 && is_iso_date(pii, at)) {
        return;
    }
    if (pii_wants(pii, TAMIS_PII_IBAN) && pii_iban(pii, at)) {
        return;
    }
    if (pii_before(pii, at) != '+' && pii_wants(pii, TAMIS_PII_NATIONAL_ID) &&
        pii_national(pii, at, run)) {
        return;
    }
    if (pii_wants(pii, TAMIS_PII_CREDIT_CARD) && pii_card(pii, at)) {
        return;
    }
    if (pii_wants(pii, TAMIS_PII_PHONE)) {
        (void)pii_phone(pii, at, run);
    }
}

static void anchor_at(tamis_pii *pii, size_t at, uint64_t digits)
{
    uint8_t byte = pii->text[at];

    if (at < pii->done) {
        return;
    }
    pii->steps++;
    if (byte == '@') {
        if (pii_wants(pii, TAMIS_PII_EMAIL)) {
            (void)pii_email(pii, at);
        }
    } else if (pii_is_digit(byte)) {
        number_at(pii, at, digits);
    } else if (pii->settings.rules == TAMIS_PII_RULES_DATATROVE) {
        return;
    } else if (byte == ':') {
        if (pii_wants(pii, TAMIS_PII_IPV6)) {
            (void)pii_ipv6(pii, at);
        }
    } else if (pii_wants(pii, TAMIS_PII_KEY)) {
        (void)pii_key(pii, at);
    }
}

/* Masks of the stretch at `base` and one block behind it. */
static void mask_stretch(tamis_pii *pii, size_t base)
{
    size_t left = pii->size - base;
    size_t whole = left / PII_BLOCK;
    size_t count = whole < PII_STRETCH + 1 ? whole : PII_STRETCH + 1;

    pii->kernel(pii->text + base, count, &pii->masks);
    if (count < PII_STRETCH + 1) {
        uint8_t tail[2 * PII_BLOCK] = {0};
        pii_masks last;

        memcpy(tail, pii->text + base + count * PII_BLOCK, left - count * PII_BLOCK);
        pii->kernel(tail, 1, &last);
        pii->masks.digits[count] = last.digits[0];
        pii->masks.others[count] = last.others[0];
        for (count++; count < PII_STRETCH + 1; count++) {
            pii->masks.digits[count] = 0;
            pii->masks.others[count] = 0;
        }
    }
}

static void scan_stretch(tamis_pii *pii, size_t base, uint64_t *carry)
{
    for (size_t block = 0; block < PII_STRETCH; block++, base += PII_BLOCK) {
        uint64_t digits = pii->masks.digits[block];
        uint64_t next = pii->masks.digits[block + 1];
        uint64_t visit = (digits & ~(digits << 1 | *carry)) | pii->masks.others[block];

        *carry = digits >> 63;
        while (visit != 0) {
            unsigned bit = (unsigned)__builtin_ctzll(visit);

            visit &= visit - 1;
            anchor_at(pii, base + bit, bit == 0 ? digits : digits >> bit | next << (64 - bit));
        }
    }
}

tamis_status tamis_pii_scan(tamis_pii *pii, tamis_slice text, const tamis_pii_span **out_spans,
                            size_t *out_count, tamis_err *err)
{
    uint64_t carry = 0;

    TAMIS_ASSERT(text.size <= UINT32_MAX);

    pii->text = text.data;
    pii->size = text.size;
    pii->span_count = 0;
    memset(pii->counts, 0, sizeof(pii->counts));
    pii->steps = 0;
    pii->done = 0;
    pii->colons_done = 0;
    pii->again_depth = 0;
    pii->footer = 0;
    pii->footer_from = SIZE_MAX;
    pii->status = TAMIS_OK;
    for (size_t base = 0; base < text.size; base += PII_STRETCH * PII_BLOCK) {
        mask_stretch(pii, base);
        scan_stretch(pii, base, &carry);
    }
    if (pii->status != TAMIS_OK) {
        return tamis_err_set(err, pii->status, "personal data: out of memory");
    }
    *out_spans = pii->spans;
    *out_count = pii->span_count;
    return TAMIS_OK;
}
