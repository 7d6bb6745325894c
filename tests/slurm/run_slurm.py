# SPDX-License-Identifier: Apache-2.0
"""deploy/slurm on a Slurm cluster of three nodes leaves the bytes of a plain run, whatever dies.

    python3 run_slurm.py --tamis T --coordinator C --worker W --deploy DIR --corpus DIR
                         [--only NAME] [--keep DIR]

Cases: the first run of the README; a worker, the coordinator, the client killed; a node powered
off; a node cut off for longer than a lease and joined again; a node cut off until Slurm gives it
up; the first node, where the batch script runs, powered off; a job that is stopped and submitted
again; options that are refused. Where a case waits for Slurm to notice a dead node, the client is
stopped meanwhile, so that the job cannot end before. Installs nothing: exit code 77 without the
tools, but 1 where CI=true.
"""

import argparse
import os
import shlex
import shutil
import signal
import sys
import time
import traceback
from functools import partial

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "netns"))

from labjob import (JobFailed, log_tails, make_inputs, redone_tasks,  # noqa: E402
                    require_same_bytes, run_embedded, scratch_folder, started_tasks)
from netlab import LabFailed, wait_until  # noqa: E402
from slurmlab import SlurmLab, missing_tools, processes_with  # noqa: E402

SKIPPED = 77
NODES = 3
LEASE_S = 2
CUT_S = LEASE_S + 2
CASE_S = 110
GONE_S = 60
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "NODE_FAIL", "TIMEOUT", "OUT_OF_MEMORY")
EXIT_USAGE = 2
EXIT_GIVEN_UP = 5
EXIT_STOPPED = 143
# Stands in the place of `tamis`, so that the job is not done before the last worker is there.
PATIENT_CLIENT = """\
#!/bin/bash
if [ "$1" = run ]; then
    for ((i = 0; i < 300; i++)); do
        [ "$(grep -c ' worker.joined ' {log})" -lt {workers} ] || break
        sleep 0.1
    done
fi
exec {tamis} "$@"
"""


def is_running(pid):
    """A zombie has ended: slurmd, the init of a node's PID namespace, does not reap orphans."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


class Job:
    """One job of deploy/slurm/tamis.sbatch; submit() starts it, and starts it anew."""

    def __init__(self, args, slurm, folder, inputs=()):
        self.slurm = slurm
        self.folder = os.path.join(folder, "job")
        self.out = os.path.join(folder, "out")
        self.text_path = os.path.join(folder, "job.txt")
        self.deadline = time.monotonic() + CASE_S
        bin_folder = os.path.join(folder, "bin")
        os.makedirs(bin_folder)
        for name, path in (("tamis", args.tamis), ("tamis-coordinator", args.coordinator),
                           ("tamis-worker", args.worker)):
            os.symlink(path, os.path.join(bin_folder, name))
        self.environment = {
            "TAMIS_SLURM_BIN": bin_folder, "TAMIS_SLURM_FOLDER": self.folder,
            "TAMIS_SLURM_WORKER_THREADS": "1", "TAMIS_SLURM_WORKER_MEMORY": "256MiB",
            "TAMIS_SLURM_WORKER_OPTIONS": "--log-level=debug",
            "TAMIS_SLURM_COORDINATOR_OPTIONS": f"--lease={LEASE_S}s", "TAMIS_SLURM_KEEP": "1"}
        self.arguments = [f"--nodes={NODES}", "--exclusive", f"--output={self.text_path}",
                          os.path.join(args.deploy, "tamis.sbatch"), "--quiet", "-o", self.out,
                          *inputs]
        self.number = 0

    def submit(self):
        self.number = self.slurm.submit(self.arguments, self.environment,
                                        os.path.dirname(self.folder))

    def left(self):
        return max(1, self.deadline - time.monotonic())

    def text(self):
        if not os.path.exists(self.text_path):
            return ""
        with open(self.text_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def worker_log(self, i):
        return os.path.join(self.folder, "log", f"worker-{i}.log")

    def evidence(self):
        return f"--- job\n{self.text()[-2000:]}\n{log_tails(os.path.join(self.folder, 'log'))}"

    def have_patience(self):
        path = os.path.join(self.environment["TAMIS_SLURM_BIN"], "tamis")
        tamis = os.readlink(path)
        os.remove(path)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755), "w",
                  encoding="ascii") as file:
            file.write(PATIENT_CLIENT.format(
                log=shlex.quote(os.path.join(self.folder, "log", "coordinator.log")),
                workers=NODES, tamis=shlex.quote(tamis)))

    # ---- Processes ----

    def program(self, name, mark):
        """The one process of a program that has `mark` in its command line."""
        return wait_until(lambda: [pid for pid in processes_with(mark) if self._is(pid, name)],
                          f"the process {name}", self.left())[0]

    @staticmethod
    def _is(pid, name):
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                return file.read().strip() == name[:15]
        except FileNotFoundError:
            return False

    def worker(self, i):
        return self.program("tamis-worker", f"{self.folder}/data/worker-{i}")

    def coordinator(self):
        return self.program("tamis-coordinator", f"{self.folder}/state")

    def client(self):
        return self.program("tamis", self.out)

    def wait_for_task(self, i):
        """Until worker i has started a task; it is stopped there and then; its pid."""
        def has_begun():
            if "done" in self.text() or "failed" in self.text():
                raise JobFailed(f"the job ended before worker {i} had a task\n{self.evidence()}")
            return started_tasks(self.worker_log(i))
        wait_until(has_begun, f"a task at worker {i}", self.left(), 0.005)
        pid = self.worker(i)
        os.kill(pid, signal.SIGSTOP)
        return pid

    def wait_text(self, part, deadline_s):
        try:
            wait_until(lambda: part in self.text(), f"the message '{part}'", deadline_s, 0.1)
        except LabFailed as failed:
            raise JobFailed(f"{failed}\n{self.evidence()}") from None

    def finish(self, code=0):
        def has_ended():
            return self.slurm.job(self.number)["JobState"] in ENDED
        try:
            wait_until(has_ended, "the end of the job", self.left(), 0.2)
        except LabFailed as failed:
            raise JobFailed(f"{failed}\n{self.evidence()}") from None
        fields = self.slurm.job(self.number)
        if fields["ExitCode"] != f"{code}:0":
            raise JobFailed(f"{fields['JobState']}, exit code {fields['ExitCode']} instead of "
                            f"{code}\n{self.evidence()}")

    def redone(self):
        count = redone_tasks([self.worker_log(i) for i in range(NODES)], self.out)
        if count == 0:
            raise JobFailed(f"no lease was lost\n{self.evidence()}")
        return f"{count} leases lost"


def check_worker_killed(job):
    os.kill(job.wait_for_task(1), signal.SIGKILL)
    job.wait_text("worker-1 on n2 ended (exit code 137, crash 1 of 8): again", GONE_S)
    job.finish()
    return job.redone()


def check_coordinator_killed(job):
    stopped = job.wait_for_task(1)
    os.kill(job.coordinator(), signal.SIGKILL)
    os.kill(stopped, signal.SIGCONT)
    job.wait_text("coordinator on n1 ended (exit code 137, crash 1 of 8): again", GONE_S)
    job.finish()
    return ""


def check_client_killed(job):
    stopped = job.wait_for_task(1)
    os.kill(job.client(), signal.SIGKILL)
    os.kill(stopped, signal.SIGCONT)
    job.wait_text("tamis run ended with exit code 137, time 1 of 8: again", GONE_S)
    job.finish()
    return ""


def check_power_off(job):
    client = job.client()
    job.wait_for_task(2)
    os.kill(client, signal.SIGSTOP)
    job.slurm.power_off("n3")
    start = time.monotonic()
    job.wait_text("worker-2: node n3 is gone; going on without it", GONE_S)
    seconds = time.monotonic() - start
    os.kill(client, signal.SIGCONT)
    job.finish()
    return f"noticed by Slurm after {seconds:.0f} s, {job.redone()}"


def check_short_cut(job):
    stopped = job.wait_for_task(2)
    job.slurm.lab.cut("n3")
    os.kill(stopped, signal.SIGCONT)
    time.sleep(CUT_S)
    job.slurm.lab.join("n3")
    job.finish()
    return job.redone()


def check_long_cut(job):
    """The isolated worker lives on beside the rest; once joined again Slurm ends it."""
    client = job.client()
    isolated = job.wait_for_task(2)
    os.kill(client, signal.SIGSTOP)
    job.slurm.lab.cut("n3")
    os.kill(isolated, signal.SIGCONT)
    start = time.monotonic()
    job.wait_text("worker-2: node n3 is gone; going on without it", GONE_S)
    gone = time.monotonic()
    if not is_running(isolated):
        raise LabFailed("the isolated worker has ended by itself: nothing was shown")
    job.slurm.lab.join("n3")
    wait_until(lambda: not is_running(isolated), "the isolated worker's end", job.left())
    killed = time.monotonic()
    os.kill(client, signal.SIGCONT)
    job.finish()
    return (f"given up by Slurm after {gone - start:.0f} s, ended by it {killed - gone:.0f} s "
            f"later, done {time.monotonic() - killed:.0f} s later, {job.redone()}")


def check_first_node_off(job):
    """The batch script dies too: Slurm queues the job again, and it goes on from its ledger."""
    job.wait_for_task(1)
    job.slurm.power_off("n1")
    wait_until(lambda: job.slurm.job(job.number)["JobState"] == "PENDING",
               "a new place in the queue", job.left(), 0.5)
    job.slurm.power_on("n1")
    # Slurm waits two minutes before it starts such a job again: not here.
    job.slurm.command("scontrol", "update", f"JobId={job.number}", "StartTime=now")
    job.finish()
    if "start 1" not in job.text():
        raise JobFailed(f"the job was not started again\n{job.evidence()}")
    return job.redone()


def check_stopped(job):
    """As at the time limit; the same command with the same folder goes on."""
    stopped = job.wait_for_task(1)
    job.slurm.command("scancel", "--batch", "--signal=TERM", str(job.number))
    os.kill(stopped, signal.SIGCONT)
    job.finish(EXIT_STOPPED)
    job.wait_text(f"to go on: TAMIS_SLURM_FOLDER={job.folder} sbatch", 5)
    job.submit()
    job.finish()
    return ""


CASES = (("worker-killed", check_worker_killed),
         ("coordinator-killed", check_coordinator_killed), ("client-killed", check_client_killed),
         ("power-off", check_power_off), ("short-cut", check_short_cut),
         ("long-cut", check_long_cut), ("first-node-off", check_first_node_off),
         ("stopped", check_stopped))


def run_case(args, name, check, folder, inputs, whole):
    case = os.path.join(folder, name)
    os.makedirs(case)
    start = time.monotonic()
    with SlurmLab(os.path.join(case, "slurm"), NODES) as slurm:
        job = Job(args, slurm, case, [inputs])
        job.have_patience()
        job.submit()
        note = check(job)
        require_same_bytes(whole, job.out, name)
    return f"{time.monotonic() - start:.1f} s" + (f", {note}" if note else "")


def run_defaults(args, folder, inputs, whole):
    """The first run of the README: nothing is set but where the programs are."""
    case = os.path.join(folder, "defaults")
    os.makedirs(case)
    start = time.monotonic()
    with SlurmLab(os.path.join(case, "slurm"), NODES) as slurm:
        job = Job(args, slurm, case)
        job.environment = {"TAMIS_SLURM_BIN": job.environment["TAMIS_SLURM_BIN"]}
        job.arguments = ["--nodes=2", "--exclusive", "--mem=0",
                         os.path.join(args.deploy, "tamis.sbatch"), "-o", job.out, inputs]
        job.folder = os.path.join(case, "tamis-1")
        job.text_path = os.path.join(case, "tamis-1.out")
        job.submit()
        job.finish()
        require_same_bytes(whole, job.out, "defaults")
        left = sorted(os.listdir(job.folder))
        if "state" in left or "data" in left or "log" not in left:
            raise JobFailed(f"left in the job folder: {left}")
    return f"{time.monotonic() - start:.1f} s"


def run_refused(args, folder):
    """Usage errors of the client and of the workers end the job at once, each with its code."""
    case = os.path.join(folder, "refused")
    os.makedirs(case)
    start = time.monotonic()
    with SlurmLab(os.path.join(case, "slurm"), NODES) as slurm:
        job = Job(args, slurm, case, ["--threshold=7", "nothing"])
        job.submit()
        job.finish(EXIT_USAGE)
        job.wait_text("refused its options", 5)
        job.environment["TAMIS_SLURM_WORKER_OPTIONS"] = "--no-such-option"
        job.arguments[-2:] = [args.corpus]
        job.submit()
        job.finish(EXIT_GIVEN_UP)
        job.wait_text("worker-2 on n3: given up, exit code 2", 5)
        job.wait_text("no worker is left", 5)
    return f"{time.monotonic() - start:.1f} s"


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("tamis", "coordinator", "worker", "deploy", "corpus"):
        parser.add_argument(f"--{name}", required=True, type=os.path.abspath)
    parser.add_argument("--batches", type=int, default=2)
    parser.add_argument("--only", help="cases whose names contain this")
    parser.add_argument("--keep", help="folder to work in; it stays", type=os.path.abspath)
    return parser.parse_args(argv)


def cases(args, folder):
    inputs = make_inputs(args.corpus, os.path.join(folder, "in"), args.batches)
    whole = run_embedded(args.tamis, inputs, os.path.join(folder, "embedded"))
    found = [("defaults", partial(run_defaults, args, folder, inputs, whole))]
    for name, check in CASES:
        found.append((name, partial(run_case, args, name, check, folder, inputs, whole)))
    return found + [("refused", lambda: run_refused(args, folder))]


def main(argv):
    args = parse(argv)
    missing = missing_tools()
    if missing:
        print(f"missing: {', '.join(missing)}")
        return 1 if os.environ.get("CI") == "true" else SKIPPED
    # A runner's SIGTERM must not skip the clearing away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = args.keep or scratch_folder("tamis-slurm-")
    passed = failures = 0
    try:
        for name, run in cases(args, folder):
            if args.only and args.only not in name:
                continue
            try:
                print(f"ok   {name}: {run()}", flush=True)
                passed += 1
            except (JobFailed, LabFailed) as failed:
                failures += 1
                print(f"FAIL {name}: {failed}", flush=True)
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
