# SPDX-License-Identifier: Apache-2.0
"""Edges of `tamis run`: where OUT lies, what it is started again with, odd names, full disks.

    python3 check_edges.py --tamis build/release/cli/tamis [--only NAME]

Each check is a case that once went wrong, or that nothing else tries. What the machine does not
allow (mounting a small file system) is printed as left out, never as passed.
"""

import argparse
import fcntl
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import traceback

from tamis_cli import (EXIT_DONE, EXIT_FAILED, EXIT_SET_ASIDE, EXIT_USAGE, CheckFailed, Tamis,
                       require)
import outputs

MEMORY = {"memory": "64MiB"}
KILLED = -9


class LeftOut(Exception):
    """The machine does not allow this check; the text says what is missing."""


class Edge:
    """A check's folder with three small shards that share texts."""

    def __init__(self, tamis, folder):
        self.tamis = tamis
        self.folder = folder
        generator = random.Random(5)
        words = [f"w{i}" for i in range(3000)]
        texts = [" ".join(generator.choices(words, k=60)) for _ in range(80)]
        self.lines = []
        for shard in range(3):
            lines = []
            for row in range(60):
                text = generator.choice(texts).split()
                if generator.random() < 0.3:
                    text[generator.randrange(60)] = f"zz{generator.randrange(9)}"
                lines.append(json.dumps({"id": f"{shard}-{row}", "text": " ".join(text)}))
            self.lines.append(("\n".join(lines) + "\n").encode())
        self.shards = [self.write(f"in/f{i}.jsonl", data) for i, data in enumerate(self.lines)]

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, data):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def run(self, out, inputs, options=None, code=EXIT_DONE, failpoint=None, **more):
        environment = {"TAMIS_FAILPOINT": failpoint} if failpoint else {}
        result = self.tamis.run(out, inputs, {**MEMORY, **(options or {})},
                                environment=environment, **more)
        require(result.code == code, f"{out}: expected exit code {code}: {result.summary()}")
        return result

    def verify(self, out):
        result = self.tamis.call("verify", out)
        require(result.code == EXIT_DONE, f"verify {out}: {result.stdout}{result.stderr}")

    @staticmethod
    def manifest(out):
        return outputs.read_bytes(os.path.join(out, "manifest.json"))

    def same(self, first, second):
        require(self.manifest(first) == self.manifest(second), f"{first} and {second} differ")


def temporaries(folder):
    return [name for name in outputs.files_below(folder) if ".tmp-" in name]


def out_inside_input(edge):
    """What a run wrote below its input folder, or where its glob looks, is no input of it."""
    for number, inputs in enumerate((["."], ["**/*.jsonl*"], ["*", "./"])):
        folder = edge.path(f"c{number}")
        shutil.copytree(edge.path("in"), folder)
        edge.run("out", inputs, code=KILLED, failpoint="emit.after_publish:2", cwd=folder)
        edge.run("out", inputs, cwd=folder)
        edge.run("out", inputs, cwd=folder)
        report = outputs.read_json(os.path.join(folder, "out", "report.json"))
        require(report["documents"]["read"] == 180, f"{inputs}: {report['documents']}")


def spellings_of_out(edge):
    """A trailing slash, a relative path, a symbolic link: the same OUT, the same bytes."""
    inputs = [edge.path("in")]
    edge.run(edge.path("plain"), inputs)
    edge.run("below/relative/", inputs, cwd=edge.folder)
    edge.same(edge.path("plain"), edge.path("below/relative"))
    os.symlink(edge.path("plain"), edge.path("link"))
    result = edge.run(edge.path("link") + "/", inputs)
    require("complete already" in result.stderr, result.stderr)
    changed = edge.run(edge.path("link"), inputs, {"limit": "5"}, code=EXIT_FAILED)
    require("limit" in changed.stderr, changed.stderr)


def leftovers(edge):
    """Nothing half-written outlives the finished run, and none keeps a run from starting."""
    inputs = [edge.path("in")]
    for number, place in enumerate(("emit.before_publish:2", "report.before_manifest")):
        out = edge.path(f"out{number}")
        edge.run(out, inputs, code=KILLED, failpoint=place)
        edge.run(out, inputs)
        require(not temporaries(out), f"{place}: {temporaries(out)}")
        require(not os.path.exists(os.path.join(out, ".work")), f"{place}: .work is there")
        edge.verify(out)
    edge.same(edge.path("out0"), edge.path("out1"))
    edge.write("out2/job.bin.tmp-77-0", b"cut")
    edge.run(edge.path("out2"), inputs)
    require(not temporaries(edge.path("out2")), "job.bin.tmp-77-0 is there")
    edge.write("out3/mine.txt", b"precious")
    refused = edge.run(edge.path("out3"), inputs, code=EXIT_FAILED)
    require("mine.txt" in refused.stderr, refused.stderr)


def repeated(edge):
    """A complete OUT is left as it is; what a kill during the last clean-up left is removed."""
    out = edge.path("out")
    edge.run(out, edge.shards)
    before = sorted(os.listdir(out))
    edge.run(out, edge.shards)
    require(sorted(os.listdir(out)) == before, f"{sorted(os.listdir(out))} was {before}")
    os.remove(os.path.join(out, "timing.json"))
    edge.write("out/.work/state/ledger/x", b"")
    edge.write("out/documents/f0.jsonl.zst.tmp-1-2", b"")
    edge.run(out, edge.shards)
    require(not os.path.exists(os.path.join(out, ".work")), ".work is there")
    edge.verify(out)


def one_at_a_time(edge):
    """A second run on an OUT that is in use is refused, and says why."""
    out = edge.path("out")
    os.makedirs(out)
    holder = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(holder, fcntl.LOCK_EX)
        refused = edge.run(out, edge.shards, code=EXIT_FAILED)
        require("another" in refused.stderr, refused.stderr)
        require(os.listdir(out) == [], f"it wrote {os.listdir(out)}")
    finally:
        os.close(holder)
    edge.run(out, edge.shards)


def standard_input(edge):
    """Named alike wherever OUT is; another stream on a resumed run is refused, none is fine."""
    inputs = ["-", edge.shards[1]]
    for out in ("a", "deeper/b"):
        edge.run(edge.path(out), inputs, stdin=edge.lines[0])
        require("stdin" in outputs.shards(edge.path(out), "documents"), f"{out}: no stdin")
    edge.same(edge.path("a"), edge.path("deeper/b"))
    edge.verify(edge.path("a"))
    edge.run(edge.path("c"), inputs, code=KILLED, failpoint="resolve.after", stdin=edge.lines[0])
    for other in (edge.lines[2], edge.lines[0] + b"\n", edge.lines[0][:-1]):
        refused = edge.run(edge.path("c"), inputs, code=EXIT_FAILED, stdin=other)
        require("standard input" in refused.stderr, refused.stderr)
    edge.run(edge.path("c"), inputs)
    edge.same(edge.path("a"), edge.path("c"))
    edge.run(edge.path("c"), inputs, stdin=edge.lines[0])
    edge.run(edge.path("d"), ["-"], stdin=b"")


def odd_names(edge):
    """Spaces, quotes, line feeds, bytes that are no UTF-8, formats, equal stems."""
    names = [b"sp ace.jsonl", b"q\"uo'te.jsonl", b"new\nline.jsonl", b"bad\xff.jsonl",
             b"bad\xfe.jsonl", b"back\\slash.jsonl", b"perc%s%n.jsonl",
             "\u65e5\u672c.jsonl".encode(), b"a.jsonl", b"a.ndjson", b"a~2.jsonl"]
    folder = os.fsencode(edge.path("odd"))
    os.makedirs(folder)
    for number, name in enumerate(names):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(edge.lines[number % 3])
    edge.run(edge.path("out"), [edge.path("odd")])
    found = outputs.shards(edge.path("out"), "documents")
    require(len(found) == len(names), f"{sorted(found)}")
    edge.verify(edge.path("out"))


def long_names(edge):
    """A name that is too long behind a suffix is cut; two that only differ there stay two."""
    for number, name in enumerate(("x" * 249, "x" * 248 + "y", "\u00e9" * 120)):
        edge.write(f"long/{name}.jsonl", edge.lines[number])
    edge.run(edge.path("out"), [edge.path("long")])
    found = outputs.shards(edge.path("out"), "documents")
    require(len(found) == 3 and all(len(name.encode()) <= 200 for name in found), f"{found}")
    edge.verify(edge.path("out"))
    deep = edge.path(*["o" * 200] * 20)
    refused = edge.tamis.run(deep, edge.shards)
    require(refused.code == EXIT_FAILED and "path" in refused.stderr, refused.summary())


def file_beside_folder(edge):
    """A file whose output would lie where another one's folder is."""
    edge.write("both/a.jsonl", edge.lines[0])
    edge.write("both/a.jsonl.zst/b.jsonl", edge.lines[1])
    edge.run(edge.path("out"), [edge.path("both")])
    report = outputs.read_json(edge.path("out", "report.json"))
    names = [entry["name"] for entry in report["inputs"]]
    require(names == ["a~2", "a.jsonl.zst/b"], f"{names}")
    edge.verify(edge.path("out"))


def named_twice(edge):
    """A file that is named twice is read once."""
    paths = [edge.shards[1], edge.path("in/../in/f1.jsonl"), edge.path("in"), edge.path("in/")]
    edge.run(edge.path("out"), paths)
    report = outputs.read_json(edge.path("out", "report.json"))
    require(report["documents"]["read"] == 180, f"{report['documents']}")
    require([entry["name"] for entry in report["inputs"]] == ["f1", "f0", "f2"], "another order")


def nothing_to_read(edge):
    """Absent files, an empty folder: an error that names one; a file without bytes is no error."""
    os.makedirs(edge.path("empty"))
    for number, name in enumerate(("absent.jsonl", "empty", "none*.jsonl")):
        result = edge.run(edge.path(f"out{number}"), [edge.path(name)], code=EXIT_FAILED)
        require(name in result.stderr, result.stderr)
    path = edge.write("zero/a.jsonl", b"")
    edge.run(edge.path("out"), [path])
    edge.verify(edge.path("out"))
    result = edge.run(edge.path("some"), [path, edge.path("absent.jsonl")], code=EXIT_SET_ASIDE)
    require("absent.jsonl" in result.stderr, result.stderr)


def member_tamis(edge):
    """The member that is written may be deeper than records are; a text inside it is refused."""
    for limit in ("1", "2"):
        edge.run(edge.path(f"n{limit}"), edge.shards, {"nesting-limit": limit})
        edge.verify(edge.path(f"n{limit}"))
    refused = edge.run(edge.path("out"), edge.shards, {"text-field": "tamis.text"},
                       code=EXIT_USAGE)
    require("tamis.text" in refused.stderr, refused.stderr)


def crowds(edge):
    """Empty documents, one bucket of all, one URL of all, under little memory."""
    tokens = [f"tok{i}" for i in range(40)]
    lines = [b'{"text":""}\n'] * 20000
    for number in range(4000):
        text, rest = [], number
        for token in tokens:
            text.append(token + (" ", ", ", "; ")[rest % 3])
            rest //= 3
        lines.append(json.dumps({"text": "".join(text), "url": f"http://a.example/?utm_id={number}"}
                                ).encode() + b"\n")
    path = edge.write("crowd.jsonl", b"".join(lines))
    for number, options in enumerate(({}, {"levels": "url,near", "url-keep": "last"})):
        out = edge.path(f"out{number}")
        edge.run(out, [path], {**options, "memory": "40MiB"})
        kept = outputs.read_json(os.path.join(out, "report.json"))["documents"]["kept"]
        require(kept == (2 if number == 0 else 20001), f"{options}: {kept} were kept")
        edge.verify(out)


def full_disk(edge):
    """A full file system ends the run with an error; with room it goes on to the same bytes."""
    small = edge.path("small")
    os.makedirs(small)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs",
                                            small], capture_output=True, check=False).returncode:
        raise LeftOut("no small file system can be mounted")
    try:
        generator = random.Random(9)
        words = [f"w{i}" for i in range(30000)]
        path = edge.write("mid.jsonl", b"".join(
            json.dumps({"text": " ".join(generator.choices(words, k=100))}).encode() + b"\n"
            for _ in range(8000)))
        edge.run(edge.path("roomy"), [path])
        out = os.path.join(small, "out")
        stages = set()
        for size in ("2m", "5m", "6500k", "7500k", "8m", "8500k", "9m", "10m"):
            subprocess.run(["mount", "-o", f"remount,size={size}", small], check=True)
            result = edge.tamis.run(out, [path], MEMORY)
            if result.code != EXIT_DONE:
                require(result.code == EXIT_FAILED and "No space left" in result.stderr,
                        f"{size}: {result.summary()}")
                stages.update(name for name in ("scan", "link", "emit")
                              if f"{name} task" in result.stderr)
                subprocess.run(["mount", "-o", "remount,size=60m", small], check=True)
                edge.run(out, [path])
            edge.same(out, edge.path("roomy"))
            require(not temporaries(out), f"{size}: {temporaries(out)}")
            shutil.rmtree(out)
        print(f"     the disk was full in {', '.join(sorted(stages))}")
        require("scan" in stages, "the disk was never full")
    finally:
        subprocess.run(["umount", small], check=True)


CHECKS = (out_inside_input, spellings_of_out, leftovers, repeated, one_at_a_time, standard_input,
          odd_names, long_names, file_beside_folder, named_twice, nothing_to_read, member_tamis,
          crowds, full_disk)


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tamis", required=True, help="the program under test")
    parser.add_argument("--only", help="checks whose name contains this")
    args = parser.parse_args(argv)
    tamis = Tamis(args.tamis)
    failed = 0
    passed = 0
    for check in CHECKS:
        if args.only and args.only not in check.__name__:
            continue
        folder = tempfile.mkdtemp(prefix="tamis-edges-")
        try:
            check(Edge(tamis, folder))
            passed += 1
            print(f"ok   {check.__name__}", flush=True)
        except LeftOut as reason:
            print(f"left out {check.__name__}: {reason}", flush=True)
        except CheckFailed as reason:
            failed += 1
            print(f"FAIL {check.__name__}\n{reason}", flush=True)
        except Exception:  # a crash of one check must not hide the others
            failed += 1
            print(f"FAIL {check.__name__}\n{traceback.format_exc()}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
