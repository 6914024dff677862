"""Recurrent layers and cells as modules."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Sequence
from typing import Any

from engine.backend import module_of
from engine.dtypes import dtype as Dtype
from engine.nn import init
from engine.nn.functional import recurrent
from engine.nn.functional.layers import linear
from engine.nn.modules.linear import new_parameter
from engine.nn.modules.module import Module
from engine.nn.utils.rnn import PackedSequence
from engine.ops import arrange, index
from engine.tensor import Tensor

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


def _zeros(like: Any, *shape: int) -> Tensor:
    return Tensor._wrap(module_of(like._data).zeros(shape, like._data.dtype))


def _check_settings(
    input_size: Any,
    hidden_size: Any,
    num_layers: int,
    bias: Any,
    batch_first: Any,
    dropout: Any,
    proj_size: int,
) -> None:
    if not isinstance(dropout, numbers.Number) or isinstance(dropout, bool) or not 0 <= dropout <= 1:  # type: ignore[operator]
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
        )
    if dropout > 0 and num_layers == 1:  # type: ignore[operator]
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers "
            f"greater than 1, but got dropout={dropout} and num_layers={num_layers}",
            stacklevel=4,
        )
    for name, value, wanted in (
        ("bias", bias, bool),
        ("batch_first", batch_first, bool),
        ("input_size", input_size, int),
        ("hidden_size", hidden_size, int),
        ("num_layers", num_layers, int),
    ):
        if not isinstance(value, wanted):
            raise TypeError(f"{name} should be of type {wanted.__name__}, got: {type(value).__name__}")
        if wanted is int and value <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if proj_size >= hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")


class RNNBase(Module):
    """What RNN, LSTM and GRU share: weights ``weight_ih_l{k}{suffix}`` and so on, uniform in ±1/sqrt(hidden_size)."""

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Dtype | None = None,
    ) -> None:
        super().__init__()
        _check_settings(input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size)
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        gates, output = _GATES[mode] * hidden_size, proj_size or hidden_size
        self._all_weights: list[dict[str, str]] = []
        for layer in range(num_layers):
            features = input_size if layer == 0 else output * self._directions
            for suffix in ("", "_reverse")[: self._directions]:
                shapes: dict[str, tuple[int, ...]] = {
                    "weight_ih": (gates, features),
                    "weight_hh": (gates, output),
                }
                if bias:
                    shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                names = {kind: f"{kind}_l{layer}{suffix}" for kind in shapes}
                for kind, shape in shapes.items():
                    setattr(self, names[kind], new_parameter(shape, device, dtype))
                self._all_weights.append(names)
        self.reset_parameters()

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def all_weights(self) -> list[list[Any]]:
        """The weights of each layer and direction."""
        return [[getattr(self, name) for name in names.values()] for names in self._all_weights]

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self) -> None:
        """Nothing: only PyTorch's code for GPUs wants its weights in one piece."""

    def extra_repr(self) -> str:
        shown = [f"{self.input_size}, {self.hidden_size}"]
        for name, usual in (
            ("proj_size", 0),
            ("num_layers", 1),
            ("bias", True),
            ("batch_first", False),
            ("dropout", 0),
            ("bidirectional", False),
        ):
            if (value := getattr(self, name)) != usual:
                shown.append(f"{name}={value}")
        return ", ".join(shown)

    def _check(self, input: Any, states: Sequence[Any], packed: bool, batch: int) -> None:
        weight = getattr(self, self._all_weights[0]["weight_ih"])
        if input.dtype != weight.dtype:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight.dtype}). Convert input: "
                f"input.to({weight.dtype}), or convert model: model.to({input.dtype})"
            )
        if input.dim() != (2 if packed else 3):
            raise RuntimeError(f"input must have {2 if packed else 3} dimensions, got {input.dim()}")
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.shape[-1]}"
            )
        for k, state in enumerate(states):
            expected = self._state_shape(k, batch)
            if tuple(state.shape) != expected:
                which = f"hidden[{k}]" if len(states) > 1 else "hidden"
                raise RuntimeError(f"Expected {which} size {expected}, got {list(state.shape)}")

    def _state_shape(self, k: int, batch: int) -> tuple[int, int, int]:
        size = (self.proj_size or self.hidden_size) if k == 0 else self.hidden_size
        return self.num_layers * self._directions, batch, size

    def _check_dimensions(self, states: Sequence[Any] | None, batched: bool) -> None:
        if states is None:
            return
        wanted, kind = (3, "batched 3-D") if batched else (2, "unbatched 2-D")
        if all(s.dim() == wanted for s in states):
            return
        if len(states) == 1:
            raise RuntimeError(
                f"For {kind} input, hx should also be {wanted}-D but got {states[0].dim()}-D tensor"
            )
        raise RuntimeError(
            f"For {kind} input, hx and cx should also be {wanted}-D but got ({states[0].dim()}-D, "
            f"{states[1].dim()}-D) tensors"
        )

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Outputs of the last layer for each step, and the last state (layers * directions, batch, hidden).

        `input` is (steps, batch, features), (batch, steps, features) with `batch_first`, (steps, features), or packed.
        """
        pair = self.mode == "LSTM"
        packed = isinstance(input, PackedSequence)
        states: Any = None if hx is None else tuple(hx) if pair else (hx,)
        order = back = sizes = None
        batched = True
        if packed:
            x, batch_sizes, order, back = input
            sizes = batch_sizes.tolist()
            batch = sizes[0]
        else:
            x = input
            if x.dim() not in (2, 3):
                name = "RNN" if self.mode.startswith("RNN") else self.mode
                what = "D tensor instead" if name == "RNN" else "D instead"
                raise ValueError(f"{name}: Expected input to be 2D or 3D, got {x.dim()}{what}")
            batched = x.dim() == 3
            self._check_dimensions(states, batched)
            if not batched:
                x = x.unsqueeze(0 if self.batch_first else 1)
                states = None if states is None else tuple(s.unsqueeze(1) for s in states)
            batch = x.shape[0] if self.batch_first else x.shape[1]
        if states is None:
            states = tuple(_zeros(x, *self._state_shape(k, batch)) for k in range(1 + pair))
        elif order is not None:
            states = tuple(index.index_select(s, 1, order) for s in states)
        self._check(x, states, packed, batch)
        time_first = x.transpose(0, 1) if self.batch_first and not packed else x
        each = [s.unbind(0) for s in states]
        output, finals = recurrent.stacked(
            self.mode,
            time_first,
            sizes,
            list(zip(*each, strict=True)) if pair else list(each[0]),
            [
                [
                    getattr(self, names[kind]) if kind in names else None
                    for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
                ]
                for names in self._all_weights
            ],
            self._directions,
            self.dropout,
            self.training,
        )
        last = [arrange.stack(list(s)) for s in (zip(*finals, strict=True) if pair else (finals,))]
        if packed:
            output = PackedSequence(output, input.batch_sizes, order, back)
        elif self.batch_first:
            output = output.transpose(0, 1)
        if not batched:
            output = output.squeeze(0 if self.batch_first else 1)
            last = [s.squeeze(1) for s in last]
        if back is not None:
            last = [index.index_select(s, 1, back) for s in last]
        return output, tuple(last) if pair else last[0]


class RNN(RNNBase):
    """Elman's recurrent network: ``h = tanh(W_ih x + b_ih + W_hh h + b_hh)``, or relu."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if len(args) > 3:
            nonlinearity = args[3]
            args = args[:3] + args[4:]
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """Long short-term memory; the state is the pair of the outputs and the cells."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)


class GRU(RNNBase):
    """Gated recurrent units."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)


class RNNCellBase(Module):
    """What the cells share: weights uniform in ±1/sqrt(hidden_size)."""

    nonlinearity = "tanh"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Dtype | None = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        gates = num_chunks * hidden_size
        self.weight_ih = new_parameter((gates, input_size), device, dtype)
        self.weight_hh = new_parameter((gates, hidden_size), device, dtype)
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, new_parameter((gates,), device, dtype) if bias else None)
        self.reset_parameters()

    def extra_repr(self) -> str:
        shown = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            shown += f", bias={self.bias}"
        if self.nonlinearity != "tanh":
            shown += f", nonlinearity={self.nonlinearity}"
        return shown

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def _step(self, mode: str, input: Any, states: Sequence[Any] | None) -> tuple[Any, ...]:
        name, count = type(self).__name__, 2 if mode == "LSTM" else 1
        if input.dim() not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        for k, state in enumerate(states or ()):
            if state.dim() not in (1, 2):
                which = f"hx[{k}]" if count > 1 else "hidden"
                raise ValueError(f"{name}: Expected {which} to be 1D or 2D, got {state.dim()}D instead")
        batched = input.dim() == 2
        x = input if batched else input.unsqueeze(0)
        if states is None:
            given = [_zeros(x, x.shape[0], self.hidden_size)] * count
        else:
            given = [s if batched else s.unsqueeze(0) for s in states]
        self._check(x, given)
        weights = (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, None)
        gates = linear(x, weights[0], weights[2])
        made = recurrent.CELLS[mode](
            gates, tuple(given) if count > 1 else given[0], recurrent.prepared(weights)
        )
        made = made if count > 1 else (made,)
        return made if batched else tuple(s.squeeze(0) for s in made)

    def _check(self, x: Any, states: Sequence[Any]) -> None:
        if x.shape[1] != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {x.shape[1]} expected {self.input_size}"
            )
        for k, state in enumerate(states):
            if x.shape[0] != state.shape[0]:
                raise RuntimeError(
                    f"Input batch size {x.shape[0]} doesn't match hidden{k} batch size {state.shape[0]}"
                )
            if state.shape[1] != self.hidden_size:
                raise RuntimeError(
                    f"hidden{k} has inconsistent hidden_size: got {state.shape[1]}, expected {self.hidden_size}"
                )


class RNNCell(RNNCellBase):
    """One step of `RNN`: input (batch, input_size) or (input_size,), state and result of `hidden_size`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        mode = f"RNN_{self.nonlinearity.upper()}"
        return self._step(mode, input, None if hx is None else (hx,))[0]  # type: ignore[no-any-return]


class LSTMCell(RNNCellBase):
    """One step of `LSTM`; returns the output and the cell's content."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        hidden, cell = self._step("LSTM", input, hx)
        return hidden, cell


class GRUCell(RNNCellBase):
    """One step of `GRU`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Dtype | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._step("GRU", input, None if hx is None else (hx,))[0]  # type: ignore[no-any-return]
