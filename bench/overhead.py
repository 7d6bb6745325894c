#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the cluster form costs over the embedded form, and what deaths cost, on one machine.

    bench/overhead.py --build build/release [--repeat 3] [--parts overhead,kills,times] CORPUS

CORPUS is a folder of shards. All forms use the same two processors, and every OUT is compared byte by byte with the embedded
one's. Parts:
  overhead  wall clock of `tamis run -j2` against a coordinator and workers with two threads in all, on loopback: one worker or two;
            results read by path or over sockets (--shuffle network). The forms take turns; the best of --repeat counts.
  kills     two workers, one of them killed (SIGKILL) every --kill-every seconds and started again on its data folder.
  times     from SIGKILL of a busy worker to its loss in the log and to its tasks' new start; from SIGKILL of the coordinator
            and its new start to its first answer.
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
for folder in ("crash", "e2e"):
    sys.path.insert(0, os.path.join(HERE, "..", "tests", folder))

from cluster import GOOD, Cluster, wait_until  # noqa: E402
from context import require_same_bytes  # noqa: E402
from tamis_cli import require  # noqa: E402

TIMEOUT_S = 3600


class Bench:
    def __init__(self, args, work):
        self.args = args
        self.work = work
        self.runs = 0
        self.whole = os.path.join(work, "embedded")
        args.tamis = os.path.join(args.build, "cli", "tamis")
        args.coordinator = os.path.join(args.build, "coordinator", "tamis-coordinator")
        args.worker = os.path.join(args.build, "worker", "tamis-worker")

    def command(self, out, *options):
        return [self.args.tamis, "run", "-o", out, "--quiet", *options, self.args.corpus]

    def timed(self, arguments, what):
        begin = time.monotonic()
        result = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                timeout=TIMEOUT_S, check=False)
        require(result.returncode in GOOD, f"{what}: exit code {result.returncode}")
        return time.monotonic() - begin

    def embedded(self):
        shutil.rmtree(self.whole, ignore_errors=True)
        return self.timed(self.command(self.whole, "-j2"), "embedded")

    def cluster(self, workers, shuffle=None):
        self.runs += 1
        options = ["--threads", str(2 // workers), "--memory", self.args.memory]
        options += ["--shuffle", shuffle] if shuffle else []
        return Cluster(self.args, os.path.join(self.work, f"cluster{self.runs}"), workers, options)

    def out(self):
        return os.path.join(self.work, f"out{self.runs}")

    def done(self, cluster, what):
        require_same_bytes(self.whole, self.out(), what)
        shutil.rmtree(self.out())
        shutil.rmtree(cluster.folder, ignore_errors=True)

    def one(self, workers, shuffle):
        with self.cluster(workers, shuffle) as cluster:
            time.sleep(1)  # hello; a cluster stands ready before its jobs come
            seconds = self.timed(self.command(self.out(), "--coordinator", cluster.url), "cluster")
        self.done(cluster, "cluster")
        return seconds

    # ---- Parts

    def overhead(self):
        forms = {"embedded, 2 threads": self.embedded}
        for workers in (1, 2):
            for shuffle in ("auto", "network"):
                how = "by path" if shuffle == "auto" else "over sockets"
                forms[f"{workers} worker{'s' * (workers > 1)}, results {how}"] = (
                    lambda w=workers, s=shuffle: self.one(w, s))
        best = dict.fromkeys(forms, float("inf"))
        for _ in range(self.args.repeat):
            for name, form in forms.items():
                best[name] = min(best[name], form())
        base = best["embedded, 2 threads"]
        for name, seconds in best.items():
            print(f"| {name} | {seconds:.2f} s | {seconds / base:.3f} |", flush=True)

    def kills(self):
        rng = random.Random(self.args.seed)
        count = 0
        with self.cluster(2) as cluster:
            time.sleep(1)
            begin = time.monotonic()
            client = subprocess.Popen(self.command(self.out(), "--coordinator", cluster.url),
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            while client.poll() is None:
                try:
                    client.wait(timeout=self.args.kill_every)
                except subprocess.TimeoutExpired:
                    victim = rng.randrange(2)
                    cluster.workers[victim].kill()
                    cluster.workers[victim].wait()
                    cluster.start_worker(victim)
                    count += 1
            seconds = time.monotonic() - begin
            require(client.returncode in GOOD, f"kills: exit code {client.returncode}")
        self.done(cluster, "kills")
        print(f"| 2 workers, one killed every {self.args.kill_every} s | {seconds:.2f} s | {count} kills |",
              flush=True)

    def times(self):
        with self.cluster(2) as cluster:
            client = subprocess.Popen(self.command(self.out(), "--coordinator", cluster.url),
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            wait_until(lambda: cluster.busy_worker() is not None, "a first task")
            victim = cluster.busy_worker()
            before = len(cluster.started_tasks(1 - victim))
            held = {found[:3] for found in cluster.started_tasks(victim)}
            cluster.workers[victim].kill()
            killed = time.monotonic()
            wait_until(lambda: cluster.log_has("coordinator", "worker.lost"), "loss in the log")
            noticed = time.monotonic() - killed
            wait_until(lambda: any(found[:3] in held for found in
                                   cluster.started_tasks(1 - victim)[before:])
                       or client.poll() is not None, "a task of the dead worker starts elsewhere")
            again = time.monotonic() - killed
            cluster.coordinator.kill()
            cluster.coordinator.wait()
            begin = time.monotonic()
            cluster.start_coordinator()
            answer = subprocess.run([self.args.tamis, "status", "--coordinator", cluster.url],
                                    stdout=subprocess.DEVNULL, timeout=60, check=False)
            serving = time.monotonic() - begin
            require(answer.returncode == 0, "tamis status after the restart")
            require(client.wait(timeout=TIMEOUT_S) in GOOD, "the run came to its end")
        self.done(cluster, "times")
        print(f"| dead worker noticed | {noticed:.2f} s | target 3 s |\n"
              f"| its task started elsewhere | {again:.2f} s | target 5 s |\n"
              f"| coordinator killed, started, answering | {serving:.2f} s | target 5 s |",
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, type=os.path.abspath)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--memory", default="1GiB")
    parser.add_argument("--kill-every", type=float, default=10, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", default="overhead,kills,times")
    parser.add_argument("--work", help="folder for OUT and data; default: a temporary one")
    parser.add_argument("corpus", type=os.path.abspath)
    args = parser.parse_args()
    work = tempfile.mkdtemp(prefix="tamis-bench-", dir=args.work)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        bench = Bench(args, work)
        bench.embedded()  # warms the page cache, and is what others are compared with
        print("| what | | |\n| --- | --- | --- |")
        for part in args.parts.split(","):
            require(re.fullmatch("overhead|kills|times", part), f"no part '{part}'")
            getattr(bench, part)()
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
