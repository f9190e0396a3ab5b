"""Tests of `inference_gateway.wire.multipart`: which forms are read, and what it costs."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import InvalidRequest
from inference_gateway.wire.multipart import (
    MAX_AROUND,
    MAX_HEAD,
    MAX_PARTS,
    boundary_of,
    read_form,
)
from tests.wire.forms import FILE, HEAD, TYPE, contents, field, form


class BoundaryTests(SynchronousTestCase):
    def test_good(self) -> None:
        """A boundary is a token or quoted, in whatever case the words around it are."""
        for said, boundary in (
            (b"boundary=AaB03x", b"AaB03x"),
            (b"Boundary=AaB03x; charset=UTF-8", b"AaB03x"),
            (b'boundary="AaB03x"; charset="utf8"', b"AaB03x"),
            (
                b"x=y;;  boundary=----WebKitFormBoundary7MA4YWx ",
                b"----WebKitFormBoundary7MA4YWx",
            ),
            (b'boundary="\'()+_,-./:=? 1"', b"'()+_,-./:=? 1"),
            (b"boundary=" + b"a" * 70, b"a" * 70),
        ):
            self.assertEqual(boundary_of(b"Multipart/Form-Data ; " + said), boundary)

    def test_bad(self) -> None:
        """Everything else is none, and so is what two readers might read differently."""
        for said in (
            *(b"", b"boundary", b"boundary=", b'boundary=""', b"boundary =a", b"boundary=a/b"),
            *(b'boundary="a "', b'boundary="a', b'boundary="a\\b"', b'boundary="a\tb"'),
            *(b"boundary=a; boundary=a", b"boundary=a; Boundary=b", b"boundary=a b"),
            *(b"boundary=a; boundary*=b", b"boundary*0=a", b"\tboundary=a", b"boundary=\xe4"),
            *(b"boundary=a; charset=utf-7", b"boundary=" + b"a" * 71, b'boundary="{a}"'),
        ):
            self.assertIsNone(boundary_of(b"multipart/form-data; " + said), said)
        for other in (b"", b"multipart/mixed; boundary=a", b"multipart/form-datax; boundary=a"):
            self.assertIsNone(boundary_of(other), other)


class ReadTests(SynchronousTestCase):
    """Parts are found where they are, and what is ambiguous is refused."""

    def test_parts(self) -> None:
        """Each part has its name, and the place of its content."""
        body = form(FILE, field(b"a", b"1"), field(b"b"))
        read = read_form(body, TYPE)
        self.assertEqual(contents(body), [("file", b"RIFF\x00\r\n\xff"), ("a", b"1"), ("b", b"")])
        self.assertEqual([part.filename for part in read.parts], [b"a.wav", None, None])
        self.assertEqual(read.parts[0].content_type, b"audio/wav")
        self.assertNotIn("RIFF", repr(read))
        self.assertNotIn("a.wav", repr(read))

    def test_tolerated(self) -> None:
        """What the RFCs allow around the parts and in their heads is no part of the content."""
        whole = form(HEAD + b"\r\n\r\n1")
        for body in (
            *(whole, whole[:-2], whole + b"more", b"before\r\n" + whole, b"\r\n" + whole),
            *(b"--AaB03\r\n" + whole, b"AaB03x--\n\r\n" + whole),
            *(whole.replace(b"x\r", b"x \t\r"), whole.replace(b"--\r", b"--  \r")),
            *(whole[:-2] + b" ", b"-" * (MAX_AROUND - 2) + b"\r\n" + whole + b"." * MAX_AROUND),
            form(HEAD.replace(b'"', b"") + b"\r\n\r\n1"),
            form(HEAD.lower().replace(b": ", b":\t") + b" ; x=y;  \t\r\nX-Any: \xe4\r\n\r\n1"),
            form(b"X: " + b"y" * (MAX_HEAD - 9 - len(HEAD)) + b"\r\n" + HEAD + b"\r\n\r\n1"),
            form(HEAD + b"\r\nContent-Transfer-Encoding: 8BIT \r\n\r\n1"),
        ):
            self.assertEqual(contents(body), [("a", b"1")], body[:200])

    def test_nothing(self) -> None:
        """A form may be empty."""
        self.assertEqual(contents(form()), [])

    def test_content(self) -> None:
        """A content may hold everything but a line that begins like the boundary."""
        for content in (
            *(b"--AaB03x", b"x--AaB03x--\r\n", b"\r.--AaB03x\r\n", b"\r\n-AaB03x\r\n"),
            *(b"\r\n--aab03x", b"\r\n --AaB03x", b"\r\n\r\n", b"\r", b"\n", b"\r\n--", b"\x00"),
            # a form within the form, with a boundary of its own
            b"x" + form(field(b"model", b"other"), boundary=b"inner"),
        ):
            self.assertEqual(contents(form(HEAD + b"\r\n\r\n." + content)), [("a", b"." + content)])

    def test_filename(self) -> None:
        """A filename may have escapes or be extended: nothing hangs on it but that it is there."""
        for said, filename in (
            (b'filename="a\\"; name=\\"model"', b'a\\"; name=\\"model'),
            (b'filename="\xc3\xa4%22\\\\"', b"\xc3\xa4%22\\\\"),
            (b"filename*=utf-8''%c3%a4", b"utf-8''%c3%a4"),
            (b"filename*=utf-8''b; filename=a", b"a"),
            (b'filename=""', b""),
        ):
            [part] = read_form(form(HEAD + b"; " + said + b"\r\n\r\n1"), TYPE).parts
            self.assertEqual((part.name, part.filename), ("a", filename))

    def assert_refused(self, body: bytes, message: str) -> None:
        error = self.assertRaises(InvalidRequest, read_form, body, TYPE)
        self.assertIn(message, error.message, body[:200])

    def test_framing_refused(self) -> None:
        """Boundaries are whole lines, in CRLF, from the beginning to the end of the body."""
        whole = form(HEAD + b"\r\n\r\n1")
        for body, message in (
            *(
                (body, "does not begin")
                for body in (
                    *(b"", b"--AaB03", b"." * 2000 + b"\r\n" + whole),
                    *(start + whole for start in (b"x", b"\t", b"-", b"\n", b"\r", b"x\r\n\n")),
                    b"x--AaB03x\r\n" + whole,
                )
            ),
            *((whole[:-cut], "no closing boundary") for cut in (5, 8, 14, 20)),
            (whole[:-4], "no closing boundary"),
            (whole[:-3], "begins with the boundary and goes on"),
            (whole.replace(b"--\r", b"--x\r"), "begins with the boundary and goes on"),
            (whole.replace(b"\r\n", b"\n"), "begins with the boundary and goes on"),
            (b"--AaB03x \n" + whole, "begins with the boundary and goes on"),
            *(
                (form(HEAD + b"\r\n\r\n" + line + b"\r\n"), message)
                for line, message in (
                    (b"\r\n--AaB03xyz", "begins with the boundary and goes on"),
                    (b"\r\n--AaB03x-", "begins with the boundary and goes on"),
                    (b"\n--AaB03x", "line feed"),
                    (b"x\n--AaB03xyz", "line feed"),
                    (b"x\r--AaB03xyz", "bare carriage return"),
                    (b"\r\n\r--AaB03x", "bare carriage return"),
                    (b"--AaB03x", "does not end"),
                )
            ),
            (whole + whole, "goes on behind"),
            (whole + b"x--AaB03x", "goes on behind"),
            (whole + b"." * (MAX_AROUND + 1), "goes on behind"),
            (b"--AaB03x\r\n" + whole, "does not end"),
        ):
            self.assert_refused(body, message)

    def test_heads_refused(self) -> None:
        """A part's head is short, in lines that are not folded, and says one name."""
        for head, message in (
            (b"", "Content-Disposition"),
            (b"Content-Type: text/plain", "Content-Disposition"),
            (b"X" + HEAD, "Content-Disposition"),
            (HEAD.replace(b"form-data", b"attachment"), "Content-Disposition"),
            (HEAD.replace(b"form-data", b"form-datax"), "Content-Disposition"),
            (HEAD.replace(b"name", b"title"), "Content-Disposition"),
            (HEAD.replace(b'"a"', b'""'), "Content-Disposition"),
            (HEAD.replace(b'"a"', b'"a'), "Content-Disposition"),
            (HEAD.replace(b'"a"', b"a b"), "Content-Disposition"),
            (HEAD.replace(b"name=", b"name*=utf-8''"), "Content-Disposition"),
            (HEAD.replace(b"; ", b"; \t"), "Content-Disposition"),
            (HEAD + b'; name="b"', "Content-Disposition"),
            (HEAD + b'; NAME*0="b"', "Content-Disposition"),
            (HEAD + b'; filename="a"; filename="b"', "Content-Disposition"),
            (HEAD + b'; filename="a"b"', "Content-Disposition"),
            (HEAD.replace(b'"a"', b'"mod\\el"'), "escapes"),
            (HEAD.replace(b'"a"', b'"\xe4"'), "UTF-8"),
            (HEAD.replace(b'"a"', b'"a\x00"'), "malformed line"),
            (HEAD.replace(b'"a"', b'"a\nX: b"'), "malformed line"),
            (HEAD.replace(b"; ", b";\r\n "), "malformed line"),
            (HEAD.replace(b": ", b" : "), "malformed line"),
            (b" " + HEAD, "malformed line"),
            (HEAD + b"\r\nContent", "malformed line"),
            (HEAD + b"\r\n" + HEAD.lower(), "a field twice"),
            (HEAD + b"\r\nContent-Transfer-Encoding: base64", "Transfer-Encoding"),
            (HEAD + b"\r\nContent-Transfer-Encoding: binary, base64", "Transfer-Encoding"),
            (HEAD + b"\r\nX: " + b"y" * MAX_HEAD, "not within 8192 bytes"),
            (b"X: " + b"y" * (MAX_HEAD - 8 - len(HEAD)) + b"\r\n" + HEAD, "not within 8192 bytes"),
        ):
            self.assert_refused(form(head + b"\r\n\r\n1"), message)

    def test_head_without_end(self) -> None:
        """A head needs its empty line, and a line end between that and the next boundary."""
        for part in (HEAD, HEAD + b"\r\n"):
            self.assert_refused(form(part), "does not end")

    def test_type_refused(self) -> None:
        """Without a boundary there is no form."""
        error = self.assertRaises(InvalidRequest, read_form, form(), b"multipart/form-data")
        self.assertIn("boundary", error.message)

    def test_many_parts(self) -> None:
        """A hundred parts are read, and one more is not."""
        self.assertEqual(len(contents(form(*[field(b"a")] * MAX_PARTS))), MAX_PARTS)
        self.assert_refused(form(*[field(b"a")] * (MAX_PARTS + 1)), "more than 100 parts")


class Counted(bytes):
    """Bytes that count how many of them were searched, and how often."""

    searched = searches = 0

    def find(self, wanted: Any, start: Any = 0, stop: Any = None) -> int:
        stop = len(self) if stop is None else stop
        found = super().find(wanted, start, stop)
        self.searches += 1
        self.searched += max(0, (stop if found < 0 else found) - start)
        return found


class WorkTests(SynchronousTestCase):
    """Hostile bodies cost no more than two passes and a few searches."""

    def test_linear(self) -> None:
        """Ten megabytes of what is nearly a boundary are searched twice."""
        dashes = b"-" * 70
        for filler in (b"\r\n--", b"\r\n" + dashes + b"-", b"-", b"--AaB03x", b"\r\n\r\n", b"\n"):
            for boundary in (b"AaB03x", dashes):
                content = filler * (10_000_000 // len(filler))
                body = Counted(form(HEAD + b"\r\n\r\n." + content, boundary=boundary))
                [part] = read_form(body, b"multipart/form-data; boundary=" + boundary).parts
                self.assertEqual(part.end - part.content, len(content) + 1)
                self.assertLess(body.searched, 2 * len(body) + MAX_HEAD)
                self.assertLess(body.searches, 10)

    def test_many_parts(self) -> None:
        """However many parts a body has, no more are looked at one by one than are read."""
        body = Counted(form(*[field(b"a", b"1")] * 100_000))
        self.assertRaises(InvalidRequest, read_form, body, TYPE)
        self.assertLess(body.searches, 3 * MAX_PARTS)
