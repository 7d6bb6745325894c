# SPDX-License-Identifier: Apache-2.0
"""End to end: `tamis run` against the reference, record by record, for many settings and inputs.

    python3 run_e2e.py --tamis build/release/cli/tamis [--seeds 1,2] [--only NAME] [--keep DIR]

Every check has a name; a failing one prints what differed and, with --keep, leaves its folder.
Corpora come from seeds that are printed, so that a failure can be made again.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback

from tamis_cli import CheckFailed, Tamis
import checks
from make_corpus import write_corpus

SEEDS = "1,2"
DOCUMENTS = 500


class Session:
    def __init__(self, args, root):
        self.tamis = Tamis(args.tamis)
        self.root = root
        self.args = args
        self.failures = []
        self.passed = 0

    def one(self, name, check, corpus):
        if self.args.only and self.args.only not in name:
            return
        folder = os.path.join(self.root, name.replace("/", "-").replace(" ", "-"))
        os.makedirs(folder)
        begin = time.monotonic()
        try:
            check(checks.Context(self.tamis, folder, corpus))
            self.passed += 1
            print(f"ok   {name} ({time.monotonic() - begin:.1f} s)", flush=True)
        except CheckFailed as failed:
            self.failures.append(name)
            print(f"FAIL {name}\n{failed}", flush=True)
        except Exception:  # a crash of one check must not hide the others
            self.failures.append(name)
            print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)
        if not self.args.keep:
            shutil.rmtree(folder)

    def corpus(self, seed):
        folder = os.path.join(self.root, f"corpus-{seed}")
        paths = write_corpus(folder, seed, self.args.documents)
        return checks.Corpora(folder, paths, seed)


def parse_args(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tamis", required=True, help="the program under test")
    parser.add_argument("--seeds", default=SEEDS)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--only", help="checks whose name contains this")
    parser.add_argument("--keep", help="folder to work in; it stays")
    parser.add_argument("--list", action="store_true", help="print the names of the checks")
    return parser.parse_args(argv)


def main(argv):
    args = parse_args(argv)
    if args.list:
        print("\n".join([name for name, _ in checks.every_seed() + checks.once()]))
        return 0
    root = args.keep or tempfile.mkdtemp(prefix="tamis-e2e-")
    os.makedirs(root, exist_ok=True)
    session = Session(args, root)
    try:
        seeds = [int(seed) for seed in args.seeds.split(",")]
        corpora = [session.corpus(seed) for seed in seeds]
        for corpus in corpora:
            for name, check in checks.every_seed():
                session.one(f"seed {corpus.seed} {name}", check, corpus)
        for name, check in checks.once():
            session.one(name, check, corpora[0])
    finally:
        if not args.keep:
            shutil.rmtree(root, ignore_errors=True)
    print(f"{session.passed} passed, {len(session.failures)} failed")
    return 1 if session.failures or not session.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
