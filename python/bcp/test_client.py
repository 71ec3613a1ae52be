"""python3 -m unittest discover -s python/bcp"""
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

from chat import HEARD, SAID  # noqa: E402
from protocol import DELIVER, STATUS, TEXT_LIMIT, Decoder, Failure, Session, cut  # noqa: E402
from scripted import DEADLINE, AtTerminal, EndToEnd, check_syntax  # noqa: E402

OK = {"spec": bytes.fromhex("04000000"), "rpchat": bytes.fromhex("0400")}
SERVER_OK = bytes.fromhex("04000000")  # the same in both dialects, from a server


def deliver(sender, text):
    def string(value):
        value = value if isinstance(value, bytes) else value.encode()
        return struct.pack(">H", len(value)) + value
    return b"\x03" + string(sender) + string(text)


def send(text):
    return b"\x02" + struct.pack(">H", len(text.encode())) + text.encode()


def register(name):
    return b"\x01" + struct.pack(">H", len(name.encode())) + name.encode()


def decode_all(dialect, pieces):
    decoder, messages = Decoder(dialect), []
    for piece in pieces:
        decoder.feed(piece)
        message = decoder.next()
        while message:
            messages.append(message)
            message = decoder.next()
    return messages, decoder.unfinished


class DecoderTest(unittest.TestCase):
    # Recorded from the C server of the document.
    RPCHAT = (
        ("04000000", (STATUS, 0, "")),
        ("04010000", (STATUS, 1, "")),
        ("0300085b5365727665725d001b626f6220686173206a6f696e656420746865207365727665722e00",
         (DELIVER, "[Server]", "bob has joined the server.")),
        ("0300085b5365727665725d00274c6f6767656420696e20617320616c6963652e0a43757272656e7420436c69656e74733a200a00",
         (DELIVER, "[Server]", "Logged in as alice.\nCurrent Clients: \n")),
        ("030006616c69636500000a68656c6c6f20626f6200", (DELIVER, "alice", "hello bob")),
        ("030006616c6963650000022000", (DELIVER, "alice", " ")),
        ("030004626f6200001674616209686572650a6e6c2062656c6c2020656e6400",
         (DELIVER, "bob", "tab\there\nnl bell  end")),
    )
    SPEC = (
        ("04000000", (STATUS, 0, "")),
        ("040700056e616d653f", (STATUS, 7, "name?")),
        ("030003626f620002c3a9", (DELIVER, "bob", "é")),
        ("030003626f6200026100", (DELIVER, "bob", "a\0")),
        ("0300000000", (DELIVER, "", "")),
        ("030001ff0002c328", (DELIVER, "\ufffd", "\ufffd(")),
    )

    def vectors(self):
        for dialect, vectors in (("rpchat", self.RPCHAT), ("spec", self.SPEC)):
            for digits, message in vectors:
                yield dialect, bytes.fromhex(digits), message

    def test_each_vector_decodes_without_a_remainder(self):
        for dialect, data, message in self.vectors():
            self.assertEqual(decode_all(dialect, [data]), ([message], False))

    def test_each_prefix_needs_more(self):
        for dialect, data, _ in self.vectors():
            for end in range(1, len(data)):
                self.assertEqual(decode_all(dialect, [data[:end]]), ([], True))

    def test_pieces_do_not_matter(self):
        rng = random.Random(7)
        for dialect, vectors in (("rpchat", self.RPCHAT), ("spec", self.SPEC)):
            stream = b"".join(bytes.fromhex(digits) for digits, _ in vectors)
            expected = [message for _, message in vectors]
            for _ in range(200):
                cuts = sorted(rng.sample(range(1, len(stream)), rng.randrange(len(stream) - 1)))
                pieces = [stream[a:b] for a, b in zip([0] + cuts, cuts + [len(stream)])]
                self.assertEqual(decode_all(dialect, pieces), (expected, False))

    def test_other_types_are_refused(self):
        for kind in set(range(256)) - {DELIVER, STATUS}:
            with self.assertRaises(Failure):
                decode_all("spec", [bytes([kind])])

    def test_random_bytes_do_no_harm(self):
        rng = random.Random(8)
        for _ in range(2000):
            data = bytes(rng.choice((3, 4, 0, 255, rng.randrange(256))) for _ in range(rng.randrange(40)))
            try:
                decode_all(rng.choice(("spec", "rpchat")), [data])
            except Failure:
                pass


class SessionTest(unittest.TestCase):
    def test_registers_first_and_holds_lines_until_it_is_accepted(self):
        session = Session("alice", "spec")
        self.assertEqual(session.type("hi"), [(SAID, "alice: hi")])
        self.assertEqual(bytes(session.output).hex(), "010005616c696365")
        session.output.clear()
        self.assertEqual(list(session.receive(SERVER_OK)), [])
        self.assertEqual(bytes(session.output).hex(), "0200026869")

    def test_one_send_at_a_time(self):
        session = Session("alice", "spec")
        for text in "abc":
            session.type(text)
        for text in "abc":
            session.output.clear()
            list(session.receive(SERVER_OK))
            self.assertEqual(bytes(session.output), send(text))
        session.output.clear()
        self.assertFalse(session.idle)
        list(session.receive(SERVER_OK))
        self.assertTrue(session.idle)
        self.assertEqual(session.answers, 4)

    def test_acknowledges_after_showing_also_while_waiting(self):
        for dialect in OK:
            session = Session("alice", dialect)
            session.output.clear()
            shown = session.receive(deliver("bob", "one") + deliver("bob", "two"))
            self.assertEqual(next(shown), (HEARD, "bob: one"))
            self.assertEqual(bytes(session.output), b"")
            self.assertEqual(next(shown), (HEARD, "bob: two"))
            self.assertEqual(bytes(session.output), OK[dialect])
            self.assertEqual(list(shown), [])
            self.assertEqual(bytes(session.output), OK[dialect] * 2)

    def test_an_error_carries_its_code(self):
        for code in range(1, 256):
            with self.assertRaises(Failure) as caught:
                list(Session("alice", "spec").receive(bytes([4, code, 0, 1, 120])))
            self.assertEqual(caught.exception.status, code)

    def test_a_status_that_nobody_awaits_changes_nothing(self):
        session = Session("alice", "spec")
        list(session.receive(SERVER_OK * 3))
        session.type("a")
        session.type("b")
        self.assertTrue(bytes(session.output).endswith(send("a")))

    def test_cut_never_splits_a_character(self):
        for char in "a", "é", "€", "🎉":
            for lead in range(4):
                text = cut("x" * lead + char * TEXT_LIMIT)
                size = len(text.encode())
                self.assertTrue(TEXT_LIMIT - len(char.encode()) < size <= TEXT_LIMIT)
                self.assertTrue(text.endswith(char))
        self.assertEqual(cut("x" * TEXT_LIMIT), "x" * TEXT_LIMIT)


class Alice(EndToEnd):
    def command(self, *more):
        return [sys.executable, os.path.join(HERE, "client.py"), "-u", "alice", "-p%d" % self.peer.port] + list(more)

    def registered(self, *more, **kinds):
        client = self.start(*more, **kinds)
        self.peer.accept()
        self.assertEqual(self.peer.receive(8), register("alice"))
        self.peer.socket.sendall(SERVER_OK)
        return client


class PipeTest(Alice):
    def test_chats_in_both_dialects(self):
        for dialect in OK:
            self.fresh_peer()
            client = self.registered("--dialect", dialect)
            nul = "\0" if dialect == "rpchat" else ""
            self.peer.socket.sendall(deliver("bob" + nul, "grüße" + nul))
            self.assertEqual(self.line(client), "bob: grüße\n")
            self.assertEqual(self.peer.receive(len(OK[dialect])), OK[dialect])
            self.type(client, "hello bob\n\n")
            self.assertEqual(self.peer.receive(12), send("hello bob"))
            self.assertEqual(self.line(client), "alice: hello bob\n")
            self.peer.socket.sendall(SERVER_OK)
            client.stdin.close()
            client.stdin = None
            self.assertEqual(self.peer.rest(), b"")
            self.peer.close()
            self.assertEqual(self.finish(client), (0, "", ""))

    def test_queues_lines_and_acknowledges_meanwhile(self):
        client = self.registered()
        self.type(client, "one\ntwo\n")
        self.assertEqual(self.peer.receive(6), send("one"))
        self.peer.socket.sendall(deliver("bob", "x"))
        self.assertEqual(self.peer.receive(4), OK["spec"])
        self.assertTrue(self.peer.quiet())
        self.peer.socket.sendall(SERVER_OK)
        self.assertEqual(self.peer.receive(6), send("two"))
        client.stdin.close()
        client.stdin = None
        self.assertTrue(self.peer.quiet(), "must wait for the last acknowledgement")
        self.peer.socket.sendall(SERVER_OK)
        self.assertEqual(self.peer.rest(), b"")
        self.peer.close()
        status, out, err = self.finish(client)
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(sorted(out.splitlines()), ["alice: one", "alice: two", "bob: x"])

    def test_a_file_as_input_and_no_last_newline(self):
        path = os.path.join(HERE, "test_client.py")
        with open(path, "rb") as file:
            lines = [line for line in file.read(3000).decode().splitlines() if line]
        read, write = os.pipe()
        os.write(write, "\n".join(lines).encode())
        os.close(write)
        with open(read, "rb") as stdin:
            client = self.registered(stdin=stdin)
        for line in lines:
            self.assertEqual(self.peer.receive(3 + len(line.encode())), send(line))
            self.peer.socket.sendall(SERVER_OK)
        self.assertEqual(self.peer.rest(), b"")
        self.peer.close()
        self.assertEqual(self.finish(client)[0], 0)

    def test_a_long_line_is_cut_between_characters(self):
        client = self.registered()
        self.type(client, "€" * 3000 + "\nnext\n")
        self.assertEqual(self.peer.receive(3 + 4095), send("€" * 1365))
        self.peer.socket.sendall(SERVER_OK)
        self.assertEqual(self.peer.receive(7), send("next"))
        self.peer.socket.sendall(SERVER_OK)
        client.stdin.close()
        client.stdin = None
        self.peer.rest()
        self.peer.close()
        status, _, err = self.finish(client)
        self.assertEqual((status, err), (0, "client: the message was cut to 4095 bytes\n"))

    def test_bytes_one_at_a_time_and_many_messages_at_once(self):
        client = self.registered()
        for byte in deliver("bob", "slow"):
            self.peer.socket.sendall(bytes([byte]))
        self.assertEqual(self.line(client), "bob: slow\n")
        self.peer.socket.sendall(b"".join(deliver("bob", str(i)) for i in range(50)))
        self.assertEqual(self.peer.receive(4 * 51), OK["spec"] * 51)
        self.assertEqual([self.line(client) for i in range(50)], ["bob: %d\n" % i for i in range(50)])

    def test_errors_of_the_server_are_the_exit_status(self):
        client = self.start()
        self.peer.accept()
        self.peer.socket.sendall(b"\x04\x2a\x00\x06taken\x1b")
        status, out, err = self.finish(client)
        self.assertEqual((status, out), (42, ""))
        self.assertEqual(err, "client: the server answered with error 42: taken\\x1b\n")

    def test_an_error_is_found_behind_a_reset(self):
        client = self.registered()
        self.type(client, "x\n" * 20)
        self.peer.receive(4)
        self.peer.socket.sendall(b"\x04\x07\x00\x00")
        self.peer.socket.close()
        self.assertEqual(self.finish(client)[0], 7)

    def test_a_server_that_goes_is_told_while_nothing_is_typed(self):
        for how in ("close", "reset", "half"):
            self.fresh_peer()
            client = self.registered()
            if how == "half":
                self.peer.socket.sendall(b"\x03\x00")
            self.peer.reset() if how == "reset" else self.peer.socket.close()
            client.wait(2)
            status, _, err = self.finish(client)
            self.assertEqual(status, 1)
            self.assertIn("middle of a message" if how == "half" else "connection", err)

    def test_bytes_that_are_no_message(self):
        client = self.registered()
        self.peer.socket.sendall(b"\x09")
        status, _, err = self.finish(client)
        self.assertEqual(status, 1)
        self.assertIn("type 9", err)

    def test_waits_for_an_acknowledgement_only_so_long(self):
        client = self.start(stdin=subprocess.DEVNULL)
        self.peer.accept()
        status, _, err = self.finish(client)
        self.assertEqual(status, 1)
        self.assertIn("has not answered", err)

    def test_signals_end_it_quietly(self):
        for number, expected in ((signal.SIGINT, 0), (signal.SIGTERM, 128 + signal.SIGTERM)):
            self.fresh_peer()
            client = self.registered()
            self.peer.socket.sendall(deliver("bob", "x"))
            self.line(client)
            client.send_signal(number)
            self.assertEqual(self.finish(client), (expected, "", ""))

    def test_nobody_reads_the_output(self):
        client = self.registered()
        client.stdout.close()
        client.stdout = None
        self.peer.socket.sendall(deliver("bob", "x") * 3)
        client.wait(DEADLINE)
        self.assertEqual((client.returncode, client.stderr.read()), (1, b""))

    def test_nobody_listens(self):
        with socket.socket() as bound:  # nobody else gets this port, and nobody listens on it
            bound.bind(("127.0.0.1", 0))
            port = bound.getsockname()[1]
            status, out, err = self.finish(self.start("-p", str(port)))
        self.assertEqual((status, out), (1, ""))
        self.assertIn("cannot connect to 127.0.0.1, port %d" % port, err)

    def test_a_flood_does_not_fill_the_memory(self):
        # The peer never reads the acknowledgements, so the client has to stop reading at some point.
        client = self.registered(stdout=subprocess.DEVNULL)
        self.peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        self.peer.socket.settimeout(0.5)
        flood = deliver("", "") * 10000
        try:
            for _ in range(400):
                self.peer.socket.sendall(flood)
        except socket.timeout:
            pass
        with open("/proc/%d/status" % client.pid) as file:
            peak = int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))
        self.assertLess(peak, 64 << 10, "KiB")

    def test_usage(self):
        for arguments, words in (
            ([], "-u"), (["-u", ""], "1 to 4095"), (["-u", "a b"], "spaces"), (["-u", "a\x07"], "printable"),
            (["-u", "a" * 4096], "4095"), (["-u", "a", "-p", "0"], "port"), (["-u", "a", "-p", "65536"], "port"),
            (["-u", "a", "-p", "x"], "port"), (["-u", "a", "-s", "300.1.1.1"], "IP address"),
            (["-u", "a", "-s", "nowhere"], "IP address"), (["-u", "a", "--dialect", "x"], "rpchat"),
            (["-u", "a", "more"], "more"),
        ):
            done = subprocess.run(self.command()[:2] + arguments, stdin=subprocess.DEVNULL, timeout=DEADLINE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual((done.returncode, done.stdout), (2, b""), arguments)
            self.assertIn(words, done.stderr.decode())

    def test_closed_streams(self):
        client = self.start(stdin=None, stdout=None, preexec_fn=lambda: os.closerange(0, 2))
        self.peer.accept()
        self.assertEqual(self.peer.receive(8), register("alice"))
        self.peer.socket.sendall(SERVER_OK)
        self.assertEqual(self.peer.rest(), b"")
        self.peer.close()
        client.wait(DEADLINE)
        self.assertEqual((client.returncode, client.stderr.read()), (0, b""))


class TerminalTest(Alice, AtTerminal):
    def started(self, **kinds):
        return self.registered(**kinds)

    def test_incoming_text_leaves_the_line_alone(self):
        self.press("helo\x1b[D")
        self.until(lambda: (self.display.lines[-1], self.display.column) == ("> helo", 5))
        self.peer.socket.sendall(deliver("bob", "hi\x1b[2J"))
        self.shows("bob: hi\\x1b[2J", "> helo")
        self.until(lambda: self.display.column == 5)
        self.press("l\n")
        self.shows("bob: hi\\x1b[2J", "alice: hello", "> ")
        self.assertEqual(self.peer.receive(4 + 8), OK["spec"] + send("hello"))
        self.press("\x1b[A!")
        self.shows("bob: hi\\x1b[2J", "alice: hello", "> hello!")

    def test_a_line_longer_than_the_screen(self):
        self.press("0123456789" * 6 + "\x01x")
        self.until(lambda: self.display.lines[-1].startswith("> x012"))
        self.assertLess(max(map(len, self.display.lines)), 40)
        self.press("\n")
        self.assertEqual(self.peer.receive(3 + 61), send("x" + "0123456789" * 6))

    def test_the_server_goes_while_a_line_is_edited(self):
        self.assertEqual(self.modes(), 0)
        self.press("abc")
        self.until(lambda: self.display.lines[-1] == "> abc")
        self.peer.socket.close()
        self.check_end(1, "closed the connection")

    def test_interrupt(self):
        self.client.send_signal(signal.SIGINT)
        self.check_end(0, "")

    def test_end_of_input(self):
        self.press("\x04")
        self.assertEqual(self.peer.rest(), b"")
        self.peer.close()
        self.check_end(0, "")


class SourceTest(unittest.TestCase):
    def test_the_syntax_is_that_of_python_3_7(self):
        check_syntax(self, HERE)


if __name__ == "__main__":
    unittest.main()
