# SPDX-License-Identifier: Apache-2.0
"""Little memory: a corpus many times as large as --memory, in a limited address space.

    python3 run_memory.py --tamis T --corpus tests/data/corpus [--repeat 20] [--memory 64MiB]

The corpus is repeated with other ids and some words changed. The run must spill and merge
(counters in timing.json) and leave the bytes of a run without limits. Peak memory is printed.
"""

import argparse
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))

from tamis_cli import EXIT_DONE, EXIT_SET_ASIDE, CheckFailed, Tamis, require  # noqa: E402
from context import require_same_bytes  # noqa: E402
import outputs  # noqa: E402

MIB = 1 << 20


def texts_of(corpus):
    """Texts of all JSON-lines files of the corpus."""
    found = []
    for name in outputs.files_below(corpus):
        if re.search(r"\.jsonl(\.gz|\.zst)?$", name):
            for line in outputs.read_lines_loosely(os.path.join(corpus, name)):
                try:
                    text = json.loads(line).get("text")
                except ValueError:
                    continue
                if isinstance(text, str):
                    found.append(text)
    return found


def changed(rng, text, rate):
    """About one word in 1/rate is replaced; white space stays as it is."""
    parts = re.split(r"(\s+)", text)
    for i in range(0, len(parts), 2):
        if rng.random() < rate:
            parts[i] = f"word{rng.randrange(100000)}"
    return "".join(parts)


def write_repeated(folder, texts, repeat, seed):
    """Two files with half of the repetitions each; rates of change from none to far more than the
    threshold allows."""
    rng = random.Random(seed)
    paths = [os.path.join(folder, name) for name in ("first.jsonl", "second.jsonl")]
    for number in range(repeat):
        rate = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3)[number % 6]
        with open(paths[2 * number // repeat], "a", encoding="utf-8") as file:
            for i, text in enumerate(texts):
                record = {"id": f"{number}-{i}", "text": changed(rng, text, rate)}
                file.write(json.dumps(record, ensure_ascii=rng.random() < 0.2) + "\n")
    return paths


def run(arguments, address_space):
    """(exit code, peak resident bytes, end of standard error)."""

    def limit():
        if address_space:
            resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))

    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, preexec_fn=limit)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    return process.returncode, usage.ru_maxrss * 1024, errors[-2000:].decode("utf-8", "replace")


def check(args, folder):
    tamis = Tamis(args.tamis)
    texts = texts_of(args.corpus)
    require(len(texts) > 100, f"{args.corpus}: too few texts")
    source = os.path.join(folder, "in")
    os.makedirs(source)
    paths = write_repeated(source, texts, args.repeat, args.seed)
    size = sum(map(os.path.getsize, paths))
    outs = {}
    for name, options, space in (
            ("limited", {"memory": args.memory, "workers": "2"}, args.address_space * MIB),
            ("free", {"memory": "4GiB", "workers": "2"}, 0)):
        out = os.path.join(folder, name)
        # Large splits make large tasks: each must sort more than it may hold.
        arguments = tamis.run_arguments(out, paths, {**options, "split-size": "1GiB"})
        code, peak, errors = run(arguments, space)
        require(code in (EXIT_DONE, EXIT_SET_ASIDE), f"{name}: exit code {code}\n{errors}")
        print(f"{name}: {size / 1e6:.0f} MB of input, peak {peak / MIB:.0f} MiB, spills "
              f"{outputs.counter(out, 'spills')}, merge passes "
              f"{outputs.counter(out, 'merge_passes')}", flush=True)
        outs[name] = out
        if name == "limited":
            require(peak <= args.peak * MIB, f"peak {peak / MIB:.0f} MiB is above {args.peak}")
    for name in ("spills", "merge_passes"):
        require((outputs.counter(outs["limited"], name) or 0) > 0, f"{name} is zero")
    require_same_bytes(outs["free"], outs["limited"], "limited memory")


def main(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tamis", required=True)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--memory", default="64MiB")
    parser.add_argument("--address-space", type=int, default=1024, help="MiB; 0: no limit")
    parser.add_argument("--peak", type=int, default=512, help="MiB of resident memory allowed")
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--keep", help="folder to work in; it stays")
    args = parser.parse_args(argv)
    folder = args.keep or tempfile.mkdtemp(prefix="tamis-memory-")
    try:
        check(args, folder)
    except CheckFailed as failed:
        print(f"FAIL {failed}")
        return 1
    finally:
        if not args.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
