"""Requests as bytes, and answers read from bytes."""

from collections.abc import Iterable
from typing import Any

import attrs
import orjson


def request(
    method: str,
    target: str,
    body: bytes | None = None,
    headers: Iterable[tuple[str, str]] = (),
    *,
    host: str = "localhost:8000",
    version: str = "1.1",
) -> bytes:
    """Return a request; with a body it says that it is JSON, unless the headers say otherwise."""
    lines = [f"{method} {target} HTTP/{version}", f"Host: {host}"]
    fields = list(headers)
    if body is not None:
        if not any(name.lower() == "content-type" for name, _ in fields):
            fields.append(("Content-Type", "application/json"))
        fields.append(("Content-Length", str(len(body))))
    lines += [f"{name}: {value}" for name, value in fields if value]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


@attrs.frozen
class Answer:
    """One answer; ``whole`` tells whether its end came, as its framing promises it."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool

    @property
    def json(self) -> Any:
        """The body, which must be JSON."""
        return orjson.loads(self.body)

    @property
    def error(self) -> Any:
        """The error object of the body."""
        return self.json["error"]


def answers(wire: bytes, *methods: str) -> list[Answer]:
    """Read all answers of one connection; ``methods`` of the requests, GET where they end."""
    found = []
    asked = list(methods)
    while wire:
        answer, wire = _read(wire, asked.pop(0) if asked else "GET")
        found.append(answer)
    return found


def _read(wire: bytes, method: str) -> tuple[Answer, bytes]:
    head, blank, rest = wire.partition(b"\r\n\r\n")
    if not blank:
        raise AssertionError(f"half a head: {wire!r}")
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = [line.split(": ", 1) for line in lines]
    headers = {name.lower(): value for name, value in fields}
    if len(headers) != len(fields):
        raise AssertionError(f"a header came twice: {head!r}")
    status = int(first.split(" ")[1])
    if method == "HEAD" or status == 204:
        return Answer(status, headers, b"", True), rest
    if headers.get("transfer-encoding") == "chunked":
        body, whole, rest = _dechunk(rest)
        return Answer(status, headers, body, whole), rest
    if "content-length" in headers:
        size = int(headers["content-length"])
        return Answer(status, headers, rest[:size], len(rest) >= size), rest[size:]
    return Answer(status, headers, rest, True), b""


def _dechunk(data: bytes) -> tuple[bytes, bool, bytes]:
    """Return what the chunks hold, whether the last one came, and what follows it."""
    body = b""
    while data:
        line, _, rest = data.partition(b"\r\n")
        size = int(line, 16)
        if not size:
            return body, True, rest[2:]
        body += rest[:size]
        data = rest[size + 2 :]
    return body, False, b""
