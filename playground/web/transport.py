"""The websocket under Socket.IO, made to hold: whole messages, bounded, and nothing a stranger sends raises inside it.

Three things the libraries leave open are closed here:

* engineio checks a message's size after it is all in memory; simple-websocket can check while it arrives, if told to.
* simple-websocket writes with ``send``, which on gevent's non-blocking sockets may write a part and says so to nobody.
* socketio's parser raises on malformed packets, holds any number of binary attachments, and lets a client trigger the
  server's own ``connect`` and ``disconnect`` handlers by sending events of that name.
"""

from __future__ import annotations

import contextlib
import errno
import json
import socket
import time
from collections.abc import Callable
from typing import Any, NoReturn

import gevent
import gevent.event
import gevent.lock
import gevent.selectors
import msgspec
import simple_websocket
from engineio.async_drivers.gevent import Thread
from socketio import packet
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError

MESSAGES_PER_S = 150
"""Of any kind, over the whole connection; a page sends at most one acknowledgement a frame and a few commands."""
_BURST = 2 * MESSAGES_PER_S
_BYTES_PER_S = 8 * 1024 * 1024
"""Who sends large messages waits after each: a table is rare, and decoding one takes the server milliseconds."""
_ATTACHMENTS = 4

UNREADABLE = object()
"""Stands for what could not be read, as the argument of a ``command`` event."""


class Bucket:
    """Allows `rate` per second on average and `burst` at once."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._then = time.monotonic()

    def take(self) -> bool:
        """Whether one more is allowed now."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._then) * self._rate)
        self._then = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class _WholeSends:
    """A socket whose ``send`` sends everything, one message after the other."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._lock = gevent.lock.RLock()
        self.recv = sock.recv

    def send(self, data: bytes) -> int:
        with self._lock:
            self._sock.sendall(data)
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

    def _handle_events(self) -> bool:
        before = len(self.input_buffer)
        going: bool = super()._handle_events()
        if going and not all(self._bucket.take() for _ in range(len(self.input_buffer) - before)):
            self.input_buffer.clear()
            self.close(CloseReason.POLICY_VIOLATION, "Too many messages")
            going = False
            self.event.set()
        # At least once: a socket that always has more to read would keep the loop to itself.
        gevent.sleep(sum(map(len, self.input_buffer[before:])) / _BYTES_PER_S)
        return going


class WebSocketWSGI:
    """What engineio drives a connection by."""

    def __init__(self, handler: Callable[[WebSocketWSGI], Any], server: Any) -> None:
        self._handler = handler
        self._max_message_size: int = server.max_http_buffer_size

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> NoReturn:
        self._ws = _Server(
            environ,
            max_message_size=self._max_message_size,
            thread_class=Thread,
            event_class=gevent.event.Event,
            selector_class=gevent.selectors.DefaultSelector,
        )
        sock = self._ws.sock
        self._handler(self)
        sock.hang_up()
        # Tell the server that the connection is used up: what is left in it is no HTTP request.
        if self._ws.mode == "gunicorn":
            raise StopIteration
        raise ConnectionResetError(errno.ECONNRESET, "the websocket is closed")

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
