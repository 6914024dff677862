"""What a child does between the fork and the program: give up everything it was born with, in an order that works."""

from __future__ import annotations

import faulthandler
import fcntl
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

import msgspec

from playground.protocol import Parse, Run
from playground.runner import landlock, linux, seccomp
from playground.runner.channel import COMMANDS_FD, DEVICE_FD, FAULT_FD, FRAMES_FD, Channel
from playground.runner.limits import MIB, Limits

Entry = Callable[[Run | Parse, Channel], None]

_NOBODY = 65_534


class Memory(msgspec.Struct, frozen=True):
    """What a process has mapped, in bytes: private writable data, and everything."""

    data: int
    address_space: int


def memory() -> Memory:
    """Of this process."""
    found = {}
    with open("/proc/self/status", encoding="ascii") as lines:
        for line in lines:
            key, _, value = line.partition(":")
            if key in ("VmData", "VmSize"):
                found[key] = int(value.split()[0]) * 1024
    return Memory(data=found["VmData"], address_space=found["VmSize"])


class Pipes(msgspec.Struct, frozen=True):
    """The child's ends of its four pipes, and of its socket for the device server if there is one."""

    commands: int
    frames: int
    output: int
    fault: int
    device: int = -1


class Seal:
    """What closes a child off from the system, made once where children are forked from.

    Raises OSError where there is no system-call filter for this machine.
    """

    def __init__(self) -> None:
        self._filter = seccomp.Filter(seccomp.build(seccomp.here()))
        self._landlock = landlock.version()

    def close(self) -> None:
        """Seal this process, for ever. Nothing can be opened, started or signalled from here on."""
        if self._landlock:
            landlock.deny_all(self._landlock)
        self._filter.install()


def run(
    pipes: Pipes,
    limits: Limits,
    base: Memory,
    entry: Entry,
    rehearse: Callable[[], None],
    parent: int,
    seal: Seal | None,
) -> NoReturn:
    """Become the one-shot child. `base` is the zygote's memory, `parent` its process id; without a `seal` (development
    on systems that have none) the program keeps what its user may do. `rehearse` is done when all else is, before a
    program comes."""

    def become() -> Channel:
        null = os.open(os.devnull, os.O_RDONLY)
        keep_only({0: null, 1: pipes.output, 2: pipes.output} | talk(pipes))
        os.chdir("/")
        give_up_rights(parent)
        linux.hide_memory()
        _limit(limits, base)
        channel = listen(limits)
        if seal is not None:
            seal.close()
        rehearse()
        return channel

    one_program(become, entry)


def one_program(become: Callable[[], Channel], entry: Entry) -> NoReturn:
    """Prepare this process, serve the one request that comes, and end, whatever happens."""
    status = 1
    try:
        channel = become()
        entry(channel.request(), channel)
        status = 0
    except EOFError:
        pass  # parked, and not needed after all
    except BaseException:
        os.write(FAULT_FD, traceback.format_exc().encode(errors="replace")[-8192:])
    finally:
        try:
            for stream in (sys.__stdout__, sys.__stderr__):
                if stream is not None:
                    stream.flush()
        finally:
            os._exit(status)


def talk(pipes: Pipes) -> dict[int, int]:
    """Where the pipes on which a program's process and the supervisor talk have to be, for `keep_only`."""
    places = {FRAMES_FD: pipes.frames, COMMANDS_FD: pipes.commands, FAULT_FD: pipes.fault}
    return places if pipes.device < 0 else places | {DEVICE_FD: pipes.device}


def listen(limits: Limits) -> Channel:
    """Take the signals over that interrupt a program, and have its line named when it crashes or is asked for."""
    channel = Channel(limits)
    faulthandler.enable(FAULT_FD, all_threads=False)
    faulthandler.register(signal.SIGUSR1, FAULT_FD, all_threads=False)
    channel.install()
    linux.forbid_new_privileges()
    return channel


def keep_only(places: dict[int, int]) -> None:
    """Have these descriptors, by the numbers they get, which are all from 0; every other one is closed."""
    above = max(places) + 1
    moved = {
        # Out of the way of the numbers they are going to have, wherever others are now.
        target: fcntl.fcntl(source, fcntl.F_DUPFD_CLOEXEC, above)
        for target, source in places.items()
    }
    for target, source in moved.items():
        os.dup2(source, target, inheritable=False)
    os.closerange(above, os.sysconf("SC_OPEN_MAX"))


def give_up_rights(parent: int) -> None:
    """Be nobody in particular, with nothing that an administrator may have lent, who dies with `parent`."""
    linux.hide_memory(False)  # or the next line is not permitted; there is nothing to hide yet
    file = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    os.write(file, b"1000")
    os.close(file)
    be_nobody(parent)
    linux.yield_to_others()


def be_nobody(parent: int) -> None:
    """Have no more rights than any user, and die with `parent`."""
    if os.geteuid() == 0:
        # Root is exempt from RLIMIT_NPROC and from file permissions: a server that runs as root must not lend that.
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    linux.drop_capabilities()
    linux.die_with_parent(parent, signal.SIGKILL)


def _limit(limits: Limits, base: Memory) -> None:
    cpu = (limits.cpu_soft_s, limits.cpu_hard_s + limits.interactive_cpu_s)
    # DATA makes NumPy and Python raise MemoryError with a line; AS also counts what is mapped shared or read-only.
    data = base.data + limits.memory_bytes
    space = base.address_space + limits.memory_bytes + 64 * MIB
    for which, (soft, hard) in {
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_NPROC: (0, 0),
        resource.RLIMIT_MEMLOCK: (0, 0),
        resource.RLIMIT_NOFILE: (limits.descriptors, limits.descriptors),
        resource.RLIMIT_CPU: cpu,
        resource.RLIMIT_DATA: (data, data),
        resource.RLIMIT_AS: (space, space),
    }.items():
        resource.setrlimit(which, (soft, hard))
