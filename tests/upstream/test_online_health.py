"""Asking the providers how they are, before they are asked for their models."""

from typing import Any

from twisted.internet.defer import CancelledError

from inference_gateway.config.kinds import Secret
from inference_gateway.config.settings import TimeoutSettings
from inference_gateway.upstream.online_check import Finding
from tests.upstream.asking import response
from tests.upstream.test_online_check import CANARY, OnlineCheckTestCase, models, provider

OK = response(body=b'{"status":"ok"}')
LIST = response(body=models("a"))
LOADING = b'{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}'


def properties(slots: int) -> bytes:
    """Return an answer of llama.cpp that tells the number of its slots."""
    return response(body=b'{"total_slots":%d,"model_path":"canary-81c0"}' % slots)


class HealthTestCase(OnlineCheckTestCase):
    """A provider that is asked several things on one connection."""

    def asked(self, *answers: bytes, **settings: Any) -> tuple[Finding, list[bytes]]:
        """Return what is found out, and the targets that were asked for."""
        checking = self.check(provider(**settings))
        socket = self.network.accept()
        for answer in answers:
            self.assertNoResult(checking)
            socket.answer(answer)
            self.network.turn()
        (finding,) = self.found(checking)
        self.assertNotIn(CANARY, f"{finding} {finding!r}")
        self.assertEqual(self.network.attempts, 1)
        lines = [line for line in socket.value().split(b"\r\n") if line.startswith(b"GET ")]
        return finding, [line.split(b" ")[1] for line in lines]

    def assertFound(self, message: str, *answers: bytes, **settings: Any) -> list[bytes]:
        """Assert that a usable provider is told of in that way; return what was asked for."""
        finding, targets = self.asked(*answers, **settings)
        self.assertEqual((finding.usable, finding.message), (True, message))
        return targets

    def assertRefused(self, message: str, *answers: bytes, **settings: Any) -> list[bytes]:
        """Assert that an unusable provider is told of in that way; return what was asked for."""
        finding, targets = self.asked(*answers, **settings)
        self.assertEqual((finding.usable, finding.message), (False, message))
        return targets


class LlamaCppTests(HealthTestCase):
    """Providers of type ``llamacpp``."""

    def test_ready(self) -> None:
        """One that is ready tells its slots, and then its models."""
        targets = self.assertFound(
            "reachable, ready, 4 slots, lists 1 model", OK, properties(4), LIST, type="llamacpp"
        )
        self.assertEqual(targets, [b"/health", b"/props", b"/v1/models"])

    def test_one_slot(self) -> None:
        """A single slot is one; warnings stay what they are."""
        self.assertFound(
            "reachable, ready, 1 slot, lists 1 model; warning: not among them: b",
            OK,
            properties(1),
            LIST,
            type="llamacpp",
            models={"b": "b"},
        )

    def test_loading(self) -> None:
        """One that loads its model is not usable yet, and is asked nothing more."""
        answer = response(503, body=LOADING)
        message = "loading its model; try again"
        self.assertEqual(self.assertRefused(message, answer, type="llamacpp"), [b"/health"])

    def test_unhealthy(self) -> None:
        """One that failed is told of by its status."""
        answer = response(500, body=b'{"status":"error","why":"canary-81c0"}')
        self.assertRefused("unhealthy (500)", answer, type="llamacpp")

    def test_unknown(self) -> None:
        """One that shows no health is judged by its models, and asked for no slots."""
        message = "reachable, lists 1 model"
        targets = self.assertFound(message, response(404), LIST, type="llamacpp")
        self.assertEqual(targets, [b"/health", b"/v1/models"])

    def test_hidden_slots(self) -> None:
        """A number of slots that cannot be had is left out."""
        message = "reachable, ready, lists 1 model"
        for answer in (response(403), response(404), response(body=b"<html>")):
            self.setUp()
            self.assertFound(message, OK, answer, LIST, type="llamacpp")

    def test_no_list(self) -> None:
        """Health without a list of models is not enough."""
        message = "answered 404: is base_url right? OpenAI's convention ends in /v1"
        url = "http://127.0.0.1:8001/"
        answers = (OK, properties(4), response(404))
        targets = self.assertRefused(message, *answers, type="llamacpp", base_url=url)
        self.assertEqual(targets, [b"/health", b"/props", b"/models"])

    def test_wrong_key(self) -> None:
        """A key is found out to be wrong where it is asked for, if nowhere else."""
        answers = (OK, response(401, body=b'{"error":{"message":"canary-81c0"}}'))
        message = "credential refused (401)"
        self.assertRefused(message, *answers, type="llamacpp", api_key=Secret(CANARY))
        self.assertEqual(self.network.sockets[0].value().count(b"Bearer canary-81c0"), 2)
        self.setUp()
        self.assertRefused(f"{message}: there is no api_key", *answers, type="llamacpp")


class VLLMTests(HealthTestCase):
    """Providers of type ``vllm``."""

    def test_ready(self) -> None:
        """One that is ready has no slots to tell of."""
        targets = self.assertFound("reachable, ready, lists 1 model", response(), LIST, type="vllm")
        self.assertEqual(targets, [b"/health", b"/v1/models"])

    def test_unhealthy(self) -> None:
        """One whose engine is dead is not usable, though it would list its models."""
        self.assertEqual(
            self.assertRefused("unhealthy (503)", response(503), type="vllm"), [b"/health"]
        )


class SilenceTests(HealthTestCase):
    """Providers that leave a question unanswered."""

    def test_silent_health(self) -> None:
        """One that does not answer at all is asked once."""
        checking = self.check(provider(type="vllm", timeouts=TimeoutSettings(connect=2.0)))
        self.network.accept()
        self.network.reactor.advance(12.1)
        (finding,) = self.found(checking)
        self.assertEqual((finding.usable, self.network.attempts), (False, 1))
        self.assertTrue(finding.message.startswith("unreachable: "), finding.message)

    def test_silent_slots(self) -> None:
        """Slots that are not told in time are done without."""
        timeouts = TimeoutSettings(connect=2.0)
        checking = self.check(provider(type="llamacpp", timeouts=timeouts))
        self.network.accept().answer(OK)
        self.network.reactor.advance(12.1)
        self.assertEqual(self.network.attempts, 2)
        self.network.accept().answer(LIST)
        (finding,) = self.found(checking)
        self.assertEqual(str(finding), "gpu: reachable, ready, lists 1 model")

    def test_cancel(self) -> None:
        """Cancelling while health is asked for closes the connection."""
        checking = self.check(provider(type="llamacpp"))
        self.network.accept()
        checking.cancel()
        self.network.turn()
        self.failureResultOf(checking, CancelledError)
        self.assertTrue(self.network.sockets[0].lost)
