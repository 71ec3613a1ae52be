"""ChatApp's messages: one JSON object a datagram, with content, type_, from_, to, to_server and addr."""
from __future__ import annotations

import json

LONGEST = 65507  # bytes of a datagram over IPv4
PORTS = range(1024, 65536)
TEXTS = ("dereg", "store", "send_all", "send", "dereg_ack", "store_ack", "user_exist", "send_all_server_ack",
         "send_all_ack", "ack", "logout", "test", "error")
KINDS = TEXTS + ("reg", "created", "reg_ack", "update_table")


class Malformed(Exception):
    """Bytes that are no message, with the reason."""


class Message:
    """What a datagram says. `sender` is None where the server speaks for itself."""

    def __init__(self, kind, content="", sender=None, to="", to_server=False, addr=None) -> None:
        self.kind, self.content, self.sender = kind, content, sender
        self.to, self.to_server, self.addr = to, to_server, addr

    def encode(self) -> bytes:
        """The bytes; the caller looks at their number."""
        return json.dumps({
            "content": self.content, "type_": self.kind, "from_": self.sender, "to": self.to,
            "to_server": self.to_server, "addr": None if self.addr is None else list(self.addr[:2]),
        }, ensure_ascii=False).encode()

    def parts(self) -> list:
        """The bytes of the message, or of several with a part of its list each."""
        data = self.encode()
        if len(data) <= LONGEST or not isinstance(self.content, list) or len(self.content) < 2:
            return [data]
        middle = len(self.content) // 2
        parts = []
        for content in (self.content[:middle], self.content[middle:]):
            parts += Message(self.kind, content, self.sender, self.to, self.to_server, self.addr).parts()
        return parts


def decode(data: bytes) -> Message:
    """The message that the bytes are. Keys other than type_ may be missing or null."""
    try:
        found = json.loads(data.decode())
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise Malformed("no JSON: %s" % error)
    if not isinstance(found, dict):
        raise Malformed("no JSON object")
    kind, content = found.get("type_"), found.get("content")
    if not isinstance(kind, str) or kind not in KINDS:
        raise Malformed("unknown type_")
    content = "" if content is None else content
    if not fits(kind, content):
        raise Malformed("the content is of the wrong type")
    for key in ("from_", "to"):
        if not isinstance(found.get(key) or "", str):
            raise Malformed("%s is no text" % key)
    return Message(kind, content, found.get("from_"), found.get("to") or "", found.get("to_server") is True)


def fits(kind: str, content) -> bool:
    """Whether a kind can carry this."""
    if kind == "update_table":
        return is_contact(content) or (isinstance(content, list) and all(map(is_contact, content)))
    if kind in ("created", "reg_ack") and isinstance(content, list):
        return all(is_mail(mail) for mail in content)
    return isinstance(content, str) or (kind == "reg" and type(content) is int)


def is_contact(entry) -> bool:
    """An entry of the table."""
    return (isinstance(entry, dict) and isinstance(entry.get("name"), str) and isinstance(entry.get("ip"), str)
            and type(entry.get("port")) is int and 0 < entry["port"] < 65536 and entry.get("status") in ("yes", "no"))


def is_mail(mail) -> bool:
    """A text that has waited."""
    return isinstance(mail, dict) and all(isinstance(mail.get(key), str) for key in ("content", "from_"))
