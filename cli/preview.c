/* SPDX-License-Identifier: Apache-2.0 */
#include "preview.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "preview_parts.h"
#include "result.h"
#include "tamis/path.h"
#include "tamis/size.h"
#include "tamis/sketch.h"
#include "tamis/split_result.h"
#include "tamis/task_support.h"

#define PAIRS_BUFFER     4096
#define SPLITS_BYTES_MAX (64u << 20)

static_assert(sizeof(((preview *)0)->folder) == TAMIS_PATH_SIZE, "a folder is a path");

tamis_status tamis_preview_parse_thresholds(const char *text, tamis_preview_options *options,
                                            tamis_err *err)
{
    const char *begin = text;

    options->threshold_count = 0;
    for (;;) {
        size_t size = strcspn(begin, ",");
        char one[TAMIS_SIZE_TEXT_SIZE];
        uint64_t ppm = 0;
        tamis_status status = TAMIS_OK;

        if (size >= sizeof(one)) {
            return tamis_err_set(err, TAMIS_EARG, "'%.40s' is no ratio", begin);
        }
        memcpy(one, begin, size);
        one[size] = '\0';
        status = tamis_ppm_parse(one, &ppm, err);
        if (status != TAMIS_OK) {
            return status;
        }
        if (ppm > TAMIS_PPM) {
            return tamis_err_set(err, TAMIS_EARG, "'%s' is out of range (0 to 1)", one);
        }
        if (options->threshold_count == TAMIS_PREVIEW_THRESHOLDS_MAX) {
            return tamis_err_set(err, TAMIS_EARG, "more than %d thresholds",
                                 TAMIS_PREVIEW_THRESHOLDS_MAX);
        }
        options->thresholds_ppm[options->threshold_count++] = (uint32_t)ppm;
        if (begin[size] == '\0') {
            return TAMIS_OK;
        }
        begin += size + 1;
    }
}

/* ---- Can the kept work answer? -----------------------------------------------------------------
 */

static bool counts_containment(const tamis_settings *settings)
{
    return settings->min_containment_ppm > settings->threshold_ppm;
}

static tamis_status check_threshold(const preview *p, uint32_t threshold_ppm, tamis_err *err)
{
    char asked[TAMIS_SIZE_TEXT_SIZE];
    char own[TAMIS_SIZE_TEXT_SIZE];

    if (threshold_ppm >= p->job->settings.threshold_ppm) {
        return TAMIS_OK;
    }
    tamis_ppm_print(threshold_ppm, asked);
    tamis_ppm_print(p->job->settings.threshold_ppm, own);
    return tamis_err_set(err, TAMIS_EARG,
                         "threshold %s is below the run's own, %s: pairs below that were not kept. "
                         "Ask for a stricter one, or run `tamis run --threshold=%s --keep-work` "
                         "into another folder and preview that",
                         asked, own, asked);
}

static tamis_status check_containment(const preview *p, tamis_err *err)
{
    const tamis_settings *settings = &p->job->settings;
    uint32_t asked_ppm = p->options->min_containment_ppm;
    bool is_wanted = false;
    char asked[TAMIS_SIZE_TEXT_SIZE];
    char own[TAMIS_SIZE_TEXT_SIZE];

    if (!p->options->has_min_containment) {
        return TAMIS_OK;
    }
    for (size_t i = 0; i < p->options->threshold_count; i++) {
        is_wanted = is_wanted || asked_ppm > p->options->thresholds_ppm[i];
    }
    tamis_ppm_print(asked_ppm, asked);
    tamis_ppm_print(settings->min_containment_ppm, own);
    if (counts_containment(settings) && asked_ppm < settings->min_containment_ppm) {
        return tamis_err_set(err, TAMIS_EARG,
                             "containment %s is below the run's own, %s: pairs below that were not "
                             "kept. Ask for a stricter one, or run again with "
                             "--min-containment=%s --keep-work",
                             asked, own, asked);
    }
    if (is_wanted && !counts_containment(settings)) {
        return tamis_err_set(err, TAMIS_EARG,
                             "the run counted no containments, because it had no --min-containment "
                             "above its threshold; run again with --min-containment=%s --keep-work",
                             asked);
    }
    return TAMIS_OK;
}

static tamis_status check_settings(preview *p, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    p->level = tamis_level_get(TAMIS_LEVEL_NEAR);
    if ((p->job->settings.levels >> p->level->id & 1) == 0) {
        return tamis_err_set(err, TAMIS_EARG,
                             "%s: the run had no level %s; only its threshold can be changed",
                             p->options->out_path, p->level->name);
    }
    for (size_t i = 0; status == TAMIS_OK && i < p->options->threshold_count; i++) {
        status = check_threshold(p, p->options->thresholds_ppm[i], err);
    }
    return status == TAMIS_OK ? check_containment(p, err) : status;
}

/* ---- Reading the kept work --------------------------------------------------------------------
 */

static tamis_status task_path(const preview *p, tamis_stage_kind kind, uint32_t task,
                              const char *name, char out_path[TAMIS_PATH_SIZE], tamis_err *err)
{
    uint32_t stage = tamis_stage_find(p->stages, p->stage_count, kind, p->level->id);

    TAMIS_ASSERT(stage != UINT32_MAX);
    return snprintf(out_path, TAMIS_PATH_SIZE, "%s/%u-%u/%s", p->folder, stage, task, name) <
                   TAMIS_PATH_SIZE
               ? TAMIS_OK
               : tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", p->folder);
}

static tamis_status open_work(preview *p, tamis_err *err)
{
    const tamis_preview_options *options = p->options;
    int size = options->work_folder != NULL
                   ? snprintf(p->folder, sizeof(p->folder), "%s", options->work_folder)
                   : snprintf(p->folder, sizeof(p->folder), "%s/.work/data/%s", options->out_path,
                              p->job->id);

    if (size < 0 || (size_t)size >= sizeof(p->folder)) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", options->out_path);
    }
    if (access(p->folder, R_OK | X_OK) != 0) {
        return tamis_err_set(err, TAMIS_ENOENT,
                             "%s: the run's work is not there; preview needs a run with "
                             "--keep-work",
                             p->folder);
    }
    p->stage_count = tamis_job_stages(p->job, p->stages);
    return TAMIS_OK;
}

/* Rows and quarantined rows of each split, from the results of SCAN. */
static tamis_status read_rows(preview *p, tamis_err *err)
{
    const tamis_plan *plan = &p->job->plan;
    tamis_buf bytes;
    tamis_status status = TAMIS_OK;

    p->rows = calloc((size_t)plan->split_count + 1, sizeof(*p->rows));
    p->quarantined = calloc((size_t)plan->split_count + 1, sizeof(*p->quarantined));
    if (p->rows == NULL || p->quarantined == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for %u splits", plan->split_count);
    }
    tamis_buf_init(&bytes, SPLITS_BYTES_MAX);
    for (uint32_t batch = 0; status == TAMIS_OK && batch < plan->batch_count; batch++) {
        char path[TAMIS_PATH_SIZE];
        tamis_scan_result split;
        size_t position = 0;

        tamis_buf_reset(&bytes);
        status = task_path(p, TAMIS_STAGE_SCAN, batch, TAMIS_SPLITS_NAME, path, err);
        if (status == TAMIS_OK) {
            status = tamis_path_read_file(path, &bytes, err);
        }
        while (status == TAMIS_OK) {
            status = tamis_scan_result_get(tamis_buf_slice(&bytes), &position, &split);
            if (status == TAMIS_OK && split.split < plan->split_count) {
                p->rows[split.split] = split.summary.rows;
                p->quarantined[split.split] = split.summary.quarantined;
            }
        }
        if (status == TAMIS_EFORMAT) {
            (void)tamis_err_set(err, status, "%s: malformed", path);
        }
        status = status == TAMIS_END ? TAMIS_OK : status;
    }
    tamis_buf_fini(&bytes);
    return status;
}

static tamis_status load_bits(const preview *p, uint32_t stage, tamis_bits **out_bits,
                              tamis_err *err)
{
    char path[TAMIS_PATH_SIZE];

    if (snprintf(path, sizeof(path), "%s/%u-0/%s", p->folder, stage, TAMIS_KEPT_NAME) >=
        TAMIS_PATH_SIZE) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", p->folder);
    }
    return tamis_bits_load(path, 0, p->job->plan.split_count, out_bits, err);
}

/* What the level before kept; every row where there is none. */
static tamis_status load_before(const preview *p, tamis_bits **out_bits, tamis_err *err)
{
    for (uint32_t stage = p->stage_count; stage-- > 0;) {
        if (p->stages[stage].kind == TAMIS_STAGE_RESOLVE && p->stages[stage].level < p->level->id) {
            return load_bits(p, stage, out_bits, err);
        }
    }
    if (p->job->quality != NULL) {
        return load_bits(
            p, tamis_stage_find(p->stages, p->stage_count, TAMIS_STAGE_QUALITY, TAMIS_LEVEL_URL),
            out_bits, err);
    }
    return tamis_bits_create(p->rows, p->job->plan.split_count, true, out_bits, err);
}

/* ---- Deciding again ----------------------------------------------------------------------------
 */

typedef struct decision {
    preview *p;
    tamis_settings settings; /* the run's, with the new thresholds */
    tamis_bits *kept;
    tamis_resolver *resolver;
    uint64_t *pairs;
    uint64_t *drops;
    size_t pair_count;
    uint64_t dropped;
} decision;

/* Whether a pair that the run accepted is accepted by the new settings. */
static bool is_accepted(const tamis_settings *settings, const uint64_t *pair)
{
    tamis_evidence evidence = tamis_evidence_unpack(pair[2]);
    uint32_t numerator = tamis_fraction_numerator(pair[3]);
    uint32_t denominator = tamis_fraction_denominator(pair[3]);

    /* Printed with four decimals, and kept so: here alone the rounding can decide. */
    if (counts_containment(settings) &&
        (evidence.containment == TAMIS_RATIO_NONE ||
         (uint64_t)evidence.containment * (TAMIS_PPM / 10000) < settings->min_containment_ppm)) {
        return false;
    }
    switch (evidence.verified) {
    case TAMIS_VERIFIED_TEXT:
        return (uint64_t)numerator * TAMIS_PPM >= (uint64_t)settings->threshold_ppm * denominator;
    case TAMIS_VERIFIED_SIGNATURE: {
        tamis_pair_evidence matches = {.matches = numerator};

        return numerator <= settings->slots &&
               tamis_decide_signature(settings, &matches, false) == TAMIS_DECISION_ACCEPT;
    }
    case TAMIS_VERIFIED_EQUALITY:
        return true;
    }
    return false;
}

static void decision_flush(decision *d)
{
    d->dropped +=
        tamis_resolver_add(d->resolver, d->pairs, d->pair_count, TAMIS_VERIFIED_WORDS, d->drops);
    d->pair_count = 0;
}

static void decision_take(decision *d, const uint64_t *pair)
{
    if (!is_accepted(&d->settings, pair)) {
        return;
    }
    memcpy(d->pairs + d->pair_count * TAMIS_VERIFIED_WORDS, pair,
           TAMIS_VERIFIED_WORDS * sizeof(*pair));
    if (++d->pair_count == PAIRS_BUFFER) {
        decision_flush(d);
    }
}

/* One piece kind of all parts of one or two stages. */
static tamis_status open_pairs(const decision *d, uint32_t kind, tamis_stage_kind first,
                               tamis_stage_kind second, tamis_stream **out_stream, tamis_err *err)
{
    const tamis_plan *plan = &d->p->job->plan;
    tamis_stream_options options = {
        .kind = kind,
        .end_part = plan->part_count,
        .words = TAMIS_VERIFIED_WORDS,
        .memory_bytes = d->p->options->memory_bytes / 2,
        .temp_folder = d->p->folder,
    };
    tamis_stage_kind stages[2] = {first, second};
    size_t stage_count = first == second ? 1 : 2;
    size_t count = 0;
    char **paths = calloc(stage_count * plan->part_count + 1, sizeof(*paths));
    tamis_status status =
        paths == NULL ? tamis_err_set(err, TAMIS_ENOMEM, "no memory for paths") : TAMIS_OK;

    for (size_t i = 0; i < stage_count; i++) {
        for (uint32_t part = 0; status == TAMIS_OK && part < plan->part_count; part++) {
            char path[TAMIS_PATH_SIZE];

            status = task_path(d->p, stages[i], part, TAMIS_RUN_NAME, path, err);
            if (status == TAMIS_OK) {
                paths[count] = strdup(path);
                status = paths[count] == NULL
                             ? tamis_err_set(err, TAMIS_ENOMEM, "no memory for paths")
                             : TAMIS_OK;
                count += status == TAMIS_OK ? 1 : 0;
            }
        }
    }
    if (status == TAMIS_OK) {
        status =
            tamis_stream_open_paths(&options, (const char *const *)paths, count, out_stream, err);
    }
    for (size_t i = 0; i < count; i++) {
        free(paths[i]);
    }
    free(paths);
    return status;
}

/* Both kinds of pairs in one order; of the undecided ones those that the signature accepted. */
static tamis_status merge_pairs(decision *d, tamis_stream *verified, tamis_stream *undecided,
                                tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK) {
        const uint64_t *a = tamis_stream_peek(verified);
        const uint64_t *b = undecided == NULL ? NULL : tamis_stream_peek(undecided);
        bool takes_b = b != NULL && (a == NULL || b[0] < a[0] || (b[0] == a[0] && b[1] < a[1]));

        if (a == NULL && b == NULL) {
            break;
        }
        if (!takes_b || (b[2] & TAMIS_EVIDENCE_ACCEPTED) != 0) {
            decision_take(d, takes_b ? b : a);
        }
        status = tamis_stream_advance(takes_b ? undecided : verified, err);
    }
    if (status == TAMIS_OK) {
        decision_flush(d);
    }
    return status;
}

static tamis_status read_pairs(decision *d, tamis_err *err)
{
    bool is_text_possible = d->settings.verify != TAMIS_VERIFY_SIGNATURE;
    char wanted[TAMIS_PATH_SIZE];
    tamis_stream *verified = NULL;
    tamis_stream *undecided = NULL;
    bool is_spooled = false;
    tamis_status status = TAMIS_OK;

    /* The list of wanted documents is there if and only if the texts decided. */
    if (is_text_possible) {
        status = task_path(d->p, TAMIS_STAGE_SPOOL_PLAN, 0, TAMIS_WANTED_NAME, wanted, err);
        is_spooled = status == TAMIS_OK && access(wanted, F_OK) == 0;
    }
    if (status == TAMIS_OK) {
        status = open_pairs(d, TAMIS_PIECE_VERIFIED, TAMIS_STAGE_PAIR_EARLIER,
                            is_spooled ? TAMIS_STAGE_TEXT_EARLIER : TAMIS_STAGE_PAIR_EARLIER,
                            &verified, err);
    }
    if (status == TAMIS_OK && is_text_possible && !is_spooled) {
        status = open_pairs(d, TAMIS_PIECE_UNDECIDED, TAMIS_STAGE_PAIR_EARLIER,
                            TAMIS_STAGE_PAIR_EARLIER, &undecided, err);
    }
    if (status == TAMIS_OK) {
        status = merge_pairs(d, verified, undecided, err);
    }
    tamis_stream_close(verified);
    tamis_stream_close(undecided);
    return status;
}

/* ---- Counting ----------------------------------------------------------------------------------
 */

static uint64_t count_bits(const tamis_bits *bits, uint64_t begin, uint64_t end)
{
    uint64_t count = 0;

    for (; begin < end && (begin & 63) != 0; begin++) {
        count += tamis_bitmap_get(&bits->map, begin) ? 1 : 0;
    }
    for (; begin + 64 <= end; begin += 64) {
        count += (uint64_t)__builtin_popcountll(bits->map.words[begin >> 6]);
    }
    for (; begin < end; begin++) {
        count += tamis_bitmap_get(&bits->map, begin) ? 1 : 0;
    }
    return count;
}

/* Quarantined rows take part in no level, so their bits are set in every bitmap. */
static tamis_status count_kept(const preview *p, const tamis_bits *kept, preview_count *count,
                               tamis_err *err)
{
    const tamis_plan *plan = &p->job->plan;

    count->inputs = calloc((size_t)plan->input_count + 1, sizeof(*count->inputs));
    if (count->inputs == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for %u inputs", plan->input_count);
    }
    for (uint32_t split = tamis_plan_against_splits(plan); split < plan->split_count; split++) {
        uint64_t sum = count_bits(kept, kept->base[split], kept->base[split + 1]);

        sum -= p->quarantined[split] < sum ? p->quarantined[split] : sum;
        count->inputs[plan->splits[split].input] += sum;
        count->kept += sum;
    }
    return TAMIS_OK;
}

static void compare_kept(const tamis_bits *now, const tamis_bits *then, preview_count *count)
{
    uint64_t bits = now->base[now->split_count];

    for (uint64_t word = 0; word * 64 < bits; word++) {
        uint64_t mask =
            bits - word * 64 < 64 ? (UINT64_C(1) << (bits - word * 64)) - 1 : UINT64_MAX;
        uint64_t a = now->map.words[word] & mask;
        uint64_t b = then->map.words[word] & mask;

        count->returned += (uint64_t)__builtin_popcountll(b & ~a);
        count->lost += (uint64_t)__builtin_popcountll(a & ~b);
    }
}

static tamis_status decide(preview *p, preview_count *count, tamis_err *err)
{
    size_t words = (size_t)PAIRS_BUFFER * TAMIS_VERIFIED_WORDS;
    decision d = {.p = p, .settings = p->job->settings};
    tamis_status status = load_before(p, &d.kept, err);

    d.settings.threshold_ppm = count->threshold_ppm;
    d.settings.min_containment_ppm = count->min_containment_ppm;
    d.pairs = calloc(words, sizeof(*d.pairs));
    d.drops = calloc(words, sizeof(*d.drops));
    if (status == TAMIS_OK && (d.pairs == NULL || d.drops == NULL)) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for a buffer of pairs");
    }
    if (status == TAMIS_OK) {
        tamis_resolver_options options = {
            .kept = &d.kept->map,
            .split_base = d.kept->base,
            .against_splits = tamis_plan_against_splits(&p->job->plan),
        };

        status = tamis_resolver_create(&options, &d.resolver, err);
    }
    if (status == TAMIS_OK) {
        status = read_pairs(&d, err);
    }
    if (status == TAMIS_OK) {
        count->dropped = d.dropped;
        compare_kept(p->now, d.kept, count);
        status = count_kept(p, d.kept, count, err);
    }
    tamis_resolver_destroy(d.resolver);
    tamis_bits_destroy(d.kept);
    free(d.pairs);
    free(d.drops);
    return status;
}

/* What the run itself decided, from its own bitmaps. */
static tamis_status count_run(preview *p, tamis_err *err)
{
    tamis_bits *before = NULL;
    uint32_t resolve =
        tamis_stage_find(p->stages, p->stage_count, TAMIS_STAGE_RESOLVE, p->level->id);
    tamis_status status = load_bits(p, resolve, &p->now, err);

    if (status == TAMIS_OK) {
        status = load_before(p, &before, err);
    }
    if (status == TAMIS_OK) {
        uint64_t bits = p->now->base[p->now->split_count];

        p->run.threshold_ppm = p->job->settings.threshold_ppm;
        p->run.min_containment_ppm = p->job->settings.min_containment_ppm;
        p->run.dropped = count_bits(before, 0, bits) - count_bits(p->now, 0, bits);
        status = count_kept(p, p->now, &p->run, err);
    }
    tamis_bits_destroy(before);
    return status;
}

static tamis_status preview_count_all(preview *p, tamis_err *err)
{
    const tamis_preview_options *options = p->options;
    tamis_status status = open_work(p, err);

    if (status == TAMIS_OK) {
        status = read_rows(p, err);
    }
    if (status == TAMIS_OK) {
        status = count_run(p, err);
    }
    p->counts = calloc(options->threshold_count, sizeof(*p->counts));
    if (status == TAMIS_OK && p->counts == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for the counts");
    }
    for (size_t i = 0; status == TAMIS_OK && i < options->threshold_count; i++) {
        p->counts[i].threshold_ppm = options->thresholds_ppm[i];
        p->counts[i].min_containment_ppm = options->has_min_containment
                                               ? options->min_containment_ppm
                                               : p->job->settings.min_containment_ppm;
        status = decide(p, &p->counts[i], err);
    }
    return status;
}

tamis_status tamis_preview(const tamis_preview_options *options, FILE *out, tamis_err *err)
{
    tamis_preview_options own = *options;
    preview p = {.options = &own};
    tamis_text_out text;
    tamis_status written = TAMIS_OK;
    tamis_status status = tamis_result_job(options->out_path, &p.job, err);

    TAMIS_ASSERT(options->threshold_count >= 1);
    TAMIS_ASSERT(options->threshold_count <= TAMIS_PREVIEW_THRESHOLDS_MAX);
    tamis_text_out_init(&text, out);
    if (status == TAMIS_OK) {
        if (own.threshold_count == 0) {
            own.thresholds_ppm[own.threshold_count++] = p.job->settings.threshold_ppm;
        }
        status = check_settings(&p, err);
    }
    if (status == TAMIS_OK) {
        status = preview_count_all(&p, err);
    }
    if (status == TAMIS_OK) {
        preview_print(&p, &text);
    }
    written = tamis_text_out_finish(&text, status == TAMIS_OK ? err : NULL);
    for (size_t i = 0; p.counts != NULL && i < own.threshold_count; i++) {
        free(p.counts[i].inputs);
    }
    free(p.counts);
    free(p.run.inputs);
    free(p.rows);
    free(p.quarantined);
    tamis_bits_destroy(p.now);
    tamis_job_destroy(p.job);
    return status == TAMIS_OK ? written : status;
}
