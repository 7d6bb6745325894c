# SPDX-License-Identifier: Apache-2.0
"""Workers and the coordinator are killed at random times, again and again; same bytes after each job.

    python3 run_kill_cycles.py --tamis T --coordinator C --worker W [--count 20] [--seed 4]

A cycle is one SIGKILL and the start of the process on its folders again. It counts only if it cost
a lease whose task was done again: a task that the killed process (a worker), or anybody (the
coordinator), had in hand before the kill was begun again later under another fence, and, where the
coordinator lived through the job, its own count of lost leases (`tasks_lost`) has room for it. Jobs
follow one another on the same processes until half of --count cycles are counted; then the other
half on another cluster, with --shuffle network, where results are read over sockets only.
"""

import random
import shutil
import sys
import time

from session import Session, parser_of, run_checks
from tamis_cli import require
from cluster import SHUFFLES, Cluster, wait_until

LEASE = ("--lease", "1s")
ONE_THREAD = ("--threads", "1", "--memory", "256MiB")
WORKERS = 4
KILLS_MAX = 3        # of workers, in one job
COORDINATOR_SHARE = 5  # in every fifth job the coordinator is killed too
JOBS_FOR_ONE_CYCLE = 20


class Kill:
    """What a process, or the whole cluster, had begun when it was killed."""

    def __init__(self, who, begun):
        self.who = who
        self.begun = begun


class Checks(Session):
    def __init__(self, args, folder):
        super().__init__(args, folder)
        self.rng = random.Random(args.seed)
        self.kills = {"worker": 0, "coordinator": 0}
        self.counted = {"worker": 0, "coordinator": 0}
        self.jobs = 0
        self.begin = time.monotonic()

    def kill_worker(self, cluster, client, log_begins):
        """Kills a random worker soon after it has begun a task."""
        number = self.rng.randrange(WORKERS)
        before = len(cluster.started_tasks(number))
        wait_until(lambda: len(cluster.started_tasks(number)) > before or not client.is_running(),
                   "a task")
        time.sleep(self.rng.uniform(0, 0.03))
        if not client.is_running():
            return None
        cluster.workers[number].kill()
        cluster.workers[number].wait()
        begun = cluster.started_tasks(number, log_begins[number])
        log_begins[number] = cluster.log_size(f"worker{number}")
        cluster.start_worker(number)
        return Kill("worker", begun)

    def kill_coordinator(self, cluster, client):
        time.sleep(self.rng.uniform(0, 0.3))
        if not client.is_running():
            return None
        cluster.coordinator.kill()
        cluster.coordinator.wait()
        begun = [task for number in range(WORKERS) for task in cluster.started_tasks(number)]
        cluster.start_coordinator()
        return Kill("coordinator", begun)

    def disturb(self, cluster, client):
        """Kills until the job ends or enough was killed."""
        kills = []
        log_begins = [cluster.log_size(f"worker{number}") for number in range(WORKERS)]
        wanted = self.rng.randint(1, KILLS_MAX)
        with_coordinator = self.jobs % COORDINATOR_SHARE == COORDINATOR_SHARE - 1
        while client.is_running() and len(kills) < wanted + with_coordinator:
            if with_coordinator and len(kills) == wanted:
                kills.append(self.kill_coordinator(cluster, client))
            else:
                kills.append(self.kill_worker(cluster, client, log_begins))
            if kills[-1] is None:
                kills.pop()
                break
        return kills

    def count(self, cluster, client, kills):
        """Adds up the kills of a job that cost a lease."""
        fences = {}
        for number in range(WORKERS):
            for job, stage, task, fence in cluster.started_tasks(number):
                fences.setdefault((job, stage, task), set()).add(int(fence, 16))
        counted = []
        for kill in kills:
            self.kills[kill.who] += 1
            if any(max(fences[task[:3]]) > int(task[3], 16) for task in kill.begun):
                counted.append(kill.who)
        if all(kill.who == "worker" for kill in kills):
            counted = counted[:client.lost()]
        for who in counted:
            self.counted[who] += 1

    def job(self, cluster):
        out = self.path(f"out{self.jobs}")
        client = self.submit(cluster, out)
        kills = self.disturb(cluster, client)
        client.finish(self.whole, f"job {self.jobs} with {len(kills)} kills")
        self.count(cluster, client, kills)
        self.jobs += 1
        shutil.rmtree(out)

    def cycles(self, shuffle, count):
        """Until so many are counted in all."""
        jobs_before = self.jobs
        begin = time.monotonic()
        with Cluster(self.args, self.path(shuffle), WORKERS, ONE_THREAD, LEASE,
                     shuffle) as cluster:
            while sum(self.counted.values()) < count:
                require(self.jobs < JOBS_FOR_ONE_CYCLE * self.args.count, "kills cost no leases")
                self.job(cluster)
                if self.jobs % 50 == 0:
                    print(f"     {self.totals()}", flush=True)
            for process in [*cluster.workers, cluster.coordinator]:
                require(process.poll() is None, f"a process ended with {process.returncode}\n"
                        f"{cluster.end_of_logs()}")
        served = cluster.served_bytes()
        require(served or shuffle != "network" or self.jobs == jobs_before,
                "nothing was served over sockets")
        return (f"{self.jobs - jobs_before} jobs, {served / (1 << 20):.1f} MiB served over sockets "
                f"by those that lived to tell, {time.monotonic() - begin:.0f} s")

    def totals(self):
        return (f"{sum(self.counted.values())} cycles counted ({self.counted['worker']} of a "
                f"worker, {self.counted['coordinator']} of the coordinator) of "
                f"{sum(self.kills.values())} kills in {self.jobs} jobs with the same bytes, "
                f"{time.monotonic() - self.begin:.0f} s")

    def checks(self):
        count = self.args.count
        steps = zip(SHUFFLES, (count // 2, count))
        return [*((f"kill cycles, shuffle {shuffle}",
                   lambda shuffle=shuffle, most=most: self.cycles(shuffle, most))
                  for shuffle, most in steps),
                ("kill cycles", self.totals)]


if __name__ == "__main__":
    parser = parser_of(__doc__, batches=3, documents=100)
    parser.add_argument("--count", type=int, default=20)
    sys.exit(run_checks(parser.parse_args(), "tamis-cycles-", Checks))
