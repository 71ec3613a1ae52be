#!/usr/bin/env python3
"""ChatApp: a chat over UDP, from client to client, with a server for who is away.

    python3 ChatApp.py -c NAME SERVER-IP SERVER-PORT CLIENT-PORT
    python3 ChatApp.py -s PORT [--host ADDRESS] [--db FILE]

The commands of the client are reg NAME, dereg, send NAME TEXT and send_all TEXT, one a line. Ctrl-C leaves silently,
the end of the input deregisters. The server keeps users and texts in a file. UDP proves nothing about who sends, so
it listens on the loopback address unless --host says otherwise.

Exit status: 0 after the end of input, an interrupt, or when the server does not respond; 2 for unusable arguments.

Standard library only, Python 3.7 and later. client.py and server.py beside this file are the two programs, datagrams.py
knows the bytes; one folder above, terminal.py takes and shows lines.
"""
from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import sqlite3
import sys

sys.path.insert(1, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from client import Client  # noqa: E402
from datagrams import PORTS  # noqa: E402
from server import Server  # noqa: E402
from terminal import OutputGone, claim_streams, complain, open_screen  # noqa: E402

BAD_PORT = "Port number should be an integer between 1024 and 65535!"
BAD_ADDRESS = "You should enter a valid IP address!"


class Unusable(Exception):
    """Arguments that cannot be used, with a sentence for the user."""


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="ChatApp.py", description="A chat over UDP, from client to client.")
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("-c", dest="client", nargs=4, metavar=("NAME", "SERVER-IP", "SERVER-PORT", "CLIENT-PORT"),
                      help="chat under this name; ports are from 1024 to 65535")
    mode.add_argument("-s", dest="server", metavar="PORT", help="be the server")
    parser.add_argument("--host", metavar="ADDRESS", default="127.0.0.1",
                        help="where the server listens (default: %(default)s)")
    parser.add_argument("--db", metavar="FILE", default="chatapp.db",
                        help="where the server keeps users and texts (default: %(default)s)")
    return parser.parse_args(arguments)


def port_number(text: str) -> int:
    if not re.match("[0-9]{1,5}\\Z", text) or int(text) not in PORTS:
        raise Unusable(BAD_PORT)
    return int(text)


def find(host: str, port: int) -> tuple:
    try:
        return socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_DGRAM)[0][4]
    except (OSError, UnicodeError):
        raise Unusable(BAD_ADDRESS)


def listen(server: tuple, port: int) -> socket.socket:
    """Listens where the server, and so everybody who asks it, will find this client."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(server)
            here = probe.getsockname()[0]
        listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listening.bind((here, port))
    except OSError as error:
        raise Unusable("cannot listen on port %d: %s" % (port, error.strerror))
    listening.setblocking(False)
    return listening


def chat(name: str, host: str, server_port: str, client_port: str) -> None:
    ports = port_number(server_port), port_number(client_port)
    server = find(host, ports[0])
    with listen(server, ports[1]) as listening:
        screen = open_screen()
        try:
            Client(server, listening, screen).run(name)
        finally:
            screen.close()


def serve(host: str, port: str, path: str) -> None:
    address = find(host, port_number(port))
    try:
        server = Server(address, path)
    except (OSError, sqlite3.Error) as error:
        raise Unusable("cannot serve on port %s with %s: %s" % (port, path, error))
    try:
        server.serve()
    finally:
        server.close()


def stop(number, _frame) -> None:
    raise SystemExit(128 + number)


def end(_number, _frame) -> None:
    raise SystemExit(0)


def main(arguments) -> int:
    claim_streams()
    options = parse_arguments(arguments)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, end if options.server else stop)
    signal.signal(signal.SIGHUP, stop)
    try:
        if options.server:
            serve(options.host, options.server, options.db)
        else:
            chat(*options.client)
        return 0
    except Unusable as problem:
        complain(str(problem))
        return 2
    except KeyboardInterrupt:
        return 0
    except OutputGone:
        # The interpreter must not try to write the rest on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
