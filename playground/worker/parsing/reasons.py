"""Why a part of a program is not shown as blocks, in plain words."""

from __future__ import annotations

import ast

_LONGEST = 60


class NotBlocks(Exception):
    """What cannot be shown, and where."""

    def __init__(self, why: str, node: ast.AST) -> None:
        super().__init__(why)
        self.why = why
        self.line: int = getattr(node, "lineno", 0)


def shown(node: ast.AST) -> str:
    """An expression, short enough to be in a sentence."""
    try:
        text = " ".join(ast.unparse(node).split())
    except (RecursionError, ValueError):  # nested too deeply; a number with too many digits
        text = "…"
    return f"`{text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…'}`"


def call(function: ast.expr) -> str:
    return f"A call of {shown(function)}, which the page does not know."


def code_call(function: ast.expr) -> str:
    return f"A call of {shown(function)}, which is code here."


def expression(node: ast.expr) -> str:
    """Of an expression that is no block."""
    match node:
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return f"A loop inside an expression: {shown(node)}."
        case ast.Lambda():
            return f"A function without a name: {shown(node)}."
        case ast.IfExp():
            return f"A choice inside an expression: {shown(node)}."
        case ast.BoolOp():
            return f"`and` and `or` choose between values: {shown(node)}."
        case ast.NamedExpr():
            return f"An assignment inside an expression: {shown(node)}."
        case ast.Compare():
            return f"A comparison that blocks do not have: {shown(node)}."
        case ast.List() | ast.Tuple() | ast.Dict() | ast.Set():
            return f"A Python collection rather than a tensor: {shown(node)}."
        case ast.Constant(value=str() | bytes()) | ast.JoinedStr():
            return "A text rather than a tensor."
        case ast.Await() | ast.Yield() | ast.YieldFrom():
            return "A function that waits or hands out values one by one."
        case ast.Starred():
            return f"Arguments unpacked with a star: {shown(node)}."
        case ast.Name(id=name):
            return f"`{name}` has no value here that blocks know."
    return f"{shown(node)} is nothing that blocks have."


def statement(node: ast.stmt) -> str:
    """Of a statement that is never blocks."""
    match node:
        case ast.For(iter=over) | ast.AsyncFor(iter=over):
            return f"A loop over {shown(over)}."
        case ast.While(test=test):
            return f"A loop while {shown(test)}."
        case ast.If(test=test):
            return f"A branch: if {shown(test)}."
        case ast.With(items=items) | ast.AsyncWith(items=items):
            return f"A block under {shown(items[0].context_expr)}."
        case ast.Try() | ast.TryStar():
            return "A block that handles errors."
        case ast.Match(subject=subject):
            return f"A choice by the form of {shown(subject)}."
        case ast.AugAssign(target=target):
            return f"It changes {shown(target)} in place."
        case ast.Delete():
            return "It deletes a name."
        case ast.Assert():
            return "A check."
        case ast.Raise():
            return "It raises an error."
        case ast.Global() | ast.Nonlocal():
            return "It declares names."
        case ast.AsyncFunctionDef():
            return "A function that waits."
        case ast.AnnAssign():
            return "A name without a value."
        case ast.Return():
            return "A return in the middle."
    return "Something that blocks do not have."
