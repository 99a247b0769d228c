#!/usr/bin/env python3
"""Holds custom_model to the optimum, which is found here by Newton's method.

Usage: custom_model_test.py CUSTOM_MODEL PROGRAMS
"""

import math
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "common"))
from run import expect, run

ERROR_MAX = 1e-3  # Relative.


def read(path):
    """Counts, and features with a 1 for the bias in front."""
    counts, features = [], []
    with open(path, encoding="ascii") as file:
        for line in file:
            label, *words = line.split()
            row = [1.0, 0.0, 0.0, 0.0]
            for word in words:
                index, value = word.split(":")
                row[int(index)] = float(value)
            counts.append(float(label))
            features.append(row)
    return counts, features


def solve(matrix, right):
    """Gaussian elimination of a positive definite matrix."""
    rows = [list(row) + [value] for row, value in zip(matrix, right)]
    for i, pivot in enumerate(rows):
        for other in rows:
            if other is not pivot:
                factor = other[i] / pivot[i]
                other[:] = [a - factor * b for a, b in zip(other, pivot)]
    return [row[-1] / row[i] for i, row in enumerate(rows)]


def means_at(weights, features):
    return [math.exp(sum(w * x for w, x in zip(weights, row))) for row in features]


def optimum(counts, features):
    """The weights of greatest likelihood."""
    size = len(features[0])
    weights = [math.log(sum(counts) / len(counts))] + [0.0] * (size - 1)
    for _ in range(50):
        means = means_at(weights, features)
        gradient = [sum((m - y) * row[i] for m, y, row in zip(means, counts, features))
                    for i in range(size)]
        hessian = [[sum(m * row[i] * row[j] for m, row in zip(means, features))
                    for j in range(size)] for i in range(size)]
        weights = [w - step for w, step in zip(weights, solve(hessian, gradient))]
    return weights


def near(a, b):
    return abs(a - b) <= ERROR_MAX * abs(b)


def main():
    program, programs = sys.argv[1:]
    data = os.path.join(HERE, "visits.libsvm")
    counts, features = read(data)
    means = means_at(optimum(counts, features), features)
    loss = sum(m - y * math.log(m) + math.lgamma(y + 1) for m, y in zip(means, counts))
    loss /= len(counts)
    with tempfile.TemporaryDirectory() as folder:
        model = os.path.join(folder, "model")
        expect(near(float(run(program, "train", data, model).split()[1]), loss), "loss of training")
        expect(near(float(run(program, "eval", data, model).split()[1]), loss), "loss of eval")
        output = run(program, "predict", data, model)
        found = [float(line) for line in output.split()]
        expect(len(found) == len(means) and all(map(near, found, means)), "not the optimum")
        # In bsp, processes compute the same to the last bit.
        other = os.path.join(folder, "other")
        run(program, "train", data, other, programs)
        expect(run(program, "predict", data, other) == output, "processes learn something else")
        expect("there is a model in" in run(program, "train", data, model, code=2), "overwritten")
        nothing = os.path.join(folder, "nothing")
        with open(nothing, "w", encoding="ascii") as file:
            file.write("0 1:1\n0 2:1\n")
        error = run(program, "train", nothing, os.path.join(folder, "third"), code=2)
        expect("model poisson: labels must be counts" in error, error)
    run(program, code=2)


if __name__ == "__main__":
    main()
