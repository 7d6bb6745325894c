# SPDX-License-Identifier: Apache-2.0
"""Reads, writes, syncs, opens and renames fail with EIO at random places (libfiu).

    python3 run_eio.py --tamis T --coordinator C --worker W --preload libeio_preload.so
                       [--runs 8] [--seed 4]

`tamis run` ends well with the bytes of an undisturbed run, or with exit code 1 and a message that
names a path; the same command without faults then leaves the same bytes. The same with the faults
in a worker or the coordinator of a cluster, which may end with exit code 1 and a message, and is
started again. Debian's RocksDB is built with assertions, some of which stand where an error
should be returned (when a table that is taken in cannot be read back): such an abort is a death
like any other, and told in the result.
"""

import os
import random
import re
import shutil
import signal
import sys

from session import Session, Skipped, parser_of, run_checks
from tamis_cli import EXIT_FAILED, require, require_codes
from context import require_same_bytes
from cluster import GOOD, Cluster, wait_until

EIO = 5
# Of a run with few hundred calls of each kind, about one or two fail.
PROBABILITIES = {"file/read": 0.004, "file/write": 0.01, "file/sync": 0.02, "file/open": 0.004,
                 "file/rename": 0.02, "file/*": 0.002}
NAMES_PATH = re.compile(r"[\w.-]*/[\w./-]+")
ASSERTION = re.compile(r"rocksdb::.*Assertion `.*' failed")
RUN_S = 120


class Checks(Session):
    def __init__(self, args, folder):
        if not args.preload:
            raise Skipped("libfiu is missing (scripts/setup --dev)")
        super().__init__(args, folder)
        self.rng = random.Random(args.seed)
        self.aborts = 0

    def environment(self, point, factor=1.0):
        return {"LD_PRELOAD": self.args.preload, "FAULT_SEED": str(self.rng.randrange(1 << 31)),
                "FAULTS": f"enable_random name={point},probability="
                          f"{PROBABILITIES[point] * factor},failinfo={EIO}"}

    def check_message(self, code, text, what):
        """Exit code 1 and a line of the program that names a path."""
        if code == -signal.SIGABRT and ASSERTION.search(text):
            self.aborts += 1
            return
        lines = [line for line in text.splitlines() if line.startswith("tamis")]
        require(code == EXIT_FAILED and lines, f"{what}: exit code {code}\n{text[-2000:]}")
        require(NAMES_PATH.search(lines[-1]), f"{what}: no path is named: {lines[-1]}")

    # ---- one process ---------------------------------------------------------------------------

    def run_one(self, point, number):
        """Whether the run failed."""
        what = f"{point} {number}"
        out = self.path(f"out-{point.replace('/', '-').replace('*', 'all')}-{number}")
        environment = self.environment(point, self.rng.choice((0.3, 1, 1, 4)))
        result = self.tamis.run(out, self.paths, self.options, environment=environment,
                                timeout=RUN_S)
        what = f"{what} (FAULT_SEED={environment['FAULT_SEED']} {environment['FAULTS']})"
        if result.code in GOOD:
            require_same_bytes(self.whole, out, what)
        else:
            self.check_message(result.code, result.stderr, what)
        again = self.tamis.run(out, self.paths, self.options, timeout=RUN_S)
        require_codes(again, GOOD, f"again after {what}\n{result.summary()}\nagain")
        require_same_bytes(self.whole, out, f"again after {what}")
        shutil.rmtree(out)
        return result.code not in GOOD

    def runs(self, point):
        failed = sum(self.run_one(point, number) for number in range(self.args.runs))
        return (f"{failed} of {self.args.runs} runs failed, all went on to the same bytes"
                + self.told_aborts())

    def told_aborts(self):
        count, self.aborts = self.aborts, 0
        return f"; {count} aborts of RocksDB" if count else ""

    # ---- a cluster -----------------------------------------------------------------------------

    def end_faults(self, cluster, role, what):
        """Starts the process again without faults; whether it had ended by itself."""
        process = cluster.coordinator if role == "coordinator" else cluster.workers[0]
        ended = process.poll() is not None
        if ended:
            with open(cluster.log("coordinator" if role == "coordinator" else "worker0"),
                      encoding="utf-8", errors="replace") as file:
                self.check_message(process.returncode, file.read(), what)
        else:
            process.kill()
            process.wait()
        if role == "coordinator":
            cluster.start_coordinator()
        else:
            cluster.start_worker(0)
        return ended

    def cluster(self, role, number):
        """(whether the process ended, whether the job failed)."""
        what = f"{role} {number}"
        environment = self.environment(("file/*", "file/sync", "file/write")[number % 3], 1)
        name = f"cluster-{role}-{number}"
        cluster = Cluster(self.args, self.path(name), 0, coordinator_options=("--lease", "1s"))
        try:
            cluster.start_coordinator(environment if role == "coordinator" else None)
            cluster.start_worker(environment=environment if role == "worker" else None)
            client = self.submit(cluster, self.path(name + "-out"))

            def victim():
                return cluster.coordinator if role == "coordinator" else cluster.workers[0]

            wait_until(lambda: victim().poll() is not None or not client.is_running(), what)
            is_running = client.is_running()
            ended = self.end_faults(cluster, role, what) if is_running else False
            code, text = client.wait(what)
            if code in GOOD:
                require_same_bytes(self.whole, client.out, what)
                return ended, False
            self.check_message(code, text, what)
            if not is_running:
                self.end_faults(cluster, role, what)
            self.submit(cluster, client.out).finish(self.whole, f"again after {what}: {text}")
            return ended, True
        finally:
            cluster.close()

    def clusters(self, role):
        found = [self.cluster(role, number) for number in range(self.args.runs)]
        ended, failed = (sum(column) for column in zip(*found))
        return (f"{len(found)} jobs: {ended} processes ended, {failed} jobs failed, all went on to "
                f"the same bytes" + self.told_aborts())

    def checks(self):
        found = [(f"run, {point}", lambda point=point: self.runs(point)) for point in PROBABILITIES]
        return found + [(role, lambda role=role: self.clusters(role))
                        for role in ("worker", "coordinator")]


if __name__ == "__main__":
    parser = parser_of(__doc__, batches=2, documents=100)
    parser.add_argument("--preload", type=os.path.abspath)
    parser.add_argument("--runs", type=int, default=8)
    sys.exit(run_checks(parser.parse_args(), "tamis-eio-", Checks))
