/* SPDX-License-Identifier: Apache-2.0 */
/* planted.h - mistakes that are built in on purpose, to see whether the simulator finds them.
 *
 * TAMIS_PLANTED(NAME) is `false` and costs nothing, but in the sources that are compiled a second
 * time for the test `sim_planted` (CMake option TAMIS_PLANTED_FAULTS): there it says whether the
 * test has chosen that mistake. No program and no library that is installed can make one. Each name
 * stands at one place or a few that belong together.
 *
 * Pure.
 */
#ifndef TAMIS_PLANTED_H
#define TAMIS_PLANTED_H

#include <stdbool.h>

/* X(NAME, "name-on-the-command-line", "what is wrong") */
#define TAMIS_PLANTED_TABLE(X)                                                                     \
    X(FENCE_UNCHECKED, "fence-unchecked", "a result under an old fence is accepted")               \
    X(REPLY_BEFORE_SYNC, "reply-before-sync", "packets leave before the ledger has their cause")   \
    X(COMMIT_UNSYNCED, "commit-unsynced", "a commit returns before its batch is on the disk")      \
    X(TORN_TAIL_READ, "torn-tail-read", "the half of a batch that reached the disk is taken in")   \
    X(BATCH_SPLIT, "batch-split", "the changes of one step are two batches of the ledger")         \
    X(STALE_NAMES_KEPT, "stale-names-kept", "what is lost at a restart stays in the ledger")       \
    X(BACKUP_ACCEPTED, "backup-accepted", "the second of two that run a task is accepted too")     \
    X(REWIND_FORGETS, "rewind-forgets", "one of the lost results is not made again")               \
    X(OLD_GENERATION_KEPT, "old-generation-kept", "a rewound job keeps its generation")            \
    X(CREDIT_IGNORED, "credit-ignored", "a worker is given more tasks than it asked for")          \
    X(DRAIN_IGNORED, "drain-ignored", "a worker that is to go is given new tasks")                 \
    X(LEAVE_TOO_EARLY, "leave-too-early", "a worker may leave with results that are needed")       \
    X(UPLOAD_CHUNK_TWICE, "upload-chunk-twice", "a repeated chunk of a job is appended again")     \
    X(EPOCH_NOT_PERSISTED, "epoch-not-persisted", "a worker forgets the epoch when it dies")       \
    X(CHUNK_UNCHECKED, "chunk-unchecked", "a chunk with a wrong checksum is kept")                 \
    X(CHUNK_TWICE, "chunk-twice", "a repeated chunk counts as a new one")                          \
    X(ISOLATION_FORGOTTEN, "isolation-forgotten", "a task that kills workers runs among others")   \
    X(LEASE_ENDLESS, "lease-endless", "a worker publishes although its lease has expired")         \
    X(OLD_HOLDER_RENEWS, "old-holder-renews", "a heartbeat under an old fence renews the lease")   \
    X(EPOCH_NOT_RAISED, "epoch-not-raised", "a restart goes on with the epoch and its fences")     \
    X(LOST_TASK_FORGOTTEN, "lost-task-forgotten", "a task whose worker is lost is not put back")   \
    X(DOUBLE_ACCEPT, "double-accept", "the repetition of a report is accepted once more")          \
    X(SKIP_NOT_RESTORED, "skip-not-restored", "a restart forgets which stages are skipped")        \
    X(DONE_NOT_RESTORED, "done-not-restored", "a restart forgets some results")                    \
    X(STAGE_TOO_EARLY, "stage-too-early", "a stage starts before the one before it is complete")   \
    X(LOWER_EPOCH_ACCEPTED, "lower-epoch-accepted", "a worker listens to an earlier coordinator")  \
    X(PAST_FORGOTTEN, "past-forgotten", "a late assignment is run again, over its own result")     \
    X(REPORT_NOT_RESENT, "report-not-resent", "a report that got lost is not sent again")          \
    X(APART_IGNORED, "apart-ignored", "a worker that is set apart is given tasks")                 \
    X(APART_FORGOTTEN, "apart-forgotten", "who cannot be reached makes again what is given up")

typedef enum tamis_plant {
    TAMIS_PLANT_NONE,
#define TAMIS_PLANT_ENUM(NAME, text, what) TAMIS_PLANT_##NAME,
    TAMIS_PLANTED_TABLE(TAMIS_PLANT_ENUM)
#undef TAMIS_PLANT_ENUM
        TAMIS_PLANT_COUNT
} tamis_plant;

#ifdef TAMIS_PLANTED_FAULTS
extern tamis_plant tamis_planted; /* set by the test before anything else runs */
#define TAMIS_PLANTED(NAME) (tamis_planted == TAMIS_PLANT_##NAME)
#else
#define TAMIS_PLANTED(NAME) false
#endif

#endif
