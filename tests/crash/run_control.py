# SPDX-License-Identifier: Apache-2.0
"""Submit, list, watch, pause, resume, cancel and drain on a real cluster of processes on loopback.

    python3 run_control.py --tamis T --coordinator C --worker W [--seed 5] [--keep DIR]
"""

import json
import os
import pty
import select
import shutil
import subprocess
import sys
import time

from session import Session, parser_of, run_checks
from tamis_cli import EXIT_DONE, EXIT_PEER, EXIT_USAGE, program_arguments, require
from cluster import Cluster, wait_until
from run_shuffle import can_hide, hiding
from context import require_same_bytes


class Control(Session):
    def ask(self, cluster, command, *arguments, code=EXIT_DONE):
        result = subprocess.run(
            program_arguments(self.args.tamis)
            + [command, "--coordinator", cluster.url, *arguments],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        text = result.stdout.decode() + result.stderr.decode()
        require(result.returncode == code, f"tamis {command}: code {result.returncode}\n{text}")
        return result.stdout.decode()

    def status(self, cluster, *arguments):
        return json.loads(self.ask(cluster, "status", "--json", *arguments))

    def submit_detached(self, cluster, out):
        arguments = self.tamis.run_arguments(out, self.paths, self.options)
        arguments[arguments.index("run")] = "submit"
        result = subprocess.run(arguments + ["--coordinator", cluster.url],
                                stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                                check=False)
        require(result.returncode == EXIT_DONE, result.stderr.decode())
        return result.stdout.decode().strip()

    def wait_state(self, cluster, job, state):
        wait_until(lambda: self.status(cluster, job)["job"]["state"] == state, f"{job} {state}")

    def cluster(self, name, workers):
        return Cluster(self.args, self.path(name), workers)

    def life(self):
        """Two jobs without a worker: listed, ordered, paused, resumed, canceled; then workers come."""
        outs = [self.path(f"life-{i}") for i in range(2)]
        with self.cluster("life", 0) as cluster:
            first, second = [self.submit_detached(cluster, out) for out in outs]
            require(self.submit_detached(cluster, outs[0]) == first, "the same job twice")
            rows = json.loads(self.ask(cluster, "jobs", "--json"))["jobs"]
            require([row["id"] for row in rows] == [first, second], f"jobs: {rows}")
            require(rows[0]["output"] == os.path.realpath(outs[0]), f"output: {rows[0]}")
            self.wait_state(cluster, first, "running")
            self.ask(cluster, "pause", outs[0])
            self.wait_state(cluster, first, "paused")
            self.wait_state(cluster, second, "running")
            self.ask(cluster, "cancel", "last")
            self.wait_state(cluster, second, "canceled")
            self.ask(cluster, "resume", first)
            self.ask(cluster, "pause", "ffffffffffffffff", code=EXIT_USAGE)
            for _ in range(2):
                cluster.start_worker()
            self.ask(cluster, "status", "--watch", "--interval", "200ms", first)
            require_same_bytes(self.whole, outs[0], "paused and resumed")
            self.ask(cluster, "resume", second)
            self.wait_state(cluster, second, "done")
            require_same_bytes(self.whole, outs[1], "canceled and resumed")
            rows = json.loads(self.ask(cluster, "jobs", "--json"))["jobs"]
            require(all(row["bytes"] > 0 and row["documents"] > 0 for row in rows),
                    f"what was read: {rows}")
            require(not any(os.path.exists(os.path.join(out, ".work")) for out in outs),
                    "OUT/.work stays")
            cluster.end_coordinator()
            cluster.start_coordinator()
            require(" 0 done" not in self.ask(cluster, "status", first), "tasks done before")

    def restart(self):
        """What was paused stays so over a restart of the coordinator."""
        out = self.path("restart-out")
        with self.cluster("restart", 0) as cluster:
            job = self.submit_detached(cluster, out)
            self.ask(cluster, "pause", job)
            cluster.coordinator.kill()
            cluster.coordinator.wait()
            cluster.start_coordinator()
            require(self.status(cluster, job)["job"]["state"] == "paused", "paused after restart")
            cluster.start_worker()
            time.sleep(1)
            require(self.status(cluster, job)["job"]["state"] == "paused", "nobody resumed it")
            self.ask(cluster, "resume", job)
            self.wait_state(cluster, job, "done")
            require_same_bytes(self.whole, out, "resumed after a restart")

    def drain(self):
        """A drained worker ends with code 0, nothing is lost, and the run goes on elsewhere."""
        out = self.path("drain-out")
        with self.cluster("drain", 2) as cluster:
            wait_until(lambda: len(self.status(cluster)["workers"]) == 2, "two workers")
            job = self.submit_detached(cluster, out)
            folder = os.path.realpath(cluster.data_folder(0))
            name = next(row["name"] for row in self.status(cluster)["workers"]
                        if row["data_folder"] == folder)
            self.ask(cluster, "drain", name)
            self.ask(cluster, "drain", "nobody-of-that-name", code=EXIT_USAGE)
            self.wait_state(cluster, job, "done")
            require(cluster.workers[0].wait(timeout=60) == 0, "code of a drained worker")
            require(self.status(cluster, job)["job"]["tasks_lost"] == 0, "a task was lost")
            require_same_bytes(self.whole, out, "one worker drained")

    def drain_private(self):
        """The coordinator sees the drained worker's folder, the other worker does not: its results
        are needed where they are until the job is done."""
        out = self.path("private-out")
        cluster = Cluster(self.args, self.path("private"), 0)
        os.makedirs(cluster.data_folder(0))
        cluster.start_coordinator()
        try:
            cluster.start_worker(options=["--name", "first"])
            job = self.submit_detached(cluster, out)
            wait_until(lambda: any(int(task[1]) >= 1 for task in cluster.started_tasks(0)), "LINK")
            self.ask(cluster, "drain", "first")
            time.sleep(2)  # what it has begun ends
            cluster.start_worker(prefix=hiding([cluster.data_folder(0)]))
            self.wait_state(cluster, job, "done")
            require(cluster.workers[0].wait(timeout=60) == 0, "code of a drained worker")
            rescued = self.status(cluster, job)["job"]["tasks_rescued"]
            require(rescued == 0, f"{rescued} results were made again")
            require_same_bytes(self.whole, out, "one worker drained")
        finally:
            cluster.close()

    def log_of_trouble(self):
        """A worker's log says whom it follows, that nobody answers, and why it is not taken."""
        cluster = self.cluster("trouble", 0)
        try:
            cluster.start_worker()
            wait_until(lambda: cluster.log_has("worker0", "coordinator.silent"), "silent", 20)
            cluster.start_coordinator()
            wait_until(lambda: cluster.log_has("worker0", "worker.welcome"), "welcome", 20)
            os.makedirs(cluster.data_folder(1))
            shutil.copy(os.path.join(cluster.data_folder(0), ".folder-id"), cluster.data_folder(1))
            cluster.start_worker()
            wait_until(lambda: cluster.log_has("worker1", "worker.refused"), "refused", 20)
            time.sleep(3)
            with open(cluster.log("worker1"), encoding="utf-8") as file:
                lines = [line for line in file if "worker.refused" in line]
            require(len(lines) == 1 and ".folder-id" in lines[0], f"lines: {lines}")
        finally:
            cluster.close()

    def screen(self):
        """--watch on a terminal draws one page over the other and leaves the screen as it was."""
        with self.cluster("screen", 1) as cluster:
            wait_until(lambda: len(self.status(cluster)["workers"]) == 1, "a worker")
            master, slave = pty.openpty()
            process = subprocess.Popen(
                program_arguments(self.args.tamis)
                + ["status", "--watch", "--interval", "100ms", "--coordinator", cluster.url],
                stdin=slave, stdout=slave, stderr=slave)
            os.close(slave)
            seen = b""
            end = time.monotonic() + 20
            while seen.count(b"\x1b[H") < 3 and time.monotonic() < end:
                if select.select([master], [], [], 0.2)[0]:
                    seen += os.read(master, 65536)
            process.terminate()
            while select.select([master], [], [], 5)[0]:
                try:
                    seen += os.read(master, 65536)
                except OSError:
                    break
            require(process.wait(timeout=20) == 0, "code of an interrupted watch")
            os.close(master)
            require(seen.startswith(b"\x1b[?1049h") and b"\x1b[?1049l" in seen, "screen restored")
            require(seen.count(b"\x1b[H") >= 3, "three pages")

    def nobody_there(self):
        with self.cluster("nobody", 0) as cluster:
            pass
        self.ask(cluster, "jobs", "--give-up", "300ms", code=EXIT_PEER)

    def removed_out(self):
        """The same command for an OUT that was removed does the work again."""
        out = self.path("removed-out")
        with self.cluster("removed", 1) as cluster:
            first = self.submit_detached(cluster, out)
            self.wait_state(cluster, first, "done")
            shutil.rmtree(out)
            second = self.submit_detached(cluster, out)
            require(second != first, "another job")
            self.wait_state(cluster, second, "done")
            require_same_bytes(self.whole, out, "OUT removed and made again")

    def checks(self):
        found = [("life of two jobs", self.life), ("removed OUT", self.removed_out), ("paused over a restart", self.restart),
                 ("drain", self.drain), ("screen", self.screen), ("nobody", self.nobody_there),
                 ("log of trouble", self.log_of_trouble)]
        if can_hide():
            found.append(("drain, private folders", self.drain_private))
        return found


if __name__ == "__main__":
    sys.exit(run_checks(parser_of(__doc__).parse_args(), "tamis-control-", Control))
