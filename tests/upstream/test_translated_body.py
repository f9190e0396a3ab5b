"""Bodies on their way through a translation."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import GatewayError
from inference_gateway.provider_errors import ProviderInvalidAnswer, ProviderOverloaded
from inference_gateway.testing.doubles import ManualBody
from inference_gateway.upstream.translated_body import Document, Events, TranslatedBody
from inference_gateway.wire.request import ModelRequest
from inference_gateway.wire.sse import Event


class Shouting:
    """Translates into capitals, and refuses what says ``bad``."""

    def feed(self, event: Event) -> bytes:
        if event.data == b"bad":
            raise ProviderOverloaded("too much")
        return (event.data or b"").upper()

    def answer(self, body: bytes) -> bytes:
        if body == b"bad":
            raise ProviderInvalidAnswer("no answer")
        return body.upper()

    def stream(self, request: ModelRequest) -> "Shouting":
        return self


class Reader:
    """A sink that keeps what it gets; it may leave at once."""

    def __init__(self) -> None:
        self.received_data: list[bytes] = []
        self.ends: list[GatewayError | None] = []

    def received(self, data: bytes) -> None:
        self.received_data.append(data)

    def ended(self, error: GatewayError | None) -> None:
        self.ends.append(error)


class TranslatedTestCase(SynchronousTestCase):
    """A body that the test plays, and its reader."""

    def setUp(self) -> None:
        self.body = ManualBody()
        self.reader = Reader()


class EventTests(TranslatedTestCase):
    """A stream of events."""

    def setUp(self) -> None:
        super().setUp()
        self.translated = TranslatedBody(self.body, Events(Shouting()))
        self.translated.start(self.reader)

    def test_each_read(self) -> None:
        """What one read completes is handed on together, and nothing before it is whole."""
        self.body.feed(b"data: a\n\ndata: b\n\nda")
        self.body.feed(b"ta: c")
        self.assertEqual(self.reader.received_data, [b"AB"])
        self.body.feed(b"\n\n")
        self.body.end()
        self.assertEqual((self.reader.received_data, self.reader.ends), ([b"AB", b"C"], [None]))

    def test_failure(self) -> None:
        """What came before an event that tells of a failure stands, and the provider is left."""
        self.body.feed(b"data: a\n\ndata: bad\n\ndata: b\n\n")
        self.assertEqual(self.reader.received_data, [b"A"])
        self.assertEqual([type(error) for error in self.reader.ends], [ProviderOverloaded])
        self.assertTrue(self.body.aborted)

    def test_broken(self) -> None:
        """A body that breaks off says so, and an event that was not whole is none."""
        error = ProviderInvalidAnswer("broken")
        self.body.feed(b"data: a")
        self.body.end(error)
        self.assertEqual((self.reader.received_data, self.reader.ends), ([], [error]))

    def test_pace(self) -> None:
        """The reader's pace is the provider's."""
        self.translated.pause()
        self.translated.resume()
        self.assertEqual(self.body.asked[-2:], ["pause", "resume"])

    def test_left(self) -> None:
        """After an abort nothing is delivered, whatever still comes."""
        self.translated.abort()
        self.assertTrue(self.body.aborted)
        self.translated.received(b"data: a\n\n")
        self.translated.received(b"data: bad\n\n")
        self.translated.ended(None)
        self.assertEqual((self.reader.received_data, self.reader.ends), ([], []))


class DocumentTests(TranslatedTestCase):
    """A whole answer that comes bit by bit."""

    def setUp(self) -> None:
        super().setUp()
        TranslatedBody(self.body, Document(Shouting())).start(self.reader)

    def test_whole(self) -> None:
        """It is translated when all of it is there."""
        self.body.feed(b"whole ")
        self.body.feed(b"answer")
        self.assertEqual(self.reader.received_data, [])
        self.body.end()
        self.assertEqual((self.reader.received_data, self.reader.ends), ([b"WHOLE ANSWER"], [None]))

    def test_senseless(self) -> None:
        """One that is no answer is an error."""
        self.body.feed(b"bad")
        self.body.end()
        self.assertEqual([type(error) for error in self.reader.ends], [ProviderInvalidAnswer])

    def test_too_large(self) -> None:
        """One that outgrows every answer is given up."""
        for _ in range(33):
            self.body.feed(bytes(1024 * 1024))
        self.assertEqual([type(error) for error in self.reader.ends], [ProviderInvalidAnswer])
        self.assertTrue(self.body.aborted)
