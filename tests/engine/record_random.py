"""Records PyTorch's random numbers for sequences of draws into references/random.json.

Run by hand where PyTorch 2.13.0 is installed: ``python tests/engine/record_random.py``. With ``--live N`` it writes
nothing and compares `engine.sampling` with PyTorch on N fresh random sequences of larger draws.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np

REFERENCES = Path(__file__).parent / "references" / "random.json"
FLOATS = ["float32", "float64", "float16"]
INTEGERS = ["int64", "int32", "int16", "int8", "uint8"]
KINDS = [
    *["uniform"] * 2,
    *["normal"] * 3,
    *["randint", "random", "randperm", "bernoulli", "bernoulli_scalar", "exponential", "geometric"],
    *["log_normal", "cauchy", "multinomial"],
]
Step = tuple[str, dict[str, Any]]


def step(pick: random.Random, sizes: list[int]) -> Step:
    """One draw: the name of a function of `engine.sampling` and its arguments."""
    name = pick.choice(KINDS)
    shape = [pick.choice(sizes)]
    if pick.random() < 0.3:
        shape.append(pick.choice([1, 2, 3, 5]))
    dtype = pick.choice([*FLOATS, "float32", "float32"])
    if name == "uniform":
        low = pick.choice([0.0, 0.0, -1.0, -0.03162277660168379, 2.0, 1e-3])
        high = low + pick.choice([1.0, 1.0, 2.0, 0.06324555320336758, 1e4])
        return name, {"shape": shape, "dtype": pick.choice([dtype, "complex64"]), "low": low, "high": high}
    if name == "normal":
        mean, std = pick.choice([(0.0, 1.0), (0.0, 1.0), (0.5, 0.02), (-3.0, 7.0)])
        if pick.random() < 0.2:
            return name, {"shape": shape, "dtype": "complex64", "mean": 0.0, "std": std}
        return name, {"shape": shape, "dtype": dtype, "mean": mean, "std": std}
    if name == "randint":
        dtype = pick.choice([*INTEGERS, "int64", "int64", "float32"])
        low = pick.choice([0, 0, 1, 5]) if dtype == "uint8" else pick.choice([0, 0, -5, -100, 3])
        widest = {"int64": 2**40, "int32": 2**30, "float32": 2**20}.get(dtype, 100)
        return name, {
            "low": low,
            "high": low + pick.choice([1, 2, 10, 17, widest]),
            "shape": shape,
            "dtype": dtype,
        }
    if name == "random":
        return name, {"shape": shape, "dtype": pick.choice([*INTEGERS, *FLOATS, "bool"])}
    if name == "randperm":
        return name, {"count": pick.choice(sizes), "dtype": pick.choice(["int64", "int32"])}
    if name == "bernoulli":
        return name, {"levels": pick.choice(sizes), "dtype": dtype}
    if name == "bernoulli_scalar":
        return name, {"shape": shape, "dtype": dtype, "p": pick.choice([0.5, 0.1, 0.8, 0.0, 1.0])}
    if name == "exponential":
        return name, {"shape": shape, "dtype": dtype, "rate": pick.choice([1.0, 0.5, 3.0])}
    if name == "geometric":
        return name, {"shape": shape, "dtype": dtype, "p": pick.choice([0.5, 0.1])}
    if name == "log_normal":
        return name, {"shape": shape, "dtype": dtype, "mean": 1.0, "std": pick.choice([0.25, 2.0])}
    if name == "cauchy":
        return name, {"shape": shape, "dtype": dtype, "median": pick.choice([0.0, 2.0]), "sigma": 0.5}
    replacement, levels = pick.random() < 0.5, pick.choice([3, 10, 40])
    samples = pick.choice([1, 2, 3] if not replacement else [1, 5, 50])
    return name, {"levels": levels, "num_samples": samples, "replacement": replacement, "dtype": dtype}


def probabilities(levels: int, dtype: str) -> Any:
    """From 0 to 1 in equal steps."""
    return (np.arange(levels) / max(levels - 1, 1)).astype(dtype)


def drawn_by_engine(name: str, arguments: dict[str, Any]) -> Any:
    """The array one step gives in the engine."""
    from engine import sampling

    given = dict(arguments)
    if "levels" in given:
        weights = probabilities(given.pop("levels"), given["dtype"])
        if name == "bernoulli":
            return sampling.bernoulli(weights, np.dtype(given["dtype"]))
        return sampling.multinomial(weights, given["num_samples"], given["replacement"])
    given["dtype"] = np.dtype(given["dtype"])
    return getattr(sampling, name)(**given)


def drawn_by_pytorch(torch: Any, name: str, arguments: dict[str, Any]) -> Any:
    """The array one step gives in PyTorch."""
    dtype = getattr(torch, arguments["dtype"])
    a = arguments
    if name == "randperm":
        return torch.randperm(a["count"], dtype=dtype).numpy()
    if name == "randint":
        return torch.randint(a["low"], a["high"], a["shape"], dtype=dtype).numpy()
    if "levels" in a:
        weights = torch.from_numpy(probabilities(a["levels"], a["dtype"]))
        if name == "bernoulli":
            return torch.bernoulli(weights).numpy()
        return torch.multinomial(weights, a["num_samples"], a["replacement"]).numpy()
    tensor = torch.empty(a["shape"], dtype=dtype)
    fill = {
        "uniform": lambda: tensor.uniform_(a["low"], a["high"]),
        "normal": lambda: tensor.normal_(a["mean"], a["std"]),
        "random": lambda: tensor.random_(),
        "bernoulli_scalar": lambda: tensor.bernoulli_(a["p"]),
        "exponential": lambda: tensor.exponential_(a["rate"]),
        "geometric": lambda: tensor.geometric_(a["p"]),
        "log_normal": lambda: tensor.log_normal_(a["mean"], a["std"]),
        "cauchy": lambda: tensor.cauchy_(a["median"], a["sigma"]),
    }
    return fill[name]().numpy()


def state_digest(state: Any) -> str:
    """A digest of the generator's state that leaves out what never differs in meaning: the cached normal number's last
    bits."""
    raw = bytearray(np.asarray(state).tobytes())
    cached = slice(24 + 624 * 8 + 8, 24 + 624 * 8 + 16)
    rounded = np.float32(np.frombuffer(bytes(raw[cached]), np.float64)[0])
    raw[cached] = rounded.tobytes() + b"\0" * 4
    return hashlib.sha256(bytes(raw)).hexdigest()[:16]


def digest(array: Any) -> str:
    """A digest of an array's bytes."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


def compare(steps: list[Step], seed: int, torch: Any, engine: Any) -> list[str]:
    """What differs between the two for one sequence."""
    torch.manual_seed(seed)
    engine.random.manual_seed(seed)
    wrong = []
    for name, arguments in steps:
        expected, got = drawn_by_pytorch(torch, name, arguments), drawn_by_engine(name, arguments)
        if expected.shape != got.shape or expected.dtype != got.dtype:
            wrong.append(
                f"{name} {arguments}: {expected.shape} {expected.dtype}, got {got.shape} {got.dtype}"
            )
        elif not np.array_equal(expected, got):
            worst = np.max(
                np.abs(expected.astype("f8") - got.astype("f8"))
                / np.spacing(np.abs(expected).astype(expected.dtype))
            )
            wrong.append(
                f"{name} {arguments}: {np.sum(expected != got)} of {expected.size} differ, by {worst} ulp"
            )
        if state_digest(torch.get_rng_state()) != state_digest(
            engine.random.default_generator.get_state()._data
        ):
            wrong.append(f"{name} {arguments}: the state differs")
            break
    return wrong


def main() -> None:
    import torch

    sys.path.insert(0, str(Path(__file__).parents[2]))
    if sys.argv[1:2] == ["--live"]:
        import engine.random

        pick = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else None)
        sizes = [*range(40), 100, 623, 624, 625, 1000, 1025, 4096, 100_003]
        wrong = []
        for _ in range(int(sys.argv[2])):
            steps = [step(pick, sizes) for _ in range(6)]
            wrong += compare(steps, pick.choice([0, 1, -1, 2**40 + 3, pick.randrange(2**64)]), torch, engine)
        print("\n".join(wrong))
        sys.exit(f"{len(wrong)} differences" if wrong else 0)

    pick = random.Random(2)
    sizes = [0, 1, 2, 3, 7, 15, 16, 17, 31, 32, 100, 623, 700]
    recorded = []
    for seed in [0, 1, 42, -1, 2**32 + 1, 2**64 - 2, *(pick.randrange(2**63) for _ in range(34))]:
        torch.manual_seed(seed)
        steps = []
        for _ in range(6):
            name, arguments = step(pick, sizes)
            array = drawn_by_pytorch(torch, name, arguments)
            flat = array.reshape(-1)
            if flat.dtype.kind == "c":
                flat = flat.view(flat.real.dtype)
            steps.append(
                {
                    "name": name,
                    "arguments": arguments,
                    "first": flat[:3].tolist(),
                    "last": flat[-3:].tolist(),
                    "digest": digest(array),
                    "state": state_digest(torch.get_rng_state()),
                }
            )
        recorded.append({"seed": seed, "steps": steps})
    lines = ",\n".join(json.dumps(entry) for entry in recorded)
    REFERENCES.write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
