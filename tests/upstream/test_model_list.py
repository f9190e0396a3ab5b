"""Asking one provider for its models: what it is sent, and what its answers mean."""

import json
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.kinds import Secret
from inference_gateway.config.settings import ProviderSettings, TimeoutSettings
from inference_gateway.dialects.registry import dialect_for
from inference_gateway.http1.agent import Agent
from inference_gateway.provider_errors import (
    ProviderAuthFailed,
    ProviderError,
    ProviderInvalidAnswer,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from inference_gateway.upstream.model_list import LONGEST_LIST, ModelList, listed_ids
from tests.http1.fake_upstream import MemoryNetwork
from tests.upstream.asking import response

CANARY = "canary-55d7"


def body(*names: str) -> bytes:
    """Return a list of models as OpenAI writes it."""
    return json.dumps({"object": "list", "data": [{"id": name} for name in names]}).encode()


class ListedIdsTests(SynchronousTestCase):
    """What is in a list."""

    def test_openai(self) -> None:
        """OpenAI's object has the list as ``data``."""
        self.assertEqual(listed_ids(body("a", "org/b")), ["a", "org/b"])

    def test_bare(self) -> None:
        """Some servers answer with the list alone."""
        self.assertEqual(listed_ids(b'[{"id":"a"},{"id":"b"}]'), ["a", "b"])

    def test_llamacpp(self) -> None:
        """llama.cpp adds a list in Ollama's form, which says the same."""
        listed = b'{"models":[{"name":"x.gguf"}],"object":"list","data":[{"id":"x.gguf"}]}'
        self.assertEqual(listed_ids(listed), ["x.gguf"])

    def test_null(self) -> None:
        """No model at all may be null, and only that."""
        self.assertEqual(listed_ids(b'{"object":"list","data":null}'), [])
        for data in (b'""', b"false", b"0", b"{}"):
            self.assertIsNone(listed_ids(b'{"data":%b}' % data))

    def test_odd_entries(self) -> None:
        """Entries are not judged here, but for those that can have no id."""
        self.assertEqual(listed_ids(b'{"data":[{"id":7},{"name":"a"},"x",null]}'), [7, None])

    def test_no_list(self) -> None:
        """What is no list is told apart from an empty one."""
        for other in (b"", b"<html>", b'"x"', b"null", b'{"id":"a"}', b'{"data":[{"id":"a"}]'):
            self.assertIsNone(listed_ids(other), other)


class ModelListTestCase(SynchronousTestCase):
    """A network in memory, of which nothing may be left."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.agent = Agent(self.network.reactor)

    def tearDown(self) -> None:
        self.agent.close()
        self.network.turn()
        self.assertEqual(self.network.reactor.getDelayedCalls(), [])

    def ask(self, **settings: Any) -> "Deferred[list[object]]":
        """Begin to ask a provider, by default one as an operator would have it."""
        usual = {"id": "gpu", "type": "openai", "base_url": "http://127.0.0.1:8001/v1"}
        provider = ProviderSettings(**{**usual, **settings})
        dialect = dialect_for(provider)
        return ModelList(provider, dialect, self.agent, self.network.reactor).ask()

    def answered(self, answer: bytes, **settings: Any) -> "Deferred[list[object]]":
        """Ask, and have the provider answer."""
        asked = self.ask(**settings)
        self.network.accept().answer(answer)
        return asked

    def failure(self, asked: "Deferred[list[object]]", kind: type[ProviderError]) -> str:
        """Return what is said of a failure, which tells nothing that came."""
        error = self.failureResultOf(asked, kind).value
        self.assertNotIn(CANARY, f"{error!r} {error}")
        return str(error)


class RequestTests(ModelListTestCase):
    """What a provider sees."""

    def sent(self, **settings: Any) -> list[bytes]:
        """Return the lines of the request, with names as they were written."""
        self.successResultOf(self.answered(response(body=body()), **settings))
        request: bytes = self.network.sockets[-1].value()
        self.assertTrue(request.endswith(b"\r\n\r\n"))
        return request.removesuffix(b"\r\n\r\n").split(b"\r\n")

    def test_plain(self) -> None:
        """The list is below its base URL, and nothing else is asked for."""
        line, *headers = self.sent(base_url="http://127.0.0.1:8001/own/v1")
        self.assertEqual(line, b"GET /own/v1/models HTTP/1.1")
        self.assertEqual(
            sorted(header.lower() for header in headers),
            [
                b"accept-encoding: identity",
                b"accept: application/json",
                b"host: 127.0.0.1:8001",
                b"user-agent: inference-gateway",
            ],
        )

    def test_credential(self) -> None:
        """It gets the key and the headers that a call would have."""
        lines = self.sent(api_key=Secret(CANARY), headers={"X-Team": Secret("t")})
        self.assertIn(f"Authorization: Bearer {CANARY}".encode(), lines)
        self.assertIn(b"X-Team: t", lines)

    def test_connections(self) -> None:
        """A connection that serves calls serves questions, too."""
        self.successResultOf(self.answered(response(body=body("a"))))
        again = self.ask()
        self.network.sockets[-1].answer(response(body=body("b")))
        self.assertEqual(self.successResultOf(again), ["b"])
        self.assertEqual(self.network.attempts, 1)


class AnswerTests(ModelListTestCase):
    """What becomes of an answer."""

    def test_list(self) -> None:
        """A list is handed over, in however many pieces it came."""
        asked = self.ask()
        socket = self.network.accept()
        for byte in response(body=body("a", "b")):
            self.assertNoResult(asked)
            socket.answer(bytes([byte]))
        self.assertEqual(self.successResultOf(asked), ["a", "b"])

    def test_no_list(self) -> None:
        """An answer that is no list is told apart from an empty list."""
        asked = self.answered(response(body=b"<html>" + CANARY.encode()))
        self.assertIn("else than a list", self.failure(asked, ProviderInvalidAnswer))

    def test_cut_off(self) -> None:
        """A list that breaks off is none."""
        asked = self.ask()
        socket = self.network.accept()
        socket.answer(response(body=body("a", "b"))[:-4])
        socket.end()
        self.failure(asked, ProviderInvalidAnswer)

    def test_longest(self) -> None:
        """A list has a longest length; beyond that the connection is closed."""
        longest = body("a").ljust(LONGEST_LIST)
        self.assertEqual(self.successResultOf(self.answered(response(body=longest))), ["a"])
        asked = self.ask()
        self.network.sockets[-1].answer(response(body=longest + b" "))
        self.assertIn(f"more than {LONGEST_LIST}", self.failure(asked, ProviderInvalidAnswer))

    def test_endless(self) -> None:
        """An answer without an end is not read to its end."""
        asked = self.ask()
        socket = self.network.accept()
        socket.answer(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(9):
            socket.answer(bytes(1024 * 1024))
        self.failure(asked, ProviderInvalidAnswer)
        self.network.turn()
        self.assertTrue(socket.lost)

    def test_statuses(self) -> None:
        """Another status is told, without the provider's words."""
        said = json.dumps({"error": {"message": CANARY}}).encode()
        for status, kind in (
            (401, ProviderAuthFailed),
            (404, ProviderRejected),
            (302, ProviderInvalidAnswer),
            (500, ProviderError),
        ):
            self.failure(self.answered(response(status, body=said)), kind)
            self.network.sockets[-1].end()

    def test_bad_http(self) -> None:
        """What is no acceptable HTTP is no list either."""
        self.failure(self.answered(b"SSH-2.0-x\r\n\r\n"), ProviderInvalidAnswer)


class ReachTests(ModelListTestCase):
    """Providers that do not answer."""

    def test_refused(self) -> None:
        """Nobody listens there."""
        asked = self.ask()
        self.network.refuse(ConnectionRefusedError())
        self.failure(asked, ProviderUnavailable)

    def test_connect(self) -> None:
        """Connecting has the provider's own limit of time."""
        asked = self.ask(timeouts=TimeoutSettings(connect=2.0))
        self.network.reactor.advance(2.0)
        self.assertIn("connect limit of 2 s", self.failure(asked, ProviderTimeout))

    def test_silent(self) -> None:
        """Ten seconds more are for the answer, be it the head or the body that is missing."""
        for start in (b"", response(body=body("a"))[:-1]):
            asked = self.ask(timeouts=TimeoutSettings(connect=2.0))
            socket = self.network.accept()
            socket.answer(start)
            self.network.reactor.advance(11.9)
            self.assertNoResult(asked)
            self.network.reactor.advance(0.2)
            self.assertIn("total limit of 12 s", self.failure(asked, ProviderTimeout))
            self.network.turn()
            self.assertTrue(socket.lost)

    def test_cancel(self) -> None:
        """Cancelling closes the connection."""
        asked = self.ask()
        socket = self.network.accept()
        asked.cancel()
        self.failureResultOf(asked, CancelledError)
        self.network.turn()
        self.assertTrue(socket.lost)
