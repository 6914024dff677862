"""``import torch`` is the engine while the alias is installed: the same modules, never a second copy."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

import engine
from engine import alias


@pytest.fixture
def name() -> Iterator[str]:
    # Not ``torch``: other tests of this process may have their own view of that.
    yield "otherwise"
    alias.uninstall("otherwise")


def test_modules_are_the_same_objects(name: str) -> None:
    alias.install(name)
    alias.install(name)
    assert importlib.import_module(name) is engine
    for part in (
        "nn",
        "nn.functional",
        "optim",
        "autograd",
        "autograd.functional",
        "autograd.profiler",
        "linalg",
    ):
        assert importlib.import_module(f"{name}.{part}") is importlib.import_module(f"engine.{part}")
    assert engine.__spec__ is not None
    assert engine.__spec__.name == engine.__name__ == "engine"
    assert sum(isinstance(f, alias.AliasFinder) and f.name == name for f in sys.meta_path) == 1


def test_every_form_of_import(name: str) -> None:
    alias.install(name)
    namespace: dict[str, object] = {}
    exec(
        f"import {name} as torch\nimport {name}.nn as nn\nimport {name}.nn.functional as F\n"
        f"from {name} import nn as nn2, optim, Tensor\nfrom {name}.autograd.functional import jacobian\n"
        f"from {name}.nn import functional as F2\n",
        namespace,
    )
    assert namespace["torch"] is engine
    assert namespace["nn"] is namespace["nn2"] is engine.nn
    assert namespace["F"] is namespace["F2"]
    assert namespace["Tensor"] is engine.Tensor


@pytest.mark.parametrize("part", ["vision", "nn.nothing", "nn.functional.deeper"])
def test_missing_parts_are_named(name: str, part: str) -> None:
    alias.install(name)
    with pytest.raises(ModuleNotFoundError, match=f"{name}.{part}") as caught:
        importlib.import_module(f"{name}.{part}")
    assert caught.value.name == f"{name}.{part}"


def test_missing_names_are_ordinary_import_errors(name: str) -> None:
    alias.install(name)
    with pytest.raises(ImportError, match="no_such_name"):
        exec(f"from {name} import no_such_name", {})


def test_another_package_of_that_name_is_not_hidden(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, ModuleType(name))
    with pytest.raises(RuntimeError, match="already imported"):
        alias.install(name)


def test_uninstall_leaves_nothing(name: str) -> None:
    alias.install(name)
    importlib.import_module(f"{name}.nn")
    alias.uninstall(name)
    assert not [key for key in sys.modules if key.partition(".")[0] == name]
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(name)
    assert "engine.nn" in sys.modules


def test_a_function_is_not_imported_as_a_module(name: str) -> None:
    alias.install(name)
    with pytest.raises(ModuleNotFoundError, match="no module of otherwise"):
        importlib.import_module("otherwise.tensor")
    assert callable(engine.tensor)
