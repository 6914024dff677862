"""The Socket.IO side: takes commands, hands them to the runner, and sends its events to the one who asked."""

from __future__ import annotations

import functools
import logging
import re
import time
from dataclasses import dataclass, field
from typing import Literal

import msgspec
from flask import Flask, request
from flask_socketio import SocketIO
from socketio import PubSubManager

from playground.protocol import (
    Ack,
    Cancel,
    Closing,
    Command,
    Control,
    Error,
    Event,
    Finished,
    Gpu,
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
from playground.runner.interface import ProgramRunner
from playground.settings import Settings
from playground.web import validation
from playground.web.metrics import Metrics
from playground.web.throttle import Bucket, Fairness
from playground.web.transport import BACKLOG_BYTES, UNREADABLE, Link, Links, Outbox, Packet, WireJSON

log = logging.getLogger(__name__)

PING_INTERVAL_S = 25
PING_TIMEOUT_S = 20
_TAB = re.compile(r"[0-9a-f]{32}")
_FAREWELL_S = 2.0
"""For the last that clients are sent, before the server ends."""


@dataclass
class _Client:
    """One connection: one tab."""

    sid: str
    link: Link
    commands: Bucket
    no_gpu: str | None
    """Why programs cannot use a GPU, as its page says; None if that is not so any more."""
    active: set[str] = field(default_factory=set)
    """Its runs and readings that have not ended."""
    last: float = field(default_factory=time.monotonic)
    """When it was last asked or told something."""

    @property
    def address(self) -> str:
        return self.link.address


class Sockets:
    """The connections of one web process."""

    def __init__(
        self,
        app: Flask,
        runner: ProgramRunner,
        fairness: Fairness,
        settings: Settings,
        metrics: Metrics,
        queue: PubSubManager | None = None,
    ) -> None:
        """`queue` is shared with other web processes, if there are some."""
        self._runner = runner
        self._settings = settings
        self._metrics = metrics
        self._fairness = fairness
        self._clients: dict[str, _Client] = {}
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
            **({} if queue is None else {"client_manager": queue}),
        )
        eio = self._io.server.eio
        self._links = Links(settings.connections, settings.connections_per_address, fairness.pages)
        self._links.every_second = self._look_around
        eio._async = {**eio._async, "websocket": functools.partial(Link, self._links), "queue": Outbox}
        self._io.on_event("connect", self._connect)
        self._io.on_event("disconnect", self._disconnect)
        # Past Flask, whose context of a request costs more than all that is done with a command.
        self._io.server.on("command", self._command)

    def leave(self) -> None:
        """Let nobody in any more, and send everybody away: at once, or when what they have running has ended."""
        self._links.leaving = True
        for client in list(self._clients.values()):
            if not client.active:
                self._send_away(client, "restart")

    def hang_up(self) -> None:
        """End what is left, after a moment in which it may end by itself."""
        until = time.monotonic() + _FAREWELL_S
        for client in list(self._clients.values()):
            self._send_away(client, "restart")
        while self._links and time.monotonic() < until:
            time.sleep(0.02)
        for link in self._links:
            link.hang_up()

    def _send_away(self, client: _Client, reason: Literal["restart", "idle"]) -> None:
        self._emit(client, Closing(reason=reason))
        client.link.engine.close(wait=False)

    def _look_around(self) -> None:
        """Send away who does nothing, and tell the others whether there is a GPU, if that has changed."""
        now, no_gpu = time.monotonic(), self._runner.no_gpu()
        for client in list(self._clients.values()):
            if now - client.last > self._settings.idle_s and not client.active:
                self._send_away(client, "idle")
            elif client.no_gpu != no_gpu:
                client.no_gpu = no_gpu
                self._emit(client, Gpu(reason=no_gpu))

    def _connect(self, auth: object = None) -> None:
        sid: str = request.sid  # type: ignore[attr-defined]
        rate = self._settings.commands_per_s
        link = self._links[self._io.server.manager.eio_sid_from_sid(sid, "/")]
        link.joined = True
        told = auth if isinstance(auth, dict) else {}
        # A page that says nothing of a GPU is as good as told; what it says is not kept.
        no_gpu = self._runner.no_gpu()
        seen = no_gpu if told.get("no_gpu", no_gpu) == no_gpu else None
        self._clients[sid] = _Client(sid, link, Bucket(rate, 2 * rate), seen)
        self._metrics.connections.inc()
        tab = told.get("tab")
        if isinstance(tab, str) and _TAB.fullmatch(tab) and (older := self._fairness.tabs.sit(tab, sid)):
            self._io.server.disconnect(older)

    def _disconnect(self, reason: object = None) -> None:
        client = self._clients.pop(request.sid, None)  # type: ignore[attr-defined]
        if client is not None:
            self._metrics.connections.dec()
            self._runner.disconnect(client.sid)
            self._runner.disconnect(_reading(client))

    def _command(self, sid: str, *arguments: object) -> None:
        client = self._clients.get(sid)
        if client is None:
            return
        client.last = time.monotonic()
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
                if not self._fairness.runs.take(client.address):
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
                    self._emit(client, wire.gone(command))
            case Control() | Tune():
                self._runner.steer(client.sid, command)
            case Ack():
                self._runner.ack(client.sid, command.run, command.seq)

    def _submit(self, client: _Client, name: str, request: Run | Parse) -> None:
        limits = self._settings.limits
        validation.check_code(request.code, limits.source_bytes, limits.source_lines)
        if request.data is not None:
            validation.check_data(request.data, limits.data_bytes)
        client.active.add(request.run)
        self._runner.submit(
            client=name,
            address=client.address,
            request=request,
            on_event=self._metrics.follow(request, lambda event: self._tell(client, event)),
        )

    def _tell(self, client: _Client, event: Event) -> None:
        """Pass on what a run says."""
        client.last = time.monotonic()
        self._emit(client, event)
        if isinstance(event, Finished):
            client.active.discard(event.run)
            if self._links.leaving and not client.active:
                self._send_away(client, "restart")

    def _emit(self, client: _Client, event: Event) -> None:
        """Queue an event for its client; never blocks. A struct without bytes is encoded as it is, in one go."""
        if client.sid not in self._clients:
            return
        binary = isinstance(event, JacobianResult | LocalResult | LiveResult | Training)
        data = msgspec.to_builtins(event, builtin_types=(bytes,)) if binary else event
        # Past the shared queue: the client is ours.
        self._io.emit("event", data, to=client.sid, ignore_queue=True)
        if client.link.unread_bytes > BACKLOG_BYTES:
            log.warning("a client reads too slowly; closing its connection")
            client.link.hang_up()
            client.link.engine.close(wait=False, abort=True)


def _reading(client: _Client) -> str:
    """What the runner knows as the one who has programs read for this connection."""
    return f"{client.sid}.parse"


def _run_id(run: object) -> str:
    return run if isinstance(run, str) and len(run) <= 64 else ""
