# SPDX-License-Identifier: Apache-2.0
"""Hosts that are network namespaces of this machine, on one bridge or one slow switch.

Needs root, iproute2 and nftables. Nothing is left behind: leaving the block ends the processes that
were started through the lab and removes its namespaces; what a killed driver left is swept at the
next start, known by the pid in the names. Device names exist only inside the namespaces.
"""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import time

PREFIX = "tamislab"
NETWORK = "10.77.0"
NAMESPACES = "/run/netns"
COMMAND_S = 20
PR_SET_PDEATHSIG = 1
ENDED_S = 10

_libc = ctypes.CDLL(None, use_errno=True)


class LabFailed(Exception):
    """The lab itself does not work; says nothing about the program under test."""


def missing_tools():
    """What keeps a lab from being set up, as a list of texts."""
    found = [f"the command {name}" for name in ("ip", "nft", "nsenter", "unshare")
             if shutil.which(name) is None]
    if os.geteuid() != 0:
        found.append("root")
    elif not found and subprocess.run(("unshare", "--net", "--mount", "true"), check=False,
                                      stderr=subprocess.DEVNULL).returncode != 0:
        found.append("the right to make network namespaces")
    return found


def run(*arguments):
    """A short command; its standard output."""
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=COMMAND_S, check=False)
    if done.returncode != 0:
        raise LabFailed(f"{' '.join(arguments)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def _die_with_driver():
    """In a child: when this driver is killed, the child is too."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def wait_until(condition, what, deadline_s, step_s=0.02):
    """The first true value of condition()."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise LabFailed(f"{what}: not within {deadline_s} s")
        time.sleep(step_s)


def _remove_namespace(name):
    try:
        for pid in run("ip", "netns", "pids", name).split():
            os.kill(int(pid), signal.SIGKILL)
    except (LabFailed, ProcessLookupError):
        pass  # removing it is tried in any case
    subprocess.run(["ip", "netns", "delete", name], capture_output=True, timeout=COMMAND_S,
                   check=False)


def sweep():
    """Removes namespaces of drivers that do not live any more."""
    for name in os.listdir(NAMESPACES) if os.path.isdir(NAMESPACES) else []:
        match = re.fullmatch(PREFIX + r"(\d+)-.*", name)
        if match and not os.path.exists(f"/proc/{match.group(1)}"):
            _remove_namespace(name)


class Lab:
    """hosts: their names. With a switch program (delay_switch) cables have a delay."""

    def __init__(self, hosts, switch=None, delay_ms=0):
        self.hosts = list(hosts)
        self.switch_program = switch
        self.delay_ms = delay_ms
        self.switch = None
        self.processes = []

    # ---- Setting up and clearing away ----

    def namespace(self, host):
        return f"{PREFIX}{os.getpid()}-{host}"

    def address(self, host):
        return f"{NETWORK}.{254 if host == 'hub' else self.hosts.index(host) + 1}"

    def __enter__(self):
        sweep()
        try:
            for host in ["hub"] + self.hosts:
                run("ip", "netns", "add", self.namespace(host))
                run("ip", "-n", self.namespace(host), "link", "set", "lo", "up")
            if self.switch_program is None:
                self._connect_bridge()
            else:
                self._connect_switch()
        except BaseException:
            self.close()
            raise
        return self

    def _set_address(self, host, device):
        run("ip", "-n", self.namespace(host), "address", "add", self.address(host) + "/24",
            "dev", device)
        run("ip", "-n", self.namespace(host), "link", "set", device, "up")

    def _connect_bridge(self):
        hub = self.namespace("hub")
        run("ip", "-n", hub, "link", "add", "bridge0", "type", "bridge")
        self._set_address("hub", "bridge0")
        for host in self.hosts:
            run("ip", "link", "add", "eth0", "netns", self.namespace(host), "type", "veth",
                "peer", "name", f"to-{host}", "netns", hub)
            run("ip", "-n", hub, "link", "set", f"to-{host}", "master", "bridge0", "up")
            self._set_address(host, "eth0")

    def _connect_switch(self):
        paths = [f"{NAMESPACES}/{self.namespace(host)}" for host in self.hosts]
        self.switch = subprocess.Popen(
            [self.switch_program, str(self.delay_ms), *paths], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, preexec_fn=_die_with_driver)
        if self.switch.stdout.readline() != "ready\n":
            raise LabFailed("the switch did not start")
        for host in self.hosts:
            self._set_address(host, "eth0")

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
        for process in self.processes:
            try:
                process.wait(timeout=ENDED_S)
            except subprocess.TimeoutExpired:
                pass  # what is in its namespace is killed below
        if self.switch is not None:
            self.switch.stdin.close()  # it ends by itself
            try:
                self.switch.wait(timeout=ENDED_S)
            except subprocess.TimeoutExpired:
                self.switch.kill()
                self.switch.wait()
            self.switch.stdout.close()
        for host in ["hub"] + self.hosts:
            _remove_namespace(self.namespace(host))

    def __exit__(self, *_):
        self.close()

    # ---- Processes ----

    def entered(self, host, arguments):
        """nsenter, not `ip netns exec`: the latter mounts a /sys without cgroups."""
        return ["nsenter", f"--net={NAMESPACES}/{self.namespace(host)}", *arguments]

    def start(self, host, arguments, **more):
        process = subprocess.Popen(self.entered(host, arguments), stdin=subprocess.DEVNULL,
                                   preexec_fn=_die_with_driver, **more)
        self.processes.append(process)
        return process

    def call(self, host, arguments):
        return run(*self.entered(host, arguments))

    # ---- Faults ----

    def cut(self, host):
        self._cable(host, False)

    def join(self, host):
        self._cable(host, True)

    def _cable(self, host, is_up):
        if self.switch is None:
            run("ip", "-n", self.namespace("hub"), "link", "set", f"to-{host}",
                "up" if is_up else "down")
            return
        print("up" if is_up else "down", self.hosts.index(host), file=self.switch.stdin, flush=True)
        if self.switch.stdout.readline() != "done\n":
            raise LabFailed("the switch does not obey")

    def _filter(self, host, hook, rule):
        device = "iif" if hook == "input" else "oif"
        self.call(host, ["nft", f"table inet lab {{ chain {hook} {{ type filter hook {hook}"
                         f" priority 0; {device} lo accept; {rule}; }}; }}"])

    def lose(self, host, percent):
        """Of what comes in; with it on every host each direction loses that much."""
        self._filter(host, "input", f"numgen random mod 100 < {percent} drop")

    def deafen(self, host):
        """One-way partition: the host is heard and hears nothing."""
        self._filter(host, "input", "drop")

    def mute(self, host):
        """The other way: it hears and is not heard."""
        self._filter(host, "output", "drop")

    def clear(self, host):
        self.call(host, ["nft", "flush", "ruleset"])
