"""``engine.show``: what it finds in the graph, what a notebook gets, and that the engine stands without a viewer."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import engine as torch
from engine import nn
from engine.showing import trace
from playground.export import html
from playground.export.recording import Recording
from playground.protocol import SessionFile

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = '</script></iframe><img src=x onerror=alert(1)>"&quot;'


@pytest.fixture(autouse=True)
def _template(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A page of one element: the real one needs a build."""
    page = tmp_path / "standalone.html"
    page.write_text(f'<script type="application/json" id="session">{html.MARK}</script>')
    monkeypatch.setattr(html, "TEMPLATE", page)


def of(view: Any) -> Recording:
    """The recording a view holds."""
    return Recording(view.content.events)


def test_shows_operations_leaves_and_what_was_saved() -> None:
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    scale = torch.tensor([2.0, 2.0, 2.0])
    y = (x * scale).exp()
    loss = y.sum()
    view = torch.show(loss)
    found = of(view)
    told = [(n.kind, n.op, n.outputs[0].name) for n in found.nodes.values()]
    assert told == [
        ("leaf", "", "x"),
        ("constant", "", "scale"),
        ("op", "aten::mul", ""),
        ("op", "aten::exp", "y"),
        ("op", "aten::sum", "loss"),
    ]
    nodes = list(found.nodes.values())
    assert [n.grad_fn for n in nodes][2:] == ["MulBackward0", "ExpBackward0", "SumBackward0"]
    assert nodes[2].outputs[0].value.unknown, "mul's output is not saved by anything"
    assert np.allclose(nodes[3].outputs[0].value.data, np.exp([2, 4, 6])), "exp saves its own output"
    assert nodes[4].outputs[0].value.data == [loss.item()]
    assert [(e.source, e.target, e.input, e.cut) for e in found.edges] == [
        (0, 2, 0, False),
        (1, 2, 1, True),
        (2, 3, 0, False),
        (3, 4, 0, False),
    ]
    assert repr(view) == ('<graph of loss: 3 operations from x; .save("graph.html") writes it as a page>')


def test_changes_nothing_and_can_be_asked_again_after_backward() -> None:
    x = torch.ones(2, requires_grad=True)
    loss = (x.sin() * x).sum()
    torch.show(loss)
    loss.backward()
    assert x.grad is not None
    after = of(torch.show(loss))
    assert after.gradients[0].data == x.grad.tolist()
    assert [n.op for n in after.nodes.values()] == ["", "aten::sin", "aten::mul", "aten::sum"]
    assert after.nodes[1].outputs[0].value.unknown, "what was saved has been freed"


def test_names_of_modules_parameters_and_of_params() -> None:
    model = nn.Sequential(nn.Linear(2, 1))
    loss = model(torch.ones(1, 2)).sum()
    names = {n.outputs[0].name for n in of(torch.show(loss)).nodes.values() if n.kind == "parameter"}
    assert names == {"model.0.weight", "model.0.bias"}
    hidden = {"x": torch.ones(1, requires_grad=True)}
    named = of(torch.show(hidden["x"] * 2, params={"w": hidden["x"]}))
    assert named.nodes[0].outputs[0].name == "w"


def test_a_value_written_over_is_not_taken_for_the_one_before() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    z = y.sum()
    y.mul_(5)
    nodes = of(torch.show(z)).nodes
    assert [n.op for n in nodes.values()] == ["", "aten::mul", "aten::sum"]
    assert nodes[1].outputs[0].value.unknown


def test_a_custom_function_and_hooks_on_what_is_saved() -> None:
    calls = []

    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    x = torch.ones(2, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: calls.append(t) or t):
        loss = Double.apply(x).exp().sum()
    found = of(torch.show(loss))
    assert [n.op for n in found.nodes.values()] == ["", "Double", "aten::exp", "aten::sum"]
    assert calls == [], "the hooks are the program's, and only a backward pass calls them"


def test_a_deep_graph_is_walked_without_recursion(monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.ones((), requires_grad=True)
    y = x
    for _ in range(5_000):
        y = y * 1.0
    assert len(trace((y,), {})["nodes"]) == 5_001
    monkeypatch.setattr("engine.showing.MOST", 100)
    cut = trace((y,), {})
    assert (len(cut["nodes"]), cut["omitted"]) == (100, 1)


def test_a_notebook_gets_a_sealed_frame() -> None:
    x = torch.ones(2, requires_grad=True)
    shown = torch.show(x * 2, params={HOSTILE: x})._repr_html_()
    assert shown.startswith('<iframe sandbox="allow-scripts" srcdoc="')
    assert shown.count("<") == 2
    assert shown.endswith("></iframe>")
    (page,) = re.findall(r'srcdoc="([^"]*)"', shown)
    inside = unescape(page).removeprefix('<script type="application/json" id="session">')
    assert inside.count("<") == 1
    content = msgspec.json.decode(inside.removesuffix("</script>"), type=SessionFile).content
    assert Recording(content.events).nodes[0].outputs[0].name == HOSTILE


def test_save(tmp_path: Path) -> None:
    x = torch.ones(2, requires_grad=True)
    file = torch.show(x * 2).save(tmp_path / "graph.html")
    assert '"playground":1' in file.read_text()


def test_what_cannot_be_shown_is_said() -> None:
    with pytest.raises(RuntimeError, match="does not require grad"):
        torch.show(torch.ones(2))
    with pytest.raises(TypeError, match="got int"):
        torch.show(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="at least one tensor"):
        torch.show()


def test_the_engine_stands_alone() -> None:
    """Without the playground everything works but drawing, and that says what is missing."""
    program = (
        "import sys; sys.modules['playground'] = None\n"
        "import engine as torch\n"
        "x = torch.ones(2, requires_grad=True)\n"
        "(x * 2).sum().backward(); print(x.grad)\n"
        "try: torch.show(x * 2)\n"
        "except RuntimeError as problem: print(problem)\n"
    )
    made = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert made.stdout.startswith("tensor([2., 2.])\nengine.show needs playground.export.notebook"), (
        made.stderr
    )
