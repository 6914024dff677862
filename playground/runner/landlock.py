"""Landlock: a second wall around files, TCP ports and signals, on kernels that have it (5.13 and newer).

A bonus: the system-call filter already lets no file be opened. See landlock(7).
"""

from __future__ import annotations

import errno
import os
import struct

from playground.runner import linux

_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_VERSION = 1
_FS_BITS = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many kinds of access to files each version of the interface knows; 16 from the fifth on."""


def version() -> int:
    """Of the kernel's interface; 0 if there is no Landlock, or whoever started this process does not let us ask."""
    try:
        return linux.syscall(_CREATE_RULESET, 0, 0, _VERSION)
    except OSError as problem:
        if problem.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
            return 0
        raise


def deny_all(known: int) -> None:
    """Give up every access that this version of Landlock can take: no rule is added that would allow one."""
    files = (1 << _FS_BITS.get(known, 16)) - 1
    rules = struct.pack("=Q", files)
    if known >= 4:
        rules += struct.pack("=Q", 0b11)  # binding and connecting TCP sockets
    if known >= 6:
        rules += struct.pack("=Q", 0b11)  # abstract unix sockets and signals to processes outside
    ruleset = linux.syscall(_CREATE_RULESET, linux.address_of(rules), len(rules), 0)
    try:
        linux.syscall(_RESTRICT_SELF, ruleset, 0, 0)
    finally:
        os.close(ruleset)
