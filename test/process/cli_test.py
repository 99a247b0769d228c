#!/usr/bin/env python3
"""Runs the real programs as a user does: exit codes, messages, files, and that results agree.

Usage: cli_test.py CAIRN PS_SERVER [unittest arguments...]
"""

import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

CAIRN, PS_SERVER = sys.argv[1:3]
RUN_SECONDS_MAX = 120
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
FLIGHTS_WEEK = os.path.join(SOURCE, "examples/data/flights_week.csv.zst")

DONE, INTERNAL, USAGE, NO_DATA, DAMAGED, NO_CLUSTER, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130
NOBODY_READS = 141


def run(*arguments, **more):
    """Runs `cairn` to its end; its output is text."""
    return subprocess.run([CAIRN, *arguments], capture_output=True, text=True, check=False,
                          timeout=RUN_SECONDS_MAX, **more)


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def auc_of(scores, labels):
    """Area under the ROC curve, by ranks: ties share theirs."""
    order = sorted(range(len(scores)), key=lambda i: scores[i])
    rank_sum = 0.0
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and scores[order[end]] == scores[order[start]]:
            end += 1
        shared = (start + 1 + end) / 2  # Ranks count from 1.
        rank_sum += shared * sum(labels[i] for i in order[start:end])
        start = end
    positive = sum(labels)
    return (rank_sum - positive * (positive + 1) / 2) / (positive * (len(labels) - positive))


class CliTest(unittest.TestCase):
    """All tests share generated data and a model; each has a directory of its own for the rest."""

    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.mkdtemp(prefix="cairn-cli-")
        cls.train = os.path.join(cls.shared, "train.libffm")
        cls.test = os.path.join(cls.shared, "test.libffm")
        cls.model = os.path.join(cls.shared, "model")
        made = run("data", "gen", "--rows", "4000", "--features", "20000", "--seed", "3",
                   "--output", cls.train, "--test-rows", "1000", "--test-output", cls.test)
        assert made.returncode == DONE, made.stderr
        made = run("train", "--train", cls.train, "--epochs", "3", "--save", cls.model)
        assert made.returncode == DONE, made.stderr

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.shared)

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="cairn-cli-")
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

    def test_the_command_lines_of_the_readme_work_as_they_stand(self):
        with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as file:
            section = file.read().partition("\n## From the command line\n")[2].partition("\n## ")[0]
        commands = [line for block in section.split("```")[1::2] for line in block.splitlines()
                    if line]
        self.assertGreater(len(commands), 8)
        os.symlink(os.path.join(SOURCE, "examples"), self.path("examples"))
        digests = []
        for command in commands:
            words = shlex.split(command)
            self.assertEqual(words[0], "cairn")
            result = run(*words[1:], cwd=self.directory)
            self.assertEqual(result.returncode, DONE, command + "\n" + result.stderr)
            digests += re.findall("model digest ([0-9a-f]+)", result.stdout)
        self.assertEqual(digests[-1], digests[-2])
        with open(self.path("probabilities.txt"), encoding="utf-8") as file:
            self.assertEqual(len(file.readlines()), 113493)

    def test_generator_makes_the_reference_bytes(self):
        train, test = self.path("train"), self.path("test")
        self.check_run("data", "gen", "--rows", "1000", "--features", "100000", "--seed", "7",
                       "--output", train, "--test-rows", "100", "--test-output", test)
        self.assertRegex(sha256(train), "^2c4d3469.*edbb4$")
        self.assertRegex(sha256(test), "^a621ba0b.*1301$")

    def test_train_reports_what_it_prints(self):
        report_path = self.path("report.json")
        result = self.check_run("train", "--train", self.train, "--valid", self.test, "--epochs",
                                "3", "--lr", "0.2", "--report", report_path)
        report = load(report_path)
        self.assertEqual(
            set(report),
            {"model", "cluster", "servers", "workers", "data", "settings", "rows", "features",
             "setup_seconds", "train_seconds", "rows_per_second", "peak_rss_bytes", "bytes_sent",
             "bytes_received", "frames_refused", "model_digest", "stop_reason", "loss", "notes",
             "epochs", "bad_rows", "first_bad_row", "best_epoch",
             "model_epoch"})
        self.assertEqual(report["rows"], 3 * 4000)
        self.assertEqual([epoch["epoch"] for epoch in report["epochs"]], [1, 2, 3])
        self.assertAlmostEqual(report["settings"]["lr"], 0.2, places=6)
        self.assertRegex(report["model_digest"], "^[0-9a-f]{32}$")
        self.assertGreater(report["epochs"][-1]["valid_auc"], 0.55)
        self.assertLess(report["epochs"][-1]["train_logloss"],
                        report["epochs"][0]["train_logloss"])
        lines = result.stdout.splitlines()
        self.assertRegex(lines[0], r"^cairn \d+\.\d+\.\d+  lr  1 server x 1 worker, asp, 64 part")
        rows = [line.split() for line in lines if re.match(r" +\d", line)]
        self.assertEqual([row[:2] for row in rows], [[n, "4,000"] for n in "123"])
        self.assertEqual([row[4] for row in rows],
                         [f"{epoch['valid_auc']:.4f}" for epoch in report["epochs"]])
        done = next(line for line in lines if line.startswith("done "))
        self.assertIn(report["model_digest"], done)

    def test_predictions_give_the_metrics_of_eval(self):
        report_path, output = self.path("report.json"), self.path("predictions")
        self.check_run("eval", "--model-dir", self.model, "--data", self.test, "--report",
                       report_path)
        self.check_run("predict", "--model-dir", self.model, "--data", self.test, "--output",
                       output)
        with open(output, encoding="utf-8") as file:
            scores = [float(line) for line in file]
        with open(self.test, encoding="utf-8") as file:
            labels = [int(line.split()[0]) for line in file]
        report = load(report_path)
        self.assertEqual(len(scores), len(labels))
        self.assertEqual(report["rows"], len(labels))
        self.assertGreater(report["auc"], 0.55)
        self.assertAlmostEqual(auc_of(scores, labels), report["auc"], delta=1e-6)
        to_stdout = self.check_run("predict", "--model-dir", self.model, "--data", self.test,
                                   "--output", "-")
        with open(output, encoding="utf-8") as file:
            self.assertEqual(to_stdout.stdout, file.read())

    def test_a_saved_model_is_where_training_goes_on(self):
        again = ["train", "--train", self.train, "--epochs", "1", "--init", self.model]
        self.check_run(*again, "--report", self.path("more.json"))
        self.check_run(*again[:-2], "--report", self.path("new.json"))
        first = [load(self.path(name))["epochs"][0]["train_logloss"]
                 for name in ("more.json", "new.json")]
        self.assertLess(first[0], first[1] - 0.01)

    def test_bsp_models_do_not_depend_on_the_cluster(self):
        digests = {}
        for workers, servers, partitions in ((1, 1, 64), (2, 1, 64), (3, 1, 64), (1, 3, 64),
                                             (2, 3, 16), (1, 1, 16)):
            report = self.path("report.json")
            self.check_run("train", "--train", self.train, "--epochs", "2", "--batch", "100",
                           "--consistency", "bsp", "--streams", "4", "--workers", str(workers),
                           "--servers", str(servers), "--partitions", str(partitions),
                           "--report", report)
            digests[workers, servers, partitions] = load(report)["model_digest"]
        self.assertEqual(len(set(digests.values())), 1, digests)

    def test_usage_errors(self):
        train = ["train", "--train", self.train]
        self.assertIn("did you mean --epochs?",
                      self.check_failure(USAGE, *train, "--epohcs", "3"))
        self.assertIn("1 to 1,000,000", self.check_failure(USAGE, *train, "--epochs", "0"))
        self.assertIn("--streams", self.check_failure(USAGE, *train, "--streams", "4"))
        self.assertIn("power of two", self.check_failure(USAGE, *train, "--partitions", "48"))
        self.assertIn("--train PATH is missing", self.check_failure(USAGE, "train"))
        self.assertIn("--l1", self.check_failure(USAGE, *train, "--optimizer", "sgd", "--l1", "1"))
        result = run("trian")
        self.assertEqual((result.returncode, result.stdout), (USAGE, ""))
        self.assertIn('did you mean "train"?', result.stderr)

    def test_missing_files(self):
        missing = self.path("missing")
        for arguments in (["train", "--train", missing],
                          ["train", "--train", self.train, "--valid", missing],
                          ["train", "--train", self.train, "--init", missing],
                          ["eval", "--model-dir", self.model, "--data", missing],
                          ["eval", "--model-dir", missing, "--data", self.test]):
            self.assertIn(missing, self.check_failure(NO_DATA, *arguments))

    def test_a_malformed_row_is_named_and_can_be_left_out(self):
        with open(self.train, encoding="utf-8") as file:
            lines = file.readlines()
        lines[36] = "1 0:17:oops\n"
        bad = self.path("bad.libffm")
        with open(bad, "w", encoding="utf-8") as file:
            file.writelines(lines)
        train = ["train", "--train", bad, "--epochs", "1"]
        self.assertIn(f"{bad}:37:8: ", self.check_failure(NO_DATA, *train))
        report = self.path("report.json")
        ran = self.check_run(*train, "--max-bad-rows", "0.001", "--report", report)
        self.assertIn(f" rows left out, the first: {bad}:37:8: ", ran.stderr)
        self.assertEqual(load(report)["rows"], len(lines) - 1)
        self.assertEqual(load(report)["bad_rows"], 1)
        self.assertTrue(load(report)["first_bad_row"].startswith(f"{bad}:37:8: "))
        # A share is held to once there are 10,000 rows to speak of.
        many = ["train", "--train", bad, "--epochs", "5", "--max-bad-rows", "0.0001"]
        self.assertIn("cannot be parsed", self.check_failure(NO_DATA, *many))

    def test_columns_become_features_and_the_model_remembers_how(self):
        model, report = self.path("model"), self.path("report.json")
        self.check_run("train", "--train", FLIGHTS_WEEK, "--epochs", "1", "--label", "delay>15",
                       "--derive", "hour=hour(time)", "far=log(distance,4)",
                       "--ignore", "time,distance", "--cross", "origin*hour",
                       "--save", model, "--report", report)
        settings = load(report)["settings"]
        self.assertEqual(settings["format"], "csv")
        self.assertEqual(settings["label"], "delay>15")
        self.assertEqual(settings["derive"], ["hour=hour(time)", "far=log(distance,4)"])
        for name in ("origin=LAS", "hour=7"):
            row = self.check_run("inspect", model, "--table", "weights", "--key", name).stdout
            self.assertRegex(row, r"^table weights, key \d+\n  partition ")
        cause = self.check_failure(USAGE, "inspect", model, "--key", "orgin=LAS")
        self.assertIn('did you mean "origin"?', cause)
        evaluated = self.check_run("eval", "--model-dir", model, "--data", FLIGHTS_WEEK)
        auc = float(re.search(r"^auc +(\S+)$", evaluated.stdout, re.MULTILINE).group(1))
        self.assertGreater(auc, 0.7)

        # Other columns, in another order, without the label.
        data, same = self.path("some.csv"), self.path("same.csv")
        with open(same, "w", encoding="utf-8") as file:
            file.write("time,delay,distance,origin,destination\n"
                       "2001-01-05T18:30,?,2176,LAS,PHL\n")
        with open(data, "w", encoding="utf-8") as file:
            file.write("destination,more,origin,distance,time\nPHL,x,LAS,2176,2001-01-05 18:30\n")
        outputs = []
        for path in (same, data):
            outputs.append(self.check_run("predict", "--model-dir", model, "--data", path,
                                          "--output", "-").stdout)
        self.assertRegex(outputs[0], r"^0\.\d+\n$")
        self.assertEqual(outputs[0], outputs[1])
        cause = self.check_failure(NO_DATA, "eval", "--model-dir", model, "--data", data)
        self.assertIn(data + ': the data has no column "delay", which is the label', cause)
        cause = self.check_failure(USAGE, "train", "--train", FLIGHTS_WEEK, "--label", "dealy")
        self.assertIn('did you mean "delay"?', cause)
        cause = self.check_failure(USAGE, "train", "--train", FLIGHTS_WEEK, "--label", "delay>x")
        self.assertIn('--label: "delay>x", column 7: not a finite number', cause)

    def test_every_damaged_byte_of_a_model_is_found(self):
        names = sorted(os.listdir(self.model))
        self.assertTrue(names)
        # The manifest, and enough of the others: each flip is a run.
        for name in names[:3] + names[-3:]:
            damaged = self.path("damaged-" + name)
            shutil.copytree(self.model, damaged)
            path = os.path.join(damaged, name)
            with open(path, "r+b") as file:
                at = os.path.getsize(path) // 2
                file.seek(at)
                byte = file.read(1)[0]
                file.seek(at)
                file.write(bytes([byte ^ 1]))
            cause = self.check_failure(DAMAGED, "eval", "--model-dir", damaged, "--data", self.test)
            self.assertIn(name, cause)

    def test_a_model_is_not_overwritten(self):
        before = {name: sha256(os.path.join(self.model, name)) for name in os.listdir(self.model)}
        cause = self.check_failure(USAGE, "train", "--train", self.train, "--epochs", "1", "--seed",
                                   "2", "--save", self.model)
        self.assertIn(self.model, cause)
        after = {name: sha256(os.path.join(self.model, name)) for name in os.listdir(self.model)}
        self.assertEqual(before, after)

    def start_endless_training(self):
        """Returns the process, once it has done an epoch."""
        command = [CAIRN, "train", "--train", self.train, "--epochs", "1000000", "--save",
                   self.path("model"), "--report", self.path("report.json")]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for line in process.stdout:
            if line.startswith("    1 "):
                return process
        self.fail("ended early: " + process.stderr.read())

    def test_an_interrupt_ends_the_job(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start_endless_training()
            process.send_signal(number)
            _, errors = process.communicate(timeout=RUN_SECONDS_MAX)
            self.assertEqual(process.returncode, INTERRUPTED, errors)
            self.assertRegex(errors.splitlines()[-1],
                             r"^cairn train: interrupted after epoch \d+; nothing is saved$")
            self.assertFalse(os.path.exists(self.path("report.json")))
            self.assertFalse(os.path.exists(self.path("report.json.tmp")))

    def test_a_reader_that_goes_away_does_not_end_a_training(self):
        report = self.path("report.json")
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as closed_pipe:
            result = subprocess.run(
                [CAIRN, "train", "--train", self.train, "--epochs", "1", "--report", report],
                stdout=closed_pipe, stderr=subprocess.PIPE, text=True, check=False,
                timeout=RUN_SECONDS_MAX)
        self.assertEqual(result.returncode, INTERNAL)
        self.assertEqual(result.stderr.splitlines()[-1],
                         "cairn train: cannot write to standard output")
        self.assertEqual(load(report)["rows"], 4000)

    def test_results_end_without_a_word_when_their_reader_goes_away(self):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as closed_pipe:
            result = subprocess.run(
                [CAIRN, "data", "gen", "--rows", "10000", "--output", "-"], stdout=closed_pipe,
                stderr=subprocess.PIPE, text=True, check=False, timeout=RUN_SECONDS_MAX)
        self.assertEqual((result.returncode, result.stderr), (NOBODY_READS, ""))

    def test_a_server_gives_up_without_a_coordinator(self):
        ready = self.path("ready")
        result = subprocess.run(
            [PS_SERVER, "--coordinator", "ipc://" + self.path("nobody"), "--join-timeout", "0.5",
             "--ready-file", ready], capture_output=True, text=True, check=False,
            timeout=RUN_SECONDS_MAX)
        self.assertEqual(result.returncode, NO_CLUSTER, result.stderr)
        match = re.fullmatch(r"listening (tcp://127\.0\.0\.1:\d+)\n", result.stdout)
        self.assertTrue(match, result.stdout)
        with open(ready, encoding="utf-8") as file:
            self.assertEqual(file.read(), match.group(1) + "\n")
        self.assertTrue(result.stderr.splitlines()[-1].startswith("ps_server: "))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
