"""How an answer came about, for those who may know."""

from typing import ClassVar

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.api.diagnosis import diagnosis
from inference_gateway.exchange import COMPLETE, Attempt, Call, Outcome, Principal
from inference_gateway.provider_errors import ProviderUnavailable
from tests.api.gateway import KEEPALIVE
from tests.api.streaming import CHAT, COMMENT, StreamTestCase
from tests.pipeline import chats
from tests.pipeline.chats import text

FAILED = Outcome.of(ProviderUnavailable("refused"))


def attempt(
    provider: str, ended: float | None, outcome: Outcome | None, reason: str = "first"
) -> Attempt:
    """Return an attempt that began at 1."""
    return Attempt(
        provider=provider, model="m", started=1.0, ended=ended, outcome=outcome, reason=reason
    )


class DiagnosisTests(SynchronousTestCase):
    """Calls and what is said of them."""

    def diagnosis(self, *attempts: Attempt, queued: float = 0.0) -> dict[str, str]:
        """Return what is said at 3 of a call that came at 0.5."""
        call = Call(id="1", received=0.5, method="POST", path="/", queued=queued)
        call.attempts.extend(attempts)
        return {name.decode(): value.decode() for name, value in diagnosis(call, 3.0)}

    def test_one_attempt(self) -> None:
        """An answer names its provider and says how long that took."""
        self.assertEqual(
            self.diagnosis(attempt("a", 2.9995, COMPLETE)),
            {
                "x-gateway-attempts": "1",
                "x-gateway-provider": "a",
                "x-gateway-route-reason": "first",
                "server-timing": 'queue;dur=0.000, gateway;dur=500.500, attempt;desc="a";dur=1999.5'
                "00",
            },
        )

    def test_failover(self) -> None:
        """Who answered is told, and why somebody else was asked before."""
        said = self.diagnosis(attempt("a", 1.5, FAILED), attempt("b", None, None, "failover"))
        self.assertEqual(said["x-gateway-attempts"], "2")
        self.assertEqual(said["x-gateway-provider"], "b")
        self.assertEqual(said["x-gateway-route-reason"], "first, failover")
        self.assertTrue(
            said["server-timing"].endswith(
                'attempt;desc="a";dur=500.000, attempt;desc="b";dur=2000.000'
            )
        )

    def test_hedge(self) -> None:
        """Who was outrun has not answered, though it was asked last."""
        first, hedge = attempt("a", None, None), attempt("b", 2.0, COMPLETE, "hedge")
        hedge.outrun = True
        self.assertEqual(self.diagnosis(first, hedge)["x-gateway-provider"], "a")

    def test_all_failed(self) -> None:
        """Where all failed nobody has answered."""
        said = self.diagnosis(attempt("a", 2.0, FAILED), attempt("a", 2.0, FAILED, "retry"))
        self.assertNotIn("x-gateway-provider", said)
        self.assertEqual(said["x-gateway-route-reason"], "first, retry")

    def test_no_attempt(self) -> None:
        """A call that only waited says so."""
        said = self.diagnosis(queued=2.0)
        self.assertEqual(set(said), {"x-gateway-attempts", "server-timing"})
        self.assertEqual(said["x-gateway-attempts"], "0")
        self.assertEqual(said["server-timing"], "queue;dur=2000.000, gateway;dur=500.000")


class AnswerTests(StreamTestCase):
    """Answers with their diagnosis, from the head of the question to that of the answer."""

    keys: ClassVar = {
        b"curious": Principal(id="curious", debug=True),
        b"other": Principal(id="other"),
    }
    ASKED = (("Authorization", "Bearer curious"), ("X-Gateway-Debug", "1"))

    def said(self, key: str = "curious", asked: str = "1") -> dict[str, str]:
        """Return the headers of an answer, which one of the providers has failed to give."""
        self.a.script = [ProviderUnavailable("refused"), chats.answer()]
        self.b.script = [chats.answer()]
        answer = self.ask(
            "POST",
            CHAT,
            chats.request(),
            ("Authorization", f"Bearer {key}"),
            ("X-Gateway-Debug", asked),
        )
        self.assertEqual(answer.status, 200)
        return answer.headers

    def test_told(self) -> None:
        """A key that may know is told who answered, and what was before."""
        said = self.said()
        self.assertEqual(said["x-gateway-provider"], "b")
        self.assertEqual(said["x-gateway-attempts"], "2")
        self.assertEqual(said["x-gateway-route-reason"], "first, failover")
        self.assertIn("gateway;dur=0.000", said["server-timing"])

    def test_not_told(self) -> None:
        """Who may not know, or does not ask, is told nothing."""
        for said in (self.said(key="other"), self.said(asked="0")):
            self.assertEqual([name for name in said if "gateway" in name or "timing" in name], [])

    def test_refused(self) -> None:
        """An error says how it came about."""
        for provider in (self.a, self.b):
            provider.script = [ProviderUnavailable("refused")]
        answer = self.ask("POST", CHAT, chats.request(), *self.ASKED)
        self.assertEqual(answer.status, 502)
        self.assertEqual(answer.headers["x-gateway-attempts"], "2")
        self.assertEqual(answer.headers["x-gateway-route-reason"], "first, failover")
        self.assertNotIn("x-gateway-provider", answer.headers)

    def test_stream(self) -> None:
        """So does the head of a stream that has begun."""
        client = self.ask_stream(*self.ASKED)
        self.clock.advance(2.0)
        self.body.feed(text("first"))
        headers = client.answer.headers
        self.assertEqual(headers["x-gateway-provider"], "a")
        self.assertIn('attempt;desc="a";dur=2000.000', headers["server-timing"])

    def test_early_head(self) -> None:
        """A head that is sent before there is an answer names nobody."""
        client = self.ask_stream(*self.ASKED)
        self.clock.advance(KEEPALIVE)
        self.assertEqual(client.answer.body, COMMENT)
        self.assertEqual([name for name in client.answer.headers if "gateway" in name], [])
