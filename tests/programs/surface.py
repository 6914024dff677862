"""Which of PyTorch's public names does the engine lack? Run it where PyTorch 2.13.0 and what the engine needs are.

    python tests/programs/surface.py          print them, those a learner may meet
    python tests/programs/surface.py record   write them to engine/absent.py, of which `make gen` makes docs/missing.md

A name that is listed there and used gives an `AttributeError` that says so.
"""

from __future__ import annotations

import importlib
import inspect
import json
import subprocess
import sys
import tempfile
import textwrap
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

MODULES = (
    *("torch", "torch.Tensor", "torch.nn", "torch.nn.functional", "torch.optim", "torch.optim.lr_scheduler"),
    *(
        "torch.autograd",
        "torch.autograd.functional",
        "torch.autograd.graph",
        "torch.autograd.forward_ad",
        "torch.func",
    ),
    *(
        "torch.nn.init",
        "torch.nn.utils",
        "torch.nn.utils.rnn",
        "torch.nn.utils.parametrize",
        "torch.nn.utils.prune",
    ),
    *(
        "torch.utils.data",
        "torch.utils.checkpoint",
        "torch.linalg",
        "torch.special",
        "torch.fft",
        "torch.distributions",
    ),
    *(
        "torch.distributions.constraints",
        "torch.distributions.transforms",
        "torch.random",
        "torch.testing",
        "torch.amp",
    ),
    *(
        "torch.optim.swa_utils",
        "torch.nn.attention",
        "torch.signal.windows",
        "torch.profiler",
        "torch.cuda",
        "torch.jit",
    ),
    *(
        "torch.utils",
        "torch.serialization",
        "torch.nn.parameter",
        "torch.types",
        "torch.compiler",
        "torch.hub",
    ),
)
"""In the order in which a learner meets them."""

NOT_OFFERED = ("TYPE_CHECKING", "Tensor", "annotations", "Any", "torch")
"""Names that are in a module because it uses them."""


def public(name: str, implementation: str) -> list[str] | None:
    """The public names of a module (or of `Tensor`), None if there is none."""
    if name == "torch.Tensor":
        tensor = importlib.import_module("torch").Tensor
        return [n for n in dir(tensor) if not n.startswith("_") and hasattr(tensor, n)]
    try:
        module = importlib.import_module(name)
    except ImportError:
        return None
    if implementation == "engine":
        return [n for n in dir(module) if hasattr(module, n)]
    offered = getattr(module, "__all__", None)
    if offered and name != "torch":
        return sorted(set(offered))
    return [n for n in dir(module) if not n.startswith("_") and _own(getattr(module, n))]


def _own(value: Any) -> bool:
    if inspect.ismodule(value):
        return value.__name__.startswith("torch")
    return str(getattr(value, "__module__", "torch") or "torch").startswith("torch")


def names(implementation: str) -> dict[str, list[str] | None]:
    """The public names by module, asked in a process of its own: ``torch`` means another thing in each."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "names.json"
        subprocess.run([sys.executable, __file__, "ask", implementation, str(answer)], cwd=ROOT, check=True)
        return json.loads(answer.read_text())  # type: ignore[no-any-return]


def ask(implementation: str, answer: Path) -> None:
    """The other end of `names`."""
    warnings.simplefilter("ignore")
    if implementation == "engine":
        from engine import alias

        alias.install()
    answer.write_text(json.dumps({name: public(name, implementation) for name in MODULES}))


def absent() -> dict[str, list[str]]:
    """By module, the names that PyTorch has and the engine has not."""
    theirs, ours = names("torch"), names("engine")
    found = {}
    for module in MODULES:
        have = set(ours[module] or ())
        lacking = [n for n in theirs[module] or () if n not in have and n not in NOT_OFFERED]
        if lacking:
            found[module] = lacking
    return found


def table(found: dict[str, list[str]]) -> str:
    """The text of engine/absent.py."""
    lines = [
        '"""Public names of PyTorch 2.13.0 that are not here; written by tests/programs/surface.py."""',
        "",
        "from __future__ import annotations",
        "",
        "ABSENT: dict[str, str] = {",
    ]
    for module, lacking in found.items():
        lines.append(f'    "{module}": """')
        lines += textwrap.wrap(" ".join(lacking), 108)
        lines.append('    """,')
    return "\n".join([*lines, "}", '"""By module, the names in one text."""', ""])


def main() -> None:
    """Print, or record."""
    if sys.argv[1:2] == ["ask"]:
        ask(sys.argv[2], Path(sys.argv[3]))
        return
    found = absent()
    if sys.argv[1:2] == ["record"]:
        (ROOT / "engine" / "absent.py").write_text(table(found), encoding="utf-8")
        return
    from engine.hints import likely

    for module, lacking in found.items():
        first = [n for n in lacking if likely(module, n)]
        print(f"{module}: {len(lacking)} missing, likely to be met: {' '.join(first) or 'none'}")


if __name__ == "__main__":
    main()
