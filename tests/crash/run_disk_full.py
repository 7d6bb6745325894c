# SPDX-License-Identifier: Apache-2.0
"""A disk fills up under OUT, the data folder of a worker or the state of the coordinator.

    python3 run_disk_full.py --tamis T --coordinator C --worker W

Each is a small tmpfs in a mount namespace of the test's own (root; skipped without). A file of the
test's takes the space; the job or the process ends with exit code 1 and a message that names a path
on the full disk; the file is removed, the same command goes on, and OUT is that of a plain run.
"""

import os
import shutil
import subprocess
import sys

from session import Session, Skipped, parser_of, run_checks
from tamis_cli import EXIT_FAILED, require, require_codes
from context import require_same_bytes
from cluster import GOOD, Cluster, wait_until

MARK = "TAMIS_DISK_FULL_NAMESPACE"
DISK_BYTES = 512 << 20
FULL = "No space left on device"
RUN_S = 120
LEASE = ("--lease", "1s")
ONE_THREAD = ("--threads", "1")


class Disk:
    """A tmpfs and the file that fills it."""

    def __init__(self, folder):
        self.folder = folder
        self.filler = os.path.join(folder, "filler")
        os.makedirs(folder)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder],
                       check=True)

    def fill(self, leave=0):
        """Takes all but `leave` bytes."""
        info = os.statvfs(self.folder)
        with open(self.filler, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, info.f_bavail * info.f_frsize - leave)

    def free(self):
        os.unlink(self.filler)

    def end(self):
        subprocess.run(["umount", "-l", self.folder], check=True)


class Checks(Session):
    def __init__(self, args, folder):
        if MARK not in os.environ:
            raise Skipped("no mount namespace: needs root and unshare")
        super().__init__(args, folder)

    def disk(self, name):
        return Disk(self.path(name))

    @staticmethod
    def check_message(code, text, disk, what):
        require(code == EXIT_FAILED, f"{what}: exit code {code}\n{text[-2000:]}")
        lines = [line for line in text.splitlines() if line.startswith("tamis")]
        require(any(FULL in line and disk.folder in line for line in lines),
                f"{what}: neither the path nor the reason is told\n{text[-2000:]}")

    # ---- one process ---------------------------------------------------------------------------

    def run_with(self, leave):
        """A run that finds so much space."""
        disk = self.disk(f"run-{leave}")
        try:
            out = os.path.join(disk.folder, "out")
            disk.fill(leave)
            result = self.tamis.run(out, self.paths, self.options, timeout=RUN_S)
            if result.code in GOOD:
                require_same_bytes(self.whole, out, f"{leave} bytes were enough")
                return False
            self.check_message(result.code, result.stderr, disk, f"{leave} bytes free")
            disk.free()
            require_codes(self.tamis.run(out, self.paths, self.options, timeout=RUN_S), GOOD,
                          f"again after {leave} bytes free")
            require_same_bytes(self.whole, out, f"again after {leave} bytes free")
            return True
        finally:
            disk.end()

    def run(self):
        """With ever more space, until it is enough: the run ends at ever later places."""
        leave, failed = 0, 0
        while self.run_with(leave):
            failed += 1
            leave = max(64 << 10, leave * 17 // 10)
        require(failed > 3, f"{leave} bytes are enough")
        return f"{failed} runs failed, with up to {leave * 10 // 17 >> 10} KiB free"

    # ---- a cluster -----------------------------------------------------------------------------

    def job_fails(self, cluster, out, disk, what):
        """The job fails for want of space; with space the same command ends well."""
        code, text = self.submit(cluster, out).wait(what)
        self.check_message(code, text, disk, what)
        disk.free()
        self.submit(cluster, out).finish(self.whole, f"again after {what}")

    def out(self):
        disk = self.disk("cluster-out")
        try:
            disk.fill(200 << 10)
            with Cluster(self.args, self.path("out"), 2, ONE_THREAD, LEASE) as cluster:
                self.job_fails(cluster, os.path.join(disk.folder, "out"), disk, "full OUT")
        finally:
            disk.end()

    def data(self):
        disk = self.disk("data")
        try:
            with Cluster(self.args, self.path("data-cluster"), 0, ONE_THREAD, LEASE) as cluster:
                # The one worker there is has its data folder on the disk.
                os.symlink(disk.folder, cluster.data_folder(0))
                cluster.start_worker()
                wait_until(lambda: cluster.log_has("worker0", "worker.started"), "a worker")
                disk.fill(1 << 20)
                out = self.path("data-out")
                code, text = self.submit(cluster, out).wait("full data folder")
                require(code == EXIT_FAILED and FULL in text and cluster.data_folder(0) in text,
                        f"full data folder: exit code {code}\n{text[-2000:]}")
                require(cluster.workers[0].poll() is None, "the worker ended")
                disk.free()
                self.submit(cluster, out).finish(self.whole, "again after a full data folder")
        finally:
            disk.end()

    def one_of_two(self):
        """A worker whose data folder is full beside one with space: the job goes on."""
        disk = self.disk("one-data")
        try:
            with Cluster(self.args, self.path("one-cluster"), 0, ONE_THREAD, LEASE) as cluster:
                os.symlink(disk.folder, cluster.data_folder(0))
                cluster.start_worker()
                cluster.start_worker()
                wait_until(lambda: cluster.log_has("worker0", "worker.started") and
                           cluster.log_has("worker1", "worker.started"), "two workers")
                disk.fill(1 << 20)
                self.submit(cluster, self.path("one-out")).finish(self.whole, "one disk is full")
                require(all(worker.poll() is None for worker in cluster.workers),
                        "a worker ended")
        finally:
            disk.end()

    def state_with(self, leave):
        """A coordinator that finds so much space; whether it or the job ended by that."""
        disk = self.disk(f"state-{leave}")
        what = f"state, {leave} bytes free"
        cluster = Cluster(self.args, self.path(f"state-cluster-{leave}"), 0, ONE_THREAD, LEASE)
        try:
            disk.fill(leave)
            cluster.state = os.path.join(disk.folder, "state")
            cluster.start_coordinator()
            cluster.start_worker()
            client = self.submit(cluster, self.path(f"state-out-{leave}"))
            wait_until(lambda: cluster.coordinator.poll() is not None or not client.is_running(),
                       what)
            has_ended = client.is_running()
            disk.free()
            if has_ended:
                with open(cluster.log("coordinator"), encoding="utf-8", errors="replace") as file:
                    self.check_message(cluster.coordinator.returncode, file.read(), disk, what)
                cluster.start_coordinator()
            code, text = client.wait(what)
            if code in GOOD:
                require_same_bytes(self.whole, client.out, what)
                return has_ended
            # A task of the coordinator's own: its data folder is there too.
            self.check_message(code, text, disk, what)
            self.submit(cluster, client.out).finish(self.whole, f"again after {what}")
            return True
        finally:
            cluster.close()
            disk.end()

    def state(self):
        leave, failed = 0, 0
        while self.state_with(leave):
            failed += 1
            leave = max(16 << 10, leave * 2)
        require(failed > 3, f"{leave} bytes are enough")
        return f"{failed} coordinators or jobs ended, with up to {leave >> 11} KiB free"

    def checks(self):
        return [("run", self.run), ("OUT", self.out), ("data folder", self.data),
                ("one of two data folders", self.one_of_two), ("state folder", self.state)]


def enter_namespace():
    """Goes on in a mount namespace, where that is allowed."""
    may = shutil.which("unshare") and subprocess.run(
        ["unshare", "-m", "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0
    if MARK not in os.environ and may:
        os.environ[MARK] = "1"
        os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, "-B",
                              *sys.argv])


if __name__ == "__main__":
    enter_namespace()
    sys.exit(run_checks(parser_of(__doc__, documents=100).parse_args(), "tamis-disk-full-", Checks))
