# SPDX-License-Identifier: Apache-2.0
"""Levels, caps, resolution, re-pointing: small corpora with verdicts worked out by hand."""

import unittest
from fractions import Fraction

from engine import Document, decide, ratio_text
from settings import Settings


def words(count, **changes):
    """A text w0 w1 ...; changes w3="x" replace single words."""
    return " ".join(changes.get(f"w{i}", f"w{i}") for i in range(count))


def corpus(*texts, **extra):
    return [Document(ord=(0, 0, i), id=f"d{i}", input="in", text=text, **extra)
            for i, text in enumerate(texts)]


def outcome(documents, **settings):
    """(reason, witness row, via rows) of each document; None for kept ones."""
    verdicts, _ = decide(documents, Settings(**settings))
    out = []
    for verdict in verdicts:
        if verdict.verdict != "drop":
            out.append(None)
        else:
            out.append((verdict.reason, int(verdict.witness["ord"].split(".")[2]),
                        [int(via.split(".")[2]) for via in verdict.via or []]))
    return out


class RatioTest(unittest.TestCase):
    def test_rounds_half_up(self):
        cases = {Fraction(1): "1.0000", Fraction(13, 16): "0.8125", Fraction(1, 20000): "0.0001",
                 Fraction(1, 20001): "0.0000", Fraction(2, 3): "0.6667", Fraction(0): "0.0000"}
        for value, expected in cases.items():
            self.assertEqual(ratio_text(value), expected)


class ExactTest(unittest.TestCase):
    def test_folded_and_raw(self):
        documents = corpus("a b", "a  b", "a b", "A b", "", " ")
        self.assertEqual(outcome(documents, levels=("exact",)),
                         [None, ("exact", 0, []), ("exact", 0, []), None, None, ("exact", 4, [])])
        self.assertEqual(outcome(documents, levels=("exact",), exact="raw"),
                         [None, None, ("exact", 0, []), None, None, None])

    def test_copies_and_figures(self):
        verdicts, _ = decide(corpus("a b", "a b", "a b"), Settings())
        self.assertEqual(verdicts[0].copies, {"exact": 2, "near": 0})
        self.assertEqual(verdicts[2].witness, {"id": "d0", "ord": "0.0.0", "input": "in",
                                               "similarity": "1.0000", "verified": "equality"})

    def test_faults_take_no_part(self):
        documents = corpus("a", "a", "a")
        documents[0].fault = "invalid_json"
        self.assertEqual(outcome(documents), [None, None, ("exact", 1, [])])


class NearTest(unittest.TestCase):
    """20 words have 16 shingles of 5; another last word leaves 15 of 17: 0.8824."""

    def test_text_similarity(self):
        documents = corpus(words(20), words(20, w19="x"))
        verdicts, _ = decide(documents, Settings(verify="text", bands=64, rows=2))
        self.assertEqual(verdicts[1].witness["similarity"], "0.8824")
        self.assertEqual(verdicts[1].witness["verified"], "text")
        self.assertEqual(verdicts[0].copies, {"exact": 0, "near": 1})

    def test_threshold_is_inclusive(self):
        documents = corpus(words(13), words(13, w12="x"))  # 9 shingles: 8 of 10
        for threshold, dropped in ((800_000, True), (800_001, False)):
            got = outcome(documents, verify="text", bands=64, rows=2, threshold_ppm=threshold)
            self.assertEqual(got[1] is not None, dropped)

    def test_containment(self):
        """The longer text, 20 words, has 15 of its 16 shingles in the shorter of 19."""
        documents = corpus(words(19), words(20))
        options = {"verify": "text", "bands": 64, "rows": 2}
        verdicts, _ = decide(documents, Settings(min_containment_ppm=937_500, **options))
        self.assertEqual(verdicts[1].witness["containment"], "0.9375")
        verdicts, _ = decide(documents, Settings(min_containment_ppm=937_501, **options))
        self.assertEqual(verdicts[1].verdict, "keep")
        verdicts, _ = decide(documents, Settings(min_containment_ppm=800_000, **options))
        self.assertNotIn("containment", verdicts[1].witness)
        verdicts, _ = decide(documents[::-1], Settings(min_containment_ppm=999_999, **options))
        self.assertEqual(verdicts[1].verdict, "keep")
        shorter_goes = corpus(words(20), words(19))
        verdicts, _ = decide(shorter_goes, Settings(min_containment_ppm=999_999, **options))
        self.assertEqual(verdicts[1].witness["containment"], "1.0000")

    def test_no_token_no_near(self):
        self.assertEqual(outcome(corpus("...", "!!!", "")), [None, None, None])

    def test_equal_tokens(self):
        """The same tokens: signatures are equal, all bands are shared."""
        verdicts, _ = decide(corpus("One two.", "one TWO"), Settings())
        self.assertEqual(verdicts[1].witness["bands_shared"], 18)
        self.assertEqual(verdicts[1].witness["similarity"], "1.0000")

    def test_cap(self):
        """K + 2 documents in a bucket fire the cap, K + 1 do not."""
        many = corpus(*(f"One two{'.' * i}" for i in range(5)))
        for cap, fires in ((3, True), (4, False)):
            verdicts, trace = decide(many, Settings(bucket_cap=cap))
            self.assertEqual(trace.capped_buckets, 18 if fires else 0)
            self.assertTrue(all(("bucket_cap" in v.flags) == fires for v in verdicts))

    def test_cap_pairs_with_the_first(self):
        """With K = 1 a document whose like is not the first of the bucket is never compared."""
        base = words(30)
        texts = [base, words(30, w29="x"), words(30, w29="x", w0="y")]
        free = outcome(corpus(*texts), verify="text", bands=64, rows=2, threshold_ppm=920_000)
        self.assertEqual(free, [None, ("near", 0, []), None])


class ResolveTest(unittest.TestCase):
    OPTIONS = {"verify": "text", "bands": 64, "rows": 2, "threshold_ppm": 850_000}

    def test_chain(self):
        """0 ~ 1 ~ 2 with 0 and 2 apart: 1 goes, 2 stays, since its only witness is gone."""
        texts = [words(20), words(20, w19="x"), words(20, w19="x", w0="y")]
        self.assertEqual(outcome(corpus(*texts), **self.OPTIONS), [None, ("near", 0, []), None])

    def test_least_witness(self):
        """The hub goes for the least of its kept neighbors."""
        texts = [words(20, w0="y"), words(20, w19="x"), words(20)]
        self.assertEqual(outcome(corpus(*texts), **self.OPTIONS), [None, None, ("near", 0, [])])


class RepointTest(unittest.TestCase):
    OPTIONS = {"verify": "text", "bands": 64, "rows": 2}

    def test_exact_through_near(self):
        texts = [words(20), words(20, w19="x"), words(20, w19="x") + " "]
        verdicts, _ = decide(corpus(*texts), Settings(**self.OPTIONS))
        dropped = verdicts[2]
        self.assertEqual((dropped.reason, dropped.via), ("exact", ["0.0.1"]))
        self.assertEqual(dropped.witness["ord"], "0.0.0")
        self.assertEqual(dropped.witness["similarity"], "0.8824")
        self.assertEqual(dropped.witness["verified"], "text")
        self.assertEqual(dropped.witness["bands_shared"], verdicts[1].witness["bands_shared"])
        self.assertEqual(verdicts[0].copies, {"exact": 0, "near": 2})

    def test_url_through_both(self):
        texts = [words(20), words(20, w19="x"), words(20, w19="x"), "unlike"]
        documents = corpus(*texts)
        documents[2].url = documents[3].url = "u"
        verdicts, _ = decide(documents, Settings(levels=("near", "url", "exact"), **self.OPTIONS))
        self.assertEqual((verdicts[3].reason, verdicts[3].via), ("url", ["0.0.2", "0.0.1"]))
        self.assertEqual(verdicts[3].witness, {"id": "d0", "ord": "0.0.0", "input": "in",
                                               "verified": "equality"})
        self.assertEqual(verdicts[0].copies, {"exact": 0, "near": 2, "url": 1})

    def test_url_keep_last(self):
        documents = corpus("a", "b", "c")
        for document in documents:
            document.url = "u"
        self.assertEqual(outcome(documents, levels=("url",), url_keep="last"),
                         [("url", 2, []), ("url", 2, []), None])


class ScopeTest(unittest.TestCase):
    def test_scopes_do_not_meet(self):
        documents = corpus("a", "a", "a", "a")
        for document, scope in zip(documents, ("x", "y", "x", None)):
            document.scope = scope
        self.assertEqual(outcome(documents, scope="field"), [None, None, ("exact", 0, []), None])
        self.assertEqual(outcome(documents),
                         [None, ("exact", 0, []), ("exact", 0, []), ("exact", 0, [])])


class AgainstTest(unittest.TestCase):
    def test_never_dropped_always_first(self):
        documents = corpus("a", "a", "a", "b b b b b b b", "b b b B b b b")
        for document in documents[:2]:
            document.is_against = True
        documents[3].is_against = True
        self.assertEqual(outcome(sorted(documents, key=lambda d: d.ord)),
                         [None, None, ("exact", 0, []), None, ("near", 3, [])])

    def test_wins_over_url_keep_last(self):
        documents = corpus("a", "b", "c")
        for document in documents:
            document.url = "u"
        documents[0].is_against = True
        self.assertEqual(outcome(documents, levels=("url",), url_keep="last"),
                         [None, ("url", 0, []), ("url", 0, [])])


if __name__ == "__main__":
    unittest.main()
