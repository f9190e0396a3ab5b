"""One try at one provider: under which name it answers, and what is said of its end."""

from twisted.internet.defer import CancelledError, Deferred

from inference_gateway.errors import GatewayError, Verdict
from inference_gateway.exchange import ProviderReply
from inference_gateway.provider_errors import ProviderRejected, ProviderTimeout, ProviderUnavailable
from inference_gateway.testing.doubles import Answer, ManualBody, RecordingSink
from tests.pipeline.asking import AttemptTestCase
from tests.pipeline.chats import DONE, ROLE, STOP, answer, chat, text


class RenamingTests(AttemptTestCase):
    """A provider that knows the model by another name."""

    def setUp(self) -> None:
        super().setUp()
        self.own_name = "own-name"

    def test_asked_by_its_own(self) -> None:
        """The provider is asked by its own name for the model."""
        self.call = chat()
        self.successResultOf(self.ask(answer()))
        self.assertEqual(self.provider.attempts[0].model, "own-name")

    def test_plain(self) -> None:
        """A whole answer is given the public name."""
        self.call = chat()
        reply = self.successResultOf(self.ask(answer()))
        self.assertEqual(reply.body, answer(model="public-name"))

    def test_stream(self) -> None:
        """Every event of a stream is given it, those that were held back as well."""
        role = ROLE.replace(b"{", b'{"model":"own-name",', 1)
        body = ManualBody(role, text("a"))
        stream = self.successResultOf(self.ask(body)).body
        assert not isinstance(stream, bytes)
        sink = RecordingSink()
        stream.start(sink)
        body.feed(text("b") + STOP + DONE)
        expected = role + text("a") + text("b")
        for name in (b"own-name", b"upstream-model"):
            expected = expected.replace(name, b"public-name")
        self.assertEqual(sink.raw, expected + STOP)

    def test_whole_answer_to_a_stream(self) -> None:
        """So is a whole answer that is told as a stream."""
        stream = self.successResultOf(self.ask(answer())).body
        assert not isinstance(stream, bytes)
        sink = RecordingSink()
        stream.start(sink)
        self.assertIn(b'"model":"public-name"', sink.raw)


class EndingTests(AttemptTestCase):
    """What every ending has in common."""

    def test_errors(self) -> None:
        """A provider's error is the attempt's outcome and comes through."""
        errors: list[tuple[GatewayError, Verdict]] = [
            (ProviderUnavailable("refused"), Verdict.PROVIDER_ERROR),
            (ProviderTimeout("connect", 5.0), Verdict.CONNECT_TIMEOUT),
            (ProviderRejected("too long", status=413), Verdict.PROVIDER_ERROR),
        ]
        for error, verdict in errors:
            self.call = chat(stream=True)
            self.assertIs(self.failureResultOf(self.ask(error)).value, error)
            (attempt,) = self.call.attempts
            assert attempt.outcome is not None
            self.assertEqual(
                (attempt.outcome.verdict, attempt.outcome.status), (verdict, error.status)
            )
            self.assertEqual(attempt.ended, 1.0)

    def test_bug(self) -> None:
        """A bug in a provider is an internal end, and comes through as it is."""
        self.failureResultOf(self.ask(KeyError("a bug")), KeyError)
        self.assertIs(self.verdict(), Verdict.INTERNAL)

    def test_client_left(self) -> None:
        """Cancelling leaves the provider at every stage, and no error is charged to it."""
        body = ManualBody(ROLE)
        for waiting in (Deferred[Answer](), body):
            self.call = chat(stream=True)
            asked = self.ask(waiting)
            asked.cancel()
            self.failureResultOf(asked, CancelledError)
            self.assertIs(self.verdict(), Verdict.CLIENT_GONE)
        self.assertTrue(body.aborted)

    def test_client_left_plain(self) -> None:
        """So it is for a plain call, while its body is read."""
        self.call = chat()
        body = ManualBody(b"{")
        asked = self.ask(body)
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.assertTrue(body.aborted)
        self.assertIs(self.verdict(), Verdict.CLIENT_GONE)

    def test_head_with_its_own_status(self) -> None:
        """A whole answer keeps the status the provider gave it."""
        self.call = chat()
        reply = self.successResultOf(self.ask(ProviderReply(status=201, body=answer())))
        self.assertEqual(reply.status, 201)
