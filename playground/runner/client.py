"""The web process's side: starts the supervisor, hands it programs, and calls back with their events.

Plain blocking sockets and threads, which gevent's monkey patching makes cooperative; nothing here imports gevent.
Start one `Runner` per web process, after any fork: a copy of its socket elsewhere would keep the supervisor alive.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from playground.protocol import Error, Event, Finished, Parse, Paused, Question, Resumed, Run, Steering
from playground.runner import wire
from playground.runner.clock import Clock
from playground.runner.frames import FrameError, FrameReader, frame
from playground.runner.limits import Limits
from playground.runner.wire import Health

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[2]
WORKER = "playground.worker.main:serve"
SERVED_WORKER = "playground.worker.served:serve"
"""The same where the GPU is served."""
GPU_WORKER = "playground.worker.gpu:serve"
GPU_ENVIRONMENT = (
    *("CUDA_VISIBLE_DEVICES", "CUDA_PATH", "CUDA_HOME", "CONDA_PREFIX"),
    *("LD_LIBRARY_PATH", "CUPY_CACHE_DIR"),
)
"""What a process that holds the GPU may know of the server's environment, if it is there."""
_SEND_TIMEOUT_S = 5.0
_PROBE_TIMEOUT_S = 2.0


@dataclass
class _Held:
    """A job the supervisor has not closed."""

    client: str
    run: str
    on_event: Callable[[Event], None]
    clock: Clock = field(default_factory=Clock)
    seq: int = 0
    acknowledged: int = 0
    """As the supervisor was told last."""
    finished: bool = False


class Runner:
    """Runs programs out of process, on this machine: a `ProgramRunner`. `on_event` is called from the reader thread."""

    def __init__(self, limits: Limits | None = None, *, entry: str = "", gpu_entry: str = GPU_WORKER) -> None:
        """`entry` is what a child calls with ``(request, channel)``: ``module:function``, imported by the zygote;
        `gpu_entry` the same for a process that holds the GPU, imported by itself."""
        self._limits = limits or Limits()
        usual = SERVED_WORKER if self._limits.gpu == "served" else WORKER
        self._entries = [entry or usual, gpu_entry]
        self._no_gpu = wire.NO_GPU
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._jobs: dict[int, _Held] = {}
        self._latest: dict[str, int] = {}
        self._numbers = itertools.count(1)
        self._probes: dict[int, tuple[threading.Event, list[Health]]] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._reader: threading.Thread | None = None
        self._restarts = 0
        self._draining = False
        self._closing = False

    # --- Life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the supervisor. Returns at once; programs submitted before the zygote is up wait in the queue."""
        if not hasattr(os, "pidfd_open"):
            raise RuntimeError(
                "running programs needs Linux 5.3 or newer: os.pidfd_open was expected, there is none"
            )
        if self._reader is not None:
            raise RuntimeError("this Runner was started before; make a new one")
        self._spawn()
        self._reader = threading.Thread(target=self._read_forever, name="runner-reader", daemon=True)
        self._reader.start()

    def drain(self, timeout_s: float | None = None) -> bool:
        """Refuse new runs and wait for those there are, by default as long as a run may take. True if all ended."""
        self._draining = True
        self._send(wire.Drain())
        until = time.monotonic() + (self._limits.wall_hard_s + 1 if timeout_s is None else timeout_s)
        while time.monotonic() < until:
            with self._lock:
                if all(held.finished for held in self._jobs.values()):
                    return True
            time.sleep(0.02)
        return False

    def stop_runs(self, message: str) -> None:
        """Stop every run that has not ended, after an `Error` that says why; what it recorded is still handed in. Each
        has had its `Finished` when this returns."""
        with self._lock:
            left = {number: held for number, held in self._jobs.items() if not held.finished}
        for number, held in left.items():
            self._call(held, Error(run=held.run, message=message))
            self._send(wire.Stop(job=number))
        until = time.monotonic() + self._limits.cancel_grace_s + 1
        while time.monotonic() < until and not all(held.finished for held in left.values()):
            time.sleep(0.02)
        for number, held in left.items():
            with self._lock:
                lost = not held.finished and self._jobs.pop(number, None) is not None
            if lost:
                self._fail(held, message)

    def close(self) -> None:
        """End everything now. Nothing is called back afterwards, and no process is left."""
        with self._lock:
            self._closing = True
            self._jobs.clear()
            self._latest.clear()
        process = self._process
        self._hang_up()
        if process is not None:
            try:
                process.wait(timeout=3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._reader is not None and self._reader is not threading.current_thread():
            self._reader.join(timeout=5)

    def health(self) -> Health:
        """Ask the supervisor how it is. Waits at most two seconds, then answers with ``alive=False``."""
        number = next(self._numbers)
        answered, box = threading.Event(), list[Health]()
        with self._lock:
            self._probes[number] = (answered, box)
        try:
            if self._send(wire.Probe(id=number)):
                answered.wait(_PROBE_TIMEOUT_S)
        finally:
            with self._lock:
                del self._probes[number]
        pid = self._process.pid if self._process is not None else 0
        found = box[0] if box else Health(draining=self._draining, supervisor=pid)
        return msgspec.structs.replace(found, supervisor_restarts=self._restarts)

    def no_gpu(self) -> str:
        return self._no_gpu

    # --- Runs: as `ProgramRunner` has them ---------------------------------------------------------------------------

    def submit(
        self, *, client: str, address: str, request: Run | Parse, on_event: Callable[[Event], None]
    ) -> None:
        wire.check(request)
        with self._lock:
            number = next(self._numbers)
            held = _Held(client, request.run, on_event)
            self._jobs[number] = held
            self._latest[client] = number
        if not self._send(wire.Submit(job=number, client=client, address=address, request=request)):
            with self._lock:
                mine = self._jobs.pop(number, None)
            if (
                mine is not None
            ):  # else the reader has already reported it, with everything else that was lost
                self._fail(held, "The program runner is restarting; run the program again in a moment.")

    def cancel(self, client: str, run: str) -> None:
        if (number := self._find(client, run)) is not None:
            self._send(wire.Stop(job=number))

    def send(self, client: str, command: Question) -> bool:
        wire.check(command)
        number = self._find(client, command.run)
        return number is not None and self._send(wire.Ask(job=number, command=command))

    def steer(self, client: str, command: Steering) -> None:
        wire.check(command)
        if (number := self._find(client, command.run)) is not None:
            self._send(wire.Steer(job=number, command=command))

    def ack(self, client: str, run: str, seq: int) -> None:
        # A page acknowledges every frame, and the supervisor counts in hundreds: each would wake it for nothing.
        step = max(1, self._limits.unacknowledged_events // 8)
        if (number := self._find(client, run)) is None or (held := self._jobs.get(number)) is None:
            return
        seq = min(seq, held.seq)
        if seq - held.acknowledged >= step:
            held.acknowledged = seq
            self._send(wire.Acknowledge(job=number, seq=seq))

    def disconnect(self, client: str) -> None:
        with self._lock:
            self._latest.pop(client, None)
            for number in [n for n, held in self._jobs.items() if held.client == client]:
                del self._jobs[number]
        self._send(wire.Leave(client=client))

    # --- Inside ------------------------------------------------------------------------------------------------------

    def _find(self, client: str, run: str) -> int | None:
        with self._lock:
            number = self._latest.get(client)
            held = self._jobs.get(number) if number is not None else None
            return number if held is not None and held.run == run else None

    def _send(self, message: wire.Request) -> bool:
        data = frame(msgspec.msgpack.encode(message))
        with self._sending:
            connection = self._socket
            if connection is None:
                return False
            try:
                connection.sendall(data)
                return True
            except OSError as problem:
                # A partial frame cannot be taken back, and a supervisor that does not read for seconds hangs.
                log.error("the supervisor does not take messages (%s); restarting it", problem)
        self._hang_up()
        return False

    def _hang_up(self) -> None:
        """End the conversation; the supervisor notices and ends, the reader notices and restarts it."""
        connection = self._socket
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _spawn(self) -> None:
        with self._lock:  # against `close`, which must find every process that was started
            if not self._closing:
                self._start_supervisor()

    def _start_supervisor(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-s", "-P", "-m", "playground.runner.supervisor"]
            arguments = [str(theirs.fileno()), msgspec.json.encode(self._limits).decode(), *self._entries]
            environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
            if self._limits.gpu != "off":
                environment |= {name: os.environ[name] for name in GPU_ENVIRONMENT if name in os.environ}
            try:
                self._process = subprocess.Popen(
                    command + arguments,
                    stdin=subprocess.DEVNULL,
                    env=environment,
                    cwd="/",
                    pass_fds=[theirs.fileno()],
                )
            except BaseException:
                ours.close()
                raise
        ours.settimeout(_SEND_TIMEOUT_S)
        self._socket = ours

    def _read_forever(self) -> None:
        failures = 0
        while True:
            started = time.monotonic()
            self._read()
            lost = self._bury()
            if self._closing:
                return
            failures = 0 if time.monotonic() - started > 10 else failures + 1
            self._restarts += 1
            delay = 0.0 if failures < 2 else min(60.0, 0.05 * 2**failures)
            log.error("the supervisor is gone; starting another in %.1f s", delay)
            time.sleep(delay)
            try:
                self._spawn()
            except OSError:
                log.exception("the supervisor could not be started")
            if self._draining:
                self._send(wire.Drain())
            for held in lost:  # only now, so that whoever runs again at once is served
                self._fail(held, "The program runner failed and was restarted; run the program again.")

    def _read(self) -> None:
        """Until the supervisor is gone, or says something it should not."""
        connection = self._socket
        if connection is None:
            return
        largest = max(2 * self._limits.frame_bytes, self._limits.document_bytes)
        reader = FrameReader(limit=largest + 65_536)
        decoder = msgspec.msgpack.Decoder(wire.Reply)
        while True:
            try:
                data = connection.recv(262_144)
            except TimeoutError:
                if self._overdue():
                    log.error("the supervisor has let a run go past every limit; restarting it")
                    return
                continue
            except OSError:
                return
            if not data:
                return
            try:
                for payload in reader.feed(data):
                    self._take(decoder.decode(payload))
            except (FrameError, msgspec.MsgspecError):
                log.exception("the supervisor sent what it should not")
                return

    def _take(self, message: wire.Reply) -> None:
        if isinstance(message, Health):
            with self._lock:
                probe = self._probes.get(message.id)
            if probe is not None:
                probe[1].append(message)
                probe[0].set()
            return
        if isinstance(message, wire.Gpu):
            self._no_gpu = message.no_gpu
            return
        with self._lock:
            held = self._jobs.get(message.job)
            if held is None:
                return
            if isinstance(message, wire.Closed):
                del self._jobs[message.job]
                if self._latest.get(held.client) == message.job:
                    del self._latest[held.client]
                return
            held.seq = message.event.seq
            held.finished = held.finished or isinstance(message.event, Finished)
            if isinstance(message.event, Paused):
                held.clock.stop()
            elif isinstance(message.event, Resumed):
                held.clock.go_on()
        self._call(held, message.event)

    def _overdue(self) -> bool:
        longest_s = self._limits.queue_wait_s + self._limits.wall_hard_s + _SEND_TIMEOUT_S
        with self._lock:
            return any(not held.finished and held.clock.elapsed > longest_s for held in self._jobs.values())

    def _bury(self) -> list[_Held]:
        """The supervisor is gone or useless: make sure of it, and return what was lost with it."""
        with self._sending:
            connection, self._socket = self._socket, None
            if connection is not None:
                connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._no_gpu = wire.NO_GPU
        with self._lock:
            lost = list(self._jobs.values())
            self._jobs.clear()
            self._latest.clear()
        return [held for held in lost if not held.finished]

    def _fail(self, held: _Held, message: str) -> None:
        wall_ms = held.clock.elapsed * 1000
        self._call(held, Error(run=held.run, seq=held.seq + 1, message=message))
        self._call(
            held, Finished(run=held.run, seq=held.seq + 2, status="crashed", wall_ms=wall_ms, message=message)
        )

    def _call(self, held: _Held, event: Event) -> None:
        try:
            held.on_event(event)
        except Exception:
            log.exception("on_event failed for a %s event", type(event).__name__)
