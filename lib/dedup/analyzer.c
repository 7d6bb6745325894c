/* SPDX-License-Identifier: Apache-2.0 */
/* A text is walked in pieces: normalize, hash tokens, combine shingles. Shingle hashes gather in
 * one buffer. While all of them fit, a further round of the sketch reads the buffer; a text with
 * more is handed to the sketcher buffer by buffer, and walked again for a further round.
 *
 * A text that needs many rounds for its length says the same again and again ("a a a ..."). The
 * sketch takes least values, so repeats do not change it: they are dropped, or such a text would
 * take a hundred times as long as others.
 */
#include "tamis/analyzer.h"

#include "tamis/normalizer.h"
#include "tamis/sketch.h"
#include "tamis/tokens.h"

#define PIECE_BYTES       32768
#define SHINGLES_KEPT_MAX 65536 /* 512 KiB: half of a usual L2 cache */
#define SLOTS_MIN         64
/* Rounds over n distinct shingles fill all slots within 32 slots / n rounds but for one text in
 * 10^11 (slots / e^32). */
#define ROUND_WORK_MAX(slots) ((uint64_t)32 * (slots))

struct tamis_analyzer {
    tamis_settings settings;
    tamis_normalizer *normalizer;
    tamis_folder *folder;
    tamis_sketcher *sketcher;
    tamis_buf normalized;
    tamis_buf tokens;   /* uint64_t: the last tokens of the piece before, those of this piece */
    tamis_buf shingles; /* uint64_t */
    tamis_buf scratch;
};

/* One walk over a text. */
typedef struct walk {
    size_t shingles_kept_max;
    size_t shingle_count; /* in the buffer */
    uint64_t token_count;
    uint64_t shingle_total;
    bool is_whole;      /* the buffer holds all shingles */
    bool drops_repeats; /* before the buffer is handed on */
} walk;

static tamis_status walk_text(tamis_analyzer *analyzer, tamis_slice text, walk *out_walk);
static tamis_status sketch_text(tamis_analyzer *analyzer, tamis_slice text,
                                tamis_analysis *analysis);

/* The memory of a buffer comes from malloc: it suits any type. */
static uint64_t *words_of(const tamis_buf *buf)
{
    return (uint64_t *)(void *)buf->data;
}

static bool has_level(const tamis_settings *settings, tamis_level_id level)
{
    return (settings->levels >> level & 1) != 0;
}

static bool wants_distinct(const tamis_settings *settings)
{
    return settings->min_containment_ppm > settings->threshold_ppm;
}

static tamis_status settings_check(const tamis_settings *settings, tamis_err *err)
{
    if (settings->shingle < 1 || settings->shingle > TAMIS_SHINGLE_MAX) {
        return tamis_err_set(err, TAMIS_EARG, "shingle is %u; allowed: 1 to %u", settings->shingle,
                             (unsigned)TAMIS_SHINGLE_MAX);
    }
    if (settings->slots < SLOTS_MIN || settings->slots > TAMIS_SKETCH_SLOTS_MAX ||
        (settings->slots & (settings->slots - 1)) != 0) {
        return tamis_err_set(err, TAMIS_EARG, "slots is %u; allowed: powers of two from %d to %d",
                             settings->slots, SLOTS_MIN, TAMIS_SKETCH_SLOTS_MAX);
    }
    if (settings->profile != TAMIS_PROFILE_TEXT && settings->profile != TAMIS_PROFILE_CODE) {
        return tamis_err_set(err, TAMIS_EARG, "profile is %d; allowed: text, code",
                             (int)settings->profile);
    }
    if (settings->exact != TAMIS_EXACT_FOLDED && settings->exact != TAMIS_EXACT_RAW) {
        return tamis_err_set(err, TAMIS_EARG, "exact is %d; allowed: folded, raw",
                             (int)settings->exact);
    }
    return TAMIS_OK;
}

tamis_status tamis_analyzer_create(const tamis_settings *settings, tamis_analyzer **out_analyzer,
                                   tamis_err *err)
{
    tamis_analyzer *analyzer = NULL;
    tamis_status status = settings_check(settings, err);

    if (status != TAMIS_OK) {
        return status;
    }
    analyzer = malloc(sizeof(*analyzer));
    if (analyzer == NULL) {
        status = TAMIS_ENOMEM;
        goto out;
    }
    *analyzer = (tamis_analyzer){.settings = *settings};
    tamis_buf_init(&analyzer->normalized, 0);
    tamis_buf_init(&analyzer->tokens, 0);
    tamis_buf_init(&analyzer->shingles, 0);
    tamis_buf_init(&analyzer->scratch, 0);
    status = tamis_normalizer_create(settings->profile, &analyzer->normalizer);
    if (status == TAMIS_OK) {
        status = tamis_folder_create(&analyzer->folder);
    }
    analyzer->sketcher = tamis_sketcher_create(settings->slots);
    if (analyzer->sketcher == NULL) {
        status = TAMIS_ENOMEM;
    }
out:
    if (status != TAMIS_OK) {
        tamis_analyzer_destroy(analyzer);
        return tamis_err_set(err, status, "no memory for an analyzer");
    }
    *out_analyzer = analyzer;
    return TAMIS_OK;
}

void tamis_analyzer_destroy(tamis_analyzer *analyzer)
{
    if (analyzer == NULL) {
        return;
    }
    tamis_normalizer_destroy(analyzer->normalizer);
    tamis_folder_destroy(analyzer->folder);
    tamis_sketcher_destroy(analyzer->sketcher);
    tamis_buf_fini(&analyzer->normalized);
    tamis_buf_fini(&analyzer->tokens);
    tamis_buf_fini(&analyzer->shingles);
    tamis_buf_fini(&analyzer->scratch);
    free(analyzer);
}

tamis_status tamis_analyzer_run(tamis_analyzer *analyzer, tamis_slice text,
                                tamis_analysis *out_analysis, tamis_err *err)
{
    const tamis_settings *settings = &analyzer->settings;
    tamis_analysis analysis = {.digest = tamis_hash128(text.data, text.size)};
    tamis_status status = TAMIS_OK;

    if (has_level(settings, TAMIS_LEVEL_EXACT)) {
        analysis.exact = analysis.digest;
        if (settings->exact == TAMIS_EXACT_FOLDED) {
            status = tamis_folder_digest(analyzer->folder, text, analysis.digest, &analysis.exact);
        }
    }
    if (status == TAMIS_OK && has_level(settings, TAMIS_LEVEL_NEAR)) {
        status = sketch_text(analyzer, text, &analysis);
    }
    if (status != TAMIS_OK) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to analyze a text of %zu bytes",
                             text.size);
    }
    *out_analysis = analysis;
    return TAMIS_OK;
}

tamis_status tamis_analyzer_shingles(tamis_analyzer *analyzer, tamis_slice text,
                                     const uint64_t **out_hashes, size_t *out_count, tamis_err *err)
{
    walk all = {.shingles_kept_max = SIZE_MAX};
    size_t count = 0;
    tamis_status status = walk_text(analyzer, text, &all);

    if (status == TAMIS_OK) {
        status = tamis_hashes_distinct(words_of(&analyzer->shingles), all.shingle_count,
                                       &analyzer->scratch, &count);
    }
    if (status != TAMIS_OK) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the shingles of a text of %zu bytes",
                             text.size);
    }
    *out_hashes = words_of(&analyzer->shingles);
    *out_count = count;
    return TAMIS_OK;
}

static tamis_status drop_repeats(tamis_analyzer *analyzer, walk *at)
{
    return tamis_hashes_distinct(words_of(&analyzer->shingles), at->shingle_count,
                                 &analyzer->scratch, &at->shingle_count);
}

/* The rounds behind the first one, whose shingles `at` has left in the buffer. */
static tamis_status sketch_rounds(tamis_analyzer *analyzer, tamis_slice text, walk *at)
{
    uint32_t slots = analyzer->settings.slots;
    uint64_t work = at->shingle_total;
    bool is_distinct = false;
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK && tamis_sketcher_next_round(analyzer->sketcher)) {
        if (!at->is_whole) {
            at->drops_repeats = true;
            status = walk_text(analyzer, text, at);
        } else if (!is_distinct && work > ROUND_WORK_MAX(slots)) {
            is_distinct = true;
            status = drop_repeats(analyzer, at);
        }
        if (status == TAMIS_OK) {
            tamis_sketcher_add(analyzer->sketcher, words_of(&analyzer->shingles),
                               at->shingle_count);
        }
        /* Of few shingles there are several rounds in one. */
        work += at->shingle_count > 2 * slots ? at->shingle_count : 2 * slots;
    }
    return status;
}

static tamis_status sketch_text(tamis_analyzer *analyzer, tamis_slice text,
                                tamis_analysis *analysis)
{
    bool is_counted = wants_distinct(&analyzer->settings);
    walk at = {.shingles_kept_max = is_counted ? SIZE_MAX : SHINGLES_KEPT_MAX};
    tamis_status status = TAMIS_OK;
    size_t distinct_count = 0;

    tamis_sketcher_begin(analyzer->sketcher);
    status = walk_text(analyzer, text, &at);
    if (status != TAMIS_OK) {
        return status;
    }
    analysis->token_count = at.token_count;
    analysis->shingle_count =
        at.shingle_total < UINT32_MAX ? (uint32_t)at.shingle_total : UINT32_MAX;
    if (at.token_count == 0) {
        return TAMIS_OK;
    }
    tamis_sketcher_add(analyzer->sketcher, words_of(&analyzer->shingles), at.shingle_count);
    status = sketch_rounds(analyzer, text, &at);
    analysis->sketch = tamis_sketcher_slots(analyzer->sketcher);
    if (status == TAMIS_OK && is_counted) {
        status = tamis_hashes_distinct(words_of(&analyzer->shingles), at.shingle_count,
                                       &analyzer->scratch, &distinct_count);
        analysis->distinct_count =
            distinct_count < UINT32_MAX ? (uint32_t)distinct_count : UINT32_MAX;
    }
    return status;
}

/* Normalizes one piece and appends its shingles to the buffer; *carried tokens of the piece before
 * lie at the start of the token buffer, and those that the next piece needs are left there. */
static tamis_status walk_piece(tamis_analyzer *analyzer, tamis_slice piece, size_t *carried,
                               walk *at)
{
    uint32_t n = analyzer->settings.shingle;
    size_t found = 0;
    size_t count = 0;
    size_t keep = 0;
    tamis_status status = TAMIS_OK;

    tamis_buf_reset(&analyzer->normalized);
    status = tamis_normalizer_run(analyzer->normalizer, piece, &analyzer->normalized);
    if (status != TAMIS_OK) {
        return status;
    }
    analyzer->tokens.size = *carried * sizeof(uint64_t);
    status = tamis_buf_reserve(&analyzer->tokens,
                               TAMIS_TOKENS_ROOM(analyzer->normalized.size) * sizeof(uint64_t));
    if (status != TAMIS_OK) {
        return status;
    }
    found = tamis_token_hashes(tamis_buf_slice(&analyzer->normalized),
                               words_of(&analyzer->tokens) + *carried);
    count = *carried + found;
    if (at->shingle_count + count > at->shingles_kept_max && at->drops_repeats) {
        status = drop_repeats(analyzer, at);
        if (status != TAMIS_OK) {
            return status;
        }
    }
    if (at->shingle_count + count > at->shingles_kept_max && at->shingle_count > 0) {
        tamis_sketcher_add(analyzer->sketcher, words_of(&analyzer->shingles), at->shingle_count);
        at->shingle_count = 0;
        at->is_whole = false;
    }
    analyzer->shingles.size = at->shingle_count * sizeof(uint64_t);
    status = tamis_buf_reserve(&analyzer->shingles, count * sizeof(uint64_t));
    if (status != TAMIS_OK) {
        return status;
    }
    at->token_count += found;
    found = tamis_shingle_hashes(words_of(&analyzer->tokens), count, n,
                                 words_of(&analyzer->shingles) + at->shingle_count);
    at->shingle_count += found;
    at->shingle_total += found;
    keep = count < n - 1 ? count : n - 1;
    memmove(words_of(&analyzer->tokens), words_of(&analyzer->tokens) + (count - keep),
            keep * sizeof(uint64_t));
    *carried = keep;
    return TAMIS_OK;
}

/* Walks the whole text. Shingles beyond what may be kept go to the sketcher; the last of them, or
 * all, are in the buffer. */
static tamis_status walk_text(tamis_analyzer *analyzer, tamis_slice text, walk *at)
{
    size_t carried = 0;
    size_t done = 0;

    *at = (walk){.shingles_kept_max = at->shingles_kept_max,
                 .is_whole = true,
                 .drops_repeats = at->drops_repeats};
    while (done < text.size) {
        tamis_slice rest = tamis_slice_of(text.data + done, text.size - done);
        size_t size = tamis_normalizer_cut(analyzer->normalizer, rest, PIECE_BYTES);
        tamis_status status = walk_piece(analyzer, tamis_slice_of(rest.data, size), &carried, at);

        if (status != TAMIS_OK) {
            return status;
        }
        done += size;
    }
    if (at->token_count > 0 && at->token_count < analyzer->settings.shingle) {
        /* Too few for one shingle: all of them are one. They fit, being carried, and so does this.
         */
        tamis_status status = tamis_buf_reserve(&analyzer->shingles, sizeof(uint64_t));

        if (status != TAMIS_OK) {
            return status;
        }
        at->shingle_count = tamis_shingle_hashes(words_of(&analyzer->tokens), carried,
                                                 (uint32_t)carried, words_of(&analyzer->shingles));
        at->shingle_total = at->shingle_count;
    }
    return TAMIS_OK;
}
