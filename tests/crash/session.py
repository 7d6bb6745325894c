# SPDX-License-Identifier: Apache-2.0
"""What the crash tests with clusters share: corpus, undisturbed run, arguments, report."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))

from tamis_cli import CheckFailed, Tamis, require_codes  # noqa: E402
from make_corpus import write_corpus  # noqa: E402
from bulk import SPLIT_OPTION, write_bulk  # noqa: E402
from cluster import GOOD, Client  # noqa: E402

MEMORY = "/dev/shm"
MEMORY_FREE_BYTES = 1 << 30
SKIPPED = 77


class Skipped(Exception):
    """The machine lacks what a check needs; the text says what."""


def scratch_folder(prefix):
    """In memory where there is room: what is tested is no disk, and the many fsyncs take long."""
    has_room = os.path.isdir(MEMORY) and shutil.disk_usage(MEMORY).free > MEMORY_FREE_BYTES
    return tempfile.mkdtemp(prefix=prefix, dir=MEMORY if has_room else None)


class Session:
    """A corpus of several batches and what an undisturbed run makes of it."""

    def __init__(self, args, folder):
        self.args = args
        self.folder = folder
        self.tamis = Tamis(args.tamis)
        self.options = {"levels": "url,exact,near", **SPLIT_OPTION}
        self.corpus = os.path.join(folder, "corpus")
        self.paths = self.make_inputs()
        self.whole = os.path.join(folder, "undisturbed")
        require_codes(self.tamis.run(self.whole, self.paths, self.options), GOOD, "plain run")

    def make_inputs(self):
        """A seeded corpus of all formats, and enough more for several batches."""
        paths = write_corpus(self.corpus, self.args.seed, self.args.documents)
        if self.args.batches:
            paths.append(os.path.join(self.corpus, "bulk.jsonl"))
            write_bulk(paths[-1], paths[0], self.args.batches, self.args.seed)
        return paths

    def path(self, name):
        return os.path.join(self.folder, name)

    def submit(self, cluster, out, environment=None):
        return Client(self.tamis, cluster, out, self.paths, self.options, environment)


def parser_of(description, batches=4, documents=400, programs=("tamis", "coordinator", "worker")):
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    for name in programs:
        parser.add_argument(f"--{name}", required=True, type=os.path.abspath)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--documents", type=int, default=documents)
    parser.add_argument("--batches", type=int, default=batches, help="of 4 MiB each")
    parser.add_argument("--only", help="checks whose names contain this")
    parser.add_argument("--keep", help="folder to work in; it stays", type=os.path.abspath)
    return parser


def run_checks(args, prefix, make_session):
    """Runs session.checks(), a list of (name, function), in a folder of their own. The exit code:
    1 when one failed; 77 when the machine lacks something, but 1 where CI=true."""
    # A runner's SIGTERM must not skip the clearing away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = args.keep or scratch_folder(prefix)
    passed = failures = skipped = 0
    try:
        os.makedirs(folder, exist_ok=True)
        for name, check in make_session(args, folder).checks():
            if args.only and args.only not in name:
                continue
            try:
                note = check()
                passed += 1
                print(f"ok   {name}" + (f": {note}" if note else ""), flush=True)
            except Skipped as reason:
                skipped += 1
                print(f"skip {name}: {reason}", flush=True)
            except CheckFailed as failed:
                failures += 1
                print(f"FAIL {name}\n{failed}", flush=True)
    except Skipped as reason:
        skipped += 1
        print(f"skip: {reason}", flush=True)
    except Exception:  # the folder must go in every case
        failures += 1
        print(f"FAIL\n{traceback.format_exc()}", flush=True)
    finally:
        if not args.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"seed {args.seed}: {passed} passed, {failures} failed, {skipped} skipped")
    if failures or (skipped and os.environ.get("CI") == "true"):
        return 1
    if skipped:
        return SKIPPED
    return 0 if passed else 1
