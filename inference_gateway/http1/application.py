"""Whoever answers requests, as a channel sees it."""

from typing import TYPE_CHECKING, Protocol

from twisted.python.failure import Failure

from inference_gateway.errors import GatewayError
from inference_gateway.http1.request import Request

if TYPE_CHECKING:
    from inference_gateway.http1.channel import HTTPChannel


class Application(Protocol):
    """Answers the requests of channels; what it raises is logged and answered as a bug."""

    def opened(self, channel: "HTTPChannel") -> bool:
        """Take note of a new connection; False refuses it."""

    def closed(self, channel: "HTTPChannel") -> None:
        """Take note that a connection is over, a refused one too."""

    def left(self, request: Request, reason: Failure) -> None:
        """Take note that the client left before ``request``, which was judged, was answered."""

    def judge(self, request: Request) -> GatewayError | None:
        """Return why ``request`` is refused; asked at its head, before its body or a 100."""

    def dispatch(self, request: Request) -> None:
        """Answer ``request``, whose body is complete; now or later."""

    def refuse(self, request: Request, error: GatewayError) -> None:
        """Answer ``error``; once for each refused request, of which nothing may be known."""
