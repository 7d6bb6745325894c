# SPDX-License-Identifier: Apache-2.0
"""`tamis run --quality`: records, attributes and report agree; the same bytes whatever the workers.

    python3 check_quality.py --tamis build/release/cli/tamis --corpus tests/data/corpus [--only NAME]
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback

from tamis_cli import (EXIT_DONE, EXIT_SET_ASIDE, EXIT_USAGE, CheckFailed, Tamis, require,
                       require_codes)
import outputs
from compare import compare
from context import Context, Corpora, require_same_bytes
from make_corpus import write_corpus
from quality import SIGNALS, Rule, decide_with_rules, judge, profile_yaml
from quality_checks import Folder
from quality_corpus import BLOCKED, KEYWORD, lines_of_corpus
from read import Input, assign_names
from reference import Corpus
from settings import settings_of_options

GOOD = (EXIT_DONE, EXIT_SET_ASIDE)
EMIT = {"emit": "documents,attributes,removed"}
SEED = 7
DOCUMENTS = 1500
RULES = [Rule("few_words", "datatrove_ws_n_words", "<", 12),
         Rule("many_lines", "dclm_n_lines", ">", 20),
         Rule("no_stop_words", "datatrove_ws_stop_words", "<", 2),
         Rule("stop_words", "dolma_gopher_required_word_count", ">=", 150)]
OWN = profile_yaml("own", RULES, "  - {edit: c4-paper}\n  - {language: language, codes: [en, de]}\n"
                   "  - {pii: pii, action: mask}\n")


class Quality(Context):
    """The inputs of a check: `bundled`, `made`, `mixed` (all formats)."""

    def __init__(self, tamis, folder, inputs):
        super().__init__(tamis, folder, None)
        self.inputs = inputs

    def grade(self, paths, options, **more):
        """A run whose folder holds what it must; (Folder, report)."""
        out = self.run(paths, {**EMIT, **options}, **more)
        folder = Folder(out, paths).check()
        require_codes(self.tamis.call("verify", out), [EXIT_DONE], f"tamis verify, {options}")
        return folder, outputs.read_json(os.path.join(out, "report.json"))

    def refuse(self, options, *words):
        result = require_codes(self.tamis.run(self.new_out(), self.inputs["made"], options),
                               [EXIT_USAGE], f"{options}")
        for word in words:
            require(word in result.stderr, f"{options}: no '{word}' in: {result.stderr}")


def profiles(context):
    """Built-in profiles and one of our own on all corpora."""
    own = context.write("own.yaml", OWN.encode())
    for name in ("gopher-paper", "fineweb-v1", "c4-paper", own):
        for key, paths in context.inputs.items():
            folder, report = context.grade(paths, {"quality": name})
            require(folder.quality_drops, f"{name}, {key}: nothing was dropped")
            if key == "mixed":  # of all formats, but too short for most profiles
                continue
            require(report["documents"]["kept"], f"{name}, {key}: nothing was kept")
            if name == own:
                require(folder.edited, f"{name}, {key}: nothing was edited")


def same_bytes(context):
    """Threads and memory change nothing."""
    own = context.write("own.yaml", OWN.encode())
    paths = context.inputs["made"] + context.inputs["mixed"]
    outs = [context.run(paths, {**EMIT, "quality": own, "split-size": "1MiB", **extra}) for extra in
            ({"workers": "1"}, {"workers": "2"}, {"workers": "4"},
             {"workers": "2", "memory": "64MiB"}, {"workers": "1", "memory": "256MiB"})]
    for out in outs[1:]:
        require_same_bytes(outs[0], out, "another number of workers or another memory limit")


def reference(context):
    """Rules in plain Python, then the reference of the levels on what they leave."""
    profile = context.write("rules.yaml", profile_yaml("rules", RULES).encode())
    for paths, extra in ((context.inputs["made"], {}), (context.inputs["mixed"], {}),
                         (context.inputs["mixed"], {"levels": "url,exact,near",
                                                    "verify": "text", "split-size": "1MiB"})):
        out = context.run(paths, {**EMIT, "quality": profile, **extra})
        inputs = [Input(path, path) for path in paths]
        assign_names(inputs)
        options = {**extra, "levels": extra.get("levels", "exact,near")}
        corpus = Corpus(inputs, settings_of_options(options), outputs.split_rows(out, inputs))
        verdicts = decide_with_rules(corpus, RULES)
        differences = compare(out, corpus, verdicts, EMIT["emit"].split(","))
        require(not differences, "\n".join(differences))
        reasons = {verdict.reason for verdict in verdicts if verdict.is_quality}
        require(len(reasons) >= 3, f"only {reasons} dropped something")


def values(context):
    """--signals all: the values of the rules are those of Python, for dropped documents too."""
    profile = context.write("rules.yaml", profile_yaml("rules", RULES).encode())
    folder, _ = context.grade(context.inputs["made"], {"quality": profile, "signals": "all"})
    for value, document in folder.attributes:
        if value["verdict"] == "quarantine":
            continue
        signals = value["quality"]["signals"]
        for name, count in SIGNALS.items():
            require(signals[name] == count(document.text),
                    f"{value['id']}: {name} {signals[name]}, not {count(document.text)}")
        require(value["quality"].get("reason") == judge(RULES, document.text), value["id"])


def mistakes(context):
    """What is misspelt is told with what is near; models that are asked for must be there."""
    context.refuse({"quality": "gopher-papr"}, "gopher-papr", "gopher-paper")
    profile = context.write("bad.yaml", b"name: bad\nsteps:\n  - {rule: r, signal: "
                            b"datatrove_ws_n_word, drop: \"< 5\"}\n")
    context.refuse({"quality": profile}, "bad.yaml", "datatrove_ws_n_word", "datatrove_ws_n_words")
    context.refuse({"quality": "fineweb-v1", "require-models": True}, "--require-models")
    context.refuse({"require-models": True}, "--quality")
    context.refuse({"quality": "gopher-paper", "pii": "hide"}, "--pii")
    context.refuse({"quality": "gopher-paper", "keep-above": "0.5"}, "--classifier")


def skipped(context):
    """Rules without their files are left out, told and reported."""
    out = context.new_out()
    result = context.tamis.run(out, context.inputs["made"], {"quality": "fineweb-v1"})
    require_codes(result, GOOD, "fineweb-v1")
    found = outputs.read_json(os.path.join(out, "report.json"))["profile"]["skipped"]
    require(any("blocklist" in line for line in found), f"skipped: {found}")
    for line in found:
        require(line in result.stderr, f"not told: {line}")


def languages(context):
    folder, _ = context.grade(context.inputs["made"], {"languages": "de,ru"})
    kept = {value["quality"]["language"]["code"] for value, _ in folder.attributes
            if value["verdict"] == "keep"}
    require(kept == {"de", "ru"}, f"kept: {kept}")
    require(set(folder.quality_drops) == {"language"}, f"{folder.quality_drops}")


def personal_data(context):
    """report leaves spans, mask edits; drop drops the same documents."""
    paths = context.inputs["made"]
    reported, _ = context.grade(paths, {"pii": "report", "levels": "exact"})
    with_spans = {value["ord"]: value["quality"]["spans"] for value, _ in reported.attributes
                  if value.get("quality", {}).get("spans")}
    require(with_spans and not reported.edited, "spans, and no edits")
    for value, document in reported.attributes:
        for begin, end, *_ in with_spans.get(value["ord"], []):
            require(b"@" in document.text.encode("utf-8")[begin:end], f"{value['id']}: a span")
    masked, _ = context.grade(paths, {"pii": "mask", "levels": "exact"})
    for value, document in masked.attributes:
        edits = value.get("quality", {}).get("edits", [])
        require([edit[:2] for edit in edits]
                == [span[:2] for span in with_spans.get(value["ord"], [])],
                f"{value['id']}: edits are not where spans were")
    dropped, _ = context.grade(paths, {"pii": "drop", "levels": "exact"})
    require(sum(dropped.quality_drops.values()) == len(with_spans), f"{dropped.quality_drops}")


def keywords(context):
    """drop, drop-line and tag on the same documents."""
    terms = context.write("terms.txt", [b"# terms", KEYWORD.encode()])
    paths = context.inputs["made"]
    options = {"keywords": terms, "levels": "exact"}
    tagged, _ = context.grade(paths, {**options, "keyword-action": "tag"})
    having = [value["ord"] for value, document in tagged.attributes
              if value["verdict"] != "quarantine" and KEYWORD in document.text]
    require(having and not tagged.quality_drops and not tagged.edited, "tag only tags")
    dropped, _ = context.grade(paths, {**options, "keyword-action": "drop"})
    require([value["ord"] for value, _ in dropped.attributes
             if value.get("quality", {}).get("reason")] == having, "other documents were dropped")
    lines, report = context.grade(paths, {**options, "keyword-action": "drop-line"})
    require(lines.edited and not lines.quality_drops, f"drop-line: {lines.quality_drops}")
    for value, document in lines.attributes:
        if value["verdict"] == "keep":
            require(bool(value["quality"].get("edits")) == (KEYWORD in document.text),
                    f"{value['id']}: edits")
    require(report["documents"]["kept"], "nothing was kept")


def blocklist(context):
    entries = context.write("blocked.txt", ["[domain]".encode(), BLOCKED.encode()])
    folder, _ = context.grade(context.inputs["made"], {"blocklist": entries, "levels": "exact"})
    for value, document in folder.attributes:
        if value["verdict"] != "quarantine":
            require((value["quality"].get("reason") == "domain") == (BLOCKED in document.url),
                    f"{value['id']}: {value.get('reason')}")
    require(folder.quality_drops["domain"], "nothing was blocked")


CHECKS = (profiles, same_bytes, reference, values, mistakes, skipped, languages, personal_data,
          keywords, blocklist)


def make_inputs(folder, corpus):
    made = []
    lines = lines_of_corpus(SEED, DOCUMENTS)
    for i, name in enumerate(("made-a.jsonl", "made-b.jsonl")):
        made.append(os.path.join(folder, name))
        with open(made[-1], "wb") as file:
            file.write(b"".join(line + b"\n" for line in lines[i::2]))
    bundled = [os.path.join(corpus, name) for name in sorted(os.listdir(corpus))
               if ".jsonl" in name or ".wet" in name]
    return {"bundled": bundled, "made": made,
            "mixed": write_corpus(os.path.join(folder, "mixed"), SEED, 300)}


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tamis", required=True, help="the program under test")
    parser.add_argument("--corpus", required=True, help="tests/data/corpus")
    parser.add_argument("--only", help="checks whose name contains this")
    args = parser.parse_args(argv)
    failed = passed = 0
    root = tempfile.mkdtemp(prefix="tamis-quality-")
    try:
        inputs = make_inputs(root, os.path.abspath(args.corpus))
        for check in CHECKS:
            if args.only and args.only not in check.__name__:
                continue
            folder = os.path.join(root, check.__name__)
            os.makedirs(folder)
            begin = time.monotonic()
            try:
                check(Quality(Tamis(args.tamis), folder, inputs))
                passed += 1
                print(f"ok   {check.__name__} ({time.monotonic() - begin:.1f} s)", flush=True)
            except CheckFailed as reason:
                failed += 1
                print(f"FAIL {check.__name__}\n{reason}", flush=True)
            except Exception:  # a crash of one check must not hide the others
                failed += 1
                print(f"FAIL {check.__name__}\n{traceback.format_exc()}", flush=True)
            shutil.rmtree(folder)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    print(f"seed {SEED}: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
