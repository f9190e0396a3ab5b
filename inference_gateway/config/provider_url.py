"""Base URLs of providers: their form, and which addresses they may name.

They are judged by their text alone; no name is looked up. Errors never quote a URL, since one that
is refused may hold a password or a key.
"""

import ipaddress
import re

import attrs

_PORTS = {"http": 80, "https": 443}
_SCHEME = re.compile(r"(https?)://(.*)", re.IGNORECASE | re.DOTALL)
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?")
_PATH = re.compile(r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)*")
#: Two hyphens after two other characters are for IDNA alone (RFC 5891); Twisted looks up nothing
#: else, nor names with underscores.
_LABEL = re.compile(r"(?!(?!xn)..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
#: How the last label of a name never looks: everything that reads it as a number means IPv4.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LONGEST_NAME = 253
_NETWORKS_OF_METADATA = tuple(
    ipaddress.ip_network(text)
    for text in ("169.254.0.0/16", "100.100.100.200/32", "fe80::/10", "fd00:ec2::254/128")
)
#: IPv6 addresses that a translator turns into the IPv4 address at their end (RFC 6052).
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".svc", ".lan", ".home.arpa")

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@attrs.frozen(kw_only=True)
class ProviderURL:
    """A base URL taken apart; ``str`` of it is its normal form."""

    scheme: str
    #: A name in lower case, or an address without brackets.
    host: str
    port: int
    #: Empty, or starts with a slash and does not end with one.
    path: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"

    @property
    def is_this_machine(self) -> bool:
        """Whether its text names this machine, as loopback or as no particular address."""
        address = _address(self.host)
        if address is None:
            return f".{self.host}".endswith(".localhost")
        return address.is_loopback or address.is_unspecified

    @property
    def is_public(self) -> bool:
        """Whether its text does not tell that the way there stays in a private network."""
        address = _address(self.host)
        if address is None:
            return "." in self.host and not self.host.endswith(_PRIVATE_SUFFIXES)
        return address.is_global


def with_usual_path(base_url: str, kind: str) -> str:
    """Return the base URL of a provider of type ``kind`` with all of the path that it needs.

    OpenAI's convention is ``/v1`` where nothing else is said. Azure's addresses are told to clients
    up to the host, and everything is below ``/openai``.
    """
    url = parse_base_url(base_url)
    path = url.path
    if kind != "azure":
        path = path or "/v1"
    elif not {"openai", "v1"} & set(path.split("/")):
        path += "/openai"
    return str(attrs.evolve(url, path=path))


def parse_base_url(text: str) -> ProviderURL:
    """Take a base URL apart; raise `ValueError` with what is wrong with it."""
    match = _SCHEME.fullmatch(text)
    if match is None:
        raise ValueError("it starts with neither http:// nor https://")
    scheme, rest = match[1].lower(), match[2]
    if "?" in rest or "#" in rest:
        raise ValueError("it has a query or a fragment")
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        raise ValueError("it has a user or a password; a key goes into api_key")
    match = _AUTHORITY.fullmatch(authority)
    port = 0 if match is None else int(match[2] or _PORTS[scheme])
    if match is None or not 1 <= port <= 65535:
        raise ValueError("what follows the host is no port from 1 to 65535")
    return ProviderURL(
        scheme=scheme, host=_host(match[1].lower()), port=port, path=_path(slash + path)
    )


def _path(path: str) -> str:
    path = path.removesuffix("/")
    if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise ValueError(
            "its path has characters that need percent-encoding, or a segment that is empty or dots"
        )
    if path.endswith(("/completions", "/messages")):
        raise ValueError("it names an endpoint; write it up to where that begins, such as /v1")
    return path


def _host(host: str) -> str:
    """Return the one way to write a host."""
    if host.startswith("["):
        return _ipv6(host[1:-1])
    if not host.isascii():
        raise ValueError("its host is not ASCII; write it as IDNA does, with xn--")
    if host.endswith("."):
        raise ValueError("its host ends with a dot")
    if "_" in host:
        raise ValueError("its host has an underscore, which names of hosts cannot have")
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4(host)
    if len(host) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("its host is neither a name nor an address")
    return host


def _ipv4(host: str) -> str:
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        raise ValueError("its host is an IPv4 address that is not four decimal numbers") from None
    return _allowed(address)


def _ipv6(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        raise ValueError("what its brackets hold is no IPv6 address") from None
    if address.scope_id is not None:
        raise ValueError("its IPv6 address names a zone")
    if address.ipv4_mapped is not None:
        raise ValueError("its IPv6 address stands for an IPv4 address; write that one")
    if address in _TRANSLATED:
        _allowed(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return _allowed(address)


def _allowed(address: _Address) -> str:
    """Return the address as text, unless machines of a cloud get their credentials there."""
    if any(address in network for network in _NETWORKS_OF_METADATA):
        raise ValueError("its address is link-local or a cloud's metadata service")
    return str(address)


def _address(host: str) -> _Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
