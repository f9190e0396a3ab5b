"""``--check-online`` by the real command, in front of a real llama.cpp."""

from tests.acceptance.gateway import Gateway
from tests.llamacpp.bodies import MODEL
from tests.llamacpp.serve import SLOTS
from tests.llamacpp.server import LlamaTestCase


class CheckOnlineTests(LlamaTestCase):
    """What it says of llama.cpp."""

    def test_ready(self) -> None:
        """The server is ready, and its slots and its model are counted: status 0."""
        provider = {
            "id": "llama",
            "type": "llamacpp",
            "base_url": self.llama.base_url,
            "models": [MODEL],
        }
        gateway = Gateway({"providers": [provider]}, arguments=["--check-online"])
        self.addCleanup(gateway.stop)
        self.assertEqual(gateway.wait(), 0)
        self.assertEqual(
            gateway.lines[1:], [f"llama: reachable, ready, {SLOTS} slots, lists 1 model\n"]
        )
