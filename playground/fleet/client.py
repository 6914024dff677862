"""The web process's side of workers elsewhere: queues programs with Celery, and calls back with their events."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
from celery.exceptions import CeleryError
from kombu.exceptions import KombuError
from redis import Redis
from redis.exceptions import RedisError

from playground.fleet import messages, scripts, workers
from playground.fleet.broker import QUEUES, RUN, broker
from playground.fleet.fairness import Ledger, shared
from playground.fleet.line import PATIENCE_S, PREFIX, Line
from playground.fleet.messages import Claimed, End
from playground.fleet.workers import READ, WorkerState
from playground.protocol import (
    Answer,
    Control,
    Detail,
    Error,
    Event,
    Finished,
    JacobianResult,
    LiveResult,
    LocalResult,
    Parse,
    Paused,
    Question,
    Queued,
    Resumed,
    Run,
    Status,
    Steering,
)
from playground.runner import verdict, wire
from playground.runner.clock import Clock
from playground.runner.wire import Health
from playground.settings import Settings

log = logging.getLogger(__name__)

_NO_REDIS = "The server cannot reach its workers just now; run the program again in a moment."
_NO_WORKER = "No worker is there to run programs just now; run the program again in a moment."
_SHORT_S = 0.1
_MISSING_S = 1.5
"""For which a job may be in nobody's hands: taken off the queue by a worker that has not said so yet."""
_UNHEARD_S = 3.0
"""After which a job at the head of the queue is sent again: a worker has died with it before it could begin."""
_LATE_S = 5.0


@dataclass(eq=False)
class _Job:
    number: int
    client: str
    address: str
    lane: str
    """The queue it goes to, or ``read``."""
    request: Run | Parse
    run: str
    on_event: Callable[[Event], None]
    clock: Clock = field(default_factory=Clock)
    waiting: bool = True
    permitted: bool = False
    """It has one of the places its address may have."""
    sent: float = 0.0
    """When it was given to Celery."""
    worker: str = ""
    seq: int = 0
    """Of the last event that went to the page."""
    heard: int = 0
    """Of the last that came from the worker."""
    position: int = 0
    missing: float = 0.0
    """Since when it has been in nobody's hands."""
    held: bool = False
    finished: bool = False
    asked: list[Question] = field(default_factory=list)
    """Questions that have no answer yet."""

    @property
    def place(self) -> str:
        """What is counted for its address while it has not ended."""
        return f"{'read' if self.lane == READ else 'run'}:{self.address}"


class Fleet:
    """Runs programs on workers that are reached through Redis: a `ProgramRunner`. A program waits in one of Celery's
    queues; the worker that takes it off says so, and from then on both sides talk past the queue. Programs are read by
    a worker chosen at random among those with least to read, so that none that runs keeps one from being read."""

    def __init__(self, settings: Settings) -> None:
        self._limits = settings.limits
        # Held while events are called back, which keeps them in order; never while Redis is waited for.
        self._lock = threading.RLock()
        self._jobs: dict[int, _Job] = {}
        self._latest: dict[str, _Job] = {}
        self._workers: dict[str, WorkerState] = {}
        self._queued = 0
        self._draining = False
        self._broker = broker(settings.redis_url, settings.limits)
        self._line = Line(settings.redis_url, "web", hear=self._hear, beat=self._beat, lost=self._lost)
        self._ledger = Ledger(self._line)
        self.fairness = shared(settings, self._line, self._ledger)
        """What is counted for each address, over all web processes."""

    # --- Life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Returns when Redis is there, or after two seconds: then runs are refused until it is."""
        self._line.start(PATIENCE_S)

    def drain(self, timeout_s: float | None = None) -> bool:
        self._draining = True
        with self._lock:
            for job in filter(lambda job: job.held, self._unfinished()):
                self.steer(job.client, Control(run=job.run, action="resume"))
        limits = self._limits
        usual = limits.queue_wait_s + limits.wall_hard_s + 1
        return self._ended(usual if timeout_s is None else timeout_s)

    def stop_runs(self, message: str) -> None:
        with self._lock:
            left = self._unfinished()
            for job in left:
                self._call(job, Error(run=job.run, message=message))
                self.cancel(job.client, job.run)
        self._ended(self._limits.cancel_grace_s + 1)
        with self._lock:
            for job in left:
                self._lose(job, message)

    def _unfinished(self) -> list[_Job]:
        return [job for job in self._jobs.values() if not job.finished]

    def _ended(self, within_s: float) -> bool:
        until = time.monotonic() + within_s
        while self._unfinished():
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True

    def close(self) -> None:
        """Others see at once that this process is gone, and end what was its."""
        with self._lock:
            self._jobs.clear()
            self._latest.clear()
        self._line.close()

    def health(self) -> Health:
        """All workers together, as of their last sign of life."""
        states = list(self._workers.values()) if self._line.up else []
        together = workers.together(states)
        return msgspec.structs.replace(
            together, alive=self._line.up, draining=self._draining, queued=self._queued + together.queued
        )

    def no_gpu(self) -> str:
        return self.health().no_gpu

    # --- Runs: as `ProgramRunner` has them ---------------------------------------------------------------------------

    def submit(
        self, *, client: str, address: str, request: Run | Parse, on_event: Callable[[Event], None]
    ) -> None:
        wire.check(request)
        if isinstance(request, Parse):
            lane = READ
        else:
            lane = "gpu" if request.device == "cuda" and self._serving("gpu") else "cpu"
        job = _Job(messages.new_job(), client, address, lane, request, request.run, on_event)
        with self._lock:
            older = self._latest.get(client)
            self._jobs[job.number] = self._latest[client] = job
            if older is not None:
                self._replace(older, job)
        if self._draining:
            self._refuse(job, "The server is shutting down; run the program again in a moment.")
        elif not self._line.up:
            self._refuse(job, _NO_REDIS)
        else:
            self._enter(job)

    def cancel(self, client: str, run: str) -> None:
        with self._lock:
            job = self._find(client, run)
            if job is None:
                return
            if job.worker:
                self._tell(job, wire.Stop(job=job.number))
            elif not job.finished:
                self._finish(job, "cancelled", verdict.sentence("cancelled", self._limits))

    def send(self, client: str, command: Question) -> bool:
        wire.check(command)
        with self._lock:
            job = self._find(client, command.run)
            if job is None or not job.worker:
                return False
            job.asked.append(command)
            self._tell(job, wire.Ask(job=job.number, command=command))
            return True

    def steer(self, client: str, command: Steering) -> None:
        wire.check(command)
        with self._lock:
            job = self._find(client, command.run)
            if job is not None and job.worker and not job.finished:
                self._tell(job, wire.Steer(job=job.number, command=command))

    def ack(self, client: str, run: str, seq: int) -> None:
        with self._lock:
            job = self._find(client, run)
            if job is not None and job.worker:
                # What we have said ourselves the worker has not counted.
                self._tell(job, wire.Acknowledge(job=job.number, seq=max(0, seq - (job.seq - job.heard))))

    def disconnect(self, client: str) -> None:
        with self._lock:
            if (job := self._latest.pop(client, None)) is not None:
                job.on_event = lambda event: None
                self._drop(job)

    # --- Before a worker has it --------------------------------------------------------------------------------------

    def _serving(self, lane: str) -> list[str]:
        """The workers to which such a job can go."""
        return [name for name, state in self._workers.items() if state.serves(lane)]

    def _enter(self, job: _Job) -> None:
        """Have it wait in its lane, if there is somebody to run it."""
        if not (serving := self._serving(job.lane)):
            self._refuse(job, _NO_WORKER)
        elif job.lane == READ or self._line_up(job, serving):
            self._dispatch(job)

    def _line_up(self, job: _Job, serving: list[str]) -> bool:
        """Whether there was room in the queue. Its patience and capacity are those of the embedded one."""
        slots = sum(self._workers[name].health.slots for name in serving if name in self._workers)
        most = self._limits.queue_per_slot * slots
        try:
            if scripts.line_up(self._line.redis, job.lane, job.number, most, self._limits.queue_wait_s + 1):
                return True
        except RedisError:
            self._line.doubt()
            self._refuse(job, _NO_REDIS)
            return False
        self._refuse(job, "The server is busy and its queue is full; run the program again in a moment.")
        return False

    def _dispatch(self, job: _Job) -> None:
        """Give it to the workers, if its address may have one more running now; else it goes on waiting."""
        if not job.permitted:
            job.permitted = self._ledger.take(job.place, self._limits.runs_per_address)
        with self._lock:
            if job.finished or not job.permitted:
                self._release(job)
                return
            web = self._line.name
            submit = wire.Submit(job=job.number, client=web, address=job.address, request=job.request)
            job.sent = time.monotonic()
            if job.lane == READ:
                self._have_read(job, submit)
                return
        try:
            self._broker.send_task(
                RUN,
                args=[msgspec.to_builtins(submit)],
                queue=job.lane,
                expires=self._limits.queue_wait_s,
                argsrepr="",
                kwargsrepr="",
            )
        except (CeleryError, KombuError, RedisError, OSError) as problem:
            log.error("a program could not be queued: %s", problem)
            self._line.doubt()
            self._refuse(job, _NO_REDIS)

    def _have_read(self, job: _Job, submit: wire.Submit) -> None:
        serving = self._serving(READ)
        if not serving:
            self._refuse(job, _NO_WORKER)
            return
        least = min(self._workers[name].health.reading for name in serving)
        job.worker = random.choice([n for n in serving if self._workers[n].health.reading == least])
        job.waiting = False
        self._tell(job, submit)

    # --- What the workers say ----------------------------------------------------------------------------------------

    def _hear(self, data: bytes) -> None:
        try:
            message = messages.to_web.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError) as problem:
            log.error("a worker sent what it should not: %.300r", str(problem))
            return
        with self._lock:
            job = self._jobs.get(message.job)
            if isinstance(message, Claimed):
                self._claimed(job, message)
            elif job is not None and job.worker and message.event.run == job.run:
                self._deliver(job, message.event)

    def _claimed(self, job: _Job | None, message: Claimed) -> None:
        if not messages.is_name(message.worker):
            log.error("a worker sent a name that is none")
        elif job is None or not job.waiting:
            # In the moment in which it was cancelled, or its patience ended.
            self._line.tell("worker", message.worker, messages.encode(End(job=message.job)))
        else:
            job.waiting = False
            job.worker = message.worker

    def _deliver(self, job: _Job, event: Event) -> None:
        if event.seq:
            if event.seq != job.heard + 1:
                self._lose(job, "Part of what the run sent was lost on the way; run the program again.")
                return
            job.heard = event.seq
        if isinstance(event, Answer) and not (isinstance(event, Error) and not event.question):
            kind = event.question if isinstance(event, Error) else _ANSWERS[type(event)]
            for question in job.asked:
                if wire.kind(question) == kind:
                    job.asked.remove(question)
                    break
        elif job.finished:
            log.error("a worker sent a %s for a run that had ended", type(event).__name__)
            return
        match event:
            case Paused():
                job.held = True
                job.clock.stop()
            case Resumed():
                job.held = False
                job.clock.go_on()
            case Finished():
                job.finished = True
                self._release(job)
        self._say(job, event)

    # --- Four times a second -----------------------------------------------------------------------------------------

    def _beat(self, redis: Redis) -> None:
        self._ledger.renew(redis, self._line.name)
        self._workers = dict(workers.living(redis))
        with self._lock:
            jobs = list(self._jobs.values())
            waiting = [job for job in jobs if job.waiting and job.lane != READ]
        pipe = redis.pipeline(transaction=False)
        for lane in QUEUES:
            pipe.zcard(scripts.queue_key(lane))
            pipe.llen(PREFIX + lane)
        for job in waiting:
            pipe.zrank(scripts.queue_key(job.lane), str(job.number))
        cpu, cpu_sent, gpu, gpu_sent, *ranks = pipe.execute()
        self._queued = cpu + gpu
        sent = {"cpu": cpu_sent, "gpu": gpu_sent}
        for job, rank in zip(waiting, ranks, strict=True):
            self._wait(job, rank, sent[job.lane])
        longest_s = self._limits.queue_wait_s + self._limits.wall_hard_s + _LATE_S
        for job in jobs:
            with self._lock:
                if job.worker and job.worker not in self._workers:
                    self._lose(job, "The worker that ran the program is gone; run the program again.")
                elif not job.finished and job.clock.elapsed > longest_s:
                    self._lose(job, "The worker has let the run go past every limit; run the program again.")
            if job.waiting and job.lane == READ:
                self._dispatch(job)

    def _wait(self, job: _Job, rank: int | None, sent: int) -> None:
        """Say where it is, try again what did not go before, and end its patience."""
        now = time.monotonic()
        again = moved = False
        with self._lock:
            if not job.waiting:
                return
            if job.clock.elapsed > self._limits.queue_wait_s:
                wait_s = self._limits.queue_wait_s
                self._refuse(job, f"No worker was free within {wait_s:g} s; run the program again later.")
                return
            if rank is None:
                job.missing = job.missing or now
                if now - job.missing > _MISSING_S:
                    self._lose(job, "The worker that took the program has failed; run the program again.")
                return
            if moved := job.lane == "gpu" and not self._serving("gpu"):
                self._line.order("ZREM", scripts.queue_key("gpu"), str(job.number))
                job.lane, job.sent = "cpu", 0.0
            # Waiting some milliseconds for a worker is not worth a message.
            if rank + 1 != job.position and job.clock.elapsed > _SHORT_S:
                job.position = rank + 1
                self._say(job, Queued(position=job.position))
            # Sending it twice does no harm: it can be claimed only once.
            again = not job.sent or (rank == 0 and sent == 0 and now - job.sent > _UNHEARD_S)
        if moved:
            self._enter(job)
        elif again:
            self._dispatch(job)

    def _lost(self) -> None:
        """There is no line: nothing is known of any run any more, and what still runs is ended by its worker."""
        with self._lock:
            self._workers = {}
            for job in list(self._jobs.values()):
                self._lose(job, "The server has lost the connection to its workers; run the program again.")

    # --- Endings -----------------------------------------------------------------------------------------------------

    def _replace(self, job: _Job, by: _Job) -> None:
        """A newer run of the same client takes its place, and the one its address may have."""
        if job.place == by.place:
            by.permitted, job.permitted = job.permitted, False
        if not job.finished:
            self._finish(job, "cancelled", "The run was replaced by a newer one.")
        self._drop(job)

    def _refuse(self, job: _Job, message: str) -> None:
        with self._lock:
            self._fail(job, "error", message)

    def _lose(self, job: _Job, message: str) -> None:
        """Whatever has it has failed."""
        self._fail(job, "crashed", message)
        self._drop(job)

    def _fail(self, job: _Job, status: Status, message: str) -> None:
        if not job.finished:
            self._say(job, Error(message=message))
            self._finish(job, status, message)

    def _finish(self, job: _Job, status: Status, message: str) -> None:
        wall_ms = 0.0 if job.waiting else job.clock.elapsed * 1000
        self._say(job, Finished(status=status, wall_ms=wall_ms, message=message))
        job.finished = True
        if job.waiting:
            job.waiting = False
            self._line.order("ZREM", scripts.queue_key(job.lane), str(job.number))
        self._release(job)

    def _release(self, job: _Job) -> None:
        if job.finished and job.permitted:
            job.permitted = False
            self._ledger.give(job.place)

    def _drop(self, job: _Job) -> None:
        """Forget it; a worker that has it ends it. Questions that wait are answered."""
        for question in job.asked:
            self._call(job, wire.gone(question))
        job.asked.clear()
        if not job.finished:
            job.finished = True
            if job.waiting:
                job.waiting = False
                self._line.order("ZREM", scripts.queue_key(job.lane), str(job.number))
            self._release(job)
        if job.worker:
            self._tell(job, End(job=job.number))
            job.worker = ""
        self._jobs.pop(job.number, None)
        if self._latest.get(job.client) is job:
            del self._latest[job.client]

    # --- Small things ------------------------------------------------------------------------------------------------

    def _find(self, client: str, run: str) -> _Job | None:
        job = self._latest.get(client)
        return job if job is not None and job.run == run else None

    def _tell(self, job: _Job, message: messages.ToWorker) -> None:
        self._line.tell("worker", job.worker, messages.encode(message))

    def _say(self, job: _Job, event: Event) -> None:
        job.seq += 1
        event.run, event.seq = job.run, job.seq
        self._call(job, event)

    def _call(self, job: _Job, event: Event) -> None:
        try:
            job.on_event(event)
        except Exception:
            log.exception("on_event failed for a %s event", type(event).__name__)


_ANSWERS: dict[type, str] = {
    Detail: "inspect",
    JacobianResult: "jacobian",
    LocalResult: "local",
    LiveResult: "live",
}
