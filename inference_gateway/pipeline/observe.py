"""Records every call: metrics and the access log, when it is over.

Not a layer: a request that is refused at its head never reaches the layers, and is recorded all the
same. So observation begins when a call is born and ends in its completion hook.
"""

import attrs
from twisted.internet.interfaces import IReactorTime

from inference_gateway.exchange import Call, Outcome
from inference_gateway.telemetry.accesslog import AccessLog
from inference_gateway.telemetry.metrics import Metrics


@attrs.frozen
class Observer:
    """Where calls are recorded."""

    metrics: Metrics
    access_log: AccessLog
    clock: IReactorTime

    def begin(self, call: Call) -> None:
        """Record that ``call`` was born, and in time how it ends."""
        self.metrics.begin(call)

        def end(outcome: Outcome) -> None:
            self.metrics.complete(call, outcome, self.clock.seconds())
            self.access_log.write(call, outcome)

        call.on_complete(end)
