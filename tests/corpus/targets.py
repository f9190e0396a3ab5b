"""Section U: what a request asks for, and how it spells that."""

from tests.corpus.case import Case, Send, Setting, one
from tests.corpus.owed import Afterwards, Expect, answer, refused, rejected, served
from tests.corpus.requests import (
    AUTH,
    BODY,
    CHAT,
    CLOSE,
    HOST,
    JSON,
    KEY,
    SLASHED_MODEL,
    SMUGGLED,
    anonymous,
    get,
    head,
    length,
)

BAD_REQUEST = refused(400)
NOT_FOUND = rejected(404)
UNAUTHENTICATED = rejected(401)

_UP = {
    "plain": b"/v1/models/../../admin/config",
    "escaped-dots": b"/v1/models/%2e%2e/%2e%2e/admin/config",
    "escaped-slash": b"/v1/models/..%2f..%2fadmin%2fconfig",
    "half-escaped": b"/v1/models/.%2e/.%2e/admin/config",
    "escaped-twice": b"/v1/models/%252e%252e/%252e%252e/admin/config",
    "to-metrics": b"/v1/models/../../metrics",
    "to-health": b"/v1/models/../../healthz",
    "to-a-file": b"/v1/models/../../../../etc/passwd",
    "dot": b"/v1/models/./echo",
    "backslashes": b"/v1/models/..\\..\\admin\\config",
    "parameter": b"/v1/models/..;/..;/admin/config",
}

_SPELLINGS = {
    "two-slashes": b"/v1//models",
    "capital": b"/V1/models",
    "last-slash": b"/v1/models/",
    "two-last-slashes": b"/v1/models//",
    "capitals": b"/v1/MODELS",
    "no-version": b"/models",
    "version-twice": b"/v1/v1/models",
    "dot": b"/v1/./models",
    "blank": b"/v1/models%20",
}

#: Ids that no model has; each gets a 404, or a 400 where the path itself is broken.
_IDS = {
    "null": b"%00",
    "line-end": b"x%0d%0aX-Evil:%201",
    "no-utf-8": b"%FF",
    "no-hexadecimal": b"%ZZ",
    "percent": b"%",
    "unfinished": b"%4",
    "parameter": b"echo;x=y",
    "escaped-question-mark": b"echo%3F",
    "backslash": b"echo\\",
    "right-to-left": b"%E2%80%AEecho",
    "257-characters": b"x" * 257,
    "capitals": b"ECHO",
    "escape": b"%1b[31mecho",
    "bell": b"%07",
    "delete": b"%7f",
}

PATHS = [
    *(
        one(
            f"U1.{name}",
            get(b"/v1/models/" + id),
            served(answer(200, contains=(b'"id":"%b"' % SLASHED_MODEL.encode(),))),
        )
        for name, id in (
            ("slash", b"meta-llama/Llama-3-8B"),
            ("escaped-slash", b"meta-llama%2FLlama-3-8B"),
            ("small-escape", b"meta-llama%2fLlama-3-8B"),
            ("escaped-letters", b"%6deta-llama/%4clama-3-8B"),
        )
    ),
    *(one(f"U2.{name}", get(path), NOT_FOUND) for name, path in _UP.items()),
    *(one(f"U2.{name}-no-key", anonymous(path), UNAUTHENTICATED) for name, path in _UP.items()),
    *(one(f"U3.{name}", get(path), NOT_FOUND) for name, path in _SPELLINGS.items()),
    *(
        one(f"U3.{name}-no-key", anonymous(path), UNAUTHENTICATED)
        for name, path in _SPELLINGS.items()
    ),
    *(one(f"U4.{name}", get(b"/v1/models/" + id), rejected(404, 400)) for name, id in _IDS.items()),
    one("U4.question-mark", get(b"/v1/models/nothing?"), NOT_FOUND),
    one("U4.8-kilobytes", get(b"/v1/models/" + b"x" * 8_192), rejected(404, 414)),
]

TARGETS = [
    *(
        one(f"U5.{name}", get(b"/v1/models/" + raw) + SMUGGLED, BAD_REQUEST)
        for name, raw in (
            ("high-byte", b"\x80"),
            ("utf-8", "é".encode()),
            ("control", b"\x01"),
            ("escape", b"\x1b[31m"),
            ("delete", b"\x7f"),
            ("overlong-slash", b"..%c0%af"),
            ("overlong-dot", b"%c0%ae%c0%ae/"),
            ("surrogate", b"%ed%a0%80"),
        )
    ),
    one("U6.fragment", get(b"/v1/models#fragment"), BAD_REQUEST),
    one("U6.asterisk", get(b"*"), BAD_REQUEST),
    one("U6.two-slashes", get(b"//evil.test/v1"), rejected(404, 400)),
    one("U6.other-host", get(b"http://evil.test/v1/models"), served() + BAD_REQUEST),
    one("U6.other-host-no-key", anonymous(b"http://evil.test/v1/models"), UNAUTHENTICATED),
    one("U6.other-scheme", get(b"ftp://evil.test/v1/models"), BAD_REQUEST),
    one("U6.one-slash", get(b"https:/x"), BAD_REQUEST),
    one("U6.no-slash", get(b"v1/models"), BAD_REQUEST),
    one("U6.query-only", get(b"?x=y"), BAD_REQUEST),
    one(
        "U7.asterisk",
        head(b"OPTIONS * HTTP/1.1", HOST),
        served(answer(200, 204, headers={b"allow": b"*"})) + BAD_REQUEST,
    ),
    one(
        "U7.route",
        head(b"OPTIONS /v1/models HTTP/1.1", HOST),
        served(answer(200, 204, headers={b"allow": b"GET*"})),
    ),
    one("U8.10000", get(b"/v1/models?" + b"a=1&" * 10_000), refused(414, 400)),
    one("U8.101", get(b"/v1/models?" + b"a=1&" * 100 + b"a=1"), BAD_REQUEST),
    one("U8.100", get(b"/v1/models?" + b"a=1&" * 99 + b"a=1"), served()),
    one("U8.duplicate", get(b"/v1/models?a=1&a=2"), served()),
    *(
        one(f"U8.{name}", anonymous(b"/v1/models?%b=%b" % (parameter, KEY)), UNAUTHENTICATED)
        for name, parameter in (
            ("api-key", b"api_key"),
            ("key", b"key"),
            ("token", b"access_token"),
        )
    ),
]

ROUTES = [
    *(
        one(f"U9.{name}", get(path), NOT_FOUND)
        for name, path in (
            ("root", b"/nowhere"),
            ("below", b"/v1/nowhere"),
            ("favicon", b"/favicon.ico"),
        )
    ),
    *(
        one(f"U9.{method.lower()}-{name}", data, owed)
        for method, name, data, owed in (
            (
                method,
                name,
                head(b"%b %b HTTP/1.1" % (method.encode(), path), HOST, AUTH),
                rejected(405),
            )
            for method, name, path in (
                ("GET", "chat", CHAT),
                ("DELETE", "chat", CHAT),
                ("PUT", "models", b"/v1/models"),
                ("PATCH", "model", b"/v1/models/echo"),
            )
        )
    ),
    one(
        "U9.post-models",
        head(b"POST /v1/models HTTP/1.1", HOST, AUTH, JSON, length(BODY)) + BODY,
        rejected(405),
    ),
    Case(
        id="U9.head-of-nothing",
        steps=(Send(head(b"HEAD /nowhere HTTP/1.1", HOST, AUTH, CLOSE)),),
        owed=(Expect(answers=(answer(404),), afterwards=Afterwards.CLOSED),),
        headless=True,
    ),
    *(
        one(f"U10.{name}", get(path), NOT_FOUND, setting=Setting.SPLIT, sockets=False)
        for name, path in (
            ("metrics", b"/metrics"),
            ("config", b"/admin/config"),
            ("providers", b"/admin/providers"),
            ("page", b"/admin/ui"),
        )
    ),
    *(
        one(
            f"U10.{name}-no-key",
            anonymous(path),
            rejected(404, 401),
            setting=Setting.SPLIT,
            sockets=False,
        )
        for name, path in (("metrics", b"/metrics"), ("config", b"/admin/config"))
    ),
]

CASES = (*PATHS, *TARGETS, *ROUTES)
