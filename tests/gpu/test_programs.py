"""The programs that print here what PyTorch prints, with every tensor on a device: the same is printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

import engine
from engine import alias, backend
from tests.engine import attention_cases, breadth_cases, nn_cases, optim_cases, sequence_cases
from tests.gpu import standin
from tests.programs import harness

REFERENCES = harness.load_references()
CASES = {
    name: source
    for module in (nn_cases, optim_cases, attention_cases, sequence_cases, breadth_cases)
    for name, source in module.CASES.items()
}

NUMPY = "asks for x.numpy(), which a device's tensor refuses"
NAMES = "prints the device, or a tensor type that names it"
LATER = "an index or probability out of range is told of later (`backend.refuse`)"
BITS = "to the last bit of a CPU's order of adding"
MIXED = "names the CPU itself"

OTHERWISE = {
    **dict.fromkeys(
        [
            *[
                "course_custom_functions",
                "course_numpy",
                "course_printing",
                "course_tensors",
                "detach_and_data",
            ],
            *["numpy_bridge", "views_share_memory"],
        ],
        NUMPY,
    ),
    **dict.fromkeys(
        [
            *["course_mistakes_modules", "course_spirals", "course_types", "factories_dtypes"],
            *["module_containers", "module_modes", "optimizer_interface", "tensor_attributes"],
            *[
                "repr of trees",
                "containers",
                "module errors",
                "groups, errors and repr",
                "functions in torch",
            ],
            *["sequences", "more modules", "windows and affine grids"],
        ],
        NAMES,
    ),
    **dict.fromkeys(
        [
            *["course_mistakes", "embedding", "errors to the letter", "indexing_advanced"],
            "attention and second derivatives as functions",
        ],
        LATER,
    ),
    **dict.fromkeys(
        ["moving and switching", "arguments of optimizers", "autocast and scaler", "forward_over_reverse"],
        MIXED,
    ),
    **dict.fromkeys(["sums to the last bit", "clipping to the last bit", "SGD"], BITS),
    "profiler_text": "has columns for CUDA, as there",
    "profiler_schedule": "prints the CPU's memory, of which tensors on a device take none",
    "in-place forms": "map_ and apply_ are for the CPU, as in PyTorch",
    "counting": "histogram is for the CPU, as in PyTorch",
}
"""What cannot print the same, and why."""


@pytest.fixture(autouse=True)
def torch_is_the_engine(numbers_of_the_host: None) -> Iterator[None]:
    alias.install()
    yield
    alias.uninstall()


def _plain(text: str) -> str:
    """Without the device's name, and without the line breaks it makes necessary."""
    return re.sub(r"\s+", "", re.sub(r",?\s*device='cuda:0'", "", text))


def _same(expected: str, actual: str, relative: float | None) -> bool:
    left, right = _plain(expected), _plain(actual)
    return left == right or (relative is not None and harness._close(left, right, relative))


@pytest.mark.parametrize("name", [name for name in harness.names() if name not in OTHERWISE])
def test_program_prints_the_same(cupy: Any, name: str) -> None:
    with engine.device("cuda"):
        result = harness.execute(name)
    assert result.exception == harness.from_json(REFERENCES["programs"][name]).exception, result.trace
    tolerance = harness.tolerance(name) if cupy is standin.CUPY else 1e-3
    expected = "\n".join(harness.from_json(REFERENCES["programs"][name]).lines)
    assert _same(expected, "\n".join(result.lines), tolerance), "\n".join(result.lines)


@pytest.mark.parametrize(
    "name", [name for name in CASES if name not in OTHERWISE and "numpy()" not in CASES[name]]
)
def test_case_prints_the_same(cupy: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with monkeypatch.context() as without:
        without.setattr(backend, "cupy", lambda: None)
        expected = nn_cases.run(engine, CASES[name])
    with engine.device("cuda"):
        actual = nn_cases.run(engine, CASES[name])
    # A kernel rounds a step of an optimizer elsewhere than the CPU does: the last digit printed may differ.
    assert _same(expected, actual, 2e-4 if cupy is standin.CUPY else 1e-3), actual


def test_what_is_left_out_is_there() -> None:
    assert set(OTHERWISE) <= {*harness.names(), *CASES}
