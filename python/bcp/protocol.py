"""The Basic Chat Protocol as a client speaks it: its bytes, and what to answer. No input or output here."""
from __future__ import annotations

import struct
from collections import deque

from chat import HEARD, SAID, WARNING, Conversation, Failure
from terminal import harmless

REGISTER, SEND, DELIVER, STATUS = 1, 2, 3, 4
TEXT_LIMIT = 4095  # bytes of a name or message, from the document
QUEUE_LIMIT = 100  # lines that wait for their turn; a session with so many asks for no more


def string(data: bytes) -> bytes:
    return struct.pack(">H", len(data)) + data


def encode_register(name: str) -> bytes:
    return bytes([REGISTER]) + string(name.encode())


def encode_send(text: str) -> bytes:
    return bytes([SEND]) + string(text.encode())


def encode_ok(dialect: str) -> bytes:
    """The acknowledgement of a DELIVER; rpchat's client leaves the message of a STATUS out."""
    return bytes([STATUS, 0]) + (b"" if dialect == "rpchat" else string(b""))


class Decoder:
    """Turns the server's bytes, in whatever pieces they come, into (kind, code or sender, text)."""

    def __init__(self, dialect: str) -> None:
        self._nul = b"\0" if dialect == "rpchat" else b""
        self._bytes = bytearray()

    def feed(self, data: bytes) -> None:
        self._bytes += data

    @property
    def unfinished(self) -> bool:
        return bool(self._bytes)

    def next(self):
        """The next whole message, or None when more bytes are needed. Raises Failure for anything else."""
        if not self._bytes:
            return None
        kind = self._bytes[0]
        if kind == DELIVER:
            sender, end = self._string(1)
            text, end = self._string(end)
            message = (DELIVER, self._decode(sender), self._decode(text))
        elif kind == STATUS:
            text, end = self._string(2)
            message = (STATUS, self._bytes[1] if end else 0, (text or b"").decode("utf-8", "replace"))
        else:
            raise Failure("the server sent a message of type %d, which only means something to a server "
                          "or nothing at all; giving up" % kind)
        if not end:
            return None
        del self._bytes[:end]
        return message

    def _string(self, start: int) -> tuple:
        """The bytes of the string at `start` and where it ends; (None, 0) while it is incomplete."""
        if not start or len(self._bytes) < start + 2:
            return None, 0
        end = start + 2 + struct.unpack_from(">H", self._bytes, start)[0]
        return (bytes(self._bytes[start + 2:end]), end) if len(self._bytes) >= end else (None, 0)

    def _decode(self, data) -> str:
        data = data or b""
        if self._nul and data.endswith(self._nul):
            data = data[:-1]
        return data.decode("utf-8", "replace")


def cut(text: str) -> str:
    """`text` without what is beyond the longest message, and without half a character at its end."""
    return text.encode("utf-8", "replace")[:TEXT_LIMIT].decode("utf-8", "ignore")


class Session(Conversation):
    """What the protocol asks of a client: registers, sends one message at a time, acknowledges what comes."""

    def __init__(self, name: str, dialect: str) -> None:
        self._name = name
        self._decoder = Decoder(dialect)
        self._ok = encode_ok(dialect)
        self._queue = deque()
        self._waiting = True  # for the STATUS of the REGISTER, later of the SEND
        self.output = bytearray(encode_register(name))

    @property
    def full(self) -> bool:
        return len(self._queue) >= QUEUE_LIMIT

    @property
    def idle(self) -> bool:
        return not (self._waiting or self._queue or self.output)

    @property
    def inside_message(self) -> bool:
        return self._decoder.unfinished

    def type(self, line: str) -> list:
        text, notes = cut(line), []
        if len(text) < len(line):
            notes.append((WARNING, "the message was cut to %d bytes" % TEXT_LIMIT))
        if text:
            notes.append((SAID, "%s: %s" % (self._name, harmless(text))))
            self._queue.append(text)
            self._send_next()
        return notes

    def receive(self, data: bytes):
        """Yields what is to be shown; each DELIVER is acknowledged when the next note is asked for."""
        self._decoder.feed(data)
        message = self._decoder.next()
        while message:
            kind, first, text = message
            if kind == DELIVER:
                yield HEARD, "%s: %s" % (harmless(first, inline=True), harmless(text))
                self.output += self._ok
            elif first:
                raise Failure("the server answered with error %d%s" % (first, text and ": " + text), first)
            elif self._waiting:
                self._waiting = False
                self.answers += 1
                self._send_next()
            message = self._decoder.next()

    def _send_next(self) -> None:
        if self._queue and not self._waiting:
            self._waiting = True
            self.output += encode_send(self._queue.popleft())
