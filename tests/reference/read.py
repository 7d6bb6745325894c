# SPDX-License-Identifier: Apache-2.0
"""Rows of inputs: JSON lines, WARC and WET, plain text; plain, gzip or zstd.

Whole files in memory, parsed with Python's own json, zlib and the zstd command. Malformed WARC
records are outside of what the reference can judge.
"""

import json
import os
import re
import subprocess
import zlib
from dataclasses import dataclass

from settings import PPM
from text import decode_bytes, repair

JSON_SPACE = b" \t\r\n"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
M64 = (1 << 64) - 1
COMPRESSIONS = (".gz", ".bgz", ".zst", ".zstd")
FORMATS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".jl": "jsonl",
           ".warc": "warc", ".wet": "warc", ".wat": "warc",
           ".txt": "text", ".text": "text", ".md": "text"}
SUFFIXES = COMPRESSIONS + tuple(FORMATS)


@dataclass
class Input:
    path: str
    shown: str  # as the user named it
    name: str = ""  # of the output files
    is_against: bool = False


@dataclass
class Row:
    """One record. With a fault only raw and id stand."""

    raw: bytes = b""  # JSONL: the object from { to }; with a fault: the bytes of the record
    id: str = None
    text: str = ""
    url: str = None  # as it stands in the record
    scope: str = None
    date: str = None  # WARC
    fault: str = None
    is_repaired: bool = False


class Number(str):
    """A JSON number as it was written."""


class BadRecord(Exception):
    def __init__(self, fault):
        super().__init__(fault)
        self.fault = fault


# ---- compression -------------------------------------------------------------------------------

def decompress(data):
    """(bytes up to the first fault, fault or None)."""
    if data[:2] == b"\x1f\x8b":
        return _gunzip(data)
    if data[:4] == b"\x28\xb5\x2f\xfd":
        done = subprocess.run(["zstd", "-dcq", "--long=31"], input=data, capture_output=True,
                              check=False)
        return done.stdout, "stream_truncated" if done.returncode else None
    return data, None


def _gunzip(data):
    out = []
    while data:
        member = zlib.decompressobj(wbits=31)
        try:
            out.append(member.decompress(data))
        except zlib.error:
            return b"".join(out), "stream_corrupt"
        if not member.eof:
            return b"".join(out), "stream_truncated"
        data = member.unused_data.lstrip(b"\0")
    return b"".join(out), None


# ---- JSON lines --------------------------------------------------------------------------------

def _refuse_constant(_):
    raise ValueError("no JSON")


def _pairs(pairs):
    return pairs


def _depth(line):
    """Greatest depth of brackets outside of strings."""
    depth = deepest = 0
    for token in re.finditer(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', line, re.DOTALL):
        if token.group() in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token.group() in b"]}":
            depth -= 1
    return deepest


def _parse_object(line, settings):
    """Top-level (key, value) pairs; objects below are lists of pairs too."""
    if _depth(line) > settings.nesting_max:
        raise BadRecord("nesting")
    try:
        text = decode_bytes(line)
        value = json.loads(text, object_pairs_hook=_pairs, parse_float=Number, parse_int=Number,
                           parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BadRecord("invalid_json") from None
    if line[:1] != b"{":
        raise BadRecord("invalid_json")
    return value


_MISSING = object()


def _field(pairs, path):
    """(value, occurrences). A key that is the whole path wins over a walk along its dots."""
    values = [value for key, value in pairs if key == path]
    if values:
        return values[-1], len(values)
    head, dot, rest = path.partition(".")
    if not dot:
        return _MISSING, 0
    inner = [value for key, value in pairs if key == head]
    if not inner or not _is_object(inner[-1]):
        return _MISSING, 0
    return _field(inner[-1], rest)


def _is_object(value):
    return isinstance(value, list) and all(isinstance(pair, tuple) for pair in value)


def _scalar(pairs, path, takes=()):
    """A value as text: a string, or what `takes` allows as it was written; empty is missing."""
    if not path:
        return None
    value, _ = _field(pairs, path)
    if type(value) is str or type(value) in takes:
        text = json.dumps(value) if type(value) is bool else str(value)
        return repair(text)[0] or None
    return None


def parse_line(line, settings):
    """Row of one line that is not blank."""
    raw = line.strip(JSON_SPACE)
    row = Row(raw=raw)
    try:
        if len(line) > settings.record_bytes_max:
            raise BadRecord("record_too_large")
        pairs = _parse_object(raw, settings)
        row.id = _scalar(pairs, settings.id_field, (Number, bool))
        text, count = _field(pairs, settings.text_field)
        if count > 1:
            raise BadRecord("duplicate_text_key")
        if text is _MISSING:
            raise BadRecord("missing_text")
        if type(text) is not str:
            raise BadRecord("text_not_string")
        row.text, row.is_repaired = repair(text)
        row.url = _scalar(pairs, settings.url_field)
        row.scope = _scalar(pairs, settings.scope_field, (Number, bool))
    except BadRecord as bad:
        row.fault = bad.fault
        row.raw = line  # as it stands, but for the line feed
    return row


def parse_jsonl(data, stream_fault, settings):
    """[(offset of the line in the decoded bytes, row)]."""
    rows = []
    offset = 0
    at_end = False
    if data.startswith(BYTE_ORDER_MARK):
        offset = 3
    while offset < len(data):
        end = data.find(b"\n", offset)
        at_end = end < 0
        end = len(data) if at_end else end
        line = data[offset:end]
        if at_end and stream_fault is not None:
            break
        if line.strip(JSON_SPACE):
            rows.append((offset, parse_line(line, settings)))
        offset = end + 1
    if stream_fault is not None:
        rows.append((min(offset, len(data)), Row(raw=data[offset:], fault=stream_fault)))
    return rows


# ---- WARC --------------------------------------------------------------------------------------

def _warc_records(data):
    at = 0
    while at < len(data):
        end = data.index(b"\r\n\r\n", at)
        lines = data[at:end].decode("utf-8", "replace").split("\r\n")
        if not lines[0].startswith("WARC/1."):
            raise ValueError(f"no WARC record at {at}")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        length = int(headers["content-length"])
        body = data[end + 4:end + 4 + length]
        yield at, headers, body
        at = end + 4 + length
        while data[at:at + 2] == b"\r\n":
            at += 2


def _warc_payload(headers, body):
    """Text bytes of a record that is a document, or None."""
    kind = headers.get("warc-type", "")
    media = headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "conversion" and media in ("", "text/plain"):
        return body
    if kind == "resource" and media == "text/plain":
        return body
    if kind == "response":
        head, gap, payload = body.partition(b"\r\n\r\n")
        match = re.search(rb"(?im)^content-type:\s*([^;\r\n]*)", head)
        if gap and match and match.group(1).strip().lower() == b"text/plain":
            return payload
    return None


def parse_warc(data):
    rows = []
    for at, headers, body in _warc_records(data):
        payload = _warc_payload(headers, body)
        if payload is None:
            continue
        text, is_repaired = repair(decode_bytes(payload))
        url = headers.get("warc-target-uri", "").strip("<>") or None
        rows.append((at, Row(id=headers.get("warc-record-id") or None, text=text, url=url,
                             date=headers.get("warc-date"), is_repaired=is_repaired)))
    return rows


# ---- inputs ------------------------------------------------------------------------------------

def format_of(path, data):
    """By the suffix, without one by the content."""
    name = os.path.basename(path).lower()
    for suffix in COMPRESSIONS:
        name = name.removesuffix(suffix)
    for suffix, kind in FORMATS.items():
        if name.endswith(suffix):
            return kind
    head = data[:65536].removeprefix(BYTE_ORDER_MARK).lstrip(JSON_SPACE)
    if head.startswith(b"{"):
        return "jsonl"
    return "warc" if head.startswith(b"WARC/") else "text"


def read_rows(path, settings):
    """[(offset in the decoded bytes, row)] of one file."""
    with open(path, "rb") as file:
        data, fault = decompress(file.read())
    kind = format_of(path, data)
    if kind == "jsonl":
        rows = parse_jsonl(data, fault, settings)
    elif kind == "warc":
        rows = parse_warc(data)
    else:
        text, is_repaired = repair(decode_bytes(data.removeprefix(BYTE_ORDER_MARK)))
        rows = [(0, Row(text=text, is_repaired=is_repaired))]
    return rows[:settings.limit] if settings.limit else rows


def _mix(x):
    """The finalizer of SplitMix64."""
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & M64
    x = (x ^ x >> 27) * 0x94D049BB133111EB & M64
    return x ^ x >> 31


def is_sampled(split, record, sample_ppm):
    """Whether --sample takes that record of that split."""
    return _mix(_mix(split + 1) + record & M64) % PPM < sample_ppm


def strip_suffixes(name):
    """Without all known endings, but never empty."""
    while True:
        base = os.path.basename(name)
        for suffix in SUFFIXES:
            if base.lower().endswith(suffix) and len(base) > len(suffix):
                name = name[:-len(suffix)]
                break
        else:
            return name


def assign_names(inputs):
    """NAME of every input: its path below the common folder without known endings; a clash counts
    up from ~2. --against inputs have a common folder of their own."""
    for is_against in (True, False):
        group = [each for each in inputs if each.is_against is is_against]
        if not group:
            continue
        common = os.path.commonpath([os.path.dirname(os.path.abspath(i.path)) for i in group])
        taken = set()
        for each in group:
            if each.name:
                continue  # standard input has no path
            below = os.path.relpath(os.path.abspath(each.path), common)
            base = strip_suffixes(below)
            name = base
            number = 2
            while name in taken:
                name = f"{base}~{number}"
                number += 1
            taken.add(name)
            each.name = name


def by_priority(inputs, lines):
    """Inputs that the lines of a priority file name, line by line, before those that none names."""

    def rank(each):
        path = os.path.abspath(each.path)
        for i, line in enumerate(lines):
            named = os.path.abspath(line)
            if path == named or path.startswith(named + os.sep):
                return i
        return len(lines)

    return sorted(inputs, key=rank)
