"""The state of every provider in the metrics."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.routing_settings import BreakerSettings
from inference_gateway.routing.roster import Roster
from inference_gateway.service.control import Control
from inference_gateway.telemetry.metrics import Metrics
from inference_gateway.telemetry.provider_gauges import ProviderGauges
from tests.routing.rosters import entry


class ProviderGaugesTests(SynchronousTestCase):
    """Two providers, one of which is in trouble."""

    def test_series(self) -> None:
        """Each provider's state is told under its id."""
        clock = Clock()
        clock.advance(1.0)
        bad = entry("bad", clock=clock, breaker=BreakerSettings(failures=1))
        breaker = bad.breaker("m")
        assert breaker is not None
        breaker.fail(breaker.admit())
        bad.credentials.refuse(0)
        bad.load.begin()
        roster = Roster([entry("good", clock=clock), bad])
        metrics = Metrics()
        ProviderGauges(Control(roster, clock.seconds, clock.seconds), metrics.registry)
        lines = metrics.expose().decode().splitlines()
        for name, good, ill in (
            ("provider_state", "0.0", "2.0"),
            ("provider_up", "1.0", "0.0"),
            ("provider_inflight", "0.0", "1.0"),
            ("queue_depth", "0.0", "0.0"),
            ("circuit_state", "0.0", "2.0"),
            ("provider_credentials_refused", "0.0", "1.0"),
        ):
            self.assertIn(f'inference_gateway_{name}{{provider="good"}} {good}', lines)
            self.assertIn(f'inference_gateway_{name}{{provider="bad"}} {ill}', lines)
        self.assertIn('inference_gateway_circuit_openings_total{provider="bad"} 1.0', lines)
