"""Chat completions whose service does what services should not."""

from collections.abc import Callable

from twisted.internet.defer import Deferred

from inference_gateway.exchange import Call, Reply
from inference_gateway.interfaces import Service
from inference_gateway.pipeline.event_stream import WholeStream
from inference_gateway.wire.sse import Event
from tests.api.gateway import GatewayTestCase
from tests.pipeline import chats

CHAT = "/v1/chat/completions"
STREAM = Reply(status=200, body=WholeStream([Event(b"data: 1\n\n", b"1")]))


def answering(reply: Reply) -> Service:
    """Return a service that always answers the same."""

    async def service(call: Call) -> Reply:
        return reply

    return service


def when_cancelled(react: "Callable[[Deferred[Reply]], None]") -> Service:
    """Return a service that waits until it is cancelled."""

    async def service(call: Call) -> Reply:
        return await Deferred(react)

    return service


class WrongReplyTests(GatewayTestCase):
    """Replies of the wrong kind."""

    def assertBug(self, stream: bool) -> None:
        """The client gets an honest 500, and the log line says the same."""
        answer = self.ask("POST", CHAT, chats.request(stream=stream))
        self.assertEqual((answer.status, answer.error["code"]), (500, "internal_error"))
        self.assertSettled("internal", 500)

    def test_plain_call_streamed(self) -> None:
        """A plain call that is answered with a stream does not hang."""
        self.service = answering(STREAM)
        self.setUp()
        self.assertBug(stream=False)

    def test_streamed_call_whole(self) -> None:
        """A streamed call that is answered whole does not look complete."""
        self.service = answering(Reply(status=200, body=b"{}"))
        self.setUp()
        self.assertBug(stream=True)


class DefiantTests(GatewayTestCase):
    """Services that do not give in when the client has left."""

    def leave(self, service: Service) -> bytes:
        """Have a client leave in the middle; return what it got."""
        self.service = service
        self.setUp()
        client = self.connect()
        client.send("POST", CHAT, chats.request(stream=True))
        client.connection.leave()
        self.assertSettled("client_gone", 499)
        return client.connection.received

    def test_answers_all_the_same(self) -> None:
        """An answer that comes after the client left goes nowhere."""
        self.assertEqual(self.leave(when_cancelled(lambda wait: wait.callback(STREAM))), b"")

    def test_fails(self) -> None:
        """A bug that shows after the client left is logged."""
        self.leave(when_cancelled(lambda wait: wait.errback(KeyError("a bug"))))
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
