/* SPDX-License-Identifier: Apache-2.0 */
#include "stage_tasks.h"
#include "worker_tasks.h"

const tamis_task_table *tamis_worker_tasks(void)
{
    static const tamis_task_table table = {
        .run =
            {
                [TAMIS_STAGE_SCAN] = tamis_task_scan,
                [TAMIS_STAGE_LINK] = tamis_task_link,
                [TAMIS_STAGE_PAIR_LATER] = tamis_task_pair_later,
                [TAMIS_STAGE_PAIR_EARLIER] = tamis_task_pair_earlier,
                [TAMIS_STAGE_SPOOL] = tamis_task_spool,
                [TAMIS_STAGE_TEXT_LATER] = tamis_task_text_later,
                [TAMIS_STAGE_TEXT_EARLIER] = tamis_task_text_earlier,
                [TAMIS_STAGE_WITNESS] = tamis_task_witness,
                [TAMIS_STAGE_EMIT] = tamis_task_emit,
            },
    };

    return &table;
}
