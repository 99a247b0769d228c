#!/usr/bin/env python3
"""Both programs learn the same data in four ranks, about equally well.

Usage: mpi_embedding_test.py MPIEXEC ALLREDUCE PARAMETER_SERVER
"""

import math
import os
import random
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
from run import expect, run  # noqa: E402

FEATURES = 2000
RANKS = 4


def write_rows(path, rows, seed):
    """The truth is a logistic model: feature k weighs sin(k)."""
    chance = random.Random(seed)
    with open(path, "w", encoding="utf-8") as file:
        for _ in range(rows):
            keys = [chance.randrange(FEATURES) for _ in range(8)]
            z = sum(math.sin(key) for key in keys)
            label = int(chance.random() < 1 / (1 + math.exp(-z)))
            print(label, *(f"{key}:1" for key in keys), file=file)


def auc_of(mpiexec, program, *arguments):
    output = run(mpiexec, "-np", RANKS, program, *arguments)
    print(output, end="")
    expect(output.count("peak memory") == RANKS, "not every rank has said its memory")
    return float(re.search(r"auc ([0-9.]+)", output)[1])


def main():
    mpiexec, allreduce, parameter_server = sys.argv[1:]
    # Open MPI's: more ranks than cores, and root in a container.
    os.environ.update({
        "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
        "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"})
    with tempfile.TemporaryDirectory() as directory:
        train, valid = os.path.join(directory, "train"), os.path.join(directory, "valid")
        write_rows(train, 40000, 1)
        write_rows(valid, 5000, 2)
        arguments = (train, valid, FEATURES, 3)
        everywhere = auc_of(mpiexec, allreduce, *arguments)
        shared = auc_of(mpiexec, parameter_server, *arguments)
        # The truth itself scores about 0.86.
        expect(everywhere > 0.83, f"allreduce: {everywhere}")
        expect(shared > 0.83, f"parameter server: {shared}")
        expect("no such file" in run(mpiexec, "-np", RANKS, parameter_server, "/no/file", valid,
                                     FEATURES, 1, code=1), "no word of the missing file")


main()
