# SPDX-License-Identifier: Apache-2.0
"""`tamis refilter`: what it counts and writes is what a run from the texts with that profile gives.

    python3 check_refilter.py --tamis build/release/cli/tamis [--only NAME]
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback

from tamis_cli import (EXIT_DONE, EXIT_FAILED, EXIT_SET_ASIDE, EXIT_USAGE, CheckFailed, Tamis,
                       option_arguments, require, require_codes)
import outputs
from context import Context, require_same_bytes
from quality import Rule, profile_yaml
from quality_corpus import KEYWORD, lines_of_corpus

GOOD = (EXIT_DONE, EXIT_SET_ASIDE)
EMIT = {"emit": "documents,attributes,removed"}
SEED = 11
DOCUMENTS = 1200
LARGE_DOCUMENTS = 6000
STEPS = "  - {edit: c4-paper}\n  - {pii: pii, action: drop}\n"
FIRST = profile_yaml("first", [Rule("few_words", "datatrove_ws_n_words", "<", 30),
                               Rule("many_lines", "dclm_n_lines", ">", 10)],
                     STEPS + "  - {language: language, codes: [en, de]}\n")
# Promotes long ones and other languages, demotes those of few words.
SECOND = profile_yaml("second", [Rule("short", "datatrove_ws_n_words", "<", 60),
                                 Rule("many_lines", "dclm_n_lines", ">", 30)], STEPS)
# Rules on what the edit left, and a language that the first one dropped.
THIRD = profile_yaml("third", [], "  - {edit: c4-paper}\n"
                     "  - {language: language, codes: [en, ru]}\n  - {pii: pii, action: drop}\n")


class Refilter(Context):
    """`inputs`: two small ones; `large`: of several batches."""

    def __init__(self, tamis, folder, inputs, large):
        super().__init__(tamis, folder, None)
        self.inputs = inputs
        self.large = large
        self.first = self.write("first.yaml", FIRST.encode())
        self.second = self.write("second.yaml", SECOND.encode())
        self.third = self.write("third.yaml", THIRD.encode())

    def first_run(self, paths=None, **more):
        return self.run(paths or self.inputs, {**EMIT, "quality": self.first, "signals": "all",
                                      "keep-work": True, **more})

    def call(self, out, options, codes=GOOD):
        result = self.tamis.call("refilter", out, *option_arguments(options))
        return require_codes(result, codes, f"tamis refilter {options}")

    def counts(self, out, options):
        return json.loads(self.call(out, {**options, "json": True}).stdout)

    def refuse(self, out, options, *words):
        result = self.call(out, options, (EXIT_USAGE,))
        for word in words:
            require(word in result.stderr, f"{options}: no '{word}' in: {result.stderr}")
        if "output" in options:
            require(not os.path.exists(options["output"]), f"{options}: something was written")


def reasons(out):
    """{ord: (reason of quality or "", verdict)} of the graded ones, from attributes/."""
    found = {}
    folder = os.path.join(out, "attributes")
    for name in sorted(os.listdir(folder)):
        for line in outputs.read_lines(os.path.join(folder, name)):
            row = json.loads(line)
            if "quality" in row:
                found[row["ord"]] = (row["quality"].get("reason", ""), row["verdict"])
    return found


def same_as_fresh(context):
    """Both ways, other languages, other numbers of workers: the bytes of a run from the texts."""
    against = {"against": [context.inputs[1]], "levels": "url,exact,near", "verify": "text"}
    for paths, extra in ((context.inputs, {}), (context.inputs[:1], against),
                         (context.large, {"split-size": "1MiB"})):
        first = context.first_run(paths, **extra)
        for profile in (context.second, context.third):
            fresh = context.run(paths, {**EMIT, "quality": profile, **extra})
            for workers in ("1", "3"):
                new = context.new_out()
                context.call(first, {"quality": profile, "output": new, "workers": workers})
                require_same_bytes(fresh, new, f"{profile}, {workers} workers")
                require(not os.path.exists(os.path.join(new, ".work")), "work was left")
            require_codes(context.tamis.call("verify", new), [EXIT_DONE], "tamis verify")


def chain(context):
    """A refiltered run with --keep-work is refiltered in its turn; options may stand for rules."""
    first = context.first_run()
    options = {"quality": context.second, "signals": "all", "keep-work": True}
    second, third = context.new_out(), context.new_out()
    context.call(first, {**options, "output": second})
    back = {"quality": context.first, "languages": "en"}
    context.call(second, {**back, "output": third})
    require_same_bytes(context.run(context.inputs, {**EMIT, **back}), third, "a chain")


def table(context):
    """The counts are those of two runs; nothing is written, and no work is needed."""
    first = context.first_run()
    fresh = context.run(context.inputs, {**EMIT, "quality": context.second})
    was, now = reasons(first), reasons(fresh)
    before = outputs.stable_bytes(first)
    counted = context.counts(first, {"quality": context.second})
    pairs = {}
    for ord_text, (reason, _) in was.items():
        key = (reason, now[ord_text][0])
        pairs[key] = pairs.get(key, 0) + 1
    require({(row["was"], row["is"]): row["documents"] for row in counted["changes"]} == pairs,
            f"{counted['changes']} instead of {pairs}")
    promoted = {key for key, (reason, _) in was.items() if reason and not now[key][0]}
    demoted = {key for key, (reason, _) in was.items() if not reason and now[key][0]}
    require(promoted and demoted, "nothing was promoted, or nothing demoted")
    require(counted["promoted"]["documents"] == len(promoted), "promoted")
    require(counted["demoted"]["documents"] == len(demoted), "demoted")
    require(counted["promoted"]["text_bytes"] > 0, "bytes of what was promoted")
    require(sum(row["graded"]["text_bytes"] for row in counted["inputs"])
            == counted["graded"]["text_bytes"], "bytes by input")
    listed = [json.loads(line) for line in
              context.call(first, {"quality": context.second, "list": True}).stdout.splitlines()]
    require({row["ord"] for row in listed if row["change"] == "promoted"} == promoted, "--list")
    require({row["ord"] for row in listed if row["change"] == "demoted"} == demoted, "--list")
    shutil.rmtree(os.path.join(first, ".work"))
    without = context.counts(first, {"quality": context.second})
    require("text_bytes" not in without["graded"], "bytes without work")
    require([row["documents"] for row in without["changes"]]
            == [row["documents"] for row in counted["changes"]], "counts without work")
    require("-> passes" in context.call(first, {"quality": context.second}).stdout, "the table")
    require(outputs.stable_bytes(first) == before, "OUT was changed")


def refused(context):
    first = context.first_run()
    new = context.new_out()
    terms = context.write("terms.txt", [KEYWORD.encode()])
    other = context.write("other.txt", [b"another"])
    edits = context.write("edits.yaml", profile_yaml("edits", [], "  - {edit: c4-tfds}\n").encode())
    for options in ({}, {"output": new}):
        context.refuse(first, options, "--quality")
        context.refuse(first, {"quality": edits, **options}, "c4-tfds", "run again from the input")
        context.refuse(first, {"quality": context.second, "keywords": terms, **options}, "keywords")
        context.refuse(first, {"quality": context.second, "signals": "none", **options},
                       "--signals none")
    few = context.run(context.inputs, {"quality": context.second, "keep-work": True})
    context.refuse(few, {"quality": context.first, "output": new}, "languages")
    wants = context.write("wants.yaml", profile_yaml(
        "wants", [Rule("r", "rps_doc_unigram_entropy", "<", 1)], STEPS).encode())
    context.refuse(few, {"quality": wants, "output": new}, "rps_doc_unigram_entropy",
                   "--signals all")
    listed = context.run(context.inputs, {"keywords": terms, "keep-work": True})
    context.refuse(listed, {"keywords": other, "output": new}, "keywords", "other.txt")
    silent = context.run(context.inputs, {"quality": context.second, "signals": "none"})
    context.refuse(silent, {"quality": context.second}, "kept no signals")
    plain = context.run(context.inputs, {"keep-work": True})
    context.refuse(plain, {"quality": context.second, "output": new}, "without --quality")
    context.refuse(first, {"quality": context.second, "list": True, "output": new}, "--list")
    for inside in (first, os.path.join(first, "sub", "new")):
        result = context.call(first, {"quality": context.second, "output": inside}, (EXIT_USAGE,))
        require("another folder" in result.stderr, result.stderr)
    require(not os.path.exists(os.path.join(first, "sub")), "something was written")
    shutil.rmtree(os.path.join(first, ".work"))
    context.refuse(first, {"quality": context.second, "output": new}, "--keep-work")
    context.call(context.path("nothing"), {"quality": context.second}, (EXIT_FAILED,))


def killed(context):
    """kill -9 at any durable step; the same command goes on."""
    first = context.first_run(context.large, **{"split-size": "1MiB"})
    fresh = context.run(context.large, {**EMIT, "quality": context.second, "split-size": "1MiB"})
    for place in ("task.before_rename:1", "task.after_rename:2", "ledger.after_commit:5",
                  "resolve.after:1", "emit.after_publish:1", "report.before_manifest:1"):
        new = context.new_out()
        arguments = ["refilter", first, f"--quality={context.second}", f"--output={new}"]
        result = context.tamis.call(*arguments, environment={"TAMIS_FAILPOINT": place})
        require(result.code == -signal.SIGKILL, f"{place}: {result.summary()}")
        require_codes(context.tamis.call(*arguments), GOOD, f"{place}: again")
        require_same_bytes(fresh, new, place)
        done = require_codes(context.tamis.call(*arguments), GOOD, f"{place}: a third time")
        require("complete already" in done.stderr, done.stderr)


CHECKS = (same_as_fresh, chain, table, refused, killed)


def make_inputs(folder, documents, names):
    os.makedirs(folder)
    made = []
    lines = lines_of_corpus(SEED, documents)
    for i, name in enumerate(names):
        made.append(os.path.join(folder, name))
        with open(made[-1], "wb") as file:
            file.write(b"".join(line + b"\n" for line in lines[i::len(names)]))
    return made


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tamis", required=True, help="the program under test")
    parser.add_argument("--only", help="checks whose name contains this")
    args = parser.parse_args(argv)
    failed = passed = 0
    root = tempfile.mkdtemp(prefix="tamis-refilter-")
    try:
        inputs = make_inputs(os.path.join(root, "small"), DOCUMENTS, ("a.jsonl", "b.jsonl"))
        large = make_inputs(os.path.join(root, "large"), LARGE_DOCUMENTS, ("c.jsonl", "d.jsonl"))
        for check in CHECKS:
            if args.only and args.only not in check.__name__:
                continue
            folder = os.path.join(root, check.__name__)
            os.makedirs(folder)
            begin = time.monotonic()
            try:
                check(Refilter(Tamis(args.tamis), folder, inputs, large))
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
