#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Accuracy of language identification, by language.

FOLDER holds files *.jsonl.zst (or .jsonl) with `lang` (ISO 639-1 or 639-3) and `text`. Each text goes to every model
named (cld2, or the path of a fastText model). Languages are compared in one form (docs/FORMATS.md, "Language codes and
scores"). Prints a table a file: texts, and of each model the share whose
language was told right, over all texts, and over the languages of which it tells a twentieth right ("knows").

Usage: bench/langid.py --bench BENCH_LANGUAGE FOLDER MODEL...
"""

import argparse
import collections
import glob
import json
import os
import subprocess

# ISO 639-3 to 639-1 where the test data have the former, and what counts as the same.
SHORT = dict(zip(
    """afr ara aze bel ben bos bre bul cat ces cor cym dan deu ell eng epo est eus fao fin fra fry gla gle glg heb hin hrv hun
    hye ido ile ina ind isl ita jav jpn kat kaz khm kor kur lat lit mal mar mkd mon nds nld nno nob oci pes pol por ron rus
    slk slv spa sqi srp swe swh tam tat tel tgl tha tuk tur uig ukr urd uzb vie xho yid cmn zsm amh lvs ber max""".split(),
    """af ar az be bn bs br bg ca cs kw cy da de el en eo et eu fo fi fr fy gd ga gl he hi hr hu
    hy io ie ia id is it jv ja ka kk km ko ku la lt ml mr mk mn nds nl nn nb oc fa pl pt ro ru
    sk sl es sq sr sv sw ta tt te tl th tk tr ug uk ur uz vi xh yi zh ms am lv ber max""".split()))


def read(path):
    command = ["zstd", "-dcq", path] if path.endswith(".zst") else ["cat", path]
    for line in subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode().splitlines():
        row = json.loads(line)
        yield SHORT.get(row["lang"], row["lang"]), row["text"].replace("\n", " ")


def detect(bench, model, texts):
    done = subprocess.run([bench, "detect", model], input="".join(text + "\n" for text in texts).encode(),
                          stdout=subprocess.PIPE, check=True)
    return [line.split("\t")[0] for line in done.stdout.decode().splitlines()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bench", required=True)
    parser.add_argument("folder")
    parser.add_argument("models", nargs="+")
    arguments = parser.parse_args()
    for path in sorted(glob.glob(os.path.join(arguments.folder, "*.jsonl*"))):
        rows = list(read(path))
        count = collections.Counter(lang for lang, _ in rows)
        print(f"{os.path.basename(path)}: {len(rows)} texts, {len(count)} languages")
        right = {}
        for model in arguments.models:
            found = detect(arguments.bench, model, [text for _, text in rows])
            right[model] = collections.Counter(lang for (lang, _), code in zip(rows, found) if lang == code)
            known = [lang for lang in count if right[model][lang] * 20 >= count[lang]]
            of_known = sum(right[model][lang] for lang in known) / max(1, sum(count[lang] for lang in known))
            print(f"  {os.path.basename(model)}: {sum(right[model].values()) / len(rows):.4f}, "
                  f"of {len(known)} languages that it knows {of_known:.4f}")
        names = [os.path.basename(model) for model in arguments.models]
        print("  lang  texts  " + "  ".join(names))
        for lang in sorted(count):
            shares = [f"{right[model][lang] / count[lang]:.3f}".rjust(len(name)) for model, name in zip(arguments.models, names)]
            print(f"  {lang:4}  {count[lang]:5}  " + "  ".join(shares))
    return 0


if __name__ == "__main__":
    main()
