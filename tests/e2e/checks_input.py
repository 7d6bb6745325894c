# SPDX-License-Identifier: Apache-2.0
"""Checks of what is read: --against, --priority, standard input, folders, splits, broken files."""

import glob
import gzip
import os
import subprocess

from context import require_same_bytes
from make_corpus import warc_record, write_corpus
from read import Input, assign_names
from tamis_cli import EXIT_SET_ASIDE, HERE, require
import outputs

LEVELS = {"levels": "url,exact,near"}


def text_line(number, text, **more):
    members = "".join(f',"{name}":"{value}"' for name, value in more.items())
    return f'{{"id":"r{number}","text":"{text}"{members}}}'.encode("utf-8")


def against(context):
    """Documents of --against are witnesses and nothing else."""
    paths = context.corpus.paths
    for options in ({"against": paths[:2]}, {**LEVELS, "against": paths[2:5]},
                    {**LEVELS, "url-keep": "last", "against": paths[:1]},
                    {"levels": "near", "bucket-cap": "2", "against": paths[3:4]}):
        own = [path for path in paths if path not in options["against"]]
        out, verdicts = context.run_and_compare(own, options)
        names = {verdict.witness["input"] for verdict in verdicts if verdict.witness}
        require(names & set(options["against"]), "no witness from --against")
        found = outputs.shards(out, "documents")
        require(len(found) == len(own), f"documents of {len(found)} inputs for {len(own)}")


def against_itself(context):
    """A corpus against a copy of itself keeps nothing that has a token or equal text."""
    path = context.corpus.paths[0]
    _, verdicts = context.run_and_compare([path], {"against": [path]})
    own = [v for v in verdicts if not v.document.is_against]
    require(all(v.verdict != "keep" for v in own), "a copy was kept")


def priority(context):
    """The precedence of sources decides who is the witness."""
    paths = context.corpus.paths
    lines = [paths[4], os.path.dirname(paths[2]), paths[0]]
    listed = context.write("priority.txt", [line.encode("utf-8") for line in lines])
    context.run_and_compare(paths, {**LEVELS, "priority": listed})
    plain = context.run(paths, LEVELS)
    ordered = context.run(paths, {**LEVELS, "priority": listed})
    require(outputs.stable_bytes(plain) != outputs.stable_bytes(ordered),
            "the priority changed nothing")


def standard_input(context):
    """`-` reads JSON lines."""
    with open(context.corpus.paths[0], "rb") as file:
        data = file.read()
    spooled = context.write("stdin.jsonl", data)
    inputs = [Input(spooled, "-", name="stdin")]
    context.run_and_compare(["-"], inputs=inputs, stdin=data)


def folder_and_glob(context):
    """A folder stands for its files sorted by bytes, a pattern likewise."""
    folder = context.corpus.folder
    below = sorted(outputs.files_below(folder), key=lambda name: name.encode("utf-8"))
    found = [os.path.join(folder, name) for name in below]
    inputs = [Input(path, path) for path in found]
    context.run_and_compare([folder], LEVELS, inputs=inputs)
    pattern = os.path.join(folder, "two", "*")
    listed = sorted(glob.glob(pattern))
    context.run_and_compare([pattern], LEVELS, inputs=[Input(path, path) for path in listed])


def relative_paths(context):
    """witness.input is the path as the user gave it."""
    paths = [os.path.relpath(path, context.folder) for path in context.corpus.paths]
    here = os.getcwd()
    os.chdir(context.folder)
    try:
        context.run_and_compare(paths, LEVELS)
    finally:
        os.chdir(here)


def splits(context):
    """A file cut into splits: the same verdicts under other ords, numbered shards."""
    path = context.path("big.jsonl")
    lines = []
    for seed in (101, 102, 103):
        for shard in write_corpus(context.path(f"c{seed}"), seed, 900)[:4:3]:
            data = outputs.read_bytes(shard).removeprefix(b"\xef\xbb\xbf")
            lines += [line.rstrip(b"\r") for line in data.split(b"\n")]
    with open(path, "wb") as file:
        file.write(b"\n".join(lines) + b"\n")
    whole, _ = context.run_and_compare([path], LEVELS)
    cut, _ = context.run_and_compare([path], {**LEVELS, "split-size": "256KiB"})
    require(len(outputs.shards(cut, "attributes")["big"]) > 2, "the file was not cut")

    def verdicts(out):
        found = []
        for shard in outputs.shards(out, "attributes")["big"]:
            for line in outputs.read_lines(shard):
                record = outputs.parse(line)
                found.append((record["verdict"], record.get("reason"), record["digest"]))
        return found

    require(verdicts(whole) == verdicts(cut), "cutting the file changed verdicts")
    again = context.run([path], {**LEVELS, "split-size": "256KiB", "workers": "1"})
    require_same_bytes(cut, again, "splits with one worker")


def fields(context):
    """--text-field, --id-field, --url-field by name and by path."""
    lines = [
        b'{"doc":{"body":"one two three four five six","id":"x1"},'
        b'"meta":{"url":"http://a.example/"}}',
        b'{"doc":{"body":"one  two three four five six","id":2},'
        b'"meta":{"url":"https://b.example"}}',
        b'{"doc":{"body":"seven eight nine","id":"x3"},"meta":{"url":"https://www.a.example"}}',
        b'{"doc.body":"literal wins","doc":{"body":"inner"},"meta":7}',
        b'{"doc":{"body":5}}', b'{"doc":[1],"text":"not this"}', b'{"text":"nor this"}',
    ]
    path = context.write("fields.jsonl", lines)
    _, verdicts = context.run_and_compare(
        [path], {**LEVELS, "text-field": "doc.body", "id-field": "doc.id", "url-field": "meta.url"})
    require([v.reason for v in verdicts[:3]] == [None, "exact", "url"], "unexpected reasons")


def limit(context):
    """--limit takes the first records of each input."""
    context.run_and_compare(context.corpus.paths[:3], {"limit": "20"})


def record_limits(context):
    """Records at and above the limits of size and nesting; the rest of the file goes on."""
    def sized(size):
        return b'{"text":"' + b"y" * (size - 11) + b'"}'

    def nested(depth):  # the record itself is the first level
        return b'{"text":"z","a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"

    path = context.write("limits.jsonl", [sized(1024), b'{"text":"one"}', sized(1025),
                                          sized(300_000), nested(9), nested(10), nested(30),
                                          b'{"text":"two"}'])
    _, verdicts = context.run_and_compare([path], {"record-limit": "1KiB", "nesting-limit": "9"})
    require([v.reason for v in verdicts]
            == [None, None, "record_too_large", "record_too_large", None, "nesting", "nesting",
                None], "unexpected reasons")


def sample(context):
    """--sample takes the records that docs/FORMATS.md 2.4 names; --limit comes before it."""
    paths = context.corpus.paths
    _, some = context.run_and_compare(paths, {**LEVELS, "sample": "0.3"})
    require(100 < len(some) < 500, f"{len(some)} records at 30 %")
    context.run_and_compare(paths[:2], {"sample": "0.5", "limit": "60"})


def by_content(context):
    """Files without a known suffix are recognized by their first bytes."""
    lines = [text_line(i, f"words of record {i}") for i in range(5)]
    data = b"".join(line + b"\n" for line in lines)
    warc = warc_record("conversion", [("WARC-Record-ID", "<urn:x:1>")], b"words of a page")
    paths = [context.write("n/lines", b"\xef\xbb\xbf \n" + data),
             context.write("n/packed.data", gzip.compress(data, mtime=0)),
             context.write("n/pages", warc), context.write("n/prose", b"words of a letter\n"),
             context.write("n/mark.txt", b"\xef\xbb\xbfwords of a letter"),
             context.write("n/CAPS.JSONL", data)]
    context.run_and_compare(paths, {"levels": "exact"})
    # In a folder only known suffixes count, and nothing hidden or set aside by an underscore.
    context.write("n/_part.jsonl", data)
    context.write("n/.hidden/x.jsonl", data)
    found = sorted(path for path in paths if path.endswith((".txt", ".JSONL")))
    context.run_and_compare([context.path("n")], inputs=[Input(path, path) for path in found])


def named_twice(context):
    """A file that is named again counts once, where it was named first."""
    paths = context.corpus.paths[:2]
    folder, base = os.path.split(paths[0])
    again = os.path.join(folder, ".", "..", os.path.basename(folder), base)
    context.run_and_compare([paths[1], paths[0], paths[1], again],
                            inputs=[Input(path, path) for path in reversed(paths)])


def bad_inputs(context):
    """Every file of tests/data/bad gives the rows, faults and repairs that its table says."""
    folder = os.path.join(os.path.dirname(HERE), "data", "bad")
    with open(os.path.join(folder, "EXPECTED.tsv"), encoding="utf-8") as file:
        table = [line.split("\t") for line in file.read().splitlines()[1:]]
    paths = [os.path.join(folder, row[0]) for row in table]
    out = context.run(paths, codes=[EXIT_SET_ASIDE])
    inputs = [Input(path, path) for path in paths]
    assign_names(inputs)
    shards = outputs.shards(out, "attributes")
    for each, (name, rows, faults, repaired, _, _) in zip(inputs, table):
        found = [outputs.parse(line) for path in shards[each.name]
                 for line in outputs.read_lines(path)]
        got = ",".join(f"{i}:{row['reason']}" for i, row in enumerate(found)
                       if row["verdict"] == "quarantine") or "-"
        flagged = ",".join(str(i) for i, row in enumerate(found)
                           if "repaired" in row.get("flags", [])) or "-"
        for what, value, expected in (("rows", str(len(found)), rows), ("faults", got, faults),
                                      ("repaired", flagged, repaired)):
            require(expected == "?" or value == expected,
                    f"{name}: {what} {value} instead of {expected}")


def short_and_empty(context):
    """Empty files, files of blanks, one record, records without a token."""
    paths = [context.write("a/empty.jsonl", b""), context.write("a/blank.jsonl", b"\n \r\n\t\n"),
             context.write("a/mark.jsonl", b"\xef\xbb\xbf"),
             context.write("a/one.jsonl", b'{"text":"one"}'),
             context.write("a/none.jsonl", [b'{"text":""}', b'{"text":"?"}', b'{"text":" "}']),
             context.write("a/empty.gz.jsonl.gz", gzip.compress(b"", mtime=0))]
    out, verdicts = context.run_and_compare(paths, LEVELS)
    require(len(verdicts) == 4, f"{len(verdicts)} records instead of 4")
    require(len(outputs.shards(out, "attributes")) == len(paths), "an input has no attributes")
    context.run_and_compare(paths[:2], LEVELS)


def truncated(context):
    """A cut stream is used up to the cut; the cut record is one quarantined row."""
    lines = [text_line(i, f"record number {i} has words of its own {i * i} {i ^ 5}")
             for i in range(300)]
    data = b"".join(line + b"\n" for line in lines)
    packed = gzip.compress(data, mtime=0)
    zst = subprocess.run(["zstd", "-qc", "-1"], input=data, stdout=subprocess.PIPE,
                         check=True).stdout
    good = context.write("good.jsonl", lines[:50])
    for name, content, reason in (("cut.jsonl.gz", packed[:-len(packed) // 3], "stream_truncated"),
                                  ("cut.jsonl.zst", zst[:-10], "stream_truncated")):
        path = context.write(name, content)
        out = context.run([good, path], codes=[EXIT_SET_ASIDE])
        rows = [outputs.parse(line)
                for line in outputs.read_lines(outputs.shards(out, "attributes")["cut"][0])]
        require(rows and rows[-1]["verdict"] == "quarantine" and rows[-1]["reason"] == reason,
                f"{name}: the last row is not set aside as {reason}")
        require(sum(row["verdict"] == "quarantine" for row in rows) == 1,
                f"{name}: more than one row was set aside")
        require([row["id"] for row in rows[:-1]] == [f"r{i}" for i in range(len(rows) - 1)],
                f"{name}: rows before the cut are not those of the file")
        # The rest of the run is what it would be with the good part alone.
        same = context.write("part/cut.jsonl", lines[:len(rows) - 1])
        context.run_and_compare([good, same])


def missing_input(context):
    """A file that is not there is named and the run goes on."""
    good = context.corpus.paths[0]
    absent = context.path("absent.jsonl")
    out = context.new_out()
    result = context.tamis.run(out, [good, absent])
    require(result.code == EXIT_SET_ASIDE, f"exit code {result.code} instead of 3")
    require("absent.jsonl" in result.stderr, "the absent file is not named")
    report = outputs.read_json(os.path.join(out, "report.json"))
    require(report["documents"]["kept"] > 0, "nothing was kept")


def warc_kinds(context):
    """Records of WARC that are no documents make no row."""
    def headers(number, media="text/plain"):
        return [("WARC-Record-ID", f"<urn:x:{number}>"), ("Content-Type", media),
                ("WARC-Target-URI", f"https://warc.example/{number}"),
                ("WARC-Date", "2024-01-01T00:00:00Z")]

    http = (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
            b"Content-Length: 30\r\n\r\nreply with some words in it...")
    page = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>x</p>"
    records = [
        warc_record("warcinfo", headers(0, "application/warc-fields"), b"a: b\r\n"),
        warc_record("request", headers(1, "application/http; msgtype=request"), b"GET / HTTP/1.1"),
        warc_record("response", headers(2, "application/http; msgtype=response"), http),
        warc_record("response", headers(3, "application/http; msgtype=response"), page),
        warc_record("conversion", headers(4), b"converted text\r\n\r\nwith a gap"),
        warc_record("metadata", headers(5, "application/warc-fields"), b"c: d"),
        warc_record("revisit", headers(6, "application/http"), b""),
        warc_record("resource", headers(7), b"a resource of text"),
        warc_record("resource", headers(8, "image/png"), b"\x89PNG"),
        warc_record("conversion", headers(9), b"broken \xff utf-8"),
    ]
    plain = context.write("k/plain.warc", b"".join(records))
    packed = context.write("k/packed.warc.gz",
                           b"".join(gzip.compress(record, mtime=0) for record in records))
    _, verdicts = context.run_and_compare([plain, packed], LEVELS)
    require(len(verdicts) == 8, f"{len(verdicts)} rows instead of 8")


ONCE = [
    ("against", against), ("against itself", against_itself), ("priority", priority),
    ("standard input", standard_input), ("folder and glob", folder_and_glob),
    ("relative paths", relative_paths), ("splits", splits), ("fields", fields), ("limit", limit),
    ("record limits", record_limits), ("sample", sample), ("by content", by_content),
    ("named twice", named_twice), ("bad inputs", bad_inputs),
    ("short and empty", short_and_empty), ("truncated", truncated),
    ("missing input", missing_input), ("warc kinds", warc_kinds),
]
