#!/usr/bin/env python3
"""A job of real processes on a network that goes wrong, while its processes are killed and stopped
all the time, on a seeded schedule: it goes on, and its result is exact.

Usage: chaos_test.py PROGRAM_DIR PROXY [--seconds S] [--seed N] [--mode asp|ssp:2|bsp] [--servers N]
                     [--workers N] [--checkpoint-every S]

asp and ssp count the features of every row (--model count): in the end each has been counted once
an epoch. bsp trains: its model is that of an undisturbed run of as many epochs, to the last bit.
Tells what happened, how long everything took to go on, and how far the job came beside an
undisturbed one. Exits with 1 if anything was wrong. A short run is in ctest; --seconds 600 is for a
person.
"""

import argparse
import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import processes

# What happens in a minute, in a new order each time.
DECK = (["kill ps_worker"] * 7 + ["kill ps_server"] * 4 + ["kill ps_coordinator"] * 3 +
        ["cut"] * 3 + ["hold", "lose", "delay"] + ["stop"] * 2)
MINUTE = 60
EPOCHS_MAX = 1_000_000
ROWS = 20_000
HANG_SECONDS = 30    # Until the job has gone on: with nothing else it would hang.
END_SECONDS = 120    # From the last fault to the job's end.
POLL_SECONDS = 0.05
EXACT_MOST = 1 << 24
PROGRESS_LEAST = 0.3  # Beside an undisturbed run.


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs")
    parser.add_argument("proxy")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mode", default="asp")
    parser.add_argument("--servers", type=int, default=2)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--checkpoint-every", type=float, default=3)
    return parser.parse_args()


class Network:
    """The proxy: link 0 leads to the coordinator, each other one to a server."""

    def __init__(self, program, servers):
        ports = [(processes.free_port(), processes.free_port()) for _ in range(servers + 1)]
        self.coordinator, self.servers = ports[0], ports[1:]
        links = [f"{link}={port}" for port, link in ports]
        self.links = len(links)
        self.lock = threading.Lock()
        self.proxy = subprocess.Popen([program, *links], stdin=subprocess.PIPE, text=True,
                                      stdout=subprocess.PIPE)
        assert self.proxy.stdout.readline() == "ready\n", "the proxy does not listen"

    def tell(self, *command):
        with self.lock:
            print(*command, file=self.proxy.stdin, flush=True)
            assert self.proxy.stdout.readline() == "done\n", command

    def close(self):
        self.proxy.stdin.close()
        self.proxy.wait(10)


class Job:
    """A job under a launcher whose processes meet through the network."""

    def __init__(self, arguments, network, directory, data):
        self.programs = arguments.programs
        self.directory = directory
        self.data = data
        self.network = network
        self.launcher = None
        self.options = ["--train", data, "--consistency", arguments.mode, "--batch", "100"]
        self.is_exact = arguments.mode == "bsp"
        self.options += ["--rate", "constant"] if self.is_exact else ["--model", "count"]
        if arguments.mode != "asp":
            self.options += ["--streams", "4"]
        self.cluster = ["--epochs", str(EPOCHS_MAX), "--max-restarts", str(EPOCHS_MAX),
                        "--servers", str(arguments.servers), "--workers", str(arguments.workers),
                        "--checkpoint-every", str(arguments.checkpoint_every)]
        self.make_programs()

    def path(self, name):
        return os.path.join(self.directory, name)

    def make_programs(self):
        """A directory like the real one, in which each role is led through the network."""
        os.mkdir(self.path("bin"))
        os.mkdir(self.path("locks"))
        shutil.copy2(os.path.join(self.programs, "cairn"), self.path("bin/cairn"))
        role = os.path.join(os.path.dirname(os.path.abspath(__file__)), "chaos_role.py")
        for name in ("ps_coordinator", "ps_server", "ps_worker"):
            os.symlink(role, self.path("bin/" + name))
        self.environment = dict(os.environ, CAIRN_CHAOS=json.dumps({
            "programs": os.path.abspath(self.programs), "coordinator": self.network.coordinator,
            "servers": self.network.servers, "locks": self.path("locks")}))

    def start(self, name, seconds):
        self.report = self.path(name + ".json")
        self.model = self.path(name + ".model")
        self.launcher = processes.Launcher(
            self.path("bin/cairn"),
            [*self.options, *self.cluster, "--max-seconds", str(seconds), "--report", self.report,
             "--save", self.model, "--checkpoint-dir", self.path(name + ".checkpoints")],
            env=self.environment)
        self.launcher.port = self.network.coordinator[0]

    def status(self):
        """What the coordinator tells of the job; None if it does not answer."""
        told = subprocess.run(
            [os.path.join(self.programs, "cairn"), "status", "--json", "--timeout", "0.3",
             "--coordinator", f"tcp://127.0.0.1:{self.network.coordinator[0]}"],
            capture_output=True, text=True, check=False)
        return json.loads(told.stdout) if told.returncode == 0 and told.stdout else None

    def is_under_way(self):
        status = self.status()
        return status is not None and status.get("checkpoint", 0) > 0

    def is_over(self):
        return self.launcher.process.poll() is not None

    def epochs(self):
        return len(processes.load(self.report)["epochs"])

    def check_result(self):
        if self.is_exact:
            calm = self.path("calm.json")
            subprocess.run([os.path.join(self.programs, "cairn"), "train", *self.options,
                            "--epochs", str(self.epochs()), "--report", calm], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            digests = [processes.load(path)["model_digest"] for path in (self.report, calm)]
            assert digests[0] == digests[1], digests
            return
        counts = processes.counts_of_model(os.path.join(self.programs, "cairn"), self.model)
        wanted = processes.counts_of_text(self.data)
        epochs = self.epochs()
        # Beyond that floats, which the counts are, leave numbers out.
        exact = {key: epochs * count for key, count in wanted.items()
                 if epochs * count <= EXACT_MOST}
        wrong = {key: (counts.get(key), count) for key, count in exact.items()
                 if counts.get(key) != count}
        assert not wrong and len(counts) == len(wanted), list(wrong.items())[:10]
        assert len(exact) > 0.9 * len(wanted), (len(exact), len(wanted))

    def close(self):
        if self.launcher is not None:
            self.launcher.close()


class Watcher(threading.Thread):
    """Asks the coordinator all the time, and knows of each death when the job had gone on."""

    def __init__(self, job):
        super().__init__(daemon=True)
        self.job = job
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.open = []  # Deaths: (program, pid, time, rollbacks and batches at that time).
        self.seconds = collections.defaultdict(list)
        self.last = (0, 0)  # Rollbacks, and how far the job is.
        self.moved_at = time.monotonic()
        self.longest_stand = 0
        self.rollbacks = 0

    def died(self, program, pid):
        with self.lock:
            self.open.append((program, pid, time.monotonic(), self.last))

    def run(self):
        while not self.over.wait(POLL_SECONDS):
            asked = time.monotonic()
            status = self.job.status()
            if status is not None and "members" in status:
                self.look(status, asked)

    def look(self, status, asked):
        now = time.monotonic()
        reached = (status["rollbacks"], (status["epoch"], status["batches_done"]))
        with self.lock:
            if reached != self.last:
                self.longest_stand = max(self.longest_stand, now - self.moved_at)
                self.moved_at = now
            self.last = reached
            self.rollbacks = reached[0]
            pids = {member["pid"] for member in status["members"]}
            still_open = []
            for program, pid, at, before in self.open:
                # A worker's streams go to others when it is struck off; a server's death ends with
                # progress after all have gone back.
                gone_on = reached > before and pid not in pids
                if program == "ps_coordinator":
                    gone_on = True
                if program == "ps_server":
                    gone_on = gone_on and reached[0] > before[0]
                if gone_on and asked > at:
                    self.seconds[program].append(now - at)
                else:
                    still_open.append((program, pid, at, before))
            self.open = still_open

    def stand(self):
        with self.lock:
            return time.monotonic() - self.moved_at


class Mischief:
    """Draws what happens, and does it."""

    def __init__(self, arguments, job, watcher):
        self.random = random.Random(f"chaos {arguments.seed}")
        self.job = job
        self.watcher = watcher
        self.done = collections.Counter()
        self.deck = []

    def next(self):
        if not self.deck:
            self.deck = list(DECK)
            self.random.shuffle(self.deck)
        what = self.deck.pop()
        self.done[what] += 1
        verb, _, program = what.partition(" ")
        getattr(self, verb)(program)

    def victim(self, program):
        found = self.job.launcher.pids(program)
        return self.random.choice(found) if found else None

    def kill(self, program):
        victim = self.victim(program)
        if victim is None:
            return
        os.kill(victim, signal.SIGKILL)
        self.watcher.died(program, victim)

    def stop(self, _):
        victim = self.victim(self.random.choice(["ps_worker", "ps_server", "ps_coordinator"]))
        if victim is None:
            return
        os.kill(victim, signal.SIGSTOP)
        threading.Timer(self.random.uniform(0.1, 3), self.go_on, [victim]).start()

    @staticmethod
    def go_on(victim):
        try:
            os.kill(victim, signal.SIGCONT)
        except ProcessLookupError:
            pass  # It was killed as it stood.

    def link(self):
        return self.random.randrange(self.job.network.links)

    def way(self):
        return self.random.choice(["there", "back", "both"])

    def cut(self, _):
        self.job.network.tell("cut", self.link())

    def hold(self, _):
        self.job.network.tell("hold", self.link(), self.way(), self.random.randint(100, 3000))

    def lose(self, _):
        self.job.network.tell("lose", self.link(), self.way(), self.random.randint(100, 3000))

    def delay(self, _):
        link = self.link()
        self.job.network.tell("delay", link, self.random.randint(1, 30))
        threading.Timer(self.random.uniform(1, 4), self.job.network.tell,
                        ["delay", link, 0]).start()


def undisturbed(job, seconds):
    """Rows a second."""
    began = time.monotonic()
    job.start("calm", seconds)
    assert job.launcher.end(seconds + END_SECONDS) == 0, job.launcher.errors()
    job.launcher.close()
    return job.epochs() * ROWS / (time.monotonic() - began)


def disturbed(job, arguments):
    """The same, with everything that goes wrong."""
    job.start("chaos", arguments.seconds)
    watcher = Watcher(job)
    mischief = Mischief(arguments, job, watcher)
    assert processes.wait_until(job.is_under_way), job.launcher.errors()
    began = time.monotonic()
    watcher.start()
    while time.monotonic() < began + arguments.seconds and not job.is_over():
        time.sleep(mischief.random.uniform(0.2, 1.8) * MINUTE / len(DECK))
        if job.is_over():
            break
        mischief.next()
        assert watcher.stand() < HANG_SECONDS, f"stands still: {job.status()}"
    code = job.launcher.end(END_SECONDS)
    rate = job.epochs() * ROWS / (time.monotonic() - began) if code == 0 else 0
    watcher.over.set()
    watcher.join()
    assert code == 0, job.launcher.errors()
    assert not job.launcher.leftovers(), job.launcher.leftovers()
    return rate, mischief.done, watcher


def main():
    arguments = parse_arguments()
    print(f"seed {arguments.seed}, {arguments.mode}, {arguments.seconds:g} s", flush=True)
    directory = tempfile.mkdtemp(prefix="cairn-chaos-")
    data = os.path.join(directory, "train.libffm")
    subprocess.run([os.path.join(arguments.programs, "cairn"), "data", "gen", "--rows", str(ROWS),
                    "--features", str(ROWS), "--output", data], check=True,
                   stdout=subprocess.DEVNULL)
    network = Network(arguments.proxy, arguments.servers)
    job = Job(arguments, network, directory, data)
    try:
        calm = undisturbed(job, min(20, arguments.seconds / 4))
        rate, done, watcher = disturbed(job, arguments)
        job.check_result()
        epochs = job.epochs()
    finally:
        job.close()
        network.close()
    shutil.rmtree(directory)
    print(", ".join(f"{count} x {what}" for what, count in sorted(done.items())))
    for program, seconds in sorted(watcher.seconds.items()):
        processes.histogram(f"{program} killed, until the job had gone on", seconds)
    print(f"{watcher.rollbacks} rollbacks; longest time without progress "
          f"{watcher.longest_stand:.1f} s; {len(watcher.open)} deaths near the end not followed")
    print(f"{epochs} epochs, exact; {rate / calm:.0%} of the rows of an undisturbed run")
    assert rate >= PROGRESS_LEAST * calm, (rate, calm)


if __name__ == "__main__":
    sys.exit(main())
