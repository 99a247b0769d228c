#!/usr/bin/env python3
"""Kills processes of clusters at random moments, and shows how long the others take to go on.

Usage: kill_many.py PROGRAM_DIR COUNT SEED [--data TRAIN VALID] [NAME...]
NAMEs choose among the rounds below; without any, all are run. COUNT jobs in each, each with one
death or, in rounds called "all", with five: of a server, the coordinator and three workers, with
checkpoints to go back to. Those train with the default settings, on TRAIN if given. Ends with 1 if
a job did not end as it must: with what an undisturbed run comes to after the death of a worker or
of the coordinator (the same model in bsp, the same counts of every feature in any mode, the same
quality in asp and ssp), with exit code 1 and a cause after that of a server, as there is no
checkpoint, and always with nothing left behind. Minutes; not a part of ctest.
"""

import argparse
import glob
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import processes

EPOCHS = 20
UNDISTURBED_RUNS = 5  # Of jobs whose models differ from run to run.
AUC_DIFFERENCE_MAX = 0.0005

ALL = ("ps_server", "ps_coordinator", "ps_worker", "ps_worker", "ps_worker")

# Name of the round: the program that dies, or several, the consistency, the model.
ROUNDS = {
    "worker-bsp": ("ps_worker", "bsp", "lr"),
    "worker-asp": ("ps_worker", "asp", "lr"),
    "worker-ssp": ("ps_worker", "ssp:2", "lr"),
    "worker-bsp-count": ("ps_worker", "bsp", "count"),
    "worker-asp-count": ("ps_worker", "asp", "count"),
    "worker-ssp-count": ("ps_worker", "ssp:2", "count"),
    "server": ("ps_server", "bsp", "lr"),
    "coordinator": ("ps_coordinator", "bsp", "lr"),
    "all-asp": (ALL, "asp", "lr"),
    "all-bsp": (ALL, "bsp", "lr"),
    "all-asp-fm": (ALL, "asp", "fm"),
    "all-bsp-fm": (ALL, "bsp", "fm"),
}


class Round:
    """Jobs of one kind, each with one death."""

    def __init__(self, programs, data, seed, name):
        self.name = name
        self.program, self.consistency, self.model = ROUNDS[name]
        self.cairn = os.path.join(programs, "cairn")
        self.random = random.Random(f"{seed} {name}")
        # What tells one model from another must not depend on chance: bsp adds in a fixed order,
        # and counts are whole numbers, which come to the same sum in any order.
        self.exact = self.consistency == "bsp" or self.model == "count"
        self.job = ["--train", data["train"], "--model", self.model, "--consistency",
                    self.consistency]
        if self.program != ALL:
            self.job += ["--batch", "100", "--epochs", str(EPOCHS)]
        if self.consistency != "asp":
            self.job += ["--streams", "4"]
        if not self.exact:
            self.job += ["--valid", data["valid"]]
        self.wanted = self.undisturbed()

    def undisturbed(self):
        """The digest, or the median AUC, of the job in one process when nobody dies."""
        results = []
        for _ in range(1 if self.exact else UNDISTURBED_RUNS):
            with tempfile.TemporaryDirectory() as directory:
                began = time.monotonic()
                report = os.path.join(directory, "report.json")
                subprocess.run([self.cairn, "train", *self.job, "--servers", "2", "--workers", "2",
                                "--report", report], check=True, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
                results.append(self.result(report))
                self.undisturbed_seconds = time.monotonic() - began
        return statistics.median_low(results)

    def result(self, report):
        told = processes.load(report)
        return told["model_digest"] if self.exact else told["epochs"][-1]["valid_auc"]

    def check_result(self, report):
        result = self.result(report)
        if self.exact:
            assert result == self.wanted, (result, self.wanted)
        else:
            self.differences.append(abs(result - self.wanted))
            assert self.differences[-1] <= AUC_DIFFERENCE_MAX, (result, self.wanted)

    def kill_one(self, directory):
        """Returns the seconds from the death until the job went on, or everything had ended."""
        report = os.path.join(directory, "report.json")
        launcher = processes.Launcher(self.cairn, ["--servers", "2", "--workers", "2", "--report",
                                                   report, *self.job])
        try:
            launcher.remember_port()
            launcher.wait_for_epoch(self.random.randint(1, EPOCHS // 2))
            time.sleep(self.random.uniform(0, 0.1))
            victim = self.random.choice(launcher.wait_for(self.program, 1))
            epochs = launcher.output().count("\n")
            began = time.monotonic()
            os.kill(victim, signal.SIGKILL)
            if self.program != "ps_server":
                processes.wait_until(lambda: launcher.output().count("\n") > epochs)
                seconds = time.monotonic() - began
                assert launcher.end() == 0, launcher.errors()
                assert "was killed by SIGKILL" in launcher.errors(), launcher.errors()
                self.check_result(report)
            else:
                code = launcher.end()
                seconds = time.monotonic() - began
                assert code == 1 and launcher.failure()["pid"] == victim, launcher.errors()
            assert not launcher.leftovers(), launcher.leftovers()
            return seconds
        finally:
            launcher.close()

    def kill_all(self, directory):
        """Returns the seconds that the job took longer than one that is left alone."""
        report = os.path.join(directory, "report.json")
        checkpoints = os.path.join(directory, "checkpoints")
        shutil.rmtree(checkpoints, ignore_errors=True)
        victims = self.random.sample(ALL, len(ALL))
        began = time.monotonic()
        launcher = processes.Launcher(self.cairn, [
            "--servers", "2", "--workers", "2", "--report", report, "--checkpoint-dir", checkpoints,
            "--checkpoint-every", "0.5", *self.job])
        try:
            launcher.remember_port()
            manifests = os.path.join(checkpoints, "checkpoint-*", "MANIFEST")
            assert processes.wait_until(lambda: glob.glob(manifests)), launcher.errors()
            for program in victims:
                time.sleep(self.random.uniform(0, self.undisturbed_seconds / len(ALL)))
                os.kill(self.random.choice(launcher.wait_for(program, 1)), signal.SIGKILL)
            assert launcher.end() == 0, launcher.errors()
            seconds = time.monotonic() - began - self.undisturbed_seconds
            assert launcher.errors().count("was killed by SIGKILL") == len(ALL), launcher.errors()
            self.check_result(report)
            assert not launcher.leftovers(), launcher.leftovers()
            return max(0, seconds)
        finally:
            launcher.close()

    def run(self, count):
        self.differences = []
        kill = self.kill_all if self.program == ALL else self.kill_one
        with tempfile.TemporaryDirectory() as directory:
            seconds = [kill(directory) for _ in range(count)]
        processes.histogram(self.name, seconds)
        if self.differences:
            print(f"  AUC without a death {self.wanted:.6f}, differences: median "
                  f"{statistics.median(self.differences):.6f}, largest "
                  f"{max(self.differences):.6f}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs")
    parser.add_argument("count", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("--data", nargs=2)
    parser.add_argument("names", nargs="*", default=list(ROUNDS))
    arguments = parser.parse_intermixed_args()
    programs, count, seed = arguments.programs, arguments.count, arguments.seed
    directory = tempfile.mkdtemp(prefix="cairn-kill-")
    try:
        data = {part: os.path.join(directory, part + ".libffm") for part in ("train", "valid")}
        if arguments.data:
            data = dict(zip(("train", "valid"), arguments.data))
        else:
            subprocess.run([os.path.join(programs, "cairn"), "data", "gen", "--rows", "20000",
                            "--features", "20000", "--output", data["train"], "--test-rows",
                            "20000", "--test-output", data["valid"]], check=True,
                           stdout=subprocess.DEVNULL)
        print(f"seed {seed}", flush=True)
        for name in arguments.names:
            Round(programs, data, seed, name).run(count)
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
