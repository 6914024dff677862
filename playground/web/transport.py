"""The websocket under Socket.IO, made to hold: whole messages, bounded, and nothing a stranger sends raises inside it.

Three things the libraries leave open are closed here:

* engineio checks a message's size after it is all in memory; simple-websocket can check while it arrives, if told to.
* simple-websocket writes with ``send``, which on gevent's non-blocking sockets may write a part and says so to nobody.
* engineio gives up on a client that does not answer, and then waits for ever for it to take what it was sent.
* socketio's parser raises on malformed packets, holds any number of binary attachments, and lets a client trigger the
  server's own ``connect`` and ``disconnect`` handlers by sending events of that name.
"""

from __future__ import annotations

import contextlib
import errno
import json
import resource
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import gevent.event
import gevent.lock
import gevent.queue
import gevent.selectors
import msgspec
import simple_websocket
from engineio.async_drivers.gevent import Thread
from socketio import packet
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError, ProtocolError

from playground.web.throttle import Bucket, Places

MESSAGES_PER_S = 150
"""Of any kind, over the whole connection; a page sends at most one acknowledgement a frame and a few commands."""
_BURST = 2 * MESSAGES_PER_S
_BYTES_PER_S = 8 * 1024 * 1024
"""Who sends large messages waits after each: a table is rare, and decoding one takes the server milliseconds."""
_ATTACHMENTS = 4

_LONG_S = 0.005
"""For what came at once from one connection; whoever takes more has to wait."""
BACKLOG_BYTES = 8 * 1024 * 1024
"""Of what a client may leave unread: one that acknowledges is never so far behind, and a run has at most twice that."""
_JOIN_S = 10.0
"""For a connection to say whether it speaks Socket.IO."""
_CLOSE_S = 3.0
"""For a client to take what was sent before its connection was closed."""
_TAKE_S = 30.0
"""For a client to take one message."""
_SWEEP_S = 1.0
_DESCRIPTORS_KEPT = 200
"""For everything that is no websocket."""

UNREADABLE = object()
"""Stands for what could not be read, as the argument of a ``command`` event."""


class _WholeSends:
    """A socket whose ``send`` sends everything, one message after the other."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._lock = gevent.lock.RLock()
        self.recv = sock.recv
        self.sending_since: float | None = None
        """When the message was begun that the other side has not wholly taken."""

    def send(self, data: bytes) -> int:
        with self._lock:
            self.sending_since = time.monotonic()
            self._sock.sendall(data)
            self.sending_since = None
        return len(data)

    def hang_up(self) -> None:
        """End the connection itself, whoever else has a descriptor of it."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.hang_up()
        self._sock.close()


class _Server(simple_websocket.Server):
    """One connection."""

    sock: Any
    environ: dict[str, Any]

    def handshake(self) -> None:
        self.sock = _WholeSends(self.sock)
        self._bucket = Bucket(MESSAGES_PER_S, _BURST)
        # Without permessage-deflate: a few kilobytes would unpack to megabytes before they are counted, and every
        # connection would hold its windows.
        self.environ = {k: v for k, v in self.environ.items() if k != "HTTP_SEC_WEBSOCKET_EXTENSIONS"}
        super().handshake()

    def close(self, reason: int | None = None, message: str | None = None) -> None:
        super().close(reason, message)
        self.event.set()  # whoever waits for a message waits in vain

    def _handle_events(self) -> bool:
        before = len(self.input_buffer)
        began = time.monotonic()
        going: bool = super()._handle_events()
        spent = time.monotonic() - began
        if going and not all(self._bucket.take() for _ in range(len(self.input_buffer) - before)):
            self.input_buffer.clear()
            self.close(CloseReason.POLICY_VIOLATION, "Too many messages")
            going = False
            self.event.set()
        # At least once: a socket that always has more to read would keep the loop to itself; one with thousands of
        # empty fragments in it does so for long.
        wait = sum(map(len, self.input_buffer[before:])) / _BYTES_PER_S
        gevent.sleep(max(wait, 2 * spent if spent > _LONG_S else 0))
        return going


class Outbox(gevent.queue.JoinableQueue):
    """What engineio has yet to send to one client, counted in bytes."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.bytes = 0

    def put(self, item: Any, *arguments: Any, **named: Any) -> None:
        self.bytes += _size(item)
        super().put(item, *arguments, **named)

    def get(self, *arguments: Any, **named: Any) -> Any:
        item = super().get(*arguments, **named)
        self.bytes -= _size(item)
        return item


def _size(packet: Any) -> int:
    data = getattr(packet, "data", None)
    return len(data) if isinstance(data, str | bytes) else 0


class Links:
    """Every websocket of this process, whether or not it has joined: how many there may be, and an end to those that
    hang."""

    def __init__(self, most: int, per_address: int, pages: Places) -> None:
        """`pages` counts those of each address. `most` is lowered to what the process has descriptors for; a websocket
        takes up to two."""
        descriptors, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 2 * most + _DESCRIPTORS_KEPT
        if hard != resource.RLIM_INFINITY:
            wanted = min(wanted, hard)
        if descriptors < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            descriptors = wanted
        self.most = max(1, min(most, (descriptors - _DESCRIPTORS_KEPT) // 2))
        self.per_address = per_address
        self.leaving = False
        """The server is about to end: nobody is let in."""
        self.every_second: Callable[[], None] = lambda: None
        self._open: dict[str, Link] = {}
        self._pages = pages
        self._sweeper: gevent.Greenlet | None = None

    def __iter__(self) -> Iterator[Link]:
        return iter(list(self._open.values()))

    def __len__(self) -> int:
        return len(self._open)

    def __getitem__(self, engine_id: str) -> Link:
        return self._open[engine_id]

    def add(self, link: Link) -> str:
        """Let it in; else say why not."""
        if len(self._open) >= self.most:
            return f"The server is full: {self.most:,} pages are open. It is tried again by itself."
        if not self._pages.enter(link.address):
            return f"Too many pages are open from your address: expected at most {self.per_address}."
        self._open[link.engine.sid] = link
        if self._sweeper is None:
            self._sweeper = gevent.spawn(self._sweep)
        return ""

    def remove(self, link: Link) -> None:
        if self._open.pop(link.engine.sid, None) is not None:
            self._pages.leave(link.address)

    def _sweep(self) -> None:
        while True:
            gevent.sleep(_SWEEP_S)
            now = time.monotonic()
            for link in self:
                link.look(now)
            self.every_second()


class Link:
    """What engineio drives one connection by."""

    def __init__(self, links: Links, handler: Callable[[Link], Any], server: Any) -> None:
        self._links = links
        self._handler = handler
        self.engine: Any = handler.__self__  # type: ignore[attr-defined]
        self._max_message_size: int = server.max_http_buffer_size
        self.address = ""
        self.joined = False
        self._since = time.monotonic()
        self._closed_at: float | None = None

    @property
    def unread_bytes(self) -> int:
        """Sent to the client and not yet given to the network."""
        waiting: int = self.engine.queue.bytes
        return waiting

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        self.address = str(environ.get("REMOTE_ADDR", ""))
        if self._links.leaving:
            self._forget()
            text = b"The server is being restarted. Connect again in a moment.\n"
            headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))]
            start_response("503 Service Unavailable", [*headers, ("Retry-After", "2")])
            return [text]
        try:
            self._ws = _Server(
                environ,
                max_message_size=self._max_message_size,
                thread_class=Thread,
                event_class=gevent.event.Event,
                selector_class=gevent.selectors.DefaultSelector,
            )
        except (simple_websocket.ConnectionError, ProtocolError):
            self._forget()
            text = b"Expected a websocket handshake of version 13.\n"
            headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))]
            start_response("400 Bad Request", headers)
            return [text]
        sock = self._ws.sock
        try:
            if problem := self._links.add(self):
                self._refuse(problem)
            else:
                self._handler(self)
            # The other side may still be reading.
            self._ws.thread.join(_CLOSE_S)
        finally:
            self._links.remove(self)
            self._forget()
            sock.hang_up()
        # Tell the server that the connection is used up: what is left in it is no HTTP request.
        if self._ws.mode == "gunicorn":
            raise StopIteration
        raise ConnectionResetError(errno.ECONNRESET, "the websocket is closed")

    def _refuse(self, problem: str) -> None:
        """Say why, in Socket.IO's words, and close; nothing is kept of who does not listen."""
        with contextlib.suppress(OSError), gevent.Timeout(_CLOSE_S, False):
            self.send(self.engine.queue.get_nowait().encode())
            self.send("44" + WireJSON.dumps({"message": problem}))
            self.close()

    def _forget(self) -> None:
        """engineio keeps what ends with an exception until it looks for it."""
        self.engine.close(wait=False, abort=True)
        self.engine.server.sockets.pop(self.engine.sid, None)

    def look(self, now: float) -> None:
        """Once a second: end it if it hangs."""
        if self.engine.closed:
            self._closed_at = self._closed_at or now
            if now - self._closed_at > _CLOSE_S:
                self.hang_up()
        elif (since := self._ws.sock.sending_since) is not None and now - since > _TAKE_S:
            self.hang_up()
        elif not self.joined and now - self._since > _JOIN_S:
            self.engine.close(wait=False)

    def hang_up(self) -> None:
        """End the connection at once, whatever is still to be sent."""
        self._ws.sock.hang_up()

    def close(self) -> None:
        if self._ws.connected:
            with contextlib.suppress(OSError, LocalProtocolError):  # the other side was first
                self._ws.close()

    def send(self, message: str | bytes) -> None:
        try:
            self._ws.send(message)
        except simple_websocket.ConnectionClosed:
            raise OSError from None

    def wait(self) -> str | bytes | None:
        """The next message; None when the connection is closed, or ought to be: it does not speak Engine.IO."""
        try:
            message: str | bytes | None = self._ws.receive()
        except simple_websocket.ConnectionClosed:
            return None
        if isinstance(message, str) and message[:1] not in ("1", "3", "4"):  # close, pong, message
            self.close()
            return None
        return message


class WireJSON:
    """The ``json`` module of engineio and socketio: fast, writes structs as they are, refuses NaN, bounded in depth."""

    @staticmethod
    def dumps(value: object, **_: object) -> str:
        return msgspec.json.encode(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_: object) -> Any:
        """Raises ValueError whatever is wrong, as the callers expect."""
        try:
            return msgspec.json.decode(text)
        except (msgspec.MsgspecError, RecursionError, UnicodeError) as problem:
            raise json.JSONDecodeError(str(problem), "", 0) from None


class Packet(packet.Packet):
    """A Socket.IO packet. What cannot be read is a ``command`` event with `UNREADABLE`, so that it gets an answer."""

    packet_type: int
    data: Any
    json = WireJSON

    def __init__(self, *fields: Any, encoded_packet: Any = None, **named: Any) -> None:
        # The base takes an empty message for no message.
        empty = encoded_packet is not None and not encoded_packet
        super().__init__(*fields, encoded_packet="?" if empty else encoded_packet, **named)

    def decode(self, encoded_packet: Any) -> int:
        try:
            if not isinstance(encoded_packet, str):
                raise ValueError("binary data that no packet announced")
            count: int = super().decode(encoded_packet) or 0
            if self.packet_type in (packet.EVENT, packet.BINARY_EVENT):
                if not isinstance(self.data, list) or self.data[:1] != ["command"]:
                    raise ValueError("not a command")
                if (count > 0) != (self.packet_type == packet.BINARY_EVENT) or count > _ATTACHMENTS:
                    raise ValueError("attachments")
                return count
            if self.packet_type not in (packet.CONNECT, packet.DISCONNECT, packet.ACK):
                raise ValueError("not a packet a client sends")
            return 0
        except Exception:
            self._give_up()
            self.packet_type = packet.EVENT
            return 0

    def add_attachment(self, attachment: Any) -> bool:
        try:
            complete: bool = super().add_attachment(attachment)
            return complete
        except Exception:  # such as a placeholder for an attachment there is not
            self._give_up()
            return True

    def _give_up(self) -> None:
        self.namespace = None
        self.id = None
        self.data = ["command", UNREADABLE]
