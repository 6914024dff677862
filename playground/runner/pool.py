"""The supervisor's side of the processes that hold the GPU: keeps some warm, and starts another for each that ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from playground.runner import wire
from playground.runner.client import GPU_ENVIRONMENT, ROOT
from playground.runner.limits import KIB, Limits
from playground.runner.process import Worker

log = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 60.0
"""Between two attempts to have one."""
_REAP_S = 0.05
_HEAD_START_S = 0.1
"""For a program, before the process that takes the place of its own is started."""


@dataclass(eq=False)
class _Process:
    worker: Worker
    popen: subprocess.Popen[bytes]
    pidfd: int
    """Our own: the worker's is closed when its job has no use for it."""
    said: int
    """The pipe on which it says whether it is ready; -1 once it has."""
    since: float
    words: bytes = b""
    reason: str = ""
    """Why it is not going to be ready."""
    base_bytes: int = 0
    """Its peak resident memory before its program."""


class Pool:
    """As `Forker`, of processes that are started with exec and hold the GPU. `on_change` is called when one is ready,
    and when it is known that there is none."""

    def __init__(self, limits: Limits, entry: str, on_change: Callable[[], None]) -> None:
        self._limits = limits
        self._entry = entry
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._decoder: msgspec.msgpack.Decoder[wire.GpuReply] = msgspec.msgpack.Decoder(wire.GpuReply)
        self._processes: set[_Process] = set()
        """All that are not known to be dead."""
        self._starting: set[_Process] = set()
        self._warm: list[_Process] = []
        self._next = 0
        self._failures = 0
        self._not_before = 0.0
        self.card = ""
        """Its name, once a process has had it."""
        self.problem = "" if limits.gpu == "direct" else wire.NO_GPU
        """Why no worker can be had, until one can."""

    @property
    def no_gpu(self) -> str:
        """As in `wire.Health`."""
        return self.problem or ("" if self.card else wire.GPU_STARTS)

    @property
    def alive(self) -> int:
        """Processes, whatever they do."""
        return len(self._processes)

    @property
    def warm(self) -> int:
        """Those that wait for a program."""
        return len(self._warm)

    def take(self) -> Worker | None:
        """A warm worker, or None if there is none yet."""
        if not self._warm:
            return None
        self._failures = 0
        # A program of some lines is over by then; beside the next one's start it takes twenty times as long.
        self._not_before = time.monotonic() + _HEAD_START_S
        return self._warm.pop(0).worker

    def keep(self, wanted: int) -> None:
        """Have processes started until `wanted` are warm or on their way; none, if there are to be none."""
        if self._limits.gpu != "direct":
            return
        now, patience_s = time.monotonic(), self._limits.gpu_start_s
        for process in self._starting:
            if now - process.since > patience_s:
                process.reason = f"the process that should hold it was not ready within {patience_s:g} s"
                process.worker.signal(signal.SIGKILL)
        while now >= self._not_before and len(self._warm) + len(self._starting) < wanted:
            try:
                self._start()
            except OSError as problem:
                self._fail(str(problem))

    def close(self) -> None:
        """End all of them."""
        for process in list(self._processes):
            os.killpg(process.popen.pid, signal.SIGKILL)
            process.worker.close()
            self._forget(process)

    def _start(self) -> None:
        self._next += 1
        worker = Worker(self._next)
        said, theirs = os.pipe()
        inherited = [*worker.open(), theirs]
        try:
            popen = subprocess.Popen(
                [sys.executable, "-s", "-P", "-m", "playground.runner.gpu"]
                + [str(number) for number in (*inherited, os.getpid())]
                + [self._entry, msgspec.json.encode(self._limits).decode()],
                stdin=subprocess.DEVNULL,
                env=environment(),
                pass_fds=inherited,
                process_group=0,  # of its own, so that what a program has started ends with it
            )
        except BaseException:
            worker.close()
            os.close(said)
            raise
        finally:
            for descriptor in inherited:
                os.close(descriptor)
        pidfd = os.pidfd_open(popen.pid)
        worker.attach(popen.pid, os.dup(pidfd))
        process = _Process(worker, popen, pidfd, said, time.monotonic())
        self._processes.add(process)
        self._starting.add(process)
        os.set_blocking(said, False)
        self._loop.add_reader(said, self._hear, process)
        self._loop.add_reader(pidfd, self._exited, process)

    def _hear(self, process: _Process) -> None:
        """Read what it says of itself, until it has closed the pipe."""
        try:
            while data := os.read(process.said, 64 * KIB):
                process.words += data
        except BlockingIOError:
            return
        self._close_said(process)
        message = self._decoder.decode(process.words) if process.words else None
        if isinstance(message, wire.Usable):
            if not self.card or self.problem:
                log.info("programs can use the GPU: %s", message.card)
            self.card, self.problem = message.card, ""
            process.base_bytes = message.peak_bytes
            self._starting.discard(process)
            self._warm.append(process)
            self._on_change()
        elif isinstance(message, wire.Unusable):
            process.reason = message.reason
            if self.problem != sentence(message.reason) and message.traceback:
                log.error("a process for the GPU could not be made ready:\n%s", message.traceback)

    def _exited(self, process: _Process) -> None:
        """It is dead and not yet reaped, so its number is still its own."""
        if process.said >= 0:
            self._hear(process)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.popen.pid, signal.SIGKILL)
        _, status, usage = os.wait4(process.popen.pid, 0)
        process.popen.returncode = code = os.waitstatus_to_exitcode(status)
        self._reap(process.popen.pid)
        self._forget(process)
        worker = process.worker
        if process in self._starting:
            self._starting.discard(process)
            self._fail(process.reason or f"the process that should hold it ended as it started ({code})")
        elif process in self._warm:
            self._warm.remove(process)
            log.error("a process that held the GPU has ended before its program came (%d)", code)
            self._pause()
        if worker.on_exit is not None:
            peak = max(0, usage.ru_maxrss * KIB - process.base_bytes)
            worker.on_exit(wire.Exited(worker=worker.number, status=code, peak_bytes=peak))
        else:
            worker.close()
        self._on_change()

    def _fail(self, reason: str) -> None:
        if self.problem != sentence(reason):
            self.problem = sentence(reason)
            log.error("%s It is tried again, less and less often.", self.problem)
        self._pause()

    def _pause(self) -> None:
        """Do not start the next at once: what has ended this one may end that."""
        self._failures += 1
        self._not_before = time.monotonic() + min(_LONGEST_PAUSE_S, 0.05 * 2**self._failures)

    def _forget(self, process: _Process) -> None:
        self._processes.discard(process)
        self._close_said(process)
        self._loop.remove_reader(process.pidfd)
        os.close(process.pidfd)

    def _close_said(self, process: _Process) -> None:
        if process.said >= 0:
            self._loop.remove_reader(process.said)
            os.close(process.said)
            process.said = -1

    def _reap(self, group: int) -> None:
        """Reap what its program had started, which came to us (`linux.adopt_orphans`), as soon as it is dead."""
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-group, os.WNOHANG)[0]:
                pass
            self._loop.call_later(_REAP_S, self._reap, group)


def sentence(reason: str) -> str:
    """Why there is no GPU, for people."""
    return f"Programs cannot use a GPU here: {reason.rstrip('.')}."


def environment() -> dict[str, str]:
    """Of a process that holds the card."""
    # With one thread for NumPy, as everywhere: the same program gives the same numbers.
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    known = {name: os.environ[name] for name in GPU_ENVIRONMENT if name in os.environ}
    # Who was root when it began will not be when kernels are compiled, and could not keep them in root's files.
    cache = {"CUPY_CACHE_IN_MEMORY": "1"} if os.geteuid() == 0 else {}
    return {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"} | threads | known | cache
