/* SPDX-License-Identifier: Apache-2.0 */
#include "isolate_core.h"

void isolate_core_init(isolate_core *core, bool can_set_aside)
{
    *core = (isolate_core){.state = ISOLATE_ALL, .can_set_aside = can_set_aside};
}

static bool is_poisoned(const isolate_core *core, tamis_ord ord)
{
    for (size_t i = 0; i < core->poisoned_count; i++) {
        if (core->poisoned[i] == ord) {
            return true;
        }
    }
    return false;
}

static void add_poisoned(isolate_core *core, tamis_ord ord)
{
    size_t place = core->poisoned_count;

    TAMIS_ASSERT(place < TAMIS_POISONED_MAX);
    for (; place != 0 && core->poisoned[place - 1] > ord; place--) {
        core->poisoned[place] = core->poisoned[place - 1];
    }
    core->poisoned[place] = ord;
    core->poisoned_count++;
}

static isolate_verdict run_all(isolate_core *core, isolate_run *out_run)
{
    core->state = ISOLATE_ALL;
    *out_run = (isolate_run){.is_only = false};
    return ISOLATE_GO_ON;
}

static isolate_verdict run_row(tamis_ord ord, isolate_run *out_run)
{
    *out_run = (isolate_run){.is_only = true, .only = ord};
    return ISOLATE_GO_ON;
}

static tamis_ord row_of(const isolate_core *core, uint32_t row)
{
    return tamis_ord_make(tamis_ord_dump(core->suspect), tamis_ord_split(core->suspect), row);
}

/* ---- The whole task ---- */

static isolate_verdict all_ended(isolate_core *core, const isolate_outcome *outcome,
                                 isolate_run *out_run)
{
    if (!outcome->has_died) {
        return ISOLATE_DONE;
    }
    if (outcome->phase == TAMIS_ISOLATION_OTHER) {
        return ISOLATE_OUTSIDE;
    }
    core->suspect = outcome->ord;
    if (!core->can_set_aside) {
        return ISOLATE_NOT_HERE;
    }
    if (outcome->phase == TAMIS_ISOLATION_READING) {
        /* No such row: the split is read to its end, and all records are passed over. */
        core->state = ISOLATE_RESTREAM;
        return run_row(row_of(core, (uint32_t)(TAMIS_SPLIT_ROWS_MAX - 1)), out_run);
    }
    if (is_poisoned(core, outcome->ord)) {
        return ISOLATE_OUTSIDE; /* it was set aside: not of this record */
    }
    core->state = ISOLATE_FIRST;
    return run_row(core->suspect, out_run);
}

/* ---- Neighbors ---- */

static isolate_verdict next_after(isolate_core *core, isolate_run *out_run)
{
    uint32_t row = tamis_ord_row(core->suspect);
    uint32_t last = (uint32_t)(TAMIS_SPLIT_ROWS_MAX - 1);

    do {
        core->distance++;
    } while (core->distance < last - row && is_poisoned(core, row_of(core, row + core->distance)));
    if (core->tries == ISOLATE_NEIGHBORS_MAX || core->distance > last - row) {
        return ISOLATE_EVERYBODY;
    }
    core->tries++;
    core->state = ISOLATE_AFTER;
    return run_row(row_of(core, row + core->distance), out_run);
}

static isolate_verdict start_after(isolate_core *core, isolate_run *out_run)
{
    core->distance = 0;
    core->tries = 0;
    core->deaths = 0;
    return next_after(core, out_run);
}

/* To the next row towards the split's begin that is not set aside. */
static isolate_verdict next_before(isolate_core *core, isolate_run *out_run)
{
    uint32_t row = tamis_ord_row(core->suspect);

    do {
        core->distance++;
    } while (core->distance <= row && is_poisoned(core, row_of(core, row - core->distance)));
    if (core->distance > row || core->tries == ISOLATE_NEIGHBORS_MAX) {
        return core->deaths == 0 ? start_after(core, out_run) : ISOLATE_EVERYBODY;
    }
    core->tries++;
    core->state = ISOLATE_BEFORE;
    return run_row(row_of(core, row - core->distance), out_run);
}

static isolate_verdict blame(isolate_core *core, isolate_run *out_run)
{
    if (core->poisoned_count == TAMIS_POISONED_MAX) {
        return ISOLATE_TOO_MANY;
    }
    add_poisoned(core, core->suspect);
    return run_all(core, out_run);
}

static isolate_verdict suspect_ended(isolate_core *core, const isolate_outcome *outcome,
                                     isolate_run *out_run)
{
    if (!outcome->has_died) {
        return ISOLATE_ONCE;
    }
    if (outcome->phase == TAMIS_ISOLATION_READING) {
        return ISOLATE_STREAM;
    }
    if (outcome->phase != TAMIS_ISOLATION_RECORD || outcome->ord != core->suspect) {
        return ISOLATE_OUTSIDE;
    }
    if (core->state == ISOLATE_FIRST) {
        core->state = ISOLATE_SECOND;
        return run_row(core->suspect, out_run);
    }
    core->distance = 0;
    core->tries = 0;
    core->deaths = 0;
    core->has_lived = false;
    return next_before(core, out_run);
}

isolate_verdict isolate_core_step(isolate_core *core, const isolate_outcome *outcome,
                                  isolate_run *out_run)
{
    switch (core->state) {
    case ISOLATE_ALL:
        return all_ended(core, outcome, out_run);
    case ISOLATE_FIRST:
    case ISOLATE_SECOND:
        return suspect_ended(core, outcome, out_run);
    case ISOLATE_RESTREAM:
        return outcome->has_died ? ISOLATE_STREAM : ISOLATE_ONCE;
    case ISOLATE_BEFORE:
        core->deaths += outcome->has_died ? 1 : 0;
        core->has_lived = !outcome->has_died && outcome->has_rows;
        return core->has_lived ? start_after(core, out_run) : next_before(core, out_run);
    case ISOLATE_AFTER:
        if (outcome->has_died) {
            core->deaths++;
            return next_after(core, out_run);
        }
        /* One that lived without a record is behind the split's end, and there are no more; but the
         * whole split was read, and all passed over. */
        return outcome->has_rows || core->has_lived || core->deaths == 0 ? blame(core, out_run)
                                                                         : ISOLATE_EVERYBODY;
    }
    return ISOLATE_OUTSIDE;
}
