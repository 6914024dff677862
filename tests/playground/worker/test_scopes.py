"""The parts of a program that operations belong to: exactly which call, which loop, which iteration."""

from __future__ import annotations

import builtins
import linecache
import textwrap

import pytest

from playground import protocol as p
from playground.runner.limits import Limits
from playground.worker import blocks
from tests.playground.worker.conftest import Result, Runner

HEAD = "import torch\nfrom torch import nn\nx = torch.ones(2)\n"


def _paths(result: Result) -> list[str]:
    """Of each operation but the first: its name and its scopes, outermost first."""
    scopes = {scope.id: scope for scope in result.scopes}
    assert len(scopes) == len(result.scopes)
    known: set[int] = {0}
    for event in result.of(p.Graph):
        for scope in event.scopes:
            assert scope.parent in known
            known.add(scope.id)
        assert all(node.scope in known for node in event.nodes)
    used = {node.scope for node in result.nodes}
    for scope in reversed(result.scopes):
        assert scope.id in used, f"{scope} has nothing in it"
        used.add(scope.parent)
    found = []
    for node in result.nodes[1:]:
        steps, at = [node.op.removeprefix("aten::") or node.kind], node.scope
        while at:
            scope = scopes[at]
            name = (
                scope.name.removeprefix("for ").partition(" in ")[0] if scope.kind == "loop" else scope.name
            )
            steps.insert(1, f"{name}[{scope.index}]" if scope.kind == "iteration" else name)
            at = scope.parent
        found.append(" ".join(steps))
    return found


def _run(play: Runner, code: str) -> list[str]:
    result = play(HEAD + textwrap.dedent(code))
    assert not result.errors, result.errors
    return [path.replace(" 0[0]", "0").replace(" 1[1]", "1").replace(" 2[2]", "2") for path in _paths(result)]


def test_nested_loops(play: Runner) -> None:
    code = """
        for i in range(2):
            a = x * 2
            for j in range(3):
                if j == 1:
                    continue
                b = a + 1
            c = a - 1
        z = x / 3
        """
    once = ["mul i{}", "add i{} j0", "add i{} j2", "sub i{}"]
    assert _run(play, code) == [path.format(i) for i in range(2) for path in once] + ["div"]


def test_what_is_sent_of_a_loop(play: Runner) -> None:
    code = (
        "for k, v in [\n    (1,  2),\n    ]:\n    if k: pass\n    x * 2\n"
        "def f(): return x + 1\nfor _ in range(12): 1\ny = f()\n"
    )
    result = play(HEAD + code)
    assert [(s.kind, s.name, s.line, s.index, s.parent) for s in result.scopes] == [
        ("loop", "for k, v in [ (1, 2), ]", 4, 0, 0),
        ("iteration", "0", 4, 0, 1),
        ("function", "f", 11, 0, 0),
    ]


def test_iterations_without_an_operation_have_no_scope(play: Runner) -> None:
    result = play(HEAD + "for i in range(1000):\n    if i in (3, 998): x * i\n")
    assert [s.index for s in result.scopes if s.kind == "iteration"] == [3, 998]
    assert len(result.scopes) == 3


def test_the_head_of_a_while_is_in_the_loop_but_in_no_iteration(play: Runner) -> None:
    code = """
        y = x.sum()
        while y * 1 < 12:
            y = y + 7
            if y > 40:
                break
        else:
            y.sin()
        while (y - 1) < 0:
            y = y + 1
        """
    head = ["mul while y * 1 < 12", "lt while y * 1 < 12"]
    assert _run(play, code) == [
        "sum",
        *head,
        "add while y * 1 < 120",
        "gt while y * 1 < 120",
        *head,
        "add while y * 1 < 121",
        "gt while y * 1 < 121",
        *head,
        "sin",
        "sub while (y - 1) < 0",
        "lt while (y - 1) < 0",
    ]


def test_a_while_that_is_tried_twice_is_two_loops(play: Runner) -> None:
    result = play(HEAD + "for k in range(2):\n    while x.sum() < 0:\n        pass\n")
    assert _paths(result) == ["sum k 0[0] while x.sum() < 0", "lt k 0[0] while x.sum() < 0",
                              "sum k 1[1] while x.sum() < 0", "lt k 1[1] while x.sum() < 0"]  # fmt: skip
    assert len([s for s in result.scopes if s.name.startswith("while")]) == 2


@pytest.mark.parametrize("leave", ["break", "raise ValueError", "return"])
def test_loops_that_are_left(play: Runner, leave: str) -> None:
    code = f"""
        def f():
            for i in range(3):
                for j in range(3):
                    x * 2
                    if j == 1: {leave}
        for t in range(2):
            try:
                f()
            except ValueError:
                x - 1
            x + 1
        """
    inner = ["mul t{t} f i{i} j0", "mul t{t} f i{i} j1"]
    rounds = range(3) if leave == "break" else range(1)
    expected: list[str] = []
    for t in range(2):
        expected += [path.format(t=t, i=i) for i in rounds for path in inner]
        expected += [f"sub t{t}"] if "raise" in leave else []
        expected += [f"add t{t}"]
    assert _run(play, code) == expected


def test_calls_one_after_another(play: Runner) -> None:
    """They may well lie at the same address."""
    code = "def f(v):\n    return v * 2\ny = f(f(x))\nfor k in range(2):\n    y = f(y)\n"
    result = play(HEAD + code)
    assert _paths(result) == ["mul f", "mul f", "mul k 0[0] f", "mul k 1[1] f"]
    assert [s.line for s in result.scopes if s.kind == "function"] == [6, 6, 8, 8]
    assert len({n.scope for n in result.nodes}) == 5


def test_loops_of_one_iteration_in_calls_one_after_another(play: Runner) -> None:
    code = """
        def f(v):
            for i in range(1):
                v = v * 2
        for k in range(3):
            f(x)
        """
    assert _run(play, code) == [f"mul k{k} f i0" for k in range(3)]


def test_recursion(play: Runner) -> None:
    code = """
        def f(n, y):
            for i in range(2):
                y = y * 2
                if n:
                    y = f(n - 1, y)
                if i:
                    y = y.sin()
            return y
        f(2, x)
        """

    def f(n: int, around: str) -> list[str]:
        found = []
        for i in range(2):
            here = f" f i{i}"
            found.append(f"mul{around}{here}")
            found += f(n - 1, around + here) if n else []
            found += [f"sin{around}{here}"] if i else []
        return found

    assert _run(play, code) == f(2, "")


def test_recursion_in_which_little_is_recorded(play: Runner) -> None:
    """The loops of the inner calls count too, but not for the outer one."""
    code = """
        def f(n):
            for i in range(3):
                for j in range(2):
                    if n:
                        f(n - 1)
                if n == 2:
                    x.cos()
            if n == 2:
                x.sin()
        for t in range(2):
            f(2)
            x.tan()
        """
    assert _run(play, code) == [
        path
        for t in range(2)
        for path in (*(f"cos t{t} f i{i}" for i in range(3)), f"sin t{t} f", f"tan t{t}")
    ]


def test_generators_go_on_where_they_are_asked(play: Runner) -> None:
    code = """
        def gen(y):
            for k in range(2):
                y = y * 2
                yield y
            y = y - 1
            yield y
        for v in gen(x):
            v + 1
        p, q = gen(x), gen(x)
        for i in range(3):
            a = next(p)
            next(q).sin()
        """
    assert _run(play, code) == [
        "mul gen k0", "add v0", "mul gen k1", "add v1", "sub gen", "add v2",
        "mul i0 gen k0", "mul i0 gen k0", "sin i0",
        "mul i1 gen k1", "mul i1 gen k1", "sin i1",
        "sub i2 gen", "sub i2 gen", "sin i2",
    ]  # fmt: skip


def test_a_generator_that_yields_before_its_loop(play: Runner) -> None:
    code = """
        def gen():
            yield x * 1
            yield x * 2
        g = gen()
        for i in range(2):
            next(g)
        """
    assert _run(play, code) == ["mul i0 gen", "mul i1 gen"]


def test_modules_in_loops_and_loops_in_modules(play: Runner) -> None:
    code = """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                for k in range(2):
                    self.register_buffer(f"b{k}", torch.zeros(2))
            def forward(self, y):
                for k in range(2):
                    y = self.step(y) - 1
                return y.cos()
            @torch.no_grad()
            def step(self, y):
                return nn.functional.relu(y)
        net = nn.Sequential(Net(), nn.Tanh())
        def train(n):
            for epoch in range(n):
                net(x).sum()
        train(2)
        x + 1
        """
    module = ["relu {} 0 k0 step", "sub {} 0 k0", "relu {} 0 k1 step", "sub {} 0 k1", "cos {} 0", "tanh {} 1"]
    expected = ["zeros k0", "zeros k1"]
    for epoch in range(2):
        expected += [path.format(f"train epoch{epoch} Sequential") for path in module]
        expected += [f"sum train epoch{epoch}"]
    assert _run(play, code) == [*expected, "add"]


def test_the_lines_where_modules_and_optimizers_are_called(play: Runner) -> None:
    code = (
        "net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())\nopt = torch.optim.SGD(net.parameters(), lr=0.1)\n"
        "for epoch in range(2):\n    net(x).sum().backward()\n    opt.step()\n"
    )
    result = play(HEAD + code)
    assert [(s.kind, s.name, s.line) for s in result.scopes] == [
        ("loop", "for epoch in range(2)", 6),
        *[("iteration", "0", 6), ("module", "Sequential", 7), ("module", "0", 7), ("module", "1", 7)],
        ("optimizer", "SGD.step", 8),
        *[("iteration", "1", 6), ("module", "Sequential", 7), ("module", "0", 7), ("module", "1", 7)],
        ("optimizer", "SGD.step", 8),
    ]
    assert [s.parent for s in result.scopes] == [0, 1, 2, 3, 3, 2, 1, 7, 8, 8, 7]


def test_the_modules_own_forward_is_its_scope_but_a_second_call_is_not(play: Runner) -> None:
    code = """
        class Twice(nn.Module):
            def forward(self, y, again=True):
                y = y * 2
                return self.forward(y, False) if again else y
        class Opt(torch.optim.Optimizer):
            def step(self):
                for p in self.param_groups[0]["params"]:
                    p.data.sub_(p.grad)
        Twice()(x)
        w = torch.ones(2, requires_grad=True)
        opt = Opt([w], {})
        w.sum().backward()
        opt.step()
        """
    found = _run(play, code)
    assert found[:2] == ["mul Twice", "mul Twice forward"]
    assert found[-1] == "sub_ Opt.step p0"


def test_hooks_run_inside_the_module(play: Runner) -> None:
    code = """
        def hook(module, args, output):
            return output * 2
        net = nn.Sequential(nn.Tanh(), nn.Sigmoid())
        net[0].register_forward_hook(hook)
        for k in range(2):
            net(x)
        def halve(g):
            return g / 2
        w = torch.ones(2, requires_grad=True)
        w.register_hook(halve)
        for k in range(2):
            w.exp().sum().backward()
        """
    forward = ["tanh k{} Sequential 0", "mul k{} Sequential 0 hook", "sigmoid k{} Sequential 1"]
    backward = ["exp k{}", "sum k{}", "div k{} halve"]
    found = [path for path in _run(play, code) if not path.startswith("constant")]
    assert found == [path.format(k) for k in range(2) for path in forward] + ["ones"] + [
        path.format(k) for k in range(2) for path in backward
    ]


def test_lambdas_and_comprehensions_are_part_of_what_is_around_them(play: Runner) -> None:
    code = """
        double = lambda v: v * 2
        def h(v): return v.cos()
        class Box:
            def __init__(self, v):
                self.v = v.exp()
                for k in range(2):
                    self.v = self.v - k
        for i in range(2):
            double(x)
            [double(u) + i for u in (x, x)]
            Box(x)
        [h(v) for v in (x, x)]
        class Held:
            for j in range(2):
                a = x.tan()
        """
    once = ["mul i{}", *["mul i{}", "add i{}"] * 2, "exp i{}", "sub i{} k0", "sub i{} k1"]
    assert _run(play, code) == [path.format(i) for i in range(2) for path in once] + ["cos h"] * 2 + [
        "tan j0",
        "tan j1",
    ]


def test_ranges_are_between_what_is_around_and_what_is_inside(play: Runner) -> None:
    code = """
        from torch.profiler import record_function
        for i in range(2):
            with record_function("lab"):
                for j in range(2):
                    x + 1
                x * 2
            x - 1
        """
    once = ["add i{} lab j0", "add i{} lab j1", "mul i{} lab", "sub i{}"]
    assert _run(play, code) == [path.format(i) for i in range(2) for path in once]


def test_a_failing_operation_is_where_it_failed(play: Runner) -> None:
    code = "def f(v):\n    for k in range(3):\n        v @ torch.ones(2 + k)\nf(x)\n"
    result = play(HEAD + code)
    assert _paths(result)[-1] == "dot f k 1[1]"
    assert result.nodes[-1].failed


def test_cells_and_coroutines(play: Runner) -> None:
    code = """
        # %% one
        class Pause:
            def __await__(self):
                yield
        async def work(n):
            for k in range(2):
                x * n
                await Pause()
        for i in range(2):
            x + 1
        # %% two
        for i in range(1):
            x - 1
        both = [work(1), work(2)]
        for i in range(2):
            for w in both:
                w.send(None)
        """
    found = _run(play, code)
    assert found[:3] == ["add i0", "add i1", "sub i0"]
    assert found[3:] == [f"mul i{i} w{w} work k{i}" for i in range(2) for w in range(2)]


def test_scopes_are_bounded(play: Runner) -> None:
    limits = Limits(operations=40_000)
    result = play(HEAD + "for i in range(21000):\n    x * 2\n", limits=limits)
    scopes = {s.id for s in result.scopes}
    assert len(scopes) == 20_000
    assert {n.scope for n in result.nodes} <= scopes | {0}
    assert result.nodes[-1].scope == result.scopes[0].id


SAME = '''
"""A program whose results would show if anything had been changed."""
from __future__ import annotations
import inspect, sys, traceback

def f(a: Undefined, *, b=1):
    """Words."""
    for i in range(2):
        """not a docstring"""
        c = i
    return sorted(locals())

def g():
    "only words"

class K:
    "Words too."
    for i in range(2): a = i
    async def h(self):
        while True: yield 1

async def co(): return [i async for i in K().h()]

print(f(1), f.__doc__, g.__doc__, g(), K.__doc__, K.a, sorted(k for k in vars(K) if k[:2] != "__"))
print(f.__annotations__, f.__code__.co_varnames, f.__code__.co_firstlineno, f.__kwdefaults__)
print(sorted(k for k in globals() if k[:2] != "__"), [k for k in dir(__builtins__) if "tick" in k and k[0] != "<"])
for k in range(2):
    try:
        while True:
            for j in (1, 0):
                1 / j
    except ZeroDivisionError as error:
        print(traceback.format_exc(), error.__traceback__.tb_lineno)
def lines():
    seen = []
    def trace(frame, event, arg):
        if frame.f_code.co_name == "traced": seen.append((event, frame.f_lineno))
        return trace
    def traced(n):
        "Words."
        for i in range(n):
            i += 1
        while n > 0:
            n -= 1
        return n
    sys.settrace(trace)
    traced(2)
    sys.settrace(None)
    return seen
print(lines())
def deep(n): return n if n == 0 else deep(n - 1)
print(deep(100), inspect.isgeneratorfunction(f), inspect.isasyncgenfunction(K.h))
def gen():
    try:
        while True: yield 1
    finally:
        print("closed")
for v in gen(): break
del v
k: int
for k in range(1): pass
else: print("else")
match k:
    case 0:
        for k in "a": print(k)
'''


def test_counting_changes_nothing_else(play: Runner, capsys: pytest.CaptureFixture[str]) -> None:
    result = play(SAME)
    assert not result.errors, result.errors
    names: dict[str, object] = {"__name__": "__main__", "__file__": "<program>", "__doc__": None}
    before = {name: vars(builtins).pop(name) for name in (blocks._TICKS, blocks._BEGIN)}
    try:
        linecache.cache["<program>"] = (len(SAME), None, SAME.splitlines(keepends=True), "<program>")
        exec(compile(SAME, "<program>", "exec"), names)
    finally:
        vars(builtins).update(before)
    assert result.text() == capsys.readouterr().out


def test_a_program_deeper_than_the_stack(play: Runner) -> None:
    """Such as Python's compiler takes, but no recursive walk through its tree does."""
    code = "x = 0\nif x: pass\n" + "".join(f"elif x == {k}: pass\n" for k in range(1, 500))
    assert not play(code + "else: print('deep')\nprint(" + "+".join(["1"] * 900) + ")\n").errors
