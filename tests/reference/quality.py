# SPDX-License-Identifier: Apache-2.0
"""Verdicts of a run with `--quality`: simple rules in plain Python, then the usual reference on the
documents that they leave. Also what edits make of a text (docs/FORMATS.md 6.7)."""

from dataclasses import dataclass

from engine import Verdict, decide

STOP_WORDS = frozenset("the be to of and that have with".split())

# Signals by the name that docs/SIGNALS.md gives them.
SIGNALS = {
    "datatrove_ws_n_words": lambda text: len(text.split()),
    "dclm_n_lines": lambda text: sum(1 for line in text.split("\n") if line.strip()),
    "datatrove_ws_stop_words": lambda text: len(STOP_WORDS & set(text.split())),
    "dolma_gopher_required_word_count":
        lambda text: sum(1 for word in text.split() if word in STOP_WORDS),
}
OPERATORS = {
    "<": lambda value, limit: value < limit, "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit, ">=": lambda value, limit: value >= limit,
}


@dataclass
class Rule:
    reason: str
    signal: str
    operator: str
    limit: float

    def drops(self, text):
        return OPERATORS[self.operator](SIGNALS[self.signal](text), self.limit)

    def yaml(self):
        return (f"  - {{rule: {self.reason}, signal: {self.signal}, "
                f"drop: \"{self.operator} {self.limit}\"}}\n")


def profile_yaml(name, rules, more=""):
    return f"name: {name}\nsteps:\n{''.join(rule.yaml() for rule in rules)}{more}"


def judge(rules, text):
    """Reason of the first rule that drops the text, or None."""
    return next((rule.reason for rule in rules if rule.drops(text)), None)


def decide_with_rules(corpus, rules):
    """Verdicts in ord order: what a rule drops takes no part in the levels."""
    corpus.has_quality = True
    reasons = {document.ord: judge(rules, document.text) for document in corpus.documents
               if document.fault is None and not document.is_against}
    left = [document for document in corpus.documents if not reasons.get(document.ord)]
    found = {verdict.document.ord: verdict for verdict in decide(left, corpus.settings)[0]}
    for document in corpus.documents:
        reason = reasons.get(document.ord)
        if reason:
            flags = {"repaired"} if document.is_repaired else set()
            found[document.ord] = Verdict(document, "drop", reason, flags=flags, is_quality=True)
    return [found[document.ord] for document in corpus.documents]


def apply_edits(text, edits):
    """The bytes that a list of [begin, end, what for, replacement] leaves of a text's bytes."""
    out, at = [], 0
    for begin, end, _, *replacement in edits:
        if not at <= begin <= end <= len(text):
            raise ValueError(f"edit [{begin}, {end}] behind {at} of {len(text)} bytes")
        out += [text[at:begin], *(part.encode("utf-8") for part in replacement)]
        at = end
    return b"".join(out) + text[at:]
