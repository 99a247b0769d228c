#!/usr/bin/env python3
"""Stands in for ps_coordinator, ps_server or ps_worker, by whose name it is called: becomes that
program, with every address led through the links of chaos_test.py's proxy.

CAIRN_CHAOS is a JSON object: "programs", the directory of the real ones; "coordinator", its port
and that of the link to it; "servers", a list of such pairs; "locks", a directory.
"""

import fcntl
import json
import os
import sys


def address(port):
    return f"tcp://127.0.0.1:{port}"


def replace(arguments, option, value):
    arguments[arguments.index(option) + 1] = value


def take_server_link(plan):
    """Ports of a link that no living server has. Its lock ends with the process."""
    for number, ports in enumerate(plan["servers"]):
        lock = os.open(os.path.join(plan["locks"], str(number)), os.O_CREAT | os.O_RDWR)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        os.set_inheritable(lock, True)
        return ports
    sys.exit("every link has a server")


def main():
    plan = json.loads(os.environ["CAIRN_CHAOS"])
    program = os.path.basename(sys.argv[0])
    arguments = sys.argv[1:]
    port, link = plan["coordinator"]
    if program == "ps_coordinator":
        replace(arguments, "--listen", address(port))
    else:
        replace(arguments, "--coordinator", address(link))
    if program == "ps_server":
        port, link = take_server_link(plan)
        arguments = ["--listen", address(port), "--advertise", address(link)] + arguments
    real = os.path.join(plan["programs"], program)
    os.execv(real, [real] + arguments)


if __name__ == "__main__":
    main()
