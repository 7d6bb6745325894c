/* SPDX-License-Identifier: Apache-2.0 */
/* step_names.h - what the steps of a profile may name. Pure. */
#ifndef TAMIS_STEP_NAMES_H
#define TAMIS_STEP_NAMES_H

#include "tamis/status.h"

typedef enum tamis_keyword_action {
    TAMIS_KEYWORDS_DROP,      /* the document */
    TAMIS_KEYWORDS_DROP_LINE, /* the lines that hold a term */
    TAMIS_KEYWORDS_TAG        /* counts */
} tamis_keyword_action;

typedef enum tamis_pii_action {
    TAMIS_PII_REPORT, /* counts and spans */
    TAMIS_PII_MASK,   /* replaces */
    TAMIS_PII_DROP    /* the document */
} tamis_pii_action;

extern const char *const tamis_keyword_action_names[]; /* NULL ends each list */
extern const char *const tamis_pii_action_names[];
/* How terms are matched: tamis_keyword_rules by name; "substring" besides. */
extern const char *const tamis_keyword_match_names[];

/* Reasons of the step `url`, as datatrove names them; NULL ends the list. */
extern const char *const tamis_url_reasons[];

/* Names of line rules; NULL ends the list. */
const char *const *tamis_edit_step_names(void);

#endif
