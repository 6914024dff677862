"""Which variables a statement reads and binds, and where: also in code that is not shown as blocks.

Names that live inside an expression or a function of their own (a comprehension's, a lambda's, the locals of a
function) are not variables of the statement and are left out.
"""

from __future__ import annotations

import ast
import builtins
import io
import re
import tokenize
from collections.abc import Iterable, Iterator

from playground.protocol import NameUse
from playground.worker.parsing.source import Source

_BUILTIN = frozenset(dir(builtins))
_LONGEST = 200
_MOST = 20_000
_INNER = re.compile(
    r"'''.*?'''|\"\"\".*?\"\"\"|'[^'\n]*'|\"[^\"\n]*\"|(?<![\w.])[^\W\d]\w*(?:\s*\.\s*\w+)?", re.S
)
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Uses:
    """Collects uses of names. `bound` are all names that the program binds anywhere: of Python's own names only those
    are variables."""

    def __init__(self, source: Source, tree: ast.Module) -> None:
        self._source = source
        self.bound = set(bound_names(tree.body))

    def of(self, nodes: Iterable[ast.AST], owner: str = "") -> list[NameUse]:
        """The uses in these nodes, in order. `owner` is the name of the object a method belongs to (``self``)."""
        collector = _Collector(self._source, self.bound, owner)
        for node in nodes:
            collector.visit(node)
        return self._sorted(collector)

    def of_head(self, node: ast.stmt, owner: str = "") -> list[NameUse]:
        """Those of a statement that has others inside it, without these."""
        collector = _Collector(self._source, self.bound, owner)
        collector.head(node)
        return self._sorted(collector)

    def _sorted(self, collector: _Collector) -> list[NameUse]:
        # Where a name is read and bound at once (``x += 1``), binding it is what is said.
        found = sorted({(u.start, u.end, u.name): u for u in collector.found}.values(), key=lambda u: u.start)
        return found[:_MOST]


def bound_names(body: Iterable[ast.AST]) -> Iterator[str]:
    """Every name that is bound anywhere in these statements, at any depth."""
    for top in body:
        for node in ast.walk(top):
            match node:
                case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                    yield name
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    yield name
                case ast.arg(arg=name):
                    yield name
                case ast.alias(name=name, asname=asname):
                    yield asname or name.partition(".")[0]
                case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                    yield name
                case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                    yield name


class _Collector:
    def __init__(self, source: Source, bound: set[str], owner: str) -> None:
        self._source = source
        self._bound = bound
        self._owner = owner
        self._hidden: list[set[str]] = []
        """Names of inner scopes that are around."""
        self.found: list[NameUse] = []

    def visit(self, node: ast.AST) -> None:
        match node:
            case ast.Name(id=name, ctx=context):
                self._name(node, name, not isinstance(context, ast.Load))
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner == self._owner and owner:
                if not self._is_hidden(owner):
                    start, end = self._source.start(node), self._source.end(node)
                    self._add(f"{owner}.{name}", start, end, not isinstance(node.ctx, ast.Load))
            case ast.AugAssign(target=ast.Name(id=name)):
                self._name(node.target, name, True)
                self.visit(node.value)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for decorator in node.decorator_list:
                    self.visit(decorator)
                self._word(node.name, self._source.at(node.lineno, node.col_offset), True)
                self._function(node)
            case ast.Lambda():
                self._function(node)
            case ast.ClassDef():
                for expression in [*node.decorator_list, *node.bases, *(k.value for k in node.keywords)]:
                    self.visit(expression)
                self._word(node.name, self._source.at(node.lineno, node.col_offset), True)
                self._inside(set(_own(node.body)), node.body)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self._comprehension(node)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                for alias in names:
                    self._alias(alias)
            case ast.ExceptHandler(type=kind, name=name, body=body):
                if kind is not None:
                    self.visit(kind)
                if name:
                    after = self._source.end(kind) if kind else self._source.start(node)
                    self._word(name, after, True)
                for inner in body:
                    self.visit(inner)
            case ast.Global(names=several) | ast.Nonlocal(names=several):
                at = self._source.start(node)
                for name in several:
                    at = self._word(name, at, False)
            case ast.MatchAs(pattern=pattern, name=name):
                if pattern is not None:
                    self.visit(pattern)
                if name:
                    self._word(name, self._source.end(pattern) if pattern else self._source.start(node), True)
            case ast.MatchStar(name=str(name)):
                self._word(name, self._source.start(node), True)
            case ast.MatchMapping(rest=str(name)):
                self._last_word(name, node)
                self._children(node)
            case ast.JoinedStr():
                self._formatted(node)
            case _:
                self._children(node)

    def _children(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            self.visit(child)

    def head(self, node: ast.stmt) -> None:
        """What a compound statement says before its body: a loop's range, a class's bases, a function's defaults."""
        match node:
            case ast.For(target=target, iter=over):
                self.visit(target)
                self.visit(over)
            case ast.ClassDef(bases=bases, name=name):
                for base in bases:
                    self.visit(base)
                self._word(name, self._source.at(node.lineno, node.col_offset), True)
            case ast.FunctionDef():
                self._signature(node)
                if not self._owner:
                    self._word(node.name, self._source.at(node.lineno, node.col_offset), True)

    # Scopes

    def _function(self, node: _Function) -> None:
        everyone = self._signature(node)
        body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
        own = ({a.arg for a in everyone} | set(_own(body))) - _shared(body)
        self._inside(own, body)

    def _signature(self, node: _Function) -> list[ast.arg]:
        """What a function's head reads; returns its parameters."""
        arguments = node.args
        for part in [*arguments.defaults, *(d for d in arguments.kw_defaults if d is not None)]:
            self.visit(part)
        everyone = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        everyone += [a for a in (arguments.vararg, arguments.kwarg) if a]
        for argument in everyone:
            if argument.annotation:
                self.visit(argument.annotation)
        if not isinstance(node, ast.Lambda) and node.returns:
            self.visit(node.returns)
        return everyone

    def _inside(self, own: set[str], body: Iterable[ast.AST]) -> None:
        self._hidden.append(own)
        for part in body:
            self.visit(part)
        self._hidden.pop()

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        self.visit(node.generators[0].iter)
        own = {name for generator in node.generators for name in _targets(generator.target)}
        self._hidden.append(own)
        for position, generator in enumerate(node.generators):
            if position:
                self.visit(generator.iter)
            for part in generator.ifs:
                self.visit(part)
            self._children_of_target(generator.target)
        if isinstance(node, ast.DictComp):
            self.visit(node.key)
            self.visit(node.value)
        else:
            self.visit(node.elt)
        self._hidden.pop()

    def _children_of_target(self, target: ast.AST) -> None:
        if isinstance(target, ast.Attribute | ast.Subscript):
            self._children(target)

    def _is_hidden(self, name: str) -> bool:
        return any(name in own for own in self._hidden)

    # Finding the places

    def _name(self, node: ast.AST, name: str, binds: bool) -> None:
        start, end = self._source.start(node), self._source.end(node)
        self._add(name, start, end, binds)

    def _add(self, name: str, start: int, end: int, binds: bool) -> None:
        head = name.partition(".")[0]
        if self._is_hidden(head) or len(name) > _LONGEST or (head in _BUILTIN and head not in self._bound):
            return
        stretch = self._source.stretch(start, end)
        self.found.append(NameUse(name, stretch.start, stretch.end, binds))

    def _word(self, name: str, start: int, binds: bool) -> int:
        """The next place where `name` stands as a word, from `start` on; returns where it ends."""
        found = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)").search(self._source.code, start)
        if found is None:
            return start
        self._add(name, found.start(), found.end(), binds)
        return found.end()

    def _last_word(self, name: str, node: ast.AST) -> None:
        text = self._source.text(node)
        at = text.rfind(name)
        if at >= 0:
            start = self._source.start(node) + at
            self._add(name, start, start + len(name), True)

    def _alias(self, alias: ast.alias) -> None:
        if alias.name == "*":
            return
        if alias.asname:
            end = self._source.end(alias)
            self._add(alias.asname, end - len(alias.asname), end, True)
        else:
            name, start = alias.name.partition(".")[0], self._source.start(alias)
            self._add(name, start, start + len(name), True)

    def _formatted(self, node: ast.JoinedStr) -> None:
        """Names in an f-string. Before Python 3.12 their places in the tree are not always right: they are checked
        against the text, and the text is searched if they are wrong."""
        before = len(self.found)
        self._children(node)
        if all(self._is_there(use) for use in self.found[before:]):
            return
        wanted = {use.name for use in self.found[before:]}
        del self.found[before:]
        start = self._source.start(node)
        for at, word in _words_in_strings(self._source.text(node)):
            name = re.sub(r"\s", "", word)
            if name not in wanted and (name := name.partition(".")[0]) not in wanted:
                continue
            end = at + (len(word) if "." in name else len(name))
            self._add(name, start + at, start + end, False)

    def _is_there(self, use: NameUse) -> bool:
        code = self._source.code
        if not code.isascii():
            return False
        return code[use.start : use.end] == use.name


def _targets(target: ast.AST) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id


def _own(body: Iterable[ast.AST]) -> list[str]:
    """Names that a function's (or a class's) body binds for itself."""
    found: list[str] = []
    left = list(body)
    while left:
        node = left.pop()
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.append(name)
            case ast.Lambda():
                pass
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                found.append(name)
            case ast.alias(name=name, asname=asname):
                found.append(asname or name.partition(".")[0])
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                for inner in ast.walk(node):
                    if isinstance(inner, ast.NamedExpr):
                        found += _targets(inner.target)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                found.append(name)
                left += ast.iter_child_nodes(node)
            case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                found.append(name)
                left += ast.iter_child_nodes(node)
            case _:
                left += ast.iter_child_nodes(node)
    return found


def _shared(body: Iterable[ast.AST]) -> set[str]:
    """Names that a function's body declares to be of a scope around it."""
    found: set[str] = set()
    left = list(body)
    while left:
        node = left.pop()
        if isinstance(node, ast.Global | ast.Nonlocal):
            found.update(node.names)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            left += ast.iter_child_nodes(node)
    return found


def _words_in_strings(text: str) -> Iterator[tuple[int, str]]:
    """The words in the replacement fields of the f-strings in `text`, with their places."""
    lines = [0, *(m.end() for m in re.finditer(r"\r\n|\r|\n", text))]
    shifted = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(f"(\n{shifted}\n)").readline))
    except (tokenize.TokenError, SyntaxError):
        return
    for token in tokens:
        if token.type == tokenize.STRING:
            start = lines[token.start[0] - 2] + token.start[1]
            end = lines[token.end[0] - 2] + token.end[1]
            piece = text[start:end]
            prefix = piece[: min(piece.find(q) for q in "'\"" if q in piece)]
            if "f" in prefix.lower():
                quote = 3 if piece[len(prefix) :][:3] in ("'''", '"""') else 1
                yield from _words_in_fields(piece, len(prefix) + quote, len(piece) - quote, start)


def _words_in_fields(text: str, at: int, end: int, shift: int) -> Iterator[tuple[int, str]]:
    while at < end:
        if text.startswith(("{{", "}}"), at):
            at += 2
        elif text[at] == "{":
            close, colon = _field(text, at + 1, end)
            for match in _INNER.finditer(text, at + 1, colon):
                if match[0][0] not in "'\"":
                    yield shift + match.start(), match[0]
            if colon < close:
                yield from _words_in_fields(text, colon + 1, close, shift)
            at = close + 1
        else:
            at += 1


def _field(text: str, at: int, end: int) -> tuple[int, int]:
    """Where a replacement field closes, and where its expression ends (at ``:``, ``!r`` or the closing brace)."""
    depth, colon, quote = 0, -1, ""
    while at < end:
        c = text[at]
        if quote:
            quote = "" if c == quote else quote
        elif c in "'\"" and colon < 0:
            quote = c
        elif c in "([{":
            depth += 1
        elif c in ")]" or (c == "}" and depth):
            depth -= 1
        elif c == "}":
            return at, colon if colon >= 0 else at
        elif depth == 0 and colon < 0 and (c == ":" or (c == "!" and text[at + 1 : at + 2] != "=")):
            colon = at
        at += 1
    return end, colon if colon >= 0 else end
