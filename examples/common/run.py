"""What the tests of the examples share: running a program."""

import subprocess
import sys


def run(program, *arguments, code=0):
    """Its standard output; with another exit code expected, its standard error."""
    command = [program, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    if result.returncode != code:
        sys.exit(f"{command}: exit code {result.returncode}, expected {code}\n"
                 f"{result.stdout}{result.stderr}")
    return result.stdout if code == 0 else result.stderr


def expect(condition, what):
    if not condition:
        sys.exit(what)


def refuses_bad_arguments(program, *words):
    """`words` are good ones, the first of them a file."""
    expect("usage:" in run(program, code=2), "no usage")
    expect("--workers" in run(program, *words, "--workers", "0", code=2), "no word of --workers")
    missing = "/no/such/file"
    expect(missing in run(program, missing, *words[1:], code=3), "no word of the missing file")
