"""One run of a program from its beginning: what it finds around it, its cells, and how it ended."""

from __future__ import annotations

import builtins
import functools
import gc
import linecache
import mmap
import random
import sys
import time
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from time import perf_counter
from typing import Any, NoReturn, TextIO

import numpy

from engine.autograd.anomaly import set_detect_anomaly
from engine.dtypes import float32, get_default_dtype, set_default_dtype
from engine.printing import set_printoptions
from engine.random import manual_seed
from engine.state import S
from playground.protocol import Error, Status
from playground.runner.channel import PROGRAM, Cancelled, Interrupt, SoftTimeout
from playground.runner.limits import KIB, MIB
from playground.worker import cells, errors, imports, show
from playground.worker.blocks import Blocks
from playground.worker.output import Channel, Outbox, OutputLimit, Stream, clean
from playground.worker.plots import pyplot
from playground.worker.recorder import Recorder
from playground.worker.training.hold import Steered
from playground.worker.training.monitor import Monitor

_RESERVE = 4 * MIB
"""Kept aside and given back when memory runs out, so that there is room to say so."""
_COLLECT_EVERY = 10_000
"""Objects made before Python looks for unreachable cycles."""


class Program:
    """A program that is run once. Nothing of what came before it in this process is seen by it."""

    def __init__(
        self,
        code: str,
        parts: list[cells.Part],
        seed: int,
        channel: Channel,
        *,
        streamed: bool = True,
        steered: Steered | None = None,
    ) -> None:
        """`parts` are the code's. What it does goes out through `channel`: as it happens, or when it has ended if it is
        not `streamed`. Its training is watched if there is someone who steers it."""
        self.status: Status = "ok"
        self.message = ""
        self.patience_s = float(channel.limits.wall_hard_s)
        """For explaining what was recorded, when it has ended."""
        self.failed = 0
        """Cells that ended with an error."""
        self.wall_ms = 0.0
        self.outbox = Outbox(channel)
        self.blocks = Blocks()
        self.recorder = Recorder(self.outbox, channel, self.blocks, streamed=streamed)
        self._parts = parts
        self.module = types.ModuleType("__main__", cells.docstring(code))
        self.monitor = (
            None
            if steered is None
            else Monitor(self.outbox, channel, self.blocks, self.recorder, self.module.__dict__, steered)
        )
        self._code, self._seed = code, seed
        self._channel = channel
        self._limits = channel.limits
        self._flags = 0
        self._reserve = _set_aside() if streamed else None

    @property
    def shown(self) -> Recorder:
        """Has the graph that questions are about: the whole run's, or that of the step at which it was held last."""
        return self.recorder if self.monitor is None else self.monitor.recorder

    def run(self) -> None:
        """Run it to its end, whichever that is. `surroundings` must be open, and imports restricted."""
        self._prepare()
        started = perf_counter()
        try:
            with (
                self._channel.interruptible(),
                self.recorder.watch(self.module.__dict__),
                self.monitor or nullcontext(),
            ):
                self._run_cells()
        except Interrupt as interrupt:
            self._interrupted(interrupt, perf_counter() - started)
        except OutputLimit:
            self._end(
                "output_limit",
                f"Stopped: the program printed more than {self._limits.output_kill_bytes // KIB} KiB.",
            )
        except MemoryError:
            self._out_of_memory()
        self.wall_ms = 1000 * (perf_counter() - started)
        self._reserve = None
        # What was recorded is worth sending even if the program was stopped; there is not much time for it then.
        self.outbox.close()
        if self.monitor is not None:
            self.monitor.finish()
        self.recorder.finish(self.patience_s)
        if self.failed and self.status == "ok":
            few = "The program" if len(self._parts) == 1 else f"{self.failed} of {len(self._parts)} cells"
            self._end("error", f"{few} ended with an error.")

    def _prepare(self) -> None:
        code, seed, limits = self._code, self._seed, self._limits
        lines = cells.text_lines(code)
        linecache.cache[PROGRAM] = (len(code), None, [line + "\n" for line in lines], PROGRAM)
        self.module.__dict__.update(__builtins__=builtins, __file__=PROGRAM)
        sys.modules["__main__"] = self.module
        sys.stdout, sys.stderr = Stream(self.outbox, "stdout"), Stream(self.outbox, "stderr")
        # Half a frame, because what is measured is a figure without its surroundings.
        pyplot.begin(self.outbox, limits.figures, limits.points, limits.frame_bytes * 3 // 4)
        # Recording makes many objects that stay: looking through them as often as Python does would take longer.
        gc.set_threshold(_COLLECT_EVERY, 20, 50)
        S.grad_enabled, S.inference, S.layers = True, False, ()
        set_default_dtype(float32)
        set_printoptions(profile="default")
        set_detect_anomaly(False)
        random.seed(seed)
        numpy.random.seed(seed % 2**32)
        manual_seed(seed)

        # Of a program before this one in the same process, what it stood for.
        sleep = getattr(time.sleep, "__wrapped__", time.sleep)

        @functools.wraps(sleep)
        def sleep_in_view(seconds: Any) -> None:
            # What it did so far is shown, and explained while there is nothing else to do.
            since = perf_counter()
            self.outbox.flush()
            self.recorder.explain_all()
            sleep(max(seconds - (perf_counter() - since), 0) if seconds > 0 else seconds)

        builtins.input = _no_input
        time.sleep = sleep_in_view

    def _run_cells(self) -> None:
        for part in self._parts:
            self.outbox.cell = part.cell.index
            self.recorder.begin_cell(part.cell.index)
            if self.monitor is not None:
                self.monitor.begin_cell(part.cell.index)
            try:
                self._run_cell(part)
            except SystemExit as leaving:
                self._leave(leaving)
                return
            except MemoryError as error:
                self._reserve = None
                self._show(error, part)
                self._out_of_memory()
                error.__traceback__ = None
                # What the program still holds may leave no room for it.
                with suppress(MemoryError):
                    self._reserve = _set_aside()
            except KeyboardInterrupt as error:
                self._show(error, part)
                return
            except (Interrupt, OutputLimit):
                raise
            except BaseException as error:
                self._show(error, part)
            self.outbox.flush()

    def _run_cell(self, part: cells.Part) -> None:
        try:
            compiled = cells.compile_part(part, self.blocks, self._flags)
        except (MemoryError, RecursionError):
            # The compiler's own limits, which have nothing to do with the program's memory.
            place = (PROGRAM, part.cell.line, None, None)
            raise SyntaxError("this cell is nested too deeply to be compiled", place) from None
        self._flags = compiled.flags
        for command in compiled.commands:
            self.outbox.notice(f"{command[:80]} is a notebook command; it is left out here.")
        names = self.module.__dict__
        try:
            exec(compiled.body, names)  # noqa: S102 (what this process is for)
            if compiled.value is not None:
                value = eval(compiled.value, names)  # noqa: S307
                if value is not None and not pyplot.show_value(value):
                    self.outbox.write("result", show.pretty(value))
        finally:
            pyplot.end_cell()
            if not isinstance(sys.exception(), Interrupt):  # else there is not much time left
                self.recorder.end_cell()

    def _show(self, error: BaseException, part: cells.Part) -> None:
        self.failed += 1
        failing = self.recorder.failing(error)
        described = errors.describe(error, part.cell.index, self._limits.error_text_bytes, failing)
        if not described.line:
            described.line = part.cell.line
        self.outbox.emit(described)

    def _leave(self, leaving: SystemExit) -> None:
        """`sys.exit()`: like Python, a text or a number other than 0 is a failure."""
        if leaving.code in (None, 0):
            if self.outbox.cell + 1 < len(self._parts):
                self.outbox.notice("The program ended itself here; the cells after this one did not run.")
            return
        message = (
            clean(str(leaving.code), 4_000)
            if isinstance(leaving.code, str)
            else f"SystemExit: {leaving.code}"
        )
        self.failed += 1
        self.outbox.emit(Error(message=message, cell=self.outbox.cell, line=errors.line_of(leaving)))

    def _interrupted(self, interrupt: Interrupt, seconds: float) -> None:
        # It is raised again until it is heeded; only the first time the program itself was running.
        line, earlier = interrupt.line, interrupt.__context__
        while isinstance(earlier, Interrupt):
            line, earlier = earlier.line or line, earlier.__context__
        place = f" It was at line {line}." if line else ""
        if isinstance(interrupt, SoftTimeout):
            self.patience_s = (self._limits.wall_hard_s - self._limits.wall_soft_s) / 2
            self._end(
                "timeout", f"Stopped after {seconds:.0f} s, the longest that a program may run here.{place}"
            )
        elif isinstance(interrupt, Cancelled):
            self.patience_s = self._limits.cancel_grace_s / 2
            self._end("cancelled", f"Stopped.{place}")

    def _out_of_memory(self) -> None:
        self._end(
            "memory", f"The program needed more than the {self._limits.memory_bytes // MIB} MiB it may use."
        )

    def _end(self, status: Status, message: str) -> None:
        self.status, self.message = status, message


def _set_aside() -> mmap.mmap:
    """Memory that is counted and, until somebody writes to it, takes none. Raises MemoryError if there is none."""
    try:
        return mmap.mmap(-1, _RESERVE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError as problem:
        raise MemoryError from problem


def _no_input(prompt: object = "", /) -> NoReturn:
    if prompt != "":
        print(prompt)
    raise EOFError("input() cannot ask anybody here; write the value into the program instead")


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    print(warnings.formatwarning(message, category, filename, lineno, line), end="", file=file or sys.stderr)


def usual_warnings() -> None:
    """Python's own settings, whatever this process was started with; what is warned of is printed."""
    warnings.resetwarnings()
    for category in (ImportWarning, PendingDeprecationWarning, DeprecationWarning, ResourceWarning):
        warnings.simplefilter("ignore", category)
    warnings.filterwarnings("default", category=DeprecationWarning, module="__main__")
    warnings.showwarning = _show_warning


@contextmanager
def surroundings() -> Iterator[None]:
    """Put back what a run replaces in this process. A child ends after one run; a test or the command line goes on."""
    kept = builtins.input, time.sleep, sys.stdout, sys.stderr, sys.modules["__main__"], sys.meta_path[:]
    modes, thresholds = (S.grad_enabled, S.inference), gc.get_threshold()
    dtype = get_default_dtype()
    modules = {name: module for name, module in sys.modules.items() if name.split(".")[0] in imports.REPLACED}
    try:
        with warnings.catch_warnings():
            usual_warnings()
            yield
    finally:
        builtins.input, time.sleep, sys.stdout, sys.stderr, sys.modules["__main__"], sys.meta_path[:] = kept
        S.grad_enabled, S.inference = modes
        set_default_dtype(dtype)
        gc.set_threshold(*thresholds)
        for name in [name for name in sys.modules if name.split(".")[0] in imports.REPLACED]:
            del sys.modules[name]
        sys.modules.update(modules)
        linecache.cache.pop(PROGRAM, None)
