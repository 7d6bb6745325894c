/* SPDX-License-Identifier: Apache-2.0 */
#include "step_names.h"

#include <stddef.h>

#include "tamis/line_rules.h"

const char *const tamis_keyword_action_names[] = {"drop", "drop-line", "tag", NULL};
const char *const tamis_pii_action_names[] = {"report", "mask", "drop", NULL};
const char *const tamis_keyword_match_names[] = {"datatrove", "tfds",      "dolma", "dclm",
                                                 "rpv2",      "substring", NULL};

const char *const tamis_url_reasons[] = {
    "domain",           "subdomain",           "url", "hard_blacklisted",
    "soft_blacklisted", "blacklisted_subword", NULL};

const char *const *tamis_edit_step_names(void)
{
#define RULE_NAME(rule, name) name,
    static const char *const names[] = {TAMIS_LINE_RULE_TABLE(RULE_NAME) NULL};
#undef RULE_NAME

    return names;
}
