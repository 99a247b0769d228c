#!/usr/bin/env python3
"""Holds every #include to the layers of the design.

Usage: layers_test.py ROOT. Tests itself first, then checks the tree at ROOT.
"""

import os
import re
import sys

import tree

# Folder of src -> what it may include of the others. include/cairn is open to all.
_LOW = {"base", "wire"}
_ROLE = _LOW | {"transport", "sharding"}
ALLOWED = {
    "base": set(),
    "wire": {"base"},
    "kernels": {"base"},
    "transport": _LOW,
    "sharding": _LOW,
    "server": _ROLE | {"kernels"},
    "worker": _ROLE | {"kernels"},
    "coordinator": _ROLE | {"kernels"},
    "train": _ROLE | {"kernels", "worker"},
    "cluster": _ROLE | {"kernels", "worker", "server", "coordinator", "train"},
    "mpi": _ROLE | {"worker", "server", "coordinator"},
    "cli": _ROLE | {"kernels", "worker", "server", "coordinator", "train", "cluster"},
}

# Third-party headers that belong to one folder: pattern -> folders.
OWNED = {
    r"zmq(_addon)?\.h(pp)?$": {"transport"},
    r"(.*\.pb\.h|google/protobuf/.*)$": {"wire"},
    r"glog/": {"base"},
    r"CLI/": {"cli"},
    r"cuda|cublas|cub/": {"kernels"},
    r"hwy/": {"kernels"},
    r"mpi\.h$": {"mpi"},
    r"(catch2|benchmark|support)/": set(),
    r"absl/(log|synchronization)/": set(),  # Not in Debian's Abseil; invisible to ThreadSanitizer.
}

PUBLIC = {"absl/status/status.h", "absl/status/statusor.h", "absl/time/time.h"}

# A core is a deterministic state machine: no thread, socket, file, clock or random device.
IMPURE = re.compile(
    r"(thread|mutex|shared_mutex|condition_variable|future|chrono|ctime|fstream|filesystem|random"
    r"|unistd\.h|fcntl\.h|time\.h|poll\.h|sys/.*|base/mutex\.h|base/posix_file_system\.h)$")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def includes(root, path):
    """Yields (line number, '<' or '"', header)."""
    text = tree.read(root, path)
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start(2)) + 1, match.group(1), match.group(2)


def is_ours(root, header):
    return any(os.path.exists(os.path.join(root, top, header)) for top in ("src", "include"))


def why_not_in_public(path, bracket, header):
    if (os.path.basename(path), header) == ("mpi.h", "mpi.h"):  # Of a library of its own.
        return ""
    standard = bracket == "<" and re.fullmatch(r"[a-z_0-9]+", header)
    if standard or header in PUBLIC or header.startswith("cairn/"):
        return ""
    return "a public header includes only std, cairn/, absl Status, StatusOr and Duration"


def why_not_in_folder(root, folder, bracket, header):
    """Why a file of src/<folder> may not include `header`; empty if it may."""
    for pattern, folders in OWNED.items():
        if re.match(pattern, header) and folder not in folders:
            return f"only {' and '.join(sorted(folders)) or 'tests'} may include it"
    if bracket == "<":
        return ""
    other = header.split("/")[0]
    if other in ALLOWED:
        if other != folder and other not in ALLOWED[folder]:
            return f"{folder} may include {', '.join(sorted(ALLOWED[folder])) or 'nothing of src'}"
        if header.endswith(".pb.h"):
            return ""
    elif other == "absl":
        return ""
    return "" if is_ours(root, header) else "no such file below src or include"


def why_not(root, path, bracket, header):
    parts = path.split(os.sep)
    if parts[0] == "include":
        return why_not_in_public(path, bracket, header)
    if len(parts) < 3 or parts[1] not in ALLOWED:
        return "this folder of src has no place in the layers: see test/lint/layers_test.py"
    stem = os.path.splitext(parts[-1])[0]
    if stem.endswith("_core") and IMPURE.match(header):
        return "a core knows no thread, socket, file, clock or random device"
    return why_not_in_folder(root, parts[1], bracket, header)


def cycle(graph):
    """A cycle of graph {node: set of nodes} as a list, or []."""
    done = set()

    def visit(node, trail):
        if node in trail:
            return trail[trail.index(node):] + [node]
        if node in done:
            return []
        done.add(node)
        loops = (visit(other, trail + [node]) for other in sorted(graph.get(node, ())))
        return next(filter(None, loops), [])

    return next(filter(None, (visit(node, []) for node in sorted(graph))), [])


def check(root):
    complaints = []
    graph = {}
    for path in tree.cpp_files(root, "src", "include"):
        for line, bracket, header in includes(root, path):
            reason = why_not(root, path, bracket, header)
            if reason:
                complaints.append(f"{path}:{line}: {header}: {reason}")
            folder, other = path.split(os.sep)[1], header.split("/")[0]
            if bracket == '"' and other in ALLOWED and other != folder:
                graph.setdefault(folder, set()).add(other)
    loop = cycle(graph)
    if loop:
        complaints.append(f"src: folders include each other in a circle: {' -> '.join(loop)}")
    return complaints


def one(path, header):
    return {path: f"#include {header}\n"}


def self_test():
    assert not cycle(ALLOWED)
    headers = {"src/base/status.h": "", "src/wire/message.h": "", "src/server/table.h": ""}
    good = {
        "src/wire/codec.cc": '#include <vector>\n#include "base/status.h"\n',
        "src/wire/control_codec.cc": '#include "wire/x.pb.h"\n',
        "src/transport/zmq_transport.cc": "#include <zmq.hpp>\n",
        "include/cairn/job.h": '#include <span>\n#include "absl/time/time.h"\n',
        **headers,
    }
    tree.expect(check, good)
    upward = {**headers, **one("src/kernels/losses.cc", '"wire/message.h"')}
    tree.expect(check, upward, "kernels may include base")
    sideways = {**headers, **one("src/worker/client.cc", '"server/table.h"')}
    tree.expect(check, sideways, "worker may include base, kernels")
    tree.expect(check, one("src/server/shell.cc", "<zmq.hpp>"), "only transport")
    tree.expect(check, one("src/worker/client.cc", '"wire/x.pb.h"'), "only wire")
    tree.expect(check, one("src/worker/client.cc", '"support/cluster.h"'), "only tests")
    tree.expect(check, one("src/base/mutex.h", '"absl/synchronization/mutex.h"'), "only tests")
    tree.expect(check, one("src/worker/client_core.cc", "<chrono>"), "a core knows no")
    tree.expect(check, one("src/other/file.cc", "<vector>"), "no place in the layers")
    tree.expect(check, one("src/base/file.cc", '"base/missing.h"'), "no such file")
    tree.expect(check, one("src/base/file.cc", '"status.h"'), "no such file")
    tree.expect(check, one("include/cairn/job.h", "<zmq.hpp>"), "a public header includes")
    tree.expect(check, one("include/cairn/job.h", "<mpi.h>"), "a public header includes")
    tree.expect(check, one("src/cluster/local_run.cc", "<mpi.h>"), "only mpi")
    tree.expect(check, one("include/cairn/job.h", '"base/status.h"'), "a public header includes")
    circle = {
        "src/wire/message.h": '#include "transport/outbox.h"\n',
        "src/transport/outbox.h": '#include "wire/message.h"\n',
    }
    tree.expect(check, circle, "wire may include base", "transport -> wire -> transport")


def main():
    self_test()
    tree.finish(check(sys.argv[1]), "layers")


if __name__ == "__main__":
    main()
