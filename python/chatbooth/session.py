"""chatbooth as a client speaks it: commands become requests, one at a time. No input or output here."""
from __future__ import annotations

from collections import deque

from chat import HEARD, SAID, WARNING, Conversation
from protocol import AUTHENTICATE, DELETE, DELIVER, LIST, MESSAGE, SEND, TOKEN_SIZE, Decoder, encode
from terminal import harmless

QUEUE_LIMIT = 100  # commands that wait for their turn; a session with so many asks for no more

HELP = """commands:
    login NAME [PASSWORD]  log in; a new name becomes an account; without PASSWORD it is asked for
    list [EXPRESSION]      the accounts in whose name the regular expression occurs, or all
    send NAME TEXT         send a text
    messages               show the messages that wait on the server
    delete                 delete the account that is logged in
    logout                 forget who is logged in
    help                   this
    exit                   leave"""

USAGE = {"login": "write: login NAME [PASSWORD]", "send": "write: send NAME TEXT"}
ALONE = ("messages", "delete", "logout", "help", "exit")


class NoCommand(Exception):
    """A line that means nothing, with a sentence for the user."""


def parse(line: str) -> tuple:
    """The command of a line that is not empty, and its arguments."""
    word, _, rest = line.lstrip(" ").partition(" ")
    rest = rest.lstrip(" ")
    if word in ALONE:
        if rest:
            raise NoCommand("`%s` stands alone; `help` lists the commands" % word)
        return word, "", ""
    if word == "list":
        return word, rest, ""
    if word not in USAGE:
        raise NoCommand("no command `%s`; `help` lists the commands" % word)
    name, _, more = rest.partition(" ")
    more = more.lstrip(" ")
    if not name or (word == "send" and not more):
        raise NoCommand(USAGE[word])
    if ":" in name:
        raise NoCommand("a name has no colon")
    return word, name, more


class Session(Conversation):
    """Keeps the token of the last login that succeeded, asks one thing at a time and shows what comes."""

    greeting = "connected; `help` lists the commands"

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._name, self._token = "", b""  # of whoever is logged in
        self._asking = ""    # whose password the next line is
        self._waiting = ()   # the command that has no answer yet
        self._queue = deque()
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
    def secret(self) -> bool:
        return bool(self._asking)

    def type(self, line: str) -> list:
        if self._asking:
            self._queue.append(("login", self._asking, line))
            self._asking = ""
            return self._ask_next()
        if not line.strip(" "):
            return []
        try:
            word, first, rest = parse(line)
        except NoCommand as problem:
            return [(WARNING, str(problem))]
        shown = " ".join(filter(None, (word, first, "" if word == "login" else rest)))
        said = [(SAID, "> " + harmless(shown))]
        if word == "login" and not rest:
            self._asking = first
            return said
        self.finished = word == "exit"
        self._queue.append((word, first, rest))
        return said + self._ask_next()

    def receive(self, data: bytes):
        self._decoder.feed(data)
        message = self._decoder.next()
        while message:
            action, body = message
            if action == MESSAGE:  # shown whenever it comes; it answers nothing
                yield HEARD, "message: " + harmless(body.decode("utf-8", "replace").strip("\n"))
            elif not self._waiting:
                yield WARNING, "an answer came that nobody waits for"
            else:
                asked, self._waiting = self._waiting, ()
                self.answers += 1
                yield getattr(self, "_answered_" + asked[0])(asked[1], body)
                for note in self._ask_next():
                    yield note
            message = self._decoder.next()

    def _ask_next(self) -> list:
        """Carries out what waits until something has to be answered."""
        notes = []
        while self._queue and not self._waiting:
            word, first, rest = self._queue.popleft()
            if word == "help":
                notes.append((HEARD, HELP))
            elif word == "logout":
                self._name, self._token = "", b""
                notes.append((HEARD, "logged out"))
            elif word == "login":
                self._waiting = (word, first)
                self.output += encode(AUTHENTICATE, "%s:%s" % (first, rest))
            elif word != "exit" and not self._token:
                notes.append((WARNING, "log in first: login NAME"))
            elif word != "exit":
                self._waiting = (word, first)
                self.output += self._request(word, first, rest)
        return notes

    def _request(self, word: str, first: str, rest: str) -> bytes:
        if word == "send":
            # A message has no sender; this is how the document's client names it in the text.
            text = "%s:\nFROM: %s\nTO: %s\nMESSAGE: %s\n" % (first, self._name, first, rest)
            return encode(SEND, text, self._token)
        if word == "list":
            return encode(LIST, first or "\n", self._token)
        return encode(DELIVER if word == "messages" else DELETE, self._name, self._token)

    def _answered_login(self, name: str, body: bytes) -> tuple:
        if len(body) != TOKEN_SIZE:
            return WARNING, "not logged in: the password is wrong, or the name is not a to z and _"
        self._name, self._token = name, body
        return HEARD, "logged in as " + harmless(name, inline=True)

    def _answered_list(self, _expression: str, body: bytes) -> tuple:
        if not body:
            return HEARD, "no such account, or the server does not take the expression"
        return HEARD, "accounts: " + harmless(body.decode("utf-8", "replace"))

    def _answered_send(self, name: str, body: bytes) -> tuple:
        name = harmless(name, inline=True)
        return (HEARD, "sent to " + name) if body else (WARNING, "nothing was sent: is there a %s?" % name)

    def _answered_messages(self, _: str, body: bytes) -> tuple:
        return (HEARD, "no more messages") if body else (WARNING, "the server gives no messages")

    def _answered_delete(self, _: str, body: bytes) -> tuple:
        if not body:
            return WARNING, "the account was not deleted"
        self._name, self._token = "", b""
        return HEARD, "account deleted"
