"""How many bytes the body of one request may have."""

from inference_gateway.errors import GatewayError
from inference_gateway.http1.limits import Limits
from inference_gateway.http1.refusals import PayloadTooLarge
from inference_gateway.http1.request import Request
from tests.http1.server import Connection, Recorder, chunked, post
from tests.http1.test_channel import DENIED, ChannelTestCase

LIMITS = Limits(body=4)
UPLOAD = b"Content-Type: multipart/form-data"


class Uploads(Recorder):
    """Allows ``most`` bytes to those who say that they upload."""

    most = 8

    def judge(self, request: Request) -> GatewayError | None:
        if request.header_values(b"content-type"):
            request.body_limit = self.most
        return super().judge(request)


def upload(body: bytes) -> bytes:
    """Return an upload of declared length."""
    return post(body, UPLOAD)


def upload_in_chunks(*chunks: bytes) -> bytes:
    """Return an upload in chunks."""
    return chunked(*chunks).replace(b"\r\n", b"\r\n" + UPLOAD + b"\r\n", 1)


class BodyLimitTests(ChannelTestCase):
    """The application may set another limit for a request when it judges the head."""

    def setUp(self) -> None:
        self.app = Uploads()
        self.connection = self.connect(LIMITS, self.app)

    def connect_anew(self) -> Connection:
        self.app = Uploads()
        return self.connect(LIMITS, self.app)

    def test_allowed_more(self) -> None:
        """What was allowed passes to its last byte, however it is framed and cut into reads."""
        for wire in (upload(b"12345678"), upload_in_chunks(b"123", b"45678")):
            for cut in (len(wire), wire.index(b"\r\n\r\n") + 4, len(wire) - 6):
                connection = self.connect_anew()
                connection.send(wire[:cut])
                connection.send(wire[cut:])
                self.assertEqual([r.body for r in self.app.dispatched], [b"12345678"], cut)
                self.assertFalse(connection.ended)

    def test_refused_beyond(self) -> None:
        """One byte more is refused, and the message names the limit of this request."""
        for wire in (upload(b"123456789"), upload_in_chunks(b"1234", b"56789")):
            connection = self.connect_anew()
            connection.send(wire)
            self.assert_refused(connection, PayloadTooLarge)
            [(_, error)] = self.app.refused
            self.assertEqual(error.message, "the body is larger than 8 bytes")

    def test_length_refused_at_head(self) -> None:
        """A declared length is refused before any of the body has come, or was asked for."""
        wire = post(b"123456789", UPLOAD, b"Expect: 100-continue")
        self.connection.send(wire[:-9])
        self.assert_refused(self.connection, PayloadTooLarge)
        self.assertNotIn(b"100 Continue", self.connection.sent)

    def test_chunks_refused_in_time(self) -> None:
        """Chunks are refused as soon as there are too many bytes, before the body ends."""
        self.connection.send(upload_in_chunks(b"1234", b"56789")[: -len(b"\r\n0\r\n\r\n")])
        self.assert_refused(self.connection, PayloadTooLarge)

    def test_next_request(self) -> None:
        """The next request on the connection has the ordinary limit again."""
        for wire in (post(b"12345"), chunked(b"12345")):
            connection = self.connect_anew()
            connection.send(upload(b"12345678"))
            connection.send(upload_in_chunks(b"12345678"))
            connection.send(post(b"1234"))
            connection.send(wire)
            self.assertEqual(connection.statuses, [200, 200, 200, 413])

    def test_pipelined(self) -> None:
        """So it has when both come in one read."""
        self.connection.send(upload(b"12345678") + post(b"12345"))
        self.assertEqual(self.connection.statuses, [200, 413])

    def test_allowed_less(self) -> None:
        """The limit of a request may be the smaller one, and zero is a limit."""
        for most, body, status in ((2, b"12", 200), (2, b"123", 413), (0, b"1", 413)):
            for wire in (upload(body), upload_in_chunks(body)):
                connection = self.connect_anew()
                self.app.most = most
                connection.send(wire)
                self.assertEqual(connection.statuses, [status], (most, body))

    def test_refused_for_another_reason(self) -> None:
        """Whoever is not welcome is told so, and not how large the body is."""
        self.app.error = DENIED
        self.connection.send(upload(b"123456789"))
        self.assertEqual([error for _, error in self.app.refused], [DENIED])
