"""What an error says about coming again."""

from inference_gateway.errors import GatewayError, QueueFull
from inference_gateway.exchange import Call, Reply
from tests.api.gateway import GatewayTestCase
from tests.pipeline import chats

CHAT = "/v1/chat/completions"


class AdviceTests(GatewayTestCase):
    """Headers that the packages of clients go by."""

    def setUp(self) -> None:
        self.service = self.serve
        super().setUp()
        self.error: GatewayError = QueueFull("busy")

    async def serve(self, call: Call) -> Reply:
        """Fail as the test wants."""
        raise self.error

    def advice(self, error: GatewayError) -> tuple[str | None, ...]:
        """Return what the answer to ``error`` advises."""
        self.error = error
        headers = self.ask("POST", CHAT, chats.request()).headers
        names = ("retry-after", "retry-after-ms", "x-should-retry")
        return tuple(headers.get(name) for name in names)

    def test_unknown(self) -> None:
        """Where nothing is known nothing is said."""
        self.assertEqual(self.advice(QueueFull("busy")), (None, None, None))

    def test_wait(self) -> None:
        """A time is told in whole seconds and in milliseconds, rounded up."""
        for seconds, told in (
            (1.25, ("2", "1250")),
            (0.0001, ("1", "1")),
            (0.0, ("0", "0")),
            (-5.0, ("0", "0")),
        ):
            self.assertEqual(self.advice(QueueFull("busy", retry_after=seconds))[:2], told)

    def test_long_wait(self) -> None:
        """Nobody is told to come again after more than an hour."""
        for seconds in (3600.5, 1e9, float("inf")):
            self.assertEqual(
                self.advice(QueueFull("busy", retry_after=seconds))[:2], ("3600", "3600000")
            )

    def test_should_retry(self) -> None:
        """Whether coming again makes sense is told where one error knows, whatever its kind."""
        for should_retry, told in ((True, "true"), (False, "false")):
            error = QueueFull("busy")
            error.should_retry = should_retry
            self.assertEqual(self.advice(error)[2], told)
