/* SPDX-License-Identifier: Apache-2.0 */
#include "cld2_shim.h"

#include <cstdio> /* the library's headers need it and do not say so */

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>

#include <new>

static int detect(const char *text, int size, cld2_guess *out_guesses, bool *out_is_reliable)
{
    const CLD2::CLDHints hints = {nullptr, nullptr, CLD2::UNKNOWN_ENCODING, CLD2::UNKNOWN_LANGUAGE};
    CLD2::Language languages[CLD2_GUESSES];
    int percents[CLD2_GUESSES];
    double scores[CLD2_GUESSES];
    int text_bytes = 0;
    int valid_bytes = 0;
    bool is_reliable = false;
    CLD2::Language summary = CLD2::ExtDetectLanguageSummaryCheckUTF8(
        text, size, true, &hints, 0, languages, percents, scores, nullptr, &text_bytes,
        &is_reliable, &valid_bytes);
    int count = 0;

    if (valid_bytes < size) {
        return CLD2_NOT_USABLE;
    }
    *out_is_reliable = is_reliable;
    if (summary == CLD2::UNKNOWN_LANGUAGE) {
        return 0;
    }
    /* The summary need not be the language with the largest share. */
    out_guesses[count++] = {CLD2::LanguageCode(summary), 0};
    for (int i = 0; i < CLD2_GUESSES; i++) {
        if (languages[i] == summary) {
            out_guesses[0].percent = percents[i];
        } else if (languages[i] != CLD2::UNKNOWN_LANGUAGE && count < CLD2_GUESSES) {
            out_guesses[count++] = {CLD2::LanguageCode(languages[i]), percents[i]};
        }
    }
    return count;
}

extern "C" int cld2_detect(const char *text, size_t size, cld2_guess out_guesses[CLD2_GUESSES],
                           bool *out_is_reliable)
{
    try {
        return detect(text, static_cast<int>(size), out_guesses, out_is_reliable);
    } catch (const std::bad_alloc &) {
        return CLD2_NO_MEMORY;
    }
}

extern "C" const char *cld2_version(void)
{
    return CLD2::DetectLanguageVersion();
}
