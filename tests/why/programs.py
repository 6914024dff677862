"""Programs with something wrong about a gradient, and for each a twin without it.

They are run by `scripts/gen_why.py`; `static/src/why/programs.test.ts` holds what the page says of the recordings
against what is written here. Numbers are chosen so that every machine computes the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent


@dataclass(frozen=True)
class Case:
    """One explanation: what is asked of which tensor, and what must be said."""

    name: str
    ask: str
    """A tensor by its name; ``op:log`` is the last operation of that kind, ``failed`` the one that failed."""
    kind: str
    line: int
    """The line that must be named first."""
    says: tuple[str, ...]
    """What the sentence must contain."""
    bad: str
    good: str
    """Of the same tensor nothing wrong is said here."""
    fix: str = ""
    """What the advice or its code must contain."""


def _text(program: str) -> str:
    return dedent(program).strip() + "\n"


_ALL: list[Case] = []


def _case(name: str, ask: str, kind: str, line: int, *says: str, bad: str, good: str, fix: str = "") -> None:
    _ALL.append(Case(name, ask, kind, line, says, _text(bad), _text(good), fix))


# --- None ------------------------------------------------------------------------------------------------------------

_case(
    "cut by detach", "w", "detached", 4, "`h`", "`w`", "`detach()` at line 4",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        h = w * 3
        y = h.detach()
        b = torch.tensor([1.0, 1.0], requires_grad=True)
        loss = (y * b).sum()
        loss.backward()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        h = w * 3
        b = torch.tensor([1.0, 1.0], requires_grad=True)
        loss = (h * b).sum()
        loss.backward()
    """,
    fix="detach()",
)  # fmt: skip
_case(
    "the detached tensor itself", "y", "detached", 4, "`y` is `h` cut off", "line 4",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        h = w * 3
        y = h.detach()
        loss = (y * w).sum()
        loss.backward()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        h = w * 3
        y = h.clone()
        loss = (y * w).sum()
        loss.backward()
    """,
)  # fmt: skip
_case(
    "cut by .data", "w", "data", 5, "`.data`", "`h`",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        b = torch.tensor([1.0, 1.0], requires_grad=True)
        h = w * 3
        loss = (h.data * b).sum()
        loss.backward()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        b = torch.tensor([1.0, 1.0], requires_grad=True)
        h = w * 3
        loss = (h * b).sum()
        loss.backward()
    """,
    fix="`h` in place of `h.data`",
)  # fmt: skip
_case(
    "made under no_grad", "h", "no_grad", 4, "`h` was made at line 4", "no_grad",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        with torch.no_grad():
            h = w * 3
        loss = (h * w).sum()
        loss.backward()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        h = w * 3
        loss = (h * w).sum()
        loss.backward()
    """,
)  # fmt: skip
_case(
    "a parameter used under no_grad", "w", "no_grad", 5, "`w` is cut off", "line 5", "gradients switched off",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        b = torch.tensor([1.0, 2.0], requires_grad=True)
        with torch.no_grad():
            h = w * 3
        loss = (h * b).sum()
        loss.backward()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        b = torch.tensor([1.0, 2.0], requires_grad=True)
        h = w * 3
        loss = (h * b).sum()
        loss.backward()
    """,
)  # fmt: skip
_case(
    "an integer tensor", "n", "not_floating", 2, "`n` is int64",
    bad="""
        import torch
        n = torch.tensor([1, 2, 3])
        w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
        (n * w).sum().backward()
    """,
    good="""
        import torch
        n = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
        w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
        (n * w).sum().backward()
    """,
    fix="float()",
)  # fmt: skip
_case(
    "argmax has no derivative", "scores", "no_derivative", 4, "`argmax` at line 4", "no derivative",
    bad="""
        import torch
        scores = torch.tensor([1.0, 5.0, 2.0], requires_grad=True)
        w = torch.tensor(2.0, requires_grad=True)
        best = scores.argmax()
        loss = best.float() * w
        loss.backward()
    """,
    good="""
        import torch
        scores = torch.tensor([1.0, 5.0, 2.0], requires_grad=True)
        w = torch.tensor(2.0, requires_grad=True)
        best = (scores.softmax(0) * torch.arange(3.0)).sum()
        loss = best * w
        loss.backward()
    """,
    fix="softmax",
)  # fmt: skip
_case(
    "a comparison has no derivative", "x", "no_derivative", 4, "`gt` at line 4",
    bad="""
        import torch
        x = torch.tensor([1.0, -1.0], requires_grad=True)
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        mask = (x > 0).float()
        (mask * w).sum().backward()
    """,
    good="""
        import torch
        x = torch.tensor([1.0, -1.0], requires_grad=True)
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        mask = torch.sigmoid(x)
        (mask * w).sum().backward()
    """,
)  # fmt: skip
_case(
    "a leaf that does not ask", "x", "not_required", 2, "`x` does not ask for a gradient",
    bad="""
        import torch
        x = torch.tensor([1.0, 2.0])
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        (x * w).sum().backward()
    """,
    good="""
        import torch
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        (x * w).sum().backward()
    """,
    fix="x.requires_grad_()",
)  # fmt: skip
_case(
    "a frozen parameter", "weight", "not_required", 2, "frozen", "`requires_grad` is False",
    bad="""
        import torch
        layer = torch.nn.Linear(2, 1)
        layer.weight.requires_grad_(False)
        layer(torch.ones(3, 2)).sum().backward()
    """,
    good="""
        import torch
        layer = torch.nn.Linear(2, 1)
        layer(torch.ones(3, 2)).sum().backward()
    """,
    fix="requires_grad_(True)",
)  # fmt: skip
_case(
    "not a leaf", "h", "not_kept", 3, "`h`", "not a leaf",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        h = w * 3
        h.sum().backward()
        print(h.grad)
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        h = w * 3
        h.retain_grad()
        h.sum().backward()
        print(h.grad)
    """,
    fix="h.retain_grad()",
)  # fmt: skip
_case(
    "no backward at all", "w", "not_yet", 0, "No backward pass has run",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        loss = (w * 3).sum()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        loss = (w * 3).sum()
        loss.backward()
    """,
    fix="loss.backward()",
)  # fmt: skip
_case(
    "another loss was differentiated", "w", "elsewhere", 5, "line 6 started from `first`", "only to `second` at line 5",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        v = torch.tensor([1.0, 2.0], requires_grad=True)
        first = (v * 2).sum()
        second = (w * 3).sum()
        first.backward()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        v = torch.tensor([1.0, 2.0], requires_grad=True)
        first = (v * 2).sum()
        second = (w * 3).sum()
        (first + second).backward()
    """,
)  # fmt: skip
_case(
    "nothing uses it", "w", "elsewhere", 2, "nothing was made of `w`",
    bad="""
        import torch
        w = torch.zeros(2, requires_grad=True)
        v = torch.tensor([1.0, 2.0], requires_grad=True)
        (v * 2).sum().backward()
    """,
    good="""
        import torch
        w = torch.zeros(2, requires_grad=True)
        v = torch.tensor([1.0, 2.0], requires_grad=True)
        (v * 2 + w).sum().backward()
    """,
)  # fmt: skip
_case(
    "a custom function returned None", "b", "stopped", 9, "`Product.backward` returned None for `b`",
    bad="""
        import torch
        class Product(torch.autograd.Function):
            @staticmethod
            def forward(ctx, a, b): return a * b
            @staticmethod
            def backward(ctx, g): return g, None
        a = torch.tensor([1.0, 2.0], requires_grad=True)
        b = torch.tensor([3.0, 4.0], requires_grad=True)
        y = Product.apply(a, b)
        y.sum().backward()
    """,
    good="""
        import torch
        class Product(torch.autograd.Function):
            @staticmethod
            def forward(ctx, a, b): return a * b
            @staticmethod
            def backward(ctx, g): return g, g
        a = torch.tensor([1.0, 2.0], requires_grad=True)
        b = torch.tensor([3.0, 4.0], requires_grad=True)
        y = Product.apply(a, b)
        y.sum().backward()
    """,
    fix="backward()",
)  # fmt: skip
_case(
    "autograd.grad keeps nothing", "w", "handed_out", 4, "`autograd.grad` at line 4", "returned it",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        loss = (w * w).sum()
        g, = torch.autograd.grad(loss, w)
        print(w.grad)
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        loss = (w * w).sum()
        loss.backward()
        print(w.grad)
    """,
)  # fmt: skip

# --- Zero ------------------------------------------------------------------------------------------------------------

_case(
    "a dead ReLU", "w", "dead_relu", 4, "`relu` at line 4", "negative or zero",
    bad="""
        import torch
        x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        w = torch.tensor([-1.0, -2.0], requires_grad=True)
        y = torch.relu(x * w)
        y.sum().backward()
    """,
    good="""
        import torch
        x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        y = torch.relu(x * w)
        y.sum().backward()
    """,
    fix="LeakyReLU",
)  # fmt: skip
_case(
    "a saturated sigmoid", "w", "saturated", 3, "`sigmoid` at line 3 is saturated", "200",
    bad="""
        import torch
        w = torch.tensor([100.0, 200.0], requires_grad=True)
        p = torch.sigmoid(w)
        p.sum().backward()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        p = torch.sigmoid(w)
        p.sum().backward()
    """,
)  # fmt: skip
_case(
    "probabilities always add up to one", "w", "constant", 3, "always add up to 1",
    bad="""
        import torch
        w = torch.zeros(4, requires_grad=True)
        p = torch.softmax(w, 0)
        p.sum().backward()
    """,
    good="""
        import torch
        w = torch.zeros(4, requires_grad=True)
        p = torch.softmax(w, 0)
        p[0].log().backward()
    """,
)  # fmt: skip
_case(
    "multiplied by a mask of zeros", "w", "times_zero", 4, "`mul` at line 4", "`mask`", "all zeros",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        mask = torch.zeros(2)
        (w * mask).sum().backward()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        mask = torch.ones(2)
        (w * mask).sum().backward()
    """,
)  # fmt: skip
_case(
    "multiplied by the number 0", "w", "times_zero", 3, "`mul` at line 3 multiplies it by 0",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        loss = (w * 0.0).sum()
        loss.backward()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        loss = (w * 0.5).sum()
        loss.backward()
    """,
)  # fmt: skip
_case(
    "the weights after it begin with zero", "first", "times_zero", 5, "`mm` at line 5", "`second`", "all zeros",
    bad="""
        import torch
        x = torch.tensor([[1.0, 2.0]])
        first = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        second = torch.nn.Parameter(torch.zeros(2, 1))
        y = (x @ first) @ second
        y.sum().backward()
    """,
    good="""
        import torch
        x = torch.tensor([[1.0, 2.0]])
        first = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        second = torch.nn.Parameter(torch.full((2, 1), 0.5))
        y = (x @ first) @ second
        y.sum().backward()
    """,
    fix="normal_",
)  # fmt: skip
_case(
    "clamped at its bound", "w", "clamped", 3, "`clamp` at line 3", "at a bound",
    bad="""
        import torch
        w = torch.tensor([5.0, 7.0], requires_grad=True)
        y = w.clamp(0.0, 1.0)
        y.sum().backward()
    """,
    good="""
        import torch
        w = torch.tensor([0.5, 0.7], requires_grad=True)
        y = w.clamp(0.0, 1.0)
        y.sum().backward()
    """,
)  # fmt: skip
_case(
    "the maximum chose the other", "b", "not_chosen", 4, "`maximum` at line 4", "chose other",
    bad="""
        import torch
        a = torch.tensor([5.0, 7.0], requires_grad=True)
        b = torch.tensor([1.0, 2.0], requires_grad=True)
        y = torch.maximum(a, b)
        y.sum().backward()
    """,
    good="""
        import torch
        a = torch.tensor([5.0, 7.0], requires_grad=True)
        b = torch.tensor([1.0, 8.0], requires_grad=True)
        y = torch.maximum(a, b)
        y.sum().backward()
    """,
)  # fmt: skip
_case(
    "only the other part is used", "b", "not_chosen", 4, "`cat` at line 4",
    bad="""
        import torch
        a = torch.tensor([5.0, 7.0], requires_grad=True)
        b = torch.tensor([1.0, 2.0], requires_grad=True)
        y = torch.cat([a, b])
        y[:2].sum().backward()
    """,
    good="""
        import torch
        a = torch.tensor([5.0, 7.0], requires_grad=True)
        b = torch.tensor([1.0, 2.0], requires_grad=True)
        y = torch.cat([a, b])
        y[:3].sum().backward()
    """,
)  # fmt: skip
_case(
    "where chose the other branch", "x", "not_chosen", 4, "`where` at line 4", "other branch",
    bad="""
        import torch
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = torch.tensor([3.0, 4.0], requires_grad=True)
        z = torch.where(y > 0, y, x)
        z.sum().backward()
    """,
    good="""
        import torch
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = torch.tensor([3.0, -4.0], requires_grad=True)
        z = torch.where(y > 0, y, x)
        z.sum().backward()
    """,
)  # fmt: skip
_case(
    "two ways cancel out", "x", "cancels", 3, "cancels out",
    bad="""
        import torch
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        a = x * 2
        b = x * 2
        (a - b).sum().backward()
    """,
    good="""
        import torch
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        a = x * 2
        b = x * 3
        (a - b).sum().backward()
    """,
)  # fmt: skip
_case(
    "rounding is a step function", "x", "step_function", 3, "`round` at line 3", "step function",
    bad="""
        import torch
        x = torch.tensor([1.2, 2.7], requires_grad=True)
        y = x.round()
        (y * 3).sum().backward()
    """,
    good="""
        import torch
        x = torch.tensor([1.2, 2.7], requires_grad=True)
        y = x + (x.round() - x).detach()
        (y * 3).sum().backward()
    """,
    fix="detach()",
)  # fmt: skip
_case(
    "the loss is at its minimum", "w", "at_minimum", 4, "`pow` at line 4", "all zeros",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        off = w - torch.tensor([1.0, 2.0])
        loss = (off ** 2).sum()
        loss.backward()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        off = w - torch.tensor([2.0, 2.0])
        loss = (off ** 2).sum()
        loss.backward()
    """,
)  # fmt: skip
_case(
    "too small for float32", "w", "underflow", 3, "too small for float32",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        y = w * 1e-30
        y.backward(torch.full((2,), 1e-30))
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        y = w * 1e-3
        y.backward(torch.full((2,), 1.0))
    """,
    fix="float64",
)  # fmt: skip
_case(
    "began with zero", "w", "began_with_zero", 4, "line 4 began with a gradient of zeros",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        y = w * 3
        y.backward(torch.zeros(2))
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        y = w * 3
        y.backward(torch.ones(2))
    """,
)  # fmt: skip

# --- NaN and infinity ------------------------------------------------------------------------------------------------

_case(
    "the logarithm of zero", "p", "born_forward", 3, "`log` at line 3", "logarithm of 0",
    bad="""
        import torch
        p = torch.tensor([0.0, 1.0], requires_grad=True)
        loss = -(p * p.log()).sum()
        loss.backward()
    """,
    good="""
        import torch
        p = torch.tensor([0.25, 1.0], requires_grad=True)
        loss = -(p * p.log()).sum()
        loss.backward()
    """,
    fix="p.clamp(min=1e-8)",
)  # fmt: skip
_case(
    "zero over zero", "y", "born_forward", 4, "`div` at line 4", "`b` contains 0",
    bad="""
        import torch
        a = torch.tensor([0.0, 1.0], requires_grad=True)
        b = torch.tensor([0.0, 2.0])
        y = a / b
        y.sum().backward()
    """,
    good="""
        import torch
        a = torch.tensor([0.0, 1.0], requires_grad=True)
        b = torch.tensor([1.0, 2.0])
        y = a / b
        y.sum().backward()
    """,
    fix="(b + 1e-8)",
)  # fmt: skip
_case(
    "exp overflows", "p", "born_forward", 3, "`exp` at line 3", "larger than the largest float32",
    bad="""
        import torch
        x = torch.tensor([1.0, 100.0], requires_grad=True)
        e = x.exp()
        p = e / e.sum()
        p[0].backward()
    """,
    good="""
        import torch
        x = torch.tensor([1.0, 100.0], requires_grad=True)
        p = x.softmax(0)
        (p * x).sum().backward()
    """,
    fix="logsumexp",
)  # fmt: skip
_case(
    "the root of a negative number", "y", "born_forward", 3, "`sqrt` at line 3", "goes down to -4",
    bad="""
        import torch
        x = torch.tensor([-4.0, 9.0], requires_grad=True)
        y = x.sqrt()
        y.sum().backward()
    """,
    good="""
        import torch
        x = torch.tensor([4.0, 9.0], requires_grad=True)
        y = x.sqrt()
        y.sum().backward()
    """,
)  # fmt: skip
_case(
    "the derivative of sqrt at zero", "x", "born_backward", 3, "backward of `sqrt` at line 3", "infinite at 0",
    bad="""
        import torch
        x = torch.tensor([0.0, 4.0], requires_grad=True)
        y = x.sqrt()
        y.sum().backward()
    """,
    good="""
        import torch
        x = torch.tensor([0.0, 4.0], requires_grad=True)
        y = (x + 1e-8).sqrt()
        y.sum().backward()
    """,
    fix="torch.sqrt(x + 1e-8)",
)  # fmt: skip
_case(
    "the branch that where did not choose", "x", "unused_branch", 3, "`log` at line 3", "0 × ∞ is NaN",
    bad="""
        import torch
        x = torch.tensor([0.0, 4.0], requires_grad=True)
        safe = torch.where(x > 0, x.log(), 0.0)
        safe.sum().backward()
    """,
    good="""
        import torch
        x = torch.tensor([0.0, 4.0], requires_grad=True)
        safe = torch.where(x > 0, x, 1.0).log()
        safe.sum().backward()
    """,
    fix="torch.where(x > 0, x, 1.0)",
)  # fmt: skip
_case(
    "NaN weights since an optimizer's step", "w", "born_backward", 5, "`sqrt` at line 5", "`SGD.step` at line 7",
    bad="""
        import torch
        w = torch.nn.Parameter(torch.tensor([0.0, 4.0]))
        optimizer = torch.optim.SGD([w], lr=0.1)
        for _ in range(2):
            loss = w.sqrt().sum()
            loss.backward()
            optimizer.step()
    """,
    good="""
        import torch
        w = torch.nn.Parameter(torch.tensor([1.0, 4.0]))
        optimizer = torch.optim.SGD([w], lr=0.1)
        loss = w.sqrt().sum()
        loss.backward()
        optimizer.step()
    """,
)  # fmt: skip

# --- Sums ------------------------------------------------------------------------------------------------------------

_case(
    "never cleared", "w", "never_cleared", 5, "not cleared between steps", "3 gradients",
    bad="""
        import torch
        w = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
        optimizer = torch.optim.SGD([w], lr=0.125)
        for _ in range(3):
            (w * w).sum().backward()
            optimizer.step()
    """,
    good="""
        import torch
        w = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
        optimizer = torch.optim.SGD([w], lr=0.125)
        for _ in range(3):
            optimizer.zero_grad()
            (w * w).sum().backward()
            optimizer.step()
    """,
    fix="optimizer.zero_grad()",
)  # fmt: skip
_case(
    "backward twice from one loss", "w", "backward_twice", 4, "ran twice from `loss`", "2 times as large",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        loss = (w * w).sum()
        loss.backward(retain_graph=True)
        loss.backward()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        loss = (w * w).sum()
        loss.backward(retain_graph=True)
        w.grad = None
        loss.backward()
    """,
    fix="w.grad = None",
)  # fmt: skip
_case(
    "several passes add up", "w", "accumulated", 3, "sum of 2 backward passes", "line 3 and line 4",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        (w * w).sum().backward()
        (w * 3).sum().backward()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        (w * w).sum().backward()
        w.grad = None
        (w * 3).sum().backward()
    """,
)  # fmt: skip
_case(
    "weights in two places", "w", "shared", 4, "used twice", "sum of 2 parts",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        x = torch.tensor([1.0, 2.0])
        h = torch.sin(x * w)
        y = (h * w).sum()
        y.backward()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        x = torch.tensor([1.0, 2.0])
        h = torch.sin(x * w)
        h.sum().backward()
    """,
)  # fmt: skip

# --- Size ------------------------------------------------------------------------------------------------------------

_case(
    "vanishing through sigmoids", "w", "vanishing", 5, "No single operation", "`sigmoid`",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        h = w * 1
        for _ in range(12):
            h = torch.sigmoid(h)
        h.sum().backward()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        h = w * 1
        for _ in range(12):
            h = torch.relu(h)
        h.sum().backward()
    """,
    fix="ReLU",
)  # fmt: skip
_case(
    "exploding through products", "w", "exploding", 5, "`mul`", "No single operation",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        h = w * 1
        for _ in range(20):
            h = h * 4
        h.sum().backward()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        h = w * 1
        for _ in range(20):
            h = h * 1.25
        h.sum().backward()
    """,
    fix="clip_grad_norm_",
)  # fmt: skip
_case(
    "division by something small", "x", "exploding", 4, "`div` at line 4 alone", "`d`",
    bad="""
        import torch
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        d = torch.tensor([0.0000152587890625, 1.0])
        y = x / d
        y.sum().backward()
    """,
    good="""
        import torch
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        d = torch.tensor([0.5, 1.0])
        y = x / d
        y.sum().backward()
    """,
)  # fmt: skip
_case(
    "too large a learning rate", "w", "diverging", 8, "`SGD.step` at line 8 overshoots",
    bad="""
        import torch
        w = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
        optimizer = torch.optim.SGD([w], lr=2.0)
        for _ in range(6):
            optimizer.zero_grad()
            loss = (w * w).sum()
            loss.backward()
            optimizer.step()
    """,
    good="""
        import torch
        w = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
        optimizer = torch.optim.SGD([w], lr=0.125)
        for _ in range(6):
            optimizer.zero_grad()
            loss = (w * w).sum()
            loss.backward()
            optimizer.step()
    """,
)  # fmt: skip
_case(
    "a sum over many", "w", "summed", 4, "sum over 4,096 elements",
    bad="""
        import torch
        w = torch.tensor(2.0, requires_grad=True)
        y = w * torch.full((64, 64), 4.0)
        loss = y.sum()
        loss.backward()
    """,
    good="""
        import torch
        w = torch.tensor(2.0, requires_grad=True)
        y = w * torch.full((64, 64), 4.0)
        loss = y.mean()
        loss.backward()
    """,
    fix="y.mean()",
)  # fmt: skip

# --- More of None ----------------------------------------------------------------------------------------------------

_case(
    "cleared after the pass", "w", "cleared", 5, "set back to None at line 5", "after the backward pass at line 4",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        loss = (w * 3).sum()
        loss.backward()
        w.grad = None
        print(w.grad)
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        loss = (w * 3).sum()
        w.grad = None
        loss.backward()
        print(w.grad)
    """,
)  # fmt: skip
_case(
    "made after the pass", "again", "made_later", 5, "`again` was made at line 5, after", "line 4",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        loss = (w * 3).sum()
        loss.backward()
        again = (w * 4).sum()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        loss = (w * 3).sum()
        again = (w * 4).sum()
        again.retain_grad()
        (loss + again).backward()
    """,
)  # fmt: skip
_case(
    "nearly all of it is zero", "w", "mostly_zero", 5, "94 % (15 of 16)", "`relu` at line 5",
    bad="""
        import torch
        start = -torch.ones(16)
        start[3] = 1.0
        w = start.clone().requires_grad_()
        y = torch.relu(w)
        y.sum().backward()
    """,
    good="""
        import torch
        start = -torch.ones(16)
        start[3:] = 1.0
        w = start.clone().requires_grad_()
        y = torch.relu(w)
        y.sum().backward()
    """,
)  # fmt: skip

# --- Failing ----------------------------------------------------------------------------------------------------------

_case(
    "matrices that do not fit", "failed", "failed", 4, "`mm` at line 4 failed", "100 is not 10", "`a @ b.T`",
    bad="""
        import torch
        a = torch.ones(16, 100)
        b = torch.ones(10, 100)
        y = a @ b
    """,
    good="""
        import torch
        a = torch.ones(16, 100, requires_grad=True)
        b = torch.ones(10, 100)
        failed = (a @ b.T)
        failed.retain_grad()
        failed.sum().backward()
    """,
)  # fmt: skip

_case(
    "a result that was kept is overwritten", "op:exp", "overwritten", 4,
    "`exp` at line 3 kept its result `y`", "`add` at line 4 overwrote it",
    bad="""
        import torch
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = x.exp()
        y.add_(1)
        y.sum().backward()
    """,
    good="""
        import torch
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = x.exp()
        y = y.add(1)
        y.sum().backward()
    """,
    fix="y = y.clone()",
)  # fmt: skip
_case(
    "an input that was kept is overwritten", "op:mul", "overwritten", 5,
    "`mul` at line 4 kept its input `x`", "`add` at line 5 overwrote it", "version 1",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        x = torch.tensor([3.0, 4.0])
        y = (w * x).sum()
        x += 1
        y.backward()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        x = torch.tensor([3.0, 4.0])
        y = (w * x).sum()
        x = x + 1
        y.backward()
    """,
)  # fmt: skip
_case(
    "a view writes into what was kept", "op:exp", "overwritten", 5,
    "kept its result `y`", "line 5 overwrote it",
    bad="""
        import torch
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = x.exp()
        first = y[0]
        first.mul_(3)
        y.sum().backward()
    """,
    good="""
        import torch
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = x.exp()
        first = y[0].clone()
        first.mul_(3)
        y.sum().backward()
    """,
)  # fmt: skip
_case(
    "a second pass without retain_graph", "op:mul", "freed", 4, "line 4 freed what `mul` at line 3", "line 5",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        loss = (w * w).sum()
        loss.backward()
        loss.backward()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        loss = (w * w).sum()
        loss.backward(retain_graph=True)
        w.grad = None
        loss.backward()
    """,
    fix="loss.backward(retain_graph=True)",
)  # fmt: skip
_case(
    "a custom backward raises", "op:Square", "backward_failed", 7, "backward of `Square` at line 7 failed", "no idea",
    bad="""
        import torch
        class Square(torch.autograd.Function):
            @staticmethod
            def forward(ctx, a): return a * a
            @staticmethod
            def backward(ctx, g): raise ValueError("no idea")
        x = torch.tensor([1.0, 2.0], requires_grad=True); y = Square.apply(x)
        y.sum().backward()
    """,
    good="""
        import torch
        class Square(torch.autograd.Function):
            @staticmethod
            def forward(ctx, a): return a * a
            @staticmethod
            def backward(ctx, g): return g
        x = torch.tensor([1.0, 2.0], requires_grad=True); y = Square.apply(x)
        y.sum().backward()
    """,
)  # fmt: skip
_case(
    "the pass failed before", "x", "pass_failed", 3, "line 5 failed at `exp` at line 3, before it reached `x`",
    bad="""
        import torch
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = x.exp()
        y.add_(1)
        y.sum().backward()
    """,
    good="""
        import torch
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = x * 2
        y.add_(1)
        y.sum().backward()
    """,
)  # fmt: skip

_case(
    "the name is a leaf's no more", "w", "not_the_leaf", 5, "This `w` is not the leaf", "line 5 made a new tensor",
    bad="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        (w * 3).sum().backward()
        kept = w
        w = w - 0.5 * w.grad
        (w * 3).sum().backward()
    """,
    good="""
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        (w * 3).sum().backward()
        with torch.no_grad():
            w -= 0.5 * w.grad
        w.grad = None
        (w * 3).sum().backward()
    """,
    fix="with torch.no_grad()",
)  # fmt: skip
_case(
    "an operation on the line of the leaf", "w", "not_the_leaf", 2, "`w` is not a leaf", "`mul` at line 2",
    bad="""
        import torch
        w = torch.ones(3, requires_grad=True) * 2
        w.sum().backward()
        print(w.grad)
    """,
    good="""
        import torch
        w = (torch.ones(3) * 2).requires_grad_()
        w.sum().backward()
        print(w.grad)
    """,
)  # fmt: skip
_case(
    "weights that grew until they overflowed", "w", "born_forward", 8, "`SGD.step` at line 8", "step by step",
    bad="""
        import torch
        w = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
        optimizer = torch.optim.SGD([w], lr=512.0)
        for _ in range(20):
            optimizer.zero_grad()
            loss = (w * w).sum()
            loss.backward()
            optimizer.step()
    """,
    good="""
        import torch
        w = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
        optimizer = torch.optim.SGD([w], lr=0.125)
        for _ in range(20):
            optimizer.zero_grad()
            loss = (w * w).sum()
            loss.backward()
            optimizer.step()
    """,
    fix="learning rate",
)  # fmt: skip

_case(
    "an activation that is dead", "y", "dead_activation", 3, "`relu` at line 3 lets next to no gradient", "all 20",
    bad="""
        import torch
        x = torch.linspace(-20.0, -1.0, 20, requires_grad=True)
        y = torch.relu(x)
        loss = y.sum()
        loss.backward()
    """,
    good="""
        import torch
        x = torch.linspace(-20.0, 18.0, 20, requires_grad=True)
        y = torch.relu(x)
        loss = y.sum()
        loss.backward()
    """,
    fix="LeakyReLU",
)  # fmt: skip

CASES: tuple[Case, ...] = tuple(_ALL)
