"""How gunicorn serves the playground; read by ``gunicorn "app:create_app()"`` when it is started in this folder."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

worker_class = "gevent"
workers = 1
"""More need Redis between them: a page's messages must reach the process that has its run."""
worker_connections = 20_000
"""Ours to bound (PLAYGROUND_CONNECTIONS): where gunicorn does it, whoever comes next is left waiting without a word."""
control_socket_disable = True
"""Nobody asks there, and where the home cannot be written to gunicorn calls it an error."""
graceful_timeout = 30
"""Longer than PLAYGROUND_GRACE_S."""


def when_ready(server: Any) -> None:
    """A second SIGTERM ends everything at once. Gunicorn itself takes only SIGINT and SIGQUIT for that."""

    def ended(number: int, frame: FrameType | None) -> None:
        server.signal(number, frame)
        signal.signal(signal.SIGTERM, lambda *_: server.signal(signal.SIGQUIT, None))

    signal.signal(signal.SIGTERM, ended)
