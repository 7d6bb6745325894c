/* SPDX-License-Identifier: Apache-2.0 */
/* folder_id.h - which disk a data folder is: 16 hex digits in <folder>/.folder-id, drawn once.
 *
 * A path is not enough to tell that results are still there: a replaced disk has the same path. It
 * has another id, or none.
 *
 * Threads: reentrant; any number of threads and processes may ask for the same folder.
 */
#ifndef TAMIS_FOLDER_ID_H
#define TAMIS_FOLDER_ID_H

#include "tamis/status.h"

#define TAMIS_FOLDER_ID_NAME ".folder-id"
#define TAMIS_FOLDER_ID_SIZE 17 /* with the final zero */

/* Whether the text is 16 lower-case hex digits. */
bool tamis_folder_id_is_valid(const char *id);

/* Reads the id. TAMIS_ENOENT: the folder has none, or is not there; TAMIS_ECORRUPT: the file is no
 * id; TAMIS_EIO, TAMIS_EDENIED, TAMIS_ELIMIT. */
TAMIS_MUST_USE
tamis_status tamis_folder_id_read(const char *folder, char out_id[TAMIS_FOLDER_ID_SIZE],
                                  tamis_err *err);

/* Reads the id, or draws one and writes it durably where there is none. The folder must exist. Of
 * several that draw at once one wins, and all get its id. Errors as above, TAMIS_ENOSPC. */
TAMIS_MUST_USE
tamis_status tamis_folder_id_make(const char *folder, char out_id[TAMIS_FOLDER_ID_SIZE],
                                  tamis_err *err);

#endif
