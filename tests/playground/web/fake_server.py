"""The real web server with a runner that runs nothing: ``python fake_server.py DATABASE_URL``, prints its port.

What a "program" does is said by its code, so that the tests of the wire need no engine:
``wait`` runs until it is cancelled, ``flood N`` sends N pieces of output, ``huge`` sends one large graph, ``report``
says what the runner was told so far; anything else is echoed.
"""

from __future__ import annotations

if __name__ == "__main__":
    from gevent import monkey

    monkey.patch_all()

import json
import os
import sys
import threading
from collections.abc import Callable

import gevent

import playground.protocol as wire
from app import create_app
from playground.runner.wire import Health
from playground.settings import for_oneself, load
from playground.web import server as http
from playground.web import sockets, transport

Callback = Callable[[wire.Event], None]


class FakeRunner:
    """The interface of `playground.runner.client.Runner`, in one process."""

    def __init__(self) -> None:
        self.told: list[list[object]] = []
        self.runs: dict[str, tuple[str, Callback, list[int]]] = {}
        self.finished: set[tuple[str, str]] = set()
        self.without_gpu = ""

    def health(self) -> Health:
        return Health(alive=True, ready=True)

    def no_gpu(self) -> str:
        return self.without_gpu

    def submit(
        self, *, client: str, address: str, request: wire.Run | wire.Parse, on_event: Callback
    ) -> None:
        if isinstance(request, wire.Parse):
            self.told.append(["parse", client, address, request.run])
        else:
            self.told.append(["submit", client, address, request.run, request.device, request.seed])
        if client in self.runs:
            self.cancel(client, self.runs[client][0])
        self.runs[client] = (request.run, on_event, [0])
        self.finished.discard((client, request.run))
        # As in the real one, events come from a thread of its own.
        threading.Thread(target=self._work, args=(client, request), daemon=True).start()

    def drain(self, timeout_s: float) -> bool:
        return True

    def cancel(self, client: str, run: str) -> None:
        self.told.append(["cancel", client, run])
        if client in self.runs and self.runs[client][0] == run and (client, run) not in self.finished:
            self._emit(client, wire.Finished(status="cancelled", wall_ms=1.0, message="Stopped."))

    def send(self, client: str, command: wire.Inspect | wire.Jacobian) -> bool:
        if client not in self.runs or self.runs[client][0] != command.run:
            return False
        if isinstance(command, wire.Inspect):
            self._emit(client, wire.Detail(node=command.node, values=[wire.Values(numel=1, data=[1.0])]))
        else:
            block = wire.JacobianBlock(input=command.inputs[0], rows=[1], columns=[1], values=b"\x00" * 8)
            self._emit(
                client, wire.JacobianResult(output=command.output, order=command.order, blocks=[block])
            )
        return True

    def steer(self, client: str, command: wire.Control | wire.Tune) -> None:
        self.told.append(["steer", client, type(command).__name__, command.run])

    def ack(self, client: str, run: str, seq: int) -> None:
        self.told.append(["ack", client, run, seq])

    def disconnect(self, client: str) -> None:
        self.told.append(["disconnect", client])
        self.runs.pop(client, None)

    def _emit(self, client: str, event: wire.Event) -> None:
        if client in self.runs:
            run, on_event, count = self.runs[client]
            count[0] += 1
            event.run, event.seq = run, count[0]
            if isinstance(event, wire.Finished):
                self.finished.add((client, run))
            on_event(event)

    def _work(self, client: str, request: wire.Run | wire.Parse) -> None:
        if isinstance(request, wire.Parse):
            found = wire.Table(rows=len(request.data.text)) if request.data else wire.Document()
            self._emit(client, found)
            self._emit(client, wire.Finished(status="ok", wall_ms=1.0))
            return
        self._emit(client, wire.Started(cells=[wire.Cell(index=0, line=1, end_line=1)]))
        words = request.code.split()
        if request.code == "wait":
            return
        if words[:1] == ["flood"]:
            for _ in range(int(words[1])):
                self._emit(client, wire.Output(cell=0, stream="stdout", text="x" * 10_000))
                gevent.sleep(0)
        elif request.code == "huge":
            info = wire.TensorInfo(
                shape=[2], dtype="float32", value=wire.Values(numel=2, data=[float("nan"), 1.0])
            )
            nodes = [wire.Node(id=i, kind="op", op="aten::sin", outputs=[info]) for i in range(20_000)]
            self._emit(client, wire.Graph(nodes=nodes))
        elif words[:1] == ["gpu"]:
            self.without_gpu = " ".join(words[1:])
        else:
            text = json.dumps(self.told) if request.code == "report" else request.code[:16_000]
            self._emit(client, wire.Output(cell=0, stream="stdout", text=text))
        self._emit(client, wire.Finished(status="ok", wall_ms=1.0))


if __name__ == "__main__":
    settings = for_oneself(load(os.environ | {"DATABASE_URL": sys.argv[1]}))
    if patience := float(os.environ.get("PATIENCE", "0")):
        # What takes most of a minute, in a test's time.
        http.HEAD_S = transport._JOIN_S = transport._CLOSE_S = transport._TAKE_S = patience
        sockets.PING_INTERVAL_S = sockets.PING_TIMEOUT_S = patience  # type: ignore[assignment]
    app = create_app(settings, FakeRunner())  # type: ignore[arg-type]
    server = http.make("127.0.0.1", 0, app)
    server.init_socket()
    app.extensions["leaving"].on_signals(server.stop)
    print(server.address[1], flush=True)
    server.serve_forever()
