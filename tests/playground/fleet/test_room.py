"""A worker with every slot taken looks for the next program as soon as one has ended."""

from __future__ import annotations

import importlib
from types import SimpleNamespace

import pytest
from celery.worker.request import create_request_cls


def test_celerys_loop_is_woken_when_a_task_has_made_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")  # nothing connects before the worker starts
    worker = importlib.import_module("playground.fleet.worker")
    happened: list[str] = []
    loop = SimpleNamespace(call_soon=lambda callback: happened.append("woken"))
    monkeypatch.setattr(worker, "get_event_loop", lambda: loop)
    task = worker.app.tasks["playground.run"]
    assert task.Request is worker._Roomy
    # As Celery's strategy makes it for each kind of task.
    made = create_request_cls(
        task.Request,
        task,
        pool=SimpleNamespace(apply_async=None),
        hostname="here",
        eventer=None,
        task_ready=lambda request, successful: happened.append("room"),
    )
    made.on_success(object.__new__(made), (False, None, 0.1))
    assert happened == ["room", "woken"]
