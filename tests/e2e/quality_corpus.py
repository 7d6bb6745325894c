# SPDX-License-Identifier: Apache-2.0
"""Seeded texts that rules of quality look at, and files of lists for them."""

import json
import random

WORDS = ("the of and to that have with be house river window morning garden letter paper answer "
         "water village people mountain question machine number station evening picture history "
         "reason market winter summer travel doctor teacher kitchen bridge family").split()
OTHERS = {
    "de": "Der Bericht über die Stadt und ihre Geschichte wurde gestern vom Rat vorgestellt, und "
          "viele Bürger haben dazu Fragen gestellt, die heute beantwortet werden sollen.",
    "ru": "Вчера городской совет представил доклад об истории города, и многие жители задали "
          "вопросы, на которые сегодня должны быть даны ответы в большом зале.",
    "zh": "昨天市议会介绍了关于城市历史的报告，许多居民提出了问题，今天将在大厅里得到回答。",
    "ja": "昨日、市議会は市の歴史についての報告書を発表し、多くの住民が質問をしました。",
}
BAD_LINES = ("Please enable javascript to use this page.", "short line.", "Home | About | Contact",
             "we use cookies to make this site better", "and so it goes on and on ...", "",
             "Read our privacy policy before you go on reading.", "Cited here [12] and there [3].")
DROP_LINES = ("Lorem ipsum dolor sit amet.", "function f(x) { return x; }")
MAILS = ("jane.doe@acme-corp.com", "bob_smith@mail.web.de", "12.34@firma-berlin.de")
KEYWORD = "forbiddenterm"
BLOCKED = "blocked-domain.com"


def sentence(rng):
    words = [rng.choice(WORDS) for _ in range(rng.randint(5, 16))]
    return " ".join(words).capitalize() + rng.choice(".....!?")


def prose(rng, lines):
    return [" ".join(sentence(rng) for _ in range(rng.randint(1, 4))) for _ in range(lines)]


def text_of(rng):
    kind = rng.randrange(12)
    lines = prose(rng, rng.randint(4, 14))
    if kind == 0:
        lines = [" ".join(rng.choice(WORDS) for _ in range(rng.randint(0, 12)))]
    elif kind == 1:
        lines = [rng.choice(lines)] * rng.randint(6, 30)
    elif kind == 2:
        lines = [rng.choice(list(OTHERS.values())) * rng.randint(1, 4) for _ in range(6)]
    elif kind in (3, 4):
        for _ in range(rng.randint(1, 8)):
            lines.insert(rng.randint(0, len(lines)), rng.choice(BAD_LINES))
    elif kind == 5:
        lines.insert(rng.randint(0, len(lines)), rng.choice(DROP_LINES))
    elif kind in (6, 7):
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(lines))
            lines[at] = f"Write to {rng.choice(MAILS)} or not. {lines[at]}"
    elif kind == 8:
        at = rng.randrange(len(lines))
        lines[at] = f"Here stands {KEYWORD} in a line. {lines[at]}"
    elif kind == 9:
        lines = ["# * ... " + line.replace(" ", " # ") for line in lines]
    return rng.choice(("\n", "\n", "\r\n", "\n\n", " \n")).join(lines)


def record(rng, number, text):
    """Members in any order, texts escaped in two ways, spaces where they may stand."""
    host = BLOCKED if rng.random() < 0.1 else f"host{rng.randrange(40)}.org"
    members = [("id", f"q{number}"), ("url", f"https://www.{host}/page/{number}"),
               ("n", rng.randrange(1000)), ("note", "a \"text\" of é")]
    rng.shuffle(members)
    members.insert(rng.randint(0, len(members)), ("text", text))
    ascii_only = rng.random() < 0.5
    colon = rng.choice((":", ": ", " : "))
    parts = [f"{json.dumps(key)}{colon}{json.dumps(value, ensure_ascii=ascii_only)}"
             for key, value in members]
    return ("{" + rng.choice((",", ", ")).join(parts) + "}").encode("utf-8")


def lines_of_corpus(seed, documents):
    rng = random.Random(f"quality-{seed}")
    out, texts = [], []
    for number in range(documents):
        fresh = not texts or rng.random() < 0.75
        text = text_of(rng) if fresh else rng.choice(texts)
        if not fresh and rng.random() < 0.6:  # near: one word of many is another
            words = text.split(" ")
            words[rng.randrange(len(words))] = f"changed{number}"
            text = " ".join(words)
        texts.append(text)
        line = record(rng, number, text)
        if rng.random() < 0.01:
            line = line[:-2]  # no JSON: set aside
        elif rng.random() < 0.02:
            line = line.replace(b"house", b"hou\xffse")  # repaired
        out.append(line)
    return out
