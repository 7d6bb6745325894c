/* SPDX-License-Identifier: Apache-2.0 */
/* core_fixture.h - a worker's core between a test that speaks as the coordinator and one that acts
 * as the threads, on a clock that the test sets.
 *
 * Everything asserts by itself.
 */
#ifndef CORE_FIXTURE_H
#define CORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tamis/worker_core.h"

#define JOB_ID   "00000000000000aa"
#define BATCHES  4
#define CLUSTER  "00000000000000c1"
#define LEASE_MS 1000

typedef struct fixture {
    tamis_worker_settings settings;
    tamis_worker_core *core;
    tamis_worker_effects effects;
    tamis_buf packed;
    uint64_t now_ms;
    uint64_t epoch;
    const char *cluster;
    tamis_message *last;
    tamis_err err;
} fixture;

extern const tamis_slice no_bulk;

int set_up(void **state);
int tear_down(void **state);
tamis_status try_step(fixture *f, const tamis_worker_event *event);
void step(fixture *f, const tamis_worker_event *event);
void tick(fixture *f, uint64_t later_ms);
void hear(fixture *f, tamis_message *message, tamis_slice bulk);
unsigned count(fixture *f, tamis_message_kind kind);
const tamis_worker_action *action(const fixture *f, tamis_worker_action_kind kind);
void say_welcome(fixture *f);
void persisted(fixture *f, tamis_status status);
void welcome(fixture *f);
void assign(fixture *f, uint32_t stage, uint32_t task, uint64_t fence);
void tell_job(fixture *f);
void tell_folders(fixture *f, uint64_t from, uint64_t to);
void tell_scan_owners(fixture *f, uint32_t generation);
void end(fixture *f, uint64_t fence, tamis_status status);
void published(fixture *f, uint64_t fence, tamis_status status);
void acknowledge(fixture *f, uint64_t fence);
void stop_tasks(fixture *f, uint64_t fence);
void run_first(fixture *f);

#define CORE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
