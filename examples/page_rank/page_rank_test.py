#!/usr/bin/env python3
"""Holds page_rank to power iteration in doubles. Usage: page_rank_test.py PAGE_RANK"""

import os
import random
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "common"))
from run import expect, refuses_bad_arguments, run

ERROR_MAX = 1e-6
DAMPING = 0.85


def power_iteration(links):
    """{node: rank} of (from, to)..."""
    out = {node: [] for link in links for node in link}
    for start, end in links:
        out[start].append(end)
    ranks = dict.fromkeys(out, 1 / len(out))
    for _ in range(300):
        dangling = sum(ranks[node] for node in out if not out[node])
        new = dict.fromkeys(out, (1 - DAMPING + DAMPING * dangling) / len(out))
        for node, ends in out.items():
            for end in ends:
                new[end] += DAMPING * ranks[node] / len(ends)
        ranks = new
    return ranks


def check(output, links):
    expected = power_iteration(links)
    found = {}
    for line in output.splitlines():
        rank, name = line.split()
        found[name] = float(rank)
    expect(found.keys() == expected.keys(), "not the nodes of the file")
    expect(list(found.values()) == sorted(found.values(), reverse=True), "not in order")
    for name, rank in expected.items():
        expect(abs(found[name] - rank) <= ERROR_MAX, f"{name}: {found[name]}, expected {rank}")


def random_links():
    """Some nodes have many links to them, some link nowhere, some to themselves or twice."""
    numbers = random.Random(11)
    links = [(f"n{numbers.randrange(100)}", f"n{int(300 * numbers.random() ** 3)}")
             for _ in range(900)]
    return links + [("n1", "n1"), links[0], links[0]]


def main():
    program = sys.argv[1]
    path = os.path.join(HERE, "links.txt")
    with open(path, encoding="ascii") as file:
        links = [tuple(line.split()) for line in file if not line.startswith("#")]
    ranks = power_iteration(links)
    expect(f"{ranks['B']:.3f} {ranks['C']:.3f}" == "0.384 0.343", "power iteration is wrong")
    for workers in (1, 2, 5, 20):
        check(run(program, path, "--workers", workers), links)
    refuses_bad_arguments(program, path)
    with tempfile.TemporaryDirectory() as folder:
        other = os.path.join(folder, "links")
        with open(other, "w", encoding="ascii") as file:
            file.writelines(f"{start}\t{end}\n\n" for start, end in random_links())
        for workers in (1, 3):
            check(run(program, other, "--workers", workers), random_links())
        with open(other, "w", encoding="ascii") as file:
            file.write("a b\nc\n")
        expect(f"{other}:2: 1 words" in run(program, other, code=3), "half a link")


if __name__ == "__main__":
    main()
