"""Tests of `inference_gateway.wire.relayed`."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import InvalidJSON, InvalidRequest
from inference_gateway.wire.operations import OPERATIONS
from inference_gateway.wire.relayed import parse_relayed

RESPONSES = OPERATIONS["responses"]


class ParseTests(SynchronousTestCase):
    """Only what the gateway must know is looked at."""

    def test_smallest(self) -> None:
        """A model is enough."""
        came = b'{"model":"m","input":[{"anything":[1,null]}],"temperature":"hot"}'
        request = parse_relayed(came, RESPONSES)
        self.assertIs(request.operation, RESPONSES)
        self.assertIs(request.body, came)
        self.assertEqual(
            (request.model, request.stream, request.choices, request.include_usage),
            ("m", False, 1, False),
        )

    def test_stream(self) -> None:
        """``stream`` is true, false, null or absent."""
        for value, expected in ((b"true", True), (b"false", False), (b"null", False)):
            request = parse_relayed(b'{"model":"m","stream":%b}' % value, RESPONSES)
            self.assertIs(request.stream, expected)

    def test_no_streams(self) -> None:
        """What is never streamed is asked for whole, whatever the body says."""
        request = parse_relayed(b'{"model":"m","stream":true}', OPERATIONS["rerank"])
        self.assertFalse(request.stream)

    def test_dropped(self) -> None:
        """Reserved members are gone, and their names are told."""
        request = parse_relayed(b'{"model":"m","base_url":"http://x","a":1}', RESPONSES)
        self.assertEqual(request.body, b'{"model":"m","a":1}')
        self.assertEqual((request.fields, request.dropped), ({"model": "m", "a": 1}, ("base_url",)))

    def test_refused(self) -> None:
        """No model, a stream that is no boolean, and names given twice are refused together."""
        error = self.assertRaises(
            InvalidRequest, parse_relayed, b'{"stream":"yes","input":1,"input":2}', RESPONSES
        )
        self.assertEqual(
            [problem.field for problem in error.problems], ["input", "model", "stream"]
        )

    def test_no_json(self) -> None:
        """What is no JSON object is refused."""
        self.assertRaises(InvalidJSON, parse_relayed, b"[]", RESPONSES)
