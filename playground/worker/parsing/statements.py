"""The walk through a program: each statement as blocks, as a frame around others, or as code that keeps its text."""

from __future__ import annotations

import ast

from playground.protocol import BlockArgument, BlockOutput, NameUse, Statement, Stretch, Wire
from playground.worker.parsing.blocks import MOST_ARGUMENTS, MOST_OUTPUTS
from playground.worker.parsing.frames import Frames, Span
from playground.worker.parsing.reasons import NotBlocks
from playground.worker.parsing.scope import Value
from playground.worker.parsing.source import Source


class Reader(Frames):
    """Reads a program from its first statement to its last, once."""

    def __init__(self, source: Source, tree: ast.Module) -> None:
        super().__init__(source, tree)
        self.tree = tree
        self.statements: list[Statement] = []
        self.nodes: dict[int, ast.stmt] = {}
        """The tree of each statement, by its index."""
        self.coded: dict[int, list[str]] = {}
        """What each statement that stays code binds, by ``id`` of its tree."""

    def read(self) -> None:
        self.body(self.tree.body, 0, len(self.source.code), -1)
        self.leave_alone(self.made.scope)

    def body(self, body: list[ast.stmt], start: int, end: int, parent: int) -> None:
        for node, whole in zip(body, self.source.wholes(body, start, end), strict=True):
            self._statement(node, whole, parent)

    def _statement(self, node: ast.stmt, whole: Span, parent: int) -> None:
        statement = self.new(node, whole, parent)
        mark, before = self.made.mark(), len(self.statements)
        try:
            try:
                self._read(node, statement, whole)
            except RecursionError:
                raise NotBlocks("It is nested too deeply.", node) from None
        except NotBlocks as reason:
            if self.strict:
                raise
            self.made.back(mark)
            del self.statements[before:]
            self.made.statement = statement.index
            self.code(node, statement, reason)

    def new(self, node: ast.stmt, whole: Span, parent: int) -> Statement:
        statement = Statement(
            index=len(self.statements),
            kind="code",
            parent=parent,
            whole=self.source.stretch(*whole),
            core=self.source.stretch(self.source.start(node), self.source.statement_end(node)),
        )
        self.statements.append(statement)
        self.nodes[statement.index] = node
        self.made.statement = statement.index
        self.made.known_numbers.clear()
        return statement

    def _read(self, node: ast.stmt, statement: Statement, whole: Span) -> None:
        if node.lineno in self.source.commands:
            raise NotBlocks("A notebook command, which is left out when the program runs.", node)
        match node:
            case ast.ClassDef():
                self.read_class(node, statement, whole)
            case ast.FunctionDef():
                self.read_function(node, statement, whole)
            case ast.For() if self.is_training(node):
                self.read_train(node, statement, whole)
            case _:
                statement.kind = self.simple(node)
                statement.uses = self.uses.of([node], self.made.scope.owner)

    def code(self, node: ast.stmt, statement: Statement, reason: NotBlocks) -> None:
        made, scope = self.made, self.made.scope
        statement.kind, statement.block = "code", -1
        try:
            statement.uses = self.uses.of([node], scope.owner)
        except RecursionError:
            statement.uses = []
        statement.why, statement.line = reason.why[:2_000], reason.line
        bound = list(dict.fromkeys(use.name for use in statement.uses if use.binds))
        self.coded[id(node)] = bound
        ports = {}
        for use in statement.uses:
            value = scope.get(use.name)
            if (
                use.name not in ports
                and isinstance(value, Value)
                and not _own_name(node, use, statement.uses)
            ):
                span = Stretch(use.start, use.end)
                ports[use.name] = BlockArgument(name=use.name, span=span, wire=value.wire)
        run = None if hasattr(node, "body") else self._run_before(statement)
        if run is None:
            first_line = made.source.text(node).lstrip("@").splitlines()[:1] or [""]
            key = made.key(f"{scope.prefix}{first_line[0].strip()[:60]}")
            block = made.add("code", "code", key, statement.core, line=node.lineno)
            statement.block = block.id
        else:
            self.statements.pop()
            block = made.blocks[run.block]
            run.whole = Stretch(run.whole.start, statement.whole.end)
            run.core = block.span = Stretch(run.core.start, statement.core.end)
            run.uses = (run.uses + statement.uses)[:20_000]
            made.statement = run.index
        known = {argument.name for argument in block.arguments}
        own = {output.name for output in block.outputs}
        fresh = [port for name, port in ports.items() if name not in known | own]
        block.arguments = (block.arguments + fresh)[:MOST_ARGUMENTS]
        block.outputs = (block.outputs + [BlockOutput(name=name) for name in bound if name not in own])[
            :MOST_OUTPUTS
        ]
        if not self.strict:
            places = {output.name: position for position, output in enumerate(block.outputs)}
            for name in bound:
                wire = Wire(block.id, places[name]) if name in places else None
                self.bind(name, Value(wire, "unknown") if wire else None)

    def _run_before(self, statement: Statement) -> Statement | None:
        """The code right before a statement, if both are single lines: they are one block."""
        before = self.statements[statement.index - 1] if statement.index else None
        if before is None or before.kind != "code" or before.parent != statement.parent or before.block < 0:
            return None
        return None if hasattr(self.nodes[before.index], "body") else before


def _own_name(node: ast.stmt, use: NameUse, uses: list[NameUse]) -> bool:
    """Whether a statement gives a name its value before it reads it."""
    if isinstance(node, ast.AugAssign):
        return False
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return not any(one.name == use.name and not one.binds for one in uses)
    return use.binds
