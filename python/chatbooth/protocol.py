"""The bytes of chatbooth: version, action, size of the body, body and, for what needs one, a token."""
from __future__ import annotations

import struct

from chat import Failure

VERSION = 0
AUTHENTICATE, LIST, SEND, DELIVER, DELETE, ANSWER, MESSAGE = 1, 2, 3, 4, 5, 10, 11
TOKEN_SIZE = 16
BODY_LIMIT = 16 << 20  # bytes; no server is believed that announces more
HEAD = struct.Struct(">BBI")


def encode(action: int, body: str, token: bytes = b"") -> bytes:
    data = body.encode("utf-8", "replace")
    return HEAD.pack(VERSION, action, len(data)) + data + token


class Decoder:
    """Turns the server's bytes, in whatever pieces they come, into (action, body)."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> None:
        self._bytes += data

    @property
    def unfinished(self) -> bool:
        return bool(self._bytes)

    def next(self):
        """The next whole message, or None when more bytes are needed. Raises Failure for anything else."""
        if self._bytes[:1] and self._bytes[0] != VERSION:
            raise Failure("the server does not speak chatbooth: a message of version %d" % self._bytes[0])
        if len(self._bytes) > 1 and self._bytes[1] not in (ANSWER, MESSAGE):
            raise Failure("the server does not speak chatbooth: a message with action %d" % self._bytes[1])
        if len(self._bytes) < HEAD.size:
            return None
        _, action, size = HEAD.unpack_from(self._bytes)
        if size > BODY_LIMIT:
            raise Failure("the server announces a message of %d bytes; giving up" % size)
        if len(self._bytes) < HEAD.size + size:
            return None
        body = bytes(self._bytes[HEAD.size:HEAD.size + size])
        del self._bytes[:HEAD.size + size]
        return action, body
