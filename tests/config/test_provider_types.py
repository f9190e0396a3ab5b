"""Tests of `inference_gateway.config.providers`: what sets one type apart from another."""

from typing import get_args

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.kinds import OperationName
from inference_gateway.config.settings import ProviderSettings
from tests.config.loading import loaded, problems

AZURE = "type: azure, base_url: 'https://name.openai.azure.com', models: [d]"
ANTHROPIC = "type: anthropic, base_url: 'https://api.anthropic.com', models: ['*']"
OPENAI = "type: openai, base_url: 'https://gpu/v1'"


def written(fields: str) -> str:
    """Return a configuration with one provider."""
    return f"providers: [{{id: a, {fields}}}]"


def provider(fields: str) -> ProviderSettings:
    """Return the one provider of a configuration."""
    (found,) = loaded(written(fields), {"K": "k"}).settings.providers
    return found


def wrong(fields: str) -> list[str]:
    """Return the problems of a configuration with one provider, from their key path on."""
    return [
        problem.partition(": ")[2].removeprefix("providers[0].")
        for problem in problems(written(fields), {"K": "k"})
    ]


class BaseURLTests(SynchronousTestCase):
    """Which path a base URL has in the end."""

    def test_usual(self) -> None:
        """Each type has its own where there is none."""
        self.assertEqual(provider(AZURE).base_url, "https://name.openai.azure.com/openai")
        self.assertEqual(provider(ANTHROPIC).base_url, "https://api.anthropic.com/v1")
        vllm = provider("type: vllm, models: [m], base_url: 'http://gpu:8000/'")
        self.assertEqual(vllm.base_url, "http://gpu:8000/v1")

    def test_azure(self) -> None:
        """What is beyond /openai is a problem with a way out."""
        for path in ("openai/v1", "v1", "openai/deployments/d"):
            self.assertEqual(
                problems(written(f"type: azure, models: [d], base_url: 'https://a/{path}'")),
                [
                    "gateway.yaml:1:57: providers[0].base_url: with type: azure it ends in /openai,"
                    " or before that; what ends in /openai/v1 is for type: openai"
                ],
            )


class VersionTests(SynchronousTestCase):
    """``api_version``."""

    def test_version(self) -> None:
        """It is text, which may look like a date; left out, it is the dialect's concern."""
        self.assertEqual(provider(f"{AZURE}, api_version: 2024-10-21").api_version, "2024-10-21")
        self.assertEqual(provider(f"{AZURE}, api_version: preview").api_version, "preview")
        self.assertIsNone(provider(AZURE).api_version)

    def test_refused(self) -> None:
        """What does not belong into a URL is no version."""
        for version in ("''", "'a&b'", "'a b'", "é", "a" * 33):
            (problem,) = wrong(f"{AZURE}, api_version: {version}")
            self.assertIn("api_version: expected a version such as 2024-10-21, got ", problem)

    def test_others(self) -> None:
        """No other type has versions."""
        self.assertEqual(
            wrong(f"{OPENAI}, models: [m], api_version: 2024-10-21"),
            ["api_version: only type: azure has versions"],
        )


class EndpointTests(SynchronousTestCase):
    """``endpoints``."""

    def test_names(self) -> None:
        """Every operation can be named, where the server's owner says what it has."""
        names = get_args(OperationName)
        for kind in ("openai", "llamacpp", "vllm"):
            fields = f"type: {kind}, base_url: 'http://a', models: [m]"
            found = provider(f"{fields}, endpoints: [{', '.join(names)}]")
            self.assertEqual(found.endpoints, names)
            self.assertIsNone(provider(fields).endpoints)

    def test_unknown(self) -> None:
        """An unknown name is told at its place, with all there are and the nearest."""
        text = "providers:\n- id: a\n  type: vllm\n  base_url: http://a\n  models: [m]\n"
        self.assertEqual(
            problems(f"{text}  endpoints: [chat, embedings]"),
            [
                "gateway.yaml:6:21: providers[0].endpoints[1]: expected one of chat, completions,"
                " embeddings, responses, messages, moderations, rerank, speech, transcriptions,"
                " translations, images, image_edits, image_variations, tokenize,"
                " detokenize, got 'embedings'; did you mean 'embeddings'?"
            ],
        )

    def test_list(self) -> None:
        """It is a list of different names, and of one at least."""
        fields = f"{OPENAI}, models: [m], endpoints: "
        self.assertEqual(wrong(f"{fields}chat"), ["endpoints: expected a list, got a string"])
        self.assertEqual(
            wrong(f"{fields}[]"),
            ["endpoints: expected at least one; leave the key out for those of the type"],
        )
        self.assertEqual(
            wrong(f"{fields}[chat, images, chat]"), ["endpoints[2]: 'chat' is listed twice"]
        )

    def test_impossible(self) -> None:
        """Where somebody else says what there is, nothing else can be asked for."""
        self.assertEqual(
            wrong(f"{AZURE}, endpoints: [chat, rerank]"),
            ["endpoints[1]: type: azure has no rerank"],
        )
        self.assertEqual(
            wrong(f"{AZURE}, endpoints: [image_edits, image_variations]"),
            ["endpoints[1]: type: azure has no image_variations"],
        )
        self.assertEqual(
            wrong(f"{ANTHROPIC}, endpoints: [embeddings, messages]"),
            ["endpoints[0]: type: anthropic has no embeddings"],
        )
        self.assertEqual(provider(f"{ANTHROPIC}, endpoints: [chat]").endpoints, ("chat",))


class DiscoverTests(SynchronousTestCase):
    """``discover``."""

    def test_models(self) -> None:
        """Beside it models may be left out, or be there all the same."""
        self.assertTrue(provider(f"{OPENAI}, discover: true").discover)
        both = provider(f"{OPENAI}, discover: true, models: [m]")
        self.assertEqual((both.discover, both.models), (True, {"m": "m"}))
        self.assertFalse(provider(f"{OPENAI}, models: [m]").discover)

    def test_off(self) -> None:
        """Switched off it takes the place of nothing; broken it is the only problem."""
        (problem,) = wrong(f"{OPENAI}, discover: false")
        self.assertIn("needs models", problem)
        self.assertEqual(
            wrong(f"{OPENAI}, discover: 1"), ["discover: expected true or false, got the number 1"]
        )

    def test_azure(self) -> None:
        """Azure does not tell the names of deployments."""
        self.assertEqual(
            wrong(f"{AZURE}, discover: true"),
            ["discover: Azure lists models, but not what is deployed"],
        )

    def test_routes(self) -> None:
        """A route may name a provider that will have to be asked."""
        text = written(f"{OPENAI}, discover: true")
        route = "routing: {models: {x: {providers: [a]}, y: {aliases: [z]}}}"
        self.assertEqual(problems(f"{text}\n{route}"), [])


class KeyHeaderTests(SynchronousTestCase):
    """Headers that carry a key."""

    def test_twice(self) -> None:
        """The header that carries the key is not set a second time."""
        for fields, header in ((AZURE, "Api-Key"), (ANTHROPIC, "X-API-Key")):
            text = f"{fields}, headers: {{{header}: b}}"
            self.assertEqual(
                wrong(f"{text}, api_key: '${{K}}'"),
                [f"headers.{header}: this header carries the key"],
            )
            self.assertEqual(wrong(text), [])

    def test_others(self) -> None:
        """With other types it is a header like any other."""
        fields = f"{OPENAI}, models: [m], headers: {{api-key: b}}, api_key: '${{K}}'"
        self.assertEqual(wrong(fields), [])
