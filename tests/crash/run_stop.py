# SPDX-License-Identifier: Apache-2.0
"""Processes that are stopped for longer than a lease and wake up change nothing.

    python3 run_stop.py --tamis T --coordinator C --worker W

A worker is stopped (SIGSTOP) in mid-task until others have done its work; then it goes on, late,
and what it says is refused. The coordinator is stopped for longer than a lease: no lease may be
lost by that, as it stood still itself. Both at once. OUT is, byte by byte, that of a plain run.
"""

import os
import signal
import sys
import time

from session import Session, parser_of, run_checks
from tamis_cli import require
from cluster import Cluster, wait_until

LEASE_S = 1.5
LEASE = ("--lease", f"{int(LEASE_S * 1000)}ms")
ONE_THREAD = ("--threads", "1", "--memory", "256MiB")


class Checks(Session):
    def stop_in_task(self, cluster, client, tries=40):
        """Stops a worker that has a task in hand; its number and the tasks that it had begun."""
        for _ in range(tries):
            for number, worker in enumerate(cluster.workers):
                before = len(cluster.started_tasks(number))
                wait_until(lambda number=number, before=before:
                           len(cluster.started_tasks(number)) > before
                           or not client.is_running(), "a task")
                require(client.is_running(), "the job ended before a worker was stopped")
                worker.send_signal(signal.SIGSTOP)
                if self.is_in_task(cluster, number):
                    return number
                worker.send_signal(signal.SIGCONT)
        require(False, "no worker was caught inside a task")
        return None

    @staticmethod
    def is_in_task(cluster, number):
        """An attempt's folder stands there while its task runs."""
        folder = cluster.data_folder(number)
        return any(name.startswith(".attempt-") for job in os.listdir(folder)
                   if os.path.isdir(os.path.join(folder, job))
                   for name in os.listdir(os.path.join(folder, job)))

    def worker(self):
        with Cluster(self.args, self.path("worker"), 2, ONE_THREAD, LEASE) as cluster:
            client = self.submit(cluster, self.path("worker-out"))
            number = self.stop_in_task(cluster, client)
            held = cluster.started_tasks(number)[-1]
            other = 1 - number

            def is_redone():
                return any(task[:3] == held[:3] for task in cluster.started_tasks(other))

            wait_until(lambda: is_redone() or not client.is_running(), "the task elsewhere")
            require(is_redone(), f"{held}: nobody did it again")
            cluster.workers[number].send_signal(signal.SIGCONT)
            client.finish(self.whole, "worker stopped beyond its lease")
            lost = client.lost()
            require(lost > 0, "no lease was lost")
            # It is welcome again, and does the next job with the others.
            again = self.submit(cluster, self.path("worker-again"))
            again.finish(self.whole, "job after a stopped worker")
        return f"{lost} leases lost"

    def coordinator(self):
        with Cluster(self.args, self.path("coordinator"), 2, ONE_THREAD, LEASE) as cluster:
            client = self.submit(cluster, self.path("coordinator-out"))
            wait_until(lambda: cluster.started_tasks(0) and cluster.started_tasks(1), "tasks")
            cluster.coordinator.send_signal(signal.SIGSTOP)
            time.sleep(3 * LEASE_S)
            require(client.is_running(), "the job ended without its coordinator")
            cluster.coordinator.send_signal(signal.SIGCONT)
            client.finish(self.whole, "coordinator stopped beyond the lease")
            return f"{client.lost()} leases lost"

    def both(self):
        """The coordinator stands still while a worker does; both wake up, the worker last."""
        with Cluster(self.args, self.path("both"), 3, ONE_THREAD, LEASE) as cluster:
            client = self.submit(cluster, self.path("both-out"))
            number = self.stop_in_task(cluster, client)
            cluster.coordinator.send_signal(signal.SIGSTOP)
            time.sleep(2 * LEASE_S)
            cluster.coordinator.send_signal(signal.SIGCONT)
            time.sleep(2 * LEASE_S)
            cluster.workers[number].send_signal(signal.SIGCONT)
            client.finish(self.whole, "worker and coordinator stopped")
            return f"{client.lost()} leases lost"

    def everybody(self):
        """A whole machine that sleeps."""
        with Cluster(self.args, self.path("all"), 2, ONE_THREAD, LEASE) as cluster:
            client = self.submit(cluster, self.path("all-out"))
            wait_until(lambda: cluster.started_tasks(0), "a task")
            everyone = [*cluster.workers, cluster.coordinator, client.process]
            for process in everyone:
                process.send_signal(signal.SIGSTOP)
            time.sleep(2 * LEASE_S)
            for process in everyone:
                process.send_signal(signal.SIGCONT)
            client.finish(self.whole, "everybody stopped")
            return f"{client.lost()} leases lost"

    def checks(self):
        return [("worker", self.worker), ("coordinator", self.coordinator), ("both", self.both),
                ("everybody", self.everybody)]


if __name__ == "__main__":
    sys.exit(run_checks(parser_of(__doc__, batches=8).parse_args(), "tamis-stop-", Checks))
