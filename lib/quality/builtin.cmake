# SPDX-License-Identifier: Apache-2.0
# Writes OUTPUT, a C file with the profiles of FOLDER by name: cmake -DFOLDER=... -DOUTPUT=... -P
file(GLOB_RECURSE files RELATIVE "${FOLDER}" "${FOLDER}/*.yaml")
list(SORT files)
set(texts "")
set(rows "")
set(names "")
set(number 0)
foreach(file IN LISTS files)
  string(REGEX REPLACE "\\.yaml$" "" name "${file}")
  file(READ "${FOLDER}/${file}" bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "    \\1\n" bytes "${bytes}")
  string(APPEND texts "static const unsigned char text_${number}[] = {\n${bytes}};\n\n")
  string(APPEND rows "    {\"${name}\", text_${number}, sizeof(text_${number})},\n")
  string(APPEND names "    \"${name}\",\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUTPUT}" "/* SPDX-License-Identifier: Apache-2.0 */\n/* Written by builtin.cmake. */
#include <string.h>\n\n#include \"profile.h\"\n\n${texts}static const struct {
    const char *name;\n    const unsigned char *text;\n    size_t size;\n} profiles[] = {\n${rows}};

static const char *const names[] = {\n${names}    NULL,\n};

const char *const *tamis_quality_profile_names(void)\n{\n    return names;\n}

tamis_slice tamis_profile_builtin(const char *name)\n{
    for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
        if (strcmp(profiles[i].name, name) == 0) {
            return tamis_slice_of(profiles[i].text, profiles[i].size);
        }\n    }\n    return tamis_slice_of(NULL, 0);\n}\n")
