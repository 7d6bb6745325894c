/* SPDX-License-Identifier: Apache-2.0 */
/* json_memory.h - what becomes of JSON when memory runs out: the process ends with a message.
 *
 * Jansson (2.14 and before) passes over a byte of a string whose buffer cannot grow, looks for the
 * quote that it passed over, and writes past the end of the string until it finds one. So nothing
 * that it asks for may be refused.
 */
#ifndef TAMIS_CLI_JSON_MEMORY_H
#define TAMIS_CLI_JSON_MEMORY_H

/* Once, before any other call of Jansson. From then on a refused allocation of it writes "tamis:
 * out of memory ..." to stderr and ends the process with TAMIS_EXIT_FAILED. */
void tamis_json_memory_init(void);

#endif
