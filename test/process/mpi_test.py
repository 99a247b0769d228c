#!/usr/bin/env python3
"""The role programs as ranks of mpirun, as users of MPI start everything.

Usage: mpi_test.py PROGRAM_DIR MPIEXEC DATA_DIR
"""

import glob
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import processes

PROGRAMS = MPIEXEC = DATA = None

# Open MPI's: more ranks than cores, and root in a container.
ENVIRONMENT = {
    "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


def program(name):
    return os.path.join(PROGRAMS, name)


def children_named(parent, name):
    """Pids of the processes of this name that `parent` has started."""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8") as file:
                pid, comm, _, ppid = re.match(r"(\d+) \((.*)\) (\S+) (\d+)", file.read()).groups()
        except OSError:
            continue
        if int(ppid) == parent and comm == name[:15]:
            found.append(int(pid))
    return sorted(found)


class MpiTest(unittest.TestCase):

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.job = ["--train", os.path.join(DATA, "flights.train.libffm.zst"),
                    "--valid", os.path.join(DATA, "flights.valid.libffm.zst")]

    def path(self, name):
        return os.path.join(self.directory, name)

    def start(self, *job, options=()):
        """mpirun with a coordinator, two servers and four workers."""
        address = f"tcp://127.0.0.1:{processes.free_port()}"
        command = [MPIEXEC, *options, "-np", "1", program("ps_coordinator"), "--listen", address,
                   "--servers", "2", "--workers", "4", "--report", self.path("mpi.json"),
                   *self.job, *job]
        command += [":", "-np", "2", program("ps_server"), "--coordinator", address]
        command += [":", "-np", "4", program("ps_worker"), "--coordinator", address]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, env={**os.environ, **ENVIRONMENT})

    def digest_of_local(self, *job):
        report = self.path("local.json")
        subprocess.run([program("cairn"), "train", "--cluster", "local", "--servers", "2",
                        "--workers", "2", "--report", report, *self.job, *job], check=True,
                       capture_output=True, timeout=processes.RUN_SECONDS_MAX)
        return processes.load(report)["model_digest"]

    def test_the_model_is_that_of_a_local_cluster(self):
        bsp = ["--consistency", "bsp"]
        mpirun = self.start(*bsp)
        output = mpirun.communicate(timeout=processes.RUN_SECONDS_MAX)[0]
        self.assertEqual(mpirun.returncode, 0, output)
        self.assertEqual(processes.load(self.path("mpi.json"))["model_digest"],
                         self.digest_of_local(*bsp))

    def test_a_killed_worker_rank_does_not_end_the_job(self):
        bsp = ["--consistency", "bsp", "--epochs", "20"]
        mpirun = self.start(*bsp, options=["--enable-recovery"])
        try:
            self.assertTrue(processes.wait_until(
                lambda: len(children_named(mpirun.pid, "ps_worker")) == 4))
            time.sleep(1)
            os.kill(children_named(mpirun.pid, "ps_worker")[1], signal.SIGKILL)
            self.assertTrue(processes.wait_until(
                lambda: len(children_named(mpirun.pid, "ps_worker")) == 3))
            time.sleep(0.5)
            self.assertEqual(len(children_named(mpirun.pid, "ps_worker")), 3)  # The job goes on.
            output = mpirun.communicate(timeout=processes.RUN_SECONDS_MAX)[0]
        finally:
            mpirun.kill()
        self.assertEqual(mpirun.returncode, 0, output)
        self.assertEqual(processes.load(self.path("mpi.json"))["model_digest"],
                         self.digest_of_local(*bsp))


if __name__ == "__main__":
    PROGRAMS, MPIEXEC, DATA = sys.argv[1:4]
    unittest.main(argv=sys.argv[:1] + sys.argv[4:], verbosity=2)
