# SPDX-License-Identifier: Apache-2.0
"""SIGKILL at every named failpoint of a worker and of the coordinator; same bytes after each.

    python3 run_failpoints.py --tamis T --coordinator C --worker W [--count 1 --count 3] [--only X]

The names come from the programs (--list-failpoints). The process that has one set dies there, is
started again on the same folders without it, and the job goes on. Each name must be reached by one
of the two programs, the number of times that --count says; by turns with results read by path and over sockets only (--shuffle network).
"""

import signal
import subprocess
import sys

from session import Session, parser_of, run_checks
from tamis_cli import program_arguments, require
from cluster import SHUFFLES, Cluster, wait_until

LEASE = ("--lease", "1s")


def names_of(program):
    done = subprocess.run(program_arguments(program) + ["--list-failpoints"], timeout=60,
                          stdin=subprocess.DEVNULL, capture_output=True, check=True, text=True)
    return done.stdout.split()


class Checks(Session):
    def die(self, cluster, role, name, what):
        """A job whose worker or coordinator may die at the failpoint; whether it did."""
        environment = {"TAMIS_FAILPOINT": name}
        cluster.start_coordinator(environment if role == "coordinator" else None)
        cluster.start_worker(environment=environment if role == "worker" else None)
        client = self.submit(cluster, self.path(what + "-out"))

        def victim():
            return cluster.coordinator if role == "coordinator" else cluster.workers[0]

        wait_until(lambda: victim().poll() is not None or not client.is_running(), what)
        died = victim().poll() is not None
        if died:
            require(victim().returncode == -signal.SIGKILL,
                    f"{what}: exit code {victim().returncode}\n{cluster.end_of_logs()}")
            if role == "coordinator":
                cluster.start_coordinator()
            else:
                cluster.start_worker(0)
        client.finish(self.whole, what)
        return died

    def failpoint(self, name, turn):
        reached = []
        for role in ("worker", "coordinator"):
            for step, count in enumerate(self.args.count):
                what = f"{role}-{name}-{count}"
                shuffle = SHUFFLES[(turn + step) % 2]
                cluster = Cluster(self.args, self.path(what), 0, coordinator_options=LEASE,
                                  shuffle=shuffle)
                try:
                    if not self.die(cluster, role, f"{name}:{count}", what):
                        break
                    reached.append(f"{role} {count} ({shuffle})")
                finally:
                    cluster.close()
        require(reached, f"{name}: neither program came to it")
        return "died: " + ", ".join(reached)

    def checks(self):
        names = names_of(self.args.worker)
        require(names and names == names_of(self.args.coordinator) == names_of(self.args.tamis),
                f"--list-failpoints: {names}")
        return [(name, lambda name=name, turn=turn: self.failpoint(name, turn))
                for turn, name in enumerate(names, self.args.seed)]


if __name__ == "__main__":
    parser = parser_of(__doc__)
    parser.add_argument("--count", type=int, action="append", default=[])
    args = parser.parse_args()
    args.count = sorted(args.count) or [1, 3]
    sys.exit(run_checks(args, "tamis-failpoints-", Checks))
