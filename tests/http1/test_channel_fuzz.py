"""Whatever comes: no exception escapes, what is answered is HTTP, and no timer stays behind."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.http1.limits import Limits
from tests.http1.server import GET, Connection, answers, chunked, post

LIMITS = Limits(body=200, read_ahead=100, linger_bytes=300, chunk_extensions=64, trailers=64)
VALID = (
    GET,
    post(b"hello"),
    post(b"", b"Connection: close"),
    post(b"x" * 50, b"Expect: 100-continue", b"Connection: Upgrade", b"Upgrade: h2c"),
    chunked(b"hello", b"\r\n\r\n", extra=b";a=b", trailers=b"Content-Length: 7\r\n"),
    b"GET http://other/v1/models?a=b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
)
FRAGMENTS = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        [b"\r\n", b"\n", b"\r", b"\x00", b" ", b":", b"\r\n\r\n", b"0\r\n\r\n", b"ffffffffffff\r\n"]
    ),
    st.sampled_from([b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b" HTTP/1.1"]),
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Some valid requests in a row, with something put in, taken out or doubled."""
    wire = b"".join(draw(st.lists(st.sampled_from(VALID), min_size=1, max_size=4)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(wire)))
        until = min(len(wire), at + draw(st.integers(0, 30)))
        middle = draw(st.one_of(FRAGMENTS, st.just(wire[at:until] * 2)))
        wire = wire[:at] + middle + wire[until:]
    return wire


class FuzzTests(SynchronousTestCase):
    """Hostile bytes in hostile pieces."""

    def play(self, wire: bytes, cuts: list[int], pause: float, half_close: bool) -> None:
        connection = Connection(LIMITS)
        places = sorted({cut % (len(wire) + 1) for cut in cuts} | {0, len(wire)})
        for start, end in pairwise(places):
            connection.send(wire[start:end])
            connection.clock.advance(pause)
        if half_close:
            connection.channel.readConnectionLost()
        statuses = {answer.status for answer in answers(connection.sent)}
        self.assertLessEqual(statuses, {200, 400, 408, 413, 414, 417, 431, 501, 505})
        self.assertEqual(
            len(connection.app.judged) + sum(r.method == b"" for r, _ in connection.app.refused),
            len(connection.app.dispatched) + len(connection.app.refused) + self.unread(connection),
        )
        connection.clock.advance(1000)
        self.assertTrue(connection.ended)
        connection.lose()
        self.assertEqual(connection.clock.getDelayedCalls(), [])
        self.assertEqual(self.flushLoggedErrors(), [])

    def unread(self, connection: Connection) -> int:
        """Count the requests that were judged and never became whole: at most the last one."""
        done = {*connection.app.dispatched, *(request for request, _ in connection.app.refused)}
        unread = [request for request in connection.app.judged if request not in done]
        self.assertLessEqual(len(unread), 1)
        return len(unread)

    @settings(max_examples=150)
    @given(
        st.binary(max_size=300),
        st.lists(st.integers(0, 300), max_size=5),
        st.floats(0, 12),
        st.booleans(),
    )
    def test_garbage(self, wire: bytes, cuts: list[int], pause: float, half_close: bool) -> None:
        """Garbage gets an error or a closed connection."""
        self.play(wire, cuts, pause, half_close)

    @settings(max_examples=400)
    @given(mutated(), st.lists(st.integers(0, 2000), max_size=8), st.floats(0, 4), st.booleans())
    def test_mutations(self, wire: bytes, cuts: list[int], pause: float, half_close: bool) -> None:
        """Requests that are almost right are answered, refused or dropped."""
        self.play(wire, cuts, pause, half_close)
