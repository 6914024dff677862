"""Writes the parts of the documentation that say what the code says: the settings and the messages of the wire.

A generated part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``; the rest of the file is left alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
from msgspec import inspect as mi

from playground import protocol
from playground.settings import ROOT, SETTINGS, Setting
from scripts.gen_protocol import _docstrings, _Writer

_COMMANDS = get_args(protocol.Command)
_EVENTS = get_args(protocol.Event)
_SESSION = (protocol.SessionContent,)


def deploy() -> str:
    """The text of ``docs/deploy.md``."""
    return _filled(ROOT / "docs" / "deploy.md", {"settings": _settings()})


def wire() -> str:
    """The text of ``docs/protocol.md``."""
    parts = [c for c in vars(protocol).values() if isinstance(c, type) and issubclass(c, protocol.Message)]
    named = {protocol.Message, protocol.RunEvent, *_COMMANDS, *_EVENTS, *_SESSION}
    sections = {
        "commands": _COMMANDS,
        "events": _EVENTS,
        "parts": tuple(c for c in parts if c not in named),
        "session": _SESSION,
    }
    return _filled(
        ROOT / "docs" / "protocol.md", {name: _structs(classes) for name, classes in sections.items()}
    )


def _filled(path: Path, blocks: dict[str, str]) -> str:
    text = path.read_text(encoding="utf-8")
    for name, block in blocks.items():
        pattern = rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)"
        text, count = re.subn(pattern, lambda m, b=block: f"{m[1]}{b}\n{m[2]}", text, flags=re.DOTALL)  # type: ignore[misc]
        if count != 1:
            raise ValueError(f"{path.name}: expected one part <!-- generated: {name} --> ... <!-- end -->")
    return text


def _settings() -> str:
    rows = ["| variable | default | accepts | what it is |", "| --- | --- | --- | --- |"]
    rows += [f"| `{s.name}` | {_default(s)} | {s.accepts} | {s.doc} |" for s in SETTINGS]
    return "\n".join(rows)


def _default(setting: Setting) -> str:
    by_machine = {
        "database_url": "`sqlite:///…/data/playground.sqlite3`",
        "redis_url": "none",
        "limits.slots": "the machine's cores",
        "limits.lingering": "twice the machine's cores",
        "limits.holding": "twice the machine's cores",
    }
    if setting.field in by_machine:
        return by_machine[setting.field]
    unit = f" {setting.unit}" if setting.unit else ""
    return f"`{setting.default}`{unit}"


def _structs(classes: tuple[type, ...]) -> str:
    docs, types = _docstrings(protocol), _Writer()
    blocks = []
    for cls in classes:
        info = mi.type_info(cls)
        assert isinstance(info, mi.StructType)
        message = issubclass(cls, protocol.RunEvent) or cls in _COMMANDS
        heading = f"#### `{info.tag}`" if message else f"#### {cls.__name__}"
        lines = [heading, "", _prose(docs.get((cls.__name__,), "")), ""]
        if info.tag_field and not message:
            lines += [f"Its `{info.tag_field}` is `{info.tag}`.", ""]
        if info.array_like:
            lines += ["An array; its elements are, in this order:", ""]
        lines += ["| field | type | |", "| --- | --- | --- |"]
        for field in info.fields:
            doc = next((d for c in cls.__mro__ if (d := docs.get((c.__name__, field.name)))), "")
            lines.append(
                f"| `{field.encode_name}`{_absent(field, cls)} | {_kind(field.type, types)} | {_prose(doc)} |"
            )
        blocks.append("\n".join(lines).replace("\n\n\n", "\n\n"))
    return "\n\n".join(blocks)


def _absent(field: mi.Field, cls: type) -> str:
    """Whether a field may be left out."""
    events = issubclass(cls, protocol.RunEvent)
    return "" if field.required or events else "?"


def _kind(info: mi.Type, types: _Writer) -> str:
    name = "binary" if isinstance(info, mi.BytesType) else types._type(info).replace("|", "\\|")
    bounds = []
    match info:
        case mi.StrType(max_length=int(most)):
            bounds.append(f"at most {most:,} characters")
        case mi.ListType(max_length=int(most)):
            bounds.append(f"at most {most:,}")
        case mi.IntType(ge=int(low), le=int(high)):
            bounds.append(f"{low:,} to {high:,}")
        case _:
            pass
    return ", ".join([f"`{name}`", *bounds])


def _prose(text: str) -> str:
    return " ".join(text.replace("``", "`").split()).replace("|", "\\|")


def message_names() -> list[str]:
    """Every tag of the wire, for the test that the documentation has them all."""
    return [str(msgspec.inspect.type_info(cls).tag) for cls in (*_COMMANDS, *_EVENTS)]  # type: ignore[attr-defined]
