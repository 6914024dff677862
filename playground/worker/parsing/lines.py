"""Straight lines: imports, assignments, calls for their effect, what a function returns."""

from __future__ import annotations

import ast
from typing import Literal

from playground.protocol import Block, BlockArgument, BlockOutput, Wire
from playground.worker.parsing import palette, reasons
from playground.worker.parsing.blocks import MOST_OUTPUTS, Blocks
from playground.worker.parsing.reasons import NotBlocks
from playground.worker.parsing.scope import Binding, Imported, Instance, Scope, Value
from playground.worker.parsing.source import Source

Kind = Literal["import", "assign", "expression", "class", "def", "init", "forward", "return", "train", "code"]

_EFFECTS = frozenset({"backward", "retain_grad", "requires_grad_"})
"""Methods that are called for what they do rather than for what they give."""
_UNKNOWN = frozenset({"getattr", "Tensor.tolist", "Tensor.numpy"})
_NUMBERS = frozenset({"number", "Tensor.shape", "Tensor.size", "Tensor.dim", "Tensor.numel"})


class Lines:
    """Reads single statements."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.made = Blocks(source)
        self.imports: dict[str, str] = {}
        self.strict = False
        """Whether code is not allowed where the walk is: in a function or a class."""
        self.training: list[tuple[Instance | None, BlockArgument | None]] | None = None
        """In a training loop: its steps, and the losses it went backward from, in order."""

    def simple(self, node: ast.stmt) -> Kind:
        match node:
            case ast.Import() | ast.ImportFrom():
                self._import(node)
                return "import"
            case ast.Assign(targets=targets, value=value):
                self._assign(targets, value, node)
                return "assign"
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self._assign([target], value, node)
                return "assign"
            case ast.Expr(value=value):
                self._expression(value)
                return "expression"
            case ast.Pass():
                return "expression"
            case ast.Return(value=value) if self.strict:
                self._return(value, node)
                return "return"
        raise NotBlocks(reasons.statement(node), node)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        made = self.made
        for alias in node.names:
            if isinstance(node, ast.Import):
                name = alias.asname or alias.name.partition(".")[0]
                path = alias.name if alias.asname else name
            else:
                name, path = alias.asname or alias.name, f"{'.' * node.level}{node.module or ''}.{alias.name}"
            made.any_name = made.any_name or alias.name == "*"
            if alias.name != "*" and len(name) <= 200 and len(path) <= 200:
                self.made.scope.names[name] = Imported(path)
                self.imports[name] = path

    def _assign(self, targets: list[ast.expr], value: ast.expr, node: ast.stmt) -> None:
        names = [self._targets(target) for target in targets]
        first = names[0]
        prefix, made = self.made.scope.prefix, self.made
        key = prefix + first[0].removeprefix(f"{made.scope.owner}." if made.scope.owner else "")
        single = all(not isinstance(target, ast.Tuple | ast.List) for target in targets)
        if not single and (len(targets) > 1 or isinstance(value, ast.Name)):
            raise NotBlocks(f"It takes {reasons.shown(value)} apart.", node)
        if not single and isinstance(value, ast.Tuple):
            self._assign_each(targets[0], value, prefix, node)
            return
        if single and made.makes(value):
            assert isinstance(value, ast.Call)
            instance = made.instance(value, first[0], key)
            if instance.entry is not None and instance.entry.kind == "optimizer":
                made.alone(instance)
            for (name,) in names:
                self.bind(name, instance)
            return
        bindings = [self._value(value, key)] if single else self._apart(value, first, key)
        if single:
            for (name,) in names:
                self.bind(name, bindings[0])
                self._call_it(bindings[0], name)
        else:
            for name, binding in zip(first, bindings, strict=True):
                self.bind(name, binding)

    def _assign_each(self, target: ast.expr, value: ast.Tuple, prefix: str, node: ast.stmt) -> None:
        targets = target.elts if isinstance(target, ast.Tuple | ast.List) else []
        if len(targets) != len(value.elts) or any(self.made.makes(one) for one in value.elts):
            raise NotBlocks(f"It takes {reasons.shown(value)} apart.", node)
        names = [self._targets(one) for one in targets]
        if any(len(some) != 1 for some in names):
            raise NotBlocks(f"It takes {reasons.shown(value)} apart.", node)
        bindings = [self._value(one, prefix + name) for one, (name,) in zip(value.elts, names, strict=True)]
        for (name,), binding in zip(names, bindings, strict=True):
            self.bind(name, binding)
            self._call_it(binding, name)

    def _value(self, node: ast.expr, key: str) -> Binding:
        """What a name that is assigned `node` stands for from then on."""
        made = self.made
        bound = made.bound(node)
        if bound is not None:
            return bound  # type: ignore[no-any-return]
        if (path := made.path(node)) and palette.find(path) is not None and not made.is_table(node):
            return Imported(path)
        if made.is_number(node) or (isinstance(node, ast.Constant) and node.value is Ellipsis):
            given = BlockArgument(
                name="value", span=made.source.span(node), text=made.source.text(node)[:16_384]
            )
            given.open = given.text == "..."
            block = made.add(
                "input", "number", made.key(key), node, arguments=[given], outputs=[BlockOutput()]
            )
            made.remember(block, node, palette.entries()["number"])
            return Value(Wire(block.id, 0), "tensor" if given.open else "number")
        block = made.block(node, key)
        if not block.outputs:
            raise NotBlocks(f"{reasons.shown(node)} has no value.", node)
        del block.outputs[1:]
        return Value(Wire(block.id, 0), _kind(block))

    def _apart(self, value: ast.expr, names: list[str], key: str) -> list[Binding]:
        if not isinstance(value, ast.Call | ast.Attribute | ast.BinOp | ast.Subscript) or self.made.makes(
            value
        ):
            raise NotBlocks(f"It takes {reasons.shown(value)} apart.", value)
        if len(names) > MOST_OUTPUTS:
            raise NotBlocks("More results than a block can have.", value)
        block = self.made.block(value, key)
        block.outputs = [BlockOutput(name=self.made.name(name)) for name in names]
        return [Value(Wire(block.id, k), _kind(block)) for k in range(len(names))]

    def _call_it(self, binding: Binding, name: str) -> None:
        """The value of a block is called by the first name it is given."""
        if isinstance(binding, Value):
            outputs = self.made.blocks[binding.wire.block].outputs
            if binding.wire.output < len(outputs) and not outputs[binding.wire.output].name:
                outputs[binding.wire.output].name = self.made.name(name)

    def _targets(self, target: ast.expr) -> list[str]:
        """The names that a target binds.

        Raises:
            NotBlocks: it is not made of names.
        """
        owner = self.made.scope.owner
        match target:
            case ast.Name(id=name):
                return [name]
            case ast.Attribute(value=ast.Name(id=of), attr=name) if of == owner and owner and self._in_init():
                return [f"{owner}.{name}"]
            case ast.Tuple(elts=parts) | ast.List(elts=parts) if parts:
                return [name for part in parts for name in self._targets(part)]
            case ast.Subscript(value=value):
                raise NotBlocks(f"It writes into a part of {reasons.shown(value)}.", target)
            case ast.Starred():
                raise NotBlocks("It binds a name to all that is left.", target)
        raise NotBlocks(f"It sets {reasons.shown(target)}.", target)

    def _in_init(self) -> bool:
        outer = self.made.scope.outer
        return (
            outer is not None and outer.owner == self.made.scope.owner and "<init>" in self.made.scope.names
        )

    def bind(self, name: str, binding: Binding | None) -> None:
        scope = self.made.scope
        if "." in name and scope.outer is not None:
            scope.outer.names[name] = binding
        else:
            scope.names[name] = binding

    def _expression(self, value: ast.expr) -> None:
        made, prefix = self.made, self.made.scope.prefix
        if isinstance(value, ast.Constant) or (isinstance(value, ast.Name) and made.bound(value) is not None):
            return
        if self._in_init() and _is_super(value):
            return
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
            name, of = value.func.attr, value.func.value
            bound = made.bound(of)
            if (
                name in ("step", "zero_grad")
                and isinstance(bound, Instance)
                and not value.args
                and not value.keywords
            ):
                if self.training is not None:
                    if name == "step" and is_optimizer(bound):
                        self.training.append((bound, None))
                    return
                if is_optimizer(bound):
                    self._step(value, name, of, bound)
                    return
            if name == "backward" and self.training is not None and not isinstance(bound, Instance):
                wire = made.wire(of, f"{prefix}{_word(of, 'loss')}")
                text = "" if wire else made.source.text(of)
                loss = BlockArgument(name="loss", span=made.source.span(of), text=text, wire=wire)
                self.training.append((None, loss))
                return
            if isinstance(bound, Value) and bound.kind == "unknown" and name not in _EFFECTS:
                raise NotBlocks(reasons.call(value.func), value)
        made.block(value, prefix + _label(value))

    def _step(self, value: ast.Call, name: str, of: ast.expr, optimizer: Instance) -> None:
        made = self.made
        entry = palette.entries()[f"Optimizer.{name}"]
        argument = BlockArgument(
            name="optimizer", span=made.source.span(of), wire=Wire(optimizer.blocks[0], 0)
        )
        key = made.key(f"{made.scope.prefix}{optimizer.name}.{name}")
        made.add("output", entry.type, key, value, arguments=[argument])

    def _return(self, value: ast.expr | None, node: ast.stmt) -> None:
        if value is None:
            return
        made = self.made
        key = made.key(f"{made.scope.prefix}return")
        parts = value.elts if isinstance(value, ast.Tuple) else [value]
        arguments = []
        for position, part in enumerate(parts):
            is_open = isinstance(part, ast.Constant) and part.value is Ellipsis
            wire = made.wire(part, f"{key}/{position}")
            arguments.append(
                BlockArgument(
                    name=str(position),
                    span=made.source.span(part),
                    text="" if wire else made.source.text(part)[:16_384],
                    wire=wire,
                    open=is_open,
                )
            )
        made.add("output", "return", key, node, arguments=arguments)

    def leave_alone(self, scope: Scope) -> None:
        """Objects that are made but never called have a block too."""
        before, self.made.scope = self.made.scope, scope
        for binding in scope.names.values():
            if isinstance(binding, Instance) and not binding.blocks:
                self.made.alone(binding)
        self.made.scope = before


def _kind(block: Block) -> str:
    return "number" if block.type in _NUMBERS else "unknown" if block.type in _UNKNOWN else "tensor"


def is_optimizer(bound: object) -> bool:
    return isinstance(bound, Instance) and bound.entry is not None and bound.entry.kind == "optimizer"


def _word(node: ast.expr, otherwise: str) -> str:
    return node.id if isinstance(node, ast.Name) else otherwise


def _label(value: ast.expr) -> str:
    """What an expression that is not assigned is called."""
    match value:
        case ast.Call(func=ast.Attribute(attr=name, value=ast.Name(id=of))):
            return f"{of}.{name}"
        case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)):
            return name
    return "value"


def _is_super(value: ast.expr) -> bool:
    match value:
        case ast.Call(func=ast.Attribute(attr="__init__", value=ast.Call(func=ast.Name(id="super")))):
            return True
    return False
