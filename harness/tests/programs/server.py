"""A server for the harness to start: keeps the rules of `talk`, but for what it is told to do."""
import os
import signal
import socket
import struct
import subprocess
import sys
import threading

HOST = "127.0.0.1"


def text(data):
    return struct.pack(">H", len(data)) + data


def status(code):
    return bytes([4, code]) + text(b"")


def read(stream, count):
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data


def read_text(stream):
    (length,) = struct.unpack(">H", read(stream, 2))
    return read(stream, length)


def serve(connection, mode):
    stream = connection.makefile("rb")
    try:
        while True:
            kind = read(stream, 1)[0]
            if kind == 4:
                read(stream, 1)
            read_text(stream)
            if kind == 2 and mode == "crash":
                crash(connection)
            if kind in (1, 2):
                connection.sendall(status(0))
    except (EOFError, OSError):
        connection.close()


def crash(connection):
    sys.stderr.write("Traceback: no such room\n")
    sys.stderr.flush()
    os._exit(3)


def endless_output():
    line = b"x" * 200 + b"\n"
    while True:
        os.write(1, line)
        os.write(2, line)


def main():
    mode, port = sys.argv[1], int(sys.argv[2])
    if mode == "quits":
        sys.stderr.write("no configuration\n")
        sys.exit(4)
    if mode in ("stubborn", "family"):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        child = subprocess.Popen(["sleep", "1000"])
        with open(sys.argv[3], "a") as pids:
            pids.write("%d\n%d\n" % (os.getpid(), child.pid))
    if mode == "deaf":
        signal.pause()
    if mode == "closes":
        os.close(1)
        os.close(2)
    if mode == "chatty":
        threading.Thread(target=endless_output, daemon=True).start()
    listener = socket.create_server((HOST, port), backlog=128)
    while True:
        connection, _ = listener.accept()
        if mode == "once":
            listener.close()
        threading.Thread(target=serve, args=(connection, mode), daemon=True).start()
        if mode == "once":
            signal.pause()


main()
