"""The device server: holds the one CUDA context, and does for sealed children what they ask for in messages.

Run as ``python -m playground.device.server DESCRIPTOR OPTIONS``; the descriptor is the supervisor's socket, and when
that ends so does this. One thread takes the connections in turn, a few milliseconds each, so that none waits long
for another.
"""

from __future__ import annotations

import os

# Whoever has NumPy serve has other things to do with the other cores; CuPy compiles kernels, and keeps them.
os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import contextlib
import logging
import select
import selectors
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator

import msgspec
import numpy as np

from playground.device import messages
from playground.device.control import Attach, FromServer, Options, Ping, Pong, Ready, ToServer, Unusable
from playground.device.library import CardLost, Library
from playground.device.session import Hostile, Memory, Session, Spent
from playground.runner import child, linux
from playground.runner.frames import FrameError, FrameReader, frame

log = logging.getLogger(__name__)

_TURN_S = 0.002
_TURN_WORK = 2e10
"""Additions and multiplications after which the device is waited for, and the next has its turn."""
_READ_BYTES = 1 << 17


class _Connection:
    """A run's socket, and what of it has not been done."""

    def __init__(self, sock: socket.socket, session: Session) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.session = session
        self.waiting: deque[messages.Request] = deque()
        """At most what was read at once: no more is read until it is done."""
        self.unsent = memoryview(b"")
        self._reader = FrameReader(messages.FRAME_BYTES)
        self._other_end = select.poll()
        self._other_end.register(sock, 0)

    def receive(self) -> bool:
        """Read what there is; False at its end. Raises `Hostile`."""
        try:
            data = self.sock.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            return False
        try:
            for payload in self._reader.feed(data):
                self.waiting += messages.decode_requests(payload)
        except (msgspec.DecodeError, FrameError, RecursionError, UnicodeDecodeError) as problem:
            raise Hostile(f"a message could not be read: {problem}") from None
        return bool(data)

    def forsaken(self) -> bool:
        """Whether nobody is at the other end any more: what is left to do is for nobody."""
        return bool(self._other_end.poll(0))

    def send(self, reply: messages.Reply) -> None:
        self.unsent = memoryview(frame(messages.encode(reply)))
        self.write()

    def write(self) -> None:
        """As much as the socket takes."""
        with contextlib.suppress(BlockingIOError, InterruptedError):
            while self.unsent:
                self.unsent = self.unsent[self.sock.send(self.unsent) :]


class Server:
    """All connections, and the supervisor's.

    Args:
        control: where connections come from, SOCK_SEQPACKET.
        options: what it serves with.
    """

    def __init__(self, control: socket.socket, library: Library, options: Options) -> None:
        self._control = control
        self._library = library
        self._options = options
        self._memory = Memory(options.memory_bytes)
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)
        self._connections: set[_Connection] = set()
        self._runnable: deque[_Connection] = deque()
        self._decode = msgspec.msgpack.Decoder(ToServer).decode
        self._open = True

    def serve(self) -> None:
        """Until the supervisor closes its end."""
        while self._open:
            for key, _ in self._selector.select(0 if self._runnable else None):
                if key.fileobj is self._control:
                    self._obey()
                else:
                    self._ready(key.data)
            # One turn: the supervisor, which takes silence for a hang, does not wait for all of them.
            if self._runnable:
                self._turn(self._runnable.popleft())

    def say(self, message: FromServer) -> None:
        """To the supervisor."""
        with contextlib.suppress(OSError):  # it is gone: the next read says so
            self._control.send(msgspec.msgpack.encode(message))

    def _obey(self) -> None:
        data = b""
        with contextlib.suppress(ConnectionResetError):
            data, descriptors, _, _ = socket.recv_fds(self._control, 4096, 4)
        if not data:
            self._open = False
            return
        match self._decode(data):
            case Attach():
                session = Session(self._library, self._options.quota, self._memory)
                connection = _Connection(socket.socket(fileno=descriptors[0]), session)
                self._connections.add(connection)
                self._selector.register(connection.sock, selectors.EVENT_READ, connection)
            case Ping():
                self._library.synchronize()
                memory = self._memory
                self.say(Pong(len(self._connections), memory.held, memory.held > memory.limit * 3 // 4))

    def _ready(self, connection: _Connection) -> None:
        began = time.monotonic()
        with self._answered_for(connection):
            if connection.unsent:
                connection.write()
                if not connection.unsent:
                    self._selector.unregister(connection.sock)
                    self._go_on(connection)
            elif not connection.receive():
                self._end(connection)
            else:
                connection.session.charge(time.monotonic() - began)
                if connection.waiting:
                    self._selector.unregister(connection.sock)
                    self._go_on(connection)

    @contextlib.contextmanager
    def _answered_for(self, connection: _Connection) -> Iterator[None]:
        """What goes wrong inside is the end of this connection, and of no other."""
        try:
            yield
        except (Hostile, Spent) as problem:
            self._end(connection, str(problem))
        except OSError:
            self._end(connection)
        except CardLost:
            raise
        except Exception:  # a mistake of ours must not cost the others theirs
            log.exception("a request could not be dealt with")
            self._end(connection, "a request could not be dealt with")

    def _go_on(self, connection: _Connection) -> None:
        """With what is to be said, then with what has come; else wait for more. It waits for nothing yet."""
        if connection.unsent:
            self._selector.register(connection.sock, selectors.EVENT_WRITE, connection)
        elif connection.waiting:
            self._runnable.append(connection)
        else:
            self._selector.register(connection.sock, selectors.EVENT_READ, connection)

    def _turn(self, connection: _Connection) -> None:
        if connection.forsaken():
            self._end(connection)
            return
        session, waiting = connection.session, connection.waiting
        began, worked = time.monotonic(), session.worked
        reply = None
        with self._answered_for(connection):
            session.moments.turn_begins()
            while waiting and reply is None:
                reply = session.handle(waiting.popleft())
                if session.worked - worked > _TURN_WORK or time.monotonic() - began > _TURN_S:
                    break
            session.moments.turn_ends()
            session.charge(time.monotonic() - began)
            if reply is not None:
                connection.send(reply)
            self._go_on(connection)

    def _end(self, connection: _Connection, reason: str = "") -> None:
        """Free all that is its, and tell it why if it is not its own doing."""
        with contextlib.suppress(KeyError):
            self._selector.unregister(connection.sock)
        self._connections.discard(connection)
        connection.session.close()
        self._library.synchronize()  # what it has sent to the card is not the next one's time
        if reason:
            reason = f"the GPU has ended this run: {reason}"
            log.warning("%a", reason)  # there may be words of the program's in it
            with contextlib.suppress(OSError):
                if not connection.unsent:  # else it would not be understood
                    connection.sock.send(frame(messages.encode(messages.Ended(reason))))
        connection.sock.close()


def main(descriptor: int, options: Options) -> None:
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    linux.die_with_parent(parent, signal.SIGKILL)  # also while the driver hangs
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    np.seterr(all="ignore")
    control = socket.socket(fileno=descriptor)
    try:
        library = Library(options.library)
        name, card = library.about()
        most = options.memory_bytes or card["totalGlobalMem"] * 4 // 5 or 1 << 30
        library.limit_memory(most)
        library.synchronize()
        child.be_nobody(parent)  # only now: another user may not be permitted to read what was imported
        linux.hide_memory()
    except Exception as problem:  # whatever a driver fails with
        control.send(msgspec.msgpack.encode(Unusable(f"{type(problem).__name__}: {problem}"[:300])))
        sys.exit(1)
    server = Server(control, library, msgspec.structs.replace(options, memory_bytes=most))
    server.say(Ready(name))
    server.serve()


if __name__ == "__main__":
    main(int(sys.argv[1]), msgspec.json.decode(sys.argv[2], type=Options))
