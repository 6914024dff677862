"""Socket.IO's queue between web processes."""

from __future__ import annotations

from typing import Any

from socketio import RedisManager

from playground.fleet.line import PREFIX


class SharedQueue(RedisManager):
    """On which one web process asks another to close a connection. It does nothing else that comes that way: each event
    is checked and emitted by the process that the page is connected to, so whoever can write to Redis can show nothing
    to a page."""

    def __init__(self, url: str) -> None:
        super().__init__(url, channel=f"{PREFIX}socketio")

    def _handle_emit(self, message: dict[str, Any]) -> None:
        pass

    _handle_callback = _handle_enter_room = _handle_leave_room = _handle_close_room = _handle_emit
