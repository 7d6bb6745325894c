# SPDX-License-Identifier: Apache-2.0
"""A cluster grades documents as one process does, whoever is killed.

    python3 run_quality.py --tamis T --coordinator C --worker W [--seed 4] [--keep DIR]

One of two workers is killed in mid-run, by path and over the network; a list that has another content
than the job was submitted with fails the job with both digests.
"""

import os
import sys
import time

from session import Session, parser_of, run_checks
from tamis_cli import EXIT_DONE, EXIT_SET_ASIDE, require
from cluster import SHUFFLES, Cluster, wait_until
from quality_corpus import KEYWORD, lines_of_corpus
from xxh3 import xxh3_128_hex

JOB_BYTES_MIN = 1000  # packed, in the ledger: more than what a coordinator writes at its start

PROFILE = """name: own
steps:
  - {rule: few_words, signal: datatrove_ws_n_words, drop: "< 12"}
  - {edit: c4-paper}
  - {language: language, codes: [en, de]}
  - {pii: pii, action: mask}
"""


class Checks(Session):
    def make_inputs(self):
        paths = super().make_inputs()
        paths.append(os.path.join(self.corpus, "made.jsonl"))
        with open(paths[-1], "wb") as file:
            file.write(b"".join(line + b"\n" for line in lines_of_corpus(self.args.seed, 500)))
        self.terms = self.path("terms.txt")
        self.write_terms(KEYWORD)
        profile = self.path("own.yaml")
        with open(profile, "w", encoding="utf-8") as file:
            file.write(PROFILE)
        self.options.update({"quality": profile, "keywords": self.terms, "keyword-action": "drop",
                             "emit": "documents,attributes,removed"})
        return paths

    def write_terms(self, term):
        with open(self.terms, "w", encoding="utf-8") as file:
            file.write(term + "\n")

    def killed(self, shuffle):
        name = f"killed-{shuffle}"
        with Cluster(self.args, self.path(name), 2, coordinator_options=("--lease", "1s"),
                     shuffle=shuffle) as cluster:
            client = self.submit(cluster, self.path(name + "-out"))
            wait_until(lambda: cluster.busy_worker() is not None or not client.is_running(),
                       "a first task")
            require(client.is_running(), "the run ended before a worker was killed")
            number = cluster.busy_worker()
            cluster.workers[number].kill()
            cluster.workers[number].wait()
            if shuffle == "network":  # its results are needed again
                time.sleep(0.2)
                cluster.start_worker(number)
            client.finish(self.whole, f"one of two workers killed, {shuffle}")

    def ledger_bytes(self, cluster):
        folder = os.path.join(cluster.state, "ledger")
        return sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)
                   if name.endswith(".log")) if os.path.isdir(folder) else 0

    def other_list(self):
        """The list changes between the job and its first worker."""
        digests = [xxh3_128_hex(f"{term}\n".encode()) for term in (KEYWORD, "another")]
        with Cluster(self.args, self.path("other"), 0) as cluster:
            wait_until(lambda: self.ledger_bytes(cluster) > 0, "a ledger")
            empty = self.ledger_bytes(cluster)
            client = self.submit(cluster, self.path("other-out"))
            try:
                # The coordinator has it when the client has read the list and packed the job.
                wait_until(lambda: self.ledger_bytes(cluster) > empty + JOB_BYTES_MIN
                           or not client.is_running(), "the job")
                require(client.is_running(), "the run ended without a worker")
                self.write_terms("another")
                cluster.start_worker()
                code, text = client.wait("another list", 60)
            finally:
                self.write_terms(KEYWORD)
                client.kill()
        require(code not in (EXIT_DONE, EXIT_SET_ASIDE), f"another list: exit code {code}")
        require(all(part in text for part in ("terms.txt", *digests)), f"another list: {text}")

    def checks(self):
        return [(f"killed worker, {shuffle}", lambda shuffle=shuffle: self.killed(shuffle))
                for shuffle in SHUFFLES] + [("another list", self.other_list)]


if __name__ == "__main__":
    sys.exit(run_checks(parser_of(__doc__).parse_args(), "tamis-quality-", Checks))
