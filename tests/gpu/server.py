"""``app.py`` on a machine with a card, of which NumPy takes the part: ``python tests/gpu/server.py``."""

from __future__ import annotations

if __name__ == "__main__":
    from gevent import monkey

    monkey.patch_all()

import functools

import app
from playground.runner.client import Runner

app.Runner = functools.partial(Runner, gpu_entry="tests.gpu.processes:serve")  # type: ignore[misc, assignment]

if __name__ == "__main__":
    app.main()
