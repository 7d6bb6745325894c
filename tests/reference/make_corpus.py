# SPDX-License-Identifier: Apache-2.0
"""Seeded random corpora with planted duplicates, chains, hot buckets and broken records.

    python3 make_corpus.py OUTDIR [--seed 1] [--documents 900]

writes shards of several formats below OUTDIR and prints how often each reason, chain, cap and
re-pointing occurs according to the reference; exit code 1 where one of them never does.
"""

import argparse
import gzip
import json
import os
import random
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from make_text import SCRIPTS, Words, edited, recased, refolded, soup  # noqa: E402
from read import Input  # noqa: E402
from reference import Corpus  # noqa: E402
from settings import Settings  # noqa: E402

GZIP_TIME = 1_600_000_000  # headers must not carry the clock


@dataclass
class Planned:
    key: float  # place in the corpus, 0 to 1
    text: str = ""
    url: str = None
    raw: bytes = None  # a line that is written as it stands


class Planner:
    """Plans documents in groups; a group keeps its order, groups are interleaved at random."""

    def __init__(self, seed, count):
        self.rng = random.Random(seed)
        self.words = Words(self.rng)
        self.count = count
        self.planned = []
        self.next_url = 0

    def group(self, texts, urls=None):
        keys = sorted(self.rng.random() for _ in texts)
        for i, (key, text) in enumerate(zip(keys, texts)):
            self.planned.append(Planned(key, text, urls[i] if urls else self.url()))

    def url(self):
        if self.rng.random() < 0.3:
            return None
        self.next_url += 1
        return f"https://site{self.next_url % 17}.example/page/{self.next_url}"

    def script(self):
        return self.rng.choice(SCRIPTS)

    def length(self):
        return max(6, min(400, int(self.rng.lognormvariate(4.0, 0.8))))

    def text_of(self, script, words):
        return self.words.join(script, words)

    def base(self, count=None):
        script = self.script()
        return script, self.words.list_of(script, count or self.length())

    # ---- what is planted -----------------------------------------------------------------------

    def plan(self):
        rng = self.rng
        n = self.count
        for _ in range(n // 3):
            self.group([self.text_of(*self.base())])
        for _ in range(n // 30):
            self.plant_exact()
            self.plant_near()
            self.plant_near()
            self.plant_repointed()
        for _ in range(max(2, n // 120)):
            self.plant_chain()
            self.plant_star()
            self.plant_urls()
            self.plant_url_repointed()
        for _ in range(2):
            self.plant_hot_bucket()
        self.plant_short()
        self.plant_unicode()
        self.plant_broken()
        rng.shuffle(self.planned)
        self.planned.sort(key=lambda planned: planned.key)
        return self.planned

    def plant_exact(self):
        text = self.text_of(*self.base())
        copies = [text if self.rng.random() < 0.5 else refolded(self.rng, text)
                  for _ in range(self.rng.randint(1, 4))]
        self.group([text] + copies)

    def plant_near(self):
        """An edit every 10 to 40 words gives similarities on both sides of 0.8."""
        script, words = self.base(self.rng.randint(20, 250))
        texts = [self.text_of(script, words)]
        for _ in range(self.rng.randint(1, 3)):
            edits = max(1, len(words) // self.rng.randint(10, 60))
            texts.append(self.text_of(script, edited(self.words, script, words, edits)))
        if self.rng.random() < 0.3:
            texts.append(recased(self.rng, texts[0]))
        self.group(texts)

    def plant_repointed(self):
        """A ~ B, and exact copies of both on both sides: copies of B are re-pointed to A."""
        script, words = self.base(self.rng.randint(60, 160))
        first = self.text_of(script, words)
        second = self.text_of(script, edited(self.words, script, words, 1))
        texts = [first, second, refolded(self.rng, second), first, second]
        if self.rng.random() < 0.5:
            self.rng.shuffle(texts)
        self.group(texts)

    def plant_chain(self):
        script, words = self.base(self.rng.randint(80, 140))
        texts = []
        for _ in range(self.rng.randint(4, 9)):
            texts.append(self.text_of(script, words))
            words = edited(self.words, script, words, 2)
        if self.rng.random() < 0.3:
            texts.reverse()
        self.group(texts)

    def plant_star(self):
        """A hub among leaves that differ from one another more than from the hub."""
        script, words = self.base(self.rng.randint(90, 130))
        texts = [self.text_of(script, edited(self.words, script, words, 2)) for _ in range(6)]
        texts.insert(self.rng.randrange(len(texts)), self.text_of(script, words))
        self.group(texts)

    def plant_hot_bucket(self):
        script, words = self.base(160)
        self.group([self.text_of(script, edited(self.words, script, words, 1))
                    for _ in range(self.rng.randint(16, 30))])

    def plant_urls(self):
        """One page under several spellings of its address, with unlike texts."""
        self.next_url += 1
        path = f"a/{self.next_url}"
        spellings = (f"https://www.shop.example/{path}", f"http://shop.example/{path}",
                     f"HTTPS://Shop.Example/{path}#top", f"https://shop.example:443/{path}",
                     f"https://shop.example/{path}?utm_source=mail", f" shop.example/{path}/ ",
                     f"//user:word@www.shop.example.:00443/x/../{path}?PHPSESSID=1&",
                     f"http://www.www.shop.example/%61;jsessionid=4{path[1:]}",
                     f"http:\\\\shop.example\\.\\a\\{path[2:]}",
                     f"https://shop.example/{path}?id=%c3%a9", f"shop.example/{path}?id=é&sid=2")
        urls = self.rng.sample(spellings, self.rng.randint(2, 5))
        self.group([self.text_of(*self.base()) for _ in urls], urls)

    def plant_url_repointed(self):
        """The witness by address falls to an exact copy, and that one to a near neighbor."""
        self.next_url += 1
        same = [f"https://news.example/{self.next_url}", f"http://www.news.example/{self.next_url}"]
        script, words = self.base(120)
        first = self.text_of(script, words)
        second = self.text_of(script, edited(self.words, script, words, 1))
        texts = [first, second, refolded(self.rng, second), self.text_of(*self.base())]
        self.group(texts, [self.url(), self.url(), same[0], same[1]])

    def plant_short(self):
        rng = self.rng
        for _ in range(self.count // 15):
            script = self.script()
            words = self.words.list_of(script, rng.randint(1, 4))
            texts = [self.text_of(script, words)] * rng.randint(1, 3)
            if rng.random() < 0.5:
                texts.append(" ".join(words).upper() + "!")
            self.group(texts)
        for text in ("", "", " \n ", "...", "!?", "\u200b", "—", "", "🙂", "_", "\u0301"):
            self.group([text])

    def plant_unicode(self):
        for _ in range(self.count // 12):
            text = soup(self.rng, self.rng.randint(5, 80))
            texts = [text]
            if self.rng.random() < 0.6:
                texts.append(refolded(self.rng, text))
            if self.rng.random() < 0.6:
                texts.append(self.rng.choice((str.upper, str.lower, str.casefold))(text))
            self.group(texts)

    def plant_broken(self):
        good = self.text_of("latin", self.words.list_of("latin", 30)).encode("utf-8")
        good = json.dumps(good.decode("utf-8")).encode("utf-8")
        lines = (
            b'{"id":"broken-1","text":', b"not json at all", b'["text"]', b'{"text":"a"} x',
            b'{"text":"a\tb"}', b'{"text":"tr\\x"}', b'{"n":01,"text":"a"}', b'{"text":NaN}',
            b'{"id":"no-text","title":"x"}', b"{}", b'{"id":"null","text":null}',
            b'{"id":"list","text":["a"]}', b'{"id":"number","text":17}',
            b'{"id":"twice","text":"a","text":"b"}',
            b'{"id":"deep","text":"a","x":' + b"[" * 300 + b"]" * 300 + b"}",
        )
        repaired = (
            b'{"id":"bytes-1","text":"caf\xe9 ' + good[1:-1] + b'"}',
            b'{"id":"bytes-2","text":"caf\xff ' + good[1:-1] + b'"}',
            b'{"id":"cut","text":"\xf0\x9f\x98 and \xe2\x82 and \xed\xa0\x80 end"}',
            b'{"id":"surrogate","text":"lone \\ud83d and \\ude00 and \\ud83d\\ude00 pair"}',
            b'{"id":"zero","text":"a\\u0000b and more words than five"}',
            b'{"id":"fffd","text":"an honest \xef\xbf\xbd stays unflagged"}',
        )
        for line in lines + repaired:
            self.planned.append(Planned(self.rng.random(), raw=line))


# ---- writing -----------------------------------------------------------------------------------

class LineWriter:
    """JSON lines in many spellings: order of members, spaces, escapes, odd and unknown members."""

    def __init__(self, rng):
        self.rng = rng
        self.number = 0

    def line(self, planned):
        if planned.raw is not None:
            return planned.raw
        rng = self.rng
        self.number += 1
        text = json.dumps(planned.text, ensure_ascii=rng.random() < 0.3)
        if rng.random() < 0.1:
            text = text.replace("/", "\\/")
        members = [('"text"', text)]
        chance = rng.random()
        if chance < 0.8:
            members.append(('"id"', json.dumps(f"doc-{self.number:05d}é"[:rng.choice((9, 10))])))
        elif chance < 0.9:
            members.append(('"id"', str(self.number)))
        if planned.url is not None:
            members.append(('"url"', json.dumps(planned.url)))
        members.append(('"source"', json.dumps(rng.choice(("web", "books", "code")))))
        if rng.random() < 0.3:
            members.append(('"meta"', '{"a": [1, 2.50e+3, {"b":null}], "text": "inner", "c":"}"}'))
        if rng.random() < 0.2:
            members.append(('"n"', rng.choice(("-0.0", "1E5", "9007199254740993", "true"))))
        if rng.random() < 0.1:
            members.append(('"tamis"', '{"ord":"9.9.9","old":[1,{"x":"\\"}"}]}'))
        rng.shuffle(members)
        comma, colon = rng.choice(((",", ":"), (", ", ": "), (" ,\t", " :  ")))
        body = comma.join(key + colon + value for key, value in members)
        open_, close = rng.choice((("{", "}"), ("{ ", " }")))
        return (open_ + body + close).encode("utf-8")


def write_jsonl(path, rng, planned):
    writer = LineWriter(rng)
    lines = []
    for each in planned:
        lines.append(writer.line(each))
        if rng.random() < 0.01:
            lines.append(rng.choice((b"", b"  \t")))
    ends = b"\r\n" if rng.random() < 0.3 else b"\n"
    data = ends.join(lines) + (ends if rng.random() < 0.7 else b"")
    if rng.random() < 0.3:
        data = b"\xef\xbb\xbf" + data
    with open(path, "wb") as file:
        file.write(pack(path, data, rng))


def pack(path, data, rng):
    if path.endswith(".gz"):
        cut = rng.randrange(len(data) + 1)
        return b"".join(gzip.compress(part, mtime=GZIP_TIME) for part in (data[:cut], data[cut:]))
    if path.endswith(".zst"):
        cut = rng.randrange(len(data) + 1)
        return b"".join(subprocess.run(["zstd", "-qc", "-1"], input=part, capture_output=True,
                                       check=True).stdout for part in (data[:cut], data[cut:]))
    return data


def warc_record(kind, headers, body):
    lines = ["WARC/1.0", f"WARC-Type: {kind}"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body + b"\r\n\r\n"


def write_wet(path, rng, planned):
    """One gzip member a record; records that are no documents stand between."""
    info = warc_record("warcinfo", [("WARC-Date", "2024-05-01T00:00:00Z"),
                                    ("WARC-Record-ID", "<urn:uuid:info>"),
                                    ("Content-Type", "application/warc-fields")], b"software: x")
    records = [info]
    for number, each in enumerate(p for p in planned if p.raw is None):
        headers = [("WARC-Target-URI", each.url or f"https://plain.example/{number}"),
                   ("WARC-Date", "2024-05-01T00:00:01Z"),
                   ("WARC-Record-ID", f"<urn:uuid:{os.path.basename(path)}-{number:06d}>"),
                   ("Content-Type", "text/plain")]
        records.append(warc_record("conversion", headers, each.text.encode("utf-8")))
        if rng.random() < 0.02:
            records.append(warc_record("metadata", headers, b"note: x"))
    with open(path, "wb") as file:
        for record in records:
            file.write(gzip.compress(record, mtime=GZIP_TIME))


SHARDS = ("one/a.jsonl", "one/b.jsonl.gz", "two/c.jsonl.zst", "two/d.jsonl",
          "web/crawl.warc.wet.gz", "two/e.jsonl.zst")


def write_corpus(folder, seed, count=900):
    """Writes a corpus; returns the paths of its files in order."""
    planner = Planner(seed, count)
    planned = planner.plan()
    rng = random.Random(seed + 1)
    texts = [p for p in planned if p.raw is None and 20 < len(p.text) < 400][:3]
    paths = []
    size = -(-len(planned) // len(SHARDS))
    moved = []  # lines that stand as they are have no place in a WET file
    for i, shard in enumerate(SHARDS):
        part = moved + planned[i * size:(i + 1) * size]
        moved = [each for each in part if each.raw is not None] if ".wet" in shard else []
        path = os.path.join(folder, shard)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write = write_wet if ".wet" in shard else write_jsonl
        write(path, rng, part)
        paths.append(path)
    for i, each in enumerate(texts):
        path = os.path.join(folder, "notes", f"note-{i}.txt")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(each.text.encode("utf-8"))
        paths.append(path)
    return paths


# ---- what occurred -----------------------------------------------------------------------------

def census(verdicts, trace):
    """Counts of everything that a corpus is meant to exercise."""
    out = Counter({name: 0 for name in (
        "reason url", "reason exact", "reason near", "reason invalid_json", "reason missing_text",
        "reason text_not_string", "reason duplicate_text_key", "reason nesting", "repointed exact",
        "repointed url", "repointed by two steps", "flag repaired", "flag bucket_cap",
        "chain ends kept", "capped buckets", "signature accepted", "signature rejected",
        "text accepted", "text rejected")})
    for verdict in verdicts:
        if verdict.reason is not None:
            out[f"reason {verdict.reason}"] += 1
        if verdict.via:
            out[f"repointed {verdict.reason}"] += 1
            out["repointed by two steps"] += len(verdict.via) > 1
        for flag in verdict.flags:
            out[f"flag {flag}"] += 1
    out["chain ends kept"] = trace.chain_kept
    out["capped buckets"] = trace.capped_buckets
    for (verified, is_accepted), number in trace.decided_by.items():
        out[f"{verified} {'accepted' if is_accepted else 'rejected'}"] = number
    return out


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--documents", type=int, default=900)
    args = parser.parse_args(argv)
    paths = write_corpus(args.folder, args.seed, args.documents)
    settings = Settings(levels=("url", "exact", "near"))
    verdicts, trace = Corpus([Input(path, path) for path in paths], settings).decide()
    counts = census(verdicts, trace)
    print(f"seed {args.seed}: {len(verdicts)} records in {len(paths)} files")
    for name, number in sorted(counts.items()):
        print(f"{number:7} {name}")
    missing = [name for name, number in counts.items() if number == 0]
    if missing:
        print("never occurred: " + ", ".join(missing), file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
