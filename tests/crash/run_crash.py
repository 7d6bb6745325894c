# SPDX-License-Identifier: Apache-2.0
"""Kills `tamis run` wherever it hurts, runs it again, and compares with an undisturbed run.

    python3 run_crash.py --tamis build/release/cli/tamis [--seed 3] [--random 10] [--keep DIR]

Kills come from failpoints (TAMIS_FAILPOINT=name:count makes the program send itself SIGKILL), at
random moments, and when a given number of files stands in OUT. After each the same command must
end well, leave the same bytes, and read again only what was not committed.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))

from tamis_cli import (EXIT_DONE, EXIT_FAILED, EXIT_SET_ASIDE, CheckFailed, Tamis,  # noqa: E402
                       require, require_codes)
from context import require_same_bytes  # noqa: E402
import outputs  # noqa: E402
from make_corpus import write_corpus  # noqa: E402
from bulk import SPLIT_OPTION, write_bulk  # noqa: E402

# What every run comes to; the program may know more (--list-failpoints).
FAILPOINTS = ("scan.before_commit", "scan.after_commit", "task.before_rename", "task.after_rename",
              "ledger.before_commit", "ledger.after_commit", "resolve.after",
              "emit.before_publish", "emit.after_publish", "report.before_manifest")
COUNTS = (1, 2, 5, 14)
# Stages whose tasks may be run again by the process that goes on; None: all but SCAN.
UNFINISHED = {"resolve.after": None, "emit.before_publish": ("emit", "report"),
              "emit.after_publish": ("emit", "report"), "report.before_manifest": ("report",)}
GOOD = (EXIT_DONE, EXIT_SET_ASIDE)
BATCHES = 4
IN_FLIGHT = 4  # results that a worker has sent and the coordinator has not made durable yet


class Crashes:
    def __init__(self, args, folder):
        self.args = args
        self.folder = folder
        self.tamis = Tamis(args.tamis)
        self.rng = random.Random(args.seed)
        self.options = {"levels": "url,exact,near", "workers": "2", **SPLIT_OPTION}
        self.count = 0
        self.paths = self.make_inputs()
        self.whole = os.path.join(folder, "undisturbed")
        begin = time.monotonic()
        require_codes(self.tamis.run(self.whole, self.paths, self.options), GOOD, "undisturbed run")
        self.seconds = time.monotonic() - begin
        count, self.tasks = outputs.executed(self.whole)
        require(count == sum(self.tasks.values()),
                f"timing.json: {count} tasks executed, {self.tasks} in its stages")

    def make_inputs(self):
        """A corpus, and for the program enough more for several batches."""
        corpus = os.path.join(self.folder, "corpus")
        paths = write_corpus(corpus, self.args.seed, self.args.documents)
        if self.args.stand_in:
            return paths
        path = os.path.join(corpus, "bulk.jsonl")
        write_bulk(path, paths[0], BATCHES, self.args.seed)
        return paths + [path]

    def new_out(self):
        self.count += 1
        return os.path.join(self.folder, f"out{self.count}")

    # ---- ways to die ---------------------------------------------------------------------------

    def die_at(self, out, failpoint):
        """True when the program came to the failpoint and killed itself."""
        result = self.tamis.run(out, self.paths, self.options,
                                environment={"TAMIS_FAILPOINT": failpoint})
        if result.code == -signal.SIGKILL:
            return True
        require_codes(result, GOOD, f"run with failpoint {failpoint}")
        return False

    def kill_when(self, out, is_time):
        """Starts a run and kills it when is_time() says so; True when it was killed."""
        with subprocess.Popen(self.tamis.run_arguments(out, self.paths, self.options),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None:
                if is_time():
                    process.kill()
                    process.wait()
                    return process.returncode == -signal.SIGKILL
                time.sleep(0.002)
            require(process.returncode in GOOD, f"exit code {process.returncode}")
            return False

    # ---- what must hold afterwards -------------------------------------------------------------

    def finish(self, out, what):
        require_codes(self.tamis.run(out, self.paths, self.options), GOOD, f"again after {what}")
        require_same_bytes(self.whole, out, f"after {what}")

    def require_rest_only(self, out, failpoint):
        """The process that went on ran no task that was durable at the failpoint."""
        count, _ = outputs.executed(out)
        unfinished = UNFINISHED[failpoint] or [name for name in self.tasks if name != "scan"]
        most = sum(self.tasks[name] for name in unfinished)
        require(0 < count <= most, f"{failpoint}: {count} tasks were run, at most {most} were left")

    def failpoint(self, name):
        """Several counts, until one is no longer reached."""
        for count in COUNTS:
            out = self.new_out()
            died = self.die_at(out, f"{name}:{count}")
            require(died or count > 1 or name not in FAILPOINTS, f"{name}:1 was never reached")
            if not died:
                require_same_bytes(self.whole, out, f"failpoint {name}:{count} not reached")
                break
            self.finish(out, f"{name}:{count}")
            if name in UNFINISHED:
                self.require_rest_only(out, name)
            shutil.rmtree(out)

    def twice(self):
        """Dies at one failpoint, then at a later one."""
        out = self.new_out()
        require(self.die_at(out, "scan.after_commit:2"), "scan.after_commit:2 was never reached")
        require(self.die_at(out, "emit.after_publish:1"), "emit.after_publish:1 was never reached")
        self.finish(out, "two crashes")
        self.require_rest_only(out, "emit.after_publish")

    def at_shares(self):
        """Dies with 90 % of SCAN, then with 50 % of EMIT done; only the rest is read again.

        One worker runs the tasks in order, so the number of the task at which it dies says what was finished. What may be
        done once more is the task at hand and the few whose results were on their way to the ledger.
        """
        total = sum(self.tasks.values())
        scan, emit = self.tasks["scan"], self.tasks["emit"]
        one_worker = {**self.options, "workers": "1"}
        for what, done in (("90 % of SCAN", -(-9 * scan // 10)),
                           ("50 % of EMIT", total - emit - self.tasks["report"] + emit // 2)):
            out = self.new_out()
            result = self.tamis.run(out, self.paths, one_worker,
                                    environment={"TAMIS_FAILPOINT": f"task.after_rename:{done}"})
            require(result.code == -signal.SIGKILL, f"{what}: task {done} was never reached")
            self.finish(out, what)
            count, _ = outputs.executed(out)
            require(total - done <= count <= total - done + 1 + IN_FLIGHT,
                    f"{what}: {count} of {total} tasks were run again after {done}")
            shutil.rmtree(out)

    def random_moments(self):
        for number in range(self.args.random):
            out = self.new_out()
            kills = 0
            while kills < 4:
                until = time.monotonic() + self.rng.uniform(0, 1.1 * self.seconds)
                if not self.kill_when(out, lambda until=until: time.monotonic() >= until):
                    break
                kills += 1
            self.finish(out, f"{kills} kills at random moments (seed {self.args.seed}, {number})")
            shutil.rmtree(out)

    def at_progress(self):
        """Kills as soon as the first, then some shards of a kind stand in OUT."""
        for kind, files in (("attributes", 1), ("documents", 1), ("attributes", 3)):
            out = self.new_out()
            root = os.path.join(out, kind)
            self.kill_when(out, lambda root=root, files=files: os.path.isdir(root)
                           and len(outputs.files_below(root)) >= files)
            self.finish(out, f"a kill at {files} files of {kind}")
            shutil.rmtree(out)

    def damaged_records(self):
        """A file of the document records is gone when the run goes on: those scans are repeated."""
        out = self.new_out()
        require(self.die_at(out, "task.after_rename:3"), "task.after_rename:3 was never reached")
        tables = [os.path.join(base, name) for base, _, names in os.walk(out) for name in names
                  if name.endswith(".sst")]
        require(tables, "there are no records yet")
        os.unlink(max(tables))
        self.finish(out, "a lost file of records")

    def refusals(self):
        """A stopped run does not go on with other settings or inputs, and says which."""
        out = self.new_out()
        require(self.die_at(out, "scan.after_commit:1"), "scan.after_commit:1 was never reached")
        other = self.tamis.run(out, self.paths, {**self.options, "threshold": "0.85"})
        require_codes(other, [EXIT_FAILED], "resume with another threshold")
        require("setting" in other.stderr or "threshold" in other.stderr,
                f"the settings are not named: {other.summary()}")
        path = self.paths[1]
        with open(path, "rb") as file:
            data = file.read()
        times = os.stat(path)
        with open(path, "ab") as file:
            file.write(data)
        changed = self.tamis.run(out, self.paths, self.options)
        require_codes(changed, [EXIT_FAILED], "resume with a changed input")
        require(os.path.basename(path) in changed.stderr or "input" in changed.stderr,
                f"the input is not named: {changed.summary()}")
        with open(path, "wb") as file:
            file.write(data)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        self.finish(out, "two refusals")

    def failpoints(self):
        """Those that every run comes to, and what else the program knows."""
        if self.args.stand_in:
            return FAILPOINTS
        names = self.tamis.call("--list-failpoints").stdout.split()
        require(set(FAILPOINTS) <= set(names), f"--list-failpoints: {names}")
        return names

    def checks(self):
        found = [(f"failpoint {name}", lambda name=name: self.failpoint(name))
                 for name in self.failpoints()]
        if not self.args.stand_in:
            found += [("shares of SCAN and EMIT", self.at_shares),
                      ("damaged records", self.damaged_records)]
        return found + [("two crashes", self.twice), ("progress", self.at_progress),
                        ("refusals", self.refusals), ("random moments", self.random_moments)]


def parse_args(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tamis", required=True)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--random", type=int, default=8, help="runs killed at random moments")
    parser.add_argument("--only")
    parser.add_argument("--keep", help="folder to work in; it stays")
    parser.add_argument("--stand-in", action="store_true",
                        help="the program is the drivers' own stand-in: no bulk input")
    return parser.parse_args(argv)


def main(argv):
    args = parse_args(argv)
    folder = args.keep or tempfile.mkdtemp(prefix="tamis-crash-")
    failures = passed = 0
    try:
        for name, check in Crashes(args, folder).checks():
            if args.only and args.only not in name:
                continue
            try:
                check()
                passed += 1
                print(f"ok   {name}", flush=True)
            except CheckFailed as failed:
                failures += 1
                print(f"FAIL {name}\n{failed}", flush=True)
    except Exception:  # the folder must go in every case
        failures += 1
        print(f"FAIL\n{traceback.format_exc()}", flush=True)
    finally:
        if not args.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"seed {args.seed}: {passed} passed, {failures} failed")
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
