"""A client that sends exactly the bytes it is told to, and reads answers as they come."""

import http.client
import json
import socket
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import attrs

from tests.acceptance.gateway import KEY, PROMPT, GatewayTestCase

AUTH = f"Authorization: Bearer {KEY}"


@attrs.frozen
class Answer:
    """One answer; ``headers`` are looked up whatever their case."""

    version: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body's value."""
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The error object of the body."""
        error: dict[str, Any] = self.json()["error"]
        return error


class RawConnection:
    """One connection to a gateway; a silence of ten seconds raises `TimeoutError`."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, timeout=10)
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> "RawConnection":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave; idempotent."""
        self._file.close()
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send ``data``."""
        self._socket.sendall(data)

    def half_close(self) -> None:
        """Tell the gateway that nothing more will be sent."""
        self._socket.shutdown(socket.SHUT_WR)

    def line(self) -> bytes:
        """Read one line; empty at the end."""
        return self._file.readline()

    def until(self, wanted: bytes) -> bytes:
        """Read lines up to and with the first that contains ``wanted``; raises if none does."""
        lines = []
        for line in self._file:
            lines.append(line)
            if wanted in line:
                return b"".join(lines)
        raise AssertionError(f"{wanted!r} did not come, but {b''.join(lines)!r}")

    def rest(self) -> bytes:
        """Read up to the end of the connection."""
        return self._file.read()

    def closed(self) -> bool:
        """Whether the gateway ends the connection without another byte."""
        try:
            return self._file.read(1) == b""
        except ConnectionResetError:
            return True

    def head(self) -> Answer:
        """Read the head of an answer."""
        version, status = self.line().split(b" ", 2)[:2]
        headers = http.client.parse_headers(self._file)
        return Answer(version.decode(), int(status), headers, b"")  # type: ignore[arg-type]

    def answer(self, *, headless: bool = False) -> Answer:
        """Read a whole answer, framed by its headers; ``headless``: to a HEAD, without a body."""
        head = self.head()
        if headless or head.status == 204:
            return head
        if head.headers.get("transfer-encoding") == "chunked":
            return attrs.evolve(head, body=self._chunks())
        length = head.headers.get("content-length")
        return attrs.evolve(head, body=self._file.read(-1 if length is None else int(length)))

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.line(), 16):
            body += self._file.read(size)
            assert self.line() == b"\r\n"
        assert self.line() == b"\r\n"
        return body


def chat_body(model: str = "echo", text: str = PROMPT, **fields: Any) -> bytes:
    """Return the body of a chat call."""
    body = {"model": model, "messages": [{"role": "user", "content": text}], **fields}
    return json.dumps(body).encode()


def head(line: str, *headers: str) -> bytes:
    """Return a request head with a Host."""
    return "\r\n".join([line, "Host: gateway.test", *headers, "", ""]).encode("ascii")


def post(body: bytes, *headers: str, version: str = "1.1") -> bytes:
    """Return a chat call with ``body``, a good key and ``headers``."""
    return (
        head(
            f"POST /v1/chat/completions HTTP/{version}",
            AUTH,
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            *headers,
        )
        + body
    )


def get(path: str, *headers: str) -> bytes:
    """Return a GET with a good key and ``headers``."""
    return head(f"GET {path} HTTP/1.1", AUTH, *headers)


class RawTestCase(GatewayTestCase):
    """Tests that send bytes to a gateway with ``configuration``."""

    def connect(self) -> RawConnection:
        """Return a new connection; it is closed with the test."""
        client = RawConnection(self.gateway.address)
        self.addCleanup(client.close)
        return client

    def ask(self, data: bytes) -> Answer:
        """Return the answer to ``data`` on a connection of its own."""
        client = self.connect()
        client.send(data)
        return client.answer()

    def assertError(self, answer: Answer, status: int, code: str) -> dict[str, Any]:
        """Assert that an answer is an error in the one shape they all have; return its object."""
        self.assertEqual((answer.status, answer.error.get("code")), (status, code))
        self.assertEqual(answer.headers["content-type"], "application/json")
        self.assertIn("x-request-id", answer.headers)
        self.assertEqual(set(answer.error), {"message", "type", "param", "code"})
        self.assertTrue(answer.json()["detail"]["errors"])
        return answer.error

    def assertServed(self, client: RawConnection) -> None:
        """Assert that the connection goes on serving."""
        client.send(post(chat_body()))
        answer = client.answer()
        self.assertEqual(answer.json()["choices"][0]["message"]["content"], f"Echo: {PROMPT}")
