"""Tests of `inference_gateway.config.settings`: above all that a secret cannot be shown."""

import copy
import json
import pickle
import pprint

import attrs
from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.kinds import Secret
from inference_gateway.config.load import ConfigurationError, print_config
from tests.config.loading import loaded

SECRET = "s3cr3t-of-the-operator"
TEXT = """
    middleware:
      auth:
        keys: [{id: a, key: "${KEY}"}]
        admin_keys: [{id: b, key_file: key}]
    providers:
      - id: c
        type: openai
        base_url: http://gpu/v1
        models: [m]
        api_key: ${PROVIDER_KEY}
        headers: {X-Key: "${HEADER}"}
"""


class SecretTests(SynchronousTestCase):
    def setUp(self) -> None:
        environ = {"KEY": SECRET, "PROVIDER_KEY": f"{SECRET}3", "HEADER": f"{SECRET}4"}
        self.loaded = loaded(TEXT, environ, files={"key": f"{SECRET}2"})
        self.settings = self.loaded.settings

    def test_revealed(self) -> None:
        """The secret arrives and can be had by asking for it."""
        key = self.settings.middleware.auth.keys[0].key
        assert key is not None
        self.assertEqual(key.reveal(), SECRET)

    def test_text(self) -> None:
        """No way of making text of the settings shows a secret."""
        key = self.settings.middleware.auth.keys[0].key
        as_dict = attrs.asdict(self.settings)
        for text in [
            repr(self.settings),
            str(self.settings),
            f"{self.settings}",
            f"{key} {key!s} {key!r} {key:>40}",
            "%s %r" % (key, key),  # noqa: UP031
            repr(as_dict),
            pprint.pformat(as_dict),
            json.dumps(as_dict, default=str),
            repr(attrs.astuple(self.settings)),
            repr(self.loaded),
            print_config(self.loaded),
        ]:
            self.assertNotIn(SECRET, text)
            self.assertIn("***", text)

    def test_json(self) -> None:
        """JSON has no form for a secret."""
        self.assertRaises(TypeError, json.dumps, attrs.asdict(self.settings))

    def test_pickle(self) -> None:
        """Settings with a secret can be neither pickled nor copied in depth, by any protocol."""
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            self.assertRaises(TypeError, pickle.dumps, self.settings, protocol)
        self.assertRaises(TypeError, copy.deepcopy, self.settings)

    def test_no_dictionary(self) -> None:
        """A secret has no attributes to be listed."""
        self.assertRaises(TypeError, vars, Secret(SECRET))

    def test_equality(self) -> None:
        """Secrets are equal by their text, and to nothing but secrets."""
        self.assertEqual(Secret("a"), Secret("a"))
        self.assertNotEqual(Secret("a"), Secret("b"))
        self.assertNotEqual(Secret("a"), "a")
        self.assertEqual(len({Secret("a"), Secret("a")}), 1)

    def test_problems(self) -> None:
        """No problem quotes a secret, wherever it was put by mistake."""
        for wrong in [
            f"middleware: {{auth: {{keys: [{{id: a, key: {SECRET}}}]}}}}",
            f"middleware: {{auth: {{keys: [{{id: a, digest: {SECRET}}}]}}}}",
            f"middleware: {{auth: {{keys: [{SECRET}]}}}}",
            f"middleware: {{auth: {{keys: {SECRET}}}}}",
            f"middleware: {{auth: {SECRET}}}",
            "middleware: {auth: {enabled: '${KEY}'}}",
            "server: {request_timeout: '${KEY}', half_close: '${KEY}', body_limit: '${KEY}'}",
            "server: {upload_limit: '${KEY}'}",
            "server: {max_connections: '${KEY}', listen: ['${KEY}'], root_path: '${KEY}'}",
            "providers: [{id: a, type: '${KEY}'}]",
            f"providers: [{{id: a, type: openai, base_url: {SECRET}}}]",
            f"providers: [{{id: a, type: openai, base_url: 'http://u:{SECRET}@gpu'}}]",
            f"providers: [{{id: a, type: openai, base_url: 'http://gpu/?key={SECRET}'}}]",
            f"providers: [{{id: a, type: openai, api_key: {SECRET}}}]",
            "providers: [{id: a, type: openai, headers: {Host: '${KEY}', X: \"${KEY}\\n\"}}]",
        ]:
            error = self.assertRaises(ConfigurationError, loaded, wrong, {"KEY": SECRET})
            self.assertNotIn(SECRET, str(error), wrong)
            self.assertNotIn(SECRET, repr(error), wrong)
            self.assertNotIn(SECRET, repr(error.problems), wrong)
