"""Records every call: metrics and the access log, when it is over.

Not a layer: a request that is refused at its head never reaches the layers, and is recorded all the
same. So the application begins and ends it with the call.
"""

import attrs
from twisted.internet.interfaces import IReactorTime

from inference_gateway.exchange import Call, Outcome
from inference_gateway.telemetry.accesslog import AccessLog
from inference_gateway.telemetry.metrics import Metrics


@attrs.frozen
class CallObserver:
    """Where calls are recorded."""

    metrics: Metrics
    access_log: AccessLog
    clock: IReactorTime

    def begin(self, call: Call) -> None:
        """Count ``call`` as being served."""
        self.metrics.calls_in_flight += 1

    def end(self, call: Call, outcome: Outcome) -> None:
        """Count ``call`` as over and write its line."""
        now = self.clock.seconds()
        overhead = call.overhead(now)
        self.metrics.complete(call, outcome, now, overhead)
        self.access_log.write(call, outcome, now, overhead)
