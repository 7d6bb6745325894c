# SPDX-License-Identifier: Apache-2.0
"""What must hold in every folder that a run with `--quality` left, whatever the profile."""

import json
import os
from collections import Counter

import json_members
import outputs
from quality import apply_edits
from read import Input
from reference import Corpus
from settings import settings_of_options
from tamis_cli import require
from xxh3 import xxh3_128_hex

LEVELS = ("url", "exact", "near")


def replaced_text(raw, text):
    """The record with another value of its text, as (bytes before, bytes behind)."""
    found = [member for member in json_members.members(raw)[0] if member.key == "text"][-1]
    return raw[:found.value_begin], raw[found.end:]


class Folder:
    """OUT beside the records that the reference reads from the inputs."""

    def __init__(self, out, paths):
        self.out = out
        inputs = [Input(path, path) for path in paths]
        bare = Corpus(inputs, settings_of_options({}), None)
        self.corpus = Corpus(inputs, settings_of_options({}), outputs.split_rows(out, bare.inputs))
        self.counts = {}     # of each input, by verdict
        self.reasons = {}    # of each input
        self.edited = 0
        self.has_language = False
        self.quality_drops = Counter()
        self.attributes = []

    def check(self):
        by_split = {}
        for row, document in zip(self.corpus.rows, self.corpus.documents):
            by_split.setdefault((row[0].name, row[1]), []).append((row[4], document))
        shards = {kind: outputs.shards(self.out, kind)
                  for kind in ("attributes", "documents", "removed")}
        for (name, part), rows in by_split.items():
            lines = {kind: outputs.read_lines(found[name][part])
                     if part < len(found.get(name, [])) else []
                     for kind, found in shards.items()}
            self.split(f"{name}/{part}", name, rows, lines)
        self.report()
        return self

    def split(self, where, name, rows, lines):
        require(len(lines["attributes"]) == len(rows),
                f"{where}: {len(lines['attributes'])} attributes of {len(rows)} records")
        kept, removed = iter(lines["documents"]), iter(lines["removed"])
        verdicts = self.counts.setdefault(name, Counter())
        reasons = self.reasons.setdefault(name, Counter())
        for number, (line, (row, document)) in enumerate(zip(lines["attributes"], rows), 1):
            value = json.loads(line)
            verdicts[value["verdict"]] += 1
            self.has_language |= "language" in value.get("quality", {})
            self.attributes.append((value, document))
            at = f"{where}:{number}"
            if value["verdict"] != "keep":
                reasons[value["reason"]] += 1
            if value["verdict"] == "quarantine":
                require("quality" not in value, f"{at}: quality of a record that was set aside")
            elif value["verdict"] == "drop":
                self.dropped(at, value, row, next(removed, None))
            else:
                self.kept(at, value, row, document, next(kept, None))
        require(next(kept, None) is None and next(removed, None) is None,
                f"{where}: more records than verdicts")

    def dropped(self, at, value, row, line):
        reason = value["quality"].get("reason")
        require((reason is None) == (value["reason"] in LEVELS), f"{at}: {value['reason']}")
        if reason is not None:
            require(reason == value["reason"] and reason, f"{at}: {reason}, {value['reason']}")
            require(not {"witness", "via", "copies"} & set(value), f"{at}: a witness")
            self.quality_drops[reason] += 1
        else:
            require(value["witness"]["id"], f"{at}: no witness")
        require(line is not None, f"{at}: absent in removed/")
        raw, tamis = json_members.split_tamis(line)
        tamis = json.loads(tamis)
        require((tamis["ord"], tamis["reason"]) == (value["ord"], value["reason"]),
                f"{at}: {tamis['reason']} in removed/")
        require(not row.raw or raw == json_members.without_tamis(row.raw),
                f"{at}: not as it was in removed/")

    def kept(self, at, value, row, document, line):
        require(line is not None, f"{at}: absent in documents/")
        require("reason" not in value["quality"], f"{at}: kept with a reason")
        raw, tamis = json_members.split_tamis(line)
        tamis = json.loads(tamis)
        edits = value["quality"].get("edits", [])
        text = apply_edits(document.text.encode("utf-8"), edits)
        if edits or not document.is_repaired:  # the others are written as they were read
            require(json.loads(raw)["text"] == text.decode("utf-8"),
                    f"{at}: another text than the edits leave")
        require(tamis["ord"] == value["ord"], f"{at}: {tamis['ord']} in documents/")
        if not edits:
            require("edited" not in tamis, f"{at}: edited without edits")
            require(not row.raw or raw == json_members.without_tamis(row.raw), f"{at}: not as read")
            return
        self.edited += 1
        require(tamis["edited"] == {"edits": len(edits), "digest": xxh3_128_hex(text)},
                f"{at}: {tamis['edited']}")
        if row.raw:
            require(replaced_text(raw, text)
                    == replaced_text(json_members.without_tamis(row.raw), text),
                    f"{at}: other members changed")

    def report(self):
        report = outputs.read_json(os.path.join(self.out, "report.json"))
        total = Counter()
        for each in [*report["inputs"], report]:
            verdicts = self.counts[each["name"]] if "name" in each else total
            total.update(verdicts if "name" in each else {})
            figures = each["documents"]
            require([figures[key] for key in ("read", "kept", "dropped", "quarantined")]
                    == [sum(verdicts.values()), *(verdicts[key] for key in
                                                  ("keep", "drop", "quarantine"))],
                    f"report of {each.get('name', 'all')}: {figures}, {dict(verdicts)}")
            reasons = self.reasons[each["name"]] if "name" in each else sum(
                self.reasons.values(), Counter())
            found = {key: value["documents"] for key, value in each["reasons"].items()
                     if value["documents"]}
            require(found == dict(reasons), f"report of {each.get('name', 'all')}: {found}, "
                                            f"attributes have {dict(reasons)}")
            languages = each["languages"].values()
            require(sum(language["documents"] for language in languages)
                    == (figures["read"] - figures["quarantined"] if self.has_language else 0),
                    f"languages of {each.get('name', 'all')} do not sum up")
        quality = report["quality"]
        require(quality["dropped"] == sum(self.quality_drops.values()), "report: quality.dropped")
        require(quality["edited"]["documents"] == self.edited,
                f"report: {quality['edited']} edited, records say {self.edited}")
