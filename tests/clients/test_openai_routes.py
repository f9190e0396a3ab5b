"""The ``openai`` package on the other routes that speak JSON, and what it raises on all."""

from collections.abc import Callable
from itertools import islice
from typing import Any

from openai import AuthenticationError, BadRequestError, NotFoundError
from openai.types import ModerationMultiModalInputParam
from openai.types.responses import (
    ResponseCompletedEvent,
    ResponseErrorEvent,
    ResponseTextDeltaEvent,
)

from tests.acceptance.gateway import PROMPT
from tests.clients.chat_answers import SAID
from tests.clients.openai_client import OpenAITestCase
from tests.clients.route_answers import RESPONSE_ID, vector


class CompletionTests(OpenAITestCase):
    """Text completions."""

    def complete(self, prompt: Any, **options: Any) -> list[str]:
        """Return the texts of the choices of a plain call."""
        answer = self.client.completions.create(model="text-any", prompt=prompt, **options)
        self.assertEqual([x.index for x in answer.choices], list(range(len(answer.choices))))
        self.assertForwarded()
        return [choice.text for choice in answer.choices]

    def test_text(self) -> None:
        """One text."""
        self.assertEqual(self.complete(PROMPT), ["of 10"])

    def test_texts(self) -> None:
        """Several texts, with several choices each."""
        self.assertEqual(
            self.complete(["a", "", PROMPT], n=2), 2 * ["of 1"] + 2 * ["of 0"] + 2 * ["of 10"]
        )

    def test_tokens(self) -> None:
        """A list of tokens."""
        self.assertEqual(self.complete([1, 2, 100_000]), ["of 3"])

    def test_token_lists(self) -> None:
        """Several lists of tokens."""
        self.assertEqual(self.complete([[1, 2], [3]]), ["of 2", "of 1"])

    def test_options(self) -> None:
        """Every option of the API reaches the provider."""
        self.complete(
            PROMPT,
            best_of=2,
            echo=True,
            frequency_penalty=0.5,
            logit_bias={"50256": -100},
            logprobs=2,
            max_tokens=0,
            n=1,
            presence_penalty=-0.5,
            seed=-1,
            stop="\n",
            suffix=".",
            temperature=0,
            top_p=1,
            user="you",
        )

    def test_stream(self) -> None:
        """A stream of several choices, without the usage that the gateway asked for."""
        with self.client.completions.create(
            model="text-any", prompt=["abc", PROMPT], stream=True
        ) as stream:
            chunks = list(stream)
        texts = ["", ""]
        for chunk in chunks:
            (choice,) = chunk.choices
            texts[choice.index] += choice.text
        self.assertEqual(texts, ["of 3", "of 10"])
        self.assertEqual({chunk.usage for chunk in chunks}, {None})


class EmbeddingsTests(OpenAITestCase):
    """Embeddings."""

    def embed(self, given: Any, **options: Any) -> list[list[float]]:
        """Return the vectors of what is given."""
        answer = self.client.embeddings.create(model="text-vectors", input=given, **options)
        self.assertEqual([x.index for x in answer.data], list(range(len(answer.data))))
        self.assertEqual(answer.usage.prompt_tokens, len(answer.data))
        self.assertForwarded()
        return [found.embedding for found in answer.data]

    def test_default(self) -> None:
        """The package asks for base64, and decodes it."""
        self.assertEqual(self.embed(PROMPT), [vector(0, 3)])
        self.assertEqual(self.exchange().body["encoding_format"], "base64")

    def test_floats(self) -> None:
        """Numbers, where they are asked for."""
        self.assertEqual(
            self.embed(["a", PROMPT], encoding_format="float"), [vector(0, 3), vector(1, 3)]
        )

    def test_dimensions(self) -> None:
        """As many dimensions as are asked for."""
        self.assertEqual(self.embed(PROMPT, dimensions=5), [vector(0, 5)])

    def test_tokens(self) -> None:
        """A list of tokens, and several."""
        self.assertEqual(self.embed([1, 2, 3]), [vector(0, 3)])
        self.assertEqual(self.embed([[1, 2], [3]]), [vector(0, 3), vector(1, 3)])

    def test_many(self) -> None:
        """As many inputs as the API allows."""
        vectors = self.embed([f"{PROMPT} {number}" for number in range(2048)])
        self.assertEqual(vectors[-1], vector(2047, 3))
        self.assertEqual(len(vectors), 2048)

    def test_too_many(self) -> None:
        """One more than that is refused before any provider is asked."""
        error = self.assertRaises(BadRequestError, self.embed, ["a"] * 2049)
        self.assertEqual(error.param, "input")
        self.assertEqual(self.upstream.exchanges, [])

    def test_renamed(self) -> None:
        """A model of another name there answers under its public name."""
        answer = self.client.embeddings.create(model="maker/vectors", input=PROMPT)
        self.assertEqual((self.exchange().model, answer.model), ("text-vectors-2", "maker/vectors"))


class ResponsesTests(OpenAITestCase):
    """Responses."""

    def test_plain(self) -> None:
        """A response arrives with its text and its usage."""
        response = self.client.responses.create(
            model="gpt-full",
            input=[{"role": "user", "content": PROMPT}],
            instructions="Be brief.",
            reasoning={"effort": "low"},
            store=True,
            tools=[{"type": "web_search"}],
        )
        self.assertEqual((response.id, response.output_text), (RESPONSE_ID, SAID))
        assert response.usage is not None
        self.assertEqual(response.usage.total_tokens, 9)
        self.assertForwarded()

    def test_stream(self) -> None:
        """Every event of a stream arrives, in order, up to the completed response."""
        with self.client.responses.create(model="gpt-full", input=PROMPT, stream=True) as stream:
            events = list(stream)
        self.assertEqual([event.sequence_number for event in events], list(range(len(events))))
        said = [event.delta for event in events if isinstance(event, ResponseTextDeltaEvent)]
        self.assertEqual("".join(said), SAID)
        assert isinstance(events[-1], ResponseCompletedEvent)
        self.assertEqual(events[-1].response.output_text, SAID)
        self.assertForwarded()

    def test_stream_put_together(self) -> None:
        """The package puts a stream together."""
        with self.client.responses.stream(model="gpt-full", input=PROMPT) as stream:
            self.assertEqual(stream.get_final_response().output_text, SAID)

    def test_renamed(self) -> None:
        """A model of another name there has its public name in every event."""
        with self.client.responses.stream(model="maker/small", input=PROMPT) as stream:
            events = list(stream)
        models = {event.response.model for event in events if hasattr(event, "response")}
        self.assertEqual((models, self.exchange().model), ({"maker/small"}, "gpt-small-2"))

    def test_failure_in_stream(self) -> None:
        """An error in the middle of a stream is its last event, with the number that is due."""
        with self.client.responses.create(model="gpt-broken", input=PROMPT, stream=True) as stream:
            _, delta, error = islice(stream, 3)
        self.assertEqual(delta.type, "response.output_text.delta")
        assert isinstance(error, ResponseErrorEvent)
        self.assertEqual((error.code, error.sequence_number), ("provider_error", 2))

    def test_by_id(self) -> None:
        """A response can be asked for, cancelled and deleted where it was made."""
        made = self.client.responses.create(model="gpt-full", input=PROMPT)
        self.assertEqual(self.client.responses.retrieve(made.id).output_text, SAID)
        (item,) = self.client.responses.input_items.list(made.id)
        self.assertEqual(item.id, "msg_0")
        self.assertEqual(self.client.responses.cancel(made.id).status, "cancelled")
        self.client.responses.delete(made.id)
        self.assertEqual(self.upstream.exchanges[-1].line.split()[0], "DELETE")


class OtherTests(OpenAITestCase):
    """Models and moderations."""

    def test_models(self) -> None:
        """The models of all providers are listed, with who has them."""
        listed = {model.id: model.owned_by for model in self.client.models.list()}
        self.assertEqual(listed["maker/small"], "openai")
        self.assertEqual(listed["maker/claude"], "anthropic")
        self.assertEqual(self.upstream.exchanges, [])

    def test_model(self) -> None:
        """A model whose name has a slash is found."""
        model = self.client.models.retrieve("maker/small")
        self.assertEqual((model.id, model.object), ("maker/small", "model"))

    def test_moderation(self) -> None:
        """Texts and images are judged."""
        given: list[ModerationMultiModalInputParam] = [
            {"type": "text", "text": PROMPT},
            {"type": "image_url", "image_url": {"url": "https://images.invalid/a.png"}},
        ]
        answer = self.client.moderations.create(model="omni-moderation-latest", input=given)
        self.assertEqual([result.flagged for result in answer.results], [True, True])
        self.assertEqual(answer.results[0].category_scores.violence, 0.75)
        self.assertForwarded()


class ErrorTests(OpenAITestCase):
    """What the package raises, whatever the route."""

    def test_validation(self) -> None:
        """A bad member is a bad request that names it, and no provider is asked."""
        client = self.client
        wrong: dict[str, tuple[Callable[..., object], dict[str, Any]]] = {
            "temperature": (
                client.chat.completions.create,
                {"messages": [{"role": "user", "content": PROMPT}], "temperature": 3},
            ),
            "messages[0].role": (
                client.chat.completions.create,
                {"messages": [{"role": "boss", "content": PROMPT}]},
            ),
            "prompt": (client.completions.create, {"prompt": {"text": PROMPT}}),
            "dimensions": (client.embeddings.create, {"input": PROMPT, "dimensions": 0}),
            "stream": (client.responses.create, {"input": PROMPT, "extra_body": {"stream": 1}}),
        }
        for param, (create, arguments) in wrong.items():
            error = self.assertRaises(BadRequestError, create, model="gpt-full", **arguments)
            self.assertEqual((error.param, error.code), (param, "validation_error"))
            self.assertEqual(error.type, "invalid_request_error")
        self.assertEqual(self.upstream.exchanges, [])

    def test_route(self) -> None:
        """What a model's provider does not have is not found."""
        client = self.client
        for create, arguments in (
            (client.responses.create, {"input": PROMPT}),
            (client.embeddings.create, {"input": PROMPT}),
            (client.completions.create, {"prompt": PROMPT}),
            (client.images.generate, {"prompt": PROMPT}),
        ):
            error = self.assertRaises(NotFoundError, create, model="claude-small", **arguments)
            self.assertEqual((error.code, error.param), ("endpoint_not_supported", "model"))
        self.assertEqual(self.upstream.exchanges, [])

    def test_model(self) -> None:
        """A model that nobody has is not found."""
        creates: list[Callable[..., object]] = [
            self.client.embeddings.create,
            self.client.moderations.create,
        ]
        for create in creates:
            error = self.assertRaises(NotFoundError, create, model="gpd-full", input=PROMPT)
            self.assertEqual((error.code, error.param), ("model_not_found", "model"))

    def test_key(self) -> None:
        """A key that nobody has is refused on every route."""
        stranger = self.connect("no-such-key")
        for create in (stranger.embeddings.create, stranger.responses.create):
            error = self.assertRaises(AuthenticationError, create, model="gpt-full", input=PROMPT)
            self.assertEqual(error.code, "invalid_api_key")
