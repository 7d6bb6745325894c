/* SPDX-License-Identifier: Apache-2.0 */
/* signal_table.h - the registry of signals:
 * X(name, family, is a line signal, definition, denominator, null when, profiles, source).
 *
 * Included where a list is made of it, with X defined. Indexes follow from the order, and no file
 * holds an index: rows may be added anywhere. docs/SIGNALS.md has it
 * (TAMIS_RENEW=1 test_signal_registry).
 */
/* clang-format off */
X(ccnet_length, LENGTHS, false,
  "code points of the text",
  "-", "-", "ccnet, rpv2", "cc_net bda555b")
X(ccnet_original_length, LENGTHS, false,
  "the same: no removal of lines comes before",
  "-", "-", "ccnet, rpv2", "cc_net bda555b")
X(ccnet_nlines, LENGTHS, false,
  "lines of split(\"\\n\")",
  "-", "-", "ccnet, rpv2", "cc_net bda555b")
X(ccnet_original_nlines, LENGTHS, false,
  "the same: no removal of lines comes before",
  "-", "-", "ccnet, rpv2", "cc_net bda555b")
X(dolma_char_length, LENGTHS, false,
  "code points",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_char_length_no_ws, LENGTHS, false,
  "code points of strip(text)",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_bytes_length, LENGTHS, false,
  "bytes of UTF-8",
  "-", "-", "dolma", "dolma 669f534")
X(dclm_n_chars, LENGTHS, false,
  "code points",
  "-", "-", "dclm", "dclm 361714b")
X(data_juicer_text_length, LENGTHS, false,
  "code points",
  "-", "-", "data-juicer", "data-juicer c07c2d7")
X(datatrove_bullet_lines_ratio, DATATROVE_LINES, false,
  "lines of splitlines that begin, left-stripped, with U+2022 or \"-\"",
  "lines, empty ones too", "no lines", "datatrove, fineweb-v1, fineweb2, gopher-paper", "datatrove a649de7")
X(datatrove_ellipsis_lines_ratio, DATATROVE_LINES, false,
  "lines of splitlines that end, right-stripped, in \"...\" or U+2026",
  "lines, empty ones too", "no lines", "datatrove, fineweb-v1, fineweb2, gopher-paper", "datatrove a649de7")
X(datatrove_long_lines, DATATROVE_LINES, false,
  "lines of split(\"\\n\") of at least 200 code points (mC4: at least 3)",
  "-", "-", "datatrove", "datatrove a649de7")
X(fineweb_lines, DATATROVE_LINES, false,
  "lines of split(\"\\n\") that are not blank",
  "-", "-", "datatrove, fineweb2", "datatrove a649de7")
X(fineweb_line_punct_ratio, DATATROVE_LINES, false,
  "lines that end in a terminal mark (159 code points), unstripped",
  "lines that are not blank", "no such lines", "datatrove, fineweb2", "datatrove a649de7")
X(fineweb_short_line_ratio, DATATROVE_LINES, false,
  "lines of at most 30 code points",
  "lines that are not blank", "no such lines", "datatrove, fineweb2", "datatrove a649de7")
X(fineweb_char_dup_ratio, DATATROVE_LINES, false,
  "code points of lines equal to an earlier line",
  "code points without newlines", "no lines that are not blank", "datatrove, fineweb2", "datatrove a649de7")
X(fineweb_v1_line_punct_ratio, DATATROVE_LINES, false,
  "lines of split(\"\\n\") that end in one of . ' \" ! ?",
  "lines, blank ones too", "-", "fineweb-v1", "datatrove fe81883")
X(fineweb_v1_short_line_ratio, DATATROVE_LINES, false,
  "lines of split(\"\\n\") of at most 30 code points",
  "lines, blank ones too", "-", "fineweb-v1", "datatrove fe81883")
X(fineweb_v1_char_dup_ratio, DATATROVE_LINES, false,
  "code points of lines that are not blank, equal to an earlier one",
  "code points without newlines", "only newlines", "fineweb-v1", "datatrove fe81883")
X(datatrove_ws_n_words, DATATROVE_WS, false,
  "words, punctuation too",
  "-", "-", "gopher-paper", "datatrove a649de7")
X(datatrove_ws_n_non_symbol_words, DATATROVE_WS, false,
  "words with a code point outside PUNCTUATION_SET",
  "-", "-", "gopher-paper", "datatrove a649de7")
X(datatrove_ws_mean_word_length, DATATROVE_WS, false,
  "code points of the words that n_non_symbol_words counts",
  "these words", "no such words", "gopher-paper", "datatrove a649de7")
X(datatrove_ws_hash_ratio, DATATROVE_WS, false,
  "\"#\" in the text",
  "words, punctuation too", "no words", "gopher-paper", "datatrove a649de7")
X(datatrove_ws_ellipsis_ratio, DATATROVE_WS, false,
  "\"...\" and U+2026 in the text",
  "words, punctuation too", "no words", "gopher-paper", "datatrove a649de7")
X(datatrove_ws_alpha_words_ratio, DATATROVE_WS, false,
  "words with a letter (L*)",
  "words, punctuation too", "no words", "gopher-paper", "datatrove a649de7")
X(datatrove_ws_stop_words, DATATROVE_WS, false,
  "different stop words (Gopher's list) among the words, as spelt",
  "-", "-", "gopher-paper", "datatrove a649de7")
X(datatrove_ws_stop_word_occurrences, DATATROVE_WS, false,
  "words that are stop words, as spelt",
  "-", "-", "gopher-paper", "datatrove fe81883")
X(datatrove_ws_list_ratio, DATATROVE_WS, false,
  "newlines in the text",
  "words, punctuation too", "no words", "gopher-paper", "datatrove a649de7")
X(datatrove_ws_top_2_gram, DATATROVE_WS_NGRAMS, false,
  "code points of the most frequent 2 words joined by spaces (the first of equals, also when it occurs once) times its count",
  "code points of the text", "fewer than 2 words", "gopher-paper", "datatrove a649de7")
X(datatrove_ws_top_3_gram, DATATROVE_WS_NGRAMS, false,
  "code points of the most frequent 3 words joined by spaces (the first of equals, also when it occurs once) times its count",
  "code points of the text", "fewer than 3 words", "gopher-paper", "datatrove a649de7")
X(datatrove_ws_top_4_gram, DATATROVE_WS_NGRAMS, false,
  "code points of the most frequent 4 words joined by spaces (the first of equals, also when it occurs once) times its count",
  "code points of the text", "fewer than 4 words", "gopher-paper", "datatrove a649de7")
X(datatrove_ws_duplicated_5_n_grams, DATATROVE_WS_NGRAMS, false,
  "code points of runs of 5 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "gopher-paper", "datatrove a649de7")
X(datatrove_ws_duplicated_6_n_grams, DATATROVE_WS_NGRAMS, false,
  "code points of runs of 6 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "gopher-paper", "datatrove a649de7")
X(datatrove_ws_duplicated_7_n_grams, DATATROVE_WS_NGRAMS, false,
  "code points of runs of 7 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "gopher-paper", "datatrove a649de7")
X(datatrove_ws_duplicated_8_n_grams, DATATROVE_WS_NGRAMS, false,
  "code points of runs of 8 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "gopher-paper", "datatrove a649de7")
X(datatrove_ws_duplicated_9_n_grams, DATATROVE_WS_NGRAMS, false,
  "code points of runs of 9 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "gopher-paper", "datatrove a649de7")
X(datatrove_ws_duplicated_10_n_grams, DATATROVE_WS_NGRAMS, false,
  "code points of runs of 10 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "gopher-paper", "datatrove a649de7")
X(datatrove_uax29_n_words, DATATROVE_UAX29, false,
  "words, punctuation too",
  "-", "-", "fineweb2", "datatrove a649de7")
X(datatrove_uax29_n_non_symbol_words, DATATROVE_UAX29, false,
  "words with a code point outside PUNCTUATION_SET",
  "-", "-", "fineweb2", "datatrove a649de7")
X(datatrove_uax29_mean_word_length, DATATROVE_UAX29, false,
  "code points of the words that n_non_symbol_words counts",
  "these words", "no such words", "fineweb2", "datatrove a649de7")
X(datatrove_uax29_hash_ratio, DATATROVE_UAX29, false,
  "\"#\" in the text",
  "words, punctuation too", "no words", "fineweb2", "datatrove a649de7")
X(datatrove_uax29_ellipsis_ratio, DATATROVE_UAX29, false,
  "\"...\" and U+2026 in the text",
  "words, punctuation too", "no words", "fineweb2", "datatrove a649de7")
X(datatrove_uax29_alpha_words_ratio, DATATROVE_UAX29, false,
  "words with a letter (L*)",
  "words, punctuation too", "no words", "fineweb2", "datatrove a649de7")
X(datatrove_uax29_stop_words, DATATROVE_UAX29, false,
  "different stop words (Gopher's list) among the words, as spelt",
  "-", "-", "fineweb2", "datatrove a649de7")
X(datatrove_uax29_stop_word_occurrences, DATATROVE_UAX29, false,
  "words that are stop words, as spelt",
  "-", "-", "fineweb2", "datatrove fe81883")
X(datatrove_uax29_list_ratio, DATATROVE_UAX29, false,
  "newlines in the text",
  "words, punctuation too", "no words", "fineweb2", "datatrove a649de7")
X(datatrove_uax29_top_2_gram, DATATROVE_UAX29_NGRAMS, false,
  "code points of the most frequent 2 words joined by spaces (the first of equals, also when it occurs once) times its count",
  "code points of the text", "fewer than 2 words", "fineweb2", "datatrove a649de7")
X(datatrove_uax29_top_3_gram, DATATROVE_UAX29_NGRAMS, false,
  "code points of the most frequent 3 words joined by spaces (the first of equals, also when it occurs once) times its count",
  "code points of the text", "fewer than 3 words", "fineweb2", "datatrove a649de7")
X(datatrove_uax29_top_4_gram, DATATROVE_UAX29_NGRAMS, false,
  "code points of the most frequent 4 words joined by spaces (the first of equals, also when it occurs once) times its count",
  "code points of the text", "fewer than 4 words", "fineweb2", "datatrove a649de7")
X(datatrove_uax29_duplicated_5_n_grams, DATATROVE_UAX29_NGRAMS, false,
  "code points of runs of 5 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "fineweb2", "datatrove a649de7")
X(datatrove_uax29_duplicated_6_n_grams, DATATROVE_UAX29_NGRAMS, false,
  "code points of runs of 6 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "fineweb2", "datatrove a649de7")
X(datatrove_uax29_duplicated_7_n_grams, DATATROVE_UAX29_NGRAMS, false,
  "code points of runs of 7 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "fineweb2", "datatrove a649de7")
X(datatrove_uax29_duplicated_8_n_grams, DATATROVE_UAX29_NGRAMS, false,
  "code points of runs of 8 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "fineweb2", "datatrove a649de7")
X(datatrove_uax29_duplicated_9_n_grams, DATATROVE_UAX29_NGRAMS, false,
  "code points of runs of 9 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "fineweb2", "datatrove a649de7")
X(datatrove_uax29_duplicated_10_n_grams, DATATROVE_UAX29_NGRAMS, false,
  "code points of runs of 10 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "fineweb2", "datatrove a649de7")
X(datatrove_treebank_n_words, DATATROVE_TREEBANK, false,
  "words, punctuation too",
  "-", "-", "datatrove", "datatrove a649de7")
X(datatrove_treebank_n_non_symbol_words, DATATROVE_TREEBANK, false,
  "words with a code point outside PUNCTUATION_SET",
  "-", "-", "datatrove", "datatrove a649de7")
X(datatrove_treebank_mean_word_length, DATATROVE_TREEBANK, false,
  "code points of the words that n_non_symbol_words counts",
  "these words", "no such words", "datatrove", "datatrove a649de7")
X(datatrove_treebank_hash_ratio, DATATROVE_TREEBANK, false,
  "\"#\" in the text",
  "words, punctuation too", "no words", "datatrove", "datatrove a649de7")
X(datatrove_treebank_ellipsis_ratio, DATATROVE_TREEBANK, false,
  "\"...\" and U+2026 in the text",
  "words, punctuation too", "no words", "datatrove", "datatrove a649de7")
X(datatrove_treebank_alpha_words_ratio, DATATROVE_TREEBANK, false,
  "words with a letter (L*)",
  "words, punctuation too", "no words", "datatrove", "datatrove a649de7")
X(datatrove_treebank_stop_words, DATATROVE_TREEBANK, false,
  "different stop words (Gopher's list) among the words, as spelt",
  "-", "-", "datatrove", "datatrove a649de7")
X(datatrove_treebank_stop_word_occurrences, DATATROVE_TREEBANK, false,
  "words that are stop words, as spelt",
  "-", "-", "datatrove", "datatrove fe81883")
X(datatrove_treebank_list_ratio, DATATROVE_TREEBANK, false,
  "newlines in the text",
  "words, punctuation too", "no words", "datatrove", "datatrove a649de7")
X(datatrove_treebank_top_2_gram, DATATROVE_TREEBANK_NGRAMS, false,
  "code points of the most frequent 2 words joined by spaces (the first of equals, also when it occurs once) times its count",
  "code points of the text", "fewer than 2 words", "datatrove", "datatrove a649de7")
X(datatrove_treebank_top_3_gram, DATATROVE_TREEBANK_NGRAMS, false,
  "code points of the most frequent 3 words joined by spaces (the first of equals, also when it occurs once) times its count",
  "code points of the text", "fewer than 3 words", "datatrove", "datatrove a649de7")
X(datatrove_treebank_top_4_gram, DATATROVE_TREEBANK_NGRAMS, false,
  "code points of the most frequent 4 words joined by spaces (the first of equals, also when it occurs once) times its count",
  "code points of the text", "fewer than 4 words", "datatrove", "datatrove a649de7")
X(datatrove_treebank_duplicated_5_n_grams, DATATROVE_TREEBANK_NGRAMS, false,
  "code points of runs of 5 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "datatrove", "datatrove a649de7")
X(datatrove_treebank_duplicated_6_n_grams, DATATROVE_TREEBANK_NGRAMS, false,
  "code points of runs of 6 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "datatrove", "datatrove a649de7")
X(datatrove_treebank_duplicated_7_n_grams, DATATROVE_TREEBANK_NGRAMS, false,
  "code points of runs of 7 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "datatrove", "datatrove a649de7")
X(datatrove_treebank_duplicated_8_n_grams, DATATROVE_TREEBANK_NGRAMS, false,
  "code points of runs of 8 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "datatrove", "datatrove a649de7")
X(datatrove_treebank_duplicated_9_n_grams, DATATROVE_TREEBANK_NGRAMS, false,
  "code points of runs of 9 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "datatrove", "datatrove a649de7")
X(datatrove_treebank_duplicated_10_n_grams, DATATROVE_TREEBANK_NGRAMS, false,
  "code points of runs of 10 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "datatrove", "datatrove a649de7")
X(datatrove_sentences_n_words, DATATROVE_SENTENCES, false,
  "words, punctuation too",
  "-", "-", "fineweb-v1, datatrove", "datatrove a649de7")
X(datatrove_sentences_n_non_symbol_words, DATATROVE_SENTENCES, false,
  "words with a code point outside PUNCTUATION_SET",
  "-", "-", "fineweb-v1, datatrove", "datatrove a649de7")
X(datatrove_sentences_mean_word_length, DATATROVE_SENTENCES, false,
  "code points of the words that n_non_symbol_words counts",
  "these words", "no such words", "fineweb-v1, datatrove", "datatrove a649de7")
X(datatrove_sentences_hash_ratio, DATATROVE_SENTENCES, false,
  "\"#\" in the text",
  "words, punctuation too", "no words", "fineweb-v1, datatrove", "datatrove a649de7")
X(datatrove_sentences_ellipsis_ratio, DATATROVE_SENTENCES, false,
  "\"...\" and U+2026 in the text",
  "words, punctuation too", "no words", "fineweb-v1, datatrove", "datatrove a649de7")
X(datatrove_sentences_alpha_words_ratio, DATATROVE_SENTENCES, false,
  "words with a letter (L*)",
  "words, punctuation too", "no words", "fineweb-v1, datatrove", "datatrove a649de7")
X(datatrove_sentences_stop_words, DATATROVE_SENTENCES, false,
  "different stop words (Gopher's list) among the words, as spelt",
  "-", "-", "fineweb-v1, datatrove", "datatrove a649de7")
X(datatrove_sentences_stop_word_occurrences, DATATROVE_SENTENCES, false,
  "words that are stop words, as spelt",
  "-", "-", "fineweb-v1, datatrove", "datatrove fe81883")
X(datatrove_sentences_list_ratio, DATATROVE_SENTENCES, false,
  "newlines in the text",
  "words, punctuation too", "no words", "fineweb-v1, datatrove", "datatrove a649de7")
X(datatrove_sentences_top_2_gram, DATATROVE_SENTENCES_NGRAMS, false,
  "code points of the most frequent 2 words joined by spaces (the first of equals, also when it occurs once) times its count",
  "code points of the text", "fewer than 2 words", "fineweb-v1, datatrove", "datatrove a649de7")
X(datatrove_sentences_top_3_gram, DATATROVE_SENTENCES_NGRAMS, false,
  "code points of the most frequent 3 words joined by spaces (the first of equals, also when it occurs once) times its count",
  "code points of the text", "fewer than 3 words", "fineweb-v1, datatrove", "datatrove a649de7")
X(datatrove_sentences_top_4_gram, DATATROVE_SENTENCES_NGRAMS, false,
  "code points of the most frequent 4 words joined by spaces (the first of equals, also when it occurs once) times its count",
  "code points of the text", "fewer than 4 words", "fineweb-v1, datatrove", "datatrove a649de7")
X(datatrove_sentences_duplicated_5_n_grams, DATATROVE_SENTENCES_NGRAMS, false,
  "code points of runs of 5 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "fineweb-v1, datatrove", "datatrove a649de7")
X(datatrove_sentences_duplicated_6_n_grams, DATATROVE_SENTENCES_NGRAMS, false,
  "code points of runs of 6 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "fineweb-v1, datatrove", "datatrove a649de7")
X(datatrove_sentences_duplicated_7_n_grams, DATATROVE_SENTENCES_NGRAMS, false,
  "code points of runs of 7 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "fineweb-v1, datatrove", "datatrove a649de7")
X(datatrove_sentences_duplicated_8_n_grams, DATATROVE_SENTENCES_NGRAMS, false,
  "code points of runs of 8 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "fineweb-v1, datatrove", "datatrove a649de7")
X(datatrove_sentences_duplicated_9_n_grams, DATATROVE_SENTENCES_NGRAMS, false,
  "code points of runs of 9 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "fineweb-v1, datatrove", "datatrove a649de7")
X(datatrove_sentences_duplicated_10_n_grams, DATATROVE_SENTENCES_NGRAMS, false,
  "code points of runs of 10 words, joined by nothing, that were seen before; a run seen before is skipped whole",
  "code points of the text", "the text is empty", "fineweb-v1, datatrove", "datatrove a649de7")
X(dolma_gopher_character_count, DOLMA, false,
  "code points",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_gopher_word_count, DOLMA, false,
  "words of `ws`",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_gopher_median_word_length, DOLMA, false,
  "median of code points of the words; of an even number the mean of the middle two; 0 without words",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_gopher_symbol_to_word_ratio, DOLMA, false,
  "words that contain \"#\" or U+2026",
  "words", "0 without words", "dolma", "dolma 669f534")
X(dolma_gopher_fraction_of_words_with_alpha_character, DOLMA, false,
  "words with a letter (L*)",
  "words", "0 without words", "dolma", "dolma 669f534")
X(dolma_gopher_required_word_count, DOLMA, false,
  "words that are stop words (Gopher's list), as spelt",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_gopher_v1_fraction_of_lines_starting_with_bullet_point, DOLMA, false,
  "lines that begin with \"*\" or \"-\", unstripped",
  "lines of split(\"\\n\")", "-", "dolma", "dolma 669f534")
X(dolma_gopher_v1_fraction_of_lines_ending_with_ellipsis, DOLMA, false,
  "lines that end in U+2026, unstripped",
  "lines of split(\"\\n\")", "-", "dolma", "dolma 669f534")
X(dolma_gopher_v1_fraction_of_duplicate_lines, DOLMA, false,
  "all occurrences of lines that occur more than once",
  "lines of split(\"\\n\")", "0 without lines", "dolma", "dolma 669f534")
X(dolma_gopher_v1_fraction_of_characters_in_duplicate_lines, DOLMA, false,
  "code points of all occurrences of lines that occur more than once",
  "code points that are not white space", "0 when there are none", "dolma", "dolma 669f534")
X(dolma_gopher_v2_fraction_of_lines_starting_with_bullet_point, DOLMA, false,
  "lines that begin with \"*\" or \"-\", unstripped",
  "lines of split at runs of newlines", "-", "dolma", "dolma 669f534")
X(dolma_gopher_v2_fraction_of_lines_ending_with_ellipsis, DOLMA, false,
  "lines that end in U+2026, unstripped",
  "lines of split at runs of newlines", "-", "dolma", "dolma 669f534")
X(dolma_gopher_v2_fraction_of_duplicate_lines, DOLMA, false,
  "all occurrences of lines that occur more than once",
  "lines of split at runs of newlines", "0 without lines", "dolma", "dolma 669f534")
X(dolma_gopher_v2_fraction_of_characters_in_duplicate_lines, DOLMA, false,
  "code points of all occurrences of lines that occur more than once",
  "code points that are not white space", "0 when there are none", "dolma", "dolma 669f534")
X(dolma_c4_v1_line_count, DOLMA_C4, false,
  "lines",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_c4_v1_lines_with_no_ending_punctuation, DOLMA_C4, false,
  "lines that end in none of . ? ! \"",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_c4_v1_lines_with_too_few_words, DOLMA_C4, false,
  "lines of fewer than 3 words of `ws`",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_c4_v1_has_curly_brace, DOLMA_C4, false,
  "1 when the text has \"{\"",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_c4_v1_has_lorem_ipsum, DOLMA_C4, false,
  "1 when the lower-cased text has \"lorem ipsum\"",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_c4_v1_has_javascript, DOLMA_C4, false,
  "1 when a word of `ws` of the lower-cased text is \"javascript\"",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_c4_v2_line_count, DOLMA_C4, false,
  "lines",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_c4_v2_lines_with_no_ending_punctuation, DOLMA_C4, false,
  "lines that end in none of . ? ! \"",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_c4_v2_lines_with_too_few_words, DOLMA_C4, false,
  "lines of fewer than 3 words of `ws`",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_c4_v2_has_curly_brace, DOLMA_C4, false,
  "1 when the text has \"{\"",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_c4_v2_has_lorem_ipsum, DOLMA_C4, false,
  "1 when the lower-cased text has \"lorem ipsum\"",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_c4_v2_has_javascript, DOLMA_C4, false,
  "1 when the lower-cased text has \"javascript\"",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_whitespace_tokenizer_length, DOLMA_C4, false,
  "matches of \\w+|[^\\w\\s]+ (classes of the module regex) and 1",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_uniseg_length, DOLMA_C4, false,
  "words of `uax29` of strip(text), white space too",
  "-", "-", "dolma", "dolma 669f534")
X(dolma_all_punct_paragraphs, DOLMA_C4, false,
  "lines without [A-Za-z0-9] made only of punctuation, space and emoji",
  "-", "-", "dolma", "dolma 669f534")
X(dclm_n_words_fasttext, DCLM, false,
  "words of `fasttext` that begin with a letter or number",
  "-", "-", "dclm", "dclm 361714b")
X(dclm_n_words_fasttext_punctuation, DCLM, false,
  "words of `fasttext`",
  "-", "-", "dclm", "dclm 361714b")
X(dclm_n_sentences, SENTENCES, false,
  "sentences of ICU (stands in for Punkt)",
  "-", "-", "dclm", "dclm 361714b")
X(dclm_n_lines, DCLM, false,
  "lines of split(\"\\n\") that are not blank",
  "-", "-", "dclm", "dclm 361714b")
X(dclm_n_paragraphs, DCLM, false,
  "parts of split(\"\\n\\n\") that are not blank",
  "-", "-", "dclm", "dclm 361714b")
X(dclm_mean_word_length, DCLM, false,
  "code points of words of `ws`",
  "words", "no words", "dclm, gopher-paper", "dclm 361714b")
X(dclm_symbol_ratio, DCLM, false,
  "\"#\", \"...\", \". . .\" and U+2026 in the text",
  "words of `ws`", "no words", "dclm", "dclm 361714b")
X(dclm_bullets_ratio, DCLM, false,
  "lines that begin, stripped, with U+25CF, U+2022, \"*\" or \"-\"",
  "lines of split(\"\\n\") that are not blank", "no such lines", "dclm", "dclm 361714b")
X(dclm_ellipses_ratio, DCLM, false,
  "lines that end, stripped, in \"...\", \". . .\" or U+2026",
  "lines of split(\"\\n\") that are not blank", "no such lines", "dclm", "dclm 361714b")
X(dclm_non_alpha_ratio, DCLM, false,
  "words of `ws` without a letter (L*)",
  "words", "no words", "dclm", "dclm 361714b")
X(dclm_stop_word_occurrences, DCLM, false,
  "words of `ws`, lower-cased, that are stop words (Gopher's list)",
  "-", "-", "dclm", "dclm 361714b")
X(dclm_stop_words, DCLM, false,
  "different stop words among the lower-cased words of `ws`",
  "-", "-", "dclm", "dclm 361714b")
X(dclm_longest_line, DCLM, false,
  "code points of the longest line",
  "-", "the text is empty", "dclm", "dclm 361714b")
X(dclm_mean_line, DCLM, false,
  "code points of lines",
  "lines", "the text is empty", "dclm", "dclm 361714b")
X(dclm_alnum_ratio, DCLM, false,
  "code points of isalnum",
  "code points", "the text is empty", "dclm", "dclm 361714b")
X(dclm_line_count, DCLM_LINES, false,
  "all occurrences of lines of split(\"\\n\"), stripped, that occur more than once",
  "those that are not blank", "fewer than 2 of them", "dclm", "dclm 361714b")
X(dclm_line_chars, DCLM_LINES, false,
  "code points of all occurrences of lines of split(\"\\n\"), stripped, that occur more than once",
  "code points of those that are not blank", "fewer than 2 of them", "dclm", "dclm 361714b")
X(dclm_paragraph_count, DCLM_LINES, false,
  "all occurrences of parts of split(\"\\n\\n\"), stripped, that occur more than once",
  "those that are not blank", "fewer than 2 of them", "dclm", "dclm 361714b")
X(dclm_paragraph_chars, DCLM_LINES, false,
  "code points of all occurrences of parts of split(\"\\n\\n\"), stripped, that occur more than once",
  "code points of those that are not blank", "fewer than 2 of them", "dclm", "dclm 361714b")
X(dclm_n_words_uax29, DCLM_NGRAMS, false,
  "words of `uax29` that begin with a letter or number",
  "-", "-", "dclm", "dclm 361714b")
X(dclm_top_2gram, DCLM_NGRAMS, false,
  "code points of the most frequent 2 words (of equals the one with most code points) times its count",
  "code points of the words", "fewer than 2 words, or none repeated", "dclm", "dclm 361714b")
X(dclm_top_3gram, DCLM_NGRAMS, false,
  "code points of the most frequent 3 words (of equals the one with most code points) times its count",
  "code points of the words", "fewer than 3 words, or none repeated", "dclm", "dclm 361714b")
X(dclm_top_4gram, DCLM_NGRAMS, false,
  "code points of the most frequent 4 words (of equals the one with most code points) times its count",
  "code points of the words", "fewer than 4 words, or none repeated", "dclm", "dclm 361714b")
X(dclm_dup_5gram, DCLM_NGRAMS, false,
  "code points of words inside any run of 5 words that occurs more than once",
  "code points of the words", "fewer than 5 words, or none repeated", "dclm", "dclm 361714b")
X(dclm_dup_6gram, DCLM_NGRAMS, false,
  "code points of words inside any run of 6 words that occurs more than once",
  "code points of the words", "fewer than 6 words, or none repeated", "dclm", "dclm 361714b")
X(dclm_dup_7gram, DCLM_NGRAMS, false,
  "code points of words inside any run of 7 words that occurs more than once",
  "code points of the words", "fewer than 7 words, or none repeated", "dclm", "dclm 361714b")
X(dclm_dup_8gram, DCLM_NGRAMS, false,
  "code points of words inside any run of 8 words that occurs more than once",
  "code points of the words", "fewer than 8 words, or none repeated", "dclm", "dclm 361714b")
X(dclm_dup_9gram, DCLM_NGRAMS, false,
  "code points of words inside any run of 9 words that occurs more than once",
  "code points of the words", "fewer than 9 words, or none repeated", "dclm", "dclm 361714b")
X(dclm_dup_10gram, DCLM_NGRAMS, false,
  "code points of words inside any run of 10 words that occurs more than once",
  "code points of the words", "fewer than 10 words, or none repeated", "dclm", "dclm 361714b")
X(rps_doc_word_count, RPV2, false,
  "normalized words",
  "-", "-", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_mean_word_length, RPV2, false,
  "code points of the normalized words; rounded to 8 decimals",
  "normalized words", "no normalized words", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_num_sentences, RPV2, false,
  "matches of \\b[^.!?]+[.!?]*",
  "-", "-", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_symbol_to_word_ratio, RPV2, false,
  "\"#\", \"...\" and U+2026 in the text; rounded to 8 decimals",
  "raw words", "no raw words", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_frac_lines_end_with_ellipsis, RPV2, false,
  "lines that end, right-stripped, in \"...\" or U+2026; rounded to 8 decimals",
  "lines", "no lines", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_frac_no_alph_words, RPV2, false,
  "1 less the share of raw words with a letter [A-Za-z]; rounded to 8 decimals",
  "raw words", "no raw words", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_frac_unique_words, RPV2, false,
  "different normalized words; rounded to 8 decimals",
  "normalized words", "no normalized words", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_unigram_entropy, RPV2, false,
  "-sum p ln p over the normalized words; rounded to 8 decimals",
  "-", "no normalized words", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_frac_all_caps_words, RPV2, false,
  "raw words of isupper; rounded to 8 decimals",
  "raw words", "no raw words", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_stop_word_fraction, RPV2, false,
  "raw words on the list of stop words; rounded to 8 decimals",
  "raw words", "no list", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_lorem_ipsum, RPV2, false,
  "\"lorem ipsum\" in the normalized text; rounded to 8 decimals",
  "code points of the normalized text", "0 when it is empty", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_curly_bracket, RPV2, false,
  "\"{\" and \"}\" in the text; rounded to 8 decimals",
  "code points", "0 when there are none", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_ldnoobw_words, RPV2, false,
  "runs of normalized words equal to an entry of the list of flagged words",
  "-", "no list", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_frac_chars_top_2gram, RPV2_NGRAMS, false,
  "code points of the most frequent 2 normalized words (the first of equals) times its count, 0 when that is 1; rounded to 8 decimals",
  "code points of the words", "-", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_frac_chars_top_3gram, RPV2_NGRAMS, false,
  "code points of the most frequent 3 normalized words (the first of equals) times its count, 0 when that is 1; rounded to 8 decimals",
  "code points of the words", "-", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_frac_chars_top_4gram, RPV2_NGRAMS, false,
  "code points of the most frequent 4 normalized words (the first of equals) times its count, 0 when that is 1; rounded to 8 decimals",
  "code points of the words", "-", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_frac_chars_dupe_5grams, RPV2_NGRAMS, false,
  "code points of words inside any run of 5 normalized words that occurs more than once; rounded to 8 decimals",
  "code points of the words", "-", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_frac_chars_dupe_6grams, RPV2_NGRAMS, false,
  "code points of words inside any run of 6 normalized words that occurs more than once; rounded to 8 decimals",
  "code points of the words", "-", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_frac_chars_dupe_7grams, RPV2_NGRAMS, false,
  "code points of words inside any run of 7 normalized words that occurs more than once; rounded to 8 decimals",
  "code points of the words", "-", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_frac_chars_dupe_8grams, RPV2_NGRAMS, false,
  "code points of words inside any run of 8 normalized words that occurs more than once; rounded to 8 decimals",
  "code points of the words", "-", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_frac_chars_dupe_9grams, RPV2_NGRAMS, false,
  "code points of words inside any run of 9 normalized words that occurs more than once; rounded to 8 decimals",
  "code points of the words", "-", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_frac_chars_dupe_10grams, RPV2_NGRAMS, false,
  "code points of words inside any run of 10 normalized words that occurs more than once; rounded to 8 decimals",
  "code points of the words", "-", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_lines_javascript_counts, RPV2_LINES, true,
  "normalized words of the line equal to \"javascript\"",
  "-", "-", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_lines_ending_with_terminal_punctution_mark, RPV2_LINES, true,
  "1 when the line ends, right-stripped, in . ! ? or U+201D",
  "-", "-", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_lines_num_words, RPV2_LINES, true,
  "normalized words of the line",
  "-", "-", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_lines_uppercase_letter_fraction, RPV2_LINES, true,
  "code points of isupper; rounded to 8 decimals",
  "code points of the line, newline too", "-", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_lines_numerical_chars_fraction, RPV2_LINES, true,
  "code points of isnumeric of the normalized line; rounded to 8 decimals",
  "code points of the normalized line", "0 when it is empty", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_lines_start_with_bulletpoint, RPV2_LINES, true,
  "1 when the line begins, left-stripped, with one of U+2022 2023 25B6 25C0 25E6 25A0 25A1 25AA 25AB 2013",
  "-", "the text is empty", "rpv2", "RedPajama-Data 6d2cee9")
X(bigscience_n_words, BIGSCIENCE, false,
  "words: parts between space, newline and tab, stripped of special characters, that are not empty",
  "-", "-", "bigscience", "bigscience data-preparation 9d05884")
X(bigscience_character_repetition_ratio, BIGSCIENCE, false,
  "counts of the k most frequent runs of 10 code points, k = min(floor(sqrt(different runs)), runs that occur more than once)",
  "runs", "0 when there are none", "bigscience", "bigscience data-preparation 9d05884")
X(bigscience_word_repetition_ratio, BIGSCIENCE, false,
  "counts of runs of 5 lower-cased words that occur more than once",
  "runs", "0 when there are none", "bigscience", "bigscience data-preparation 9d05884")
X(bigscience_special_characters_ratio, BIGSCIENCE, false,
  "special characters",
  "code points", "0 when the text is empty", "bigscience", "bigscience data-preparation 9d05884")
X(bigscience_stop_words_ratio, BIGSCIENCE, false,
  "lower-cased words on the list of stop words",
  "words", "no list; 0 without words", "bigscience", "bigscience data-preparation 9d05884")
X(bigscience_flagged_words_ratio, BIGSCIENCE, false,
  "lower-cased words on the list of flagged words",
  "words", "no list; 0 without words", "bigscience", "bigscience data-preparation 9d05884")
X(data_juicer_alphanumeric_ratio, DATA_JUICER, false,
  "code points of isalnum",
  "code points", "0 when the text is empty", "data-juicer", "data-juicer c07c2d7")
X(data_juicer_average_line_length, DATA_JUICER, false,
  "code points of the text",
  "lines of splitlines", "0 without lines", "data-juicer", "data-juicer c07c2d7")
X(data_juicer_maximum_line_length, DATA_JUICER, false,
  "code points of the longest line of splitlines",
  "-", "0 without lines", "data-juicer", "data-juicer c07c2d7")
X(data_juicer_word_repetition_ratio, DATA_JUICER, false,
  "counts of runs of 10 lower-cased words that occur more than once",
  "runs", "0 when there are none", "data-juicer", "data-juicer c07c2d7")
X(datatrove_dup_para_frac, DATATROVE_DUPLICATES, false,
  "paragraphs: strip(text) split at 2 and more newlines; occurrences after the first",
  "all of them", "the text is empty", "datatrove, fineweb-v1, fineweb2, gopher-paper", "datatrove a649de7")
X(datatrove_dup_para_char_frac, DATATROVE_DUPLICATES, false,
  "paragraphs: strip(text) split at 2 and more newlines; code points of occurrences after the first",
  "code points of the text", "the text is empty", "datatrove, fineweb-v1, fineweb2, gopher-paper", "datatrove a649de7")
X(datatrove_dup_line_frac, DATATROVE_DUPLICATES, false,
  "lines: text split at runs of newlines, unstripped; occurrences after the first",
  "all of them", "the text is empty", "datatrove, fineweb-v1, fineweb2, gopher-paper", "datatrove a649de7")
X(datatrove_dup_line_char_frac, DATATROVE_DUPLICATES, false,
  "lines: text split at runs of newlines, unstripped; code points of occurrences after the first",
  "code points of the text", "the text is empty", "datatrove, fineweb-v1, fineweb2, gopher-paper", "datatrove a649de7")
X(gopher_top_2gram, WS_NGRAMS, false,
  "code points of the most frequent 2 words of `ws` (the first of equals) times its count, 0 when that is 1",
  "code points of the words", "-", "gopher-paper", "Rae et al. 2021, with the mask of RedPajama-V2")
X(gopher_top_3gram, WS_NGRAMS, false,
  "code points of the most frequent 3 words of `ws` (the first of equals) times its count, 0 when that is 1",
  "code points of the words", "-", "gopher-paper", "Rae et al. 2021, with the mask of RedPajama-V2")
X(gopher_top_4gram, WS_NGRAMS, false,
  "code points of the most frequent 4 words of `ws` (the first of equals) times its count, 0 when that is 1",
  "code points of the words", "-", "gopher-paper", "Rae et al. 2021, with the mask of RedPajama-V2")
X(gopher_dup_5gram, WS_NGRAMS, false,
  "code points of words of `ws` inside any run of 5 words that occurs more than once",
  "code points of the words", "-", "gopher-paper", "Rae et al. 2021, with the mask of RedPajama-V2")
X(gopher_dup_6gram, WS_NGRAMS, false,
  "code points of words of `ws` inside any run of 6 words that occurs more than once",
  "code points of the words", "-", "gopher-paper", "Rae et al. 2021, with the mask of RedPajama-V2")
X(gopher_dup_7gram, WS_NGRAMS, false,
  "code points of words of `ws` inside any run of 7 words that occurs more than once",
  "code points of the words", "-", "gopher-paper", "Rae et al. 2021, with the mask of RedPajama-V2")
X(gopher_dup_8gram, WS_NGRAMS, false,
  "code points of words of `ws` inside any run of 8 words that occurs more than once",
  "code points of the words", "-", "gopher-paper", "Rae et al. 2021, with the mask of RedPajama-V2")
X(gopher_dup_9gram, WS_NGRAMS, false,
  "code points of words of `ws` inside any run of 9 words that occurs more than once",
  "code points of the words", "-", "gopher-paper", "Rae et al. 2021, with the mask of RedPajama-V2")
X(gopher_dup_10gram, WS_NGRAMS, false,
  "code points of words of `ws` inside any run of 10 words that occurs more than once",
  "code points of the words", "-", "gopher-paper", "Rae et al. 2021, with the mask of RedPajama-V2")
X(dolma_gopher_fraction_of_characters_in_most_common_2grams, WS_NGRAMS, false,
  "code points of the most frequent 2 words of `ws` (the first of equals, also when it occurs once) times its count",
  "code points that are not white space", "fewer than 2 words", "dolma", "dolma 669f534")
X(dolma_gopher_fraction_of_characters_in_most_common_3grams, WS_NGRAMS, false,
  "code points of the most frequent 3 words of `ws` (the first of equals, also when it occurs once) times its count",
  "code points that are not white space", "fewer than 3 words", "dolma", "dolma 669f534")
X(dolma_gopher_fraction_of_characters_in_most_common_4grams, WS_NGRAMS, false,
  "code points of the most frequent 4 words of `ws` (the first of equals, also when it occurs once) times its count",
  "code points that are not white space", "fewer than 4 words", "dolma", "dolma 669f534")
X(dolma_gopher_fraction_of_characters_in_duplicate_5grams, WS_NGRAMS, false,
  "code points of all occurrences of runs of 5 words of `ws` that occur more than once, overlaps again",
  "code points of all runs of 5 words", "fewer than 5 words", "dolma", "dolma 669f534")
X(dolma_gopher_fraction_of_characters_in_duplicate_6grams, WS_NGRAMS, false,
  "code points of all occurrences of runs of 6 words of `ws` that occur more than once, overlaps again",
  "code points of all runs of 6 words", "fewer than 6 words", "dolma", "dolma 669f534")
X(dolma_gopher_fraction_of_characters_in_duplicate_7grams, WS_NGRAMS, false,
  "code points of all occurrences of runs of 7 words of `ws` that occur more than once, overlaps again",
  "code points of all runs of 7 words", "fewer than 7 words", "dolma", "dolma 669f534")
X(dolma_gopher_fraction_of_characters_in_duplicate_8grams, WS_NGRAMS, false,
  "code points of all occurrences of runs of 8 words of `ws` that occur more than once, overlaps again",
  "code points of all runs of 8 words", "fewer than 8 words", "dolma", "dolma 669f534")
X(dolma_gopher_fraction_of_characters_in_duplicate_9grams, WS_NGRAMS, false,
  "code points of all occurrences of runs of 9 words of `ws` that occur more than once, overlaps again",
  "code points of all runs of 9 words", "fewer than 9 words", "dolma", "dolma 669f534")
X(dolma_gopher_fraction_of_characters_in_duplicate_10grams, WS_NGRAMS, false,
  "code points of all occurrences of runs of 10 words of `ws` that occur more than once, overlaps again",
  "code points of all runs of 10 words", "fewer than 10 words", "dolma", "dolma 669f534")
X(language_score, MODEL, false,
  "probability or share of the language found",
  "-", "no model of language", "all that name languages", "lib/quality")
X(perplexity, MODEL, false,
  "perplexity of the normalized text",
  "-", "no language model", "ccnet, bigscience", "cc_net bda555b")
X(ccnet_language_score, MODEL, false,
  "language_score",
  "-", "no model of language", "ccnet, rpv2", "cc_net bda555b")
X(ccnet_perplexity, MODEL, false,
  "perplexity",
  "-", "no language model", "ccnet, rpv2", "cc_net bda555b")
X(ccnet_bucket, MODEL, false,
  "head 0, middle 1, tail 2",
  "-", "no language model or no cutoffs", "ccnet, rpv2", "cc_net bda555b")
X(classifier_score, MODEL, false,
  "probability of the wanted label",
  "-", "no classifier", "dclm and one's own", "dclm 361714b")
X(rps_doc_ml_wikiref_score, MODEL, false,
  "probability of the label other than cc",
  "-", "no classifier", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_ml_palm_score, MODEL, false,
  "probability of the label other than cc",
  "-", "no classifier", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_ml_wikipedia_score, MODEL, false,
  "probability of the label other than cc",
  "-", "no classifier", "rpv2", "RedPajama-Data 6d2cee9")
X(rps_doc_ut1_blacklist, MODEL, false,
  "number of the category of the domain",
  "-", "no list, or not on it", "rpv2", "RedPajama-Data 6d2cee9")
X(keyword_matches, MODEL, false,
  "matches of the list of keywords",
  "-", "no list", "one's own", "lib/quality")
X(pii_email, MODEL, false,
  "personal data found: email",
  "-", "no search for personal data", "one's own", "lib/quality")
X(pii_phone, MODEL, false,
  "personal data found: phone",
  "-", "no search for personal data", "one's own", "lib/quality")
X(pii_ip, MODEL, false,
  "personal data found: ip",
  "-", "no search for personal data", "one's own", "lib/quality")
X(pii_card, MODEL, false,
  "personal data found: card",
  "-", "no search for personal data", "one's own", "lib/quality")
X(pii_iban, MODEL, false,
  "personal data found: iban",
  "-", "no search for personal data", "one's own", "lib/quality")
X(pii_key, MODEL, false,
  "personal data found: key",
  "-", "no search for personal data", "one's own", "lib/quality")
X(pii_national_id, MODEL, false,
  "personal data found: national id",
  "-", "no search for personal data", "one's own", "lib/quality")
X(pii_count, MODEL, false,
  "personal data found, all types",
  "-", "no search for personal data", "dolma", "dolma 669f534")
/* clang-format on */
