"""The ids of responses, where their answers tell them."""

import orjson
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.provider_errors import ProviderInvalidAnswer
from inference_gateway.wire.operations import RESPONSES
from inference_gateway.wire.request import ModelRequest
from inference_gateway.wire.response_ids import telling_ids
from inference_gateway.wire.responses import inspect_response
from inference_gateway.wire.sse import Event, encode
from tests.wire.test_responses import BEGUN, RESPONSE


def event(data: object, name: bytes = b"") -> Event:
    """Return the event whose data is ``data``."""
    body = orjson.dumps(data)
    return Event(encode(body, name), body, name)


CREATED = event({"type": "response.created", "sequence_number": 0, "response": BEGUN})
DONE = event({"type": "response.completed", "sequence_number": 1, "response": RESPONSE})


class TellingTests(SynchronousTestCase):
    """Answers under inspection."""

    def setUp(self) -> None:
        self.told: list[str] = []
        self.operation = telling_ids(self.told.append)
        request = ModelRequest(operation=self.operation, model="m", body=b"{}", stream=True)
        self.inspector = self.operation.inspector(request)

    def test_whole(self) -> None:
        """A whole answer's id is told, and its facts are what they are."""
        body = orjson.dumps(RESPONSE)
        self.assertEqual(self.operation.inspect_answer(body), inspect_response(body))
        self.assertEqual(self.told, ["resp_1"])

    def test_no_answer(self) -> None:
        """What is no answer has no id."""
        broken = orjson.dumps({"id": "resp_1", "object": "response"})
        self.assertRaises(ProviderInvalidAnswer, self.operation.inspect_answer, broken)
        self.assertEqual(self.told, [])

    def test_no_id(self) -> None:
        """An answer whose id is missing, or no text, is an answer all the same."""
        for odd in (None, 5, ["resp_1"]):
            self.operation.inspect_answer(orjson.dumps({**RESPONSE, "id": odd}))
        self.assertEqual(self.told, [])

    def test_stream(self) -> None:
        """A stream's id is told with its first event, and only then."""
        self.inspector.inspect(CREATED)
        self.assertEqual(self.told, ["resp_1"])
        self.inspector.inspect(DONE)
        self.assertEqual(self.told, ["resp_1"])

    def test_stream_is_inspected(self) -> None:
        """Nothing else about a stream changes."""
        plain = RESPONSES.inspector(
            ModelRequest(operation=RESPONSES, model="m", body=b"{}", stream=True)
        )
        kinds = [(self.inspector.inspect(e), plain.inspect(e)) for e in (CREATED, DONE)]
        self.assertEqual([kind for kind, _ in kinds], [kind for _, kind in kinds])
        self.assertEqual(self.inspector.usage, plain.usage)
        self.assertEqual((self.inspector.complete, self.inspector.sequence), (True, 2))

    def test_comment_first(self) -> None:
        """A comment, or what is no event of the API, is not the first event."""
        self.inspector.inspect(Event(b": hi\n\n", None))
        self.inspector.inspect(Event(b"data: {\n\n", b"{"))
        self.inspector.inspect(CREATED)
        self.assertEqual(self.told, ["resp_1"])

    def test_stream_without_id(self) -> None:
        """A stream that begins without an id is not searched for one."""
        self.inspector.inspect(event({"type": "response.created", "response": "resp_1"}))
        self.inspector.inspect(CREATED)
        self.assertEqual(self.told, [])
