#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes reference values of quality signals as a table that the golden test and bench_golden read.

golden_signals.py FOLDER [--own] > table.tsv

FOLDER has texts.jsonl.zst, rpv2.jsonl.zst, datatrove.jsonl.zst, datatrove-v1.jsonl.zst,
dolma.jsonl.zst and dclm.jsonl.zst: values that the reference implementations gave. --own: only
texts whose kind is "own". First line: names of signals; then a line a text: id, text (backslash
escapes), one cell a signal: a number, "-" for null, "" where the reference has no value, and for
line signals begin:end:score with commas between.
"""
import json
import os
import subprocess
import sys

SPLITTERS = {"ws": "ws", "treebank": "treebank"}
DCLM = {
    "page_length_word_50_100000": {"n_words": "dclm_n_words_fasttext"},
    "page_length_word_uniseg_50_100000": {"n_words": "dclm_n_words_uax29"},
    "page_length_word_fasttext_with_punctuation_50": {
        "n_words": "dclm_n_words_fasttext_punctuation"},
    "page_length_char_190000": {"n_chars": "dclm_n_chars"},
    "page_length_line_3": {"n_lines": "dclm_n_lines"},
    "page_length_paragraph_3": {"n_paragraphs": "dclm_n_paragraphs"},
    "word_length_3_10": {"mean_word_length": "dclm_mean_word_length"},
    "symbol_ratio_0.1": {"ratio": "dclm_symbol_ratio"},
    "alphabetic_word_ratio_0.2": {"non_alpha_ratio": "dclm_non_alpha_ratio"},
    "stop_word_2": {"occurrences": "dclm_stop_word_occurrences"},
    "stop_word_unique_2": {"distinct": "dclm_stop_words"},
    "line_length_max_1000": {"longest_line": "dclm_longest_line"},
    "line_length_avg_100": {"mean_line": "dclm_mean_line"},
    "alphanumeric_char_ratio_0.25": {"alnum_ratio": "dclm_alnum_ratio"},
}
DOLMA_SPANS = {
    "char_length_v1": "dolma_char_length",
    "char_length_strip_ws_v1": "dolma_char_length_no_ws",
    "bytes_length_v1": "dolma_bytes_length",
    "whitespace_tokenizer_v1": "dolma_whitespace_tokenizer_length",
    "uniseg_length_v1": "dolma_uniseg_length",
}
BY_LINE = ("duplicate_lines", "bullet_point", "with_ellipsis")


def read(folder, name):
    data = subprocess.run(["zstd", "-dqc", os.path.join(folder, name + ".jsonl.zst")],
                          check=True, stdout=subprocess.PIPE).stdout
    return [json.loads(line) for line in data.decode("utf-8").split("\n") if line]


def cell(value):
    if value is None or value == "nan":
        return "-"
    return repr(value)


def of_rpv2(values):
    for name, rows in values.items():
        if name == "own_blocklist_words":
            yield "rps_doc_ldnoobw_words", cell(rows[0][2])
        elif name.startswith("rps_lines_"):
            yield name, ",".join("%d:%d:%s" % (r[0], r[1], cell(r[2])) for r in rows) or "none"
        elif name.startswith("rps_doc_") and name not in ("rps_doc_ldnoobw_words",
                                                          "rps_doc_stop_word_fraction"):
            yield name, cell(rows[0][2])


def of_datatrove(record, is_old):
    part = record["impl"].split(":")[1]
    splitter = SPLITTERS.get(record["splitter"])
    values = record["values"]
    if splitter is None:
        return
    prefix = "datatrove_" + splitter + "_"
    for name, value in values.items():
        if part == "gopher_quality" and name not in ("raises", "bullet_lines_ratio",
                                                     "ellipsis_lines_ratio"):
            if name == "stop_words" and is_old:
                yield prefix + "stop_word_occurrences", cell(value)
            elif not is_old:
                yield prefix + name, cell(value)
        elif part == "gopher_quality" and name.endswith("lines_ratio"):
            yield "datatrove_" + name, cell(value)
        elif part == "gopher_repetition" and name.startswith("dup_"):
            yield "datatrove_" + name, cell(value)
        elif part == "gopher_repetition" and name not in ("raises", "counts") and not is_old:
            yield prefix + name, cell(value)
        elif part == "fineweb_quality" and name == "list_ratio" and not is_old:
            yield prefix + name, cell(value)
        elif part == "fineweb_quality" and name not in ("raises", "list_ratio"):
            yield ("fineweb_v1_" if is_old else "fineweb_") + name, cell(value)


def of_dolma(record):
    part = record["impl"].split(":")[1]
    values = record["values"]
    if part in ("gopher_v1", "gopher_v2"):
        for name, value in values.items():
            is_by_line = name.startswith("fraction") and (
                name.endswith(BY_LINE) or "in_duplicate_lines" in name)
            yield "dolma_" + (part if is_by_line else "gopher") + "_" + name, cell(value)
    elif part in ("c4_v1", "c4_v2"):
        spans = [span[2] for span in values["spans"]]
        yield ("dolma_%s_line_count" % part,
               cell([span[3] for span in values["spans"] if span[2] == "line_count"][0]))
        for name in ("lines_with_no_ending_punctuation", "lines_with_too_few_words",
                     "has_curly_brace", "has_lorem_ipsum", "has_javascript"):
            yield "dolma_%s_%s" % (part, name), cell(float(spans.count(name)))
    elif part == "not_alphanum_paragraph_v1":
        yield ("dolma_all_punct_paragraphs",
               cell(float(sum(1 for span in values["spans"] if span[3] > 0))))
    elif part in DOLMA_SPANS:
        yield DOLMA_SPANS[part], cell(values["spans"][0][3])


def of_dclm(record):
    part = record["impl"].split(":")[1]
    values = record["values"]
    if part in DCLM:
        for name, ours in DCLM[part].items():
            if name in values:
                yield ours, cell(values[name])
    elif part == "repetition":
        for name, value in values.items():
            yield "dclm_" + name, cell(value)
    elif part in ("bullet_count_0.9", "ellipsis_count_0.3"):
        count, lines = next(iter(values.values()))
        name = "dclm_bullets_ratio" if part.startswith("bullet") else "dclm_ellipses_ratio"
        yield name, cell(count / lines if lines else None)


def escape(text):
    out = []
    for char in text:
        if char == "\\":
            out.append("\\\\")
        elif ord(char) < 0x20 or char == "\x7f":
            out.append("\\x%02x" % ord(char))
        else:
            out.append(char)
    return "".join(out)


def main():
    folder = sys.argv[1]
    texts = [text for text in read(folder, "texts")
             if "--own" not in sys.argv or text["kind"] == "own"]
    rows = {text["id"]: {} for text in texts}
    names = []
    for source in ("rpv2", "datatrove", "datatrove-v1", "dolma", "dclm"):
        for record in read(folder, source):
            if record["id"] not in rows:
                continue
            if source == "rpv2":
                found = of_rpv2(record["values"])
            elif source == "dolma":
                found = of_dolma(record)
            elif source == "dclm":
                found = of_dclm(record)
            else:
                found = of_datatrove(record, source == "datatrove-v1")
            for name, value in found:
                if name not in names:
                    names.append(name)
                rows[record["id"]][name] = value
    out = ["id\ttext\t" + "\t".join(names)]
    for text in texts:
        row = rows[text["id"]]
        out.append("\t".join([text["id"], escape(text["text"])] + [row.get(n, "") for n in names]))
    sys.stdout.buffer.write(("\n".join(out) + "\n").encode("utf-8"))


main()
