#!/usr/bin/env python3
"""Bad input of every kind: each must end with the right exit code and a sentence that says where it
is and what to do, and must leave nothing behind.

Usage: bad_input_test.py PROGRAM_DIR [unittest arguments...]
"""

import gzip
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAMS = sys.argv[1]
RUN_SECONDS_MAX = 60

USAGE, NO_DATA, NO_CLUSTER = 2, 3, 5


def program(name):
    return os.path.join(PROGRAMS, name)


def run(name, *arguments, **more):
    return subprocess.run([program(name), *arguments], capture_output=True, text=True,
                          check=False, timeout=RUN_SECONDS_MAX, stdin=subprocess.DEVNULL, **more)


GOOD_ROWS = "".join(f"{i % 2} 1:{i % 7}:1 2:{i % 11}:0.5\n" for i in range(400))


class BadInputTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="cairn-bad-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def file(self, name, content):
        path = os.path.join(self.directory, name)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def check(self, code, pattern, *arguments, name="cairn"):
        """The program ends with `code`, and its last words match `pattern`."""
        result = run(name, *arguments)
        cause = result.stderr.strip()
        self.assertEqual(result.returncode, code, cause)
        self.assertRegex(cause, pattern)
        self.assertNotIn("Check failed", cause)
        return cause

    def check_train(self, pattern, *paths):
        for mode in ("asp", "bsp"):
            self.check(NO_DATA, pattern, "train", "--consistency", mode, "--train", *paths)

    def check_data(self, pattern, *paths):
        """Neither data to learn from nor data to score may be like this."""
        self.check_train(pattern, *paths)
        self.check(NO_DATA, pattern, "train", "--train", self.file("good.libffm", GOOD_ROWS),
                   "--valid", *paths)

    # Files.

    def test_missing_file(self):
        self.check_data(r"nowhere\.libffm: cannot open .*No such file",
                        os.path.join(self.directory, "nowhere.libffm"))

    def test_directory_without_files(self):
        empty = os.path.join(self.directory, "empty")
        os.mkdir(empty)
        self.check_data(r"empty.*no data file", empty)

    def test_pattern_without_files(self):
        self.check_data(r"part-\*\.gz.*(no|not).*file", os.path.join(self.directory, "part-*.gz"))

    def test_empty_file(self):
        self.check_data(r"none\.libffm: .*empty", self.file("none.libffm", ""))

    def test_only_blank_lines(self):
        self.check_data(r"blank\.libffm", self.file("blank.libffm", "\n" * 5000))

    def test_binary_garbage(self):
        noise = bytes((i * 7919 + (i >> 3) * 31) % 256 for i in range(100_000))
        self.check_data(r"noise\.libffm", self.file("noise.libffm", noise))

    def test_unknown_format(self):
        self.check_train(r"words\.txt.*(format|neither)",
                         self.file("words.txt", "once upon a time\n" * 100))
        self.check(USAGE, r'--format "libvsm".*did you mean libsvm', "train", "--train",
                   self.file("good", GOOD_ROWS), "--format", "libvsm")

    def test_truncated_gzip(self):
        whole = gzip.compress((GOOD_ROWS * 50).encode())
        self.check_data(r"cut\.gz.*(cut|truncated|ends)",
                        self.file("cut.gz", whole[:len(whole) // 2]))

    def test_damaged_gzip(self):
        whole = bytearray(gzip.compress((GOOD_ROWS * 50).encode()))
        whole[len(whole) // 2] ^= 0x55
        self.check_data(r"hurt\.gz.*(damaged|checksum)", self.file("hurt.gz", bytes(whole)))

    def test_truncated_zstd(self):
        data = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples",
                            "data", "flights.valid.libffm.zst")
        with open(data, "rb") as file:
            whole = file.read()
        self.check_data(r"cut\.zst.*(cut|truncated|ends)",
                        self.file("cut.zst", whole[:len(whole) // 2]))

    def test_data_that_changes_during_training(self):
        for cluster in ("embedded", "local"):
            for change in ("append", "cut"):
                with self.subTest(cluster=cluster, change=change):
                    data = self.file("growing.libffm", GOOD_ROWS * 20)
                    with subprocess.Popen(
                            [program("cairn"), "train", "--train", data, "--epochs", "1000000",
                             "--cluster", cluster], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True) as training:
                        while not training.stdout.readline().startswith("    1 "):
                            self.assertIsNone(training.poll())
                        if change == "append":
                            with open(data, "a", encoding="utf-8") as file:
                                file.write("1 1:1:1\n")
                        else:
                            os.truncate(data, len(GOOD_ROWS))
                        _, cause = training.communicate(timeout=RUN_SECONDS_MAX)
                    self.assertEqual(training.returncode, NO_DATA, cause)
                    self.assertRegex(cause, r"growing\.libffm: the data file has been written to "
                                            r"since it was opened; start again once")

    # Rows.

    def check_row(self, row, pattern):
        path = self.file("rows.libffm", GOOD_ROWS + row + "\n" + GOOD_ROWS)
        self.check_data(rf"rows\.libffm:401:\d+: .*{pattern}", path)

    def test_bad_number(self):
        self.check_row("1 1:2:1.2.3", "not a finite number")

    def test_nan_and_infinity(self):
        self.check_row("1 1:2:nan", "not a finite number")
        self.check_row("1 1:2:-inf", "not a finite number")
        self.check_row("1 1:2:1e999", "not a finite number")

    def test_index_overflow(self):
        self.check_row("1 1:18446744073709551616:1", "index is above 18446744073709551615")

    def test_label_that_is_no_number(self):
        self.check_row("yes 1:2:1", "label is not a finite number")
        self.check_row("nan 1:2:1", "label is not a finite number")

    def test_label_of_a_third_class(self):
        self.check_row("2 1:2:1", "label of two classes")

    def test_ragged_csv(self):
        rows = "".join(f"{i % 2},{i % 7},x{i % 5}\n" for i in range(300))
        path = self.file("ragged.csv", "label,a,b\n" + rows + "1,2\n" + rows)
        self.check_train(r"ragged\.csv:302:\d+: .*3.*2|ragged\.csv:302:\d+: .*2.*3", path)

    def test_csv_without_the_label(self):
        path = self.file("plain.csv", "a,b\n" + "1,2\n" * 100)
        cause = self.check(USAGE, r"label", "train", "--train", path, "--label", "clicked")
        self.assertIn("clicked", cause)

    # The command line.

    def test_unknown_option(self):
        self.check(USAGE, "--epoch.*did you mean --epochs", "train", "--train", "x", "--epoch", "3")

    def test_unknown_key_in_a_file(self):
        path = self.file("job.toml", '[data]\ntrain = ["x"]\n\n[learning]\noptimzer = "sgd"\n')
        self.check(USAGE, r'job\.toml:5:1: unknown key "optimzer" in \[learning\]; '
                          r'did you mean "optimizer"', "train", "--config", path)
        self.check(USAGE, r"job\.toml:5:1: unknown key", "config", "check", path)

    def test_save_directory_that_cannot_be_written(self):
        data = self.file("good.libffm", GOOD_ROWS)
        for where, cluster in ((os.path.join(data, "model"), "embedded"),
                               ("/proc/cairn/model", "embedded"), ("/proc/cairn/model", "local")):
            start = time.monotonic()
            cause = self.check(NO_DATA, r"model", "train", "--train", data, "--epochs", "1000000",
                               "--save", where, "--cluster", cluster)
            self.assertIn(where, cause)
            self.assertLess(time.monotonic() - start, 10, "it must be found out before training")

    # Devices.

    def test_a_gpu_that_is_not_there(self):
        nowhere = os.path.join(self.directory, "nowhere.libffm")
        pattern = r"--device cuda:255: .*; --device cpu does without"
        for cluster in ("embedded", "local"):
            self.check(USAGE, pattern, "train", "--train", nowhere, "--device", "cuda:255",
                       "--cluster", cluster)
        self.check(USAGE, pattern, "train", "--train", nowhere, "--device", "cuda:255", "--dry-run")
        self.check(USAGE, pattern, "--coordinator", "tcp://127.0.0.1:1", "--device", "cuda:255",
                   name="ps_worker")
        first = ("train", "--train", nowhere, "--device", "cuda")
        if run("cairn", *first).returncode == NO_DATA:
            self.skipTest("there is a GPU, which was looked for first")
        self.check(USAGE, r"--device cuda: (no GPU was found|this program was built without CUDA)",
                   *first)

    def test_a_device_that_is_none(self):
        self.check(USAGE, '--device: .*"gpu" is none of auto, cpu, cuda and cuda:N', "train",
                   "--train", "x", "--device", "gpu")
        self.check(USAGE, "--device-memory .*a whole number, 1 to", "train", "--train", "x",
                   "--device-memory", "0")

    def test_models_that_no_device_computes(self):
        for model in ("ffm", "wide_deep", "deepfm", "count"):
            self.check(USAGE, rf"--device cuda: .*lr, fm and mlp, and not {model}", "train",
                       "--train", "x", "--model", model, "--device", "cuda")
        self.check(USAGE, "--device-memory is for lr, fm and mlp", "train", "--train", "x",
                   "--model", "ffm", "--device-memory", "1000")

    def test_memory_of_a_device_that_is_too_little(self):
        data = self.file("good.libffm", GOOD_ROWS)
        for cluster in ("embedded", "local"):
            self.check(USAGE, r"cpu: a step of 1 row takes 512 B, and may take 100 B.*allow more "
                              r"--device-memory", "train", "--train", data, "--model", "fm",
                       "--device-memory", "100", "--cluster", cluster)

    # Networks.

    def images(self, name, rows, pixels, classes):
        """A pair of idx files."""
        sizes = [n.to_bytes(4, "big") for n in (rows, 1, pixels)]
        self.file(f"{name}-labels-idx1-ubyte",
                  b"\0\0\x08\x01" + sizes[0] + bytes(i % classes for i in range(rows)))
        return self.file(f"{name}-images-idx3-ubyte",
                         b"\0\0\x08\x03" + b"".join(sizes) + bytes(i * 7 % 251 for i in range(
                             rows * pixels)))

    def test_layers_that_are_none(self):
        data = self.file("good.libffm", GOOD_ROWS)
        for hidden, pattern in (("0", "a layer of 0 units"), ("-8", '"-8" is no whole number'),
                                ("8,x", '"x" is no whole number'), ("65537", "at most 65,536"),
                                ("65536,65536", "4,295,098,369 weights .*take fewer units")):
            self.check(USAGE, rf"--hidden {hidden}: .*{pattern}", "train", "--model", "mlp",
                       f"--hidden={hidden}", "--train", data)
        self.check(USAGE, "--hidden needs --model mlp, wide_deep or deepfm", "train", "--hidden",
                   "8", "--train", data)
        self.check(USAGE, "--hidden 0: a layer of 0 units", "train", "--model", "deepfm",
                   "--hidden", "0", "--train", data)
        self.check(USAGE, "deepfm has one result: --loss softmax needs --model mlp", "train",
                   "--model", "deepfm", "--loss", "softmax", "--train", data)
        self.check(USAGE, "--loss squared: the model count learns nothing of labels", "train",
                   "--model", "count", "--loss", "squared", "--train", data)
        self.check(USAGE, "--stop-metric accuracy.*--loss squared; take logloss", "train",
                   "--model", "mlp", "--loss", "squared", "--train", data, "--valid", data,
                   "--stop-metric", "accuracy")

    def test_labels_outside_of_the_classes(self):
        rows = "".join(f"{i % 3} 1:{i % 7} 2:0.5\n" for i in range(400))
        path = self.file("classes.libsvm", rows + "3 1:1\n" + rows)
        pattern = r"classes\.libsvm:401:1: label is not one of the 3 classes 0 \.\. 2 .*--classes"
        for mode in ("asp", "bsp"):
            self.check(NO_DATA, pattern, "train", "--model", "mlp", "--classes", "3", "--train",
                       path, "--consistency", mode)
        path = self.file("halves.libsvm", rows + "0.5 1:1\n")
        self.check(USAGE, "labels must be whole numbers", "train", "--model", "mlp", "--loss",
                   "softmax", "--train", path)

    def test_rows_of_another_width(self):
        model = os.path.join(self.directory, "model")
        trained = run("cairn", "train", "--model", "mlp", "--hidden", "4", "--train",
                      self.images("train", 200, 9, 3), "--epochs", "1", "--save", model)
        self.assertEqual(trained.returncode, 0, trained.stderr)
        wide = self.images("wide", 20, 10, 3)
        text = self.file("good.libsvm", "1 1:1\n0 2:1\n" * 50)
        for data, has in ((wide, "has 10"), (text, "has none")):
            pattern = rf"{data}: the model takes images of 9 pixels, and this file {has}"
            out = os.path.join(self.directory, "out")
            self.check(NO_DATA, pattern, "predict", "--model-dir", model, "--data", data,
                       "--output", out)
            self.check(NO_DATA, pattern, "eval", "--model-dir", model, "--data", data)
            self.assertFalse(os.path.exists(out))
        self.check(NO_DATA, "the model takes images of 9 pixels", "train", "--model", "mlp",
                   "--train", self.images("train", 200, 9, 3), "--valid", wide)

    # Addresses.

    def test_nobody_at_the_address(self):
        with socket.socket() as listener:  # A port that is free once this is closed.
            listener.bind(("127.0.0.1", 0))
            address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        for role in ("ps_server", "ps_worker"):
            self.check(NO_CLUSTER, address, "--coordinator", address, "--join-timeout", "1",
                       name=role)
        self.check(NO_CLUSTER, address, "train", "--train", self.file("good.libffm", GOOD_ROWS),
                   "--cluster", address, "--join-timeout", "1")

    def test_an_address_that_is_none(self):
        for role in ("ps_server", "ps_worker"):
            self.check(USAGE, "tpc://127.0.0.1:1", "--coordinator", "tpc://127.0.0.1:1", name=role)

    def test_port_in_use(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
            self.check(NO_CLUSTER, rf"{address}.*in use", "--listen", address,
                       name="ps_coordinator")
            self.check(NO_CLUSTER, rf"{address}.*in use", "--listen", address, "--coordinator",
                       "tcp://127.0.0.1:1", name="ps_server")


if __name__ == "__main__":
    sys.argv[1:] = sys.argv[2:]
    unittest.main()
