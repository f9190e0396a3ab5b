"""The store of keys: what is configured, found by digest."""

import hashlib

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from inference_gateway.config.keys import digest_of
from inference_gateway.config.kinds import Secret
from inference_gateway.config.settings import AuthSettings, KeySettings
from inference_gateway.exchange import Principal
from inference_gateway.interfaces import IKeyStore
from inference_gateway.pipeline.keys import DigestKeyStore


class DigestKeyStoreTests(SynchronousTestCase):
    """Keys and what becomes of them."""

    def setUp(self) -> None:
        self.wall = Clock()

    def store(
        self, *keys: KeySettings, admin: tuple[KeySettings, ...] = (), enabled: bool = True
    ) -> DigestKeyStore:
        """Return a store of these keys."""
        auth = AuthSettings(enabled=enabled, keys=keys, admin_keys=admin)
        return DigestKeyStore(auth, self.wall.seconds)

    def test_interface(self) -> None:
        """It is a store of keys."""
        verifyObject(IKeyStore, self.store())

    def test_digest(self) -> None:
        """A key given as the digest that the command line printed is found."""
        store = self.store(KeySettings(id="alice", digest=digest_of("secret")))
        self.assertEqual(store.find(b"secret"), Principal(id="alice"))
        self.assertIsNone(store.find(b"secre"))
        self.assertIsNone(store.find(digest_of("secret").encode()))

    def test_plain(self) -> None:
        """A key given as itself is found, and the store does not hold it."""
        store = self.store(KeySettings(id="bob", key=Secret("geheim"), models=("m",), debug=True))
        self.assertEqual(store.find(b"geheim"), Principal(id="bob", models=("m",), debug=True))
        self.assertIsNone(store.find(hashlib.sha256(b"geheim").digest()))

    def test_not_ascii(self) -> None:
        """A key with letters of any script is its UTF-8."""
        store = self.store(KeySettings(id="zoe", key=Secret("schlüssel")))
        self.assertEqual(store.find("schlüssel".encode()), Principal(id="zoe"))

    def test_disabled(self) -> None:
        """A key that is switched off is nobody's."""
        store = self.store(KeySettings(id="alice", key=Secret("k"), disabled=True))
        self.assertIsNone(store.find(b"k"))
        self.assertFalse(store.is_open)

    def test_expires(self) -> None:
        """A key works until the moment it expires."""
        store = self.store(KeySettings(id="alice", key=Secret("k"), expires=100.0))
        self.wall.advance(99.9)
        self.assertIsNotNone(store.find(b"k"))
        self.wall.advance(0.1)
        self.assertIsNone(store.find(b"k"))

    def test_administrator(self) -> None:
        """An administrator's key is marked as one; it alone leaves the store open to callers."""
        store = self.store(admin=(KeySettings(id="root", key=Secret("r")),))
        self.assertEqual(store.find(b"r"), Principal(id="root", admin=True))
        self.assertTrue(store.is_open)
        self.assertTrue(store.has_administrators)

    def test_closed(self) -> None:
        """A caller's key closes the store and makes nobody an administrator."""
        store = self.store(KeySettings(id="alice", key=Secret("k")))
        self.assertFalse(store.is_open)
        self.assertFalse(store.has_administrators)

    def test_switched_off(self) -> None:
        """Authentication that is switched off leaves the store open whatever keys there are."""
        store = self.store(KeySettings(id="alice", key=Secret("k")), enabled=False)
        self.assertTrue(store.is_open)

    def test_nobody(self) -> None:
        """Empty and overlong secrets are nobody's."""
        store = self.store(KeySettings(id="alice", key=Secret("k")))
        for secret in (b"", b"\x00", b"k" * 65536):
            self.assertIsNone(store.find(secret))
