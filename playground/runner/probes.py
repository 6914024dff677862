"""What a sealed child must not be able to do, tried in one: the entry that the doctor has its runner call."""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import socket
import threading
from collections.abc import Callable

from playground.protocol import Finished, Output, Run, Started
from playground.runner import linux
from playground.runner.channel import Channel

GIB = 1024**3
_X32_GETPID = 0x4000_0000 + 39
FOREIGN = "another machine's system calls"
"""The probe that a holding seal ends the process for."""


def _open() -> None:
    os.close(os.open("/etc/passwd", os.O_RDONLY))


def _list() -> None:
    os.listdir("/")


def _create() -> None:
    name = "/tmp/playground-doctor"
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
    os.unlink(name)


def _own_environment() -> None:
    os.close(os.open("/proc/self/environ", os.O_RDONLY))


def _internet() -> None:
    socket.socket(socket.AF_INET).close()


def _unix_socket() -> None:
    socket.socketpair()[0].close()


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


def _thread() -> None:
    threading.Thread(target=int).start()


def _exec() -> None:
    os.execv("/bin/true", ["true"])


def _signal_parent() -> None:
    os.kill(os.getppid(), 0)


def _signal_all() -> None:
    os.kill(-1, 0)


def _machine_code() -> None:
    mmap.mmap(-1, 4096, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def _shared_memory() -> None:
    mmap.mmap(-1, 4096, mmap.MAP_SHARED).close()


def _much_memory() -> None:
    bytearray(GIB)


def _become_root() -> None:
    os.setuid(0)


def _priority() -> None:
    os.setpriority(os.PRIO_PROCESS, 0, 0)


def _namespace() -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(0x1000_0000) != 0:  # a user namespace
        raise OSError(ctypes.get_errno(), "unshare")


PROBES: dict[str, Callable[[], None]] = {
    "read a file": _open,
    "list a folder": _list,
    "make a file": _create,
    "read its environment from /proc": _own_environment,
    "open a network socket": _internet,
    "open a unix socket": _unix_socket,
    "start a process": _fork,
    "start a thread": _thread,
    "signal its parent": _signal_parent,
    "signal every process": _signal_all,
    "make memory executable": _machine_code,
    "share memory": _shared_memory,
    "take 1 GiB of memory": _much_memory,
    "become root": _become_root,
    "raise its priority": _priority,
    "make a namespace": _namespace,
    "run another program": _exec,
}
"""By what it would be called in a sentence; each returns if it could."""


def run_probes(request: Run, channel: Channel) -> None:
    """Try everything, and say of each how it went: a line ``name<TAB>could|refused<TAB>how``."""
    channel.emit(Started(cells=[]))

    def tell(name: str, how: str, detail: str) -> None:
        channel.emit(Output(cell=0, stream="stdout", text=f"{name}\t{how}\t{detail}\n"))

    for name, probe in PROBES.items():
        try:
            probe()
        except (OSError, MemoryError, RuntimeError) as problem:
            tell(name, "refused", str(problem) or type(problem).__name__)
        else:
            tell(name, "could", "")
    if os.uname().machine == "x86_64":
        signal.signal(signal.SIGSYS, signal.SIG_IGN)  # a filter that kills does not ask
        tell(FOREIGN, "trying", "")
        try:
            linux.syscall(_X32_GETPID)
        except OSError as problem:
            tell(FOREIGN, "refused", str(problem))
        else:
            tell(FOREIGN, "could", "")
    channel.emit(Finished(status="ok", wall_ms=0.0))
