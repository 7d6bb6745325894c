# SPDX-License-Identifier: Apache-2.0
"""Workers that see nothing of one another's data folders pull results over the network.

    python3 run_shuffle.py --tamis T --coordinator C --worker W [--seed 4] [--keep DIR]

The same bytes as a plain run with three workers under --shuffle network; the same where each process
has a mount namespace in which the folders of the others are hidden (needs root, else left out); with
a worker killed and started again in mid-run, with the data folder of a worker removed, with a result
damaged on its disk: then the tasks concerned are run again, and no others.
"""

import glob
import json
import os
import shutil
import subprocess
import sys
import time

from session import Session, parser_of, run_checks
from tamis_cli import require, require_codes
from cluster import Client, Cluster, wait_until


def can_hide():
    return os.geteuid() == 0 and shutil.which("unshare") is not None and subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def hiding(folders):
    """Runs the command behind it where something else is mounted over the folders."""
    mounts = "".join(f"mount -t tmpfs none '{folder}' && " for folder in folders)
    return ["unshare", "-m", "sh", "-c", mounts + 'exec "$0" "$@"']


def results(folder, stage):
    """Paths of the finished tasks of a stage in a data folder, whatever the job."""
    return sorted(path for path in glob.glob(os.path.join(folder, "????????????????", f"{stage}-*"))
                  if os.path.isdir(path))


class Checks(Session):
    def reach(self, cluster, client, what, condition):
        wait_until(lambda: condition() or not client.is_running(), what)
        require(client.is_running(), f"{what}: the run ended before")

    def stage_is(self, cluster, stage):
        """Whether a worker has begun a task of that stage or of a later one."""
        return any(int(task[1]) >= stage for number in range(len(cluster.workers))
                   for task in cluster.started_tasks(number))

    def network(self):
        with Cluster(self.args, self.path("network"), 3, shuffle="network") as cluster:
            self.submit(cluster, self.path("network-out")).finish(self.whole, "over the network")
            self.submit(cluster, self.path("network-again")).finish(self.whole, "again")
        return self.require_served(cluster)

    def by_path(self):
        """Where everybody sees all folders nobody asks a data server."""
        with Cluster(self.args, self.path("by-path"), 3) as cluster:
            self.submit(cluster, self.path("by-path-out")).finish(self.whole, "by path")
        served = cluster.served_bytes()
        require(served == 0, f"{served} bytes went over sockets")

    def hidden(self):
        """Also by itself (--shuffle auto) a worker takes the network where it cannot look."""
        cluster = Cluster(self.args, self.path("hidden"), 0)
        folders = [cluster.data_folder(number) for number in range(3)]
        folders.append(os.path.join(cluster.state, "data"))
        for folder in folders:
            os.makedirs(folder)
        cluster.start_coordinator(prefix=hiding(folders[:3]))
        try:
            for number in range(3):
                cluster.start_worker(
                    prefix=hiding([folder for folder in folders if folder != folders[number]]))
            self.submit(cluster, self.path("hidden-out")).finish(self.whole, "hidden folders")
        finally:
            cluster.close()
        return self.require_served(cluster)

    def with_keys(self):
        """Each worker has a key of its own; data servers let in those whom the book names."""
        keys = self.path("keys")
        for name, role in [("coordinator", "coordinator"), ("client", "client"),
                           *((f"w{number}", "worker") for number in range(3))]:
            require_codes(self.tamis.call("keys", "new", "--keys", keys, "--role", role, name), [0],
                          "tamis keys new")
        with Cluster(self.args, self.path("with-keys"), 0, (), ["--keys", keys],
                     "network") as cluster:
            for number in range(3):
                cluster.start_worker(options=["--keys", keys, "--key", f"w{number}"])
            options = {**self.options, "keys": keys}
            Client(self.tamis, cluster, self.path("with-keys-out"), self.paths,
                   options).finish(self.whole, "with keys")
        return self.require_served(cluster)

    def late_reader(self):
        """A worker does SCAN and is drained, so that it has no task any more; one that comes only
        then has a key of its own, and its data server lets that one in."""
        keys = self.path("late-keys")
        for name, role in [("coordinator", "coordinator"), ("client", "client"),
                           ("w0", "worker"), ("w1", "worker")]:
            require_codes(self.tamis.call("keys", "new", "--keys", keys, "--role", role, name), [0],
                          "tamis keys new")
        cluster = Cluster(self.args, self.path("late"), 0, (), ["--keys", keys], "network")
        os.makedirs(cluster.data_folder(0))
        cluster.start_coordinator(prefix=hiding([cluster.data_folder(0)]))
        try:
            cluster.start_worker(options=["--keys", keys, "--key", "w0", "--name", "first"])
            client = Client(self.tamis, cluster, self.path("late-out"), self.paths,
                            {**self.options, "keys": keys})
            self.reach(cluster, client, "LINK", lambda: self.stage_is(cluster, 1))
            require_codes(self.tamis.call("drain", "--coordinator", cluster.url, "--keys", keys,
                                          "first"), [0], "tamis drain")
            time.sleep(2)  # what it has begun ends
            require(client.is_running(), "the run ended before")
            cluster.start_worker(options=["--keys", keys, "--key", "w1"])
            client.finish(self.whole, "a reader that came late", 60)
        finally:
            cluster.close()

    def killed_worker(self):
        """It comes back under another address; whoever pulled from it goes on."""
        with Cluster(self.args, self.path("killed"), 3, shuffle="network") as cluster:
            client = self.submit(cluster, self.path("killed-out"))
            self.reach(cluster, client, "LINK", lambda: self.stage_is(cluster, 1))
            number = cluster.busy_worker()
            cluster.workers[number].kill()
            cluster.workers[number].wait()
            time.sleep(0.2)
            cluster.start_worker(number)
            client.finish(self.whole, "one of three workers killed and started again")

    def removed_under_live(self):
        """The folder goes away under a worker that lives on, as when somebody cleans up."""
        with Cluster(self.args, self.path("removed-live"), 3, shuffle="network") as cluster:
            client = self.submit(cluster, self.path("removed-live-out"))
            self.reach(cluster, client, "LINK", lambda: self.stage_is(cluster, 1))
            number = max(range(3), key=lambda n: len(results(cluster.data_folder(n), 0)))
            require(results(cluster.data_folder(number), 0), "the worker had done nothing")
            # Under another name at once: what is removed file by file is filled on meanwhile.
            aside = cluster.data_folder(number) + ".removed"
            os.rename(cluster.data_folder(number), aside)
            shutil.rmtree(aside)
            client.finish(self.whole, "a data folder removed under a live worker")
            self.require_rescued(client, 1, len(results(aside, 0)) or 10**6)

    def removed_folder(self):
        """A worker and its folder are gone for good: what it had done is done again."""
        with Cluster(self.args, self.path("removed"), 3, shuffle="network") as cluster:
            client = self.submit(cluster, self.path("removed-out"))
            self.reach(cluster, client, "LINK", lambda: self.stage_is(cluster, 1))
            number = max(range(3), key=lambda n: len(results(cluster.data_folder(n), 0)))
            cluster.workers[number].kill()
            cluster.workers[number].wait()
            lost = len(results(cluster.data_folder(number), "*"))
            require(lost != 0, "the worker had done nothing")
            shutil.rmtree(cluster.data_folder(number))
            cluster.start_worker(number)
            client.finish(self.whole, "a data folder removed")
            self.require_rescued(client, 1, lost)

    def damaged_result(self):
        """One flipped bit in the run file of a SCAN task: that one task is run again."""
        with Cluster(self.args, self.path("damaged"), 3, shuffle="network") as cluster:
            # Workers stand still while the file is changed, so that nobody has read it.
            client = self.submit(cluster, self.path("damaged-out"))
            self.reach(cluster, client, "a first result", lambda: any(
                results(cluster.data_folder(number), 0) for number in range(3)))
            path = next(os.path.join(result, "out.run") for number in range(3)
                        for result in results(cluster.data_folder(number), 0))
            with open(path, "r+b") as file:
                file.seek(16 + 40)  # in the columns of the first block
                byte = file.read(1)
                file.seek(16 + 40)
                file.write(bytes([byte[0] ^ 4]))
            client.finish(self.whole, "a damaged run file")
            self.require_rescued(client, 1, 1)

    def require_served(self, cluster):
        """Each worker of an ended cluster served others."""
        for number in range(len(cluster.workers)):
            served, requests = cluster.served(f"worker{number}")
            require(served and requests, f"worker {number} served {served} bytes, {requests} "
                    f"requests\n{cluster.end_of_logs()}")
        return f"{cluster.served_bytes() / (1 << 20):.1f} MiB served over sockets"

    def require_rescued(self, client, least, most):
        with open(os.path.join(client.out, "timing.json"), encoding="utf-8") as file:
            rescued = json.load(file)["tasks_rescued"]
        require(least <= rescued <= most, f"{rescued} results were made again, not {least} to {most}")

    def checks(self):
        found = [("network", self.network), ("by path", self.by_path), ("keys", self.with_keys),
                 ("killed worker", self.killed_worker),
                 ("removed folder", self.removed_folder),
                 ("live worker's folder removed", self.removed_under_live),
                 ("damaged result", self.damaged_result)]
        if can_hide():
            found.insert(1, ("hidden folders", self.hidden))
            found.append(("late reader", self.late_reader))
        return found


if __name__ == "__main__":
    sys.exit(run_checks(parser_of(__doc__).parse_args(), "tamis-shuffle-", Checks))
