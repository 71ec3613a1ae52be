"""The bytes of the nickname group chat, in each of its dialects.

A dialect cuts a stream into contents and knows what they mean. Messages are (kind, who, text); who is the sender of
a CHAT, where there is a place for it.
"""
from __future__ import annotations

import json
import re
import struct

from chat import Failure

HELLO, NICK, READY, RETRY, CHAT, BYE, SHUTDOWN, NOTICE = (
    "hello", "nick", "ready", "retry", "chat", "bye", "shutdown", "notice")
CONTENT_LIMIT = 65535  # bytes

SECONDS = re.compile(r"shut.*?([0-9]{1,9}) second", re.S)
WORDS = {"HELLO": HELLO, "READY": READY, "RETRY": RETRY, "BYE": BYE}


class Unwritable(Exception):
    """A message that the dialect cannot carry; `surplus` is how many bytes of it are too many, if that is why."""

    def __init__(self, reason: str, surplus: int = 0) -> None:
        super().__init__(reason)
        self.surplus = surplus


def refuse(reason: str) -> Failure:
    return Failure("the server does not speak this dialect: %s" % reason)


def cut(text: str, surplus: int) -> str:
    """`text` without its last `surplus` bytes, and without half a character at its end."""
    data = text.encode("utf-8", "replace")
    return data[:max(0, len(data) - surplus)].decode("utf-8", "ignore")


def check(size: int, limit: int = CONTENT_LIMIT) -> None:
    if size > limit:
        raise Unwritable("the message is too long", size - limit)


class Sized:
    """Contents behind a big-endian size."""

    def __init__(self, size_bytes: int, uncounted: int = 0) -> None:
        self._size_bytes, self._uncounted = size_bytes, uncounted

    def frame(self, data) -> tuple:
        """The first content in `data` and where it ends; (None, 0) while it is incomplete."""
        if len(data) < self._size_bytes:
            return None, 0
        size = int.from_bytes(data[:self._size_bytes], "big")
        if size > CONTENT_LIMIT:
            raise refuse("it announces %d bytes" % size)
        end = self._size_bytes + size + self._uncounted
        return (bytes(data[self._size_bytes:end]), end) if len(data) >= end else (None, 0)

    def enclose(self, content: bytes) -> bytes:
        size = len(content) - self._uncounted
        check(size)
        return size.to_bytes(self._size_bytes, "big") + content


class Lines:
    """Contents that end with a newline."""

    def frame(self, data) -> tuple:
        end = data.find(b"\n") + 1
        if not end and len(data) > CONTENT_LIMIT + 1:
            raise refuse("a line does not end")
        content = bytes(data[:end - 1])
        return (content[:-1] if content.endswith(b"\r") else content, end) if end else (None, 0)

    def enclose(self, content: bytes) -> bytes:
        check(len(content))
        if b"\n" in content:
            raise Unwritable("a line of its own cannot be sent")
        return content + (b"\r\n" if content.endswith(b"\r") else b"\n")


class Words:
    """The words of the document."""

    def __init__(self, framing) -> None:
        self.frame, self._enclose = framing.frame, framing.enclose

    def read(self, content: bytes) -> tuple:
        text = content.decode("utf-8", "replace")
        if text in WORDS:
            return WORDS[text], "", text
        who, colon, said = text.partition(": ")
        return (CHAT, who, said) if colon else read_shutdown(text)

    def write(self, kind: str, _who: str, text: str) -> bytes:
        if kind == CHAT and (text == "BYE" or re.match("NICK( |$)", text)):
            raise Unwritable("a text that is a command")
        return self._enclose({NICK: "NICK " + text, BYE: "BYE"}.get(kind, text).encode("utf-8", "replace"))


def read_shutdown(text: str) -> tuple:
    return (SHUTDOWN if SECONDS.search(text) else NOTICE), "", text


class Typed:
    """A character for the type, which the size does not count, and a text."""

    LETTERS = {NICK: b"n", CHAT: b"t", BYE: b"m"}

    def __init__(self) -> None:
        framing = Sized(2, uncounted=1)
        self.frame, self._enclose = framing.frame, framing.enclose

    def read(self, content: bytes) -> tuple:
        letter, text = content[:1], content[1:].decode("utf-8", "replace")
        if letter == b"b":
            who, _, said = text.partition(": ")
            return CHAT, who, said
        if letter != b"m":
            raise refuse("it sends a message of type %r" % letter.decode("latin-1"))
        return (WORDS[text], "", text) if text in WORDS else read_shutdown(text)

    def write(self, kind: str, _who: str, text: str) -> bytes:
        return self._enclose(self.LETTERS[kind] + ("BYE" if kind == BYE else text).encode("utf-8", "replace"))


class Json:
    """An object whose fields and kinds have other names in each dialect."""

    def __init__(self, size_bytes: int, fields: tuple, kinds: dict, tells_who: bool) -> None:
        framing = Sized(size_bytes)
        self.frame, self._enclose = framing.frame, framing.enclose
        self._kind, self._text, self._who = fields
        self._kinds, self._meanings = kinds, {name: kind for kind, name in kinds.items()}
        self._tells_who = tells_who

    def read(self, content: bytes) -> tuple:
        try:
            document = json.loads(content.decode("utf-8"))
        except (ValueError, RecursionError):
            raise refuse("it sends what is no JSON")
        values = [document.get(field, "") for field in (self._kind, self._who, self._text)] \
            if isinstance(document, dict) else [None]
        if not all(isinstance(value, str) for value in values):
            raise refuse("it sends other JSON than expected")
        name, who, text = (value.encode("utf-8", "replace").decode() for value in values)
        kind = self._meanings.get(name, NOTICE)
        return read_shutdown(text) if kind == SHUTDOWN else (kind, who, text)

    def write(self, kind: str, who: str, text: str) -> bytes:
        document = {self._text: "BYE" if kind == BYE else text.encode("utf-8", "replace").decode(),
                    self._kind: self._kinds[kind]}
        if self._tells_who:
            document[self._who] = who if kind == CHAT else "None"
        return self._enclose(json.dumps(document, ensure_ascii=False).encode())


class Struct:
    """A C structure of 1,068 bytes in little-endian order."""

    LAYOUT = struct.Struct("<III32s1024s")
    KINDS = (HELLO, BYE, NICK, READY, RETRY, CHAT, SHUTDOWN)

    def frame(self, data) -> tuple:
        size = self.LAYOUT.size
        return (bytes(data[:size]), size) if len(data) >= size else (None, 0)

    def read(self, content: bytes) -> tuple:
        number, who_size, text_size, who, text = self.LAYOUT.unpack(content)
        if number >= len(self.KINDS) or who_size > 32 or text_size > 1024:
            raise refuse("it sends a structure of kind %d with %d and %d bytes" % (number, who_size, text_size))
        kind = self.KINDS[number]
        who, text = who[:who_size].decode("utf-8", "replace"), text[:text_size].decode("utf-8", "replace")
        if kind == SHUTDOWN:
            return read_shutdown(text)
        return (NOTICE if kind == CHAT and not who else kind), who, text

    def write(self, kind: str, who: str, text: str) -> bytes:
        name = (text if kind == NICK else who).encode("utf-8", "replace")
        said = text.encode("utf-8", "replace") if kind == CHAT else b""
        if len(name) > 32:
            raise Unwritable("a nickname has at most 32 bytes")
        check(len(said), 1024)
        return self.LAYOUT.pack(self.KINDS.index(kind), len(name), len(said), name, said)


DIALECTS = {
    "word": Words(Sized(2)),
    "json16": Json(2, ("proto", "msg", "nick"), {
        HELLO: "connect", NICK: "verify", READY: "ready", RETRY: "retry", CHAT: "broadcast", BYE: "goodbye",
        SHUTDOWN: "shutdown"}, tells_who=True),
    "json32": Json(4, ("type", "text", "from"), {
        kind: kind for kind in (HELLO, NICK, READY, RETRY, CHAT, BYE, SHUTDOWN)}, tells_who=False),
    "typed": Typed(),
    "struct": Struct(),
    "line": Words(Lines()),
}
