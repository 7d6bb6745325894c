/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "run_view.h"
#include "tamis/level.h"

#define LINE_SIZE        512
#define PLAIN_EVERY_MS   5000
#define RATE_WINDOW      16 /* samples of the moving rate, about three seconds */
#define COLUMNS_DEFAULT  80
#define COLOR_STAGE      "\033[1m"
#define COLOR_OFF        "\033[0m"
#define LEVEL_NAMES_SIZE 160

typedef struct sample {
    uint64_t ms;
    uint64_t bytes;
    uint64_t documents;
} sample;

struct tamis_progress {
    bool is_shown;
    bool is_terminal;
    bool has_color;
    bool has_line; /* something stands in the live line */
    uint64_t stored_bytes;
    uint64_t start_ms;
    uint64_t last_plain_ms;
    uint32_t stage; /* that the samples belong to */
    sample samples[RATE_WINDOW];
    unsigned sample_count;
};

static uint64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* always there on Linux */
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

tamis_progress *tamis_progress_create(tamis_progress_mode mode, tamis_color_mode color,
                                      uint64_t stored_bytes)
{
    tamis_progress *progress = calloc(1, sizeof(*progress));
    const char *no_color = getenv("NO_COLOR");

    if (progress == NULL) {
        return NULL;
    }
    progress->is_terminal = isatty(STDERR_FILENO) == 1;
    progress->is_shown =
        mode == TAMIS_PROGRESS_ALWAYS || (mode == TAMIS_PROGRESS_AUTO && progress->is_terminal);
    progress->has_color =
        color == TAMIS_COLOR_ALWAYS || (color == TAMIS_COLOR_AUTO && progress->is_terminal &&
                                        (no_color == NULL || no_color[0] == '\0'));
    progress->stored_bytes = stored_bytes;
    progress->start_ms = now_ms();
    progress->stage = UINT32_MAX;
    return progress;
}

static void take_sample(tamis_progress *p, const tamis_run_status *status, uint64_t ms)
{
    const tamis_stage_status *s = &status->stages[status->stage];

    if (p->stage != status->stage) {
        p->stage = status->stage;
        p->sample_count = 0;
    }
    if (p->sample_count == RATE_WINDOW) {
        for (unsigned i = 1; i < RATE_WINDOW; i++) {
            p->samples[i - 1] = p->samples[i];
        }
        p->sample_count--;
    }
    p->samples[p->sample_count++] =
        (sample){.ms = ms, .bytes = s->bytes, .documents = s->documents};
}

/* "  93 k docs/s  210 MB/s", empty where there is no rate yet. */
static void rate_text(const tamis_progress *p, char *out, size_t size)
{
    const sample *first = &p->samples[0];
    const sample *last = &p->samples[p->sample_count - 1];
    uint64_t ms = last->ms - first->ms;
    char bytes[32];

    out[0] = '\0';
    if (p->sample_count < 2 || ms == 0 || last->bytes < first->bytes ||
        last->documents < first->documents || last->documents == first->documents) {
        return;
    }
    tamis_format_bytes((last->bytes - first->bytes) * 1000 / ms, bytes, sizeof(bytes));
    (void)snprintf(out, size, "  %" PRIu64 " docs/s  %s/s",
                   (last->documents - first->documents) * 1000 / ms, bytes);
}

/* "  dropped exact 1234 near 567", from the stages that resolved. */
static void dropped_text(const tamis_run_status *status, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < status->stage_count; i++) {
        const tamis_stage_status *s = &status->stages[i];

        if (s->stage.kind == TAMIS_STAGE_RESOLVE && s->is_complete && used < size) {
            int length =
                snprintf(out + used, size - used, "%s%s %" PRIu64, used == 0 ? "  dropped " : " ",
                         tamis_level_get(s->stage.level)->name, s->counters[TAMIS_COUNTER_DROPPED]);

            used += length > 0 ? (size_t)length : 0;
        }
    }
}

static unsigned terminal_columns(void)
{
    struct winsize window;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1) {
        return window.ws_col;
    }
    return COLUMNS_DEFAULT;
}

static void draw(tamis_progress *p, const char *stage, const char *rest)
{
    unsigned columns = terminal_columns() - 1;
    int stage_columns = (int)columns < 18 ? (int)columns : 18;
    int rest_columns = (int)columns - stage_columns;

    if (p->is_terminal) {
        (void)fprintf(stderr, "\r\033[K%s%-18.*s%s%.*s", p->has_color ? COLOR_STAGE : "",
                      stage_columns, stage, p->has_color ? COLOR_OFF : "", rest_columns, rest);
        p->has_line = true;
    } else {
        (void)fprintf(stderr, "%-18s%s\n", stage, rest);
    }
    (void)fflush(stderr);
}

void tamis_progress_update(void *progress, const tamis_run_status *status)
{
    tamis_progress *p = progress;
    uint64_t ms = now_ms();
    char stage[64];
    char rest[LINE_SIZE];
    char rate[96];
    char dropped[LEVEL_NAMES_SIZE];
    char left[32] = "-:--";
    double whole = 0;

    if (!p->is_shown || (!p->is_terminal && ms - p->last_plain_ms < PLAIN_EVERY_MS)) {
        return;
    }
    p->last_plain_ms = ms;
    if (status->state != TAMIS_RUN_RUNNING || status->stage >= status->stage_count) {
        draw(p, tamis_run_state_name(status->state), "");
        return;
    }
    take_sample(p, status, ms);
    tamis_stage_label(&status->stages[status->stage].stage, stage, sizeof(stage));
    rate_text(p, rate, sizeof(rate));
    dropped_text(status, dropped, sizeof(dropped));
    whole = tamis_run_fraction(status, p->stored_bytes);
    if (whole > 0.01) {
        double elapsed = (double)(ms - p->start_ms) / 1000;

        tamis_format_duration((uint64_t)(elapsed / whole - elapsed + 0.5), left, sizeof(left));
    }
    (void)snprintf(rest, sizeof(rest), "%3.0f %%%s  ETA %s%s",
                   100 * tamis_stage_fraction(&status->stages[status->stage], p->stored_bytes),
                   rate, left, dropped);
    draw(p, stage, rest);
}

void tamis_progress_end(tamis_progress *progress)
{
    if (progress != NULL && progress->has_line) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
        progress->has_line = false;
    }
}

void tamis_progress_destroy(tamis_progress *progress)
{
    free(progress);
}
