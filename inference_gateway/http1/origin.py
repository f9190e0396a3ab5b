"""Where a request goes: the origin, and how an absolute URI names it and the target there.

Nothing here connects; URIs of providers are taken apart once, at configuration, not per call.
"""

import re
from functools import lru_cache
from typing import Final

import attrs

_PORTS: Final = {b"http": 80, b"https": 443}
_URI = re.compile(
    rb"(?P<scheme>https?)://"
    rb"(?P<host>\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._~!$&'()*+,;=%-]+)(?::(?P<port>[0-9]{0,5}))?"
    rb"(?P<path>/[^\x00-\x20\x7f-\xff?#]*)?(?P<query>\?[^\x00-\x20\x7f-\xff#]*)?"
    rb"(?:#[^\x00-\x20\x7f-\xff]*)?",
    re.IGNORECASE,
)


class UnsendableRequest(ValueError):
    """The request cannot be written as HTTP/1.1, or its body did not come as announced."""


@attrs.frozen(kw_only=True, cache_hash=True)
class Origin:
    """A server to connect to (RFC 6454); connections are shared by all requests to one origin."""

    #: ``http`` or ``https``.
    scheme: str
    #: A name, or an address literal without brackets.
    host: str
    port: int

    @property
    def netloc(self) -> bytes:
        """The value of a Host field: the port is left out where the scheme implies it."""
        host = self.host.encode("ascii")
        if b":" in host:
            host = b"[%b]" % host
        if _PORTS[self.scheme.encode("ascii")] == self.port:
            return host
        return b"%b:%d" % (host, self.port)


@lru_cache(maxsize=256)
def split_uri(uri: bytes) -> tuple[Origin, bytes]:
    """Return the origin of an absolute http or https URI and the request target there.

    Raises `UnsendableRequest` for anything else, credentials in the URI included.
    """
    match = _URI.fullmatch(uri)
    if match is None:
        raise UnsendableRequest("the URI is not a plain absolute http or https one")
    scheme = match["scheme"].lower()
    port = int(match["port"] or _PORTS[scheme])
    if not 0 < port < 65536:
        raise UnsendableRequest("the URI's port is out of range")
    host = match["host"].strip(b"[]").lower().decode("ascii")
    origin = Origin(scheme=scheme.decode("ascii"), host=host, port=port)
    return origin, (match["path"] or b"/") + (match["query"] or b"")
