"""Asking the providers for their models, and what their answers mean to the operator."""

import json
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.kinds import Secret
from inference_gateway.config.settings import ProviderSettings, TimeoutSettings
from inference_gateway.dialects.registry import dialect_for
from inference_gateway.upstream.online_check import Finding, check_online
from tests.http1.fake_upstream import MemoryNetwork
from tests.upstream.asking import response

CANARY = "canary-81c0"


def provider(**settings: Any) -> ProviderSettings:
    """Return a provider; what is not said is as an operator would have it."""
    usual = {
        "id": "gpu",
        "type": "openai",
        "base_url": "http://127.0.0.1:8001/v1",
        "models": {"*": "*"},
    }
    return ProviderSettings(**{**usual, **settings})


def models(*names: str) -> bytes:
    """Return the body of a list of models."""
    return json.dumps({"object": "list", "data": [{"id": name} for name in names]}).encode()


class OnlineCheckTestCase(SynchronousTestCase):
    """A network in memory, of which nothing may be left."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()

    def tearDown(self) -> None:
        self.network.turn()
        self.assertEqual(self.network.reactor.getDelayedCalls(), [])

    def check(self, *providers: ProviderSettings) -> Deferred[list[Finding]]:
        """Begin to ask."""
        asked = [(p, None if p.type == "echo" else dialect_for(p)) for p in providers]
        return Deferred.fromCoroutine(check_online(asked, self.network.reactor))

    def found(self, checking: Deferred[list[Finding]]) -> list[Finding]:
        """Return the findings, by which time all connections are closed."""
        self.network.turn()
        findings = self.successResultOf(checking)
        self.assertEqual([s for s in self.network.sockets if not s.lost], [])
        return findings

    def finding(self, answer: bytes, **settings: Any) -> Finding:
        """Return what is found out about one provider that sends ``answer``."""
        checking = self.check(provider(**settings))
        self.network.accept().answer(answer)
        (finding,) = self.found(checking)
        self.assertNotIn(CANARY, f"{finding} {finding!r}")
        return finding


class RequestTests(OnlineCheckTestCase):
    """What a provider sees."""

    def sent(self, **settings: Any) -> list[bytes]:
        """Return the lines of the request."""
        self.finding(response(body=models()), **settings)
        request: bytes = self.network.sockets[-1].value()
        head, _, body = request.partition(b"\r\n\r\n")
        self.assertEqual(body, b"")
        return head.split(b"\r\n")

    def test_plain(self) -> None:
        """It is asked for its models, at its own address."""
        line, *headers = self.sent(base_url="http://127.0.0.1:8001/own/v1")
        self.assertEqual(line, b"GET /own/v1/models HTTP/1.1")
        self.assertEqual(
            sorted(headers, key=bytes.lower),
            [
                b"Accept: application/json",
                b"Host: 127.0.0.1:8001",
                b"User-Agent: inference-gateway",
            ],
        )

    def test_azure(self) -> None:
        """Azure has its list elsewhere, and its key in a header of its own."""
        line, *headers = self.sent(
            type="azure",
            base_url="http://127.0.0.1:8001/openai",
            api_version="2099-01-01",
            api_key=Secret(CANARY),
        )
        self.assertEqual(line, b"GET /openai/models?api-version=2099-01-01 HTTP/1.1")
        self.assertIn(b"Api-Key: canary-81c0", headers)

    def test_credential(self) -> None:
        """It gets the key and the headers that a call would have."""
        lines = self.sent(api_key=Secret(CANARY), headers={"X-Team": Secret(f"{CANARY}-2")})
        self.assertIn(b"Authorization: Bearer canary-81c0", lines)
        self.assertIn(b"X-Team: canary-81c0-2", lines)


class AnswerTests(OnlineCheckTestCase):
    """What an answer means."""

    def assertGood(self, finding: Finding, message: str) -> None:
        """Assert that the provider is called usable, with that message."""
        self.assertEqual((finding.usable, str(finding)), (True, f"gpu: {message}"))

    def assertBad(self, finding: Finding, message: str) -> None:
        """Assert that the provider is called unusable, with that message."""
        self.assertEqual((finding.usable, str(finding)), (False, f"gpu: {message}"))

    def test_list(self) -> None:
        """A list of models is what is hoped for."""
        self.assertGood(self.finding(response(body=models("a"))), "reachable, lists 1 model")
        self.assertGood(self.finding(response(body=models("a", "b"))), "reachable, lists 2 models")

    def test_odd_lists(self) -> None:
        """Lists as some servers write them are as good, and odd entries do no harm."""
        for body, count in (
            (b'{"object":"list","data":null}', 0),
            (b'[{"id":"a"},{"id":"b"}]', 2),
            (b'{"data":[{"id":[]},{"name":"a"},"x",7]}', 2),
        ):
            finding = self.finding(response(body=body))
            self.assertGood(finding, f"reachable, lists {count} models")

    def test_missing(self) -> None:
        """Names that are configured and not listed are told, patterns apart, and no more."""
        names = {"one": "a", "two": "b", "other": "b", "three": "c", "p/*": "*", "q/*": "q-*"}
        finding = self.finding(response(body=models("a", CANARY)), models=names)
        self.assertGood(finding, "reachable, lists 2 models; warning: not among them: b, c")
        finding = self.finding(response(body=models("a", "b", "c")), models=names)
        self.assertGood(finding, "reachable, lists 3 models")

    def test_deployments(self) -> None:
        """Of Azure's list nothing is expected: what is deployed is not in it."""
        finding = self.finding(response(body=models("a")), type="azure", models={"b": "b"})
        self.assertGood(finding, "reachable, lists 1 model")

    def test_refused_credential(self) -> None:
        """A refused credential is called so, and a missing one is told of."""
        for status in (401, 403):
            answer = response(status, body=b'{"error":{"message":"wrong: canary-81c0"}}')
            finding = self.finding(answer, api_key=Secret(CANARY))
            self.assertBad(finding, f"credential refused ({status})")
        message = "credential refused (401): there is no api_key"
        self.assertBad(self.finding(response(401)), message)

    def test_not_found(self) -> None:
        """An address with nothing behind it may lack its usual end."""
        message = "answered 404: is base_url right?"
        self.assertBad(self.finding(response(404)), message)
        finding = self.finding(response(404), base_url="http://127.0.0.1:8001/api")
        self.assertBad(finding, f"{message} OpenAI's convention ends in /v1")
        finding = self.finding(response(404), type="azure", base_url="http://127.0.0.1:8001/openai")
        self.assertBad(finding, message)

    def test_other_statuses(self) -> None:
        """Other statuses are told as they are."""
        for status in (204, 400, 429, 500, 503):
            self.assertBad(self.finding(response(status)), f"answered {status}")
        redirect = self.finding(response(301, b"location: http://127.0.0.1:8002/"))
        self.assertBad(redirect, "answered 301: it redirects, which is never followed")
        self.assertEqual(self.network.reactor.tcpClients[-1][1], 8001)

    def test_no_list(self) -> None:
        """Whatever is no list of models is told apart from one."""
        for body in (b"", b"<html>canary-81c0", b'"x"', b'{"id":"a"}', b'{"data":"canary-81c0"}'):
            self.assertBad(
                self.finding(response(body=body)),
                "answered, but not with a list of models in JSON: is base_url right?",
            )

    def test_bad_http(self) -> None:
        """What is no acceptable HTTP is told of, and is not called unreachable."""
        finding = self.finding(b"SSH-2.0-canary-81c0\r\n\r\n")
        self.assertBad(finding, "the provider's answer is not acceptable HTTP")


class ReachTests(OnlineCheckTestCase):
    """Providers that do not answer, and several at once."""

    def test_refused(self) -> None:
        """Nobody listens there."""
        checking = self.check(provider())
        self.network.refuse(ConnectionRefusedError())
        (finding,) = self.found(checking)
        self.assertFalse(finding.usable)
        self.assertEqual(finding.message, "unreachable: the provider refused the connection")

    def test_limits(self) -> None:
        """Each has its own time for connecting, and ten seconds more for its answer."""
        timeouts = TimeoutSettings(connect=2.0)
        checking = self.check(provider(id="far", timeouts=timeouts), provider(timeouts=timeouts))
        self.network.accept()
        self.network.reactor.advance(2.0)
        self.network.reactor.advance(9.9)
        self.assertNoResult(checking)
        self.network.reactor.advance(0.2)
        first, second = self.found(checking)
        self.assertFalse(first.usable or second.usable)
        for finding, limit in ((first, "connect limit of 2 s"), (second, "total limit of 12 s")):
            self.assertTrue(finding.message.startswith("unreachable: "))
            self.assertIn(limit, finding.message)

    def test_together(self) -> None:
        """All are asked at the same time and told of in their order."""
        echo = ProviderSettings(id="echo", models={"echo": "echo"})
        checking = self.check(provider(id="a"), echo, provider(id="b"))
        self.assertEqual(self.network.attempts, 2)
        self.network.accept(1).answer(response(body=models("x")))
        self.assertNoResult(checking)
        self.network.accept(0).answer(response(500))
        self.assertEqual(
            [(str(finding), finding.usable) for finding in self.found(checking)],
            [
                ("a: answered 500", False),
                ("echo: built in, nothing to ask", True),
                ("b: reachable, lists 1 model", True),
            ],
        )

    def test_cancel(self) -> None:
        """Cancelling ends when all connections are closed."""
        checking = self.check(provider(id="a"), provider(id="b"), provider(id="c"))
        self.network.accept(0)
        self.network.accept(1).answer(response(body=b"{}")[:-1])
        checking.cancel()
        self.assertNoResult(checking)
        self.network.turn()
        self.failureResultOf(checking, CancelledError)
        self.assertTrue(all(socket.lost for socket in self.network.sockets))
