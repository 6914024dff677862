"""One child process as the supervisor holds it: its pidfd and our ends of its pipes."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
from collections.abc import Callable

import msgspec

from playground.protocol import WorkerCommand
from playground.runner import wire
from playground.runner.frames import frame
from playground.runner.limits import KIB

_PIPE_BYTES = 256 * KIB
_KILL_S = 0.03


class Worker:
    """One child process, held by its pidfd, and our ends of its pipes. The pipes are non-blocking."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.pid = 0
        self.on_exit: Callable[[wire.Exited | None], None] | None = None
        """Called once when the process is dead and reaped; with None if the zygote died with it."""
        self._loop = asyncio.get_running_loop()
        self._pidfd = self._commands = -1
        self.frames = self.output = self.fault = -1
        self.device = -1
        """The other end of its socket for the device server, which is either handed on or closed."""
        self._unsent = b""

    def open(self, *, device: bool = False) -> list[int]:
        """Make the pipes, and with `device` a socket for it; return the child's ends in the order of `wire.Fork`.
        The caller closes them."""
        theirs = []
        read, self._commands = os.pipe()
        theirs.append(read)
        for name in ("frames", "output", "fault"):
            read, write = os.pipe()
            setattr(self, name, read)
            theirs.append(write)
        if device:
            here, there = socket.socketpair()
            self.device = here.detach()
            theirs.append(there.detach())
        for descriptor in (self._commands, self.frames, self.output, self.fault):
            os.set_blocking(descriptor, False)
        for descriptor in (self._commands, self.frames):
            with contextlib.suppress(
                OSError
            ):  # past the user's pipe quota: the default size is slower, no more
                fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        return theirs

    def attach(self, pid: int, pidfd: int) -> None:
        self.pid, self._pidfd = pid, pidfd

    def send(self, command: WorkerCommand) -> None:
        """Write a command to it, now or when its pipe has room."""
        self._unsent += frame(msgspec.msgpack.encode(command))
        self._write()

    @property
    def unsent(self) -> int:
        """Bytes of commands that it has not read."""
        return len(self._unsent)

    def read(self, descriptor: int) -> bytes | None:
        """What one of its pipes holds, up to 64 KiB: None if nothing now, empty at the end or when it is closed."""
        if descriptor < 0:
            return b""
        try:
            return os.read(descriptor, 64 * KIB)
        except BlockingIOError:
            return None

    def watch(self, descriptor: int, ready: Callable[[], object] | None) -> None:
        """Call `ready` whenever the pipe has something, or no longer."""
        if ready is None:
            self._loop.remove_reader(descriptor)
        else:
            self._loop.add_reader(descriptor, ready)

    def signal(self, number: int) -> None:
        """Signal exactly this process, whatever its id means by now; no effect once it is dead."""
        if self._pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    def kill(self, *, in_time: bool = False) -> None:
        """End it and let go of it. `in_time`: it is stopped and harms nobody, and taking its memory apart would take a
        processor from the program that comes in its place."""
        if in_time and self._pidfd >= 0:
            self._loop.call_later(_KILL_S, _kill, os.dup(self._pidfd))
        else:
            self.signal(signal.SIGKILL)
        self.close()

    def close_device(self) -> None:
        """Let go of the device server's end."""
        if self.device >= 0:
            os.close(self.device)
            self.device = -1

    def close(self) -> None:
        """Close every descriptor."""
        self.close_device()
        if self._commands >= 0:
            self._loop.remove_writer(self._commands)
        for name in ("frames", "output", "fault", "_commands", "_pidfd"):
            descriptor = getattr(self, name)
            if descriptor >= 0:
                self._loop.remove_reader(descriptor)
                os.close(descriptor)
                setattr(self, name, -1)

    def _write(self) -> None:
        try:
            self._unsent = self._unsent[os.write(self._commands, self._unsent) :]
        except BlockingIOError:
            pass
        except OSError:  # it closed its end; how it ends is told elsewhere
            self._unsent = b""
        if self._unsent:
            self._loop.add_writer(self._commands, self._write)
        else:
            self._loop.remove_writer(self._commands)


def _kill(pidfd: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    os.close(pidfd)
