#!/usr/bin/env python3
"""Checkpoints of real jobs: servers that are killed, jobs that go on elsewhere, and damaged files.

Usage: checkpoint_test.py PROGRAM_DIR [unittest arguments...]
"""

import glob
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import processes
from processes import RUN_SECONDS_MAX, load, wait_until

PROGRAMS = sys.argv[1]
CAIRN = os.path.join(PROGRAMS, "cairn")
DONE, USAGE, DAMAGED, INTERRUPTED = 0, 2, 4, 130
SEED = 21
EPOCHS = 20


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, check=False,
                          timeout=RUN_SECONDS_MAX, **more)


class CheckpointTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.mkdtemp(prefix="cairn-checkpoint-")
        cls.small = os.path.join(cls.shared, "small.libffm")
        made = run(CAIRN, "data", "gen", "--rows", "20000", "--features", "20000", "--seed", "3",
                   "--output", cls.small)
        assert made.returncode == DONE, made.stderr
        cls.bsp = ["--train", cls.small, "--consistency", "bsp", "--streams", "4", "--batch", "100",
                   "--epochs", str(EPOCHS)]
        report = os.path.join(cls.shared, "report.json")
        trained = run(CAIRN, "train", *cls.bsp, "--report", report)
        assert trained.returncode == DONE, trained.stderr
        cls.digest = load(report)["model_digest"]

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.shared)

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="cairn-checkpoint-")
        self.addCleanup(shutil.rmtree, self.directory)
        self.random = random.Random(f"{SEED} {self.id()}")
        self.checkpoints = self.path("checkpoints")

    def path(self, name):
        return os.path.join(self.directory, name)

    def launch(self, *arguments, every="0.3"):
        launcher = processes.Launcher(CAIRN, ["--checkpoint-dir", self.checkpoints,
                                              "--checkpoint-every", every, *arguments])
        self.addCleanup(launcher.close)
        launcher.remember_port()
        return launcher

    def manifests(self):
        return sorted(glob.glob(os.path.join(self.checkpoints, "checkpoint-*", "MANIFEST")))

    def count_job(self, mode, model):
        return ["--model", "count", "--train", self.small, "--consistency", mode, "--batch", "100",
                "--epochs", str(EPOCHS), "--save", model]

    def check_counts(self, model):
        self.assertEqual(processes.counts_of_model(CAIRN, model),
                         {key: EPOCHS * count
                          for key, count in processes.counts_of_text(self.small).items()})

    def kill_servers(self, launcher, times):
        """Kills servers of a job at random moments, once there is a checkpoint."""
        self.assertTrue(wait_until(self.manifests), launcher.errors())
        for _ in range(times):
            time.sleep(self.random.uniform(0.1, 0.6))
            if launcher.process.poll() is not None:
                break
            os.kill(self.random.choice(launcher.wait_for("ps_server", 2)), signal.SIGKILL)

    # ---- A server is killed.

    def test_a_server_that_is_killed_is_replaced(self):
        launcher = self.launch("--servers", "2", "--workers", "2", *self.bsp)
        self.kill_servers(launcher, 2)
        self.assertEqual(launcher.end(), DONE, launcher.errors())
        self.assertIn(self.digest, launcher.output())
        self.assertRegex(launcher.errors(), r"server [12] \(pid \d+\) was killed by SIGKILL")
        self.assertEqual(launcher.leftovers(), [])

    def test_counts_are_exact_after_deaths_of_servers(self):
        for mode in ("asp", "ssp:2"):
            with self.subTest(mode=mode):
                shutil.rmtree(self.checkpoints, ignore_errors=True)
                model = self.path("counts-" + mode[:3])
                launcher = self.launch("--servers", "2", "--workers", "2",
                                       *self.count_job(mode, model))
                self.kill_servers(launcher, 2)
                self.assertEqual(launcher.end(), DONE, launcher.errors())
                self.check_counts(model)
                self.assertEqual(launcher.leftovers(), [])

    def test_anybody_may_die(self):
        launcher = self.launch("--servers", "2", "--workers", "2", *self.bsp)
        self.kill_servers(launcher, 1)
        for program in ("ps_worker", "ps_coordinator", "ps_server"):
            time.sleep(self.random.uniform(0, 0.3))
            if launcher.process.poll() is None:
                os.kill(launcher.wait_for(program, 1)[0], signal.SIGKILL)
        self.assertEqual(launcher.end(), DONE, launcher.errors())
        self.assertIn(self.digest, launcher.output())
        self.assertEqual(launcher.leftovers(), [])

    # ---- A server is told to leave.

    def test_a_server_that_is_told_to_leave_is_replaced(self):
        launcher = self.launch("--servers", "2", "--workers", "2", *self.bsp, every="1000")
        self.assertTrue(wait_until(self.manifests), launcher.errors())
        launcher.wait_for_epoch(2)
        os.kill(launcher.wait_for("ps_server", 2)[0], signal.SIGTERM)
        self.assertEqual(launcher.end(), DONE, launcher.errors())
        self.assertIn(self.digest, launcher.output())
        self.assertRegex(launcher.errors(),
                         r"server [12] \(pid \d+\) has left and is started again")
        self.assertEqual(self.numbers(), [1, 2])  # The second one was taken for it.
        self.assertEqual(launcher.leftovers(), [])

    def start(self, program, *arguments):
        """A role; what it says, up to its first line, that it listens."""
        with open(self.path(program), "w", encoding="utf-8") as log:
            role = subprocess.Popen([os.path.join(PROGRAMS, program), *arguments], text=True,
                                    stdout=subprocess.PIPE, stderr=log)
        self.addCleanup(role.stdout.close)
        self.addCleanup(role.wait)
        self.addCleanup(role.kill)
        return role, role.stdout.readline() if program != "ps_worker" else ""

    def test_a_server_leaves_to_another_one_that_waits(self):
        """Started by hand: code 0 for SIGTERM, 130 for Ctrl-C, after a checkpoint if it waits."""
        for signum, code, patience in ((signal.SIGTERM, DONE, "20"),
                                       (signal.SIGINT, INTERRUPTED, "20"),
                                       (signal.SIGTERM, DONE, "0")):  # Does not wait for it.
            last = 1 if patience == "0" else 2
            with self.subTest(signal=signum, patience=patience):
                shutil.rmtree(self.checkpoints, ignore_errors=True)
                coordinator, line = self.start(
                    "ps_coordinator", "--servers", "1", "--workers", "1", "--checkpoint-dir",
                    self.checkpoints, "--checkpoint-every", "1000", *self.bsp)
                at = ["--coordinator", line.split()[1]]
                first, _ = self.start("ps_server", *at, "--leave-timeout", patience)
                worker, _ = self.start("ps_worker", *at)
                self.assertTrue(wait_until(self.manifests))
                spare, _ = self.start("ps_server", *at)
                time.sleep(0.3)
                self.assertIsNone(coordinator.poll())
                asked_at = time.monotonic()
                first.send_signal(signum)
                self.assertEqual(first.wait(RUN_SECONDS_MAX), code)
                self.assertLess(time.monotonic() - asked_at, 10)
                self.assertEqual(self.numbers()[-1], last)
                told = coordinator.communicate(timeout=RUN_SECONDS_MAX)[0]
                for role in (coordinator, worker, spare):
                    self.assertEqual(role.wait(RUN_SECONDS_MAX), DONE)
                self.assertIn(self.digest, told)
                with open(self.path("ps_coordinator"), encoding="utf-8") as log:
                    self.assertIn(f"the job goes on from checkpoint {last}", log.read())

    # ---- The whole job is killed.

    def resume(self, *arguments):
        return run(CAIRN, "train", "--checkpoint-dir", self.checkpoints, "--resume", *arguments)

    def test_a_job_goes_on_after_everything_was_killed(self):
        launcher = self.launch("--servers", "2", "--workers", "2", *self.bsp)
        self.assertTrue(wait_until(lambda: len(self.manifests()) > 1), launcher.errors())
        launcher.process.kill()
        self.assertTrue(wait_until(lambda: not launcher.leftovers(), 5), launcher.leftovers())
        # Elsewhere: in one process, with other servers and workers.
        on = self.resume("--servers", "3", "--workers", "1", *self.bsp)
        self.assertEqual(on.returncode, DONE, on.stderr)
        self.assertIn(self.digest, on.stdout)

    def kill_everything(self, launcher, beyond):
        """Once there is a checkpoint with a number above this one; the newest there is then."""
        self.assertTrue(wait_until(lambda: self.numbers()[-1:] > [beyond]), launcher.errors())
        launcher.process.kill()
        self.assertTrue(wait_until(lambda: not launcher.leftovers(), 5), launcher.leftovers())
        return self.numbers()[-1]

    def test_a_job_goes_on_in_another_number_of_partitions(self):
        """On 2, 3 and 1 servers, with 64, 16 and 32 partitions."""
        at = self.kill_everything(self.launch("--servers", "2", *self.bsp, every="0.1"), 1)
        at = self.kill_everything(self.launch("--servers", "3", "--partitions", "16", "--resume",
                                              *self.bsp, every="0.1"), at)
        on = self.resume("--servers", "1", "--partitions", "32", *self.bsp)
        self.assertEqual(on.returncode, DONE, on.stderr)
        self.assertIn(self.digest, on.stdout)

    def test_counts_are_exact_in_another_number_of_partitions(self):
        model = self.path("counts")
        job = [*self.count_job("asp", model), "--workers", "2"]
        at = self.kill_everything(self.launch("--servers", "2", *job, every="0.1"), 1)
        self.kill_everything(self.launch("--servers", "1", "--partitions", "8", "--resume", *job,
                                         every="0.1"), at)
        on = self.resume("--cluster", "local", "--servers", "3", "--partitions", "32", *job)
        self.assertEqual(on.returncode, DONE, on.stderr)
        self.check_counts(model)

    def test_counts_are_exact_after_everything_was_killed(self):
        model = self.path("counts")
        job = self.count_job("asp", model)
        launcher = self.launch("--servers", "2", "--workers", "2", *job)
        self.assertTrue(wait_until(lambda: len(self.manifests()) > 1), launcher.errors())
        launcher.process.kill()
        self.assertTrue(wait_until(lambda: not launcher.leftovers(), 5), launcher.leftovers())
        on = self.resume("--cluster", "local", "--servers", "1", *job)
        self.assertEqual(on.returncode, DONE, on.stderr)
        self.check_counts(model)

    def test_an_interrupt_says_where_to_go_on(self):
        launcher = self.launch(*self.bsp[:-1], "1000000")
        self.assertTrue(wait_until(self.manifests), launcher.errors())
        time.sleep(0.5)
        launcher.process.send_signal(signal.SIGINT)
        self.assertEqual(launcher.end(), INTERRUPTED, launcher.errors())
        self.assertRegex(launcher.errors().splitlines()[-1],
                         r"interrupted .*; --resume goes on from the last checkpoint$")

    def test_after_an_interrupt_there_is_one_more(self):
        for signum in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=signum):
                shutil.rmtree(self.checkpoints, ignore_errors=True)
                launcher = self.launch(*self.bsp[:-1], "1000000", every="1000")
                self.assertTrue(wait_until(self.manifests), launcher.errors())
                time.sleep(0.5)
                launcher.process.send_signal(signum)
                self.assertEqual(launcher.end(), INTERRUPTED, launcher.errors())
                code, told = self.told_of("verify")
                self.assertEqual(code, DONE, told)
                self.assertEqual(sorted(told), [1, 2])
                done = [(each["epoch"], each["batches_done"]) for each in told.values()]
                self.assertGreater(done[1], done[0])

    # ---- What is in the directory.

    def test_nothing_is_written_over_without_being_told(self):
        first = run(CAIRN, "train", "--checkpoint-dir", self.checkpoints, *self.bsp)
        self.assertEqual(first.returncode, DONE, first.stderr)
        self.assertTrue(self.manifests())
        again = run(CAIRN, "train", "--checkpoint-dir", self.checkpoints, *self.bsp)
        self.assertEqual(again.returncode, USAGE, again.stderr)
        self.assertIn("--resume goes on from it", again.stderr)
        other = self.resume(*self.bsp[:-1], "3")
        self.assertEqual(other.returncode, USAGE, other.stderr)
        self.assertIn("--epochs", other.stderr.splitlines()[-1])
        same = self.resume(*self.bsp)
        self.assertEqual(same.returncode, DONE, same.stderr)
        self.assertIn(self.digest, same.stdout)

    def test_one_job_at_a_time(self):
        launcher = self.launch(*self.bsp[:-1], "1000000")
        self.assertTrue(wait_until(self.manifests), launcher.errors())
        for other in (self.resume(*self.bsp[:-1], "1000000"),
                      run(CAIRN, "checkpoint", "prune", self.checkpoints, "--keep", "1")):
            self.assertEqual(other.returncode, USAGE, other.stderr)
            self.assertRegex(other.stderr, rf"{self.checkpoints} is in use by process \d+ on ")
        launcher.process.kill()
        self.assertTrue(wait_until(lambda: not launcher.leftovers(), 5), launcher.leftovers())
        again = self.resume(*self.bsp[:-1], "1000000", "--max-seconds", "0.2")
        self.assertEqual(again.returncode, DONE, again.stderr)

    def test_a_checkpoint_is_a_model(self):
        first = run(CAIRN, "train", "--checkpoint-dir", self.checkpoints, *self.bsp)
        self.assertEqual(first.returncode, DONE, first.stderr)
        directory = os.path.dirname(self.manifests()[-1])
        for command in (["inspect", directory], ["eval", "--model-dir", directory, "--data",
                                                 self.small]):
            told = run(CAIRN, *command)
            self.assertEqual(told.returncode, DONE, told.stderr)

    def numbers(self):
        return sorted(int(name.split("-")[-1].split("/")[0]) for name in self.manifests())

    def first_snapshot(self, number):
        return sorted(glob.glob(os.path.join(self.checkpoints, f"checkpoint-{number}",
                                             "p*.snapshot")))[0]

    @staticmethod
    def damage(path):
        """One byte of the body; sizes are as they were."""
        with open(path, "r+b") as file:
            file.seek(os.path.getsize(path) // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))

    def told_of(self, command, *arguments):
        told = run(CAIRN, "checkpoint", command, self.checkpoints, "--json", *arguments)
        return told.returncode, {each["checkpoint"]: each for each in json.loads(told.stdout)}

    def test_increments_stand_with_what_they_build_on(self):
        launcher = self.launch("--servers", "2", "--checkpoints-kept", "3",
                               "--checkpoint-full-every", "4", *self.bsp[:-1], "1000000")
        # 1 and 2 have all rows, 3, 4 and 5 what changed, 6 all rows, 7 and 8 what changed.
        self.assertTrue(wait_until(lambda: self.numbers()[-1:] >= [8]), launcher.errors())
        launcher.process.kill()
        self.assertTrue(wait_until(lambda: not launcher.leftovers(), 5), launcher.leftovers())
        code, whole = self.told_of("verify")
        self.assertEqual(code, DONE, whole)
        complete = [number for number, each in whole.items() if each["state"] == "complete"]
        chain = [max(number for number in complete if whole[number]["since"] != 0)]
        while whole[chain[-1]]["since"] != 0:
            chain.append(whole[chain[-1]]["since"])
        self.assertLess(len(chain), 5)
        self.assertGreaterEqual(whole[chain[0]]["rows"], whole[chain[-1]]["rows"])
        self.assertTrue(set(complete) - set(chain), whole)  # Another base is there.

        # What an increment builds on stays, though it is not one of the kept ones.
        pruned = run(CAIRN, "checkpoint", "prune", self.checkpoints, "--keep", "1")
        self.assertEqual(pruned.returncode, DONE, pruned.stderr)
        code, left = self.told_of("verify")
        self.assertEqual(code, DONE, left)
        told = run(CAIRN, "eval", "--model-dir", os.path.join(self.checkpoints,
                                                              f"checkpoint-{complete[-1]}"),
                   "--data", self.small)
        self.assertEqual(told.returncode, DONE, told.stderr)

        # Damage to it is damage to all that build on it, and it is what is named.
        base = min(number for number, each in left.items() if each["state"] == "complete")
        self.damage(self.first_snapshot(base))
        code, damaged = self.told_of("verify")
        self.assertEqual(code, DAMAGED, damaged)
        for each in damaged.values():
            if each["state"] != "incomplete":
                self.assertEqual(each["state"], "damaged")
                self.assertIn(self.first_snapshot(base), each["why"])

    def test_damage_is_named_and_an_older_one_used(self):
        launcher = self.launch("--servers", "2", *self.bsp[:-1], "1000000")
        self.assertTrue(wait_until(lambda: len(self.manifests()) > 1), launcher.errors())
        launcher.process.kill()
        self.assertTrue(wait_until(lambda: not launcher.leftovers(), 5), launcher.leftovers())
        victim = self.first_snapshot(self.numbers()[-1])
        self.damage(victim)
        log = self.path("log")
        with open(log, "w", encoding="utf-8") as file:
            on = subprocess.run([CAIRN, "train", "--checkpoint-dir", self.checkpoints, "--resume",
                                 *self.bsp[:-1], "1000000", "--max-seconds", "1"], stderr=file,
                                stdout=file, check=False, timeout=RUN_SECONDS_MAX)
        with open(log, encoding="utf-8") as file:
            told = file.read()
        self.assertEqual(on.returncode, DONE, told)
        self.assertIn(os.path.basename(victim), told)
        # With no whole one left, nothing begins anew in silence.
        for manifest in self.manifests():
            with open(manifest, "a", encoding="utf-8") as file:
                file.write("x")
        none = self.resume(*self.bsp[:-1], "1000000")
        self.assertEqual(none.returncode, DAMAGED, none.stderr)
        self.assertIn(self.checkpoints, none.stderr.splitlines()[-1])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
