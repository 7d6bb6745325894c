/* SPDX-License-Identifier: Apache-2.0 */
/* scope.h - folds a scope into a key, so that documents of different scopes never meet.
 *
 * Pure.
 */
#ifndef TAMIS_SCOPE_H
#define TAMIS_SCOPE_H

#include "tamis/hash.h"

/* FORMATS 1.7. */
static inline uint64_t scope_fold(uint64_t key, uint64_t scope_hash)
{
    return tamis_mum(key ^ scope_hash, TAMIS_HASH_K3);
}

#endif
