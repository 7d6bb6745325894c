/* SPDX-License-Identifier: Apache-2.0 */
/* Prints what the analyzer makes of texts, so that check_analysis.py can compare it with the
 * reference. Test tool: texts come in as u32 length (little-endian) and bytes on standard input;
 * one line each goes to standard output:
 *
 *   repaired digest exact tokens shingles distinct-hashes sketch band-keys
 *
 * in hexadecimal but for the counts; distinct-hashes, sketch and band-keys are XXH3-128 of their
 * little-endian arrays. "-" stands for a sketch that is undefined.
 *
 * Arguments: profile (text, code), exact (folded, raw), shingle, bands, rows. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tamis/analyzer.h"
#include "tamis/buf.h"
#include "tamis/sketch.h"
#include "tamis/utf8.h"

#define TEXT_BYTES_MAX (64u << 20)

static bool parse_settings(char **arguments, tamis_settings *settings)
{
    tamis_settings_defaults(settings);
    settings->profile = strcmp(arguments[0], "code") == 0 ? TAMIS_PROFILE_CODE : TAMIS_PROFILE_TEXT;
    settings->exact = strcmp(arguments[1], "raw") == 0 ? TAMIS_EXACT_RAW : TAMIS_EXACT_FOLDED;
    settings->shingle = (uint32_t)strtoul(arguments[2], NULL, 10);
    settings->bands = (uint32_t)strtoul(arguments[3], NULL, 10);
    settings->rows = (uint32_t)strtoul(arguments[4], NULL, 10);
    settings->slots = tamis_sketch_slots_for(settings->bands, settings->rows);
    settings->min_containment_ppm = TAMIS_PPM; /* asks for distinct counts */
    return settings->slots != 0;
}

/* Reads one text into `raw`; false at the end of the input. */
static bool read_text(tamis_buf *raw)
{
    uint8_t head[4];

    if (fread(head, 1, sizeof(head), stdin) != sizeof(head)) {
        return false;
    }
    size_t size =
        (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
    tamis_buf_reset(raw);
    if (size > TEXT_BYTES_MAX || tamis_buf_reserve(raw, size) != TAMIS_OK) {
        return false;
    }
    raw->size = fread(raw->data, 1, size, stdin);
    return raw->size == size;
}

static void print_hash(const void *data, size_t size)
{
    char hex[TAMIS_DIGEST_HEX_SIZE];

    tamis_digest_to_hex(tamis_hash128(data, size), hex);
    printf(" %s", hex);
}

/* The sketch and its band keys as two hashes; out_line has room for both. */
static void hash_sketch(const tamis_settings *settings, const uint32_t *sketch,
                        char out_line[2 * TAMIS_DIGEST_HEX_SIZE])
{
    uint64_t keys[TAMIS_BANDS_MAX];

    tamis_digest_to_hex(tamis_hash128(sketch, settings->slots * sizeof(*sketch)), out_line);
    out_line[TAMIS_DIGEST_HEX_SIZE - 1] = ' ';
    tamis_band_keys(sketch, settings->bands, settings->rows, 0, keys);
    tamis_digest_to_hex(tamis_hash128(keys, settings->bands * sizeof(*keys)),
                        out_line + TAMIS_DIGEST_HEX_SIZE);
}

static tamis_status dump_text(tamis_analyzer *analyzer, const tamis_settings *settings,
                              tamis_slice raw, tamis_buf *repaired, tamis_err *err)
{
    tamis_analysis analysis;
    const uint64_t *hashes = NULL;
    size_t hash_count = 0;
    char digest[TAMIS_DIGEST_HEX_SIZE];
    char exact[TAMIS_DIGEST_HEX_SIZE];
    char line[2 * TAMIS_DIGEST_HEX_SIZE];
    bool is_valid = tamis_utf8_valid_prefix(raw) == raw.size;
    tamis_status status = TAMIS_OK;

    tamis_buf_reset(repaired);
    status = tamis_utf8_repair(raw, repaired);
    if (status == TAMIS_OK) {
        status = tamis_buf_reserve(repaired, 1); /* an empty text needs its slack too */
    }
    if (status == TAMIS_OK) {
        status = tamis_analyzer_run(analyzer, tamis_buf_slice(repaired), &analysis, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    tamis_digest_to_hex(analysis.digest, digest);
    tamis_digest_to_hex(analysis.exact, exact);
    printf("%d %s %s %" PRIu64 " %" PRIu32, is_valid ? 0 : 1, digest, exact, analysis.token_count,
           analysis.shingle_count);
    if (analysis.shingle_count == 0) {
        printf(" - - -\n");
        return TAMIS_OK;
    }

    /* The sketch is gone after the next call. */
    hash_sketch(settings, analysis.sketch, line);
    uint32_t distinct_count = analysis.distinct_count;

    status =
        tamis_analyzer_shingles(analyzer, tamis_buf_slice(repaired), &hashes, &hash_count, err);
    if (status != TAMIS_OK) {
        return status;
    }
    if (hash_count != distinct_count) {
        return tamis_err_set(err, TAMIS_EFORMAT, "distinct_count differs from the hashes");
    }
    print_hash(hashes, hash_count * sizeof(*hashes));
    printf(" %s\n", line);
    return TAMIS_OK;
}

int main(int argc, char **argv)
{
    tamis_settings settings;
    tamis_analyzer *analyzer = NULL;
    tamis_buf raw;
    tamis_buf repaired;
    tamis_err err = {.status = TAMIS_OK};
    tamis_status status = TAMIS_OK;

    if (argc != 6 || !parse_settings(argv + 1, &settings)) {
        fprintf(stderr, "usage: analysis_dump PROFILE EXACT SHINGLE BANDS ROWS\n");
        return 2;
    }
    tamis_buf_init(&raw, 0);
    tamis_buf_init(&repaired, 0);
    status = tamis_analyzer_create(&settings, &analyzer, &err);
    while (status == TAMIS_OK && read_text(&raw)) {
        status = dump_text(analyzer, &settings, tamis_buf_slice(&raw), &repaired, &err);
    }
    if (status != TAMIS_OK) {
        fprintf(stderr, "analysis_dump: %s: %s\n", tamis_status_text(status), err.text);
    }
    tamis_analyzer_destroy(analyzer);
    tamis_buf_fini(&repaired);
    tamis_buf_fini(&raw);
    return status == TAMIS_OK ? 0 : 1;
}
