"""Chat bodies and what each must get, as data: drive it through the parser, or over sockets.

An identifier begins with the row it belongs to: B are bodies, V are fields. Every body goes to
``POST /v1/chat/completions`` as ``application/json``. A case that is refused names the status, the
``error.code`` and the ``error.param`` of the answer, and nothing may have reached a provider. A
case that is accepted names the bytes that reach a provider: those that came, unless members were
dropped.

All accepted bodies ask for the model `MODEL`, except where ``known_model`` is false: there the body
is good, so that a gateway which serves `MODEL` alone answers 404 ``model_not_found``.
"""

import json
from collections.abc import Iterator
from typing import Any

import attrs

MODEL = "echo"

_USER = {"role": "user", "content": "hello"}
_GOOD: dict[str, Any] = {"model": MODEL, "messages": [_USER]}
_DELETED = object()


@attrs.frozen(kw_only=True)
class ValidationCase:
    """One body, and the answer it must get."""

    id: str
    body: bytes
    #: 200 for a body that keeps the contract.
    status: int = 200
    code: str | None = None
    param: str | None = None
    #: What reaches the provider where that differs from ``body``.
    forwarded: bytes | None = None
    known_model: bool = True


def _with(**changes: Any) -> bytes:
    members = {**_GOOD, **changes}
    return json.dumps(
        {name: value for name, value in members.items() if value is not _DELETED}
    ).encode()


def _raw(members: bytes) -> bytes:
    """A good body with more members, written out."""
    return json.dumps(_GOOD).encode()[:-1] + b"," + members + b"}"


def _messages(*messages: Any) -> bytes:
    return _with(messages=list(messages))


def _part(part: Any) -> bytes:
    return _messages({"role": "user", "content": [{"type": "text", "text": "look"}, part]})


def _tool(**function: Any) -> dict[str, Any]:
    return {"type": "function", "function": function}


_WEATHER = _tool(name="weather", parameters={"type": "object", "properties": {}})
_CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}


def _accepted(row: str, **bodies: bytes) -> Iterator[ValidationCase]:
    for name, body in bodies.items():
        yield ValidationCase(id=f"{row}-takes-{name}", body=body)


def _refused(row: str, param: str, **bodies: bytes) -> Iterator[ValidationCase]:
    for name, body in bodies.items():
        yield ValidationCase(
            id=f"{row}-refuses-{name}", body=body, status=400, code="validation_error", param=param
        )


def _unparsable(row: str, **bodies: bytes) -> Iterator[ValidationCase]:
    for name, body in bodies.items():
        yield ValidationCase(
            id=f"{row}-refuses-{name}", body=body, status=400, code="json_parse_error"
        )


def _bodies() -> Iterator[ValidationCase]:
    good = json.dumps(_GOOD).encode()
    text = good.decode()
    yield from _unparsable(
        "B4",
        arrays=b"[" * 100_000,
        arrays_closed=b"[" * 100_000 + b"]" * 100_000,
        objects=b'{"a":' * 100_000,
        objects_closed=b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        depth_65=_raw(b'"x":' + b"[" * 64 + b"]" * 64),
        behind_brackets_in_text=_raw(b'"y":"]]]]","x":' + b"[" * 64 + b"]" * 64),
    )
    yield from _accepted(
        "B4",
        depth_64=_raw(b'"x":' + b"[" * 63 + b"]" * 63),
        brackets_in_text=_raw(b'"x":"' + b"[{" * 5000 + b'\\"[["'),
        wide=_raw(b'"x":[' + b",".join([b"[]"] * 5000) + b"]"),
    )
    yield from _unparsable(
        "B5",
        nan=_raw(b'"temperature":NaN'),
        infinity=_raw(b'"temperature":Infinity'),
        minus_infinity=_raw(b'"temperature":-Infinity'),
    )
    yield from _unparsable(
        "B6", beyond_double=_raw(b'"x":1e400'), digits=_raw(b'"x":' + b"9" * 5000)
    )
    yield from _refused("B6", "seed", big_seed=_raw(b'"seed":' + b"9" * 300))
    yield from _refused("B7", "model", model=_raw(b'"model":"other"'))
    yield from _refused(
        "B7",
        "stream",
        stream=_raw(b'"stream":true,"stream":false'),
        same=_raw(b'"stream":true,"stream":true'),
        spaced=_raw(b'"stream" : true , "stream"\n:false'),
        escaped=_raw(b'"stream":true,"str\\u0065am":false'),
    )
    yield from _refused("B7", "zz", unknown=_raw(b'"zz":1,"zz":2'))
    yield from _accepted(
        "B7",
        nested_only=_raw(b'"x":{"model":1,"messages":2},"y":{"z":1,"z":2}'),
        value_like_a_name=_raw(b'"user":"user"'),
        text_like_a_name=_raw(b'"user":"\\"model\\": 1"'),
    )
    yield from _unparsable(
        "B8",
        byte_order_mark=b"\xef\xbb\xbf" + good,
        utf_16=text.encode("utf-16"),
        utf_16_le=text.encode("utf-16-le"),
        utf_16_be=text.encode("utf-16-be"),
        utf_32=text.encode("utf-32"),
        utf_32_be=text.encode("utf-32-be"),
        latin_1=_raw(b'"user":"\xe9"'),
        overlong=_raw(b'"user":"\xc0\xae"'),
        surrogate_bytes=_raw(b'"user":"\xed\xa0\x80"'),
        cut_off_character=good[:-1] + b'\xe2\x82"}',
    )
    yield from _unparsable(
        "B9",
        content=_raw(b'"x":"\\ud800"'),
        model=b'{"model":"\\udc00","messages":[{"role":"user","content":"a"}]}',
        name=_raw(b'"\\ud800":1'),
        reversed=_raw(b'"x":"\\udc00\\ud800"'),
    )
    yield from _accepted("B9", pair=_raw(b'"x":"\\ud83d\\ude00"'))
    yield from _accepted("B10", content=_messages({"role": "user", "content": "a\x00b"}))
    yield from _refused("B10", "model", model=_with(model="a\x00b"))
    yield from _refused("B10", "user", user=_with(user="a\x00b"))
    yield from _refused("B10", "metadata.k", metadata=_with(metadata={"k": "a\x00b"}))
    yield from _refused("B10", "metadata", metadata_key=_with(metadata={"a\x00b": "v"}))
    yield from _accepted(
        "B11",
        long_string=_messages({"role": "user", "content": "a" * 10_000_000}),
        escapes=_raw(b'"x":"' + b"\\u0041" * 1_600_000 + b'"'),
        commas_in_text=_messages({"role": "user", "content": "a, b: c " * 1_000_000}),
        elements=_raw(b'"x":[' + b"1," * 900_000 + b"1]"),
    )
    yield from _unparsable(
        "B11",
        million_elements=_raw(b'"x":[' + b"1," * 1_000_001 + b"1]"),
        names=b"{" + b",".join(b'"%d":1' % n for n in range(500_000)) + b"}",
        nested_names=_raw(b'"x":{' + b",".join(b'"%d":1' % n for n in range(150_000)) + b"}"),
        strings=_raw(b'"x":[' + b'"",' * 400_000 + b'""]'),
        containers=_raw(b'"x":[' + b"[]," * 150_000 + b"[]]"),
        top_level_names=_raw(b",".join(b'"%d":1' % n for n in range(2000))),
    )
    yield from _unparsable(
        "B12",
        empty=b"",
        blank=b" \r\n\t",
        null=b"null",
        array=b"[]",
        string=b'"x"',
        number=b"1",
        two=good + good,
        trailing=good + b" x",
        trailing_nul=good + b"\x00",
        comment=good + b" // really",
        single_quotes=b"{'model': 'echo'}",
        cut_off=good[:-1],
        trailing_comma=good[:-1] + b",}",
        line_end_in_string=_raw(b'"x":"a\nb"'),
    )
    yield from _accepted(
        "B14",
        proto=_raw(b'"__proto__":{"a":1},"__class__":"x","constructor":null'),
        long_name=_raw(b'"' + b"k" * 65536 + b'":1'),
        empty_name=_raw(b'"":1'),
        slash_in_name=_raw(b'"a/b":1'),
    )
    yield from _refused("B14", "a/b", slash_escaped=_raw(b'"a/b":1,"a\\/b":2'))
    yield from _accepted(
        "B17",
        unknown=_with(
            verbosity="low", reasoning_effort="xhigh", service_tier=7, zzz=[1, {"a": None}]
        ),
        seen=_with(store=True, prediction={"type": "content", "content": "x"}, modalities=["text"]),
    )
    yield ValidationCase(
        id="B17-drops-first",
        body=b'{"api_base":"http://evil/","model":"echo", "api_key":null,'
        b'"messages":[{"role":"user","content":"hello"}],"extra_headers":{"a":["b"]}}',
        forwarded=b'{"model":"echo","messages":[{"role":"user","content":"hello"}]}',
    )
    yield ValidationCase(
        id="B17-drops-last",
        body=_raw(b'"base_url":5 , "custom_host":"x","organization":"o"'),
        forwarded=json.dumps(_GOOD).encode(),
    )
    for field in ("n", "max_tokens", "max_completion_tokens", "top_logprobs", "seed"):
        yield from _refused(
            f"B18-{field}",
            field,
            float=_raw(b'"%b":1.0,"logprobs":true' % field.encode()),
            exponent=_raw(b'"%b":1e0,"logprobs":true' % field.encode()),
            string=_with(**{field: "1", "logprobs": True}),
            boolean=_with(**{field: True, "logprobs": True}),
        )
    yield from _accepted(
        "B19",
        numbers=_raw(b'"x":12345678901234567890123,"y":1.10,"z":-0.0,"w":1E+2'),
        escapes=b'{ "messages" : [ {"content":"\\u00e9\\/\\t","role":"user"} ] ,\n"model":"echo" }',
    )


def _numbers() -> Iterator[ValidationCase]:
    yield from _refused(
        "V1",
        "temperature",
        above=_with(temperature=2.1),
        below=_with(temperature=-0.1),
        string=_with(temperature="1"),
        boolean=_with(temperature=True),
        null_as_string=_with(temperature="null"),
        array=_with(temperature=[1]),
    )
    yield from _accepted(
        "V1",
        zero=_with(temperature=0),
        two=_with(temperature=2),
        fraction=_with(temperature=0.7),
        null=_with(temperature=None),
    )
    yield from _refused("V2", "top_p", above=_with(top_p=1.1), below=_with(top_p=-0.1))
    yield from _accepted("V2", zero=_with(top_p=0), one=_with(top_p=1))
    yield from _refused(
        "V3", "n", zero=_with(n=0), above=_with(n=129), fraction=_with(n=1.5), string=_with(n="2")
    )
    yield from _refused("V3", "n", boolean=_with(n=True))
    yield from _accepted("V3", one=_with(n=1), most=_with(n=128), null=_with(n=None))
    for field in ("max_tokens", "max_completion_tokens"):
        yield from _refused(
            f"V4-{field}",
            field,
            zero=_with(**{field: 0}),
            negative=_with(**{field: -1}),
            fraction=_with(**{field: 1.5}),
            huge=_with(**{field: 10**20}),
            above=_with(**{field: 1_000_001}),
        )
        yield from _accepted(
            f"V4-{field}", one=_with(**{field: 1}), most=_with(**{field: 1_000_000})
        )
    yield from _refused("V4", "max_tokens", differing=_with(max_tokens=1, max_completion_tokens=2))
    yield from _accepted(
        "V4",
        both=_with(max_tokens=7, max_completion_tokens=7),
        one_null=_with(max_tokens=None, max_completion_tokens=2),
    )
    for field in ("frequency_penalty", "presence_penalty"):
        yield from _refused(
            f"V5-{field}", field, above=_with(**{field: 2.1}), below=_with(**{field: -2.1})
        )
        yield from _accepted(f"V5-{field}", top=_with(**{field: 2}), bottom=_with(**{field: -2}))
    yield from _refused(
        "V6",
        "logit_bias",
        list=_with(logit_bias=[]),
        word=_with(logit_bias={"abc": 1}),
        empty_name=_with(logit_bias={"": 1}),
        many=_with(logit_bias={str(n): 1 for n in range(10_001)}),
    )
    yield from _refused(
        "V6",
        "logit_bias.50256",
        above=_with(logit_bias={"50256": 101}),
        below=_with(logit_bias={"50256": -101}),
        boolean=_with(logit_bias={"50256": True}),
    )
    yield from _accepted(
        "V6",
        one=_with(logit_bias={"50256": -100}),
        none=_with(logit_bias={}),
        most=_with(logit_bias={str(n): 1 for n in range(10_000)}),
        null=_with(logit_bias=None),
    )
    yield from _refused(
        "V7",
        "top_logprobs",
        above=_with(top_logprobs=21, logprobs=True),
        below=_with(top_logprobs=-1, logprobs=True),
        alone=_with(top_logprobs=5),
        off=_with(top_logprobs=5, logprobs=False),
    )
    yield from _accepted(
        "V7",
        none=_with(top_logprobs=0, logprobs=True),
        most=_with(top_logprobs=20, logprobs=True),
    )
    yield from _refused("V7", "logprobs", number=_with(logprobs=1))
    yield from _refused(
        "V19", "seed", fraction=_with(seed=0.5), big=_with(seed=2**64), above=_with(seed=2**63)
    )
    yield from _refused("V19", "seed", below=_with(seed=-(2**63) - 1))
    yield from _accepted("V19", most=_with(seed=2**63 - 1), least=_with(seed=-(2**63) + 1))


def _strings() -> Iterator[ValidationCase]:
    yield from _refused(
        "V8",
        "stop",
        five=_with(stop=list("abcde")),
        none=_with(stop=[]),
        number=_with(stop=1),
        object=_with(stop={}),
    )
    yield from _refused("V8", "stop[1]", item=_with(stop=["a", 1]), null=_with(stop=["a", None]))
    yield from _accepted(
        "V8",
        null=_with(stop=None),
        string=_with(stop="x"),
        one=_with(stop=["x"]),
        four=_with(stop=list("abcd")),
    )
    yield from _refused(
        "V20",
        "model",
        missing=_with(model=_DELETED),
        null=_with(model=None),
        empty=_with(model=""),
        long=_with(model="m" * 257),
        number=_with(model=5),
        list=_with(model=["echo"]),
        control=_with(model="a\nb"),
        escape=_with(model="a\x1b[31m"),
        c1=_with(model="a\x85b"),
        leading=_with(model=" echo"),
        trailing=_with(model="echo "),
        blank=_with(model=" "),
    )
    for name, model in (("long", "m" * 256), ("path", "org/name:tag.v1"), ("words", "Modèle 模型")):
        yield ValidationCase(id=f"V20-takes-{name}", body=_with(model=model), known_model=False)
    for field in ("user", "safety_identifier"):
        yield from _refused(
            f"V21-{field}", field, number=_with(**{field: 5}), long=_with(**{field: "u" * 65536})
        )
        yield from _accepted(f"V21-{field}", most=_with(**{field: "u" * 256}))
    yield from _refused(
        "V22",
        "metadata",
        many=_with(metadata={str(n): "v" for n in range(17)}),
        key=_with(metadata={"k" * 65: "v"}),
        list=_with(metadata=[]),
    )
    yield from _refused(
        "V22",
        "metadata.k",
        value=_with(metadata={"k": "v" * 513}),
        nested=_with(metadata={"k": {"a": "b"}}),
        number=_with(metadata={"k": 1}),
    )
    yield from _accepted(
        "V22",
        most=_with(metadata={f"{n:064}": "v" * 512 for n in range(16)}),
        line_end=_with(metadata={"k": "a\nb"}),
    )


def _conversations() -> Iterator[ValidationCase]:
    yield from _refused(
        "V9",
        "messages",
        missing=_with(messages=_DELETED),
        null=_with(messages=None),
        none=_with(messages=[]),
        many=_with(messages=[_USER] * 1001),
        object=_with(messages={}),
        string=_with(messages="hello"),
    )
    yield from _refused(
        "V9", "messages[1]", item=_messages(_USER, "hi"), item_null=_messages(_USER, None)
    )
    yield from _accepted("V9", one=_messages(_USER), most=_with(messages=[_USER] * 1000))
    yield from _refused(
        "V10",
        "messages[1].role",
        missing=_messages(_USER, {"content": "x"}),
        unknown=_messages(_USER, {"role": "root", "content": "x"}),
        empty=_messages(_USER, {"role": "", "content": "x"}),
        capital=_messages(_USER, {"role": "User", "content": "x"}),
        number=_messages(_USER, {"role": 5, "content": "x"}),
        list=_messages(_USER, {"role": ["user"], "content": "x"}),
    )
    yield from _accepted(
        "V10",
        all=_messages(
            {"role": "system", "content": "a"},
            {"role": "developer", "content": "a", "name": "b"},
            _USER,
            {"role": "assistant", "content": "a"},
            {"role": "tool", "content": "a", "tool_call_id": "call_1"},
            {"role": "function", "content": "a", "name": "f"},
            {"role": "function", "content": None, "name": "f"},
        ),
    )
    yield from _refused(
        "V10",
        "messages[0].name",
        name_number=_messages({"role": "user", "content": "a", "name": 5}),
    )
    yield from _refused(
        "V10",
        "messages[0].name",
        function_without_name=_messages({"role": "function", "content": "a"}),
    )
    yield from _refused(
        "V11",
        "messages[0].content",
        number=_messages({"role": "user", "content": 5}),
        object=_messages({"role": "user", "content": {"type": "text", "text": "a"}}),
        no_parts=_messages({"role": "user", "content": []}),
        null=_messages({"role": "user", "content": None}),
        missing=_messages({"role": "user"}),
        system_null=_messages({"role": "system", "content": None}),
        assistant_nothing=_messages({"role": "assistant", "content": None}),
        assistant_missing=_messages({"role": "assistant", "name": "a"}),
        tool_null=_messages({"role": "tool", "content": None, "tool_call_id": "c"}),
    )
    yield from _refused("V11", "messages[0].content[1]", part_string=_part("text"))
    yield from _refused(
        "V11",
        "messages[0].content[1].type",
        part_without_type=_part({"text": "a"}),
        part_unknown=_part({"type": "hologram"}),
        part_type_number=_part({"type": 5}),
        part_type_list=_part({"type": ["text"]}),
    )
    yield from _refused(
        "V11",
        "messages[0].content[1].text",
        text_missing=_part({"type": "text"}),
        text_number=_part({"type": "text", "text": 5}),
    )
    yield from _refused(
        "V11",
        "messages[0].content[1].image_url",
        image_missing=_part({"type": "image_url"}),
        image_string=_part({"type": "image_url", "image_url": "https://example.org/a.png"}),
    )
    yield from _refused(
        "V11",
        "messages[0].content[1].image_url.url",
        url_missing=_part({"type": "image_url", "image_url": {}}),
        url_number=_part({"type": "image_url", "image_url": {"url": 5}}),
    )
    yield from _refused(
        "V11",
        "messages[0].content[1].image_url.detail",
        detail=_part({"type": "image_url", "image_url": {"url": "data:,", "detail": "huge"}}),
    )
    yield from _refused("V11", "messages[0].content[1].refusal", refusal=_part({"type": "refusal"}))
    yield from _refused("V11", "messages[0].content[1].file", file=_part({"type": "file"}))
    yield from _accepted(
        "V11",
        empty_string=_messages({"role": "user", "content": ""}),
        parts=_part({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}),
        detail=_part({"type": "image_url", "image_url": {"url": "HTTPS://a/", "detail": "low"}}),
        audio=_part({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}),
        file=_part({"type": "file", "file": {"file_id": "f", "filename": "a.pdf"}}),
        refusal=_messages(
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}, _USER
        ),
        assistant_null=_messages(
            _USER,
            {"role": "assistant", "content": None, "tool_calls": [_CALL]},
            {"role": "tool", "content": "sunny", "tool_call_id": "call_1"},
        ),
        assistant_absent=_messages(
            _USER,
            {"role": "assistant", "tool_calls": [_CALL]},
            {"role": "user", "content": "go on"},
        ),
        assistant_refused=_messages({"role": "assistant", "content": None, "refusal": "no"}, _USER),
        unknown_member=_messages({"role": "user", "content": "a", "cache_control": {"a": 1}}),
    )
    yield from _refused(
        "V11",
        "messages[0].tool_calls",
        calls_object=_messages({"role": "assistant", "content": "", "tool_calls": {}}),
    )
    yield from _refused(
        "V11",
        "messages[0].tool_calls[0].function.arguments",
        arguments=_messages(
            {
                "role": "assistant",
                "tool_calls": [{**_CALL, "function": {"name": "a", "arguments": {}}}],
            }
        ),
    )
    for name, url in (
        ("file", "file:///etc/passwd"),
        ("metadata", "http://169.254.169.254/latest/meta-data/"),
        ("metadata_https", "https://user@169.254.169.254:80/"),
        ("metadata_name", "http://metadata.google.internal./computeMetadata/v1/"),
        ("link_local_6", "http://[fe80::1]/"),
        ("gopher", "gopher://example.org/"),
        ("javascript", "javascript:alert(1)"),
        ("javascript_capital", "JavaScript:alert(1)"),
        ("blank", " https://example.org/"),
        ("relative", "//example.org/a.png"),
        ("path", "/etc/passwd"),
        ("empty", ""),
    ):
        yield from _refused(
            f"V12-{name}",
            "messages[0].content[1].image_url.url",
            image=_part({"type": "image_url", "image_url": {"url": url}}),
        )
    yield from _refused(
        "V12",
        "messages[0].content[1].input_audio.data",
        audio=_part({"type": "input_audio", "input_audio": {"data": "file:///a", "format": "wav"}}),
    )
    yield from _refused(
        "V12",
        "messages[0].content[1].file.file_data",
        file=_part({"type": "file", "file": {"file_data": "ftp://example.org/a"}}),
    )
    yield from _refused(
        "V12",
        "messages[0].content[1].file.file_url",
        file_url=_part({"type": "file", "file": {"file_url": "ftp://example.org/a"}}),
    )
    yield from _accepted(
        "V12",
        https=_part({"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}),
        http=_part({"type": "image_url", "image_url": {"url": "http://example.org/a.png"}}),
        data=_part({"type": "file", "file": {"file_data": "data:application/pdf;base64,AA"}}),
        odd_host=_part({"type": "image_url", "image_url": {"url": "https://[bad/a.png"}}),
    )


def _tools() -> Iterator[ValidationCase]:
    yield from _refused("V13", "tools", many=_with(tools=[_WEATHER] * 129), object=_with(tools={}))
    yield from _refused("V13", "tools[0]", string=_with(tools=["weather"]))
    yield from _refused(
        "V13",
        "tools[0].type",
        type=_with(tools=[{"type": "retrieval"}]),
        type_missing=_with(tools=[{"function": {"name": "a"}}]),
    )
    yield from _refused("V13", "tools[0].function", function=_with(tools=[{"type": "function"}]))
    yield from _refused(
        "V13",
        "tools[0].function.name",
        blank=_with(tools=[_tool(name="a b")]),
        long=_with(tools=[_tool(name="a" * 65)]),
        missing=_with(tools=[_tool(description="x")]),
        number=_with(tools=[_tool(name=5)]),
        line_end=_with(tools=[_tool(name="a\n")]),
    )
    yield from _refused(
        "V13",
        "tools[0].function.parameters",
        parameters=_with(tools=[_tool(name="a", parameters="{}")]),
    )
    circle = {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}
    yield from _refused(
        "V13",
        "tools[0].function.parameters.$defs.b.$ref",
        circle=_with(tools=[_tool(name="a", parameters=circle)]),
    )
    yield from _refused(
        "V13",
        "tools[0].function.parameters.$ref",
        self=_with(tools=[_tool(name="a", parameters={"$ref": "#"})]),
    )
    for name, pattern in (("plus", "^(a+)+$"), ("class", "([a-z]*)*x"), ("escape", r"(?:\d+){2,}")):
        yield from _refused(
            f"V13-pattern-{name}",
            "tools[0].function.parameters.anyOf[0].pattern",
            nested=_with(tools=[_tool(name="a", parameters={"anyOf": [{"pattern": pattern}]})]),
        )
    recursive = {
        "type": "object",
        "properties": {
            "children": {"type": "array", "items": {"$ref": "#"}},
            "other": {"$ref": "#/$defs/x~1y"},
            "far": {"$ref": "https://example.org/schema"},
            "lost": {"$ref": "#/nowhere/at/all"},
            "pattern": {"type": "string", "pattern": r"^([a-z]+-)*(\d{1,3}\.){3}$"},
        },
        "$defs": {"x/y": {"type": "string"}},
    }
    yield from _accepted(
        "V13",
        most=_with(tools=[_tool(name=f"f{n}") for n in range(128)]),
        name=_with(tools=[_tool(name="A-z_9" + "a" * 59)]),
        recursive=_with(tools=[_tool(name="a", parameters=recursive, strict=True)]),
        custom=_with(tools=[{"type": "custom", "custom": {"name": "code"}}]),
        none=_with(tools=[]),
        null=_with(tools=None),
    )
    named = {"type": "function", "function": {"name": "weather"}}
    other = {"type": "function", "function": {"name": "other"}}
    yield from _refused(
        "V14",
        "tool_choice",
        word=_with(tools=[_WEATHER], tool_choice="maybe"),
        number=_with(tools=[_WEATHER], tool_choice=1),
        without_tools=_with(tool_choice="required"),
        object_without_tools=_with(tool_choice=named),
        empty_tools=_with(tools=[], tool_choice="required"),
    )
    yield from _refused(
        "V14", "tool_choice.function.name", unknown=_with(tools=[_WEATHER], tool_choice=other)
    )
    yield from _refused(
        "V14", "tool_choice.type", type=_with(tools=[_WEATHER], tool_choice={"type": "best"})
    )
    yield from _accepted(
        "V14",
        none=_with(tools=[_WEATHER], tool_choice="none"),
        auto=_with(tools=[_WEATHER], tool_choice="auto"),
        required=_with(tools=[_WEATHER], tool_choice="required"),
        object=_with(tools=[_WEATHER], tool_choice=named),
        null=_with(tool_choice=None),
        auto_without_tools=_with(tool_choice="auto"),
        allowed=_with(
            tools=[_WEATHER],
            tool_choice={
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [named]},
            },
        ),
    )
    yield from _refused(
        "V15",
        "messages[0].tool_call_id",
        missing=_messages({"role": "tool", "content": "a"}),
        number=_messages({"role": "tool", "content": "a", "tool_call_id": 5}),
    )
    yield from _accepted(
        "V15", unmatched=_messages({"role": "tool", "content": "a", "tool_call_id": "nobody"})
    )


def _outputs() -> Iterator[ValidationCase]:
    schema = {"name": "answer", "schema": {"type": "object"}, "strict": True}
    yield from _refused("V16", "response_format", string=_with(response_format="json_object"))
    yield from _refused(
        "V16",
        "response_format.type",
        unknown=_with(response_format={"type": "yaml"}),
        missing=_with(response_format={}),
    )
    yield from _refused(
        "V16",
        "response_format.json_schema",
        no_schema_object=_with(response_format={"type": "json_schema"}),
    )
    yield from _refused(
        "V16",
        "response_format.json_schema.name",
        no_name=_with(response_format={"type": "json_schema", "json_schema": {"schema": {}}}),
    )
    yield from _refused(
        "V16",
        "response_format.json_schema.schema",
        no_schema=_with(response_format={"type": "json_schema", "json_schema": {"name": "a"}}),
    )
    yield from _accepted(
        "V16",
        text=_with(response_format={"type": "text"}),
        object=_with(response_format={"type": "json_object"}),
        schema=_with(response_format={"type": "json_schema", "json_schema": schema}),
        null=_with(response_format=None),
    )
    yield from _refused(
        "V17",
        "stream",
        string=_with(stream="true"),
        number=_with(stream=1),
        null_as_string=_with(stream="null"),
    )
    yield from _accepted(
        "V17", true=_with(stream=True), false=_with(stream=False), null=_with(stream=None)
    )
    yield from _refused(
        "V18",
        "stream_options",
        not_streaming=_with(stream=False, stream_options={"include_usage": True}),
        absent=_with(stream_options={"include_usage": True}),
        string=_with(stream=True, stream_options="include_usage"),
    )
    yield from _refused(
        "V18",
        "stream_options.include_usage",
        string_value=_with(stream=True, stream_options={"include_usage": "yes"}),
    )
    yield from _accepted(
        "V18",
        true=_with(stream=True, stream_options={"include_usage": True}),
        null=_with(stream=False, stream_options=None),
        null_value=_with(stream=True, stream_options={"include_usage": None}),
    )


#: Every case, each identifier once.
CASES: tuple[ValidationCase, ...] = (
    *_bodies(),
    *_numbers(),
    *_strings(),
    *_conversations(),
    *_tools(),
    *_outputs(),
)
