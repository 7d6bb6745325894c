# SPDX-License-Identifier: Apache-2.0
"""Bad inputs: what `tamis run` sets aside, says about it, and still does.

    python3 check_bad_inputs.py --tamis build/release/cli/tamis [--only NAME] [--keep DIR]

Runs over tests/data/bad, each file alone and all of them together with good ones, and compares
with its EXPECTED.tsv; where the reference can read the file, every record is compared with it
too. Then come inputs that are made here: too long, too deep, too many, expanding without end, no
files at all, and files that change while a run is on.
"""

import argparse
import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import zlib
from dataclasses import dataclass

from tamis_cli import (EXIT_DONE, EXIT_FAILED, EXIT_SET_ASIDE, CheckFailed, Tamis, require,
                       require_codes)
from context import Context
from read import format_of, parse_jsonl
from settings import settings_of_options
from xxh3 import xxh3_128_hex
import outputs

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(os.path.dirname(HERE), "data")
BAD = os.path.join(DATA, "bad")
OPTIONS = {"emit": "documents,attributes,removed", "output-format": "jsonl", "workers": "2"}
MIB = 1 << 20
# The reference cannot judge malformed WARC records.
NOT_FOR_REFERENCE = ("bad-length.warc", "not-warc.warc")


# ---- what is expected ----------------------------------------------------------------------------

@dataclass
class Expected:
    """A line of EXPECTED.tsv; None stands for `?`."""

    name: str
    rows: int
    faults: dict  # row: reason
    repaired: set
    skipped: dict
    stream: str  # None: the stream has no fault

    @property
    def code(self):
        return EXIT_SET_ASIDE if self.faults != {} or self.stream else EXIT_DONE


def pairs_of(cell, sign):
    return [part.split(sign) for part in cell.split(",")] if cell != "-" else []


def expectations():
    with open(os.path.join(BAD, "EXPECTED.tsv"), encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    require(lines[0] == ["file", "rows", "faults", "repaired", "skipped", "stream"],
            "EXPECTED.tsv: other columns")
    found = [
        Expected(name, None if rows == "?" else int(rows),
                 None if faults == "?" else {int(r): f for r, f in pairs_of(faults, ":")},
                 {int(row) for row, in pairs_of(repaired, ":")},
                 {kind: int(count) for kind, count in pairs_of(skipped, "=")},
                 None if stream == "-" else stream)
        for name, rows, faults, repaired, skipped, stream in lines[1:]]
    files = {name for name in os.listdir(BAD) if name != "EXPECTED.tsv"}
    require(files == {each.name for each in found}, "EXPECTED.tsv does not list the files of bad/")
    return found


def check_description(expected):
    """BAD-INPUTS.md, for people, says the same as EXPECTED.tsv."""
    with open(os.path.join(DATA, "BAD-INPUTS.md"), encoding="utf-8") as file:
        rows = {m.group(1): m.groups()[1:] for m in
                re.finditer(r"^\| `([^`]+)` \| .* \| (\w+) \| (.*) \|$", file.read(), re.M)}
    require(set(rows) == {each.name for each in expected}, "BAD-INPUTS.md lists other files")
    for each in expected:
        count, what = rows[each.name]
        require(count == ("any" if each.rows is None else str(each.rows)),
                f"BAD-INPUTS.md: rows of {each.name}")
        aside = re.search(r"(\d+) set aside: `(\w+)`", what)
        said = {} if each.faults is None else each.faults
        require((int(aside.group(1)) if aside else 0) == len(said),
                f"BAD-INPUTS.md: {each.name}: records set aside")
        require(all(reason == aside.group(2) for reason in said.values()),
                f"BAD-INPUTS.md: {each.name}: reason")
        ends = re.search(r"the stream ends with `(\w+)`", what)
        require((ends.group(1) if ends else None) == each.stream,
                f"BAD-INPUTS.md: {each.name}: end of the stream")


def decode(path):
    """Decoded bytes up to the first damage, as far as Python and zstd get."""
    with open(path, "rb") as file:
        data = file.read()
    if path.endswith(".zst"):
        return subprocess.run(["zstd", "-dcq"], input=data, capture_output=True, check=False).stdout
    if not path.endswith(".gz"):
        return data
    out = []
    member = zlib.decompressobj(wbits=31)
    try:
        for i in range(len(data)):  # byte by byte: an error must not take what came before along
            out.append(member.decompress(data[i:i + 1]))
            if member.eof:
                member = zlib.decompressobj(wbits=31)
    except zlib.error:
        pass
    return b"".join(out)


def offsets_of(path, decoded):
    """Where each row starts in the decoded bytes (of WARC files, when all records are rows)."""
    kind = format_of(path, decoded)
    if kind == "warc":
        return [match.start() for match in re.finditer(rb"^WARC/1\.", decoded, re.M)] or [0]
    if kind == "text":
        return [0]
    at = 3 if decoded.startswith(b"\xef\xbb\xbf") else 0
    found = []
    for line in decoded[at:].split(b"\n"):
        if line.strip():
            found.append(at)
        at += len(line) + 1
    return found or [0]


# ---- what a run left -----------------------------------------------------------------------------

def attributes(out, name):
    """Parsed lines of all splits of an input, by its NAME."""
    return [outputs.parse(line) for path in outputs.shards(out, "attributes")[name]
            for line in outputs.read_lines(path)]


def report_of(out):
    report = outputs.read_json(os.path.join(out, "report.json"))
    return report, {entry["input"]: entry for entry in report["inputs"]}


def check_sums(out):
    """Nothing is lost: read = kept + dropped + quarantined, by input and in all, in every file."""
    report, entries = report_of(out)
    total = {"read": 0, "kept": 0, "dropped": 0, "quarantined": 0}
    shards = {kind: outputs.shards(out, kind) for kind in ("documents", "attributes", "removed")}
    for shown, entry in entries.items():
        counts = entry["documents"]
        lines = {kind: sum(len(outputs.read_lines(path)) for path in found.get(entry["name"], ()))
                 for kind, found in shards.items()}
        require(counts["read"] == counts["kept"] + counts["dropped"] + counts["quarantined"],
                f"{shown}: kept, dropped and quarantined are not what was read: {counts}")
        require(lines["attributes"] == counts["read"], f"{shown}: lines of attributes")
        require(lines["documents"] == counts["kept"], f"{shown}: lines of documents")
        require(lines["removed"] == counts["dropped"], f"{shown}: lines of removed")
        for name in total:
            total[name] += counts[name]
    require(report["documents"] == total, f"report.json: {report['documents']} is not {total}")
    require(report["set_aside"]["records"] == total["quarantined"], "set_aside.records")
    faulty = sum("fault" in entry for entry in entries.values())
    require(report["set_aside"]["inputs"] == faulty, "set_aside.inputs")
    return report, entries


def check_rows(rows, expected, shown, decoded):
    """Reasons, offsets, flags and digests of the rows of one input."""
    splits = {row["ord"].split(".")[1] for row in rows}
    require(len(splits) <= 1, f"{shown}: cut into splits")
    require([int(row["ord"].split(".")[2]) for row in rows] == list(range(len(rows))),
            f"{shown}: rows are not numbered one by one")
    aside = {i: row for i, row in enumerate(rows) if row["verdict"] == "quarantine"}
    if expected.faults is not None:
        found = {i: row["reason"] for i, row in aside.items()}
        require(found == expected.faults, f"{shown}: set aside {found} not {expected.faults}")
    starts = offsets_of(shown, decoded)
    for i, row in aside.items():
        require(row["input"] == shown, f"{shown}: row {i} names the input {row['input']}")
        require(row["offset"] == starts[i], f"{shown}: row {i} at {row['offset']} not {starts[i]}")
    found = {i for i, row in enumerate(rows) if "repaired" in row.get("flags", ())}
    require(found == expected.repaired, f"{shown}: repaired {found} not {expected.repaired}")


def check_digests(rows, shown, decoded):
    """Digests of JSON lines: of the text, and of the raw bytes of a line set aside."""
    if format_of(shown, decoded) != "jsonl":
        return
    settings = settings_of_options({})
    parsed = [row for _, row in parse_jsonl(decoded, None, settings)]
    for i, (row, own) in enumerate(zip(rows, parsed)):
        if own.fault is None and row["verdict"] != "quarantine":
            require(row["digest"] == xxh3_128_hex(own.text.encode("utf-8")),
                    f"{shown}: digest of row {i}")
        elif own.fault == row.get("reason"):
            require(row["digest"] == xxh3_128_hex(own.raw), f"{shown}: digest of the raw row {i}")


def check_entry(entry, expected, rows, shown):
    """report.json about one input."""
    if expected.rows is not None:
        require(len(rows) == expected.rows, f"{shown}: {len(rows)} rows, not {expected.rows}")
    skipped = {kind: count for kind, count in entry["skipped"].items() if count}
    require(skipped == expected.skipped, f"{shown}: skipped {skipped} not {expected.skipped}")
    reasons = {}
    for row in rows:
        if row["verdict"] == "quarantine":
            reasons[row["reason"]] = reasons.get(row["reason"], 0) + 1
    found = {name: value["documents"] for name, value in entry["reasons"].items()
             if name not in ("url", "exact", "near")}
    require(found == reasons, f"{shown}: report.json has the reasons {found} not {reasons}")
    fault = entry.get("fault")
    require((fault or {}).get("reason") == expected.stream, f"{shown}: fault {fault}")
    if fault is None:
        return
    # The stream was used up to there, and the record in which it ends is the last row.
    require(fault["offset"] == entry["bytes"]["decoded"], f"{shown}: offset of the fault")
    last = rows[-1]
    require(last["verdict"] == "quarantine" and last["offset"] <= fault["offset"],
            f"{shown}: the fault at {fault['offset']} is not in the last row")
    require(fault["text"], f"{shown}: the fault has no text")


def check_input(out, entries, expected, shown):
    entry = entries[shown]
    rows = attributes(out, entry["name"])
    decoded = decode(shown)
    check_entry(entry, expected, rows, shown)
    check_rows(rows, expected, shown, decoded)
    check_digests(rows, shown, decoded)
    return rows


def without_neighbors(row, number, name):
    """What of a row must not depend on the other inputs of the run."""
    is_made = row["id"] == f"{name}:{number}"  # of the input's NAME, which may end in ~2
    return {"id": None if is_made else row["id"], "digest": row["digest"],
            "input": row.get("input"), "offset": row.get("offset"),
            "reason": row["reason"] if row["verdict"] == "quarantine" else None,
            "repaired": "repaired" in row.get("flags", ())}


def rows_without_neighbors(out, name):
    return [without_neighbors(row, i, name) for i, row in enumerate(attributes(out, name))]


def quiet_run(context, out, paths, options, code):
    """A run with that exit code; all that was set aside for a fault of the stream is said."""
    result = context.tamis.run(out, paths, {**OPTIONS, **options})
    require_codes(result, (code,), f"tamis run {' '.join(paths)[:200]}")
    report, entries = check_sums(out)
    for shown, entry in entries.items():
        if "fault" in entry:
            require(shown in result.stdout + result.stderr, f"{shown} is not named")
            require(entry["fault"]["reason"] in result.stdout + result.stderr,
                    f"{shown}: the reason is not said")
    require(report["documents"]["read"] == 0 or report["documents"]["quarantined"] > 0
            or report["set_aside"]["inputs"] > 0 or code == EXIT_DONE, "exit code 3 for nothing")
    return report, entries


# ---- tests/data/bad ------------------------------------------------------------------------------

def one_by_one(context):
    """Each file alone; returns {name: its rows}."""
    expected = expectations()
    check_description(expected)
    alone = {}
    for each in expected:
        shown = os.path.join(BAD, each.name)
        out = context.new_out()
        _, entries = quiet_run(context, out, [shown], {}, each.code)
        check_input(out, entries, each, shown)
        if each.stream is None and each.name not in NOT_FOR_REFERENCE:
            context.compare(out, [shown], OPTIONS)
        alone[each.name] = rows_without_neighbors(out, entries[shown]["name"])
    return alone


def good_lines(first, count):
    return [f'{{"id":"g{i}","text":"good text {i} of its own with words {i * i} {i ^ 77} {i * 7}"}}'
            .encode() for i in range(first, first + count)]


def bad_files(context):
    """Each file alone, then all in one run between two good ones that must not notice."""
    alone = one_by_one(context)
    before = context.write("a/before.jsonl", good_lines(0, 40) + good_lines(5, 3))
    behind = context.write("z/behind.jsonl", good_lines(30, 40))
    out = context.new_out()
    _, entries = quiet_run(context, out, [before, BAD, behind], {}, EXIT_SET_ASIDE)
    expected = expectations()
    require(len(entries) == len(expected) + 2, "report.json lists other inputs")
    for each in expected:
        shown = os.path.join(BAD, each.name)
        check_input(out, entries, each, shown)
        require(rows_without_neighbors(out, entries[shown]["name"]) == alone[each.name],
                f"{each.name}: other rows than alone")
    require_codes(context.tamis.call("verify", out), (EXIT_DONE,), "tamis verify")
    clean = context.run([before, behind], OPTIONS, codes=[EXIT_DONE])
    for shown in (before, behind):
        for kind in ("attributes", "documents", "removed"):
            first, second = (without_split_numbers(where, shown, kind) for where in (out, clean))
            require(first == second, f"{shown}: other {kind} beside bad inputs")


def without_split_numbers(out, shown, kind):
    """Bytes of an input's shard; ords have the number of the split, which other inputs move."""
    name = report_of(out)[1][shown]["name"]
    data = outputs.read_bytes(outputs.shards(out, kind)[name][0])
    return re.sub(rb'"ord":"0\.\d+\.', b'"ord":"0.', data)


# ---- inputs that are no files --------------------------------------------------------------------

def no_files(context):
    """Dangling and looping links, a FIFO, a device, folders: set aside, and the run goes on."""
    good = context.write("good.jsonl", good_lines(0, 5))
    odd = context.path("odd")
    os.makedirs(os.path.join(odd, "loop"))
    os.makedirs(os.path.join(odd, "folder.jsonl"))
    os.symlink("nowhere.jsonl", os.path.join(odd, "dangling.jsonl"))
    os.symlink("self.jsonl", os.path.join(odd, "self.jsonl"))
    os.symlink("../loop", os.path.join(odd, "loop", "again"))
    os.symlink("/dev/zero", os.path.join(odd, "device.jsonl"))
    os.mkfifo(os.path.join(odd, "fifo.jsonl"))
    named = [os.path.join(odd, name) for name in ("dangling.jsonl", "self.jsonl", "device.jsonl",
                                                  "fifo.jsonl", "folder.jsonl", "absent.jsonl")]
    unreadable = named + [os.path.join(odd, "loop", "again")]
    _, entries = quiet_run(context, context.new_out(), [good, *named, os.path.join(odd, "loop")],
                           {}, EXIT_SET_ASIDE)
    require(set(entries) == {good, *unreadable}, f"inputs {sorted(entries)}")
    for shown in unreadable:
        fault = entries[shown].get("fault", {})
        require(fault.get("reason") == "unreadable", f"{shown}: fault {fault}")
    require(entries[good]["documents"]["kept"] == 5, "the good input suffered")
    # Found in a folder rather than named.
    _, entries = quiet_run(context, context.new_out(), [good, odd], {}, EXIT_SET_ASIDE)
    for name in ("dangling.jsonl", "self.jsonl", "loop/again"):
        require("fault" in entries[os.path.join(odd, name)], f"{name}: no fault")
    require(entries[good]["documents"]["kept"] == 5, "the good input suffered")
    # Nothing but what cannot be read.
    result = context.tamis.run(context.new_out(), named[:1], OPTIONS)
    require_codes(result, (EXIT_FAILED,), "nothing to read")
    require(named[0] in result.stderr, f"{named[0]} is not named")


# ---- sizes ---------------------------------------------------------------------------------------

def peak_memory(out):
    return outputs.read_json(os.path.join(out, "timing.json"))["peak_memory_bytes"]


def long_line(context):
    """64 MiB in one line: skipped in a streaming way, and the next line is read."""
    path = context.path("long.jsonl")
    lines = good_lines(0, 4)
    with open(path, "wb") as file:
        file.write(b"\n".join(lines[:2]) + b'\n{"text":"')
        for _ in range(64):
            file.write(b"long " * (MIB // 5) + b"x")
        file.write(b'"}\n' + b"\n".join(lines[2:]) + b"\n")
    out = context.new_out()
    quiet_run(context, out, [path], {}, EXIT_SET_ASIDE)
    rows = attributes(out, "long")
    require([row.get("reason") for row in rows] == [None, None, "record_too_large", None, None],
            "other rows than two good, one too large, two good")
    start = sum(len(line) + 1 for line in lines[:2])
    require(rows[2]["offset"] == start, "offset of the long line")
    limit = 200 * MIB
    require(peak_memory(out) < limit, f"{peak_memory(out)} bytes of memory for one long line")
    # With a limit that lets it in, it is a document like others.
    out = context.new_out()
    quiet_run(context, out, [path], {"record-limit": "128MiB"}, EXIT_DONE)
    require(attributes(out, "long")[2]["verdict"] == "keep", "the long line was not kept")


def empty_documents(context):
    """100,000 documents without a byte: equal to each other, one stays."""
    path = context.write("none.jsonl", [b'{"text":""}'] * 100_000)
    begin = time.monotonic()
    report, _ = quiet_run(context, context.new_out(), [path], {}, EXIT_DONE)
    require(report["documents"]["kept"] == 1, f"kept {report['documents']['kept']}")
    require(report["reasons"]["exact"]["documents"] == 99_999, "not all others are equal to it")
    require(time.monotonic() - begin < 60, "a bucket of 100,000 takes too long")


def emoji(context):
    """A document of emoji alone has no token; it is kept, and a copy of it is found."""
    text = "\U0001f389\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f1eb\U0001f1f7\u2764\ufe0f"
    alone = context.write("one.jsonl", [json.dumps({"text": text}, ensure_ascii=False).encode()])
    _, verdicts = context.run_and_compare([alone])
    require([v.verdict for v in verdicts] == ["keep"], "the only document was not kept")
    both = context.write("two.jsonl", [json.dumps({"text": text}).encode(),
                                       json.dumps({"text": text}, ensure_ascii=False).encode(),
                                       json.dumps({"text": text[0]}).encode()])
    _, verdicts = context.run_and_compare([both])
    require([v.verdict for v in verdicts] == ["keep", "drop", "keep"], "other verdicts for emoji")


def nesting(context):
    """Millions of brackets, closed or not, in arrays, objects, keys' values and behind the text."""
    good = good_lines(0, 5)
    deep = 3_000_000
    bad = [b'{"text":"a","x":' + b"[" * deep + b"]" * deep + b"}",
           b'{"x":' + b"[" * deep,
           b'{"x":' * (deep // 5) + b'{"text":"b"}' + b"}" * (deep // 5),
           b"[" * deep]
    lines = [good[0]]
    for line, after in zip(bad, good[1:]):
        lines += [line, after]
    path = context.write("deep.jsonl", lines)
    out = context.new_out()
    quiet_run(context, out, [path], {}, EXIT_SET_ASIDE)
    rows = attributes(out, "deep")
    require([row["verdict"] for row in rows] == ["keep", "quarantine"] * 4 + ["keep"],
            "other rows than good and deep ones in turn")
    require([row["reason"] for row in rows[1:6:2]] == ["nesting"] * 3, "the reason is not nesting")
    at = 0
    for i, line in enumerate(lines):
        require(i % 2 == 0 or rows[i]["offset"] == at, f"offset of row {i}")
        at += len(line) + 1


def bombs(context):
    """Streams that expand far beyond what they are: used up to the limit, in little memory."""
    head = b"".join(line + b"\n" for line in good_lines(0, 10))
    size = 1 << 30
    path = context.path("zeros.jsonl.zst")
    with open(path, "wb") as file, subprocess.Popen(["zstd", "-qc", "-3"], stdin=subprocess.PIPE,
                                                    stdout=file) as process:
        process.stdin.write(head)
        for _ in range(size // MIB):
            process.stdin.write(bytes(MIB))
        process.stdin.close()
    packed = zlib.compressobj(9, wbits=31)
    line = b'{"text":"' + b"a " * 60_000 + b'"}\n'
    pieces = [packed.compress(head)] + [packed.compress(line) for _ in range(1000)]
    lines = context.write("lines.jsonl.gz", b"".join(pieces) + packed.flush())
    inner = context.write("inner.jsonl.gz", gzip.compress(gzip.compress(bytes(64 * MIB), mtime=0),
                                                          mtime=0))
    out = context.new_out()
    _, entries = quiet_run(context, out, [path, lines, inner], {"ratio-limit": "100"},
                           EXIT_SET_ASIDE)
    for shown in (path, lines):
        fault = entries[shown].get("fault", {})
        require(fault.get("reason") == "decompression_ratio", f"{shown}: fault {fault}")
        require(fault["offset"] < 80 * MIB, f"{shown}: used up to {fault['offset']}")
        require(entries[shown]["documents"]["read"] >= 11, f"{shown}: records before were not read")
    # What lies in the gzip is packed again: no JSON, and nobody unpacks it a second time.
    rows = attributes(out, entries[inner]["name"])
    require(all(row["verdict"] == "quarantine" for row in rows), "a packed byte became a document")
    require(peak_memory(out) < 300 * MIB, f"{peak_memory(out)} bytes of memory for bombs")


# ---- inputs that change --------------------------------------------------------------------------

class Change:
    """A run that stopped before it published its first split, and what is done to an input then."""

    def __init__(self, context):
        self.context = context
        self.paths = [context.write(f"in/{name}.jsonl", good_lines(first, 30))
                      for name, first in (("one", 0), ("two", 100))]
        self.options = {**OPTIONS, "workers": "1"}
        self.undisturbed = context.run(self.paths, self.options)

    def stopped(self):
        out = self.context.new_out()
        result = self.context.tamis.run(out, self.paths, self.options,
                                        environment={"TAMIS_FAILPOINT": "emit.before_publish:1"})
        require(result.code == -signal.SIGKILL, "the failpoint was not reached")
        return out

    def resume(self, out):
        return self.context.tamis.run(out, self.paths, self.options)

    def refused(self, out, path, what):
        """Going on ends with 1, names the input, publishes nothing of it and no result."""
        result = self.resume(out)
        require_codes(result, (EXIT_FAILED,), what)
        require(os.path.basename(path) in result.stderr, f"{what}: {path} is not named")
        name = os.path.basename(path)[:-len(".jsonl")]
        for kind in ("documents", "attributes", "removed"):
            require(not os.path.exists(os.path.join(out, kind, name + ".jsonl")),
                    f"{what}: {kind} of the input were published")
        for name in ("manifest.json", "report.json"):
            require(not os.path.exists(os.path.join(out, name)), f"{what}: {name} was written")


def changed(context):
    """A byte edited behind SCAN, with size and time as before."""
    change = Change(context)
    for path in change.paths:
        out = change.stopped()
        with open(path, "rb") as file:
            data = file.read()
        times = os.stat(path)
        place = data.index(b"good text") + 1
        with open(path, "r+b") as file:
            file.seek(place)
            file.write(b"0")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        change.refused(out, path, f"edited {os.path.basename(path)}")
        with open(path, "r+b") as file:
            file.write(data)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        # With the bytes that were decided on, the same run ends well.
        require_codes(change.resume(out), (EXIT_DONE,), "after the byte was put back")
        for name in outputs.stable_bytes(change.undisturbed):
            pair = [os.path.join(where, name) for where in (change.undisturbed, out)]
            require(outputs.read_bytes(pair[0]) == outputs.read_bytes(pair[1]),
                    f"{name} differs after the byte was put back")
        left = [name for name in outputs.files_below(out) if ".tmp-" in name]
        require(not left, f"left by the attempt that died: {left}")


def vanished(context):
    """Deleted, replaced by a folder, grown, or touched between two starts of a run."""
    change = Change(context)
    path = change.paths[1]
    with open(path, "rb") as file:
        data = file.read()
    times = os.stat(path)
    out = change.stopped()
    for what in ("deleted", "folder", "grown", "touched"):
        if what in ("deleted", "folder"):
            os.unlink(path)
        if what == "folder":
            os.mkdir(path)
        if what == "grown":
            with open(path, "ab") as file:
                file.write(good_lines(900, 1)[0] + b"\n")
        if what == "touched":
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + 10**9))
        change.refused(out, path, what)
        if what == "folder":
            os.rmdir(path)
        with open(path, "wb") as file:
            file.write(data)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    # A new run takes the input that is no longer there for unreadable.
    os.unlink(path)
    _, entries = quiet_run(context, context.new_out(), change.paths, {}, EXIT_SET_ASIDE)
    require(entries[path]["fault"]["reason"] == "unreadable", "the deleted input has no fault")
    require(entries[change.paths[0]]["documents"]["kept"] == 30, "the other input suffered")


CHECKS = [("bad files", bad_files), ("no files", no_files), ("long line", long_line),
          ("empty documents", empty_documents), ("emoji", emoji),
          ("nesting", nesting), ("bombs", bombs), ("changed", changed), ("vanished", vanished)]


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tamis", required=True, help="the program under test")
    parser.add_argument("--only", help="checks whose name contains this")
    parser.add_argument("--keep", help="folder to work in; it stays")
    args = parser.parse_args(argv)
    root = args.keep or tempfile.mkdtemp(prefix="tamis-bad-")
    failed = 0
    for name, check in CHECKS:
        if args.only and args.only not in name:
            continue
        folder = os.path.join(root, name.replace(" ", "-"))
        os.makedirs(folder)
        begin = time.monotonic()
        try:
            check(Context(Tamis(args.tamis), folder, None))
            print(f"ok   {name} ({time.monotonic() - begin:.1f} s)", flush=True)
        except CheckFailed as problem:
            failed += 1
            print(f"FAIL {name}\n{problem}", flush=True)
        except Exception:  # a crash of one check must not hide the others
            failed += 1
            print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)
        if not args.keep:
            shutil.rmtree(folder)
    if not args.keep:
        shutil.rmtree(root)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
