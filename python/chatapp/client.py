"""ChatApp's client: registers with a server, talks to others directly, leaves texts for who is away."""
from __future__ import annotations

import select
import socket
import time
from collections import deque

from datagrams import LONGEST, Malformed, Message, decode
from terminal import harmless

TRIES = 5
REGISTER_PAUSE, PAUSE, ACK_WAIT, ENTRY_WAIT = 0.5, 1.0, 0.5, 0.1  # seconds
TABLE_LIMIT = 100000
COMMANDS = "the commands are: reg NAME, dereg, send NAME TEXT, send_all TEXT"
ANSWERS = {"reg": ("created", "reg_ack"), "dereg": ("dereg_ack",), "store": ("store_ack", "user_exist"),
           "send_all": ("send_all_server_ack",)}


class NoCommand(Exception):
    """A line that means nothing, with a sentence for the user."""


def parse(line: str) -> tuple:
    """The command of a line that is not empty, and its two arguments."""
    word, _, rest = line.lstrip(" ").partition(" ")
    rest = rest.lstrip(" ")
    first, _, more = rest.partition(" ")
    more = more.lstrip(" ")
    if word == "reg":
        if not first or more:
            raise NoCommand("write: reg NAME")
        return word, first, ""
    if word == "dereg":
        return word, "", ""
    if word == "send":
        if not first or not more:
            raise NoCommand("write: send NAME TEXT")
        return word, first, more
    if word == "send_all":
        if not rest:
            raise NoCommand("write: send_all TEXT")
        return word, "", rest
    raise NoCommand("no command `%s`; %s" % (word, COMMANDS))


class Request:
    """Something that was asked and is not answered."""

    def __init__(self, message, to, tries, pause, text="", again=False) -> None:
        self.kind, self.name, self.text = message.kind, message.to, text
        self.data, self.to, self.tries, self.pause = message.encode(), to, tries, pause
        self.again = again  # the server has said that the reader is there
        self.socket = open_socket()
        self.deadline = 0.0


def open_socket() -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind(("", 0))
    opened.setblocking(False)
    return opened


class Client:
    """One user at a time, one request at a time."""

    def __init__(self, server: tuple, listening: socket.socket, screen) -> None:
        self._server, self._listening, self._screen = server, listening, screen
        self._name, self._table = None, {}
        self._request, self._registration = None, None
        self._waiting = None  # the reader and the text that go out when the entry has had its time
        self._lines, self._input_ended, self._over = deque(), False, False

    def run(self, name: str) -> None:
        """Returns after an orderly end."""
        self._register(name)
        while True:
            self._take_turn()
            self._screen.refresh()
            if self._over:
                return
            readable = select.select(self._wanted(), [], [], self._patience())[0]
            if self._listening in readable:
                self._receive(self._listening, self._heard)
            if self._registration in readable:
                self._receive(self._registration, self._late)
            if self._request and self._request.socket in readable:
                self._receive(self._request.socket, self._answered)
            # An answer that is there counts, however late it is looked at.
            self._look_at_time()
            if self._screen.wakeup in readable:
                self._screen.redraw()
            if 0 in readable:
                lines, self._input_ended = self._screen.read()
                self._lines.extend(lines)

    def _take_turn(self) -> None:
        """One line after another; after the last one goes offline, if it is not, and ends."""
        while self._lines and not self._busy and not self._over:
            self._type(self._lines.popleft())
        if not self._input_ended or self._lines or self._busy or self._over:
            return
        if self._name is None:
            self._over = True
        else:
            self._ask(Message("dereg", self._name, self._name, to_server=True))

    @property
    def _busy(self) -> bool:
        return self._request is not None or self._waiting is not None

    def _wanted(self) -> list:
        wanted = [self._listening, self._screen.wakeup, self._registration]
        if self._request:
            wanted.append(self._request.socket)
        if not self._busy and not self._lines and not self._input_ended:
            wanted.append(0)
        return [one for one in wanted if one is not None]

    def _patience(self):
        ends = [self._request.deadline] if self._request else []
        ends += [self._waiting[2]] if self._waiting else []
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    # What the user says.

    def _type(self, line: str) -> None:
        if not line.strip(" "):
            return
        try:
            word, first, rest = parse(line)
        except NoCommand as problem:
            self._screen.warn(harmless(str(problem)))
            return
        self._screen.show("> " + harmless(line), own=True)
        if word == "reg" and self._name is None:
            self._register(first)
        elif word == "reg":
            self._screen.warn("you are registered as %s; dereg first" % harmless(self._name, inline=True))
        elif self._name is None:
            self._screen.warn("you are offline; write: reg NAME")
        elif word == "dereg":
            self._ask(Message("dereg", self._name, self._name, to_server=True))
        elif word == "send_all":
            self._ask(Message("send_all", rest, self._name, to_server=True))
        else:
            self._send(first, rest)

    def _register(self, name: str) -> None:
        self._name, self._table = name, {}
        port = str(self._listening.getsockname()[1])
        self._ask(Message("reg", port, name, to_server=True))

    def _send(self, to: str, text: str) -> None:
        shown = harmless(to, inline=True)
        if to not in self._table:
            self._show("[There is no user named %s.]" % shown)
        elif self._table[to]["status"] == "yes":
            self._send_directly(to, text)
        else:
            self._show("[%s is offline, message sent to server.]" % shown)
            self._store(to, text)

    def _send_directly(self, to: str, text: str, again: bool = False) -> None:
        contact = self._table[to]
        self._ask(Message("send", text, self._name, to), (contact["ip"], contact["port"]), text, again)

    def _store(self, to: str, text: str) -> None:
        self._ask(Message("store", text, self._name, to, True), text=text)

    def _ask(self, message: Message, to=None, text: str = "", again: bool = False) -> None:
        if len(message.encode()) > LONGEST:
            self._screen.warn("cannot send: more than %d bytes" % LONGEST)
            return
        direct = to is not None
        pause = ACK_WAIT if direct else REGISTER_PAUSE if message.kind == "reg" else PAUSE
        self._request = Request(message, to or self._server, 1 if direct else TRIES, pause, text, again)
        self._try()

    def _try(self) -> None:
        self._request.tries -= 1
        self._request.deadline = time.monotonic() + self._request.pause
        try:
            self._request.socket.sendto(self._request.data, self._request.to)
        except OSError:
            pass  # as good as lost on its way

    def _look_at_time(self) -> None:
        now = time.monotonic()
        if self._waiting and now >= self._waiting[2]:
            (to, text, _), self._waiting = self._waiting, None
            if self._name is not None:
                self._send_directly(to, text, True)
        elif self._request and now >= self._request.deadline:
            if self._request.tries:
                self._try()
            else:
                self._unanswered(self._end_request())

    # What others say.

    def _receive(self, source: socket.socket, take) -> None:
        try:
            data, sender = source.recvfrom(1 << 16)
            message = decode(data)
        except (OSError, Malformed):
            return
        take(message, sender)

    def _end_request(self) -> Request:
        request, self._request = self._request, None
        if request.kind == "reg":
            if self._registration:
                self._registration.close()
            self._registration = request.socket
        else:
            request.socket.close()
        return request

    def _unanswered(self, request: Request) -> None:
        shown = harmless(request.name, inline=True)
        if self._name is None:
            pass  # logged out meanwhile
        elif request.kind != "send":
            self._show("[Server not responding]")
            self._show("[Exiting]")
            self._over = True
        elif request.again:
            self._show("[No ACK from %s.]" % shown)
            self._screen.warn("the server says that they are there, but the message was not delivered")
        else:
            self._show("[No ACK from %s, message sent to server.]" % shown)
            self._store(request.name, request.text)

    def _answered(self, message: Message, sender: tuple) -> None:
        request = self._request
        expected = ("ack",) if request.kind == "send" else ANSWERS[request.kind] + ("error",)
        if sender[:2] != tuple(request.to) or message.kind not in expected:
            return
        self._end_request()
        if self._name is not None:
            self._told(request, message)

    def _told(self, request: Request, message: Message) -> None:
        shown = harmless(request.name, inline=True)
        if message.kind == "error":
            self._refused(request, message)
        elif message.kind == "ack":
            self._show("[Message received by %s.]" % shown)
        elif message.kind == "created":
            self._show("[Welcome, you are registered.]")
        elif message.kind == "reg_ack":
            self._show("[Welcome back!]")
            self._show_mails(message.content)
        elif message.kind == "dereg_ack":
            self._name = None
            self._show("[You are Offline. Bye.]")
        elif message.kind == "store_ack":
            self._show("[Messages received by the server and saved]")
        elif message.kind == "send_all_server_ack":
            self._show("[Message received by Server.]")
        elif message.kind == "user_exist":
            self._show("[Client %s exists!!]" % shown)
            if request.name in self._table:
                self._table[request.name]["status"] = "yes"
                self._waiting = (request.name, request.text, time.monotonic() + ENTRY_WAIT)

    def _refused(self, request: Request, message: Message) -> None:
        self._screen.warn("the server refuses: " + harmless(message.content))
        if request.kind in ("reg", "dereg"):
            self._name = None
            self._show("[You are Offline.]")

    def _heard(self, message: Message, sender: tuple) -> None:
        """Something came to the listening socket; offline nothing counts, nor does what is for another."""
        if self._name is None or (message.to != self._name and message.kind != "update_table"):
            return
        text = "%s: %s" % (harmless(message.sender or "", inline=True), harmless(message.content)
                           if isinstance(message.content, str) else "")
        if message.kind == "send":
            self._show(text)
            self._reply("ack", message, sender)
        elif message.kind == "send_all":
            self._show("[Channel_Message] " + text)
            self._reply("send_all_ack", message, sender)
        elif message.kind == "test":
            message.sender = self._name
            self._reply("test", message, sender)
        elif message.kind == "update_table":
            for contact in message.content if isinstance(message.content, list) else [message.content]:
                if len(self._table) < TABLE_LIMIT or contact["name"] in self._table:
                    self._table[contact["name"]] = contact
            self._show("[Client table updated.]")
        elif message.kind == "logout":
            self._name = None
            self._show("[You are logged in on another device. You are Offline.]")

    def _late(self, message: Message, sender: tuple) -> None:
        """More of what had waited."""
        if message.kind == "reg_ack" and message.to == self._name and sender[:2] == tuple(self._server):
            self._show_mails(message.content)

    def _reply(self, kind: str, message: Message, to: tuple) -> None:
        try:
            self._listening.sendto(Message(kind, "", self._name, message.sender or "", addr=to).encode(), to)
        except OSError:
            pass  # as good as lost on its way

    def _show_mails(self, mails) -> None:
        if isinstance(mails, list) and mails:
            self._show("[You have messages]")
            for mail in mails:
                channel = "[Channel_Message] " if mail.get("type_") == "send_all" else ""
                sender = harmless(mail["from_"], inline=True)
                time_stored = harmless(str(mail.get("timestamp", "")), inline=True)
                self._show("%s %s%s: %s" % (time_stored, channel, sender, harmless(mail["content"])))

    def _show(self, text: str) -> None:
        self._screen.show(text)
