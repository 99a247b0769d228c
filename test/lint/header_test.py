#!/usr/bin/env python3
"""Checks that each public header compiles alone, and twice in a row, without a warning.

Usage: header_test.py ROOT COMPILER [--without HEADER] [include folder...]
--without: HEADER is not checked, as what it needs is not installed.
"""

import concurrent.futures
import os
import subprocess
import sys
import tempfile

import tree


def why_not_alone(compiler, folders, header):
    """What the compiler says about a file that includes only `header`; empty if nothing.

    The first folder is ours: the others' headers are not held to our warnings.
    """
    command = [compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-x", "c++"]
    command += [f"-I{folders[0]}", *(f"-idirafter{folder}" for folder in folders[1:]), "-"]
    text = f'#include "{header}"\n#include "{header}"\n'
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return "" if result.returncode == 0 else result.stderr or f"exit code {result.returncode}"


def check(root, compiler, folders, without):
    headers = [os.path.relpath(path, "include") for path in tree.cpp_files(root, "include")]
    headers = [header for header in headers if header != without]
    folders = [os.path.join(root, "include"), *folders]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        answers = pool.map(lambda header: why_not_alone(compiler, folders, header), headers)
        named = zip(headers, answers)
        return [f"{header}: {answer}" for header, answer in named if answer]


def self_test(compiler):
    with tempfile.TemporaryDirectory() as folder:
        texts = {
            "good.h": "#pragma once\nstruct A {};\n",
            "bad.h": "#pragma once\nstd::string a;\n",
            "unguarded.h": "struct A {};\n",
        }
        for name, text in texts.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        assert not why_not_alone(compiler, [folder], "good.h")
        assert why_not_alone(compiler, [folder], "bad.h")
        assert why_not_alone(compiler, [folder], "unguarded.h")


def main():
    root, compiler, *folders = sys.argv[1:]
    without = None
    if folders[:1] == ["--without"]:
        without, folders = folders[1], folders[2:]
    self_test(compiler)
    folders = [folder for folder in folders if folder]
    tree.finish(check(root, compiler, folders, without), "public headers")


if __name__ == "__main__":
    main()
