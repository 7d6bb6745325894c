/* SPDX-License-Identifier: Apache-2.0 */
/* rounding.h - Python's round(value, 8).
 *
 * Pure. Threads: reentrant.
 */
#ifndef TAMIS_SIGNALS_ROUNDING_H
#define TAMIS_SIGNALS_ROUNDING_H

/* The double nearest to the multiple of 1e-8 nearest to the value, which is taken exactly; of two
 * equally near ones the even multiple. |value| < 2^20; others are returned as they are. */
double tamis_round8(double value);

#endif
