/* SPDX-License-Identifier: Apache-2.0 */
/* language_codes.h - one code for each language, whoever found it (docs/FORMATS.md, "Language codes
 * and scores").
 *
 * Detectors write languages in many ways: "iw", "zh-Hant", "__label__no", "__label__eng_Latn".
 * Here a language has its ISO 639-1 code in today's form (he, id, yi, nb, jv), where there is none
 * its ISO 639-3 code, and "und" when it is unknown. Scripts and regions are dropped.
 *
 * Pure.
 */
#ifndef TAMIS_LANGUAGE_CODES_H
#define TAMIS_LANGUAGE_CODES_H

#include "tamis/slice.h"

#define TAMIS_LANGUAGE_CODE_SIZE 4 /* with the final zero */
#define TAMIS_LANGUAGE_UNKNOWN   "und"

/* Brings a detector's label, or a code that a user wrote, to its one form. "als" alone is what
 * Wikipedia, and with it lid.176, calls Alemannic (gsw); with a script (als_Latn) it is ISO's Tosk
 * Albanian (sq). Three letters that are not in the table stay as they are. */
void tamis_language_code(tamis_slice label, char out_code[TAMIS_LANGUAGE_CODE_SIZE]);

#endif
