# SPDX-License-Identifier: Apache-2.0
"""The job that the labs run: the bundled corpus, cut so that several workers have work."""

import glob
import gzip
import json
import os
import re
import shutil
import subprocess
import tempfile

# A batch, the unit of SCAN, holds at most so many splits: so many small files make one each.
SPLITS_PER_BATCH = 1024
STABLE = ("documents", "attributes", "report.json", "manifest.json")
EMBEDDED_S = 120
MEMORY_FREE_BYTES = 1 << 30


class JobFailed(Exception):
    """The program under test did not do what it should."""


def scratch_folder(prefix):
    """In memory where there is room: what is tested is no disk, and the many fsyncs take long."""
    memory = "/dev/shm"
    has_room = os.path.isdir(memory) and shutil.disk_usage(memory).free > MEMORY_FREE_BYTES
    return tempfile.mkdtemp(prefix=prefix, dir=memory if has_room else None)


def make_inputs(corpus, folder, batches):
    """The bundled shards twice, and documents of one of them as files of their own."""
    os.makedirs(folder)
    shards = sorted(glob.glob(os.path.join(corpus, "shard-*")))
    if not shards:
        raise JobFailed(f"{corpus}: no shards")
    for copy in ("a", "b"):
        for path in shards:
            shutil.copy(path, os.path.join(folder, f"{copy}-{os.path.basename(path)}"))
    plain = next(path for path in shards if path.endswith((".jsonl", ".jsonl.gz")))
    with (gzip.open if plain.endswith(".gz") else open)(plain, "rb") as file:
        lines = file.read().splitlines()
    small = os.path.join(folder, "small")
    os.makedirs(small)
    for i in range(batches * SPLITS_PER_BATCH):
        with open(os.path.join(small, f"{i:05d}.jsonl"), "wb") as file:
            file.write(lines[i % len(lines)] + b"\n")
    return folder


def make_keys(tamis, folder):
    """A key for each role, under its name."""
    for role in ("coordinator", "worker", "client"):
        subprocess.run([tamis, "keys", "new", "--keys", folder, "--role", role, role],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=10, check=True)
    return folder


def run_embedded(tamis, inputs, out):
    done = subprocess.run([tamis, "run", "--quiet", "-o", out, inputs], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=EMBEDDED_S, check=False)
    if done.returncode not in (0, 3):
        raise JobFailed(f"embedded run: exit code {done.returncode}\n{done.stderr}")
    return out


def _files(out):
    found = {}
    for name in STABLE:
        path = os.path.join(out, name)
        if os.path.isdir(path):
            for folder, _, names in os.walk(path):
                for file in names:
                    whole = os.path.join(folder, file)
                    found[os.path.relpath(whole, out)] = whole
        elif os.path.exists(path):
            found[name] = path
    return found


def require_same_bytes(expected, out, what):
    a, b = _files(expected), _files(out)
    if "manifest.json" not in a:
        raise JobFailed(f"{what}: the embedded run left no manifest")
    for name in sorted(set(a) | set(b)):
        if name not in a or name not in b:
            raise JobFailed(f"{what}: {name} is in one of the results only")
        with open(a[name], "rb") as first, open(b[name], "rb") as second:
            if first.read() != second.read():
                raise JobFailed(f"{what}: {name} differs")


STARTED = re.compile(r" task\.started .*stage=(\d+) task=(\d+) fence=(\w+)")


def started_tasks(log):
    """[(stage, task, fence)] of a worker's log at level debug."""
    if not os.path.exists(log):
        return []
    with open(log, encoding="utf-8", errors="replace") as file:
        return [match.groups() for match in map(STARTED.search, file) if match]


def redone_tasks(logs, out):
    """How many leases were lost: by the coordinator's count, which forgets what a crash of its own
    cost, or by the tasks that were started under more than one fence, which leaves out those that
    were given to the lost worker but not begun."""
    fences = {}
    for log in logs:
        for stage, task, fence in started_tasks(log):
            fences.setdefault((stage, task), set()).add(fence)
    with open(os.path.join(out, "timing.json"), encoding="utf-8") as file:
        counted = json.load(file)["tasks_lost"]
    return max(counted, sum(1 for found in fences.values() if len(found) > 1))


def log_tails(folder, size=1500):
    out = []
    for path in sorted(glob.glob(os.path.join(folder, "*.log"))):
        with open(path, "rb") as file:
            out.append(f"--- {os.path.basename(path)}\n"
                       + file.read()[-size:].decode("utf-8", "replace"))
    return "\n".join(out)
