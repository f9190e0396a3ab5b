"""What travels through the gateway may be printed: neither keys nor what was said are shown."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.kinds import Secret
from inference_gateway.config.settings import KeySettings
from inference_gateway.exchange import Call, ProviderReply, Reply
from inference_gateway.http1.rules import judge
from inference_gateway.wire.chat import parse_chat
from inference_gateway.wire.sse import Event

CANARY = "canary-7f3a"


class PrintingTests(SynchronousTestCase):
    """Printing a value, as a log line or a debugger would."""

    def assert_hidden(self, value: object) -> None:
        """Assert that ``value`` shows nothing that it must keep to itself."""
        self.assertNotIn(CANARY, f"{value!r} {value}")

    def test_heads(self) -> None:
        """A head hides its credentials and its query."""
        lines = (
            f"GET /v1/models?key={CANARY} HTTP/1.1",
            "Host: gateway",
            f"Authorization: Bearer {CANARY}",
        )
        self.assert_hidden(judge("\r\n".join(lines).encode()))

    def test_prompts(self) -> None:
        """A request, and the call that carries it, hide what was said."""
        body = b'{"model":"m","messages":[{"role":"user","content":"%b"}]}' % CANARY.encode()
        request = parse_chat(body)
        self.assert_hidden(request)
        self.assert_hidden(Call(id="1", received=0.0, method="POST", path="/", request=request))

    def test_answers(self) -> None:
        """Answers and events hide what was answered."""
        said = CANARY.encode()
        self.assert_hidden(Event(b"data: " + said, said))
        self.assert_hidden(Reply(status=200, body=said))
        self.assert_hidden(ProviderReply(status=200, body=said))

    def test_keys(self) -> None:
        """Settings hide their keys."""
        self.assert_hidden(KeySettings(id="a", key=Secret(CANARY)))
