"""Statements with others inside that are shown as frames: classes, functions, training loops."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from playground.protocol import BlockArgument, BlockOutput, Statement, Wire
from playground.worker.parsing import reasons
from playground.worker.parsing.lines import Lines, is_optimizer
from playground.worker.parsing.reasons import NotBlocks
from playground.worker.parsing.scope import Function, Instance, Plain, Scope, Value
from playground.worker.parsing.source import Source
from playground.worker.parsing.uses import Uses

Span = tuple[int, int]

_MODULE = frozenset({"torch.nn.Module", "torch.nn.modules.Module", "torch.nn.modules.module.Module"})


class Frames(Lines):
    """Reads statements that are frames. What is inside them is read by the walk that this is a part of."""

    def __init__(self, source: Source, tree: ast.Module) -> None:
        super().__init__(source)
        self.functions: dict[int, Function] = {}
        """Classes and functions that are shown, by ``id`` of their statement."""
        self.rounds = False
        """In a loop over a range that trains by a loop inside."""
        self.uses = Uses(source, tree)
        self.made.bound_names = self.uses.bound

    def body(self, body: list[ast.stmt], start: int, end: int, parent: int) -> None:
        """Read statements one after the other."""
        raise NotImplementedError

    def new(self, node: ast.stmt, whole: Span, parent: int) -> Statement:
        """A statement that is about to be read."""
        raise NotImplementedError

    def code(self, node: ast.stmt, statement: Statement, reason: NotBlocks) -> None:
        """Show a statement as code."""
        raise NotImplementedError

    def read_class(self, node: ast.ClassDef, statement: Statement, whole: Span) -> None:
        made, outer = self.made, self.made.scope
        if node.decorator_list:
            raise NotBlocks(f"A class with a decorator: {reasons.shown(node.decorator_list[0])}.", node)
        if len(node.bases) != 1 or node.keywords or made.path(node.bases[0]) not in _MODULE:
            raise NotBlocks(f"A class, `{node.name[:60]}`, that is not an nn.Module.", node)
        methods = {part.name: part for part in node.body if isinstance(part, ast.FunctionDef)}
        forward, init = methods.get("forward"), methods.get("__init__")
        start = self.source.body_start(node, node.body)
        if forward is None or start is None:
            raise NotBlocks(f"A class, `{node.name[:60]}`, without a `forward`.", node)
        for method in (forward, init):
            if method is not None:
                _check_method(method)
        owner = forward.args.args[0].arg
        if init is not None and init.args.args[0].arg != owner:
            raise NotBlocks("The methods of the class have different names for the object.", init)
        statement.kind = "class"
        statement.uses = self.uses.of_head(node)
        block = made.add("class", node.name, made.key(outer.prefix + node.name), node, line=node.lineno)
        statement.block = block.id
        members = Scope(outer, f"{outer.prefix}{node.name}.", block.id, owner)
        function = Function(node.name, block.id, init, forward, True, owner)
        before, self.strict = self.strict, True
        made.scope = members
        try:
            order = sorted(
                node.body, key=lambda part: part is not init
            )  # what forward uses is made in __init__
            spans = dict(zip(map(id, node.body), self.source.wholes(node.body, start, whole[1]), strict=True))
            indices = self._numbered(node.body, spans, statement.index)
            for part in order:
                self._member(part, indices[id(part)], spans[id(part)], function, methods)
            self.leave_alone(members)
        finally:
            made.scope, self.strict = outer, before
        self.functions[id(node)] = function
        self.bind(node.name, function)

    def _numbered(self, body: list[ast.stmt], spans: dict[int, Span], parent: int) -> dict[int, Statement]:
        return {id(part): self.new(part, spans[id(part)], parent) for part in body}

    def _member(
        self,
        part: ast.stmt,
        statement: Statement,
        whole: Span,
        function: Function,
        methods: dict[str, ast.FunctionDef],
    ) -> None:
        self.made.statement = statement.index
        match part:
            case ast.FunctionDef(name="__init__" | "forward") if methods[part.name] is part:
                is_init = part.name == "__init__"
                statement.kind = "init" if is_init else "forward"
                statement.uses = self.uses.of_head(part, function.owner)
                scope = Scope(self.made.scope, self.made.scope.prefix, function.block, function.owner)
                scope.names[function.owner] = Plain()
                if is_init:
                    scope.names["<init>"] = Plain()
                self._inside(part, statement, whole, scope, function, None if is_init else 1)
            case ast.FunctionDef():
                self.code(part, statement, NotBlocks("A method beside `__init__` and `forward`.", part))
            case ast.Pass():
                statement.kind = "expression"
            case ast.Expr(value=ast.Constant()):
                statement.kind = "expression"
            case _:
                raise NotBlocks(f"A class with more than methods: {reasons.shown(part)}.", part)

    def read_function(self, node: ast.FunctionDef, statement: Statement, whole: Span) -> None:
        made, outer = self.made, self.made.scope
        if node.decorator_list:
            raise NotBlocks(f"A function with a decorator: {reasons.shown(node.decorator_list[0])}.", node)
        _check_parameters(node)
        if not any(isinstance(part, ast.Return) and part.value for part in node.body):
            raise NotBlocks(f"A function, `{node.name[:60]}`, that returns nothing, or not at its end.", node)
        statement.kind = "def"
        statement.uses = self.uses.of_head(node)
        block = made.add("class", node.name, made.key(outer.prefix + node.name), node, line=node.lineno)
        statement.block = block.id
        function = Function(node.name, block.id, None, node, False)
        scope = Scope(outer, f"{outer.prefix}{node.name}.", block.id)
        before, self.strict = self.strict, True
        training, self.training = self.training, None
        try:
            self._inside(node, statement, whole, scope, function, 0)
        finally:
            self.strict, self.training = before, training
        self.functions[id(node)] = function
        self.bind(node.name, function)

    def _inside(
        self,
        node: ast.FunctionDef,
        statement: Statement,
        whole: Span,
        scope: Scope,
        function: Function,
        first: int | None,
    ) -> None:
        """The body of a function. `first` is the first parameter that has a block; None: none has one."""
        start = self.source.body_start(node, node.body)
        if start is None:
            raise NotBlocks("A head that is hard to read.", node)
        outer, self.made.scope = self.made.scope, scope
        try:
            everyone = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            for position, argument in enumerate(everyone):
                if first is None:
                    scope.names.setdefault(argument.arg, Plain())
                elif position >= first:
                    self._parameter(argument, _default(node.args, position), function)
            for part in node.body[:-1]:
                if isinstance(part, ast.Return):
                    raise NotBlocks(reasons.statement(part), part)
            self.body(node.body, start, whole[1], statement.index)
            self.leave_alone(scope)
        finally:
            self.made.scope = outer
        last = node.body[-1]
        if isinstance(last, ast.Return) and last.value is not None:
            parts = last.value.elts if isinstance(last.value, ast.Tuple) else [last.value]
            function.outputs = [part.id if isinstance(part, ast.Name) else "" for part in parts]

    def _parameter(self, argument: ast.arg, default: ast.expr | None, function: Function) -> None:
        made = self.made
        start = made.source.start(argument)
        arguments = []
        if default is not None:
            text = made.source.text(default)[:16_384]
            arguments.append(BlockArgument(name="default", span=made.source.span(default), text=text))
        block = made.add(
            "input",
            "parameter",
            made.key(made.scope.prefix + argument.arg),
            made.source.stretch(start, start + len(argument.arg)),
            arguments=arguments,
            outputs=[BlockOutput(name=made.name(argument.arg))],
            line=argument.lineno,
        )
        made.scope.names[argument.arg] = Value(Wire(block.id, 0))
        function.ports[argument.arg] = block.id

    def is_training(self, node: ast.For) -> bool:
        """Whether a loop over a range goes backward and steps an optimizer, itself or in a loop over batches inside."""
        if node.orelse or self.training is not None or self.source.body_start(node, node.body) is None:
            return False
        counted = self._is_counted(node)
        if self._trains(node):
            return counted or self.rounds
        inside = [part for part in node.body if isinstance(part, ast.For)]
        return counted and not self.rounds and any(not one.orelse and self._trains(one) for one in inside)

    def _is_counted(self, node: ast.For) -> bool:
        match node:
            case ast.For(
                target=ast.Name(), iter=ast.Call(func=ast.Name(id="range"), args=[_, *_] as args, keywords=[])
            ):
                return (
                    not any(isinstance(one, ast.Starred) for one in args)
                    and self.made.scope.get("range") is None
                )
        return False

    def _trains(self, node: ast.For) -> bool:
        steps, backwards = False, False
        for called, of in _calls(node.body):
            steps = steps or (called == "step" and is_optimizer(self.made.bound(of)))
            backwards = backwards or called == "backward"
        return steps and backwards

    def read_train(self, node: ast.For, statement: Statement, whole: Span) -> None:
        made, scope = self.made, self.made.scope
        start = self.source.body_start(node, node.body)
        assert start is not None
        statement.kind = "train"
        statement.uses = self.uses.of_head(node)
        counted = self._is_counted(node)
        names = self._targets(node.target)
        argument = self._steps(node.iter) if counted else self._over(node.iter)
        block = made.add(
            "train",
            "train",
            made.key(f"{scope.prefix}train"),
            node,
            arguments=[argument],
            outputs=[BlockOutput(name=made.name(name)) for name in names],
        )
        statement.block = block.id
        before, rounds = scope.parent, self.rounds
        trains = self._trains(node)
        scope.parent, self.training, self.rounds = block.id, [] if trains else None, not trains
        for place, name in enumerate(names):
            self.bind(name, Value(Wire(block.id, place), "number" if counted else "tensor"))
        try:
            self.body(node.body, start, whole[1], statement.index)
            self._learn(self.training or [])
        finally:
            scope.parent, self.training, self.rounds = before, None, rounds

    def _steps(self, over: ast.expr) -> BlockArgument:
        assert isinstance(over, ast.Call)
        low, high = self.source.start(over.args[0]), self.source.end(over.args[-1])
        text = self.source.code[low:high][:16_384]
        return BlockArgument(name="steps", span=self.source.stretch(low, high), text=text)

    def _over(self, over: ast.expr) -> BlockArgument:
        """What gives the batches: a variable's block, or else a text, for a head has no statement to be changed in."""
        wire = self.made.wire(over, "") if isinstance(over, ast.Name) else None
        text = "" if wire else self.made.source.text(over)[:16_384]
        return BlockArgument(name="over", span=self.made.source.span(over), text=text, wire=wire)

    def _learn(self, calls: list[tuple[Instance | None, BlockArgument | None]]) -> None:
        """Each optimizer learns from the loss that backward() was called of before its step."""
        loss: BlockArgument | None = next((one for _, one in calls if one), None)
        for optimizer, backward in calls:
            loss = backward or loss
            if optimizer is not None and optimizer.blocks and loss is not None:
                arguments = self.made.blocks[optimizer.blocks[0]].arguments
                place = next(
                    (k for k, a in enumerate(arguments) if a.name == "loss" and a.place == "call"), None
                )
                if place is not None and arguments[place].span is None:
                    arguments[place] = loss


def _calls(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """The methods that the statements call, and of what."""
    for part in body:
        match part:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name, value=of))):
                yield name, of


def _check_method(method: ast.FunctionDef) -> None:
    if method.decorator_list:
        raise NotBlocks(f"A method with a decorator: {reasons.shown(method.decorator_list[0])}.", method)
    _check_parameters(method)
    if not method.args.args:
        raise NotBlocks("A method without `self`.", method)


def _check_parameters(function: ast.FunctionDef) -> None:
    if function.args.vararg or function.args.kwarg:
        raise NotBlocks(f"A function, `{function.name[:60]}`, that takes any number of arguments.", function)


def _default(arguments: ast.arguments, position: int) -> ast.expr | None:
    """The default of a parameter, counted over all of them."""
    plain = len(arguments.posonlyargs) + len(arguments.args)
    if position >= plain:
        return arguments.kw_defaults[position - plain]
    place = position - (plain - len(arguments.defaults))
    return arguments.defaults[place] if place >= 0 else None
