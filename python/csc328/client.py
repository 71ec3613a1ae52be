#!/usr/bin/env python3
"""A client of the nickname group chat.

    python3 client.py HOST PORT [--dialect word|json16|json32|typed|struct|line]

The first line is the nickname; when it is in use, the next line is another one. Then what is typed goes to
everybody else on the server, and what they write is shown. BYE, the end of input and Ctrl-C leave. At a terminal
the line can be edited and earlier ones recalled.

Exit status: 0 after the end of input, an interrupt or an announced end of the server, 2 for unusable arguments,
1 when the connection fails, is lost or carries bytes that are no message, or when nobody reads the output any more.

Standard library only, Python 3.7 and later. protocol.py beside this file knows what to say and dialects.py in
which bytes; in the folder above, chat.py is the loop that moves them and terminal.py takes lines and shows them.
"""
from __future__ import annotations

import argparse
import os
import sys

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from chat import main, port_argument  # noqa: E402
from dialects import DIALECTS  # noqa: E402
from protocol import Session  # noqa: E402


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="client.py", description="A client of the nickname group chat.")
    parser.add_argument("host", metavar="HOST", help="name or IP address of the server")
    parser.add_argument("port", metavar="PORT", type=port_argument, help="port of the server")
    parser.add_argument("--dialect", choices=sorted(DIALECTS), default="word",
                        help="how the bytes are written (default: %(default)s)")
    return parser.parse_args(arguments)


def arrange(arguments) -> tuple:
    options = parse_arguments(arguments)
    return options.host, options.port, Session(DIALECTS[options.dialect])


if __name__ == "__main__":
    sys.exit(main(arrange))
