"""The entry in a sealed child where the GPU is served: as `main`, and CUDA is in the device server."""

from __future__ import annotations

from engine import backend
from playground.device.connection import Connection, DeviceLost
from playground.device.module import Module
from playground.protocol import Parse, Run
from playground.runner.channel import DEVICE_FD, Channel
from playground.worker import main
from playground.worker.main import prepare, rehearse

__all__ = ["prepare", "rehearse", "serve"]


def serve(request: Run | Parse, channel: Channel) -> None:
    """Take up the connection, if the program is to have a GPU, and go on as always."""
    if isinstance(request, Run) and request.device == "cuda":
        module = Module(Connection(DEVICE_FD, channel.whole))
        try:
            module.synchronize()
        except DeviceLost:  # there is no server at the moment; the program is told that it runs on the CPU
            pass
        else:
            backend.install(module)
    main.serve(request, channel)
