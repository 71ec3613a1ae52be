"""What the tests of every client need: a scripted server, the client as a program, a terminal to run it on."""
import ast
import os
import pty
import re
import select
import socket
import struct
import subprocess
import sys
import termios
import time
import unittest

DEADLINE = 10.0  # seconds that anything awaited here may take at most


class Peer:
    """A scripted server for one client."""

    def __init__(self):
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self._listener.settimeout(DEADLINE)
        self.port = self._listener.getsockname()[1]
        self.socket = None

    def accept(self):
        self.socket = self._listener.accept()[0]
        self.socket.settimeout(DEADLINE)

    def receive(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise AssertionError("the client closed after %r" % data)
            data += piece
        return data

    def quiet(self, seconds=0.2):
        return not select.select([self.socket], [], [], seconds)[0]

    def rest(self):
        data = b""
        piece = self.socket.recv(4096)
        while piece:
            data += piece
            piece = self.socket.recv(4096)
        return data

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self._listener.close()
        if self.socket:
            self.socket.close()


class EndToEnd(unittest.TestCase):
    """Runs a client against a scripted server."""

    def setUp(self):
        self.fresh_peer()

    def fresh_peer(self):
        self.peer = Peer()
        self.addCleanup(self.peer.close)

    def command(self, *more):
        """The program and its arguments."""
        raise NotImplementedError

    def start(self, *more, **kinds):
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        pipes.update(kinds)
        client = subprocess.Popen(self.command(*more), **pipes)
        self.addCleanup(self.end, client)
        return client

    def end(self, client):
        if client.poll() is None:
            client.kill()
        client.wait()
        for pipe in (client.stdin, client.stdout, client.stderr):
            if pipe:
                try:
                    pipe.close()
                except OSError:
                    pass

    def type(self, client, text):
        client.stdin.write(text if isinstance(text, bytes) else text.encode())
        client.stdin.flush()

    def line(self, client):
        """The next line of the output, which must not wait for more to come."""
        self.assertTrue(select.select([client.stdout], [], [], DEADLINE)[0], "no output")
        return client.stdout.readline().decode()

    def finish(self, client, within=DEADLINE):
        out, err = client.communicate(timeout=within)
        self.assertNotIn(b"Traceback", err)
        return client.returncode, out.decode(), err.decode()


class Display:
    """What a terminal shows after the few controls that the client uses."""

    def __init__(self):
        self.lines, self.column = [""], 0

    def feed(self, text):
        for part in re.findall("\x1b\\[[0-9]*[A-Za-z]|.", text, re.S):
            line = self.lines[-1]
            if part == "\r":
                self.column = 0
            elif part == "\n":
                self.lines.append("")
                self.column = 0
            elif part == "\x1b[K":
                self.lines[-1] = line[:self.column]
            elif part.startswith("\x1b[") and part.endswith("C"):
                self.column += int(part[2:-1])
            else:
                assert part.isprintable(), part
                self.lines[-1] = line[:self.column] + part + line[self.column + 1:]
                self.column += 1


class AtTerminal(EndToEnd):
    """Runs a client at a pseudo-terminal of 40 columns, which has drawn its first line."""

    TERM, FIRST = "xterm", "> "

    def started(self, **kinds):
        """The client, as far as the tests of a terminal want it."""
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.master, slave = pty.openpty()
        self.addCleanup(os.close, self.master)
        environment = dict(os.environ, TERM=self.TERM, COLUMNS="40")
        self.client = self.started(stdin=slave, stdout=slave, env=environment, start_new_session=True)
        self.slave = slave
        self.addCleanup(os.close, slave)
        self.display = Display()
        self.output = ""
        self.until(lambda: self.display.lines[-1] == self.FIRST)

    def press(self, keys):
        os.write(self.master, keys.encode())

    def until(self, condition):
        end = time.monotonic() + DEADLINE
        while not condition():
            left = end - time.monotonic()
            ready = left > 0 and select.select([self.master], [], [], left)[0]
            self.assertTrue(ready, "%r %r" % (self.display.lines, self.display.column))
            text = os.read(self.master, 4096).decode()
            self.output += text
            self.display.feed(text)

    def shows(self, *lines):
        self.until(lambda: [line for line in self.display.lines] == list(lines))

    def modes(self):
        return termios.tcgetattr(self.slave)[3] & (termios.ICANON | termios.ECHO)

    def check_end(self, status, words):
        self.client.wait(2)
        err = self.client.stderr.read().decode()
        self.assertEqual(self.client.returncode, status)
        self.assertIn(words, err)
        self.assertEqual(bool(words), bool(err))
        self.assertNotEqual(self.modes(), 0, "the terminal is as it was")


def check_syntax(test, folder):
    """Every program in `folder` is written in Python 3.7."""
    if sys.version_info < (3, 8):
        test.skipTest("this is Python 3.7 itself")
    for name in os.listdir(folder):
        if name.endswith(".py"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                ast.parse(file.read(), feature_version=(3, 7))
