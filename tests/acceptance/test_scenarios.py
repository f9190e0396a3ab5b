"""Providers that fail before they say anything: who answers instead, and what the client is told.

The table of all that is printed at the end, by `scenario_table`.
"""

from types import MappingProxyType

from tests.acceptance.scenario_case import ScenarioTestCase
from tests.acceptance.scenarios import IDLE, NOBODY, PLAIN, QUICKLY, STREAM, Scenario


class RefusalTests(ScenarioTestCase):
    """Providers that answer with an error, or with none."""

    scenarios = (
        # a status says that it passes, or that it does not
        Scenario(name="500-once", faults=("500-once",), asked=(2,)),
        Scenario(name="500-once-of-two", faults=("500-once", "ok"), asked=(1, 1)),
        Scenario(
            name="503-for-ever",
            faults=("status-503",),
            status=502,
            code="provider_error",
            asked=(3,),
        ),
        Scenario(name="503-of-two", faults=("status-503", "ok"), asked=(1, 1)),
        Scenario(
            name="503-everywhere",
            faults=("status-503", "status-503", "status-503"),
            status=502,
            code="provider_error",
            asked=(1, 1, 1),
        ),
        Scenario(
            name="400-is-not-repeated",
            faults=("status-400", "ok"),
            status=400,
            code="provider_invalid_request",
            asked=(1, 0),
        ),
        Scenario(name="404-of-two", faults=("status-404", "ok"), asked=(1, 1)),
        Scenario(name="408-of-two", faults=("status-408", "ok"), asked=(1, 1)),
        Scenario(name="401-of-two", faults=("status-401", "ok"), asked=(1, 1)),
        # a rate limit is obeyed, but nobody waits where somebody else can answer
        Scenario(name="429-of-two", faults=("429", "ok"), asked=(1, 1)),
        Scenario(name="429-retry-after-of-two", faults=("429:2", "ok"), asked=(1, 1)),
        Scenario(name="429", faults=("fails:1:429",), streamed=PLAIN, asked=(2,), takes=1.0),
        Scenario(
            name="429-retry-after",
            faults=("fails:1:429:1",),
            streamed=STREAM,
            asked=(2,),
            takes=1.0,
        ),
        Scenario(name="429-retry-after-ms", faults=("fails:1:429-ms:150",), asked=(2,), takes=0.15),
        Scenario(
            name="429-too-long",
            faults=("429:60",),
            status=429,
            code="provider_quota_exceeded",
            asked=(1,),
        ),
        # connections
        Scenario(name="reset-once", faults=("fails:1:reset",), asked=(2,)),
        Scenario(name="reset-of-two", faults=("reset", "ok"), asked=(1, 1)),
        Scenario(
            name="reset-for-ever",
            faults=("reset",),
            status=502,
            code="provider_unavailable",
            asked=(3,),
        ),
        Scenario(name="nobody-there", faults=(NOBODY, "ok"), asked=(0, 1)),
        Scenario(name="cut-before-content", faults=("cut:0", "ok"), asked=(1, 1)),
        # answers that are none
        Scenario(name="error-in-200", faults=("error-event:0", "ok"), asked=(1, 1)),
        Scenario(name="ends-before-content", faults=("ends:0", "ok"), asked=(1, 1)),
        Scenario(
            name="half-a-document",
            faults=("malformed",),
            streamed=PLAIN,
            status=502,
            code="provider_error",
            asked=(3,),
        ),
    )


class SilenceTests(ScenarioTestCase):
    """Providers that keep silent: nobody waits for longer than the limits say."""

    scenarios = (
        Scenario(name="silence", faults=("silent", "ok"), asked=(1, 1), takes=IDLE),
        *[
            Scenario(
                name="silence-alone",
                faults=("silent",),
                streamed=streamed,
                status=504,
                code="request_timeout",
                limit=limit,
                asked=(1,),
                takes=IDLE,
            )
            for streamed, limit in ((PLAIN, "total"), (STREAM, "first_byte"))
        ],
        Scenario(
            name="silence-everywhere",
            faults=("silent", "silent"),
            status=504,
            code="request_timeout",
            asked=(1, 1),
            takes=2 * IDLE,
        ),
        Scenario(name="slow-head", faults=("slow:5", "ok"), asked=(1, 1), takes=IDLE),
        Scenario(
            name="slow-first-token",
            faults=("slow-first-token:5", "ok"),
            streamed=STREAM,
            asked=(1, 1),
            takes=0.5,
        ),
        Scenario(
            name="slow-body",
            faults=("slow-first-token:5", "ok"),
            streamed=PLAIN,
            asked=(1, 1),
            takes=IDLE,
        ),
        Scenario(name="slow-enough", faults=("slow:0.2",), asked=(1,), takes=0.2),
        Scenario(
            name="slow-first-token-alone",
            faults=("slow-first-token:5",),
            streamed=STREAM,
            status=504,
            code="request_timeout",
            limit="first_token",
            asked=(1,),
            takes=0.5,
        ),
    )


class EarlyHeadTests(ScenarioTestCase):
    """Streams whose head has left, with a comment, while their providers were still silent."""

    server = MappingProxyType({"keepalive_interval": "50ms"})
    scenarios = (
        Scenario(
            name="early-silence",
            faults=("silent", "ok"),
            streamed=STREAM,
            asked=(1, 1),
            takes=IDLE,
        ),
        Scenario(
            name="early-refusal",
            faults=("fails:1:slow:1", "status-503", "ok"),
            streamed=STREAM,
            asked=(1, 1, 1),
            takes=IDLE,
        ),
        Scenario(
            name="early-silence-alone",
            faults=("silent",),
            streamed=STREAM,
            code="request_timeout",
            limit="first_byte",
            asked=(1,),
            takes=IDLE,
        ),
    )


class FallbackTests(ScenarioTestCase):
    """Other models answer, for the causes that they are there for."""

    routing = MappingProxyType({"retry": {**QUICKLY, "attempts": 1}})
    scenarios = (
        Scenario(name="fallback", faults=("status-503",), instead=("ok",), asked=(1, 1)),
        Scenario(
            name="fallback-after-silence",
            faults=("silent",),
            instead=("ok",),
            asked=(1, 1),
            takes=IDLE,
        ),
        Scenario(name="context-length", faults=("context-length",), instead=("ok",), asked=(1, 1)),
        Scenario(
            name="context-length-alone",
            faults=("context-length",),
            status=400,
            code="provider_invalid_request",
            asked=(1,),
        ),
        Scenario(
            name="content-filter-not-named",
            faults=("content-filter",),
            instead=("ok",),
            status=400,
            code="content_filter",
            asked=(1, 0),
        ),
        Scenario(
            name="content-filter-named",
            faults=("content-filter",),
            instead=("ok",),
            cause="content_filter",
            asked=(1, 1),
        ),
        Scenario(
            name="cause-not-named",
            faults=("status-503",),
            instead=("ok",),
            cause="timeout",
            status=502,
            code="provider_error",
            asked=(1, 0),
        ),
        Scenario(
            name="fallback-refuses-field",
            faults=("status-503",),
            instead=("refuses-fields:seed",),
            fields={"seed": 1},
            status=502,
            code="provider_error",
            asked=(1, 1),
        ),
        Scenario(
            name="fallback-refuses-field-next",
            faults=("status-503",),
            instead=("refuses-fields:seed", "ok"),
            fields={"seed": 1},
            asked=(1, 1, 1),
        ),
        Scenario(name="429-goes-to-fallback", faults=("429:2",), instead=("ok",), asked=(1, 1)),
    )
