"""What every response says to the browser about what it may do, and whom to believe about the client's address."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_HOST = re.compile(r"^[A-Za-z0-9.-]+(:\d+)?$|^\[[0-9A-Fa-f:.]+\](:\d+)?$")


def policy(*, host: str, frame_ancestors: str) -> str:
    """The Content-Security-Policy of a page.

    Styles may be inline because Plotly, CodeMirror and the graph set them; scripts may not. The websocket is named by
    host as well, because not every browser counts ``ws:`` as ``'self'``.
    """
    sockets = f" ws://{host} wss://{host}" if _HOST.match(host) else ""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            f"connect-src 'self'{sockets}",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            f"frame-ancestors {frame_ancestors}",
        )
    )


class OnlyHosts:
    """Answers only requests for the names this server goes by.

    Another site can make its own name point to 127.0.0.1 (DNS rebinding); it would then be of the same origin as a
    playground on the visitor's machine, and could run programs there. The ``Host`` header gives it away. It stands
    before Socket.IO, which answers on its own.
    """

    def __init__(self, app: WSGIApplication, hosts: str) -> None:
        self._app = app
        self._hosts = {host.strip().lower() for host in hosts.split(",")}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = str(environ.get("HTTP_HOST", ""))
        name = urlsplit(f"//{host}").hostname if _HOST.match(host) else None
        # Who checks the health of a server asks by its address.
        if (
            "*" in self._hosts
            or name in self._hosts
            or str(environ.get("PATH_INFO", "")).startswith("/healthz")
        ):
            return self._app(environ, start_response)
        known = ", ".join(sorted(self._hosts))
        body = (
            f"This server goes by {known}, not by the name asked for. PLAYGROUND_HOSTS adds names.\n".encode()
        )
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        start_response("421 Misdirected Request", headers)
        return [body]


def protect(app: Flask, *, proxies: int, hosts: str) -> None:
    """Set the headers of every response, answer to `hosts` only, and believe as many proxies as there are."""

    @app.after_request
    def headers(response: Response) -> Response:
        embed = request.endpoint == "views.embed"
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        )
        response.headers["Content-Security-Policy"] = policy(
            host=request.host, frame_ancestors="*" if embed else "'none'"
        )
        if not embed:
            response.headers.setdefault("X-Frame-Options", "DENY")
            # Who opens the page has no handle on it; a tab that it opens (Perfetto) may still answer it.
            response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
        return response

    wsgi: WSGIApplication = OnlyHosts(app.wsgi_app, hosts)
    if proxies:
        wsgi = ProxyFix(wsgi, x_for=proxies, x_proto=proxies, x_host=proxies)
    app.wsgi_app = wsgi  # type: ignore[method-assign,assignment]
