"""python3 -m unittest discover -s python/chatapp"""
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

from client import NoCommand, parse  # noqa: E402
from datagrams import KINDS, LONGEST, Malformed, Message, decode  # noqa: E402
from scripted import check_syntax  # noqa: E402

DEADLINE = 30.0  # seconds that anything awaited here may take at most
NEW, BACK, TABLE = "[Welcome, you are registered.]\n", "[Welcome back!]\n", "[Client table updated.]\n"


class Port:
    """A port that others leave alone as long as this is open: below those that the system gives away."""

    def __init__(self, cleanup):
        for _ in range(10000):
            self.number = random.randrange(10000, 20000)
            self._taken = socket.socket()
            try:
                self._taken.bind(("127.0.0.1", self.number))
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
                    free.bind(("127.0.0.1", self.number))
            except OSError:
                self._taken.close()
                continue
            cleanup(self._taken.close)
            return
        raise AssertionError("no port is free")


class Program:
    """The client or the server as a program, killed at the end of the test."""

    def __init__(self, cleanup, *arguments):
        command = [sys.executable, "-B", os.path.join(HERE, "ChatApp.py")]
        self.process = subprocess.Popen(command + [str(argument) for argument in arguments], bufsize=0,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.shown = ""
        cleanup(self.end)

    def end(self):
        self.process.kill()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()
        self.process.wait()

    def write(self, text):
        self.process.stdin.write(text.encode())

    def until(self, text, times=1):
        end = time.monotonic() + DEADLINE
        while self.shown.count(text) < times:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise AssertionError("no %r in %r" % (text, self.shown[-2000:]))
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            if not data:
                raise AssertionError("ended without %r: %r" % (text, self.shown[-2000:]))
            self.shown += data.decode()

    def finish(self):
        """The exit status, all output, and the complaints."""
        self.process.stdin.close()
        out, err = self.process.stdout.read(), self.process.stderr.read()
        return self.process.wait(DEADLINE), self.shown + out.decode(), err.decode()


class Scripted:
    """A server or a peer that says what a test tells it."""

    def __init__(self, cleanup):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(DEADLINE)
        self.port = self.socket.getsockname()[1]
        cleanup(self.socket.close)

    def receive(self):
        data, sender = self.socket.recvfrom(1 << 16)
        return decode(data), sender

    def send(self, message, to):
        self.socket.sendto(message.encode(), to)

    def ask(self, kind, server, **more):
        self.send(Message(kind, **more), server)
        return self.receive()[0]


class Datagrams(unittest.TestCase):
    RECORDED = (
        b'{"content": "41001", "type_": "reg", "from_": "alice", "to": "", "to_server": true, "addr": null}',
        b'{"content": "", "type_": "ack", "from_": "bob", "to": "alice", "to_server": false, '
        b'"addr": ["127.0.0.1", 53781]}',
        b'{"content": {"name": "bob", "ip": "127.0.0.1", "port": 41002, "status": "no"}, "type_": "update_table", '
        b'"from_": null, "to": "carol", "to_server": false, "addr": null}',
    )

    def test_recorded_messages(self):
        first, second, third = map(decode, self.RECORDED)
        self.assertEqual(first.encode(), self.RECORDED[0])
        self.assertEqual((second.kind, second.sender, second.to), ("ack", "bob", "alice"))
        self.assertEqual(third.encode(), self.RECORDED[2])
        self.assertEqual(decode(b'{"type_": "reg", "content": 41005}').content, 41005)

    def test_what_is_no_message(self):
        for data in (b"", b"x", b"[]", b"{}", b'{"type_": 7}', b'{"type_": "REG"}', b'{"type_": "send", "content": 1}',
                     b'{"type_": "send", "from_": 1}', b'{"type_": "send", "content": "\\ud800"}', b"\xff",
                     b'{"type_": "update_table", "content": [1]}', b'{"type_": "reg", "content": true}', b"[" * 60000):
            with self.assertRaises(Malformed, msg=data[:60]):
                decode(data)

    def test_damaged_messages(self):
        chance = random.Random(4119)
        for _ in range(2000):
            data = bytearray(chance.choice(self.RECORDED))
            for _ in range(chance.randrange(1, 6)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            try:
                self.assertIn(decode(bytes(data)).kind, KINDS)
            except Malformed:
                pass

    def test_long_lists(self):
        contacts = [{"name": "n%d" % n, "ip": "127.0.0.1", "port": 5000, "status": "yes"} for n in range(2000)]
        parts = Message("update_table", contacts).parts()
        self.assertTrue(len(parts) > 1 and all(len(part) <= LONGEST for part in parts))
        self.assertEqual([entry for part in parts for entry in decode(part).content], contacts)

    def test_syntax_of_old_versions(self):
        check_syntax(self, HERE)


class Commands(unittest.TestCase):
    def test_commands(self):
        self.assertEqual(parse("send bob hi  there "), ("send", "bob", "hi  there "))
        self.assertEqual(parse("send_all hi all"), ("send_all", "", "hi all"))
        self.assertEqual(parse("reg alice"), ("reg", "alice", ""))
        self.assertEqual(parse("dereg what ever"), ("dereg", "", ""))
        for line in ("say", "send", "send bob", "send_all", "reg", "reg a b"):
            with self.assertRaises(NoCommand):
                parse(line)


class TheClient(unittest.TestCase):
    """Alice, registered with a scripted server that has a scripted bob in its table."""

    def setUp(self):
        self.server, self.bob = Scripted(self.addCleanup), Scripted(self.addCleanup)
        self.port = Port(self.addCleanup).number
        self.alice = Program(self.addCleanup, "-c", "alice", "127.0.0.1", self.server.port, self.port)
        self.here = ("127.0.0.1", self.port)
        message, sender = self.server.receive()
        self.assertEqual((message.kind, message.sender, message.content), ("reg", "alice", str(self.port)))
        self.server.send(Message("created", to="alice"), sender)
        self.alice.until(NEW)
        contact = {"name": "bob", "ip": "127.0.0.1", "port": self.bob.port, "status": "yes"}
        self.server.send(Message("update_table", [contact], to="alice"), self.here)
        self.alice.until(TABLE)

    def test_a_text_that_nobody_acknowledges_goes_to_the_server(self):
        self.alice.write("send bob hi\n")
        message, _ = self.bob.receive()
        self.assertEqual((message.kind, message.content), ("send", "hi"))
        message, sender = self.server.receive()
        self.assertEqual((message.kind, message.to, message.content), ("store", "bob", "hi"))
        self.server.send(Message("store_ack"), sender)
        self.alice.until("[Messages received by the server and saved]\n")

    def test_what_others_say(self):
        for data in (b"", b"garbage", b'{"type_": "update_table", "content": 5, "to": "alice"}'):
            self.bob.socket.sendto(data, self.here)
        for kind, answer in (("test", "test"), ("send", "ack"), ("send_all", "send_all_ack")):
            self.bob.send(Message(kind, "\x1b[2J", "bob", "eve"), self.here)  # for somebody else
            self.bob.send(Message(kind, "\x1b[2J", "bob", "alice"), self.here)
            message, sender = self.bob.receive()
            self.assertEqual((message.kind, message.sender, sender), (answer, "alice", self.here))
        self.alice.until("bob: \\x1b[2J\n")
        self.bob.send(Message("logout", to="alice"), self.here)
        self.alice.until("Offline")
        self.assertEqual(self.alice.finish()[0], 0)
        self.assertEqual(self.alice.shown.count("bob: "), 2)

    def test_an_interrupt_leaves_silently(self):
        self.alice.process.send_signal(signal.SIGINT)
        self.assertEqual(self.alice.finish()[0], 0)


class Ends(unittest.TestCase):
    def test_a_server_that_does_not_answer(self):
        server, port = Scripted(self.addCleanup), Port(self.addCleanup).number
        alice = Program(self.addCleanup, "-c", "alice", "localhost", server.port, port)
        self.assertEqual(alice.finish()[:2], (0, "[Server not responding]\n[Exiting]\n"))
        self.assertEqual([server.receive()[0].kind for _ in range(5)], ["reg"] * 5)

    def test_arguments_that_cannot_be_used(self):
        for arguments, sentence in (
                (("-c", "a", "127.0.0.1", "1023", "5000"), "between 1024 and 65535!"),
                (("-c", "a", "127.0.0.1", "5000", "port"), "between 1024 and 65535!"),
                (("-c", "a", "256.0.0.1", "5000", "5001"), "You should enter a valid IP address!"),
                (("-s", "65536"), "Port number should be an integer between 1024 and 65535!")):
            status, _, complaint = Program(self.addCleanup, *arguments).finish()
            self.assertEqual(status, 2)
            self.assertIn(sentence, complaint)


class Together(unittest.TestCase):
    """Programs of this folder with each other."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.db = os.path.join(folder.name, "chatapp.db")
        self.address = ("127.0.0.1", Port(self.addCleanup).number)
        self.start()

    def start(self):
        self.server = Program(self.addCleanup, "-s", self.address[1], "--db", self.db)
        probe = Scripted(self.addCleanup)
        probe.socket.settimeout(0.1)
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            try:
                probe.ask("dereg", self.address, sender="nobody")
                return
            except OSError:
                pass  # not there yet
        raise AssertionError("the server does not answer")

    def join(self, name, port, greeting=NEW):
        client = Program(self.addCleanup, "-c", name, "127.0.0.1", self.address[1], port)
        client.until(greeting)
        client.until(TABLE)
        return client

    def test_offline_messages_and_group_chat(self):
        ports = [Port(self.addCleanup).number for _ in range(2)]
        alice, bob = self.join("alice", ports[0]), self.join("bob", ports[1])
        alice.until(TABLE, 2)
        alice.write("send_all hello everybody\n")
        bob.until("[Channel_Message] alice: hello everybody\n")
        bob.write("dereg\n")
        bob.until("[You are Offline. Bye.]\n")
        alice.until(TABLE, 3)
        alice.write("send bob one\nsend_all two\n")
        alice.until("[Messages received by the server and saved]\n")
        alice.until("[Message received by Server.]\n", 2)
        bob.write("reg bob\n")
        bob.until(" alice: one\n")
        bob.until(" [Channel_Message] alice: two\n")
        for client in (alice, bob):
            status, shown, complaint = client.finish()
            self.assertEqual((status, complaint), (0, ""))
            self.assertTrue(shown.endswith("[You are Offline. Bye.]\n"), shown)

    def test_what_was_acknowledged_survives_a_kill(self):
        peer = Scripted(self.addCleanup)
        for name in ("alice", "bob"):
            self.assertEqual(peer.ask("reg", self.address, content="5000", sender=name).kind, "created")
        self.assertEqual(peer.ask("dereg", self.address, sender="bob").kind, "dereg_ack")
        self.assertEqual(peer.ask("store", self.address, content="one", sender="alice", to="bob").kind, "store_ack")
        self.server.end()
        self.start()
        self.assertEqual(peer.ask("store", self.address, content="two", sender="alice", to="bob").kind, "store_ack")
        self.server.end()
        self.start()
        mails = peer.ask("reg", self.address, content="5001", sender="bob").content
        self.assertEqual([mail["content"] for mail in mails], ["one", "two"])

    def test_signals_end_the_server_well(self):
        self.server.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.server.finish()[0], 0)
        self.start()
        self.server.process.send_signal(signal.SIGINT)
        self.assertEqual(self.server.finish()[0], 0)


if __name__ == "__main__":
    unittest.main()
