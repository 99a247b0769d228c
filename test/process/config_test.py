#!/usr/bin/env python3
"""Settings of the real programs from files and environment; what shells and man make of the texts.

Usage: config_test.py CAIRN PS_SERVER [unittest arguments...]
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

CAIRN, PS_SERVER = map(os.path.abspath, sys.argv[1:3])
RUN_SECONDS_MAX = 60

DONE, USAGE = 0, 2


def environment(**more):
    """This process's, without what could set one of our options, and more."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CAIRN_")}
    return {**clean, **more}


def run(*command, env=None, **more):
    return subprocess.run(command, capture_output=True, text=True, check=False,
                          timeout=RUN_SECONDS_MAX, env=env or environment(), **more)


class WithDirectory(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="cairn-config-")
        self.addCleanup(shutil.rmtree, self.directory)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def check_usage_error(self, part, *command, **more):
        result = run(*command, **more)
        self.assertEqual(result.returncode, USAGE, result.stderr)
        self.assertIn(part, result.stderr.splitlines()[-1])


class SettingsTest(WithDirectory):
    def setUp(self):
        super().setUp()
        made = run(CAIRN, "data", "gen", "--rows", "500", "--features", "2000", "--output",
                   self.path("train.libffm"))
        self.assertEqual(made.returncode, DONE, made.stderr)

    def settings_of_training(self, *arguments, env=None):
        report = self.path("report.json")
        result = run(CAIRN, "train", *arguments, "--report", report, cwd=self.directory, env=env)
        self.assertEqual(result.returncode, DONE, result.stderr)
        with open(report, encoding="utf-8") as file:
            return json.load(file)["settings"]

    def test_the_four_places_go_before_one_another(self):
        # A relative path is relative to the working directory, not to the file.
        os.mkdir(self.path("jobs"))
        job = self.write("jobs/job.toml", "[data]\ntrain = ['train.libffm']\n"
                         "[learning]\nbatch = 10\nseed = 2\nlr = 0.5\n[stop]\nepochs = 1\n")
        settings = self.settings_of_training(
            "--config", job, "--batch", "30",
            env=environment(CAIRN_TRAIN_BATCH="20", CAIRN_TRAIN_SEED="3"))
        self.assertAlmostEqual(settings["lr"], 0.5)
        self.assertEqual(settings["seed"], 3)
        self.assertEqual(settings["rate"], "decay")
        # Batches are of whole chunks of rows: about 30.
        self.assertLess(abs(settings["batch"] - 30), 8)

    def test_a_file_may_be_named_by_the_environment(self):
        job = self.write("job.toml", "[data]\ntrain = 'train.libffm'\n[stop]\nepochs = 2\n")
        settings = self.settings_of_training(env=environment(CAIRN_TRAIN_CONFIG=job))
        self.assertEqual(settings["epochs"], 2)

    def test_what_is_shown_trains_the_same(self):
        arguments = ["--train", "train.libffm", "--epochs", "2", "--optimizer", "sgd"]
        shown = run(CAIRN, "config", "show", *arguments, cwd=self.directory)
        self.assertEqual(shown.returncode, DONE, shown.stderr)
        job = self.write("shown.toml", shown.stdout)
        self.assertEqual(run(CAIRN, "config", "check", job).returncode, DONE)
        self.assertEqual(self.settings_of_training("--config", job),
                         self.settings_of_training(*arguments))

    def test_mistakes_have_a_place(self):
        train = [CAIRN, "train", "--train", self.path("train.libffm")]
        for text, part in (
                ("[learning]\noptimzer = 'sgd'\n",
                 ':2:1: unknown key "optimzer" in [learning]; did you mean "optimizer"?'),
                ("[model]\nlr = 1\n", ':2:1: key "lr" belongs in [learning]'),
                ("[learning]\nbatch = 0\n", ':2:9: batch "0": must be a whole number, 1 to'),
                ("[learning]\nbatch = 'x'\n", ":2:9: batch: must be a whole number"),
                ("[[[\n", ":1:3: "),
                ("[cluster]\nstreams = 3\n", ":2:1: streams needs --consistency bsp")):
            job = self.write("job.toml", text)
            self.check_usage_error(job + part, *train, "--config", job)
            self.check_usage_error(job + part, CAIRN, "config", "check", job)
        self.check_usage_error("did you mean CAIRN_TRAIN_EPOCHS?", *train,
                               env=environment(CAIRN_TRAIN_EPOCH="1"))
        self.check_usage_error(self.path("none.toml"), *train, "--config", self.path("none.toml"))
        self.check_usage_error(self.directory, *train, "--config", self.directory)

    def test_a_role_program_has_settings_of_its_own(self):
        self.check_usage_error('CAIRN_SERVER_EXECUTORS "many": must be a whole number', PS_SERVER,
                               env=environment(CAIRN_SERVER_EXECUTORS="many"))
        job = self.write("server.toml", "[work]\nexecutors = -1\n")
        self.check_usage_error(job + ':2:13: executors "-1"', PS_SERVER, "--config", job)
        # A coordinator's address from the environment: it is tried, and nobody is there.
        nobody = run(PS_SERVER, "--join-timeout", "0.2",
                     env=environment(CAIRN_SERVER_COORDINATOR="ipc://" + self.path("nobody")))
        self.assertEqual(nobody.returncode, 5, nobody.stderr)


class LogTest(WithDirectory):
    def test_standard_error_is_nothing_but_json_if_asked_for(self):
        made = run(CAIRN, "data", "gen", "--rows", "500", "--features", "2000", "--output",
                   self.path("train.libffm"))
        self.assertEqual(made.returncode, DONE, made.stderr)
        train = [CAIRN, "train", "--log-format", "json", "--epochs", "2", "--train"]
        good = run(*train, self.path("train.libffm"))
        self.assertEqual(good.returncode, DONE, good.stderr)
        events = [json.loads(line) for line in good.stderr.splitlines()]
        names = [event["event"] for event in events]
        self.assertEqual((names[0], names[-1]), ("begin", "end"))
        self.assertEqual(names.count("epoch"), 2)
        self.assertIn("data", names)
        self.assertTrue(all(event["time"].endswith("Z") for event in events))
        bad = run(*train, self.path("none"))
        self.assertEqual(bad.returncode, 3)
        error = json.loads(bad.stderr.splitlines()[-1])
        self.assertEqual((error["event"], error["exit_code"], error["program"]),
                         ("error", 3, "cairn train"))
        self.assertIn(self.path("none"), error["message"])

    def test_a_role_program_logs_json_too(self):
        result = run(PS_SERVER, "--coordinator", "ipc://" + self.path("nobody"), "--join-timeout",
                     "0.2", "--log-format", "json")
        self.assertEqual(result.returncode, 5)
        events = [json.loads(line) for line in result.stderr.splitlines()]
        self.assertEqual(events[-1]["event"], "error")
        self.assertEqual(events[-1]["program"], "ps_server")


# Sources the script, then completes the words that follow: the last one is being typed.
BASH_DRIVER = """
compopt() { :; }
source "$1"
shift
complete -p "${1##*/}" >/dev/null || exit 9
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_cairn
printf '%s\\n' "${COMPREPLY[@]}"
"""


class CompletionTest(WithDirectory):
    def setUp(self):
        super().setUp()
        self.scripts = {}
        for shell in ("bash", "zsh", "fish"):
            script = run(CAIRN, "completion", shell)
            self.assertEqual(script.returncode, DONE, script.stderr)
            self.scripts[shell] = self.write("cairn." + shell, script.stdout)

    def complete(self, *words):
        result = run("bash", "-uc", BASH_DRIVER, "bash", self.scripts["bash"], *words,
                     cwd=self.directory)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout.split()

    def test_bash_completes_commands(self):
        self.assertIn("train", self.complete("cairn", ""))
        self.assertEqual(self.complete("cairn", "tr"), ["train"])
        self.assertIn("gen", self.complete("cairn", "data", "g"))
        self.assertEqual(self.complete("/usr/bin/cairn", "conf"), ["config"])
        self.assertEqual(self.complete("cairn", "config", "sh"), ["show"])
        self.assertEqual(self.complete("cairn", "checkpoint", "v"), ["verify"])
        self.assertEqual(self.complete("cairn", "help", "eva"), ["eval"])

    def test_bash_completes_options(self):
        self.assertEqual(self.complete("cairn", "train", "--epo"), ["--epochs"])
        self.assertIn("--epochs", self.complete("cairn", "train", ""))
        self.assertEqual(self.complete("cairn", "eval", "--epo"), [])
        self.assertEqual(self.complete("ps_server", "--exec"), ["--executors"])
        self.assertIn("--lr", self.complete("cairn", "train", "--epochs", "3", "--l"))
        self.assertIn("--batch", self.complete("cairn", "train", "--order", "file", ""))

    def test_bash_completes_values(self):
        self.assertEqual(self.complete("cairn", "train", "--order", ""), ["shuffled", "file"])
        self.assertEqual(self.complete("cairn", "train", "--order", "=", "sh"), ["shuffled"])
        self.assertEqual(self.complete("cairn", "train", "--order", "="), ["shuffled", "file"])
        self.assertEqual(self.complete("cairn", "completion", "z"), ["zsh"])
        self.assertEqual(self.complete("cairn", "train", "--epochs", ""), [])
        self.write("rows.libffm", "")
        os.mkdir(self.path("rows.model"))
        self.assertEqual(sorted(self.complete("cairn", "train", "--train", "ro")),
                         ["rows.libffm", "rows.model"])
        self.assertEqual(sorted(self.complete("cairn", "train", "--train", "a", "rows.l")),
                         ["rows.libffm"])
        self.assertEqual(self.complete("cairn", "train", "--save", "ro"), ["rows.model"])
        self.assertEqual(self.complete("cairn", "config", "check", "rows.l"), ["rows.libffm"])

    def test_other_shells_can_read_their_scripts(self):
        for shell, check in (("zsh", "-n"), ("fish", "--no-execute")):
            with self.subTest(shell):
                if shutil.which(shell) is None:
                    self.skipTest(shell + " is not installed")
                result = run(shell, check, self.scripts[shell])
                self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_fish_completes(self):
        if shutil.which("fish") is None:
            self.skipTest("fish is not installed")
        for line, expected in (("cairn tr", "train"), ("cairn train --epo", "--epochs"),
                               ("cairn train --order sh", "shuffled"), ("cairn data ", "gen"),
                               ("cairn completion z", "zsh")):
            result = run("fish", "--no-config", "-c",
                         f"source {self.scripts['fish']}; complete -C '{line}'",
                         env=environment(HOME=self.directory))
            words = [found.split("\t")[0] for found in result.stdout.splitlines()]
            self.assertIn(expected, words, line)


class ManualTest(WithDirectory):
    def test_man_finds_nothing_wrong(self):
        written = run(CAIRN, "help", "--man", self.path("man1"))
        self.assertEqual(written.returncode, DONE, written.stderr)
        names = sorted(os.listdir(self.path("man1")))
        self.assertIn("cairn-train.1", names)
        self.assertIn("ps_server.1", names)
        if shutil.which("man") is None:
            self.skipTest("man is not installed")
        for name in names:
            page = run("man", "--warnings", "-E", "UTF-8", "-l",
                       os.path.join(self.path("man1"), name),
                       env=environment(LC_ALL="C.UTF-8", MANWIDTH="80", MANPAGER="cat"))
            self.assertEqual((page.returncode, page.stderr), (0, ""), name)
            self.assertIn("NAME", page.stdout)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
