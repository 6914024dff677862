"""A page as the server sees one: a websocket that speaks Socket.IO, asks for runs and checks what comes of them.

One asyncio protocol a connection, on wsproto, which the server uses too: a few hundred microseconds a run, so that
the load does not measure itself.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Ping, RejectConnection, Request
from wsproto.events import TextMessage as Text

from bench.load_programs import Program

_FRAME_S = 0.016
"""The page acknowledges at most once a frame."""
_PATIENCE_S = 30.0
"""Above what a run may wait and take together: what has not ended by then is lost."""


class Seen(msgspec.Struct):
    """What is looked at of an event; the rest is skipped."""

    type: str
    run: str = ""
    seq: int = 0
    text: str = ""
    status: str = ""
    message: str = ""
    operations: int = 0
    nodes: list[msgspec.Raw] = []
    position: int = 0


_decode = msgspec.json.Decoder(tuple[str, Seen]).decode
_encode = msgspec.json.encode


@dataclass
class Outcome:
    """How one run went, as its page saw it. Times are seconds after the command was sent."""

    program: str
    first_s: float = 0.0
    """The first event that is not about waiting."""
    finished_s: float = 0.0
    ended: float = 0.0
    """When that was, by `time.perf_counter`."""
    events: int = 0
    queued: bool = False
    shed: bool = False
    """The server said that it is busy, and did not run it."""
    lost: bool = False
    """It had no end."""
    wrong: str = ""
    """What was not as it should be."""


@dataclass
class _Running:
    name: str
    program: Program
    sent: float
    outcome: Outcome
    over: asyncio.Future[None]
    seq: int = 0
    started: bool = False
    nodes: int = 0
    texts: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Page(asyncio.Protocol):
    """One connection. `strays` are events that were not for it."""

    def __init__(self, number: int, host: str) -> None:
        self.number = number
        self.strays: list[str] = []
        self.gone = ""
        """Why there is no connection any more."""
        self._host = host
        self._socket = WSConnection(ConnectionType.CLIENT)
        self._loop = asyncio.get_running_loop()
        self._joined: asyncio.Future[None] = self._loop.create_future()
        self._running: _Running | None = None
        self._runs = 0
        self._parts: list[str] = []
        self._attachments = 0
        self._acknowledging = False
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, number: int, url: str) -> Page:
        """A page that has connected. Raises ConnectionError if it is refused."""
        loop, place = asyncio.get_running_loop(), urlsplit(url)
        assert place.hostname is not None
        assert place.port is not None
        _, page = await loop.create_connection(lambda: cls(number, place.netloc), place.hostname, place.port)
        try:
            await asyncio.wait_for(page._joined, _PATIENCE_S)
        except TimeoutError:
            page.close()
            raise ConnectionError("the server did not answer") from None
        return page

    async def run(self, program: Program) -> Outcome:
        """Have it run and check the result. One at a time."""
        self._runs += 1
        name = f"{self.number}.{self._runs}"
        outcome = Outcome(program.name)
        running = _Running(name, program, time.perf_counter(), outcome, self._loop.create_future())
        if self.gone:
            outcome.lost = True
            return outcome
        self._running = running
        self._command({"type": "run", "run": name, "code": program.code})
        try:
            await asyncio.wait_for(running.over, _PATIENCE_S)
        except TimeoutError:
            outcome.lost = True
        self._running = None
        return outcome

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None and not self.gone:
            self.gone = "closed"
            if self._joined.done():
                self._write(self._socket.send(CloseConnection(code=1000)))
            self._transport.close()

    # --- The wire ----------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        target = "/socket.io/?EIO=4&transport=websocket"
        self._write(self._socket.send(Request(host=self._host, target=target)))

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._socket.receive_data(data)
        for event in self._socket.events():
            if isinstance(event, Text):
                self._parts.append(event.data)
                if event.message_finished:
                    message, self._parts = "".join(self._parts), []
                    self._message(message, now)
            elif isinstance(event, BytesMessage):
                if event.message_finished:
                    self._attachments -= 1
            elif isinstance(event, AcceptConnection):
                self._say("40")
            elif isinstance(event, Ping):
                self._write(self._socket.send(event.response()))
            elif isinstance(event, RejectConnection | CloseConnection):
                self.connection_lost(ConnectionError(f"the server closed the connection: {event}"))

    def connection_lost(self, problem: Exception | None) -> None:
        if not self.gone:
            self.gone = str(problem or "the server hung up")
            if not self._joined.done():
                self._joined.set_exception(ConnectionError(self.gone))
            if self._running is not None and not self._running.over.done():
                self._running.outcome.lost = True
                self._running.over.set_result(None)

    def _message(self, text: str, now: float) -> None:
        if text.startswith("42"):
            self._event(text[2:], now)
        elif text.startswith("45"):
            count, _, rest = text[2:].partition("-")
            self._attachments += int(count)
            self._event(rest, now)
        elif text == "2":
            self._say("3")
        elif text.startswith("40"):
            self._joined.set_result(None)
        elif text.startswith("44") and not self._joined.done():
            self._joined.set_exception(ConnectionError(text))

    def _say(self, text: str) -> None:
        self._write(self._socket.send(Text(data=text)))

    def _command(self, command: dict[str, object]) -> None:
        self._say("42" + _encode(["command", command]).decode())

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    # --- What comes of a run -----------------------------------------------------------------------------------------

    def _event(self, text: str, now: float) -> None:
        _, event = _decode(text)
        running = self._running
        if running is None or event.run != running.name:
            self.strays.append(text[:200])
            return
        outcome = running.outcome
        outcome.events += 1
        running.seq += 1
        if event.seq != running.seq:
            outcome.wrong = outcome.wrong or f"event {running.seq} was numbered {event.seq}"
        if event.type == "queued":
            outcome.queued = True
        elif not outcome.first_s:
            outcome.first_s = now - running.sent
        if event.type == "started":
            running.started = True
        elif event.type == "output":
            running.texts.append(event.text)
        elif event.type == "error":
            running.errors.append(event.message)
        elif event.type == "graph":
            running.nodes += len(event.nodes)
        elif event.type == "finished":
            outcome.ended, outcome.finished_s = now, now - running.sent
            self._judge(running, event)
            running.over.set_result(None)
            self._acknowledge()
            return
        if not self._acknowledging:
            self._acknowledging = True
            self._loop.call_later(_FRAME_S, self._acknowledge)

    def _acknowledge(self) -> None:
        self._acknowledging = False
        if (running := self._running) is not None and not self.gone:
            self._command({"type": "ack", "run": running.name, "seq": running.seq})

    def _judge(self, running: _Running, finished: Seen) -> None:
        outcome, program = running.outcome, running.program
        if not running.started and finished.status == "error":
            outcome.shed = "busy" in finished.message
            if not outcome.shed:
                outcome.wrong = f"refused, not for being busy: {finished.message}"
        elif finished.status != program.status:
            outcome.wrong = f"ended as {finished.status}: {finished.message}"
        elif len(running.errors) != program.errors:
            outcome.wrong = f"{len(running.errors)} errors, expected {program.errors}: {running.errors}"
        elif "".join(running.texts) != program.output:
            outcome.wrong = f"printed {''.join(running.texts)!r}, expected {program.output!r}"
        elif (running.nodes, finished.operations) != (program.nodes, program.operations):
            outcome.wrong = (
                f"{running.nodes} nodes of {finished.operations} operations, "
                f"expected {program.nodes} of {program.operations}"
            )
