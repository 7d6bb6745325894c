/* SPDX-License-Identifier: Apache-2.0 */
#include "local_stage_tasks.h"
#include "local_tasks.h"
#include "tamis/split_result.h"

const tamis_task_table *tamis_local_tasks(void)
{
    static const tamis_task_table table = {
        .run =
            {
                [TAMIS_STAGE_SPOOL_PLAN] = tamis_task_spool_plan,
                [TAMIS_STAGE_RESOLVE] = tamis_task_resolve,
                [TAMIS_STAGE_REPOINT] = tamis_task_repoint,
                [TAMIS_STAGE_REPORT] = tamis_task_report,
                [TAMIS_STAGE_QUALITY] = tamis_task_quality,
            },
        .check_blob = tamis_split_results_check,
    };

    return &table;
}
