/* SPDX-License-Identifier: Apache-2.0 */
/* quality_internal.h - a specification made ready: columns, reasons, stages of the text. */
#ifndef TAMIS_QUALITY_INTERNAL_H
#define TAMIS_QUALITY_INTERNAL_H

#include "models.h"
#include "profile.h"
#include "tamis/line_rules.h"
#include "tamis/signals.h"

#define COLUMN_NAME_SIZE (2 * PROFILE_NAME_SIZE + 32)
#define NO_SIGNAL        UINT16_MAX

/* A number that is stored: a signal of the text as a stage has it, or what an edit found. */
typedef struct tamis_quality_column_info {
    char name[COLUMN_NAME_SIZE];
    uint16_t stage;
    uint16_t signal; /* NO_SIGNAL: of the edit step in front of the stage, or of a step's drop */
    tamis_line_value line_value; /* TAMIS_LINE_VALUES: which of its reasons a step gave; 0: none */
} tamis_quality_column_info;

/* What a step of the profile became. */
typedef struct tamis_quality_step {
    const tamis_profile_step *profile;
    uint16_t stage;  /* of the text that it looks at */
    uint16_t column; /* rule; has_drop */
    bool has_drop;   /* no rule, and its column tells whether it drops the document */
    uint16_t reason; /* the first of those that the step gives */
    uint16_t reason_count;
    tamis_line_rule line_rule; /* edit */
} tamis_quality_step;

/* The text between two steps that change it. */
typedef struct tamis_quality_stage {
    const char *name;                    /* of the step that left it; "" of the first */
    uint64_t wanted[TAMIS_SIGNAL_WORDS]; /* signals of statistics */
    uint64_t models[TAMIS_SIGNAL_WORDS]; /* signals of the family MODEL */
    size_t first_column;                 /* columns of a stage stand together */
    size_t end_column;
} tamis_quality_stage;

struct tamis_quality {
    tamis_profile *profile;
    tamis_models *models;
    tamis_quality_column_info *columns;
    size_t column_count;
    char (*reasons)[TAMIS_REASON_SIZE];
    size_t reason_count;
    tamis_quality_step *steps; /* one for each of the profile */
    tamis_quality_stage *stages;
    size_t stage_count;
    bool needs_language;
    bool edits_text;
};

/* Fills columns, reasons, steps and stages from the profile. TAMIS_ELIMIT, TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_quality_plan(tamis_quality *quality, tamis_err *err);

/* Whether the rule is for documents of that language. */
bool tamis_quality_rule_holds(const tamis_profile_step *step, const char *language);
bool tamis_quality_language_fails(const tamis_profile_step *step, const char *language,
                                  double score);
/* Whether the value drops the document. */
bool tamis_quality_rule_fails(const tamis_profile_step *step, double value);

#endif
