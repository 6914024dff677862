"""The Celery worker: ``celery -A playground.fleet.worker worker``. It runs programs as a web process by itself would,
through a `Runner` with a supervisor, and sends their events to the web process that asked."""

from __future__ import annotations

import logging
import os
import sys
import threading
from dataclasses import dataclass, field
from typing import Any

import msgspec
from celery import Celery, signals
from celery.worker.request import Request
from kombu.asynchronous import get_event_loop
from redis import Redis
from redis.exceptions import RedisError

from playground.fleet import messages, scripts
from playground.fleet.broker import QUEUES, RUN, broker
from playground.fleet.line import ALIVE_S, PATIENCE_S, Line, alive, present
from playground.fleet.messages import Claimed, End
from playground.fleet.workers import WorkerState
from playground.protocol import Event, Finished, Paused
from playground.runner import doctor, wire
from playground.runner.client import Runner
from playground.settings import Settings, SettingsError, load
from playground.web import logs

log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Task:
    job: int
    web: str
    run: str
    over: threading.Event = field(default_factory=threading.Event)
    """Its program has ended or is held: it needs no slot any more."""


class Desk:
    """What one worker process has in hand."""

    def __init__(self, url: str, runner: Runner, queues: list[str]) -> None:
        self._runner = runner
        self._queues = queues
        self._lock = threading.Lock()
        self._tasks: dict[int, _Task] = {}
        self._line = Line(url, "worker", hear=self._hear, beat=self._beat, lost=self._lost)

    def start(self) -> None:
        """Be there for the web processes."""
        self._runner.start()
        self._line.start(PATIENCE_S)

    def drain(self) -> None:
        """Take nothing new; what runs or is held goes on."""
        self._runner.drain(0)

    def close(self) -> None:
        """Wait for what still runs, then end everything; those who ask for it see that nobody is here."""
        self._runner.drain()
        self._line.close()
        self._runner.close()

    def work(self, submit: wire.Submit, lane: str) -> None:
        """Run a program from the queue; returns when it needs no slot any more."""
        try:
            if not scripts.claim(self._line.redis, lane, submit.job, submit.client):
                return
        except RedisError:
            self._line.doubt()
            return
        self._tell(submit.client, Claimed(job=submit.job, worker=self._line.name))
        self._take(submit).over.wait()

    def _take(self, submit: wire.Submit) -> _Task:
        task = _Task(submit.job, submit.client, submit.request.run)
        with self._lock:
            self._tasks[submit.job] = task

        def pass_on(event: Event) -> None:
            self._tell(task.web, wire.Deliver(job=task.job, event=event))
            if isinstance(event, Finished | Paused):
                task.over.set()

        self._runner.submit(
            client=str(submit.job), address=submit.address, request=submit.request, on_event=pass_on
        )
        return task

    def _tell(self, web: str, message: messages.ToWeb) -> None:
        self._line.tell("web", web, messages.encode(message))

    def _hear(self, data: bytes) -> None:
        message = messages.to_worker.decode(data)
        if isinstance(message, wire.Submit):
            self._take(message)
            return
        with self._lock:
            task = self._tasks.get(message.job)
        if task is None:
            return
        client = str(task.job)
        match message:
            case End():
                self._end(task)
            case wire.Stop():
                self._runner.cancel(client, task.run)
            case wire.Steer():
                self._runner.steer(client, message.command)
            case wire.Acknowledge():
                self._runner.ack(client, task.run, message.seq)
            case wire.Ask():
                if not self._runner.send(client, message.command):
                    self._tell(task.web, wire.Deliver(job=task.job, event=wire.gone(message.command)))

    def _end(self, task: _Task) -> None:
        with self._lock:
            self._tasks.pop(task.job, None)
        self._runner.disconnect(str(task.job))
        task.over.set()

    def _beat(self, redis: Redis) -> None:
        state = WorkerState(queues=self._queues, health=self._runner.health())
        redis.set(alive("worker", self._line.name), messages.encode(state), px=int(1000 * ALIVE_S))
        with self._lock:
            tasks = list(self._tasks.values())
        there = present(redis, "web", {task.web for task in tasks})
        for task in tasks:
            if task.web not in there:
                self._end(task)

    def _lost(self) -> None:
        """Nobody hears of these runs any more."""
        with self._lock:
            tasks = list(self._tasks.values())
        for task in tasks:
            self._end(task)


class _Roomy(Request):
    """A task that tells Celery's loop when it has made room; without, the loop would look after a second only."""

    def __init_subclass__(cls) -> None:
        # Celery makes a class below this one, whose `on_success` calls none above it.
        done = cls.on_success

        def on_success(self: _Roomy, *arguments: Any, **more: Any) -> None:
            done(self, *arguments, **more)
            if (loop := get_event_loop()) is not None:
                loop.call_soon(lambda: None)  # type: ignore[no-untyped-call]

        cls.on_success = on_success


def worker(settings: Settings) -> Celery:
    """The application, with what begins and ends with the worker."""
    app = broker(settings.redis_url, settings.limits)
    desks: list[Desk] = []

    def run(task: Any, submit: Any) -> None:
        lane = task.request.delivery_info["routing_key"]
        desks[0].work(msgspec.convert(submit, wire.Submit), lane)

    def begin(**_: object) -> None:
        if problem := doctor.refusal("", settings.limits):
            sys.exit(problem)
        queues = [name for name in app.amqp.queues.consume_from if name in QUEUES]
        desk = Desk(settings.redis_url, Runner(settings.limits), queues)
        desk.start()
        desks.append(desk)

    def drain(**_: object) -> None:
        for desk in desks:
            desk.drain()

    def end(**_: object) -> None:
        for desk in desks:
            desk.close()

    app.task(name=RUN, bind=True, Request=_Roomy)(run)
    signals.worker_init.connect(begin, weak=False)
    signals.worker_shutting_down.connect(drain, weak=False)
    signals.worker_shutdown.connect(end, weak=False)
    return app


def from_environment() -> Celery:
    """For Celery's command line, with the settings of the environment."""
    try:
        settings = load(os.environ)
    except SettingsError as problem:
        sys.exit(str(problem))
    if not settings.redis_url:
        sys.exit(
            "A worker gets its programs through Redis: set REDIS_URL to the address the web processes have."
        )
    logs.set_up(settings.log)
    return worker(settings)


app = from_environment()
