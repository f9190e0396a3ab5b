"""Calls and attempts: they end once, and everybody gets back what he gave."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import ClientGone, Verdict
from inference_gateway.exchange import ANONYMOUS, Attempt, Call, Outcome, Principal
from inference_gateway.provider_errors import ProviderError

COMPLETE = Outcome(verdict=Verdict.COMPLETE, status=200)


class CompletionTests(SynchronousTestCase):
    """The end of a call or an attempt."""

    def setUp(self) -> None:
        self.call = Call(id="r", received=0.0, method="GET", path="/")
        self.ran: list[object] = []

    def test_last_first(self) -> None:
        """Hooks run in the reverse of the order in which they were taken, with the outcome."""
        self.call.on_complete(lambda outcome: self.ran.append(("first", outcome)))
        self.call.on_complete(lambda outcome: self.ran.append(("last", outcome)))
        self.call.complete(COMPLETE)
        self.assertEqual(self.ran, [("last", COMPLETE), ("first", COMPLETE)])

    def test_failing_hook(self) -> None:
        """A hook that fails is logged and does not keep the others from running."""

        def fail(outcome: Outcome) -> None:
            raise RuntimeError("a bug")

        self.call.on_complete(self.ran.append)
        self.call.on_complete(fail)
        self.call.complete(COMPLETE)
        self.assertEqual(self.ran, [COMPLETE])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_once(self) -> None:
        """A second end is ignored: the first outcome stays and no hook runs again."""
        self.call.on_complete(self.ran.append)
        self.call.complete(COMPLETE)
        self.call.complete(Outcome.of(ClientGone("late")))
        self.assertEqual(self.ran, [COMPLETE])
        self.assertIs(self.call.outcome, COMPLETE)

    def test_end_within_the_end(self) -> None:
        """A hook that ends the call once more changes nothing."""
        self.call.on_complete(self.ran.append)
        self.call.on_complete(lambda _: self.call.complete(Outcome.of(ClientGone("again"))))
        self.call.complete(COMPLETE)
        self.assertEqual(self.ran, [COMPLETE])

    def test_attempt(self) -> None:
        """An attempt ends the same way."""
        attempt = Attempt(provider="p", model="m", started=0.0)
        attempt.on_complete(self.ran.append)
        attempt.complete(COMPLETE)
        self.assertEqual(self.ran, [COMPLETE])

    def test_identity(self) -> None:
        """Two calls are never equal, so that each has its own place in a set."""
        other = Call(id="r", received=0.0, method="GET", path="/")
        self.assertEqual(len({self.call, other}), 2)


class OutcomeTests(SynchronousTestCase):
    """How an error becomes an outcome."""

    def test_of(self) -> None:
        """Verdict and status are the error's."""
        error = ProviderError("broken")
        self.assertEqual(
            Outcome.of(error),
            Outcome(verdict=Verdict.PROVIDER_ERROR, status=502, error=error),
        )

    def test_status_sent(self) -> None:
        """A status that was sent before the error stays."""
        self.assertEqual(Outcome.of(ProviderError("broken"), status=200).status, 200)


class OverheadTests(SynchronousTestCase):
    """The gateway's own share of a call's time."""

    def test_overhead(self) -> None:
        """What no attempt was waiting for is the gateway's own; one that goes on waits still."""
        call = Call(id="r", received=0.0, method="POST", path="/")
        self.assertEqual(call.overhead(4.0), 4.0)
        call.attempts.append(Attempt(provider="a", model="m", started=0.0, ended=1.0))
        call.attempts.append(Attempt(provider="b", model="m", started=1.5))
        self.assertEqual(call.overhead(4.0), 0.5)

    def test_never_negative(self) -> None:
        """Attempts side by side do not make it negative."""
        call = Call(id="r", received=0.0, method="POST", path="/")
        call.attempts += [Attempt(provider=p, model="m", started=0.0) for p in "ab"]
        self.assertEqual(call.overhead(4.0), 0.0)


class PrincipalTests(SynchronousTestCase):
    """What a key may use."""

    def test_everything(self) -> None:
        """A key without a list may use every model."""
        self.assertTrue(ANONYMOUS.may_use("any"))

    def test_list(self) -> None:
        """A key with a list may use what is on it."""
        principal = Principal(id="alice", models=("small",))
        self.assertTrue(principal.may_use("small"))
        self.assertFalse(principal.may_use("large"))
