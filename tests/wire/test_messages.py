"""Tests of `inference_gateway.wire.messages`; the corpus has its checks one by one."""

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.wire.fields import Problems
from inference_gateway.wire.messages import check_messages, last_user_text


class CheckTests(SynchronousTestCase):
    """Messages are checked as far as the API fixes them."""

    def problems(self, *messages: object) -> list[str | None]:
        """Return the fields that are wrong."""
        found: Problems = []
        check_messages(list(messages), "messages", found)
        return [problem.field for problem in found]

    def test_tool_calls(self) -> None:
        """Each call needs its id, and a function its name and its arguments as a string."""
        calls = [
            5,
            {"type": "function", "id": "a", "function": {"name": "f", "arguments": "{}"}},
            {"type": "function", "function": {}},
            {"type": "function", "id": "a"},
            {"type": "custom", "id": "a", "custom": {}},
        ]
        at = "messages[0].tool_calls"
        self.assertEqual(
            self.problems({"role": "assistant", "tool_calls": calls}),
            [
                f"{at}[0]",
                f"{at}[2].id",
                f"{at}[2].function.name",
                f"{at}[2].function.arguments",
                f"{at}[3].function",
            ],
        )

    def test_parts(self) -> None:
        """Each part needs what its type is about."""
        parts = [
            {"type": "input_audio"},
            {"type": "input_audio", "input_audio": {}},
            {"type": "file", "file": {"file_id": 5, "filename": 5, "file_data": 5}},
            {"type": "refusal", "refusal": "no"},
        ]
        at = "messages[0].content"
        self.assertEqual(
            self.problems({"role": "user", "content": parts}),
            [
                f"{at}[0].input_audio",
                f"{at}[1].input_audio.data",
                f"{at}[1].input_audio.format",
                f"{at}[2].file.file_id",
                f"{at}[2].file.filename",
                f"{at}[2].file.file_data",
            ],
        )


class LastUserTextTests(SynchronousTestCase):
    """The text that an answer is about."""

    def test_last(self) -> None:
        """It is that of the last message of a user, not of the last message."""
        messages = [
            {"role": "user", "content": "one"},
            {"role": "user", "content": "two"},
            {"role": "assistant", "content": "three"},
        ]
        self.assertEqual(last_user_text(messages), "two")

    def test_parts(self) -> None:
        """Text parts are joined by line ends, other parts are left out."""
        parts = [
            {"type": "text", "text": "one"},
            {"type": "image_url", "image_url": {"url": "data:,"}},
            {"type": "text", "text": "two"},
        ]
        self.assertEqual(last_user_text([{"role": "user", "content": parts}]), "one\ntwo")

    def test_none(self) -> None:
        """Without a user there is no text."""
        self.assertEqual(last_user_text([{"role": "system", "content": "one"}]), "")
