"""wireproto as a client speaks it: actions become requests, one at a time. No input or output here."""
from __future__ import annotations

from collections import deque

from chat import HEARD, SAID, WARNING, Conversation
from protocol import (ALREADY_HERE, CHECK, CHECK_NOT_LOGGED_IN, CREATE, CREATED, DELETE, DELETE_NOT_LOGGED_IN, DELETED,
                      EXISTS, FAILED, LIST, LISTED, LOG_IN, LOGGED_IN, LOGGED_OUT, PUSH, QUIT, QUIT_NOT_LOGGED_IN, SEND,
                      SEND_NOT_LOGGED_IN, SENT, SWITCHED, UNKNOWN_ACCOUNT, UNKNOWN_RECEIVER, UNREAD, Decoder, encode)
from terminal import harmless

QUEUE_LIMIT = 100  # requests that wait for their turn; a session with so many asks for no more
NAME_LIMIT = 25    # characters
TEXT_LIMIT = 100   # characters
ALL = "*"

MENU = """choose by number; what is left out is asked for:
    1 [NAME]           create an account
    2 [NAME]           log in
    3 [NAME [TEXT]]    send a message
    4                  check unread messages
    5                  delete the account that is logged in
    6 [EXPRESSION]     list the accounts that match a regular expression, or * for all
    7                  quit"""

ALONE = (CHECK, DELETE, QUIT)

# What an answer to each action can be, beside FAILED.
ANSWERS = {
    CREATE: (CREATED, EXISTS),
    LOG_IN: (LOGGED_IN, SWITCHED, UNKNOWN_ACCOUNT, ALREADY_HERE),
    SEND: (SENT, SEND_NOT_LOGGED_IN, UNKNOWN_RECEIVER),
    CHECK: (UNREAD, CHECK_NOT_LOGGED_IN),
    DELETE: (DELETED, DELETE_NOT_LOGGED_IN),
    LIST: (LISTED,),
    QUIT: (LOGGED_OUT, QUIT_NOT_LOGGED_IN),
}

FAILURES = {
    EXISTS: "not created: there is an account of this name already",
    SEND_NOT_LOGGED_IN: "not sent: log in first",
    UNKNOWN_RECEIVER: "not sent: there is no account of this name",
    CHECK_NOT_LOGGED_IN: "nothing to check: log in first",
    DELETE_NOT_LOGGED_IN: "nothing was deleted: log in first",
    QUIT_NOT_LOGGED_IN: "nobody is logged in; the end of the input, or Ctrl-C, leaves",
    UNKNOWN_ACCOUNT: "not logged in: there is no account of this name",
    ALREADY_HERE: "this account is logged in here already",
    FAILED: "the server cannot do that",
}

# After these nobody is logged in here, whatever was before.
NOT_LOGGED_IN = (SEND_NOT_LOGGED_IN, CHECK_NOT_LOGGED_IN, DELETE_NOT_LOGGED_IN, QUIT_NOT_LOGGED_IN)


class Refused(Exception):
    """A request that the server would refuse, with a sentence for the user."""


class Draft:
    """A request in the making."""

    def __init__(self, action: int, receiver: str = None, msg: str = None) -> None:
        self.action, self.receiver, self.msg = action, receiver, msg

    @staticmethod
    def parse(line: str):
        """What a line that begins with the number of an action asks for; None for any other."""
        number, _, rest = line.lstrip(" ").partition(" ")
        rest = rest.lstrip(" ")
        if number not in ("1", "2", "3", "4", "5", "6", "7") or (rest and int(number) in ALONE):
            return None
        if int(number) == SEND:
            receiver, _, text = rest.partition(" ")
            return Draft(SEND, receiver or None, text.lstrip(" ") or None)
        return Draft(int(number), None, rest or None)

    @property
    def question(self) -> str:
        """What has to be asked for next; nothing when it is complete."""
        if self.action == SEND and self.receiver is None:
            return "to whom?"
        if self.action in ALONE or self.msg is not None:
            return ""
        return {SEND: "the message:", CREATE: "the name of the new account:", LOG_IN: "the name of the account:",
                LIST: "the expression, or * for all:"}[self.action]

    def answer(self, line: str) -> None:
        if self.action != SEND:
            self.msg = line.strip() or (ALL if self.action == LIST else "")
        elif self.receiver is None:
            self.receiver = line.strip()
        else:
            self.msg = line

    def check(self) -> None:
        """Raises Refused for what is too long, or empty."""
        if self.action in (CREATE, LOG_IN):
            check("name", self.msg, NAME_LIMIT)
        elif self.action == SEND:
            check("name", self.receiver, NAME_LIMIT)
            check("message", self.msg, TEXT_LIMIT)

    def line(self) -> str:
        """As the user could have typed it."""
        return " ".join(filter(None, (str(self.action), self.receiver, self.msg)))


def check(what: str, text: str, limit: int) -> None:
    if not 1 <= len(text) <= limit:
        raise Refused("not sent: a %s has 1 to %d characters, not %d" % (what, limit, len(text)))


class Session(Conversation):
    """Knows who is logged in, asks one thing at a time and shows what comes."""

    greeting = "connected; " + MENU

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._user = ""        # who is logged in
        self._draft = None     # what the next line belongs to
        self._waiting = None   # the request that has no answer yet
        self._queue = deque()
        self._left = False
        self.output = bytearray()

    @property
    def full(self) -> bool:
        return len(self._queue) >= QUEUE_LIMIT

    @property
    def idle(self) -> bool:
        return not (self._waiting or self._queue or self.output)

    @property
    def inside_message(self) -> bool:
        return self._decoder.unfinished

    @property
    def waits_for_pause(self) -> bool:
        return self._decoder.at_an_end

    def type(self, line: str) -> list:
        draft, self._draft = self._draft, None
        if draft:
            draft.answer(line)
        else:
            draft = Draft.parse(line)
        if not draft:
            return [(WARNING, MENU)] if line.strip() else []
        if draft.question:
            self._draft = draft
            return [(HEARD, draft.question)]
        try:
            draft.check()
        except Refused as problem:
            return [(WARNING, str(problem))]
        self._queue.append(draft)
        self._ask_next()
        return [(SAID, "> " + harmless(draft.line()))]

    def receive(self, data: bytes):
        self._decoder.feed(data)
        message = self._decoder.next()
        while message:
            for note in self._handle(*message):
                yield note
            message = self._decoder.next()
        if not data:
            for note in self.pause():
                yield note

    def pause(self):
        message = self._decoder.end()
        return self._handle(*message) if message else ()

    def leave(self) -> bool:
        """Logs out who is logged in, or may be by now."""
        self._queue.clear()
        self._left = True
        logs_in = self._waiting is not None and self._waiting.action == LOG_IN
        if not self._user and not logs_in:
            return False
        self._user, self._waiting = "", None
        self.output += encode(QUIT)
        return True

    def _handle(self, opcode: int, msg: str) -> list:
        if opcode == PUSH:  # shown whenever it comes; it answers nothing
            return shown(msg)
        asked = self._waiting
        if not asked or opcode not in ANSWERS[asked.action] + (FAILED,):
            if self._left:
                return []
            known = FAILURES.get(opcode, "opcode %d" % opcode)
            return [(WARNING, said("an answer that nobody waits for: " + known, msg))]
        self._waiting = None
        self.answers += 1
        if opcode in NOT_LOGGED_IN:  # somebody else has logged in to the account
            self._user = ""
        if opcode in FAILURES:
            notes = [(WARNING, said(FAILURES[opcode], msg))]
        else:
            notes = self._succeeded(opcode, asked, msg)
        self._ask_next()
        return notes

    def _succeeded(self, opcode: int, asked: Draft, msg: str) -> list:
        name = harmless(asked.msg or "")
        if opcode == UNREAD:
            return shown(msg) or [(HEARD, "no unread messages")]
        if opcode == DELETED:
            self._user = ""
            return shown(msg) + [(HEARD, "account deleted")]
        if opcode == LOGGED_OUT:
            self._user = ""
            self._queue.clear()
            self.finished, self.ends_within = True, 0.0  # the server may be faster with closing
            return [(HEARD, "logged out")]
        if opcode in (LOGGED_IN, SWITCHED):
            before, self._user = harmless(self._user), asked.msg
            instead = " instead of " + before if opcode == SWITCHED else ""
            return [(HEARD, "logged in as " + name + instead)]
        if opcode == SENT:
            return [(HEARD, "sent to " + harmless(asked.receiver))]
        if opcode == LISTED:
            return [(HEARD, "accounts:\n    " + harmless(msg))]
        return [(HEARD, "account %s created" % name)]

    def _ask_next(self) -> None:
        if self._queue and not self._waiting:
            self._waiting = self._queue.popleft()
            self.output += encode(self._waiting.action, self._waiting.msg or "", self._waiting.receiver or "")


def shown(lines: str) -> list:
    """Notes for lines of `sender:text`."""
    return [(HEARD, "message: " + harmless(line)) for line in lines.split("\n") if line]


def said(sentence: str, msg: str) -> str:
    """A sentence of ours, and what the server has to say about it."""
    return "%s (the server says: %s)" % (sentence, harmless(msg)) if msg else sentence
