/* SPDX-License-Identifier: Apache-2.0 */
/* Encoding and decoding of the messages that a task costs, and of a full status. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tamis/wire.h"

#define ROUNDS 200000

static double now_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int measure(const tamis_message *message, unsigned rounds)
{
    tamis_buf bytes;
    double began = 0;
    double encoded = 0;
    double decoded = 0;

    tamis_buf_init(&bytes, 0);
    began = now_seconds();
    for (unsigned i = 0; i < rounds; i++) {
        tamis_buf_reset(&bytes);
        if (tamis_wire_encode(message, &bytes) != TAMIS_OK) {
            return 1;
        }
    }
    encoded = now_seconds();
    for (unsigned i = 0; i < rounds; i++) {
        tamis_message *back = NULL;

        if (tamis_wire_decode(tamis_buf_slice(&bytes), &back, NULL) != TAMIS_OK) {
            return 1;
        }
        tamis_message_destroy(back);
    }
    decoded = now_seconds();
    (void)printf("%-14s %6zu bytes   encode %7.0f ns   decode %7.0f ns\n",
                 tamis_message_kind_name(message->kind), bytes.size,
                 (encoded - began) / rounds * 1e9, (decoded - encoded) / rounds * 1e9);
    tamis_buf_fini(&bytes);
    return 0;
}

int main(void)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_ASSIGN, .sequence = 1, .fence = 5, .epoch = 1};
    tamis_run_status *status = calloc(1, sizeof(*status));
    tamis_held held[9] = {{.fence = 0}};
    int failures = status == NULL;

    if (status == NULL) {
        return 1;
    }
    (void)snprintf(message.job, sizeof(message.job), "0123456789abcdef");
    message.body.assign.task = 3;
    failures += measure(&message, ROUNDS);
    message.kind = TAMIS_MESSAGE_TASK_DONE;
    for (size_t i = 0; i < TAMIS_COUNTER_COUNT; i++) {
        message.body.task_done.counters[i] = i * 1000;
    }
    failures += measure(&message, ROUNDS);
    message.kind = TAMIS_MESSAGE_HEARTBEAT;
    message.body.heartbeat.held = held;
    message.body.heartbeat.held_count = sizeof(held) / sizeof(held[0]);
    message.body.heartbeat.credit = 9;
    message.body.heartbeat.jobs = NULL;
    message.body.heartbeat.job_count = 0;
    failures += measure(&message, ROUNDS);
    message.kind = TAMIS_MESSAGE_STATUS;
    status->stage_count = 15;
    message.body.status = status;
    failures += measure(&message, ROUNDS / 10);
    free(status);
    return failures != 0;
}
