# SPDX-License-Identifier: Apache-2.0
"""The same bytes for 1, 2, 3, 8 and 32 workers, each under random schedules.

    python3 run_schedules.py --tamis T --coordinator C --worker W [--schedules 20] [--seed 4]
                             [--workers 1,2,3,8,32]

A schedule draws when each worker starts, its threads and memory, and what happens to whom during
the job: stops for a moment, stops for longer than a lease, kills with a new start later, a kill of
the coordinator. Every other schedule runs with --shuffle network, where results are read over
sockets only. A table tells what was drawn and how long it took.
"""

import random
import shutil
import signal
import sys
import time

from session import Session, parser_of, run_checks
from tamis_cli import require
from cluster import DEADLINE_S, SHUFFLES, Cluster

LEASE = ("--lease", "1s")
COUNTS = (1, 2, 3, 8, 32)
START_S = 0.6       # the last worker comes so late
EVENTS_S = 0.9      # events are drawn within so long a time
EVENTS_MAX = 6
SHORT_S, LONG_S = (0.02, 0.5), (1.2, 2.5)


class Schedule:
    """What happens when: (time, action, number), sorted; the clock starts with the job."""

    def __init__(self, rng, workers):
        self.options = [["--threads", str(rng.randint(1, 3)),
                         "--memory", rng.choice(("64MiB", "256MiB", "1GiB"))]
                        for _ in range(workers)]
        self.events = [(rng.uniform(0, START_S), "start", number) for number in range(workers)]
        self.kills = self.stops = 0
        for _ in range(rng.randint(0, EVENTS_MAX)):
            self.draw(rng, rng.uniform(0, EVENTS_S), rng.randrange(workers))
        self.events.sort()

    def draw(self, rng, when, number):
        kind = rng.choice(("stop", "stop", "long stop", "kill", "kill", "coordinator"))
        pause = rng.uniform(*(LONG_S if kind == "long stop" else SHORT_S))
        if kind == "coordinator":
            self.kills += 1
            self.events.append((when, "kill coordinator", 0))
        elif kind == "kill":
            self.kills += 1
            self.events += [(when, "kill", number), (when + pause, "start", number)]
        else:
            self.stops += 1
            self.events += [(when, "stop", number), (when + pause, "go on", number)]


class Checks(Session):
    def act(self, cluster, schedule, action, number):
        worker = cluster.workers[number]
        if action == "kill coordinator":
            cluster.coordinator.kill()
            cluster.coordinator.wait()
            cluster.start_coordinator()
        elif action == "start" and (worker is None or worker.poll() is not None):
            cluster.start_worker(number, options=schedule.options[number])
        elif action == "kill" and worker is not None:
            worker.kill()
            worker.wait()
        elif action in ("stop", "go on") and worker is not None:
            worker.send_signal(signal.SIGSTOP if action == "stop" else signal.SIGCONT)

    def run_one(self, workers, number):
        """One schedule; (seconds, kills, stops, leases lost, whether over the network, bytes)."""
        seed = f"{self.args.seed}-{workers}-{number}"
        schedule = Schedule(random.Random(seed), workers)
        name = f"w{workers}-{number}"
        out = self.path(name + "-out")
        shuffle = SHUFFLES[number % 2]
        with Cluster(self.args, self.path(name), 0, coordinator_options=LEASE,
                     shuffle=shuffle) as cluster:
            cluster.workers = [None] * workers
            begin = time.monotonic()
            client = self.submit(cluster, out)
            for when, action, who in schedule.events:
                # What was drawn happens although the job is done: the next one would see it.
                if not client.is_running() and action != "go on":
                    break
                time.sleep(max(0.0, begin + when - time.monotonic()))
                self.act(cluster, schedule, action, who)
            client.finish(self.whole, f"schedule {seed}, shuffle {shuffle}", 2 * DEADLINE_S)
            seconds = time.monotonic() - begin
        result = (seconds, schedule.kills, schedule.stops, client.lost(), shuffle == "network",
                  cluster.served_bytes())
        shutil.rmtree(out)
        shutil.rmtree(self.path(name))
        return result

    def schedules(self, workers):
        found = [self.run_one(workers, number) for number in range(self.args.schedules)]
        seconds, kills, stops, lost, network, served = (sum(column) for column in zip(*found))
        require(served or not network, "--shuffle network, but nothing was served over sockets")
        slowest = max(row[0] for row in found)
        return (f"{len(found):3} schedules, {kills:3} kills, {stops:3} stops, {lost:4} leases "
                f"lost, {network:3} over the network ({served / (1 << 20):6.1f} MiB served), "
                f"{seconds / len(found):5.1f} s each, slowest {slowest:5.1f} s")

    def checks(self):
        return [(f"{count:2} workers", lambda count=count: self.schedules(count))
                for count in self.args.workers]


if __name__ == "__main__":
    parser = parser_of(__doc__, batches=8, documents=100)
    parser.add_argument("--schedules", type=int, default=20)
    parser.add_argument("--workers", default=COUNTS,
                        type=lambda text: [int(count) for count in text.split(",")])
    sys.exit(run_checks(parser.parse_args(), "tamis-schedules-", Checks))
