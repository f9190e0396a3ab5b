"""Tests of `inference_gateway.config.scalars`: what each kind of value takes and refuses."""

from collections.abc import Iterable

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.kinds import Kind, Secret
from inference_gateway.config.node import Node, Value
from inference_gateway.config.problem import Place
from inference_gateway.config.scalars import (
    READERS,
    Unfit,
    read_boolean,
    read_choice,
    read_secret,
    read_text,
)


def node(value: Value, written: str | None = None) -> Node:
    return Node(value=value, path="x", place=Place(label="here"), written=written)


class KindTests(SynchronousTestCase):
    def check(self, kind: Kind, taken: Iterable[tuple[Value, object]], refused: str) -> None:
        for value, expected in taken:
            self.assertEqual(READERS[kind](node(value)), expected)
        self.assertEqual(self.refusal(kind, None), f"{refused}, got nothing")

    def refusal(self, kind: Kind, value: Value) -> str:
        return str(self.assertRaises(Unfit, READERS[kind], node(value)))

    def test_every_kind(self) -> None:
        """Every kind has a reader but those that are no single value."""
        self.assertEqual(set(READERS), set(Kind) - {Kind.MODELS, Kind.FALLBACKS})

    def test_duration(self) -> None:
        """A duration has a unit, unless it is zero, and ends within a year."""
        what = "expected a duration such as 30s, 250ms, 2m or 1h"
        self.check(Kind.DURATION, [("30s", 30.0), (0, 0.0), (0.0, 0.0), ("0s", 0.0)], what)
        hint = "; a number needs a unit"
        cases: list[tuple[Value, str]] = [
            (30, f"{what}, got the number 30{hint}"),
            (1.5, f"{what}, got the number 1.5{hint}"),
            (False, f"{what}, got false{hint}"),
            ("soon", f"{what}, got 'soon'"),
            ("8761h", "expected a duration of at most 8760h, got '8761h'"),
        ]
        for value, refusal in cases:
            self.assertEqual(self.refusal(Kind.DURATION, value), refusal)

    def test_positive_duration(self) -> None:
        """A limit of time is above zero."""
        what = "expected a duration such as 30s, 250ms, 2m or 1h"
        self.check(Kind.POSITIVE_DURATION, [("8760h", 365 * 86400.0)], what)
        for value in ("0s", 0):
            self.assertIn("above zero", self.refusal(Kind.POSITIVE_DURATION, value))

    def test_size(self) -> None:
        """A size has a unit and is above zero."""
        what = "expected a size such as 10MiB, 512KiB, 1GiB or 100B"
        self.check(Kind.SIZE, [("1KiB", 1024)], what)
        self.assertEqual(
            self.refusal(Kind.SIZE, 10), f"{what}, got the number 10; a number needs a unit"
        )
        self.assertEqual(self.refusal(Kind.SIZE, "10MB"), f"{what}, got '10MB'")
        self.assertIn("above zero", self.refusal(Kind.SIZE, "0B"))

    def test_count(self) -> None:
        """A count is a whole number above zero; a truth value is none."""
        self.check(Kind.COUNT, [(1, 1)], "expected a whole number above zero")
        for value in (0, -1, 1.5, True, "1"):
            self.assertIn("whole number", self.refusal(Kind.COUNT, value))

    def test_number(self) -> None:
        """A number is whole and may be zero."""
        what = "expected a whole number, 0 or more"
        self.check(Kind.NUMBER, [(0, 0), (7, 7)], what)
        for value in (-1, 1.5, True, "1"):
            self.assertIn(what, self.refusal(Kind.NUMBER, value))

    def test_percent(self) -> None:
        """A percentage is a whole number up to 100, written without its sign."""
        what = "expected a whole number from 0 to 100"
        self.check(Kind.PERCENT, [(0, 0), (100, 100)], what)
        for value in (-1, 101, 0.5, False, "20"):
            self.assertIn(what, self.refusal(Kind.PERCENT, value))
        self.assertEqual(self.refusal(Kind.PERCENT, "20%"), f"{what}, got '20%'; leave out the %")

    def test_timestamp(self) -> None:
        """A moment is a date or a date-time."""
        what = "expected a date such as 2030-01-31 or a date-time such as 2030-01-31T12:00:00Z"
        self.check(Kind.TIMESTAMP, [("1970-01-02", 86400.0)], what)
        for value in (2030, "later", "9999-12-31T23:59:59-12:00"):
            self.assertIn(what, self.refusal(Kind.TIMESTAMP, value))

    def test_identifier(self) -> None:
        """An id has up to 64 plain characters."""
        self.check(
            Kind.IDENTIFIER,
            [("a", "a"), ("A.b_c-9", "A.b_c-9"), ("a" * 64, "a" * 64)],
            "expected a string",
        )
        for value in ("", "a" * 65, "a b", "ä", "a/b"):
            self.assertIn(
                "expected 1 to 64 of the characters", self.refusal(Kind.IDENTIFIER, value)
            )

    def test_model(self) -> None:
        """A model's name is printable, not empty, and has at most one star."""
        self.check(Kind.MODEL, [("org/a:b", "org/a:b"), ("*", "*")], "expected a string")
        for value in ("", "a" * 257, "**", "a\u2028"):
            self.assertIn("1 to 256 printable characters", self.refusal(Kind.MODEL, value))

    def test_endpoint(self) -> None:
        """An endpoint is text that Twisted can open."""
        self.check(Kind.ENDPOINT, [("tcp:0", "tcp:0")], "expected a string")
        self.assertEqual(
            self.refusal(Kind.ENDPOINT, "tcp:x"),
            "expected an endpoint such as tcp:8000:interface=127.0.0.1, got 'tcp:x':"
            " 'x' is no port from 0 to 65535",
        )

    def test_root_path(self) -> None:
        """The root path is empty, or starts with a slash and ends without one."""
        self.check(Kind.ROOT_PATH, [("", ""), ("/a/b-c", "/a/b-c")], "expected a string")
        for value in ("a", "/", "/a/", "//a", "/a?b", "/a b"):
            self.assertIn("starts with a slash", self.refusal(Kind.ROOT_PATH, value))

    def test_header_name(self) -> None:
        """A header's name is a token."""
        self.check(Kind.HEADER_NAME, [("X-Request-ID", "X-Request-ID")], "expected a string")
        for value in ("", "a b", "a:", "ä"):
            self.assertIn("the name of a header", self.refusal(Kind.HEADER_NAME, value))

    def test_extra_header(self) -> None:
        """An extra header is a token, and none that the gateway needs itself."""
        self.check(Kind.EXTRA_HEADER, [("X-Team", "X-Team")], "expected a string")
        self.assertIn("the name of a header", self.refusal(Kind.EXTRA_HEADER, "a b"))
        self.assertEqual(
            self.refusal(Kind.EXTRA_HEADER, "Authorization"),
            "the header Authorization cannot be set: write the key into api_key",
        )

    def test_header_value(self) -> None:
        """What an extra header says may stand in the file, but is not shown."""
        self.check(Kind.HEADER_VALUE, [("a b", Secret("a b"))], "expected a string")
        hint = "; put it in quotes"
        self.assertEqual(
            self.refusal(Kind.HEADER_VALUE, 5), f"expected a string, got a number{hint}"
        )
        self.assertEqual(
            self.refusal(Kind.HEADER_VALUE, "secret\n"),
            "expected visible ASCII characters, with spaces only between them",
        )

    def test_base_url(self) -> None:
        """A base URL is put into its normal form, and is not shown if it is none."""
        what = "expected a URL such as http://127.0.0.1:8080/v1"
        self.check(Kind.BASE_URL, [("HTTP://GPU", "http://gpu")], what)
        self.assertEqual(
            self.refusal(Kind.BASE_URL, "gpu/secret"),
            f"{what}, but it starts with neither http:// nor https://",
        )

    def test_dropped_field(self) -> None:
        """Every member can be dropped but those that the gateway needs."""
        self.check(Kind.DROPPED_FIELD, [("user", "user"), ("ä b", "ä b")], "expected a string")
        for name in ("model", "messages", "stream"):
            self.assertEqual(
                self.refusal(Kind.DROPPED_FIELD, name),
                f"{name} cannot be dropped: the gateway needs it",
            )
        for name in ("", "a" * 129):
            self.assertIn("1 to 128 characters", self.refusal(Kind.DROPPED_FIELD, name))

    def test_digest(self) -> None:
        """A digest is sha256 in hexadecimal, in small letters afterwards, and is never shown."""
        self.check(
            Kind.DIGEST,
            [("sha256:" + "AB" * 32, "sha256:" + "ab" * 32)],
            "expected sha256: and 64 hexadecimal digits, as --new-key prints them",
        )
        for value in ("", "ab" * 32, "md5:" + "ab" * 32, "sha256:" + "ab" * 31):
            self.assertTrue(self.refusal(Kind.DIGEST, value).endswith("got a string"))

    def test_title(self) -> None:
        """A title is text of up to 200 characters."""
        self.check(Kind.TITLE, [("Our models", "Our models")], "expected a string")
        for value in ("", " ", "a" * 201):
            self.assertIn("1 to 200 characters", self.refusal(Kind.TITLE, value))

    def test_file_path(self) -> None:
        """The path of a file is not empty."""
        self.check(Kind.FILE_PATH, [("/var/log/a", "/var/log/a")], "expected a string")
        self.assertIn("the path of a file", self.refusal(Kind.FILE_PATH, ""))


class PlainTests(SynchronousTestCase):
    def refusal(self, reader: object, *arguments: object) -> str:
        return str(self.assertRaises(Unfit, reader, *arguments))

    def test_text(self) -> None:
        """Text is one line of Unicode; another scalar wants quotes."""
        self.assertEqual(read_text(node("ä b")), "ä b")
        for value, refusal in [
            (5, "expected a string, got the number 5; put it in quotes"),
            (True, "expected a string, got true; put it in quotes"),
            ((), "expected a string, got a list"),
            ("a\nb", "expected text of one line without control characters, got 'a\\nb'"),
            ("\x7f", "expected text of one line without control characters, got '\\x7f'"),
            ("\ud800", "expected text of one line without control characters, got '\\ud800'"),
        ]:
            self.assertEqual(self.refusal(read_text, node(value)), refusal)  # type: ignore[arg-type]

    def test_boolean(self) -> None:
        """Only YAML's truth values are taken."""
        self.assertIs(read_boolean(node(True)), True)
        for value in ("true", 1, None):
            self.assertIn("expected true or false", self.refusal(read_boolean, node(value)))

    def test_choice(self) -> None:
        """One of the words is taken, and the nearest is offered."""
        self.assertEqual(read_choice(node("a"), ("a", "b")), "a")
        self.assertEqual(
            self.refusal(read_choice, node("jsn"), ("json", "text")),
            "expected one of json, text, got 'jsn'; did you mean 'json'?",
        )
        self.assertEqual(self.refusal(read_choice, node(False), ("on",)), "expected on, got false")
        self.assertIn("got a list", self.refusal(read_choice, node(()), ("on", "off")))

    def test_secret(self) -> None:
        """A secret is taken from elsewhere only, and is one line that is not empty."""
        self.assertEqual(read_secret(node("a b", "${A}")).reveal(), "a b")
        self.assertIn("use ${NAME}", self.refusal(read_secret, node("a")))
        self.assertEqual(self.refusal(read_secret, node(5)), "expected a string, got a number")
        for value in ("", " ", "a\nb", "\udcff"):
            self.assertEqual(
                self.refusal(read_secret, node(value, "${A}")),
                "${A} does not hold one line of text",
            )
