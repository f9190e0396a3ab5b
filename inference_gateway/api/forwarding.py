"""What of a client's head goes on to its provider, and how a request that goes in circles is seen.

Everything that is not in `FORWARDED_REQUEST` stays here. What the gateway adds of its own is
`upstream.provider`'s.
"""

import attrs

from inference_gateway.errors import InternalError
from inference_gateway.interfaces import HeaderValues
from inference_gateway.wire.headers import FORWARDED_REQUEST, connection_tokens


@attrs.frozen
class Forwarding:
    """Judges heads; ``hop`` is the name under which this gateway signs requests in ``Via``."""

    hop: bytes

    def fields(self, values: HeaderValues) -> tuple[tuple[bytes, bytes], ...]:
        """Return the fields that a provider gets to see, but none that Connection keeps here.

        Raises `InternalError` for a request that has been here already (RFC 9110, section 7.6.3):
        only a wrong configuration leads one back.
        """
        if any(self.hop in value for value in values(b"via")):
            raise InternalError(
                "this request has come back to the gateway that sent it; the base_url of one of its"
                " providers leads to itself",
                code="configuration_error",
            )
        kept_here = connection_tokens(values(b"connection"))
        return tuple(
            [
                (name, value)
                for name in FORWARDED_REQUEST
                if name not in kept_here
                for value in values(name)
            ]
        )
