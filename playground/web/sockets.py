"""The Socket.IO side: takes commands, hands them to the runner, and sends its events to the one who asked."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import msgspec
from flask import Flask, request
from flask_socketio import ConnectionRefusedError, SocketIO

from playground.protocol import (
    Ack,
    Cancel,
    Command,
    Control,
    Error,
    Event,
    Inspect,
    Jacobian,
    JacobianResult,
    Live,
    LiveResult,
    Local,
    LocalResult,
    Parse,
    Run,
    Training,
    Tune,
)
from playground.runner import wire
from playground.runner.client import Runner
from playground.settings import Settings
from playground.web import validation
from playground.web.metrics import Metrics
from playground.web.throttle import Throttle
from playground.web.transport import UNREADABLE, Bucket, Packet, WebSocketWSGI, WireJSON

log = logging.getLogger(__name__)

PING_INTERVAL_S = 25
PING_TIMEOUT_S = 20
_BACKLOG = 1_000
"""Packets a client may leave unread. The runner sends some 25 a second, so that is the better part of a minute."""


@dataclass
class _Client:
    """One connection: one tab."""

    sid: str
    address: str
    commands: Bucket


class Sockets:
    """The connections of one web process."""

    def __init__(self, app: Flask, runner: Runner, settings: Settings, metrics: Metrics) -> None:
        self._runner = runner
        self._settings = settings
        self._metrics = metrics
        self._clients: dict[str, _Client] = {}
        self._runs = Throttle(settings.runs_per_minute / 60, settings.runs_per_minute)
        self._io = SocketIO(
            app,
            async_mode="gevent",
            transports=["websocket"],
            allow_upgrades=False,
            # Handlers only enqueue: run in the reading greenlet they keep the order and hold a flood back.
            async_handlers=False,
            manage_session=False,
            cookie=None,
            serializer=Packet,
            json=WireJSON,
            max_http_buffer_size=settings.message_bytes,
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
        )
        eio = self._io.server.eio
        eio._async = {**eio._async, "websocket": WebSocketWSGI}
        self._io.on_event("connect", self._connect)
        self._io.on_event("disconnect", self._disconnect)
        self._io.on_event("command", self._command)

    def _connect(self, auth: object = None) -> None:
        sid: str = request.sid  # type: ignore[attr-defined]
        address, rate = request.remote_addr or "", self._settings.commands_per_s
        most = self._settings.connections_per_address
        if sum(client.address == address for client in self._clients.values()) >= most:
            self._metrics.refused.labels("connections").inc()
            raise ConnectionRefusedError(
                f"Too many pages are open from your address: expected at most {most}."
            )
        self._clients[sid] = _Client(sid, address, Bucket(rate, 2 * rate))
        self._metrics.connections.inc()

    def _disconnect(self, reason: object = None) -> None:
        client = self._clients.pop(request.sid, None)  # type: ignore[attr-defined]
        if client is not None:
            self._metrics.connections.dec()
            self._runner.disconnect(client.sid)
            self._runner.disconnect(_reading(client))

    def _command(self, *arguments: object) -> None:
        client = self._clients.get(request.sid)  # type: ignore[attr-defined]
        if client is None:
            return
        data = arguments[0] if len(arguments) == 1 else UNREADABLE
        try:
            if data is UNREADABLE:
                raise validation.Refused(
                    "command", "Expected the event `command` with one JSON object in it."
                )
            command = validation.command(data)
            if not isinstance(command, Ack) and not client.commands.take():
                rate = self._settings.commands_per_s
                raise validation.Refused("command", f"Too many commands: expected at most {rate} a second.")
            self._dispatch(client, command)
        except validation.Refused as problem:
            run = data.get("run") if isinstance(data, dict) else None
            self._metrics.refused.labels("command").inc()
            self._emit(client, Error(run=_run_id(run), field=problem.field, message=problem.message))

    def _dispatch(self, client: _Client, command: Command) -> None:
        match command:
            case Run():
                if not self._runs.take(client.address):
                    rate = self._settings.runs_per_minute
                    raise validation.Refused(
                        "run",
                        f"Too many runs: expected at most {rate} a minute. Wait a little and run again.",
                    )
                self._submit(client, client.sid, command)
            case Cancel():
                self._runner.cancel(client.sid, command.run)
                self._runner.cancel(_reading(client), command.run)
            case Parse():
                # A client of its own for the runner: it takes the place of an older one, and of no run.
                self._submit(client, _reading(client), command)
            case Inspect() | Jacobian() | Local() | Live():
                if isinstance(command, Live):
                    limits = self._settings.limits
                    validation.check_code(command.code, limits.source_bytes, limits.source_lines)
                if not self._runner.send(client.sid, command):
                    message = "This run is not kept any more. Run the program again to ask about it."
                    kind = wire.kind(command)
                    self._emit(client, Error(run=command.run, field="run", message=message, question=kind))
            case Control() | Tune():
                self._runner.steer(client.sid, command)
            case Ack():
                self._runner.ack(client.sid, command.run, command.seq)

    def _submit(self, client: _Client, name: str, request: Run | Parse) -> None:
        limits = self._settings.limits
        validation.check_code(request.code, limits.source_bytes, limits.source_lines)
        if request.data is not None:
            validation.check_data(request.data, limits.data_bytes)
        self._runner.submit(
            client=name,
            address=client.address,
            request=request,
            on_event=self._metrics.follow(request, lambda event: self._emit(client, event)),
        )

    def _emit(self, client: _Client, event: Event) -> None:
        """Queue an event for its client; never blocks. A struct without bytes is encoded as it is, in one go."""
        if client.sid not in self._clients:
            return
        binary = isinstance(event, JacobianResult | LocalResult | LiveResult | Training)
        data = msgspec.to_builtins(event, builtin_types=(bytes,)) if binary else event
        self._io.emit("event", data, to=client.sid)
        server = self._io.server
        try:
            backlog = server.eio._get_socket(server.manager.eio_sid_from_sid(client.sid, "/")).queue.qsize()
        except KeyError:
            return  # gone in the meantime
        if backlog > _BACKLOG:
            log.warning("a client reads too slowly; closing its connection")
            self._io.server.disconnect(client.sid)


def _reading(client: _Client) -> str:
    """What the runner knows as the one who has programs read for this connection."""
    return f"{client.sid}.parse"


def _run_id(run: object) -> str:
    return run if isinstance(run, str) and len(run) <= 64 else ""
