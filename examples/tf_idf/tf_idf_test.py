#!/usr/bin/env python3
"""Holds tf_idf to weights that are computed here. Usage: tf_idf_test.py TF_IDF"""

import collections
import math
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "common"))
from run import expect, refuses_bad_arguments, run


def weights_of(lines):
    """Of each document: {word: weight}."""
    documents = [collections.Counter(re.findall("[a-z0-9]+", line.lower())) for line in lines]
    frequencies = collections.Counter(word for document in documents for word in document)
    return [{word: count * math.log(len(documents) / frequencies[word])
             for word, count in document.items()} for document in documents]


def check(output, weights):
    lines = output.splitlines()
    expect(len(lines) == len(weights), f"{len(lines)} lines for {len(weights)} documents")
    for number, (line, own) in enumerate(zip(lines, weights), 1):
        best = sorted(own, key=lambda word: (-own[word], word))[:3]
        expected = f"{number}: " + ", ".join(f"{word} {own[word]:.4f}" for word in best)
        expect(line == expected, f"expected {expected!r}, got {line!r}")


def main():
    program = sys.argv[1]
    path = os.path.join(HERE, "documents.txt")
    with open(path, encoding="ascii") as file:
        weights = weights_of(file)
    for workers in (1, 2, 5, 20):
        check(run(program, path, "--workers", workers), weights)
    refuses_bad_arguments(program, path)


if __name__ == "__main__":
    main()
