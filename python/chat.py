"""What every chat client here does around its protocol: connects, moves bytes and lines, ends in an orderly way."""
from __future__ import annotations

import argparse
import os
import re
import select
import signal
import socket
import sys
import time

from terminal import OutputGone, claim_streams, complain, open_screen

OUTPUT_LIMIT = 1 << 16  # bytes that wait for the server to read them before nothing more is read from it
CONNECT_WAIT = 10.0     # seconds
ANSWER_WAIT = 5.0       # seconds for the next answer once the input has ended
CLOSE_WAIT = 1.0        # seconds for the server to close its side
PAUSE = 0.2             # seconds of silence after which the last message is whole, where nothing else tells

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

SAID, HEARD, WARNING = "said", "heard", "warning"  # what the user typed, what comes from the server, and about us


class Failure(Exception):
    """Ends the program with a sentence for the user and an exit status."""

    def __init__(self, sentence: str, status: int = 1) -> None:
        super().__init__(sentence)
        self.status = status


class Conversation:
    """A protocol as its client speaks it over one connection. It does no input or output.

    Notes are pairs of SAID, HEARD or WARNING and a text, harmless already, that may have several lines.
    """

    greeting = ""     # for the user, once connected
    secret = False    # whether the next line is not to be seen
    finished = False  # whether the user has said that this was all
    answers = 0       # how many answers have come
    ends_within = None  # seconds; once set, the connection is to end, and that is no failure
    output: bytearray  # for the server

    @property
    def full(self) -> bool:
        """Whether no further line is welcome."""
        raise NotImplementedError

    @property
    def idle(self) -> bool:
        """Whether everything was sent and answered."""
        raise NotImplementedError

    @property
    def inside_message(self) -> bool:
        """Whether the server has sent the beginning of a message and not its end."""
        raise NotImplementedError

    def type(self, line: str) -> list:
        """Takes a line of the user; notes."""
        raise NotImplementedError

    def receive(self, data: bytes):
        """Takes what came from the server; yields notes, and goes on when one was shown."""
        raise NotImplementedError

    @property
    def waits_for_pause(self) -> bool:
        """Whether only a pause, or the end of the connection, tells that the last message is whole."""
        return False

    def pause(self):
        """The server has paused; yields notes."""
        return ()

    def leave(self) -> bool:
        """Puts the last words into the output, if the protocol has any; whether it did."""
        return False


class Loop:
    """Moves bytes between the connection, the session and the screen until one of them ends."""

    def __init__(self, connection: socket.socket, session: Conversation, screen) -> None:
        self._connection, self._session, self._screen = connection, session, screen
        self._input_ended = self._closing = self._may_end = False
        self._deadline, self._answers = None, 0
        self._heard = time.monotonic()

    def run(self) -> None:
        """Returns after an orderly end; raises Failure otherwise."""
        if self._session.greeting:
            self._screen.show(self._session.greeting)
            self._screen.refresh()
        while not self._finished():
            self._watch_progress()
            reading, writing = self._wanted()
            readable, writable, _ = select.select(reading, writing, [], self._patience())
            if writable:
                self._write()
            if self._connection in readable:
                if self._read():
                    return
            elif self._session.waits_for_pause and time.monotonic() >= self._heard + PAUSE:
                self._tell(self._session.pause())
            if self._screen.wakeup in readable:
                self._screen.redraw()
            if 0 in readable:
                self._take_input()

    def leave(self) -> None:
        """Says the last words that the protocol asks for, and waits a moment for the server to close."""
        if not self._session.leave():
            return
        self._connection.settimeout(CLOSE_WAIT)
        end = time.monotonic() + CLOSE_WAIT
        try:
            self._connection.sendall(self._session.output)
            self._connection.shutdown(socket.SHUT_WR)
            while time.monotonic() < end and self._connection.recv(1 << 16):
                pass
        except OSError:
            pass  # the server was faster, or does not listen

    def _wanted(self) -> tuple:
        session = self._session
        reading = [] if self._screen.wakeup is None else [self._screen.wakeup]
        if len(session.output) < OUTPUT_LIMIT:
            reading.append(self._connection)
        if not self._input_ended and not session.full:
            reading.append(0)
        return reading, [self._connection] if session.output and not self._closing else []

    def _patience(self):
        """How long nothing may happen, in seconds; None for ever."""
        ends = [] if self._deadline is None else [self._deadline]
        if self._session.waits_for_pause:
            ends.append(self._heard + PAUSE)
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    def _watch_progress(self) -> None:
        """After the end of input, each answer has its deadline, and so has the server's close."""
        if not self._input_ended or self._closing:
            return
        if self._session.idle and not self._session.leave():
            self._closing = True
            self._deadline = time.monotonic() + CLOSE_WAIT
            try:
                self._connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # the server was faster
        elif self._deadline is None or self._answers != self._session.answers:
            self._answers = self._session.answers
            self._deadline = time.monotonic() + ANSWER_WAIT

    def _finished(self) -> bool:
        if self._deadline is None or time.monotonic() < self._deadline:
            return False
        if self._may_end and not self._input_ended:
            self.leave()
        elif not self._closing:
            raise Failure("the server has not answered the last message within %g s" % ANSWER_WAIT)
        return True

    def _take_input(self) -> None:
        lines, ended = self._screen.read()
        for line in lines:
            if self._session.finished:
                break
            if self._session.secret:
                self._screen.forget(line)
            self._present(self._session.type(line))
        self._input_ended = ended or self._session.finished
        self._screen.refresh(self._session.secret)

    def _present(self, notes) -> None:
        for kind, text in notes:
            if kind == WARNING:
                self._screen.warn(text)
            else:
                self._screen.show(text, own=kind == SAID)
        if self._session.ends_within is not None and not self._may_end:
            self._may_end = True
            if not self._input_ended:
                self._deadline = time.monotonic() + self._session.ends_within + CLOSE_WAIT

    def _write(self) -> None:
        try:
            # What is sent and still in the output would be sent again after a signal.
            signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
            try:
                del self._session.output[:self._connection.send(self._session.output)]
            finally:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        except BlockingIOError:
            pass
        except OSError as error:
            # What the server said before it went is still to be read: an error STATUS tells more than this.
            self._session.output.clear()
            self._read_rest()
            if self._may_end:
                return
            raise Failure("the connection to the server is lost (%s)" % error.strerror)

    def _read_rest(self) -> None:
        end = time.monotonic() + CLOSE_WAIT
        while time.monotonic() < end and select.select([self._connection], [], [], CLOSE_WAIT)[0]:
            if self._read():
                return

    def _read(self) -> bool:
        """Shows what has come; true when the server has closed and that was awaited."""
        try:
            data = self._connection.recv(1 << 16)
        except BlockingIOError:
            return False
        except OSError as error:
            if self._closing or self._may_end:
                return True
            raise Failure("the connection to the server is lost (%s)" % error.strerror)
        self._heard = time.monotonic()
        self._tell(self._session.receive(data))
        if data or self._closing or self._may_end:
            return not data
        inside = " in the middle of a message" if self._session.inside_message else ""
        raise Failure("the server has closed the connection%s" % inside)

    def _tell(self, notes) -> None:
        """Shows what the server has said."""
        self._present(notes)
        self._input_ended = self._input_ended or self._session.finished
        self._screen.refresh(self._session.secret)


def port_argument(text: str) -> int:
    if not re.match("[0-9]{1,5}$", text) or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("%r is not a port: 1 to 65535" % text)
    return int(text)


def connect(host: str, port: int) -> socket.socket:
    try:
        connection = socket.create_connection((host, port), CONNECT_WAIT)
    except (OSError, UnicodeError) as error:  # a name can be too strange to look for it
        reason = getattr(error, "strerror", None) or error
        raise Failure("cannot connect to %s, port %d: %s" % (host, port, reason))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setblocking(False)
    return connection


def chat(host: str, port: int, session: Conversation) -> None:
    with connect(host, port) as connection:
        screen = open_screen()
        try:
            loop = Loop(connection, session, screen)
            try:
                loop.run()
            except (KeyboardInterrupt, SystemExit):
                loop.leave()
                raise
        finally:
            screen.close()


def stop(number, _frame) -> None:
    raise SystemExit(128 + number)


def main(arrange) -> int:
    """The exit status of a program that has `chat` do what `arrange` makes of the arguments."""
    claim_streams()
    arrangement = arrange(sys.argv[1:])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in SIGNALS[1:]:
        signal.signal(number, stop)
    try:
        chat(*arrangement)
        return 0
    except Failure as failure:
        complain(str(failure))
        return failure.status
    except KeyboardInterrupt:
        return 0
    except OutputGone:
        # The interpreter must not try to write the rest on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
