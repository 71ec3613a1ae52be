"""python3 -m unittest discover -s python"""
import os
import random
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from scripted import check_syntax  # noqa: E402
from terminal import LINE_LIMIT, LineEditor, LineReader, cells, harmless  # noqa: E402


class HarmlessTest(unittest.TestCase):
    def test_controls_are_spelled_out(self):
        self.assertEqual(harmless("a\x1b[2Jb\x07\x7f\x9b\u202e\u2066"), "a\\x1b[2Jb\\x07\\x7f\\x9b\\u202e\\u2066")
        for number in list(range(32)) + list(range(127, 160)):
            if chr(number) not in "\t\n":
                self.assertEqual(harmless("a%sb" % chr(number)), "a\\x%02xb" % number)

    def test_text_of_any_language_stays(self):
        for text in ("grüße", "你好", "مرحبا", "שלום", "नमस्ते", "👩\u200d👩\u200d👧", "tab\there"):
            self.assertEqual(harmless(text), text)

    def test_no_line_passes_for_a_message_of_its_own(self):
        self.assertEqual(harmless("hi\nbob: spoof\r\nx\n"), "hi\n    bob: spoof\n    x")
        self.assertEqual(harmless("eve\nbob\t", inline=True), "eve\\nbob\\t")


class LineReaderTest(unittest.TestCase):
    def test_lines_in_any_pieces(self):
        data = "one\r\n\ntwo é\nthree".encode()
        for size in range(1, len(data) + 1):
            reader, lines = LineReader(), []
            for start in range(0, len(data), size):
                lines += reader.feed(data[start:start + size])
            self.assertEqual(lines + reader.feed(b""), ["one", "two é", "three"])

    def test_an_endless_line_is_not_kept(self):
        reader = LineReader()
        for _ in range(1000):
            self.assertEqual(reader.feed(b"x" * 4096), [])
        self.assertLess(len(reader._partial), 20000)
        self.assertEqual(reader.feed(b"y\nnext\n"), ["x" * LINE_LIMIT, "next"])


class LineEditorTest(unittest.TestCase):
    def check(self, keys, text, cursor=None):
        editor = LineEditor()
        editor.feed(keys)
        self.assertEqual(editor.text, text)
        self.assertEqual(editor.cursor, len(text) if cursor is None else cursor)

    def test_keys(self):
        self.check("abc", "abc")
        self.check("abc\x7f", "ab")
        self.check("abc\x1b[D\x1b[DX", "aXbc", 2)
        self.check("abc\x01X\x05Y", "XabcY")
        self.check("abc\x1b[H\x1b[3~", "bc", 0)
        self.check("one two  \x17", "one ")
        self.check("one two\x1b[D\x1b[D\x1b[D\x0b", "one ")
        self.check("one two\x1b[D\x1b[D\x1b[D\x15", "two", 0)
        self.check("e\u0301\x7f", "")
        self.check("a\x07\x1b[99;5~\x1b\x1b[Cb\u202e", "ab")
        self.check("a\x1b[\u00e9b", "aéb")
        self.check("\x1b[3~\x7f\x0b\x15\x17\x1b[D\x1b[C\x1b[A\x1b[B", "")

    def test_history(self):
        editor = LineEditor()
        self.assertEqual(editor.feed("one\ntwo\ntwo\ndraft"), ["one", "two", "two"])
        seen = []
        for key in ("\x1b[A", "\x1b[A", "\x1b[A", "\x1b[B", "\x1b[B", "\x1b[B"):
            editor.feed(key)
            seen.append(editor.text)
        self.assertEqual(seen, ["two", "one", "one", "two", "draft", "draft"])

    def test_a_forgotten_line_cannot_be_recalled(self):
        editor = LineEditor()
        editor.feed("one\nsecret\n")
        editor.forget("secret")
        editor.forget("never typed")
        editor.feed("\x1b[A")
        self.assertEqual(editor.text, "one")
        editor = LineEditor()
        editor.feed("secret\ndraft\x1b[A")
        editor.forget("secret")
        self.assertEqual(editor.text, "draft")

    def test_end_of_input_only_on_an_empty_line(self):
        editor = LineEditor()
        editor.feed("ab\x01\x04\x1b[3~\x1b[3~")
        self.assertEqual((editor.text, editor.ended), ("", False))
        editor.feed("\x04")
        self.assertTrue(editor.ended)

    def test_view_fits_and_holds_the_cursor(self):
        rng = random.Random(9)
        for _ in range(500):
            editor = LineEditor()
            editor.feed("".join(rng.choice("ab好é\u0301\x1b") for _ in range(rng.randrange(60))).replace("\x1b", "\x1b[D"))
            for columns in (1, 2, 3, 10, 80):
                text, column = editor.view(columns)
                self.assertLess(column, columns)
                self.assertLess(sum(map(cells, text)), max(columns, 1) + 1)

    def test_random_keys_do_no_harm(self):
        rng = random.Random(10)
        keys = "abc 好\u0301\x01\x02\x04\x05\x06\x08\x0b\x0e\x10\x15\x17\x1b[ABCDHF~;123O\r\n\x7f"
        for _ in range(500):
            editor = LineEditor()
            for _ in range(rng.randrange(60)):
                editor.feed(rng.choice(keys))
                self.assertTrue(0 <= editor.cursor <= len(editor.text))


class SourceTest(unittest.TestCase):
    def test_the_syntax_is_that_of_python_3_7(self):
        check_syntax(self, HERE)


if __name__ == "__main__":
    unittest.main()
