#!/usr/bin/env python3
"""A row of data that kills every worker that comes to it: after three of them its batch is left
out, and said to be; all other rows count exactly. If there are too many such batches the job ends,
and says why.

Usage: fatal_batch_test.py PROGRAM_DIR FATAL_MODEL [unittest arguments]
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import processes

PROGRAMS, FATAL_MODEL = sys.argv[1:3]
DONE, FAILED = 0, 1
ROWS, FATAL_ROW = 4000, 1234
BATCH, BATCH_ROWS_MOST = 2, 50  # Of whole pieces of the text.
RUN_SECONDS_MAX = 240


class FatalBatchTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="cairn-fatal-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.data = self.write("rows.libsvm", FATAL_ROW)
        self.model = os.path.join(self.directory, "model")

    def write(self, name, fatal_row):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            for row in range(ROWS):
                file.write(f"{13 if row == fatal_row else 1} {row}:1\n")
        return path

    def train(self, mode, epochs, valid=""):
        return subprocess.run([FATAL_MODEL, "train", self.data, valid, self.model, PROGRAMS, mode,
                               str(BATCH), str(epochs)], capture_output=True, text=True,
                              check=False, timeout=RUN_SECONDS_MAX)

    def check_left_out(self, mode):
        ended = self.train(mode, 1)
        self.assertEqual(ended.returncode, DONE, ended.stderr)
        self.assertRegex(ended.stdout, r"; 1 batch that killed workers was left out\n$")
        counts = processes.counts_of_model(os.path.join(PROGRAMS, "cairn"), self.model)
        self.assertNotIn(str(FATAL_ROW), counts)
        self.assertEqual(set(counts.values()), {1})
        self.assertGreater(len(counts), ROWS - BATCH_ROWS_MOST)

    def test_it_is_left_out_in_asp(self):
        self.check_left_out("asp")

    def test_it_is_left_out_in_bsp(self):
        self.check_left_out("bsp")

    def test_it_is_left_out_of_validation_data(self):
        valid, self.data = self.data, self.write("good.libsvm", None)
        ended = self.train("bsp", 2, valid)
        self.assertEqual(ended.returncode, DONE, ended.stderr)
        self.assertRegex(ended.stdout, r"; 1 batch that killed workers was left out\n$")
        counts = processes.counts_of_model(os.path.join(PROGRAMS, "cairn"), self.model)
        self.assertEqual(len(counts), ROWS)
        self.assertEqual(set(counts.values()), {2})

    def test_too_many_end_the_job(self):
        with open(self.data, "a", encoding="utf-8") as file:
            for row in range(5):
                file.write(f"13 {ROWS + row}:1\n" + f"1 {ROWS + 5 + row}:1\n" * 20)
        ended = self.train("asp", 1)
        self.assertEqual(ended.returncode, FAILED, ended.stderr)
        self.assertRegex(ended.stdout + ended.stderr,
                         r"; 2 batches that killed workers were left out: too many")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
