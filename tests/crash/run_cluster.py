# SPDX-License-Identifier: Apache-2.0
"""A coordinator and 1, 2, 4 workers as processes on loopback leave the bytes of a plain run.

    python3 run_cluster.py --tamis T --coordinator C --worker W [--seed 4] [--keep DIR]

Then one of several workers is killed in mid-run, and the coordinator is killed and started again.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))

from tamis_cli import (EXIT_DONE, EXIT_PEER, EXIT_SET_ASIDE, CheckFailed, Tamis,  # noqa: E402
                       program_arguments, require, require_codes)
from context import require_same_bytes  # noqa: E402
import outputs  # noqa: E402
from make_corpus import write_corpus  # noqa: E402
from bulk import SPLIT_OPTION, write_bulk  # noqa: E402

GOOD = (EXIT_DONE, EXIT_SET_ASIDE)
DEADLINE_S = 120


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(condition, what, deadline_s=DEADLINE_S):
    end = time.monotonic() + deadline_s
    while not condition():
        require(time.monotonic() < end, f"{what}: not within {deadline_s} s")
        time.sleep(0.005)


class Cluster:
    """The processes of one cluster; leaving the block ends those that still run."""

    def __init__(self, args, folder, workers):
        self.args = args
        self.folder = folder
        self.url = f"tcp://127.0.0.1:{free_port()}"
        os.makedirs(folder)
        self.coordinator = None
        self.workers = []
        self.worker_count = workers
        self.logs = []

    def __enter__(self):
        self.start_coordinator()
        for _ in range(self.worker_count):
            self.start_worker()
        return self

    def start(self, name, arguments):
        log = open(os.path.join(self.folder, f"{name}.log"), "ab")  # closed by __exit__
        self.logs.append(log)
        return subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start_coordinator(self):
        state = os.path.join(self.folder, "state")
        self.coordinator = self.start("coordinator", program_arguments(self.args.coordinator)
                                      + ["--state", state, "--listen", self.url])

    def data_folder(self, number):
        return os.path.join(self.folder, f"data{number}")

    def start_worker(self):
        number = len(self.workers)
        self.workers.append(self.start(
            f"worker{number}", program_arguments(self.args.worker)
            + ["--coordinator", self.url, "--data", self.data_folder(number)]))

    def is_busy(self, number):
        """A worker that has finished a task has a file in its data folder."""
        folder = self.data_folder(number)
        return os.path.isdir(folder) and any(
            name.endswith("out.run") for name in outputs.files_below(folder))

    def end_of_logs(self):
        out = []
        for name in sorted(os.listdir(self.folder)):
            if name.endswith(".log"):
                with open(os.path.join(self.folder, name), "rb") as file:
                    tail = file.read()[-1500:].decode("utf-8", "replace")
                out.append(f"--- {name}\n{tail}")
        return "\n".join(out)

    def __exit__(self, *_):
        for process in [*self.workers, self.coordinator]:
            if process.poll() is None:
                process.terminate()
        for process in [*self.workers, self.coordinator]:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for log in self.logs:
            log.close()


class Session:
    def __init__(self, args, folder):
        self.args = args
        self.folder = folder
        self.tamis = Tamis(args.tamis)
        self.options = {"levels": "url,exact,near", **SPLIT_OPTION}
        corpus = os.path.join(folder, "corpus")
        self.paths = write_corpus(corpus, args.seed, args.documents)
        self.paths.append(os.path.join(corpus, "bulk.jsonl"))
        write_bulk(self.paths[-1], self.paths[0], args.batches, args.seed)
        self.whole = os.path.join(folder, "undisturbed")
        require_codes(self.tamis.run(self.whole, self.paths, self.options), GOOD, "plain run")

    def submit(self, cluster, out):
        arguments = self.tamis.run_arguments(
            out, self.paths, {**self.options, "coordinator": cluster.url})
        return subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE)

    def finish(self, cluster, client, out, what):
        try:
            _, errors = client.communicate(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            client.kill()
            client.communicate()
            raise CheckFailed(f"{what}: no end\n{cluster.end_of_logs()}") from None
        text = errors.decode("utf-8", "replace")
        require(client.returncode in GOOD,
                f"{what}: exit code {client.returncode}\n{text}\n{cluster.end_of_logs()}")
        require_same_bytes(self.whole, out, what)

    def workers(self, count):
        name = f"workers{count}"
        out = os.path.join(self.folder, name + "-out")
        with Cluster(self.args, os.path.join(self.folder, name), count) as cluster:
            self.finish(cluster, self.submit(cluster, out), out, name)
            # A cluster outlives a job: a second one gets the same bytes.
            again = os.path.join(self.folder, name + "-again")
            self.finish(cluster, self.submit(cluster, again), again, name + ", second job")

    def killed_worker(self):
        out = os.path.join(self.folder, "killed-worker-out")
        with Cluster(self.args, os.path.join(self.folder, "killed-worker"), 3) as cluster:
            client = self.submit(cluster, out)
            wait_until(lambda: cluster.is_busy(0) or client.poll() is not None, "a first task")
            cluster.workers[0].kill()
            require(client.poll() is None, "the run ended before the worker was killed")
            self.finish(cluster, client, out, "one of three workers killed")

    def killed_coordinator(self):
        out = os.path.join(self.folder, "killed-coordinator-out")
        with Cluster(self.args, os.path.join(self.folder, "killed-coordinator"), 2) as cluster:
            client = self.submit(cluster, out)
            wait_until(lambda: cluster.is_busy(0) or cluster.is_busy(1)
                       or client.poll() is not None, "a first task")
            cluster.coordinator.kill()
            cluster.coordinator.wait()
            require(client.poll() is None, "the run ended before the coordinator was killed")
            cluster.start_coordinator()
            self.finish(cluster, client, out, "coordinator killed and started again")

    def nobody(self):
        """No coordinator: exit code 4, not a hang."""
        url = f"tcp://127.0.0.1:{free_port()}"
        out = os.path.join(self.folder, "nobody-out")
        result = self.tamis.run(out, self.paths[:1], {"coordinator": url},
                                environment={"TAMIS_GIVE_UP": "3s"}, timeout=DEADLINE_S)
        require_codes(result, [EXIT_PEER], "no coordinator")

    def checks(self):
        found = [(f"{count} workers", lambda count=count: self.workers(count))
                 for count in (1, 2, 4)]
        return found + [("killed worker", self.killed_worker),
                        ("killed coordinator", self.killed_coordinator), ("nobody", self.nobody)]


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("tamis", "coordinator", "worker"):
        parser.add_argument(f"--{name}", required=True, type=os.path.abspath)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--documents", type=int, default=400)
    parser.add_argument("--batches", type=int, default=4)
    parser.add_argument("--only")
    parser.add_argument("--keep", help="folder to work in; it stays")
    args = parser.parse_args(argv)
    folder = args.keep or tempfile.mkdtemp(prefix="tamis-cluster-")
    failures = passed = 0
    try:
        for name, check in Session(args, folder).checks():
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
