#!/usr/bin/env python3
"""Kills processes of clusters at random moments, and shows how long the others take to go on.

Usage: kill_many.py PROGRAM_DIR COUNT SEED
COUNT workers, servers and coordinators each. Ends with 1 if a job did not end as it must: with the
model of a run that nobody disturbed after the death of a worker, with exit code 1 and a cause after
that of a server or coordinator, and always with nothing left behind. Minutes; not a part of ctest.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import processes

BINS_MS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
EPOCHS = 20


def histogram(name, seconds):
    print(f"{name}: {len(seconds)} deaths")
    low = 0
    for high in BINS_MS:
        count = sum(low <= 1000 * value < high for value in seconds)
        if count:
            print(f"  {low:6d} .. {high:5d} ms  {count:3d}  {'#' * count}")
        low = high
    worst = max(seconds, default=0)
    print(f"  longest {1000 * worst:.0f} ms", flush=True)


class Kills:
    def __init__(self, programs, directory, seed):
        self.cairn = os.path.join(programs, "cairn")
        self.random = random.Random(seed)
        self.data = os.path.join(directory, "train.libffm")
        self.training = ["--train", self.data, "--consistency", "bsp", "--streams", "4", "--batch",
                         "100", "--epochs", str(EPOCHS)]
        subprocess.run([self.cairn, "data", "gen", "--rows", "20000", "--features", "20000",
                        "--output", self.data], check=True, stdout=subprocess.DEVNULL)
        undisturbed = subprocess.run([self.cairn, "train", *self.training], check=True, text=True,
                                     stdout=subprocess.PIPE)
        self.digest = undisturbed.stdout.split("model digest ")[1][:32]

    def kill_one(self, program):
        """Returns the seconds from the death until the job went on, or everything had ended."""
        launcher = processes.Launcher(self.cairn,
                                      ["--servers", "2", "--workers", "2", *self.training])
        try:
            launcher.remember_port()
            launcher.wait_for_epoch(self.random.randint(1, EPOCHS // 2))
            time.sleep(self.random.uniform(0, 0.1))
            victim = self.random.choice(launcher.wait_for(program, 1))
            epochs = launcher.output().count("\n")
            began = time.monotonic()
            os.kill(victim, signal.SIGKILL)
            if program == "ps_worker":
                processes.wait_until(lambda: launcher.output().count("\n") > epochs)
                seconds = time.monotonic() - began
                assert launcher.end() == 0, launcher.errors()
                assert self.digest in launcher.output(), launcher.output()
            else:
                code = launcher.end()
                seconds = time.monotonic() - began
                assert code == 1 and launcher.failure()["pid"] == victim, launcher.errors()
            assert not launcher.leftovers(), launcher.leftovers()
            return seconds
        finally:
            launcher.close()


def main():
    programs, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    directory = tempfile.mkdtemp(prefix="cairn-kill-")
    try:
        kills = Kills(programs, directory, seed)
        print(f"seed {seed}")
        for program in ("ps_worker", "ps_server", "ps_coordinator"):
            histogram(program, [kills.kill_one(program) for _ in range(count)])
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
