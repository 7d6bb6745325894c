/* SPDX-License-Identifier: Apache-2.0 */
/* pii_parts.h - a scan under way, and the rules that look at its anchors.
 *
 * A rule is called with the offset of an anchor; it may add a span. It reads at most a bounded
 * number of bytes around the anchor, or bytes that no other anchor makes it read again, and adds
 * what it read to `steps`.
 */
#ifndef TAMIS_PII_PARTS_H
#define TAMIS_PII_PARTS_H

#include "tamis/cpu.h"
#include "tamis/hash.h"
#include "tamis/pii.h"

#define PII_BLOCK   64
#define PII_RUNS    32 /* above the digits of any id */
#define PII_STRETCH 64 /* blocks that are masked at once */

typedef struct pii_masks {
    uint64_t digits[PII_STRETCH + 1];
    uint64_t others[PII_STRETCH + 1]; /* at signs, colons and what begins a token */
} pii_masks;

typedef void pii_mask_kernel(const uint8_t *text, size_t block_count, pii_masks *out_masks);
pii_mask_kernel *pii_mask_kernel_for(tamis_kernel kernel);

struct tamis_pii {
    tamis_pii_settings settings;
    tamis_digest secret;            /* the key of pseudonyms */
    uint64_t id_masks[2][PII_RUNS]; /* ids that begin with digits, with letters: by run of digits */
    pii_mask_kernel *kernel;
    tamis_pii_span *spans;
    size_t span_count;
    size_t span_room;
    uint64_t counts[TAMIS_PII_TYPE_COUNT];
    uint64_t steps;

    const uint8_t *text;
    size_t size;
    size_t done;        /* end of the last span: no anchor before it counts */
    size_t colons_done; /* end of the last run of hex digits and colons */
    size_t footer;      /* the first footer of a private key from footer_from on, or size */
    size_t footer_from;
    unsigned again_depth; /* numbers before a span are looked at a second time */
    tamis_status status;
    pii_masks masks;
};

static inline bool pii_is_digit(uint8_t c)
{
    return (uint8_t)(c - '0') < 10;
}

static inline bool pii_is_upper(uint8_t c)
{
    return (uint8_t)(c - 'A') < 26;
}

static inline bool pii_is_alpha(uint8_t c)
{
    return (uint8_t)((c | 0x20) - 'a') < 26;
}

static inline bool pii_is_alnum(uint8_t c)
{
    return pii_is_digit(c) || pii_is_alpha(c);
}

static inline bool pii_is_hex(uint8_t c)
{
    return pii_is_digit(c) || (uint8_t)((c | 0x20) - 'a') < 6;
}

static inline uint8_t pii_lower(uint8_t c)
{
    return pii_is_upper(c) ? (uint8_t)(c | 0x20) : c;
}

/* The byte at an offset, 0 outside of the text. */
static inline uint8_t pii_at(const tamis_pii *pii, size_t at)
{
    return at < pii->size ? pii->text[at] : 0;
}

/* The byte before an offset; 0 at the start of the text, and behind a span, whose last byte will
 * not be there any more. */
static inline uint8_t pii_before(const tamis_pii *pii, size_t at)
{
    return at > 0 && at <= pii->size && (at != pii->done || pii->span_count == 0)
               ? pii->text[at - 1]
               : 0;
}

static inline bool pii_wants(const tamis_pii *pii, tamis_pii_type type)
{
    return (pii->settings.types >> type & 1) != 0;
}

/* Adds a span; of those before, ones that overlap it go. */
void pii_add(tamis_pii *pii, size_t begin, size_t end, tamis_pii_type type, unsigned detail);
/* Whether one of `words` ("a|b|c", lower case) stands as a whole word in the window of `window`
 * bytes before `at`. The window ends at a digit, a line end and at | < > @, so that replacing one
 * match does not change what is found around it. */
bool pii_has_context(tamis_pii *pii, size_t at, size_t window, const char *words);

/* Rules. Each returns whether it added a span. */
bool pii_email(tamis_pii *pii, size_t at); /* at an at sign */
bool pii_ipv6(tamis_pii *pii, size_t at);  /* at a colon */
bool pii_key(tamis_pii *pii, size_t at);   /* where a pair of a prefix stands */
bool pii_ipv4(tamis_pii *pii, size_t at);  /* at the first digit of a run, as all below */
bool pii_card(tamis_pii *pii, size_t at);
bool pii_iban(tamis_pii *pii, size_t at);
/* `run`: digits in the run at `at`. */
bool pii_national(tamis_pii *pii, size_t at, size_t run);
bool pii_phone(tamis_pii *pii, size_t at, size_t run);
void pii_national_init(tamis_pii *pii);
/* Whether an IPv4 address of any kind begins here. */
bool pii_is_dotted(const tamis_pii *pii, size_t at);
const char *pii_key_name(unsigned detail);
const char *pii_national_name(unsigned detail);

/* Borders of a number [begin, end): nothing that makes it part of a longer one. */
bool pii_number_begins(const tamis_pii *pii, size_t begin, bool is_spaced);
bool pii_number_ends(const tamis_pii *pii, size_t end, bool is_spaced);

/* Whether an address is one of the public internet (Python's ipaddress: is_global). */
bool pii_ipv4_is_global(uint32_t address);
bool pii_ipv6_is_global(const uint16_t groups[8]);

/* Check digits over ASCII digits. */
bool pii_luhn(const uint8_t *digits, size_t count);
bool pii_verhoeff(const uint8_t *digits, size_t count);

#endif
