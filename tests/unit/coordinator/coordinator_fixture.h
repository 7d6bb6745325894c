/* SPDX-License-Identifier: Apache-2.0 */
/* coordinator_fixture.h - a core on a clock that the test sets, with its ledger in memory: packets
 * in, packets and ledger changes out.
 *
 * Not pure: asserts.
 */
#ifndef COORDINATOR_FIXTURE_H
#define COORDINATOR_FIXTURE_H

#include "fake_job.h"
#include "ledger.h"
#include "ledger_record.h"

#define JOB_ID  "00000000000000aa"
#define BATCHES 4
#define EPOCH   ((uint64_t)1 << 32)

typedef struct core_fixture {
    tamis_core_settings settings;
    tamis_coordinator_core *core;
    tamis_core_effects effects;
    tamis_store *store;
    tamis_job *job;
    uint64_t now_ms;
    uint64_t sequence;
    tamis_run_status status;
    tamis_message *last; /* found by expect() */
} core_fixture;

extern const tamis_slice core_no_bulk;

void core_begin(core_fixture *f);
int core_set_up(void **state);
int core_tear_down(void **state);
void core_restart(core_fixture *f);
void core_step(core_fixture *f, const tamis_core_event *event);
void core_tick(core_fixture *f, uint64_t later_ms);
void core_say(core_fixture *f, const char *peer, tamis_message *message, tamis_slice bulk);
unsigned core_count(core_fixture *f, const char *peer, tamis_message_kind kind);
const tamis_message *core_expect(core_fixture *f, const char *peer, tamis_message_kind kind);
void core_hello(core_fixture *f, const char *peer, const char *folder);
void core_request(core_fixture *f, const char *peer, uint32_t credit);
tamis_status core_submit(core_fixture *f);
tamis_message core_about(tamis_message_kind kind, uint64_t fence);
tamis_status core_finish(core_fixture *f, const char *peer, uint32_t stage, uint32_t task,
                         uint64_t fence);
void core_fail_task(core_fixture *f, const char *peer, uint32_t task, uint64_t fence,
                    tamis_status status);
void core_heartbeat(core_fixture *f, const char *peer, const tamis_held *held, size_t held_count);
tamis_held core_held_of(uint32_t task, uint64_t fence);
const tamis_run_status *core_status_of(core_fixture *f);
void core_lease_first(core_fixture *f);

#endif
