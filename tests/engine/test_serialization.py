"""Saving and loading, and files that were not meant well."""

from __future__ import annotations

import contextlib
import io
import json
import random
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

import engine as torch
from engine import nn, optim, serialization


def dumped(value: Any) -> bytes:
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def loaded(content: bytes) -> Any:
    return torch.load(io.BytesIO(content))


def built(tree: Any, tensors: Any = (), elements: bytes = b"") -> bytes:
    header = json.dumps({"tree": tree, "tensors": list(tensors)}).encode()
    return serialization.MAGIC + len(header).to_bytes(8, "little") + header + elements


def test_values_come_back_with_their_types() -> None:
    value = {
        "a": [1, -(2**70), 2.5, float("inf"), 1 + 2j, True, None, "x", b"\x00\xff"],
        3: (torch.Size([1, 2]), torch.float16, torch.device("cpu"), OrderedDict(b=1)),
        (1, "k"): {"deep": [[]]},
    }
    again = loaded(dumped(value))
    assert again == value
    assert type(again[3][0]) is torch.Size
    assert type(again[3][3]) is OrderedDict
    assert repr(loaded(dumped([float("nan"), -0.0]))) == "[nan, -0.0]"


@pytest.mark.parametrize("dtype", sorted(serialization._DTYPES))
def test_tensors_of_every_dtype(dtype: str) -> None:
    kind = serialization._DTYPES[dtype]
    for tensor in (
        torch.arange(6).reshape(2, 3).to(kind),
        torch.arange(6).reshape(2, 3).t().to(kind),
        torch.zeros(0, 3).to(kind),
        torch.tensor(1).to(kind),
    ):
        again = loaded(dumped(tensor))
        assert again.dtype is kind
        assert again.shape == tensor.shape
        assert again.tolist() == tensor.tolist()


def test_flags_and_identity_are_kept() -> None:
    leaf = torch.ones(2, requires_grad=True)
    parameter = nn.Parameter(torch.ones(3))
    a, b, c, d = loaded(dumped([leaf, leaf, parameter, leaf * 2]))
    assert a is b
    assert a.requires_grad
    assert a.grad_fn is None
    assert type(c) is nn.Parameter
    assert d.grad_fn is None
    a.data[0] = 5
    assert b.tolist() == [5, 1]


def test_training_goes_on_where_it_was_saved(tmp_path: Path) -> None:
    def step(net: nn.Module, optimizer: optim.Optimizer) -> None:
        optimizer.zero_grad()
        net(torch.ones(2, 3)).pow(2).sum().backward()
        optimizer.step()

    def make() -> tuple[nn.Module, optim.Optimizer]:
        net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
        return net, optim.Adam(net.parameters(), lr=0.1)

    net, optimizer = make()
    step(net, optimizer)
    torch.save({"net": net.state_dict(), "opt": optimizer.state_dict(), "epoch": 3}, tmp_path / "x.pt")
    other, other_optimizer = make()
    checkpoint = torch.load(str(tmp_path / "x.pt"), map_location="cpu", weights_only=True)
    other.load_state_dict(checkpoint["net"])
    other_optimizer.load_state_dict(checkpoint["opt"])
    assert checkpoint["epoch"] == 3
    for _ in range(2):
        step(net, optimizer)
        step(other, other_optimizer)
    for mine, theirs in zip(net.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_what_cannot_be_saved_says_what_to_do() -> None:
    with pytest.raises(TypeError, match=r"cannot save a Linear; .* Save model.state_dict\(\) rather than"):
        dumped(nn.Linear(1, 1))
    with pytest.raises(TypeError, match="cannot save a function"):
        dumped({"f": dumped})
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(ValueError, match="nested more than 64 deep"):
        dumped(deep)
    with pytest.raises(AttributeError, match="'write'"):
        torch.save(1, 3)
    with pytest.raises(AttributeError, match="'read'"):
        torch.load(3)
    with pytest.raises(TypeError, match="map_location"):
        torch.load(io.BytesIO(dumped(1)), map_location=lambda storage, place: storage)


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", b"")
    return file.getvalue()


_F = ["float32", [2], 0, 0]
HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not written by"),
    "other": (b"hello" * 10, "not written by"),
    "pickle": (b"\x80\x04.", "pickle"),
    "PyTorch's zip": (_zip(), "pickle"),
    "only magic": (serialization.MAGIC, "ends before"),
    "endless header": (serialization.MAGIC + b"\xff" * 8, "more than"),
    "short header": (serialization.MAGIC + (99).to_bytes(8, "little") + b"{}", "within its header"),
    "no JSON": (serialization.MAGIC + (2).to_bytes(8, "little") + b"{]", "not JSON"),
    "no UTF-8": (serialization.MAGIC + (2).to_bytes(8, "little") + b"\xff\xff", "not JSON"),
    "nested JSON": (serialization.MAGIC + (200000).to_bytes(8, "little") + b"[" * 200000, "nested|JSON"),
    "wrong parts": (serialization.MAGIC + (2).to_bytes(8, "little") + b"[]", "parts"),
    "deep": (built(json.loads('["list",' * 80 + "1" + "]" * 80)), "nested more than"),
    "unknown tag": (built(["eval", "1"]), "unknown value"),
    "tag that is a list": (built([["list"]]), "unknown value"),
    "bare float": (built(1.5), "unknown value"),
    "bare dict": (built({"a": 1}), "unknown value"),
    "missing tensor": (built(["tensor", 0]), "does not have"),
    "negative tensor": (built(["tensor", -1], [_F], b"\0" * 8), "does not have"),
    "tensor by bool": (built(["tensor", True], [_F, ["float32", [2], 8, 0]], b"\0" * 16), "does not have"),
    "too little data": (built(None, [_F], b"\0" * 7), "7 follow"),
    "too much data": (built(None, [_F], b"\0" * 9), "9 follow"),
    "huge shape": (built(None, [["float32", [2**40, 2**40], 0, 0]]), "bytes, but 0 follow"),
    "overflowing shape": (built(None, [["float32", [2**63], 0, 0]]), "impossible shape"),
    "negative shape": (built(None, [["float32", [-1], 0, 0]]), "impossible shape"),
    "shape of floats": (built(None, [["float32", [1.0], 0, 0]]), "impossible shape"),
    "object dtype": (built(None, [["object", [1], 0, 0]], b"\0" * 8), "unknown dtype"),
    "overlap": (built(None, [_F, _F], b"\0" * 16), "wrong place"),
    "flags": (built(None, [["float32", [2], 0, 9]], b"\0" * 8), "flags"),
    "integer that requires grad": (built(None, [["int64", [1], 0, 1]], b"\0" * 8), "cannot require grad"),
    "no entry": (built(None, [3]), "not described"),
    "unhashable key": (built(["dict", [["list"], 1]]), "key"),
    "no pair": (built(["dict", [1]]), "pairs"),
    "float": (built(["float", "x"]), "hexadecimal"),
    "long float": (built(["float", "1" * 100]), "hexadecimal"),
    "complex": (built(["complex", "0x1p0"]), "two parts"),
    "bytes": (built(["bytes", "zz"]), "hexadecimal"),
    "dtype": (built(["dtype", "os.system"]), "unknown dtype"),
    "device": (built(["device", "../../etc"]), "unknown device"),
    "size": (built(["size", "a"]), "integers"),
    "no part": (built(["float"]), "one part"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str) -> None:
    content, message = HOSTILE[name]
    with pytest.raises(RuntimeError, match=rf"torch.load: this file cannot be read: .*({message})"):
        loaded(content)


def test_damaged_files_never_raise_anything_else() -> None:
    whole = dumped({"a": torch.arange(3.0), "b": [1, 2.5, (None, "text")], "c": nn.Parameter(torch.ones(2))})
    chance = random.Random(1)
    for _ in range(600):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        if chance.random() < 0.2:
            del content[chance.randrange(len(content)) :]
        with contextlib.suppress(RuntimeError):  # and nothing else
            loaded(bytes(content))


def test_text_files_are_named() -> None:
    with pytest.raises(RuntimeError, match="binary mode"):
        torch.load(io.StringIO("x"))
