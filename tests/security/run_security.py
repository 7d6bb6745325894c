# SPDX-License-Identifier: Apache-2.0
"""Who has no business in a cluster gets nowhere, and takes nothing from those who have.

    python3 run_security.py --tamis T --coordinator C --worker W [--only NAME] [--keep DIR]

Keys: unknown, revoked (also in mid-run), for another server, of another role, open to others,
missing. Floods while a job runs: connections without a handshake, garbage, long commands; then,
without keys, from peers past their handshake: malformed, deeply nested and oversized frames,
thousands of greetings, answers that nobody reads. The job leaves the same bytes, and the memory of
the coordinator stays within a bound. All traffic is on loopback.
"""

import os
import re
import resource
import shutil
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "crash"))
sys.path.insert(0, HERE)

from session import Session, Skipped, parser_of, run_checks  # noqa: E402
from tamis_cli import EXIT_FAILED, EXIT_USAGE, require, require_codes  # noqa: E402
from cluster import Cluster, wait_until  # noqa: E402
import zmtp  # noqa: E402

REFUSAL_S = 25
FLOOD_CONNECTIONS = 1000
HALF_SENT = 64 << 10
GREEDY_CONNECTIONS = 150
GREEDY_BYTES = 8 << 20
# The 256 MiB that strangers may hold together, what comes between two looks, and the job.
GREEDY_GROWTH_MAX = 640 << 20
HELLOS = 3000
SLOW_PEERS = 20
FRAME_MAX = 16 << 20
HEAVY_PEERS = 2
HEAVY_FRAMES = 40
HEAVY_BYTES = 8 << 20
SLOW_QUESTIONS = 5000
# What floods may cost: libzmq keeps up to 25 kB for each connection; and the jobs.
GROWTH_MAX = 256 << 20
FILES_MIN = 2 * (5 * FLOOD_CONNECTIONS)


def memory_of(pid, name="VmRSS"):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(rf"^{name}:\s+(\d+) kB", file.read(), re.M).group(1)) << 10


def allow_files():
    """So many connections need as many files."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most != resource.RLIM_INFINITY and most < FILES_MIN:
        raise Skipped(f"a process may have {most} files only")


class Checks(Session):
    # ---- Keys ----

    def make_keys(self, folder, *roles):
        for role in ("coordinator", *roles):
            name = role.split(":")[0]
            result = self.tamis.call("keys", "new", "--keys", folder, "--role",
                                     role.split(":")[-1], name)
            require_codes(result, [0], "tamis keys new")
        return folder

    def cluster(self, name, workers, roles=("worker", "client"), **options):
        """A cluster with keys, and the folder that has them."""
        keys = self.make_keys(self.path(name + "-keys"), *roles)
        return Cluster(self.args, self.path(name), workers, ["--keys", keys],
                       ["--keys", keys], **options), keys

    def refused(self, cluster, options, code, words, out="refused-out"):
        """A client with these options ends by itself with words that say why."""
        began = time.monotonic()
        result = self.tamis.run(self.path(out), self.paths[:1],
                                {"coordinator": cluster.url, **options}, timeout=REFUSAL_S)
        require(result.code == code and words in result.stderr,
                f"{options}: exit code {result.code} after {time.monotonic() - began:.1f} s\n"
                f"{result.stderr}")
        return result

    def keys(self):
        cluster, keys = self.cluster("keys", 1, ("worker", "client", "other:client"))
        strange = self.make_keys(self.path("strange-keys"), "client")
        unknown = self.path("unknown.key")
        shutil.copy2(os.path.join(keys, "other.key"), unknown)
        require_codes(self.tamis.call("keys", "revoke", "--keys", keys, "other"), [0], "revoke")
        with cluster:
            self.submit_with(cluster, keys, "keys-out").finish(self.whole, "with keys")
            self.refused(cluster, {"key-file": unknown}, EXIT_FAILED, "refuses the key 'other'")
            self.refused(cluster, {"keys": strange}, EXIT_FAILED, "another key")
            self.refused(cluster, {}, EXIT_FAILED, "asks for a key")
            self.roles(cluster, keys)
            self.rights(cluster, keys)
            self.no_secrets(cluster, keys)
        require(cluster.log_has("coordinator", "peers.refused"), "refusals are not in the log")

    def roles(self, cluster, keys):
        """The role in a key file is the holder's word; what counts is the coordinator's list."""
        self.refused(cluster, {"keys": keys, "key": "worker"}, EXIT_FAILED, "a client's is needed")
        forged = self.path("forged.key")
        with open(os.path.join(keys, "worker.key"), encoding="ascii") as file:
            text = file.read().replace("role: worker", "role: client")
        with open(os.open(forged, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(text)
        self.refused(cluster, {"key-file": forged}, EXIT_FAILED, "not a client's")

    def rights(self, cluster, keys):
        path = os.path.join(keys, "client.key")
        os.chmod(path, 0o640)
        self.refused(cluster, {"keys": keys}, EXIT_FAILED, "chmod 600")
        os.chmod(path, 0o600)
        for program in (self.args.coordinator, self.args.worker):
            role = os.path.basename(program).split("-")[-1]
            os.chmod(os.path.join(keys, f"{role}.key"), 0o604)
            done = subprocess.run(
                [program, *(["--state", self.path("s")] if role == "coordinator" else
                            ["--coordinator", cluster.url, "--data", self.path("d")]),
                 "--keys", keys], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                timeout=REFUSAL_S, check=False)
            require(done.returncode == EXIT_FAILED and "chmod 600" in done.stderr, done.stderr)
            os.chmod(os.path.join(keys, f"{role}.key"), 0o600)

    @staticmethod
    def no_secrets(cluster, keys):
        """Not in logs, arguments nor environments."""
        secrets = []
        for name in os.listdir(keys):
            if name.endswith(".key"):
                with open(os.path.join(keys, name), encoding="ascii") as file:
                    secrets.append(re.search(r"^secret: (.*)$", file.read(), re.M).group(1))
        require(len(secrets) == 3, "the key files have no secrets")
        places = [os.path.join(cluster.folder, name) for name in os.listdir(cluster.folder)
                  if name.endswith(".log")]
        for process in (cluster.coordinator, *cluster.workers):
            places += [f"/proc/{process.pid}/{name}" for name in ("cmdline", "environ")]
        for place in places:
            with open(place, "rb") as file:
                text = file.read()
            require(not any(secret.encode() in text for secret in secrets), f"{place}: a secret")

    def no_keys_off_loopback(self):
        for program, options in (
                (self.args.coordinator, ["--state", self.path("s2"), "--listen", "tcp://*:*"]),
                (self.args.worker, ["--data", self.path("d2"), "-c", "tcp://192.0.2.1:7600"])):
            done = subprocess.run([program, *options], stdin=subprocess.DEVNULL, timeout=REFUSAL_S,
                                  capture_output=True, text=True, check=False)
            require(done.returncode == EXIT_USAGE and "--insecure" in done.stderr,
                    f"{program}: exit code {done.returncode}\n{done.stderr}")
        result = self.tamis.run(self.path("off-out"), self.paths[:1],
                                {"coordinator": "tcp://192.0.2.1:7600"}, timeout=REFUSAL_S)
        require(result.code == EXIT_USAGE and "--insecure" in result.stderr, result.summary())

    def submit_with(self, cluster, keys, out):
        self.options["keys"] = keys
        try:
            return self.submit(cluster, self.path(out))
        finally:
            del self.options["keys"]

    def revoked_worker(self):
        """In mid-run: it is turned away, the other one does the rest."""
        cluster, keys = self.cluster("revoked", 0, ("worker", "client", "w2:worker"))
        with cluster:
            cluster.start_worker(options=["--key", "w2"])
            client = self.submit_with(cluster, keys, "revoked-out")
            wait_until(lambda: cluster.is_busy(0) or not client.is_running(), "a first task")
            require(client.is_running(), "the run ended before a key was revoked")
            cluster.start_worker()
            require_codes(self.tamis.call("keys", "revoke", "--keys", keys, "w2"), [0], "revoke")
            code = cluster.workers[0].wait(timeout=REFUSAL_S)
            require(code == EXIT_FAILED and cluster.log_has("worker0", "list any more"),
                    f"exit code {code}\n{cluster.end_of_logs()}")
            client.finish(self.whole, "worker revoked in mid-run")

    def revoked_client(self):
        cluster, keys = self.cluster("revoked2", 0)
        with cluster:
            client = self.submit_with(cluster, keys, "revoked2-out")
            wait_until(lambda: "revoked2-out" in self.tamis.call(
                "jobs", "--coordinator", cluster.url, "--keys", keys).stdout, "the job", REFUSAL_S)
            require_codes(self.tamis.call("keys", "revoke", "--keys", keys, "client"), [0],
                          "revoke")
            code, text = client.wait("revoked client", REFUSAL_S)
            require(code == EXIT_FAILED and "list any more" in text, f"exit code {code}\n{text}")

    # ---- Floods ----

    @staticmethod
    def flood(port, first_bytes, held, count=FLOOD_CONNECTIONS):
        """Connections that send this and then nothing."""
        for _ in range(count):
            try:
                one = zmtp.connect(port)
                one.sendall(first_bytes)
                held.append(one)
            except OSError:  # hung up on, or too many: both are fine
                continue

    @staticmethod
    def close_all(held):
        for one in held:
            one.close()
        held.clear()

    def strangers(self):
        """Connections that do not get past the handshake, while a job runs."""
        kinds = {"silence": b"", "garbage": os.urandom(500),
                 "half a greeting": zmtp.GREETING,
                 "no keys": zmtp.greeting(b"NULL") + zmtp.ready(b"x"),
                 "long commands": zmtp.greeting(b"CURVE")
                 + zmtp.frame(bytes(8 << 20), zmtp.COMMAND)[:HALF_SENT]}
        allow_files()
        cluster, keys = self.cluster("strangers", 2)
        with cluster:
            pid = cluster.coordinator.pid
            port = int(cluster.url.rsplit(":", 1)[1])
            wait_until(lambda: cluster.log_has("coordinator", "worker.joined"), "workers")
            before = memory_of(pid)
            held = []
            client = self.submit_with(cluster, keys, "strangers-out")
            for data in kinds.values():
                self.flood(port, data, held)
                self.close_all(held)
            client.finish(self.whole, "a flood of strangers")
            for data in kinds.values():  # and again, half of them held while a job begins and ends
                self.flood(port, data, held)
            self.submit_with(cluster, keys, "strangers-out2").finish(self.whole, "held strangers")
            self.close_all(held)
            grown = memory_of(pid, "VmHWM") - before
            require(grown < GROWTH_MAX, f"the coordinator grew by {grown >> 20} MiB")
            require(cluster.log_has("coordinator", "strangers.hung_up"), "nobody was hung up on")
        return (f"{2 * len(kinds) * FLOOD_CONNECTIONS} connections, "
                f"the coordinator grew by {grown >> 20} MiB at most")

    def greedy(self):
        """Strangers that send most of a command as long as a frame may be, and hold on."""
        data = (zmtp.greeting(b"CURVE")
                + zmtp.frame(bytes(GREEDY_BYTES), zmtp.COMMAND)[:GREEDY_BYTES - 1000])
        cluster, keys = self.cluster("greedy", 2)
        with cluster:
            pid = cluster.coordinator.pid
            port = int(cluster.url.rsplit(":", 1)[1])
            wait_until(lambda: cluster.log_has("coordinator", "worker.joined"), "workers")
            before = memory_of(pid)
            held = []
            client = self.submit_with(cluster, keys, "greedy-out")
            self.flood(port, data, held, GREEDY_CONNECTIONS)
            client.finish(self.whole, "greedy strangers")
            self.close_all(held)
            grown = memory_of(pid, "VmHWM") - before
            require(grown < GREEDY_GROWTH_MAX, f"the coordinator grew by {grown >> 20} MiB")
        return (f"{GREEDY_CONNECTIONS * GREEDY_BYTES >> 20} MiB sent, "
                f"the coordinator grew by {grown >> 20} MiB at most")

    # ---- Peers past their handshake; without keys, so that anybody can be one ----

    def malformed(self, port, stop):
        """Frames that are no messages, or too large for one."""
        frames = [os.urandom(1000), b"", b"\xff" * 5000,
                  zmtp.envelope(zmtp.HELLO, b"\x0b" * 900_000),  # groups within groups
                  self.nested(20_000), zmtp.envelope(zmtp.HELLO, b"", job=b"../../etc/passwd"),
                  zmtp.envelope(zmtp.STATUS_REQUEST, b"", job=b"0" * 16), bytes((1 << 20) + 1)]
        i = 0
        while not stop.is_set():
            peer = zmtp.Peer(port, b"bad-%d" % (i % 50))
            try:
                for one in frames:
                    peer.send(one)
                    peer.send(one, os.urandom(1000))
            except OSError:
                pass
            peer.close()
            i += 1
        return i

    @staticmethod
    def nested(depth):
        body = b""
        for _ in range(depth):
            body = zmtp.data(31, body)
            if len(body) > 900_000:
                break
        return body

    def oversized(self, port):
        """What claims more than a frame may have is hung up on."""
        for size in (FRAME_MAX + 1, 1 << 62):
            peer = zmtp.Peer(port, b"huge")
            peer.send_raw(bytes([zmtp.LONG]) + size.to_bytes(8, "big"))
            require(peer.is_closed(), f"a frame of {size} bytes is waited for")
            peer.close()
        peer = zmtp.Peer(port, b"i" * 255)
        peer.send(zmtp.hello())
        peer.close()

    @staticmethod
    def hellos(port):
        peers = []
        for i in range(HELLOS):
            try:
                peer = zmtp.Peer(port, b"h-%d" % i)
                peer.send(zmtp.hello())
                peers.append(peer.socket)
            except OSError:
                continue
        return peers

    @staticmethod
    def slow_readers(port):
        """Each asks and asks, and reads no answer."""
        peers = []
        for i in range(SLOW_PEERS):
            peer = zmtp.Peer(port, b"slow-%d" % i)
            peer.socket.settimeout(1)
            try:
                for _ in range(SLOW_QUESTIONS):
                    peer.send(zmtp.hello(b"b" * 2000))
            except OSError:  # nobody takes its words any more: what it is for
                pass
            peers.append(peer.socket)
        return peers

    @staticmethod
    def heavy(port):
        """Large frames behind words that mean nothing."""
        bulk = bytes(HEAVY_BYTES)
        for i in range(HEAVY_PEERS):
            peer = zmtp.Peer(port, b"heavy-%d" % i)
            for _ in range(HEAVY_FRAMES):
                peer.send(b"?", bulk)
            peer.close()

    def peers(self):
        allow_files()
        with Cluster(self.args, self.path("peers"), 2) as cluster:
            pid = cluster.coordinator.pid
            port = int(cluster.url.rsplit(":", 1)[1])
            wait_until(lambda: cluster.log_has("coordinator", "worker.joined"), "workers")
            before = memory_of(pid)
            stop = threading.Event()
            thread = threading.Thread(target=self.malformed, args=(port, stop))
            client = self.submit(cluster, self.path("peers-out"))
            thread.start()
            try:
                self.oversized(port)
                self.heavy(port)
                held = self.hellos(port) + self.slow_readers(port)
            finally:
                stop.set()
                thread.join()
            client.finish(self.whole, "malformed frames, greetings, slow readers")
            self.submit(cluster, self.path("peers-out2")).finish(self.whole, "after all of that")
            self.close_all(held)
            grown = memory_of(pid, "VmHWM") - before
            require(grown < GROWTH_MAX, f"the coordinator grew by {grown >> 20} MiB")
        return f"the coordinator grew by {grown >> 20} MiB at most"

    def checks(self):
        return [("keys", self.keys), ("no keys off loopback", self.no_keys_off_loopback),
                ("revoked worker", self.revoked_worker), ("revoked client", self.revoked_client),
                ("strangers", self.strangers), ("greedy", self.greedy),
                ("peers", self.peers)]


if __name__ == "__main__":
    sys.exit(run_checks(parser_of(__doc__).parse_args(), "tamis-security-", Checks))
