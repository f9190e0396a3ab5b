"""The layer that lets nothing but a `GatewayError` or a cancellation out.

A bug becomes one log line with its traceback and one honest 500 that says nothing about it.
"""

import attrs
from twisted.internet.defer import CancelledError
from twisted.logger import Logger

from inference_gateway.errors import GatewayError, InternalError
from inference_gateway.exchange import Call, Reply
from inference_gateway.interfaces import Service


@attrs.frozen
class Rescue:
    """A `Layer`; translates every other exception into `InternalError`."""

    _log = Logger()

    async def __call__(self, call: Call, proceed: Service) -> Reply:
        """Answer ``call`` by ``proceed``."""
        try:
            return await proceed(call)
        except (CancelledError, GatewayError):
            raise
        except Exception:
            self._log.failure("a bug of the gateway failed call {request_id}", request_id=call.id)
            raise InternalError(
                "the gateway failed to process this request; its log has the details"
            ) from None
