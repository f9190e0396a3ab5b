"""What needs no key: front page, description and health probes; and the metrics.

Probes are cheap and say nothing about providers.
"""

from collections.abc import Callable, Mapping
from html import escape

import orjson
from klein import Klein

from inference_gateway import __version__
from inference_gateway.api.description import describe
from inference_gateway.api.preference import prefers
from inference_gateway.api.respond import Responder
from inference_gateway.api.web_request import WebRequest
from inference_gateway.exchange import Call
from inference_gateway.telemetry.metrics import CONTENT_TYPE, Metrics

_LINKS = {
    "chat_completions": "/v1/chat/completions",
    "models": "/v1/models",
    "openapi": "/openapi.json",
    "live": "/health/live",
    "ready": "/health/ready",
    "metrics": "/metrics",
}
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<h1>{title}</h1>
<p>Version {version}. Point an OpenAI client's <code>base_url</code> at <code>/v1</code> here.</p>
<ul>
{links}
</ul>
</html>
"""


#: What is at the root depends on this header of the request.
_VARY = ((b"vary", b"Accept"),)


class Probes:
    """Front page, description and health; ``ready`` gives the named checks and whether each holds.

    ``has_metrics`` says whether the metrics are served here as well.
    """

    app = Klein()

    def __init__(
        self,
        responder: Responder,
        *,
        title: str,
        root_path: str,
        has_metrics: bool,
        ready: Callable[[], Mapping[str, bool]],
    ) -> None:
        self._responder = responder
        self._title = title
        self._root_path = root_path
        self._has_metrics = has_metrics
        #: Made when somebody asks for it.
        self._description = b""
        self._links = {
            name: root_path + path
            for name, path in _LINKS.items()
            if name != "metrics" or has_metrics
        }
        self._ready = ready

    @app.route("/", methods=["GET"])
    async def front_page(self, request: WebRequest) -> None:
        """Say what this is: as a page to a browser, as JSON to everything else."""
        call: Call = request.call
        accepted = request.requestHeaders.getRawHeaders(b"accept", [])
        if prefers(accepted, b"text/html", b"application/json"):
            links = "\n".join(
                f'<li><a href="{escape(path)}">{escape(path)}</a></li>'
                for path in self._links.values()
            )
            page = _PAGE.format(title=escape(self._title), version=__version__, links=links)
            self._responder.whole(
                request,
                call,
                page.encode(),
                content_type=b"text/html; charset=utf-8",
                headers=_VARY,
            )
            return
        value = {"title": self._title, "version": __version__, "links": self._links}
        self._responder.whole(request, call, orjson.dumps(value), headers=_VARY)

    @app.route("/openapi.json", methods=["GET"])
    async def description(self, request: WebRequest) -> None:
        """Answer with the description of all routes for clients."""
        if not self._description:
            self._description = describe(
                title=self._title, root_path=self._root_path, has_metrics=self._has_metrics
            )
        self._responder.whole(request, request.call, self._description)

    @app.route("/healthz", methods=["GET"])
    @app.route("/health/live", methods=["GET"])
    async def live(self, request: WebRequest) -> None:
        """Answer 200 while the process serves at all."""
        self._responder.json(request, request.call, {"status": "alive"})

    @app.route("/health/ready", methods=["GET"])
    async def ready(self, request: WebRequest) -> None:
        """Answer 200 while new calls are welcome, else 503; the checks say why."""
        checks = self._ready()
        is_ready = all(checks.values())
        value = {
            "status": "ready" if is_ready else "not_ready",
            "checks": {name: "ok" if holds else "failed" for name, holds in checks.items()},
        }
        self._responder.json(request, request.call, value, status=200 if is_ready else 503)


class Exposition:
    """``GET /metrics`` in Prometheus' text format."""

    app = Klein()

    def __init__(self, metrics: Metrics, responder: Responder) -> None:
        self._metrics = metrics
        self._responder = responder

    @app.route("/metrics", methods=["GET"])
    async def metrics(self, request: WebRequest) -> None:
        """Answer with every series."""
        self._responder.whole(
            request, request.call, self._metrics.expose(), content_type=CONTENT_TYPE
        )
