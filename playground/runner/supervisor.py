"""Between the web process and the children: the queue, the caps, and one `Job` for each run.

Run as ``python -m playground.runner.supervisor``; it ends when the web process closes its socket or dies.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass, field

import msgspec

from playground.protocol import Event, Parse, Run
from playground.runner import linux, wire
from playground.runner.device import DeviceServer
from playground.runner.forker import Forker
from playground.runner.frames import FrameReader, frame
from playground.runner.job import Job, State
from playground.runner.limits import Limits
from playground.runner.pool import Pool

log = logging.getLogger(__name__)

_TICK_S = 0.25
_AHEAD_S = 0.02
"""After something happened, before a child is forked that nobody waits for: a fork takes what the program that has just
begun, and the way of its events to the page, need of two cores."""
_NO_LONGER_HELD = "Others have needed the room; the values of this run are no longer held."
_UNUSABLE = "This server cannot run programs at the moment; its log says why. Try again later."


@dataclass
class Lane:
    """Jobs of one kind: what runs and what waits for it. Programs are read in a lane of their own, so that no program
    that runs, of the same tab or of others, keeps one from being read; the GPU is another."""

    workers: Forker | Pool
    slots: int
    kept: tuple[int, int] = (0, 0)
    """How many may be held, and how many may linger."""
    queue: list[Job] = field(default_factory=list)
    running: list[Job] = field(default_factory=list)
    held: list[Job] = field(default_factory=list)
    """Without a slot, because they are stopped; the one that was held first first."""
    lingering: list[Job] = field(default_factory=list)
    """The one that was used least recently first."""

    def take_out(self, job: Job) -> bool:
        """Wherever it is; False if it is not in this lane."""
        for jobs in (self.queue, self.running, self.held, self.lingering):
            if job in jobs:
                jobs.remove(job)
                return True
        return False

    def at(self, address: str) -> int:
        """How many an address has running. Who holds one has room for one less."""
        return sum(job.address == address for job in (*self.running, *self.held))


class Supervisor(asyncio.Protocol):
    """The conversation with the web process, and who may run when."""

    def __init__(self, limits: Limits, entry: str, gpu_entry: str) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder: msgspec.msgpack.Decoder[wire.Request] = msgspec.msgpack.Decoder(wire.Request)
        # Ours comes from the web process, which has checked the sizes; the limit only guards against a broken stream.
        self._reader = FrameReader(limits.command_bytes + 65_536)
        self._forker = Forker(limits, entry, self._pump)
        self._pool = Pool(limits, gpu_entry, self._pump)
        self._device = DeviceServer(limits, self._pump)
        self._transport: asyncio.Transport | None = None
        self._jobs: dict[int, Job] = {}
        """Every job not closed: at most one for each client, its latest."""
        self._latest: dict[str, Job] = {}
        self._runs = Lane(self._forker, limits.slots, (limits.holding, limits.lingering))
        self._reads = Lane(self._forker, limits.slots)
        self._gpu = Lane(self._pool, limits.gpu_slots, (limits.gpu_kept, limits.gpu_kept))
        self._lanes = (self._reads, self._runs, self._gpu)
        self._told_no_gpu = ""
        self._unsaid: list[bytes] = []
        self._ahead: asyncio.TimerHandle | None = None
        self._web_is_behind = False
        self._draining = False
        self._started = 0
        self._crashes = 0
        self.over = self._loop.create_future()

    # --- The web process's socket ------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=2 * self._limits.frame_bytes)
        self._forker.start()
        self._device.start()
        self._tick()

    def data_received(self, data: bytes) -> None:
        for payload in self._reader.feed(data):
            self._handle(self._decoder.decode(payload))

    def connection_lost(self, problem: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(None)

    def pause_writing(self) -> None:
        self._set_behind(True)

    def resume_writing(self) -> None:
        self._set_behind(False)

    def _set_behind(self, behind: bool) -> None:
        self._web_is_behind = behind
        for lane in self._lanes:
            for job in (*lane.running, *lane.held):
                job.web_is_behind(behind)

    def close(self) -> None:
        """End every child."""
        for job in list(self._jobs.values()):
            job.drop()
        self._forker.close()
        self._pool.close()
        self._device.close()

    # --- Requests ----------------------------------------------------------------------------------------------------

    def _handle(self, request: wire.Request) -> None:
        if isinstance(request, wire.Submit):
            self._submit(request)
        elif isinstance(request, wire.Leave):
            if (job := self._latest.pop(request.client, None)) is not None:
                self._jobs.pop(job.number, None)
                job.drop()
        elif isinstance(request, wire.Drain):
            self._draining = True
            for job in [job for lane in self._lanes for job in lane.held]:
                job.go_on("The server is being restarted, so the program goes on.")
        elif isinstance(request, wire.Probe):
            self._reply(self._health(request.id))
        elif (job := self._jobs.get(request.job)) is not None:
            if isinstance(request, wire.Stop):
                job.cancel()
            elif isinstance(request, wire.Acknowledge):
                job.acknowledge(request.seq)
            elif isinstance(request, wire.Steer):
                job.steer(request.command)
            else:
                for lane in self._lanes:
                    if job in lane.lingering:
                        lane.lingering.remove(job)
                        lane.lingering.append(job)
                job.ask(request.command)

    def _submit(self, request: wire.Submit) -> None:
        older = self._latest.get(request.client)
        if older is not None:
            older.replace()
            del self._jobs[older.number]
            self._reply(wire.Closed(job=older.number))
        lane = self._lane(request.request)
        job = Job(request, self._limits, self._deliver, self._changed)
        self._jobs[job.number] = self._latest[request.client] = job
        if self._draining:
            job.refuse("The server is shutting down; run the program again in a moment.")
        elif self._forker.problem:
            job.refuse(_UNUSABLE)
        elif len(lane.queue) >= self._limits.queue_per_slot * lane.slots:
            job.refuse("The server is busy and its queue is full; run the program again in a moment.")
        elif problem := _too_large(request.request, self._limits):
            job.refuse(problem)
        else:
            lane.queue.append(job)
            self._pump()

    def _lane(self, request: Run | Parse) -> Lane:
        if isinstance(request, Parse):
            return self._reads
        # Without a GPU the program is told so, on the CPU; while one is being made ready it waits.
        return self._gpu if request.device == "cuda" and not self._pool.problem else self._runs

    def _deliver(self, job: int, event: Event) -> None:
        self._reply(wire.Deliver(job=job, event=event))

    def _reply(self, message: wire.Reply) -> None:
        """Say it when everything that has come has been dealt with: what belongs together then leaves together."""
        if not self._unsaid:
            self._loop.call_soon(self._say)
        self._unsaid.append(frame(self._encoder.encode(message)))

    def _say(self) -> None:
        said, self._unsaid = self._unsaid, []
        if self._transport is not None and not self._transport.is_closing():
            self._transport.writelines(said)

    def _health(self, number: int) -> wire.Health:
        computing = (self._runs, self._gpu)
        return wire.Health(
            id=number,
            alive=True,
            ready=self._forker.ready,
            problem=self._forker.problem,
            draining=self._draining,
            supervisor=os.getpid(),
            zygote=self._forker.pid,
            slots=self._limits.slots,
            running=sum(len(lane.running) for lane in computing),
            queued=sum(len(lane.queue) for lane in computing),
            reading=len(self._reads.running) + len(self._reads.queue),
            held=sum(len(lane.held) for lane in computing),
            lingering=sum(len(lane.lingering) for lane in computing),
            parked=self._forker.parked,
            runs=self._started,
            crashes=self._crashes,
            descriptors=len(os.listdir("/proc/self/fd")) - 1,
            zygote_restarts=self._forker.restarts,
            no_gpu=self._no_gpu,
            gpu=self._pool.card or self._device.card,
            gpu_workers=self._pool.alive + bool(self._device.card),
            gpu_warm=self._pool.warm,
            gpu_running=len(self._gpu.running) + self._device.state.runs,
        )

    @property
    def _no_gpu(self) -> str:
        return (self._device if self._limits.gpu == "served" else self._pool).no_gpu

    def _tell_gpu(self) -> None:
        """Say whether programs can use a GPU, if that has changed."""
        if (now := self._no_gpu) != self._told_no_gpu:
            self._told_no_gpu = now
            self._reply(wire.Gpu(no_gpu=now))

    # --- Who may run -------------------------------------------------------------------------------------------------

    def _pump(self, tell: bool = False) -> None:
        """Start what can be started, tell the others where they are, and have enough children forked ahead."""
        if self._pool.problem:
            self._runs.queue += self._gpu.queue
            self._gpu.queue.clear()
        self._tell_gpu()
        self._pool.keep(max(self._limits.gpu_warm, self._pump_lane(self._gpu, tell)))
        wanted = sum(self._pump_lane(lane, tell) for lane in (self._reads, self._runs))
        if self._reads.queue or self._runs.queue:
            self._forker.keep(max(self._limits.parked, wanted))
        elif self._ahead is None:
            self._ahead = self._loop.call_later(_AHEAD_S, self._fork_ahead)

    def _fork_ahead(self) -> None:
        self._ahead = None
        self._forker.keep(self._limits.parked, rehearsed=not (self._reads.queue or self._runs.queue))

    def _pump_lane(self, lane: Lane, tell: bool) -> int:
        """Returns how many more children it could use now."""
        most = self._limits.runs_per_address
        for job in list(lane.queue):
            if len(lane.running) >= lane.slots:
                break
            if lane.at(job.address) >= most:
                continue
            worker = lane.workers.take()
            if worker is None:
                break
            lane.queue.remove(job)
            lane.running.append(job)
            self._started += lane is not self._reads
            job.web_is_behind(self._web_is_behind)
            if isinstance(job.request, Run) and job.request.device == "cuda":
                self._device.attach(worker.device)
            worker.close_device()
            job.start(worker)
        free = lane.slots - len(lane.running)
        for position, job in enumerate(lane.queue, start=1):
            # Waiting some milliseconds for a fork is not worth a message, and all who wait move with each that ends:
            # told every time, a full queue is sixteen messages a run.
            if tell or (not job.position and (free <= 0 or lane.at(job.address) >= most)):
                job.queued(position)
        return min(len(lane.queue), free)

    def _changed(self, job: Job) -> None:
        """A job is held, goes on, lingers or has ended."""
        for lane in self._lanes:
            ran = job in lane.running or job in lane.held
            if lane.take_out(job):
                self._crashes += ran and job.crashed and lane is not self._reads
                self._place(job, lane)
        self._loop.call_soon(self._pump)

    def _place(self, job: Job, lane: Lane) -> None:
        """Where it is now in its lane, if it is still anywhere."""
        held, lingering = lane.kept
        if job.held:
            lane.held.append(job)
            if len(lane.held) > held:
                lane.held[0].go_on("Others have needed the room, so the program goes on.")
        elif job.state is State.RUNNING:
            # At once, though there may be no slot: it has waited for one before, and few can be held.
            lane.running.append(job)
        elif job.state is State.LINGERING:
            lane.lingering.append(job)
            if len(lane.lingering) > lingering:
                lane.lingering[0].end(_NO_LONGER_HELD)

    def _make_room(self) -> None:
        """On a card that is full: by the run that is over and was asked nothing for longest."""
        for job in self._runs.lingering:
            if isinstance(job.request, Run) and job.request.device == "cuda":
                job.end(_NO_LONGER_HELD)
                return

    def _tick(self) -> None:
        """Four times a second: the queue's patience, and whatever was missed."""
        now = time.monotonic()
        for job in [job for lane in self._lanes for job in lane.queue]:
            if self._forker.problem:
                job.refuse(_UNUSABLE)
            elif now - job.since > self._limits.queue_wait_s:
                job.refuse(
                    f"No worker was free within {self._limits.queue_wait_s:g} s; run the program again later."
                )
        if self._device.state.crowded:
            self._make_room()
        self._pump(tell=True)
        self._device.watch()
        self._loop.call_later(_TICK_S, self._tick)


def _too_large(request: Run | Parse, limits: Limits) -> str:
    size, lines = len(request.code.encode(errors="replace")), request.code.count("\n") + 1
    table = 0 if request.data is None else len(request.data.text.encode(errors="replace"))
    if size > limits.source_bytes:
        return f"A program may have {limits.source_bytes:,} bytes; this one has {size:,}."
    if lines > limits.source_lines:
        return f"A program may have {limits.source_lines:,} lines; this one has {lines:,}."
    if table > limits.data_bytes:
        return f"A table may have {limits.data_bytes:,} bytes; this one has {table:,}."
    return ""


async def serve(connection: socket.socket, limits: Limits, entry: str, gpu_entry: str) -> None:
    """Until the web process is gone."""
    loop = asyncio.get_running_loop()
    _, supervisor = await loop.create_unix_connection(
        lambda: Supervisor(limits, entry, gpu_entry), sock=connection
    )
    try:
        await supervisor.over
    finally:
        supervisor.close()


def main(descriptor: int, limits: Limits, entry: str, gpu_entry: str) -> None:
    os.setpgid(0, 0)  # Ctrl-C in a terminal is for the web process; a new session would undo nice (autogroup)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    linux.adopt_orphans()
    linux.hide_memory()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(serve(socket.socket(fileno=descriptor), limits, entry, gpu_entry))


if __name__ == "__main__":
    main(int(sys.argv[1]), msgspec.json.decode(sys.argv[2], type=Limits), sys.argv[3], sys.argv[4])
