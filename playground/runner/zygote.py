"""The fork server: imports what programs use, once, then forks children. It never reads a program, because a fork would
carry that program's text into the next stranger's process. Run as ``python -m playground.runner.zygote``."""

from __future__ import annotations

import os

# Read by OpenBLAS when NumPy is imported: with one thread this process can be forked, and a child needs no thread.
os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import gc
import importlib
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable

import msgspec
import numpy as np

from playground.runner import child, linux, wire
from playground.runner.limits import Limits

_encode = msgspec.msgpack.Encoder().encode


def main(control_fd: int, entry: str, limits: Limits) -> None:
    """Serve fork requests on the socket until the supervisor closes it."""
    linux.die_with_parent(os.getppid(), signal.SIGKILL)
    linux.hide_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the web process, which closes us
    control = socket.socket(fileno=control_fd)
    module, _, function = entry.partition(":")
    try:
        worker = importlib.import_module(module)
        call: child.Entry = getattr(worker, function)
        if prepare := getattr(worker, "prepare", None):
            prepare()
        rehearse: Callable[[], None] = getattr(worker, "rehearse", _nothing)
    except Exception as problem:
        reason = f"{type(problem).__name__}: {problem}"[:300]
        control.send(_encode(wire.Unusable(reason=reason, traceback=traceback.format_exc()[-8_000:])))
        sys.exit(1)
    # OpenBLAS takes its working memory at the first product: here, not out of every program's quota.
    np.ones((8, 8)) @ np.ones((8, 8))
    for name in list(os.environ):
        if name != "PATH":
            del os.environ[name]
    gc.collect()
    gc.freeze()
    linux.gather_memory()
    base = child.memory()
    seal = child.Seal() if limits.sandbox == "strict" else None
    control.send(_encode(wire.Ready(pid=os.getpid())))
    _Server(control, limits, base, call, rehearse, seal).serve()


def _nothing() -> None:
    pass


class _Server:
    def __init__(
        self,
        control: socket.socket,
        limits: Limits,
        base: child.Memory,
        entry: child.Entry,
        rehearse: Callable[[], None],
        seal: child.Seal | None,
    ) -> None:
        self._control = control
        self._limits = limits
        self._base = base
        self._entry = entry
        self._rehearse = rehearse
        self._seal = seal
        self._decoder = msgspec.msgpack.Decoder(wire.Fork)
        self._children: dict[int, tuple[int, int]] = {}
        """By pidfd: the supervisor's number for the worker, and the process id."""
        self._poll = select.poll()

    def serve(self) -> None:
        self._poll.register(self._control, select.POLLIN)
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor != self._control.fileno():
                    self._reap(descriptor)
                    continue
                try:
                    data, descriptors, _, _ = socket.recv_fds(self._control, 4096, 8)
                except ConnectionResetError:  # the supervisor ended before it had read all we said
                    return
                if not data:
                    return
                self._fork(self._decoder.decode(data), child.Pipes(*descriptors))

    def _fork(self, asked: wire.Fork, pipes: child.Pipes) -> None:
        worker = asked.worker
        me = os.getpid()
        try:
            pid = linux.fork()
        except OSError as problem:
            self._control.send(_encode(wire.ForkFailed(worker=worker, reason=str(problem))))
            pid = -1
        if pid == 0:
            rehearse = self._rehearse if asked.rehearsed else _nothing
            child.run(pipes, self._limits, self._base, self._entry, rehearse, me, self._seal)
        for descriptor in (pipes.commands, pipes.frames, pipes.output, pipes.fault, pipes.device):
            if descriptor >= 0:
                os.close(descriptor)
        if pid > 0:
            pidfd = os.pidfd_open(pid)
            self._children[pidfd] = (worker, pid)
            self._poll.register(pidfd, select.POLLIN)
            socket.send_fds(self._control, [_encode(wire.Forked(worker=worker, pid=pid))], [pidfd])

    def _reap(self, pidfd: int) -> None:
        worker, pid = self._children.pop(pidfd)
        self._poll.unregister(pidfd)
        os.close(pidfd)
        _, status, usage = os.wait4(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self._control.send(
            _encode(wire.Exited(worker=worker, status=code, peak_bytes=usage.ru_maxrss * 1024))
        )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], msgspec.json.decode(sys.argv[3], type=Limits))
