"""python3 -m unittest discover -s python/wireproto"""
import json
import os
import random
import signal
import socket
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

from chat import HEARD, SAID, WARNING, Failure  # noqa: E402
from protocol import (ALREADY_HERE, CHECK, CHECK_NOT_LOGGED_IN, CREATE, CREATED, DELETE,  # noqa: E402
                      DELETE_NOT_LOGGED_IN, DELETED, EXISTS, FAILED, LIST, LISTED, LOG_IN, LOGGED_IN, LOGGED_OUT, PUSH, QUIT,
                      QUIT_NOT_LOGGED_IN, SEND, SENT, SWITCHED, UNKNOWN_ACCOUNT, UNKNOWN_RECEIVER, UNREAD, Decoder,
                      encode, string, varint)
from scripted import DEADLINE, AtTerminal, EndToEnd, check_syntax  # noqa: E402
from session import MENU, QUEUE_LIMIT, Draft, Refused, Session  # noqa: E402

GREETING = "connected; " + MENU + "\n"


def answer(opcode, msg=""):
    return string(1, "0.1") + b"\x10" + varint(opcode) + string(3, msg)


def decode_all(pieces):
    decoder, messages = Decoder(), []
    for piece in pieces:
        decoder.feed(piece)
        found = decoder.next()
        while found:
            messages.append(found)
            found = decoder.next()
    unfinished = decoder.unfinished and not decoder.at_an_end
    last = decoder.end()
    return messages + ([last] if last else []), unfinished


class DecoderTest(unittest.TestCase):
    # Recorded from the server of the document.
    VECTORS = (
        ("0a03302e3110021a21546865206163636f756e7420616c6963652065786973747320616c72656164792e",
         (EXISTS, "The account alice exists already.")),
        ("0a03302e311006", (UNREAD, "")),
        ("0a03302e3110061a1c616c6963653a68656c6c6f20310a616c6963653a68656c6c6f20320a",
         (UNREAD, "alice:hello 1\nalice:hello 2\n")),
        ("0a03302e3110111a10616c6963653a6469726563742068690a", (PUSH, "alice:direct hi\n")),
        ("0a03302e3110121a1b536572766572206661696c656420756e65787065637465646c792e",
         (FAILED, "Server failed unexpectedly.")),
    )

    def test_each_vector_is_read_and_written(self):
        for digits, found in self.VECTORS:
            self.assertEqual(decode_all([bytes.fromhex(digits)]), ([found], False))
            self.assertEqual(answer(*found).hex(), digits)

    def test_pieces_do_not_matter(self):
        rng = random.Random(7)
        stream = b"".join(bytes.fromhex(digits) for digits, _ in self.VECTORS)
        expected = [found for _, found in self.VECTORS]
        for _ in range(200):
            cuts = sorted(rng.sample(range(1, len(stream)), rng.randrange(len(stream) - 1)))
            pieces = [stream[a:b] for a, b in zip([0] + cuts, cuts + [len(stream)])]
            self.assertEqual(decode_all(pieces), (expected, False))

    def test_unknown_fields_are_skipped(self):
        data = bytes.fromhex("0a03302e31100b2201783d000000003100000000000000ff9a0601ff")
        self.assertEqual(decode_all([data]), ([(LOGGED_OUT, "")], False))

    def test_what_is_not_whole_is_waited_for(self):
        data = answer(PUSH, "hi")
        for end in range(1, len(data)):
            decoder = Decoder()
            decoder.feed(data[:end])
            self.assertIsNone(decoder.next())
            self.assertTrue(decoder.unfinished)

    def test_what_is_no_message_is_refused(self):
        for digits in ("00", "0b", "0f", "ff" * 10, "0a" + "80" * 10, "0affffffff0f", "0a03302e32100b1a0178",
                       "0a03302e311201301a0178", "0a03302e31100b1a02c328", "0a03302e31" + "1001" * 64,
                       b"HTTP/1.1 400 Bad Request".hex()):
            with self.assertRaises(Failure, msg=digits):
                decode_all([bytes.fromhex(digits)])

    def test_random_bytes_do_no_harm(self):
        rng = random.Random(8)
        for _ in range(2000):
            head = answer(UNREAD)[:rng.randrange(8)]
            data = bytes(rng.choice((10, 16, 26, 1, rng.randrange(256))) for _ in range(rng.randrange(40)))
            try:
                decode_all([head + data])
            except Failure:
                pass

    def test_requests_as_they_were_recorded(self):
        for digits, arguments in (
            ("0a03302e3110012a05616c696365", (CREATE, "alice")),
            ("0a03302e3110032203626f622a0768656c6c6f2031", (SEND, "hello 1", "bob")),
            ("0a03302e311004", (CHECK,)),
        ):
            self.assertEqual(encode(*arguments).hex(), digits)

    def test_recordings(self):
        folder = os.path.join(HERE, "..", "..", "..", "shared", "captures", "wireproto")
        if not os.path.isdir(folder):
            self.skipTest("%s is not there" % folder)
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                for line in map(json.loads, file):
                    if line["dir"] == "s2c":
                        messages, unfinished = decode_all([bytes.fromhex(line["hex"])])
                        self.assertFalse(unfinished)
                        self.assertEqual("".join(answer(*message).hex() for message in messages), line["hex"])


class DraftTest(unittest.TestCase):
    def finished(self, *lines):
        draft = Draft.parse(lines[0])
        for line in lines[1:]:
            self.assertTrue(draft.question, lines)
            draft.answer(line)
        self.assertEqual(draft.question, "", lines)
        draft.check()
        return draft.line()

    def test_in_one_line_or_step_by_step(self):
        for lines, line in (
            (("1 alice",), "1 alice"), (("1", " alice "), "1 alice"), (("2", "alice smith"), "2 alice smith"),
            (("3 bob  hi there ",), "3 bob hi there "), (("3 bob", " hi there "), "3 bob  hi there "),
            (("3", "bob", "hi"), "3 bob hi"), (("4",), "4"), ((" 5",), "5"), (("6 a.*",), "6 a.*"),
            (("6", ""), "6 *"), (("7",), "7"),
        ):
            self.assertEqual(self.finished(*lines), line)

    def test_what_is_no_action(self):
        for line in ("", " ", "0", "8", "1alice", "create alice", "7 now", "4 all", "\u0661 alice"):
            self.assertIsNone(Draft.parse(line), line)

    def test_names_and_texts_have_limits(self):
        name, text = "ë" * 25, "ë" * 100
        for line in ("1 " + name, "2 " + name, "3 %s %s" % (name, text)):
            self.finished(line)
        for lines in (("1 %sx" % name,), ("2 %sx" % name,), ("3 %sx hi" % name,), ("3 bob %sx" % text,), ("1", ""),
                      ("3", "bob", "")):
            with self.assertRaises(Refused, msg=lines):
                self.finished(*lines)


class SessionTest(unittest.TestCase):
    def setUp(self):
        self.session = Session()

    def type(self, line):
        """The notes and what is sent."""
        self.session.output.clear()
        return self.session.type(line), bytes(self.session.output)

    def receive(self, opcode, msg=""):
        self.session.output.clear()
        notes = list(self.session.receive(answer(opcode, msg))) + list(self.session.pause())
        return notes, bytes(self.session.output)

    def leave(self):
        self.session.output.clear()
        return self.session.leave(), bytes(self.session.output)

    def log_in(self):
        self.type("2 alice")
        self.assertEqual(self.receive(LOGGED_IN, "welcome"), ([(HEARD, "logged in as alice")], b""))

    def test_each_action_is_a_request(self):
        for line, asked, opcode, msg, shown in (
            ("1 alice", encode(CREATE, "alice"), CREATED, "", "account alice created"),
            ("2 alice", encode(LOG_IN, "alice"), LOGGED_IN, "", "logged in as alice"),
            ("2 bob", encode(LOG_IN, "bob"), SWITCHED, "so", "logged in as bob instead of alice"),
            ("3 bob hi there", encode(SEND, "hi there", "bob"), SENT, "", "sent to bob"),
            ("4", encode(CHECK), UNREAD, "", "no unread messages"),
            ("4", encode(CHECK), UNREAD, "bob:hi\n", "message: bob:hi"),
            ("6 a.*", encode(LIST, "a.*"), LISTED, "alice\nal\n", "accounts:\n    alice\n    al"),
            ("5", encode(DELETE), DELETED, "", "account deleted"),
            ("7", encode(QUIT), LOGGED_OUT, "", "logged out"),
        ):
            self.assertEqual(self.type(line), ([(SAID, "> " + line)], asked))
            self.assertEqual(self.receive(opcode, msg), ([(HEARD, shown)], b""))
        self.assertTrue(self.session.finished)

    def test_what_is_left_out_is_asked_for(self):
        self.assertEqual(self.type("3"), ([(HEARD, "to whom?")], b""))
        self.assertEqual(self.type("bob"), ([(HEARD, "the message:")], b""))
        self.assertEqual(self.type("7 apples"), ([(SAID, "> 3 bob 7 apples")], encode(SEND, "7 apples", "bob")))
        self.assertEqual(self.type("hello"), ([(WARNING, MENU)], b""))
        self.assertEqual(self.type(""), ([], b""))

    def test_failures_are_told_in_words_and_change_nothing_else(self):
        self.log_in()
        for line, opcode, words in (("1 bob", EXISTS, "of this name already"), ("2 bob", UNKNOWN_ACCOUNT, "no account"),
                                    ("2 alice", ALREADY_HERE, "here already"), ("6 [", FAILED, "cannot do that"),
                                    ("3 bob hi", UNKNOWN_RECEIVER, "no account")):
            self.type(line)
            ((kind, text),), _ = self.receive(opcode, "No\x1b.")
            self.assertEqual(kind, WARNING)
            self.assertIn(words, text)
            self.assertTrue(text.endswith("(the server says: No\\x1b.)"), text)
        self.assertEqual(self.leave(), (True, encode(QUIT)))

    def test_pushes_answer_nothing(self):
        self.log_in()
        self.type("3 bob hi")
        notes = list(self.session.receive(answer(PUSH, "bob:you?\n") + answer(PUSH, "a:\x1b[2J\n")))
        self.assertEqual(notes, [(HEARD, "message: bob:you?"), (HEARD, "message: a:\\x1b[2J")])
        self.assertFalse(self.session.idle)
        self.assertEqual(self.receive(SENT, "sent")[0], [(HEARD, "sent to bob")])
        self.assertTrue(self.session.idle)

    def test_an_answer_to_another_action_answers_nothing(self):
        self.log_in()
        self.type("5")
        self.type("6 *")
        self.assertEqual(self.receive(DELETED)[1], encode(LIST, "*"))
        ((kind, text),), sent = self.receive(DELETE_NOT_LOGGED_IN)
        self.assertEqual((kind, sent), (WARNING, b""))
        self.assertIn("nobody waits for", text)
        self.assertEqual(self.receive(LISTED, "bob\n")[0], [(HEARD, "accounts:\n    bob")])

    def test_one_request_at_a_time_in_order(self):
        self.type("1 alice")
        for line in ("2 alice", "4"):
            self.assertEqual(self.type(line)[1], b"")
        self.assertEqual(self.receive(CREATED)[1], encode(LOG_IN, "alice"))
        self.assertEqual(self.receive(LOGGED_IN)[1], encode(CHECK))
        self.assertEqual(self.receive(UNREAD)[1], b"")
        self.assertTrue(self.session.idle)

    def test_so_many_lines_and_no_more(self):
        self.type("1 alice")
        for _ in range(QUEUE_LIMIT):
            self.assertFalse(self.session.full)
            self.type("4")
        self.assertTrue(self.session.full)

    def test_who_is_logged_in_is_logged_out_once(self):
        self.assertEqual(self.leave(), (False, b""))
        self.log_in()
        self.assertEqual(self.leave(), (True, encode(QUIT)))
        self.assertEqual(self.leave(), (False, b""))
        self.assertEqual(self.receive(LOGGED_OUT, "bye"), ([], b""))
        for line, opcode in (("4", CHECK_NOT_LOGGED_IN), ("5", DELETED), ("7", LOGGED_OUT)):
            self.session = Session()
            self.log_in()
            self.type(line)
            self.receive(opcode)
            self.assertEqual(self.leave(), (False, b""), line)

    def test_an_answer_without_a_text_ends_with_a_pause(self):
        self.log_in()
        self.type("4")
        self.assertEqual(list(self.session.receive(answer(UNREAD))), [])
        self.assertTrue(self.session.waits_for_pause)
        self.assertEqual(list(self.session.pause()), [(HEARD, "no unread messages")])
        self.assertFalse(self.session.waits_for_pause)


class Program(EndToEnd):
    def command(self, *more):
        return [sys.executable, os.path.join(HERE, "chatClient.py")] + (list(more) or
                                                                        ["127.0.0.1", str(self.peer.port)])

    def connected(self, **kinds):
        client = self.start(**kinds)
        self.peer.accept()
        return client

    def greeted(self):
        client = self.connected()
        for _ in GREETING.splitlines():
            self.line(client)
        return client

    def answers(self, *steps):
        for asked, answered in steps:
            self.assertEqual(self.peer.receive(len(asked)), asked)
            self.peer.socket.sendall(answered)

    def logged_in(self):
        client = self.greeted()
        self.type(client, "2 alice\n")
        self.answers((encode(LOG_IN, "alice"), answer(LOGGED_IN, "welcome")))
        self.assertEqual([self.line(client) for _ in range(2)], ["> 2 alice\n", "logged in as alice\n"])
        return client

    def ends(self):
        self.assertEqual(self.peer.rest(), b"")
        self.peer.close()


class PipeTest(Program):
    def test_actions_in_a_pipe(self):
        client = self.connected()
        self.type(client, "1 alice\n2\nalice\n3 bob hi there\n4\n6 *\n7\n")
        self.answers(
            (encode(CREATE, "alice"), answer(CREATED, "created")),
            (encode(LOG_IN, "alice"), answer(LOGGED_IN, "in")),
            (encode(SEND, "hi there", "bob"), answer(PUSH, "bob:oh\n") + answer(SENT, "sent")),
            (encode(CHECK), answer(UNREAD)),
            (encode(LIST, "*"), answer(LISTED, "alice\nbob\n")),
            (encode(QUIT), answer(LOGGED_OUT)),
        )
        self.peer.close()
        status, out, err = self.finish(client)
        self.assertEqual((status, err), (0, ""))
        told = [line for line in out[len(GREETING):].splitlines() if not line.startswith("> ")]
        self.assertEqual(told, ["the name of the account:", "account alice created", "logged in as alice",
                                "message: bob:oh", "sent to bob", "no unread messages", "accounts:", "    alice",
                                "    bob", "logged out"])

    def test_the_end_of_input_waits_for_the_answers_and_logs_out(self):
        client = self.connected()
        self.type(client, "2 alice\n4")
        client.stdin.close()
        client.stdin = None
        self.answers((encode(LOG_IN, "alice"), answer(LOGGED_IN, "in")), (encode(CHECK), answer(UNREAD, "bob:hi\n")),
                     (encode(QUIT), answer(LOGGED_OUT, "bye")))
        self.ends()
        status, out, err = self.finish(client)
        self.assertEqual((status, err), (0, ""))
        self.assertIn("message: bob:hi\n", out)

    def test_a_lost_connection_is_told_whatever_the_client_does(self):
        for typed in ("", "2 alice\n"):
            for how in ("close", "reset", "half"):
                self.fresh_peer()
                client = self.greeted()
                if typed:
                    self.type(client, typed)
                    self.peer.receive(len(encode(LOG_IN, "alice")))
                if how == "half":
                    self.peer.socket.sendall(answer(PUSH, "half of one")[:9])
                self.peer.reset() if how == "reset" else self.peer.socket.close()
                client.wait(DEADLINE)  # with its input still open
                status, _, err = self.finish(client)
                self.assertEqual(status, 1)
                self.assertIn("middle of a message" if how == "half" else "connection", err)

    def test_messages_byte_by_byte(self):
        client = self.logged_in()
        for byte in answer(PUSH, "bob:\x1b[2Jearly\n") + answer(PUSH, "eve:late\n"):
            self.peer.socket.sendall(bytes([byte]))
        self.assertEqual([self.line(client) for _ in range(2)], ["message: bob:\\x1b[2Jearly\n", "message: eve:late\n"])

    def test_a_long_answer_comes_whole(self):
        client = self.logged_in()
        self.type(client, "4\n")
        queue = "".join("bob:text %d\n" % i for i in range(2000))
        self.answers((encode(CHECK), answer(UNREAD, queue)))
        self.line(client)
        self.assertEqual([self.line(client) for _ in range(2000)],
                         ["message: bob:text %d\n" % i for i in range(2000)])

    def test_what_is_too_long_is_not_sent(self):
        client = self.logged_in()
        self.type(client, "1 %s\n3 bob %s\n4\n" % ("n" * 26, "t" * 101))
        self.answers((encode(CHECK), answer(UNREAD, "bob:hi\n")))
        self.line(client)
        self.assertEqual(self.line(client), "message: bob:hi\n")
        self.peer.close()
        _, _, err = self.finish(client)
        self.assertIn("a name has 1 to 25 characters, not 26", err)
        self.assertIn("a message has 1 to 100 characters, not 101", err)

    def test_quitting_without_a_login_is_told(self):
        client = self.greeted()
        self.type(client, "7\n4\n")
        self.answers((encode(QUIT), answer(QUIT_NOT_LOGGED_IN, "no")),
                     (encode(CHECK), answer(CHECK_NOT_LOGGED_IN, "no")))
        client.stdin.close()
        client.stdin = None
        self.ends()
        status, _, err = self.finish(client)
        self.assertEqual(status, 0)
        self.assertIn("nobody is logged in", err)

    def test_signals_log_out(self):
        for number, expected in ((signal.SIGINT, 0), (signal.SIGTERM, 128 + signal.SIGTERM)):
            self.fresh_peer()
            client = self.logged_in()
            client.send_signal(number)
            self.answers((encode(QUIT), answer(LOGGED_OUT, "bye")))
            self.ends()
            self.assertEqual(self.finish(client), (expected, "", ""))

    def test_what_is_no_wireproto_ends_it(self):
        client = self.connected()
        self.peer.socket.sendall(b"HTTP/1.1 400 Bad Request\r\n")
        status, _, err = self.finish(client)
        self.assertEqual(status, 1)
        self.assertIn("does not speak wireproto", err)

    def test_nobody_listens(self):
        with socket.socket() as bound:  # nobody else gets this port, and nobody listens on it
            bound.bind(("127.0.0.1", 0))
            status, _, err = self.finish(self.start("127.0.0.1", str(bound.getsockname()[1])))
        self.assertEqual(status, 1)
        self.assertIn("cannot connect to 127.0.0.1", err)

    def test_usage(self):
        for arguments, words in ((["localhost"], "PORT"), (["localhost", "0"], "port"), (["localhost", "x"], "port"),
                                 (["localhost", "1", "more"], "more")):
            done = subprocess.run(self.command(*arguments), stdin=subprocess.DEVNULL, timeout=DEADLINE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual((done.returncode, done.stdout), (2, b""), arguments)
            self.assertIn(words, done.stderr.decode())


class TerminalTest(Program, AtTerminal):
    def started(self, **kinds):
        return self.connected(**kinds)

    def test_what_comes_does_not_touch_what_is_typed(self):
        self.press("2 ali")
        self.until(lambda: self.display.lines[-1] == "> 2 ali")
        self.peer.socket.sendall(answer(PUSH, "bob:hi\n"))
        self.until(lambda: self.display.lines[-2:] == ["message: bob:hi", "> 2 ali"])
        self.press("ce\n")
        self.answers((encode(LOG_IN, "alice"), answer(LOGGED_IN, "in")))
        self.until(lambda: self.display.lines[-3:] == ["> 2 alice", "logged in as alice", "> "])

    def test_the_terminal_is_put_back_after_quitting(self):
        self.assertEqual(self.modes(), 0)
        self.press("7\n")
        self.answers((encode(QUIT), answer(LOGGED_OUT)))
        self.peer.close()
        self.check_end(0, "")


class SourceTest(unittest.TestCase):
    def test_the_syntax_is_that_of_python_3_7(self):
        check_syntax(self, HERE)


if __name__ == "__main__":
    unittest.main()
