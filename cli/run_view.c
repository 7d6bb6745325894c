/* SPDX-License-Identifier: Apache-2.0 */
#include "run_view.h"

#include <inttypes.h>
#include <stdio.h>

#include "tamis/level.h"

#define SCAN_SHARE 0.50 /* of a usual run's time, for the time left */
#define EMIT_SHARE 0.40

void tamis_format_bytes(uint64_t bytes, char *out, size_t size)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)bytes;
    unsigned unit = 0;

    while (value >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        value /= 1000;
        unit++;
    }
    if (unit == 0) {
        (void)snprintf(out, size, "%" PRIu64 " B", bytes);
    } else {
        (void)snprintf(out, size,
                       value < 9.995   ? "%.2f %s"
                       : value < 99.95 ? "%.1f %s"
                                       : "%.0f %s",
                       value, units[unit]);
    }
}

void tamis_format_duration(uint64_t seconds, char *out, size_t size)
{
    uint64_t hours = seconds / 3600;
    unsigned minutes = (unsigned)(seconds / 60 % 60);
    unsigned rest = (unsigned)(seconds % 60);

    if (hours != 0) {
        (void)snprintf(out, size, "%" PRIu64 ":%02u:%02u", hours, minutes, rest);
    } else {
        (void)snprintf(out, size, "%u:%02u", minutes, rest);
    }
}

void tamis_stage_label(const tamis_stage *stage, char *out, size_t size)
{
    if (stage->kind >= TAMIS_STAGE_LINK && stage->kind <= TAMIS_STAGE_RESOLVE) {
        (void)snprintf(out, size, "%s %s", tamis_level_get(stage->level)->name,
                       tamis_stage_kind_name(stage->kind));
    } else {
        (void)snprintf(out, size, "%s", tamis_stage_kind_name(stage->kind));
    }
}

double tamis_stage_fraction(const tamis_stage_status *s, uint64_t stored_bytes)
{
    double fraction = 0;

    if (s->is_complete) {
        return 1;
    }
    if ((s->stage.kind == TAMIS_STAGE_SCAN || s->stage.kind == TAMIS_STAGE_EMIT) &&
        stored_bytes != 0) {
        fraction = (double)s->bytes / (double)stored_bytes;
    } else if (s->stage.task_count != 0) {
        fraction = (double)s->tasks_done / (double)s->stage.task_count;
    }
    return fraction > 1 ? 1 : fraction;
}

/* Of the whole run: SCAN and EMIT take most of it, the stages between share the rest. */
double tamis_run_fraction(const tamis_run_status *status, uint64_t stored_bytes)
{
    double done = 0;
    uint32_t between = status->stage_count > 2 ? status->stage_count - 2 : 1;

    for (uint32_t i = 0; i < status->stage_count; i++) {
        tamis_stage_kind kind = status->stages[i].stage.kind;
        double weight = kind == TAMIS_STAGE_SCAN   ? SCAN_SHARE
                        : kind == TAMIS_STAGE_EMIT ? EMIT_SHARE
                                                   : (1 - SCAN_SHARE - EMIT_SHARE) / between;

        done += weight * tamis_stage_fraction(&status->stages[i], stored_bytes);
    }
    return done;
}
