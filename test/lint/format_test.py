#!/usr/bin/env python3
"""Checks that our C++ is as clang-format 14 writes it.

Usage: format_test.py ROOT [--fix]. Exit code 77 (skipped) where clang-format 14 is missing.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import tree

SKIPPED = 77


def find_clang_format():
    """clang-format 14, or None: other versions lay some lines out differently."""
    for name in ("clang-format-14", "clang-format"):
        path = shutil.which(name)
        if path:
            version = subprocess.check_output([path, "--version"], text=True)
            if re.search(r"version 14\.", version):
                return path
    return None


def badly_formatted(tool, root, paths):
    """The complaints of clang-format, one line each."""
    command = [tool, "--dry-run", "-Werror", "--style=file", *paths]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return [line for line in result.stderr.splitlines() if re.search(r": (error|warning): ", line)]


def self_test(tool, root):
    with tempfile.TemporaryDirectory() as made_up:
        shutil.copy(os.path.join(root, ".clang-format"), made_up)
        for name, text in (("good.cc", "int* a;\n"), ("bad.cc", "int  *a ;\n")):
            with open(os.path.join(made_up, name), "w", encoding="utf-8") as file:
                file.write(text)
        assert not badly_formatted(tool, made_up, ["good.cc"])
        assert badly_formatted(tool, made_up, ["bad.cc"])


def main():
    root = sys.argv[1]
    tool = find_clang_format()
    if not tool:
        print("skipped: there is no clang-format 14 here")
        sys.exit(SKIPPED)
    paths = tree.cpp_files(root)
    if sys.argv[2:] == ["--fix"]:
        subprocess.run([tool, "-i", "--style=file", *paths], cwd=root, check=True)
        return
    self_test(tool, root)
    tree.finish(badly_formatted(tool, root, paths), "format")


if __name__ == "__main__":
    main()
