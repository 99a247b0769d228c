"""Real processes for tests: starting them with a limit of time, and finding what they left."""

import collections
import glob
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time

RUN_SECONDS_MAX = 240  # Under a sanitizer, on a busy machine. What ends later hangs.
POLL_SECONDS = 0.01
BINS_MS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 30000)


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def wait_until(condition, seconds=RUN_SECONDS_MAX):
    """Whether condition() came true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(POLL_SECONDS)
    return bool(condition())


def command_line(pid):
    """The arguments of a process; none if it is gone or a zombie."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return [part.decode() for part in file.read().split(b"\0")[:-1]]
    except OSError:
        return []


def children_of(launcher):
    """{pid: arguments} of the role processes that were started with --parent LAUNCHER."""
    found = {}
    for path in glob.glob("/proc/[0-9]*"):
        pid = int(os.path.basename(path))
        arguments = command_line(pid)
        if "--parent" in arguments and arguments[-1] == str(launcher):
            found[pid] = arguments
    return found


def pids_of(launcher, program):
    """Role processes of one program, in the order in which they were started."""
    return sorted(pid for pid, arguments in children_of(launcher).items()
                  if os.path.basename(arguments[0]) == program)


def histogram(name, seconds):
    """Prints how many of these times there were, and how they lie."""
    print(f"{name}: {len(seconds)}")
    low = 0
    for high in BINS_MS:
        count = sum(low <= 1000 * value < high for value in seconds)
        if count:
            print(f"  {low:6d} .. {high:5d} ms  {count:3d}  {'#' * count}")
        low = high
    if seconds:
        print(f"  median {1000 * statistics.median(seconds):.0f} ms, longest "
              f"{1000 * max(seconds):.0f} ms", flush=True)


def counts_of_model(cairn, model):
    """{key: count}, as a model of --model count has them."""
    dumped = subprocess.run([cairn, "inspect", model, "--dump", "-"], capture_output=True,
                            text=True, check=True, timeout=RUN_SECONDS_MAX)
    counts = {}
    for line in dumped.stdout.partition("\nrows\n")[2].splitlines()[:-1]:
        table, key, _, weight = line.split()
        assert table == "counts", line
        counts[key] = int(float(weight))  # The shortest text, such as 2e+05.
    assert counts[key] == float(weight), line
    return counts


def counts_of_text(path):
    """{key: count}, as a libffm file has them: what a model comes to in one epoch."""
    counts = collections.Counter()
    with open(path, encoding="utf-8") as file:
        for line in file:
            counts.update(feature.split(":")[1] for feature in line.split()[1:])
    return counts


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def port_is_free(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


class Cutter:
    """A listener that passes connections on, and breaks those that there are when it is told."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.pairs = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.cut()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(self.target)
            except OSError:
                return
            self.pairs.append((near, far))
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=pair, daemon=True).start()

    @staticmethod
    def _pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass

    def cut(self):
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # It is gone already.
                end.close()


class Launcher:
    """A `cairn train --cluster local` under way, with its own directory for logs."""

    def __init__(self, cairn, arguments, **more):
        self.log_dir = tempfile.mkdtemp(prefix="cairn-logs-")
        self.out = open(os.path.join(self.log_dir, "out"), "w+", encoding="utf-8")
        self.err = open(os.path.join(self.log_dir, "err"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [cairn, "train", "--cluster", "local", "--log-dir", self.log_dir, *arguments],
            stdout=self.out, stderr=self.err, **more)
        self.pid = self.process.pid
        self.port = None

    def pids(self, program):
        return pids_of(self.pid, program)

    def wait_for(self, program, count, besides=None):
        """Waits until so many processes of a program run, and not `besides`; returns their pids."""
        def found():
            return [pid for pid in self.pids(program) if pid != besides]
        assert wait_until(lambda: len(found()) >= count), self.errors()
        return found()

    def wait_for_epoch(self, number):
        """Waits until a line for that epoch is printed, or the launcher has ended."""
        line = re.compile(rf"^ +{number} ", re.MULTILINE)
        assert wait_until(lambda: line.search(self.output()) or
                          self.process.poll() is not None), self.errors()

    def remember_port(self):
        """Of the coordinator: read from what its servers were told."""
        assert wait_until(lambda: self.pids("ps_server")), self.errors()
        for arguments in children_of(self.pid).values():
            if "--coordinator" in arguments:
                address = arguments[arguments.index("--coordinator") + 1]
                self.port = int(address.rsplit(":", 1)[1])

    def end(self, seconds=RUN_SECONDS_MAX):
        """Waits for the end; returns the exit code."""
        return self.process.wait(timeout=seconds)

    def output(self):
        with open(self.out.name, encoding="utf-8") as file:
            return file.read()

    def errors(self):
        with open(self.err.name, encoding="utf-8") as file:
            return file.read()

    def failure(self):
        return load(os.path.join(self.log_dir, "failure.json"))

    def leftovers(self):
        """What should not be there once the launcher has ended."""
        left = [" ".join(arguments) for arguments in children_of(self.pid).values()]
        if self.port is not None and not port_is_free(self.port):
            left.append(f"port {self.port}")
        left += glob.glob(os.path.join(self.log_dir, "*.ready*"))
        left += glob.glob(os.path.join(self.log_dir, "*.tmp"))
        return left

    def close(self):
        """Ends whatever still runs, whatever the test came to."""
        self.process.kill()
        self.process.wait()
        for pid in children_of(self.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.out.close()
        self.err.close()
        shutil.rmtree(self.log_dir)
