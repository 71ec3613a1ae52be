"""How a chat client shows lines and takes them: from a pipe, or edited at a terminal below what comes in.

A screen has `read` for lines that were typed, `show` and `warn` for lines to be shown, `forget` for a line that is
not to be recalled, `refresh` to be called after all of these, and `close`. It hides what is typed while `refresh`
was called with true. `wakeup` is None or what can be read when `redraw` is to be called.
"""
from __future__ import annotations

import codecs
import os
import re
import shutil
import signal
import sys
import termios
import unicodedata
from collections import deque

LINE_LIMIT = 1 << 14  # bytes or characters of one line of input that are looked at
HISTORY_LIMIT = 500   # lines
SECRET_PROMPT = "password: "

# Controls (tab and newline aside) steer a terminal; marks for the direction of writing reorder what is on screen.
CONTROL = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def harmless(text: str, inline: bool = False) -> str:
    """`text` with controls spelled out. Later lines are indented, so that none passes for another's message."""
    text = text.replace("\r\n", "\n").rstrip("\n")
    text = text.replace("\n", "\\n").replace("\t", "\\t") if inline else text.replace("\n", "\n    ")
    return CONTROL.sub(lambda c: ("\\x%02x" if ord(c.group()) < 256 else "\\u%04x") % ord(c.group()), text)


def cells(char: str) -> int:
    """How many columns of a terminal a character takes."""
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


class LineReader:
    """Cuts the bytes of a pipe into lines; of an endless one it keeps the beginning."""

    def __init__(self) -> None:
        self._partial = b""

    def feed(self, data: bytes) -> list:
        """The lines that are finished now; no data means the end of input."""
        lines = (self._partial + data).split(b"\n")
        self._partial = lines.pop()[:LINE_LIMIT] if data else b""
        return [line[:LINE_LIMIT].decode("utf-8", "replace").rstrip("\r") for line in lines if line]


class LineEditor:
    """One line being typed, with a history: keys in, finished lines out. Knows nothing of the terminal."""

    KEY = re.compile("\x1b(?:\\[[0-?]*[ -/]*(?:[@-~]|(?=[^ -~]))|O.|[^[O\x1b]|(?=\x1b))|[^\x1b]", re.S)
    ACTIONS = {
        "\x01": "home", "\x1b[H": "home", "\x1bOH": "home", "\x1b[1~": "home", "\x1b[7~": "home",
        "\x05": "end", "\x1b[F": "end", "\x1bOF": "end", "\x1b[4~": "end", "\x1b[8~": "end",
        "\x02": "left", "\x1b[D": "left", "\x1bOD": "left", "\x06": "right", "\x1b[C": "right", "\x1bOC": "right",
        "\x10": "older", "\x1b[A": "older", "\x1bOA": "older", "\x0e": "newer", "\x1b[B": "newer", "\x1bOB": "newer",
        "\x7f": "backspace", "\x08": "backspace", "\x1b[3~": "delete", "\x04": "delete_or_end",
        "\x0b": "kill_after", "\x15": "kill_before", "\x17": "kill_word",
    }

    def __init__(self) -> None:
        self.text, self.cursor, self.ended = "", 0, False
        self._pending = ""
        self._history, self._at, self._draft = deque(maxlen=HISTORY_LIMIT), 0, ""

    def feed(self, typed: str) -> list:
        """The lines that Enter has finished. `ended` is set by Ctrl-D on an empty line."""
        lines, rest = [], self._pending + typed
        while rest and not self.ended:
            key = self.KEY.match(rest)
            if not key:  # an escape sequence of which the end is still to come
                break
            rest = rest[key.end():]
            if key.group() in "\r\n":
                lines.append(self._finish())
            else:
                self._press(key.group())
        self._pending = rest if len(rest) < 32 else ""
        return lines

    def forget(self, line: str) -> None:
        """Takes the line that was finished last out of the history, and away if it was recalled."""
        if not self._history or self._history[-1] != line:
            return
        self._history.pop()
        if self._at == len(self._history):
            self.text, self._draft = self._draft, ""
            self.cursor = len(self.text)
        self._at = min(self._at, len(self._history))

    def view(self, columns: int) -> tuple:
        """The part of the line around the cursor that fits, and the column of the cursor in it."""
        start, column = self.cursor, 0
        while start and column + cells(self.text[start - 1]) < columns:
            start -= 1
            column += cells(self.text[start])
        stop, width = self.cursor, column
        while stop < len(self.text) and width + cells(self.text[stop]) < columns:
            width += cells(self.text[stop])
            stop += 1
        return self.text[start:stop].replace("\t", " "), column

    def _finish(self) -> str:
        line = self.text
        if line and (not self._history or self._history[-1] != line):
            self._history.append(line)
        self.text, self.cursor, self._at, self._draft = "", 0, len(self._history), ""
        return line

    def _press(self, key: str) -> None:
        action = self.ACTIONS.get(key)
        if action:
            getattr(self, "_" + action)()
        elif (key == "\t" or not CONTROL.match(key[0])) and len(self.text) < LINE_LIMIT:
            self.text = self.text[:self.cursor] + key + self.text[self.cursor:]
            self.cursor += len(key)

    def _step(self, by: int) -> int:
        """The position one character further; accents belong to the letter before them."""
        at = self.cursor + by
        while 0 < at < len(self.text) and cells(self.text[at]) == 0:
            at += by
        return max(0, min(at, len(self.text)))

    def _remove(self, start: int, stop: int) -> None:
        self.text, self.cursor = self.text[:start] + self.text[stop:], start

    def _home(self) -> None:
        self.cursor = 0

    def _end(self) -> None:
        self.cursor = len(self.text)

    def _left(self) -> None:
        self.cursor = self._step(-1)

    def _right(self) -> None:
        self.cursor = self._step(1)

    def _backspace(self) -> None:
        self._remove(self._step(-1), self.cursor)

    def _delete_or_end(self) -> None:
        self.ended = not self.text
        self._delete()

    def _delete(self) -> None:
        self._remove(self.cursor, self._step(1))

    def _kill_after(self) -> None:
        self._remove(self.cursor, len(self.text))

    def _kill_before(self) -> None:
        self._remove(0, self.cursor)

    def _kill_word(self) -> None:
        kept = self.text[:self.cursor].rstrip()
        self._remove(len(kept) - len(re.search(r"\S*$", kept).group()), self.cursor)

    def _older(self) -> None:
        self._recall(self._at - 1)

    def _newer(self) -> None:
        self._recall(self._at + 1)

    def _recall(self, at: int) -> None:
        if 0 <= at <= len(self._history):
            if self._at == len(self._history):
                self._draft = self.text
            self._at = at
            self.text = self._history[at] if at < len(self._history) else self._draft
            self.cursor = len(self.text)


class PipeScreen:
    """Lines in and out, when one of both is no terminal that can be drawn on."""

    wakeup = None

    def __init__(self) -> None:
        self._reader = LineReader()
        # A terminal in its own line mode has shown already what was typed.
        self._echo = not os.isatty(0)
        self._unechoed = None

    def read(self) -> tuple:
        """What was typed since, as lines, and whether the input has ended."""
        data = read_input()
        return self._reader.feed(data), not data

    def show(self, line: str, own: bool = False) -> None:
        if self._echo or not own:
            write_out(line + "\n")

    def warn(self, sentence: str) -> None:
        complain(sentence)

    def forget(self, line: str) -> None:
        pass  # nothing can be recalled

    def refresh(self, hidden: bool = False) -> None:
        """A pipe shows nothing of what comes from it; a terminal does unless it is told not to."""
        if self._echo or hidden == bool(self._unechoed):
            return
        if hidden:
            self._unechoed = termios.tcgetattr(0)
            mode = termios.tcgetattr(0)
            mode[3] &= ~termios.ECHO
            termios.tcsetattr(0, termios.TCSADRAIN, mode)
            write_out(SECRET_PROMPT)
        else:
            self.close()
            write_out("\n")

    def close(self) -> None:
        if self._unechoed:
            try:
                termios.tcsetattr(0, termios.TCSADRAIN, self._unechoed)
            except termios.error:
                pass  # the terminal itself has gone
            self._unechoed = None


class TerminalScreen:
    """Keeps the line being typed below everything that is shown."""

    PROMPT = "> "
    ERASE = "\r\x1b[K"

    def __init__(self) -> None:
        self._editor = LineEditor()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._saved = termios.tcgetattr(0)
        # Coming back from a stop and a new width of the window both ask for the line to be drawn again.
        self.wakeup, self._wakeup_write = os.pipe()
        os.set_blocking(self._wakeup_write, False)
        signal.set_wakeup_fd(self._wakeup_write, warn_on_full_buffer=False)
        for number in (signal.SIGWINCH, signal.SIGCONT):
            signal.signal(number, lambda *_: None)
        self._hidden = False
        self._take_keys()
        write_out(self._line())

    def _take_keys(self) -> None:
        """Keys come one by one and unechoed; Ctrl-C and Ctrl-Z stay signals."""
        mode = termios.tcgetattr(0)
        mode[3] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)
        termios.tcsetattr(0, termios.TCSADRAIN, mode)

    def redraw(self) -> None:
        os.read(self.wakeup, 4096)
        self._take_keys()
        write_out(self._line())

    def read(self) -> tuple:
        data = read_input()
        lines = self._editor.feed(self._decoder.decode(data))
        return lines, self._editor.ended or not data

    def show(self, line: str, own: bool = False) -> None:
        write_out(self.ERASE + line + "\n")

    def warn(self, sentence: str) -> None:
        write_out(self.ERASE)
        complain(sentence)

    def forget(self, line: str) -> None:
        self._editor.forget(line)

    def refresh(self, hidden: bool = False) -> None:
        self._hidden = hidden
        write_out(self._line())

    def _line(self) -> str:
        if self._hidden:
            return "%s%s" % (self.ERASE, SECRET_PROMPT)
        columns = shutil.get_terminal_size().columns
        text, column = self._editor.view(max(1, columns - len(self.PROMPT)))
        return "%s%s%s\r\x1b[%dC" % (self.ERASE, self.PROMPT, text, len(self.PROMPT) + column)

    def close(self) -> None:
        signal.set_wakeup_fd(-1)
        try:
            termios.tcsetattr(0, termios.TCSADRAIN, self._saved)
            write_out(self.ERASE)
        except (termios.error, OutputGone):
            pass  # the terminal itself has gone


class OutputGone(Exception):
    """Nobody reads what the program shows."""


def write_out(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError:
        raise OutputGone()


def read_input() -> bytes:
    """What is there to read; nothing at the end of input, also where a terminal has been taken away."""
    try:
        return os.read(0, 4096)
    except OSError:
        return b""


def complain(sentence: str) -> None:
    try:
        sys.stderr.write("client: %s\n" % harmless(sentence))
        sys.stderr.flush()
    except OSError:
        pass  # nobody is left to be told


def claim_streams() -> None:
    """Sees to it that 0 to 2 are open, so that no socket gets their numbers, and that any text can be written."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    sys.stdout = sys.stdout or open(os.devnull, "w")
    sys.stderr = sys.stderr or open(os.devnull, "w")
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.stderr.reconfigure(errors="backslashreplace")


def open_screen():
    drawable = os.isatty(0) and os.isatty(1) and os.environ.get("TERM", "dumb") != "dumb"
    return TerminalScreen() if drawable else PipeScreen()
