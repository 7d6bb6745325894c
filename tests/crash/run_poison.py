# SPDX-License-Identifier: Apache-2.0
"""Records that kill the program are set aside, alone; killed processes put the blame on nobody.

    python3 run_poison.py --tamis T --coordinator C --worker W --corpus DIR [--keep DIR] [--only X]

TAMIS_POISON names the records that kill whoever looks into them (include/tamis/poison.h). What they
leave is compared with a run over the same corpus in which these lines were spoilt, so that they are
set aside without killing anybody.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))

from tamis_cli import EXIT_DONE, EXIT_SET_ASIDE, program_arguments, require  # noqa: E402
from cluster import Cluster, wait_until  # noqa: E402

SHARD = "shard-00003.jsonl"
LOSSES = 3  # of a task before it is isolated
TRIES_MAX = 8
DEADLINE_S = 240


def lines_of(path):
    data = subprocess.run(["zstd", "-dcq", path], check=True, stdout=subprocess.PIPE).stdout
    return data.decode("utf-8").splitlines()


def files_below(folder):
    return sorted(os.path.relpath(os.path.join(top, name), folder)
                  for top, _, names in os.walk(folder) for name in names)


def isolated_children(pid):
    """Processes that `pid` started for isolated tasks."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/stat", encoding="ascii") as file:
                parent = int(file.read().rsplit(")", 1)[1].split()[1])
            with open(f"/proc/{name}/cmdline", "rb") as file:
                command = file.read().split(b"\0")
        except (OSError, ValueError, IndexError):
            continue
        if parent == pid and b"isolated-task" in command:
            found.append(int(name))
    return found


class Session:
    def __init__(self, args, folder):
        self.args = args
        self.folder = folder
        self.corpus = os.path.join(folder, "given", "corpus")
        shutil.copytree(args.corpus, self.corpus)
        self.whole = os.path.join(folder, "whole")
        self.run_plain(self.whole, "given")

    # ---- Runs

    def arguments(self, out, *more):
        return [*program_arguments(self.args.tamis), "run", "--quiet",
                "--workers", "2", "-o", out, *more, "corpus"]

    def run_once(self, out, where="given", poison=None, failpoint=None, more=()):
        environment = {**os.environ, **({"TAMIS_POISON": poison} if poison else {}),
                       **({"TAMIS_FAILPOINT": failpoint} if failpoint else {})}
        return subprocess.run(self.arguments(out, *more), cwd=os.path.join(self.folder, where),
                              env=environment, timeout=DEADLINE_S, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def run_plain(self, out, where):
        result = self.run_once(out, where)
        require(result.returncode in (EXIT_DONE, EXIT_SET_ASIDE),
                f"plain run: exit code {result.returncode}\n{result.stderr.decode()}")

    def run_until_done(self, out, poison):
        """Starts the same command again and again, as an operator would; returns the deaths."""
        for deaths in range(TRIES_MAX):
            result = self.run_once(out, poison=poison)
            if result.returncode >= 0:
                require(result.returncode == EXIT_SET_ASIDE,
                        f"exit code {result.returncode}\n{result.stderr.decode()}")
                return deaths
        raise AssertionError(f"no end after {TRIES_MAX} starts")

    # ---- Records

    def kept_rows(self):
        """[(row, digest of the text)] of records of SHARD for which nothing was removed."""
        name = os.path.join(self.whole, "attributes", SHARD.replace(".jsonl", ".jsonl.zst"))
        found = []
        for row, line in enumerate(lines_of(self.attributes_path(self.whole, name))):
            value = json.loads(line)
            if value["verdict"] == "keep" and not any(value["copies"].values()):
                found.append((row, value["digest"]))
        return found

    def attributes_path(self, out, fallback):
        if os.path.exists(fallback):
            return fallback
        stem = SHARD.split(".", maxsplit=1)[0]
        found = [name for name in files_below(os.path.join(out, "attributes")) if stem in name]
        require(len(found) == 1, f"attributes of {SHARD}: {found}")
        return os.path.join(out, "attributes", found[0])

    def spoil(self, rows):
        """The corpus with these lines of SHARD spoilt, and a plain run over it."""
        where = "spoilt-" + "-".join(str(row) for row in rows)
        copy = os.path.join(self.folder, where, "corpus")
        shutil.copytree(self.corpus, copy)
        path = os.path.join(copy, SHARD)
        with open(path, "rb") as file:
            lines = file.read().split(b"\n")
        for row in rows:
            require(lines[row].startswith(b"{"), f"row {row} is not line {row}")
            lines[row] = b"#" + lines[row][1:]
        with open(path, "wb") as file:
            file.write(b"\n".join(lines))
        out = os.path.join(self.folder, where, "out")
        self.run_plain(out, where)
        return out

    # ---- Comparing

    def require_same_but(self, expected, found, rows, what):
        """The same files and lines, but that the lines of `rows` say poisoned."""
        aside = 0
        for kind in ("documents", "attributes", "removed"):
            one, two = (os.path.join(out, kind) for out in (expected, found))
            require(files_below(one) == files_below(two), f"{what}: other files in {kind}")
            for name in files_below(one):
                want, got = (lines_of(os.path.join(top, name)) for top in (one, two))
                require(len(want) == len(got), f"{what}: {kind}/{name} has other lines")
                for row, (left, right) in enumerate(zip(want, got)):
                    if left == right:
                        continue
                    value = json.loads(right)
                    require(kind == "attributes" and SHARD.split(".", maxsplit=1)[0] in name
                            and row in rows and value.get("reason") == "poisoned",
                            f"{what}: {kind}/{name}, line {row} differs")
                    aside += 1
        require(aside == len(rows), f"{what}: {aside} of {len(rows)} records were set aside")

    def require_whole(self, out, what):
        self.require_same_but(self.whole, out, [], what)

    # ---- Checks

    def embedded(self):
        (row, digest), *_ = self.kept_rows()[5:]
        out = os.path.join(self.folder, "embedded")
        deaths = self.run_until_done(out, f"segv@scan:{digest},abort@emit:{digest}")
        require(deaths == LOSSES, f"{deaths} deaths before the task was isolated, not {LOSSES}")
        self.require_same_but(self.spoil([row]), out, [row], "embedded")

    def two_records(self):
        kept = self.kept_rows()
        (first, one), (second, two) = kept[0], kept[-1]
        out = os.path.join(self.folder, "two")
        self.run_until_done(out, f"abort:{one},kill:{two}")
        self.require_same_but(self.spoil([first, second]), out, [first, second], "two records")

    def cluster(self):
        (row, digest), *_ = self.kept_rows()[8:]
        out = os.path.join(self.folder, "cluster-out")
        poison = {"TAMIS_POISON": f"abort:{digest}"}
        with Cluster(self.args, os.path.join(self.folder, "cluster"), 0,
                     coordinator_options=["--lease", "1s"]) as cluster:
            for _ in range(3):
                cluster.start_worker(environment=poison)
            client = subprocess.Popen(self.arguments(out, "--coordinator", cluster.url),
                                      cwd=os.path.join(self.folder, "given"),
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.PIPE)
            deaths = 0
            end = time.monotonic() + DEADLINE_S
            while client.poll() is None:
                require(time.monotonic() < end, f"no end\n{cluster.end_of_logs()}")
                for number, worker in enumerate(cluster.workers):
                    if worker.poll() is not None:
                        deaths += 1
                        cluster.start_worker(number, environment=poison)
                time.sleep(0.05)
            errors = client.stderr.read().decode()
            client.stderr.close()
            require(client.returncode == EXIT_SET_ASIDE,
                    f"exit code {client.returncode}\n{errors}\n{cluster.end_of_logs()}")
            require(deaths == LOSSES, f"{deaths} workers died, not {LOSSES}")
            status = subprocess.run(
                [*program_arguments(self.args.tamis), "status", "--json", "--coordinator",
                 cluster.url, "last"], check=True, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, timeout=60).stdout.decode()
            require('"quarantined_poison":1,' in status.replace(" ", ""), status)
        self.require_same_but(self.spoil([row]), out, [row], "cluster")

    def operator_kills(self):
        """Three processes die for no record's fault; then one is killed with its isolated task."""
        out = os.path.join(self.folder, "operator")
        for _ in range(LOSSES):
            result = self.run_once(out, failpoint="scan.before_commit")
            require(result.returncode == -signal.SIGKILL, f"exit code {result.returncode}")
        process = subprocess.Popen(self.arguments(out), cwd=os.path.join(self.folder, "given"),
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        children = []
        while process.poll() is None and not children:
            children = isolated_children(process.pid)
        require(children, "no task was isolated after the losses")
        process.kill()
        process.wait()
        wait_until(lambda: not any(os.path.exists(f"/proc/{pid}/maps") and
                                   open(f"/proc/{pid}/maps", "rb").read(1) for pid in children),
                   "the end of the isolated process", 10)
        self.run_plain(out, "given")
        self.require_whole(out, "operator")

    def together(self):
        """A death that takes many records: nobody is blamed, and the job says so."""
        out = os.path.join(self.folder, "together")
        for _ in range(TRIES_MAX):
            result = self.run_once(out, poison="abort:#30")
            if result.returncode >= 0:
                break
        text = result.stderr.decode()
        require(result.returncode == 1, f"exit code {result.returncode}\n{text}")
        require("nothing was set aside" in text, text)
        self.run_plain(out, "given")
        self.require_whole(out, "together")

    def checks(self):
        found = [("embedded", self.embedded), ("two records", self.two_records),
                 ("operator", self.operator_kills), ("together", self.together)]
        return found + ([("cluster", self.cluster)] if self.args.worker else [])


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tamis", required=True, type=os.path.abspath)
    for name in ("coordinator", "worker"):
        parser.add_argument(f"--{name}", type=os.path.abspath)
    parser.add_argument("--corpus", required=True, type=os.path.abspath)
    parser.add_argument("--only")
    parser.add_argument("--keep", help="folder to work in; it stays")
    args = parser.parse_args(argv)
    folder = args.keep or tempfile.mkdtemp(prefix="tamis-poison-")
    failures = 0
    try:
        session = Session(args, folder)
        for name, check in session.checks():
            if args.only and args.only != name:
                continue
            began = time.monotonic()
            try:
                check()
                print(f"ok    {name} ({time.monotonic() - began:.1f} s)", flush=True)
            except Exception as fault:  # the next check may still tell something
                failures += 1
                print(f"FAIL  {name}: {fault}", flush=True)
                if not isinstance(fault, AssertionError):
                    traceback.print_exc()
    finally:
        if not args.keep:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
