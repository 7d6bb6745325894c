/* SPDX-License-Identifier: Apache-2.0 */
/* needs.h - which signal and which step needs what. Pure. */
#ifndef TAMIS_NEEDS_H
#define TAMIS_NEEDS_H

#include "profile.h"
#include "tamis/signals.h"

/* Which file a signal or a step needs; ROLE_COUNT: none. */
tamis_profile_role tamis_needs_signal_role(size_t signal);
tamis_profile_role tamis_needs_step_role(const tamis_profile_step *step);
/* Whether a signal can be computed from the text with the profile's files. Counts of keywords and
 * personal data are made by their steps alone. */
bool tamis_needs_are_met(const tamis_profile *profile, size_t signal);
/* Whether one of the signals depends on the language that was found. */
bool tamis_needs_language(const uint64_t signals[TAMIS_SIGNAL_WORDS]);
/* Whether a step of keywords or personal data changes the text. */
bool tamis_needs_step_changes_text(const tamis_profile_step *step);
/* The types of personal data that a step names, as bits. TAMIS_EARG. */
TAMIS_MUST_USE
tamis_status tamis_needs_pii_types(const char *types, uint32_t *out_types, tamis_err *err);

#endif
