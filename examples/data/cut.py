#!/usr/bin/env python3
"""Cuts the shipped sample out of the whole flights set (libffm text on stdin).

    zstd -dc flights.train.libffm.zst | ./cut.py OUTPUT_DIRECTORY

A line goes where a checksum of its bytes says: 6.67 % into flights.train.libffm, another 0.74 %
into flights.valid.libffm. So the rows are spread over the whole time range, stay in their order,
and equal rows stay on one side: no row of the validation part is also one of the training part.
"""
import os
import sys
import zlib

BUCKETS = 10000
TRAIN_BUCKETS = 667
VALID_BUCKETS = 74


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    train_path = os.path.join(sys.argv[1], "flights.train.libffm")
    valid_path = os.path.join(sys.argv[1], "flights.valid.libffm")
    with open(train_path, "wb") as train, open(valid_path, "wb") as valid:
        for line in sys.stdin.buffer:
            bucket = zlib.crc32(line) % BUCKETS
            if bucket < TRAIN_BUCKETS:
                train.write(line)
            elif bucket < TRAIN_BUCKETS + VALID_BUCKETS:
                valid.write(line)


if __name__ == "__main__":
    main()
