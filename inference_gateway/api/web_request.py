"""The part of a web request that the views and the relay use, typed.

Twisted's ``IRequest`` leaves out what every real request has. Both our own request and the one of
Twisted's web server have all of this.
"""

from typing import IO, Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IPushProducer
from twisted.web.http_headers import Headers


class WebRequest(Protocol):
    """One request of a client, whose body is complete, and the way to answer it."""

    #: The `Call` that this request is; set when its head was judged.
    call: Any
    #: What answers it; set when its head was judged and found its route.
    view: Any
    #: Bytes that its body may have; None: as many as every body.
    body_limit: int | None

    @property
    def method(self) -> bytes:
        """The method, as it came."""

    @property
    def path(self) -> bytes:
        """The path without the query, as it came."""

    @property
    def content(self) -> IO[bytes]:
        """The whole body."""

    @property
    def requestHeaders(self) -> Headers:
        """The headers that came."""

    def getClientAddress(self) -> IAddress:
        """Return where the client's connection comes from."""

    def setResponseCode(self, code: int, /) -> None:
        """Set the status of the answer."""

    def setHeader(self, name: bytes, value: bytes, /) -> None:
        """Set a header of the answer."""

    def write(self, data: bytes, /) -> None:
        """Send some of the body; the head goes before the first of it."""

    def finish(self) -> None:
        """End the answer."""

    def notifyFinish(self) -> "Deferred[None]":
        """Return a Deferred that fires when the answer was sent and fails when the client left."""

    def registerProducer(self, producer: IPushProducer, streaming: bool, /) -> None:
        """Have ``producer`` paused while the client does not read."""

    def unregisterProducer(self) -> None:
        """Stop pausing it."""
