#!/usr/bin/env python3
"""Holds k_means to Lloyd's method as it stands here, in doubles. Usage: k_means_test.py K_MEANS"""

import os
import random
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "common"))
from run import expect, refuses_bad_arguments, run

# Sums of float32 against sums of doubles.
ERROR_MAX = 1e-4


def squared(a, b):
    return sum((x - y) ** 2 for x, y in zip(a, b))


def lloyd(points, k):
    """Clusters as (number of points, centroid), and the sum of squared distances."""
    centroids, before = points[:k], None
    while centroids != before:
        before = centroids
        members = [[] for _ in centroids]
        for point in points:
            distances = [squared(point, centroid) for centroid in centroids]
            members[distances.index(min(distances))].append(point)
        centroids = [[sum(axis) / len(own) for axis in zip(*own)] if own else old
                     for own, old in zip(members, centroids)]
    total = sum(squared(p, c) for own, c in zip(members, centroids) for p in own)
    return [(len(own), c) for own, c in zip(members, centroids)], total


def near(a, b):
    return abs(a - b) <= ERROR_MAX * max(1, abs(b))


def check(output, points, k):
    clusters, total = lloyd(points, k)
    lines = output.splitlines()
    expect(len(lines) == k + 2, f"{len(lines)} lines for {k} clusters")
    for line, (size, centroid) in zip(lines, clusters):
        count, _, _, *found = line.split()
        same = all(near(float(f), c) for f, c in zip(found, centroid))
        expect(int(count) == size and same and len(found) == len(centroid),
               f"{line!r}, but there are {size} points around {centroid}")
    expect(near(float(lines[k].split()[-1]), total), f"{lines[k]}, but it is {total}")


def read(path):
    with open(path, encoding="ascii") as file:
        return [[float(word) for word in line.split(",")] for line in file]


def check_random_points(program, path):
    """More dimensions, clusters that overlap, points that come twice, one that stays empty."""
    numbers = random.Random(7)
    points = [[round(numbers.gauss(i % 5, 0.8), 3) for _ in range(4)] for i in range(400)]
    points[1] = points[0]
    with open(path, "w", encoding="ascii") as file:
        file.writelines(" ".join(map(str, point)) + "\n" for point in points)
    for workers in (1, 3):
        check(run(program, path, 6, "--workers", workers), points, 6)


def main():
    program = sys.argv[1]
    path = os.path.join(HERE, "points.csv")
    for workers in (1, 2, 4):
        for k in (1, 3, 5):
            check(run(program, path, k, "--workers", workers), read(path), k)
    refuses_bad_arguments(program, path, 3)
    expect("the number of points" in run(program, path, 0, code=2), "K of 0")
    with tempfile.TemporaryDirectory() as folder:
        other = os.path.join(folder, "points")
        check_random_points(program, other)
        with open(other, "w", encoding="ascii") as file:
            file.write("1,2\n3,x\n")
        expect(f'{other}:2: "x" is no number' in run(program, other, 1, code=3), "a word")
        with open(other, "w", encoding="ascii") as file:
            file.write("1,2\n3\n")
        expect(f"{other}:2: 1 numbers" in run(program, other, 1, code=3), "a number too few")


if __name__ == "__main__":
    main()
