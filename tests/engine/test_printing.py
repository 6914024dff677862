"""Printed tensors against what PyTorch prints, recorded by record_printing.py."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine as torch
from engine import printing
from tests.engine.record_printing import printed

CASES = json.loads((Path(__file__).parent / "references" / "printing.json").read_text())


@pytest.fixture(autouse=True)
def default_options() -> Iterator[None]:
    yield
    printing.set_printoptions(profile="default")


@pytest.mark.parametrize("index", range(len(CASES)))
def test_prints_as_pytorch(index: int) -> None:
    case = CASES[index]
    flat = np.frombuffer(base64.b64decode(case["data"]), case["dtype"])
    assert printed(torch, {**case, "values": flat.reshape(case["shape"])}) == case["text"]


def test_the_cases_are_diverse() -> None:
    texts = [case["text"] for case in CASES]
    for part in [
        "...",
        "e+",
        "e-",
        "nan",
        "inf",
        "size=(",
        "dtype=torch.float16",
        "grad_fn=<",
        "requires_grad=True",
        "j",
    ]:
        assert sum(part in text for text in texts) >= 5, part
    assert {case["dtype"] for case in CASES} >= {
        "float32",
        "float64",
        "float16",
        "int64",
        "bool",
        "complex64",
    }


def test_a_subclass_prints_under_its_own_name_and_a_parameter_says_so() -> None:
    class Mine(torch.Tensor):
        pass

    data = torch.ones(2)
    assert repr(Mine([1.0, 1.0])) == "Mine([1., 1.])"
    assert repr(torch.nn.Parameter(data)) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"


def test_a_tensor_on_another_device_says_so() -> None:
    class OnCuda(torch.Tensor):
        __module__ = "torch"
        device = torch.device("cuda", 0)  # type: ignore[assignment]

    tensor = OnCuda.__new__(OnCuda)
    plain = torch.ones(2, dtype=torch.float64)
    for slot in ("_data", "_edge", "_grad", "_view", "_counter"):
        setattr(tensor, slot, getattr(plain, slot))
    assert repr(tensor) == "tensor([1., 1.], device='cuda:0', dtype=torch.float64)"


def test_profiles_set_all_but_the_scientific_mode() -> None:
    printing.set_printoptions(profile="full", sci_mode=True)
    assert printing.get_printoptions() == {
        "precision": 4,
        "threshold": math.inf,
        "edgeitems": 3,
        "linewidth": 80,
        "sci_mode": True,
    }
    printing.set_printoptions(profile="short", precision=3)
    assert printing.get_printoptions() == {
        "precision": 3,
        "threshold": 1000,
        "edgeitems": 2,
        "linewidth": 80,
        "sci_mode": None,
    }
    with pytest.raises(ValueError, match="profile must be one of 'default', 'short', 'full', but got 'long'"):
        printing.set_printoptions(profile="long")  # type: ignore[arg-type]


def test_options_of_a_with_block_end_with_it() -> None:
    value: Any = np.array([1 / 3])
    with printing.printoptions(precision=2):
        assert printing.format_array(value) == "[0.33]"
    with pytest.raises(ZeroDivisionError), printing.printoptions(precision=1):
        raise ZeroDivisionError
    assert printing.format_array(value) == "[0.3333]"


def test_a_large_array_is_not_formatted_whole() -> None:
    large = np.broadcast_to(np.float32(1.5), (10**6, 10**6))
    assert printing.format_array(large[:, :1]).count("\n") == 6
    assert len(printing.format_array(large)) < 400
