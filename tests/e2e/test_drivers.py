# SPDX-License-Identifier: Apache-2.0
"""The drivers must pass a program that is right and fail one that makes a single mistake.

Runs them against fake_tamis.py, which is made of the reference, with FAKE_TAMIS_BUG set.
"""

import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
FAKE = os.path.join(HERE, "fake_tamis.py")
CRASH = os.path.join(os.path.dirname(HERE), "crash", "run_crash.py")

# mistake -> a check of run_e2e.py that must notice it.
MISTAKES = {
    "loses a line": "seed 1 defaults",
    "swaps lines": "seed 1 defaults",
    "wrong bands": "seed 1 verify text",
    "null": "seed 1 defaults",
    "loses via": "seed 1 defaults",
    "figures as text": "seed 1 defaults",
    "reformats": "seed 1 defaults",
    "miscounts": "seed 1 defaults",
    "bad digest": "seed 1 defaults",
    "depends on workers": "same bytes",
}


def drive(driver, *arguments, bug=""):
    environment = {**os.environ, "FAKE_TAMIS_BUG": bug}
    done = subprocess.run([sys.executable, "-B", driver, "--tamis", FAKE, *arguments],
                          env=environment, capture_output=True, check=False, timeout=300)
    return done.returncode, done.stdout.decode("utf-8", "replace")


class EndToEndTest(unittest.TestCase):
    ARGUMENTS = ("--seeds", "1", "--documents", "120")

    def test_passes_what_is_right(self):
        for only in ("seed 1 everything", "fields", "warc", "truncated", "exit codes"):
            code, text = drive(os.path.join(HERE, "run_e2e.py"), *self.ARGUMENTS, "--only", only)
            self.assertEqual(code, 0, text)

    def test_notices_mistakes(self):
        for bug, only in MISTAKES.items():
            with self.subTest(bug=bug):
                code, text = drive(os.path.join(HERE, "run_e2e.py"), *self.ARGUMENTS, "--only",
                                   only, bug=bug)
                self.assertEqual(code, 1, text)
                self.assertIn("FAIL", text)
                self.assertNotIn("Traceback", text)

    def test_nothing_selected_is_a_failure(self):
        code, _ = drive(os.path.join(HERE, "run_e2e.py"), *self.ARGUMENTS, "--only", "no such")
        self.assertEqual(code, 1)


class TamperTest(unittest.TestCase):
    ARGUMENTS = ("--documents", "120", "--only", "forged_similarity")

    def test_both_ways(self):
        driver = os.path.join(HERE, "tamper.py")
        self.assertEqual(drive(driver, *self.ARGUMENTS)[0], 0)
        self.assertEqual(drive(driver, *self.ARGUMENTS, bug="verifies nothing")[0], 1)


class CrashTest(unittest.TestCase):
    ARGUMENTS = ("--seed", "3", "--documents", "40", "--random", "1", "--stand-in")
    MISTAKES = {"publishes twice": "failpoint task.after", "forgets": "failpoint emit.before",
                "resumes anything": "refusals"}

    def test_both_ways(self):
        for only in ("failpoint scan.after", "refusals", "random", "progress"):
            code, text = drive(CRASH, *self.ARGUMENTS, "--only", only)
            self.assertEqual(code, 0, text)
        for bug, only in self.MISTAKES.items():
            with self.subTest(bug=bug):
                code, text = drive(CRASH, *self.ARGUMENTS, "--only", only, bug=bug)
                self.assertEqual(code, 1, text)
                self.assertIn("FAIL", text)
                self.assertNotIn("Traceback", text)


if __name__ == "__main__":
    unittest.main()
