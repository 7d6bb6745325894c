# SPDX-License-Identifier: Apache-2.0
"""`tamis verify` must accept a sound result and refuse, naming the place, every kind of tampering.

    python3 tamper.py --tamis build/release/cli/tamis [--seed 5] [--keep DIR]

Files are changed and the manifest is made anew (XXH3-128 of the changed files), so that nothing
but the deeper checks can notice; `flipped byte` alone leaves the manifest as it was.
"""

import argparse
import os
import re
import shutil
import sys
import tempfile

from tamis_cli import (EXIT_DONE, EXIT_FAILED, EXIT_SET_ASIDE, CheckFailed, Tamis, require,
                       require_codes)
import outputs
from make_corpus import write_corpus


class Tampered:
    """A copy of OUT that one function spoils."""

    def __init__(self, out):
        self.out = out

    def shard(self, kind):
        """Path of the greatest shard of a kind, relative to OUT."""
        root = os.path.join(self.out, kind)
        found = [os.path.join(kind, name) for name in outputs.files_below(root)]
        return max(found, key=lambda name: os.path.getsize(os.path.join(self.out, name)))

    def lines(self, name):
        return outputs.read_lines(os.path.join(self.out, name))

    def write(self, name, lines):
        outputs.write_lines(os.path.join(self.out, name), lines)
        outputs.remake_manifest(self.out)

    def find(self, name, accept):
        """(all lines, indices of those whose record is accepted)."""
        lines = self.lines(name)
        found = [i for i, line in enumerate(lines) if accept(outputs.parse(line))]
        require(found, f"{name}: no line to tamper with")
        return lines, found


def is_dropped_near(record):
    return record.get("reason") == "near" and "via" not in record


def flipped_byte(tampered):
    name = tampered.shard("documents")
    path = os.path.join(tampered.out, name)
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 0x10]))
    return name


def flipped_letter(tampered):
    """One letter of a kept text: its digest no longer fits."""
    name = tampered.shard("documents")
    lines = tampered.lines(name)
    place = len(lines) // 2
    match = re.search(rb'"text"\s*:\s*"[^"\\]*?([A-Za-z])', lines[place])
    while match is None:
        place += 1
        match = re.search(rb'"text"\s*:\s*"[^"\\]*?([A-Za-z])', lines[place])
    at = match.start(1)
    lines[place] = lines[place][:at] + bytes([lines[place][at] ^ 1]) + lines[place][at + 1:]
    tampered.write(name, lines)
    return name


def lost_document(tampered):
    name = tampered.shard("documents")
    lines = tampered.lines(name)
    del lines[len(lines) // 2]
    tampered.write(name, lines)
    return name


def lost_attribute(tampered):
    name = tampered.shard("attributes")
    lines = tampered.lines(name)
    del lines[len(lines) // 2]
    tampered.write(name, lines)
    return name


def lost_last_document(tampered):
    name = tampered.shard("documents")
    tampered.write(name, tampered.lines(name)[:-1])
    return name


def doubled_document(tampered):
    name = tampered.shard("documents")
    lines = tampered.lines(name)
    lines.insert(len(lines) // 2, lines[len(lines) // 2])
    tampered.write(name, lines)
    return name


def doubled_attribute(tampered):
    name = tampered.shard("attributes")
    lines = tampered.lines(name)
    lines.insert(len(lines) // 2, lines[len(lines) // 2])
    tampered.write(name, lines)
    return name


def swapped_documents(tampered):
    name = tampered.shard("documents")
    lines = tampered.lines(name)
    lines[0], lines[1] = lines[1], lines[0]
    tampered.write(name, lines)
    return name


def _witness_span(line):
    begin = line.index(b'"witness"')
    begin = line.index(b"{", begin)
    return begin, line.index(b"}", begin) + 1


def swapped_witnesses(tampered):
    """Two records that fell to different witnesses exchange them."""
    name = tampered.shard("attributes")
    lines, found = tampered.find(name, is_dropped_near)
    records = [outputs.parse(lines[i]) for i in found]
    other = next((k for k in range(1, len(found))
                  if records[k]["witness"]["ord"] != records[0]["witness"]["ord"]), None)
    require(other is not None, "all records have the same witness")
    first, second = found[0], found[other]
    a, b = _witness_span(lines[first]), _witness_span(lines[second])
    one, two = lines[first][slice(*a)], lines[second][slice(*b)]
    lines[first] = lines[first][:a[0]] + two + lines[first][a[1]:]
    lines[second] = lines[second][:b[0]] + one + lines[second][b[1]:]
    tampered.write(name, lines)
    return name


def forged_similarity(tampered):
    name = tampered.shard("attributes")
    lines, found = tampered.find(name, is_dropped_near)
    place = found[len(found) // 2]
    figure = outputs.parse(lines[place])["witness"]["similarity"]
    forged = "0.9876" if figure != "0.9876" else "0.9765"
    lines[place], count = re.subn(rb'("similarity"\s*:\s*)[0-9.]+', rb"\g<1>" + forged.encode(),
                                  lines[place])
    require(count == 1, "no similarity in the line")
    tampered.write(name, lines)
    return name


def witness_not_kept(tampered):
    """A witness is replaced by one that was dropped itself."""
    name = tampered.shard("attributes")
    lines, found = tampered.find(name, lambda record: record["verdict"] == "drop")
    victim, dropped = found[-1], outputs.parse(lines[found[0]])
    witness = outputs.parse(lines[victim])["witness"]
    line = lines[victim]
    for key in ("id", "ord"):
        old = re.compile(rb'("witness"\s*:\s*\{.*?"' + key.encode()
                         + rb'"\s*:\s*)"(?:[^"\\]|\\.)*"')
        new = dropped[key].encode("utf-8")
        line, count = old.subn(lambda match, new=new: match.group(1) + b'"' + new + b'"', line)
        require(count == 1, f"no witness {key} in the line")
    require(outputs.parse(line)["witness"] != witness, "the witness is the same")
    lines[victim] = line
    tampered.write(name, lines)
    return name


def kept_turned_dropped(tampered):
    """A verdict is turned while the document is still there."""
    name = tampered.shard("attributes")
    lines, found = tampered.find(name, lambda record: record["verdict"] == "keep")
    place = found[len(found) // 2]
    lines[place] = re.sub(rb'("verdict"\s*:\s*)"keep"', rb'\1"quarantine"', lines[place])
    tampered.write(name, lines)
    return name


def forged_copies(tampered):
    name = tampered.shard("attributes")
    lines, found = tampered.find(name, lambda record: record["verdict"] == "keep")
    place = found[len(found) // 2]
    lines[place], count = re.subn(rb'("exact"\s*:\s*)([0-9]+)', rb"\g<1>7\2", lines[place])
    require(count == 1, "no copies in the line")
    tampered.write(name, lines)
    return name


def forged_report(tampered):
    path = os.path.join(tampered.out, "report.json")
    with open(path, "rb") as file:
        data = file.read()
    data, count = re.subn(rb'("kept"\s*:\s*)([0-9]+)', rb"\g<1>1\2", data, count=1)
    require(count == 1, "no kept in the report")
    with open(path, "wb") as file:
        file.write(data)
    outputs.remake_manifest(tampered.out)
    return "report.json"


def missing_shard(tampered):
    name = tampered.shard("documents")
    os.remove(os.path.join(tampered.out, name))
    return name


TAMPERINGS = (flipped_byte, flipped_letter, lost_document, lost_attribute, lost_last_document,
              doubled_document, doubled_attribute, swapped_documents, swapped_witnesses,
              forged_similarity, witness_not_kept, kept_turned_dropped, forged_copies,
              forged_report, missing_shard)


def check(tamis, out, spoil, folder):
    copy = os.path.join(folder, spoil.__name__)
    shutil.copytree(out, copy)
    place = spoil(Tampered(copy))
    result = require_codes(tamis.call("verify", copy), [EXIT_FAILED], "tamis verify")
    base = os.path.basename(place).split(".")[0]
    require(base in result.stdout + result.stderr,
            f"the message does not name {place}: {result.summary()}")


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tamis", required=True)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--only")
    parser.add_argument("--keep", help="folder to work in; it stays")
    args = parser.parse_args(argv)
    folder = args.keep or tempfile.mkdtemp(prefix="tamis-tamper-")
    failures = 0
    try:
        tamis = Tamis(args.tamis)
        paths = write_corpus(os.path.join(folder, "corpus"), args.seed, args.documents)
        out = os.path.join(folder, "out")
        require_codes(tamis.run(out, paths, {"levels": "url,exact,near"}),
                      [EXIT_DONE, EXIT_SET_ASIDE], "tamis run")
        require_codes(tamis.call("verify", out), [EXIT_DONE], "tamis verify of a sound result")
        for spoil in TAMPERINGS:
            if args.only and args.only not in spoil.__name__:
                continue
            try:
                check(tamis, out, spoil, folder)
                print(f"ok   {spoil.__name__}", flush=True)
            except CheckFailed as failed:
                failures += 1
                print(f"FAIL {spoil.__name__}: {failed}", flush=True)
    finally:
        if not args.keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CheckFailed as failed:
        print(f"FAIL {failed}")
        sys.exit(1)
