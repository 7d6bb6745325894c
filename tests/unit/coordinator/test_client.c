/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: a client brings its job to the coordinator whole, whatever is lost or restarted on the way,
 * and returns when it should.
 * Method: the test plays the coordinator on a real socket; the client runs on a thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "client.h"
#include "tamis/wire.h"

#define URL         "inproc://client"
#define JOB_ID      "00000000000000aa"
#define GIVE_UP_MS  20000
#define INPUTS      2000
#define TEXT_SIZE   4000
#define CHUNK_COUNT 3 /* of the job */

typedef struct fixture {
    tamis_net *net;
    tamis_socket *socket; /* of the coordinator */
    tamis_packet *packet;
    tamis_job *job;
    tamis_buf packed;
    tamis_client_options options;
    pthread_t thread;
    tamis_run_status *status;
    tamis_status result;
    tamis_err err;
    tamis_message *heard;
} fixture;

static char *long_text(unsigned number)
{
    char *text = malloc(TEXT_SIZE + 1);

    assert_non_null(text);
    memset(text, 'x', TEXT_SIZE);
    (void)snprintf(text, 16, "/%014u", number);
    text[15] = 'x';
    text[TEXT_SIZE] = 0;
    return text;
}

/* A job that takes CHUNK_COUNT chunks. */
static tamis_job *make_job(void)
{
    tamis_job *job = calloc(1, sizeof(*job));

    assert_non_null(job);
    tamis_settings_defaults(&job->settings);
    job->id = strdup(JOB_ID);
    job->out_path = strdup("/out");
    job->plan.inputs = calloc(INPUTS, sizeof(*job->plan.inputs));
    job->plan.splits = calloc(INPUTS, sizeof(*job->plan.splits));
    assert_non_null(job->plan.inputs);
    assert_non_null(job->plan.splits);
    job->plan.input_count = INPUTS;
    job->plan.split_count = INPUTS;
    for (unsigned i = 0; i < INPUTS; i++) {
        job->plan.inputs[i] = (tamis_input){
            .path = long_text(i),
            .shown = long_text(i),
            .name = long_text(i),
            .size_bytes = 100,
            .first_split = i,
            .split_count = 1,
        };
        job->plan.splits[i] = (tamis_split){.input = i, .end = 100};
    }
    assert_int_equal(tamis_plan_layout(&job->plan, NULL), TAMIS_OK);
    return job;
}

static void *run_client(void *argument)
{
    fixture *f = argument;

    f->result = tamis_client_run(&f->options, f->status, &f->err);
    return NULL;
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    tamis_socket_options options = {.kind = TAMIS_SOCKET_ROUTER,
                                    .frame_size_max = TAMIS_WIRE_BULK_MAX};

    assert_non_null(f);
    f->job = make_job();
    tamis_buf_init(&f->packed, 0);
    assert_int_equal(tamis_job_pack(f->job, &f->packed), TAMIS_OK);
    assert_in_range(f->packed.size, (CHUNK_COUNT - 1) * TAMIS_JOB_CHUNK_MAX + 1,
                    CHUNK_COUNT * TAMIS_JOB_CHUNK_MAX);
    f->status = calloc(1, sizeof(*f->status));
    f->packet = tamis_packet_create();
    assert_true(f->status != NULL && f->packet != NULL);
    assert_int_equal(tamis_net_create(&f->net, NULL), TAMIS_OK);
    assert_int_equal(tamis_socket_open(f->net, &options, &f->socket, NULL), TAMIS_OK);
    assert_int_equal(tamis_socket_bind(f->socket, URL, NULL, NULL), TAMIS_OK);
    f->options =
        (tamis_client_options){.net = f->net, .url = URL, .job = f->job, .give_up_ms = GIVE_UP_MS};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    tamis_message_destroy(f->heard);
    tamis_packet_destroy(f->packet);
    tamis_socket_close(f->socket);
    tamis_net_destroy(f->net);
    tamis_job_destroy(f->job);
    tamis_buf_fini(&f->packed);
    free(f->status);
    free(f);
    return 0;
}

static void start(fixture *f)
{
    assert_int_equal(pthread_create(&f->thread, NULL, run_client, f), 0);
}

static void join(fixture *f, tamis_status result)
{
    assert_int_equal(pthread_join(f->thread, NULL), 0);
    if (f->result != result) {
        fail_msg("%s: %s", tamis_status_name(f->result), f->err.text);
    }
}

/* Waits for the next packet of that kind; others are passed over. */
static const tamis_message *hear(fixture *f, tamis_message_kind kind)
{
    for (;;) {
        bool is_ready = false;
        tamis_status status = TAMIS_OK;

        assert_int_equal(tamis_net_poll(&f->socket, 1, GIVE_UP_MS, &is_ready, NULL), TAMIS_OK);
        assert_true(is_ready);
        status = tamis_socket_receive(f->socket, f->packet);
        if (status == TAMIS_EAGAIN) {
            continue;
        }
        assert_int_equal(status, TAMIS_OK);
        tamis_message_destroy(f->heard);
        f->heard = NULL;
        assert_int_equal(tamis_wire_decode(tamis_packet_control(f->packet), &f->heard, NULL),
                         TAMIS_OK);
        if (f->heard->kind == kind) {
            return f->heard;
        }
    }
}

static void say(fixture *f, const tamis_message *message)
{
    tamis_buf control;

    tamis_buf_init(&control, 0);
    assert_int_equal(tamis_wire_encode(message, &control), TAMIS_OK);
    assert_int_equal(tamis_socket_send(f->socket, tamis_packet_peer(f->packet),
                                       tamis_buf_slice(&control), tamis_slice_of(NULL, 0)),
                     TAMIS_OK);
    tamis_buf_fini(&control);
}

static void answer(fixture *f, tamis_message_kind kind, tamis_status status, uint64_t offset)
{
    tamis_message message = {.kind = kind};

    memcpy(message.job, JOB_ID, sizeof(message.job));
    message.body.refused.status = status;
    message.body.refused.text = "because";
    message.body.refused.offset = offset;
    say(f, &message);
}

static void tell_state(fixture *f, tamis_run_state run_state)
{
    tamis_message message = {.kind = TAMIS_MESSAGE_STATUS};
    tamis_run_status *status = calloc(1, sizeof(*status));

    assert_non_null(status);
    memcpy(message.job, JOB_ID, sizeof(message.job));
    status->state = run_state;
    status->tasks_executed = 7;
    message.body.status = status;
    say(f, &message);
    free(status);
}

/* Waits for the piece from that offset on, and compares it with the job. */
static void expect_chunk(fixture *f, uint64_t offset)
{
    const tamis_message *message = hear(f, TAMIS_MESSAGE_SUBMIT);
    tamis_slice bulk = tamis_packet_bulk(f->packet);
    uint64_t rest = f->packed.size - offset;

    assert_int_equal(message->body.submit.offset, offset);
    assert_int_equal(message->body.submit.total, f->packed.size);
    assert_true(tamis_digest_is_equal(message->body.submit.digest,
                                      tamis_hash128(f->packed.data, f->packed.size)));
    assert_int_equal(bulk.size, rest < TAMIS_JOB_CHUNK_MAX ? rest : TAMIS_JOB_CHUNK_MAX);
    assert_memory_equal(bulk.data, f->packed.data + offset, bulk.size);
}

/* Takes a piece and asks for the next one, or accepts the job. */
static void take_chunk(fixture *f, uint64_t offset)
{
    uint64_t end = offset + TAMIS_JOB_CHUNK_MAX;

    expect_chunk(f, offset);
    answer(f, TAMIS_MESSAGE_SUBMITTED, end < f->packed.size ? TAMIS_EAGAIN : TAMIS_OK,
           end < f->packed.size ? end : 0);
}

static void take_job(fixture *f)
{
    for (uint64_t i = 0; i < CHUNK_COUNT; i++) {
        take_chunk(f, i * TAMIS_JOB_CHUNK_MAX);
    }
}

static void finish(fixture *f)
{
    (void)hear(f, TAMIS_MESSAGE_STATUS_REQUEST);
    tell_state(f, TAMIS_RUN_DONE);
    join(f, TAMIS_OK);
    assert_int_equal(f->status->state, TAMIS_RUN_DONE);
    assert_int_equal(f->status->tasks_executed, 7);
}

static void test_upload(void **state)
{
    fixture *f = *state;

    start(f);
    take_job(f);
    (void)hear(f, TAMIS_MESSAGE_STATUS_REQUEST);
    tell_state(f, TAMIS_RUN_PAUSED); /* which is no end */
    finish(f);
}

static void test_lost_and_repeated_words(void **state)
{
    fixture *f = *state;

    start(f);
    expect_chunk(f, 0); /* its answer is lost */
    take_chunk(f, 0);
    expect_chunk(f, TAMIS_JOB_CHUNK_MAX);
    answer(f, TAMIS_MESSAGE_SUBMITTED, TAMIS_EAGAIN, TAMIS_JOB_CHUNK_MAX); /* late: of the first */
    answer(f, TAMIS_MESSAGE_SUBMITTED, TAMIS_EAGAIN, 2 * TAMIS_JOB_CHUNK_MAX);
    answer(f, TAMIS_MESSAGE_SUBMITTED, TAMIS_EAGAIN, 2 * TAMIS_JOB_CHUNK_MAX);
    take_chunk(f, 2 * TAMIS_JOB_CHUNK_MAX);                                /* once */
    answer(f, TAMIS_MESSAGE_SUBMITTED, TAMIS_EAGAIN, TAMIS_JOB_CHUNK_MAX); /* after the end */
    finish(f);
}

static void test_restart_in_an_upload(void **state)
{
    fixture *f = *state;

    start(f);
    take_chunk(f, 0);
    take_chunk(f, TAMIS_JOB_CHUNK_MAX);
    expect_chunk(f, 2 * TAMIS_JOB_CHUNK_MAX);
    answer(f, TAMIS_MESSAGE_SUBMITTED, TAMIS_EAGAIN, 0); /* it knows nothing of this upload */
    take_job(f);
    (void)hear(f, TAMIS_MESSAGE_STATUS_REQUEST);
    answer(f, TAMIS_MESSAGE_REFUSED, TAMIS_ENOENT, 0); /* nor, with another ledger, of the job */
    take_job(f);
    finish(f);
}

static void test_offset_behind_the_end(void **state)
{
    fixture *f = *state;

    start(f);
    expect_chunk(f, 0);
    answer(f, TAMIS_MESSAGE_SUBMITTED, TAMIS_EAGAIN, f->packed.size + 1);
    join(f, TAMIS_EFORMAT);
}

static void test_detached(void **state)
{
    fixture *f = *state;

    f->options.is_detached = true;
    start(f);
    expect_chunk(f, 0);
    answer(f, TAMIS_MESSAGE_SUBMITTED, TAMIS_OK, 0); /* it knows the job by its digest */
    join(f, TAMIS_OK);
    assert_string_equal(f->status->job_id, JOB_ID);
    assert_int_equal(f->status->state, TAMIS_RUN_QUEUED);
}

static void test_refused(void **state)
{
    static const tamis_message_kind kinds[] = {TAMIS_MESSAGE_SUBMITTED, TAMIS_MESSAGE_REFUSED};
    fixture *f = *state;

    for (size_t i = 0; i < 2; i++) {
        start(f);
        expect_chunk(f, 0);
        answer(f, kinds[i], TAMIS_EDENIED, 0);
        join(f, TAMIS_EDENIED);
        assert_non_null(strstr(f->err.text, "because"));
    }
}

static void test_nobody_answers(void **state)
{
    fixture *f = *state;

    f->options.give_up_ms = 150;
    start(f);
    join(f, TAMIS_EPEER);
    assert_int_equal(f->status->state, TAMIS_RUN_CONNECTING);
}

#define CLIENT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLIENT_TEST(test_upload),
        CLIENT_TEST(test_lost_and_repeated_words),
        CLIENT_TEST(test_restart_in_an_upload),
        CLIENT_TEST(test_offset_behind_the_end),
        CLIENT_TEST(test_detached),
        CLIENT_TEST(test_refused),
        CLIENT_TEST(test_nobody_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
