/* SPDX-License-Identifier: Apache-2.0 */
/* wire_trip.h - messages there and back, for the tests of the wire. cmocka.h comes first. */
#ifndef WIRE_TRIP_H
#define WIRE_TRIP_H

#include "tamis/wire.h"

#define JOB_ID     "0123456789abcdef"
#define PUBLIC_KEY "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"

static inline tamis_message head(tamis_message_kind kind)
{
    tamis_message message = {.kind = kind, .sequence = 7, .epoch = 3, .fence = 0x300000009};

    memcpy(message.job, JOB_ID, sizeof(message.job));
    return message;
}

static inline tamis_message *round_trip(const tamis_message *message)
{
    tamis_buf bytes;
    tamis_message *back = NULL;
    tamis_err err = {.status = TAMIS_OK};

    tamis_buf_init(&bytes, 0);
    assert_int_equal(tamis_wire_encode(message, &bytes), TAMIS_OK);
    if (tamis_wire_decode(tamis_buf_slice(&bytes), &back, &err) != TAMIS_OK) {
        fail_msg("%s: %s", tamis_message_kind_name(message->kind), err.text);
    }
    assert_int_equal(back->kind, message->kind);
    assert_int_equal(back->sequence, message->sequence);
    assert_int_equal(back->epoch, message->epoch);
    assert_int_equal(back->fence, message->fence);
    assert_string_equal(back->job, message->job);
    tamis_buf_fini(&bytes);
    return back;
}

static inline tamis_status decode_status(const tamis_message *message)
{
    tamis_buf bytes;
    tamis_message *back = NULL;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&bytes, 0);
    status = tamis_wire_encode(message, &bytes);
    if (status == TAMIS_OK) {
        status = tamis_wire_decode(tamis_buf_slice(&bytes), &back, NULL);
        tamis_message_destroy(back);
    }
    tamis_buf_fini(&bytes);
    return status;
}

#endif
