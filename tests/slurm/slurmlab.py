# SPDX-License-Identifier: Apache-2.0
"""A Slurm cluster on one machine: each slurmd in a network and a PID namespace of its own.

munged, slurmctld and slurmd run in the foreground, with their own key, socket and folders in a
scratch folder; nothing of the system's Slurm is touched. Powering a node off is killing the init
of its PID namespace; cutting it off is what netlab does to any host.
"""

import os
import re
import shutil
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TESTS, "netns"))

from netlab import Lab, LabFailed, missing_tools as missing_netlab_tools, wait_until  # noqa: E402

NODE_CPUS = 2
NODE_MIB = 2000
READY_S = 30

# SlurmdTimeout, TCPTimeout, MessageTimeout: a dead node is noticed after about 15 s.
# config_overrides lets a small machine pose as several nodes.
CONFIG = """\
ClusterName=tamislab
SlurmctldHost={host}({controller})
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd-%n.log
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1
ReturnToService=2
SlurmdTimeout=6
TCPTimeout=2
MessageTimeout=4
KillWait=3
JobRequeue=1
DebugFlags=NO_CONF_HASH
"""


def missing_tools():
    found = missing_netlab_tools()
    # munged and slurmd lie in /usr/sbin, which a user's PATH may lack.
    path = os.environ.get("PATH", "") + ":/usr/sbin"
    for name in ("slurmctld", "slurmd", "sbatch", "scontrol", "munged"):
        if shutil.which(name, path=path) is None:
            found.append(f"the command {name}")
    return found


class SlurmLab:
    """Nodes n1 .. nN; n1 is the one where batch scripts run first."""

    def __init__(self, folder, node_count):
        self.folder = folder
        self.nodes = [f"n{i + 1}" for i in range(node_count)]
        self.lab = Lab(self.nodes)
        self.slurmds = {}
        self.config = os.path.join(folder, "slurm.conf")

    def __enter__(self):
        self.lab.__enter__()
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        # In order, so that nobody writes that a node went missing.
        for node in self.nodes:
            self.power_off(node)
        self.lab.close()

    def _start(self):
        for name in ("log", "state", *(f"spool/{node}" for node in self.nodes)):
            os.makedirs(os.path.join(self.folder, name))
        with open(self.config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(host=os.uname().nodename.split(".")[0], folder=self.folder,
                                     controller=self.lab.address("hub")))
            for node in self.nodes:
                file.write(f"NodeName={node} NodeHostname={os.uname().nodename.split('.')[0]}"
                           f" NodeAddr={self.lab.address(node)} CPUs={NODE_CPUS}"
                           f" RealMemory={NODE_MIB}\n")
            file.write(f"PartitionName=main Nodes={','.join(self.nodes)} Default=YES"
                       " MaxTime=INFINITE State=UP\n")
        self._start_munge()
        self._daemon("hub", "slurmctld", ["slurmctld", "-D", "-c", "-f", self.config])
        for node in self.nodes:
            self.power_on(node)
        wait_until(lambda: self.states() == {node: "idle" for node in self.nodes},
                   "all nodes idle", READY_S, 0.2)

    def _start_munge(self):
        key = os.path.join(self.folder, "munge.key")
        with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o400), "wb") as file:
            file.write(os.urandom(128))
        socket = os.path.join(self.folder, "munge.socket")
        self._daemon("hub", "munged", [
            "munged", "--foreground", "--force", f"--key-file={key}", f"--socket={socket}",
            f"--pid-file={self.folder}/munged.pid", f"--seed-file={self.folder}/munge.seed",
            f"--log-file={self.folder}/log/munged.log"])
        wait_until(lambda: os.path.exists(socket), "munged", READY_S)

    def _daemon(self, host, name, arguments):
        environment = {**os.environ, "SLURM_CONF": self.config,
                       "PATH": os.environ.get("PATH", "") + ":/usr/sbin"}
        with open(os.path.join(self.folder, "log", f"{name}.out"), "ab") as log:
            return self.lab.start(host, arguments, stdout=log, stderr=log, env=environment,
                                  cwd=self.folder)

    # ---- Nodes ----

    def power_on(self, node):
        self.slurmds[node] = self._daemon(node, f"slurmd-{node}", [
            "unshare", "--pid", "--fork", "--kill-child", "--mount-proc",
            "slurmd", "-D", "-f", self.config, "-N", node])

    def power_off(self, node):
        """Kills the init of the node's PID namespace, and so everything on the node at once."""
        process = self.slurmds.pop(node, None)
        if process is None:
            return
        for pid in self.children(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.kill()
        process.wait()

    @staticmethod
    def children(pid):
        try:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                return [int(word) for word in file.read().split()]
        except FileNotFoundError:
            return []

    def states(self):
        """{node: state}; empty as long as nobody answers."""
        try:
            text = self.command("sinfo", "--noheader", "--Node", "--format=%N %t")
        except LabFailed:
            return {}
        return dict(line.split() for line in text.splitlines())

    # ---- Commands ----

    def command(self, name, *arguments, environment=None, cwd=None):
        done = subprocess.run(
            self.lab.entered("hub", [name, *arguments]), stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=30, check=False, cwd=cwd or self.folder,
            env={**os.environ, "SLURM_CONF": self.config, **(environment or {})})
        if done.returncode != 0:
            raise LabFailed(f"{name}: {done.stderr.strip() or done.returncode}")
        return done.stdout

    def submit(self, arguments, environment, cwd):
        text = self.command("sbatch", "--parsable", *arguments, environment=environment, cwd=cwd)
        return int(text.split(";")[0])

    def job(self, number):
        """The fields of `scontrol show job`."""
        text = self.command("scontrol", "show", "job", str(number))
        return dict(re.findall(r"(\w+)=(\S*)", text))


def processes_with(text):
    """Pids of processes that have `text` in their command line, of any PID namespace."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                if name.isdigit() and text.encode() in file.read():
                    found.append(int(name))
        except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
            continue
    return found
