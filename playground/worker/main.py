"""The entry in the sealed child: read one program, or run it, send what it prints and does, and answer questions."""

from __future__ import annotations

import builtins
import gc
import linecache
import random
import sys
import time
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import perf_counter
from typing import Any, NoReturn, TextIO

import numpy

from engine import cuda
from engine.random import manual_seed
from engine.state import S
from playground.protocol import (
    Device,
    Error,
    Finished,
    Inspect,
    Local,
    Parse,
    Run,
    Started,
    Status,
    WorkerEvent,
)
from playground.runner.channel import PROGRAM, Cancelled, Channel, Interrupt, SoftTimeout
from playground.runner.limits import KIB, MIB
from playground.worker import cells, errors, imports, reading, show
from playground.worker.blocks import Blocks
from playground.worker.explain import Refusal
from playground.worker.output import Outbox, OutputLimit, Stream, clean
from playground.worker.plots import pyplot
from playground.worker.recorder import Recorder

imports.preload()

_RESERVE = 4 * MIB
"""Kept aside and given back when memory runs out, so that there is room to say so."""


_COLLECT_EVERY = 10_000
"""Objects made before Python looks for unreachable cycles."""


def serve(request: Run | Parse, channel: Channel) -> None:
    """What a child does."""
    if isinstance(request, Parse):
        reading.read(request, channel)
    else:
        run_program(request, channel)


def run_program(request: Run, channel: Channel) -> None:
    """Run the program of `request`; everything it prints, draws and computes goes out through `channel`.

    Whatever the program does wrong ends in a `Finished`; after it, each `Question` is answered.
    """
    with _surroundings():
        _Session(request, channel).run()


class _Session:
    def __init__(self, request: Run, channel: Channel) -> None:
        self._request = request
        self._channel = channel
        self._limits = channel.limits
        self._outbox = Outbox(channel)
        self._blocks = Blocks()
        self._recorder = Recorder(self._outbox, channel, self._blocks)
        self._parts = cells.split(request.code)
        self._status: Status = "ok"
        self._message = ""
        self._patience_s = float(self._limits.wall_hard_s)
        self._failed = 0
        self._flags = 0
        self._reserve: bytearray | None = bytearray(_RESERVE)

    def run(self) -> None:
        outbox, channel, request = self._outbox, self._channel, self._request
        device: Device = request.device if cuda.is_available() else "cpu"
        channel.emit(Started(cells=[part.cell for part in self._parts], device=device, seed=request.seed))
        if device != request.device:
            outbox.notice("There is no GPU here; the program runs on the CPU.")
        self._prepare()
        started = perf_counter()
        try:
            with channel.interruptible(), self._recorder.watch(self._module.__dict__):
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
        wall_ms = 1000 * (perf_counter() - started)
        self._reserve = None
        # What was recorded is worth sending even if the program was stopped; there is not much time for it then.
        outbox.close()
        self._recorder.finish(self._patience_s)
        if self._failed and self._status == "ok":
            few = "The program" if len(self._parts) == 1 else f"{self._failed} of {len(self._parts)} cells"
            self._end("error", f"{few} ended with an error.")
        channel.emit(
            Finished(
                status=self._status,
                wall_ms=wall_ms,
                message=self._message,
                operations=self._recorder.operations,
                interactive=True,
            )
        )
        for command in channel.commands():
            self._answer(command)

    def _prepare(self) -> None:
        code, seed, limits = self._request.code, self._request.seed, self._limits
        lines = cells.text_lines(code)
        linecache.cache[PROGRAM] = (len(code), None, [line + "\n" for line in lines], PROGRAM)
        self._module = types.ModuleType("__main__", cells.docstring(code))
        self._module.__dict__.update(__builtins__=builtins, __file__=PROGRAM)
        sys.modules["__main__"] = self._module
        sys.stdout, sys.stderr = Stream(self._outbox, "stdout"), Stream(self._outbox, "stderr")
        imports.restrict(self._request.data)
        # Half a frame, because what is measured is a figure without its surroundings.
        pyplot.begin(self._outbox, limits.figures, limits.points, limits.frame_bytes * 3 // 4)
        # Recording makes many objects that stay: looking through them as often as Python does would take longer.
        gc.set_threshold(_COLLECT_EVERY, 20, 50)
        random.seed(seed)
        numpy.random.seed(seed % 2**32)
        manual_seed(seed)
        sleep = time.sleep

        def sleep_in_view(seconds: Any) -> None:
            # What it did so far is shown, and explained while there is nothing else to do.
            since = perf_counter()
            self._outbox.flush()
            self._recorder.explain_all()
            sleep(max(seconds - (perf_counter() - since), 0) if seconds > 0 else seconds)

        builtins.input = _no_input
        time.sleep = sleep_in_view

    def _run_cells(self) -> None:
        for part in self._parts:
            self._outbox.cell = part.cell.index
            self._recorder.begin_cell(part.cell.index)
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
                    self._reserve = bytearray(_RESERVE)
            except KeyboardInterrupt as error:
                self._show(error, part)
                return
            except (Interrupt, OutputLimit):
                raise
            except BaseException as error:
                self._show(error, part)
            self._outbox.flush()

    def _run_cell(self, part: cells.Part) -> None:
        try:
            compiled = cells.compile_part(part, self._blocks, self._flags)
        except (MemoryError, RecursionError):
            # The compiler's own limits, which have nothing to do with the program's memory.
            place = (PROGRAM, part.cell.line, None, None)
            raise SyntaxError("this cell is nested too deeply to be compiled", place) from None
        self._flags = compiled.flags
        for command in compiled.commands:
            self._outbox.notice(f"{command[:80]} is a notebook command; it is left out here.")
        names = self._module.__dict__
        try:
            exec(compiled.body, names)  # noqa: S102 (what this process is for)
            if compiled.value is not None:
                value = eval(compiled.value, names)  # noqa: S307
                if value is not None and not pyplot.show_value(value):
                    self._outbox.write("result", show.pretty(value))
        finally:
            pyplot.end_cell()
            if not isinstance(sys.exception(), Interrupt):  # else there is not much time left
                self._recorder.end_cell()

    def _show(self, error: BaseException, part: cells.Part) -> None:
        self._failed += 1
        failing = self._recorder.failing(error)
        described = errors.describe(error, part.cell.index, self._limits.error_text_bytes, failing)
        if not described.line:
            described.line = part.cell.line
        self._outbox.emit(described)

    def _leave(self, leaving: SystemExit) -> None:
        """`sys.exit()`: like Python, a text or a number other than 0 is a failure."""
        if leaving.code in (None, 0):
            if self._outbox.cell + 1 < len(self._parts):
                self._outbox.notice("The program ended itself here; the cells after this one did not run.")
            return
        message = (
            clean(str(leaving.code), 4_000)
            if isinstance(leaving.code, str)
            else f"SystemExit: {leaving.code}"
        )
        self._failed += 1
        self._outbox.emit(Error(message=message, cell=self._outbox.cell, line=errors.line_of(leaving)))

    def _interrupted(self, interrupt: Interrupt, seconds: float) -> None:
        # It is raised again until it is heeded; only the first time the program itself was running.
        line, earlier = interrupt.line, interrupt.__context__
        while isinstance(earlier, Interrupt):
            line, earlier = earlier.line or line, earlier.__context__
        place = f" It was at line {line}." if line else ""
        if isinstance(interrupt, SoftTimeout):
            self._patience_s = (self._limits.wall_hard_s - self._limits.wall_soft_s) / 2
            self._end(
                "timeout", f"Stopped after {seconds:.0f} s, the longest that a program may run here.{place}"
            )
        elif isinstance(interrupt, Cancelled):
            self._patience_s = self._limits.cancel_grace_s / 2
            self._end("cancelled", f"Stopped.{place}")

    def _out_of_memory(self) -> None:
        self._end(
            "memory", f"The program needed more than the {self._limits.memory_bytes // MIB} MiB it may use."
        )

    def _end(self, status: Status, message: str) -> None:
        self._status, self._message = status, message

    def _answer(self, command: Any) -> None:
        """Exactly one answer, whatever happens."""
        answer: WorkerEvent
        try:
            with self._channel.interruptible():
                if isinstance(command, Inspect):
                    answer = self._recorder.inspect(command)
                elif isinstance(command, Local):
                    answer = self._recorder.local(command)
                else:
                    answer = self._recorder.jacobian(command)
        except Interrupt:
            answer = Error(message="This took too long and was stopped.")
        except MemoryError:
            answer = Error(message="There is not enough memory left to work this out.")
        except Refusal as refusal:
            answer = Error(message=clean(str(refusal), 4_000))
        except Exception as error:
            answer = Error(message=clean(f"{type(error).__name__}: {error}", 4_000))
        self._channel.emit(answer)


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


@contextmanager
def _surroundings() -> Iterator[None]:
    """Put back what a run replaces in this process. A child ends after one run; a test or the command line goes on."""
    kept = builtins.input, time.sleep, sys.stdout, sys.stderr, sys.modules["__main__"], sys.meta_path[:]
    modes, thresholds = (S.grad_enabled, S.inference), gc.get_threshold()
    modules = {name: module for name, module in sys.modules.items() if name.split(".")[0] in imports.REPLACED}
    try:
        with warnings.catch_warnings():
            # Python's own settings, whatever this process was started with.
            warnings.resetwarnings()
            for category in (ImportWarning, PendingDeprecationWarning, DeprecationWarning, ResourceWarning):
                warnings.simplefilter("ignore", category)
            warnings.filterwarnings("default", category=DeprecationWarning, module="__main__")
            warnings.showwarning = _show_warning
            yield
    finally:
        builtins.input, time.sleep, sys.stdout, sys.stderr, sys.modules["__main__"], sys.meta_path[:] = kept
        S.grad_enabled, S.inference = modes
        gc.set_threshold(*thresholds)
        for name in [name for name in sys.modules if name.split(".")[0] in imports.REPLACED]:
            del sys.modules[name]
        sys.modules.update(modules)
        linecache.cache.pop(PROGRAM, None)
