"""Small questions to a provider: what it sees, and what is handed over."""

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.kinds import Secret
from inference_gateway.config.settings import ProviderSettings, TimeoutSettings
from inference_gateway.dialects.registry import dialect_for
from inference_gateway.http1.agent import Agent
from inference_gateway.provider_errors import ProviderTimeout, ProviderUnavailable
from inference_gateway.upstream.question import Questions
from tests.http1.fake_upstream import MemoryNetwork
from tests.upstream.asking import response


class QuestionTests(SynchronousTestCase):
    """A network in memory, of which nothing may be left."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.agent = Agent(self.network.reactor)

    def tearDown(self) -> None:
        self.agent.close()
        self.network.turn()
        self.assertEqual(self.network.reactor.getDelayedCalls(), [])

    def questions(self, **settings: Any) -> Questions:
        """Return the questions to a provider, by default one as an operator would have it."""
        usual = {"id": "gpu", "type": "openai", "base_url": "http://127.0.0.1:8001/own/v1"}
        provider = ProviderSettings(**{**usual, **settings})
        return Questions(provider, dialect_for(provider), self.agent)

    def ask(
        self, questions: Questions, *, most: int = 100, **more: Any
    ) -> "Deferred[tuple[int, bytes]]":
        """Begin to ask."""
        return Deferred.fromCoroutine(questions.ask(b"/own/health", most=most, **more))

    def sent(self, questions: Questions, **more: Any) -> tuple[bytes, list[bytes], bytes]:
        """Return the first line, the other lines and the body of a request."""
        asked = self.ask(questions, **more)
        socket = self.network.accept()
        head, _, body = socket.value().partition(b"\r\n\r\n")
        socket.answer(response())
        socket.end()
        self.assertEqual(self.successResultOf(asked), (200, b""))
        line, *lines = head.split(b"\r\n")
        return line, sorted(each.lower() for each in lines), body

    def test_get(self) -> None:
        """A question without a body is a GET."""
        questions = self.questions()
        self.assertEqual(questions.base_path, b"/own/v1")
        line, lines, body = self.sent(questions)
        self.assertEqual((line, body), (b"GET /own/health HTTP/1.1", b""))
        self.assertEqual(
            lines,
            [
                b"accept-encoding: identity",
                b"accept: application/json",
                b"host: 127.0.0.1:8001",
                b"user-agent: inference-gateway",
            ],
        )

    def test_post(self) -> None:
        """One with a body is a POST of JSON."""
        line, lines, body = self.sent(self.questions(), body=b'{"a":1}')
        self.assertEqual((line, body), (b"POST /own/health HTTP/1.1", b'{"a":1}'))
        self.assertIn(b"content-length: 7", lines)
        self.assertIn(b"content-type: application/json", lines)

    def test_credentials(self) -> None:
        """It is asked with the credential that is chosen, and with the operator's headers."""
        keys = (Secret("one"), Secret("two"))
        questions = self.questions(api_keys=keys, headers={"X-Team": Secret("t")})
        for number, key in enumerate((b"one", b"two")):
            lines = self.sent(questions, credential=number)[1]
            self.assertIn(b"authorization: bearer " + key, lines)
            self.assertIn(b"x-team: t", lines)
        lines = self.sent(self.questions(api_key=Secret("only")))[1]
        self.assertIn(b"authorization: bearer only", lines)

    def test_answer(self) -> None:
        """Whatever the status is, it is handed over with the body, and the connection kept."""
        for status in (200, 204, 404, 503):
            asked = self.ask(self.questions())
            socket = self.network.sockets[-1] if self.network.sockets else self.network.accept()
            self.assertNoResult(asked)
            socket.answer(response(status, body=b"" if status == 204 else b"said"))
            self.assertEqual(
                self.successResultOf(asked), (status, b"" if status == 204 else b"said")
            )
        self.assertEqual(self.network.attempts, 1)

    def test_long(self) -> None:
        """Of a longer answer the start is enough, and the rest is not waited for."""
        asked = self.ask(self.questions(), most=4)
        socket = self.network.accept()
        socket.answer(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello")
        self.assertEqual(self.successResultOf(asked), (200, b"hell"))
        self.network.turn()
        self.assertTrue(socket.lost)

    def test_unreachable(self) -> None:
        """Where there is no answer there is an error, after the provider's limit to connect."""
        asked = self.ask(self.questions())
        self.network.refuse(ConnectionRefusedError())
        self.failureResultOf(asked, ProviderUnavailable)
        asked = self.ask(self.questions(timeouts=TimeoutSettings(connect=2.0)))
        self.network.reactor.advance(2.0)
        self.failureResultOf(asked, ProviderTimeout)

    def test_cancel(self) -> None:
        """Cancelling closes the connection, before the head and after it."""
        for start in (b"", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel"):
            asked = self.ask(self.questions())
            socket = self.network.accept()
            socket.answer(start)
            asked.cancel()
            self.failureResultOf(asked, CancelledError)
            self.network.turn()
            self.assertTrue(socket.lost)
