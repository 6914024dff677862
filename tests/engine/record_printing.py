"""Records what PyTorch prints for a few hundred diverse tensors into references/printing.json.

Run by hand where PyTorch 2.13.0 is installed: ``python tests/engine/record_printing.py``. With ``--live N`` it writes
nothing and instead compares `engine.printing` with PyTorch on N fresh random tensors.
"""

from __future__ import annotations

import base64
import json
import random
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

REFERENCES = Path(__file__).parent / "references" / "printing.json"
FLOATS = ["float32", "float32", "float64", "float16"]
DTYPES = [*FLOATS, "int64", "int32", "int16", "int8", "uint8", "bool", "complex64", "complex128"]
KINDS = ["normal", "whole", "wide", "special", "tiny", "huge", "zeros", "quarters", "powers"]


def floats(pick: random.Random, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Float64 values of one of `KINDS`, with the corners of the rules (1e8, 1e-4, ratio 1000, nan) in ``special``."""
    kind, normal = pick.choice(KINDS), np.asarray(rng.standard_normal(shape))
    if kind == "normal":
        return normal * pick.choice([1, 10, 100, 1e3, 1e4])
    if kind == "whole":
        return np.round(normal * pick.choice([1, 10, 1e3, 1e5, 1e9, 2e7]))
    if kind == "wide":
        reach = pick.choice([1, 5, 200])
        return normal * 10.0 ** rng.uniform(-reach, reach, shape)
    if kind == "special":
        corners = [
            np.nan,
            np.inf,
            -np.inf,
            0.0,
            -0.0,
            1.0,
            -9.99995,
            9.99995e7,
            1e8,
            1e-4,
            9.9999e-5,
            1e3,
            999.99,
        ]
        values = np.where(rng.random(shape) < 0.4, rng.choice(corners, shape), normal)
        return np.round(values) if pick.random() < 0.3 else values
    if kind == "tiny":
        return normal * 10.0 ** -pick.choice([3, 4, 5, 8, 40, 310])
    if kind == "huge":
        return normal * 10.0 ** pick.choice([3, 4, 7, 8, 9, 30, 300])
    if kind == "zeros":
        return np.full(shape, pick.choice([0.0, -0.0, np.nan, np.inf]))
    if kind == "quarters":
        return np.round(normal * 4) / 4
    return 10.0 ** np.round(normal * pick.choice([1, 2, 4, 50, 100]))


def values(pick: random.Random, rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Any:
    """An array of `dtype`."""
    kind = np.dtype(dtype).kind
    if kind == "b":
        return np.asarray(rng.standard_normal(shape) > pick.choice([-5, 0, 0, 5]))
    if kind in "iu":
        info = np.iinfo(dtype)
        high = min(pick.choice([3, 10, 100, 1000, info.max]), info.max)
        low = max(pick.choice([0, -5, -high]), info.min)
        return np.asarray(rng.integers(low, high, shape, endpoint=True)).astype(dtype)
    if kind == "c":
        made = np.empty(shape, "complex128")
        made.real, made.imag = floats(pick, rng, shape), floats(pick, rng, shape)
        return made.astype(dtype)
    return np.asarray(floats(pick, rng, shape)).astype(dtype)


def case(pick: random.Random, rng: np.random.Generator, large: bool) -> dict[str, Any]:
    """One random case: the array, the options and how the tensor takes part in the graph."""
    dims = pick.choice([0, 1, 1, 1, 2, 2, 2, 3, 3, 4])
    if pick.random() < 0.08:
        sizes = [0, 1, 2]
    elif dims == 1:
        sizes = [1, 2, 3, 8, 11, 30]
    else:
        sizes = [1, 2, 3, 7] if dims == 2 else [1, 2, 3]
    shape = tuple(pick.choice(sizes) for _ in range(dims))
    if large and pick.random() < 0.2:
        shape = (pick.choice([1000, 1001, 2000]), *shape[:1])
    dtype = pick.choice(DTYPES)
    options: dict[str, Any] = {}
    if pick.random() < 0.5:
        options = {
            "precision": pick.choice([None, 0, 1, 2, 8]),
            "threshold": pick.choice([None, 5, 10]),
            "edgeitems": pick.choice([None, 0, 1, 2, 5]),
            "linewidth": pick.choice([None, 20, 40, 120]),
            "sci_mode": pick.choice([None, True, False]),
            "profile": pick.choice([None, None, "default", "short", "full"]),
        }
        options = {name: value for name, value in options.items() if value is not None}
    grads = ["", "", "leaf", "clone"] if np.dtype(dtype).kind in "fc" else [""]
    return {
        "values": values(pick, rng, shape, dtype),
        "options": options,
        "grad": pick.choice(grads),
        "default": pick.choice(["float32"] * 5 + ["float64"]),
    }


def printed(torch: Any, case: dict[str, Any]) -> str:
    """The tensor's repr, in PyTorch or in the engine."""
    array = case["values"]
    tensor = torch.from_numpy(np.ascontiguousarray(array)).reshape(array.shape)
    if case["grad"]:
        tensor.requires_grad_()
    if case["grad"] == "clone":
        tensor = tensor.clone()
    torch.set_default_dtype(getattr(torch, case["default"]))
    torch.set_printoptions(profile="default")
    torch.set_printoptions(**case["options"])
    try:
        return str(repr(tensor))
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_printoptions(profile="default")


def main() -> None:
    import torch

    warnings.simplefilter("ignore")
    if sys.argv[1:2] == ["--live"]:
        sys.path.insert(0, str(Path(__file__).parents[2]))
        import engine

        pick = random.Random()
        rng = np.random.default_rng(pick.randrange(2**32))
        wrong = 0
        for _ in range(int(sys.argv[2])):
            one = case(pick, rng, large=True)
            expected, got = printed(torch, one), printed(engine, one)
            if expected != got:
                wrong += 1
                print(f"{one}\nPyTorch:\n{expected}\nengine:\n{got}\n")
        sys.exit(f"{wrong} of {sys.argv[2]} differ" if wrong else 0)

    pick, rng = random.Random(2), np.random.default_rng(2)
    recorded = []
    for _ in range(320):
        one = case(pick, rng, large=False)
        array = one["values"]
        recorded.append(
            {
                "dtype": array.dtype.name,
                "shape": array.shape,
                "data": base64.b64encode(array.tobytes()).decode(),
                "options": one["options"],
                "grad": one["grad"],
                "default": one["default"],
                "text": printed(torch, one),
            }
        )
    REFERENCES.parent.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(entry) for entry in recorded)
    REFERENCES.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
