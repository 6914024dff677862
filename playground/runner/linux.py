"""The few Linux calls Python has no function for."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_MADV_COLLAPSE = 25
_HUGE = 2 * 1024 * 1024
_CAPABILITIES_VERSION = 0x20080522
_CAPSET = {"x86_64": 126, "aarch64": 91, "arm64": 91}
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274, "arm64": 274}
_SHORTEST_SLICE_NS = 100_000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
_libc.prctl.restype = ctypes.c_int
_libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
_libc.syscall.argtypes = [ctypes.c_long] + [ctypes.c_ulong] * 3
_libc.syscall.restype = ctypes.c_long

# Holds Python's lock meanwhile, as a fork must: whoever holds it goes on in the child.
_locked = ctypes.PyDLL(None, use_errno=True)

_SECCOMP_MODE_FILTER = 2


def _prctl(option: int, value: int, more: int = 0) -> None:
    if _libc.prctl(option, value, more, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}, {value}): {os.strerror(number)}")


def die_with_parent(parent: int, signal: int) -> None:
    """Have the kernel send `signal` to this process when `parent` dies. A change of user id undoes it."""
    _prctl(_PR_SET_PDEATHSIG, signal)
    if os.getppid() != parent:
        os._exit(1)  # it died before the call


def hide_memory(hidden: bool = True) -> None:
    """No core dumps, and no other process of the same user may attach to or read this one. Most of /proc/self then
    belongs to root. A fork inherits it, an exec undoes it."""
    _prctl(_PR_SET_DUMPABLE, 0 if hidden else 1)


def drop_capabilities() -> None:
    """Give up what the system administrator may have given this process beyond its user's rights, capabilities(7)."""
    number = _CAPSET.get(platform.machine())
    if number is not None:
        header, nothing = struct.pack("=Ii", _CAPABILITIES_VERSION, 0), bytes(24)
        syscall(number, address_of(header), address_of(nothing))


def yield_to_others() -> None:
    """Have every process that is woken take the processor from this one: least nice, batch, and with the shortest time
    slice, which Linux lets each finish before another comes (since 6.6; it can be asked for since 6.12, sched(7))."""
    os.nice(19)
    # What has waited long is owed time, and would take the processor from who sends it a command. A batch process never
    # does.
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    number = _SCHED_SETATTR.get(platform.machine())
    if number is not None:
        size = struct.calcsize("=IIQiIQQQ")
        attributes = struct.pack("=IIQiIQQQ", size, os.SCHED_BATCH, 0, 19, 0, _SHORTEST_SLICE_NS, 0, 0)
        with contextlib.suppress(OSError):  # where it cannot be asked for, it is no worse than it was
            syscall(number, 0, address_of(attributes))


def gather_memory() -> None:
    """Have this process's own memory lie in pages of 2 MiB, as far as it fills such. A fork then copies one entry of
    the page table where it copied 512, and the end of the child undoes one. Without effect before Linux 6.1."""
    with open("/proc/self/maps", encoding="ascii") as lines:
        mappings = [line.split() for line in lines]
    for where, rights, _, _, _, *name in mappings:
        if rights == "rw-p" and name in ([], ["[heap]"]):
            start, end = (int(text, 16) for text in where.split("-"))
            for place in range(-(-start // _HUGE) * _HUGE, end - _HUGE + 1, _HUGE):
                # It refuses what is nearly empty, and everything where there are no such pages.
                _libc.madvise(place, _HUGE, _MADV_COLLAPSE)


def fork() -> int:
    """`os.fork` for a process of one thread whose child seeds its own random numbers: without what Python does in the
    child about other threads, their locks and `random`, which takes a third of the time. Raises OSError."""
    pid: int = _locked.fork()
    if pid < 0:
        problem = ctypes.get_errno()
        raise OSError(problem, f"fork: {os.strerror(problem)}")
    return pid


def adopt_orphans() -> None:
    """Orphaned descendants become this process's children, so that it can reap them."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def forbid_new_privileges() -> None:
    """No exec from here on gains anything from a set-user-id file; required before a seccomp filter."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def set_filter(program: int) -> None:
    """Install the system-call filter whose ``struct sock_fprog`` is at this address."""
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, program)


def syscall(number: int, *arguments: int) -> int:
    """A system call of up to three numbers. Raises OSError."""
    result: int = _libc.syscall(number, *arguments, *[0] * (3 - len(arguments)))
    if result < 0:
        problem = ctypes.get_errno()
        raise OSError(problem, f"system call {number}: {os.strerror(problem)}")
    return result


def address_of(data: bytes) -> int:
    """Where the bytes lie; valid as long as the object is."""
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0
