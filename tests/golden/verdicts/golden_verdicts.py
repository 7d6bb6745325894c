#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the verdicts of built-in profiles with those of the reference implementations.

golden_verdicts.py FOLDER QUALITY_PRINT [--list]
golden_verdicts.py FOLDER --pack OUT

FOLDER has texts.jsonl.zst and the references' records (README.md here names them).
Each group of steps of a profile is graded by itself, as the reference ran its filters: its steps
are taken from the profile's YAML, with the splitter of the record where the reference's own is
approximated. A line a group: verdicts that agree, reasons that agree, texts. --list: each
disagreement with the text's id. Exit 1: a group that stands on no approximation disagrees. --pack
writes to OUT what is shipped: texts of the kind "own" and what the comparison reads of their records.
"""
import json
import os
import subprocess
import sys
import tempfile

PROFILES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "lib",
                        "quality", "profiles")
SOURCES = ("datatrove", "datatrove-v1", "dclm", "c4_tfds")
COMPARED = (":gopher_quality", ":gopher_repetition", ":fineweb_quality", ":c4_quality", "dclm:",
            "c4_tfds")
GOPHER = ("gopher_",)
REPETITION = ("dup_para", "dup_line", "top_", "duplicated_")
FINEWEB = ("empty", "line_punct", "short_line", "char_dup", "list_ratio")
DCLM_REASONS = {
    "page_length": "page_length_word_50_100000", "word_length": "word_length_3_10",
    "symbol_ratio": "symbol_ratio_0.1", "bullet_count": "bullet_count_0.9",
    "ellipsis_count": "ellipsis_count_0.3", "alphabetic_word_ratio": "alphabetic_word_ratio_0.2",
    "stop_word": "stop_word_2",
}
DCLM_GRAMS = ["%s_%dgram" % ("top" if n < 5 else "dup", n) for n in range(2, 11)]
DCLM_PARTS = ["line_count", "paragraph_count", "line_chars", "paragraph_chars"] + DCLM_GRAMS
DCLM_RULES = {"line_count": "repetition_line", "paragraph_count": "repetition_paragraph",
              "line_chars": "repetition_line_chars",
              "paragraph_chars": "repetition_paragraph_chars"}


def read(folder, name):
    data = subprocess.run(["zstd", "-dqc", os.path.join(folder, name + ".jsonl.zst")],
                          check=True, stdout=subprocess.PIPE).stdout
    return [json.loads(line) for line in data.decode("utf-8").split("\n") if line]


def steps_of(profile, prefixes=None, kinds=("rule",)):
    """Lines of steps of a profile whose reason begins with one of the prefixes."""
    lines = []
    with open(os.path.join(PROFILES, profile + ".yaml"), encoding="utf-8") as file:
        for line in file:
            if not line.startswith("  - {"):
                continue
            kind, name = line[5:].split(",")[0].rstrip("}\n").split(": ")[:2]
            if kind in kinds and (prefixes is None or kind != "rule" or name.startswith(prefixes)):
                lines.append(line)
    return lines


class Grader:
    def __init__(self, program, texts):
        self.program = program
        self.ids = [text["id"] for text in texts]
        self.blank = {text["id"] for text in texts if not text["text"].strip()}
        self.input = b"".join(b"%d\n" % len(data) + data
                              for data in (text["text"].encode("utf-8") for text in texts))

    def grade(self, steps):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
            file.write("name: part\nsteps:\n" + "".join(steps))
            file.flush()
            out = subprocess.run([self.program, file.name], input=self.input, check=True,
                                 stdout=subprocess.PIPE).stdout.decode("utf-8")
        rows = [line.split("\t") for line in out.split("\n") if line]
        return {key: (row[0] or None, bytes.fromhex(row[1]).decode("utf-8"))
                for key, row in zip(self.ids, rows)}


def reference_reason(verdict):
    if "raises" in verdict:
        return "raises"
    return None if verdict["pass"] else verdict.get("reason") or "dropped"


class Report:
    def __init__(self, lists):
        self.lists = lists
        self.failed = False

    def add(self, name, got, wanted, is_exact):
        verdicts = 0
        reasons = 0
        rows = []
        for key, reason in wanted.items():
            ours = got[key]
            # A reference that throws on a text has not kept it.
            is_same = ours == reason or (reason == "raises" and ours is not None)
            verdicts += is_same or (ours is None) == (reason is None)
            reasons += is_same
            if not is_same:
                rows.append("    %s: wanted %s, got %s" % (key, reason, ours))
        print("%-58s %5d %5d of %5d%s" % (name, verdicts, reasons, len(wanted),
                                         "" if is_exact else "  approximate"))
        if self.lists or is_exact:
            for row in rows:
                print(row)
        self.failed |= is_exact and reasons != len(wanted)


def compare_datatrove(folder, grader, report):
    groups = (("gopher_quality", GOPHER), ("gopher_repetition", REPETITION),
              ("fineweb_quality", FINEWEB))
    for profile, source, own in (("datatrove", "datatrove", "uax29"),
                                 ("fineweb-v1", "datatrove-v1", "sentences")):
        records = read(folder, source)
        for part, prefixes in groups:
            for splitter in ("ws", "treebank", "punkt-treebank"):
                wanted = {r["id"]: reference_reason(r["verdict"]["default"]) for r in records
                          if r["impl"] == source + ":" + part and r["splitter"] == splitter}
                used = own if splitter == "punkt-treebank" else splitter
                steps = [line.replace("datatrove_%s_" % own, "datatrove_%s_" % used)
                         for line in steps_of(profile, prefixes)]
                got = {key: row[0] for key, row in grader.grade(steps).items()}
                report.add("%s: %s, %s for %s" % (profile, part, used, splitter), got, wanted,
                           used == splitter)
        for option, edit in (("default", "c4-datatrove"),
                             ("filter_no_terminal_punct=False", "c4-fineweb")):
            chosen = [r for r in records if r["impl"] == source + ":c4_quality"
                      and r.get("options") == option]
            compare_texts("%s: c4_quality, %s" % (source, option), grader, report, edit, chosen)


def compare_texts(name, grader, report, edit, records):
    """Verdicts of an edit, and the text it leaves where both keep the document."""
    wanted = {r["id"]: reference_reason(next(iter(r["verdict"].values()))) for r in records}
    rows = grader.grade(["  - {edit: %s}\n" % edit])
    renamed = {"too_few_sentences": "filtered-page-toofewsentences",
               "lorem_ipsum": "filtered-page-loremipsum",
               "curly_bracket": "filtered-page-squigglybracket"} if edit in (
                   "c4-tfds", "c4-paper") else {}
    report.add(name + ", sentences of ICU",
               {key: renamed.get(row[0], row[0]) for key, row in rows.items()}, wanted, False)
    texts = {r["id"]: r["values"].get("text_out") for r in records
             if wanted[r["id"]] is None and rows[r["id"]][0] is None
             and r["values"].get("text_out") is not None}
    report.add(name + ", text", {key: rows[key][1] for key in texts}, texts, True)


def compare_dclm(folder, grader, report):
    records = read(folder, "dclm")
    steps = steps_of("dclm")
    for reason, part in DCLM_REASONS.items():
        wanted = {r["id"]: reference_reason(r["verdict"]["default"]) for r in records
                  if r["impl"] == "dclm:" + part}
        own = [line for line in steps if line.startswith("  - {rule: %s," % reason)]
        got = {key: "dropped" if row[0] else None for key, row in grader.grade(own).items()}
        report.add("dclm: " + part, got, wanted, True)
    for part in DCLM_PARTS:
        # Texts without words fail every part there; here the length or the first rule drops them.
        wanted = {r["id"]: None if r["verdict"][part] else "dropped" for r in records
                  if r["impl"] == "dclm:repetition"
                  and (part == "line_count" or r["id"] not in grader.blank)}
        name = DCLM_RULES.get(part, "repetition_" + part.split("_")[1])
        own = [line for line in steps if line.startswith("  - {rule: %s," % name)]
        got = {key: "dropped" if row[0] else None for key, row in grader.grade(own).items()}
        report.add("dclm: repetition, " + part, got, wanted, True)
    chain = [r for r in records if r["impl"] == "dclm:chain_refinedweb"]
    wanted = {r["id"]: reference_reason(r["verdict"]["chain"]) for r in chain}
    lines = steps_of("dclm", None, ("rule", "edit"))
    rows = grader.grade([line for line in lines if "classifier" not in line])
    got = {}
    for key, row in rows.items():
        reason = row[0] or None
        if reason and reason.startswith("repetition_"):
            reason = "massive_web_repetition"
        got[key] = DCLM_REASONS.get(reason, reason)
    report.add("dclm: chain", got, wanted, True)
    texts = {r["id"]: r["values"].get("text_out") for r in chain
             if wanted[r["id"]] is None and got[r["id"]] is None
             and r["values"].get("text_out") is not None}
    report.add("dclm: chain, text", {key: rows[key][1] for key in texts}, texts, True)
    compare_texts("dclm-c4", grader, report, "dclm-c4",
                  [r for r in records if r["impl"] == "dclm:chain_c4_local"])


def compare_tfds(folder, grader, report):
    records = read(folder, "c4_tfds")
    for option, edit in (("default (5 words, 3 sentences)", "c4-tfds"),
                         ("3 words, 5 sentences", "c4-paper")):
        compare_texts(edit, grader, report, edit, [r for r in records if r["options"] == option])


def pack(folder, out):
    """Compressed as one stream a file, so that equal texts of many records cost little."""
    texts = [text for text in read(folder, "texts") if text["kind"] == "own"]
    ids = {text["id"] for text in texts}
    parts = {"texts": texts}
    for source in SOURCES:
        parts[source] = [
            {"id": r["id"], "impl": r["impl"], "splitter": r["splitter"],
             "options": r.get("options"), "verdict": r["verdict"],
             "values": {"text_out": r["values"].get("text_out")}}
            for r in read(folder, source)
            if r["id"] in ids and any(part in r["impl"] for part in COMPARED)]
    for name, records in parts.items():
        lines = "".join(json.dumps(r, ensure_ascii=False, sort_keys=True) + "\n" for r in records)
        with open(os.path.join(out, name + ".jsonl.zst"), "wb") as file:
            subprocess.run(["zstd", "-19qc"], input=lines.encode("utf-8"), check=True, stdout=file)


def main():
    folder, program = sys.argv[1:3]
    if program == "--pack":
        pack(folder, sys.argv[3])
        return 0
    grader = Grader(program, read(folder, "texts"))
    report = Report("--list" in sys.argv)
    print("%-58s %5s %5s" % ("group", "kept", "why"))
    compare_datatrove(folder, grader, report)
    compare_dclm(folder, grader, report)
    compare_tfds(folder, grader, report)
    return 1 if report.failed else 0


sys.exit(main())
