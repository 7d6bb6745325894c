/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/language_codes.h"

#include <stdlib.h>

#define LABEL_PREFIX "__label__"
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

typedef struct code_row {
    char from[TAMIS_LANGUAGE_CODE_SIZE];
    char to[TAMIS_LANGUAGE_CODE_SIZE];
} code_row;

/* ISO 639-3 to 639-1, sorted: every language that has a code of two letters, and the member of a
 * macrolanguage that detectors mean when they name its standard form (cmn is zh, arb is ar). */
static const code_row short_codes[] = {
    {"aar", "aa"}, {"abk", "ab"}, {"afr", "af"}, {"aka", "ak"}, {"als", "sq"}, {"amh", "am"},
    {"ara", "ar"}, {"arb", "ar"}, {"arg", "an"}, {"asm", "as"}, {"ava", "av"}, {"ave", "ae"},
    {"aym", "ay"}, {"ayr", "ay"}, {"aze", "az"}, {"azj", "az"}, {"bak", "ba"}, {"bam", "bm"},
    {"bel", "be"}, {"ben", "bn"}, {"bis", "bi"}, {"bod", "bo"}, {"bos", "bs"}, {"bre", "br"},
    {"bul", "bg"}, {"cat", "ca"}, {"ces", "cs"}, {"cha", "ch"}, {"che", "ce"}, {"chu", "cu"},
    {"chv", "cv"}, {"cmn", "zh"}, {"cor", "kw"}, {"cos", "co"}, {"cre", "cr"}, {"cym", "cy"},
    {"dan", "da"}, {"deu", "de"}, {"div", "dv"}, {"dzo", "dz"}, {"ekk", "et"}, {"ell", "el"},
    {"eng", "en"}, {"epo", "eo"}, {"est", "et"}, {"eus", "eu"}, {"ewe", "ee"}, {"fao", "fo"},
    {"fas", "fa"}, {"fij", "fj"}, {"fin", "fi"}, {"fra", "fr"}, {"fry", "fy"}, {"ful", "ff"},
    {"fuv", "ff"}, {"gaz", "om"}, {"gla", "gd"}, {"gle", "ga"}, {"glg", "gl"}, {"glv", "gv"},
    {"grn", "gn"}, {"gug", "gn"}, {"guj", "gu"}, {"hat", "ht"}, {"hau", "ha"}, {"heb", "he"},
    {"her", "hz"}, {"hin", "hi"}, {"hmo", "ho"}, {"hrv", "hr"}, {"hun", "hu"}, {"hye", "hy"},
    {"ibo", "ig"}, {"ido", "io"}, {"iii", "ii"}, {"iku", "iu"}, {"ile", "ie"}, {"ina", "ia"},
    {"ind", "id"}, {"ipk", "ik"}, {"isl", "is"}, {"ita", "it"}, {"jav", "jv"}, {"jpn", "ja"},
    {"kal", "kl"}, {"kan", "kn"}, {"kas", "ks"}, {"kat", "ka"}, {"kau", "kr"}, {"kaz", "kk"},
    {"khk", "mn"}, {"khm", "km"}, {"kik", "ki"}, {"kin", "rw"}, {"kir", "ky"}, {"kmr", "ku"},
    {"knc", "kr"}, {"kom", "kv"}, {"kon", "kg"}, {"kor", "ko"}, {"kua", "kj"}, {"kur", "ku"},
    {"lao", "lo"}, {"lat", "la"}, {"lav", "lv"}, {"lim", "li"}, {"lin", "ln"}, {"lit", "lt"},
    {"ltz", "lb"}, {"lub", "lu"}, {"lug", "lg"}, {"lvs", "lv"}, {"mah", "mh"}, {"mal", "ml"},
    {"mar", "mr"}, {"mkd", "mk"}, {"mlg", "mg"}, {"mlt", "mt"}, {"mon", "mn"}, {"mri", "mi"},
    {"msa", "ms"}, {"mya", "my"}, {"nau", "na"}, {"nav", "nv"}, {"nbl", "nr"}, {"nde", "nd"},
    {"ndo", "ng"}, {"nep", "ne"}, {"nld", "nl"}, {"nno", "nn"}, {"nob", "nb"}, {"nor", "nb"},
    {"npi", "ne"}, {"nya", "ny"}, {"oci", "oc"}, {"oji", "oj"}, {"ori", "or"}, {"orm", "om"},
    {"ory", "or"}, {"oss", "os"}, {"pan", "pa"}, {"pbt", "ps"}, {"pes", "fa"}, {"pli", "pi"},
    {"plt", "mg"}, {"pol", "pl"}, {"por", "pt"}, {"pus", "ps"}, {"que", "qu"}, {"quy", "qu"},
    {"roh", "rm"}, {"ron", "ro"}, {"run", "rn"}, {"rus", "ru"}, {"sag", "sg"}, {"san", "sa"},
    {"sin", "si"}, {"slk", "sk"}, {"slv", "sl"}, {"sme", "se"}, {"smo", "sm"}, {"sna", "sn"},
    {"snd", "sd"}, {"som", "so"}, {"sot", "st"}, {"spa", "es"}, {"sqi", "sq"}, {"srd", "sc"},
    {"srp", "sr"}, {"ssw", "ss"}, {"sun", "su"}, {"swa", "sw"}, {"swe", "sv"}, {"swh", "sw"},
    {"tah", "ty"}, {"tam", "ta"}, {"tat", "tt"}, {"tel", "te"}, {"tgk", "tg"}, {"tgl", "tl"},
    {"tha", "th"}, {"tir", "ti"}, {"ton", "to"}, {"tsn", "tn"}, {"tso", "ts"}, {"tuk", "tk"},
    {"tur", "tr"}, {"twi", "tw"}, {"uig", "ug"}, {"ukr", "uk"}, {"urd", "ur"}, {"uzb", "uz"},
    {"uzn", "uz"}, {"ven", "ve"}, {"vie", "vi"}, {"vol", "vo"}, {"wln", "wa"}, {"wol", "wo"},
    {"xho", "xh"}, {"ydd", "yi"}, {"yid", "yi"}, {"yor", "yo"}, {"zha", "za"}, {"zho", "zh"},
    {"zsm", "ms"}, {"zul", "zu"},
};

/* Codes that were given up, and what Wikipedia calls languages: written without a script. */
static const code_row old_codes[] = {
    {"als", "gsw"}, {"bh", "bho"}, {"in", "id"}, {"iw", "he"},  {"ji", "yi"},
    {"jw", "jv"},   {"mo", "ro"},  {"no", "nb"}, {"sh", "hbs"},
};

static const char *const unknown_codes[] = {"mis", "mul", "und", "zxx"};

static int by_from(const void *key, const void *row)
{
    return strcmp(key, ((const code_row *)row)->from);
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_short_code(const char *code)
{
    for (size_t i = 0; i < COUNT(short_codes); i++) {
        if (strcmp(short_codes[i].to, code) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether the code says that the language is not known. */
static bool is_unknown(const char *code)
{
    for (size_t i = 0; i < COUNT(unknown_codes); i++) {
        if (strcmp(unknown_codes[i], code) == 0) {
            return true;
        }
    }
    return code[2] == '\0' && !is_short_code(code);
}

void tamis_language_code(tamis_slice label, char out_code[TAMIS_LANGUAGE_CODE_SIZE])
{
    size_t prefix = strlen(LABEL_PREFIX);
    char code[TAMIS_LANGUAGE_CODE_SIZE] = "";
    const code_row *row = NULL;
    size_t size = 0;
    bool has_script = false;

    if (label.size >= prefix && memcmp(label.data, LABEL_PREFIX, prefix) == 0) {
        label = tamis_slice_of(label.data + prefix, label.size - prefix);
    }
    while (size < label.size && is_letter(label.data[size])) {
        size++;
    }
    has_script = size < label.size;
    if (size < 2 || size > 3 ||
        (has_script && label.data[size] != '_' && label.data[size] != '-')) {
        memcpy(out_code, TAMIS_LANGUAGE_UNKNOWN, TAMIS_LANGUAGE_CODE_SIZE);
        return;
    }
    for (size_t i = 0; i < size; i++) {
        code[i] = (char)(label.data[i] | 0x20);
    }
    if (!has_script || size == 2) {
        row = bsearch(code, old_codes, COUNT(old_codes), sizeof(old_codes[0]), by_from);
    }
    if (row == NULL) {
        row = bsearch(code, short_codes, COUNT(short_codes), sizeof(short_codes[0]), by_from);
    }
    if (row != NULL) {
        memcpy(out_code, row->to, TAMIS_LANGUAGE_CODE_SIZE);
    } else {
        memcpy(out_code, is_unknown(code) ? TAMIS_LANGUAGE_UNKNOWN : code,
               TAMIS_LANGUAGE_CODE_SIZE);
    }
}
