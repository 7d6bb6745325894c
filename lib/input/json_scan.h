/* SPDX-License-Identifier: Apache-2.0 */
/* json_scan.h - one JSON object in one pass: is it valid, where are the fields that matter.
 *
 * A hand-written scanner for one line (RFC 8259): it walks the members of the top-level object,
 * checks every byte of syntax, unescapes the text while it looks for the text's end, and notes
 * where other fields lie. Strings are walked 64, 32 or 8 bytes at a time by kernels that differ in
 * nothing else (json_scan_body.h).
 *
 * Bytes of strings above 0x7f are not looked at: UTF-8 is the caller's matter.
 *
 * Pure. Threads: a plan belongs to one thread (it holds the stack of open containers).
 */
#ifndef TAMIS_INPUT_JSON_SCAN_H
#define TAMIS_INPUT_JSON_SCAN_H

#include "tamis/cpu.h"
#include "tamis/reader.h"

typedef enum json_field {
    JSON_FIELD_TEXT,
    JSON_FIELD_ID,
    JSON_FIELD_URL,
    JSON_FIELD_SCOPE,
    JSON_FIELD_COUNT
} json_field;

/* What one key of the top-level object may be: a field, the head of a field's path, or "tamis". */
typedef struct json_key {
    const uint8_t *name;
    size_t size;
    json_field field;
    bool is_head; /* the value is searched with the rest of the path */
    bool is_tamis;
} json_key;

#define JSON_KEYS_MAX   (2 * JSON_FIELD_COUNT + 1)
#define JSON_NESTED_MAX (1u << 20)

typedef struct json_plan {
    tamis_slice names[JSON_FIELD_COUNT]; /* size 0: not asked for */
    json_key keys[JSON_KEYS_MAX];
    size_t key_count;
    uint16_t keys_of_size[TAMIS_FIELD_SIZE]; /* bit i: keys[i] has that size */
    uint32_t nesting_max;
    uint64_t *open_objects; /* bit d: the container at depth d is an object */
} json_plan;

/* A value as it stands in the line; begin NULL: none. */
typedef struct json_value {
    const uint8_t *begin;
    const uint8_t *end;
} json_value;

/* The last occurrence counts, a literal key more than a path. */
typedef struct json_match {
    json_value literal;
    json_value path;
    uint32_t literal_count;
    uint32_t path_count;
} json_match;

typedef struct json_record {
    tamis_fault fault; /* NONE, INVALID_JSON, NESTING */
    const uint8_t *begin;
    const uint8_t *close;
    json_value tamis; /* with one adjoining comma */
    uint64_t member_count;
    json_match matches[JSON_FIELD_COUNT];
    bool is_text_decoded; /* the first literal text was a string: it stands in text_out */
    bool is_text_repaired;
    size_t text_size;
} json_record;

/* Scans [line, end); *end must be readable and '\n', TAMIS_BUF_SLACK bytes behind it readable.
 * text_out has room for the line and TAMIS_BUF_SLACK bytes. */
typedef void (*json_scan_run)(json_plan *plan, const uint8_t *line, const uint8_t *end,
                              uint8_t *text_out, json_record *out_record);
/* Decodes the string value (from quote to quote, valid) into out, which has room for it and
 * TAMIS_BUF_SLACK bytes; returns the size. Half surrogates and U+0000 become U+FFFD
 * (*out_repaired is set, never cleared). */
typedef size_t (*json_unescape_run)(json_value value, uint8_t *out, bool *out_repaired);

typedef struct json_kernel {
    json_scan_run scan;
    json_unescape_run unescape;
} json_kernel;

extern const json_kernel json_kernel_scalar;
extern const json_kernel json_kernel_avx2;
extern const json_kernel json_kernel_avx512;

const json_kernel *json_kernel_of(tamis_kernel kernel);

/* Makes the plan for the fields of settings, whose strings it borrows. TAMIS_EARG: nesting_max is 0
 * or above JSON_NESTED_MAX. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status json_plan_init(json_plan *plan, const tamis_settings *settings, tamis_err *err);
void json_plan_fini(json_plan *plan);

/* ---- Shared by the kernels (json_scan.c) ---- */

/* Bytes of the escape at p (a backslash): 2 or 6; 0: invalid. */
size_t json_escape_size(const uint8_t *p);
/* Writes what the valid escape at *p stands for (at most 4 bytes), moves *p behind it (behind both
 * halves of a surrogate pair), returns the number of bytes. */
size_t json_escape_decode(const uint8_t **p, uint8_t *out, bool *out_repaired);
/* Behind the number or literal at p; NULL: invalid. */
const uint8_t *json_number_end(const uint8_t *p);
const uint8_t *json_literal_end(const uint8_t *p);
/* The keys of the plan that the key between the quotes is (bit i: keys[i]). */
uint32_t json_key_match(const json_plan *plan, const uint8_t *begin, const uint8_t *end,
                        bool has_escape);
/* Takes down the value of a member whose key matched; whether the member is "tamis". */
bool json_member_note(const json_plan *plan, uint32_t keys, json_value value, json_record *record);

#endif
