"""Random and mutated answers in random pieces: always an end, never an exception."""

from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss

from inference_gateway.http1.agent import Agent
from inference_gateway.http1.connection import ExchangeBroken
from inference_gateway.http1.response import Response
from inference_gateway.http1.response_rules import BadResponse
from tests.http1.fake_upstream import GET, ORIGIN, BodyReceiver, MemoryNetwork

ENDS = {ResponseDone, PotentialDataLoss, ExchangeBroken, BadResponse}
SEEDS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\n"
    b"X: y\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.0 200 OK\r\n"
    b"Connection: keep-alive\r\n\r\nhello",
    b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
)
SNIPPETS = st.sampled_from(
    (
        *(b"\r\n", b"\n", b"\0", b":", b" ", b"0", b"-1", b"\xff", b"\x1b"),
        b"HTTP/1.1 200 OK\r\n",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"5\r\nhello\r\n",
    )
)
BOUNDED = settings(max_examples=150, suppress_health_check=[HealthCheck.differing_executors])


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """An answer with some bytes removed, replaced or added."""
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        stop = draw(st.integers(start, min(len(data), start + 6)))
        data = data[:start] + draw(st.one_of(st.just(b""), SNIPPETS)) + data[stop:]
    return data


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut ``data`` at positions that are taken modulo its length."""
    at = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(at)]


CUTS = st.lists(st.integers(0, 1_000), max_size=6)


class FuzzTests(SynchronousTestCase):
    """Answers that nobody would send on purpose."""

    def play(self, data: list[bytes], *, pauses: bool = False) -> tuple[object, ...]:
        """Answer with ``data`` and close; return what the caller saw."""
        network = MemoryNetwork()
        agent = Agent(network.reactor)
        outcome: list[object] = []
        receiver = BodyReceiver()

        def answered(response: Response) -> None:
            outcome.extend((response.code, response.raw_headers, response.length))
            response.deliverBody(receiver)
            if pauses:
                response.pauseProducing()
                network.reactor.callLater(0, response.resumeProducing)

        def failed(failure: Failure) -> None:
            outcome.append(failure.type)

        agent.send(ORIGIN, GET).addCallbacks(answered, failed).addErrback(outcome.append)
        socket = network.accept()
        for piece in data:
            socket.answer(piece)
            network.turn()
        socket.end()
        network.turn()
        if outcome[0] not in ENDS:
            self.assertIsInstance(outcome[0], int)
            self.assertEqual(len(receiver.ends), 1)
            self.assertIn(receiver.ends[0], ENDS)
        agent.close()
        network.turn()
        self.assertEqual((agent.open_connections, network.reactor.getDelayedCalls()), (0, []))
        return (*outcome, receiver.body, *receiver.ends)

    @BOUNDED
    @given(st.binary(max_size=200), CUTS)
    def test_garbage(self, data: bytes, cuts: list[int]) -> None:
        """Garbage never escapes as an exception; the request always ends."""
        self.assertNotEqual(self.play(pieces(data, cuts)), ())

    @BOUNDED
    @given(mutated(), CUTS)
    def test_mutated(self, data: bytes, cuts: list[int]) -> None:
        """A damaged answer gives the same result however it is cut."""
        self.assertEqual(self.play([data]), self.play(pieces(data, cuts)))

    @BOUNDED
    @given(st.sampled_from(SEEDS), CUTS)
    def test_pauses(self, data: bytes, cuts: list[int]) -> None:
        """A receiver that pauses at once sees the same as one that does not."""
        self.assertEqual(self.play([data]), self.play(pieces(data, cuts), pauses=True))
