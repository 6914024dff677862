"""The supervisor's side of the zygote: starts it again when it dies, and has it fork `Worker` processes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable

import msgspec

from playground.runner import wire
from playground.runner.limits import Limits
from playground.runner.process import Worker

log = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 60.0
"""Between two attempts to start a zygote."""
_FAILURES = 6
"""In a row, after which it will not mend itself: some six seconds and the time that starting takes."""


class Forker:
    """Holds the zygote. `on_worker` is called when a worker asked for by `fork` can be given a program."""

    def __init__(self, limits: Limits, entry: str, on_worker: Callable[[], None]) -> None:
        self._limits = limits
        self._entry = entry
        self._on_worker = on_worker
        self._loop = asyncio.get_running_loop()
        self._decoder: msgspec.msgpack.Decoder[wire.ZygoteReply] = msgspec.msgpack.Decoder(wire.ZygoteReply)
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._workers: dict[int, Worker] = {}
        """All that are not known to be dead."""
        self._parked: list[Worker] = []
        self._asked: dict[int, float] = {}
        """Workers being forked, and since when."""
        self._next = 0
        self._failures = 0
        self._started = 0.0
        self._closing = False
        self.ready = False
        self.problem = ""
        """Why no worker can be had, until one can."""
        self.restarts = 0

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    @property
    def parked(self) -> int:
        return len(self._parked)

    def start(self) -> None:
        """Start the zygote; it is `ready` when it has imported everything."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-s", "-P", "-m", "playground.runner.zygote"]
        with theirs:
            arguments = [str(theirs.fileno()), self._entry, msgspec.json.encode(self._limits).decode()]
            self._process = subprocess.Popen(
                command + arguments, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()]
            )
        ours.setblocking(False)
        self._control = ours
        self._started = time.monotonic()
        self._loop.add_reader(ours, self._receive)

    def take(self) -> Worker | None:
        """A parked worker, or None if there is none yet."""
        return self._parked.pop(0) if self._parked else None

    def keep(self, wanted: int, *, rehearsed: bool = False) -> None:
        """Have children forked until `wanted` are parked or on their way. A `rehearsed` one costs a third more and
        starts a program twice as fast."""
        if self._asked and time.monotonic() - min(self._asked.values()) > self._limits.zygote_patience_s:
            log.error("the zygote does not answer")
            self._lost()
            return
        while self.ready and len(self._parked) + len(self._asked) < wanted:
            self._fork(rehearsed)

    def close(self) -> None:
        """End the zygote and, by their parent-death signal, all its children."""
        self._closing = True
        self._lost()

    def _fork(self, rehearsed: bool) -> None:
        assert self._control is not None
        self._next += 1
        worker = Worker(self._next)
        theirs = worker.open(device=self._limits.gpu == "served")
        try:
            packet = msgspec.msgpack.encode(wire.Fork(worker=worker.number, rehearsed=rehearsed))
            socket.send_fds(self._control, [packet], theirs)
            self._asked[worker.number] = time.monotonic()
            self._workers[worker.number] = worker
        except OSError as problem:
            worker.close()
            log.error("the zygote cannot be asked: %s", problem)
            self._loop.call_soon(self._lost)
            self.ready = False
        finally:
            for descriptor in theirs:
                os.close(descriptor)

    def _receive(self) -> None:
        assert self._control is not None
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, 65_536, 1)
        except BlockingIOError:
            return
        except OSError:
            data, descriptors = b"", []
        if not data:
            self._lost()
            return
        message = self._decoder.decode(data)
        if isinstance(message, wire.Ready):
            self.ready = True
            self.problem = ""
            self._failures = 0
            self._on_worker()
        elif isinstance(message, wire.Unusable):
            if message.reason != self.problem:
                log.error("programs cannot be run, the engine cannot be loaded:\n%s", message.traceback)
            self.problem = message.reason
            self._lost()
        elif isinstance(message, wire.Forked):
            worker = self._workers[message.worker]
            worker.attach(message.pid, descriptors[0])
            self._asked.pop(message.worker)
            self._parked.append(worker)
            self._on_worker()
        elif isinstance(message, wire.ForkFailed):
            log.error("fork failed: %s", message.reason)
            self._asked.pop(message.worker)
            self._workers.pop(message.worker).close()
        elif isinstance(message, wire.Exited):
            self._exited(self._workers.pop(message.worker), message)

    def _exited(self, worker: Worker, how: wire.Exited | None) -> None:
        if worker in self._parked:
            self._parked.remove(worker)
        if worker.on_exit is not None:
            worker.on_exit(how)
        else:
            worker.close()

    def _lost(self) -> None:
        """The zygote is dead, or as good as: its children die with it."""
        if self._control is None:
            return
        self._loop.remove_reader(self._control)
        self._control.close()
        self._control = None
        self.ready = False
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        workers, self._workers = list(self._workers.values()), {}
        self._parked.clear()
        self._asked.clear()
        for worker in workers:
            worker.signal(signal.SIGKILL)
            self._exited(worker, None)
        self._reap({worker.pid for worker in workers if worker.pid})
        if self._closing:
            return
        self._failures += 1
        self.restarts += 1
        delay = min(_LONGEST_PAUSE_S, 0.05 * 2**self._failures)
        if not self.problem:
            log.error("the zygote is gone; starting another in %.1f s", delay)
        if not self.problem and self._failures > _FAILURES:
            self.problem = "the process that starts programs ends as soon as it is started"
            log.error("%s; it is tried again, less and less often", self.problem)
        self._loop.call_later(delay, self._restart)

    def _restart(self) -> None:
        if self._closing:
            return
        self._reap_orphans()
        try:
            self.start()
        except OSError:
            log.exception("the zygote could not be started")
            self._loop.call_later(_LONGEST_PAUSE_S, self._restart)

    def _reap(self, pids: set[int]) -> None:
        """Reap the dead zygote's children, which came to us (`linux.adopt_orphans`), each as soon as it is dead."""
        left = set()
        for pid in pids:
            with contextlib.suppress(ChildProcessError):
                if not os.waitpid(pid, os.WNOHANG)[0]:
                    left.add(pid)
        if left:
            self._loop.call_later(0.05, self._reap, left)

    def _reap_orphans(self) -> None:
        """Reap also those the zygote had forked and not yet told of: no other child of ours is of our process group."""
        try:
            while os.waitpid(0, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
