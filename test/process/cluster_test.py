#!/usr/bin/env python3
"""Clusters of real processes: results that agree, everybody's end, and what dies on the way.

Usage: cluster_test.py PROGRAM_DIR NEXT_DIR DATA_DIR [unittest arguments...]
PROGRAM_DIR holds cairn and the role programs, NEXT_DIR the same with another version of the
protocol, DATA_DIR is examples/data.
"""

import http.client
import itertools
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import processes
from processes import RUN_SECONDS_MAX, load, wait_until

PROGRAMS, NEXT_RELEASE, DATA = sys.argv[1:4]
CAIRN = os.path.join(PROGRAMS, "cairn")
TRAIN = os.path.join(DATA, "flights.train.libffm.zst")
VALID = os.path.join(DATA, "flights.valid.libffm.zst")

DONE, INTERNAL, USAGE, NO_DATA, NO_CLUSTER, DIVERGED, INTERRUPTED = 0, 1, 2, 3, 5, 6, 130
SEED = 20
EPOCHS = 20
END_SECONDS_MAX = 10  # From a death that the job cannot survive to the end of everything.


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, check=False,
                          timeout=RUN_SECONDS_MAX, **more)


class ClusterTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.mkdtemp(prefix="cairn-cluster-")
        cls.small = os.path.join(cls.shared, "small.libffm")
        made = run(CAIRN, "data", "gen", "--rows", "20000", "--features", "20000", "--seed", "3",
                   "--output", cls.small)
        assert made.returncode == DONE, made.stderr
        # Long enough to be killed in the middle of, and the same everywhere.
        cls.bsp = ["--train", cls.small, "--consistency", "bsp", "--streams", "4", "--batch", "100",
                   "--epochs", str(EPOCHS)]
        cls.digest = cls.digest_of("--cluster", "embedded", *cls.bsp)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.shared)

    @classmethod
    def digest_of(cls, *arguments):
        """Trains, and returns the model's digest."""
        report = os.path.join(cls.shared, "report.json")
        result = run(CAIRN, "train", *arguments, "--report", report)
        assert result.returncode == DONE, result.stderr
        return load(report)["model_digest"]

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="cairn-cluster-")
        self.addCleanup(shutil.rmtree, self.directory)

    def path(self, name):
        return os.path.join(self.directory, name)

    def launch(self, *arguments):
        launcher = processes.Launcher(CAIRN, arguments)
        self.addCleanup(launcher.close)
        return launcher

    def start_role(self, program, *arguments, ready=True, programs=PROGRAMS):
        """Starts a role by hand; returns its process and the lines of its ready file."""
        ready_file = self.path(f"ready-{random.getrandbits(64):x}")
        process = subprocess.Popen(
            [os.path.join(programs, program), "--ready-file", ready_file, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        lines = []
        if ready:
            self.assertTrue(wait_until(lambda: os.path.exists(ready_file) or
                                       process.poll() is not None))
            self.assertTrue(os.path.exists(ready_file), process.poll())
            with open(ready_file, encoding="utf-8") as file:
                lines = file.read().splitlines()
        return process, lines

    def check_end(self, process, code):
        """Waits for a role's end; returns what it said last."""
        out, err = process.communicate(timeout=RUN_SECONDS_MAX)
        self.assertEqual(process.returncode, code, out + err)
        return err.splitlines()[-1] if err else ""

    # ---- All goes well.

    def test_local_processes_train_as_threads_do(self):
        for mode in (["asp"], ["ssp:2"], ["bsp", "--streams", "4"]):
            with self.subTest(mode=mode[0]):
                report = self.path("report.json")
                temporary = self.path("tmp-" + mode[0])
                os.mkdir(temporary)
                result = run(CAIRN, "train", "--cluster", "local", "--servers", "2", "--workers",
                             "2", "--train", TRAIN, "--valid", VALID, "--epochs", "2",
                             "--consistency", *mode, "--report", report,
                             env=dict(os.environ, TMPDIR=temporary))
                self.assertEqual(result.returncode, DONE, result.stderr)
                self.assertRegex(result.stderr.splitlines()[0],
                                 f"^note   logs of the processes: {temporary}/cairn-")
                self.assertEqual(os.listdir(temporary), [])
                told = load(report)
                self.assertEqual(told["cluster"], "local")
                self.assertEqual(told["rows"], 2 * 179817)
                self.assertGreater(told["epochs"][-1]["valid_auc"], 0.72)
                self.assertGreater(told["bytes_sent"], 1_000_000)
                self.assertGreater(told["peak_rss_bytes"], 10_000_000)

    def test_bsp_models_are_the_same_on_any_cluster_of_processes(self):
        for servers, workers in ((1, 1), (2, 2), (3, 1), (1, 3)):
            with self.subTest(servers=servers, workers=workers):
                self.assertEqual(self.digest, self.digest_of(
                    "--cluster", "local", "--servers", str(servers), "--workers", str(workers),
                    *self.bsp))

    def test_bsp_factorization_machines_are_too(self):
        few = self.path("few.libffm")  # All rows take ffm 84 s under ThreadSanitizer.
        with open(self.small, encoding="utf-8") as rows, open(few, "w", encoding="utf-8") as file:
            file.writelines(itertools.islice(rows, 4000))
        for model in "fm", "ffm", "deepfm":
            with self.subTest(model=model):
                fm = ["--train", few, "--model", model, "--dim", "5", "--batch", "100",
                      "--consistency", "bsp", "--epochs", "2"]
                self.assertEqual(self.digest_of("--cluster", "embedded", *fm),
                                 self.digest_of("--cluster", "local", "--servers", "3",
                                                "--workers", "2", *fm))

    def start_cluster(self, *coordinator, servers=2, workers=2):
        """Roles by hand; returns the coordinator's lines, and all processes, it first."""
        first, lines = self.start_role("ps_coordinator", *coordinator)
        roles = [first]
        for program, count in (("ps_server", servers), ("ps_worker", workers)):
            for _ in range(count):
                roles.append(self.start_role(program, "--coordinator", lines[0])[0])
        return lines, roles

    def test_a_job_goes_to_a_coordinator_that_waits_for_one(self):
        lines, roles = self.start_cluster("--http", "127.0.0.1:0")
        host_and_port = lines[1].removeprefix("http://")

        def ask(path):
            connection = http.client.HTTPConnection(host_and_port, timeout=10)
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read().decode()
            connection.close()
            return answer.status, text

        self.assertEqual(ask("/healthz"), (200, "ok\n"))
        self.assertIn('"phase": "idle"', ask("/status")[1])
        digest = self.digest_of("--cluster", lines[0], "--servers", "2", "--workers", "2",
                                *self.bsp)
        self.assertEqual(digest, self.digest)
        for role in roles:
            self.check_end(role, DONE)

    def test_a_coordinator_can_bring_the_job_itself(self):
        report = self.path("report.json")
        _, roles = self.start_cluster("--servers", "2", "--workers", "2", "--report", report,
                                      *self.bsp)
        out, err = roles[0].communicate(timeout=RUN_SECONDS_MAX)
        self.assertEqual(roles[0].returncode, DONE, err)
        self.assertIn(f"\n   {EPOCHS} ", out)
        self.assertIn(self.digest, out.splitlines()[-1])
        self.assertEqual(load(report)["model_digest"], self.digest)
        for role in roles[1:]:
            self.check_end(role, DONE)

    # ---- Somebody is missing, or is somebody else.

    def test_nobody_at_the_address(self):
        began = time.monotonic()
        result = run(CAIRN, "train", "--cluster", "tcp://127.0.0.1:1", "--join-timeout", "0.5",
                     "--train", self.small)
        self.assertEqual(result.returncode, NO_CLUSTER, result.stderr)
        self.assertIn("tcp://127.0.0.1:1", result.stderr.splitlines()[-1])
        self.assertLess(time.monotonic() - began, 5)

    def test_a_missing_server_is_named(self):
        lines, roles = self.start_cluster("--form-timeout", "1", servers=1)
        result = run(CAIRN, "train", "--cluster", lines[0], "--servers", "2", "--workers", "2",
                     *self.bsp)
        self.assertEqual(result.returncode, NO_CLUSTER, result.stderr)
        self.assertIn("waited 1 s for 1 of 2 servers", result.stderr.splitlines()[-1])
        self.assertIn("1 of 2 servers", self.check_end(roles[0], NO_CLUSTER))
        for role in roles[1:]:
            self.assertIn("1 of 2 servers", self.check_end(role, INTERNAL))

    def test_a_port_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
            for program in ("ps_coordinator", "ps_server"):
                more = ["--coordinator", "tcp://127.0.0.1:1"] if program == "ps_server" else []
                process, _ = self.start_role(program, "--listen", address, *more, ready=False)
                self.assertIn(address, self.check_end(process, NO_CLUSTER))

    def test_a_worker_for_another_job_is_refused(self):
        lines, roles = self.start_cluster(
            "--job", "mine", "--servers", "1", "--workers", "1", *self.bsp, servers=1, workers=0)
        stranger, _ = self.start_role("ps_worker", "--coordinator", lines[0], "--job", "other")
        stranger.wait(timeout=RUN_SECONDS_MAX)
        self.assertNotEqual(stranger.returncode, DONE)
        why = stranger.stderr.read().splitlines()[-1]
        self.assertIn("mine", why)
        self.assertIn("other", why)
        friend, _ = self.start_role("ps_worker", "--coordinator", lines[0], "--job", "mine")
        for role in [*roles, friend]:
            self.check_end(role, DONE)

    def test_programs_of_two_releases_do_not_meet(self):
        for ours, theirs, versions in ((PROGRAMS, NEXT_RELEASE, ("2.0", "3.0")),
                                       (NEXT_RELEASE, PROGRAMS, ("3.0", "2.0"))):
            coordinator, lines = self.start_role("ps_coordinator", programs=ours)
            for program in ("ps_server", "ps_worker"):
                with self.subTest(program=program, version=versions[1]):
                    stranger, _ = self.start_role(program, "--coordinator", lines[0], ready=False,
                                                  programs=theirs)
                    why = self.check_end(stranger, NO_CLUSTER)
                    self.assertIn(f"the coordinator at {lines[0]} speaks protocol version "
                                  f"{versions[0]}, this process {versions[1]}", why)
                    self.assertIn("use programs of one release", why)
            for command in (["train", "--cluster", lines[0], "--train", self.small],
                            ["status", "--coordinator", lines[0]]):
                result = run(os.path.join(theirs, "cairn"), *command)
                self.assertEqual(result.returncode, NO_CLUSTER, result.stderr)
                self.assertIn(lines[0], result.stderr.splitlines()[-1])
                self.assertIn(f"version {versions[0]}", result.stderr.splitlines()[-1])
            self.assertIsNone(coordinator.poll())
            coordinator.send_signal(signal.SIGTERM)
            out, err = coordinator.communicate(timeout=RUN_SECONDS_MAX)
            self.assertIn(f"refused a frame of protocol version {versions[1]}", out + err)

    def test_roles_without_a_coordinator_end_themselves(self):
        coordinator, lines = self.start_role("ps_coordinator", "--servers", "1", "--workers", "1",
                                             *self.bsp[:-1], "1000000")
        roles = [self.start_role(program, "--coordinator", lines[0], "--orphan-timeout", "1")[0]
                 for program in ("ps_server", "ps_worker")]
        while not coordinator.stdout.readline().startswith("    1 "):
            self.assertIsNone(coordinator.poll())
        coordinator.kill()
        for role in roles:
            self.assertIn("--orphan-timeout", self.check_end(role, NO_CLUSTER))

    def test_programs_that_are_not_installed_are_named(self):
        alone = self.path("cairn")
        shutil.copy(CAIRN, alone)
        result = run(alone, "train", "--cluster", "local", "--train", self.small,
                     env=dict(os.environ, PATH="/no/such/folder", TMPDIR=self.directory))
        self.assertEqual(result.returncode, NO_CLUSTER, result.stderr)
        self.assertIn(self.path("ps_coordinator"), result.stderr.splitlines()[-1])
        self.assertIn("/no/such/folder", result.stderr.splitlines()[-1])
        self.assertEqual(os.listdir(self.directory), ["cairn"])

    def test_a_connection_that_breaks_is_not_a_coordinator_that_is_silent(self):
        _, lines = self.start_role("ps_coordinator", "--servers", "1", "--workers", "1",
                                   *self.bsp[:-1], "1000000")
        coordinator = lines[0].removeprefix("tcp://").split(":")
        with processes.Cutter((coordinator[0], int(coordinator[1]))) as cutter:
            server, _ = self.start_role("ps_server", "--coordinator", cutter.address,
                                        "--orphan-timeout", "7")
            self.start_role("ps_worker", "--coordinator", lines[0])
            time.sleep(1)
            cutter.cut()
            # Nobody tells a server anything while the job goes on: it has to ask.
            with self.assertRaises(subprocess.TimeoutExpired):
                server.wait(timeout=10)

    # ---- Somebody ends the job.

    def test_a_bad_row_ends_the_job_with_its_place(self):
        with open(self.small, encoding="utf-8") as file:
            lines = file.readlines()
        lines[15000] = "1 0:17:oops\n"
        bad = self.path("bad.libffm")
        with open(bad, "w", encoding="utf-8") as file:
            file.writelines(lines)
        launcher = self.launch("--train", bad, "--workers", "2", "--epochs", "1")
        self.assertEqual(launcher.end(), NO_DATA, launcher.errors())
        message = f"{bad}:15001:8: "
        self.assertRegex(launcher.errors(), f"(?m)^cairn train: .*{re.escape(message)}")
        block = launcher.errors().partition("cairn train: ")[2]
        self.assertRegex(block, r"\n  process  pid \d+ on ")
        self.assertRegex(block, r"\n  log      .*/worker-[12]\.log, which ends with\n")
        failure = launcher.failure()
        self.assertEqual(failure["exit_code"], NO_DATA)
        self.assertIn(message, failure["message"])
        self.assertRegex(failure["role"], "^worker [12]$")
        self.assertEqual(launcher.leftovers(), [])

    def test_a_share_of_the_data_is_held_out_everywhere(self):
        losses = set()
        for cluster in ("embedded", "local"):
            report = self.path(cluster + ".json")
            result = run(CAIRN, "train", "--cluster", cluster, "--workers", "2", "--train", TRAIN,
                         "--valid-share", "0.1", "--epochs", "2", "--consistency", "bsp",
                         "--report", report)
            self.assertEqual(result.returncode, DONE, result.stderr)
            self.assertLess(load(report)["rows"], 2 * 0.92 * 179817)
            losses.add(load(report)["epochs"][-1]["valid_loss"])
        self.assertEqual(len(losses), 1)

    def test_the_model_of_the_best_epoch_is_saved(self):
        model, report = self.path("model"), self.path("report.json")
        launcher = self.launch("--train", TRAIN, "--valid", VALID, "--servers", "2", "--workers",
                               "2", "--l2", "0", "--lr", "3", "--patience", "1", "--save", model,
                               "--report", report)
        self.assertEqual(launcher.end(), DONE, launcher.errors())
        told, scored = load(report), self.path("eval.json")
        self.assertEqual(told["model_epoch"], told["best_epoch"])
        self.assertEqual(len(told["epochs"]), told["best_epoch"] + 1)
        result = run(CAIRN, "eval", "--model-dir", model, "--data", VALID, "--report", scored)
        self.assertEqual(result.returncode, DONE, result.stderr)
        self.assertAlmostEqual(load(scored)["auc"],
                               told["epochs"][told["best_epoch"] - 1]["valid_auc"], places=9)

    def test_a_training_that_diverges_says_where(self):
        launcher = self.launch("--train", self.small, "--workers", "2", "--lr", "1e30", "--save",
                               self.path("model"))
        self.assertEqual(launcher.end(), DIVERGED, launcher.errors())
        self.assertRegex(launcher.errors(), r"(?m)^cairn train: the training diverged in epoch 1, "
                         r"batch \d+ of \d+ \(stream \d+, step \d+\): .*nothing is saved; .*--lr")
        self.assertFalse(os.path.exists(self.path("model")))
        self.assertEqual(launcher.leftovers(), [])

    def test_an_interrupt_ends_everybody(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            launcher = self.launch("--servers", "2", "--workers", "2", "--save",
                                   self.path("model"), *self.bsp[:-1], "1000000")
            launcher.remember_port()
            launcher.wait_for_epoch(1)
            began = time.monotonic()
            launcher.process.send_signal(number)
            self.assertEqual(launcher.end(), INTERRUPTED, launcher.errors())
            self.assertLess(time.monotonic() - began, END_SECONDS_MAX)
            self.assertRegex(launcher.errors().splitlines()[-1],
                             r"^cairn train: interrupted after epoch \d+; nothing is saved$")
            self.assertFalse(os.path.exists(self.path("model")))
            self.assertEqual(launcher.leftovers(), [])
            self.assertFalse(os.path.exists(os.path.join(launcher.log_dir, "failure.json")))

    def test_children_end_with_a_launcher_that_is_killed(self):
        launcher = self.launch("--servers", "2", "--workers", "2", *self.bsp[:-1], "1000000")
        launcher.remember_port()
        launcher.wait_for_epoch(1)
        self.assertEqual(len(processes.children_of(launcher.pid)), 5)
        launcher.process.kill()
        self.assertTrue(wait_until(lambda: not launcher.leftovers(), 5), launcher.leftovers())

    def test_a_worker_that_is_told_to_leave_is_not_missed(self):
        launcher = self.launch("--workers", "2", *self.bsp)
        launcher.wait_for_epoch(1)
        os.kill(launcher.wait_for("ps_worker", 2)[0], signal.SIGTERM)
        self.assertEqual(launcher.end(), DONE, launcher.errors())
        self.assertIn(self.digest, launcher.output())
        self.assertEqual(launcher.leftovers(), [])

    # ---- Somebody is killed.

    def kill_at_random_moments(self, program, count, *job):
        """Yields launchers of which one such process has been killed in the middle of a job."""
        moments = random.Random(SEED)
        for i in range(count):
            with self.subTest(program=program, moment=i, job=job):
                launcher = self.launch("--servers", "2", "--workers", "2", *(job or self.bsp))
                launcher.remember_port()
                launcher.wait_for_epoch(moments.randint(1, 8))
                time.sleep(moments.uniform(0, 0.1))
                pid = moments.choice(launcher.wait_for(program, 1))
                killed_at = time.monotonic()
                os.kill(pid, signal.SIGKILL)
                yield launcher, pid, killed_at

    def test_a_worker_that_is_killed_changes_nothing(self):
        for launcher, pid, _ in self.kill_at_random_moments("ps_worker", 3):
            self.assertEqual(launcher.end(), DONE, launcher.errors())
            self.assertIn(self.digest, launcher.output())
            self.assertRegex(launcher.errors(), rf"worker [12] \(pid {pid}\) was killed by SIGKILL")
            self.assertEqual(launcher.leftovers(), [])

    def check_counts(self, model):
        self.assertEqual(processes.counts_of_model(CAIRN, model),
                         {key: EPOCHS * count
                          for key, count in processes.counts_of_text(self.small).items()})

    def test_counts_are_exact_after_the_death_of_a_worker(self):
        for mode in ("asp", "ssp:2", "bsp"):
            model = self.path("counts-" + mode[:3])
            job = ["--model", "count", "--train", self.small, "--consistency", mode, "--batch",
                   "100", "--epochs", str(EPOCHS), "--save", model]
            for launcher, pid, _ in self.kill_at_random_moments("ps_worker", 1, *job):
                self.assertEqual(launcher.end(), DONE, launcher.errors())
                self.assertRegex(launcher.errors(), rf"\(pid {pid}\) was killed by SIGKILL")
                self.check_counts(model)

    def test_too_many_deaths_of_workers(self):
        launcher = self.launch("--max-restarts", "0", *self.bsp)
        launcher.wait_for_epoch(1)
        os.kill(launcher.wait_for("ps_worker", 1)[0], signal.SIGKILL)
        self.assertEqual(launcher.end(), INTERNAL, launcher.errors())
        self.assertIn("--max-restarts", launcher.errors())
        self.assertEqual(launcher.failure()["role"], "worker 1")
        self.assertEqual(launcher.leftovers(), [])

    def check_cause(self, launcher, pid, role, killed_at):
        self.assertEqual(launcher.end(), INTERNAL, launcher.errors())
        self.assertLess(time.monotonic() - killed_at, END_SECONDS_MAX)
        block = launcher.errors().partition("cairn train: ")[2].splitlines()
        self.assertRegex(block[0], f"^{role} was killed by SIGKILL \\(signal 9\\)$")
        self.assertEqual(block[1], f"  process  pid {pid} on {socket.gethostname()}")
        self.assertRegex(block[2], f"^  log      {launcher.log_dir}/.*, which ends with$")
        self.assertTrue(block[-1].startswith("  what to do  "), block)
        failure = launcher.failure()
        self.assertEqual((failure["pid"], failure["end"], failure["message"]),
                         (pid, "SIGKILL (signal 9)", block[0]))
        self.assertRegex(failure["role"], f"^{role}$")
        self.assertEqual(launcher.leftovers(), [])

    def test_a_server_that_is_killed_ends_everything(self):
        for launcher, pid, killed_at in self.kill_at_random_moments("ps_server", 3):
            self.check_cause(launcher, pid, "server [12]", killed_at)

    def test_a_server_that_is_told_to_leave_is_named(self):
        launcher = self.launch("--servers", "2", *self.bsp[:-1], "1000000")
        launcher.remember_port()
        launcher.wait_for_epoch(1)
        pid = launcher.wait_for("ps_server", 2)[1]
        os.kill(pid, signal.SIGTERM)
        self.assertEqual(launcher.end(), INTERNAL, launcher.errors())
        block = launcher.errors().partition("cairn train: ")[2].splitlines()
        self.assertRegex(block[0], rf"^server \d+ at tcp://.*, pid {pid}\) was told to leave "
                                   "before the job was over: its part of the model is lost")
        self.assertEqual(block[1], f"  process  pid {pid} on {socket.gethostname()}")
        self.assertTrue(block[-1].startswith("  what to do  let servers run"), block)
        self.assertEqual((launcher.failure()["pid"], launcher.failure()["message"]),
                         (pid, block[0]))
        self.assertEqual(launcher.leftovers(), [])

    def test_a_coordinator_that_is_killed_changes_nothing(self):
        for launcher, pid, _ in self.kill_at_random_moments("ps_coordinator", 3):
            again = launcher.wait_for("ps_coordinator", 1, besides=pid)
            time.sleep(0.3)
            os.kill(again[0], signal.SIGKILL)  # Perhaps before the others have come back.
            self.assertEqual(launcher.end(), DONE, launcher.errors())
            self.assertIn(self.digest, launcher.output())
            self.assertRegex(launcher.errors(), rf"coordinator \(pid {pid}\) was killed by SIGKILL")
            self.assertEqual(launcher.leftovers(), [])

    def test_counts_are_exact_after_the_death_of_a_coordinator(self):
        for mode in ("asp", "ssp:2"):
            model = self.path("counts-" + mode[:3])
            job = ["--model", "count", "--train", self.small, "--consistency", mode, "--batch",
                   "100", "--epochs", str(EPOCHS), "--save", model]
            for launcher, _, _ in self.kill_at_random_moments("ps_coordinator", 1, *job):
                self.assertEqual(launcher.end(), DONE, launcher.errors())
                self.check_counts(model)

    def test_a_coordinator_started_by_hand_goes_on_by_its_log(self):
        job_dir = self.path("job")
        address = f"tcp://127.0.0.1:{processes.free_port()}"
        again = ["--listen", address, "--job-dir", job_dir, "--servers", "2", "--workers", "2",
                 *self.bsp]
        _, roles = self.start_cluster(*again)
        for epoch in (1, 3):
            while not roles[0].stdout.readline().startswith(f"    {epoch} "):
                self.assertIsNone(roles[0].poll())
            roles[0].kill()
            roles[0].communicate()
            roles[0], _ = self.start_role("ps_coordinator", *again)
        out, err = roles[0].communicate(timeout=RUN_SECONDS_MAX)
        self.assertEqual(roles[0].returncode, DONE, out + err)
        self.assertIn(self.digest, out)
        for role in roles[1:]:
            self.check_end(role, DONE)
        # What is over is not begun again, and another job is not taken for it.
        over = run(os.path.join(PROGRAMS, "ps_coordinator"), *again)
        self.assertEqual(over.returncode, USAGE, over.stderr)
        self.assertIn(job_dir, over.stderr.splitlines()[-1])
        self.assertIn("has ended", over.stderr.splitlines()[-1])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
