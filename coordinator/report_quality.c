/* SPDX-License-Identifier: Apache-2.0 */
#include "report_quality.h"

#include <inttypes.h>
#include <stdlib.h>

#include "tamis/grades_cursor.h"
#include "tamis/hash.h"

/* ---- Sums ---- */

static int compare(const tamis_quality_count *a, const tamis_quality_count *b)
{
    return a->reason != b->reason ? (a->reason > b->reason) - (a->reason < b->reason)
                                  : strcmp(a->language, b->language);
}

/* Makes room for one more at `at`. */
static tamis_status insert(tamis_quality_sums *sums, size_t at, const tamis_quality_count *count)
{
    if (sums->count == sums->capacity) {
        size_t capacity = sums->capacity == 0 ? 16 : 2 * sums->capacity;
        tamis_quality_count *counts = realloc(sums->counts, capacity * sizeof(*counts));

        if (counts == NULL) {
            return TAMIS_ENOMEM;
        }
        sums->counts = counts;
        sums->capacity = capacity;
    }
    memmove(sums->counts + at + 1, sums->counts + at, (sums->count - at) * sizeof(*sums->counts));
    sums->counts[at] = *count;
    sums->count++;
    return TAMIS_OK;
}

static tamis_status add_one(tamis_quality_sums *sums, const tamis_quality_count *count)
{
    size_t low = 0;
    size_t high = sums->count;
    tamis_quality_count *sum = NULL;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&sums->counts[middle], count) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == sums->count || compare(&sums->counts[low], count) != 0) {
        return insert(sums, low, count);
    }
    sum = &sums->counts[low];
    sum->documents += count->documents;
    sum->text_bytes += count->text_bytes;
    sum->kept += count->kept;
    sum->edited += count->edited;
    sum->edited_bytes += count->edited_bytes;
    sum->written_bytes += count->written_bytes;
    return TAMIS_OK;
}

tamis_status tamis_quality_sums_add(tamis_quality_sums *sums, tamis_slice counts)
{
    size_t position = 0;
    tamis_quality_count count;
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK) {
        status = tamis_quality_count_get(counts, &position, &count);
        if (status == TAMIS_OK) {
            status = add_one(sums, &count);
        }
    }
    return status == TAMIS_END ? TAMIS_OK : status;
}

uint16_t tamis_quality_sums_reason_max(const tamis_quality_sums *sums)
{
    return sums->count == 0 ? 0 : sums->counts[sums->count - 1].reason;
}

void tamis_quality_sums_fini(tamis_quality_sums *sums)
{
    free(sums->counts);
    *sums = (tamis_quality_sums){0};
}

/* ---- Names ---- */

tamis_status tamis_reason_names_read(const tamis_task_env *env, tamis_reason_names *out_names,
                                     tamis_err *err)
{
    tamis_grades_reader *reader = NULL;
    tamis_reason_names names = {0};
    tamis_status status = TAMIS_OK;

    if (env->job->plan.batch_count == 0) {
        return TAMIS_OK;
    }
    status = tamis_task_open_grades(env, 0, TAMIS_RESULT_VERDICTS, 0, &reader, err);
    if (status != TAMIS_OK) {
        return status;
    }
    names.count = tamis_grades_reason_count(reader);
    names.names = calloc(names.count, sizeof(*names.names));
    for (size_t i = 0; names.names != NULL && status == TAMIS_OK && i < names.count; i++) {
        names.names[i] = strdup(tamis_grades_reason(reader, i));
        status = names.names[i] == NULL ? TAMIS_ENOMEM : TAMIS_OK;
    }
    tamis_grades_reader_close(reader);
    if (names.names == NULL || status != TAMIS_OK) {
        tamis_reason_names_fini(&names);
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the names of reasons");
    }
    *out_names = names;
    return TAMIS_OK;
}

void tamis_reason_names_fini(tamis_reason_names *names)
{
    for (size_t i = 0; names->names != NULL && i < names->count; i++) {
        free(names->names[i]);
    }
    free(names->names);
    *names = (tamis_reason_names){0};
}

/* ---- Members ---- */

static void put(tamis_buf *out, tamis_status *status, const char *text)
{
    if (*status == TAMIS_OK) {
        *status = tamis_buf_append_string(out, text);
    }
}

static void put_number(tamis_buf *out, tamis_status *status, const char *before, uint64_t number)
{
    if (*status == TAMIS_OK) {
        *status = tamis_buf_append_format(out, "%s%" PRIu64, before, number);
    }
}

static void put_string(tamis_buf *out, tamis_status *status, const char *before, tamis_slice text)
{
    put(out, status, before);
    put(out, status, "\"");
    if (*status == TAMIS_OK) {
        *status = tamis_buf_append_json(out, text);
    }
    put(out, status, "\"");
}

tamis_status tamis_report_reasons(const tamis_quality_sums *sums, const tamis_reason_names *names,
                                  bool *is_first, tamis_buf *out)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < sums->count;) {
        uint16_t reason = sums->counts[i].reason;
        uint64_t documents = 0;
        uint64_t bytes = 0;

        for (; i < sums->count && sums->counts[i].reason == reason; i++) {
            documents += sums->counts[i].documents;
            bytes += sums->counts[i].text_bytes;
        }
        if (reason == 0) {
            continue;
        }
        TAMIS_ASSERT(reason < names->count); /* the sums were checked against them */
        put_string(out, &status, *is_first ? "" : ",", tamis_slice_of_string(names->names[reason]));
        put_number(out, &status, ":{\"documents\":", documents);
        put_number(out, &status, ",\"text_bytes\":", bytes);
        put(out, &status, "}");
        *is_first = false;
    }
    return status;
}

/* The reasons of one language. */
static tamis_status put_language(const tamis_quality_sums *sums, const tamis_reason_names *names,
                                 const char *language, tamis_buf *out)
{
    tamis_quality_count all = {0};
    tamis_quality_sums own = {0};
    bool is_first = true;
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; status == TAMIS_OK && i < sums->count; i++) {
        const tamis_quality_count *count = &sums->counts[i];

        if (strcmp(count->language, language) == 0) {
            all.documents += count->documents;
            all.text_bytes += count->text_bytes;
            all.kept += count->kept;
            status = add_one(&own, count);
        }
    }
    put_number(out, &status, "{\"documents\":", all.documents);
    put_number(out, &status, ",\"text_bytes\":", all.text_bytes);
    put_number(out, &status, ",\"kept\":", all.kept);
    put(out, &status, ",\"reasons\":{");
    if (status == TAMIS_OK) {
        status = tamis_report_reasons(&own, names, &is_first, out);
    }
    put(out, &status, "}}");
    tamis_quality_sums_fini(&own);
    return status;
}

static int compare_texts(const void *left, const void *right)
{
    const char *const *a = left;
    const char *const *b = right;

    return strcmp(*a, *b);
}

tamis_status tamis_report_languages(const tamis_quality_sums *sums, const tamis_reason_names *names,
                                    tamis_buf *out)
{
    const char **languages = calloc(sums->count + 1, sizeof(*languages));
    const char *before = NULL;
    tamis_status status = languages == NULL ? TAMIS_ENOMEM : TAMIS_OK;

    put(out, &status, ",\"languages\":{");
    for (size_t i = 0; status == TAMIS_OK && i < sums->count; i++) {
        languages[i] = sums->counts[i].language;
    }
    if (status == TAMIS_OK) {
        qsort(languages, sums->count, sizeof(*languages), compare_texts);
    }
    for (size_t i = 0; status == TAMIS_OK && i < sums->count; i++) {
        /* "": languages were not looked for */
        if (languages[i][0] == '\0' || (before != NULL && strcmp(before, languages[i]) == 0)) {
            continue;
        }
        put_string(out, &status, before == NULL ? "" : ",", tamis_slice_of_string(languages[i]));
        put(out, &status, ":");
        if (status == TAMIS_OK) {
            status = put_language(sums, names, languages[i], out);
        }
        before = languages[i];
    }
    put(out, &status, "}");
    free(languages);
    return status;
}

/* The value of the line `name: ...` of a specification, which is in its one canonical form. */
static tamis_slice spec_name(const char *spec)
{
    const char *line = spec;
    size_t size = 0;

    while (line != NULL && strncmp(line, "name:", 5) != 0) {
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    if (line == NULL) {
        return tamis_slice_of(NULL, 0);
    }
    line += 5;
    line += strspn(line, " \"'");
    size = strcspn(line, "\n\"'");
    return tamis_slice_of((const uint8_t *)line, size);
}

tamis_status tamis_report_profile(const tamis_job *job, const tamis_quality_sums *sums,
                                  tamis_buf *out)
{
    tamis_quality_count all = {0};
    uint64_t dropped = 0;
    char hex[TAMIS_DIGEST_HEX_SIZE];
    const char *line = job->quality_skipped == NULL ? "" : job->quality_skipped;
    const char *comma = "";
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < sums->count; i++) {
        all.documents += sums->counts[i].documents;
        all.edited += sums->counts[i].edited;
        all.edited_bytes += sums->counts[i].edited_bytes;
        all.written_bytes += sums->counts[i].written_bytes;
        dropped += sums->counts[i].reason != 0 ? sums->counts[i].documents : 0;
    }
    tamis_digest_to_hex(tamis_hash128(job->quality, strlen(job->quality)), hex);
    put_string(out, &status, ",\n\"profile\":{\"name\":", spec_name(job->quality));
    put_string(out, &status, ",\"digest\":", tamis_slice_of_string(hex));
    put(out, &status, ",\"skipped\":[");
    while (*line != '\0') {
        size_t size = strcspn(line, "\n");

        put_string(out, &status, comma, tamis_slice_of((const uint8_t *)line, size));
        comma = ",";
        line += size + (line[size] != '\0' ? 1 : 0);
    }
    put_string(out, &status, "],\"specification\":", tamis_slice_of_string(job->quality));
    put_number(out, &status, "},\n\"quality\":{\"graded\":", all.documents);
    put_number(out, &status, ",\"dropped\":", dropped);
    put_number(out, &status, ",\"edited\":{\"documents\":", all.edited);
    put_number(out, &status, ",\"text_bytes\":", all.edited_bytes);
    put_number(out, &status, ",\"written_bytes\":", all.written_bytes);
    put(out, &status, "}}");
    return status;
}
