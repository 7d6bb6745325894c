/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "grade_parts.h"
#include "tamis/json_out.h"
#include "tamis/number_text.h"
#include "text_out.h"

#define JSON_VERSION 1
#define SHARE_COUNT  7
#define GROUPS_SHOWN 20
#define NAME_WIDTH   44

static const double shares[SHARE_COUNT] = {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99};
static const char *const share_names[SHARE_COUNT] = {"p1", "p5", "p25", "p50", "p75", "p95", "p99"};

static tamis_status no_memory(tamis_err *err)
{
    return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the summary");
}

/* ---- Groups ---- */

static void free_group(tamis_grade_group *group, size_t columns)
{
    if (group == NULL) {
        return;
    }
    for (size_t i = 0; group->columns != NULL && i < columns; i++) {
        tamis_quantiles_fini(&group->columns[i]);
    }
    tamis_buf_fini(&group->name);
    free(group->columns);
    free(group->reasons);
    free(group);
}

static tamis_grade_group *make_group(const tamis_quality *quality, tamis_slice name)
{
    size_t columns = tamis_quality_column_count(quality);
    tamis_grade_group *group = calloc(1, sizeof(*group));

    if (group == NULL) {
        return NULL;
    }
    tamis_buf_init(&group->name, 0);
    group->columns = calloc(columns + 1, sizeof(*group->columns));
    group->reasons = calloc(tamis_quality_reason_count(quality) + 1, sizeof(*group->reasons));
    if (group->columns == NULL || group->reasons == NULL ||
        tamis_buf_append(&group->name, name.data, name.size) != TAMIS_OK) {
        free_group(group, 0);
        return NULL;
    }
    for (size_t i = 0; i < columns; i++) {
        tamis_quantiles_init(&group->columns[i]);
    }
    return group;
}

static int compare(tamis_slice a, tamis_slice b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* Finds a group or makes it at its place in the order of names. */
static tamis_status have_group(tamis_grade_groups *groups, const tamis_quality *quality,
                               tamis_slice name, const char *what, tamis_grade_group **out_group,
                               tamis_err *err)
{
    uint32_t low = 0;
    uint32_t high = groups->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare(tamis_buf_slice(&groups->items[middle]->name), name);

        if (order == 0) {
            *out_group = groups->items[middle];
            return TAMIS_OK;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (groups->count == TAMIS_GRADE_GROUPS_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "more than %u %s to sum up by: use --by none",
                             TAMIS_GRADE_GROUPS_MAX, what);
    }
    if (groups->count == groups->capacity) {
        uint32_t capacity = groups->capacity == 0 ? 16 : groups->capacity * 2;
        tamis_grade_group **items = realloc(groups->items, capacity * sizeof(tamis_grade_group *));

        if (items == NULL) {
            return no_memory(err);
        }
        groups->items = items;
        groups->capacity = capacity;
    }
    *out_group = make_group(quality, name);
    if (*out_group == NULL) {
        return no_memory(err);
    }
    memmove(groups->items + low + 1, groups->items + low,
            (groups->count - low) * sizeof(tamis_grade_group *));
    groups->items[low] = *out_group;
    groups->count++;
    return TAMIS_OK;
}

static tamis_status add_grade(tamis_grade_group *group, const tamis_quality *quality,
                              const tamis_grade *grade, tamis_err *err)
{
    size_t columns = tamis_quality_column_count(quality);

    group->documents++;
    group->reasons[grade->reason]++;
    for (size_t i = 0; i < columns; i++) {
        if (tamis_quantiles_add(&group->columns[i], grade->values[i]) != TAMIS_OK) {
            return no_memory(err);
        }
    }
    return TAMIS_OK;
}

static tamis_status merge_group(tamis_grade_group *group, const tamis_grade_group *other,
                                const tamis_quality *quality, tamis_err *err)
{
    size_t columns = tamis_quality_column_count(quality);
    size_t reasons = tamis_quality_reason_count(quality);

    group->documents += other->documents;
    for (size_t i = 0; i < reasons; i++) {
        group->reasons[i] += other->reasons[i];
    }
    for (size_t i = 0; i < columns; i++) {
        if (tamis_quantiles_merge(&group->columns[i], &other->columns[i]) != TAMIS_OK) {
            return no_memory(err);
        }
    }
    return TAMIS_OK;
}

static tamis_status merge_groups(tamis_grade_groups *groups, const tamis_grade_groups *others,
                                 const tamis_quality *quality, const char *what, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    for (uint32_t i = 0; status == TAMIS_OK && i < others->count; i++) {
        tamis_grade_group *group = NULL;

        status = have_group(groups, quality, tamis_buf_slice(&others->items[i]->name), what, &group,
                            err);
        if (status == TAMIS_OK) {
            status = merge_group(group, others->items[i], quality, err);
        }
    }
    return status;
}

static void free_groups(tamis_grade_groups *groups, size_t columns)
{
    for (uint32_t i = 0; i < groups->count; i++) {
        free_group(groups->items[i], columns);
    }
    free(groups->items);
}

/* ---- The summary ---- */

tamis_status tamis_grade_summary_init(tamis_grade_summary *summary, const tamis_quality *quality,
                                      tamis_err *err)
{
    *summary = (tamis_grade_summary){.quality = quality};
    summary->all = make_group(quality, tamis_slice_of_string(""));
    return summary->all == NULL ? no_memory(err) : TAMIS_OK;
}

void tamis_grade_summary_fini(tamis_grade_summary *summary)
{
    if (summary->quality != NULL) {
        size_t columns = tamis_quality_column_count(summary->quality);

        free_group(summary->all, columns);
        free_groups(&summary->sources, columns);
        free_groups(&summary->languages, columns);
    }
    *summary = (tamis_grade_summary){.quality = NULL};
}

tamis_status tamis_grade_summary_add(tamis_grade_summary *summary, tamis_slice source,
                                     const tamis_grade *grade, tamis_err *err)
{
    tamis_slice language =
        tamis_slice_of_string(grade->language[0] == '\0' ? "und" : grade->language);
    tamis_grade_group *group = NULL;
    tamis_status status = add_grade(summary->all, summary->quality, grade, err);

    if (status == TAMIS_OK && source.data != NULL) {
        status = have_group(&summary->sources, summary->quality, source, "sources", &group, err);
        if (status == TAMIS_OK) {
            status = add_grade(group, summary->quality, grade, err);
        }
    }
    if (status == TAMIS_OK) {
        status =
            have_group(&summary->languages, summary->quality, language, "languages", &group, err);
    }
    return status == TAMIS_OK ? add_grade(group, summary->quality, grade, err) : status;
}

tamis_status tamis_grade_summary_merge(tamis_grade_summary *summary,
                                       const tamis_grade_summary *other, tamis_err *err)
{
    tamis_status status = merge_group(summary->all, other->all, summary->quality, err);

    for (size_t i = 0; i < TAMIS_FAULT_COUNT; i++) {
        summary->faults[i] += other->faults[i];
    }
    if (status == TAMIS_OK) {
        status = merge_groups(&summary->sources, &other->sources, summary->quality, "sources", err);
    }
    return status == TAMIS_OK ? merge_groups(&summary->languages, &other->languages,
                                             summary->quality, "languages", err)
                              : status;
}

uint64_t tamis_grade_summary_set_aside(const tamis_grade_summary *summary)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < TAMIS_FAULT_COUNT; i++) {
        sum += summary->faults[i];
    }
    return sum;
}

/* ---- JSON ---- */

static void json_number(tamis_json *json, const char *name, double value)
{
    char text[TAMIS_NUMBER_TEXT_SIZE];

    (void)tamis_double_to_text(value, text);
    tamis_json_raw(json, name, tamis_slice_of_string(text));
}

static tamis_status json_column(tamis_json *json, const char *name, const tamis_quantiles *column)
{
    double values[SHARE_COUNT];
    tamis_status status = tamis_quantiles_get(column, shares, SHARE_COUNT, values);

    if (status != TAMIS_OK) {
        return status;
    }
    tamis_json_begin_object(json, name);
    tamis_json_uint(json, "count", column->count);
    tamis_json_uint(json, "nulls", column->null_count);
    json_number(json, "min", column->count == 0 ? (double)NAN : column->min);
    for (size_t i = 0; i < SHARE_COUNT; i++) {
        json_number(json, share_names[i], values[i]);
    }
    json_number(json, "max", column->count == 0 ? (double)NAN : column->max);
    tamis_json_end_object(json);
    return TAMIS_OK;
}

static tamis_status json_group(tamis_json *json, const char *member, const char *name_member,
                               const tamis_grade_group *group, const tamis_quality *quality)
{
    size_t reasons = tamis_quality_reason_count(quality);
    size_t columns = tamis_quality_column_count(quality);
    tamis_status status = TAMIS_OK;

    tamis_json_begin_object(json, member);
    if (name_member != NULL) {
        tamis_json_string(json, name_member, tamis_buf_slice(&group->name));
    }
    tamis_json_uint(json, "documents", group->documents);
    tamis_json_uint(json, "kept", group->reasons[0]);
    tamis_json_begin_object(json, "reasons");
    for (size_t i = 1; i < reasons; i++) {
        if (group->reasons[i] != 0) {
            tamis_json_uint(json, tamis_quality_reason(quality, i), group->reasons[i]);
        }
    }
    tamis_json_end_object(json);
    tamis_json_begin_object(json, "signals");
    for (size_t i = 0; status == TAMIS_OK && i < columns; i++) {
        status = json_column(json, tamis_quality_column(quality, i), &group->columns[i]);
    }
    tamis_json_end_object(json);
    tamis_json_end_object(json);
    return status;
}

static tamis_status json_groups(tamis_json *json, const char *member, const char *name_member,
                                const tamis_grade_groups *groups, const tamis_quality *quality)
{
    tamis_status status = TAMIS_OK;

    tamis_json_begin_array(json, member);
    for (uint32_t i = 0; status == TAMIS_OK && i < groups->count; i++) {
        status = json_group(json, NULL, name_member, groups->items[i], quality);
    }
    tamis_json_end_array(json);
    return status;
}

static void json_faults(tamis_json *json, const tamis_grade_summary *summary,
                        const tamis_grade_fault *faults, size_t fault_count)
{
    tamis_json_begin_object(json, "set_aside");
    tamis_json_uint(json, "records", tamis_grade_summary_set_aside(summary));
    tamis_json_begin_object(json, "by_fault");
    for (unsigned i = 0; i < TAMIS_FAULT_COUNT; i++) {
        if (summary->faults[i] != 0) {
            tamis_json_uint(json, tamis_fault_code((tamis_fault)i), summary->faults[i]);
        }
    }
    tamis_json_end_object(json);
    tamis_json_begin_array(json, "inputs");
    for (size_t i = 0; i < fault_count; i++) {
        tamis_json_begin_object(json, NULL);
        tamis_json_text(json, "input", faults[i].input);
        tamis_json_text(json, "text", faults[i].text);
        tamis_json_end_object(json);
    }
    tamis_json_end_array(json);
    tamis_json_end_object(json);
}

tamis_status tamis_grade_summary_json(const tamis_grade_summary *summary,
                                      const tamis_grade_fault *faults, size_t fault_count,
                                      tamis_buf *out, tamis_err *err)
{
    const tamis_quality *quality = summary->quality;
    tamis_json json;
    tamis_status status = TAMIS_OK;
    tamis_status written = TAMIS_OK;

    tamis_json_init(&json, out);
    tamis_json_begin_object(&json, NULL);
    tamis_json_uint(&json, "version", JSON_VERSION);
    tamis_json_text(&json, "profile", tamis_quality_name(quality));
    json_faults(&json, summary, faults, fault_count);
    status = json_group(&json, "all", NULL, summary->all, quality);
    if (status == TAMIS_OK) {
        status = json_groups(&json, "sources", "source", &summary->sources, quality);
    }
    if (status == TAMIS_OK) {
        status = json_groups(&json, "languages", "language", &summary->languages, quality);
    }
    if (status == TAMIS_OK) {
        tamis_json_end_object(&json);
        written = tamis_json_finish(&json);
        status = written == TAMIS_OK ? tamis_buf_append_byte(out, '\n') : written;
    }
    return status == TAMIS_OK ? TAMIS_OK : no_memory(err);
}

/* ---- Tables ---- */

static void text_groups(tamis_text_out *out, const char *title, const tamis_grade_groups *groups)
{
    if (groups->count == 0) {
        return;
    }
    tamis_text_out_add(out, "\n%12s %12s %8s  %s\n", "DOCUMENTS", "KEPT", "SHARE", title);
    for (uint32_t i = 0; i < groups->count && i < GROUPS_SHOWN; i++) {
        const tamis_grade_group *group = groups->items[i];

        tamis_text_out_add(out, "%12" PRIu64 " %12" PRIu64 " %7.2f%%  ", group->documents,
                           group->reasons[0],
                           100 * (double)group->reasons[0] / (double)group->documents);
        tamis_text_out_printable(out, tamis_buf_slice(&group->name));
        tamis_text_out_add(out, "\n");
    }
    if (groups->count > GROUPS_SHOWN) {
        tamis_text_out_add(out, "... %u more (--summary-json has all)\n",
                           groups->count - GROUPS_SHOWN);
    }
}

static void text_reasons(tamis_text_out *out, const tamis_grade_group *all,
                         const tamis_quality *quality)
{
    size_t reasons = tamis_quality_reason_count(quality);

    if (reasons <= 1) {
        return;
    }
    tamis_text_out_add(out, "\n%12s %8s  REASON\n", "DOCUMENTS", "SHARE");
    for (size_t i = 0; i < reasons; i++) {
        if (all->reasons[i] != 0) {
            tamis_text_out_add(out, "%12" PRIu64 " %7.2f%%  %s\n", all->reasons[i],
                               100 * (double)all->reasons[i] / (double)all->documents,
                               i == 0 ? "(kept)" : tamis_quality_reason(quality, i));
        }
    }
}

static tamis_status text_columns(tamis_text_out *out, const tamis_grade_group *all,
                                 const tamis_quality *quality)
{
    size_t columns = tamis_quality_column_count(quality);

    tamis_text_out_add(out, "\n%-*s %10s %10s %10s %10s %10s %8s\n", NAME_WIDTH, "SIGNAL", "P5",
                       "P25", "P50", "P75", "P95", "NULLS");
    for (size_t i = 0; i < columns; i++) {
        double values[SHARE_COUNT];
        tamis_status status = tamis_quantiles_get(&all->columns[i], shares, SHARE_COUNT, values);

        if (status != TAMIS_OK) {
            return status;
        }
        tamis_text_out_add(out, "%-*s", NAME_WIDTH, tamis_quality_column(quality, i));
        for (size_t j = 1; j + 1 < SHARE_COUNT; j++) {
            if (isnan(values[j])) {
                tamis_text_out_add(out, " %10s", "-");
            } else {
                tamis_text_out_add(out, " %10.5g", values[j]);
            }
        }
        tamis_text_out_add(out, " %8" PRIu64 "\n", all->columns[i].null_count);
    }
    return TAMIS_OK;
}

tamis_status tamis_grade_summary_text(const tamis_grade_summary *summary, FILE *file,
                                      tamis_err *err)
{
    tamis_text_out out;
    tamis_status status = TAMIS_OK;
    tamis_status finished = TAMIS_OK;

    tamis_text_out_init(&out, file);
    tamis_text_out_add(
        &out, "%" PRIu64 " documents, %" PRIu64 " kept, %" PRIu64 " records set aside\n",
        summary->all->documents, summary->all->reasons[0], tamis_grade_summary_set_aside(summary));
    text_reasons(&out, summary->all, summary->quality);
    text_groups(&out, "SOURCE", &summary->sources);
    text_groups(&out, "LANGUAGE", &summary->languages);
    status = text_columns(&out, summary->all, summary->quality);
    finished = tamis_text_out_finish(&out, err);
    return status == TAMIS_OK ? finished : no_memory(err);
}
