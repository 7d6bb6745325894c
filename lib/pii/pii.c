/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/pii.h"

#include <stdio.h>
#include <stdlib.h>

#include "pii_parts.h"

#define LETTERS         16 /* of a pseudonym: 4 bits each */
#define REPLACEMENT_MAX 80

static const char *const type_names[TAMIS_PII_TYPE_COUNT] = {
#define PII_NAME(name, text) text,
    TAMIS_PII_TYPES(PII_NAME)
#undef PII_NAME
};
static const char *const style_names[TAMIS_PII_STYLE_COUNT] = {"datatrove", "dolma", "tag",
                                                               "pseudonym"};
/* None is a word of a rule's context. */
static const char *const type_tokens[TAMIS_PII_TYPE_COUNT] = {
    "EMAIL_ADDRESS", "PHONE_NUMBER", "IP_ADDRESS", "IP_ADDRESS",
    "CREDIT_CARD",   "IBAN_CODE",    "SECRET_KEY", "NATIONAL_ID",
};

const char *tamis_pii_type_name(tamis_pii_type type)
{
    TAMIS_ASSERT(type < TAMIS_PII_TYPE_COUNT);
    return type_names[type];
}

const char *tamis_pii_style_name(tamis_pii_style style)
{
    TAMIS_ASSERT(style < TAMIS_PII_STYLE_COUNT);
    return style_names[style];
}

bool tamis_pii_style_find(const char *name, tamis_pii_style *out_style)
{
    for (unsigned i = 0; i < TAMIS_PII_STYLE_COUNT; i++) {
        if (strcmp(name, style_names[i]) == 0) {
            *out_style = (tamis_pii_style)i;
            return true;
        }
    }
    return false;
}

static tamis_status type_parse(tamis_slice part, uint32_t *types, tamis_err *err)
{
    if (tamis_slice_is_equal(part, tamis_slice_of_string("all"))) {
        *types |= TAMIS_PII_ALL;
        return TAMIS_OK;
    }
    for (unsigned i = 0; i < TAMIS_PII_TYPE_COUNT; i++) {
        if (tamis_slice_is_equal(part, tamis_slice_of_string(type_names[i]))) {
            *types |= 1u << i;
            return TAMIS_OK;
        }
    }
    return tamis_err_set(err, TAMIS_EARG,
                         "'%.*s' is no type of personal data: all, or any of email, phone, ipv4, "
                         "ipv6, credit_card, iban, key, national_id",
                         (int)(part.size < 64 ? part.size : 64), (const char *)part.data);
}

tamis_status tamis_pii_types_parse(const char *text, uint32_t *out_types, tamis_err *err)
{
    uint32_t types = 0;

    for (;;) {
        size_t size = strcspn(text, ",");
        tamis_status status = type_parse(tamis_slice_of(text, size), &types, err);

        if (status != TAMIS_OK) {
            return status;
        }
        if (text[size] == '\0') {
            *out_types = types;
            return TAMIS_OK;
        }
        text += size + 1;
    }
}

const char *tamis_pii_detail_name(const tamis_pii_span *span)
{
    switch (span->type) {
    case TAMIS_PII_KEY:
        return pii_key_name(span->detail);
    case TAMIS_PII_NATIONAL_ID:
        return pii_national_name(span->detail);
    default:
        return "";
    }
}

tamis_status tamis_pii_create(const tamis_pii_settings *settings, tamis_pii **out_pii,
                              tamis_err *err)
{
    tamis_pii *pii = NULL;

    TAMIS_ASSERT(settings->rules < TAMIS_PII_RULES_COUNT);
    TAMIS_ASSERT(settings->style < TAMIS_PII_STYLE_COUNT);

    if ((settings->types & TAMIS_PII_ALL) == 0) {
        return tamis_err_set(err, TAMIS_EARG, "no type of personal data is chosen");
    }
    if (settings->style == TAMIS_PII_STYLE_PSEUDONYM && settings->key.size == 0) {
        return tamis_err_set(err, TAMIS_EARG,
                             "pseudonyms need a key: without one they could be guessed");
    }
    pii = calloc(1, sizeof(*pii));
    if (pii == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "out of memory");
    }
    pii->settings = *settings;
    pii->settings.key = tamis_slice_of(NULL, 0);
    pii->secret = tamis_hash128(settings->key.data, settings->key.size);
    pii->kernel = pii_mask_kernel_for(tamis_kernel_best());
    pii_national_init(pii);
    *out_pii = pii;
    return TAMIS_OK;
}

void tamis_pii_destroy(tamis_pii *pii)
{
    if (pii != NULL) {
        free(pii->spans);
        free(pii);
    }
}

uint64_t tamis_pii_count(const tamis_pii *pii, tamis_pii_type type)
{
    TAMIS_ASSERT(type < TAMIS_PII_TYPE_COUNT);
    return pii->counts[type];
}

uint64_t tamis_pii_steps(const tamis_pii *pii)
{
    return pii->steps;
}

/* A match without what is written one way or the other: letters in lower case, and of numbers the
 * digits alone, so that the same value has the same replacement. */
static uint64_t match_hash(const tamis_pii *pii, const tamis_pii_span *span, tamis_slice text)
{
    bool is_number = span->type == TAMIS_PII_PHONE || span->type == TAMIS_PII_CREDIT_CARD ||
                     span->type == TAMIS_PII_IBAN || span->type == TAMIS_PII_NATIONAL_ID;
    uint64_t hash = tamis_mum(pii->secret.low ^ TAMIS_HASH_K1, pii->secret.high ^ TAMIS_HASH_K2);

    hash = tamis_mum(hash ^ span->type, TAMIS_HASH_K3);
    for (size_t i = span->begin; i < span->end; i++) {
        uint8_t c = text.data[i];

        if (!is_number || pii_is_alnum(c)) {
            c = span->type == TAMIS_PII_KEY ? c : pii_lower(c);
            hash = tamis_mum(hash ^ c ^ TAMIS_HASH_K1, pii->secret.low ^ TAMIS_HASH_K2);
        }
    }
    return tamis_mum(hash ^ pii->secret.high, TAMIS_HASH_K2);
}

/* a to p: digits could look like a number to another rule. */
static void letters_of(uint64_t hash, char out_letters[LETTERS + 1])
{
    for (size_t i = 0; i < LETTERS; i++) {
        out_letters[i] = (char)('a' + (hash >> (4 * i) & 15));
    }
    out_letters[LETTERS] = '\0';
}

static void pseudonym(const tamis_pii_span *span, uint64_t hash, char *out_text)
{
    char letters[LETTERS + 1];

    letters_of(hash, letters);
    switch (span->type) {
    case TAMIS_PII_EMAIL:
        (void)snprintf(out_text, REPLACEMENT_MAX, "%s@example.com", letters);
        break;
    case TAMIS_PII_IPV4: /* 240.0.0.0/4 belongs to nobody */
        (void)snprintf(out_text, REPLACEMENT_MAX, "%u.%u.%u.%u", 240 + (unsigned)(hash & 15) % 15,
                       (unsigned)(hash >> 8 & 255), (unsigned)(hash >> 16 & 255),
                       (unsigned)(hash >> 24 & 255));
        break;
    case TAMIS_PII_IPV6: /* 2001:db8::/32 is for documents */
        (void)snprintf(out_text, REPLACEMENT_MAX, "2001:db8::%x:%x:%x", (unsigned)(hash & 0xFFFF),
                       (unsigned)(hash >> 16 & 0xFFFF), (unsigned)(hash >> 32 & 0xFFFF));
        break;
    default:
        (void)snprintf(out_text, REPLACEMENT_MAX, "<%s:%s>", type_tokens[span->type], letters);
        break;
    }
}

static void replacement_of(const tamis_pii *pii, const tamis_pii_span *span, tamis_slice text,
                           char *out_text)
{
    static const char *const emails[] = {"email@example.com", "firstname.lastname@example.org"};
    static const char *const addresses[] = {"22.214.171.124", "126.96.36.199",  "188.8.131.52",
                                            "184.108.40.206", "220.127.116.11", "18.104.22.168"};
    uint64_t hash = match_hash(pii, span, text);
    const char *token = type_tokens[span->type];

    switch (pii->settings.style) {
    case TAMIS_PII_STYLE_PSEUDONYM:
        pseudonym(span, hash, out_text);
        return;
    case TAMIS_PII_STYLE_TAG:
        (void)snprintf(out_text, REPLACEMENT_MAX, "<%s>", token);
        return;
    case TAMIS_PII_STYLE_DATATROVE:
        if (span->type == TAMIS_PII_EMAIL) {
            (void)snprintf(out_text, REPLACEMENT_MAX, "%s", emails[hash % 2]);
            return;
        }
        if (span->type == TAMIS_PII_IPV4) {
            (void)snprintf(out_text, REPLACEMENT_MAX, "%s", addresses[hash % 6]);
            return;
        }
        break;
    case TAMIS_PII_STYLE_DOLMA:
    case TAMIS_PII_STYLE_COUNT:
    default:
        break;
    }
    (void)snprintf(out_text, REPLACEMENT_MAX, "|||%s|||", token);
}

tamis_status tamis_pii_mask(const tamis_pii *pii, tamis_slice text, tamis_edits *edits)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < pii->span_count && status == TAMIS_OK; i++) {
        const tamis_pii_span *span = &pii->spans[i];
        char replacement[REPLACEMENT_MAX];

        TAMIS_ASSERT(span->end <= text.size);
        replacement_of(pii, span, text, replacement);
        status = tamis_edits_replace(edits, span->begin, span->end,
                                     (uint16_t)(TAMIS_EDIT_REASON_PII + span->type),
                                     tamis_slice_of_string(replacement));
    }
    return status;
}
