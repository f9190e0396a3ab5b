"""From a head's credentials to a principal: every way to send one, and to get it wrong."""

from base64 import b64encode
from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from inference_gateway.errors import (
    AccessDenied,
    ConflictingCredentials,
    GatewayError,
    Unauthenticated,
)
from inference_gateway.exchange import ANONYMOUS, Principal
from inference_gateway.pipeline.authenticate import KeyAuthenticator
from inference_gateway.testing.doubles import MemoryKeyStore

ALICE = Principal(id="alice")
ROOT = Principal(id="root", admin=True)
KEYS = {b"good": ALICE, b"other": Principal(id="other"), b"pass:word": ALICE, b"root": ROOT}


def basic(credentials: bytes) -> bytes:
    """Return the value of an Authorization header by RFC 7617."""
    return b"Basic " + b64encode(credentials)


class AuthenticateTestCase(SynchronousTestCase):
    """Heads with credentials."""

    def setUp(self) -> None:
        self.authenticator = KeyAuthenticator(MemoryKeyStore(KEYS))

    def caller(self, *authorization: bytes, api_key: Sequence[bytes] = ()) -> Principal:
        """Return who calls."""
        headers = {b"authorization": list(authorization), b"x-api-key": list(api_key)}
        credential = self.authenticator.credential(lambda name: headers.get(name, []))
        return self.authenticator.caller(credential)

    def refused(
        self,
        kind: type[GatewayError],
        *authorization: bytes,
        api_key: Sequence[bytes] = (),
    ) -> GatewayError:
        """Return the error of the given kind that these headers get."""
        error: GatewayError = self.assertRaises(kind, self.caller, *authorization, api_key=api_key)
        return error


class CallerTests(AuthenticateTestCase):
    """One credential."""

    def test_bearer(self) -> None:
        """A bearer token is a key, the scheme in any case (RFC 9110 section 11.1)."""
        for scheme in (b"Bearer", b"bearer", b"BEARER"):
            self.assertIs(self.caller(scheme + b" good"), ALICE)

    def test_api_key(self) -> None:
        """So is the value of X-API-Key."""
        self.assertIs(self.caller(api_key=[b"good"]), ALICE)

    def test_basic(self) -> None:
        """The password of Basic is the key, colons and all; the user's name does not matter."""
        self.assertIs(self.caller(basic(b"anyone:good")), ALICE)
        self.assertIs(self.caller(basic(b":pass:word")), ALICE)
        self.assertIs(self.caller(basic(b"a:good").replace(b"Basic", b"basic")), ALICE)

    def test_agreeing(self) -> None:
        """Two headers with the same key are one credential."""
        self.assertIs(self.caller(b"Bearer good", api_key=[b"good"]), ALICE)
        self.assertIs(self.caller(basic(b"u:good"), api_key=[b"good"]), ALICE)

    def test_missing(self) -> None:
        """Without a credential the error says how to send one."""
        error = self.refused(Unauthenticated)
        self.assertEqual((error.code, error.param), ("missing_api_key", "Authorization"))
        self.assertIn("Bearer", error.message)

    def test_unknown(self) -> None:
        """A key that nobody has is refused, and not repeated."""
        for headers in ({"api_key": [b"wrong"]}, {"api_key": [b""]}):
            self.assertEqual(self.refused(Unauthenticated, **headers).code, "invalid_api_key")
        error = self.refused(Unauthenticated, b"Bearer wrong")
        self.assertEqual(error.code, "invalid_api_key")
        self.assertNotIn("wrong", error.message)

    def test_longest(self) -> None:
        """A credential that is longer than any key is nobody's, whatever the store thinks."""
        self.authenticator = KeyAuthenticator(
            MemoryKeyStore({b"k" * 513: ALICE, b"k" * 512: ALICE})
        )
        self.assertIs(self.caller(b"Bearer " + b"k" * 512), ALICE)
        for size in (513, 65536):
            self.assertEqual(
                self.refused(Unauthenticated, b"Bearer " + b"k" * size).code, "invalid_api_key"
            )

    def test_unreadable(self) -> None:
        """What is no credential by its grammar gets one and the same answer."""
        messages = set()
        for value in (
            b"",
            b"good",
            b"Bearer",
            b"Bearer ",
            b"Bearer  good",
            b"Bearer good ",
            b"Bearer good x",
            b"Bearer\tgood",
            b"Bearer g\xc3\xb6d",
            b"Digest good",
            b"Basic",
            b"Basic ",
            b"Basic !!!!",
            b"Basic Z29vZA",
            b"Basic \xff\xff",
            basic(b"no colon"),
            basic(b""),
            basic(b":"),
            basic(b"user:"),
        ):
            error = self.refused(Unauthenticated, value)
            self.assertEqual(error.code, "invalid_auth_header", value)
            messages.add(error.message)
        self.assertEqual(len(messages), 1)

    def test_basic_with_odd_bytes(self) -> None:
        """A password that is no UTF-8, or very long, is just nobody's."""
        for password in (b"\xff\xfe", b"x" * 65536):
            error = self.refused(Unauthenticated, basic(b"user:" + password))
            self.assertEqual(error.code, "invalid_api_key")


class ConflictTests(AuthenticateTestCase):
    """More credentials than one."""

    def test_disagreeing(self) -> None:
        """Two credentials that disagree are refused, even if both are good."""
        for authorization, api_key in (
            ([b"Bearer good"], [b"other"]),
            ([b"Bearer good"], [b"wrong"]),
            ([b"Bearer good"], [b""]),
            ([b"Bearer good", b"Bearer other"], []),
            ([b"Bearer good", basic(b"u:other")], []),
            ([], [b"good", b"other"]),
        ):
            error = self.refused(ConflictingCredentials, *authorization, api_key=api_key)
            self.assertEqual((error.status, error.code), (400, "conflicting_credentials"))

    def test_twice(self) -> None:
        """The same header twice is refused although the values agree (RFC 9110 section 5.3)."""
        for authorization, api_key in (
            ([b"Bearer good", b"Bearer good"], []),
            ([b"Bearer good", basic(b"u:good")], []),
            ([], [b"good", b"good"]),
        ):
            self.refused(ConflictingCredentials, *authorization, api_key=api_key)

    def test_one_unreadable(self) -> None:
        """A header that cannot be read is not made good by another that can."""
        error = self.refused(Unauthenticated, b"Bearer", api_key=[b"good"])
        self.assertEqual(error.code, "invalid_auth_header")


class OpenTests(AuthenticateTestCase):
    """Without keys."""

    def test_anybody(self) -> None:
        """While no key is configured everybody is anonymous, whatever was sent."""
        self.authenticator = KeyAuthenticator(MemoryKeyStore())
        self.assertIs(self.caller(), ANONYMOUS)
        self.assertIs(self.caller(b"Bearer a", b"garbage", api_key=[b"b"]), ANONYMOUS)


class AdministratorTests(AuthenticateTestCase):
    """The other door."""

    def administrator(self, *authorization: bytes) -> Principal:
        """Return which administrator asks."""
        return self.authenticator.administrator(
            lambda name: list(authorization) if name == b"authorization" else []
        )

    def test_administrator(self) -> None:
        """An administrator's key opens the administration."""
        self.assertIs(self.administrator(b"Bearer root"), ROOT)

    def test_clients_key(self) -> None:
        """A client's key does not."""
        error = self.assertRaises(AccessDenied, self.administrator, b"Bearer good")
        self.assertEqual((error.status, error.code), (403, "insufficient_permissions"))

    def test_stranger(self) -> None:
        """No key, or a wrong one, is asked for one."""
        self.assertRaises(Unauthenticated, self.administrator)
        self.assertRaises(Unauthenticated, self.administrator, b"Bearer wrong")

    def test_nothing_else(self) -> None:
        """An administrator's key calls no models."""
        self.refused(AccessDenied, b"Bearer root")

    def test_none_configured(self) -> None:
        """Without an administrator's key the answer says how to set one."""
        self.authenticator = KeyAuthenticator(MemoryKeyStore({b"good": ALICE}))
        error = self.assertRaises(AccessDenied, self.administrator, b"Bearer good")
        self.assertIn("INFERENCE_GATEWAY_ADMIN_KEY", error.message)
