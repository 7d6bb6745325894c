# SPDX-License-Identifier: Apache-2.0
"""A coordinator and 1, 2, 4 workers as processes on loopback leave the bytes of a plain run.

    python3 run_cluster.py --tamis T --coordinator C --worker W [--seed 4] [--keep DIR]

Then one of several workers is killed in mid-run, and the coordinator is killed and started again;
workers and coordinator with --root write beneath it and nowhere else.
"""

import os
import sys

from session import Session, parser_of, run_checks
from tamis_cli import EXIT_FAILED, EXIT_PEER, EXIT_USAGE, require, require_codes
from cluster import DEADLINE_S, Cluster, free_port, wait_until


class Checks(Session):
    def workers(self, count):
        name = f"workers{count}"
        with Cluster(self.args, self.path(name), count) as cluster:
            self.submit(cluster, self.path(name + "-out")).finish(self.whole, name)
            # A cluster outlives a job: a second one gets the same bytes.
            self.submit(cluster, self.path(name + "-again")).finish(self.whole, name + ", again")

    def killed_worker(self):
        with Cluster(self.args, self.path("killed-worker"), 3) as cluster:
            client = self.submit(cluster, self.path("killed-worker-out"))
            wait_until(lambda: cluster.busy_worker() is not None or not client.is_running(),
                       "a first task")
            require(client.is_running(), "the run ended before a worker was killed")
            cluster.workers[cluster.busy_worker()].kill()
            client.finish(self.whole, "one of three workers killed")

    def killed_coordinator(self):
        with Cluster(self.args, self.path("killed-coordinator"), 2) as cluster:
            client = self.submit(cluster, self.path("killed-coordinator-out"))
            wait_until(lambda: cluster.busy_worker() is not None or not client.is_running(),
                       "a first task")
            cluster.coordinator.kill()
            cluster.coordinator.wait()
            require(client.is_running(), "the run ended before the coordinator was killed")
            cluster.start_coordinator()
            client.finish(self.whole, "coordinator killed and started again")

    def nobody(self):
        """No coordinator: exit code 4, not a hang."""
        url = f"tcp://127.0.0.1:{free_port()}"
        result = self.tamis.run(self.path("nobody-out"), self.paths[:1], {"coordinator": url},
                                environment={"TAMIS_GIVE_UP": "3s"}, timeout=DEADLINE_S)
        require_codes(result, [EXIT_PEER], "no coordinator")

    def roots(self):
        """--root: what lies beneath is read and written, anything else fails the job."""
        allowed = self.path("allowed")
        os.makedirs(allowed)
        os.symlink(self.path("forbidden"), os.path.join(allowed, "link"))
        os.makedirs(self.path("forbidden"))
        options = ["--root", self.corpus, "--root", allowed]
        with Cluster(self.args, self.path("roots"), 2, options, options) as cluster:
            self.submit(cluster, os.path.join(allowed, "out")).finish(self.whole, "roots")
            outside = self.submit(cluster, self.path("forbidden/out"))
            code, text = outside.wait("OUT outside")
            require(code == EXIT_FAILED and "--root" in text and "forbidden/out" in text,
                    f"OUT outside: exit code {code}\n{text}")
            require(not os.path.exists(self.path("forbidden/out/documents")),
                    "something was written outside the roots")
        with Cluster(self.args, self.path("roots-in"), 1, ["--root", allowed], options) as cluster:
            code, text = self.submit(cluster, os.path.join(allowed, "out2")).wait("input outside")
            require(code == EXIT_FAILED and "--root" in text and "corpus/" in text,
                    f"input outside: exit code {code}\n{text}")
        with Cluster(self.args, self.path("roots-none"), 1, ["--root", "/none"]) as cluster:
            require(cluster.workers[0].wait(timeout=DEADLINE_S) == EXIT_USAGE
                    and cluster.log_has("worker0", "/none"), "a root that is not there")

    def checks(self):
        found = [(f"{count} workers", lambda count=count: self.workers(count))
                 for count in (1, 2, 4)]
        return found + [("killed worker", self.killed_worker),
                        ("killed coordinator", self.killed_coordinator), ("nobody", self.nobody),
                        ("roots", self.roots)]


if __name__ == "__main__":
    sys.exit(run_checks(parser_of(__doc__).parse_args(), "tamis-cluster-", Checks))
