"""The nickname group chat as a client speaks it: asks for a nickname until one is free, then sends what is typed."""
from __future__ import annotations

from collections import deque

from chat import HEARD, SAID, WARNING, Conversation
from dialects import BYE, CHAT, HELLO, NICK, READY, RETRY, SECONDS, SHUTDOWN, Unwritable, cut
from terminal import harmless

QUEUE_LIMIT = 100        # lines that wait for the nickname; a session with so many asks for no more
LONGEST_NOTICE = 86400   # seconds; no server announces its end longer before
LEAVE = "BYE"            # what the user types to leave

CONNECTED, CHOOSING, ASKED, CHATTING, LEFT = range(5)


class Session(Conversation):
    """The client's side of the protocol."""

    def __init__(self, dialect) -> None:
        self.output = bytearray()
        self._dialect = dialect
        self._bytes = bytearray()
        self._state, self._name = CONNECTED, ""
        self._queue = deque()

    @property
    def full(self) -> bool:
        return len(self._queue) >= QUEUE_LIMIT

    @property
    def idle(self) -> bool:
        return not (self._queue or self.output or self._state in (CONNECTED, ASKED))

    @property
    def inside_message(self) -> bool:
        return bool(self._bytes)

    def type(self, line: str) -> list:
        if line:
            self._queue.append(line)
        return list(self._advance())

    def receive(self, data: bytes):
        self._bytes += data
        content, end = self._dialect.frame(self._bytes)
        while end:
            del self._bytes[:end]
            yield from self._handle(*self._dialect.read(content))
            content, end = self._dialect.frame(self._bytes)

    def leave(self) -> bool:
        """BYE is the last word, and said once."""
        if self._state == LEFT:
            return False
        self._state = LEFT
        self._queue.clear()
        self.output += self._dialect.write(BYE, "", "")
        return True

    def _handle(self, kind: str, who: str, text: str):
        if kind == CHAT:
            yield HEARD, "%s: %s" % (harmless(who, inline=True), harmless(text))
        elif kind == HELLO and self._state == CONNECTED:
            self._answered(CHOOSING)
            yield HEARD, "Choose a nickname:"
        elif kind == READY and self._state == ASKED:
            self._answered(CHATTING)
            yield HEARD, "You are %s." % harmless(self._name, inline=True)
        elif kind == RETRY and self._state == ASKED:
            self._answered(CHOOSING)
            yield HEARD, "%s is not free; choose another nickname:" % harmless(self._name, inline=True)
        elif kind not in (HELLO, READY, RETRY):
            yield HEARD, "server: %s" % harmless(text if kind != BYE else LEAVE)
            if kind == SHUTDOWN:
                self.ends_within = min(int(SECONDS.search(text).group(1)), LONGEST_NOTICE)
            elif kind == BYE:
                self.ends_within = 0
        yield from self._advance()

    def _answered(self, state: int) -> None:
        self._state = state
        self.answers += 1

    def _advance(self):
        """Sends what may be sent of the lines that wait: nothing is said before READY."""
        while self._queue and self._state in (CHOOSING, CHATTING):
            line = self._queue.popleft()
            if line == LEAVE:
                self._queue.clear()
                self.finished = True
            elif self._state == CHATTING:
                yield from self._send(CHAT, line)
            else:
                self._name = line.strip()
                yield from self._send(NICK, self._name)

    def _send(self, kind: str, text: str):
        try:
            try:
                written = self._dialect.write(kind, self._name, text)
            except Unwritable as error:
                if kind == NICK or not error.surplus:
                    raise
                text = cut(text, error.surplus)
                written = self._dialect.write(kind, self._name, text)
                yield WARNING, "the message was cut to what fits"
        except Unwritable as error:
            yield WARNING, "not sent: %s" % error
            return
        self.output += written
        if kind == NICK:
            self._state = ASKED
        yield SAID, "%s: %s" % ("nickname" if kind == NICK else harmless(self._name, inline=True), harmless(text))
