# SPDX-License-Identifier: Apache-2.0
"""Input of several batches: a run of one batch has little that could be interrupted."""

import json
import random

import outputs
from read import parse_line
from settings import Settings

# A batch takes splits up to 4 MiB of stored bytes (include/tamis/job.h, TAMIS_BATCH_BYTES_MIN).
BATCH_BYTES = 4 << 20
SPLIT_OPTION = {"split-size": "1MiB"}


def write_bulk(path, source, batches, seed):
    """A plain JSONL file of that many batches: texts of `source`, copied, edited, made unique."""
    rng = random.Random(seed)
    rows = [parse_line(line, Settings()) for line in outputs.read_lines_loosely(source)]
    texts = [row.text for row in rows if row.fault is None and len(row.text) > 80]
    size = number = 0
    with open(path, "w", encoding="utf-8") as file:
        while size < batches * BATCH_BYTES:
            words = rng.choice(texts).split(" ")
            for _ in range(rng.choice((0, 1, 4, 40))):
                words[rng.randrange(len(words))] = f"n{rng.randrange(1000000)}"
            text = " ".join(words) * rng.choice((1, 1, 4))
            line = json.dumps({"id": f"bulk-{number}", "text": text}, ensure_ascii=False)
            size += len(line.encode("utf-8")) + 1
            number += 1
            file.write(line + "\n")
