"""``torch.profiler``: the profiler of `engine.autograd.profiler`, step by step, with a schedule and handlers."""

from __future__ import annotations

import json
import os
import socket
import time
import warnings
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from engine.autograd import profiler as base
from engine.autograd.profiler import record_function
from engine.autograd.profiler_events import EventList, FunctionEvent, FunctionEventAvg
from engine.autograd.profiler_trace import write_trace
from engine.cuda import is_available

__all__ = [
    "FunctionEvent",
    "FunctionEventAvg",
    "ProfilerAction",
    "ProfilerActivity",
    "profile",
    "record_function",
    "schedule",
    "supported_activities",
    "tensorboard_trace_handler",
]


class ProfilerActivity(Enum):
    """What is watched: the CPU's and CUDA's times are known here."""

    CPU = 0
    XPU = 1
    MTIA = 2
    CUDA = 3
    HPU = 4
    PrivateUse1 = 5


class ProfilerAction(Enum):
    """What to do in a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3
    DEVICE_STOPPED = 4


def supported_activities() -> set[ProfilerActivity]:
    """What can be watched: the CPU, and CUDA where there is a device."""
    return {ProfilerActivity.CPU, ProfilerActivity.CUDA} if is_available() else {ProfilerActivity.CPU}


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0, skip_first_wait: int = 0
) -> Callable[[int], ProfilerAction]:
    """Which steps to record: after `skip_first`, cycles of `wait` idle, `warmup` discarded and `active` recorded steps.

    Args:
        repeat: how many cycles; 0 for no end.
        skip_first_wait: not 0 to leave out the first cycle's `wait`.

    Raises:
        AssertionError: for negative numbers, or no active step.
    """
    if not (wait >= 0 and warmup >= 0 and active > 0 and repeat >= 0 and skip_first >= 0):
        raise AssertionError(
            f"Invalid profiler schedule arguments. Got wait={wait} (need >= 0), warmup={warmup} (need >= 0), "
            f"active={active} (need > 0), repeat={repeat} (need >= 0), skip_first={skip_first} (need >= 0)."
        )
    if warmup == 0:
        warnings.warn("Profiler won't be using warmup, this can skew profiler results", stacklevel=2)

    def action(step: int) -> ProfilerAction:
        if step < 0:
            raise AssertionError(f"Step must be non-negative. Got {step}.")
        if step < skip_first:
            return ProfilerAction.NONE
        step -= skip_first
        if skip_first_wait:
            step += wait
        cycle = wait + warmup + active
        if repeat and step // cycle >= repeat:
            return ProfilerAction.NONE
        place = step % cycle
        if place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD_AND_SAVE if place == cycle - 1 else ProfilerAction.RECORD

    return action


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False
) -> Callable[[Any], None]:
    """A handler for `profile` that writes each trace into `dir_name`, as TensorBoard's plugin expects to find it."""

    def handle(prof: profile) -> None:
        os.makedirs(dir_name, exist_ok=True)
        worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        name = f"{worker}.{time.time_ns()}.pt.trace.json"
        prof.export_chrome_trace(os.path.join(dir_name, name + (".gz" if use_gzip else "")))

    return handle


class profile:
    """Record what runs inside a ``with`` block, or the steps of it that a schedule picks.

    Args:
        activities: CUDA among them has the device timed too; the CPU always is.
        schedule: from a step's number to a `ProfilerAction`; the program calls `step` at the end of each.
        on_trace_ready: called with the profile whenever a cycle of recorded steps has ended.
        record_shapes, profile_memory, with_stack: see `engine.autograd.profiler.profile`.
        with_flops: see `engine.autograd.profiler.profile`.
        with_modules, acc_events, experimental_config, execution_trace_observer: accepted.
    """

    def __init__(
        self,
        *,
        activities: Iterable[ProfilerActivity] | None = None,
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[[Any], Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        with_modules: bool = False,
        experimental_config: Any = None,
        execution_trace_observer: Any = None,
        acc_events: bool = False,
        use_cuda: bool | None = None,
        custom_trace_id_callback: Any = None,
    ) -> None:
        if use_cuda is not None:
            warnings.warn(
                "`use_cuda` is deprecated, use `activities` argument instead", FutureWarning, stacklevel=2
            )
        self.activities = set(activities) if activities is not None else supported_activities()
        if not self.activities:
            raise AssertionError("No valid profiler activities found")
        self.record_shapes = record_shapes
        self.profile_memory = profile_memory
        self.with_stack = with_stack
        self.with_flops = with_flops
        self.with_modules = with_modules
        self.use_device = "cuda" if ProfilerActivity.CUDA in self.activities else None
        self.on_trace_ready = on_trace_ready
        self.step_num = 0
        self.profiler: base.profile | None = None
        self.current_action = ProfilerAction.NONE
        self._schedule = schedule
        self._options: dict[str, Any] = {
            "record_shapes": record_shapes,
            "profile_memory": profile_memory,
            "with_stack": with_stack,
            "with_flops": with_flops,
            "with_modules": with_modules,
            "use_device": self.use_device,
            "use_cpu": ProfilerActivity.CPU in self.activities,
        }
        self._metadata: dict[str, Any] = {}
        self._running = False
        self._step: record_function | None = None

    def _action(self) -> ProfilerAction:
        return ProfilerAction.RECORD if self._schedule is None else self._schedule(self.step_num)

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin; a ``with`` block does it."""
        self.current_action = self._action()
        self._record()

    def stop(self) -> None:
        """End; what has been recorded so far counts as a trace."""
        self._end_step()
        if self._running:
            saved = self.current_action in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)
            self._halt()
            if saved and self.on_trace_ready is not None:
                self.on_trace_ready(self)
        self.current_action = ProfilerAction.NONE

    def step(self) -> None:
        """The program says that a step has ended."""
        self._end_step()
        before = self.current_action
        self.step_num += 1
        self.current_action = self._action()
        if self._running and before == ProfilerAction.RECORD_AND_SAVE:
            self._halt()
            if self.on_trace_ready is not None:
                self.on_trace_ready(self)
        elif self._running and self.current_action in (ProfilerAction.NONE, ProfilerAction.WARMUP):
            self._halt()
        self._record()

    def _record(self) -> None:
        if self.current_action not in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE):
            return
        if not self._running:
            self.profiler = base.profile(**self._options)
            self.profiler.__enter__()
            self._running = True
        if self._schedule is not None:
            self._step = record_function(f"ProfilerStep#{self.step_num}")
            self._step.__enter__()

    def _end_step(self) -> None:
        if self._step is not None:
            self._step.__exit__(None, None, None)
            self._step = None

    def _halt(self) -> None:
        assert self.profiler is not None
        self.profiler.__exit__()
        self._running = False

    # --- What was recorded -----------------------------------------------------------------------------------------

    def _recorded(self) -> base.profile:
        if self.profiler is None:
            raise AssertionError("Profiler must be initialized before getting key averages")
        return self.profiler

    def events(self) -> EventList:
        """Every event of the last trace."""
        return self._recorded()._events()

    def key_averages(
        self,
        group_by_input_shape: bool = False,
        group_by_stack_n: int = 0,
        group_by_overload_name: bool = False,
    ) -> EventList:
        """Averages by name (steps together), and by input shapes or the innermost lines of the stack, if asked."""
        averages = self.events().key_averages(group_by_input_shape, group_by_stack_n)
        steps = [e for e in averages if e.key.startswith("ProfilerStep#")]
        for e in steps:
            e.key = "ProfilerStep*"
        for e in steps[1:]:
            steps[0].add(e)
            averages.remove(e)
        return averages

    def add_metadata(self, key: str, value: str) -> None:
        """Add a text to the trace."""
        self._metadata[key] = value

    def add_metadata_json(self, key: str, value: str) -> None:
        """Add a JSON value, given as text, to the trace."""
        self._metadata[key] = json.loads(value)

    def export_chrome_trace(self, path: str) -> None:
        """Write the trace as JSON for Perfetto and chrome://tracing; compressed if `path` ends in ``.gz``."""
        facts = {
            name: 1
            for name in ("with_stack", "profile_memory", "record_shapes", "with_modules", "with_flops")
            if getattr(self, name)
        }
        write_trace(path, self.events(), **facts, **self._metadata, traceName=path)

    def export_memory_timeline(self, path: str, device: str | None = None) -> None:
        """Refused.

        Raises:
            NotImplementedError: always; it is deprecated in PyTorch.
        """
        raise NotImplementedError(
            "export_memory_timeline() is not implemented (PyTorch deprecates it). The trace of export_chrome_trace() "
            "has every allocation, and key_averages().table(sort_by='self_cpu_memory_usage') their sums"
        )

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """Write ``outer;inner;aten::mul 12`` lines (microseconds), which flame graph tools read.

        Raises:
            AssertionError: without `with_stack`. ValueError: for another `metric`.
        """
        self._recorded().export_stacks(path, metric)

    def preset_metadata_json(self, key: str, value: str) -> None:
        """As `add_metadata_json`, before the profile begins."""
        self.add_metadata_json(key, value)
