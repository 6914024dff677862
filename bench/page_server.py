"""The real web server, whose runner also plays made-up recordings: ``python -m bench.page_server DATABASE_URL``.

It prints its port. A program that begins with ``# recording: transformer 10000`` is not run: its events are played, as
fast as the page takes them or, with a third word, so many seconds apart in batches.
"""

from __future__ import annotations

if __name__ == "__main__":
    from gevent import monkey

    monkey.patch_all()

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable

import gevent
from gevent.pywsgi import WSGIServer

from app import create_app
from bench.page_recordings import RECORDINGS
from bench.page_training import Training
from playground import protocol as wire
from playground.runner.client import Runner
from playground.settings import load

ASKED = re.compile(r"# recording: (\w+) (\d+)(?: ([\d.]+))?")
WINDOW = 200
"""Events that may be on their way unacknowledged, as the supervisor allows."""


class Player(Runner):
    """Runs programs, and plays recordings."""

    def __init__(self) -> None:
        settings = load(os.environ)
        super().__init__(settings.limits)
        self._acknowledged: dict[str, int] = {}

    def submit(
        self,
        *,
        client: str,
        address: str,
        request: wire.Run | wire.Parse,
        on_event: Callable[[wire.Event], None],
    ) -> None:
        """As `Runner.submit`."""
        asked = ASKED.match(request.code)
        if not asked:
            super().submit(client=client, address=address, request=request, on_event=on_event)
            return
        threading.Thread(target=self._play, args=(request.run, asked, on_event), daemon=True).start()

    def ack(self, client: str, run: str, seq: int) -> None:
        """As `Runner.ack`."""
        self._acknowledged[run] = seq
        super().ack(client, run, seq)

    def _play(self, run: str, asked: re.Match[str], on_event: Callable[[wire.Event], None]) -> None:
        name, size, apart = asked.groups()
        recording = Training(int(size)) if name == "training" else RECORDINGS[name](int(size))
        events: list[wire.Event] = [
            wire.Started(run=run, seq=0, cells=[wire.Cell(index=0, line=1, end_line=1)]),
            *recording.batches(),
            wire.Finished(
                run=run, seq=0, status="ok", wall_ms=1.0, operations=len(recording.nodes), interactive=False
            ),
        ]
        for seq, event in enumerate(events, 1):
            while seq - self._acknowledged.get(run, 0) > WINDOW:
                time.sleep(0.002)
            event.run, event.seq = run, seq
            on_event(event)
            if apart:
                time.sleep(float(apart))


if __name__ == "__main__":
    settings = load(os.environ | {"DATABASE_URL": sys.argv[1]})
    player = Player()
    player.start()
    server = WSGIServer(("127.0.0.1", 0), create_app(settings, player), log=None)
    server.init_socket()
    gevent.signal_handler(signal.SIGTERM, server.stop)
    print(server.address[1], flush=True)
    server.serve_forever()
    player.close()
