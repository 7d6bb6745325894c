# SPDX-License-Identifier: Apache-2.0
"""Compares the folder that a run left with what the reference decides.

Differences are lines that name file, line and member; they carry ids and figures, never text.
"""

import json
import os
from collections import Counter

import json_members
import outputs
from reference import digest_of, verdict_json
from xxh3 import xxh3_128_hex

DIFFERENCES_MAX = 40
# In the order in which a line has them (docs/FORMATS.md 6.3).
ATTRIBUTE_KEYS = ("id", "ord", "digest", "verdict", "reason", "input", "offset", "witness", "via",
                  "copies", "flags")
WITNESS_KEYS = ("id", "ord", "input", "similarity", "containment", "verified", "bands_shared")


class Comparison:
    def __init__(self, out, corpus, verdicts):
        self.out = out
        self.corpus = corpus
        self.verdicts = verdicts
        self.differences = []

    def differ(self, text):
        self.differences.append(text)

    def check(self, what, actual, expected):
        if actual != expected:
            self.differ(f"{what}: {actual!r} instead of {expected!r}")

    def by_shard(self):
        """{(name, part): [(verdict, offset, row)]} of the inputs that have outputs."""
        found = {}
        for verdict, (each, part, _, offset, row) in zip(self.verdicts, self.corpus.rows):
            if not each.is_against:
                found.setdefault((each.name, part), []).append((verdict, offset, row))
        return found

    # ---- attributes ----------------------------------------------------------------------------

    def attributes(self):
        found = outputs.shards(self.out, "attributes")
        expected = self.by_shard()
        names = {each.name for each in self.corpus.inputs if not each.is_against}
        self.check("attributes: names", sorted(found), sorted(names))
        for (name, part), rows in expected.items():
            paths = found.get(name, [])
            if part >= len(paths):
                self.differ(f"attributes {name}: no part {part}")
                continue
            where = os.path.relpath(paths[part], self.out)
            lines = outputs.read_lines(paths[part])
            self.check(f"{where}: lines", len(lines), len(rows))
            for number, (line, row) in enumerate(zip(lines, rows), 1):
                self.attribute(f"{where}:{number}", line, *row)

    def attribute(self, where, line, verdict, offset, row):
        try:
            actual = outputs.parse(line)
        except ValueError:
            self.differ(f"{where}: no JSON")
            return
        self.quality(where, actual, verdict)
        self.order(where, actual, ATTRIBUTE_KEYS)
        self.order(f"{where}: witness", actual.get("witness", {}), WITNESS_KEYS)
        if has_null(actual):
            self.differ(f"{where}: null instead of an absent member")
        self.members(f"{where} ({verdict.document.id})", actual,
                     expected_attribute(verdict, offset, row))

    def quality(self, where, actual, verdict):
        """Takes the member `quality` away where the run looked at documents."""
        if not self.corpus.has_quality:
            return
        quality = actual.pop("quality", None)
        if (quality is None) != (verdict.verdict == "quarantine"):
            self.differ(f"{where}: quality {'absent' if quality is None else 'present'}")
        elif quality is not None:
            self.check(f"{where}: reason of quality", quality.get("reason"),
                       verdict.reason if verdict.is_quality else None)

    def order(self, where, actual, keys):
        """Only known members, in their order."""
        self.check(f"{where}: members", list(actual), [key for key in keys if key in actual])

    def members(self, where, actual, expected):
        for key in sorted(set(actual) | set(expected)):
            got, want = actual.get(key), expected.get(key)
            if key == "flags" and got is not None:
                got = sorted(got)
            if not same_figures(got, want):
                self.differ(f"{where}: {key} {got!r} instead of {want!r}")

    # ---- documents -----------------------------------------------------------------------------

    def documents(self, kind="documents", which="keep"):
        found = outputs.shards(self.out, kind)
        for (name, part), rows in self.by_shard().items():
            rows = [row for row in rows if row[0].verdict == which]
            paths = found.get(name, [])
            if part >= len(paths):
                if rows:
                    self.differ(f"{kind} {name}: no part {part}")
                continue
            where = os.path.relpath(paths[part], self.out)
            lines = outputs.read_lines(paths[part])
            self.check(f"{where}: lines", len(lines), len(rows))
            for number, (line, row) in enumerate(zip(lines, rows), 1):
                self.document(f"{where}:{number}", line, *row)

    def document(self, where, line, verdict, _, row):
        try:
            original, tamis = json_members.split_tamis(line)
            tamis = outputs.parse(tamis)
        except ValueError as error:
            self.differ(f"{where}: {error}")
            return
        self.members(f"{where}: tamis", tamis, expected_tamis(verdict, row))
        if has_null(tamis):
            self.differ(f"{where}: null in tamis")
        if row.raw:
            self.raw_document(where, original, row)
        else:
            self.made_document(where, original, verdict.document, row)

    def raw_document(self, where, original, row):
        if original != json_members.without_tamis(row.raw):
            self.differ(f"{where}: the record was not copied byte for byte")

    def made_document(self, where, original, document, row):
        """A record of WARC or of a text file: made by the program."""
        actual = json.loads(original)
        if actual.get("text") != document.text:
            self.differ(f"{where}: text differs")
        self.check(f"{where}: id", actual.get("id"), document.id)
        self.check(f"{where}: url", actual.get("url"), row.url)
        self.check(f"{where}: date", actual.get("date"), row.date)
        self.check(f"{where}: unknown members",
                   sorted(set(actual) - {"id", "url", "date", "text"}), [])

    # ---- report, manifest ----------------------------------------------------------------------

    def report(self):
        report = outputs.read_json(os.path.join(self.out, "report.json"))
        own = [v for v in self.verdicts if not v.document.is_against]
        verdicts = Counter(v.verdict for v in own)
        expected = {"read": len(own), "kept": verdicts["keep"], "dropped": verdicts["drop"],
                    "quarantined": verdicts["quarantine"]}
        documents = report.get("documents", {})
        for key, value in expected.items():
            self.check(f"report.json: documents.{key}", documents.get(key), value)
        if documents.get("read") != sum(documents.get(k, 0)
                                        for k in ("kept", "dropped", "quarantined")):
            self.differ("report.json: kept + dropped + quarantined is not read")
        reasons = Counter(v.reason for v in own if v.reason is not None)
        found = {key: value["documents"] for key, value in report.get("reasons", {}).items()
                 if value["documents"]}
        self.check("report.json: reasons", found, dict(reasons))

    def manifest(self):
        manifest = outputs.read_json(os.path.join(self.out, "manifest.json"))
        listed = {entry["name"]: entry for entry in manifest["files"]}
        self.check("manifest.json: a name occurs twice", len(listed), len(manifest["files"]))
        present = {path for path in outputs.stable_bytes(self.out) if path != "manifest.json"}
        self.check("manifest.json: files", sorted(set(listed) & present), sorted(present))
        for name, entry in listed.items():
            path = os.path.join(self.out, name)
            if not os.path.isfile(path):
                self.differ(f"manifest.json: no file {name}")
                continue
            with open(path, "rb") as file:
                data = file.read()
            self.check(f"manifest.json: size of {name}", entry["size"], len(data))
            self.check(f"manifest.json: digest of {name}", entry["xxh3_128"], xxh3_128_hex(data))


def expected_attribute(verdict, offset, row):
    out = verdict_json(verdict)
    out["digest"] = digest_of(verdict.document, row)
    if verdict.verdict == "quarantine":
        out["input"] = verdict.document.input
        out["offset"] = offset
    return out


def expected_tamis(verdict, row):
    """The member of a kept or removed record."""
    out = expected_attribute(verdict, 0, row)
    for key in ("id", "verdict") if verdict.verdict == "keep" else ("id",):
        del out[key]
    return out


def has_null(value):
    if value is None:
        return True
    if isinstance(value, dict):
        return any(map(has_null, value.values()))
    return isinstance(value, list) and any(map(has_null, value))


def same_figures(actual, expected):
    """Equal, with the ratios of a witness equal as text and written as numbers."""
    if not (isinstance(actual, dict) and isinstance(expected, dict)):
        return actual == expected
    for key in ("similarity", "containment"):
        if key in actual and not isinstance(actual[key], outputs.Figure):
            return False
    return actual == expected


def compare(out, corpus, verdicts, emits=("documents", "attributes")):
    """Differences as lines, at most DIFFERENCES_MAX; none: all is as it must be."""
    comparison = Comparison(out, corpus, verdicts)
    if "attributes" in emits:
        comparison.attributes()
    if "documents" in emits:
        comparison.documents()
    if "removed" in emits:
        comparison.documents("removed", "drop")
    comparison.report()
    comparison.manifest()
    differences = comparison.differences
    if len(differences) > DIFFERENCES_MAX:
        more = len(differences) - DIFFERENCES_MAX
        differences = differences[:DIFFERENCES_MAX] + [f"... and {more} more"]
    return differences
