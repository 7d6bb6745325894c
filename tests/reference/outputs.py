# SPDX-License-Identifier: Apache-2.0
"""Reading what a run leaves: shards, attributes, report, manifest, timing."""

import gzip
import json
import os
import re
import subprocess

from xxh3 import xxh3_128_hex

ENDINGS = (".jsonl.zst", ".jsonl.gz", ".jsonl")


class Figure(str):
    """A JSON number with a fraction, as it was written."""


def parse(data):
    """JSON with fractions kept as text: four decimals are part of the contract."""
    return json.loads(data, parse_float=Figure)


def read_json(path):
    with open(path, "rb") as file:
        return parse(file.read())


def read_bytes(path):
    """Decompressed bytes of one file, whole or an error."""
    if path.endswith(".zst"):
        return subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE, check=True).stdout
    with open(path, "rb") as file:
        data = file.read()
    return gzip.decompress(data) if path.endswith(".gz") else data


def read_lines(path):
    """Lines without their ends; every line must have one."""
    data = read_bytes(path)
    if data and not data.endswith(b"\n"):
        raise ValueError(f"{path}: the last line has no end")
    return data.split(b"\n")[:-1]


def read_lines_loosely(path):
    """Lines of an input: any ends, no byte order mark, no blanks."""
    lines = read_bytes(path).removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return [line.strip() for line in lines if line.strip()]


def write_lines(path, lines):
    """The opposite of read_lines, for tests that tamper."""
    data = b"".join(line + b"\n" for line in lines)
    if path.endswith(".zst"):
        data = subprocess.run(["zstd", "-qc", "-1"], input=data, stdout=subprocess.PIPE,
                              check=True).stdout
    elif path.endswith(".gz"):
        data = gzip.compress(data, mtime=0)
    with open(path, "wb") as file:
        file.write(data)


def files_below(folder):
    """Paths of all files relative to the folder, sorted by bytes."""
    out = []
    for base, _, names in os.walk(folder):
        out += [os.path.relpath(os.path.join(base, name), folder) for name in names]
    return sorted(out)


def ending_of(path):
    return next((ending for ending in ENDINGS if path.endswith(ending)), None)


def shards(out, kind):
    """{NAME: paths in split order} of documents, attributes or removed.

    NAME/00000.jsonl.zst is part 0 of NAME when NAME has no file of its own and all files beside it
    are numbered without a gap."""
    root = os.path.join(out, kind)
    by_name = {}
    for path in files_below(root) if os.path.isdir(root) else ():
        ending = ending_of(path)
        if ending is None:
            raise ValueError(f"{kind}/{path}: unexpected file")
        by_name[path[:-len(ending)]] = os.path.join(root, path)
    folders = {}
    for name in by_name:
        folder, _, base = name.rpartition("/")
        folders.setdefault(folder, []).append(base)
    found = {}
    for name, path in sorted(by_name.items()):
        folder, _, base = name.rpartition("/")
        numbered = sorted(folders[folder]) == [f"{i:05d}" for i in range(len(folders[folder]))]
        if re.fullmatch("[0-9]{5}", base) and numbered:
            found.setdefault(folder, []).append(path)
        else:
            found[name] = [path]
    return found


def split_rows(out, inputs):
    """{input path: rows of each split} as the attributes have them."""
    found = shards(out, "attributes")
    return {each.path: [len(read_lines(path)) for path in found[each.name]]
            for each in inputs if each.name in found}


def counter(out, name):
    """Sum of every number under that name in OUT/timing.json; None: it does not occur."""
    found = []

    def walk(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                if key == name and isinstance(inner, (int, Figure)):
                    found.append(float(inner))
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(read_json(os.path.join(out, "timing.json")))
    return sum(found) if found else None


def executed(out):
    """(tasks that the last process ran, {stage: tasks of it in the whole run}) of timing.json."""
    timing = read_json(os.path.join(out, "timing.json"))
    by_stage = {}
    for stage in timing["stages"]:
        if not stage.get("skipped"):
            by_stage[stage["stage"]] = by_stage.get(stage["stage"], 0) + stage["tasks"]
    return timing["tasks_executed"], by_stage


STABLE = ("documents", "attributes", "removed", "report.json", "manifest.json")


def stable_bytes(out):
    """{relative path: digest} of all that must be equal for equal settings and inputs."""
    found = {}
    for path in files_below(out):
        if path.split(os.sep)[0] in STABLE:
            with open(os.path.join(out, path), "rb") as file:
                data = file.read()
            found[path] = (len(data), xxh3_128_hex(data))
    return found


def remake_manifest(out):
    """Brings sizes and digests in manifest.json up to date, leaving everything else as it is."""
    path = os.path.join(out, "manifest.json")
    with open(path, "rb") as file:
        manifest = json.load(file)
    for entry in manifest["files"]:
        with open(os.path.join(out, entry["name"]), "rb") as file:
            data = file.read()
        entry["size"] = len(data)
        entry["xxh3_128"] = xxh3_128_hex(data)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(manifest, file, ensure_ascii=False)
        file.write("\n")
