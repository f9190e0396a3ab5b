"""What a client sent, as `IRequest` shows it: everything is made when somebody asks for it.

The reading half of a request. What is answered to it is in `request`; that all of it is well-formed
was settled in `rules`.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress
from twisted.python.urlpath import URLPath
from twisted.web.http_headers import Headers
from zope.interface import Interface

from inference_gateway.http1.rules import RequestHead

if TYPE_CHECKING:
    from inference_gateway.http1.channel import HTTPChannel

#: Stands for a head that could not be read.
UNREADABLE = RequestHead(
    method=b"",
    target=b"",
    path=b"",
    query=b"",
    version=(1, 1),
    headers={},
    content_length=0,
    chunked=False,
    keep_alive=False,
    expects_continue=False,
)


class IncomingRequest:
    """A judged head and, once it was dispatched, a whole body.

    ``call`` and ``view`` are the application's own. ``bytes_in`` counts what the request took on
    the wire. ``notes`` are the application's own too, and there again when the head is.
    """

    __slots__ = (
        "_args",
        "_components",
        "_content",
        "_host",
        "_index",
        "_postpath",
        "_query",
        "_request_headers",
        "_root_url",
        "_values",
        "body",
        "bytes_in",
        "call",
        "channel",
        "http_version",
        "method",
        "notes",
        "path",
        "prepath",
        "uri",
        "view",
    )

    def __init__(self, channel: "HTTPChannel", head: RequestHead) -> None:
        self.channel = channel
        self.method = head.method
        self.uri = head.target
        self.path = head.path
        self.http_version = head.version
        self.body = b""
        self.bytes_in = 0
        self.notes = head.notes
        self.call: Any = None
        self.view: Any = None
        self.prepath: list[bytes] = []
        self._values = head.headers
        self._query = head.query
        self._index: dict[bytes, bytes] | None = None
        self._request_headers: Headers | None = None
        self._args: dict[bytes, list[bytes]] | None = None
        self._postpath: list[bytes] | None = None
        self._content: BytesIO | None = None
        self._components: dict[Any, object] | None = None
        self._host: tuple[IAddress, bytes, bool] | None = None
        self._root_url: bytes | None = None

    # --- headers ---

    def getHeader(self, key: bytes | str) -> bytes | str | None:
        """Return the last value of a header, in the type of ``key``."""
        index = self._index
        if index is None:
            index = self._index = self.getAllHeaders()
        if isinstance(key, bytes):
            return index.get(key.lower())
        value = index.get(key.lower().encode("latin-1", "replace"))
        return None if value is None else value.decode("latin-1")

    def header_values(self, name: bytes) -> Sequence[bytes]:
        """Return every value of a header in order; ``name`` is in lower case."""
        return self._values.get(name, ())

    @property
    def requestHeaders(self) -> Headers:
        """All headers, as Twisted keeps them; a copy that is made once."""
        if self._request_headers is None:
            headers = self._request_headers = Headers()
            for name, values in self._values.items():
                headers.setRawHeaders(name, values)
        return self._request_headers

    def getAllHeaders(self) -> dict[bytes, bytes]:
        """Return the last value of each header by its name in lower case."""
        return {name: values[-1] for name, values in self._values.items()}

    def getCookie(self, key: bytes) -> bytes | None:
        """Return the value of a cookie."""
        for line in self.header_values(b"cookie"):
            for pair in line.split(b";"):
                name, _, value = pair.strip().partition(b"=")
                if name == key:
                    return value
        return None

    # --- target and body ---

    @property
    def args(self) -> dict[bytes, list[bytes]]:
        """The query's parameters, decoded; never those of a body. The rules bound their number."""
        if self._args is None:
            self._args = _parameters(self._query)
        return self._args

    @property
    def postpath(self) -> list[bytes]:
        """The path's segments that no resource has taken yet, percent-decoded."""
        if self._postpath is None:
            self._postpath = [unquote_to_bytes(part) for part in self.path[1:].split(b"/")]
        return self._postpath

    @postpath.setter
    def postpath(self, segments: list[bytes]) -> None:
        self._postpath = segments

    @property
    def content(self) -> BytesIO:
        """The body as a file, made once."""
        if self._content is None:
            self._content = BytesIO(self.body)
        return self._content

    # --- who and where ---

    def getHost(self) -> IAddress:
        """Return the address that the client reached."""
        return self._host[0] if self._host is not None else self.channel.host

    def getClientAddress(self) -> IAddress:
        """Return the address of the socket's other end; never what a header claims."""
        return self.channel.peer

    def getClientIP(self) -> str | None:
        """Return the client's IP address, None when it has none."""
        peer = self.channel.peer
        return peer.host if isinstance(peer, IPv4Address | IPv6Address) else None

    def isSecure(self) -> bool:
        """Whether the client speaks TLS to us."""
        return self._host[2] if self._host is not None else self.channel.outlet.secure

    def getRequestHostname(self) -> bytes:
        """Return the Host header without its port, else the address that the client reached."""
        host = self._authority()
        if host:
            name, colon, _ = host.rpartition(b":")
            return name if colon and not host.endswith(b"]") else host
        reached = self.getHost()
        return (
            reached.host.encode("ascii") if isinstance(reached, IPv4Address | IPv6Address) else b""
        )

    def setHost(self, host: bytes, port: int, ssl: bool = False) -> None:
        """Answer as if the client had asked ``host`` and ``port``."""
        default = 443 if ssl else 80
        name = host if port == default else b"%b:%d" % (host, port)
        self._host = IPv4Address("TCP", host.decode("ascii"), port), name, bool(ssl)

    def _authority(self) -> bytes:
        return self._host[1] if self._host is not None else self._last(b"host")

    def _last(self, name: bytes) -> bytes:
        values = self.header_values(name)
        return values[-1] if values else b""

    def getUser(self) -> bytes:
        """Return the user of Basic credentials, empty without them."""
        return self._basic_credentials()[0]

    def getPassword(self) -> bytes:
        """Return the password of Basic credentials, empty without them."""
        return self._basic_credentials()[1]

    def _basic_credentials(self) -> tuple[bytes, bytes]:
        scheme, _, encoded = self._last(b"authorization").partition(b" ")
        if scheme.lower() == b"basic":
            try:
                user, _, password = b64decode(encoded.strip(), validate=True).partition(b":")
            except (Base64Error, ValueError):
                pass
            else:
                return user, password
        return b"", b""

    def getSession(self, sessionInterface: object = None) -> object:
        """Raise `NotImplementedError`: there are no sessions."""
        raise NotImplementedError("this server keeps no sessions")

    # --- URLs ---

    def URLPath(self) -> URLPath:
        """Return the URL of this request without its query."""
        url: URLPath = URLPath.fromRequest(self)
        return url

    def prePathURL(self) -> bytes:
        """Return the URL of what has been traversed so far."""
        authority = self._authority() or self.getRequestHostname()
        scheme = b"https" if self.isSecure() else b"http"
        return b"%b://%b/%b" % (scheme, authority, b"/".join(self.prepath))

    def rememberRootURL(self) -> None:
        """Remember the URL of what has been traversed so far."""
        self._root_url = self.prePathURL()

    def getRootURL(self) -> bytes | None:
        """Return the remembered URL."""
        return self._root_url

    # --- adaptation ---

    def setComponent(self, interface: type[Interface], component: object) -> None:
        """Make ``interface(request)`` return ``component``; Klein keeps its own state so."""
        if self._components is None:
            self._components = {}
        self._components[interface] = component

    def __conform__(self, interface: type[Interface]) -> object:
        """Return the component set for ``interface`` (PEP 246, as zope.interface asks)."""
        return None if self._components is None else self._components.get(interface)


def _parameters(query: bytes) -> dict[bytes, list[bytes]]:
    """Read a query as forms write it; `urllib.parse.parse_qs` takes no escape beyond ASCII."""
    found: dict[bytes, list[bytes]] = {}
    for pair in query.split(b"&"):
        if pair:
            name, _, value = pair.replace(b"+", b" ").partition(b"=")
            found.setdefault(unquote_to_bytes(name), []).append(unquote_to_bytes(value))
    return found
