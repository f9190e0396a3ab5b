"""Endpoint strings: where the gateway listens, as text for Twisted to open later.

They are judged by their form alone; nothing is looked up or opened. The grammar is the one of
``twisted.internet.endpoints.serverFromString``: fields between colons, ``name=value`` or by
position, a backslash before a character that is meant literally.
"""

import ipaddress
import re
from collections.abc import Mapping

import attrs

from inference_gateway.config.problem import did_you_mean

#: The fields of each kind in the order in which they may come without a name.
_FIELDS = {
    "tcp": ("port", "interface", "backlog"),
    "tcp6": ("port", "interface", "backlog"),
    "unix": ("address", "mode", "backlog", "lockfile"),
    "systemd": ("domain", "index", "name"),
}
_BIND_ADDRESS = re.compile(r"(?:\[([^\]]+)\]|([^:\[\]]+)):([0-9]{1,5})")


@attrs.frozen(kw_only=True)
class ListenEndpoint:
    """An endpoint string taken apart."""

    kind: str
    fields: Mapping[str, str]

    @property
    def is_local(self) -> bool:
        """Whether nobody on another machine can reach it, as far as its text tells."""
        if self.kind == "unix":
            return True
        if self.kind == "systemd":
            return self.fields.get("domain") == "UNIX"
        interface = self.fields.get("interface", "")
        return interface == "localhost" or is_loopback(interface)

    @property
    def is_everywhere(self) -> bool:
        """Whether a TCP endpoint listens on every address of a family."""
        interface = self.fields.get("interface", "")
        return not interface or as_address(interface) in ("0.0.0.0", "::")


def parse_endpoint(text: str) -> ListenEndpoint:
    """Take an endpoint string apart; raise `ValueError` with what is wrong with it."""
    (kind, *rest), *others = _split(text)
    if kind not in _FIELDS or rest:
        kinds = ", ".join(f"{kind}:" for kind in _FIELDS)
        raise ValueError(f"it starts with none of {kinds}{did_you_mean(kind, _FIELDS)}")
    names = _FIELDS[kind]
    fields: dict[str, str] = {}
    for position, (first, *value) in enumerate(others):
        if not value and position >= len(names):
            raise ValueError(f"a {kind}: endpoint has at most the fields {', '.join(names)}")
        name = first if value else names[position]
        if name not in names:
            raise ValueError(f"{name!r} is no field of {kind}:{did_you_mean(name, names)}")
        if name in fields:
            raise ValueError(f"the field {name} is given twice")
        fields[name] = value[0] if value else first
    _judge(kind, fields)
    return ListenEndpoint(kind=kind, fields=fields)


def _judge(kind: str, fields: Mapping[str, str]) -> None:
    required = _FIELDS[kind][0]
    if not fields.get(required):
        raise ValueError(f"a {kind}: endpoint needs its {required}")
    if required == "port":
        port = fields["port"]
        if not re.fullmatch("[0-9]{1,5}", port) or int(port) > 65535:
            raise ValueError(f"{port!r} is no port from 0 to 65535")


def _split(text: str) -> list[list[str]]:
    """Return the fields, each as ``[value]`` or ``[name, value]``."""
    fields = [[""]]
    characters = iter(text)
    for character in characters:
        if character == ":":
            fields.append([""])
        elif character == "=" and len(fields[-1]) == 1:
            fields[-1].append("")
        elif character == "\\":
            escaped = next(characters, None)
            if escaped is None:
                raise ValueError("it ends with a backslash")
            fields[-1][-1] += escaped
        else:
            fields[-1][-1] += character
    return fields


def tcp_endpoint(host: str, port: int) -> str:
    """Return the endpoint string for an IP address and a port."""
    return f"tcp:{port}:interface=" + re.sub(r"([\\:])", r"\\\1", host)


def bind_address_endpoint(text: str) -> str:
    """Return the endpoint string for ``host:port``; raise `ValueError` if it is none."""
    match = _BIND_ADDRESS.fullmatch(text)
    host = match and as_address(match[1] or match[2])
    port = 0 if match is None else int(match[3])
    if not host or not 1 <= port <= 65535:
        raise ValueError("an IP address and a port such as 0.0.0.0:8080 or [::]:8080")
    return tcp_endpoint(host, port)


def as_address(host: str) -> str | None:
    """Return the IP address that ``host`` writes (``localhost`` too), or None if it is none."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def is_loopback(address: str) -> bool:
    """Tell whether the text is an IP address that only this machine reaches."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
