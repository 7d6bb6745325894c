/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/reader.h"

const char *tamis_fault_code(tamis_fault fault)
{
    switch (fault) {
#define TAMIS_FAULT_CASE(name, number, code, text)                                                 \
    case TAMIS_FAULT_##name:                                                                       \
        return code;
        TAMIS_FAULT_TABLE(TAMIS_FAULT_CASE)
#undef TAMIS_FAULT_CASE
    case TAMIS_FAULT_COUNT:
        break;
    }
    return "unknown";
}

const char *tamis_fault_text(tamis_fault fault)
{
    switch (fault) {
#define TAMIS_FAULT_CASE(name, number, code, text)                                                 \
    case TAMIS_FAULT_##name:                                                                       \
        return text;
        TAMIS_FAULT_TABLE(TAMIS_FAULT_CASE)
#undef TAMIS_FAULT_CASE
    case TAMIS_FAULT_COUNT:
        break;
    }
    return "unknown";
}
