"""The order of the layers: the only place that knows it."""

from collections.abc import Sequence

import attrs

from inference_gateway.exchange import Call
from inference_gateway.interfaces import Async, Layer, Service
from inference_gateway.pipeline.admit import Admit, Gate
from inference_gateway.pipeline.idempotency import Idempotency
from inference_gateway.pipeline.rescue import Rescue


@attrs.frozen(slots=True)
class _Layered:
    """A service made of a layer and what it proceeds to."""

    layer: Layer
    inner: Service

    def __call__(self, call: Call) -> Async:
        return self.layer(call, self.inner)


def compose(layers: Sequence[Layer], terminal: Service) -> Service:
    """Fold ``layers``, outermost first, around ``terminal`` into one service."""
    service = terminal
    for layer in reversed(layers):
        service = _Layered(layer, service)
    return service


def stack(gate: Gate, dispatch: Service) -> Service:
    """The pipeline that every call passes."""
    return compose(
        [
            Rescue(),  # first, so that nothing below can show a client its insides
            Admit(gate),  # before anything that costs: a refusal must be cheap
            Idempotency(),  # around all tries, which are shared; each participant was admitted
        ],
        dispatch,
    )
