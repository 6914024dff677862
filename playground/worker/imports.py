"""What a program can import: the engine as ``torch``, the plots as ``matplotlib``, NumPy, and Python's pure modules.

Once a child is sealed no file opens, so everything is imported beforehand, in the process children are forked from.
The same holds where nothing is sealed: `restrict` takes away Python's search for files, so that a program finds the
same modules everywhere.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.machinery
import pkgutil
import sys
from types import ModuleType

import numpy

import engine
from engine.alias import install as install_torch
from engine.ops import special
from playground.protocol import UserData
from playground.worker import data, progress
from playground.worker.plots import modules

REPLACED = ("torch", "matplotlib", "mpl_toolkits", "tqdm", data.NAME)
"""Packages that are ours under these names while a program runs."""

USUAL = ("torch", "torch.nn", "torch.nn.functional", "torch.optim", "matplotlib.pyplot")
"""What most programs import of them."""

_SHOWN = (
    *(
        "torch",
        "numpy",
        "matplotlib.pyplot",
        "data",
        "math",
        "cmath",
        "random",
        "time",
        "itertools",
        "collections",
    ),
    *("functools", "dataclasses", "typing", "statistics", "copy", "json", "re", "string", "enum", "operator"),
)
"""Said to a person whose import failed; the rest of `_PYTHON` works too."""

_PYTHON = (
    *(
        "abc",
        "argparse",
        "array",
        "ast",
        "base64",
        "bisect",
        "builtins",
        "calendar",
        "cmath",
        "codecs",
        "collections",
    ),
    *(
        "collections.abc",
        "colorsys",
        "contextlib",
        "contextvars",
        "copy",
        "csv",
        "dataclasses",
        "datetime",
        "decimal",
    ),
    *(
        "difflib",
        "dis",
        "enum",
        "errno",
        "fractions",
        "functools",
        "gc",
        "glob",
        "hashlib",
        "heapq",
        "hmac",
        "html",
    ),
    *(
        "inspect",
        "io",
        "itertools",
        "json",
        "keyword",
        "linecache",
        "locale",
        "logging",
        "math",
        "numbers",
        "operator",
    ),
    *(
        "os",
        "os.path",
        "pathlib",
        "pickle",
        "platform",
        "pprint",
        "queue",
        "random",
        "re",
        "reprlib",
        "secrets",
    ),
    *(
        "shutil",
        "signal",
        "statistics",
        "string",
        "struct",
        "sys",
        "tempfile",
        "textwrap",
        "threading",
        "time",
    ),
    *(
        "timeit",
        "token",
        "tokenize",
        "traceback",
        "tracemalloc",
        "types",
        "typing",
        "unicodedata",
        "unittest",
        "uuid",
    ),
    *(
        "warnings",
        "weakref",
        "zlib",
        "_strptime",
        "encodings.ascii",
        "encodings.idna",
        "encodings.latin_1",
        "encodings.utf_16",
    ),
)

_NUMPY = (
    "fft",
    "linalg",
    "ma",
    "polynomial",
    "random",
    "testing",
    "typing",
    "strings",
    "rec",
    "char",
    "exceptions",
)

_INSTEAD = {
    "torchvision": "Its data sets and models are not here; data.digits() draws small pictures.",
    "torchaudio": "Its data sets and models are not here.",
    "tensorflow": "This playground runs PyTorch programs.",
    "jax": "This playground runs PyTorch programs.",
    "pandas": "A table of your own is in data.X and data.y; else use NumPy arrays, or lists and dictionaries.",
    "scipy": "NumPy has numpy.linalg, numpy.fft and numpy.polynomial.",
    "sklearn": "Small data sets are made by data.moons(), data.circles(), data.blobs() and others.",
    "seaborn": "Plots are made with matplotlib.pyplot here.",
    "plotly": "Plots are made with matplotlib.pyplot here.",
    "requests": "Programs run without a network here.",
    "urllib": "Programs run without a network here.",
    "subprocess": "Programs cannot start others here.",
    "multiprocessing": "A program is one process with one thread here.",
    "asyncio": "A program is one process with one thread here.",
}


def preload() -> None:
    """Import everything a program may want. Called once, in the process that children are forked from."""
    for part in pkgutil.walk_packages(engine.__path__, "engine."):
        importlib.import_module(part.name)
    for name in _PYTHON:
        importlib.import_module(name)
    for name in _NUMPY:
        importlib.import_module(f"numpy.{name}")
    special.preload()
    # The first of these import and compile things of their own.
    numpy.random.seed(0)
    numpy.linalg.inv(numpy.eye(2))


def restrict(table: UserData | None = None) -> None:
    """From now on ``torch``, ``matplotlib``, ``tqdm`` and ``data`` are ours, and what is not imported yet cannot be
    imported. `table` is what the program finds in ``data``."""
    sys.meta_path[:] = [importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter]
    install_torch("torch")
    modules.install()
    progress.install()
    data.install(table)


def shown_name(module: ModuleType) -> str:
    """The name a program imports a module by."""
    package, dot, rest = module.__name__.partition(".")
    return ("torch" if package == engine.__name__ else package) + dot + rest


def explain(name: str) -> str:
    """What to say to a person whose program imports `name` in vain."""
    top = name.partition(".")[0]
    available = f"What can be imported here: {', '.join(_SHOWN)}, and other pure parts of Python."
    if top in _INSTEAD:
        return f"{_INSTEAD[top]} {available}"
    if top == "torch":
        return f"This part of PyTorch is not in the playground. {available}"
    near = difflib.get_close_matches(name, _SHOWN, n=1, cutoff=0.75)
    return f"Did you mean {near[0]!r}? {available}" if near else available
