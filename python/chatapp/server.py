"""ChatApp's server: who is where, and texts for who is away, in an SQLite file. One thread, which waits for nobody."""
from __future__ import annotations

import re
import selectors
import socket
import sqlite3
import sys
import time
from collections import OrderedDict, deque

from datagrams import LONGEST, PORTS, Malformed, Message, decode

ANSWER_WAIT = 0.5         # seconds that a client has to answer a question
RETRY_WINDOW = 3.0        # seconds in which the same request is one that was made again
LONGEST_RETRY = 6.0       # seconds after the first one, at the latest
RETRIES = 4096            # requests that are remembered
USERS, QUEUE = 10000, 10000  # users, and texts that wait for one of them
QUESTIONS = 400           # that are open at a time; each has a socket
LINE = 100000             # that wait for their turn
PAUSE = 0.01              # seconds between datagrams of one long message

TABLES = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS users (name TEXT PRIMARY KEY, ip TEXT, port INTEGER, status TEXT);
    CREATE TABLE IF NOT EXISTS messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT, content TEXT, from_ TEXT, to_ TEXT, type_ TEXT, timestamp TEXT,
        waits INTEGER
    );
    CREATE INDEX IF NOT EXISTS readers ON messages (to_);
    UPDATE messages SET waits = 1;
"""


class Refused(Exception):
    """A request that is not carried out, with the reason."""


class Question:
    """Something that a client must answer in time."""

    def __init__(self, name, to, message, answer, answered, silent) -> None:
        self.name, self.to, self.data, self.answer = name, to, message.encode(), answer
        self.answered, self.silent = answered, silent
        self.socket, self.deadline = None, 0.0


class Server:
    """Answers every request as soon as what it says is safe."""

    def __init__(self, address: tuple, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, timeout=5)
        self._db.executescript(TABLES)
        self._main = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._main.bind(address)
        self._main.setblocking(False)
        self._main.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._main, selectors.EVENT_READ)
        self._open, self._line = deque(), deque()   # questions, those that were asked first in front
        self._later = deque()                       # datagrams: when, to whom, the bytes
        self._retries = OrderedDict()               # request: [first, last, answer]
        self._outgoing = []                         # what is sent once the changes are safe

    def serve(self) -> None:
        """Until an exception ends it."""
        while True:
            for key, _ in self._selector.select(self._patience()):
                if key.fileobj is self._main:
                    self._receive()
                else:
                    self._hear(key.data)
            self._look_at_time()

    def close(self) -> None:
        self._db.close()
        self._main.close()

    def _patience(self):
        ends = ([self._open[0].deadline] if self._open else []) + ([self._later[0][0]] if self._later else [])
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    def _look_at_time(self) -> None:
        now = time.monotonic()
        while self._later and self._later[0][0] <= now:
            _, to, data = self._later.popleft()
            self._send(data, to)
        while self._open and self._open[0].deadline <= now:
            question = self._open[0]
            self._end(question)
            self._in_one(question.silent)

    # Requests.

    def _receive(self) -> None:
        try:
            data, sender = self._main.recvfrom(1 << 16)
        except OSError:
            return
        try:
            message = decode(data)
            if message.kind in ("error", "test", "send_all_ack"):
                return  # answers; two servers that complain to each other would never stop
            if message.kind not in ("reg", "dereg", "store", "send_all"):
                raise Refused("%s is no request to a server" % message.kind)
            if self._is_again((sender, data)):
                return
            action = getattr(self, "_" + message.kind)
            self._in_one(lambda: action(message, (sender, data)))
        except (Malformed, Refused) as problem:
            self._retries.pop((sender, data), None)
            self._send(Message("error", str(problem), addr=sender).encode(), sender)

    def _is_again(self, request: tuple) -> bool:
        """Answers a request that was made a moment ago, if this is one; otherwise remembers it."""
        now, known = time.monotonic(), self._retries.get(request)
        if known and now - known[1] < RETRY_WINDOW and now - known[0] < LONGEST_RETRY:
            known[1] = now
            for data in known[2] or ():
                self._send(data, request[0])
            return True
        self._retries.pop(request, None)
        self._retries[request] = [now, now, None]
        while len(self._retries) > RETRIES:
            self._retries.popitem(last=False)
        return False

    def _in_one(self, action) -> None:
        """All that changes is safe, or nothing has changed, before anybody hears of it."""
        self._outgoing = []
        try:
            self._db.execute("BEGIN IMMEDIATE")
            action()
            self._db.execute("COMMIT")
        except (sqlite3.Error, Refused) as problem:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if isinstance(problem, Refused):
                raise
            # Nothing is answered, so whoever asked will ask again.
            sys.stderr.write("the database cannot be written for now: %s\n" % problem)
            return
        for send in self._outgoing:
            send()

    def _reg(self, message: Message, request: tuple) -> None:
        name, (ip, _) = message.sender or "", request[0][:2]
        if not name or len(name.encode()) > 256 or any(c.isspace() or not c.isprintable() for c in name):
            raise Refused("a name is 1 to 256 bytes without spaces and control characters")
        port = str(message.content)
        if not re.match("[0-9]{1,5}\\Z", port) or int(port) not in PORTS:
            raise Refused("a port is a number from 1024 to 65535")
        known, new = self._user(name), (name, ip, int(port), "yes")
        if not known and self._count("users", "1") >= USERS:
            raise Refused("the server has no room for more users")
        self._db.execute("REPLACE INTO users SELECT ?, ?, ?, ? WHERE ?" if known else
                         "INSERT INTO users SELECT ?, ?, ?, ? WHERE ?", new + (known != new,))
        mails = self._take_mails(name) if known else []
        self._answer(request, Message("reg_ack" if known else "created", mails or "", to=name))
        table = [self._contact(row) for row in self._db.execute("SELECT * FROM users ORDER BY rowid")]
        self._tell(Message("update_table", table, to=name), (ip, int(port)))
        if known != new:
            self._announce(new)
        if known and known[3] == "yes" and known[1:3] != new[1:3]:
            logout = Message("logout", to=name, addr=known[1:3])
            self._ask(Question(name, known[1:3], Message("test", to=name), "test",
                               lambda: self._log_out(name, known[1:3], logout), lambda: None))

    def _log_out(self, name: str, old: tuple, logout: Message) -> None:
        if self._user(name)[1:3] != old:
            self._tell(logout, old)

    def _take_mails(self, name: str) -> list:
        keys = ("id", "content", "from_", "to", "type_", "timestamp")
        rows = self._db.execute("SELECT id, content, from_, to_, type_, timestamp FROM messages "
                                "WHERE to_ = ? AND waits ORDER BY id", (name,))
        mails = [dict(zip(keys, row), status="yes") for row in rows]
        self._db.execute("DELETE FROM messages WHERE to_ = ? AND waits", (name,))
        return mails

    def _dereg(self, message: Message, request: tuple) -> None:
        name = self._known(message.sender)[0]
        self._answer(request, Message("dereg_ack"))
        self._set_offline(name)

    def _store(self, message: Message, request: tuple) -> None:
        writer, reader = self._known(message.sender)[0], self._known(message.to)
        self._check(message, reader[0])
        if reader[3] == "no":
            self._keep(message, reader[0], "send", True)
            self._answer(request, Message("store_ack"))
            return

        def answered():
            current = self._user(reader[0])
            if current[3] == "no":
                return stored()
            self._answer(request, Message("user_exist", to=reader[0]))
            self._tell_user(writer, Message("update_table", self._contact(current), to=writer))

        def silent():
            if self._user(reader[0])[1:] not in (reader[1:], reader[1:3] + ("no",)):
                self._store_again(message, request)  # registered elsewhere meanwhile
            else:
                stored()
                self._set_offline(reader[0])

        def stored():
            self._keep(message, reader[0], "send", True)
            self._answer(request, Message("store_ack"))

        self._ask(Question(reader[0], reader[1:3], Message("test", to=reader[0]), "test", answered, silent))

    def _store_again(self, message: Message, request: tuple) -> None:
        try:
            self._store(message, request)
        except Refused as problem:
            self._answer(request, Message("error", str(problem)))

    def _send_all(self, message: Message, request: tuple) -> None:
        writer = self._known(message.sender)[0]
        for name, ip, port, status in self._db.execute("SELECT * FROM users WHERE name <> ?", (writer,)).fetchall():
            if status == "no" and self._count("messages", "to_ = ?", name) >= QUEUE:
                continue  # one full queue must not keep the others from talking
            self._check(message, name)
            number = self._keep(message, name, "send_all", status == "no")
            if status == "yes":
                self._deliver(message, number, name, (ip, port))
        self._answer(request, Message("send_all_server_ack"))

    def _deliver(self, message: Message, number: int, name: str, to: tuple) -> None:
        def heard():
            self._db.execute("DELETE FROM messages WHERE id = ?", (number,))

        def silent():
            _, ip, port, status = self._user(name)
            if status == "yes" and (ip, port) != to:
                self._deliver(message, number, name, (ip, port))  # registered elsewhere meanwhile
                return
            self._db.execute("UPDATE messages SET waits = 1 WHERE id = ?", (number,))
            self._set_offline(name)

        text = Message("send_all", message.content, message.sender, name)
        self._ask(Question(name, to, text, "send_all_ack", heard, silent))

    # Users and texts.

    def _user(self, name: str):
        return self._db.execute("SELECT * FROM users WHERE name = ?", (name,)).fetchone()

    def _known(self, name) -> tuple:
        user = self._user(name or "")
        if not user:
            raise Refused("nobody is called %r" % name)
        return user

    def _count(self, table: str, where: str, *values) -> int:
        return self._db.execute("SELECT count(*) FROM %s WHERE %s" % (table, where), values).fetchone()[0]

    def _contact(self, user: tuple) -> dict:
        return dict(zip(("name", "ip", "port", "status"), user))

    def _check(self, message: Message, reader: str) -> None:
        longest = {"id": 1 << 63, "content": message.content, "from_": message.sender, "to": reader,
                   "type_": "send_all", "timestamp": "2000-01-01 00:00:00", "status": "yes"}
        if len(Message("reg_ack", [longest], to=reader, addr=("255.255.255.255", 65535)).encode()) > LONGEST:
            raise Refused("the text is too long to be delivered")
        if self._count("messages", "to_ = ?", reader) >= QUEUE:
            raise Refused("the queue of %r is full" % reader)
        if len(self._line) >= LINE:
            raise Refused("the server is too busy; try again later")

    def _keep(self, message: Message, reader: str, kind: str, waits: bool) -> int:
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        return self._db.execute(
            "INSERT INTO messages (content, from_, to_, type_, timestamp, waits) VALUES (?, ?, ?, ?, ?, ?)",
            (message.content, message.sender, reader, kind, now, waits)).lastrowid

    def _set_offline(self, name: str) -> None:
        if self._db.execute("UPDATE users SET status = 'no' WHERE name = ? AND status = 'yes'", (name,)).rowcount:
            self._announce(self._user(name))

    def _announce(self, user: tuple) -> None:
        others = self._db.execute("SELECT * FROM users WHERE status = 'yes' AND name <> ?", user[:1])
        for name, ip, port, _ in others.fetchall():
            self._tell(Message("update_table", self._contact(user), to=name), (ip, port))

    # What goes out, once it is safe.

    def _answer(self, request: tuple, message: Message) -> None:
        message.addr = request[0]
        parts = message.parts()
        if request in self._retries:
            self._retries[request][2] = parts
        self._outgoing.append(lambda: self._send_all_parts(parts, request[0]))

    def _tell(self, message: Message, to: tuple) -> None:
        parts = message.parts()
        self._outgoing.append(lambda: self._send_all_parts(parts, to))

    def _tell_user(self, name: str, message: Message) -> None:
        _, ip, port, status = self._user(name)
        if status == "yes":
            self._tell(message, (ip, port))

    def _send_all_parts(self, parts: list, to: tuple) -> None:
        for data in parts[:2]:
            self._send(data, to)
        for number, data in enumerate(parts[2:], 1):
            self._later.append((time.monotonic() + number * PAUSE, to, data))

    def _send(self, data: bytes, to: tuple) -> None:
        try:
            self._main.sendto(data, to)
        except OSError:
            pass  # as good as lost on its way

    # Questions. Each has a socket of its own, to which its answer comes back.

    def _ask(self, question: Question) -> None:
        self._outgoing.append(lambda: self._begin(question))

    def _begin(self, question: Question) -> None:
        if len(self._open) >= QUESTIONS:
            self._line.append(question)
            return
        question.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        question.socket.bind((self._main.getsockname()[0], 0))
        question.socket.setblocking(False)
        question.deadline = time.monotonic() + ANSWER_WAIT
        self._selector.register(question.socket, selectors.EVENT_READ, question)
        self._open.append(question)
        try:
            question.socket.sendto(question.data, question.to)
        except OSError:
            pass  # as good as lost on its way

    def _hear(self, question: Question) -> None:
        if question.socket is None:
            return  # answered in the same moment
        try:
            data, sender = question.socket.recvfrom(1 << 16)
            message = decode(data)
        except (OSError, Malformed):
            return
        if sender[:2] == tuple(question.to) and message.kind == question.answer:
            self._end(question)
            self._in_one(question.answered)

    def _end(self, question: Question) -> None:
        self._selector.unregister(question.socket)
        question.socket.close()
        question.socket = None
        self._open.remove(question)
        if self._line:
            self._begin(self._line.popleft())
