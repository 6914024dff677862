"""The house rules that a machine can hold: who imports whom, how long a file may be, what the documents must say."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from playground.settings import SETTINGS

ROOT = Path(__file__).resolve().parents[1]

NOT_OURS = {".git", ".venv", ".venv-oracle", "node_modules", "dist", "build", "__pycache__"}
"""Folders that hold nothing of the project's own; so do those of tools, which begin with a dot and end in cache, and
``data`` at the root, where the server keeps its sessions."""

LONGEST = 500
"""Lines of a source file."""

TABLES = (
    "engine/ops/*.py",
    "engine/formulas/notation.py",
    "engine/autograd/profiler_rows.py",
    "playground/protocol.py",
    "playground/worker/parsing/menu.py",
    "playground/settings.py",
    "playground/device/functions.py",
)
"""Source files that are tables, one record after the other, and would not be clearer in pieces."""

LAYERS = (
    {"alias", "allocator", "backend", "cephes", "convert", "dtypes", "naming", "real_only", "state"},
    {
        "generators",
        "graph",
        "philox",
        "printing",
        "random",
        "sampling",
        "tensor",
        "timeline",
        "tree",
    },
    {"overloads"},
    {"elementwise", "expression", "gradients", "out", "rejection", "rounds"},
    {"steps"},
    {"registry"},
    {"backward", "dispatch", "execute", "node_hooks", "watched", "spelling"},
    {"closures", "define", "fused"},
    {"backward", "inplace", "ops"},
    {"methods", "writing"},
    {
        "amp",
        "autograd",
        "backends",
        "cuda",
        "fft",
        "jit",
        "linalg",
        "nn",
        "optim",
        "settings",
        "special",
        "storage",
        "types",
        "version",
        "windows",
    },
    {
        "accelerator",
        "compiler",
        "cpu",
        "distributions",
        "formulas",
        "func",
        "functions",
        "profiler",
        "serialization",
        "showing",
        "testing",
        "utils",
    },
    {"absent", "hints"},
    {"__init__"},
)
"""The engine from the ground up. A module may import from its own layer and from those below.

That holds for what is imported when a module is loaded. Inside a function a module may reach up (`Tensor.backward`
runs the graph's backward), but never from `ops` to the profiler.
"""


class Import(NamedTuple):
    """One module that a file imports."""

    module: str
    line: int
    on_load: bool
    """When the file is loaded, rather than when a function is called or a type checked."""


def files(*endings: str) -> Iterator[Path]:
    """Every file of the project itself with one of these endings."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if (
            parts[0] == "data"
            or NOT_OURS.intersection(parts)
            or any(part.endswith("_cache") for part in parts)
        ):
            continue
        if path.is_file() and path.name.endswith(endings):
            yield path


def name_of(path: Path) -> str:
    """The dotted name under which a file is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    name_of(path): path for top in ("engine", "playground") for path in sorted((ROOT / top).rglob("*.py"))
}
MODULES["app"] = ROOT / "app.py"


def imports_of(path: Path) -> list[Import]:
    """What a file imports, at any depth; ``from a import b`` counts as ``a.b`` where that is a module of ours."""
    found: list[Import] = []
    package = name_of(path) if path.name == "__init__.py" else name_of(path).rpartition(".")[0]

    def visit(node: ast.AST, on_load: bool) -> None:
        match node:
            case ast.Import(names=names):
                found.extend(Import(alias.name, node.lineno, on_load) for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = ".".join(package.split(".")[: len(package.split(".")) - level + 1]) if level else ""
                base = ".".join(part for part in (base, module) if part)
                for alias in names:
                    member = f"{base}.{alias.name}"
                    found.append(Import(member if member in MODULES else base, node.lineno, on_load))
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                for part, loaded in ((node.body, False), (node.orelse, on_load)):
                    for statement in part:
                        visit(statement, loaded)
                return
        inside = on_load and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(ast.parse(path.read_text(encoding="utf-8")), True)
    return found


def at(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def test_engine_knows_nothing_of_the_web() -> None:
    allowed = {"engine", "numpy", "cupy", "scipy"} | sys.stdlib_module_names
    wrong = [
        f"{at(path, found.line)} imports {found.module}"
        for name, path in MODULES.items()
        if name.split(".")[0] == "engine"
        for found in imports_of(path)
        if found.module.split(".")[0] not in allowed
    ]
    assert not wrong, "the engine stands on NumPy and SciPy alone:\n" + "\n".join(wrong)


def test_only_the_backend_imports_cupy() -> None:
    wrong = [
        at(path, found.line)
        for name, path in MODULES.items()
        if name != "engine.backend"
        for found in imports_of(path)
        if found.module.split(".")[0] == "cupy"
    ]
    assert not wrong, "engine/backend.py alone may import CuPy:\n" + "\n".join(wrong)


def layer_of(module: str) -> int:
    """Where a module of the engine stands in `LAYERS`."""
    _, _, inside = module.partition(".")
    first = inside.split(".")[0] or "__init__"
    for number, layer in enumerate(LAYERS):
        if first in layer:
            return number
    raise AssertionError(f"{module} has no place in LAYERS of tests/test_layout.py; give it one")


def test_engine_is_built_from_the_ground_up() -> None:
    wrong = [
        f"{at(path, found.line)}: {name} imports {found.module}"
        for name, path in MODULES.items()
        if name.split(".")[0] == "engine"
        for found in imports_of(path)
        if found.on_load
        and found.module.split(".")[0] == "engine"
        and layer_of(found.module) > layer_of(name)
    ]
    assert not wrong, "an import that goes up:\n" + "\n".join(wrong)


def test_ops_never_import_the_profiler() -> None:
    wrong = [
        f"{at(path, found.line)} imports {found.module}"
        for name, path in MODULES.items()
        if name.startswith("engine.ops")
        for found in imports_of(path)
        if found.module.startswith("engine.autograd")
    ]
    assert not wrong, "ops know nothing of who watches them:\n" + "\n".join(wrong)


def web_modules() -> dict[str, str]:
    """Every module of ours that the web process can come to load, with the one that imports it."""
    reached = dict.fromkeys(
        (m for m in MODULES if m == "app" or m.startswith("playground.web")), "the web process"
    )
    waiting = list(reached)
    while waiting:
        name = waiting.pop()
        for found in imports_of(MODULES[name]):
            parts = found.module.split(".")
            # Importing a.b loads a, too.
            for module in (".".join(parts[: n + 1]) for n in range(len(parts))):
                if module in MODULES and module not in reached:
                    reached[module] = name
                    waiting.append(module)
    return reached


def test_web_process_loads_neither_engine_nor_cupy() -> None:
    reached = web_modules()
    wrong = [f"{by} imports {module}" for module, by in reached.items() if module.split(".")[0] == "engine"]
    wrong += [
        f"{name} imports {found.module}"
        for name in reached
        for found in imports_of(MODULES[name])
        if found.module.split(".")[0] == "cupy"
    ]
    assert not wrong, "the web process would load what runs programs:\n" + "\n".join(wrong)


def test_web_process_loads_neither_in_fact() -> None:
    program = "import sys, app; print(*sorted({n.split('.')[0] for n in sys.modules} & {'engine', 'cupy', 'numpy'}))"
    outcome = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.strip() == "", f"`import app` also loaded {outcome.stdout.strip()}"


def test_web_process_never_looks_into_a_program() -> None:
    """Even a parser can be made to crash or to eat memory; the program is text to it, and stays text."""
    parsers = {"ast", "code", "codeop", "parser", "symtable", "tokenize"}
    wrong = []
    for name in web_modules():
        path = MODULES[name]
        wrong += [f"{at(path, i.line)} imports {i.module}" for i in imports_of(path) if i.module in parsers]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="compile" | "eval" | "exec" as called)):
                    wrong.append(f"{at(path, node.lineno)} calls {called}")
    assert not wrong, "the web process must not compile or parse programs:\n" + "\n".join(wrong)


def test_no_source_file_is_too_long() -> None:
    long = {}
    for path in files(".py", ".ts", ".tsx", ".css", ".html", ".sh"):
        name = path.relative_to(ROOT).as_posix()
        if (
            name.startswith("tests/")
            or ".gen." in name
            or ".test." in name
            or any(path.match(table) for table in TABLES)
        ):
            continue
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LONGEST:
            long[name] = lines
    assert not long, f"over {LONGEST} lines; take them apart by idea: {long}"


def test_every_setting_is_documented() -> None:
    documents = [path for path in files(".md") if path.parent in (ROOT, ROOT / "docs")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in documents)
    missing = [setting.name for setting in SETTINGS if f"`{setting.name}`" not in text]
    assert not missing, f"these stand in neither README.md nor docs/*.md: {missing}"


def test_locked_requirements_name_no_address() -> None:
    for path in [*sorted((ROOT / "requirements").iterdir()), ROOT / ".npmrc"]:
        found = re.search(
            r"\w+://\S+|^\s*--?(extra-)?(index|find-links|i)\b.*", path.read_text(), re.MULTILINE
        )
        assert found is None, f"{path.name} names an address: {found[0]}"


def test_node_lock_is_whole_and_names_no_address() -> None:
    """`npm ci` refuses a lock without the packages of other platforms, and checks only what has a hash."""
    packages: dict[str, dict[str, Any]] = json.loads((ROOT / "package-lock.json").read_text())["packages"]

    def has(place: str, name: str) -> bool:
        while True:
            if f"{place}/node_modules/{name}".lstrip("/") in packages:
                return True
            if not place:
                return False
            place = place.rpartition("node_modules/")[0].rstrip("/")

    missing = [
        f"{name} of {place or 'the project'}"
        for place, package in packages.items()
        for name in package.get("dependencies", {}) | package.get("optionalDependencies", {})
        if not has(place, name)
    ]
    assert not missing, f"package-lock.json lacks {missing}"
    assert not [place for place, package in packages.items() if place and "integrity" not in package]
    assert not [place for place, package in packages.items() if "resolved" in package]


def test_every_locked_package_has_a_hash() -> None:
    for name in ("run", "test", "node", "gpu", "fleet"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        entries = re.split(r"\n(?=\S)", text.strip())
        bare = [entry for entry in entries if "--hash=sha256:" not in entry]
        assert entries, f"requirements/{name}.txt is empty"
        assert not bare, f"requirements/{name}.txt: no hash for {bare}"


def test_nothing_names_the_place_it_was_written_in() -> None:
    endings = (
        ".py",
        ".ts",
        ".tsx",
        ".css",
        ".html",
        ".md",
        ".json",
        ".toml",
        ".txt",
        ".sh",
        "Makefile",
        "Procfile",
    )
    wrong = [
        path.relative_to(ROOT).as_posix()
        for path in files(*endings)
        if re.search(rf"{re.escape(str(ROOT))}\b", path.read_text(encoding="utf-8"))
    ]
    assert not wrong, f"these name this checkout's own folder: {wrong}"
