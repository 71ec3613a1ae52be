"""python3 -m unittest discover -s python/csc328"""
import os
import random
import signal
import socket
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

from chat import HEARD, SAID, WARNING, Failure  # noqa: E402
from dialects import (BYE, CHAT, CONTENT_LIMIT, DIALECTS, HELLO, NICK, NOTICE, READY, RETRY,  # noqa: E402
                      SHUTDOWN, Unwritable, cut)
from protocol import LONGEST_NOTICE, QUEUE_LIMIT, Session  # noqa: E402
from scripted import DEADLINE, AtTerminal, EndToEnd, check_syntax  # noqa: E402
from terminal import CONTROL  # noqa: E402

NOTICE_TEXT = "Server will shut down in 5 seconds"


def word(text):
    return len(text.encode()).to_bytes(2, "big") + text.encode()


def json16(msg, nick, proto):
    return word('{"msg": "%s", "nick": "%s", "proto": "%s"}' % (msg, nick, proto))


def json32(kind, text, who="SERVER"):
    content = '{"type": "%s", "text": "%s", "from": "%s", "time": 7}' % (kind, text, who)
    return b"\0\0" + word(content)


def typed(letter, text):
    return len(text.encode()).to_bytes(2, "big") + letter.encode() + text.encode()


def record(kind, name="", text=""):
    name, text = name.encode(), text.encode()
    head = b"".join(number.to_bytes(4, "little") for number in (kind, len(name), len(text)))
    return head + name.ljust(32, b"\0") + text.ljust(1024, b"\0")


# What a server writes for hello, ready, retry, bob saying "hi: you", bye, the shutdown notice and another notice.
FROM_SERVER = {
    "word": [word(text) for text in ("HELLO", "READY", "RETRY", "bob: hi: you", "BYE", NOTICE_TEXT, "bob is here")],
    "line": [text.encode() + b"\r\n" for text in
             ("HELLO", "READY", "RETRY", "bob: hi: you", "BYE", NOTICE_TEXT, "bob is here")],
    "typed": [typed("m", "HELLO"), typed("m", "READY"), typed("m", "RETRY"), typed("b", "bob: hi: you"),
              typed("m", "BYE"), typed("m", NOTICE_TEXT), typed("m", "bob is here")],
    "json16": [json16("HELLO", "SERVER", "connect"), json16("READY", "SERVER", "ready"),
               json16("RETRY", "SERVER", "retry"), json16("hi: you", "bob", "broadcast"),
               json16("BYE", "SERVER", "goodbye"), json16(NOTICE_TEXT, "SERVER", "shutdown"),
               json16("bob is here", "SERVER", "joined")],
    "json32": [json32("hello", "HELLO"), json32("ready", "READY"), json32("retry", "RETRY"),
               json32("chat", "hi: you", "bob"), json32("bye", "BYE"), json32("shutdown", NOTICE_TEXT),
               json32("joined", "bob is here")],
    "struct": [record(0), record(3), record(4), record(5, "bob", "hi: you"), record(1),
               record(6, text=NOTICE_TEXT), record(5, text="bob is here")],
}
KINDS = [HELLO, READY, RETRY, CHAT, BYE, SHUTDOWN, NOTICE]

# What a client writes for the nickname alice, the text "hé" and bye.
FROM_CLIENT = {
    "word": [word("NICK alice"), word("hé"), word("BYE")],
    "line": ["NICK alice\n".encode(), "hé\n".encode(), b"BYE\n"],
    "typed": [typed("n", "alice"), typed("t", "hé"), typed("m", "BYE")],
    "json16": [word('{"msg": "%s", "proto": "%s", "nick": "%s"}' % fields) for fields in
               (("alice", "verify", "None"), ("hé", "broadcast", "alice"), ("BYE", "goodbye", "None"))],
    "json32": [b"\0\0" + word('{"text": "%s", "type": "%s"}' % fields) for fields in
               (("alice", "nick"), ("hé", "chat"), ("BYE", "bye"))],
    "struct": [record(2, "alice"), record(5, "alice", "hé"), record(1)],
}


def read_all(dialect, data):
    messages = []
    content, end = dialect.frame(data)
    while end:
        messages.append(dialect.read(content))
        data = data[end:]
        content, end = dialect.frame(data)
    return messages, data


class DialectTest(unittest.TestCase):
    def test_every_message_of_a_server_is_read(self):
        for name, dialect in DIALECTS.items():
            messages, rest = read_all(dialect, b"".join(FROM_SERVER[name]))
            self.assertEqual(([kind for kind, _, _ in messages], rest), (KINDS, b""), name)
            self.assertEqual(messages[3], (CHAT, "bob", "hi: you"))
            self.assertEqual(messages[6][2], "bob is here")

    def test_every_message_of_a_client_is_written(self):
        for name, dialect in DIALECTS.items():
            written = [dialect.write(NICK, "", "alice"), dialect.write(CHAT, "alice", "hé"), dialect.write(BYE, "", "")]
            self.assertEqual(written, FROM_CLIENT[name], name)

    def test_each_prefix_needs_more(self):
        for name, dialect in DIALECTS.items():
            for message in FROM_SERVER[name]:
                for end in range(len(message)):
                    self.assertEqual(dialect.frame(message[:end]), (None, 0), name)

    def test_what_would_be_a_command_is_not_written(self):
        for name in ("word", "line"):
            for text in ("BYE", "NICK", "NICK bob"):
                with self.assertRaises(Unwritable):
                    DIALECTS[name].write(CHAT, "", text)

    def test_too_much_is_refused_before_it_comes(self):
        for name, data in (("json32", b"\0\1\0\0"), ("line", b"z" * (CONTENT_LIMIT + 2))):
            with self.assertRaises(Failure):
                DIALECTS[name].frame(data)

    def test_what_is_no_message_is_a_failure(self):
        for name, data in (("typed", typed("x", "")), ("struct", record(7)), ("struct", b"\5\0\0\0\xff" + bytes(1063)),
                           ("json16", word("[1]")), ("json16", word('{"msg": 1}')), ("json16", word("{")),
                           ("json32", b"\0\0\0\1\xff"), ("json16", word("[" * 60000))):
            with self.assertRaises(Failure):
                read_all(DIALECTS[name], data)

    def test_random_bytes_do_no_harm(self):
        rng = random.Random(11)
        for _ in range(2000):
            data = bytes(rng.choice((0, 2, 123, rng.randrange(256))) for _ in range(rng.choice((9, 40, 1100))))
            session = Session(DIALECTS[rng.choice(sorted(DIALECTS))])
            try:
                for _, text in session.receive(data):
                    self.assertIsNone(CONTROL.search(text))
            except Failure:
                pass


def session_at(*steps, dialect="line"):
    session = Session(DIALECTS[dialect])
    for step in steps:
        list(session.receive(step) if isinstance(step, bytes) else session.type(step))
    session.output.clear()
    return session


def ready():
    return session_at(b"HELLO\n", "alice", b"READY\n")


class SessionTest(unittest.TestCase):
    def sent(self, session, step):
        session.output.clear()
        notes = list(session.receive(step) if isinstance(step, bytes) else session.type(step))
        return bytes(session.output), notes

    def test_asks_for_a_nickname_until_one_is_free(self):
        session = session_at("alice")
        sent, notes = self.sent(session, b"HELLO\n")
        self.assertEqual((sent, notes), (b"NICK alice\n", [(HEARD, "Choose a nickname:"), (SAID, "nickname: alice")]))
        sent, notes = self.sent(session, b"RETRY\n")
        self.assertEqual((sent, notes), (b"", [(HEARD, "alice is not free; choose another nickname:")]))
        self.assertEqual(self.sent(session, " bob ")[0], b"NICK bob\n")
        self.assertFalse(session.idle)
        self.sent(session, b"READY\n")
        self.assertTrue(session.idle)
        self.assertEqual(session.answers, 3)

    def test_chat_waits_for_ready(self):
        session = session_at("alice", "one", "", "two")
        self.assertEqual(self.sent(session, b"HELLO\n")[0], b"NICK alice\n")
        sent, notes = self.sent(session, b"READY\nbob: hi\x1b[2J\n")
        self.assertEqual(sent, b"one\ntwo\n")
        self.assertEqual(notes[-1], (HEARD, "bob: hi\\x1b[2J"))

    def test_lines_are_left_alone_while_too_many_wait(self):
        session = session_at(*["line"] * QUEUE_LIMIT)
        self.assertTrue(session.full)

    def test_bye_is_said_once(self):
        session = ready()
        self.assertTrue(session.leave())
        self.assertFalse(session.leave())
        self.assertEqual(bytes(session.output), b"BYE\n")
        session = ready()
        self.assertEqual(self.sent(session, "BYE")[0], b"")
        self.assertTrue(session.finished and session.idle)

    def test_cut_never_splits_a_character(self):
        for surplus, rest in ((0, "aé€"), (1, "aé"), (3, "aé"), (4, "a"), (9, "")):
            self.assertEqual(cut("aé€", surplus), rest)

    def test_the_notice_makes_the_end_expected(self):
        session = ready()
        self.assertEqual(self.sent(session, NOTICE_TEXT.encode() + b"\n")[1], [(HEARD, "server: " + NOTICE_TEXT)])
        self.assertEqual(session.ends_within, 5)
        self.assertEqual(self.sent(session, "still here")[0], b"still here\n")
        session = ready()
        self.sent(session, b"shut down in 999999999 seconds\n")
        self.assertEqual(session.ends_within, LONGEST_NOTICE)

    def test_what_nobody_asked_for_is_ignored(self):
        self.assertEqual(self.sent(ready(), b"RETRY\nHELLO\nREADY\n"), (b"", []))

    def test_what_cannot_be_sent_is_said(self):
        self.assertEqual(self.sent(ready(), "NICK bob")[1][0][0], WARNING)
        sent, notes = self.sent(ready(), "é" * 40000)
        self.assertEqual(len(sent), CONTENT_LIMIT)
        self.assertEqual(notes[0][0], WARNING)
        for name in DIALECTS:
            session = session_at(FROM_SERVER[name][0], "alice", FROM_SERVER[name][1], dialect=name)
            sent, notes = self.sent(session, "\"é\"" * 30000)
            self.assertEqual((notes[0][0], bool(sent)), (WARNING, True))
        session = session_at(record(0), dialect="struct")
        self.assertEqual(self.sent(session, "z" * 33)[1][0][0], WARNING)


class ChatTest(EndToEnd):
    def command(self, *more):
        return [sys.executable, os.path.join(HERE, "client.py"), "localhost", str(self.peer.port)] + list(more)

    def greeted(self, *more, **kinds):
        client = self.start(*more, **kinds)
        self.peer.accept()
        self.peer.socket.sendall(word("HELLO"))
        return client

    def ready(self):
        client = self.greeted()
        self.type(client, "alice\n")
        self.expect("NICK alice")
        self.peer.socket.sendall(word("READY"))
        lines = [self.line(client) for _ in range(3)]
        self.assertEqual(lines, ["Choose a nickname:\n", "nickname: alice\n", "You are alice.\n"])
        return client

    def expect(self, text):
        self.assertEqual(self.peer.receive(len(word(text))), word(text))

    def ended(self):
        self.assertEqual(self.peer.rest(), b"")
        self.peer.close()


class PipeTest(ChatTest):
    def test_chats(self):
        client = self.greeted()
        self.assertTrue(self.peer.quiet())
        self.type(client, "alice\nbob\nhello\n")
        self.expect("NICK alice")
        self.peer.socket.sendall(word("RETRY"))
        self.expect("NICK bob")
        self.assertTrue(self.peer.quiet())
        self.peer.socket.sendall(word("READY") + word("eve: hi\x1b[2J"))
        self.expect("hello")
        client.stdin.close()
        client.stdin = None
        self.expect("BYE")
        self.ended()
        status, out, err = self.finish(client)
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out.splitlines()[-2:], ["bob: hello", "eve: hi\\x1b[2J"])

    def test_signals_say_bye(self):
        for number, expected in ((signal.SIGINT, 0), (signal.SIGTERM, 128 + signal.SIGTERM)):
            self.fresh_peer()
            client = self.ready()
            client.send_signal(number)
            self.expect("BYE")
            self.ended()
            self.assertEqual(self.finish(client), (expected, "", ""))

    def test_bye_is_a_command(self):
        client = self.ready()
        self.type(client, "BYE\n")
        self.expect("BYE")
        self.peer.close()
        self.assertEqual(self.finish(client), (0, "", ""))

    def test_an_announced_end_is_no_failure(self):
        client = self.ready()
        self.peer.socket.sendall(word(NOTICE_TEXT))
        self.assertEqual(self.line(client), "server: %s\n" % NOTICE_TEXT)
        self.type(client, "still here\n")
        self.expect("still here")
        self.peer.close()
        self.assertEqual(self.finish(client)[::2], (0, ""))

    def test_ends_by_itself_when_the_server_does_not(self):
        client = self.ready()
        self.peer.socket.sendall(word("Server will shut down in 0 seconds"))
        started = time.monotonic()
        self.expect("BYE")
        self.ended()
        self.assertEqual(self.finish(client)[0], 0)
        self.assertLess(time.monotonic() - started, DEADLINE)

    def test_another_end_is_a_failure(self):
        client = self.ready()
        self.peer.close()
        status, _, err = self.finish(client)
        self.assertEqual(status, 1)
        self.assertIn("closed the connection", err)

    def test_waits_for_the_server_only_so_long(self):
        client = self.start(stdin=subprocess.DEVNULL)
        self.peer.accept()
        status, _, err = self.finish(client)
        self.assertEqual(status, 1)
        self.assertIn("has not answered", err)

    def test_nobody_listens(self):
        with socket.socket() as bound:  # nobody else gets this port, and nobody listens on it
            bound.bind(("127.0.0.1", 0))
            port = str(bound.getsockname()[1])
            client = subprocess.run(self.command()[:2] + ["127.0.0.1", port], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=DEADLINE)
        self.assertEqual((client.returncode, client.stdout), (1, b""))
        self.assertIn(b"cannot connect to 127.0.0.1, port " + port.encode(), client.stderr)

    def test_usage(self):
        for arguments, words in (([], "HOST"), (["localhost"], "PORT"), (["localhost", "0"], "port"),
                                 (["localhost", "1", "--dialect", "x"], "json16")):
            done = subprocess.run(self.command()[:2] + arguments, stdin=subprocess.DEVNULL, timeout=DEADLINE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual((done.returncode, done.stdout), (2, b""), arguments)
            self.assertIn(words, done.stderr.decode())


class TerminalTest(ChatTest, AtTerminal):
    def started(self, **kinds):
        return self.greeted(**kinds)

    def test_a_chat_at_a_terminal(self):
        self.shows("Choose a nickname:", "> ")
        self.press("alice\n")
        self.expect("NICK alice")
        self.peer.socket.sendall(word("READY"))
        self.press("hel")
        self.shows("Choose a nickname:", "nickname: alice", "You are alice.", "> hel")
        self.peer.socket.sendall(word("bob: hi\x1b[2J"))
        self.until(lambda: self.display.lines[-2:] == ["bob: hi\\x1b[2J", "> hel"])
        self.press("lo\n")
        self.expect("hello")
        self.client.send_signal(signal.SIGINT)
        self.expect("BYE")
        self.ended()
        self.check_end(0, "")


class SourceTest(unittest.TestCase):
    def test_the_syntax_is_that_of_python_3_7(self):
        check_syntax(self, HERE)


if __name__ == "__main__":
    unittest.main()
