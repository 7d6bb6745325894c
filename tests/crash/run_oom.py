# SPDX-License-Identifier: Apache-2.0
"""One allocation of a small run fails: the run ends with a message and goes on to the same bytes.

    python3 run_oom.py --tamis T --coordinator C --worker W --preload liboom_preload.so
                       [--first 1] [--stride 0] [--seconds 60] [--at N]

Every STRIDE-th allocation fails, one in each run, counted over all threads; stride 0 is chosen so
that the sweep takes about --seconds; --stride 1 is the full sweep. What is allowed: the run does
not need it (same bytes); exit code 1 and a message; or the death of a library that is written in
C++ and does not check its allocations: an abort that comes from the library, a segmentation fault
in it (the preload tells where). A segmentation fault in the program, one of its assertions or a
broken heap is none of these. After each the same command leaves the bytes of an undisturbed run.
"""

import json
import os
import random
import re
import shutil
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from session import Session, parser_of, run_checks
from tamis_cli import EXIT_FAILED, CheckFailed, require, require_codes
from context import require_same_bytes
from cluster import GOOD
import outputs

# What the preload says of an abort: where it comes from, whatever the library says itself or not.
# libpgm is what Debian's libzmq starts in zmq_ctx_new: it asserts without a word, and looks up a protocol in a table
# of glibc's that was not filled.
ABORTS = re.compile(r"^abort from \S*/lib(rocksdb|zmq|pgm-5\.3)\.so", re.MULTILINE)
# Of glibc, about a heap that somebody wrote over.
CORRUPT = re.compile(r"^(malloc|realloc|free|munmap_chunk|malloc_consolidate)\(\): |double free"
                     r"|corrupted|stack smashing", re.MULTILINE)
# RocksDB (and what it calls) uses some memory that it asked for without a look.
FAULTS = re.compile(r"^segmentation fault in \S*/lib(rocksdb|lz4|zmq|pgm-5\.3)\.so", re.MULTILINE)
THREADS = 2
RUN_S = 60
LINES_SHOWN = 80  # a stack and what the library said before


class Checks(Session):
    def make_inputs(self):
        """Duplicates of each kind in a file of a few dozen records."""
        self.options = {"levels": "url,exact,near", "workers": "1", "memory": "32MiB"}
        path = self.path("small.jsonl")
        rng = random.Random(self.args.seed)
        words = [f"w{i}" for i in range(3000)]
        with open(path, "w", encoding="utf-8") as file:
            for i in range(24):
                text = rng.sample(words, 60)
                near = text[:30] + ["other"] + text[31:]
                new = rng.sample(words, 60)
                for copy, url in ((text, i), (text, f"{i}-exact"), (near, f"{i}-near"), (new, i)):
                    file.write(json.dumps({"id": f"{i}-{rng.random()}", "text": " ".join(copy),
                                           "url": f"http://x.org/{url}"}) + "\n")
        return [path]

    def run_with(self, out, environment):
        return self.tamis.run(out, self.paths, self.options, timeout=RUN_S,
                              environment={"LD_PRELOAD": self.args.preload, **environment})

    def count(self):
        """Allocations of an undisturbed run."""
        out, path = self.path("count"), self.path("count.txt")
        require_codes(self.run_with(out, {"OOM_COUNT": path}), GOOD, "run that is counted")
        require_same_bytes(self.whole, out, "run that is counted")
        with open(path, encoding="utf-8") as file:
            return int(file.read())

    def outcome(self, result, out, what):
        if result.code in GOOD:
            require_same_bytes(self.whole, out, what)
            return "not needed"
        if result.code == EXIT_FAILED:
            lines = [line for line in result.stderr.splitlines() if line.startswith("tamis")]
            require(lines and len(lines[-1]) > len("tamis run: "), f"{what}: no message: {result.summary()}")
            return "message"
        has_aborted = result.code == -signal.SIGABRT and not CORRUPT.search(result.stderr)
        if has_aborted and ABORTS.search(result.stderr):
            return "library aborts"
        if result.code == -signal.SIGSEGV and FAULTS.search(result.stderr):
            return "library faults"
        raise CheckFailed(f"{what}: {result.summary(LINES_SHOWN)}")

    def fail_at(self, number):
        what = f"allocation {number}"
        out = self.path(f"out{number}")
        outcome = self.outcome(self.run_with(out, {"OOM_AT": str(number)}), out, what)
        if outcome != "not needed":
            again = self.tamis.run(out, self.paths, self.options, timeout=RUN_S)
            require_codes(again, GOOD, f"again after {what} ({outcome})")
            require_same_bytes(self.whole, out, f"again after {what}")
        shutil.rmtree(out)
        return outcome

    def sweep(self):
        total = self.count()
        if self.args.at:
            return f"allocation {self.args.at} of {total}: {self.fail_at(self.args.at)}"
        begin = time.monotonic()
        self.fail_at(total // 2)
        each = 2 * (time.monotonic() - begin) / THREADS
        stride = self.args.stride or max(1, int(total * each / self.args.seconds))
        outcomes, failures = {}, []
        with ThreadPoolExecutor(THREADS) as pool:
            jobs = {number: pool.submit(self.fail_at, number)
                    for number in range(self.args.first, total + 1, stride)}
            for number, job in jobs.items():
                try:
                    outcomes[job.result()] = outcomes.get(job.result(), 0) + 1
                except CheckFailed as failed:
                    failures.append(str(failed))
        require(not failures, "\n".join([f"{len(failures)} of {len(jobs)}:"] + failures[:20]))
        return (f"{len(jobs)} of {total} allocations, every {stride}th: "
                + ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items())))

    def checks(self):
        reasons = outputs.read_json(os.path.join(self.whole, "report.json"))["reasons"]
        require(all(reasons[level]["documents"] for level in ("url", "exact", "near")),
                f"the corpus lacks duplicates: {reasons}")
        return [("one allocation fails", self.sweep)]


if __name__ == "__main__":
    parser = parser_of(__doc__, batches=0, documents=40)
    parser.add_argument("--preload", required=True, type=os.path.abspath)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--stride", type=int, default=0)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--at", type=int, default=0, help="only this one")
    sys.exit(run_checks(parser.parse_args(), "tamis-oom-", Checks))
