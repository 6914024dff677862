"""A process that holds the GPU and runs one program: started ahead with exec, because a CUDA context does not survive a
fork. It is not sealed. Run as ``python -m playground.runner.gpu``."""

from __future__ import annotations

import importlib
import math
import os
import resource
import signal
import sys
import time
import traceback

import msgspec

from playground.runner import child, linux, wire
from playground.runner.channel import Channel, NotHere
from playground.runner.child import Pipes
from playground.runner.limits import MIB, Limits

_OUTPUT_FD = 6
"""Where the program's output pipe is until the program comes: what is said before that is for the server's log."""
_SAID_FD = 7
_FILE_BYTES = 64 * MIB
"""CuPy keeps what it has compiled in files."""
_CUDA_BYTES = 1024 * MIB
"""Of private memory, for modules of the driver that are loaded and kernels that are compiled while a program runs."""
_CUDA_DESCRIPTORS = 64
_encode = msgspec.msgpack.Encoder().encode


def main(pipes: Pipes, said: int, parent: int, entry: str, limits: Limits) -> None:
    """Prepare, say through `said` whether that went well, and run the program that comes.

    `entry` is ``module:function``; the module's ``prepare(limits)`` takes the card and returns its name.
    """
    module, _, function = entry.partition(":")

    def become() -> Channel:
        null = os.open(os.devnull, os.O_RDONLY)
        here = {0: null, 1: 1, 2: 2, _OUTPUT_FD: pipes.output, _SAID_FD: said}
        child.keep_only(here | child.talk(pipes))
        os.chdir("/")
        linux.die_with_parent(parent, signal.SIGKILL)  # also while the driver hangs
        linux.yield_to_others()
        try:
            card = importlib.import_module(module).prepare(limits)
        except Exception as problem:
            why, trace = f"{type(problem).__name__}: {problem}", traceback.format_exc()
            if isinstance(problem, NotHere):
                why, trace = str(problem), ""
            os.write(_SAID_FD, _encode(wire.Unusable(reason=why[:300], traceback=trace[-8_000:])))
            raise
        _limit(limits)
        child.give_up_rights(parent)  # only now: another user may not be permitted to read what was imported
        for place in (1, 2):
            os.dup2(_OUTPUT_FD, place)
        os.close(_OUTPUT_FD)
        channel = child.listen(limits)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        os.write(_SAID_FD, _encode(wire.Usable(card=card[:100], peak_bytes=peak)))
        os.close(_SAID_FD)
        return channel

    child.one_program(become, lambda *run: getattr(sys.modules[module], function)(*run))


def _limit(limits: Limits) -> None:
    """What CUDA bears: no limit of the address space, of which it reserves more than there is memory, nor of threads,
    of which the driver has some."""
    used = math.ceil(time.process_time())
    data = child.memory().data + limits.memory_bytes + _CUDA_BYTES
    descriptors = max(map(int, os.listdir("/proc/self/fd"))) + _CUDA_DESCRIPTORS + limits.descriptors
    for which, *wanted in (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, _FILE_BYTES, _FILE_BYTES),
        (resource.RLIMIT_NOFILE, descriptors, descriptors),
        (
            resource.RLIMIT_CPU,
            used + limits.cpu_soft_s,
            used + limits.cpu_hard_s + limits.interactive_cpu_s,
        ),
        (resource.RLIMIT_DATA, data, data),
    ):
        _, most = resource.getrlimit(which)
        soft, hard = (one if most == resource.RLIM_INFINITY else min(one, most) for one in wanted)
        resource.setrlimit(which, (soft, hard))


if __name__ == "__main__":
    commands, frames, output, fault, status, supervisor = map(int, sys.argv[1:7])
    settled = msgspec.json.decode(sys.argv[8], type=Limits)
    main(Pipes(commands, frames, output, fault), status, supervisor, sys.argv[7], settled)
