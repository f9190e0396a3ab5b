"""Asking one provider whether it is well: what it is asked, and what its answers mean."""

import json
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.kinds import Secret
from inference_gateway.config.settings import HealthSettings, ProviderSettings
from inference_gateway.dialects.registry import dialect_for
from inference_gateway.http1.agent import Agent
from inference_gateway.upstream.health_check import Checkup, HealthCheck
from tests.http1.fake_upstream import FakeSocket, MemoryNetwork
from tests.upstream.asking import response

CANARY = "canary-2f08"
OK = response(body=b'{"status":"ok"}')
LOADING = response(503, body=b'{"error":{"message":"Loading model"}}')


def slots(count: int) -> bytes:
    """Return an answer of llama.cpp that tells the number of its slots."""
    return response(body=b'{"total_slots":%d}' % count)


class HealthCheckTestCase(SynchronousTestCase):
    """One connection in memory, on which everything is asked, and of which nothing may be left."""

    def setUp(self) -> None:
        self.network = MemoryNetwork()
        self.agent = Agent(self.network.reactor)
        self.make()

    def tearDown(self) -> None:
        self.agent.close()
        self.network.turn()
        self.assertEqual(self.network.reactor.getDelayedCalls(), [])

    def make(self, **settings: Any) -> HealthCheck:
        """Configure the provider, by default as an operator would have a llama.cpp."""
        usual = {"id": "gpu", "type": "llamacpp", "base_url": "http://127.0.0.1:8001/v1"}
        provider = ProviderSettings(**{**usual, **settings})
        self.check = HealthCheck(provider, dialect_for(provider), self.agent, self.network.reactor)
        return self.check

    @property
    def socket(self) -> FakeSocket:
        """The connection that was made last."""
        return self.network.sockets[-1]

    def checkup(self, *answers: bytes) -> Checkup:
        """Ask once, and have the provider answer; return what came of it."""
        asked = self.check.ask()
        if not self.network.sockets or self.socket.lost:
            self.network.accept()
        for answer in answers:
            self.assertNoResult(asked)
            self.socket.answer(answer)
        return self.found(asked)

    def found(self, asked: "Deferred[Checkup]") -> Checkup:
        """Return what came of a question, which tells nothing of what came."""
        found = self.successResultOf(asked)
        self.assertNotIn(CANARY, repr(found))
        return found

    def targets(self) -> list[bytes]:
        """Return what was asked for on the last connection."""
        lines = self.socket.value().split(b"\r\n")
        return [line.split(b" ")[1] for line in lines if line.endswith(b" HTTP/1.1")]


class OwnWordTests(HealthCheckTestCase):
    """Providers whose type has a question of its own."""

    def test_ready(self) -> None:
        """One that says that it is ready is well."""
        self.assertEqual(self.checkup(OK, slots(4)), Checkup(latency=0.0, slots=4))
        self.assertEqual(self.targets(), [b"/health", b"/props"])

    def test_latency(self) -> None:
        """The time until the answer is told, without that for the slots."""
        asked = self.check.ask()
        socket = self.network.accept()
        self.network.reactor.advance(0.25)
        socket.answer(OK)
        self.network.reactor.advance(1.0)
        socket.answer(slots(4))
        self.assertEqual(self.found(asked), Checkup(latency=0.25, slots=4))

    def test_loading(self) -> None:
        """One that loads its model is not well yet."""
        self.assertEqual(self.checkup(LOADING).reason, "it is loading its model")
        self.assertEqual(self.targets(), [b"/health"])

    def test_unhealthy(self) -> None:
        """One that cannot serve is not, and its own words are not told."""
        self.make(type="vllm")
        self.assertEqual(
            self.checkup(response(503, body=CANARY.encode())).reason, "it answered 503"
        )

    def test_refused(self) -> None:
        """One that refuses the question refuses calls as well."""
        for status in (401, 403):
            self.assertEqual(
                self.checkup(response(status)).reason, f"it refuses the credential ({status})"
            )

    def test_hidden(self) -> None:
        """Where the question leads nowhere there is a server at least."""
        for status in (404, 302):
            self.assertIsNone(self.checkup(response(status), response(404)).reason)
            self.make()

    def test_no_question(self) -> None:
        """Other types have none, so they are not asked unless the operator wants it."""
        for kind in ("openai", "azure", "anthropic"):
            self.assertFalse(self.make(type=kind).has_question, kind)
            self.failureResultOf(self.check.ask(), ValueError)
            self.assertTrue(
                self.make(type=kind, health=HealthSettings(check="models")).has_question, kind
            )
        for kind in ("llamacpp", "vllm"):
            self.assertTrue(self.make(type=kind).has_question, kind)

    def test_never(self) -> None:
        """One that shall not be asked is not."""
        for path in (None, "/up"):
            self.assertFalse(
                self.make(health=HealthSettings(check="never", path=path)).has_question
            )


class SlotsTests(HealthCheckTestCase):
    """How many calls a server works on at the same time."""

    def test_rare(self) -> None:
        """It is asked with the first good answer, and then with every thirtieth."""
        counted = [self.checkup(OK, slots(2)).slots]
        counted += [self.checkup(OK).slots for _ in range(29)]
        counted += [self.checkup(OK, slots(3)).slots]
        self.assertEqual(counted, [2, *[None] * 29, 3])

    def test_recovery(self) -> None:
        """It is asked again when it comes back, as it may have been started anew."""
        self.checkup(OK, slots(2))
        self.assertIsNone(self.checkup(OK).slots)
        self.checkup(LOADING)
        self.assertEqual(self.checkup(OK, slots(8)).slots, 8)

    def test_untold(self) -> None:
        """A server that does not tell is well all the same."""
        for answer in (response(404), response(401), response(body=b"{}"), b"SSH-2.0\r\n\r\n"):
            self.make()
            found = self.checkup(OK, answer)
            self.assertEqual((found.reason, found.slots), (None, None))
            self.network.turn()

    def test_silent(self) -> None:
        """Neither is one ill that answers only that question not in time."""
        self.make(health=HealthSettings(timeout=2.0))
        asked = self.check.ask()
        self.network.accept().answer(OK)
        self.network.reactor.advance(2.0)
        self.assertEqual(self.found(asked), Checkup(latency=0.0))

    def test_configured(self) -> None:
        """It is not asked where the operator says how many calls it gets."""
        self.make(max_in_flight=4)
        self.assertEqual(self.checkup(OK), Checkup(latency=0.0))
        self.assertEqual(self.targets(), [b"/health"])


class ModelsTests(HealthCheckTestCase):
    """Providers that are asked for their models."""

    def setUp(self) -> None:
        super().setUp()
        self.make(type="openai", health=HealthSettings(check="models"))

    def test_asked(self) -> None:
        """The list is asked for, and not read when it is long."""
        listed = b'{"data":[{"id":"%b"}]}' % (b"x" * 100_000)
        self.assertIsNone(self.checkup(response(body=b'{"data":[]}')).reason)
        self.assertEqual(self.targets(), [b"/v1/models"])
        self.assertIsNone(self.checkup(response(body=listed)).reason)

    def test_statuses(self) -> None:
        """Only what is about this one question is no reason."""
        for status in (400, 422, 429):
            self.assertIsNone(self.checkup(response(status)).reason, status)
        for status in (302, 404, 500, 502, 503):
            self.assertEqual(self.checkup(response(status)).reason, f"it answered {status}")

    def test_credentials(self) -> None:
        """One refused credential is followed by the next, which is then used first."""
        self.make(
            type="openai",
            health=HealthSettings(check="models"),
            api_keys=(Secret("one"), Secret("two"), Secret("three")),
        )
        self.assertIsNone(self.checkup(response(401), response()).reason)
        self.assertIsNone(self.checkup(response()).reason)
        found = self.checkup(response(403), response(402), response(401))
        self.assertEqual(found.reason, "it refuses the credential (401)")
        lines = self.socket.value().split(b"\r\n")
        used = [line[22:] for line in lines if line.lower().startswith(b"authorization: ")]
        self.assertEqual(used, [b"one", b"two", b"two", b"two", b"three", b"one"])


class CallTests(HealthCheckTestCase):
    """Providers that are asked for one token."""

    def configure(self, **settings: Any) -> HealthCheck:
        """Configure one that is asked so."""
        models = {"*": "any-*", "public": "own", "other": "other"}
        usual = {"type": "openai", "models": models, "health": HealthSettings(check="call")}
        return self.make(**{**usual, **settings})

    def asked(self, **settings: Any) -> tuple[bytes, dict[str, Any]]:
        """Return what it is asked for, and with which body."""
        self.configure(**settings)
        self.assertIsNone(self.checkup(response()).reason)
        head, _, body = self.socket.value().partition(b"\r\n\r\n")
        return head.split(b"\r\n")[0], json.loads(body)

    def test_call(self) -> None:
        """Its first model that has a name of its own is asked for one token."""
        line, body = self.asked()
        self.assertEqual(line, b"POST /v1/chat/completions HTTP/1.1")
        self.assertEqual((body["model"], body["max_tokens"]), ("own", 1))
        self.assertEqual([message["role"] for message in body["messages"]], ["user"])

    def test_translated(self) -> None:
        """It is asked in the way of its type."""
        line, body = self.asked(type="anthropic")
        self.assertEqual(line, b"POST /v1/messages HTTP/1.1")
        self.assertEqual((body["model"], body["max_tokens"]), ("own", 1))

    def test_dropped(self) -> None:
        """What is left out of every call is left out here, too."""
        _, body = self.asked(drop_fields=("max_tokens",))
        self.assertEqual(sorted(body), ["messages", "model"])

    def test_nothing_to_call(self) -> None:
        """Without such a model, or without chat, there is nothing to ask for."""
        self.assertFalse(self.configure(models={}).has_question)
        self.assertFalse(self.configure(models={"*": "*"}).has_question)
        self.assertFalse(self.configure(endpoints=("embeddings",)).has_question)
        self.assertTrue(self.configure(endpoints=("chat",)).has_question)

    def test_statuses(self) -> None:
        """A model that does not like the question is there; one that is gone or ill is not."""
        self.configure()
        for status in (400, 422, 429):
            self.assertIsNone(self.checkup(response(status)).reason, status)
        for status in (404, 500, 503):
            self.assertEqual(self.checkup(response(status)).reason, f"it answered {status}")


class PathTests(HealthCheckTestCase):
    """Providers that are asked at a path of the operator's choice."""

    def test_beside(self) -> None:
        """It lies beside the version of the base URL, and goes before the type's own question."""
        for base, target in (("/v1", b"/up"), ("/own/v1", b"/own/up"), ("/api", b"/api/up")):
            self.make(
                base_url="http://127.0.0.1:8001" + base,
                type="vllm",
                health=HealthSettings(path="/up"),
            )
            self.assertIsNone(self.checkup(response()).reason)
            self.assertEqual(self.targets()[-1], target)

    def test_statuses(self) -> None:
        """Every success is one, and nothing else is."""
        self.make(type="openai", health=HealthSettings(path="/up"))
        for status in (200, 204, 299):
            self.assertIsNone(self.checkup(response(status)).reason, status)
        for status in (302, 400, 429, 503):
            self.assertEqual(self.checkup(response(status)).reason, f"it answered {status}")


class SilenceTests(HealthCheckTestCase):
    """Providers that do not answer."""

    def test_refused(self) -> None:
        """Nobody listens there."""
        asked = self.check.ask()
        self.network.refuse(ConnectionRefusedError())
        self.assertEqual(self.found(asked).reason, "the provider refused the connection")

    def test_silent(self) -> None:
        """There is a limit of time for all of an answer."""
        self.make(type="vllm", health=HealthSettings(timeout=2.0))
        for start in (b"", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel"):
            asked = self.check.ask()
            socket = self.network.accept()
            socket.answer(start)
            self.network.reactor.advance(1.9)
            self.assertNoResult(asked)
            self.network.reactor.advance(0.1)
            self.assertEqual(self.found(asked).reason, "the provider did not answer within 2 s")
            self.network.turn()
            self.assertTrue(socket.lost)

    def test_cancel(self) -> None:
        """Cancelling closes the connection, whatever is being asked."""
        for answers in ((), (OK,)):
            asked = self.check.ask()
            socket = self.network.accept()
            for answer in answers:
                socket.answer(answer)
            asked.cancel()
            self.failureResultOf(asked, CancelledError)
            self.network.turn()
            self.assertTrue(socket.lost)
