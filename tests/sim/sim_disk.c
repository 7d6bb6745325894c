/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

static void give_id(sim_state *sim, uint32_t node)
{
    (void)snprintf(sim->nodes[node].folder_id, sizeof(sim->nodes[node].folder_id), "%08x%08x",
                   node + 1, ++sim->nodes[node].disk_number);
}

void sim_disks_create(sim_state *sim)
{
    for (uint32_t n = 0; n < SIM_CLIENT; n++) {
        sim_node *node = &sim->nodes[n];

        if (n == SIM_COORDINATOR) {
            (void)snprintf(node->folder, sizeof(node->folder), "/c");
        } else {
            (void)snprintf(node->folder, sizeof(node->folder), "/w%u", n - SIM_WORKER_0);
        }
        give_id(sim, n);
        for (uint32_t j = 0; j < sim->job_count; j++) {
            node->results[j] = calloc(sim->jobs[j].task_count, sizeof(sim_result *));
            SIM_REQUIRE(node->results[j] != NULL);
        }
    }
}

void sim_disks_destroy(sim_state *sim)
{
    for (uint32_t n = 0; n < SIM_CLIENT; n++) {
        for (uint32_t j = 0; j < sim->job_count; j++) {
            for (uint32_t t = 0; t < sim->jobs[j].task_count; t++) {
                sim_result_destroy(sim->nodes[n].results[j][t]);
            }
            free(sim->nodes[n].results[j]);
        }
    }
}

uint32_t sim_folder_node(const sim_state *sim, const char *folder)
{
    for (uint32_t n = 0; n < SIM_CLIENT; n++) {
        if (strcmp(sim->nodes[n].folder, folder) == 0) {
            return n;
        }
    }
    sim_fail(sim, "no node has the data folder %s", folder);
}

sim_result *sim_disk_find(const sim_state *sim, uint32_t node, const sim_job *job, uint32_t stage,
                          uint32_t task)
{
    return sim->nodes[node].results[job->index][job->first_task[stage] + task];
}

void sim_disk_put(sim_state *sim, uint32_t node, const sim_job *job, uint32_t stage, uint32_t task,
                  sim_result *result)
{
    sim_result **place = &sim->nodes[node].results[job->index][job->first_task[stage] + task];

    sim_result_destroy(*place);
    *place = result;
}

void sim_disk_replace(sim_state *sim, uint32_t node)
{
    for (uint32_t j = 0; j < sim->job_count; j++) {
        for (uint32_t t = 0; t < sim->jobs[j].task_count; t++) {
            sim_result **place = &sim->nodes[node].results[j][t];

            sim_result_destroy(*place);
            *place = NULL;
        }
    }
    give_id(sim, node);
}

const sim_result *sim_folder_find(const sim_state *sim, uint32_t node, const char *folder_id,
                                  const sim_job *job, uint32_t stage, uint32_t task)
{
    return strcmp(sim->nodes[node].folder_id, folder_id) == 0
               ? sim_disk_find(sim, node, job, stage, task)
               : NULL;
}
