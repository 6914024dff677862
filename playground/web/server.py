"""The HTTP server of ``python app.py``: gevent's, with an end to its patience. Gunicorn has its own."""

from __future__ import annotations

from typing import Any

import gevent
from flask import Flask
from gevent.pywsgi import WSGIHandler, WSGIServer

HEAD_S = 10.0
"""For a client to say what it wants, from its connection or its last request on."""


class Handler(WSGIHandler):  # type: ignore[misc]
    """Hangs up on who does not come to the end of a request's headers."""

    def handle_one_request(self) -> Any:
        self._patience = gevent.Timeout.start_new(HEAD_S)
        try:
            return super().handle_one_request()
        except gevent.Timeout as timeout:
            if timeout is not self._patience:
                raise
            return None
        finally:
            self._patience.close()

    def read_request(self, raw_requestline: str) -> Any:
        try:
            return super().read_request(raw_requestline)
        finally:
            self._patience.cancel()


def make(host: str, port: int, app: Flask) -> WSGIServer:
    """A server that does not listen yet."""
    return WSGIServer((host, port), app, log=None, handler_class=Handler)
