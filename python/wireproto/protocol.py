"""The bytes of wireproto: messages of Protocol Buffers with nothing between them, written and read without a library.

    Client2Server { string version = 1; int32 opcode = 2; string sender = 3; string receiver = 4; string msg = 5; }
    Server2Client { string version = 1; int32 opcode = 2; string msg = 3; }
"""
from __future__ import annotations

from chat import Failure

VERSION = "0.1"
CREATE, LOG_IN, SEND, CHECK, DELETE, LIST, QUIT = range(1, 8)
(CREATED, EXISTS, SENT, SEND_NOT_LOGGED_IN, UNKNOWN_RECEIVER, UNREAD, CHECK_NOT_LOGGED_IN, DELETED,
 DELETE_NOT_LOGGED_IN, LISTED, LOGGED_OUT, QUIT_NOT_LOGGED_IN, LOGGED_IN, UNKNOWN_ACCOUNT, ALREADY_HERE, SWITCHED,
 PUSH, FAILED) = range(1, 19)

FIELD_LIMIT = 16 << 20  # bytes; no server is believed that announces more
FIELDS = 64             # of one message
VARINT_SIZE = 10        # bytes
FIXED_SIZES = {1: 8, 5: 4}
KINDS = {1: 2, 2: 0, 3: 2}  # how the fields of a Server2Client are written


def varint(number: int) -> bytes:
    data = bytearray()
    while number > 0x7f:
        data.append(number & 0x7f | 0x80)
        number >>= 7
    data.append(number)
    return bytes(data)


def string(number: int, text: str) -> bytes:
    """A field; an empty one is left out, as proto3 has it."""
    data = text.encode("utf-8", "replace")
    return varint(number << 3 | 2) + varint(len(data)) + data if data else b""


def encode(opcode: int, msg: str = "", receiver: str = "") -> bytes:
    """A Client2Server; servers do not look at its sender."""
    return string(1, VERSION) + varint(2 << 3) + varint(opcode) + string(4, receiver) + string(5, msg)


class Decoder:
    """Turns the server's bytes, in whatever pieces they come, into (opcode, msg).

    A field 1 behind another field begins the next message. The last one is whole when its msg has come, which is the
    last field that it can have, or when `end` is told that nothing more came for a while.
    """

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._fields = {}   # of the message that is coming in
        self._count = 0
        self._last = 0      # the field that came last of a message that was handed out already

    def feed(self, data: bytes) -> None:
        self._bytes += data

    @property
    def unfinished(self) -> bool:
        return bool(self._bytes or self._fields)

    @property
    def at_an_end(self) -> bool:
        """Whether a pause would end a message."""
        return not self._bytes and bool(self._fields or self._last)

    def next(self):
        """The next whole message, or None when more bytes are needed. Raises Failure for what is none."""
        at = 0
        while True:
            field = self._field(at)
            if field is None:
                break
            number, value, end = field
            if number == 1 and (self._last or self._fields.keys() - {1}):
                message = self.end()
                if message:
                    del self._bytes[:at]
                    return message
            at = end
            self._add(number, value)
        del self._bytes[:at]
        if self._fields.keys() >= {1, 2, 3} and self._fields[3]:
            return self._take(3)
        return None

    def end(self):
        """Nothing more comes that belongs to the message before: it, unless it was handed out already."""
        self._last = 0
        return self._take(0) if self._fields else None

    def _take(self, last: int) -> tuple:
        fields, self._fields, self._count, self._last = self._fields, {}, 0, last
        if fields.get(1, b"") != VERSION.encode():
            raise broken("a message of another version than " + VERSION)
        try:
            return int32(fields.get(2, 0)), fields.get(3, b"").decode("utf-8")
        except UnicodeDecodeError:
            raise broken("a text that is not UTF-8")

    def _add(self, number: int, value) -> None:
        if self._last and number > self._last:  # the rest of a message that was handed out already
            self._last = number
            return
        self._last = 0
        self._count += 1
        if self._count > FIELDS:
            raise broken("a message of more than %d fields" % FIELDS)
        if number in KINDS:
            if isinstance(value, int) != (KINDS[number] == 0):
                raise broken("a field %d of another type" % number)
            self._fields[number] = value
        else:
            self._fields.setdefault(0, b"")

    def _field(self, at: int):
        """The number, the value and the end of the field that begins there; None when it is not whole."""
        key = self._varint(at)
        if key is None:
            return None
        number, kind = key[0] >> 3, key[0] & 7
        if not 0 < number < 1 << 29:
            raise broken("a field with the number %d" % number)
        if kind == 0:
            value = self._varint(key[1])
            return value and (number, value[0], value[1])
        if kind in FIXED_SIZES:
            size = (FIXED_SIZES[kind], key[1])
        elif kind == 2:
            size = self._varint(key[1])
        else:
            raise broken("a field of kind %d" % kind)
        if size is None:
            return None
        if size[0] > FIELD_LIMIT:
            raise broken("a field of %d bytes" % size[0])
        end = size[1] + size[0]
        return (number, bytes(self._bytes[size[1]:end]), end) if len(self._bytes) >= end else None

    def _varint(self, at: int):
        """The number that begins there and its end; None when it is not whole."""
        number = 0
        for index, byte in enumerate(self._bytes[at:at + VARINT_SIZE]):
            number |= (byte & 0x7f) << 7 * index
            if byte < 0x80:
                return number & (1 << 64) - 1, at + index + 1
        if len(self._bytes) - at >= VARINT_SIZE:
            raise broken("a number of more than %d bytes" % VARINT_SIZE)
        return None


def int32(number: int) -> int:
    number &= 0xffffffff
    return number - (1 << 32) if number >> 31 else number


def broken(what: str) -> Failure:
    return Failure("the server does not speak wireproto: %s" % what)
