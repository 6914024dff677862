"""The supervisor's side of the device server: starts it, hands it the runs that use the GPU, and replaces it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable

import msgspec

from playground.device import control
from playground.device.control import Attach, FromServer, Options, Ping, Pong, Quota, Ready, Unusable
from playground.runner import wire
from playground.runner.limits import Limits
from playground.runner.pool import environment, sentence

log = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 60.0
"""Between two attempts to start one."""
_PATIENCE_S = 10.0
"""For an answer; one operation is bounded to much less, unless the card hangs."""
_NUMPY_WORK = 2e9
"""Of one operation, where NumPy is the card: what one core does in a second or two."""


class DeviceServer:
    """One process, started again when it ends or hangs. `on_change` is called when it is there, and when it is not."""

    def __init__(self, limits: Limits, on_change: Callable[[], None]) -> None:
        self._limits = limits
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._decode = msgspec.msgpack.Decoder(FromServer).decode
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._asked = 0.0
        """Since when an answer is due; 0 if none is."""
        self._failures = 0
        self._closing = False
        self.state = Pong(0, 0)
        """What it said last."""
        self.card = ""
        """Its name, while there is a server."""
        self.problem = "" if limits.gpu == "served" else wire.NO_GPU
        """Why there is none, if that will not mend itself at once."""

    @property
    def no_gpu(self) -> str:
        """As in `wire.Health`."""
        return self.problem or ("" if self.card else wire.GPU_STARTS)

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Start it, if there is to be one."""
        if self._limits.gpu != "served" or self._closing:
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        quota = Quota(bytes_held=self._limits.gpu_memory_bytes)
        if self._limits.gpu_library == "numpy":
            quota = msgspec.structs.replace(quota, operation_work=_NUMPY_WORK)
        options = Options(library=self._limits.gpu_library, quota=quota)
        with theirs:
            try:
                arguments = [str(theirs.fileno()), msgspec.json.encode(options).decode()]
                self._process = subprocess.Popen(
                    [sys.executable, "-s", "-P", "-m", "playground.device.server", *arguments],
                    stdin=subprocess.DEVNULL,
                    env=environment(),
                    pass_fds=[theirs.fileno()],
                )
            except OSError as problem:
                ours.close()
                self._fail(str(problem))
                return
        ours.setblocking(False)
        self._control, self._asked = ours, time.monotonic()
        self._loop.add_reader(ours, self._receive)

    def attach(self, descriptor: int) -> None:
        """Have it serve the run at the other end of this socket. Without a server the run finds nobody there."""
        if self.card and self._control is not None:
            with contextlib.suppress(OSError):
                socket.send_fds(self._control, [msgspec.msgpack.encode(Attach())], [descriptor])

    def watch(self) -> None:
        """Ask how it is, and end it if it has not answered. Called now and then."""
        if self._control is None:
            return
        patience_s = _PATIENCE_S if self.card else self._limits.gpu_start_s
        if self._asked and time.monotonic() - self._asked > patience_s:
            log.error("the device server does not answer")
            self._lost("its process does not answer")
        elif self.card and not self._asked:
            with contextlib.suppress(OSError):
                self._control.send(msgspec.msgpack.encode(Ping()))
                self._asked = time.monotonic()

    def close(self) -> None:
        """End it."""
        self._closing = True
        self._lost("")

    def _receive(self) -> None:
        assert self._control is not None
        try:
            data = self._control.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lost("its process has ended")
            return
        self._asked = 0.0
        match self._decode(data):
            case Ready() as ready:
                self.card, self.problem, self._failures = ready.card, "", 0
                log.info("programs can use the GPU: %s", ready.card)
                self._on_change()
            case Unusable() as unusable:
                self._lost(unusable.reason)
            case control.Pong() as state:
                self.state = state

    def _lost(self, reason: str) -> None:
        """It is dead, or as good as: whoever had arrays there is told by the end of its socket."""
        if self._control is None:
            return
        self._loop.remove_reader(self._control)
        self._control.close()
        self._control, self.state = None, Pong(0, 0)
        assert self._process is not None
        self._end(self._process)
        was_there, self.card = bool(self.card), ""
        if self._closing:
            return
        self._fail("" if was_there else reason)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """Kill it, and reap it when it is dead: who is in a driver that hangs is not for as long, and everybody else's
        programs go on meanwhile."""
        pidfd = os.pidfd_open(process.pid)

        def reap() -> None:
            self._loop.remove_reader(pidfd)
            os.close(pidfd)
            process.wait()

        process.kill()
        self._loop.add_reader(pidfd, reap)

    def _fail(self, reason: str) -> None:
        """Try again later, and later each time."""
        self._failures += 1
        pause = min(_LONGEST_PAUSE_S, 0.05 * 2**self._failures)
        if reason and self.problem != sentence(reason):
            self.problem = sentence(reason)
            log.error("%s", self.problem)
        else:
            log.error("the device server is gone; starting another in %.1f s", pause)
        self._loop.call_later(pause, self.start)
        self._on_change()
