"""What every response says to the browser about what it may do, and whom to believe about the client's address."""

from __future__ import annotations

import re

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

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


def protect(app: Flask, proxies: int) -> None:
    """Set the headers of every response, and take the client's address from as many proxies as there are."""

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
        return response

    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
