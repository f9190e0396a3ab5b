"""The layer that decides whether a call may start now.

Limits on what a key or a model may use hang here; so far the gate knows one reason to refuse: the
gateway is shutting down.
"""

import attrs

from inference_gateway.errors import Draining
from inference_gateway.exchange import Call, Reply
from inference_gateway.interfaces import Service


@attrs.define(eq=False)
class Gate:
    """Open while the gateway serves; asked at each request's head and again before dispatch."""

    #: Load balancers are asked to send nothing more; what they still send is served.
    leaving: bool = False
    #: No further call may start.
    draining: bool = False

    def check(self) -> None:
        """Raise `Draining` when no further call may start."""
        if self.draining:
            raise Draining(
                "the gateway is shutting down; send the request again",
                retry_after=1.0,
            )


@attrs.frozen
class Admit:
    """A `Layer` around the gate."""

    gate: Gate

    async def __call__(self, call: Call, proceed: Service) -> Reply:
        """Answer ``call`` by ``proceed`` unless the gate refuses it."""
        self.gate.check()
        return await proceed(call)
