#!/usr/bin/env python3
"""Runs examples/daily: does learning day after day keep its promise?

Usage: daily_test.py CAIRN SCRIPT DATA
"""

import re
import subprocess
import sys
import tempfile
import unittest

CAIRN, SCRIPT, DATA = sys.argv[1:4]
RUN_SECONDS_MAX = 240
DAY = re.compile(r" *(2001-01-0\d) +(\d+)" + 3 * r" +(0\.\d{4}) (0\.\d{4})" + r" +(\d+\.\d) MiB")


class DailyTest(unittest.TestCase):
    def test_a_week(self):
        with tempfile.TemporaryDirectory(prefix="cairn-daily-") as directory:
            result = subprocess.run(["sh", SCRIPT, CAIRN, DATA, directory], capture_output=True,
                                    text=True, check=False, timeout=RUN_SECONDS_MAX)
        self.assertEqual(result.returncode, 0, result.stderr)
        days = [match.groups() for match in map(DAY.fullmatch, result.stdout.splitlines()) if match]
        self.assertEqual([day[0] for day in days], [f"2001-01-0{n}" for n in range(2, 8)],
                         result.stdout)
        self.assertEqual(sum(int(day[1]) for day in days), 113493 - 14828)
        means = [sum(float(day[2 + i]) for day in days) / len(days) for i in range(6)]
        daily_auc, daily_loss, first_auc, first_loss, scratch_auc, scratch_loss = means
        self.assertGreater(daily_auc, 0.64, result.stdout)
        self.assertGreater(daily_auc, first_auc + 0.02, result.stdout)
        self.assertLess(daily_loss, first_loss - 0.02, result.stdout)
        self.assertGreater(daily_auc, scratch_auc - 0.02, result.stdout)
        self.assertLess(daily_loss, scratch_loss + 0.02, result.stdout)

    def test_an_error_ends_it(self):
        result = subprocess.run(["sh", SCRIPT, "false", DATA], capture_output=True, text=True,
                                check=False, timeout=RUN_SECONDS_MAX)
        self.assertNotEqual(result.returncode, 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
