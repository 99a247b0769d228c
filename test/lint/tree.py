"""What the lint tests share: listing our own files, reporting, trees made up for self-tests."""

import os
import sys
import tempfile

ROOTS = (".ci", "bench", "cmake", "doc", "examples", "include", "packaging", "scripts", "src",
         "test")
CPP = (".cc", ".h", ".cu")


def own_files(root):
    """Paths of our files, relative to root, sorted: those in ROOTS and those at the top."""
    found = [name for name in os.listdir(root) if os.path.isfile(os.path.join(root, name))]
    for top in ROOTS:
        for folder, folders, names in os.walk(os.path.join(root, top)):
            folders[:] = [name for name in folders if name not in ("__pycache__", "build")]
            found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def cpp_files(root, *tops):
    """The C++ files among own_files, in the given top folders or in all."""
    return [
        path for path in own_files(root)
        if path.endswith(CPP) and (not tops or path.split(os.sep)[0] in tops)
    ]


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def complaints_about(check, files):
    """Runs check on a made-up tree, {path: text}, and returns its complaints."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)
        return check(root)


def expect(check, files, *wanted):
    """Self-test: check complains once for each of `wanted` (a part of its text), in order."""
    got = complaints_about(check, files)
    if len(got) != len(wanted) or any(part not in line for part, line in zip(wanted, got)):
        sys.exit(f"self-test: expected {list(wanted)}, got {got}, for {files}")


def finish(complaints, what):
    """Prints the complaints and ends the program: 0 if there are none."""
    for line in complaints:
        print(line)
    print(f"{what}: {len(complaints)} complaint(s)")
    sys.exit(1 if complaints else 0)
