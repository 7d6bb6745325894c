# SPDX-License-Identifier: Apache-2.0
"""Checks of what is written: equal bytes whatever the workers, second runs, formats, exit codes."""

import os

from context import require_same_bytes
from engine import ord_text
from tamis_cli import (EXIT_DONE, EXIT_FAILED, EXIT_SET_ASIDE, EXIT_USAGE, require, require_codes)
import json_members
import outputs

LEVELS = {"levels": "url,exact,near"}


def same_bytes(context):
    """Workers and memory change nothing but time."""
    paths = context.corpus.paths
    outs = [context.run(paths, {**LEVELS, **extra}) for extra in (
        {"workers": "1"}, {"workers": "2"}, {"workers": "5"}, {"workers": "2", "memory": "64MiB"},
        {"workers": "1", "memory": "256MiB"}, {"workers": "2"})]
    for out in outs[1:]:
        require_same_bytes(outs[0], out, "another number of workers or another memory limit")


def second_run(context):
    """Kept output run again loses nothing but what a capped bucket had hidden, which is flagged."""
    options = {"verify": "text"}
    first = context.run(context.corpus.paths, options)
    old_ords = []
    inputs = []
    for paths in outputs.shards(first, "documents").values():
        for path in paths:
            inputs.append(path)
            for line in outputs.read_lines(path):
                old_ords.append(outputs.parse(json_members.split_tamis(line)[1])["ord"])
    flagged = set()
    for paths in outputs.shards(first, "attributes").values():
        for path in paths:
            for line in outputs.read_lines(path):
                record = outputs.parse(line)
                if "bucket_cap" in record.get("flags", []):
                    flagged.add(record["ord"])
    _, verdicts = context.run_and_compare(inputs, options)
    require(len(old_ords) == len(verdicts), "the second run read another number of records")
    for old, verdict in zip(old_ords, verdicts):
        require(verdict.verdict == "keep" or old in flagged,
                f"{old}, kept and not flagged, is {verdict.verdict} as "
                f"{ord_text(verdict.document.ord)} of the second run")


def formats(context):
    """Every output format holds the same lines."""
    paths = context.corpus.paths
    lines = []
    for name in ("jsonl.zst", "jsonl.gz", "jsonl"):
        out, _ = context.run_and_compare(paths, {"output-format": name})
        found = outputs.shards(out, "documents")
        require(found, f"{name}: no documents")
        for shard in found.values():
            require(shard[0].endswith("." + name), f"{name}: {os.path.basename(shard[0])}")
        lines.append({key: [outputs.read_lines(path) for path in shard]
                      for key, shard in found.items()})
    require(lines[0] == lines[1] == lines[2], "formats differ in their lines")


def emits(context):
    """--emit chooses what is written; removed holds the dropped records as they were."""
    paths = context.corpus.paths
    context.run_and_compare(paths, {"emit": "documents,attributes,removed"})
    out = context.run(paths, {"emit": "attributes"})
    require(not os.path.isdir(os.path.join(out, "documents")), "documents were not asked for")
    context.compare(out, paths, {"emit": "attributes"})


def exit_codes(context):
    """0 done, 1 failed, 2 usage, 3 done with records set aside."""
    good = context.write("good.jsonl", [b'{"text":"a"}', b'{"text":"b c"}'])
    bad = context.write("bad.jsonl", [b'{"text":"a"}', b"{"])
    call = context.tamis.run
    require_codes(call(context.new_out(), [good]), [EXIT_DONE], "a good file")
    require_codes(call(context.new_out(), [good, bad]), [EXIT_SET_ASIDE], "a bad record")
    absent = call(context.new_out(), [context.path("absent.jsonl")])
    require_codes(absent, [EXIT_FAILED], "nothing but an absent file")
    require("absent.jsonl" in absent.stderr, "the error does not name the absent file")
    for options in ({"treshold": "0.8"}, {"threshold": "1.5"}, {"threshold": "much"},
                    {"levels": "exact,nearly"}, {"verify": "maybe"}, {"bands": "0"}):
        result = require_codes(call(context.new_out(), [good], options), [EXIT_USAGE],
                               f"usage error {options}")
        require(next(iter(options)) in result.stderr, f"{options}: the error names no option")
    require_codes(call(context.new_out(), []), [EXIT_USAGE], "no input")
    for arguments in (["--version"], ["--help"], ["run", "--help"]):
        result = require_codes(context.tamis.call(*arguments), [EXIT_DONE], str(arguments))
        require(result.stdout, f"{arguments}: nothing on standard output")


def no_text_in_messages(context):
    """Neither messages nor reports carry text of documents."""
    secret = b"xyzzyplugh"
    path = context.write("secret.jsonl", [
        b'{"id":"1","text":"one ' + secret + b' two"}', b'{"id":"2","text":"' + secret,
        b'{"id":"3","text":["' + secret + b'"]}', b'{"id":"4","text":"one ' + secret + b' two"}'])
    out = context.new_out()
    result = context.tamis.run(out, [path])
    require_codes(result, [EXIT_SET_ASIDE], "tamis run")
    require(secret.decode() not in result.stdout + result.stderr, "text in the messages")
    for name in outputs.files_below(out):
        if name.split(os.sep)[0] != "documents" and name.endswith((".json", ".jsonl.zst", ".log")):
            data = outputs.read_bytes(os.path.join(out, name))
            require(secret not in data, f"text in {name}")


EVERY_SEED = [("same bytes", same_bytes), ("second run", second_run)]
ONCE = [("output formats", formats), ("emit", emits), ("exit codes", exit_codes),
        ("no text in messages", no_text_in_messages)]
