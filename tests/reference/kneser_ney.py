# SPDX-License-Identifier: Apache-2.0
"""Interpolated modified Kneser-Ney by the definitions of include/tamis/lm_train.h, slowly.

Written from the formulas (Chen and Goodman 1998), without a look at how the trainer goes about it: dictionaries
of word tuples, probabilities by recursion.
"""

import collections
import math

BEGIN, END, UNKNOWN = "<s>", "</s>", "<unk>"
FALLBACK = (0.0, 0.5, 1.0, 1.5)


def raw_counts(sentences, order):
    """counts[n][ngram] of every n-gram that ends with a word or </s>."""
    counts = [None] + [collections.Counter() for _ in range(order)]
    for sentence in sentences:
        tokens = [BEGIN] + sentence + [END]
        for last in range(1, len(tokens)):
            for n in range(1, min(order, last + 1) + 1):
                counts[n][tuple(tokens[last - n + 1:last + 1])] += 1
    return counts


def adjusted_counts(counts, order):
    adjusted = [None] + [dict() for _ in range(order)]
    for n in range(1, order + 1):
        neighbors = collections.defaultdict(set)
        if n < order:
            for longer in counts[n + 1]:
                neighbors[longer[1:]].add(longer[0])
        for ngram, count in counts[n].items():
            adjusted[n][ngram] = count if n == order or ngram[0] == BEGIN else len(neighbors[ngram])
    return adjusted


def discounts_of(adjusted):
    n = [0] + [sum(1 for a in adjusted.values() if a == j) for j in range(1, 5)]
    if 0 in n[1:4]:
        return FALLBACK
    y = n[1] / (n[1] + 2 * n[2])
    result = [0.0] + [j - (j + 1) * y * n[j + 1] / n[j] for j in range(1, 4)]
    return FALLBACK if any(not 0 <= result[j] <= j for j in range(1, 4)) else tuple(result)


class Model:
    def __init__(self, sentences, order):
        self.order = order
        counts = raw_counts(sentences, order)
        self.adjusted = adjusted_counts(counts, order)
        self.discounts = [None] + [discounts_of(self.adjusted[n]) for n in range(1, order + 1)]
        self.words = sorted({word for sentence in sentences for word in sentence}) + [END, UNKNOWN]
        self.followers = [None] + [collections.defaultdict(list) for _ in range(order)]
        for n in range(1, order + 1):
            for ngram, count in self.adjusted[n].items():
                self.followers[n][ngram[:-1]].append(count)
        self.memo = {}

    def weight(self, context):
        """What the lower order gets behind that context; 1 where the context is not known."""
        n = len(context) + 1
        known = self.followers[n].get(context)
        if not known:
            return 1.0
        return sum(self.discounts[n][min(count, 3)] for count in known) / sum(known)

    def probability(self, word, context):
        """p(word | context), the context cut to what the order allows."""
        context = context[len(context) - min(len(context), self.order - 1):]
        key = context + (word,)
        if key not in self.memo:
            self.memo[key] = self._probability(word, context)
        return self.memo[key]

    def _probability(self, word, context):
        n = len(context) + 1
        lower = self.probability(word, context[1:]) if context else 1.0 / len(self.words)
        known = self.followers[n].get(context)
        if not known:
            return lower
        count = self.adjusted[n].get(context + (word,), 0)
        discounted = (count - self.discounts[n][min(count, 3)]) / sum(known) if count else 0.0
        return discounted + self.weight(context) * lower

    def arpa(self):
        """{n: {ngram: (log10 p, log10 backoff or None)}}"""
        result = {}
        for n in range(1, self.order + 1):
            rows = {ngram: math.log10(self.probability(ngram[-1], ngram[:-1])) for ngram in self.adjusted[n]}
            if n == 1:
                rows[(UNKNOWN,)] = math.log10(self.probability(UNKNOWN, ()))
                rows[(BEGIN,)] = -99.0
            result[n] = {ngram: (p, math.log10(self.weight(ngram)) if n < self.order else None)
                         for ngram, p in rows.items()}
        return result


def read_arpa(path):
    result, n = {}, 0
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n")
            if line.startswith("\\") and line.endswith("-grams:"):
                n = int(line[1:-7])
                result[n] = {}
            elif line and n and not line.startswith("\\"):
                fields = line.split("\t")
                backoff = float(fields[2]) if len(fields) > 2 else None
                result[n][tuple(fields[1].split(" "))] = (float(fields[0]), backoff)
    return result
