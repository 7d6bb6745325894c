# SPDX-License-Identifier: Apache-2.0
"""Goal: the checks of scripts/ find what they are for, and nothing in sound files.

Method: a small tree of its own with the scripts copied into it; one fault at a time.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
SOUND = {
    "include/tamis/slice.h": SPDX + "#include <stddef.h>\n",
    "include/tamis/buf.h": SPDX + '#include "tamis/slice.h"\n',
    "include/tamis/path.h": SPDX + '#include "tamis/buf.h"\n',
    "include/tamis/utf8.h": SPDX + '#include "tamis/buf.h"\n',
    "lib/base/buf.c": SPDX + '#include "tamis/buf.h"\n\n#include <string.h>\n',
    "lib/base/path.c": SPDX + '#include "tamis/path.h"\n',
    "lib/text/utf8.c": SPDX + '#include "tamis/utf8.h"\n',
}


class Checks(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="tamis-test-checks-")
        self.addCleanup(shutil.rmtree, self.root)
        os.mkdir(os.path.join(self.root, "scripts"))
        for name in ("check-includes", "check-functions", "check-banned"):
            shutil.copy(os.path.join(ROOT, "scripts", name), os.path.join(self.root, "scripts", name))
        for path, text in SOUND.items():
            self.write(path, text)

    def write(self, path, text):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def run_check(self, name):
        done = subprocess.run([sys.executable, os.path.join(self.root, "scripts", name)],
                              stdout=subprocess.PIPE, text=True, check=False)
        return done.returncode, done.stdout

    def assert_fault(self, name, path, text, fault):
        self.write(path, text)
        code, output = self.run_check(name)
        self.assertEqual((code, output.count("\n")), (1, 1), output)
        self.assertIn(fault, output)
        self.assertTrue(output.startswith(path + ":"), output)

    def assert_sound(self, name):
        self.assertEqual(self.run_check(name), (0, ""))

    def test_sound_tree(self):
        for name in ("check-includes", "check-functions", "check-banned"):
            self.assert_sound(name)

    def test_upward_include(self):
        self.assert_fault("check-includes", "lib/base/more.c", SPDX + '#include "tamis/utf8.h"\n',
                          "belongs to text, which base may not use")

    def test_pure_code(self):
        self.assert_fault("check-includes", "lib/text/more.c", SPDX + '#include "tamis/path.h"\n', "is pure")

    def test_pure_code_and_system(self):
        self.assert_fault("check-includes", "lib/text/more.c", SPDX + "#include <unistd.h>\n", "is pure")

    def test_sole_users(self):
        for include in ("<zmq.h>", "<rocksdb/c.h>", "<xxhash.h>", "<yaml.h>", '"tamis/v1/control.pb-c.h"'):
            self.assert_fault("check-includes", "lib/runs/more.c", SPDX + f"#include {include}\n", "alone")

    def test_own_header_first(self):
        self.assert_fault("check-includes", "lib/base/buf.c",
                          SPDX + '#include <string.h>\n#include "tamis/buf.h"\n', "must come first")

    def test_private_header_that_begins_with_the_own_one(self):
        self.write("lib/base/buf_parts.h", SPDX + '#include "tamis/buf.h"\n')
        self.write("lib/base/buf.c", SPDX + '#include "buf_parts.h"\n')
        self.assert_sound("check-includes")

    def test_header_without_owner(self):
        self.assert_fault("check-includes", "include/tamis/orphan.h", SPDX, "no owner")

    def test_climbing_include(self):
        self.assert_fault("check-includes", "cli/main.c", SPDX + '#include "../lib/base/x.h"\n', "climbs")

    def test_function_length(self):
        for lines, is_sound in ((68, True), (69, False)):
            self.write("lib/base/long.c", SPDX + "int f(void)\n{\n" + "    g();\n" * lines + "}\n")
            if is_sound:
                self.assert_sound("check-functions")
            else:
                self.assertIn("long.c:3: f has 71 lines", self.run_check("check-functions")[1])

    def test_file_length(self):
        self.write("lib/base/long.c", "\n" * 900)
        self.assert_sound("check-functions")
        self.write("lib/base/long.c", "\n" * 901)
        self.assertIn("901 lines", self.run_check("check-functions")[1])

    def test_banned_calls(self):
        for call in ("strcpy", "sprintf", "atoi", "rand", "strtok", "localtime", "alloca"):
            self.assert_fault("check-banned", "lib/base/bad.c", SPDX + f"void f(void) {{ {call} (x); }}\n", call)

    def test_calls_that_only_look_banned(self):
        self.write("lib/base/good.c", SPDX + "/* not strcpy(a, b) */\n"
                   'void f(void) { snprintf(a, 1, "strcat(x)"); localtime_r(t, m); a.rand(); my_atoi(x); }\n')
        self.assert_sound("check-banned")

    def test_banned_header(self):
        self.assert_fault("check-banned", "lib/base/bad.c", SPDX + "#include <ctype.h>\n", "ctype.h")

    def test_words(self):
        for word in ("TO" + "DO", "FIX" + "ME"):
            self.assert_fault("check-banned", "docs/note.md", f"# A\n{word}: later\n", word)
        self.assert_fault("check-banned", "docs/note.md", "The behavio" + "ur of it\n", "behavior")

    def test_license_line(self):
        self.assert_fault("check-banned", "lib/base/bad.c", "int x;\n", "SPDX")

    def test_white_space(self):
        self.assert_fault("check-banned", "lib/base/bad.c", SPDX + "int x; \n", "blanks")
        self.assert_fault("check-banned", "lib/base/bad.c", SPDX + "\tint x;\n", "tab")

    def test_file_names(self):
        self.assert_fault("check-banned", "worker/buf.c", SPDX, "again")


if __name__ == "__main__":
    unittest.main()
