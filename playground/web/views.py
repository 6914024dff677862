"""The HTTP side: the page, shared sessions, and a small JSON interface."""

from __future__ import annotations

import ipaddress
from http import HTTPStatus
from pathlib import Path
from typing import cast

import gevent
import msgspec
from flask import Blueprint, Flask, Response, render_template, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, InternalServerError

from playground import __version__
from playground.export.dot import dot
from playground.export.html import script_json
from playground.export.model_explorer import model_explorer
from playground.protocol import SessionContent
from playground.runner.interface import ProgramRunner
from playground.runner.limits import MIB
from playground.settings import Settings
from playground.store.sessions import Removed, Sessions, StoredSession, Unavailable
from playground.web import gallery, validation
from playground.web.assets import Assets, NotBuilt
from playground.web.boot import Boot, BootLimits, BootSession, Devices, DeviceState
from playground.web.metrics import CONTENT_TYPE, Metrics
from playground.web.program_file import program_file
from playground.web.throttle import Fairness

_ICON = Path(__file__).with_name("icon.svg")
_EXPORTS = {
    "dot": (dot, "text/vnd.graphviz; charset=utf-8"),
    "model-explorer": (model_explorer, "application/json"),
}
_BODY_S = 30.0
"""For a session to arrive."""
_SENTENCES = {
    400: "The server could not make sense of this request.",
    404: "There is nothing at this address.",
    405: "This address does not take that kind of request.",
    408: "What was sent did not arrive in time.",
    413: "What was sent is larger than the server accepts.",
    415: "Expected a body of the type application/json.",
    500: "The server made a mistake. It has been logged; try again in a moment.",
}


class Refusal(HTTPException):
    """An answer with a sentence for the person and, for a bad message, the field at fault."""

    def __init__(self, status: HTTPStatus, sentence: str, *, field: str = "", heading: str = "") -> None:
        super().__init__(sentence)
        self.code = status
        self.field = field
        self.heading = heading


def embedded_json(value: object) -> Markup:
    """JSON that may stand inside a script element: no ``<``, ``>`` or ``&`` is left as such."""
    return Markup(script_json(value))


def views(
    settings: Settings,
    sessions: Sessions,
    runner: ProgramRunner,
    fairness: Fairness,
    assets: Assets,
    metrics: Metrics,
) -> Blueprint:
    """Every address there is, save the websocket's and the build's."""
    site = Blueprint("views", __name__)

    def boot(session: StoredSession | None, *, embed: bool) -> Boot:
        limits, no_gpu = settings.limits, runner.no_gpu()
        return Boot(
            version=__version__,
            embed=embed,
            devices=Devices(cuda=DeviceState(available=not no_gpu, reason=no_gpu)),
            limits=BootLimits(
                code_bytes=limits.source_bytes,
                code_lines=limits.source_lines,
                wall_s=limits.wall_soft_s,
                memory_mb=limits.memory_bytes // MIB,
                output_bytes=limits.output_shown_bytes,
                operations=limits.operations,
                session_bytes=settings.session_bytes,
            ),
            session=cast("BootSession | None", session),  # the same JSON
            examples=[] if embed else list(gallery.examples()),
        )

    def stored(session_id: str) -> StoredSession:
        found = sessions.load(session_id)
        if found is None:
            raise Refusal(
                HTTPStatus.NOT_FOUND,
                "No session is stored under this link. Links never change or expire by themselves, so look for a "
                "character that was lost or added when it was copied.",
                heading="This session is not here",
            )
        metrics.shared.labels("opened").inc()
        return found

    def page(template: str, session: StoredSession | None = None, *, embed: bool = False) -> Response:
        title = session.head().title if session else ""
        data = embedded_json(boot(session, embed=embed))
        html = render_template(template, boot=data, head=assets.head(), title=title)
        return Response(html, mimetype="text/html", headers={"Cache-Control": "no-cache"})

    def download(body: bytes, mimetype: str, name: str) -> Response:
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "public, max-age=3600",
        }
        return Response(body, content_type=f"{mimetype}; charset=utf-8", headers=headers)

    def sent_content(data_bytes: int) -> SessionContent:
        """The session in the body of a request, checked; its table may have `data_bytes`. Raises Refusal."""
        if request.mimetype != "application/json":
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, _SENTENCES[415])
        limits = settings.limits
        try:
            with gevent.Timeout(_BODY_S, Refusal(HTTPStatus.REQUEST_TIMEOUT, _SENTENCES[408])):
                body = request.get_data(cache=False)
            content = validation.session_content(body)
            validation.check_code(content.code, limits.source_bytes, limits.source_lines)
            if content.data is not None:
                validation.check_data(content.data, data_bytes)
        except validation.Refused as problem:
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if problem.too_large else HTTPStatus.BAD_REQUEST
            raise Refusal(status, problem.message, field=problem.field) from None
        return content

    def throttled() -> None:
        if not fairness.files.take(request.remote_addr or ""):
            raise Refusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"Too many files in a short time: expected at most {settings.files_per_minute} a minute. Wait a "
                "little and try again.",
            )

    @site.get("/")
    def index() -> Response:
        return page("index.html")

    @site.get("/s/<session_id>")
    def session(session_id: str) -> Response:
        return page("index.html", stored(session_id))

    @site.get("/embed/<session_id>")
    def embed(session_id: str) -> Response:
        return page("embed.html", stored(session_id), embed=True)

    @site.get("/s/<session_id>.py")
    def program(session_id: str) -> Response:
        found = stored(session_id)
        head = found.head()
        text = program_file(head.code, head.data)
        return download(text.encode(), "text/x-python", f"playground-{found.id}.py")

    @site.get("/s/<session_id>.json")
    def session_json(session_id: str) -> Response:
        found = stored(session_id)
        return download(msgspec.json.encode(found), "application/json", f"playground-{found.id}.json")

    @site.get("/api/sessions/<session_id>")
    def read_session(session_id: str) -> Response:
        return _json(stored(session_id))

    @site.post("/api/sessions")
    def share() -> Response:
        content = sent_content(validation.SHARED_DATA_BYTES)
        if not fairness.links.take(request.remote_addr or ""):
            raise Refusal(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"Too many links in a short time: expected at most {settings.links_per_hour} an hour. Download the "
                "session instead, or try again later.",
            )
        name = sessions.save(content)
        metrics.shared.labels("stored").inc()
        url = url_for("views.session", session_id=name)
        return _json({"id": name, "url": url}, HTTPStatus.CREATED, {"Location": url})

    @site.post("/api/sessions/check")
    def check() -> Response:
        """What Share would accept, as the server reads it; nothing is stored. A page asks before it opens a file."""
        throttled()
        return _json(sent_content(settings.limits.data_bytes), headers={"Cache-Control": "no-store"})

    @site.post("/api/export/<name>")
    def export(name: str) -> Response:
        """The graph of a session in another program's format; nothing is stored."""
        if name not in _EXPORTS:
            known = " and ".join(_EXPORTS)
            raise Refusal(HTTPStatus.NOT_FOUND, f"There is no such format; there are {known}.")
        throttled()
        write, kind = _EXPORTS[name]
        content = sent_content(settings.limits.data_bytes)
        # A large graph takes a tenth of a second, in which others are served.
        text: str = gevent.get_hub().threadpool.apply(write, (content,))
        return Response(text, content_type=kind, headers={"Cache-Control": "no-store"})

    @site.get("/favicon.svg")
    def icon() -> Response:
        return Response(
            _ICON.read_bytes(), mimetype="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"}
        )

    @site.get("/api/examples")
    def examples() -> Response:
        return _json(gallery.examples())

    @site.get("/healthz")
    def health() -> Response:
        runner_health = runner.health()
        ready = runner_health.alive and runner_health.ready and not runner_health.draining
        state = {
            "live": True,
            "ready": ready,
            "version": __version__,
            "runner": msgspec.structs.asdict(runner_health),
            "sessions": {"ready": sessions.ready()},
        }
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return _json(state, status, {"Cache-Control": "no-store"})

    @site.get("/healthz/live")
    def live() -> Response:
        return _json({"live": True}, headers={"Cache-Control": "no-store"})

    @site.get("/metrics")
    def counted() -> Response:
        """For Prometheus."""
        local = settings.metrics == "local" and _is_private(request.remote_addr or "")
        if not (settings.metrics == "all" or local):
            raise Refusal(HTTPStatus.NOT_FOUND, _SENTENCES[404])
        return Response(metrics.text(), content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})

    return site


def _is_private(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        return False


def handle_errors(app: Flask, assets: Assets) -> None:
    """Answer every error as its reader expects: JSON for programs, text for a ``.py``, a page for people."""

    def answer(problem: HTTPException) -> Response:
        status = problem.code or 500
        refusal = problem if isinstance(problem, Refusal) else None
        sentence = refusal.description if refusal else _SENTENCES.get(status)
        sentence = sentence or HTTPStatus(status).phrase
        path = request.path
        if path.startswith(("/api/", "/healthz")) or path.endswith(".json"):
            said = {"error": sentence} | ({"field": refusal.field} if refusal and refusal.field else {})
            response = _json(said, HTTPStatus(status))
        elif path.endswith(".py"):
            response = Response(sentence + "\n", status, content_type="text/plain; charset=utf-8")
        else:
            heading = (refusal.heading if refusal else "") or _HEADINGS.get(status, HTTPStatus(status).phrase)
            html = render_template(
                "error.html", status=status, heading=heading, sentence=sentence, styles=assets.styles()
            )
            response = Response(html, status, content_type="text/html; charset=utf-8")
        for name, value in problem.get_headers():
            if name in ("Allow", "Retry-After"):
                response.headers[name] = value
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.errorhandler(HTTPException)
    def refused(problem: HTTPException) -> Response:
        return answer(problem)

    @app.errorhandler(Unavailable)
    def unavailable(problem: Unavailable) -> Response:
        refusal = Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE, str(problem), heading="Shared sessions are not available"
        )
        return answer(refusal)

    @app.errorhandler(Removed)
    def gone(problem: Removed) -> Response:
        sentence = f"It was removed on {problem.when[:10]}. {problem}"
        return answer(Refusal(HTTPStatus.GONE, sentence, heading="This session was removed"))

    @app.errorhandler(NotBuilt)
    def not_built(problem: NotBuilt) -> Response:
        app.logger.error("%s", problem)
        sentence = (
            "The page has not been built yet. Run `make run`, which builds it, or `npm ci && npm run build`."
        )
        return answer(Refusal(HTTPStatus.SERVICE_UNAVAILABLE, sentence, heading="Not built yet"))

    @app.errorhandler(Exception)
    def failed(problem: Exception) -> Response:
        app.logger.exception("%s %s failed", request.method, request.path)
        return answer(InternalServerError())


_HEADINGS = {
    404: "Nothing here",
    405: "Not that way",
    413: "Too large",
    500: "Something went wrong",
}


def _json(
    value: object, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    return Response(msgspec.json.encode(value), status, headers, mimetype="application/json")
