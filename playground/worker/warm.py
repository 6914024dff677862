"""What is run before there are any children, for what stays behind: caches, compiled code, codecs, imported modules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from playground.protocol import Parse, Run, WorkerEvent, encode
from playground.runner.limits import Limits
from playground.worker.output import OneWay

_EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
_NAMES = ("01_graph_tracing", "02_tiny_model", "05_in_place")
"""An operation on numbers and a plot; layers, a loss and an optimizer; errors."""
_REHEARSAL = """\
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = (x * x + 1).sum()
y.backward()
print(y.item(), x.grad)
"""


def requests() -> Iterator[Run | Parse]:
    """Of our own programs; never of a stranger's, which every later child would hold."""
    for name in _NAMES:
        code = (_EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
        yield Run(run="warm", code=code)
        yield Parse(run="warm", code=code)


def rehearsal() -> Run:
    """What most programs do at least."""
    return Run(run="warm", code=_REHEARSAL)


class Nobody(OneWay):
    """A channel that leads nowhere."""

    def __init__(self) -> None:
        self.limits = Limits()
        self.sent_bytes = 0

    def emit(self, event: WorkerEvent) -> None:
        """Encode it, and that is all."""
        self.sent_bytes += len(encode(event))
