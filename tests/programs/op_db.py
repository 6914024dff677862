"""Asks PyTorch's own database of operators what each operator of the engine should give.

    python tests/programs/op_db.py check [--all] [--only NAME] [--jobs N] [--dtype complex64]
    python tests/programs/op_db.py tangents [--all] [--only NAME] [--jobs N] [--dtype complex64]
    python tests/programs/op_db.py record [--all] [--jobs N] [--dtype complex64]

PyTorch's wheel carries sample inputs for its operators: `op_db` in
`torch.testing._internal.common_methods_invocations`, which needs the package ``expecttest``. Judged are those with
float32 and autograd that a program can call by a plain name: ``torch.name``, ``torch.Tensor.name``, and ``name`` in
``torch.nn.functional``, ``linalg``, ``special`` and ``fft``. Each sample is run in PyTorch and in the engine; number,
shape, dtype and values of the outputs, `requires_grad`, the name of `grad_fn` and the gradients of all inputs under a
random cotangent must agree. With ``--dtype complex64`` the operators that take complex numbers are judged by their
complex samples. `tangents` compares forward mode: the outputs' tangents for random ones of the inputs; it fails for an
operator that `TANGENTS_DIFFER` does not explain.

`check` runs the first sample of each operator, or all with ``--all``; prints a table of failures and fails if one
that `op_db.json` (`op_db_complex64.json`) lists as passing does not pass any more. `record` writes that file: coverage
per operator.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import signal
import sys
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

DTYPES = ("float32", "complex64")
VERSION = "2.13.0"
FOUND_IN = ("nn.functional", "linalg", "special", "fft")
"""Modules of ``torch`` whose operators have a plain name, beside ``torch`` itself and ``torch.Tensor``."""

NOTES = {
    "as_strided_scatter": "on purpose: PyTorch sends the gradient to elements that were overwritten, too; by finite "
    "differences it is 0 there",
    "bfloat16": "no such dtype: NumPy has none",
    "chalf": "no such dtype: NumPy has none",
    "einsum": "what is summed before the product is another operation, with the same result",
    "linalg.householder_product": "zeros where PyTorch says that there is no gradient",
    "nn.functional.linear_cross_entropy|chunked": "chunks save memory that a small program does not need",
    "nn.functional.linear_cross_entropy|chunked_none": "chunks save memory that a small program does not need",
    "to_sparse": "no sparse tensors",
}
"""Why operators are not as in PyTorch."""

RTOL, ATOL = 2e-4, 2e-5
"""Float32 results computed in another order: relative to the element, and absolute relative to the largest element."""

TANGENTS_DIFFER = {
    "linalg.cholesky": "for a tangent that is not symmetric PyTorch's is that of one triangle",
    "linalg.cholesky_ex": "as linalg.cholesky",
    "linalg.eig": "vectors up to a phase",
    "linalg.eigh": "as linalg.cholesky",
    "logcumsumexp": "PyTorch's overflows",
    "pca_lowrank": "vectors up to a phase",
    "scatter_reduce|prod": "PyTorch has none",
    "svd_lowrank": "vectors up to a phase",
    "triangular_solve": "PyTorch's moves the zeros of the triangle",
}
"""Why tangents are not PyTorch's; ours are held to finite differences (tests/engine/test_forward.py)."""

SECONDS = 120
"""For one sample, in both; a machine that does other work takes several times as long as an idle one."""


class Outcome(NamedTuple):
    """What became of one operator."""

    name: str
    passed: int
    samples: int
    kind: str
    """Of the first failure: missing, error, outputs, shape, dtype, value, requires_grad, grad_fn or grad."""
    reason: str

    @property
    def whole(self) -> bool:
        return self.samples > 0 and self.passed == self.samples


class NotJudged(Exception):
    """PyTorch itself refuses the sample."""


class Difference(Exception):
    """One thing that is not as in PyTorch."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


class Unequal(Difference):
    """Numbers that are not PyTorch's; `_as_exact` has the last word on them."""


class Numbers(NamedTuple):
    """An output or a gradient, in both."""

    kind: str
    what: str
    theirs: Any
    ours: Any


def resolve(torch: Any, name: str) -> Any:
    """The callable a program reaches by `name`, or None."""
    module, _, _ = name.rpartition(".")
    if module and module not in FOUND_IN:
        return None
    places = [torch, torch.Tensor] if not module else [torch]
    for place in places:
        found = place
        for part in name.split("."):
            found = getattr(found, part, None)
        if callable(found) and not isinstance(found, type):
            return found
    return None


def coverage_file(dtype: str) -> Path:
    """Where the coverage of the operators with samples of `dtype` is recorded."""
    return Path(__file__).with_name("op_db.json" if dtype == "float32" else f"op_db_{dtype}.json")


def operators(dtype: str) -> list[Any]:
    """The judged entries of PyTorch's database, in its order."""
    import torch
    from torch.testing._internal.common_methods_invocations import op_db

    return [
        op
        for op in op_db
        if op.supports_autograd
        and getattr(torch, dtype) in op.supported_dtypes("cpu")
        and resolve(torch, op.name) is not None
    ]


def label(op: Any) -> str:
    return f"{op.name}|{op.variant_test_name}" if op.variant_test_name else str(op.name)


# --- The same call in the engine -------------------------------------------------------------------------------------


def in_engine(function: Any) -> Any:
    """A Python function of the database's, with the engine where it says ``torch``."""
    import engine

    if not isinstance(function, types.FunctionType):
        return function
    names = {**function.__globals__, "torch": engine, "F": engine.nn.functional, "wrapper_set_seed": _seeded}
    return types.FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )


def _seeded(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    import engine

    engine.manual_seed(42)
    return function(*args, **kwargs)


def callables(op: Any) -> tuple[Any, Any]:
    """The operator in PyTorch and in the engine.

    Raises:
        Difference: if the engine has none of that name.
    """
    import torch

    import engine

    theirs, ours = resolve(torch, op.name), resolve(engine, op.name)
    if ours is None:
        raise Difference("missing", "no function or method of that name")
    adapter = op.op
    if isinstance(adapter, types.FunctionType) and adapter is not theirs and adapter.__name__ == "<lambda>":
        return adapter, in_engine(adapter)
    return theirs, ours


class Converter:
    """Arguments for PyTorch and for the engine from a sample's: fresh leaves of the same numbers."""

    def __init__(self, double: bool) -> None:
        self.double = double
        self.leaves: list[tuple[Any, Any]] = []
        self.seen: dict[int, tuple[Any, Any]] = {}

    def pair(self, value: Any) -> tuple[Any, Any]:
        import torch

        import engine

        if isinstance(value, torch.Tensor):
            if id(value) not in self.seen:
                self.seen[id(value)] = self._tensor(value)
            return self.seen[id(value)]
        if isinstance(value, torch.Size):
            return value, engine.Size(value)
        if isinstance(value, (tuple, list)):
            parts = [self.pair(v) for v in value]
            return type(value)(p[0] for p in parts), type(value)(p[1] for p in parts)
        if isinstance(value, dict):
            pairs = {k: self.pair(v) for k, v in value.items()}
            return {k: p[0] for k, p in pairs.items()}, {k: p[1] for k, p in pairs.items()}
        if isinstance(value, torch.dtype):
            name = str(value).removeprefix("torch.")
            return value, getattr(engine, name, name)
        if isinstance(value, torch.device):
            return value, engine.device(str(value))
        if isinstance(value, torch.Generator):
            return value, engine.Generator().manual_seed(value.initial_seed())
        if isinstance(value, torch.memory_format):
            return value, getattr(engine, str(value).removeprefix("torch."), value)
        if isinstance(value, types.FunctionType):
            return value, in_engine(value)
        if isinstance(value, torch.nn.Module):
            return value, getattr(engine.nn, type(value).__name__)()
        return value, value

    def _tensor(self, value: Any) -> tuple[Any, Any]:
        import torch

        import engine

        theirs = value.detach().clone(memory_format=torch.preserve_format)
        if self.double and (theirs.is_floating_point() or theirs.is_complex()):
            theirs = theirs.to(torch.complex128 if theirs.is_complex() else torch.float64)
        plain = theirs.resolve_conj().resolve_neg()
        ours = engine.Tensor._wrap(np.array(plain.numpy(), order="K"))
        if value.requires_grad:
            theirs.requires_grad_()
            ours.requires_grad_()
            self.leaves.append((theirs, ours))
        return theirs, ours


def flatten(value: Any) -> Iterator[Any]:
    """The tensors and numbers of an operator's result."""
    if isinstance(value, (tuple, list)):
        for v in value:
            yield from flatten(v)
    elif isinstance(value, dict):
        for v in value.values():
            yield from flatten(v)
    elif value is not None:
        yield value


# --- Comparing -------------------------------------------------------------------------------------------------------


def array(tensor: Any) -> Any:
    import torch

    if isinstance(tensor, torch.Tensor):
        plain = tensor.detach().resolve_conj().resolve_neg()
        if plain._is_zerotensor():  # a gradient PyTorch has no memory for
            plain = torch.zeros(plain.shape, dtype=plain.dtype)
        return (plain.float() if plain.dtype is torch.bfloat16 else plain).numpy()
    return tensor.detach()._data


def agree(numbers: Numbers) -> None:
    """Raise unless the two tensors hold the same numbers."""
    kind, what, theirs, ours = numbers
    a, b = array(theirs), array(ours)
    if a.shape != b.shape:
        raise Difference("shape" if kind == "value" else kind, f"{what}: expected {a.shape}, got {b.shape}")
    if a.dtype.kind not in "fc" and a.dtype == b.dtype:
        same = np.array_equal(a, b)
    else:
        loose = 50.0 if a.dtype.itemsize < 4 else 1.0
        same = np.allclose(a, b, rtol=RTOL * loose, atol=ATOL * loose * _scale(a), equal_nan=True)
    if not same:
        shown = [np.array2string(np.ravel(v)[:4], precision=5) for v in (a, b)]
        raise Unequal(kind, f"{what}: expected {shown[0]}, got {shown[1]}")


def _scale(a: Any) -> float:
    """The size of the largest number, at least 1."""
    finite = np.abs(a[np.isfinite(a)])
    return max(1.0, float(finite.max())) if finite.size else 1.0


def compare(op: Any, sample: Any) -> None:
    """Raise a Difference unless one sample gives the same in both.

    Numbers of float32 that are rounded differently, where much cancels, are compared by how far they are from those of
    float64: the engine's may be at most twice as far as PyTorch's, and both must agree in float64.
    """
    try:
        for numbers in results(op, sample):
            agree(numbers)
    except Unequal:
        exact = results(op, sample, double=True)
        for single, double in zip(results(op, sample), exact, strict=True):
            if not _as_exact(single, double):
                agree(single)


def _as_exact(single: Numbers, double: Numbers) -> bool:
    """Whether the engine's numbers are right in float64, and in float32 about as far from that as PyTorch's."""
    truth, ours64, theirs, ours = (array(t) for t in (double.theirs, double.ours, single.theirs, single.ours))
    if truth.dtype.kind not in "fc" or not truth.shape == ours64.shape == theirs.shape == ours.shape:
        return False
    if not all(np.isfinite(a).all() for a in (truth, ours64, theirs, ours)):
        return False
    if not np.allclose(truth, ours64, rtol=1e-9, atol=1e-11 * _scale(truth)):
        return False
    off = [float(np.abs(a - truth).max(initial=0.0)) for a in (theirs, ours)]
    return off[1] <= 2 * off[0]


def results(op: Any, sample: Any, double: bool = False) -> list[Numbers]:
    """The outputs and gradients of one sample in both; with `double` in float64.

    Raises:
        Difference: if anything but the numbers differs.
        NotJudged: if PyTorch refuses the sample.
    """
    import torch

    import engine

    theirs, ours = callables(op)
    converter = Converter(double)
    given = converter.pair((sample.input, sample.args, sample.kwargs))
    (x, args, kwargs), (x2, args2, kwargs2) = given
    torch.manual_seed(0)
    try:
        expected = theirs(x, *args, **kwargs)
    except Exception as error:
        raise NotJudged from error
    engine.manual_seed(0)
    try:
        got = ours(x2, *args2, **kwargs2)
    except Exception as error:
        raise Difference("error", f"{type(error).__name__}: {error}") from error
    a = list(flatten(expected))
    b = list(flatten(got))
    if len(a) != len(b):
        raise Difference("outputs", f"expected {len(a)}, got {len(b)}")
    for k, (t, o) in enumerate(zip(a, b, strict=True)):
        what = f"output {k}" if len(a) > 1 else "output"
        if not isinstance(t, torch.Tensor):
            if t != o:
                raise Difference("value", f"{what}: expected {t}, got {o}")
            continue
        if not isinstance(o, engine.Tensor):
            raise Difference("outputs", f"{what}: expected a tensor, got {type(o).__name__}")
        if tuple(t.shape) != tuple(o.shape):
            raise Difference("shape", f"{what}: expected {tuple(t.shape)}, got {tuple(o.shape)}")
        if str(t.dtype) != str(o.dtype):
            raise Difference("dtype", f"{what}: expected {t.dtype}, got {o.dtype}")
        if t.requires_grad != o.requires_grad:
            raise Difference("requires_grad", f"{what}: expected {t.requires_grad}, got {o.requires_grad}")
    process = sample.output_process_fn_grad
    seen, seen2 = a, b
    if isinstance(process, types.FunctionType) and process.__code__.co_code != (lambda x: x).__code__.co_code:
        seen = list(flatten(process(expected)))
        try:
            seen2 = list(flatten(in_engine(process)(got)))
        except Exception as error:
            raise Difference("error", f"of the processed output: {type(error).__name__}: {error}") from error
    found = [
        Numbers("value", "output", t, o)
        for t, o in zip(seen, seen2, strict=True)
        if isinstance(t, torch.Tensor)
    ]
    for t, o in zip(a, b, strict=True):
        if isinstance(t, torch.Tensor):
            names = [v.grad_fn.name() if v.grad_fn is not None else None for v in (t, o)]
            if names[0] != names[1]:
                raise Difference("grad_fn", f"expected {names[0]}, got {names[1]}")
    return found + gradients(seen, seen2, converter.leaves)


def gradients(a: list[Any], b: list[Any], leaves: list[tuple[Any, Any]]) -> list[Numbers]:
    """The gradients of all leaves under one random cotangent, none if PyTorch has none."""
    import torch

    import engine

    pairs = [(t, o) for t, o in zip(a, b, strict=True) if isinstance(t, torch.Tensor) and t.requires_grad]
    if not pairs or not leaves:
        return []
    rng = np.random.default_rng(0)
    seeds = []
    for t, _ in pairs:
        g = rng.normal(size=t.shape)
        if t.is_complex():
            g = g + 1j * rng.normal(size=t.shape)
        # Of few bits, so that it is the same in float32 and float64.
        seeds.append(np.asarray(np.round(g * 256) / 256).astype(array(t).dtype))
    try:
        expected = torch.autograd.grad(
            [t for t, _ in pairs],
            [t for t, _ in leaves],
            [torch.from_numpy(g.copy()).to(t.dtype) for g, (t, _) in zip(seeds, pairs, strict=True)],
            allow_unused=True,
        )
    except Exception:  # no derivative in PyTorch either
        return []
    try:
        got = engine.autograd.grad(
            [o for _, o in pairs],
            [o for _, o in leaves],
            [engine.Tensor._wrap(g) for g in seeds],
            allow_unused=True,
        )
    except Exception as error:
        raise Difference("grad", f"{type(error).__name__}: {error}") from error
    found = []
    for k, (t, o) in enumerate(zip(expected, got, strict=True)):
        what = f"input {k}"
        if (t is None) != (o is None) and (t if o is None else o).numel():
            raise Difference("grad", f"{what}: expected {_some(t)}, got {_some(o)}")
        if t is not None and o is not None:
            if t.layout is not torch.strided:
                t = t.to_dense()
            found.append(Numbers("grad", what, t, o))
    return found


def compare_tangents(op: Any, sample: Any) -> None:
    """Raise a Difference unless the outputs have the same tangents in both, where PyTorch has any."""
    import torch

    import engine

    theirs, ours = callables(op)
    converter = Converter(double=False)
    given = converter.pair((sample.input, sample.args, sample.kwargs))
    rng = np.random.default_rng(0)
    directions = []
    for leaf, _ in converter.leaves:
        step = rng.normal(size=tuple(leaf.shape))
        step = step + 1j * rng.normal(size=step.shape) if leaf.is_complex() else step
        directions.append(np.asarray(step).astype(array(leaf).dtype))
    if not directions:
        return
    sides = [[pair[k] for pair in converter.leaves] for k in (0, 1)]
    torch.manual_seed(0)
    try:
        wrapped = [torch.from_numpy(d.copy()) for d in directions]
        expected = _tangents(torch, theirs, given[0], sides[0], wrapped)
    except Exception:  # no forward mode in PyTorch
        return
    engine.manual_seed(0)
    try:
        wrapped = [engine.Tensor._wrap(d.copy()) for d in directions]
        got = _tangents(engine, ours, given[1], sides[1], wrapped)
    except Exception as error:
        raise Difference("error", f"{type(error).__name__}: {error}") from error
    for k, (t, o) in enumerate(zip(expected, got, strict=True)):
        if t is None or o is None:
            present = o if t is None else t
            if present is not None and np.any(array(present) != 0):
                raise Difference("tangent", f"output {k}: expected {_some(t)}, got {_some(o)}")
        else:
            agree(Numbers("tangent", f"output {k}", t, o))


def _some(gradient: Any) -> str:
    return "no gradient" if gradient is None else "a gradient"


def _tangents(torch: Any, function: Any, given: Any, leaves: list[Any], directions: list[Any]) -> list[Any]:
    """The tangent of each tensor `function` returns, None for zero."""
    forward = torch.autograd.forward_ad
    with forward.dual_level():
        duals = {
            id(leaf): forward.make_dual(leaf.detach(), d) for leaf, d in zip(leaves, directions, strict=True)
        }

        def moved(value: Any) -> Any:
            if id(value) in duals:
                return duals[id(value)]
            if type(value) in (list, tuple):
                return type(value)(moved(v) for v in value)
            return {k: moved(v) for k, v in value.items()} if isinstance(value, dict) else value

        x, args, kwargs = moved(given)
        made = function(x, *args, **kwargs)
        return [forward.unpack_dual(y).tangent for y in flatten(made) if isinstance(y, torch.Tensor)]


# --- Running ---------------------------------------------------------------------------------------------------------


class TooLong(Exception):
    """A sample took more than `SECONDS`."""


def _alarm(*_: Any) -> None:
    raise TooLong


def judge(op: Any, every: bool, dtype: str, comparison: Callable[[Any, Any], None] = compare) -> Outcome:
    """Run the first sample of an operator, or all."""
    import torch

    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _alarm)
    passed = count = 0
    kind = reason = ""
    torch.manual_seed(0)
    np.random.seed(0)
    try:
        callables(op)
        for sample in op.sample_inputs("cpu", getattr(torch, dtype), requires_grad=True):
            count += 1
            state = torch.get_rng_state()
            signal.alarm(SECONDS)
            try:
                comparison(op, sample)
                passed += 1
            except NotJudged:
                count -= 1
            except TooLong:
                kind, reason = kind or "error", reason or f"more than {SECONDS} s"
            except Difference as difference:
                if not kind:
                    kind, reason = difference.kind, str(difference)
            except Exception as error:
                if not kind:
                    kind, reason = "error", f"{type(error).__name__}: {error}"
            finally:
                signal.alarm(0)
            torch.set_rng_state(state)
            if not every and count:
                break
    except Difference as difference:
        kind, reason = difference.kind, str(difference)
    if not count and not kind:
        kind, reason = "error", "PyTorch has no sample"
    return Outcome(label(op), passed, count, kind, " ".join(reason.split())[:200])


_LIST: list[Any] = []


def _judge_at(task: tuple[int, bool, str, Any]) -> Outcome:
    place, every, dtype, comparison = task
    return judge(_LIST[place], every, dtype, comparison)


def run(
    every: bool, only: str | None, jobs: int, dtype: str, comparison: Callable[[Any, Any], None] = compare
) -> list[Outcome]:
    """The outcome of every judged operator, or of those whose name contains `only`."""
    import torch

    if torch.__version__.partition("+")[0] != VERSION:
        sys.exit(f"expected PyTorch {VERSION}, found {torch.__version__}; pip install torch=={VERSION}")
    torch.set_num_threads(1)
    _LIST.extend(operators(dtype))
    chosen = [
        (k, every, dtype, comparison) for k, op in enumerate(_LIST) if only is None or only in label(op)
    ]
    if jobs == 1:
        return [_judge_at(task) for task in chosen]
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        return pool.map(_judge_at, chosen, chunksize=8)


def passing(dtype: str) -> dict[str, dict[str, Any]]:
    """What the coverage file says of each operator."""
    if not coverage_file(dtype).exists():
        return {}
    found: dict[str, dict[str, Any]] = json.loads(coverage_file(dtype).read_text(encoding="utf-8"))[
        "operators"
    ]
    return found


def report(outcomes: list[Outcome]) -> None:
    failures = [o for o in outcomes if not o.whole]
    width = max((len(o.name) for o in failures), default=0)
    for o in failures:
        print(f"{o.name:{width}}  {o.passed:>4}/{o.samples:<4} {o.kind:13}  {o.reason}")
    for kind, n in Counter(o.kind for o in failures).most_common():
        print(f"  {kind}: {n}")


def check(every: bool, only: str | None, jobs: int, dtype: str) -> int:
    outcomes = run(every, only, jobs, dtype)
    report(outcomes)
    known = passing(dtype)
    level = ("all",) if every else ("all", "one")
    lost = [o.name for o in outcomes if not o.whole and known.get(o.name, {}).get("passes") in level]
    for name in lost:
        print(f"lost: {name} passed when {coverage_file(dtype).name} was recorded")
    stale = [o.name for o in outcomes if every and o.name not in lost and _recorded(known, o) != _entry(o)]
    for name in stale:
        print(f"stale: {name} is not as {coverage_file(dtype).name} has it; run `record --all`")
    if only is None:
        stale += [name for name in known if name not in {o.name for o in outcomes}]
    summary(outcomes)
    return 1 if lost or stale else 0


def _entry(o: Outcome) -> dict[str, Any]:
    """What is compared of a row: not the reason, which has rounded numbers in it."""
    return {"passed": o.passed, "samples": o.samples, "kind": o.kind}


def _recorded(known: dict[str, dict[str, Any]], o: Outcome) -> dict[str, Any]:
    row = known.get(o.name, {})
    return {"passed": row.get("passed"), "samples": row.get("samples"), "kind": row.get("kind", "")}


def summary(outcomes: list[Outcome]) -> None:
    """The figure that README and `docs/ops.md` state."""
    whole = sum(o.whole for o in outcomes)
    print(
        f"{whole} of {len(outcomes)} operators agree with PyTorch {VERSION} "
        f"({sum(o.passed for o in outcomes)} of {sum(o.samples for o in outcomes)} samples)"
    )


def tangents(every: bool, only: str | None, jobs: int, dtype: str) -> int:
    outcomes = run(every, only, jobs, dtype, compare_tangents)
    failures = [o for o in outcomes if o.samples and not o.whole]
    report(failures)
    unexplained = [o.name for o in failures if o.name not in TANGENTS_DIFFER]
    for name in unexplained:
        print(f"unexplained: {name}")
    print(f"{sum(o.whole for o in outcomes)} agree, {len(failures)} do not")
    return 1 if unexplained else 0


def record(every: bool, jobs: int, dtype: str) -> int:
    """Write the coverage file. Without ``--all`` operators known to pass with all samples keep that if they pass."""
    outcomes = run(every, None, jobs, dtype)
    report(outcomes)
    known = passing(dtype)
    operators_: dict[str, dict[str, Any]] = {}
    for o in sorted(outcomes):
        before = known.get(o.name, {})
        if o.whole:
            level = "all" if every or before.get("passes") == "all" else "one"
        else:
            level = "some" if o.passed else "none"
        entry: dict[str, Any] = {"passes": level}
        if every:
            entry |= {"passed": o.passed, "samples": o.samples}
        elif "samples" in before:
            entry |= {"passed": before["passed"], "samples": before["samples"]}
        if not o.whole:
            entry |= {"kind": o.kind, "reason": o.reason} | (
                {"note": NOTES[o.name]} if o.name in NOTES else {}
            )
        operators_[o.name] = entry
    text = json.dumps({"torch": VERSION, "operators": operators_}, indent=1, ensure_ascii=False)
    coverage_file(dtype).write_text(text + "\n", encoding="utf-8")
    summary(outcomes)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("check", "record", "tangents"))
    parser.add_argument("--all", action="store_true", help="all samples, not one of each operator")
    parser.add_argument("--only", help="operators whose name contains this")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--dtype", choices=DTYPES, default="float32", help="of the samples")
    chosen = parser.parse_args()
    if chosen.command == "record":
        return record(chosen.all, chosen.jobs, chosen.dtype)
    if chosen.command == "tangents":
        return tangents(chosen.all, chosen.only, chosen.jobs, chosen.dtype)
    return check(chosen.all, chosen.only, chosen.jobs, chosen.dtype)


if __name__ == "__main__":
    sys.exit(main())
