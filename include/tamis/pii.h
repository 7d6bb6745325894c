/* SPDX-License-Identifier: Apache-2.0 */
/* pii.h - personal data in a text: found by rule and checksum, reported or replaced.
 *
 * A scan looks for anchors (an at sign, a run of digits, a colon, the start of a token) with vector
 * instructions and then at a bounded window around each. It takes time in proportion to the text,
 * whatever the text holds. docs/FORMATS.md, "Personal data", has the rule of every type.
 *
 * Pure:    no I/O.
 * Memory:  spans, kept from scan to scan.
 * Threads: an object belongs to one thread.
 */
#ifndef TAMIS_PII_H
#define TAMIS_PII_H

#include "tamis/slice.h"
#include "tamis/status.h"
#include "tamis/text_edit.h"

/* X(name, text): text is its name in options, reports and attributes. */
#define TAMIS_PII_TYPES(X)                                                                         \
    X(EMAIL, "email")                                                                              \
    X(PHONE, "phone")                                                                              \
    X(IPV4, "ipv4")                                                                                \
    X(IPV6, "ipv6")                                                                                \
    X(CREDIT_CARD, "credit_card")                                                                  \
    X(IBAN, "iban")                                                                                \
    X(KEY, "key")                                                                                  \
    X(NATIONAL_ID, "national_id")

typedef enum tamis_pii_type {
#define TAMIS_PII_ENUM(name, text) TAMIS_PII_##name,
    TAMIS_PII_TYPES(TAMIS_PII_ENUM)
#undef TAMIS_PII_ENUM
        TAMIS_PII_TYPE_COUNT
} tamis_pii_type;

#define TAMIS_PII_ALL ((1u << TAMIS_PII_TYPE_COUNT) - 1)

/* What counts as an e-mail or IP address. */
typedef enum tamis_pii_rules {
    TAMIS_PII_RULES_TAMIS,     /* borders, reserved names and version numbers are minded */
    TAMIS_PII_RULES_DATATROVE, /* e-mail and IPv4 as datatrove has them, without borders of numbers;
                                  no other type */
    TAMIS_PII_RULES_COUNT
} tamis_pii_rules;

/* What stands in the place of a match. */
typedef enum tamis_pii_style {
    TAMIS_PII_STYLE_DATATROVE, /* email@example.com, ...; six addresses; the other types as dolma */
    TAMIS_PII_STYLE_DOLMA,     /* |||EMAIL_ADDRESS||| */
    TAMIS_PII_STYLE_TAG,       /* <EMAIL_ADDRESS> */
    TAMIS_PII_STYLE_PSEUDONYM, /* a made-up value of its own for each key and match */
    TAMIS_PII_STYLE_COUNT
} tamis_pii_style;

typedef struct tamis_pii_settings {
    uint32_t types; /* bit of each type that is sought */
    tamis_pii_rules rules;
    tamis_pii_style style;
    tamis_slice key; /* of pseudonyms; only read by _create */
} tamis_pii_settings;

typedef struct tamis_pii_span {
    uint32_t begin; /* bytes */
    uint32_t end;
    uint8_t type;   /* tamis_pii_type */
    uint8_t detail; /* which token or id: tamis_pii_detail_name */
} tamis_pii_span;

typedef struct tamis_pii tamis_pii;

const char *tamis_pii_type_name(tamis_pii_type type);
const char *tamis_pii_style_name(tamis_pii_style style);
bool tamis_pii_style_find(const char *name, tamis_pii_style *out_style);
/* "email,ipv4", "all". TAMIS_EARG: a part is no type. */
TAMIS_MUST_USE
tamis_status tamis_pii_types_parse(const char *text, uint32_t *out_types, tamis_err *err);
/* "github", "us_ssn"; "" for types that have one form. */
const char *tamis_pii_detail_name(const tamis_pii_span *span);

/* With the kernel that is best now. TAMIS_EARG: no type, or pseudonyms without a key. TAMIS_ENOMEM.
 */
TAMIS_MUST_USE
tamis_status tamis_pii_create(const tamis_pii_settings *settings, tamis_pii **out_pii,
                              tamis_err *err);
void tamis_pii_destroy(tamis_pii *pii);

/* Finds all in `text`: repaired UTF-8 of less than 4 GiB with TAMIS_BUF_SLACK readable bytes behind
 * it. Spans are ascending and disjoint, valid until the next call. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_pii_scan(tamis_pii *pii, tamis_slice text, const tamis_pii_span **out_spans,
                            size_t *out_count, tamis_err *err);
/* Matches of a type in the last scan. */
uint64_t tamis_pii_count(const tamis_pii *pii, tamis_pii_type type);
/* Bytes that the last scan looked at one by one, beside the pass over all: for tests of its bound.
 */
uint64_t tamis_pii_steps(const tamis_pii *pii);

/* Appends the replacement of every span of the last scan, which was of `text`; the reason is
 * TAMIS_EDIT_REASON_PII + type. A replacement depends on the match and the settings alone, so that
 * the same value becomes the same everywhere. Errors: those of tamis_edits_replace. */
TAMIS_MUST_USE
tamis_status tamis_pii_mask(const tamis_pii *pii, tamis_slice text, tamis_edits *edits);

#endif
