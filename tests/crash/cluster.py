# SPDX-License-Identifier: Apache-2.0
"""A coordinator and workers as processes on loopback, for tests that disturb them."""

import json
import os
import re
import signal
import socket
import subprocess
import time

from tamis_cli import EXIT_DONE, EXIT_SET_ASIDE, CheckFailed, program_arguments, require
from context import require_same_bytes
import outputs

GOOD = (EXIT_DONE, EXIT_SET_ASIDE)
DEADLINE_S = 120
SHUFFLES = ("auto", "network")
SERVED = re.compile(rb" data\.served bytes=(\d+) requests=(\d+) ")
STARTED = re.compile(rb" task\.started .*job=(\w+) .*stage=(\d+) task=(\d+) fence=(\w+)")


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

    def __init__(self, args, folder, workers, worker_options=(), coordinator_options=(),
                 shuffle="auto"):
        self.args = args
        self.folder = folder
        self.url = f"tcp://127.0.0.1:{free_port()}"
        os.makedirs(folder)
        self.coordinator = None
        self.workers = []
        self.worker_count = workers
        self.worker_options = [*worker_options, "--shuffle", shuffle]
        self.coordinator_options = [*coordinator_options, "--shuffle", shuffle]
        self.state = os.path.join(folder, "state")
        self.logs = {}

    def __enter__(self):
        self.start_coordinator()
        for _ in range(self.worker_count):
            self.start_worker()
        return self

    def log(self, name):
        return os.path.join(self.folder, f"{name}.log")

    def start(self, name, arguments, environment=None):
        if name not in self.logs:
            self.logs[name] = open(self.log(name), "ab")  # closed by __exit__
        return subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=self.logs[name],
                                stderr=self.logs[name], env={**os.environ, **(environment or {})})

    def start_coordinator(self, environment=None, prefix=()):
        self.coordinator = self.start(
            "coordinator", [*prefix, *program_arguments(self.args.coordinator),
                            "--state", self.state, "--listen", self.url,
                            *self.coordinator_options], environment)

    def end_coordinator(self):
        self.coordinator.terminate()
        self.coordinator.wait()

    def data_folder(self, number):
        return os.path.join(self.folder, f"data{number}")

    def start_worker(self, number=None, environment=None, prefix=(), options=()):
        """A new worker, or `number` again with its data folder."""
        number = len(self.workers) if number is None else number
        process = self.start(
            f"worker{number}", [*prefix, *program_arguments(self.args.worker),
                                "--coordinator", self.url, "--data", self.data_folder(number),
                                "--log-level", "debug", *self.worker_options, *options],
            environment)
        if number == len(self.workers):
            self.workers.append(process)
        else:
            self.workers[number] = process
        return process

    def is_busy(self, number):
        """A worker that has finished a task has a file in its data folder."""
        folder = self.data_folder(number)
        return os.path.isdir(folder) and any(
            name.endswith("out.run") for name in outputs.files_below(folder))

    def busy_worker(self):
        """Number of a worker that has finished a task, or None."""
        return next((number for number in range(len(self.workers)) if self.is_busy(number)), None)

    def started_tasks(self, number, begin=0):
        """[(job, stage, task, fence)] that the worker began, from its log behind `begin` bytes."""
        if not os.path.exists(self.log(f"worker{number}")):
            return []
        with open(self.log(f"worker{number}"), "rb") as file:
            file.seek(begin)
            return [found.groups() for found in map(STARTED.search, file) if found]

    def served(self, name):
        """(bytes, requests) that the data servers of `name` served, as they tell at their end: what
        a killed one served is not in it."""
        with open(self.log(name), "rb") as file:
            found = [match.groups() for match in map(SERVED.search, file) if match]
        return tuple(sum(int(row[column]) for row in found) for column in range(2))

    def served_bytes(self):
        """What all servers of the cluster sent; to be asked behind its end."""
        return sum(self.served(name)[0] for name in self.logs)

    def end_of_logs(self):
        out = []
        for name in sorted(os.listdir(self.folder)):
            if name.endswith(".log"):
                with open(os.path.join(self.folder, name), "rb") as file:
                    tail = file.read()[-1500:].decode("utf-8", "replace")
                out.append(f"--- {name}\n{tail}")
        return "\n".join(out)

    def log_size(self, name):
        return os.path.getsize(self.log(name)) if os.path.exists(self.log(name)) else 0

    def log_has(self, name, text):
        if not os.path.exists(self.log(name)):
            return False
        with open(self.log(name), "rb") as file:
            return text in file.read().decode("utf-8", "replace")

    def __exit__(self, *_):
        self.close()

    def close(self):
        processes = [process for process in [*self.workers, self.coordinator] if process]
        for process in processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for log in self.logs.values():
            log.close()


class Client:
    """`tamis run --coordinator` of one job."""

    def __init__(self, tamis, cluster, out, paths, options, environment=None):
        self.cluster = cluster
        self.out = out
        self.process = subprocess.Popen(
            tamis.run_arguments(out, paths, {**options, "coordinator": cluster.url}),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})})

    def is_running(self):
        return self.process.poll() is None

    def wait(self, what, deadline_s=DEADLINE_S):
        """(exit code, text of standard error)."""
        try:
            _, errors = self.process.communicate(timeout=deadline_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise CheckFailed(f"{what}: no end\n{self.cluster.end_of_logs()}") from None
        return self.process.returncode, errors.decode("utf-8", "replace")

    def finish(self, whole, what, deadline_s=DEADLINE_S):
        """The job ends well and OUT is, byte by byte, what stands in `whole`."""
        code, text = self.wait(what, deadline_s)
        require(code in GOOD, f"{what}: exit code {code}\n{text}\n{self.cluster.end_of_logs()}")
        require_same_bytes(whole, self.out, what)

    def lost(self):
        """Leases that were lost, by the coordinator's count."""
        with open(os.path.join(self.out, "timing.json"), encoding="utf-8") as file:
            return json.load(file)["tasks_lost"]

    def kill(self):
        if self.is_running():
            self.process.kill()
        self.process.communicate()
