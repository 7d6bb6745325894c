/* SPDX-License-Identifier: Apache-2.0 */
/* One pair of a sample: who they are, and the surroundings of their first differences. */
#include <stdlib.h>

#include "sample_parts.h"
#include "tamis/level.h"
#include "word_diff.h"

#define JSON_VERSION  1
#define CONTEXT_BYTES 80 /* of equal text shown beside a difference */
#define COLOR_REMOVED "\x1b[31m"
#define COLOR_ADDED   "\x1b[32m"
#define COLOR_NONE    "\x1b[0m"

/* ---- What is shown of a comparison -------------------------------------------------------------
 */

typedef struct piece {
    tamis_diff_kind kind;
    tamis_slice text;
    bool has_gap_before; /* text of either document is left out there */
} piece;

typedef struct excerpt {
    piece *pieces;
    size_t count;
    size_t left; /* bytes that may still be shown */
    bool has_gap_next;
    bool is_cut; /* what follows is left out */
} excerpt;

static size_t head_size(tamis_slice text, size_t wanted)
{
    if (wanted >= text.size) {
        return text.size;
    }
    while (wanted > 0 && (text.data[wanted] & 0xC0) == 0x80) {
        wanted--;
    }
    return wanted;
}

static size_t tail_begin(tamis_slice text, size_t wanted)
{
    size_t begin = wanted >= text.size ? 0 : text.size - wanted;

    while (begin < text.size && (text.data[begin] & 0xC0) == 0x80) {
        begin++;
    }
    return begin;
}

static void put_piece(excerpt *e, tamis_diff_kind kind, tamis_slice text)
{
    size_t size = head_size(text, e->left);

    if (size != 0) {
        e->pieces[e->count++] = (piece){kind, tamis_slice_of(text.data, size), e->has_gap_next};
        e->has_gap_next = false;
        e->left -= size;
    }
    if (size < text.size) {
        e->has_gap_next = true;
    }
}

/* Equal text: whole when it is short, else what stands beside the differences. */
static void put_equal(excerpt *e, tamis_slice text, bool is_first, bool is_last)
{
    size_t head = is_first ? 0 : head_size(text, CONTEXT_BYTES);
    size_t tail = is_last ? text.size : tail_begin(text, CONTEXT_BYTES);

    if (is_first && is_last) {
        put_piece(e, TAMIS_DIFF_EQUAL, text); /* no difference at all */
        return;
    }
    if (head >= tail) {
        put_piece(e, TAMIS_DIFF_EQUAL, text);
        return;
    }
    put_piece(e, TAMIS_DIFF_EQUAL, tamis_slice_of(text.data, head));
    e->has_gap_next = e->has_gap_next || head < tail;
    put_piece(e, TAMIS_DIFF_EQUAL, tamis_slice_of(text.data + tail, text.size - tail));
}

static tamis_status excerpt_make(const tamis_diff *diff, size_t shown_bytes, excerpt *out_excerpt)
{
    excerpt e = {.left = shown_bytes};

    e.pieces = calloc(2 * diff->count + 1, sizeof(*e.pieces));
    if (e.pieces == NULL) {
        return TAMIS_ENOMEM;
    }
    for (size_t i = 0; i < diff->count && e.left > 0; i++) {
        const tamis_diff_run *run = &diff->runs[i];

        if (run->kind == TAMIS_DIFF_EQUAL) {
            put_equal(&e, run->text, i == 0, i + 1 == diff->count);
        } else {
            put_piece(&e, run->kind, run->text);
        }
        e.is_cut = i + 1 < diff->count && e.left == 0;
    }
    e.is_cut = e.is_cut || e.has_gap_next || diff->is_cut;
    *out_excerpt = e;
    return TAMIS_OK;
}

static bool has_difference(const tamis_diff *diff)
{
    for (size_t i = 0; i < diff->count; i++) {
        if (diff->runs[i].kind != TAMIS_DIFF_EQUAL) {
            return true;
        }
    }
    return false;
}

/* ---- For people --------------------------------------------------------------------------------
 */

static void print_who(tamis_text_out *out, const tamis_job *job, const char *what, tamis_ord ord,
                      tamis_slice id)
{
    char text[TAMIS_ORD_TEXT_SIZE];

    tamis_ord_to_text(ord, text);
    tamis_text_out_add(out, "  %-8s %s ", what, text);
    tamis_text_out_printable(out, id);
    tamis_text_out_add(out, ", row %u of ", tamis_ord_row(ord));
    tamis_text_out_printable(out, tamis_slice_of_string(tamis_job_input_of(job, ord)->shown));
    tamis_text_out_add(out, "\n");
}

static void print_head(tamis_text_out *out, const tamis_job *job, const tamis_result_row *row,
                       size_t number, size_t count)
{
    tamis_text_out_add(out, "%s--- %zu of %zu: ", number == 1 ? "" : "\n", number, count);
    tamis_text_out_printable(out, row->reason);
    if (row->verdict == TAMIS_VERDICT_DROP) {
        if (row->evidence.similarity != TAMIS_RATIO_NONE) {
            tamis_text_out_add(out, ", similarity %u.%04u", row->evidence.similarity / 10000,
                               row->evidence.similarity % 10000);
        }
        if (row->evidence.containment != TAMIS_RATIO_NONE) {
            tamis_text_out_add(out, ", containment %u.%04u", row->evidence.containment / 10000,
                               row->evidence.containment % 10000);
        }
        tamis_text_out_add(out, ", by %s", tamis_verified_name(row->evidence.verified));
        if (row->evidence.bands_shared != 0) {
            tamis_text_out_add(out, ", %u of %u bands", row->evidence.bands_shared,
                               job->settings.bands);
        }
    }
    tamis_text_out_add(out, "\n");
    print_who(out, job, row->verdict == TAMIS_VERDICT_DROP ? "removed" : "record", row->ord,
              row->id);
    if (row->verdict == TAMIS_VERDICT_DROP && !row->is_of_quality) {
        print_who(out, job, "witness", row->witness, row->witness_id);
    }
    for (uint32_t i = 0; i < row->via_count; i++) {
        char text[TAMIS_ORD_TEXT_SIZE];

        tamis_ord_to_text(row->via[i], text);
        tamis_text_out_add(out, "  by way of %s\n", text);
    }
}

static void print_pieces(tamis_text_out *out, const excerpt *e, bool has_color)
{
    tamis_text_out_add(out, "  ");
    for (size_t i = 0; i < e->count; i++) {
        const piece *p = &e->pieces[i];
        bool is_removed = p->kind == TAMIS_DIFF_REMOVED;

        tamis_text_out_add(out, "%s", p->has_gap_before ? "... " : "");
        if (p->kind == TAMIS_DIFF_EQUAL) {
            tamis_text_out_printable(out, p->text);
            continue;
        }
        tamis_text_out_add(out, "%s%s",
                           !has_color   ? ""
                           : is_removed ? COLOR_REMOVED
                                        : COLOR_ADDED,
                           is_removed ? "[-" : "{+");
        tamis_text_out_printable(out, p->text);
        tamis_text_out_add(out, "%s%s", is_removed ? "-]" : "+}", has_color ? COLOR_NONE : "");
    }
    tamis_text_out_add(out, "%s\n", e->is_cut ? " ..." : "");
}

static tamis_status print_texts(const tamis_sample_options *options, const sample_pick *pick,
                                tamis_text_out *out)
{
    const sample_text *texts[2] = {&pick->removed, &pick->witness};
    tamis_diff diff = {0};
    excerpt e = {0};
    tamis_status status = TAMIS_OK;

    for (unsigned i = 0; i < 2; i++) {
        if (!texts[i]->is_there && (i == 0 || !pick->copy.row.is_of_quality)) {
            tamis_text_out_add(out, "  no text of the %s: ", i == 0 ? "removed one" : "witness");
            tamis_text_out_printable(out, tamis_slice_of_string(texts[i]->note));
            tamis_text_out_add(out, "\n");
        }
    }
    if (!pick->removed.is_there) {
        return TAMIS_OK;
    }
    /* Without its witness a text is shown as it is. */
    status = tamis_diff_make(tamis_slice_of(pick->removed.bytes, pick->removed.size),
                             pick->witness.is_there
                                 ? tamis_slice_of(pick->witness.bytes, pick->witness.size)
                                 : tamis_slice_of(pick->removed.bytes, pick->removed.size),
                             &diff);
    if (status != TAMIS_OK) {
        return status;
    }
    status = excerpt_make(&diff, options->shown_bytes, &e);
    if (status == TAMIS_OK) {
        if (pick->witness.is_there && !has_difference(&diff)) {
            tamis_text_out_add(out, "  equal%s, white space aside:\n",
                               pick->removed.is_cut ? " as far as compared" : "");
        }
        e.is_cut = e.is_cut || pick->removed.is_cut;
        print_pieces(out, &e, options->has_color);
    }
    free(e.pieces);
    tamis_diff_free(&diff);
    return status;
}

/* ---- JSON --------------------------------------------------------------------------------------
 */

static void json_pieces(tamis_json *json, const excerpt *e)
{
    static const char *const kinds[] = {[TAMIS_DIFF_EQUAL] = "equal",
                                        [TAMIS_DIFF_REMOVED] = "removed",
                                        [TAMIS_DIFF_ADDED] = "added"};

    tamis_json_begin_array(json, "diff");
    for (size_t i = 0; i < e->count; i++) {
        tamis_json_begin_object(json, NULL);
        tamis_json_text(json, "kind", kinds[e->pieces[i].kind]);
        tamis_json_string(json, "text", e->pieces[i].text);
        if (e->pieces[i].has_gap_before) {
            tamis_json_bool(json, "has_gap_before", true);
        }
        tamis_json_end_object(json);
    }
    tamis_json_end_array(json);
    tamis_json_bool(json, "is_cut", e->is_cut);
}

static tamis_status json_texts(const tamis_sample_options *options, const sample_pick *pick,
                               tamis_json *json)
{
    tamis_diff diff = {0};
    excerpt e = {0};
    tamis_status status = TAMIS_OK;

    if (!pick->removed.is_there || !pick->witness.is_there) {
        tamis_json_text(json, "unreadable",
                        pick->removed.is_there ? pick->witness.note : pick->removed.note);
        return TAMIS_OK;
    }
    status = tamis_diff_make(tamis_slice_of(pick->removed.bytes, pick->removed.size),
                             tamis_slice_of(pick->witness.bytes, pick->witness.size), &diff);
    if (status != TAMIS_OK) {
        return status;
    }
    status = excerpt_make(&diff, options->shown_bytes, &e);
    if (status == TAMIS_OK) {
        e.is_cut = e.is_cut || pick->removed.is_cut || pick->witness.is_cut;
        tamis_json_bool(json, "has_difference", has_difference(&diff));
        json_pieces(json, &e);
    }
    free(e.pieces);
    tamis_diff_free(&diff);
    return status;
}

static tamis_status print_json(const tamis_sample_options *options, const tamis_job *job,
                               const sample_pick *pick, tamis_text_out *out)
{
    const tamis_result_row *row = &pick->copy.row;
    tamis_json json;
    tamis_status status = TAMIS_OK;

    tamis_json_init(&json, &out->buf);
    tamis_json_begin_object(&json, NULL);
    tamis_json_uint(&json, "version", JSON_VERSION);
    tamis_json_text(&json, "input", tamis_job_input_of(job, row->ord)->shown);
    tamis_json_raw(&json, "attributes", row->text);
    if (row->verdict == TAMIS_VERDICT_DROP) {
        status = json_texts(options, pick, &json);
    }
    tamis_json_end_object(&json);
    tamis_text_out_json(out, &json);
    tamis_text_out_add(out, "\n");
    return status;
}

tamis_status sample_print(const tamis_sample_options *options, const tamis_job *job,
                          const sample_pick *pick, size_t number, size_t count, tamis_text_out *out)
{
    if (options->is_json) {
        return print_json(options, job, pick, out);
    }
    if (number == 1 && pick->copy.row.verdict == TAMIS_VERDICT_DROP) {
        tamis_text_out_add(out, "[-in the removed document alone-] {+in its witness alone+}\n\n");
    }
    print_head(out, job, &pick->copy.row, number, count);
    return pick->copy.row.verdict == TAMIS_VERDICT_DROP ? print_texts(options, pick, out)
                                                        : TAMIS_OK;
}
