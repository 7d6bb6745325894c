/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>

#include "run_view.h"
#include "status_print.h"

#define BAR_COLUMNS   40
#define RATE_WEIGHT   0.3 /* of the newest sample in the moving rate */
#define LINE_SIZE     1024
#define WORKERS_LEAST 3 /* are shown however small the terminal is */
#define COLOR_TITLE   "\033[1m"
#define COLOR_OFF     "\033[0m"

typedef struct page {
    tamis_buf *out;
    const tamis_status_view *view;
    unsigned columns;
    unsigned rows; /* written */
    tamis_status status;
} page;

static void put_line(page *p, bool is_title, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void put_line(page *p, bool is_title, const char *format, ...)
{
    char line[LINE_SIZE];
    bool has_color = is_title && p->view->has_color;
    va_list args;

    if (p->status != TAMIS_OK) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    p->status = tamis_buf_append_format(p->out, "%s%.*s%s\n", has_color ? COLOR_TITLE : "",
                                        p->columns == 0 ? LINE_SIZE : (int)p->columns, line,
                                        has_color ? COLOR_OFF : "");
    p->rows++;
}

/* ---- The job --------------------------------------------------------------------------------- */

static void take_rates(tamis_status_view *view, const tamis_status_moment *moment)
{
    const tamis_run_status *status = moment->status;
    const tamis_stage_status *stage = &status->stages[status->stage];
    double seconds = (double)(moment->now_ms - view->last_ms) / 1000;

    if (view->stage != status->stage || strcmp(view->job, status->job_id) != 0 ||
        stage->bytes < view->last_bytes || stage->documents < view->last_documents) {
        memcpy(view->job, status->job_id, sizeof(view->job));
        view->stage = status->stage;
        view->bytes_per_s = 0;
        view->documents_per_s = 0;
    } else if (seconds > 0) {
        double bytes = (double)(stage->bytes - view->last_bytes) / seconds;
        double documents = (double)(stage->documents - view->last_documents) / seconds;
        double weight = view->bytes_per_s > 0 ? RATE_WEIGHT : 1;

        view->bytes_per_s += weight * (bytes - view->bytes_per_s);
        view->documents_per_s += weight * (documents - view->documents_per_s);
    }
    view->last_ms = moment->now_ms;
    view->last_bytes = stage->bytes;
    view->last_documents = stage->documents;
}

static void put_stage(page *p, const tamis_stage_status *stage, bool is_current)
{
    char label[64];
    char time[32];
    char bytes[32];
    char rate[64] = "";

    tamis_stage_label(&stage->stage, label, sizeof(label));
    tamis_format_duration(stage->elapsed_ms / 1000, time, sizeof(time));
    tamis_format_bytes(stage->bytes, bytes, sizeof(bytes));
    if (is_current && p->view->bytes_per_s >= 1) {
        char per_second[32];

        tamis_format_bytes((uint64_t)p->view->bytes_per_s, per_second, sizeof(per_second));
        (void)snprintf(rate, sizeof(rate), "  %s/s", per_second);
        if (p->view->documents_per_s >= 1) {
            (void)snprintf(rate, sizeof(rate), "  %s/s  %.0f docs/s", per_second,
                           p->view->documents_per_s);
        }
    }
    put_line(p, is_current, "  %-20s %9" PRIu32 "/%-9" PRIu32 " %3.0f %%  %9s  %8s%s%s", label,
             stage->tasks_done, stage->stage.task_count, 100 * tamis_stage_fraction(stage, 0),
             stage->bytes == 0 ? "" : bytes, time, rate, stage->is_skipped ? "  skipped" : "");
}

static uint64_t elapsed_ms(const tamis_run_status *status)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < status->stage_count; i++) {
        sum += status->stages[i].elapsed_ms;
    }
    return sum;
}

static void put_bar(page *p, const tamis_run_status *status)
{
    char bar[BAR_COLUMNS + 1];
    char left[32] = "-:--";
    double share = status->state == TAMIS_RUN_DONE ? 1 : tamis_run_fraction(status, 0);
    int full = (int)(share * BAR_COLUMNS + 0.5);

    for (int i = 0; i < BAR_COLUMNS; i++) {
        bar[i] = i < full ? '#' : '.';
    }
    bar[BAR_COLUMNS] = '\0';
    if (share > 0.01) {
        double seconds = (double)elapsed_ms(status) / 1000;

        tamis_format_duration((uint64_t)(seconds / share - seconds + 0.5), left, sizeof(left));
    }
    put_line(p, false, "  [%s] %3.0f %%%s%s", bar, 100 * share,
             status->state == TAMIS_RUN_RUNNING ? "  ETA " : "",
             status->state == TAMIS_RUN_RUNNING ? left : "");
}

static void put_job(page *p, const tamis_status_moment *moment)
{
    const tamis_run_status *status = moment->status;
    char time[32];
    uint64_t tasks_done = 0; /* in all, whoever coordinated then */

    tamis_format_duration(elapsed_ms(status) / 1000, time, sizeof(time));
    put_line(p, true, "%s  %s  %s  %s", status->job_id, tamis_run_state_name(status->state), time,
             moment->output);
    if (status->fault.status != TAMIS_OK) {
        put_line(p, false, "  %s", status->fault.text);
    }
    put_bar(p, status);
    for (uint32_t i = 0; i < status->stage_count; i++) {
        const tamis_stage_status *stage = &status->stages[i];

        tasks_done += stage->tasks_done;
        if (stage->is_complete || stage->tasks_done != 0 || i == status->stage) {
            put_stage(p, stage, i == status->stage && status->state == TAMIS_RUN_RUNNING);
        }
    }
    put_line(p, false,
             "  %" PRIu32 " tasks run, %" PRIu64 " done, %" PRIu64 " lost, %" PRIu64
             " second attempts, %" PRIu64 " made again, %" PRIu64 " poisoned records",
             status->tasks_running, tasks_done, status->tasks_lost, status->tasks_backup,
             status->tasks_rescued, status->quarantined_poison);
}

/* ---- The rest -------------------------------------------------------------------------------- */

static void put_head(page *p, const tamis_status_moment *moment)
{
    size_t count[TAMIS_WORKER_STATE_COUNT] = {0};
    size_t waiting = 0;

    for (size_t i = 0; i < moment->workers->row_count; i++) {
        count[moment->workers->rows[i].state]++;
    }
    for (size_t i = 0; i < moment->jobs->row_count; i++) {
        waiting += moment->jobs->rows[i].state == TAMIS_RUN_QUEUED;
    }
    put_line(p, false, "%s  workers: %zu alive, %zu draining, %zu lost  jobs: %zu, %zu waiting",
             p->view->url, count[TAMIS_WORKER_ALIVE], count[TAMIS_WORKER_DRAINING],
             count[TAMIS_WORKER_LOST], moment->jobs->row_count, waiting);
    put_line(p, false, "%s", "");
}

static void put_worker(page *p, const tamis_worker_row *row)
{
    char bytes[32];

    tamis_format_bytes(row->bytes, bytes, sizeof(bytes));
    put_line(p, false,
             "%-24.24s %-8s %4" PRIu32 "/%-4" PRIu32 " %8" PRIu64 " %6" PRIu64
             " %9s %7.1f s  %s:%s",
             row->name, tamis_worker_state_name(row->state), row->tasks_running, row->threads,
             row->tasks_done, row->tasks_lost, bytes, (double)row->silent_ms / 1000, row->host,
             row->data_folder);
}

static void put_workers(page *p, const tamis_worker_list *workers, unsigned rows)
{
    size_t room = SIZE_MAX;

    if (workers->row_count == 0) {
        put_line(p, false, "no worker has said hello");
        return;
    }
    put_line(p, true, "%-24s %-8s %9s %8s %6s %9s %9s  %s", "worker", "state", "tasks", "done",
             "lost", "bytes", "silent", "where");
    if (rows != 0) {
        room = p->rows + WORKERS_LEAST + 1 < rows ? rows - p->rows - 1 : WORKERS_LEAST;
    }
    for (size_t i = 0; i < workers->row_count; i++) {
        if (i == room) {
            put_line(p, false, "... %zu more", workers->row_count - i);
            return;
        }
        put_worker(p, &workers->rows[i]);
    }
}

tamis_status tamis_status_page(tamis_status_view *view, const tamis_status_moment *moment,
                               unsigned columns, unsigned rows, tamis_buf *out)
{
    page p = {.out = out, .view = view, .columns = columns};

    put_head(&p, moment);
    if (moment->status != NULL) {
        if (moment->status->stage < moment->status->stage_count) {
            take_rates(view, moment);
        }
        put_job(&p, moment);
        put_line(&p, false, "%s", "");
    }
    put_workers(&p, moment->workers, rows);
    return p.status;
}
