"""The roster: what is known of each provider now."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import Verdict
from inference_gateway.exchange import Attempt, Outcome
from tests.routing.rosters import entry, roster


class RosterTests(SynchronousTestCase):
    """Providers in the order of the configuration."""

    def test_order(self) -> None:
        """It yields its entries in the order in which they were given."""
        self.assertEqual([found.id for found in roster(b=(), a=(), c=())], ["b", "a", "c"])

    def test_by_id(self) -> None:
        """An entry is found by its provider's id."""
        self.assertEqual(roster(a=(), b=())["b"].provider.id, "b")
        self.assertRaises(KeyError, roster(a=()).__getitem__, "x")


class EntryTests(SynchronousTestCase):
    """What one provider is busy with."""

    def test_in_flight(self) -> None:
        """An attempt counts from when it occupies the provider until it completes, once."""
        provider = entry("p")
        attempts = [Attempt(provider="p", model="m", started=0.0) for _ in range(2)]
        for attempt in attempts:
            provider.occupy(attempt)
        self.assertEqual(provider.in_flight, 2)
        for _ in range(2):
            attempts[0].complete(Outcome(verdict=Verdict.COMPLETE, status=200))
        self.assertEqual(provider.in_flight, 1)
