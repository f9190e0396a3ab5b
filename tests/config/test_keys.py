"""Tests of `inference_gateway.config.keys`."""

import hashlib

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.config.keys import digest_of, new_key
from tests.config.loading import loaded


class KeyTests(SynchronousTestCase):
    def test_digest(self) -> None:
        """The digest is the SHA-256 of the key in hexadecimal."""
        self.assertEqual(digest_of("abc"), "sha256:" + hashlib.sha256(b"abc").hexdigest())

    def test_new_key(self) -> None:
        """A new key comes with its digest, is long and never comes twice."""
        key, digest = new_key()
        self.assertEqual(digest_of(key), digest)
        self.assertGreater(len(key), 40)
        self.assertNotEqual(new_key()[0], key)

    def test_accepted(self) -> None:
        """The configuration takes a new key's digest."""
        _, digest = new_key()
        auth = loaded(
            f"middleware: {{auth: {{keys: [{{id: a, digest: '{digest}'}}]}}}}"
        ).settings.middleware.auth
        self.assertEqual(auth.keys[0].digest, digest)
