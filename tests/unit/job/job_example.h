/* SPDX-License-Identifier: Apache-2.0 */
/* job_example.h - a small job that uses every member. */
#ifndef JOB_EXAMPLE_H
#define JOB_EXAMPLE_H

#include "tamis/job.h"

/* Inputs: one to compare with, a large one in three splits, one that cannot be read, one of them
 * taken before the large one (--priority). The caller destroys it; NULL: out of memory. */
tamis_job *job_example(void);

#endif
