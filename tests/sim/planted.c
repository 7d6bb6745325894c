/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_pool.h"

#ifdef TAMIS_PLANTED_FAULTS
tamis_plant tamis_planted = TAMIS_PLANT_NONE;
#endif

typedef struct plant_text {
    const char *name;
    const char *what;
} plant_text;

static const plant_text plants[TAMIS_PLANT_COUNT] = {
    [TAMIS_PLANT_NONE] = {"none", "nothing is wrong"},
#define PLANT_TEXT(NAME, text, is_wrong) [TAMIS_PLANT_##NAME] = {text, is_wrong},
    TAMIS_PLANTED_TABLE(PLANT_TEXT)
#undef PLANT_TEXT
};

const char *sim_plant_name(tamis_plant plant)
{
    return plants[plant].name;
}

const char *sim_plant_what(tamis_plant plant)
{
    return plants[plant].what;
}

tamis_plant sim_plant_of(const char *name)
{
    for (int i = 0; i < TAMIS_PLANT_COUNT; i++) {
        if (strcmp(plants[i].name, name) == 0) {
            return (tamis_plant)i;
        }
    }
    return TAMIS_PLANT_COUNT;
}

bool sim_plant(tamis_plant plant)
{
#ifdef TAMIS_PLANTED_FAULTS
    tamis_planted = plant;
    return true;
#else
    return plant == TAMIS_PLANT_NONE;
#endif
}
