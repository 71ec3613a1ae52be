#!/usr/bin/env python3
"""A client of wireproto: accounts, messages that are pushed or wait, and lists.

    python3 chatClient.py HOST PORT

Each line begins with the number of an action, as in the document's menu; what is left out is asked for. Messages are
shown as they come. At a terminal lines can be edited and recalled (cursor keys, Home, End, Ctrl-A, -E, -K, -U, -W); in
a pipe the program ends once the server has answered the last request. Whoever is logged in at the end is logged out.

Exit status: 0 after quitting, the end of input or an interrupt, 2 for unusable arguments, 1 when the connection fails,
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


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="chatClient.py", description="A client of wireproto.")
    parser.add_argument("host", metavar="HOST", help="name or IP address of the server")
    parser.add_argument("port", metavar="PORT", type=port_argument, help="port of the server, such as 8080")
    return parser.parse_args(arguments)


def arrange(arguments) -> tuple:
    options = parse_arguments(arguments)
    return options.host, options.port, Session()


if __name__ == "__main__":
    sys.exit(main(arrange))
