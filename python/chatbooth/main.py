#!/usr/bin/env python3
"""A client of chatbooth.

    python3 main.py --host HOST [--port PORT]

Each line is a command; `help` lists them: login (which signs up, too), list, send, messages, delete, logout, exit.
Messages are shown as they come. A password that is left out is asked for and not shown while it is typed. At a
terminal lines can be edited and recalled (cursor keys, Home, End, Ctrl-A, -E, -K, -U, -W); in a pipe the program
ends once the server has answered the last command.

Exit status: 0 after exit, the end of input or an interrupt, 2 for unusable arguments, 1 when the connection fails,
is lost or carries bytes that are no message, or when nobody reads the output any more.

Standard library only, Python 3.7 and later. session.py beside this file knows what to ask and what answers mean,
protocol.py knows the bytes; one folder above, chat.py moves bytes and lines, and terminal.py takes and shows lines.
"""
from __future__ import annotations

import argparse
import os
import sys

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from chat import main, port_argument  # noqa: E402
from session import Session  # noqa: E402

DEFAULT_PORT = 8080


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="main.py", description="A client of chatbooth.")
    parser.add_argument("--host", metavar="HOST", default="127.0.0.1",
                        help="name or IP address of the server (default: %(default)s)")
    parser.add_argument("--port", metavar="PORT", type=port_argument, default=DEFAULT_PORT,
                        help="port of the server (default: %(default)s)")
    return parser.parse_args(arguments)


def arrange(arguments) -> tuple:
    options = parse_arguments(arguments)
    return options.host, options.port, Session()


if __name__ == "__main__":
    sys.exit(main(arrange))
