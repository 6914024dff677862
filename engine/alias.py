"""``import torch`` meaning this engine: for programs written for PyTorch that are run unchanged.

`install` puts a finder on `sys.meta_path` that answers ``torch`` and ``torch.*`` with the `engine` and ``engine.*``
modules themselves. They are the same module objects under a second name, never a second copy: two copies would mean two
`Tensor` classes and ``isinstance`` failing between them.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

ROOT = __name__.partition(".")[0]


class _SameModule(Loader):
    """Hands an already loaded module to the import system under another name."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has just overwritten __spec__ with the alias's; reload and pickling need the real one.
        module.__spec__ = self.spec


def _name_missing(module: ModuleType, name: str) -> None:
    """Let a name the module does not have be missing from ``torch.nn``, not from ``engine.nn``."""

    def missing(attribute: str) -> Any:
        raise AttributeError(f"module {name!r} has no attribute {attribute!r}", name=attribute, obj=module)

    vars(module).setdefault("__getattr__", missing)


class AliasFinder(MetaPathFinder):
    """Resolves `name` and everything below it to the engine's modules."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec for `fullname`, or None if it is not ours to answer.

        Raises ModuleNotFoundError for a part of PyTorch that the engine does not have.
        """
        if fullname != self.name and not fullname.startswith(self.name + "."):
            return None
        real = ROOT + fullname[len(self.name) :]
        parent, _, leaf = real.rpartition(".")
        held = getattr(sys.modules.get(parent), leaf, None)
        if held is not None and not isinstance(held, ModuleType):
            # ``torch.tensor`` is a function; importing a module of that name would put itself in its place.
            raise ModuleNotFoundError(
                f"No module named {fullname!r}: it is no module of {self.name}", name=fullname
            )
        module = sys.modules.get(real)
        if module is None:
            if importlib.util.find_spec(real) is None:
                raise ModuleNotFoundError(
                    f"No module named {fullname!r}: this is the playground's own implementation of {self.name}, "
                    f"and it has no {fullname[len(self.name) + 1 :]!r}",
                    name=fullname,
                )
            module = importlib.import_module(real)
        _name_missing(module, fullname)
        return ModuleSpec(fullname, _SameModule(module), is_package=hasattr(module, "__path__"))


def install(name: str = "torch") -> None:
    """Make ``import <name>`` give the engine, in this process, from now on. Doing it twice does no harm.

    Raises RuntimeError if another package of that name has been imported: a program would hold tensors of both.
    """
    importlib.import_module(ROOT)
    if any(isinstance(finder, AliasFinder) and finder.name == name for finder in sys.meta_path):
        return
    if name in sys.modules and sys.modules[name] is not sys.modules[ROOT]:
        raise RuntimeError(
            f"cannot alias {name!r} to the engine: {sys.modules[name]!r} is already imported; "
            "install the alias in a fresh process, before anything imports it"
        )
    sys.meta_path.insert(0, AliasFinder(name))
    for key, module in list(sys.modules.items()):
        if key == ROOT or key.startswith(ROOT + "."):
            _name_missing(module, name + key[len(ROOT) :])


def uninstall(name: str = "torch") -> None:
    """Undo `install`, so that ``import <name>`` finds what is really installed. Modules already held stay valid."""
    sys.meta_path[:] = [f for f in sys.meta_path if not (isinstance(f, AliasFinder) and f.name == name)]
    for key in [key for key in sys.modules if key == name or key.startswith(name + ".")]:
        real = sys.modules.get(ROOT + key[len(name) :])
        if sys.modules[key] is real:
            del sys.modules[key]
