"""What is written from a recording: DOT, Model Explorer JSON and the standalone page, also from hostile recordings."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from playground.export import html
from playground.export.dot import dot
from playground.export.model_explorer import collection, model_explorer
from playground.export.recording import DEEPEST, Recording, brief, compact, scope_name
from playground.protocol import (
    Edge,
    Event,
    Graph,
    Node,
    Output,
    Place,
    Scope,
    SessionContent,
    SessionFile,
    Step,
    TensorInfo,
    Values,
)

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = """</script><!--<img src=x onerror=alert(1)> "\\ \\" \\N &lt; \n\x00 ]; } /*session*/null"""


def tensor(name: str = "", **more: Any) -> TensorInfo:
    """A tensor of two numbers."""
    values = Values(numel=2, data=[1.0, 2.0], mean=1.5, min=1.0, max=2.0, norm=5**0.5)
    return TensorInfo(**({"shape": [2], "dtype": "float32", "name": name, "value": values} | more))


def node(number: int, **more: Any) -> Node:
    """An operation with one output."""
    return Node(**({"id": number, "kind": "op", "op": "aten::sin", "outputs": [tensor()]} | more))


def session(graph: Graph, **more: Any) -> SessionContent:
    """A session with one piece of a graph."""
    return SessionContent(**({"code": "", "title": "Small", "events": [graph]} | more))


SMALL = session(
    Graph(
        nodes=[
            node(0, kind="leaf", op="", outputs=[tensor("x", requires_grad=True)]),
            node(1, grad_fn="SinBackward0", place=Place(line=3), scope=2),
            node(2, op="aten::detach", flags=["detach"], scope=3),
            node(3, op="aten::split", outputs=[tensor("a"), tensor("b")]),
            node(4, op="aten::mm", outputs=[], failed="RuntimeError: shapes"),
        ],
        edges=[
            Edge(source=0, target=1),
            Edge(source=1, target=2, cut=True),
            Edge(source=2, target=3),
            Edge(source=3, target=4, output=1, input=1),
            Edge(source=0, target=99),
        ],
        scopes=[
            Scope(id=1, parent=0, kind="module", name="net", type="Net", line=7),
            Scope(id=2, parent=1, kind="module", name="fc", type="Linear"),
            Scope(id=3, parent=1, kind="module", name="fc", type="Linear"),
        ],
        steps=[
            Step(
                index=0, call=0, node=1, name="SinBackward0", entering=[Values(numel=1, data=[0.5], norm=0.5)]
            ),
            Step(index=1, call=0, node=0, name="AccumulateGrad", accumulated=Values(numel=2, norm=3.0)),
        ],
    )
)


def rendered(text: str) -> dict[str, Any]:
    """What Graphviz makes of it. Debian's package `graphviz` has the program; without it, a reader of our own."""
    if shutil.which("dot"):
        made = subprocess.run(["dot", "-Tjson"], input=text, capture_output=True, text=True, timeout=60)
        assert made.returncode == 0, made.stderr
        assert made.stderr == ""
        found: dict[str, Any] = json.loads(made.stdout)
        return found
    return Reader(text).graph()


class Reader:
    """The part of DOT's grammar that is written: quoted strings, attribute lists, subgraphs, edges."""

    def __init__(self, text: str) -> None:
        pattern = r'"(?:\\.|[^"\\])*"|[A-Za-z0-9_.]+|->|[][{}=;,]|\s+'
        self.tokens = [t for t in re.findall(pattern, text) if t.strip()]
        assert "".join(re.findall(pattern, text)) == text, "something no token of DOT begins with"
        self.at = 0
        self.objects: list[dict[str, Any]] = []
        self.edges: list[dict[str, Any]] = []

    def take(self, expected: str = "") -> str:
        token = self.tokens[self.at]
        assert not expected or token == expected, (token, expected, self.at)
        self.at += 1
        if not token.startswith('"'):
            return token
        return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], token[1:-1]).replace("&amp;", "&")

    def attributes(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if self.tokens[self.at] != "[":
            return found
        self.take("[")
        while self.tokens[self.at] != "]":
            name = self.take()
            self.take("=")
            found[name] = self.take()
            if self.tokens[self.at] == ",":
                self.take()
        self.take("]")
        return found

    def body(self, around: dict[str, Any]) -> None:
        self.take("{")
        while self.tokens[self.at] != "}":
            first = self.take()
            if first == "subgraph":
                inner: dict[str, Any] = {"name": self.take()}
                self.objects.append(inner)
                self.body(inner)
                continue
            if self.tokens[self.at] == "=":
                self.take()
                around[first] = self.take()
            elif self.tokens[self.at] == "->":
                self.take()
                self.edges.append({"from": first, "to": self.take(), **self.attributes()})
            else:
                found = self.attributes()
                if first not in ("graph", "node", "edge"):
                    self.objects.append({"name": first, **found})
            self.take(";")
        self.take("}")

    def graph(self) -> dict[str, Any]:
        self.take("digraph")
        whole: dict[str, Any] = {"name": self.take()}
        self.body(whole)
        assert self.at == len(self.tokens)
        return whole | {"objects": self.objects, "edges": self.edges}


def by_name(graph: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Nodes and clusters."""
    return {thing["name"]: thing for thing in graph["objects"]}


@pytest.mark.parametrize("read", [rendered, lambda text: Reader(text).graph()], ids=["graphviz", "own"])
def test_dot(read: Any) -> None:
    graph = read(dot(SMALL))
    found = by_name(graph)
    assert graph["name"] == "Small"
    assert set(found) == {"cluster_1", "cluster_2", "cluster_3", "n0", "n1", "n2", "n3", "n4"}
    assert found["cluster_2"]["label"] == "fc: Linear"
    lines = found["n1"]["label"].replace("\\n", "\n").split("\n")
    assert lines == ["sin", "(2,) float32", "1, 2", "grad 0.5"]
    assert found["n1"]["tooltip"] == "line 3: SinBackward0"
    assert "failed" in found["n4"]["label"]
    edges = graph["edges"]
    assert len(edges) == 4
    assert [edge["style"] for edge in edges if "style" in edge] == ["dashed"]
    assert [edge["taillabel"] for edge in edges if "taillabel" in edge] == ["1"]


def test_dot_takes_any_text() -> None:
    hostile = session(
        Graph(
            nodes=[
                node(0, op=HOSTILE[:200], scope=1, outputs=[tensor(HOSTILE, dtype=HOSTILE)], failed=HOSTILE),
                node(1, grad_fn=HOSTILE),
            ],
            edges=[Edge(source=0, target=1)],
            scopes=[Scope(id=1, parent=0, kind="range", name=HOSTILE, type=HOSTILE)],
        ),
        title=HOSTILE,
    )
    for graph in (rendered(dot(hostile)), Reader(dot(hostile)).graph()):
        assert set(by_name(graph)) == {"cluster_1", "n0", "n1"}
        assert len(graph["edges"]) == 1
    shown = Reader(dot(hostile)).graph()
    assert by_name(shown)["cluster_1"]["label"].startswith(
        '</script><!--<img src=x onerror=alert(1)> "\\ \\"'
    )


def test_model_explorer_is_a_graph_collection() -> None:
    """Field by field what Model Explorer's own types say; it refuses a file without ``label`` and ``graphs``."""
    found = json.loads(model_explorer(SMALL))
    assert set(found) == {"label", "graphs"}
    (graph,) = found["graphs"]
    nodes = graph["nodes"]
    assert [n["id"] for n in nodes] == ["0", "1", "2", "3", "4"]
    assert [n["label"] for n in nodes] == ["x", "sin", "detach", "split", "mm"]
    # Two calls of one layer are two groups.
    assert [n["namespace"] for n in nodes] == ["", "net: Net/fc: Linear", "net: Net/fc: Linear (2)", "", ""]
    assert nodes[4]["incomingEdges"] == [
        {"sourceNodeId": "3", "sourceNodeOutputId": "1", "targetNodeInputId": "1"}
    ]
    assert nodes[2]["inputsMetadata"][0]["attrs"] == [{"key": "gradient", "value": "none: it is cut here"}]
    told = {a["key"]: a["value"] for a in nodes[1]["outputsMetadata"][0]["attrs"]}
    assert (told["tensor_shape"], told["values"]) == ("float32(2,)", "1, 2")
    for one in nodes:
        for attribute in one["attrs"]:
            assert set(attribute) == {"key", "value"}
            assert isinstance(attribute["value"], str)
    told = graph["groupNodeAttributes"]
    assert set(told) == {"", "net: Net", "net: Net/fc: Linear", "net: Net/fc: Linear (2)"}
    assert told["net: Net"] == {"kind": "module", "type": "Net", "line": "7"}


def test_namespaces_of_hostile_names() -> None:
    """A slash would make a layer more, and of what a semicolon parts only the last is kept there."""
    names = ["a/b;c\\", "a/b;c\\", "a/b;c (2)", "", " "]
    scopes = [Scope(id=k + 1, parent=0, kind="range", name=name) for k, name in enumerate(names)]
    nodes = [node(k, scope=k + 1) for k in range(len(names))]
    spaces = [n.namespace for n in collection(session(Graph(nodes=nodes, scopes=scopes))).graphs[0].nodes]
    assert len(set(spaces)) == len(names)
    for space in spaces:
        assert ";" not in space
        assert re.sub(r"\\/", "", space).count("/") == 0
    assert spaces[0] == "a\\/b,c"


def test_scopes_that_go_round_or_lead_nowhere() -> None:
    circle = [
        Scope(id=1, parent=2, kind="range", name="one"),
        Scope(id=2, parent=1, kind="range", name="two"),
        Scope(id=3, parent=3, kind="range", name="self"),
        Scope(id=4, parent=77, kind="range", name="orphan"),
    ]
    deep = [Scope(id=k, parent=k - 1, kind="range", name="d") for k in range(5, 2_000)]
    found = Recording([Graph(nodes=[node(0, scope=1), node(1, scope=1_999)], scopes=circle + deep[::-1])])
    for scope in found.scopes.values():
        seen = set()
        at = scope.id
        while at:
            assert at not in seen
            seen.add(at)
            at = found.scopes[at].parent
        assert len(seen) <= DEEPEST
    assert found.scope_of(found.nodes[1]) in found.scopes
    content = session(Graph(nodes=[node(0, scope=1_999)], scopes=circle + deep))
    assert rendered(dot(content))
    assert len(model_explorer(content)) < 1_000_000


def test_a_session_without_a_graph() -> None:
    empty = SessionContent(code="x = 1")
    assert rendered(dot(empty)).get("objects", []) == []
    assert json.loads(model_explorer(empty))["graphs"][0]["nodes"] == []


def test_words() -> None:
    assert scope_name(Scope(id=1, parent=0, kind="function", name="f")) == "f()"
    assert scope_name(Scope(id=1, parent=0, kind="iteration", name="3", index=3)) == "iteration 3"
    assert scope_name(Scope(id=1, parent=0, kind="module", name="Net", type="Net")) == "Net"
    assert brief(Values(numel=2, data=["nan", 1.23456])) == "nan, 1.235"
    assert brief(Values(numel=100, norm="inf")) == "norm inf"
    assert brief(Values(numel=0)) == "no elements"


def test_compact_joins_pieces_and_loses_nothing() -> None:
    events: list[Event] = []
    for k in range(5):
        events.append(Graph(nodes=[node(2 * k), node(2 * k + 1)], steps=[], omitted=k))
        events.append(Output(cell=0, stream="stdout", text=f"{k}\n"))
    texts = [event for event in events if isinstance(event, Output)]
    assert [event.text for event in compact(texts) if isinstance(event, Output)] == ["0\n1\n2\n3\n4\n"]
    graphs = compact(event for event in events if isinstance(event, Graph))
    assert len(graphs) == 1
    assert isinstance(graphs[0], Graph)
    assert [n.id for n in graphs[0].nodes] == list(range(10))
    assert graphs[0].omitted == 4
    assert len(compact(events)) == 10
    large = [Graph(nodes=[node(k) for k in range(15_000)]) for _ in range(2)]
    assert len(compact(large)) == 2, "a piece of a graph has at most 20,000 nodes"


# --- The standalone page ---------------------------------------------------------------------------------------------


def test_nothing_ends_the_script_element(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = f'<script type="application/json" id="session">{html.MARK}</script><script>run()</script>'
    monkeypatch.setattr(html, "TEMPLATE", tmp_path / "standalone.html")
    (tmp_path / "standalone.html").write_text(page)
    content = SessionContent(code=HOSTILE + "\u2028", title="</SCRIPT >")
    made = html.html(content)
    before, inside, after = re.split(r'(?<=id="session">)|(?=</script><script>run)', made)
    assert not re.search(r"[<>&\u2028\u2029]", inside)
    assert msgspec.json.decode(inside, type=SessionFile).content == content
    assert (before, after) == tuple(page.split(html.MARK))


def test_a_page_that_was_not_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(html, "TEMPLATE", tmp_path / "standalone.html")
    with pytest.raises(html.NotBuilt, match=r"Run `make build`\.$"):
        html.html(SMALL)
    (tmp_path / "standalone.html").write_text("<p>another page</p>")
    with pytest.raises(html.NotBuilt, match="of another version"):
        html.html(SMALL)


# --- The command line ------------------------------------------------------------------------------------------------


def trace(*arguments: str | Path, program: str | None = None) -> subprocess.CompletedProcess[str]:
    """``python -m playground trace``, with the program on standard input if there is one."""
    return subprocess.run(
        [sys.executable, "-m", "playground", "trace", *map(str, arguments)],
        cwd=ROOT,
        input=program,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_training_is_traced_too(tmp_path: Path) -> None:
    program = """
import torch
w = torch.zeros(1, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
for step in range(20):
    optimizer.zero_grad()
    loss = ((w - 1) ** 2).sum()
    loss.backward()
    optimizer.step()
"""
    done = trace("-", "--json", tmp_path / "traced.json", program=program)
    assert (done.returncode, done.stderr) == (0, "")
    written = json.loads((tmp_path / "traced.json").read_text())
    trainings = [one for one in written["content"]["events"] if one["type"] == "training"]
    assert trainings[-1]["step"] == 20


PROGRAM = """
import sys
import torch
x = torch.rand(3, requires_grad=True)
(2 * x).sum().backward()
print(x.grad)
print("careful", file=sys.stderr)
x.sum()
"""


def test_trace_writes_what_ran(tmp_path: Path) -> None:
    names = [tmp_path / name for name in ("out.json", "out.dot", "me.json")]
    program = tmp_path / "three_numbers.py"
    program.write_text(PROGRAM)
    made = trace(program, "--json", names[0], "--dot", names[1], "--model-explorer", names[2], "--seed", "3")
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("tensor([2., 2., 2.])\ntensor(")
    assert made.stderr == "careful\n"
    content = msgspec.json.decode(names[0].read_bytes(), type=SessionFile).content
    assert (content.title, content.seed, content.code) == ("three_numbers", 3, PROGRAM)
    found = Recording(content.events)
    assert [n.op for n in found.nodes.values()] == ["aten::rand", "aten::mul", "aten::sum", "aten::sum"]
    assert found.gradients[0].data == [2.0, 2.0, 2.0]
    assert len(by_name(rendered(names[1].read_text()))) == 4
    assert len(json.loads(names[2].read_text())["graphs"][0]["nodes"]) == 4


def test_trace_keeps_standard_output_clean_for_a_file() -> None:
    made = trace("-", "--dot", "-", program=PROGRAM)
    assert made.returncode == 0
    assert made.stdout.startswith('digraph "program" {')
    assert made.stdout.endswith("}\n")
    assert "tensor([2., 2., 2.])" in made.stderr


def test_trace_of_a_program_that_fails(tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    made = trace(
        "-", "--json", file, program="import torch\na = torch.ones(2, 3)\nb = a @ a\nprint('never')\n"
    )
    assert made.returncode == 1
    assert "never" not in made.stdout
    assert "RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)" in made.stderr
    nodes = Recording(msgspec.json.decode(file.read_bytes(), type=SessionFile).content.events).nodes
    assert nodes[0].outputs[0].name == "a"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-"], "nothing to write: give at least one of --html, --json, --dot, --model-explorer"),
        (["-", "--dot", "-", "--json", "-"], "standard output can take one format only"),
        (["-", "--dot", "out", "--json", "out"], "out can take one format only"),
        (["nothing.py", "--dot", "-"], "cannot read nothing.py: No such file or directory"),
        (
            ["-", "--dot", "no/such/folder.dot"],
            "cannot write no/such/folder.dot: there is no directory no/such",
        ),
        (["-", "--dot", "docs"], "cannot write docs: it is a directory"),
        (["app.py", "--dot", "app.py"], "app.py is the program itself and would be overwritten"),
        (["-", "--seed", "-1", "--dot", "-"], "--seed: expected a number from 0 to 2**63 - 1, got -1"),
        (["-", "--dot", ""], "the name of a file is empty"),
        (["-", "--svg", "x"], "unrecognized arguments: --svg x"),
    ],
)
def test_trace_says_what_is_wrong(arguments: list[str], said: str) -> None:
    made = trace(*arguments, program="print('ran')")
    assert made.returncode == 2
    assert said in made.stderr
    assert made.stdout == "", "nothing was run"
    assert "Traceback" not in made.stderr


def test_trace_help_shows_how() -> None:
    made = trace("--help")
    assert made.returncode == 0
    for text in (
        "--html FILE",
        "--model-explorer FILE",
        "- is standard output",
        "dot -Tsvg",
        "exit status is 0",
    ):
        assert text in made.stdout
