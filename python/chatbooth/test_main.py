"""python3 -m unittest discover -s python/chatbooth"""
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

from chat import HEARD, SAID, WARNING, Failure  # noqa: E402
from protocol import ANSWER, MESSAGE, Decoder, encode  # noqa: E402
from scripted import DEADLINE, AtTerminal, EndToEnd, check_syntax  # noqa: E402
from session import HELP, QUEUE_LIMIT, NoCommand, Session, parse  # noqa: E402

TOKEN = b"sixteen secrets!"
GREETING = "connected; `help` lists the commands"


def frame(action, body):
    return bytes([0, action]) + struct.pack(">I", len(body)) + body


def answer(body):
    return frame(10, body)


def message(text):
    return frame(11, text.encode())


def login(name, password):
    return frame(1, ("%s:%s" % (name, password)).encode())


def request(action, body):
    return frame(action, body.encode()) + TOKEN


def sent(name, text):
    return request(3, "%s:\nFROM: alice\nTO: %s\nMESSAGE: %s\n" % (name, name, text))


DONE, ERROR = answer(b"\0"), answer(b"")


def decode_all(pieces):
    decoder, messages = Decoder(), []
    for piece in pieces:
        decoder.feed(piece)
        found = decoder.next()
        while found:
            messages.append(found)
            found = decoder.next()
    return messages, decoder.unfinished


class DecoderTest(unittest.TestCase):
    # Recorded from the server of the document.
    VECTORS = (
        ("000a000000106480fa694e1046d3bacebc54f85292cf", (ANSWER, bytes.fromhex("6480fa694e1046d3bacebc54f85292cf"))),
        ("000a00000000", (ANSWER, b"")),
        ("000a0000000100", (ANSWER, b"\0")),
        ("000a00000011616c6963652c626f622c6361726f6c5f78", (ANSWER, b"alice,bob,carol_x")),
        ("000b000000026d31", (MESSAGE, b"m1")),
        ("000b00000000", (MESSAGE, b"")),
        ("000b0000000868c3a920f09f9880", (MESSAGE, "hé 😀".encode())),
    )

    def test_each_vector_decodes_without_a_remainder(self):
        for digits, found in self.VECTORS:
            self.assertEqual(decode_all([bytes.fromhex(digits)]), ([found], False))

    def test_each_prefix_needs_more(self):
        for digits, _ in self.VECTORS:
            data = bytes.fromhex(digits)
            for end in range(1, len(data)):
                self.assertEqual(decode_all([data[:end]]), ([], True))

    def test_pieces_do_not_matter(self):
        rng = random.Random(7)
        stream = b"".join(bytes.fromhex(digits) for digits, _ in self.VECTORS)
        expected = [found for _, found in self.VECTORS]
        for _ in range(200):
            cuts = sorted(rng.sample(range(1, len(stream)), rng.randrange(len(stream) - 1)))
            pieces = [stream[a:b] for a, b in zip([0] + cuts, cuts + [len(stream)])]
            self.assertEqual(decode_all(pieces), (expected, False))

    def test_what_is_no_message_is_refused_at_once(self):
        for digits in ("01", "48", "0001", "0009", "00ff", "000a01000001", "000bffffffff"):
            with self.assertRaises(Failure):
                decode_all([bytes.fromhex(digits)])

    def test_random_bytes_do_no_harm(self):
        rng = random.Random(8)
        for _ in range(2000):
            data = bytes(rng.choice((0, 0, 10, 11, 1, rng.randrange(256))) for _ in range(rng.randrange(40)))
            try:
                decode_all([data])
            except Failure:
                pass

    def test_requests_as_they_were_recorded(self):
        token = bytes.fromhex("6480fa694e1046d3bacebc54f85292cf")
        for digits, arguments in (
            ("000100000008616c6963653a7077", (1, "alice:pw")),
            ("0002000000010a6480fa694e1046d3bacebc54f85292cf", (2, "\n", token)),
            ("00030000000c626f623a68c3a920f09f98806480fa694e1046d3bacebc54f85292cf", (3, "bob:hé 😀", token)),
        ):
            self.assertEqual(encode(*arguments).hex(), digits)


class CommandTest(unittest.TestCase):
    def test_commands(self):
        self.assertEqual(parse("login bob"), ("login", "bob", ""))
        self.assertEqual(parse("  login  bob  a pass word "), ("login", "bob", "a pass word "))
        self.assertEqual(parse("send bob hi: there  "), ("send", "bob", "hi: there  "))
        self.assertEqual(parse("list"), ("list", "", ""))
        self.assertEqual(parse("list ^b c"), ("list", "^b c", ""))

    def test_every_command_of_the_help_is_one(self):
        for line in HELP.splitlines()[1:]:
            word = line.split()[0]
            self.assertEqual(parse(word + {"login": " bob", "send": " bob hi"}.get(word, ""))[0], word)

    def test_what_is_no_command_is_told(self):
        for line, words in (("say hi", "no command `say`"), ("login", "login NAME"), ("send bob", "send NAME TEXT"),
                            ("send a:b hi", "colon"), ("exit now", "stands alone")):
            with self.assertRaises(NoCommand) as caught:
                parse(line)
            self.assertIn(words, str(caught.exception))


class SessionTest(unittest.TestCase):
    def setUp(self):
        self.session = Session()

    def type(self, line):
        """The notes and what is sent."""
        self.session.output.clear()
        return self.session.type(line), bytes(self.session.output)

    def receive(self, data):
        self.session.output.clear()
        return list(self.session.receive(data)), bytes(self.session.output)

    def log_in(self, token=TOKEN):
        self.type("login alice pw")
        self.assertEqual(self.receive(answer(token)), ([(HEARD, "logged in as alice")], b""))

    def test_each_command_is_a_request(self):
        self.assertEqual(self.type("login alice p:w x"), ([(SAID, "> login alice")], login("alice", "p:w x")))
        self.receive(answer(TOKEN))
        for line, asked, answered, shown in (
            ("list", request(2, "\n"), answer(b"alice,bob"), "accounts: alice,bob"),
            ("list ^b", request(2, "^b"), answer(b"bob"), "accounts: bob"),
            ("send bob hi: you", sent("bob", "hi: you"), DONE, "sent to bob"),
            ("messages", request(4, "alice"), DONE, "no more messages"),
            ("delete", request(5, "alice"), DONE, "account deleted"),
        ):
            self.assertEqual(self.type(line), ([(SAID, "> " + line)], asked))
            self.assertEqual(self.receive(answered), ([(HEARD, shown)], b""))
        self.assertEqual(self.type("list")[0][1], (WARNING, "log in first: login NAME"))
        self.assertEqual(self.type("help")[0][1], (HEARD, HELP))

    def test_refusals_are_told(self):
        self.log_in()
        for line, words in (("login bob no", "not logged in"), ("send ghost hi", "is there a ghost?"),
                            ("messages", "no messages"), ("delete", "not deleted")):
            self.type(line)
            ((kind, text),), _ = self.receive(ERROR)
            self.assertEqual(kind, WARNING)
            self.assertIn(words, text)
        self.type("list zzz")
        self.assertIn("no such account", self.receive(ERROR)[0][0][1])

    def test_messages_before_the_answer_answer_nothing(self):
        self.log_in()
        self.type("send bob hi")
        notes, _ = self.receive(message("\nFROM: bob\nMESSAGE: you?\n") + message("a\x1b[2J"))
        self.assertEqual(notes, [(HEARD, "message: FROM: bob\n    MESSAGE: you?"), (HEARD, "message: a\\x1b[2J")])
        self.assertFalse(self.session.idle)
        self.assertEqual(self.receive(DONE)[0], [(HEARD, "sent to bob")])
        self.assertTrue(self.session.idle)

    def test_the_token_of_the_last_login_that_succeeded(self):
        self.log_in()
        self.type("login bob typo")
        self.receive(ERROR)
        self.assertEqual(self.type("messages")[1], request(4, "alice"))
        self.receive(DONE)
        self.log_in(b"x" * 16)
        self.assertTrue(self.type("messages")[1].endswith(b"x" * 16))
        self.receive(DONE)
        self.type("logout")
        for line in ("list", "send bob hi", "messages", "delete"):
            self.assertEqual(self.type(line)[1], b"")

    def test_one_request_at_a_time_in_order(self):
        self.type("login alice pw")
        for line in ("list", "messages", "exit"):
            self.assertEqual(self.type(line)[1], b"")
        self.assertTrue(self.session.finished)
        self.assertEqual(self.receive(answer(TOKEN))[1], request(2, "\n"))
        self.assertEqual(self.receive(DONE)[1], request(4, "alice"))
        self.assertEqual(self.receive(DONE)[1], b"")
        self.assertTrue(self.session.idle)

    def test_so_many_lines_and_no_more(self):
        self.type("login alice pw")
        for _ in range(QUEUE_LIMIT):
            self.assertFalse(self.session.full)
            self.type("list")
        self.assertTrue(self.session.full)

    def test_a_password_on_its_own_line_is_secret(self):
        self.type("login alice")
        self.assertTrue(self.session.secret)
        self.assertEqual(self.type(" hunter2: "), ([], login("alice", " hunter2: ")))
        self.assertFalse(self.session.secret)

    def test_an_answer_out_of_nowhere(self):
        self.assertEqual(self.receive(DONE)[0], [(WARNING, "an answer came that nobody waits for")])


class Program(EndToEnd):
    def command(self, *more):
        program = os.path.join(HERE, "main.py")
        return [sys.executable, program, "--host", "127.0.0.1", "--port", str(self.peer.port)] + list(more)

    def connected(self, **kinds):
        client = self.start(**kinds)
        self.peer.accept()
        return client

    def answers(self, *steps):
        for asked, answered in steps:
            self.assertEqual(self.peer.receive(len(asked)), asked)
            self.peer.socket.sendall(answered)

    def ends(self):
        self.assertEqual(self.peer.rest(), b"")
        self.peer.close()


class PipeTest(Program):
    def test_commands_in_a_pipe(self):
        client = self.connected()
        self.type(client, "login alice p:w\nlist\nsend bob hi there\nmessages\ndelete\nexit\n")
        self.answers(
            (login("alice", "p:w"), answer(TOKEN)),
            (request(2, "\n"), answer(b"alice,bob")),
            (sent("bob", "hi there"), DONE),
            (request(4, "alice"), message("old") + DONE),
            (request(5, "alice"), DONE),
        )
        self.ends()
        status, out, err = self.finish(client)
        self.assertEqual((status, err), (0, ""))
        told = [line for line in out.splitlines() if not line.startswith("> ")]
        self.assertEqual(told, [GREETING, "logged in as alice", "accounts: alice,bob", "sent to bob", "message: old",
                                "no more messages", "account deleted"])
        self.assertNotIn("p:w", out)

    def test_the_end_of_input_waits_for_the_answers(self):
        client = self.connected()
        self.type(client, "login alice\nsecret\nlist")
        client.stdin.close()
        client.stdin = None
        self.answers((login("alice", "secret"), answer(TOKEN)), (request(2, "\n"), answer(b"alice")))
        self.ends()
        status, out, err = self.finish(client)
        self.assertEqual((status, err), (0, ""))
        self.assertTrue(out.endswith("accounts: alice\n"), out)
        self.assertNotIn("secret", out)

    def test_a_lost_connection_is_told_whatever_the_client_does(self):
        for typed in ("", "login alice pw\n"):
            for how in ("close", "reset", "half"):
                self.fresh_peer()
                client = self.connected()
                self.line(client)
                if typed:
                    self.type(client, typed)
                    self.peer.receive(len(login("alice", "pw")))
                if how == "half":
                    self.peer.socket.sendall(message("half of one")[:9])
                self.peer.reset() if how == "reset" else self.peer.socket.close()
                client.wait(DEADLINE)  # with its input still open
                status, _, err = self.finish(client)
                self.assertEqual(status, 1)
                self.assertIn("middle of a message" if how == "half" else "connection", err)

    def test_a_message_byte_by_byte_is_not_the_answer(self):
        client = self.connected()
        self.line(client)
        self.type(client, "login alice pw\n")
        self.answers((login("alice", "pw"), b""))
        for byte in message("\x1b[2Jearly\nlogged in as eve") + answer(TOKEN):
            self.peer.socket.sendall(bytes([byte]))
        lines = [self.line(client) for _ in range(4)]
        self.assertEqual(lines, ["> login alice\n", "message: \\x1b[2Jearly\n", "    logged in as eve\n",
                                 "logged in as alice\n"])

    def test_a_refused_login_keeps_the_token_and_logging_out_forgets_it(self):
        client = self.connected()
        self.type(client, "login alice pw\nlogin alice typo\nmessages\nlogout\nlist\nexit\n")
        self.answers((login("alice", "pw"), answer(TOKEN)), (login("alice", "typo"), ERROR),
                     (request(4, "alice"), DONE))
        self.ends()
        status, _, err = self.finish(client)
        self.assertEqual(status, 0)
        self.assertIn("not logged in", err)
        self.assertIn("log in first", err)

    def test_what_is_no_chatbooth_ends_it(self):
        client = self.connected()
        self.peer.socket.sendall(b"HTTP/1.1 400 Bad Request\r\n")
        status, _, err = self.finish(client)
        self.assertEqual(status, 1)
        self.assertIn("version 72", err)

    def test_nobody_listens(self):
        with socket.socket() as bound:  # nobody else gets this port, and nobody listens on it
            bound.bind(("127.0.0.1", 0))
            status, _, err = self.finish(self.start("--port", str(bound.getsockname()[1])))
        self.assertEqual(status, 1)
        self.assertIn("cannot connect to 127.0.0.1", err)

    def test_signals_end_it_quietly(self):
        for number, expected in ((signal.SIGINT, 0), (signal.SIGTERM, 128 + signal.SIGTERM)):
            self.fresh_peer()
            client = self.connected()
            self.line(client)
            client.send_signal(number)
            self.assertEqual(self.finish(client), (expected, "", ""))

    def test_usage(self):
        for arguments, words in ((["--port", "0"], "port"), (["--port", "x"], "port"), (["more"], "more")):
            done = subprocess.run(self.command() + arguments, stdin=subprocess.DEVNULL, timeout=DEADLINE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual((done.returncode, done.stdout), (2, b""), arguments)
            self.assertIn(words, done.stderr.decode())


class TerminalTest(Program, AtTerminal):
    def started(self, **kinds):
        return self.connected(**kinds)

    def test_a_password_is_not_seen_and_not_recalled(self):
        self.press("login alice\n")
        self.shows(GREETING, "> login alice", "password: ")
        self.press("hunter2")
        self.peer.socket.sendall(message("hi"))
        self.shows(GREETING, "> login alice", "message: hi", "password: ")
        self.press("\n")
        self.answers((login("alice", "hunter2"), answer(TOKEN)))
        self.shows(GREETING, "> login alice", "message: hi", "logged in as alice", "> ")
        self.press("\x1b[A")
        self.until(lambda: self.display.lines[-1] == "> login alice")
        self.assertNotIn("hunter2", self.output)

    def test_a_pasted_password_is_not_seen_either(self):
        self.press("login alice\nhunter2\n\x1b[A")
        self.answers((login("alice", "hunter2"), answer(TOKEN)))
        self.until(lambda: "logged in as alice" in self.output)
        self.assertNotIn("hunter2", self.output)

    def test_the_terminal_is_put_back_after_exit(self):
        self.assertEqual(self.modes(), 0)
        self.press("exit\n")
        self.ends()
        self.check_end(0, "")


class PlainTerminalTest(Program, AtTerminal):
    """A terminal that cannot be drawn on."""

    TERM, FIRST = "dumb", ""

    def started(self, **kinds):
        return self.connected(**kinds)

    def test_a_password_is_not_seen(self):
        self.press("login alice\n")
        self.until(lambda: self.display.lines[-1] == "password: ")
        self.press("hunter2\n")
        self.answers((login("alice", "hunter2"), answer(TOKEN)))
        self.until(lambda: self.display.lines[-2:] == ["logged in as alice", ""])
        self.assertNotIn("hunter2", self.output)


class SourceTest(unittest.TestCase):
    def test_the_syntax_is_that_of_python_3_7(self):
        check_syntax(self, HERE)


if __name__ == "__main__":
    unittest.main()
