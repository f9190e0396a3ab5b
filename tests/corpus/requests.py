"""Sound requests as bytes, for the cases to break, and the keys and sizes they count on."""

import json
from collections.abc import Iterable
from typing import Any

#: The one key of a client that the gateway knows.
KEY = b"corpus-client-key-6d1b"
#: The one key of an administrator.
ADMIN_KEY = b"corpus-administrator-key-90c2"
#: A word that prompts contain, and that no log may contain.
PROMPT = "lighthouse"
#: What must never be seen in a log.
SECRETS = (KEY, ADMIN_KEY, PROMPT.encode())

#: ``server.body_limit`` of the standard setting.
BODY_LIMIT = 1024 * 1024
#: Models that the gateway lists, besides the faults of the echo provider.
MODEL = "echo"
SLASHED_MODEL = "meta-llama/Llama-3-8B"

HOST = b"Host: gateway.test"
AUTH = b"Authorization: Bearer " + KEY
JSON = b"Content-Type: application/json"
CHUNKED = b"Transfer-Encoding: chunked"
CLOSE = b"Connection: close"
MODELS = b"/v1/models"
CHAT = b"/v1/chat/completions"


def head(*lines: bytes) -> bytes:
    """Lines with their ends, and the empty line."""
    return b"\r\n".join(lines) + b"\r\n\r\n"


def get(target: bytes = MODELS, *headers: bytes) -> bytes:
    """A GET with a good key."""
    return head(b"GET %b HTTP/1.1" % target, HOST, AUTH, *headers)


def anonymous(target: bytes = MODELS, *headers: bytes) -> bytes:
    """A GET without a key."""
    return head(b"GET %b HTTP/1.1" % target, HOST, *headers)


def post_head(*headers: bytes) -> bytes:
    """The head of a chat call with a good key; ``headers`` say how the body is framed."""
    return head(b"POST %b HTTP/1.1" % CHAT, HOST, AUTH, JSON, *headers)


def length(body: bytes) -> bytes:
    """The header that declares ``body``."""
    return b"Content-Length: %d" % len(body)


def post(body: bytes, *headers: bytes) -> bytes:
    """A chat call with ``body``, whose length is declared."""
    return post_head(*headers, length(body)) + body


def chunk(data: bytes, extension: bytes = b"") -> bytes:
    """One chunk."""
    return b"%x%b\r\n%b\r\n" % (len(data), extension, data)


def chunked(chunks: Iterable[bytes], end: bytes = b"0\r\n\r\n") -> bytes:
    """A chat call with a chunked body; ``chunks`` are encoded already."""
    return post_head(CHUNKED) + b"".join(chunks) + end


def chat(text: str = PROMPT, **fields: Any) -> bytes:
    """The body of a chat call."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": text}], **fields}
    return json.dumps(body).encode()


#: A body and a call that need no further thought.
BODY = chat()
CALL = post(BODY)
#: What their answer contains.
ECHO = b"Echo: " + PROMPT.encode()
#: A request that must not be taken for one where it is part of a broken one.
SMUGGLED = get(b"/v1/models/smuggled")
