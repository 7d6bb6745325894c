/* SPDX-License-Identifier: Apache-2.0 */
/* quality_cache.h - specifications that are open in this process, with their models and lists.
 *
 * Models are mapped and checked once and shared by all threads; the one that was used last stays
 * open between tasks, since the next task most likely wants it again.
 *
 * Threads: any; one opens while others wait for it.
 */
#ifndef TAMIS_QUALITY_CACHE_H
#define TAMIS_QUALITY_CACHE_H

#include "tamis/quality.h"

/* Errors of tamis_quality_open. Each needs its _release. */
TAMIS_MUST_USE
tamis_status tamis_quality_acquire(const char *spec, const struct tamis_roots *roots,
                                   const tamis_quality **out_quality, tamis_err *err);
void tamis_quality_release(const tamis_quality *quality); /* NULL is allowed */

#endif
