#!/usr/bin/env python3
"""Installs a build tree, then uses the installed package as another project would.

Usage: install_test.py BUILD_FOLDER COMPILER CONSUMER_FOLDER...

Each consumer is a CMake project that finds cairn and has tests, which must pass. The first one's
sources are also built with pkg-config, as one program that must run without arguments and end with
0. The installed tree is moved before it is used: nothing in it may remember where it was.
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile


def output_of(command, fails=False, **options):
    """Runs a command that must succeed (or must fail); returns all its output."""
    result = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            check=False, **options)
    if (result.returncode != 0) != fails:
        sys.exit(f"{' '.join(command)}: exit code {result.returncode}\n{result.stdout}")
    return result.stdout


def expect(text, part):
    """part must be in text, wherever the lines were broken."""
    if " ".join(part.split()) not in " ".join(text.split()):
        sys.exit(f"expected {part!r} in:\n{text}")


class Installed:
    """An installed and moved tree in a temporary folder."""

    def __init__(self, build, compiler, folder):
        self._compiler = compiler
        self._folder = folder
        self.prefix = os.path.join(folder, "moved")
        first = os.path.join(folder, "installed")
        output_of(["cmake", "--install", build, "--prefix", first])
        os.rename(first, self.prefix)

    def configure(self, source, fails=False):
        """Configures a consumer; returns its build folder and what CMake said."""
        build = tempfile.mkdtemp(dir=self._folder)
        command = ["cmake", "-S", source, "-B", build, "-G", "Ninja",
                   f"-DCMAKE_PREFIX_PATH={self.prefix}", f"-DCMAKE_CXX_COMPILER={self._compiler}"]
        return build, output_of(command, fails)

    def has_documentation(self):
        for path in ("man/man1/cairn-train.1", "bash-completion/completions/cairn",
                     "zsh/site-functions/_cairn", "fish/vendor_completions.d/cairn.fish"):
            if not os.path.getsize(os.path.join(self.prefix, "share", path)):
                sys.exit(f"share/{path} is empty")

    def use_by_cmake(self, source):
        build, _ = self.configure(source)
        output_of(["cmake", "--build", build])
        output_of(["ctest", "--test-dir", build, "--output-on-failure", "--no-tests=error"])

    def use_by_pkg_config(self, source):
        found = glob.glob(os.path.join(self.prefix, "**", "cairn.pc"), recursive=True)
        environment = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(found[0]))
        flags = output_of(["pkg-config", "--cflags", "--libs", "cairn"], env=environment).split()
        program = os.path.join(self._folder, "by_pkg_config")
        sources = sorted(glob.glob(os.path.join(source, "*.cc")))
        output_of([self._compiler, "-std=c++20", *sources, "-o", program, *flags])
        output_of([program], cwd=self._folder, timeout=120)

    def refuses(self, find_package, why):
        """A project with this find_package line must not configure, and must say why."""
        source = tempfile.mkdtemp(dir=self._folder)
        with open(os.path.join(source, "CMakeLists.txt"), "w", encoding="utf-8") as file:
            file.write("cmake_minimum_required(VERSION 3.25)\nproject(refused LANGUAGES CXX)\n")
            file.write(f"find_package({find_package})\n")
        expect(self.configure(source, fails=True)[1], why)


def main():
    build, compiler, *consumers = sys.argv[1:]
    if not consumers or not shutil.which("pkg-config"):
        sys.exit("needs at least one consumer folder, and pkg-config")
    with tempfile.TemporaryDirectory() as folder:
        installed = Installed(build, compiler, folder)
        installed.has_documentation()
        installed.refuses("cairn 99.0 CONFIG REQUIRED", "compatible with requested version")
        installed.refuses("cairn CONFIG REQUIRED COMPONENTS client abacus",
                          'cairn has no component "abacus"')
        for consumer in consumers:
            installed.use_by_cmake(os.path.abspath(consumer))
        installed.use_by_pkg_config(os.path.abspath(consumers[0]))
    print(f"installed, and used by {len(consumers)} project(s)")


if __name__ == "__main__":
    main()
