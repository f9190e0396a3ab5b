"""The order of the layers."""

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import Draining, InternalError
from inference_gateway.exchange import Call, Reply
from inference_gateway.interfaces import Async, Layer, Service
from inference_gateway.pipeline.admit import Gate
from inference_gateway.pipeline.stack import compose, stack
from tests.pipeline.chats import chat


class StackTests(SynchronousTestCase):
    """Services made of services."""

    def test_outermost_first(self) -> None:
        """Layers run in their order on the way in and in reverse on the way out."""
        passed: list[str] = []

        def layer(name: str) -> Layer:
            async def run(call: Call, proceed: Service) -> Reply:
                passed.append(f"into {name}")
                reply = await proceed(call)
                passed.append(f"out of {name}")
                return reply

            return run

        async def terminal(call: Call) -> Reply:
            passed.append("terminal")
            return Reply(status=200, body=b"")

        service = compose([layer("a"), layer("b")], terminal)
        self.successResultOf(Deferred.fromCoroutine(service(chat())))
        self.assertEqual(passed, ["into a", "into b", "terminal", "out of b", "out of a"])

    def test_nothing_to_compose(self) -> None:
        """Without layers the terminal is the service."""

        def terminal(call: Call) -> Async:
            raise NotImplementedError

        self.assertIs(compose([], terminal), terminal)

    def test_rescue_is_outside(self) -> None:
        """Whatever fails inside, a client gets an honest error."""

        async def broken(call: Call) -> Reply:
            raise RuntimeError("a bug")

        answered = Deferred.fromCoroutine(stack(Gate(), broken)(chat()))
        self.failureResultOf(answered, InternalError)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_gate_is_before_dispatch(self) -> None:
        """A closed gate keeps calls from every provider."""
        asked: list[Call] = []

        async def dispatch(call: Call) -> Reply:
            asked.append(call)
            return Reply(status=200, body=b"")

        answered = Deferred.fromCoroutine(stack(Gate(draining=True), dispatch)(chat()))
        self.failureResultOf(answered, Draining)
        self.assertEqual(asked, [])
