/* SPDX-License-Identifier: Apache-2.0 */
#include "reader_parts.h"

tamis_status warc_reader_next(tamis_reader *reader, tamis_doc *out_doc, tamis_err *err)
{
    (void)reader;
    (void)out_doc;
    return tamis_err_set(err, TAMIS_EUNSUPPORTED, "WARC is not read yet");
}
