#!/usr/bin/env python3
"""Saved models as users look at them, edit them as text, and go on from them.

Usage: inspect_test.py CAIRN [unittest arguments...]
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

CAIRN = sys.argv[1]
RUN_SECONDS_MAX = 120

DONE, USAGE, NO_DATA, DAMAGED = 0, 2, 3, 4


def run(*arguments):
    """Runs `cairn` to its end; its output is text."""
    return subprocess.run([CAIRN, *arguments], capture_output=True, text=True, check=False,
                          timeout=RUN_SECONDS_MAX)


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


class InspectTest(unittest.TestCase):
    """All tests share data of two days and models; each has a directory of its own for the rest."""

    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.mkdtemp(prefix="cairn-inspect-")
        cls.old, cls.new = (os.path.join(cls.shared, name) for name in ("old", "new"))
        for path, seed in ((cls.old, "3"), (cls.new, "4")):
            made = run("data", "gen", "--rows", "3000", "--features", "20000", "--seed", seed,
                       "--output", path)
            assert made.returncode == DONE, made.stderr
        cls.model = os.path.join(cls.shared, "model")
        made = run("train", "--train", cls.old, "--epochs", "2", "--save", cls.model)
        assert made.returncode == DONE, made.stderr

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.shared)

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="cairn-inspect-")
        self.addCleanup(shutil.rmtree, self.directory)

    def path(self, name):
        return os.path.join(self.directory, name)

    def check_run(self, *arguments):
        result = run(*arguments)
        self.assertEqual(result.returncode, DONE, result.stderr)
        return result

    def check_failure(self, code, *arguments):
        """Returns the last line on standard error: the cause."""
        result = run(*arguments)
        self.assertEqual(result.returncode, code, result.stderr)
        cause = result.stderr.splitlines()[-1]
        self.assertTrue(cause.startswith("cairn " + arguments[0]), result.stderr)
        return cause

    def inspect(self, model):
        return json.loads(self.check_run("inspect", model, "--json").stdout)

    def table(self, model, name):
        return next(table for table in self.inspect(model)["tables"] if table["name"] == name)

    def round_trip(self, *partitions):
        """The model, through text and back."""
        text, again = self.path("model.txt.zst"), self.path("again")
        self.check_run("inspect", self.model, "--dump", text)
        self.check_run("inspect", "--load", text, "--save", again, *partitions)
        return again

    def test_what_is_shown_is_what_was_trained(self):
        report, model = self.path("report.json"), self.path("model")
        self.check_run("train", "--train", self.old, "--epochs", "2", "--partitions", "16", "--lr",
                       "0.25", "--report", report, "--save", model)
        trained, shown = load(report), self.inspect(model)
        self.assertEqual(shown["digest"], trained["model_digest"])
        self.assertEqual(shown["partitions"], 16)
        self.assertIn({"name": "lr", "value": "0.25"}, shown["settings"])
        self.assertIn({"name": "train", "value": self.old}, shown["settings"])
        weights = self.table(model, "weights")
        self.assertEqual(weights["rows"], trained["features"])
        # In one epoch; counts above 15 are kept to about an eighth.
        self.assertAlmostEqual(weights["seen_sum"], 39 * 3000, delta=0.05 * 39 * 3000)
        self.assertEqual(sum(seen["rows"] for seen in weights["seen"]), weights["rows"])
        heaviest = weights["heaviest"]
        self.assertEqual(len(heaviest), 10)
        key = str(heaviest[0]["key"])
        row = json.loads(self.check_run("inspect", model, "--key", key, "--json").stdout)
        self.assertEqual(row["tables"][0]["rows"], heaviest[:1])
        largest = max(abs(weights["min"]), abs(weights["max"]))
        self.assertEqual(abs(heaviest[0]["weights"][0]), largest)
        self.assertIn(trained["model_digest"], self.check_run("inspect", model).stdout)

    def test_text_and_back_gives_the_same_scores(self):
        for partitions in ([], ["--partitions", "4"]):
            again = self.round_trip(*partitions)
            reports = []
            for model in (self.model, again):
                self.check_run("eval", "--model-dir", model, "--data", self.new, "--report",
                               self.path("report.json"))
                reports.append(load(self.path("report.json")))
                del reports[-1]["seconds"]
            self.assertEqual(reports[0], reports[1])
            self.assertEqual(self.inspect(again)["digest"], self.inspect(self.model)["digest"])
            shutil.rmtree(again)

    def test_text_and_back_is_where_training_goes_on(self):
        digests = set()
        for model in (self.model, self.round_trip("--partitions", "16")):
            self.check_run("train", "--train", self.new, "--epochs", "1", "--consistency", "bsp",
                           "--init", model, "--report", self.path("report.json"))
            digests.add(load(self.path("report.json"))["model_digest"])
        self.assertEqual(len(digests), 1)

    def test_a_warm_start_is_the_same_from_any_model_on_any_cluster(self):
        digests = {}
        for before in ("16", "64"):
            model = self.path("model" + before)
            self.check_run("train", "--train", self.old, "--epochs", "1", "--consistency", "bsp",
                           "--partitions", before, "--save", model)
            for partitions, servers, workers in (("64", "1", "1"), ("16", "3", "2"),
                                                 ("1", "1", "2")):
                report = self.path("report.json")
                self.check_run("train", "--train", self.new, "--epochs", "2", "--consistency",
                               "bsp", "--init", model, "--partitions", partitions, "--servers",
                               servers, "--workers", workers, "--report", report)
                digests[before, partitions, servers] = load(report)["model_digest"]
        self.assertEqual(len(set(digests.values())), 1, digests)

    def test_a_warm_start_says_what_it_cannot_take_over(self):
        report = self.path("report.json")
        again = ["train", "--train", self.new, "--epochs", "1", "--init", self.model]
        result = self.check_run(*again, "--optimizer", "ftrl", "--report", report)
        note = 'table "weights": weights of adagrad are kept, the state of ftrl starts afresh'
        self.assertIn(note, load(report)["notes"])
        self.assertIn("note   " + note + "\n", result.stderr)
        cause = self.check_failure(USAGE, *again, "--save", self.model + "/")
        self.assertIn("--init and --save are the same directory", cause)
        cause = self.check_failure(USAGE, *again, "--model", "count")
        self.assertIn(self.model, cause)
        damaged = self.path("damaged")
        shutil.copytree(self.model, damaged)
        os.remove(os.path.join(damaged, sorted(os.listdir(damaged))[5]))
        cause = self.check_failure(DAMAGED, *again[:-1], damaged)
        self.assertIn("the model is incomplete: ", cause)
        self.assertIn(damaged, cause)

    def test_a_dump_is_a_line_for_each_row_wherever_it_goes(self):
        text = self.path("model.txt")
        self.check_run("inspect", self.model, "--dump", text)
        lines = lines_of(text)
        self.assertEqual(lines[0], "cairn model text 2")
        rows = lines[lines.index("rows") + 1:-1]
        self.assertEqual(lines[-1], f"END {len(rows)}")
        weights = self.table(self.model, "weights")
        self.assertEqual(len(rows), weights["rows"] + 1)
        heaviest = weights["heaviest"][0]
        row = next(row for row in rows if row.startswith(f"weights {heaviest['key']} "))
        self.assertAlmostEqual(float(row.split()[3]), heaviest["weights"][0], places=6)
        self.assertEqual(int(row.split()[2]), heaviest["seen"])
        to_stdout = self.check_run("inspect", self.model, "--dump", "-").stdout
        self.assertEqual(to_stdout.splitlines(), lines)

    def test_every_damaged_byte_of_a_model_is_found_and_placed(self):
        names = sorted(os.listdir(self.model))
        self.assertEqual(names[0], "MANIFEST")
        for name in (names[0], names[1], names[-1]):
            damaged = self.path("damaged-" + name)
            shutil.copytree(self.model, damaged)
            path = os.path.join(damaged, name)
            with open(path, "r+b") as file:
                at = os.path.getsize(path) // 2
                file.seek(at)
                byte = file.read(1)[0]
                file.seek(at)
                file.write(bytes([byte ^ 1]))
            text = self.path("text")
            for arguments in ([], ["--dump", text], ["--json", "--table", "bias"]):
                cause = self.check_failure(DAMAGED, "inspect", damaged, *arguments)
                self.assertIn(path, cause)
                self.assertRegex(cause, "(at byte|line) [0-9]+: ")
            self.assertFalse(os.path.exists(text))

    def test_damage_in_a_text_is_placed_too(self):
        text = self.path("model.txt")
        self.check_run("inspect", self.model, "--dump", text)
        lines = lines_of(text)
        first = lines.index("rows") + 1

        def check(changed, where, what):
            with open(text, "w", encoding="utf-8") as file:
                file.write("\n".join(changed) + "\n")
            new = self.path("new")
            cause = self.check_failure(DAMAGED, "inspect", "--load", text, "--save", new)
            self.assertTrue(cause.startswith(f"cairn inspect: {text}:{where}: "), cause)
            self.assertIn(what, cause)
            self.assertFalse(os.path.isdir(new) and os.listdir(new))

        check(lines[:first] + ["weights 1 1 x 1"] + lines[first:], f"{first + 1}:13", '"x"')
        check(lines[:-1], f"{len(lines)}", "cut short")
        check(lines[:first] + lines[first + 1:], f"{len(lines) - 1}:5", "rows")
        check(lines + ["weights 1 1 1 1"], f"{len(lines) + 1}:1", "after its end")

    def test_no_model_is_said(self):
        missing = self.path("missing")
        self.assertIn(missing, self.check_failure(NO_DATA, "inspect", missing))
        self.assertIn(missing, self.check_failure(NO_DATA, "inspect", missing, "--key", "1"))
        self.assertIn("cairn inspect DIR", self.check_failure(USAGE, "inspect"))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
