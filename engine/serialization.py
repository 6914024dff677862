"""Saving and loading tensors, state dicts and plain Python values: ``torch.save`` and ``torch.load``.

The format is our own, because PyTorch's is a pickle, which runs code of whoever wrote the file. A file is

* the 16 bytes ``MAGIC``;
* the length of the header, 8 bytes, little-endian;
* the header, JSON: ``{"tree": value, "tensors": [[dtype, shape, offset, flags], ...]}``, where a value is null, true,
  false, an integer, a string, or a list of a tag and its contents (`_TAGS`);
* the tensors' elements one after the other, little-endian, C order; offsets count from the header's end.

Nothing in a file is trusted: every length, offset, dtype and tag is checked before it is used, and no name in it is
ever looked up or called. Loading gives new tensors; two places that held the same tensor hold the same one again.
"""

from __future__ import annotations

import json
import math
import os
from collections import OrderedDict
from typing import Any, BinaryIO

import numpy as np

from engine import backend, dtypes
from engine.nn.parameter import Parameter
from engine.tensor import Size, Tensor

__all__ = ["load", "save"]

MAGIC = b"engine-tensors\x00\x01"
MOST_DEPTH = 64
"""How deep containers may be nested in each other."""
MOST_HEADER = 64 << 20
"""The longest header that is read, in bytes."""

_DTYPES = {str(kind).removeprefix("torch."): kind for kind in dtypes.ALL}
_TAGS = ("tensor", "list", "tuple", "size", "dict", "ordered", "float", "complex", "bytes", "dtype", "device")
_REQUIRES_GRAD, _PARAMETER = 1, 2


class _Writer:
    """The header's two parts and the arrays, collected from a value."""

    def __init__(self) -> None:
        self.tensors: list[list[Any]] = []
        self.arrays: list[Any] = []
        self._places: dict[int, int] = {}
        self._offset = 0

    def value(self, value: Any, depth: int = 0) -> Any:
        if depth > MOST_DEPTH:
            raise ValueError(
                f"torch.save: containers nested more than {MOST_DEPTH} deep; save a flatter value"
            )
        if value is None or isinstance(value, (bool, str)) or type(value) is int:
            return value
        if isinstance(value, Tensor):
            return ["tensor", self._tensor(value)]
        if isinstance(value, (float, np.floating)):
            return ["float", float(value).hex()]
        if isinstance(value, (int, np.integer)):
            return int(value)
        if isinstance(value, complex):
            return ["complex", value.real.hex(), value.imag.hex()]
        if isinstance(value, (bytes, bytearray)):
            return ["bytes", bytes(value).hex()]
        if isinstance(value, dtypes.dtype):
            return ["dtype", str(value).removeprefix("torch.")]
        if isinstance(value, backend.device):
            return ["device", str(value)]
        if isinstance(value, dict):
            tag = "ordered" if isinstance(value, OrderedDict) else "dict"
            return [tag, *([self.value(k, depth + 1), self.value(v, depth + 1)] for k, v in value.items())]
        if isinstance(value, (list, tuple)):
            tag = "size" if isinstance(value, Size) else "tuple" if isinstance(value, tuple) else "list"
            return [tag, *(self.value(v, depth + 1) for v in value)]
        raise TypeError(
            f"torch.save: cannot save a {type(value).__name__}; expected tensors, numbers, strings and containers of "
            "them. Save model.state_dict() rather than the model, and optimizer.state_dict() rather than the optimizer"
        )

    def _tensor(self, tensor: Tensor) -> int:
        place = self._places.get(id(tensor))
        if place is not None:
            return place
        array = backend.to_host(tensor._data)
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)
        flags = (_REQUIRES_GRAD if tensor.requires_grad else 0) | (
            _PARAMETER if isinstance(tensor, Parameter) else 0
        )
        name = str(tensor.dtype).removeprefix("torch.")
        self.tensors.append([name, list(array.shape), self._offset, flags])
        self.arrays.append(array)
        self._offset += array.nbytes
        self._places[id(tensor)] = len(self.tensors) - 1
        return len(self.tensors) - 1


def save(obj: Any, f: str | os.PathLike[str] | BinaryIO, **_: Any) -> None:
    """Write a value to a path or to what has ``write``.

    Args:
        obj: tensors, numbers, strings, bytes, None, dtypes, devices, and lists, tuples and dicts of them.

    Raises:
        TypeError: for anything else, such as a module: save its ``state_dict()``.
    """
    writer = _Writer()
    tree = writer.value(obj)
    header = json.dumps({"tree": tree, "tensors": writer.tensors}, separators=(",", ":")).encode()
    if isinstance(f, (str, os.PathLike)):
        with open(f, "wb") as file:
            _write(file, header, writer.arrays)
    elif hasattr(f, "write"):
        _write(f, header, writer.arrays)
    else:
        raise AttributeError(
            f"expected 'f' to be string, path, or a file-like object with a 'write' attribute, not {type(f).__name__}"
        )


def _write(file: BinaryIO, header: bytes, arrays: list[Any]) -> None:
    file.write(MAGIC)
    file.write(len(header).to_bytes(8, "little"))
    file.write(header)
    for array in arrays:
        file.write(array.tobytes())


class _Bad(Exception):
    """What is wrong with a file."""


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise _Bad(message)


def load(f: str | os.PathLike[str] | BinaryIO, map_location: Any = None, **_: Any) -> Any:
    """Read a value that `save` wrote, from a path or from what has ``read``.

    Args:
        map_location: a device for all tensors, or None for the CPU.

    Raises:
        RuntimeError: if it is no such file, with what is wrong with it.
    """
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            content = file.read()
    elif hasattr(f, "read"):
        content = f.read()
    else:
        raise AttributeError(
            f"expected 'f' to be string, path, or a file-like object with a 'read' attribute, not {type(f).__name__}"
        )
    if callable(map_location) or isinstance(map_location, dict):
        raise TypeError(
            "torch.load: map_location must be a device or its name here, not a function or a dict"
        )
    try:
        return _read(content, map_location)
    except (_Bad, RecursionError, MemoryError) as error:
        what = str(error) if isinstance(error, _Bad) else "its header is nested too deep or asks for too much"
        raise RuntimeError(f"torch.load: this file cannot be read: {what}") from None


def _read(content: Any, map_location: Any) -> Any:
    _require(isinstance(content, (bytes, bytearray)), "expected bytes; open the file in binary mode ('rb')")
    if content[:2] == b"PK" or content[:1] == b"\x80":
        raise _Bad(
            "it is a pickle, PyTorch's own format, which could run any code. In PyTorch, write the tensors as "
            "{name: tensor.tolist()} or with numpy.savez and make tensors of them here"
        )
    _require(content[: len(MAGIC)] == MAGIC, "it was not written by torch.save here")
    start = len(MAGIC) + 8
    _require(len(content) >= start, "it ends before its header")
    length = int.from_bytes(content[len(MAGIC) : start], "little")
    _require(length <= MOST_HEADER, f"its header has {length} bytes, more than {MOST_HEADER}")
    _require(len(content) - start >= length, "it ends within its header")
    try:
        header = json.loads(bytes(content[start : start + length]).decode("utf-8"))
    except ValueError:
        raise _Bad("its header is not JSON") from None
    _require(
        isinstance(header, dict)
        and set(header) == {"tree", "tensors"}
        and isinstance(header["tensors"], list),
        "its header has not the parts 'tree' and 'tensors'",
    )
    elements = memoryview(content)[start + length :]
    return _Reader(elements, header["tensors"], map_location).value(header["tree"])


class _Reader:
    """Values made of a header's tree; tensors when they are first asked for."""

    def __init__(self, elements: memoryview, described: list[Any], map_location: Any) -> None:
        self.elements = elements
        self.map_location = map_location
        self.made: dict[int, Tensor] = {}
        self.described = described
        expected = 0
        for k, entry in enumerate(described):
            _require(isinstance(entry, list) and len(entry) == 4, f"tensor {k} is not described as one")
            name, shape, offset, flags = entry
            _require(isinstance(name, str) and name in _DTYPES, f"tensor {k} has an unknown dtype")
            sized = isinstance(shape, list) and len(shape) <= 32
            sized = sized and all(type(n) is int and 0 <= n < 2**48 for n in shape)
            _require(sized, f"tensor {k} has an impossible shape")
            _require(type(flags) is int and 0 <= flags < 4, f"tensor {k} has unknown flags")
            differentiable = _DTYPES[name].differentiable
            _require(
                not flags & _REQUIRES_GRAD or differentiable, f"tensor {k} of {name} cannot require grad"
            )
            # Each begins where the one before ends: none can be counted twice, and nothing lies between.
            _require(type(offset) is int and offset == expected, f"tensor {k} begins at the wrong place")
            expected += math.prod(shape) * _DTYPES[name].numpy.itemsize
        _require(
            expected == len(elements),
            f"its tensors have {expected} bytes, but {len(elements)} follow the header",
        )

    def value(self, node: Any, depth: int = 0) -> Any:
        _require(depth <= MOST_DEPTH, f"its containers are nested more than {MOST_DEPTH} deep")
        if node is None or isinstance(node, (bool, int, str)):
            return node
        _require(
            isinstance(node, list) and bool(node) and node[0] in _TAGS, "its header has an unknown value"
        )
        tag, *contents = node
        if tag in ("list", "tuple", "size"):
            values = [self.value(item, depth + 1) for item in contents]
            if tag == "size":
                _require(all(type(n) is int for n in values), "a size in it is not made of integers")
                return Size(values)
            return values if tag == "list" else tuple(values)
        if tag in ("dict", "ordered"):
            return self._mapping(contents, tag == "ordered", depth)
        if tag == "complex":
            _require(len(contents) == 2, "a complex number in it has not two parts")
            return complex(*(_float(part) for part in contents))
        _require(len(contents) == 1, f"a {tag} in it has not one part")
        return self._single(tag, contents[0])

    def _mapping(self, contents: list[Any], ordered: bool, depth: int) -> Any:
        made: dict[Any, Any] = OrderedDict() if ordered else {}
        for pair in contents:
            _require(isinstance(pair, list) and len(pair) == 2, "a dict in it has not pairs")
            key = self.value(pair[0], depth + 1)
            try:
                made[key] = self.value(pair[1], depth + 1)
            except TypeError:
                raise _Bad("a dict in it has a key that cannot be one") from None
        return made

    def _single(self, tag: str, content: Any) -> Any:
        if tag == "tensor":
            _require(
                type(content) is int and 0 <= content < len(self.described),
                "it names a tensor it does not have",
            )
            return self._tensor(content)
        _require(isinstance(content, str), f"a {tag} in it is not text")
        if tag == "float":
            return _float(content)
        if tag == "bytes":
            try:
                return bytes.fromhex(content)
            except ValueError:
                raise _Bad("bytes in it are not hexadecimal") from None
        if tag == "dtype":
            _require(content in _DTYPES, "it has an unknown dtype")
            return _DTYPES[content]
        try:
            return backend.device(content)
        except (RuntimeError, ValueError):
            raise _Bad("it has an unknown device") from None

    def _tensor(self, k: int) -> Tensor:
        if k not in self.made:
            name, shape, offset, flags = self.described[k]
            kind = _DTYPES[name].numpy
            count = math.prod(shape)
            little = np.frombuffer(self.elements, kind.newbyteorder("<"), count, offset)
            tensor: Any = Tensor._wrap(little.astype(kind).reshape(shape))
            if self.map_location is not None:
                tensor = tensor.to(self.map_location)
            if flags & _PARAMETER:
                tensor = Parameter(tensor, requires_grad=bool(flags & _REQUIRES_GRAD))
            elif flags & _REQUIRES_GRAD:
                tensor = tensor.requires_grad_()
            self.made[k] = tensor
        return self.made[k]


def _float(text: Any) -> float:
    _require(isinstance(text, str) and len(text) <= 40, "a float in it is not hexadecimal")
    try:
        return float.fromhex(text)
    except (ValueError, OverflowError):
        raise _Bad("a float in it is not hexadecimal") from None
