"""Celery, as web processes and workers alike use it: a queue in Redis, and nothing else of it."""

from __future__ import annotations

from typing import Any

from celery import Celery
from kombu.connection import Connection

from playground.fleet.line import PATIENCE_S, PREFIX
from playground.runner.limits import Limits

RUN = "playground.run"
"""The one task there is."""
QUEUES = ("cpu", "gpu")


class _Keen(Connection):
    """Looks for Redis every second while it is away. Left to itself kombu pauses for longer and longer, up to 30 s, and
    a program would have given up waiting before a worker is back."""

    def ensure_connection(self, *arguments: Any, **more: Any) -> Any:
        pauses = {"interval_start": 0.5, "interval_step": 0.5, "interval_max": 1.0}
        return super().ensure_connection(*arguments, **(pauses | more))  # type: ignore[no-untyped-call]


def broker(url: str, limits: Limits) -> Celery:
    """The application. Messages are JSON; a program is tried once, on whichever worker has room for it."""
    app = Celery("playground", broker=url, set_as_current=False)
    app.amqp.Connection = _Keen
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        result_backend=None,
        task_ignore_result=True,
        task_acks_late=False,
        task_default_queue="cpu",
        task_create_missing_queues=True,
        task_publish_retry=True,
        # Once: the pooled connection may be one to a Redis that has been restarted.
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0},
        worker_pool="threads",
        worker_concurrency=limits.slots,
        worker_prefetch_multiplier=1,
        # What waits waits in Redis, for whichever worker is free first.
        worker_disable_prefetch=True,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_log_format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "global_keyprefix": PREFIX,
            "socket_connect_timeout": PATIENCE_S,
            "socket_timeout": 2 * PATIENCE_S,
            "socket_keepalive": True,
        },
        broker_pool_limit=10,
    )
    return app
