/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_frames.h - what an isolated task and the process that started it say to each other.
 *
 * A frame is its kind and the payload's size, u32 each, then the payload in fields (fields.h). The
 * task asks and waits for the ANSWER: status u32, error text, and what was asked for. RELEASE and
 * MARK_LOST have no answer. Both ends are the same program, so there is no version; but the task's
 * process may have lost its senses, so what it says is checked.
 *
 * Threads: a socket belongs to one.
 */
#ifndef TAMIS_ISOLATE_FRAMES_H
#define TAMIS_ISOLATE_FRAMES_H

#include "tamis/buf.h"
#include "tamis/fields.h"

typedef enum isolate_frame {
    ISOLATE_TASK = 1, /* to the task: the job, and everything about the task */
    ISOLATE_ANSWER,
    ISOLATE_OPEN_FILE, /* from here on: from the task. As the callbacks of tamis_task_env */
    ISOLATE_GATHER,
    ISOLATE_RELEASE,
    ISOLATE_MARK_LOST,
    ISOLATE_RECORDS_OF,
    ISOLATE_AWAIT_PUBLISH,
    ISOLATE_RESULT /* the last */
} isolate_frame;

#define ISOLATE_FRAME_MAX (64u << 20) /* of those from the task */

/* TAMIS_EPEER: the other end is gone, or takes nothing for the socket's time. */
TAMIS_MUST_USE
tamis_status isolate_frame_send(int socket, isolate_frame kind, tamis_slice payload);
/* Waits for a whole frame. TAMIS_EPEER: there is none, or it does not come in the socket's time;
 * TAMIS_ELIMIT: larger than payload_max; TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status isolate_frame_receive(int socket, size_t payload_max, isolate_frame *out_kind,
                                   tamis_buf *out_payload);

TAMIS_MUST_USE
static inline tamis_status isolate_put_text(tamis_buf *buf, const char *text)
{
    return tamis_put_slice(buf, tamis_slice_of_string(text));
}

/* Copies a text field; false: it does not fit. */
bool isolate_get_text(tamis_fields *fields, char *out_text, size_t size);

#endif
