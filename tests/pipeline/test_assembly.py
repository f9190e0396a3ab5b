"""A plain answer out of a stream: whole, failed, too large, or left."""

import orjson
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import Verdict
from inference_gateway.exchange import Attempt
from inference_gateway.pipeline.assembly import assemble
from inference_gateway.pipeline.event_stream import AttemptStream
from inference_gateway.provider_errors import ProviderInvalidAnswer, ProviderTruncated
from inference_gateway.resilience.deadline import Deadline
from inference_gateway.testing.doubles import ManualBody
from inference_gateway.wire.assemble import Assembler
from tests.garbage import collect_garbage
from tests.pipeline.chats import DONE, ROLE, STOP, USAGE, asked, chat, text


class AssemblyTests(SynchronousTestCase):
    """One plain call that rides on a stream."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.call = chat()
        self.attempt = Attempt(provider="p", model="m", started=0.0, stream=True)
        self.body = ManualBody(ROLE, text("a"))
        self.stream = AttemptStream(
            self.call,
            asked(self.call),
            self.attempt,
            self.body,
            self.clock,
            idle=10.0,
            total=Deadline.after(0.0, "total", 100.0),
        )
        self.successResultOf(self.stream.first_content())
        self.whole: Deferred[bytes] = assemble(self.stream, Assembler())

    def tearDown(self) -> None:
        self.clock.advance(1.0)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        del self.stream, self.whole
        collect_garbage()

    def test_complete(self) -> None:
        """The answer says what the stream said, its usage included."""
        for piece in (b": comment\n\n", text("b"), STOP, USAGE, DONE):
            self.body.feed(piece)
        answer = orjson.loads(self.successResultOf(self.whole))
        self.assertEqual(answer["choices"][0]["message"]["content"], "ab")
        self.assertEqual(answer["usage"], {"prompt_tokens": 7, "completion_tokens": 3})
        assert self.attempt.outcome is not None
        self.assertEqual(self.attempt.outcome.verdict, Verdict.COMPLETE)

    def test_truncated(self) -> None:
        """What ends early is no answer."""
        self.body.end()
        self.failureResultOf(self.whole, ProviderTruncated)

    def test_unfit(self) -> None:
        """A stream that makes no JSON answer is the provider's failure."""
        deep = b"[" * 300 + b"]" * 300
        self.body.feed(b'data: {"choices":[],"deep":' + deep + b"}\n\n")
        self.body.feed(STOP + DONE)
        self.failureResultOf(self.whole, ProviderInvalidAnswer)

    def test_too_large(self) -> None:
        """An answer that outgrows the limit is given up, and the provider left."""
        piece = text("x" * 1_000_000)
        for _ in range(34):
            self.body.feed(piece)
        self.failureResultOf(self.whole, ProviderInvalidAnswer)
        self.assertTrue(self.body.aborted)

    def test_left(self) -> None:
        """Cancelling leaves the provider."""
        self.whole.cancel()
        self.failureResultOf(self.whole, CancelledError)
        self.assertTrue(self.body.aborted)
        assert self.attempt.outcome is not None
        self.assertEqual(self.attempt.outcome.verdict, Verdict.CLIENT_GONE)
