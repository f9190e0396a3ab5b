"""Section H, rows 13 to 18: who is asking, for whom, and what of that must stay here."""

from base64 import b64encode

from tests.corpus.case import one
from tests.corpus.owed import answer, refused, rejected, served
from tests.corpus.requests import (
    AUTH,
    BODY,
    ECHO,
    KEY,
    MODELS,
    anonymous,
    get,
    post,
)

BAD_REQUEST = refused(400)
TOO_LARGE = refused(431)
OK = served()
ECHOED = served(answer(200, contains=(ECHO,)), calls=1)
UNAUTHENTICATED = rejected(401)


def _basic(pair: bytes) -> bytes:
    return b"Authorization: Basic " + b64encode(pair)


_CONFLICTS = {
    "two-different": (AUTH, b"Authorization: Bearer other"),
    "two-equal": (AUTH, AUTH),
    "bearer-and-api-key": (AUTH, b"X-API-Key: other"),
    "api-key-and-bearer": (b"X-API-Key: other", AUTH),
    "basic-and-bearer": (_basic(b"user:" + KEY), AUTH),
    "two-api-keys": (b"X-API-Key: " + KEY, b"X-API-Key: other"),
}

#: What follows ``Authorization: `` and gets a 401.
_BAD_CREDENTIALS = {
    "bearer-empty": b"Bearer",
    "bearer-blank": b"Bearer ",
    "bearer-wrong": b"Bearer wrong",
    "bearer-two-blanks": b"Bearer  wrong",
    "bearer-more": b"Bearer " + KEY + b" wrong",
    "bearer-10-kilobytes": b"Bearer " + b"x" * 10_240,
    "bearer-quote": b'Bearer "' + KEY + b'"',
    "bearer-high-byte": b"Bearer " + KEY + b"\xe9",
    "bearer-list": b"Bearer " + KEY + b", Bearer wrong",
    "bearer-prefix": b"Bearer " + KEY[:-1],
    "bearer-longer": b"Bearer " + KEY + b"x",
    "bearer-capitals": b"Bearer " + KEY.upper(),
    "no-scheme": KEY,
    "other-scheme": b"Digest " + KEY,
    "empty": b"",
}

_BAD_BASIC = {
    "no-base64": b"Basic !!!!",
    "no-padding": b"Basic YTpiYw",
    "no-colon": b"Basic " + b64encode(KEY),
    "no-utf-8": b"Basic " + b64encode(b"user:\xff\xfe"),
    "no-utf-8-user": b"Basic " + b64encode(b"\xff\xfe:wrong"),
    "empty": b"Basic",
    "blank": b"Basic ",
    "empty-pair": b"Basic " + b64encode(b":"),
    "wrong": b"Basic " + b64encode(b"user:wrong"),
    "key-as-user": b"Basic " + b64encode(KEY + b":"),
    "12-kilobytes": b"Basic " + b64encode(b"user:" + b"x" * 9_000),
}

CREDENTIALS = [
    *(
        one(
            f"H13.{name}",
            anonymous(MODELS, *lines),
            rejected(400, codes=("conflicting_credentials",)),
        )
        for name, lines in _CONFLICTS.items()
    ),
    one("H13.agree", get(MODELS, b"X-API-Key: " + KEY), OK),
    *(
        one(f"H14.{name}", anonymous(MODELS, b"Authorization: " + value), UNAUTHENTICATED)
        for name, value in _BAD_CREDENTIALS.items()
    ),
    one("H14.api-key-empty", anonymous(MODELS, b"X-API-Key:"), UNAUTHENTICATED),
    one("H14.api-key-wrong", anonymous(MODELS, b"X-API-Key: wrong"), UNAUTHENTICATED),
    one("H14.none", anonymous(), rejected(401, codes=("missing_api_key",))),
    one(
        "H14.bearer-64-kilobytes",
        anonymous(MODELS, b"Authorization: Bearer " + b"x" * 65_536),
        TOO_LARGE,
    ),
    one("H14.bearer-null", anonymous(MODELS, AUTH + b"\x00"), BAD_REQUEST),
    *(
        one(f"H14.good-{name}", anonymous(MODELS, line), OK)
        for name, line in (
            ("small-bearer", b"authorization: bearer " + KEY),
            ("capital-bearer", b"AUTHORIZATION: BEARER " + KEY),
            ("api-key", b"X-API-Key: " + KEY),
            ("basic", _basic(b"user:" + KEY)),
            ("small-basic", _basic(b":" + KEY).replace(b"Basic", b"basic")),
        )
    ),
    *(
        one(f"H15.{name}", anonymous(MODELS, b"Authorization: " + value), UNAUTHENTICATED)
        for name, value in _BAD_BASIC.items()
    ),
    one(
        "H15.64-kilobytes",
        anonymous(MODELS, b"Authorization: Basic " + b64encode(b"u:" + b"x" * 49_152)),
        TOO_LARGE,
    ),
]

FORWARDING = [
    *(
        one(
            f"H16.{name.lower()}",
            get(MODELS, name.encode() + b": " + value),
            OK,
            forbidden=(b"198.51.100.7",),
        )
        for name, value in (
            ("X-Forwarded-For", b"198.51.100.7"),
            ("X-Forwarded-Proto", b"https"),
            ("X-Forwarded-Host", b"198.51.100.7"),
            ("X-Real-IP", b"198.51.100.7"),
            ("Forwarded", b"for=198.51.100.7;host=198.51.100.7;proto=https"),
        )
    ),
    one(
        "H17.all",
        post(
            BODY,
            b"Connection: keep-alive, X-Hop",
            b"Keep-Alive: timeout=5",
            b"TE: trailers, deflate",
            b"Trailer: X-Trailer",
            b"Proxy-Connection: keep-alive",
            b"Proxy-Authorization: Basic Zm9vOmJhcg==",
            b"X-Hop: 1",
        ),
        ECHOED,
        forbidden=(b"Zm9vOmJhcg==",),
    ),
    one(
        "H18.all",
        post(
            BODY,
            b"Cookie: session=canary-cookie",
            b"X-API-Key: " + KEY,
            b"Proxy-Authorization: Bearer canary-proxy",
            b"OpenAI-Organization: canary-organization",
        ),
        ECHOED,
        forbidden=(b"canary",),
    ),
]

CASES = (*CREDENTIALS, *FORWARDING)
