"""What a scripted upstream says to each model, as bytes, pauses and ends."""

import json
from math import inf
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.testing.scripted_answers import answer_to, call_for
from inference_gateway.testing.scripted_faults import FAULTS, play
from inference_gateway.testing.scripted_steps import Asked, End, Step

QUESTION = "why is the sky blue"
SAID = answer_to(QUESTION)


def asked(*, stream: bool = False, number: int = 0, elapsed: float = 0.0, **fields: Any) -> Asked:
    """Return a question."""
    messages = [{"role": "user", "content": QUESTION}]
    body = {"model": "any", "messages": messages, "stream": stream, **fields}
    return Asked(body=body, credential="key-1", number=number, elapsed=elapsed)


def sent(steps: list[Step]) -> tuple[bytes, bytes]:
    """Return the head and the body, without the framing of chunks."""
    head, _, body = b"".join(step for step in steps if isinstance(step, bytes)).partition(
        b"\r\n\r\n"
    )
    if b"chunked" not in head:
        return head, body
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        whole += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
    return head, whole


def events(body: bytes) -> list[Any]:
    """Return the values of the events of a stream, without ``[DONE]``."""
    found = [event.removeprefix(b"data: ") for event in body.split(b"\n\n")[:-1]]
    return [json.loads(data) for data in found if data != b"[DONE]"]


def text(body: bytes) -> str:
    """Return what the events of a stream say."""
    choices = [choice for event in events(body) for choice in event["choices"]]
    return "".join([choice["delta"].get("content", "") for choice in choices])


class FaultTestCase(SynchronousTestCase):
    """Tests that look at scripts."""

    def plain(self, model: str, **question: Any) -> list[Step]:
        """Return what is played to a plain call."""
        return list(play(asked(**question), model))

    def stream(self, model: str, **question: Any) -> list[Step]:
        """Return what is played to a streamed call."""
        return list(play(asked(stream=True, **question), model))

    def assertGood(self, model: str, **question: Any) -> None:
        """Assert that a model answers well, whole and in a stream."""
        _, body = sent(self.plain(model, **question))
        answer = json.loads(body)
        self.assertEqual(answer["choices"][0]["message"]["content"], SAID)
        _, body = sent(self.stream(model, **question))
        self.assertEqual(text(body), SAID)
        self.assertEqual(events(body)[-1]["choices"][0]["finish_reason"], "stop")

    def refusal(self, model: str, **question: Any) -> tuple[bytes, Any]:
        """Return the head of a refusal, and its error; plain and streamed calls get the same."""
        steps = self.plain(model, **question)
        self.assertEqual(steps, self.stream(model, **question))
        head, body = sent(steps)
        return head, json.loads(body)["error"]


class GoodTests(FaultTestCase):
    """Answers that say everything."""

    def test_ok(self) -> None:
        """A good answer has a length, or is a stream that ends with [DONE]."""
        self.assertGood("ok")
        head, body = sent(self.plain("ok"))
        self.assertIn(b"\r\ncontent-length: %d" % len(body), head)
        head, body = sent(self.stream("ok"))
        self.assertIn(b"\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked", head)
        self.assertTrue(body.endswith(b"\n\ndata: [DONE]\n\n"), body[-40:])

    def test_usage(self) -> None:
        """A whole answer tells its usage, and a stream does where it was asked for."""
        _, body = sent(self.plain("ok"))
        usage = json.loads(body)["usage"]
        self.assertEqual(usage["prompt_tokens"], 5)
        self.assertEqual(usage["completion_tokens"], len(SAID.split()))
        _, body = sent(self.stream("ok", stream_options={"include_usage": True}))
        self.assertEqual(events(body)[-1]["usage"], usage)
        _, body = sent(self.stream("ok"))
        self.assertNotIn(b'"usage"', body)

    def test_parts(self) -> None:
        """A question in parts is answered like one in a string; none is answered, too."""
        parts = [{"type": "text", "text": "why is "}, {"type": "image_url"}]
        parts.append({"type": "text", "text": "the sky blue"})
        self.assertGood("ok", messages=[{"role": "user", "content": parts}])
        _, body = sent(self.stream("ok", messages=[]))
        self.assertEqual(text(body), answer_to(""))

    def test_tool(self) -> None:
        """Where there are tools the first one is called, whole or piece by piece."""
        tools = [{"type": "function", "function": {"name": name}} for name in ("look", "leap")]
        _, body = sent(self.plain("ok", tools=tools))
        (choice,) = json.loads(body)["choices"]
        (call,) = choice["message"]["tool_calls"]
        self.assertEqual(choice["finish_reason"], "tool_calls")
        self.assertEqual(call["function"], {"name": "look", "arguments": call_for(QUESTION)})
        _, body = sent(self.stream("ok", tools=tools))
        pieces = [
            piece
            for event in events(body)
            for piece in event["choices"][0]["delta"].get("tool_calls", [])
        ]
        self.assertEqual((pieces[0]["id"], pieces[0]["function"]["name"]), (call["id"], "look"))
        said = "".join([piece["function"]["arguments"] for piece in pieces])
        self.assertEqual(said, call["function"]["arguments"])
        self.assertEqual(events(body)[-1]["choices"][0]["finish_reason"], "tool_calls")

    def test_says(self) -> None:
        """An upstream can say something else."""
        _, body = sent(self.stream("says:something_else"))
        self.assertEqual(text(body), "something else")

    def test_slow(self) -> None:
        """A slow answer is preceded by silence."""
        self.assertGood("slow:0.5")
        self.assertEqual(self.plain("slow:0.5")[0], 0.5)

    def test_slow_first_token(self) -> None:
        """A slow first token follows a head that came at once, and an event without a word."""
        self.assertGood("slow-first-token:0.5")
        head, pause, _ = self.plain("slow-first-token:0.5")
        self.assertEqual(pause, 0.5)
        self.assertTrue(isinstance(head, bytes) and head.endswith(b"\r\n\r\n"))
        opening, pause, *_ = self.stream("slow-first-token:0.5")
        self.assertEqual(pause, 0.5)
        self.assertEqual(text(sent([opening])[1]), "")

    def test_no_done(self) -> None:
        """A stream without [DONE] is complete in every other way."""
        self.assertGood("no-done")
        self.assertNotIn(b"[DONE]", sent(self.stream("no-done"))[1])


class RefusalTests(FaultTestCase):
    """Answers with another status than 200."""

    def test_status(self) -> None:
        """A status is answered, with when to come back if that is told."""
        head, _ = self.refusal("status-503")
        self.assertTrue(head.startswith(b"HTTP/1.1 503 "), head)
        self.assertNotIn(b"retry-after", head)
        head, _ = self.refusal("status-503:7")
        self.assertIn(b"\r\nretry-after: 7", head)

    def test_limit(self) -> None:
        """A rate limit is told with a time in seconds, in milliseconds, or with none."""
        for model, field in {
            "429": b"",
            "429:2": b"\r\nretry-after: 2",
            "429-ms:150": b"\r\nretry-after-ms: 150",
        }.items():
            head, _ = self.refusal(model)
            self.assertTrue(head.startswith(b"HTTP/1.1 429 "), head)
            self.assertTrue(head.endswith(field), head)

    def test_codes(self) -> None:
        """What is wrong with a request is told by a code."""
        for model, code in {
            "context-length": "context_length_exceeded",
            "content-filter": "content_filter",
        }.items():
            head, error = self.refusal(model)
            self.assertTrue(head.startswith(b"HTTP/1.1 400 "), head)
            self.assertEqual(error["code"], code)

    def test_fields(self) -> None:
        """Certain fields are refused, and only they."""
        _, error = self.refusal("refuses-fields:top_k:seed", seed=1)
        self.assertEqual(error["message"], "Unrecognized request argument supplied: seed")
        self.assertGood("refuses-fields:top_k:seed", user="me")

    def test_key(self) -> None:
        """Certain credentials are refused, and only they."""
        head, _ = self.refusal("refuses-key:key-1")
        self.assertTrue(head.startswith(b"HTTP/1.1 401 "), head)
        self.assertGood("refuses-key:key-2")

    def test_unknown(self) -> None:
        """A model that names no fault is not found."""
        head, error = self.refusal("nonsense")
        self.assertTrue(head.startswith(b"HTTP/1.1 404 "), head)
        self.assertEqual(error["code"], "model_not_found")


class BrokenTests(FaultTestCase):
    """Answers that are not complete."""

    def words(self, steps: list[Step]) -> str:
        """Assert that a stream has no end that looks like one; return what it says."""
        _, body = sent(steps)
        self.assertNotIn(b"[DONE]", body)
        self.assertNotIn(b'"stop"', body)
        return text(body)

    def test_nothing(self) -> None:
        """A reset comes before the head, and silence in place of it."""
        for stream in (False, True):
            self.assertEqual(list(play(asked(stream=stream), "reset")), [End.RESET])
            self.assertEqual(list(play(asked(stream=stream), "silent")), [inf])

    def test_cut(self) -> None:
        """A connection is closed behind so many words, or within a whole answer."""
        steps = self.stream("cut:3")
        self.assertIs(steps[-1], End.CLOSE)
        self.assertEqual(self.words(steps), "why is the ")
        self.assertEqual(self.words(self.stream("cut:0")), "")
        *_, end = steps = self.plain("cut")
        self.assertIs(end, End.CLOSE)
        self.assertRaises(ValueError, json.loads, sent(steps)[1])
        self.assertEqual(sent(self.plain("cut:0"))[1], b"")

    def test_cut_bytes(self) -> None:
        """A connection is closed behind so many bytes of the body."""
        for ask in (self.plain, self.stream):
            _, whole = sent(ask("ok"))
            for size in (0, 1, 100):
                steps = ask(f"cut-bytes:{size}")
                self.assertIs(steps[-1], End.CLOSE)
                self.assertEqual(sent(steps)[1], whole[:size])

    def test_cut_further(self) -> None:
        """A connection is closed further on each time, with good answers in between."""
        for number in range(3):
            steps = self.stream("cut-further:50", number=2 * number)
            self.assertEqual(steps, self.stream(f"cut-bytes:{number * 50}"))
            self.assertGood("cut-further:50", number=2 * number + 1)

    def test_stall(self) -> None:
        """A stream goes on no more behind so many words, and so does a whole answer."""
        steps = self.stream("stall:3")
        self.assertEqual((steps[-1], self.words(steps)), (inf, "why is the "))
        self.assertEqual(self.plain("stall")[-1], inf)

    def test_ends(self) -> None:
        """A stream ends in good order behind so many words, a whole answer after half of it."""
        steps = self.stream("ends:3")
        self.assertEqual((steps[-1], self.words(steps)), (b"0\r\n\r\n", "why is the "))
        head, body = sent(self.plain("ends"))
        self.assertIn(b"\r\ncontent-length: %d" % len(body), head)
        self.assertRaises(ValueError, json.loads, body)

    def test_malformed(self) -> None:
        """One event of a stream is broken, and the others say everything."""
        _, body = sent(self.stream("malformed:3"))
        good = [part for part in body.split(b"\n\n") if not part.endswith(b'"content":')]
        self.assertEqual(len(body.split(b"\n\n")), len(good) + 1)
        self.assertEqual(text(b"\n\n".join(good)), SAID)
        self.assertEqual(self.plain("malformed"), self.plain("ends"))

    def test_error_event(self) -> None:
        """An error is told behind so many words, or in place of a whole answer."""
        _, body = sent(self.stream("error-event:3"))
        self.assertIn("error", events(body)[-1])
        self.assertEqual(len(events(body)), 1 + 3 + 1)
        head, body = sent(self.plain("error-event"))
        self.assertTrue(head.startswith(b"HTTP/1.1 200 "), head)
        self.assertIn("error", json.loads(body))


class PassingTests(FaultTestCase):
    """Faults that come and go."""

    def test_fails(self) -> None:
        """A fault happens so many times and then no more."""
        self.assertEqual(self.plain("fails:2:reset", number=1), [End.RESET])
        self.assertGood("fails:2:reset", number=2)
        head, _ = self.refusal("fails:2")
        self.assertTrue(head.startswith(b"HTTP/1.1 500 "), head)

    def test_once(self) -> None:
        """A server fails once."""
        head, _ = self.refusal("500-once")
        self.assertTrue(head.startswith(b"HTTP/1.1 500 "), head)
        self.assertGood("500-once", number=1)

    def test_flap(self) -> None:
        """A server is well and ill in turn."""
        self.assertGood("flap:2:1", elapsed=1.9)
        head, _ = self.refusal("flap:2:1", elapsed=2.0)
        self.assertTrue(head.startswith(b"HTTP/1.1 503 "), head)
        self.assertGood("flap:2:1", elapsed=3.0)
        self.assertEqual(self.plain("flap:2:1:silent", elapsed=5.5), [inf])

    def test_documented(self) -> None:
        """Each fault says what it does."""
        self.assertEqual([name for name, fault in FAULTS.items() if not fault.__doc__], [])
