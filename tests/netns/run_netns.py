# SPDX-License-Identifier: Apache-2.0
"""Coordinator, workers and client, each in a network namespace, leave the bytes of a plain run.

    python3 run_netns.py --tamis T --coordinator C --worker W --switch S --corpus DIR
                         [--only NAME] [--keep DIR]

Cases: undisturbed; cables of 25 ms each way; 30 % of all packets lost; a worker cut off for longer
than its lease and joined again; one that hears nothing; one that is not heard; the coordinator cut
off from everybody; the coordinator stopped. A case of a cut counts only if a lease was lost by it,
and no process may end by itself. Exit code 77 without the tools, but 1 where CI=true.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from labjob import (JobFailed, log_tails, make_inputs, make_keys, redone_tasks,  # noqa: E402
                    require_same_bytes, run_embedded, scratch_folder, started_tasks)
from netlab import Lab, LabFailed, missing_tools, wait_until  # noqa: E402

SKIPPED = 77
PORT = 7600
LEASE_S = 2
CUT_S = LEASE_S + 2
STOPPED_S = 8  # longer than a connection is kept that is not answered
CASE_S = 110
WORKERS = ("w1", "w2", "w3")
DELAY_MS = 25
LOSS_PERCENT = 30
# Three packets in ten are lost each way: a connection waits for seconds again and again, so that a run of 10 s takes up
# to two minutes by chance. This bound only tells slowness from standing still.
LOSS_CASE_S = 400
# Hosts see the same files: results are to cross the cables all the same.
SHUFFLE = ("--shuffle", "network")
PROBE = ("import socket, time\n"
         "address = ({address!r}, {port})\n"
         "socket.create_connection(address, timeout=10).close()\n"  # the address is resolved now
         "start = time.monotonic()\n"
         "socket.create_connection(address, timeout=10).close()\n"
         "print((time.monotonic() - start) * 1000)\n")


class Cluster:
    """The processes of one job, each on its host."""

    def __init__(self, args, lab, folder, inputs):
        self.args = args
        self.lab = lab
        self.folder = folder
        self.inputs = inputs
        self.out = os.path.join(folder, "out")
        self.url = f"tcp://{lab.address('c')}:{PORT}"
        self.workers = {}
        self.client = None
        os.makedirs(folder)
        self.keys = make_keys(args.tamis, os.path.join(folder, "keys"))
        # No block around it: the lab ends its processes before the files are closed.
        self.coordinator = self._start("c", "c", [
            args.coordinator, "--state", os.path.join(folder, "state"), "--listen", self.url,
            "--lease", f"{LEASE_S}s", "--keys", self.keys, "--root", folder, *SHUFFLE])

    def _start(self, host, name, arguments):
        with open(self.log(name), "ab") as log:
            return self.lab.start(host, arguments, stdout=log, stderr=log)

    def log(self, name):
        return os.path.join(self.folder, f"{name}.log")

    def start_workers(self, hosts=WORKERS):
        for host in hosts:
            self.workers[host] = self._start(host, host, [
                self.args.worker, "--coordinator", self.url, "--threads", "1", "--memory", "256MiB",
                "--data", os.path.join(self.folder, f"data-{host}"), "--log-level", "debug",
                "--keys", self.keys, "--root", self.folder, "--root", self.inputs, *SHUFFLE])

    def submit(self):
        self.client = self._start("client", "client", [
            self.args.tamis, "run", "--quiet", "--coordinator", self.url, "--keys", self.keys,
            "-o", self.out, self.inputs])

    def wait_for_workers(self, count, deadline_s=20):
        """Until the coordinator knows so many."""
        def have_joined():
            with open(self.log("c"), encoding="utf-8", errors="replace") as file:
                return file.read().count(" worker.joined ") >= count
        wait_until(have_joined, f"{count} workers", deadline_s, 0.005)

    def wait_for_task(self, host, deadline_s=60):
        """Until the worker has started a task; it is stopped there and then, mostly inside it."""
        def has_begun():
            if self.client.poll() is not None:
                raise JobFailed(f"the job ended before {host} had a task\n{log_tails(self.folder)}")
            return started_tasks(self.log(host))
        wait_until(has_begun, f"a task at {host}", deadline_s, 0.005)
        self.workers[host].send_signal(signal.SIGSTOP)

    def finish(self, deadline_s=CASE_S):
        try:
            code = self.client.wait(timeout=deadline_s)
        except subprocess.TimeoutExpired:
            raise JobFailed(f"no end within {deadline_s} s\n{log_tails(self.folder)}") from None
        if code not in (0, 3):
            raise JobFailed(f"exit code {code}\n{log_tails(self.folder)}")
        for name, process in (("coordinator", self.coordinator), *self.workers.items()):
            if process.poll() is not None:
                raise JobFailed(f"{name} has ended, exit code {process.returncode}\n"
                                f"{log_tails(self.folder)}")

    def redone(self):
        return redone_tasks([self.log(host) for host in WORKERS], self.out)


def probe_ms(lab):
    """Time of a TCP handshake between a worker and the coordinator."""
    return float(lab.call("w1", [sys.executable, "-c",
                                 PROBE.format(address=lab.address("c"), port=PORT)]))


def check_undisturbed(cluster):
    cluster.start_workers()
    cluster.submit()
    cluster.finish()
    return ""


def check_delay(cluster):
    cluster.start_workers()
    round_trip = wait_until(lambda: probe_ms(cluster.lab), "a handshake", 20)
    if not 2 * DELAY_MS * 0.9 < round_trip < 2 * DELAY_MS * 4:
        raise LabFailed(f"a round trip takes {round_trip:.1f} ms instead of {2 * DELAY_MS}")
    cluster.submit()
    cluster.finish()
    return f"round trip {round_trip:.1f} ms"


def check_loss(cluster):
    for host in cluster.lab.hosts:
        cluster.lab.lose(host, LOSS_PERCENT)
    cluster.start_workers()
    cluster.submit()
    cluster.finish(LOSS_CASE_S)
    rules = cluster.lab.call("c", ["nft", "list", "ruleset"])
    if "drop" not in rules:
        raise LabFailed("no packets were dropped")
    return ""


def disturb(cluster, victim, cut, heal):
    """Cuts `victim` in mid-task for longer than a lease; heals; the job must not care."""
    worker = victim if victim in WORKERS else WORKERS[0]
    # The others come later: they would be done with the job before this one had a task.
    cluster.start_workers([worker])
    cluster.submit()
    cluster.wait_for_task(worker)
    cluster.start_workers([host for host in WORKERS if host != worker])
    cluster.wait_for_workers(len(WORKERS))
    cut(victim)
    cluster.workers[worker].send_signal(signal.SIGCONT)
    time.sleep(CUT_S)
    heal(victim)
    cluster.finish()
    redone = cluster.redone()
    if redone == 0:
        raise JobFailed(f"no lease was lost: the cut hit nothing\n"
                        f"{log_tails(cluster.folder)}")
    return f"{redone} leases lost"


def check_partition(cluster):
    return disturb(cluster, "w1", cluster.lab.cut, cluster.lab.join)


def check_deaf(cluster):
    return disturb(cluster, "w1", cluster.lab.deafen, cluster.lab.clear)


def check_mute(cluster):
    return disturb(cluster, "w1", cluster.lab.mute, cluster.lab.clear)


def check_coordinator_cut(cluster):
    return disturb(cluster, "c", cluster.lab.cut, cluster.lab.join)


def check_coordinator_stopped(cluster):
    """For so long that the others hang up on it: it finds what they said before, all at once."""
    cluster.start_workers()
    cluster.wait_for_workers(len(WORKERS))
    cluster.coordinator.send_signal(signal.SIGSTOP)
    cluster.submit()
    time.sleep(STOPPED_S)
    cluster.coordinator.send_signal(signal.SIGCONT)
    cluster.finish()
    return ""


class Plain:
    """One input and what an embedded run makes of it."""

    def __init__(self, args, inputs, folder):
        self.inputs = inputs
        self.out = run_embedded(args.tamis, inputs, folder)


@dataclass
class Case:
    name: str
    check: object
    is_slow: bool = False   # cables with a delay
    is_small: bool = False  # the bundled corpus alone: results of thousands of files are large
    #                         messages, which TCP hardly moves at such a loss


CASES = (Case("undisturbed", check_undisturbed), Case("delay", check_delay, is_slow=True),
         Case("loss", check_loss, is_small=True), Case("partition", check_partition),
         Case("deaf", check_deaf), Case("mute", check_mute),
         Case("coordinator-cut", check_coordinator_cut),
         Case("coordinator-stopped", check_coordinator_stopped),
         Case("partition-delay", check_partition, is_slow=True))


def run_case(args, case, folder, plain):
    switch = args.switch if case.is_slow else None
    with Lab(("c", "client") + WORKERS, switch, DELAY_MS) as lab:
        cluster = Cluster(args, lab, os.path.join(folder, case.name), plain.inputs)
        start = time.monotonic()
        note = case.check(cluster)
        seconds = time.monotonic() - start
        require_same_bytes(plain.out, cluster.out, case.name)
    return f"{seconds:.1f} s" + (f", {note}" if note else "")


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("tamis", "coordinator", "worker", "switch", "corpus"):
        parser.add_argument(f"--{name}", required=True, type=os.path.abspath)
    parser.add_argument("--batches", type=int, default=2)
    parser.add_argument("--only", help="cases whose names contain this")
    parser.add_argument("--keep", help="folder to work in; it stays", type=os.path.abspath)
    return parser.parse_args(argv)


def main(argv):
    args = parse(argv)
    missing = missing_tools()
    if not os.path.exists("/dev/net/tun"):
        missing.append("/dev/net/tun")
    if missing:
        print(f"missing: {', '.join(missing)}")
        return 1 if os.environ.get("CI") == "true" else SKIPPED
    # A runner's SIGTERM must not skip the clearing away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = args.keep or scratch_folder("tamis-netns-")
    passed = failures = 0
    try:
        inputs = make_inputs(args.corpus, os.path.join(folder, "in"), args.batches)
        many = Plain(args, inputs, os.path.join(folder, "embedded"))
        small = Plain(args, args.corpus, os.path.join(folder, "embedded-small"))
        for case in CASES:
            if args.only and args.only not in case.name:
                continue
            try:
                note = run_case(args, case, folder, small if case.is_small else many)
                print(f"ok   {case.name}: {note}", flush=True)
                passed += 1
            except (JobFailed, LabFailed) as failed:
                failures += 1
                print(f"FAIL {case.name}: {failed}", flush=True)
    except Exception:  # the folder must go in every case
        failures += 1
        print(f"FAIL\n{traceback.format_exc()}", flush=True)
    finally:
        if not args.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{passed} passed, {failures} failed")
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
