/* SPDX-License-Identifier: Apache-2.0 */
/* failpoint.h - named places before and after durable steps where a test lets the process die.
 *
 * TAMIS_FAILPOINT=name:count kills the process with SIGKILL the count-th time it passes that place
 * (count 1 where it is left out). Without the variable a place costs one load of a flag.
 *
 * Threads: any.
 */
#ifndef TAMIS_FAILPOINT_H
#define TAMIS_FAILPOINT_H

#include <stdbool.h>

/* X(name, text) */
#define TAMIS_FAILPOINT_TABLE(X)                                                                   \
    X(SCAN_BEFORE_COMMIT, "scan.before_commit")     /* features written, records not */            \
    X(SCAN_AFTER_COMMIT, "scan.after_commit")       /* records too, result not reported */         \
    X(TASK_BEFORE_RENAME, "task.before_rename")     /* results complete in the attempt's folder */ \
    X(TASK_AFTER_RENAME, "task.after_rename")       /* in place, not reported */                   \
    X(LEDGER_BEFORE_COMMIT, "ledger.before_commit") /* decided, not durable */                     \
    X(LEDGER_AFTER_COMMIT, "ledger.after_commit")   /* durable, nobody told */                     \
    X(RESOLVE_AFTER, "resolve.after")                                                              \
    X(EMIT_BEFORE_PUBLISH, "emit.before_publish") /* temporary files complete */                   \
    X(EMIT_AFTER_PUBLISH, "emit.after_publish")   /* of one split */                               \
    X(REPORT_BEFORE_MANIFEST, "report.before_manifest")

typedef enum tamis_failpoint_name {
#define TAMIS_FAILPOINT_ENUM(name, text) TAMIS_FAILPOINT_##name,
    TAMIS_FAILPOINT_TABLE(TAMIS_FAILPOINT_ENUM)
#undef TAMIS_FAILPOINT_ENUM
        TAMIS_FAILPOINT_COUNT
} tamis_failpoint_name;

const char *tamis_failpoint_text(tamis_failpoint_name name);

void tamis_failpoint(tamis_failpoint_name name);

/* For main: with --list-failpoints as the only argument, prints the names of all places, one a
 * line, and returns true. Not shown by --help: it serves tests. */
bool tamis_failpoint_list(int argument_count, char *const *arguments);

#endif
