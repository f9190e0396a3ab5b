"""The ``openai`` package for Node, which uses another HTTP client than those for Python do."""

import base64
from typing import Any

from tests.acceptance.gateway import KEY, PROMPT
from tests.clients.chat_answers import SAID, USAGE
from tests.clients.media_answers import HEARD, IMAGE, SOUND
from tests.clients.messages_answers import CITIES
from tests.clients.node_package import run
from tests.clients.route_answers import vector
from tests.clients.surface import SurfaceTestCase


class NodeTests(SurfaceTestCase):
    """What the package sees through the gateway."""

    def see(self, call: str) -> Any:
        """Return what it sees in the calls of that name."""
        return run(
            call,
            {
                "GATEWAY_URL": self.gateway.base_url,
                "GATEWAY_KEY": KEY,
                "GATEWAY_PROMPT": PROMPT,
            },
        )

    def test_models(self) -> None:
        """Models are listed, and found by names with a slash."""
        seen = self.see("models")
        self.assertIn("maker/claude", seen["listed"])
        self.assertEqual((seen["one"]["id"], seen["one"]["owned_by"]), ("maker/small", "openai"))

    def test_chat(self) -> None:
        """A plain answer arrives under the id of the call that reached the provider."""
        seen = self.see("chat")
        self.assertEqual((seen["content"], seen["usage"]), (SAID, USAGE))
        self.assertEqual(seen["request_id"], self.exchange().headers["x-request-id"])

    def test_stream(self) -> None:
        """A stream arrives piece by piece, with its usage at the end."""
        seen = self.see("stream")
        self.assertEqual((seen["text"], seen["usage"]), (SAID, USAGE))
        self.assertGreater(seen["count"], len(SAID))

    def test_tools(self) -> None:
        """Calls of tools arrive, plain and put together by the package."""
        calls = ["tool_calls", [[f"call_{i}", city] for i, city in enumerate(CITIES)]]
        self.assertEqual(self.see("tools"), {"plain": calls, "streamed": calls})

    def test_anthropic(self) -> None:
        """So they do from a provider that speaks another API."""
        calls = ["tool_calls", [[f"toolu_{i}", city] for i, city in enumerate(CITIES)]]
        self.assertEqual(self.see("anthropic"), {"plain": calls, "streamed": calls})

    def test_completions(self) -> None:
        """Texts are completed, plain and streamed."""
        texts = ["of 10", "of 1"]
        self.assertEqual(self.see("completions"), {"plain": texts, "streamed": texts})

    def test_embeddings(self) -> None:
        """Vectors arrive as numbers."""
        self.assertEqual(self.see("embeddings"), [vector(0, 3), vector(1, 3)])

    def test_responses(self) -> None:
        """Responses arrive, plain and streamed with all of their events."""
        seen = self.see("responses")
        self.assertEqual((seen["plain"], seen["deltas"]), (SAID, len(SAID)))
        self.assertEqual(seen["last"], ["response.completed", -1])

    def test_media(self) -> None:
        """Sound arrives byte for byte, goes back as it came, and images arrive."""
        self.upstream.release()
        seen = self.see("media")
        self.assertEqual(base64.b64decode(seen["sound"]), SOUND)
        self.assertEqual((seen["heard"], seen["drawn"]), (HEARD, IMAGE))
        self.assertIn(SOUND, self.upstream.exchanges[1].content)

    def test_abort(self) -> None:
        """A stream that is aborted in its middle is given up at the provider."""
        self.assertEqual(self.see("abort"), {"aborted": True, "count": 5})
        self.upstream.left(self.exchange())

    def test_errors(self) -> None:
        """Errors are of the classes that users of the package catch."""
        self.assertEqual(
            self.see("errors"),
            {
                "bad": ["BadRequestError", 400, "validation_error", "temperature"],
                "missing": ["NotFoundError", 404, "endpoint_not_supported", "model"],
                "provider": ["InternalServerError", 502, "provider_error", None],
                "midway": ["APIError", None, "provider_error", None],
            },
        )
