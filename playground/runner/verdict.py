"""How an ending is put in a plain sentence: by what we did and what the kernel measured.

Not by the exit code alone, which a program can choose.
"""

from __future__ import annotations

import re
import signal

from playground.protocol import Finished, Status
from playground.runner.limits import KIB, MIB, Limits
from playground.runner.wire import Exited

_FAULT_LINE = re.compile(rb'File "<program[^"]*", line (\d{1,9})')
_ITS_OWN: frozenset[Status] = frozenset({"ok", "error", "timeout", "memory", "output_limit"})
"""What a child may say of itself: how its program went, and the limits it can meet without our doing."""


def fault_line(fault: bytes) -> int:
    """The program's line in faulthandler's last traceback, 0 if it names none. Only the number is used, because a
    stranger could have written it."""
    found = _FAULT_LINE.search(fault.rpartition(b"(most recent call first)")[2])
    return int(found[1]) if found else 0


def own_word(said: Finished, limits: Limits) -> tuple[Status, str]:
    """The status and sentence of a child that ended by itself in good order."""
    status = said.status if said.status in _ITS_OWN else "error"
    return status, said.message or sentence(status, limits)


def sentence(status: Status, limits: Limits, line: int = 0) -> str:
    """A plain sentence for an ending, empty for ``ok``."""
    where = f" at line {line}" if line else ""
    match status:
        case "ok":
            return ""
        case "error":
            return "The program ended with an error."
        case "cancelled":
            return "The run was stopped."
        case "timeout":
            return f"The run was stopped{where}: it took longer than {limits.wall_soft_s:g} s."
        case "memory":
            return f"The program ran out of memory{where}: it may use {limits.memory_bytes // MIB:,} MiB."
        case "output_limit":
            return f"The run was stopped: it printed more than {limits.output_kill_bytes // KIB:,} KiB."
        case "crashed":
            return f"The program's process ended unexpectedly{where}."


def unexpected(how: Exited | None, limits: Limits, line: int) -> tuple[Status, str]:
    """The status and sentence of a process that died without our doing; `how` is None if it went with the zygote."""
    if how is None:
        return (
            "crashed",
            "The program's process was lost because the server's worker pool restarted; run it again.",
        )
    if how.status < 0 and how.peak_bytes >= 0.9 * limits.memory_bytes:
        # C code that does not check an allocation dies of it, and so does who the kernel picks when memory is short.
        return "memory", sentence("memory", limits, line)
    where = f" at line {line}" if line else ""
    if how.status >= 0:
        return "crashed", f"The program's process exited{where} by itself (exit code {how.status}) too early."
    try:
        name = f"{signal.Signals(-how.status).name} ({signal.strsignal(-how.status)})"
    except ValueError:
        name = f"signal {-how.status}"
    return "crashed", f"The program's process was ended{where} by {name}."
