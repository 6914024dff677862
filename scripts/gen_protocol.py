"""Writes the wire as TypeScript: `playground/protocol.py` and `playground/web/boot.py` in,
`static/src/protocol.gen.ts` out.

Structs become interfaces (array-like ones labelled tuples), tagged unions stay unions discriminated by
``type``, and docstrings become TSDoc. Types come from msgspec's own inspection, so the generated file says
exactly what the encoder writes; only the docstrings are read from the source, because Python keeps none for
fields.
"""

from __future__ import annotations

import ast
import inspect
import types
from typing import get_origin

import msgspec
from msgspec import inspect as mi

from playground import protocol
from playground.web import boot

ROOTS = (
    (protocol, "Command"),
    (protocol, "Event"),
    (protocol, "SessionContent"),
    (protocol, "SessionFile"),
    (boot, "Boot"),
)
"""What the page sends, receives, stores and starts with; everything they mention follows."""

HEADER = """\
// Generated from playground/protocol.py and playground/web/boot.py by `make gen`; do not edit.
//
// The names are the protocol's own. Some (Node, Event, Error, Number) are also names of the platform, so
// import them with a prefix: `import type * as wire from "./protocol.gen"`, then `wire.Node`.
"""


def render() -> str:
    """The whole text of ``static/src/protocol.gen.ts``."""
    return HEADER + "\n" + "\n\n".join(_Writer().declarations()) + "\n"


class _Writer:
    """Collects one declaration for every struct and named alias that the roots mention, each once."""

    def __init__(self) -> None:
        self._docs: dict[tuple[str, ...], str] = {}
        for module in dict.fromkeys(module for module, _ in ROOTS):
            self._docs |= _docstrings(module)
        self._aliases = _named_aliases(protocol)
        self._done: dict[str, str] = {}

    def declarations(self) -> list[str]:
        for module, name in ROOTS:
            self._type(mi.type_info(getattr(module, name)))
        return list(self._done.values())

    def _type(self, info: mi.Type) -> str:
        for alias, named in self._aliases:
            if info == named:
                if alias not in self._done:
                    self._done[alias] = ""  # its place, before what it mentions
                    self._done[alias] = self._doc([alias]) + f"export type {alias} = {self._structure(info)};"
                return alias
        return self._structure(info)

    def _structure(self, info: mi.Type) -> str:
        match info:
            case mi.StrType():
                return "string"
            case mi.IntType() | mi.FloatType():
                return "number"
            case mi.BoolType():
                return "boolean"
            case mi.NoneType():
                return "null"
            case mi.BytesType():
                return "ArrayBuffer | string"
            case mi.LiteralType(values=values):
                return " | ".join(_literal(v) for v in values)
            case mi.UnionType(types=members):
                # None last, where a reader of TypeScript looks for it.
                ordered = sorted(members, key=lambda m: isinstance(m, mi.NoneType))
                if any(isinstance(m, mi.StrType) for m in members):
                    ordered = [
                        m for m in ordered if not isinstance(m, mi.LiteralType)
                    ]  # any string covers them
                return " | ".join(self._type(m) for m in ordered)
            case mi.ListType(item_type=item):
                inner = self._type(item)
                return f"({inner})[]" if " | " in inner else f"{inner}[]"
            case mi.DictType(key_type=key, value_type=value):
                return f"Record<{self._type(key)}, {self._type(value)}>"
            case mi.StructType():
                return self._struct(info)
            case _:
                raise TypeError(
                    f"gen_protocol: no TypeScript is known for {info!r}; expected one of the types that "
                    "playground/protocol.py uses today. Add a case to _Writer._structure."
                )

    def _struct(self, info: mi.StructType) -> str:
        name = info.cls.__name__
        if name in self._done:
            return name
        self._done[name] = ""
        # An encoder with omit_defaults leaves a field out that has its default; without, every field is
        # written. A command is the other way round: the page may leave out what has a default.
        omitted = info.cls.__struct_config__.omit_defaults
        doc = self._doc([name])
        if info.array_like:
            parts = [f"{f.encode_name}: {self._type(f.type)}" for f in info.fields]
            self._done[name] = doc + f"export type {name} = [{', '.join(parts)}];"
            return name
        lines = []
        if info.tag_field is not None:
            lines.append(f"  {info.tag_field}: {_literal(info.tag)};")
        for field in info.fields:
            optional = omitted and not field.required
            kind = field.type
            if optional and field.default is None and isinstance(kind, mi.UnionType):
                # Left out rather than sent as null.
                kind = _without_none(kind)
            mark = "?" if optional else ""
            tag = (
                f"@defaultValue `{_literal(field.default)}`" if optional and _is_plain(field.default) else ""
            )
            lines.append(
                self._doc([c.__name__ for c in info.cls.__mro__], field.name, tag)
                + f"  {field.encode_name}{mark}: {self._type(kind)};"
            )
        self._done[name] = doc + f"export interface {name} {{\n" + "\n".join(lines) + "\n}"
        return name

    def _doc(self, owners: list[str], field: str = "", tag: str = "") -> str:
        """The TSDoc comment of a class or alias, or of a field that one of `owners` documents, or nothing."""
        path = (field,) if field else ()
        text = next((self._docs[(o, *path)] for o in owners if self._docs.get((o, *path))), "")
        if not text and not tag:
            return ""
        indent = "  " if field else ""
        lines = inspect.cleandoc(text).replace("``", "`").replace("*/", "*\\/").splitlines()
        if tag:
            lines.append(tag)
        if len(lines) == 1:
            return f"{indent}/** {lines[0]} */\n"
        return (
            f"{indent}/**\n"
            + "".join(f"{indent} * {line}".rstrip() + "\n" for line in lines)
            + f"{indent} */\n"
        )


def _literal(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _is_plain(default: object) -> bool:
    return isinstance(default, bool | int | float | str)


def _without_none(union: mi.UnionType) -> mi.Type:
    rest = tuple(m for m in union.types if not isinstance(m, mi.NoneType))
    return rest[0] if len(rest) == 1 else mi.UnionType(types=rest)


def _named_aliases(module: types.ModuleType) -> list[tuple[str, mi.Type]]:
    """The module's own names for unions and literals; one for a plain string or number would say nothing more."""
    found: list[tuple[str, mi.Type]] = []
    for name, value in vars(module).items():
        if name.startswith("_") or not (get_origin(value) or isinstance(value, types.UnionType)):
            continue
        info = mi.type_info(value)
        if isinstance(info, mi.UnionType | mi.LiteralType):
            found.append((name, info))
    return found


def _docstrings(module: types.ModuleType) -> dict[tuple[str, ...], str]:
    """Docstrings of classes, of their fields and of module-level names: a string right after them."""
    docs: dict[tuple[str, ...], str] = {}

    def read(body: list[ast.stmt], prefix: tuple[str, ...]) -> None:
        for statement, following in zip(body, [*body[1:], None], strict=True):
            if isinstance(statement, ast.ClassDef):
                docs[(*prefix, statement.name)] = ast.get_docstring(statement) or ""
                read(statement.body, (*prefix, statement.name))
            target: ast.expr | None = None
            if isinstance(statement, ast.AnnAssign):
                target = statement.target
            elif isinstance(statement, ast.Assign):
                target = statement.targets[0]
            match following:
                case ast.Expr(value=ast.Constant(value=str(text))) if isinstance(target, ast.Name):
                    docs[(*prefix, target.id)] = text

    read(ast.parse(inspect.getsource(module)).body, ())
    return docs
