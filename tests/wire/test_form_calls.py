"""Tests of `inference_gateway.wire.multipart`: what becomes of a form that was read."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import InvalidRequest
from inference_gateway.wire.multipart import (
    MAX_TEXT,
    Form,
    parse_form,
    read_form,
    set_form_model,
)
from inference_gateway.wire.operations import OPERATIONS
from inference_gateway.wire.request import ModelRequest
from tests.wire.forms import FILE, MODEL, TYPE, contents, encoded, field, form

NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\\"), min_size=1)
NEARLY = st.lists(
    st.sampled_from([b"\r\n", b"--", b"AaB03x", b"\n", b"a", b"\x00", b"Content-Disposition: "])
).map(b"".join)


def parse(body: bytes, operation: str = "transcriptions") -> ModelRequest:
    """Return the request that a form is."""
    return parse_form(body, TYPE, OPERATIONS[operation])


def named(name: bytes) -> bytes:
    """Return a part with a file, under that name."""
    return FILE.replace(b'name="file"', b'name="%b"' % name)


class EditTests(SynchronousTestCase):
    """Changes leave every other byte alone."""

    def read(self, *parts: bytes) -> Form:
        return read_form(form(*parts), TYPE)

    @settings(max_examples=200)
    @given(
        st.lists(st.tuples(NAMES, st.text(max_size=20)), max_size=4),
        st.integers(0, 4),
        NAMES,
        NEARLY,
        st.text(max_size=20),
    )
    def test_replace(
        self,
        fields: list[tuple[str, str]],
        place: int,
        filename: str,
        content: bytes,
        model: str,
    ) -> None:
        """A form whose model was replaced reads as before, but for the model."""
        assume(b"\n--AaB03x" not in b"\n" + content)
        fields = [(name, value) for name, value in fields if name != "model"]
        fields.insert(place, ("model", "old"))
        body = encoded(fields, [("file", filename, content)])
        changed = read_form(body, TYPE).replace("model", model.encode())
        expected = [(name, model if name == "model" else value) for name, value in fields]
        self.assertEqual(changed, encoded(expected, [("file", filename, content)]))
        self.assertEqual(
            contents(changed),
            [
                *((name.replace('"', "%22"), value.encode()) for name, value in expected),
                ("file", content),
            ],
        )

    def test_replace_refused(self) -> None:
        """There must be one part of that name, and no boundary in what takes its place."""
        read = self.read(field(b"model", b"1"), field(b"a"), field(b"a"))
        for name, value, message in (
            ("b", b"2", "b is required"),
            ("a", b"2", "a is given more than once"),
            ("model", b"--AaB03x", "model cannot be sent with this boundary"),
            ("model", b"x\r\n--AaB03x--", "model cannot be sent with this boundary"),
        ):
            error = self.assertRaises(InvalidRequest, read.replace, name, value)
            self.assertEqual((error.message, error.param), (message, name))
        self.assertIn(b"x--AaB03x", read.replace("model", b"x--AaB03x"))

    def test_without(self) -> None:
        """Parts are removed with their boundaries, wherever they are."""
        parts = [field(b"a", b"1"), field(b"b", b"2"), field(b"c", b"3")]
        for kept in ((0, 1, 2), (1, 2), (0, 2), (0, 1), (1,), ()):
            read = read_form(b"before\r\n" + form(*parts) + b"after", TYPE)
            gone = [part for index, part in enumerate(read.parts) if index not in kept]
            expected = b"before\r\n" + form(*(parts[index] for index in kept)) + b"after"
            self.assertEqual(read.without(gone), expected)

    def test_text(self) -> None:
        """A text field is read as what it says, with or without a type."""
        for line in (b"", b"text/plain", b"Text/Plain; charset=UTF-8", b"text/plain;charset=utf8"):
            lines = (b"Content-Type: " + line,) if line else ()
            self.assertEqual(self.read(field(b"a", "ä".encode(), *lines)).text("a"), "ä")
        self.assertIsNone(self.read().text("a"))
        self.assertEqual(len(self.read(field(b"a", b"x" * MAX_TEXT)).text("a") or ""), MAX_TEXT)

    def test_text_refused(self) -> None:
        """What another reader would read differently is no text, and neither is what is long."""
        for part, message in (
            (field(b"a", b"\xe4"), "a must be UTF-8"),
            (field(b"a", b"x" * (MAX_TEXT + 1)), "a must have at most 4096 bytes"),
            (field(b'a"; filename="b'), "a must be sent as plain text"),
            (field(b"a", b"1", b"Content-Type: application/json"), "a must be sent as plain text"),
            (field(b"a", b"1", b"Content-Type: text/plain; charset=utf-16"), "a must be sent as"),
            (field(b"a", b"1", b"Content-Type: multipart/mixed; boundary=b"), "a must be sent as"),
            (field(b"a", b"1", b"Content-Type: text"), "a must be sent as plain text"),
        ):
            error = self.assertRaises(InvalidRequest, self.read(part).text, "a")
            self.assertEqual(error.param, "a")
            self.assertIn(message, error.message)


class FormCallTests(SynchronousTestCase):
    """A good form becomes a request that keeps its bytes."""

    def refused(self, *parts: bytes, operation: str = "transcriptions") -> list[str | None]:
        """Return the fields that a form is refused for."""
        error = self.assertRaises(InvalidRequest, parse, form(*parts), operation)
        self.assertEqual(error.param, error.problems[0].field)
        return [problem.field for problem in error.problems]

    def test_smallest(self) -> None:
        """A model and a file are enough, and the body is the very one that came."""
        body = form(MODEL, FILE)
        request = parse(body)
        self.assertIs(request.operation, OPERATIONS["transcriptions"])
        self.assertIs(request.body, body)
        self.assertEqual((request.model, request.stream), ("whisper-1", False))
        self.assertEqual((request.content_type, request.dropped), (TYPE, ()))

    def test_files(self) -> None:
        """Each kind of call has names of its own for what it is about."""
        for operation, names in (
            ("transcriptions", (b"file",)),
            ("translations", (b"file",)),
            ("image_edits", (b"image", b"image[]")),
            ("image_variations", (b"image", b"image[]")),
        ):
            for name in names:
                request = parse(form(MODEL, named(name)), operation)
                self.assertIs(request.operation, OPERATIONS[operation])
            for other in {b"file", b"image", b"image[]", b"mask", b"image[0]"} - set(names):
                self.assertEqual(
                    self.refused(MODEL, named(other), operation=operation), [names[0].decode()]
                )

    def test_images(self) -> None:
        """Several images with a mask pass as they came."""
        body = form(MODEL, named(b"image[]"), named(b"image[]"), named(b"mask"))
        self.assertIs(parse(body, "image_edits").body, body)

    def test_stream_where_there_is_none(self) -> None:
        """What is never a stream is answered whole, but what asks for one must be well formed."""
        for operation, stream in (("image_edits", True), ("image_variations", False)):
            parts = (MODEL, named(b"image"))
            request = parse(form(*parts, field(b"stream", b"true")), operation)
            self.assertEqual(request.stream, stream)
            self.assertEqual(
                self.refused(*parts, field(b"stream", b"1"), operation=operation), ["stream"]
            )

    def test_stream(self) -> None:
        """Streams are asked for in words, in whatever case."""
        for word, stream in ((b"true", True), (b"True", True), (b"FALSE", False)):
            request = parse(form(MODEL, FILE, field(b"stream", word)))
            self.assertEqual(request.stream, stream)
        for word in (b"", b"1", b"yes", b" true", b"true\r\n"):
            self.assertEqual(self.refused(MODEL, FILE, field(b"stream", word)), ["stream"])

    def test_required(self) -> None:
        """All that is missing or wrong is told at once."""
        self.assertEqual(self.refused(), ["model", "file"])
        self.assertEqual(self.refused(MODEL, field(b"file", b"RIFF")), ["file"])
        self.assertEqual(self.refused(MODEL, FILE.replace(b"a.wav", b"")), ["file"])
        for name in (b"", b"x" * 257, b" x", b"x\x00", b"x\r\n"):
            self.assertEqual(self.refused(field(b"model", name)), ["model", "file"], name)

    def test_twice(self) -> None:
        """A second model or stream is refused, other fields may come as often as they like."""
        stream = field(b"stream", b"false")
        self.assertEqual(self.refused(MODEL, FILE, MODEL), ["model"])
        self.assertEqual(self.refused(MODEL, FILE, stream, stream), ["stream"])
        include = field(b"include[]", b"logprobs")
        body = form(MODEL, FILE, include, include)
        self.assertIs(parse(body).body, body)

    def test_dropped(self) -> None:
        """Reserved fields are removed, and each is named once."""
        headers = [field(b"extra_headers[%b]" % name) for name in (b"a", b"b")]
        request = parse(form(field(b"api_key", b"k"), MODEL, *headers, FILE, field(b"api_key")))
        self.assertEqual(request.dropped, ("api_key", "extra_headers"))
        self.assertEqual(request.body, form(MODEL, FILE))

    def test_set_model(self) -> None:
        """The provider's name takes the model's place, and the same name changes nothing."""
        request = parse(form(FILE, MODEL))
        self.assertEqual(
            set_form_model(request, "ä/b"), form(FILE, field(b"model", "ä/b".encode()))
        )
        self.assertIs(set_form_model(request, "whisper-1"), request.body)
