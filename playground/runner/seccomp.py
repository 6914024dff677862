"""The system-call filter of a child: a list of what it may ask of the kernel; everything else is refused.

The filter is a program in classic BPF that the kernel runs at every system call (seccomp(2)). It is built once, where
children are forked from, and installed by each with one call. What is refused fails with an errno that Python turns
into an exception with a line; what only an attack would try (another processor's system calls) ends the process.

Numbers are the kernel's, which never change: ``arch/x86/entry/syscalls/syscall_64.tbl`` and
``include/uapi/asm-generic/unistd.h`` (aarch64).
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from playground.runner import linux

ALLOW = 0x7FFF0000
KILL = 0x80000000
_ERRNO = 0x00050000

_PROT_EXEC = 4
_MAP_SHARED = 1  # also a bit of MAP_SHARED_VALIDATE
_RLIMIT_CPU = 0
_X32 = 0x40000000
"""From here on the numbers of x86-64 mean its 32-bit-pointer variant, which takes other arguments."""


class Machine(msgspec.Struct, frozen=True):
    """A processor architecture: how the kernel names it, and its numbers."""

    audit: int
    calls: dict[str, int]
    x32: bool = False


_CALLS = """
read                 0   63
write                1   64
close                3   57
fstat                5   80
poll                 7    -
lseek                8   62
mmap                 9  222
mprotect            10  226
munmap              11  215
brk                 12  214
rt_sigaction        13  134
rt_sigprocmask      14  135
rt_sigreturn        15  139
ioctl               16   29
readv               19   65
writev              20   66
select              23    -
sched_yield         24  124
mremap              25  216
madvise             28  233
nanosleep           35  101
getitimer           36  102
setitimer           38  103
getpid              39  172
clone               56  220
fork                57    -
vfork               58    -
exit                60   93
uname               63  160
getcwd              79   17
gettimeofday        96  169
getrusage           98  165
sysinfo             99  179
times              100  153
getuid             102  174
getgid             104  176
geteuid            107  175
getegid            108  177
getppid            110  173
getpgrp            111    -
getgroups          115  158
getresuid          118  148
getresgid          120  150
getpgid            121  155
getsid             124  156
sigaltstack        131  132
gettid             186  178
time               201    -
futex              202   98
sched_getaffinity  204  123
restart_syscall    219  128
clock_gettime      228  113
clock_getres       229  114
clock_nanosleep    230  115
exit_group         231   94
pselect6           270   72
ppoll              271   73
set_robust_list    273   99
prlimit64          302  261
getcpu             309  168
getrandom          318  278
rseq               334  293
clone3             435  435
"""
"""What a child may ask for at all, with the number on x86-64 and on aarch64; ``-`` where there is no such call."""


def _numbers(column: int) -> dict[str, int]:
    rows = [line.split() for line in _CALLS.split("\n") if line]
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


_X86_64 = Machine(audit=0xC000003E, calls=_numbers(1), x32=True)
_AARCH64 = Machine(audit=0xC00000B7, calls=_numbers(2))
MACHINES = {"x86_64": _X86_64, "aarch64": _AARCH64, "arm64": _AARCH64}

REFUSED = {
    # What C code asks of the terminal that it hopes to have, and of the processes and threads it cannot have.
    "ioctl": errno.ENOTTY,
    "clone": errno.EAGAIN,
    "fork": errno.EAGAIN,
    "vfork": errno.EAGAIN,
    "clone3": errno.ENOSYS,
}
"""Refused like everything that is not allowed, but with the errno that callers understand."""

CONDITIONAL = ("mmap", "mprotect", "prlimit64")
"""Allowed for some arguments only."""


class Instruction(NamedTuple):
    """One of classic BPF: opcode, jumps over so many if true and if false, constant."""

    code: int
    true: int
    false: int
    k: int


def _load(offset: int) -> Instruction:
    return Instruction(0x20, 0, 0, offset)


def _load_argument(index: int, *, high: bool = False) -> Instruction:
    return _load(16 + 8 * index + (4 if high else 0))  # both architectures are little-endian


def _if_equal(k: int, true: int, false: int = 0) -> Instruction:
    return Instruction(0x15, true, false, k)


def _if_at_least(k: int, true: int, false: int = 0) -> Instruction:
    return Instruction(0x35, true, false, k)


def _if_any_bit(k: int, true: int, false: int = 0) -> Instruction:
    return Instruction(0x45, true, false, k)


def _return(action: int) -> Instruction:
    return Instruction(0x06, 0, 0, action)


def refuse(number: int) -> int:
    """The action that makes a system call fail with this errno."""
    return _ERRNO | number


_NO = _return(refuse(errno.EACCES))


def _conditions() -> dict[str, Sequence[Instruction]]:
    """For each conditional call what follows once its number is known."""
    return {
        # No memory that can be executed, and none that another process could share.
        "mmap": (
            _load_argument(2),
            _if_any_bit(_PROT_EXEC, 3),
            _load_argument(3),
            _if_any_bit(_MAP_SHARED, 1),
            _return(ALLOW),
            _NO,
        ),
        "mprotect": (_load_argument(2), _if_any_bit(_PROT_EXEC, 1), _return(ALLOW), _NO),
        # Its own limits may be read. That of processor time may be set: up to the hard limit, when the program has
        # ended and questions are answered.
        "prlimit64": (
            _load_argument(0),
            _if_equal(0, 0, 7),
            _load_argument(1),
            _if_equal(_RLIMIT_CPU, 4),
            _load_argument(2),
            _if_equal(0, 0, 3),
            _load_argument(2, high=True),
            _if_equal(0, 0, 1),
            _return(ALLOW),
            _NO,
        ),
    }


def build(machine: Machine) -> list[Instruction]:
    """The whole filter for one architecture."""
    calls = machine.calls
    program = [_load(4), _if_equal(machine.audit, 1), _return(KILL), _load(0)]
    if machine.x32:
        program += [_if_at_least(_X32, 0, 1), _return(KILL)]
    for name, block in _conditions().items():
        program += [_if_equal(calls[name], 0, len(block)), *block]
    for name, number in REFUSED.items():
        if name in calls:
            program += [_if_equal(calls[name], 0, 1), _return(refuse(number))]
    allowed = [calls[name] for name in calls if name not in REFUSED and name not in CONDITIONAL]
    for left, number in zip(range(len(allowed), 0, -1), allowed, strict=True):
        program.append(_if_equal(number, left))
    return [*program, _NO, _return(ALLOW)]


def here() -> Machine:
    """This machine's. Raises OSError where there is no filter for it."""
    name = platform.machine()
    if name not in MACHINES:
        raise OSError(
            errno.ENOSYS, f"there is a system-call filter for {' and '.join(MACHINES)}, not for {name}"
        )
    return MACHINES[name]


class Filter:
    """The filter in memory, ready to be installed."""

    def __init__(self, program: Sequence[Instruction]) -> None:
        self._code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *one) for one in program))
        # struct sock_fprog: a count, then a pointer at the next multiple of its size.
        self._header = ctypes.create_string_buffer(
            struct.pack("@HP", len(program), ctypes.addressof(self._code))
        )

    def install(self) -> None:
        """From now on, and for ever, for this thread and what it starts. NO_NEW_PRIVS must be set."""
        linux.set_filter(ctypes.addressof(self._header))
