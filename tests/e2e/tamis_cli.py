# SPDX-License-Identifier: Apache-2.0
"""Starting the program under test, and where the reference is."""

import os
import subprocess
import sys
from dataclasses import dataclass

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "reference"))

TIMEOUT_S = 300

EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_SET_ASIDE, EXIT_PEER = range(5)


class CheckFailed(Exception):
    """A check of a driver did not hold; the text says which."""


def require(condition, text):
    if not condition:
        raise CheckFailed(text)


@dataclass
class Result:
    code: int  # negative: ended by that signal
    stdout: str
    stderr: str

    def summary(self, lines=8):
        tail = "\n".join(self.stderr.splitlines()[-lines:])
        return f"exit code {self.code}\n{tail or '(nothing on stderr)'}"


def option_arguments(options):
    """--name=value for each; a list repeats the option, True stands for a bare flag."""
    out = []
    for name, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            out.append(f"--{name}" if one is True else f"--{name}={one}")
    return out


def program_arguments(program):
    """A Python file (the stand-in that tests the drivers) runs under this interpreter."""
    return [sys.executable, "-B", program] if program.endswith(".py") else [program]


class Tamis:
    def __init__(self, program):
        self.program = program_arguments(os.path.abspath(program))

    def run_arguments(self, out, inputs, options=None):
        return (self.program + ["run", "-o", out] + option_arguments(options or {})
                + list(inputs))

    def call(self, *arguments, stdin=None, environment=None, cwd=None, timeout=TIMEOUT_S):
        return self.start_and_wait(self.program + list(arguments), stdin, environment, cwd, timeout)

    def run(self, out, inputs, options=None, stdin=None, environment=None, cwd=None,
            timeout=TIMEOUT_S):
        """`tamis run`; the result whatever the exit code is."""
        return self.start_and_wait(self.run_arguments(out, inputs, options), stdin, environment,
                                   cwd, timeout)

    @staticmethod
    def start_and_wait(arguments, stdin, environment, cwd, timeout):
        done = subprocess.run(
            arguments, input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True, cwd=cwd, timeout=timeout, check=False,
            env={**os.environ, **(environment or {})})
        return Result(done.returncode, done.stdout.decode("utf-8", "replace"),
                      done.stderr.decode("utf-8", "replace"))


def require_codes(result, codes, what):
    if result.code not in codes:
        raise CheckFailed(f"{what}: {result.summary()}")
    return result
