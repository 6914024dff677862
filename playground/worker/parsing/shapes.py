"""Shapes without running the program: only blocks of the palette are run, each on tensors of the sizes found so far.

Code is never run, nor anything that its text could name beyond the palette: what it binds is unknown, and so is what
depends on that. Sizes and time are bounded; where they are not enough, the shape stays unknown.
"""

from __future__ import annotations

import ast
import operator
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final

import engine
from engine.autograd.grad_mode import no_grad
from engine.nn.modules.module import Module as Layer
from engine.random import get_rng_state, manual_seed, set_rng_state
from engine.tensor import Tensor
from playground.protocol import Block, UserData
from playground.worker import data, hints
from playground.worker.parsing import bounds, palette
from playground.worker.parsing.arguments import parts_of
from playground.worker.parsing.evaluate import UNKNOWN, Library, Names, first, known, plain
from playground.worker.parsing.misfit import dtype_name, operand_nodes, operands, words
from playground.worker.parsing.objects import (
    Chain,
    Made,
    fill,
    has_object,
    is_parameters,
    misses,
    parameters,
    part,
)
from playground.worker.parsing.scope import Function, Instance, Site
from playground.worker.parsing.statements import Reader

_DEEPEST: Final = 20
_MOST: Final = 5_000
"""Blocks that are run, a layer called twice counted twice."""
_DEPENDING: Final = frozenset(
    {
        "torch.masked_select",
        "torch.nonzero",
        "torch.argwhere",
        "torch.unique",
        "torch.bincount",
        "Tensor.numpy",
    }
)
"""What depends on the numbers, which are not those of a run."""
_NOT_RUN: Final = frozenset(
    {"torch.manual_seed", "print", "Tensor.retain_grad", "Tensor.numpy", "Tensor.tolist"}
)


class TimeIsUp(BaseException):
    """What is known by now has to do."""


def infer(reader: Reader, table: UserData | None, budget_s: float) -> None:
    """Write shapes, dtypes and what does not fit into the reader's blocks."""
    shapes = _Shapes(reader, table)
    state = get_rng_state()
    manual_seed(0)  # what is random is the same each time, or what is said of it would flicker
    with no_grad(), suppress(TimeIsUp, RecursionError, MemoryError), _for(budget_s):
        shapes.body(reader.tree.body, shapes.names)
    set_rng_state(state)


@contextmanager
def _for(seconds: float) -> Iterator[None]:
    """Raise `TimeIsUp` after so much time of the processor."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeIsUp

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


class _Shapes:
    def __init__(self, reader: Reader, table: UserData | None) -> None:
        self._reader = reader
        self._made = reader.made
        self._blocks = reader.made.blocks
        self._table = table
        self._sets: Any = None
        self._depth = 0
        self._count = 0
        self._problem = ""
        self.names = Names()

    # Statements

    def body(self, body: list[ast.stmt], names: Names) -> Any:
        """Go through statements; the value of ``return`` if there is one."""
        result = None
        for node in body:
            if (bound := self._reader.coded.get(id(node))) is not None:
                names.values.update(dict.fromkeys(bound, UNKNOWN))
                continue
            match node:
                case ast.Import() | ast.ImportFrom():
                    self._import(node, names)
                case ast.Assign(targets=targets, value=value):
                    found = self.value(value, names)
                    for target in targets:
                        self._bind(target, found, names)
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    self._bind(target, self.value(value, names), names)
                case ast.Expr(value=value):
                    self._effect(value, names)
                case ast.Return(value=ast.expr() as value):
                    result = self.value(value, names)
                case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                    names.values[name] = self._reader.functions.get(id(node), UNKNOWN)
                case ast.For(body=inside):
                    self._loop(node, names)
                    self.body(inside, names)
        return result

    def _loop(self, node: ast.For, names: Names) -> None:
        """Bind what a loop begins with."""
        counted = isinstance(node.iter, ast.Call) and getattr(node.iter.func, "id", "") == "range"
        value = 0 if counted else first(self.value(node.iter, names))
        self._bind(node.target, value, names)
        span = self._made.source.span(node)
        for block in self._blocks:
            if block.kind == "train" and block.span == span:
                self._record(block, value)

    def _import(self, node: ast.Import | ast.ImportFrom, names: Names) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                name = alias.asname or alias.name.partition(".")[0]
                names.values[name] = Library(alias.name if alias.asname else name)
            else:
                names.values[alias.asname or alias.name] = Library(f"{node.module}.{alias.name}")

    def _bind(self, target: ast.expr, value: Any, names: Names) -> None:
        match target:
            case ast.Name(id=name):
                names.values[name] = value
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                (names.outer or names).values[f"{owner}.{name}"] = value
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for part, one in zip(parts, _apart(value, len(parts)), strict=True):
                    self._bind(part, one, names)

    def _effect(self, value: ast.expr, names: Names) -> None:
        match value:
            case ast.Call(func=ast.Attribute(attr="backward", value=of), args=args):
                found = self.value(of, names)
                if isinstance(found, Tensor) and found.numel() != 1 and not args:
                    self._not_one(value, of, names)
                for part in args:
                    self.value(part, names)
            case _:
                self.value(value, names)

    def _not_one(self, call: ast.expr, of: ast.expr, names: Names) -> None:
        site = self._made.sites.get(id(call)) or self._made.sites.get(id(of))
        problem = RuntimeError("grad can be implicitly created only for scalar outputs")
        sentence = hints.hint(problem, None)
        if site is not None:
            self._wrong(self._blocks[site.block], sentence)
            return
        for block in self._blocks:
            # In a training loop the call is no block of its own: it is the optimizer's loss.
            for argument in block.arguments:
                at = self._reader.source.span(of)
                if argument.name == "loss" and argument.span == at and argument.wire is not None:
                    self._wrong(self._blocks[argument.wire.block], sentence)

    # Expressions

    def value(self, node: ast.expr, names: Names) -> Any:
        """The value of an expression, as far as it can be known."""
        instance = self._made.definitions.get(id(node))
        if instance is not None:
            return self._construct(instance, names)
        site = self._made.sites.get(id(node))
        if site is None or (site.entry is not None and site.entry.type == "number"):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                found = names.get(f"{node.value.id}.{node.attr}")
                if found is not UNKNOWN:
                    return found
            if is_parameters(node):
                assert isinstance(node, ast.Call)
                assert isinstance(node.func, ast.Attribute)
                return parameters(self.value(node.func.value, names))
            return plain(node, names, self.value)
        self._count += 1
        if self._count > _MOST:
            raise TimeIsUp
        found = self._run(site, node, names)
        self._record(self._blocks[site.block], found)
        return found

    def _run(self, site: Site, node: ast.expr, names: Names) -> Any:
        block = self._blocks[site.block]
        by_node = {id(part): self.value(part, names) for _, parts in site.given for part in parts}
        if site.instance is not None:
            assert isinstance(node, ast.Call)
            target = self.value(node.func, names)
            return self._call_object(block, target, node, by_node, site)
        if site.function is not None:
            assert isinstance(node, ast.Call)
            return self._call_function(site.function, block, node, by_node, Names(self.names))
        entry = site.entry
        assert entry is not None
        if entry.type == "getattr":
            assert isinstance(node, ast.Attribute)
            return part(self.value(node.value, names), node.attr)
        given = {name: [by_node[id(part)] for part in parts] for name, parts in site.given}
        given = {name: some[0] if len(some) == 1 else some for name, some in given.items()}
        if entry.type in _NOT_RUN or not known(given) or has_object(given):
            return UNKNOWN
        if entry.kind == "data":
            return self._data(entry.type, site, node, by_node)
        if not bounds.allows(entry.type, entry.kind, given):
            return UNKNOWN
        if entry.type == "Tensor.grad":
            return given["input"] * 0 if isinstance(given["input"], Tensor) else UNKNOWN
        values = list(given.values())
        function = self._function(site, node, names, values)
        if function is None:
            return UNKNOWN
        args, kwargs = _arguments(node, by_node) if isinstance(node, ast.Call) else (values, {})
        if isinstance(node, ast.Call) and self._is_method(site):
            args = [values[0], *args]
        if _by_numbers(entry.type, values):
            self._try(block, node, function, args, kwargs, values)
            return UNKNOWN
        return self._try(block, node, function, args, kwargs, values)

    def _is_method(self, site: Site) -> bool:
        return not site.path and isinstance(site.node, ast.Call) and isinstance(site.node.func, ast.Attribute)

    def _function(
        self, site: Site, node: ast.expr, names: Names, values: list[Any]
    ) -> Callable[..., Any] | None:
        """What a block calls."""
        assert site.entry is not None
        type_ = site.entry.type
        if type_.startswith("operator.") and not isinstance(node, ast.Call):
            return getattr(operator, type_.removeprefix("operator."))  # type: ignore[no-any-return]
        if isinstance(node, ast.Attribute):
            return (lambda of: getattr(of, node.attr)) if isinstance(values[0], Tensor) else None
        if self._is_method(site):
            assert isinstance(node, ast.Call)
            assert isinstance(node.func, ast.Attribute)
            name = node.func.attr
            return (
                (lambda of, *args, **kwargs: getattr(of, name)(*args, **kwargs))
                if isinstance(values[0], Tensor)
                else None
            )
        return _written(site.path) or palette.function(type_)  # type: ignore[no-any-return]

    def _data(self, type_: str, site: Site, node: ast.expr, by_node: dict[int, Any]) -> Any:
        given = {name: by_node[id(part)] for name, parts in site.given for part in parts}
        if self._sets is None:
            self._sets = data.make(self._table) if self._table is not None else palette.function("data")
        name = type_.removeprefix("data.")
        if isinstance(node, ast.Attribute):
            if self._table is None:
                return UNKNOWN
            return self._try(self._blocks[site.block], node, lambda: getattr(self._sets, name), [], {}, [])
        if not bounds.allows(type_, "data", given):
            return UNKNOWN
        args, kwargs = _arguments(node, by_node)
        function = getattr(self._sets, name)
        if name in bounds.ROW_BY_ROW:
            function = bounds.of_few(function)
        return self._try(self._blocks[site.block], node, function, args, kwargs, [])

    # Objects

    def _construct(self, instance: Instance, names: Names) -> Any:
        node = instance.node
        values = {id(part): self.value(part, names) for part in parts_of(node)}
        block = self._blocks[instance.blocks[0]] if instance.blocks else None
        if instance.function is not None:
            return self._object(instance.function, node, values)
        assert instance.entry is not None
        if instance.entry.type == "nn.Sequential":
            layers = [(values[id(part)], self._inner(part)) for part in node.args]
            return Chain(layers) if known([layer for layer, _ in layers]) else UNKNOWN
        args, kwargs = _arguments(node, values)
        if not known([args, kwargs]) or not bounds.allows_layer([args, kwargs]) or block is None:
            return UNKNOWN
        function = _written(instance.path) or palette.function(instance.entry.type)
        return self._try(block, node, function, args, kwargs, [], instance.blocks[1:])

    def _inner(self, node: ast.expr) -> Block | None:
        instance = self._made.definitions.get(id(node))
        return self._blocks[instance.blocks[0]] if instance is not None and instance.blocks else None

    def _object(self, function: Function, node: ast.Call, values: dict[int, Any]) -> Any:
        members = Names(self.names)
        made = Made(function, members)
        if function.init is None:
            return made
        names = Names(members)
        args, kwargs = _arguments(node, values)
        if not fill(function.init.args, function.makes, args, kwargs, names, self.value, self.names):
            return UNKNOWN
        with self._deeper():
            self.body(function.init.body, names)
        return made

    def _call_object(
        self, block: Block, target: Any, node: ast.Call, values: dict[int, Any], site: Site
    ) -> Any:
        if isinstance(target, Made):
            return self._call_function(target.function, block, node, values, Names(target.members))
        args, kwargs = _arguments(node, values)
        if not known([args, kwargs]) or has_object([args, kwargs]):
            return UNKNOWN
        if isinstance(target, Chain):
            return self._chain(target, args, block, node) if len(args) == 1 and not kwargs else UNKNOWN
        if not isinstance(target, Layer):
            return UNKNOWN
        if not bounds.allows_call(target, [args, kwargs]):
            return UNKNOWN
        return self._try(block, node, target, args, kwargs, list(values.values()))

    def _chain(self, chain: Chain, args: list[Any], block: Block, node: ast.Call) -> Any:
        (value,) = args
        for layer, inner in chain.layers:
            place = inner or block
            if isinstance(layer, Chain):
                value = self._chain(layer, [value], place, node)
            elif isinstance(layer, Made):
                return UNKNOWN
            elif isinstance(layer, Layer) and bounds.allows_call(layer, [value]):
                value = self._try(place, node, layer, [value], {}, [value])
            else:
                return UNKNOWN
            if value is UNKNOWN:
                if place.wrong and place is not block:
                    self._wrong(block, f"In `{place.key}`: {place.wrong}")
                return UNKNOWN
            if inner is not None:
                self._record(inner, value)
        return value

    def _call_function(
        self, function: Function, block: Block, node: ast.Call, values: dict[int, Any], names: Names
    ) -> Any:
        args, kwargs = _arguments(node, values)
        if not fill(function.forward.args, function.takes, args, kwargs, names, self.value, self.names):
            self._wrong(block, misses(function))
            return UNKNOWN
        for name, port in function.ports.items():
            self._record(self._blocks[port], names.get(name))
        before, self._problem = self._problem, ""
        with self._deeper():
            result = self.body(function.forward.body, names)
        if self._problem:
            self._wrong(block, f"In `{function.name}`: {self._problem}")
        self._problem = self._problem or before
        return UNKNOWN if result is None else result

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise TimeIsUp
        try:
            yield
        finally:
            self._depth -= 1

    # Running one block

    def _try(
        self,
        block: Block,
        node: ast.expr,
        function: Callable[..., Any],
        args: list[Any],
        kwargs: dict[str, Any],
        tensors: list[Any],
        others: list[int] | None = None,
    ) -> Any:
        """The result of a block, or unknown; then `Block.wrong` says why, if it is because something does not fit."""
        try:
            result = function(*args, **kwargs)
        except MemoryError:
            return UNKNOWN
        except Exception as error:
            site = self._made.sites.get(id(node))
            nodes = operand_nodes(node, site is not None and self._is_method(site))
            sentence = words(error, function, operands(nodes, function, tensors))
            self._wrong(block, sentence)
            for other in others or ():
                self._wrong(self._blocks[other], sentence)
            return UNKNOWN
        if any(isinstance(one, Tensor) and one.numel() > bounds.ELEMENTS for one in bounds.flat(result)):
            return UNKNOWN
        return result

    def _wrong(self, block: Block, sentence: str) -> None:
        block.wrong = block.wrong or sentence[:2_000]
        self._problem = self._problem or sentence[:2_000]

    def _record(self, block: Block, value: Any) -> None:
        outputs = block.outputs
        values = list(_flattened(value)) if len(outputs) > 1 and isinstance(value, tuple | list) else [value]
        if len(outputs) > 1 and isinstance(value, tuple | list) and len(values) != len(outputs):
            values = list(value)
        if len(outputs) > 1 and isinstance(value, Tensor):
            values = list(_apart(value, len(outputs)))
        for output, one in zip(outputs, values, strict=False):
            if isinstance(one, Tensor) and output.shape is None and not output.dtype and one.ndim <= 32:
                output.shape, output.dtype = list(one.shape), dtype_name(one)


def _flattened(values: Any) -> Iterator[Any]:
    for one in values:
        if isinstance(one, tuple | list):
            yield from _flattened(one)
        else:
            yield one


def _apart(value: Any, count: int) -> list[Any]:
    """The parts of a value that is assigned to so many names."""
    if isinstance(value, tuple | list):
        flat = list(value)
        return flat if len(flat) == count else [UNKNOWN] * count
    if isinstance(value, Tensor) and value.ndim and value.shape[0] == count:
        return [value[k] for k in range(count)]
    return [UNKNOWN] * count


def _arguments(node: ast.expr, values: dict[int, Any]) -> tuple[list[Any], dict[str, Any]]:
    assert isinstance(node, ast.Call)
    positional = [values.get(id(part), UNKNOWN) for part in node.args]
    return positional, {k.arg: values.get(id(k.value), UNKNOWN) for k in node.keywords if k.arg}


def _written(path: str) -> Any:
    """What the engine has under a name as the program wrote it; None if it is the palette's name that counts."""
    if not path.startswith("torch."):
        return None
    value: Any = engine
    for name in path.split(".")[1:]:
        value = getattr(value, name, None)
    return value


def _by_numbers(type_: str, values: list[Any]) -> bool:
    """Whether the result's shape depends on the tensors' numbers."""
    if type_ in _DEPENDING or (type_ == "torch.where" and len(values) == 1):
        return True
    if type_ == "operator.getitem":
        index = bounds.flat(values[1:])
        return any(isinstance(one, Tensor) and dtype_name(one) == "bool" for one in index)
    return type_ == "torch.repeat_interleave" and any(isinstance(one, Tensor) for one in values[1:])
