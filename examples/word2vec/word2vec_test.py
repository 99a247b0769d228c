#!/usr/bin/env python3
"""Holds word2vec to what is known of corpus.txt. Usage: word2vec_test.py WORD2VEC

Its sentences are a few patterns with gaps, which words of the same group fill at random: words of a
group have the same neighbours, so they must be nearest to each other.
"""

import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "common"))
from run import expect, refuses_bad_arguments, run

GROUPS = ["dog cat horse cow", "bread cheese soup rice", "red green blue yellow",
          "paris london rome madrid"]


def check_groups(output):
    nearest = {}
    for line in output.splitlines():
        word, others = line.split(":")
        nearest[word] = set(others.split()[::2])
    for group in GROUPS:
        for word in group.split():
            expected = set(group.split()) - {word}
            expect(nearest[word] == expected, f"{word}: {nearest[word]}, expected {expected}")


def main():
    program = sys.argv[1]
    path = os.path.join(HERE, "corpus.txt")
    output = run(program, path, "--workers", 1)
    check_groups(output)
    expect(run(program, path, "--workers", 1) == output, "one worker gives another result")
    expect(run(program, path, "cow", "--workers", 1) in output, "one word gives another result")
    for workers in (2, 4):
        check_groups(run(program, path, "--workers", workers))
    refuses_bad_arguments(program, path)
    expect("unicorn" in run(program, path, "unicorn", code=2), "no word of the unknown word")
    with tempfile.TemporaryDirectory() as folder:
        other = os.path.join(folder, "corpus")
        with open(other, "w", encoding="ascii") as file:
            file.write("a a\n")
        expect("fewer than two" in run(program, other, code=3), "one word")


if __name__ == "__main__":
    main()
