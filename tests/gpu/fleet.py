"""The Celery worker of a machine with a card, of which NumPy takes the part: ``celery -A tests.gpu.fleet worker``.

Its programs hold the card themselves, which a worker refuses when it starts: nobody else reaches this one.
"""

from __future__ import annotations

import functools
from types import SimpleNamespace

from playground.fleet import worker
from playground.runner.client import Runner

worker.Runner = functools.partial(Runner, gpu_entry="tests.gpu.processes:serve")  # type: ignore[misc, assignment]
worker.doctor = SimpleNamespace(refusal=lambda host, limits: "")  # type: ignore[assignment]

app = worker.app
