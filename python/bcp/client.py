#!/usr/bin/env python3
"""A client of the Basic Chat Protocol.

    python3 client.py -u NAME [-s IP] [-p PORT] [--dialect spec|rpchat]

What is typed goes to everybody else on the server, what they write is shown. At a terminal the line can be
edited and earlier ones recalled (cursor keys, Home, End, Ctrl-A, -E, -K, -U, -W); in a pipe each line of the
input is one message, and the program ends once the server has accepted the last one.

Exit status: 0 after the end of input or an interrupt, 2 for unusable arguments, the server's own code when it
refuses something, 1 when the connection fails, is lost or carries bytes that are no message, or when nobody
reads the output any more.

Standard library only, Python 3.7 and later. protocol.py beside this file knows what to say and what to answer;
one folder above, chat.py moves bytes and lines, and terminal.py takes lines and shows them.
"""
from __future__ import annotations

import argparse
import ipaddress
import os
import sys

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from chat import main, port_argument  # noqa: E402
from protocol import TEXT_LIMIT, Session  # noqa: E402

DEFAULT_PORT = 9001


def name_argument(text: str) -> str:
    if not text.isprintable() or any(char.isspace() for char in text):
        raise argparse.ArgumentTypeError("a name is made of printable characters without spaces")
    if not 1 <= len(text.encode()) <= TEXT_LIMIT:
        raise argparse.ArgumentTypeError("a name has 1 to %d bytes" % TEXT_LIMIT)
    return text


def address_argument(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise argparse.ArgumentTypeError("%r is not an IP address, such as 127.0.0.1" % text)


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="client.py", description="A client of the Basic Chat Protocol.")
    parser.add_argument("-u", dest="name", metavar="NAME", type=name_argument, required=True,
                        help="your name on the server: up to 4095 bytes, printable, without spaces")
    parser.add_argument("-s", dest="address", metavar="IP", type=address_argument, default="127.0.0.1",
                        help="IP address of the server (default: %(default)s)")
    parser.add_argument("-p", dest="port", metavar="PORT", type=port_argument, default=DEFAULT_PORT,
                        help="port of the server (default: %(default)s)")
    parser.add_argument("--dialect", choices=("spec", "rpchat"), default="spec",
                        help="spec: as the document says; rpchat: as the C server of that name speaks")
    return parser.parse_args(arguments)


def arrange(arguments) -> tuple:
    options = parse_arguments(arguments)
    return options.address, options.port, Session(options.name, options.dialect)


if __name__ == "__main__":
    sys.exit(main(arrange))
