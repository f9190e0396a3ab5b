"""Whoever answers requests, as a channel sees it."""

from typing import TYPE_CHECKING, Protocol

from twisted.logger import Logger
from twisted.python.failure import Failure

from inference_gateway.errors import GatewayError, InternalError
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
        """Return why ``request`` is refused; asked at its head, before its body or a 100.

        It may set ``request.body_limit``, which then holds in place of the connection's.
        """

    def dispatch(self, request: Request) -> None:
        """Answer ``request``, whose body is complete; now or later."""

    def refuse(self, request: Request, error: GatewayError) -> None:
        """Answer ``error``; once for each refused request, of which nothing may be known."""


class Guarded:
    """An application whose bugs are logged and told to the channel, and never raised."""

    __slots__ = ("_application",)
    _log = Logger()

    def __init__(self, application: Application) -> None:
        self._application = application

    def opened(self, channel: "HTTPChannel") -> bool:
        """Return whether the connection is welcome; a bug makes it unwelcome."""
        try:
            return self._application.opened(channel)
        except Exception:
            self._log.failure("taking a connection failed")
            return False

    def closed(self, channel: "HTTPChannel") -> None:
        """Tell of the connection's end."""
        try:
            self._application.closed(channel)
        except Exception:
            self._log.failure("letting go of a connection failed")

    def left(self, request: Request, reason: Failure) -> None:
        """Tell that the client left."""
        try:
            self._application.left(request, reason)
        except Exception:
            self._log.failure("letting go of a request failed")

    def judge(self, request: Request) -> GatewayError | None:
        """Return why ``request`` is refused; a bug is a reason."""
        try:
            return self._application.judge(request)
        except Exception:
            self._log.failure("judging a request failed")
            return InternalError("internal error")

    def dispatch(self, request: Request) -> GatewayError | None:
        """Have ``request`` answered; return the bug that kept it from being answered."""
        try:
            self._application.dispatch(request)
        except Exception:
            self._log.failure("dispatching a request failed")
            if not request.finished:
                return InternalError("internal error")
        return None

    def refuse(self, request: Request, error: GatewayError) -> None:
        """Have ``error`` answered; after a bug the connection is cut."""
        try:
            self._application.refuse(request, error)
        except Exception:
            self._log.failure("refusing a request failed")
            request.abort()
