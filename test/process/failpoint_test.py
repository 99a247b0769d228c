#!/usr/bin/env python3
"""Processes that die in the middle of keeping something on disk, at each step of it: a job goes on
from what is there, and its model is that of an undisturbed run, to the last bit.

Usage: failpoint_test.py PROGRAM_DIR LIBRARY [--every N] [--first N] [--only NAME]

LIBRARY (test/failpoints) is loaded into the programs and counts their steps. Every Nth step is
tried, from --first on, until a run comes to its end without getting to its step. --only whole,
coordinator or server: whether all of a job dies, or one process of a cluster. Exits with 1 if
anything was wrong. A few steps are in ctest; --every 1 is for a person.
"""

import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

DONE = 0
FAILED = 1
KILLED = -9
RUN_SECONDS_MAX = 120
STEPS_MAX = 100_000


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs")
    parser.add_argument("library")
    parser.add_argument("--every", type=int, default=29)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--only", choices=("whole", "coordinator", "server"))
    return parser.parse_args()


class Trial:
    """A training in bsp, the same each time, and where it keeps its checkpoints and its log."""

    def __init__(self, arguments, directory):
        self.cairn = os.path.join(arguments.programs, "cairn")
        self.library = arguments.library
        self.ended_early = 0
        self.directory = directory
        self.data = os.path.join(directory, "data.libffm")
        self.once = os.path.join(directory, "died")
        self.kept = os.path.join(directory, "kept")
        self.checkpoints = os.path.join(self.kept, "checkpoints")
        self.must([self.cairn, "data", "gen", "--rows", "4000", "--features", "4000", "--seed", "3",
                   "--output", self.data])
        self.job = ["--train", self.data, "--consistency", "bsp", "--streams", "2", "--batch", "20",
                    "--epochs", "100", "--partitions", "2"]
        self.digest = self.digest_of(self.must([self.cairn, "train", *self.job]))

    @staticmethod
    def must(command):
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              timeout=RUN_SECONDS_MAX)
        if done.returncode != DONE:
            sys.exit(f"{' '.join(command)}: {done.returncode}\n{done.stderr}")
        return done.stdout

    @staticmethod
    def digest_of(output):
        return re.search(r"model digest ([0-9a-f]{32})", output).group(1)

    def clear(self):
        shutil.rmtree(self.kept, ignore_errors=True)
        if os.path.exists(self.once):
            os.remove(self.once)

    def train(self, *more, step=0, program=""):
        environment = dict(os.environ)
        if step > 0:
            environment.update(LD_PRELOAD=self.library, CAIRN_FAIL_UNDER=self.kept,
                               CAIRN_FAIL_AT=str(step), CAIRN_FAIL_ONCE=self.once)
            if program:
                environment["CAIRN_FAIL_IN"] = program
        return subprocess.run([self.cairn, "train", "--checkpoint-dir", self.checkpoints,
                               "--checkpoint-every", "0.1", "--checkpoint-full-every", "3",
                               *self.job, *more], capture_output=True, text=True, check=False,
                              timeout=RUN_SECONDS_MAX, env=environment)

    def whole(self, step):
        """All of the job dies at this step, and is resumed. False: it ended before."""
        died = self.train(step=step)
        if died.returncode == DONE:
            self.check(died, step)
            return False
        if died.returncode != KILLED:
            sys.exit(f"step {step}: ended with {died.returncode}\n{died.stderr}")
        verified = subprocess.run([self.cairn, "checkpoint", "verify", self.checkpoints,
                                   "--json"], capture_output=True, text=True,
                                  check=False, timeout=RUN_SECONDS_MAX)
        if any(each["state"] == "damaged" for each in json.loads(verified.stdout or "[]")):
            sys.exit(f"step {step}: a crash has damaged a checkpoint\n{verified.stdout}")
        self.check(self.train("--resume"), step)
        return True

    def one(self, step, program):
        """One process of a cluster dies at this step, and is started again."""
        done = self.train("--cluster", "local", "--servers", "2", "--workers", "1", "--log-dir",
                          os.path.join(self.kept, "logs"), step=step, program=program)
        manifests = glob.glob(os.path.join(self.checkpoints, "checkpoint-*", "MANIFEST"))
        if done.returncode == FAILED and not manifests:  # Nothing to go on from: it says so.
            if "was killed by SIGKILL" not in done.stderr:
                sys.exit(f"step {step}: not the cause\n{done.stderr}")
            self.ended_early += 1
        else:
            self.check(done, step)
        return os.path.exists(self.once)

    def check(self, done, step):
        if done.returncode != DONE:
            sys.exit(f"step {step}: ended with {done.returncode}\n{done.stderr}")
        digest = self.digest_of(done.stdout)
        if digest != self.digest:
            sys.exit(f"step {step}: model {digest}, undisturbed {self.digest}\n{done.stderr}")


def main():
    arguments = parse_arguments()
    directory = tempfile.mkdtemp(prefix="cairn-failpoint-")
    try:
        trial = Trial(arguments, directory)
        ways = {"whole": trial.whole,
                "coordinator": lambda step: trial.one(step, "ps_coordinator"),
                "server": lambda step: trial.one(step, "ps_server")}
        for name, way in ways.items():
            if arguments.only not in (None, name):
                continue
            died = trial.ended_early = 0
            for step in range(arguments.first, STEPS_MAX, arguments.every):
                trial.clear()
                if not way(step):
                    break
                died += 1
            print(f"{name}: died at {died} steps, from {arguments.first} on each "
                  f"{arguments.every}th, {trial.ended_early} of them before there was anything to "
                  f"go on from; every model was {trial.digest}")
            if died == trial.ended_early:
                sys.exit(f"{name}: nothing went on")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
