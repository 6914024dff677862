"""Expressions as blocks: each operation, each call of a layer is a box, its arguments are ports or settings."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any, Final

from playground.protocol import Block, BlockArgument, BlockOutput, Stretch, Wire
from playground.worker.parsing import palette
from playground.worker.parsing.arguments import Given, bind, check_stars, given_to
from playground.worker.parsing.names import Names
from playground.worker.parsing.palette import Entry, Parameter, Place, Signature
from playground.worker.parsing.reasons import NotBlocks, call, code_call, expression, shown
from playground.worker.parsing.scope import Function, Imported, Instance, Site, Value
from playground.worker.parsing.source import Source

_BINARY: Final = {
    ast.Add: "operator.add",
    ast.Sub: "operator.sub",
    ast.Mult: "operator.mul",
    ast.Div: "operator.truediv",
    ast.Pow: "operator.pow",
    ast.MatMult: "operator.matmul",
    ast.Mod: "operator.mod",
    ast.FloorDiv: "operator.floordiv",
    ast.BitAnd: "operator.and_",
    ast.BitOr: "operator.or_",
    ast.BitXor: "operator.xor",
    ast.Lt: "operator.lt",
    ast.LtE: "operator.le",
    ast.Gt: "operator.gt",
    ast.GtE: "operator.ge",
    ast.Eq: "operator.eq",
    ast.NotEq: "operator.ne",
}
_UNARY: Final = {ast.USub: "operator.neg", ast.Invert: "operator.invert"}
_OBJECT_METHODS: Final = frozenset({*dir(list), *dir(dict), *dir(str), *dir(set)})
_LONGEST_KEY, _LONGEST_NAME, _LONGEST_TEXT = 180, 200, 16_384


MOST = 2_000
"""Statements, and blocks, of a document."""
MOST_ARGUMENTS, MOST_OUTPUTS = 256, 64


class TooMany(Exception):
    """More blocks than a document may have."""


class Blocks(Names):
    """The blocks found so far, and how to make more of expressions."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.blocks: list[Block] = []
        self.sites: dict[int, Site] = {}
        """By ``id`` of the expression."""
        self.statement = 0
        """The statement that is being read."""
        self.instances: list[Instance] = []
        self.definitions: dict[int, Instance] = {}
        """Objects by ``id`` of the expression that makes them."""
        self._keys: dict[str, int] = {}
        """Keys that are taken, in order, each with how many there were then."""
        self._counts: dict[str, int] = {}
        self._reserved: list[tuple[str, int]] = []

    # Blocks and their names

    def key(self, name: str) -> str:
        """A name for a block that no other has."""
        base = name[:_LONGEST_KEY]
        count = self._counts.get(base, 0)
        self._reserved.append((base, count))
        while True:
            count += 1
            key = base if count == 1 else f"{base}#{count}"
            if key not in self._keys:
                break
        self._counts[base] = count
        self._keys[key] = len(self._reserved)
        return key

    def mark(self) -> tuple[int, int]:
        """A point to come `back` to."""
        return len(self.blocks), len(self._reserved)

    def back(self, mark: tuple[int, int]) -> None:
        """Forget the blocks made since."""
        blocks, reserved = mark
        del self.blocks[blocks:]
        for base, count in reversed(self._reserved[reserved:]):
            self._counts[base] = count
        del self._reserved[reserved:]
        while self._keys and next(reversed(self._keys.values())) > reserved:
            self._keys.popitem()
        for instance in self.instances:
            instance.blocks = [one for one in instance.blocks if one < blocks]
        for site in [key for key, site in self.sites.items() if site.block >= blocks]:
            del self.sites[site]

    def add(self, kind: Any, type_: str, key: str, node: ast.AST | Stretch, **more: Any) -> Block:
        """A new block. Raises NotBlocks if it has too many arguments, TooMany if there are too many blocks."""
        span = node if isinstance(node, Stretch) else self.source.span(node)
        line = more.pop("line", getattr(node, "lineno", 0))
        if len(more.get("arguments", ())) > MOST_ARGUMENTS or len(more.get("outputs", ())) > MOST_OUTPUTS:
            assert isinstance(node, ast.AST)
            raise NotBlocks("More arguments or results than a block can have.", node)
        if len(self.blocks) >= MOST:
            raise TooMany
        parent = more.pop("parent", self.scope.parent)
        block = Block(
            id=len(self.blocks),
            key=key,
            kind=kind,
            type=type_[:_LONGEST_NAME],
            statement=self.statement,
            parent=parent,
            span=span,
            line=line,
            **more,
        )
        if kind != "code" and type_ != "getattr":
            block.wrong = next(filter(None, (self.missing(one.text) for one in block.arguments)), "")
        self.blocks.append(block)
        return block

    def remember(self, block: Block, node: ast.expr, entry: Entry) -> None:
        """That an expression is this block."""
        self.sites[id(node)] = Site(block.id, node, entry)

    def name(self, text: str) -> str:
        return text[:_LONGEST_NAME]

    # Expressions

    def wire(self, node: ast.expr, key: str) -> Wire | None:
        """Where the value of an expression comes from; None if it is only text.

        Raises:
            NotBlocks: it is neither.
        """
        if isinstance(node, ast.Constant | ast.JoinedStr):
            return None
        if isinstance(node, ast.Name):
            binding = self.scope.get(node.id)
            return binding.wire if isinstance(binding, Value) else None
        if self.is_number(node) or self.is_plain(node):
            return None
        if isinstance(node, ast.Attribute):
            bound = self.bound(node)
            if isinstance(bound, Value):
                return bound.wire
            if bound is not None:
                return None
            path = self.path(node)
            if path and not self.is_table(node):
                return None
        block = self.block(node, key)
        if not block.outputs:
            raise NotBlocks(f"{shown(node)} has no value.", node)
        del block.outputs[1:]
        return Wire(block.id, 0)

    def block(self, node: ast.expr, key: str) -> Block:
        """The block of an expression.

        Raises:
            NotBlocks: it is none.
        """
        match node:
            case ast.Call():
                return self._call(node, key)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return self._operator(_BINARY[type(op)], node, [left, right], key)
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
                return self._operator(_UNARY[type(op)], node, [operand], key)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _BINARY:
                return self._operator(_BINARY[type(op)], node, [left, right], key)
            case ast.Subscript(value=value, slice=index):
                return self._operator("operator.getitem", node, [value, index], key)
            case ast.Attribute(value=value, attr=name):
                return self._attribute(node, value, name, key)
        raise NotBlocks(expression(node), node)

    def _operator(self, type_: str, node: ast.expr, operands: list[ast.expr], key: str) -> Block:
        entry = palette.entries()[type_]
        names = [p.name for p in entry.parameters]
        given: list[Given] = [(name, [one]) for name, one in zip(names, operands, strict=True)]
        return self._made(entry, node, given, key)

    def _attribute(self, node: ast.Attribute, value: ast.expr, name: str, key: str) -> Block:
        if path := self.path(node):
            entry = palette.find(path)
            if entry is None or not self.is_table(node):
                raise NotBlocks(expression(node), node)
            return self._made(entry, node, [], key, path)
        entry = palette.method(name)
        if entry and entry.attribute and not isinstance(self.receiver(value), Instance):
            return self._made(entry, node, [("input", [value])], key)
        if isinstance(node.value, ast.Name) and self.scope.get(node.value.id) is None:
            raise NotBlocks(expression(node.value), node)
        if node.value is not None and isinstance(value, ast.Name) and value.id == self.scope.owner:
            raise NotBlocks(f"`{self.source.text(node)}` is not made in `__init__`.", node)
        key = self.key(key)
        arguments = [self._argument("object", [value], f"{key}/0", "call", True)]
        end = self.source.end(node)
        span = self.source.stretch(end - len(name), end)
        arguments.append(BlockArgument(name="name", span=span, text=self.name(name)))
        block = self.add("op", "getattr", key, node, arguments=arguments, outputs=[BlockOutput()])
        self.sites[id(node)] = Site(block.id, node, palette.entries()["getattr"])
        return block

    # Calls

    def _of_table(self, function: ast.expr) -> bool:
        return isinstance(function, ast.Attribute) and self.is_table(function.value)

    def _call(self, node: ast.Call, key: str) -> Block:
        function = node.func
        check_stars(node)
        if (path := self.path(function)) and not self._of_table(function):
            return self._known(path, node, key)
        bound = self.bound(function)
        if isinstance(bound, Instance):
            return self.called(bound, node, key)
        if isinstance(bound, Function):
            if bound.is_class:
                return self.alone(self.instance(node, "", key))
            return self._own_function(bound, node, key)
        if isinstance(function, ast.Call) and self.makes(function):
            instance = self.instance(function, "", key)
            return self.called(instance, node, key)
        if isinstance(function, ast.Name):
            if function.id in ("abs", "round") and bound is None and len(node.args) == 1:
                entry = palette.entries()[f"torch.{function.id}"]
                return self._made(entry, node, [("input", [node.args[0]])], key)
            if function.id == "print" and bound is None:
                return self._made(palette.entries()["print"], node, given_to(node, "print", "call"), key)
            raise NotBlocks(code_call(function) if isinstance(bound, Value) else call(function), node)
        if isinstance(function, ast.Attribute):
            return self._method(node, function, key)
        raise NotBlocks(call(function), node)

    def _known(self, path: str, node: ast.Call, key: str) -> Block:
        entry = palette.find(path)
        if entry is None or entry.attribute or self.is_table(node.func):
            raise NotBlocks(call(node.func), node)
        if self.makes(node):
            return self.alone(self.instance(node, "", key))
        written = path.removeprefix("torch.") if path.startswith("torch.nn.functional.") else entry.type
        try:
            given = given_to(node, written, "call")
        except AttributeError:
            given = given_to(node, entry.type, "call")
        return self._made(entry, node, given, key, path)

    def _method(self, node: ast.Call, function: ast.Attribute, key: str) -> Block:
        name, value = function.attr, function.value
        receiver = self.receiver(value)
        entry = palette.method(name)
        is_open = isinstance(value, ast.Constant) and value.value is Ellipsis
        if isinstance(receiver, Instance | Function | Imported) or (
            receiver is None and isinstance(value, ast.Name | ast.Constant | ast.JoinedStr) and not is_open
        ):
            raise NotBlocks(call(function), node)
        if name.endswith("_") and not name.endswith("__") and entry is None:
            raise NotBlocks(f"A call of `{name}`, which changes a tensor in place.", node)
        foreign = isinstance(receiver, Value) and receiver.kind != "tensor" and name in _OBJECT_METHODS
        if entry is None or entry.attribute or foreign:
            raise NotBlocks(call(function), node)
        given: list[Given] = [("input", [value])]
        given += bind(node, palette.method_signature(name))
        return self._made(entry, node, given, key)

    def _own_function(self, function: Function, node: ast.Call, key: str) -> Block:
        given = bind(node, Signature(function.takes))
        key = self.key(key)
        arguments = self._own_arguments(function.takes, given, key, "call")
        block = self.add(
            "module",
            function.name,
            key,
            node,
            arguments=arguments,
            outputs=[BlockOutput() for _ in function.outputs] or [BlockOutput()],
        )
        self.sites[id(node)] = Site(block.id, node, None, given=tuple(given), function=function)
        return block

    def _own_arguments(
        self, names: Sequence[str], given: list[Given], key: str, place: Place
    ) -> list[BlockArgument]:
        found = dict(given)
        arguments = []
        for position, name in enumerate([*names, *(n for n in found if n not in names)]):
            if name in found:
                arguments.append(
                    self._argument(name, found[name], f"{key}/{position}", place, place == "call")
                )
            else:
                arguments.append(BlockArgument(name=self.name(name), place=place))
        return arguments

    # Objects that are made and then called

    def makes(self, node: ast.expr) -> Entry | Function | None:
        """What kind of object an expression makes: a layer, a loss, an optimizer, one of an own class."""
        if not isinstance(node, ast.Call):
            return None
        if path := self.path(node.func):
            entry = palette.find(path)
            return entry if entry is not None and palette.is_stateful(entry.type) else None
        bound = self.bound(node.func)
        return bound if isinstance(bound, Function) and bound.is_class else None

    def instance(self, node: ast.Call, name: str, key: str) -> Instance:
        """The object that `node` makes."""
        kind = self.makes(node)
        check_stars(node)
        made = Instance(name, key, self.statement, node, [], path=self.path(node.func))
        self.instances.append(made)
        self.definitions[id(node)] = made
        if isinstance(kind, Function):
            made.function = kind
            given = bind(node, Signature(kind.makes))
            made.arguments = self._own_arguments(kind.makes, given, key, "definition")
            return made
        assert kind is not None
        made.entry = kind
        given = given_to(node, kind.type, "definition")
        if kind.type == "nn.Sequential":
            made.arguments, made.inside = self._chain(given, key)
        else:
            made.arguments = self._arguments(kind, given, f"{key}/definition", "definition")
        return made

    def _chain(self, given: list[Given], key: str) -> tuple[list[BlockArgument], list[int]]:
        """The layers of a Sequential: blocks of their own, one behind the other."""
        nodes = [one for _, some in given for one in some]
        arguments, inside = [], []
        before: Wire | None = None
        for position, node in enumerate(nodes):
            span, wire = self.source.span(node), None
            bound = self.bound(node)
            if isinstance(node, ast.Constant) and node.value is Ellipsis:
                arguments.append(
                    BlockArgument(name=str(position), span=span, text="...", place="definition", open=True)
                )
                continue
            if isinstance(bound, Instance):
                wire = Wire(bound.blocks[0] if bound.blocks else self.alone(bound).id, 0)
            elif self.makes(node):
                assert isinstance(node, ast.Call)
                layer = self.instance(node, str(position), f"{key}.{position}")
                block = self.alone(layer)
                first = next((a for a in block.arguments if a.place == "call"), None)
                if first is not None:
                    first.wire = before
                inside.append(block.id)
                wire = Wire(block.id, 0)
            elif isinstance(node, ast.Call):
                raise NotBlocks(call(node.func), node)
            else:
                raise NotBlocks(expression(node), node)
            before = wire
            arguments.append(BlockArgument(name=str(position), span=span, wire=wire, place="definition"))
        return arguments, inside

    def called(self, instance: Instance, node: ast.Call, key: str) -> Block:
        """A call of an object."""
        key = self.key(instance.key or key)
        if instance.entry is not None:
            given = given_to(node, instance.entry.type, "call")
            arguments = self._arguments(instance.entry, given, key, "call")
            outputs = [BlockOutput() for _ in instance.entry.outputs]
        else:
            assert instance.function is not None
            given = bind(node, Signature(instance.function.takes))
            arguments = self._own_arguments(instance.function.takes, given, key, "call")
            outputs = [BlockOutput() for _ in instance.function.outputs] or [BlockOutput()]
        block = self._of_instance(instance, key, node, [*instance.arguments, *arguments], outputs)
        self.sites[id(node)] = Site(block.id, node, instance.entry, given=tuple(given), instance=instance)
        return block

    def alone(self, instance: Instance) -> Block:
        """The block of an object that is made but not called."""
        key = self.key(instance.key)
        if instance.entry is not None:
            calls = [p for p in instance.entry.parameters if p.place == "call" and not p.list]
            arguments = [BlockArgument(name=p.name) for p in calls]
            outputs = [BlockOutput(name=self.name(instance.name)) for _ in instance.entry.outputs[:1]]
        else:
            assert instance.function is not None
            arguments = [BlockArgument(name=self.name(name)) for name in instance.function.takes]
            outputs = [BlockOutput(name=self.name(instance.name))]
        before, self.statement = self.statement, instance.statement
        block = self._of_instance(instance, key, instance.node, [*instance.arguments, *arguments], outputs)
        self.statement = before
        self.sites[id(instance.node)] = Site(block.id, instance.node, instance.entry, instance=instance)
        return block

    def _of_instance(
        self,
        instance: Instance,
        key: str,
        node: ast.Call,
        arguments: list[BlockArgument],
        outputs: list[BlockOutput],
    ) -> Block:
        kind = instance.entry.kind if instance.entry else "module"
        type_ = instance.entry.type if instance.entry else instance.function.name if instance.function else ""
        block = self.add(
            kind, type_, key, node, arguments=arguments, outputs=outputs, definition=instance.statement
        )
        if not instance.blocks:
            for inside in instance.inside:
                self.blocks[inside].parent = block.id
        instance.blocks.append(block.id)
        return block

    # Arguments

    def _made(self, entry: Entry, node: ast.expr, given: list[Given], key: str, path: str = "") -> Block:
        key = self.key(key)
        arguments = self._arguments(entry, given, key, "call")
        block = self.add(
            entry.kind,
            entry.type,
            key,
            node,
            arguments=arguments,
            outputs=[BlockOutput() for _ in entry.outputs],
        )
        self.sites[id(node)] = Site(block.id, node, entry, path, tuple(given))
        return block

    def _arguments(self, entry: Entry, given: list[Given], key: str, place: Place) -> list[BlockArgument]:
        """All arguments of an entry, in its order, and then those it does not list."""
        found = dict(given)
        parameters = [p for p in entry.parameters if p.place == place]
        listed = {p.name for p in parameters}
        parameters += [Parameter(name, place=place) for name in found if name not in listed]
        arguments: list[BlockArgument] = []
        for position, parameter in enumerate(parameters):
            nodes = found.get(parameter.name)
            under = f"{key}/{position}"
            if nodes is None:
                if not parameter.list:
                    arguments.append(BlockArgument(name=self.name(parameter.name), place=place))
            elif parameter.list:
                arguments += self._several(parameter, nodes, under, place)
            else:
                arguments.append(self._argument(parameter.name, nodes, under, place, parameter.wire))
        return arguments

    def _several(
        self, parameter: Parameter, nodes: list[ast.expr], key: str, place: Place
    ) -> list[BlockArgument]:
        if len(nodes) == 1 and (parameter.brackets or parameter.name != "objects"):
            only = nodes[0]
            parts = only.elts if isinstance(only, ast.List | ast.Tuple) else []
            unpacked = place == "definition" and any(isinstance(part, ast.Starred) for part in parts)
            if parts and not unpacked:
                nodes = parts
            elif parameter.brackets:
                is_text = parameter.place == "definition" and not isinstance(only, ast.Name)
                return [self._argument(parameter.name, [only], key, place, not is_text)]
        for node in nodes:
            if isinstance(node, ast.Starred):
                raise NotBlocks(expression(node), node)
        return [
            self._argument(str(position), [node], f"{key}/{position}", place, parameter.wire)
            for position, node in enumerate(nodes)
        ]

    def _argument(
        self, name: str, nodes: list[ast.expr], key: str, place: Place, wired: bool
    ) -> BlockArgument:
        first, last = nodes[0], nodes[-1]
        if len(nodes) == 1 and isinstance(first, ast.Constant) and first.value is Ellipsis:
            span = self.source.span(first)
            return BlockArgument(name=self.name(name), span=span, text="...", place=place, open=True)
        wire = None
        if len(nodes) == 1:
            if wired:
                wire = self.wire(first, key)
            elif isinstance(first, ast.Name):
                bound = self.scope.get(first.id)
                wire = bound.wire if isinstance(bound, Value) and bound.kind == "tensor" else None
        start, end = self.source.start(first), self.source.end(last)
        text = "" if wire else self.source.code[start:end][:_LONGEST_TEXT]
        return BlockArgument(
            name=self.name(name), span=self.source.stretch(start, end), text=text, wire=wire, place=place
        )
