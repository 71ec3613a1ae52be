"""A client of the Basic Chat Protocol that does one thing wrong.

    client.py MODE NAME HOST PORT [FILE]

FILE is where a stubborn one writes its process and that of its child.
"""
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time

mode, name, host, port = sys.argv[1:5]
OK = b"\x04\0\0\0"


def text(data):
    return struct.pack(">H", len(data)) + data


def whole(data):
    """The bytes of the first message, or nothing."""
    ends = {3: (1, 2), 4: (2, 1)}.get(data[0] if data else 0)
    if ends is None:
        return data
    end, strings = ends
    for _ in range(strings):
        if len(data) < end + 2:
            return b""
        end += 2 + struct.unpack_from(">H", data, end)[0]
    return data[:end] if len(data) >= end else b""


def stubborn(file):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    child = subprocess.Popen(["sleep", "600"])
    with open(file, "w") as out:
        out.write("%d\n%d\n" % (os.getpid(), child.pid))


def before():
    if mode == "quits":
        sys.exit(0)
    if mode == "deaf":
        time.sleep(600)
    if mode == "stubborn":
        stubborn(sys.argv[5])
    if mode == "closes":
        os.close(1)
    if mode == "chatty" and os.fork() == 0:
        while os.getppid() != 1:
            os.write(1, b"and so on\n" * 100)
        os._exit(0)


def show(line):
    if mode not in ("mute", "closes"):
        print(line, flush=True)


def deliver(connection, data):
    size = struct.unpack_from(">H", data, 1)[0]
    if mode == "aborts":
        os.abort()
    show("%s: %s" % (data[3:3 + size].decode(), data[5 + size:].decode()))
    answers = {"twice": 2 * OK, "garbage": OK + b"\x09", "short": OK[:2]}
    connection.sendall(answers.get(mode, OK))


def chat():
    connection = socket.create_connection((host, int(port)))
    connection.sendall(b"\x01" + text(name.encode()))
    if mode == "early":
        connection.sendall(b"\x02" + text(b"hello"))
    data, queue, waiting, reading = b"", [], True, [connection, 0]
    while True:
        ready = select.select(reading, [], [])[0]
        if connection in ready:
            more = connection.recv(4096)
            if not more:
                show("the server has gone")
                if mode == "stays" or mode == "stubborn":
                    time.sleep(600)
                sys.exit(1)
            data += more
            message = whole(data)
            while message:
                data = data[len(message):]
                if message[0] == 3:
                    deliver(connection, message)
                elif message[1] and mode != "careless":
                    sys.exit(1 if mode == "vague" else message[1])
                else:
                    waiting = False
                message = whole(data)
        if 0 in ready:
            typed = os.read(0, 4096)
            if not typed:
                reading.remove(0)
            queue += typed.splitlines()
        while queue and (not waiting or mode == "hasty"):
            waiting = True
            connection.sendall(b"\x02" + text(queue.pop(0)))


before()
chat()
