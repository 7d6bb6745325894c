# SPDX-License-Identifier: Apache-2.0
"""Levels, buckets, verification, resolution, re-pointing, copies.

By docs/FORMATS.md 1.2, 1.3 and 1.8 to 1.11.

Everything is held in memory and every ratio is a Fraction; nothing is sorted on disk, nothing is
streamed. Scopes are namespaces: part of every bucket's key as they are, where the program folds a
hash of them into its keys.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

import hashes
from settings import PPM
from text import fold

LEVEL_ORDER = ("url", "exact", "near")


@dataclass
class Document:
    ord: tuple  # (dump, split, row)
    id: str
    input: str  # as the user named it
    text: str = ""  # repaired
    url: str = None  # normalized; None: it has none
    scope: str = None  # value that scopes compare; None: the field is missing
    fault: str = None  # reason of a quarantined record
    is_repaired: bool = False
    is_against: bool = False


@dataclass
class Evidence:
    """Why a document was dropped by a level for a witness of that level."""

    witness: tuple
    verified: str = "equality"
    similarity: Fraction = None
    containment: Fraction = None
    bands_shared: int = 0


@dataclass
class Verdict:
    document: Document
    verdict: str = "keep"  # keep, drop, quarantine
    reason: str = None  # level, fault or rule of quality
    witness: dict = None
    via: list = None  # ords as text
    copies: dict = None
    flags: set = field(default_factory=set)
    is_quality: bool = False  # a rule of quality dropped it


@dataclass
class Trace:
    """What the corpus exercised; make_corpus.py insists that nothing stays at zero."""

    candidates: int = 0
    decided_by: dict = field(default_factory=lambda: defaultdict(int))  # (verified, accepted)
    capped_buckets: int = 0
    chain_kept: int = 0  # kept although a verified neighbor of smaller ord was dropped


def ord_text(ord_):
    return ".".join(map(str, ord_))


def ratio_text(value):
    """Four decimals, rounded half up from whole numbers."""
    scaled = (2 * value.numerator * 10_000 + value.denominator) // (2 * value.denominator)
    return f"{scaled // 10_000}.{scaled % 10_000:04d}"


class Engine:
    def __init__(self, documents, settings):
        self.settings = settings
        self.by_ord = {document.ord: document for document in documents}
        if len(self.by_ord) != len(documents):
            raise ValueError("an ord occurs twice")
        self.kept = sorted(d.ord for d in documents if d.fault is None)
        self.dropped = {}  # ord -> (level, Evidence)
        self.capped = set()
        self.trace = Trace()

    # ---- levels --------------------------------------------------------------------------------

    def run(self):
        levels = {"url": self.run_url, "exact": self.run_exact, "near": self.run_near}
        for name in LEVEL_ORDER:
            if name in self.settings.levels:
                drops = levels[name]()
                for ord_, evidence in drops.items():
                    self.dropped[ord_] = (name, evidence)
                self.kept = [ord_ for ord_ in self.kept if ord_ not in drops]
        return self.verdicts()

    def scope_of(self, document):
        return None if self.settings.scope == "all" else document.scope

    def run_url(self):
        return self.run_equality(lambda document: document.url, self.settings.url_keep == "last")

    def run_exact(self):
        if self.settings.exact == "raw":
            return self.run_equality(lambda document: document.text, False)
        return self.run_equality(lambda document: fold(document.text), False)

    def run_equality(self, feature_of, keeps_last):
        buckets = defaultdict(list)
        for ord_ in self.kept:
            document = self.by_ord[ord_]
            feature = feature_of(document)
            if feature is not None:
                buckets[(self.scope_of(document), feature)].append(document)
        drops = {}
        for bucket in buckets.values():
            against = [document for document in bucket if document.is_against]
            if against:
                witness = against[0]
            else:
                witness = bucket[-1] if keeps_last else bucket[0]
            for document in bucket:
                if document is not witness and not document.is_against:
                    drops[document.ord] = Evidence(witness.ord, similarity=Fraction(1))
        return drops

    def run_near(self):
        neighbors = defaultdict(list)  # later -> [(earlier, Evidence)]
        for (later, earlier), bands_shared in sorted(self.candidates().items()):
            self.trace.candidates += 1
            evidence = self.verify(later, earlier)
            if evidence is not None:
                evidence.bands_shared = bands_shared
                neighbors[later].append(evidence)
        return self.resolve(neighbors)

    # ---- near: candidates ----------------------------------------------------------------------

    def shingles(self, ord_):
        settings = self.settings
        return hashes.shingle_set(self.by_ord[ord_].text, settings.profile, settings.shingle)

    def sketch(self, ord_):
        settings = self.settings
        slots = hashes.slots_for(settings.bands, settings.rows)
        return hashes.sketch(self.by_ord[ord_].text, settings.profile, settings.shingle, slots)

    def candidates(self):
        settings = self.settings
        buckets = defaultdict(list)
        for ord_ in self.kept:
            if not self.shingles(ord_):
                continue
            scope = self.scope_of(self.by_ord[ord_])
            keys = hashes.band_keys(self.sketch(ord_), settings.bands, settings.rows)
            for key in keys:
                buckets[(scope, key)].append(ord_)
        pairs = defaultdict(int)
        for bucket in buckets.values():
            cap = settings.bucket_cap
            if len(bucket) > cap + 1:
                self.trace.capped_buckets += 1
                self.capped.update(bucket)
            for j, later in enumerate(bucket):
                if self.by_ord[later].is_against:
                    continue
                for earlier in bucket[:min(j, cap)]:
                    pairs[(later, earlier)] += 1
        return pairs

    # ---- near: verification --------------------------------------------------------------------

    def verify(self, later, earlier):
        """Evidence of an accepted candidate, or None. `later` is the one that would go."""
        settings = self.settings
        a, b = hashes.signature(self.sketch(later)), hashes.signature(self.sketch(earlier))
        k = len(a)
        matches = sum(x == y for x, y in zip(a, b))
        estimate = max(Fraction(0), Fraction(256 * matches - k, 255 * k))
        threshold = Fraction(settings.threshold_ppm, PPM)
        is_close = (estimate - threshold) ** 2 <= 9 * threshold * (1 - threshold) / k
        removed, witness = self.shingles(later), self.shingles(earlier)
        if settings.verify == "text" or (settings.verify == "auto" and is_close):
            verified = "text"
            shared = len(removed & witness)
            similarity = Fraction(shared, len(removed | witness))
            containment = Fraction(shared, len(removed))
        else:
            verified = "signature"
            similarity = estimate
            containment = min(Fraction(1), estimate * (len(removed) + len(witness))
                              / ((1 + estimate) * len(removed)))
        is_accepted = similarity >= threshold
        if is_accepted and settings.counts_containment:
            is_accepted = containment >= Fraction(settings.min_containment_ppm, PPM)
        self.trace.decided_by[(verified, is_accepted)] += 1
        if not is_accepted:
            return None
        return Evidence(earlier, verified, similarity,
                        containment if settings.counts_containment else None)

    # ---- near: resolution ----------------------------------------------------------------------

    def resolve(self, neighbors):
        drops = {}
        for ord_ in self.kept:
            if self.by_ord[ord_].is_against:
                continue
            living = [e for e in neighbors.get(ord_, ()) if e.witness not in drops]
            if living:
                drops[ord_] = min(living, key=lambda evidence: evidence.witness)
            elif neighbors.get(ord_):
                self.trace.chain_kept += 1
        return drops

    # ---- re-pointing, copies, verdicts ---------------------------------------------------------

    def final_witness(self, ord_):
        """(ord of the kept witness, ords passed on the way, evidence of the last step)."""
        via = []
        evidence = self.dropped[ord_][1]
        while evidence.witness in self.dropped:
            via.append(evidence.witness)
            evidence = self.dropped[evidence.witness][1]
        return evidence.witness, via, evidence

    def verdicts(self):
        out = {}
        for ord_, document in sorted(self.by_ord.items()):
            verdict = Verdict(document)
            if document.is_repaired:
                verdict.flags.add("repaired")
            if ord_ in self.capped:
                verdict.flags.add("bucket_cap")
            if document.fault is not None:
                verdict.verdict, verdict.reason = "quarantine", document.fault
            elif ord_ in self.dropped:
                verdict.verdict = "drop"
            else:
                verdict.copies = {"exact": 0, "near": 0}
            out[ord_] = verdict
        for ord_ in self.dropped:
            self.fill_drop(out, ord_)
        return [out[ord_] for ord_ in sorted(out)]

    def fill_drop(self, verdicts, ord_):
        level = self.dropped[ord_][0]
        final, via, evidence = self.final_witness(ord_)
        verdict = verdicts[ord_]
        verdict.reason = level
        verdict.via = [ord_text(passed) for passed in via] or None
        copies = verdicts[final].copies
        if level == "url":
            verdict.witness = self.witness_json(final, Evidence(final))
            copies["url"] = copies.get("url", 0) + 1
            return
        verdict.witness = self.witness_json(final, evidence)
        copies["exact" if level == "exact" and not via else "near"] += 1

    def witness_json(self, ord_, evidence):
        witness = self.by_ord[ord_]
        out = {"id": witness.id, "ord": ord_text(ord_), "input": witness.input}
        if evidence.similarity is not None:
            out["similarity"] = ratio_text(evidence.similarity)
        if evidence.containment is not None:
            out["containment"] = ratio_text(evidence.containment)
        out["verified"] = evidence.verified
        if evidence.bands_shared:
            out["bands_shared"] = evidence.bands_shared
        return out


def decide(documents, settings):
    """(verdicts in ord order, trace)."""
    engine = Engine(documents, settings)
    verdicts = engine.run()
    return verdicts, engine.trace
