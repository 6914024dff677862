"""Every limit on a run, in one table. `playground.settings` fills it from the environment."""

from __future__ import annotations

import os
from typing import Literal

import msgspec

KIB = 1024
MIB = 1024 * KIB


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run may use, what is accepted from it, and how many runs there may be. Units are in the names."""

    sandbox: Literal["strict", "off"] = "strict"
    """``strict``: a child is sealed by the kernel before it reads its program, or does not run."""

    # Time
    wall_soft_s: float = 10.0
    """The child is asked to stop (SIGUSR1 to name the line, then SIGALRM)."""
    wall_hard_s: float = 11.0
    """The child is killed."""
    cpu_soft_s: int = 10
    """SIGXCPU, treated as the soft deadline. A second line: it holds even if the supervisor hangs."""
    cpu_hard_s: int = 12
    interactive_cpu_s: int = 600
    """CPU seconds all answers to questions of one run may use on top of `cpu_hard_s`: someone may drag a control for
    half an hour before the process that answers is gone and the page has to run the program again."""
    interactive_s: float = 5.0
    """One answer to a question; killed one second later."""
    cancel_grace_s: float = 0.3
    """What a cancelled program has to hand in what it recorded, before it is killed."""
    parse_s: float = 3.0
    """Reading a program into blocks, or a table; killed one second later."""

    # What the child process may hold
    memory_bytes: int = 256 * MIB
    """On top of what the zygote has when it forks."""
    descriptors: int = 16

    # What the program may contain and send
    source_bytes: int = 64 * KIB
    source_lines: int = 2_000
    data_bytes: int = 1 * MIB
    """A table of the person's own, in UTF-8."""
    output_shown_bytes: int = 64 * KIB
    """stdout and stderr together; what comes after is counted but not shown."""
    output_kill_bytes: int = 256 * KIB
    results_bytes: int = 16 * MIB
    """All frames of the program's own run together, output not counted."""
    frame_bytes: int = 512 * KIB
    document_bytes: int = 2 * MIB
    """What reading a program may answer: every name of a long one, with where it stands."""
    frames: int = 300_000
    """Above what printing `output_kill_bytes` one character at a time takes."""
    events: int = 10_000
    """Messages to the browser, after joining."""
    operations: int = 20_000
    figures: int = 20
    points: int = 50_000
    preview_values: int = 1_000
    error_text_bytes: int = 8 * KIB

    # How many at once
    slots: int = msgspec.field(default_factory=_cores)
    """Programs running at the same time."""
    parked: int = 1
    """Children forked ahead, ready to read a program."""
    queue_per_slot: int = 8
    queue_wait_s: float = 15.0
    runs_per_address: int = 2
    """Programs of one address running at the same time, and beside them as many being read; further ones wait in the
    queue."""
    lingering: int = msgspec.field(default_factory=lambda: 2 * _cores())
    """Children kept (stopped) after their program ended, to answer questions; the oldest goes first."""
    linger_idle_s: float = 300.0
    commands_waiting: int = 8
    """Questions about one run waiting for an answer."""
    hold_s: float = 300.0
    """A program that is held between two training steps goes on when nothing has been asked for so long."""
    holding: int = msgspec.field(default_factory=lambda: 2 * _cores())
    """Programs held (stopped) at a time; the one held longest goes on first."""

    # The GPU
    gpu: Literal["off", "direct", "served"] = "off"
    """``direct``: a program that asks for CUDA runs unsealed, in a process with the card; for one's own machine.
    ``served``: it runs sealed, as all others do, and its CUDA tensors are in the device server; for strangers."""
    gpu_library: Literal["cupy", "numpy"] = "cupy"
    """What the device server computes with; ``numpy`` takes the same way where there is no card."""
    gpu_slots: int = 1
    """Programs running on the GPU at the same time, beside those on the CPU."""
    gpu_warm: int = 1
    """Processes that hold the card, ready to read a program."""
    gpu_kept: int = 1
    """Of those that have run one: kept (stopped) to answer questions, and as many held between two training steps."""
    gpu_start_s: float = 60.0
    """For one to be ready: kernels that are not on the disk yet have to be compiled."""
    gpu_memory_bytes: int = 2048 * MIB
    """Of the card's, on top of what CUDA itself takes for a process."""

    zygote_patience_s: float = 10.0
    """A zygote that has not forked for this long is replaced."""

    @property
    def command_bytes(self) -> int:
        """What one command may have as MessagePack: names of columns come on top of the program and the table."""
        return self.source_bytes + self.data_bytes + 512 * KIB

    @property
    def reading(self) -> Limits:
        """Those of a process that reads a program instead of running it."""
        return msgspec.structs.replace(
            self, wall_soft_s=self.parse_s, wall_hard_s=self.parse_s + 1, frame_bytes=self.document_bytes
        )

    # How results travel
    batch_s: float = 0.040
    batch_bytes: int = 16 * KIB
    unacknowledged_events: int = 200
    """Reading from the child pauses above this, once the browser has acknowledged anything at all."""
