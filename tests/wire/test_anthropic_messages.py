"""Chat messages as the turns of Anthropic's API."""

from typing import Any

import orjson
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.wire.anthropic_messages import translate_messages
from inference_gateway.wire.fields import Problems
from inference_gateway.wire.messages import check_messages

PNG = "data:image/png;base64,AAAA"
USER = {"role": "user", "content": "u"}


def call(arguments: str = "{}", *, id: str = "c1", name: str = "f") -> dict[str, Any]:
    """Return a call of a function."""
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def translated(*messages: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Return the system and the turns of ``messages``, which have nothing wrong."""
    problems: Problems = []
    system, turns = translate_messages(list(messages), problems)
    assert not problems, problems
    value = orjson.loads(orjson.dumps([system, turns]))
    return value[0], value[1]


def blocks(*messages: dict[str, Any]) -> list[Any]:
    """Return the blocks of the only turn."""
    _, (turn,) = translated(*messages)
    found: list[Any] = turn["content"]
    return found


def part(value: dict[str, Any]) -> Any:
    """Return the only block of a user's message with this part."""
    (block,) = blocks({"role": "user", "content": [value]})
    return block


def wrong(*messages: dict[str, Any]) -> list[str | None]:
    """Return the fields that are wrong; each keeps the contract of chat."""
    checked: Problems = []
    check_messages(list(messages), "messages", checked)
    assert not checked, checked
    problems: Problems = []
    translate_messages(list(messages), problems)
    return [problem.field for problem in problems]


def wrong_part(value: dict[str, Any], role: str = "user") -> list[str | None]:
    """Return the fields that are wrong with this part of a message."""
    return wrong(USER, {"role": role, "content": [{"type": "text", "text": "x"}, value]})


class TurnTests(SynchronousTestCase):
    """Who speaks when."""

    def test_system(self) -> None:
        """What the system says is set apart, in order, wherever it stands."""
        system, turns = translated(
            {"role": "system", "content": "a"},
            USER,
            {"role": "developer", "content": [{"type": "text", "text": "b"}]},
            {"role": "assistant", "content": "v"},
            {"role": "system", "content": "c"},
        )
        self.assertEqual([block["text"] for block in system], ["a", "b", "c"])
        self.assertEqual([turn["role"] for turn in turns], ["user", "assistant"])

    def test_merged(self) -> None:
        """Messages of one role in a row are one turn, also with the system's between them."""
        _, turns = translated(
            USER,
            {"role": "system", "content": "s"},
            {"role": "user", "content": [{"type": "text", "text": "w"}]},
        )
        text = [{"type": "text", "text": "u"}, {"type": "text", "text": "w"}]
        self.assertEqual(turns, [{"role": "user", "content": text}])

    def test_blank(self) -> None:
        """Blank texts, which Anthropic refuses, are left out, and turns of nothing else."""
        system, turns = translated(
            {"role": "system", "content": ""},
            {"role": "assistant", "content": "\n "},
            {"role": "user", "content": [{"type": "text", "text": ""}]},
            USER,
        )
        self.assertEqual((system, len(turns)), ([], 1))

    def test_nothing_left(self) -> None:
        """A conversation of the system with itself is refused."""
        self.assertEqual(wrong({"role": "system", "content": "a"}), ["messages"])
        self.assertEqual(wrong({"role": "user", "content": " "}), ["messages"])

    def test_function(self) -> None:
        """The deprecated role has no place: its results name no call."""
        self.assertEqual(
            wrong(USER, {"role": "function", "name": "f", "content": "x"}), ["messages[1].role"]
        )


class ToolTests(SynchronousTestCase):
    """Calls of tools, and what they return."""

    def test_conversation(self) -> None:
        """Calls follow the text, results are the user's next turn, before what that says."""
        _, turns = translated(
            USER,
            {"role": "assistant", "content": "t", "tool_calls": [call(), call(id="c2", name="g")]},
            {"role": "tool", "tool_call_id": "c1", "content": "r"},
            {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "q"}]},
            USER,
        )
        self.assertEqual(
            turns[1:],
            [
                {
                    "role": "assistant",
                    "content": [
                        {"type": "text", "text": "t"},
                        {"type": "tool_use", "id": "c1", "name": "f", "input": {}},
                        {"type": "tool_use", "id": "c2", "name": "g", "input": {}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "tool_result",
                            "tool_use_id": "c1",
                            "content": [{"type": "text", "text": "r"}],
                        },
                        {
                            "type": "tool_result",
                            "tool_use_id": "c2",
                            "content": [{"type": "text", "text": "q"}],
                        },
                        {"type": "text", "text": "u"},
                    ],
                },
            ],
        )

    def test_blank(self) -> None:
        """A call may come without text, and a result without content."""
        _, turns = translated(
            {"role": "assistant", "content": "", "tool_calls": [call("")]},
            {"role": "assistant", "content": None, "tool_calls": [call(" ")]},
            {"role": "tool", "tool_call_id": "c1", "content": ""},
        )
        use = {"type": "tool_use", "id": "c1", "name": "f", "input": {}}
        self.assertEqual(turns[0]["content"], [use, use])
        self.assertEqual(turns[1]["content"], [{"type": "tool_result", "tool_use_id": "c1"}])

    def test_numbers(self) -> None:
        """Arguments stay as they were written, however long their numbers are."""
        arguments = '{"a": 123456789012345678901234567890, "b": 1.10}'
        message = {"role": "assistant", "tool_calls": [call(arguments)]}
        _, turns = translate_messages([message], [])
        self.assertIn(arguments.encode(), orjson.dumps(turns))

    def test_arguments(self) -> None:
        """Arguments that are no JSON object are refused, all at once."""
        calls = [call(), *[call(text) for text in ("[]", "null", '"x"', "{", "{a:1}")]]
        self.assertEqual(
            wrong(USER, {"role": "assistant", "tool_calls": calls}),
            [f"messages[1].tool_calls[{index}].function.arguments" for index in range(1, 6)],
        )

    def test_custom(self) -> None:
        """A call of something else than a function is refused."""
        custom = {"id": "c", "type": "custom", "custom": {"name": "f", "input": "x"}}
        self.assertEqual(
            wrong(USER, {"role": "assistant", "tool_calls": [custom]}),
            ["messages[1].tool_calls[0]"],
        )


class PartTests(SynchronousTestCase):
    """The parts of a content."""

    def test_image_inline(self) -> None:
        """An image in the request is sent along, whatever case its URL is in."""
        for url, media_type in (
            (PNG, "image/png"),
            ("DATA:image/JPEG;BASE64,AAAA", "image/jpeg"),
            ("data:image/jpg;base64,AAAA", "image/jpeg"),
            ("data:image/webp;x=y;base64,AAAA", "image/webp"),
        ):
            self.assertEqual(
                part({"type": "image_url", "image_url": {"url": url, "detail": "low"}}),
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": media_type, "data": "AAAA"},
                },
            )

    def test_image_elsewhere(self) -> None:
        """An image elsewhere is for the provider to fetch."""
        self.assertEqual(
            part({"type": "image_url", "image_url": {"url": "https://h/i.png"}}),
            {"type": "image", "source": {"type": "url", "url": "https://h/i.png"}},
        )

    def test_image_refused(self) -> None:
        """Of images in the request only the types that Anthropic reads pass, and only base64."""
        for url in ("data:image/svg+xml;base64,AAAA", "data:image/png,AAAA", "data:,", "data:"):
            self.assertEqual(
                wrong_part({"type": "image_url", "image_url": {"url": url}}),
                ["messages[1].content[1].image_url.url"],
            )

    def test_document(self) -> None:
        """A PDF is a document under the name of its file."""
        source = {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}
        url = "data:application/pdf;base64,AAAA"
        self.assertEqual(
            part({"type": "file", "file": {"file_data": url, "filename": "a.pdf"}}),
            {"type": "document", "source": source, "title": "a.pdf"},
        )
        self.assertEqual(
            part({"type": "file", "file": {"file_url": url}}),
            {"type": "document", "source": source},
        )

    def test_document_elsewhere(self) -> None:
        """A PDF elsewhere is for the provider to fetch."""
        self.assertEqual(
            part({"type": "file", "file": {"file_url": "https://h/a.pdf"}}),
            {"type": "document", "source": {"type": "url", "url": "https://h/a.pdf"}},
        )

    def test_document_refused(self) -> None:
        """A file at OpenAI, or of another or of no type, cannot be sent."""
        for file in (
            {"file_id": "file-1"},
            {"file_data": "AAAA"},
            {"file_data": "data:text/csv;base64,AAAA"},
            {"file_data": "data:application/pdf,AAAA"},
        ):
            self.assertEqual(
                wrong_part({"type": "file", "file": file}), ["messages[1].content[1].file"]
            )

    def test_audio(self) -> None:
        """Sound has no place, neither heard nor said before."""
        sound = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
        self.assertEqual(wrong_part(sound), ["messages[1].content[1]"])
        said = {"role": "assistant", "content": "x", "audio": {"id": "a"}}
        self.assertEqual(wrong(USER, said), ["messages[1].audio"])

    def test_roles(self) -> None:
        """Images are the user's and the tools', refusals the assistant's."""
        image = {"type": "image_url", "image_url": {"url": PNG}}
        for role in ("system", "assistant"):
            self.assertEqual(wrong_part(image, role), ["messages[1].content[1]"])
        refusal = {"type": "refusal", "refusal": "no"}
        self.assertEqual(wrong_part(refusal), ["messages[1].content[1]"])
        (result,) = blocks({"role": "tool", "tool_call_id": "c", "content": [image]})
        self.assertEqual([block["type"] for block in result["content"]], ["image"])

    def test_refusals(self) -> None:
        """What the assistant refused to do is what it said."""
        self.assertEqual(
            blocks(
                {"role": "assistant", "content": [{"type": "refusal", "refusal": "a"}]},
                {"role": "assistant", "content": None, "refusal": "b"},
            ),
            [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
        )

    def test_function_call(self) -> None:
        """The deprecated kind of call has no id that its result could name."""
        said = {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}
        self.assertEqual(wrong(USER, said), ["messages[1].function_call"])

    def test_reasoning(self) -> None:
        """Reasoning, which has lost its signature, is left out."""
        said = {"role": "assistant", "content": "x", "reasoning_content": "hm"}
        self.assertEqual(blocks(said), [{"type": "text", "text": "x"}])

    def test_cache(self) -> None:
        """Marks for Anthropic's cache stay where they are."""
        cache = {"type": "ephemeral"}
        self.assertEqual(
            part({"type": "text", "text": "x", "cache_control": cache}),
            {"type": "text", "text": "x", "cache_control": cache},
        )
